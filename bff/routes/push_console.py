"""``/verifier/v1/push``: who runs the reminders looks at them, and sends to many what another approved."""

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.routes.callers import operator
from bff.routes.parameters import (
    CampaignIdInPath,
    CursorInQuery,
    DeadCursorInQuery,
    IdempotencyKey,
    NoticeIdInPath,
    PageSize,
)
from miniapp_schemas.base import Page
from miniapp_schemas.push_console import (
    AudiencePreview,
    Because,
    CampaignInfo,
    DeadNotice,
    DraftCampaign,
    FindNotices,
    FoundNotices,
    HoldBreaker,
    LaneInfo,
    NoticeStory,
    PreviewAudience,
    ProviderInfo,
    PushFigures,
    Redrive,
    Redriven,
)
from push.campaigns import Campaigns
from push.console import Console
from push.refusals import (
    AudienceInvalid,
    CampaignInvalid,
    CampaignNotOpen,
    CampaignUnknown,
    NoticeUnknown,
    ProviderUnknown,
    SecondOperatorNeeded,
)

_STEP = {"refusals": (CampaignNotOpen, CampaignUnknown)}


class CampaignController(Controller):
    """Campaigns (群发): one drafts, another approves."""

    path = "/verifier/v1/push/campaigns"
    tags = ("push-console",)
    opt = {"audience": "verifier", "assurance": None, "scope": "push:operate"}

    @post(
        "/preview",
        opt={"refusals": (AudienceInvalid,)},
        operation_id="PreviewAudience",
        summary="How many a campaign would be for",
        status_code=200,
    )
    async def preview(
        self, data: JSONBody[PreviewAudience], push_campaigns: NamedDependency[Campaigns]
    ) -> AudiencePreview:
        """Count an audience, or reckon it from a sample of the city; with a few masked names."""
        return await push_campaigns.preview(data.audience, data.topic)

    @post(
        opt={"refusals": (AudienceInvalid, CampaignInvalid, IdempotencyKeyReused, RequestUnderWay)},
        operation_id="DraftCampaign",
        summary="Draft a campaign",
    )
    async def draft(
        self,
        data: JSONBody[DraftCampaign],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        push_campaigns: NamedDependency[Campaigns],
        idempotency: NamedDependency[Idempotency],
    ) -> CampaignInfo:
        """Draft a campaign; nobody is told anything until somebody else approves it."""
        who = operator(principal)
        return await idempotency.run(
            f"push-campaign:{who.id}",
            idempotency_key,
            msgspec.json.encode(data),
            lambda: push_campaigns.draft(who, data),
            CampaignInfo,
        )

    @get(operation_id="ListCampaigns", summary="Campaigns")
    async def list_campaigns(
        self,
        push_campaigns: NamedDependency[Campaigns],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[CampaignInfo]:
        """Every campaign, and how far it is."""
        return await push_campaigns.listed(before=cursor, limit=limit)

    @get(
        "/{campaign_id:str}",
        opt={"refusals": (CampaignUnknown,)},
        operation_id="ReadCampaign",
        summary="One campaign",
    )
    async def read(
        self, campaign_id: CampaignIdInPath, push_campaigns: NamedDependency[Campaigns]
    ) -> CampaignInfo:
        """One campaign, and how far it is."""
        return await push_campaigns.read(campaign_id)

    @post(
        "/{campaign_id:str}/approve",
        opt={"refusals": (CampaignInvalid, CampaignNotOpen, CampaignUnknown, SecondOperatorNeeded)},
        operation_id="ApproveCampaign",
        summary="Let begin what somebody else drafted",
        status_code=200,
    )
    async def approve(
        self,
        campaign_id: CampaignIdInPath,
        principal: NamedDependency[Principal],
        push_campaigns: NamedDependency[Campaigns],
    ) -> CampaignInfo:
        """A thousandth is told first; the rest follows by itself if that goes well."""
        return await push_campaigns.approve(operator(principal), campaign_id)

    @post(
        "/{campaign_id:str}/pause",
        opt=_STEP,
        operation_id="PauseCampaign",
        summary="Pause a campaign",
        status_code=200,
    )
    async def pause(
        self,
        campaign_id: CampaignIdInPath,
        data: JSONBody[Because],
        principal: NamedDependency[Principal],
        push_campaigns: NamedDependency[Campaigns],
    ) -> CampaignInfo:
        """Nobody more is told, but for a batch under way."""
        return await push_campaigns.pause(operator(principal), campaign_id, data.reason)

    @post(
        "/{campaign_id:str}/resume",
        opt=_STEP,
        operation_id="ResumeCampaign",
        summary="Go on with a campaign",
        status_code=200,
    )
    async def resume(
        self,
        campaign_id: CampaignIdInPath,
        data: JSONBody[Because],
        principal: NamedDependency[Principal],
        push_campaigns: NamedDependency[Campaigns],
    ) -> CampaignInfo:
        """It goes on where it was; the failures that stopped it are let pass."""
        return await push_campaigns.resume(operator(principal), campaign_id, data.reason)

    @post(
        "/{campaign_id:str}/cancel",
        opt=_STEP,
        operation_id="CancelCampaign",
        summary="End a campaign",
        status_code=200,
    )
    async def cancel(
        self,
        campaign_id: CampaignIdInPath,
        data: JSONBody[Because],
        principal: NamedDependency[Principal],
        push_campaigns: NamedDependency[Campaigns],
    ) -> CampaignInfo:
        """Whoever was not told yet never is."""
        return await push_campaigns.cancel(operator(principal), campaign_id, data.reason)


class PushConsoleController(Controller):
    """What waits, who is asked, what died, and one notice's whole story."""

    path = "/verifier/v1/push"
    tags = ("push-console",)
    opt = {"audience": "verifier", "assurance": None, "scope": "push:operate"}

    @get("/lanes", operation_id="ListPushLanes", summary="What waits in each lane")
    async def list_lanes(self, push_console: NamedDependency[Console]) -> list[LaneInfo]:
        """What is due, what is later, what is on its way."""
        return await push_console.lanes()

    @get("/figures", operation_id="ReadPushFigures", summary="How well it runs")
    async def read_figures(self, push_console: NamedDependency[Console]) -> PushFigures:
        """The latest sendings: how soon, how many refused, of how many nobody knows."""
        return await push_console.figures()

    @get("/providers", operation_id="ListPushProviders", summary="Providers and their breakers")
    async def list_providers(self, push_console: NamedDependency[Console]) -> list[ProviderInfo]:
        """Each channel, and each template that is left alone."""
        return await push_console.providers()

    @post(
        "/providers/hold",
        opt={"refusals": (ProviderUnknown,)},
        operation_id="HoldBreaker",
        summary="Hold a breaker open or closed",
        status_code=200,
    )
    async def hold(
        self,
        data: JSONBody[HoldBreaker],
        principal: NamedDependency[Principal],
        push_console: NamedDependency[Console],
    ) -> ProviderInfo:
        """In force in every process at once, until somebody lets it judge for itself again."""
        return await push_console.hold(operator(principal), data)

    @get("/dead-letters", operation_id="ListDeadNotices", summary="Dead letters")
    async def list_dead(
        self,
        push_console: NamedDependency[Console],
        cursor: DeadCursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[DeadNotice]:
        """What nobody could deliver, and why."""
        return await push_console.dead(before=cursor, limit=limit)

    @post(
        "/dead-letters/redrive",
        operation_id="RedriveNotices",
        summary="Send dead letters on their way again",
        status_code=200,
    )
    async def redrive(
        self,
        data: JSONBody[Redrive],
        principal: NamedDependency[Principal],
        push_console: NamedDependency[Console],
    ) -> Redriven:
        """Try again what somebody has mended the cause of."""
        return await push_console.redrive(operator(principal), data.keys, data.reason)

    @post("/notices/find", operation_id="FindNotices", summary="Somebody's latest notices", status_code=200)
    async def find(
        self,
        data: JSONBody[FindNotices],
        principal: NamedDependency[Principal],
        push_console: NamedDependency[Console],
    ) -> FoundNotices:
        """What is in the inbox of whoever holds an ID number, without its words. That one looked is kept."""
        return await push_console.find(operator(principal), data.id_number)

    @get(
        "/notices/{notice_id:str}",
        opt={"refusals": (NoticeUnknown,)},
        operation_id="ReadNoticeStory",
        summary="One notice's whole story",
    )
    async def read_story(
        self, notice_id: NoticeIdInPath, push_console: NamedDependency[Console]
    ) -> NoticeStory:
        """Why it was meant, what was decided and tried, what came back. No words, and a masked name."""
        return await push_console.story(notice_id)

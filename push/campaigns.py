"""Campaigns (群发), as operators see them: drafted by one, approved by another, watched, paused, cancelled.

What makes the intents is ``push.campaigning``; nothing here sends anything.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from miniapp_schemas.base import Page
from miniapp_schemas.push_console import (
    AudiencePreview,
    AudienceQuery,
    CampaignInfo,
    CampaignProgress,
    DraftCampaign,
)
from push.campaign_models import Campaign, CampaignCounts, Operator, Progress
from push.models import IntentState, MessageClass, Topic
from push.ports import Audit, Clock, Consented, Crowd, Sendings, TimedId
from push.refusals import CampaignInvalid, CampaignUnknown, SecondOperatorNeeded
from push.rules.audience import Audience, check_audience, holds
from push.rules.campaigns import (
    PUSHING,
    CampaignState,
    CampaignStep,
    after,
    canary_of,
    check_topic,
    leads_to,
)
from push.store.campaigns import CampaignIntents, CampaignStore

_LOOKED_AT: Final = 20_000
_A_PAGE: Final = 1_000
_SAMPLE: Final = 5
_LONGEST: Final = timedelta(days=60)
_COUNT_SECONDS: Final = 1.0
_COUNTED_FOR: Final = 20
_TRIFLE: Final = timedelta(seconds=0.25)
COUNTED_FOR_LONGEST: Final = timedelta(seconds=30)
COUNTED_WHEN_ASKED: Final = 20_000
"""Of how many made intents what became of them is counted for whoever asks."""
_WATCHED: Final = 100
"""Of how many campaigns a process remembers what it counted last."""
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class Campaigns:
    """Drafts, approves, pauses, resumes and cancels; no campaign is one person's alone."""

    def __init__(
        self,
        *,
        campaigns: CampaignStore,
        intents: CampaignIntents,
        crowd: Crowd,
        consented: Consented,
        sendings: Sendings,
        audit: Audit,
        clock: Clock,
        timed_id: TimedId,
        start: Callable[[], str],
    ) -> None:
        self._campaigns = campaigns
        self._intents = intents
        self._crowd = crowd
        self._consented = consented
        self._sendings = sendings
        self._audit = audit
        self._clock = clock
        self._timed_id = timed_id
        self._start = start
        self._counted: dict[str, _Counted] = {}

    async def preview(self, asked: AudienceQuery, topic: str) -> AudiencePreview:
        """How many are meant, and the masked names of a few of them."""
        audience = audience_of(asked)
        check_audience(audience)
        return await self._look(audience, Topic(topic))

    async def draft(self, operator: Operator, said: DraftCampaign) -> CampaignInfo:
        """Keep a campaign that nobody is told of until somebody else approves it."""
        now = self._clock()
        audience = audience_of(said.audience)
        check_audience(audience)
        if not now < said.useful_until <= now + _LONGEST:
            raise CampaignInvalid(
                why_zh="有效期须在今后六十天内", why_en="it is useful until some time in the next sixty days"
            )
        topic, message_class = Topic(said.topic), MessageClass(said.message_class)
        check_topic(topic)
        found = await self._look(audience, topic)
        campaign = Campaign(
            id=self._timed_id(now),
            title=said.title,
            topic=topic,
            message_class=message_class,
            audience=audience,
            values={"item": said.text, "item_en": said.text_en},
            link=said.link,
            useful_until=said.useful_until,
            per_minute=said.per_minute,
            estimate=found.count,
            canary=canary_of(found.count),
            state=CampaignState.DRAFT,
            since=now,
            version=1,
            drafted_by=operator,
            drafted_at=now,
        )
        await self._record("campaign.drafted", operator, campaign, now)
        await self._campaigns.add(campaign)
        return await self._info(campaign)

    async def approve(self, operator: Operator, campaign_id: str) -> CampaignInfo:
        """Let it begin with its canary. Not by whoever drafted it; approved already, it stays as it is."""
        campaign = await self._campaign(campaign_id)
        approved = campaign.approved_by is not None and campaign.approved_by.id == operator.id
        if approved and campaign.state is not CampaignState.CANCELLED:
            return await self._info(campaign)  # said again because the answer was lost
        if campaign.drafted_by.id == operator.id:
            raise SecondOperatorNeeded
        now = self._clock()
        after(campaign.state, CampaignStep.APPROVE)
        check_topic(campaign.topic)
        # Before it is approved: a campaign without its parts would be over at once.
        await self._campaigns.cut(campaign.id)
        changes = {"approved_by": operator, "approved_at": now, "paced_from": now}
        return await self._go(operator, campaign, CampaignStep.APPROVE, now, changes)

    async def pause(self, operator: Operator, campaign_id: str, reason: str) -> CampaignInfo:
        """Tell nobody more: none is made, and what waits is held back; batches under way are finished."""
        campaign = await self._campaign(campaign_id)
        return await self._go(operator, campaign, CampaignStep.PAUSE, self._clock(), _said(reason))

    async def resume(self, operator: Operator, campaign_id: str, reason: str) -> CampaignInfo:
        """Go on where it was. What had it stopped is let pass: somebody looked, and says why."""
        campaign = await self._campaign(campaign_id)
        now = self._clock()
        progress = await self._campaigns.progress(campaign.id)
        changes: dict[str, Any] = {**_said(reason), "paced_from": now, "paced_count": progress.meant}
        step = CampaignStep.RESUME
        if campaign.state is CampaignState.STOPPED:
            changes |= {"excused": await self._intents.count(campaign.id, [IntentState.DEAD])}
        elif campaign.widened_at is None:
            step = CampaignStep.RESUME_CANARY
        info = await self._go(operator, campaign, step, now, changes)
        if progress.meant <= COUNTED_WHEN_ASKED:
            # What was held back comes by itself within half a minute; of a few nobody has to wait for that.
            await self._intents.go_on(campaign.id, at=now)
        return info

    async def cancel(self, operator: Operator, campaign_id: str, reason: str) -> CampaignInfo:
        """End it; what was not sent yet never is."""
        campaign = await self._campaign(campaign_id)
        now = self._clock()
        progress = await self._campaigns.progress(campaign.id)
        info = await self._go(operator, campaign, CampaignStep.CANCEL, now, _said(reason))
        if progress.meant <= COUNTED_WHEN_ASKED:
            # Of many, those who push campaigns do it: it takes longer than a request may.
            await self._intents.cancel(campaign.id, at=now)
        return info

    async def read(self, campaign_id: str) -> CampaignInfo:
        """One campaign, and how far it is."""
        return await self._info(await self._campaign(campaign_id))

    async def goes(self, campaign_id: str) -> bool | None:
        """Whether it still tells anybody anything; None while it pauses or is stopped."""
        campaign = await self._campaigns.get(campaign_id)
        if campaign is None:
            return False
        state = campaign.state
        if state in (CampaignState.PAUSED, CampaignState.STOPPED):
            return None
        return state in (*PUSHING, CampaignState.DONE)

    async def listed(self, *, before: str | None, limit: int) -> Page[CampaignInfo]:
        """Campaigns, newest first."""
        found = await self._campaigns.listed(before=before, limit=limit + 1)
        items = [await self._info(each) for each in found[:limit]]
        return Page(items=items, next_cursor=found[limit - 1].id if len(found) > limit else None)

    # --- one step -----------------------------------------------------------------------------------

    async def _go(
        self,
        operator: Operator,
        campaign: Campaign,
        step: CampaignStep,
        now: datetime,
        changes: dict[str, Any],
    ) -> CampaignInfo:
        """Take ``step``, also where the machine took one at the same time; said again, it is taken once."""
        while not _said_again(campaign, step, changes):
            state = after(campaign.state, step)
            advanced = msgspec.structs.replace(
                campaign, state=state, since=now, version=campaign.version + 1, **changes
            )
            # Before it is so: what nobody can account for must not be.
            await self._record(f"campaign.{step.value.replace(' ', '_')}", operator, advanced, now)
            if await self._campaigns.advance(advanced):
                campaign = advanced
                break
            campaign = await self._campaign(campaign.id)
        return await self._info(campaign)

    async def _look(self, audience: Audience, topic: Topic) -> AudiencePreview:
        """Who is meant among the first twenty thousand from a random place on; of more, in proportion.

        Ids are random, so whoever comes after a random one is a fair sample, and nobody waits for a walk
        through a whole city to see a number.
        """
        today = self._clock().astimezone(_SHANGHAI).date()
        looked, meant, sample = 0, 0, list[str]()
        start = self._start()
        place, wrapped = start, False
        while looked < _LOOKED_AT:
            page = await self._crowd.page(
                after=place,
                before=start if wrapped else None,
                limit=_A_PAGE,
                attributes=bool(audience.attributes),
            )
            ours = [known.resident for known in page if holds(audience, known, today)]
            if audience.agreed:
                agreed = await self._consented(ours, topic)
                ours = [resident for resident in ours if resident in agreed]
            sample += ours[: _SAMPLE - len(sample)]
            looked, meant = looked + len(page), meant + len(ours)
            if len(page) == _A_PAGE:
                place = page[-1].resident
            elif wrapped:
                break
            else:
                place, wrapped = "", True
        whole = looked < _LOOKED_AT
        count = meant if whole else round(meant * await self._crowd.size() / looked)
        names = await self._crowd.masked_names(sample)
        return AudiencePreview(count=count, exact=whole, looked_at=looked, sample=list(names))

    async def _campaign(self, campaign_id: str) -> Campaign:
        campaign = await self._campaigns.get(campaign_id)
        if campaign is None:
            raise CampaignUnknown
        return campaign

    async def _record(self, kind: str, operator: Operator, campaign: Campaign, now: datetime) -> None:
        await self._audit(
            kind,
            at=now,
            actor=operator.id,
            subject=campaign.id,
            outcome="ok",
            facts={
                "organisation": operator.organisation,
                "title": campaign.title,
                "estimate": str(campaign.estimate),
                "reason": campaign.why,
            },
        )

    async def _info(self, campaign: Campaign) -> CampaignInfo:
        progress = await self._campaigns.progress(campaign.id)
        return CampaignInfo(
            id=campaign.id,
            state=campaign.state.value,
            title=campaign.title,
            topic=campaign.topic.value,
            message_class=campaign.message_class.value,
            audience=_query_of(campaign.audience),
            text=campaign.values["item"],
            text_en=campaign.values["item_en"],
            link=campaign.link,
            useful_until=campaign.useful_until,
            per_minute=campaign.per_minute,
            estimate=campaign.estimate,
            canary=campaign.canary,
            drafted_by=campaign.drafted_by.organisation_name,
            drafted_at=campaign.drafted_at,
            approved_by=None if campaign.approved_by is None else campaign.approved_by.organisation_name,
            approved_at=campaign.approved_at,
            widened_at=campaign.widened_at,
            why=campaign.why,
            why_en=campaign.why_en,
            progress=await self._progress(campaign, progress),
        )

    async def _progress(self, campaign: Campaign, progress: Progress) -> CampaignProgress:
        counts = await self._counts(campaign, progress.meant)
        ended = counts.dead + counts.lapsed + counts.cancelled
        return CampaignProgress(
            looked_at=progress.seen,
            meant=progress.meant,
            parts_done=progress.done,
            parts=progress.parts,
            # What was meant since is taken to wait.
            waiting=counts.waiting + progress.meant - counts.meant,
            done=max(0, counts.meant - counts.waiting - ended),
            dead=counts.dead,
            lapsed=counts.lapsed,
            cancelled=counts.cancelled,
        )

    async def _counts(self, campaign: Campaign, meant: int) -> CampaignCounts:
        """What became of those who were meant; who was told is the rest, too many to count for each look.

        Where a million were waiting a moment ago the store takes seconds to count the few that still do, and
        longer than a request may take. Of a large campaign it is told what those counted last who push it;
        of others nobody waits long who can be told what was counted last.
        """
        if meant == 0:
            return CampaignCounts(id=campaign.id, meant=0)
        if meant > COUNTED_WHEN_ASKED and (kept := await self._campaigns.counts(campaign.id)):
            return kept
        last, now = self._counted.get(campaign.id), self._clock()
        if last is not None and now < last.until:
            return last.counts
        try:
            async with asyncio.timeout(None if last is None else _COUNT_SECONDS):
                counts = await counts_of(self._intents, campaign.id, meant=meant)
        except TimeoutError:
            if last is None:
                raise
            counts = last.counts
        if len(self._counted) >= _WATCHED:
            self._counted.clear()
        until = now + counted_for(self._clock() - now)
        self._counted[campaign.id] = _Counted(counts=counts, until=until)
        return counts


class _Counted(Struct, frozen=True, kw_only=True):
    """What was counted last, and until when that is good enough."""

    counts: CampaignCounts
    until: datetime


def counted_for(took: timedelta) -> timedelta:
    """How long a count that ``took`` so long is good enough: if it is no trifle, twenty times that."""
    return timedelta() if took < _TRIFLE else min(COUNTED_FOR_LONGEST, _COUNTED_FOR * took)


async def counts_of(intents: CampaignIntents, campaign: str, *, meant: int) -> CampaignCounts:
    """What became of the intents of ``campaign``, of which ``meant`` were made."""
    waiting, dead, lapsed, cancelled = await asyncio.gather(
        *(
            intents.count(campaign, states)
            for states in (
                [IntentState.CREATED, IntentState.RELAYED],
                [IntentState.DEAD],
                [IntentState.LAPSED],
                [IntentState.CANCELLED],
            )
        )
    )
    return CampaignCounts(
        id=campaign, meant=meant, waiting=waiting, dead=dead, lapsed=lapsed, cancelled=cancelled
    )


def audience_of(asked: AudienceQuery) -> Audience:
    """What was asked for, as it is kept."""
    return Audience(
        districts=tuple(asked.districts),
        age_from=asked.age_from,
        age_to=asked.age_to,
        sex=asked.sex,
        attributes={each.name: tuple(each.values) for each in asked.attributes},
        agreed=asked.agreed,
    )


def _query_of(audience: Audience) -> AudienceQuery:
    return msgspec.convert(
        {
            "districts": list(audience.districts),
            "ageFrom": audience.age_from,
            "ageTo": audience.age_to,
            "sex": audience.sex,
            "agreed": audience.agreed,
            "attributes": [
                {"name": name, "values": list(values)} for name, values in audience.attributes.items()
            ],
        },
        AudienceQuery,
    )


def _said_again(campaign: Campaign, step: CampaignStep, changes: Mapping[str, Any]) -> bool:
    """Whether ``step`` was taken for this very reason: the answer was lost, and whoever asked asks again."""
    return leads_to(step, campaign.state) and changes.get("why") == campaign.why


def _said(reason: str) -> dict[str, Any]:
    return {"why": reason, "why_en": reason}

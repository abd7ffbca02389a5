"""The reminders as their operators see them: lanes, providers, dead letters, stories, campaigns."""

from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import IdNumber, Instant, Request, Response
from miniapp_schemas.notices import NoticeId

DeadCursor = Annotated[
    str, Meta(description="A `nextCursor`, as it was given.", pattern=r"^[0-9]{13}\.[0-9a-f]{64}\Z")
]
CampaignId = Annotated[
    str,
    Meta(
        description="Opaque; newer ones sort higher.",
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z",
    ),
]
BreakerName = Annotated[
    str,
    Meta(
        description=(
            "A channel, one template there, or what its receipts tell: "
            "`wechat`, `wechat/campaign`, `sms/receipts`."
        ),
        pattern=r"^[a-z]{2,20}(/[a-z][a-z0-9_-]{0,59})?\Z",
    ),
]
LaneName = Annotated[
    Literal["urgent", "normal", "bulk"],
    Meta(description="Which waits for which: bulk never delays normal, normal never urgent."),
]
TopicName = Annotated[
    Literal["vaccination", "enrolment", "expiry", "insurance", "pension", "policy", "health", "account"],
    Meta(description="What a resident agrees to be told of, or not."),
]
MessageClassName = Annotated[
    Literal["service", "marketing"],
    Meta(
        description="What the makers of phones make of it (消息分类): marketing is limited a day, and needs "
        "a topic that rests on consent."
    ),
]
CampaignStateName = Annotated[
    Literal["DRAFT", "CANARY", "RUNNING", "PAUSED", "STOPPED", "CANCELLED", "DONE"],
    Meta(description="STOPPED: by its own failures. DONE: everybody it is for has a notice or will."),
]
Reason = Annotated[
    str,
    Meta(
        description="Why, for the audit trail: some words, and not blanks alone.",
        min_length=2,
        max_length=200,
        pattern=r"^[\s\S]*\S[^\n]*\Z",
    ),
]
_ONE_LINE = r"^\S([^\n]*\S)?\Z"


class Because(Request, frozen=True, kw_only=True):
    """What an operator does, and why."""

    reason: Reason


# --- campaigns ---------------------------------------------------------------------------------------


class AttributeAmong(Request, frozen=True, kw_only=True):
    """An attribute a department has told us of is one of some values."""

    name: Annotated[str, Meta(description="The attribute.", pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]
    values: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=60)]],
        Meta(description="What it may be.", min_length=1, max_length=40),
    ]


class AudienceQuery(Request, frozen=True, kw_only=True):
    """Whom a campaign is for (受众): every condition must hold. Nobody known to be under 14 is addressed."""

    districts: Annotated[
        list[Annotated[str, Meta(pattern=r"^[0-9]{2}([0-9]{2}){0,2}\Z")]],
        Meta(
            description="行政区划代码 or their beginnings (GB/T 2260): where the ID number was given out.",
            max_length=40,
        ),
    ] = []
    age_from: Annotated[
        Annotated[int, Meta(ge=14, le=120)] | None, Meta(description="The youngest, in whole years.")
    ] = None
    age_to: Annotated[
        Annotated[int, Meta(ge=14, le=120)] | None, Meta(description="The oldest, in whole years.")
    ] = None
    sex: Annotated[Literal["M", "F"] | None, Meta(description="As the ID number says.")] = None
    agreed: Annotated[
        bool,
        Meta(
            description="Only those who agree to the topic. Else who does not finds it in the app, and hears "
            "nothing."
        ),
    ] = False
    attributes: Annotated[
        list[AttributeAmong],
        Meta(
            description="What departments told us of them: `home` (a district), `insurance` (a scheme that "
            "is to be paid), `pension` (`drawn`).",
            max_length=40,
        ),
    ] = []


class PreviewAudience(Request, frozen=True, kw_only=True):
    """Ask how many a campaign would be for."""

    topic: TopicName
    audience: Annotated[AudienceQuery, Meta(description="Whom it is for.")]


class AudiencePreview(Response, frozen=True, kw_only=True):
    """How many a campaign is for, and who some of them are."""

    count: Annotated[int, Meta(description="How many residents.", ge=0)]
    exact: Annotated[
        bool, Meta(description="Counted; else reckoned from a random twenty thousand of the city.")
    ]
    looked_at: Annotated[int, Meta(description="How many residents were looked at.", ge=0)]
    sample: Annotated[list[str], Meta(description="Masked names of a few of them.", max_length=5)]


class DraftCampaign(Request, frozen=True, kw_only=True):
    """Draft a campaign; nobody is told anything until somebody else approves it."""

    title: Annotated[
        str, Meta(description="What the operators call it.", max_length=60, pattern=_ONE_LINE, min_length=1)
    ]
    topic: TopicName
    message_class: MessageClassName = "service"
    audience: Annotated[AudienceQuery, Meta(description="Whom it is for.")]
    text: Annotated[
        str,
        Meta(
            description="What is said, in Chinese: one line that fits any provider's template. The same to "
            "everybody, and nothing personal.",
            min_length=1,
            max_length=20,
            pattern=_ONE_LINE,
        ),
    ]
    text_en: Annotated[
        str, Meta(description="The same in English.", min_length=1, max_length=60, pattern=_ONE_LINE)
    ]
    link: Annotated[
        str,
        Meta(description="The screen it opens, in the app.", max_length=200, pattern=r"^(#/[a-z0-9/-]*)?\Z"),
    ] = ""
    useful_until: Annotated[Instant, Meta(description="From when on nobody is to be told any more.")]
    per_minute: Annotated[int, Meta(description="How many may be told a minute.", ge=60, le=6_000_000)] = (
        60_000
    )


class CampaignProgress(Response, frozen=True, kw_only=True):
    """How far a campaign has come."""

    looked_at: Annotated[int, Meta(description="Residents looked at.", ge=0)]
    meant: Annotated[int, Meta(description="Of these, whom it is for: each has one notice.", ge=0)]
    parts_done: Annotated[int, Meta(description="Parts of the city gone through.", ge=0)]
    parts: Annotated[int, Meta(description="Parts of the city; 0 before it begins.", ge=0)]
    waiting: Annotated[int, Meta(description="Notices that wait to be sent.", ge=0)]
    done: Annotated[int, Meta(description="Notices in an inbox, whatever else reached a phone.", ge=0)]
    dead: Annotated[int, Meta(description="Notices an operator must look at.", ge=0)]
    lapsed: Annotated[int, Meta(description="Notices that came too late to be of use.", ge=0)]
    cancelled: Annotated[int, Meta(description="Notices cancelled with the campaign.", ge=0)]


class CampaignInfo(Response, frozen=True, kw_only=True):
    """A campaign (群发)."""

    id: CampaignId
    state: CampaignStateName
    title: Annotated[str, Meta(description="What the operators call it.")]
    topic: TopicName
    message_class: MessageClassName
    audience: Annotated[AudienceQuery, Meta(description="Whom it is for.")]
    text: Annotated[str, Meta(description="What is said, in Chinese.")]
    text_en: Annotated[str, Meta(description="The same in English.")]
    link: Annotated[str, Meta(description="The screen it opens; empty for none.")]
    useful_until: Annotated[Instant, Meta(description="From when on nobody is told any more.")]
    per_minute: Annotated[int, Meta(description="How many are told a minute.")]
    estimate: Annotated[int, Meta(description="How many it was for when it was drafted.")]
    canary: Annotated[int, Meta(description="How many are told before anybody else.")]
    drafted_by: Annotated[str, Meta(description="The organisation whose operator drafted it.")]
    drafted_at: Annotated[Instant, Meta(description="When that was.")]
    approved_by: Annotated[str | None, Meta(description="The organisation whose operator approved it.")]
    approved_at: Annotated[Instant | None, Meta(description="When that was.")]
    widened_at: Annotated[Instant | None, Meta(description="When its canary was through.")]
    why: Annotated[str, Meta(description="Why it is where it is, in Chinese, if anything was said.")]
    why_en: Annotated[str, Meta(description="The same in English, or as it was said.")]
    progress: Annotated[CampaignProgress, Meta(description="How far it is.")]


# --- what runs ---------------------------------------------------------------------------------------


class LaneInfo(Response, frozen=True, kw_only=True):
    """One lane, and what waits in it. Nobody counts beyond 100,000."""

    lane: LaneName
    due: Annotated[int, Meta(description="Notices that are due and not on their way yet.", ge=0)]
    later: Annotated[int, Meta(description="Notices that are not due yet, or are tried again later.", ge=0)]
    sending: Annotated[int, Meta(description="Notices on their way.", ge=0)]
    oldest_due_at: Annotated[Instant | None, Meta(description="Since when the oldest of those waits.")]


class ProviderInfo(Response, frozen=True, kw_only=True):
    """One provider, one template there or what its receipts tell, and whether anything is sent (熔断)."""

    name: BreakerName
    breaker: Annotated[
        Literal["closed", "open", "half_open"],
        Meta(description="closed: sent to. open: left alone. half_open: tried with one at a time."),
    ]
    by_hand: Annotated[bool, Meta(description="Whether an operator holds it so.")]
    why: Annotated[str, Meta(description="Why, where anything was said.")]
    calls: Annotated[int, Meta(description="Calls in this minute; of receipts, those of ten minutes.", ge=0)]
    bad: Annotated[
        int, Meta(description="Of these, failed or slow; of receipts, people they did not reach.", ge=0)
    ]
    rests_seconds: Annotated[int, Meta(description="How long it is left alone yet.", ge=0)]
    awaited: Annotated[
        int, Meta(description="Taken in the day that ended a day ago, of which it tells later.", ge=0)
    ] = 0
    unheard: Annotated[int, Meta(description="Of these, how many it never told anything of.", ge=0)] = 0


class HoldBreaker(Request, frozen=True, kw_only=True):
    """Hold a breaker open or closed, or let it judge for itself again."""

    name: BreakerName
    hold: Annotated[
        Literal["open", "closed", "automatic"],
        Meta(description="open: nothing is sent. closed: everything is, whatever happens."),
    ]
    reason: Reason


class DeadNotice(Response, frozen=True, kw_only=True):
    """A dead letter (死信): nobody knows what to do with it but an operator."""

    key: NoticeId
    topic: TopicName
    template: Annotated[str, Meta(description="What it says, by the template's name.")]
    lane: LaneName
    campaign: Annotated[str | None, Meta(description="The campaign it is of.")]
    why: Annotated[str, Meta(description="Why it is dead.")]
    tries: Annotated[int, Meta(description="How often it was tried.", ge=0)]
    dead_at: Annotated[Instant, Meta(description="Since when.")]


class Redrive(Request, frozen=True, kw_only=True):
    """Send dead letters on their way again."""

    keys: Annotated[list[NoticeId], Meta(description="Which.", min_length=1, max_length=100)]
    reason: Reason


class Redriven(Response, frozen=True, kw_only=True):
    """What became of it."""

    count: Annotated[
        int, Meta(description="How many are on their way; what is of no use any more stays dead.", ge=0)
    ]


class PushFigures(Response, frozen=True, kw_only=True):
    """How well it runs, told by the latest sendings."""

    calls: Annotated[int, Meta(description="Sendings looked at: the latest thousand at most.", ge=0)]
    accepted: Annotated[int, Meta(description="Of these, accepted by a provider.", ge=0)]
    within_ten_seconds: Annotated[int, Meta(description="Of these, within ten seconds of being due.", ge=0)]
    refused: Annotated[int, Meta(description="Sendings refused, or failed for certain.", ge=0)]
    unknown: Annotated[int, Meta(description="Sendings with an outcome nobody knows.", ge=0)]
    dead: Annotated[int, Meta(description="Dead letters that wait for an operator.", ge=0)]


# --- one notice --------------------------------------------------------------------------------------


class FindNotices(Request, frozen=True, kw_only=True):
    """Look for the latest notices of somebody. In a body: an ID number has no place in an address."""

    id_number: IdNumber


class NoticeLine(Response, frozen=True, kw_only=True):
    """One notice in somebody's inbox, in a line."""

    key: NoticeId
    topic: TopicName
    at: Annotated[Instant, Meta(description="When it came.")]
    read_at: Annotated[Instant | None, Meta(description="When it was read.")]


class FoundNotices(Response, frozen=True, kw_only=True):
    """Whose notices they are, and the latest of them."""

    addressee: Annotated[str | None, Meta(description="A masked name; none for nobody we know.")]
    notices: Annotated[list[NoticeLine], Meta(description="The latest, newest first.", max_length=50)]


class StoryEvent(Response, frozen=True, kw_only=True):
    """One thing that happened to a notice."""

    at: Annotated[Instant, Meta(description="When.")]
    what: Annotated[
        Literal[
            "meant", "relayed", "inbox", "decided", "read", "tried", "delivered", "undelivered", "finished"
        ],
        Meta(
            description="What happened. tried: a provider was asked, or was about to be. delivered, "
            "undelivered: it said so later of what it had accepted."
        ),
    ]
    channel: Annotated[str | None, Meta(description="On which channel.")] = None
    outcome: Annotated[str | None, Meta(description="What came of it, or why.")] = None
    code: Annotated[str | None, Meta(description="What the provider said, in its own word.")] = None
    calls: Annotated[int | None, Meta(description="How often the provider was asked.")] = None


class NoticeStory(Response, frozen=True, kw_only=True):
    """One notice's whole story (通知全程): why it was meant, what was done and what came back."""

    key: NoticeId
    state: Annotated[
        Literal["created", "relayed", "done", "lapsed", "cancelled", "dead"],
        Meta(description="created: waits. relayed: on its way. lapsed: of no use any more."),
    ]
    topic: TopicName
    template: Annotated[str, Meta(description="What it says, by the template's name.")]
    lane: LaneName
    message_class: MessageClassName
    addressee: Annotated[str | None, Meta(description="Whom it is for: a masked name.")]
    about_another: Annotated[bool, Meta(description="Whether it is about somebody the reader acts for.")]
    rule: Annotated[str, Meta(description="The rule it follows from.")]
    milestone: Annotated[str, Meta(description="Which moment of it.")]
    campaign: Annotated[str | None, Meta(description="The campaign it is of.")]
    useful_until: Annotated[Instant, Meta(description="Until when it is of use.")]
    tries: Annotated[int, Meta(description="How often it was tried anew.", ge=0)]
    outcome: Annotated[str | None, Meta(description="What came of it.")]
    events: Annotated[list[StoryEvent], Meta(description="What happened, oldest first.")]

"""What is due to a resident and to those they act for, on the wire."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Instant, Request, Response, Text

TimelineItemId = Annotated[
    str, Meta(description="An item of a timeline, as it was listed.", pattern=r"^[0-9a-f]{32}\Z")
]
ItemState = Annotated[
    Literal["open", "snoozed", "done", "not_applicable"],
    Meta(description="What was said of it; `open` if nothing was."),
]


class ClauseText(Response, frozen=True, kw_only=True):
    """A clause that says so, in words."""

    clause: Annotated[str, Meta(description="Its name in the programme.")]
    text: Annotated[Text, Meta(description="What it says.")]


class TimelineEntry(Response, frozen=True, kw_only=True):
    """One thing to do (待办事项), and why one is told of it."""

    id: TimelineItemId
    topic: Annotated[
        Literal["vaccination", "enrolment", "expiry", "insurance", "pension", "policy", "health", "account"],
        Meta(description="What it is about."),
    ]
    title: Annotated[Text, Meta(description="What is to be done.")]
    name: Annotated[str | None, Meta(description="Whom it is about, masked; null for the caller themselves.")]
    status: Annotated[
        Literal["due", "not_yet_due", "overdue", "not_announced"],
        Meta(description="Whether it can be done now, or is late; of some things no day is known yet."),
    ]
    to_do: Annotated[
        bool,
        Meta(description="Whether anything is to be done; if not, one is only told when it happens."),
    ]
    earliest: Annotated[date | None, Meta(description="The first day on which it can be done.")]
    recommended_before: Annotated[date | None, Meta(description="The day before which it should be done.")]
    window_to: Annotated[date | None, Meta(description="The last day on which it can be done.")]
    state: ItemState
    snoozed_until: Annotated[Instant | None, Meta(description="When one is reminded again.")]
    decides: Annotated[bool, Meta(description="Whether the caller may say that it is done.")]
    programme: Annotated[str, Meta(description="The edition of the programme that says so.")]
    reasons: Annotated[list[ClauseText], Meta(description="为什么收到此提醒: the clauses that say so.")]
    remarks: Annotated[
        list[Text],
        Meta(description="What else one should know: an earlier dose that counts was recorded as too early."),
    ]


class SnoozeItem(Request, frozen=True, kw_only=True):
    """Be reminded another time (稍后提醒)."""

    until: Annotated[Instant, Meta(description="When.")]

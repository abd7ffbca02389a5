"""Notices (通知): the inbox, how a resident wants to be told, and what they agreed to."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Cursor, Instant, Request, Response, Text

NoticeId = Annotated[str, Meta(description="A notice.", pattern=r"^[0-9a-f]{64}\Z")]
ChannelName = Annotated[
    str, Meta(description="A channel: `wechat`, `alipay`, …", pattern=r"^[a-z][a-z0-9-]{1,31}\Z")
]
ClockTime = Annotated[
    str, Meta(description="HH:MM, by the clock of the city.", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")
]
TextVersion = Annotated[
    str, Meta(description="The version of the words that were shown.", pattern=r"^[a-z0-9-]{1,64}\Z")
]


class NoticeTopic(StrEnum):
    """What notices are about; each is agreed to or refused on its own."""

    VACCINATION = "vaccination"
    ENROLMENT = "enrolment"
    EXPIRY = "expiry"
    INSURANCE = "insurance"
    PENSION = "pension"
    POLICY = "policy"
    HEALTH = "health"
    ACCOUNT = "account"


TopicText = Annotated[
    str,
    Meta(
        description="A topic: `vaccination`, `enrolment`, `expiry`, `insurance`, `pension`, `policy`, "
        "`health` or `account`.",
        pattern=r"^(vaccination|enrolment|expiry|insurance|pension|policy|health|account)\Z",
    ),
]


class Notice(Response, frozen=True, kw_only=True):
    """One thing the caller was told (站内信)."""

    id: Annotated[NoticeId, Meta(description="Its name; the same notice comes under it, however often.")]
    topic: Annotated[NoticeTopic, Meta(description="What it is about.")]
    title: Annotated[Text, Meta(description="In a few words.")]
    body: Annotated[Text, Meta(description="In full.")]
    plain: Annotated[Text, Meta(description="The same in plain words (易读).")]
    aloud: Annotated[Text, Meta(description="What a voice reads (朗读): the title, and the plain words.")]
    link: Annotated[str, Meta(description="The page it leads to; empty if to none.")]
    at: Annotated[Instant, Meta(description="When it came.")]
    read_at: Annotated[Instant | None, Meta(description="When it was read; absent if it was not yet.")]
    cursor: Annotated[Cursor, Meta(description="Its place among the caller's notices.")]


class NoticePage(Response, frozen=True, kw_only=True):
    """One page of the inbox, newest first, and how many of all are unread."""

    items: Annotated[list[Notice], Meta(description="The notices of this page.")]
    next_cursor: Annotated[
        str | None, Meta(description="Pass as `cursor` for the next page; absent on the last.")
    ]
    unread: Annotated[int, Meta(description="How many are unread, up to 999.", ge=0, le=999)]


class UnreadCount(Response, frozen=True, kw_only=True):
    """How many notices are unread."""

    unread: Annotated[int, Meta(description="Up to 999.", ge=0, le=999)]


class ReadAllNotices(Request, frozen=True, kw_only=True):
    """Let all notices be read."""

    up_to: Annotated[
        Cursor | None,
        Meta(description="The `cursor` of the newest that was seen: what came after stays unread."),
    ] = None


class QuietTimes(Response, frozen=True, kw_only=True):
    """When a phone stays quiet (免打扰); over midnight where the end is the earlier."""

    start: ClockTime
    end: ClockTime


class SetQuietTimes(Request, frozen=True, kw_only=True):
    """When a phone stays quiet; the same time twice is never."""

    start: ClockTime
    end: ClockTime


class PushPreferences(Response, frozen=True, kw_only=True):
    """How the caller is told (通知偏好)."""

    channels: Annotated[list[ChannelName], Meta(description="Channels used, the first first.")]
    offered: Annotated[list[ChannelName], Meta(description="Channels this city has, in its order.")]
    quiet: Annotated[QuietTimes, Meta(description="When nothing but what is urgent rings.")]
    city_quiet: Annotated[QuietTimes, Meta(description="What holds for who says nothing.")]
    topics_off: Annotated[list[NoticeTopic], Meta(description="Topics that only come to the inbox.")]
    language: Annotated[Literal["zh", "en"], Meta(description="The language of what is sent.")]


class SetPushPreferences(Request, frozen=True, kw_only=True):
    """How to be told from now on; what is left out is as the city has it."""

    channels: Annotated[
        Annotated[list[ChannelName], Meta(max_length=16)] | None,
        Meta(description="Channels to use, the first first; none of them is the inbox alone."),
    ] = None
    quiet: Annotated[SetQuietTimes | None, Meta(description="Quiet hours of one's own.")] = None
    topics_off: Annotated[
        list[NoticeTopic], Meta(description="Topics that shall only come to the inbox.", max_length=8)
    ] = []
    language: Annotated[Literal["zh", "en"], Meta(description="The language of what is sent.")] = "zh"


ChildId = Annotated[
    str, Meta(description="A child, as it was listed to this guardian.", pattern=r"^[A-Za-z0-9_-]{43}\Z")
]


class ConsentWords(Response, frozen=True, kw_only=True):
    """What is agreed to."""

    version: TextVersion
    text: Annotated[Text, Meta(description="The words.")]


class TopicDecision(Response, frozen=True, kw_only=True):
    """Something the caller decided about a topic; it stays on record."""

    given: Annotated[bool, Meta(description="Whether it was agreed to; refused or withdrawn if not.")]
    text_version: TextVersion
    at: Annotated[Instant, Meta(description="When.")]
    until: Annotated[Instant | None, Meta(description="When another decision took its place.")]
    child: Annotated[ChildId | None, Meta(description="For which child alone; absent: for all.")]


class ChildConsent(Response, frozen=True, kw_only=True):
    """Where the caller stands with one topic for one child they are the guardian of."""

    child: ChildId
    name: Annotated[str, Meta(description="The child, masked.")]
    given: Annotated[
        bool | None,
        Meta(
            description="What was said for this child alone; absent for nothing: the topic's `given` holds."
        ),
    ]


class TopicConsent(Response, frozen=True, kw_only=True):
    """Where the caller stands with one topic (同意)."""

    topic: Annotated[NoticeTopic, Meta(description="The topic.")]
    basis: Annotated[
        Literal["law", "consent", "guardian"],
        Meta(description="What it rests on; `guardian` is the separate consent of a child's guardian."),
    ]
    given: Annotated[bool | None, Meta(description="Whether it is agreed to; absent if nothing was said.")]
    words: Annotated[ConsentWords | None, Meta(description="The words in force; absent for `law`.")]
    record: Annotated[list[TopicDecision], Meta(description="Every decision, newest first.")]
    children: Annotated[
        list[ChildConsent], Meta(description="With `guardian`: the children, each of whom may be left out.")
    ]


class GiveTopicConsent(Request, frozen=True, kw_only=True):
    """Agree to a topic, in the words that were shown."""

    topic: Annotated[NoticeTopic, Meta(description="The topic.")]
    text_version: TextVersion
    child: Annotated[
        ChildId | None, Meta(description="For this child alone; absent: for every child nothing was said of.")
    ] = None

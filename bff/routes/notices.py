"""``/mp/v1/notices`` and ``/mp/v1/push``: what residents were told, and how they want to be."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final, Literal, cast

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from bff.platform.caller import StillSignedIn
from bff.platform.changes import Changes, TooManyListeners, changed
from bff.platform.identity import Principal
from bff.routes.parameters import (
    ChildInQuery,
    CursorInQuery,
    LastEventId,
    NoticeIdInPath,
    PageSize,
    TopicInPath,
    TopicInQuery,
)
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Text
from miniapp_schemas.notices import (
    ChildConsent,
    ConsentWords,
    GiveTopicConsent,
    Notice,
    NoticePage,
    NoticeTopic,
    PushPreferences,
    QuietTimes,
    ReadAllNotices,
    SetPushPreferences,
    TopicConsent,
    TopicDecision,
    UnreadCount,
)
from push.delivery_models import Preferences
from push.inbox import Inbox, seq_of
from push.models import Topic
from push.refusals import (
    ChannelNotOffered,
    ConsentTextOutdated,
    NoticeUnknown,
    NotYoursToDecide,
    TopicRestsOnLaw,
)
from push.rules.quiet import QuietHours
from push.wishes import Agreement, Wishes

_MINE: Final = {"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None}
_QUIET_SECONDS: Final = 20.0
"""After so long without a change a line is sent, or proxies and phones take the connection for dead."""
_A_TURN: Final = 500
_encode: Final = msgspec.json.Encoder().encode


class NoticeController(Controller):
    """The inbox (站内信)."""

    path = "/mp/v1/notices"
    tags = ("notices",)
    opt = _MINE

    @get(operation_id="ListNotices", summary="What I was told")
    async def listed(
        self,
        principal: NamedDependency[Principal],
        push_inbox: NamedDependency[Inbox],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
        topic: TopicInQuery = None,
    ) -> NoticePage:
        """Newest first, page by page, with the count of all that are unread."""
        about = None if topic is None else Topic(topic)
        return await push_inbox.page(principal.subject, topic=about, before=cursor, limit=limit)

    @post(
        "/{notice_id:str}/read",
        opt={"refusals": (NoticeUnknown,)},
        operation_id="ReadNotice",
        summary="I read it",
        status_code=200,
    )
    async def read(
        self,
        notice_id: NoticeIdInPath,
        principal: NamedDependency[Principal],
        push_inbox: NamedDependency[Inbox],
    ) -> UnreadCount:
        """Let one notice be read; read again it stays so."""
        return UnreadCount(unread=await push_inbox.read(principal.subject, notice_id))

    @post("/read-all", operation_id="ReadAllNotices", summary="I read them all", status_code=200)
    async def read_all(
        self,
        data: JSONBody[ReadAllNotices],
        principal: NamedDependency[Principal],
        push_inbox: NamedDependency[Inbox],
    ) -> UnreadCount:
        """Let every notice be read that the caller has seen."""
        return UnreadCount(unread=await push_inbox.read_all(principal.subject, up_to=data.up_to))

    @get(
        "/stream",
        opt={"streams": True, "refusals": (TooManyListeners,)},
        operation_id="FollowNotices",
        summary="My notices as they come",
        media_type="text/event-stream",
    )
    async def follow(
        self,
        *,
        principal: NamedDependency[Principal],
        push_inbox: NamedDependency[Inbox],
        push_changes: NamedDependency[Changes],
        still: NamedDependency[StillSignedIn],
        clock: NamedDependency[Callable[[], datetime]],
        last_event_id: LastEventId = None,
    ) -> Response[bytes]:
        """Server-sent events until the session ends: `notice` for each that comes, `unread` when it changes.

        With `Last-Event-ID`, what came since is sent first; a notice may come again under its own id.
        """
        # Before the answer begins: no room and a store that is away are refusals, not streams that end.
        push_changes.admit()
        unread = await push_inbox.unread(principal.subject)
        since = last_event_id or seq_of(clock())
        events = _events(principal.subject, push_inbox, push_changes, still, since=since, unread=unread)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        # To the contract a stream of bytes is bytes.
        return cast("Response[bytes]", Stream(events, media_type="text/event-stream", headers=headers))


class PushPreferenceController(Controller):
    """How to be told, and of what (通知偏好与同意)."""

    path = "/mp/v1/push"
    tags = ("notices",)
    opt = _MINE

    @get("/preferences", operation_id="ReadPushPreferences", summary="How I am told")
    async def preferences(
        self, principal: NamedDependency[Principal], push_wishes: NamedDependency[Wishes]
    ) -> PushPreferences:
        """Channels, quiet hours, topics that are off, language."""
        return _preferences(await push_wishes.preferences(principal.subject), push_wishes)

    @put(
        "/preferences",
        opt={"refusals": (ChannelNotOffered, TopicRestsOnLaw)},
        operation_id="SetPushPreferences",
        summary="How I want to be told",
    )
    async def prefer(
        self,
        data: JSONBody[SetPushPreferences],
        principal: NamedDependency[Principal],
        push_wishes: NamedDependency[Wishes],
    ) -> PushPreferences:
        """Holds for whatever is sent from now on, also what waits already."""
        preferences = Preferences(
            resident=principal.subject,
            channels=None if data.channels is None else tuple(dict.fromkeys(data.channels)),
            quiet=None if data.quiet is None else QuietHours(start=data.quiet.start, end=data.quiet.end),
            off=tuple(Topic(topic.value) for topic in dict.fromkeys(data.topics_off)),
            language=data.language,
        )
        await push_wishes.prefer(preferences)
        return _preferences(preferences, push_wishes)

    @get("/consents", operation_id="ListTopicConsents", summary="What I agreed to be told of")
    async def consents(
        self, principal: NamedDependency[Principal], push_wishes: NamedDependency[Wishes]
    ) -> list[TopicConsent]:
        """Every topic: what it rests on, the words, and every decision on record."""
        return [_consent(each) for each in await push_wishes.agreements(principal.subject)]

    @post(
        "/consents",
        opt={"refusals": (ConsentTextOutdated, NotYoursToDecide, TopicRestsOnLaw)},
        operation_id="GiveTopicConsent",
        summary="Agree to be told of a topic",
        status_code=204,
    )
    async def give(
        self,
        data: JSONBody[GiveTopicConsent],
        principal: NamedDependency[Principal],
        push_wishes: NamedDependency[Wishes],
    ) -> None:
        """Given to the words that were shown, for one topic and nothing else (单独同意)."""
        await push_wishes.consent(
            principal.subject, Topic(data.topic.value), text=data.text_version, child=data.child
        )

    @delete(
        "/consents/{topic:str}",
        opt={"refusals": (NotYoursToDecide, TopicRestsOnLaw)},
        operation_id="RefuseTopic",
        summary="Refuse a topic, or withdraw my consent",
    )
    async def refuse(
        self,
        topic: TopicInPath,
        principal: NamedDependency[Principal],
        push_wishes: NamedDependency[Wishes],
        child: ChildInQuery = None,
    ) -> None:
        """One call, no proof, no reason; from the next message on nothing of it is sent.

        With `child` for that child alone, without for everybody, whatever was agreed to for one.
        """
        await push_wishes.refuse(principal.subject, Topic(topic), child=child)


async def _events(
    resident: str, inbox: Inbox, changes: Changes, still: StillSignedIn, *, since: str, unread: int
) -> AsyncIterator[bytes]:
    sent = {since}
    with changes.listen(resident) as event:
        yield _unread_event(unread)
        # Between the first reading and the listening something may have come.
        event.set()
        while still():
            if not await changed(event, within=_QUIET_SECONDS):
                yield b": still here\n\n"
                continue
            # Whose session ended meanwhile is told nothing more.
            if not still():
                return
            found = await inbox.since(resident, since, limit=_A_TURN)
            for notice in found:
                if notice.cursor not in sent:
                    yield _notice_event(notice)
            sent = {notice.cursor for notice in found}
            since = max([since, *sent])
            if len(found) == _A_TURN:
                event.set()
            if (now_unread := await inbox.unread(resident)) != unread:
                unread = now_unread
                yield _unread_event(unread)


def _notice_event(notice: Notice) -> bytes:
    return b"event: notice\nid: %b\ndata: %b\n\n" % (notice.cursor.encode(), _encode(notice))


def _unread_event(unread: int) -> bytes:
    return b"event: unread\ndata: %b\n\n" % _encode(UnreadCount(unread=unread))


def _preferences(preferences: Preferences, wishes: Wishes) -> PushPreferences:
    return PushPreferences(
        channels=list(wishes.channels if preferences.channels is None else preferences.channels),
        offered=list(wishes.channels),
        quiet=_times(preferences.quiet or wishes.quiet),
        city_quiet=_times(wishes.quiet),
        topics_off=_topics(preferences.off),
        language=preferences.language,
    )


def _times(hours: QuietHours) -> QuietTimes:
    return QuietTimes(start=hours.start, end=hours.end)


def _topics(topics: Sequence[Topic]) -> list[NoticeTopic]:
    return [NoticeTopic(topic.value) for topic in topics]


def _consent(agreement: Agreement) -> TopicConsent:
    words, standing = agreement.text, agreement.standing
    basis: Literal["law", "consent", "guardian"] = agreement.basis.value
    return TopicConsent(
        topic=NoticeTopic(agreement.topic.value),
        basis=basis,
        given=None if standing is None else standing.given,
        words=None
        if words is None
        else ConsentWords(version=words.version, text=Text(zh=words.zh, en=words.en)),
        children=[
            ChildConsent(child=each.child, name=each.name, given=each.given) for each in agreement.children
        ],
        record=[
            TopicDecision(
                given=each.given,
                text_version=each.text,
                at=each.at,
                until=each.until,
                child=agreement.child_of.get(each.about or ""),
            )
            for each in agreement.record
        ],
    )

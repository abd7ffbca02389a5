"""What is kept of a notice on its way: what the inbox shows, each attempt, and what a resident wants."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from push.channels.base import FailureClass, Language
from push.models import Intent, Topic
from push.ports import Receipt
from push.rules.quiet import QuietHours

UNDELIVERED: Final = "undelivered"
"""The code of an attempt that was accepted, and of which the provider said later that it did not arrive."""


class AttemptState(StrEnum):
    """Where an attempt is.

    ``reserved``: somebody means to call, and has not. ``calling``: the call may have left. ``accepted``,
    ``failed``: the provider said so. ``unknown``: nobody can tell, or who could is dead.
    """

    RESERVED = "reserved"
    CALLING = "calling"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Tried(Struct, frozen=True, kw_only=True):
    """What an attempt had come to when an operator sent its notice off again."""

    at: datetime
    failure: FailureClass | None
    code: str
    calls: int


class Attempt(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One notice on one channel, at one device where a channel has several; written before it is made.

    ``fence`` grows with each reservation: who was overtaken writes nothing any more. ``calls`` is how often
    the provider was asked, ``at`` when the state last changed, ``again_at`` from when it may be tried again.
    ``consent`` is the decision it rests on. ``redriven`` is how often an operator had sent the notice off
    again by then, and ``earlier`` what came of it before, oldest first.
    """

    id: str
    key: str
    channel: str
    state: AttemptState
    at: datetime
    expires_at: datetime
    fence: int = 1
    calls: int = 0
    failure: FailureClass | None = None
    code: str = ""
    receipt: str | None = None
    again_at: datetime | None = None
    consent: str | None = None
    redriven: int = 0
    earlier: tuple[Tried, ...] = ()


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was decided of a notice, and why: to ``channel``, to wait ``until``, or neither: the inbox alone.

    ``passed`` says of each channel that was passed over why.
    """

    at: datetime
    reason: str = ""
    channel: str | None = None
    until: datetime | None = None
    passed: dict[str, str] = {}


class InboxNotice(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"id": "_id"}):
    """What a resident finds in the app: ``id`` is the intent's, so there is one whatever happened before.

    ``template`` says what sort of notice it is, ``seq`` orders a resident's notices by time. ``sealed`` is
    the words, msgpack of ``NoticeText``, under the context ``push:<id>``. ``decisions`` tell operators how it
    went on from here.
    """

    id: str
    resident: str
    seq: str
    topic: Topic
    sealed: bytes
    at: datetime
    expires_at: datetime
    template: str = ""
    link: str = ""
    unread: bool = False
    read_at: datetime | None = None
    decisions: tuple[Decision, ...] = ()


class NoticeText(Struct, frozen=True, kw_only=True, array_like=True):
    """The words of a notice, as they were when it was sent; also in plain ones, and as a voice reads them."""

    title_zh: str
    body_zh: str
    title_en: str
    body_en: str
    plain_zh: str
    plain_en: str
    aloud_zh: str
    aloud_en: str


class Preferences(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"resident": "_id"}):
    """How a resident wants to be told: by which channels, when not, of what not, in what language.

    Without ``channels`` the city's order is meant, without ``quiet`` the city's quiet hours.
    """

    resident: str
    channels: tuple[str, ...] | None = None
    quiet: QuietHours | None = None
    off: tuple[Topic, ...] = ()
    language: Language = "zh"


class ConsentDecision(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"id": "_id"}):
    """That a resident agreed to one topic, or refused it; never changed but for no longer standing.

    ``text`` is the version of the words they saw, ``until`` when another decision took its place. ``about``
    is the keyed hash of the one child it is for; without it, it is for all of whom nothing else was said.
    """

    id: str
    resident: str
    topic: Topic
    given: bool
    text: str
    at: datetime
    standing: bool = False
    until: datetime | None = None
    about: str | None = None


class Story(Struct, frozen=True, kw_only=True):
    """All that happened to one notice (通知全程): what was meant, shown, tried, and heard of it later."""

    intent: Intent | None
    inbox: InboxNotice | None
    attempts: tuple[Attempt, ...]
    receipts: tuple[Receipt, ...] = ()

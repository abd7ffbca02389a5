"""What every channel is given and answers. What a provider said is told in six classes, or as unknown."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, Protocol

from msgspec import Struct

from push.models import MessageClass, Topic

Language = Literal["zh", "en"]


class Message(Struct, frozen=True, kw_only=True):
    """One notice, ready to be sent.

    ``lock_title`` and ``lock_body`` are for a locked screen: no child's name, birth or vaccine is in them.
    ``values`` fill a provider's own template, chosen by ``template``. ``key`` is the intent's id, from which
    every identifier at a provider is derived. ``plain`` says the same in plain words (易读), ``aloud``
    is what a voice reads.
    """

    key: str
    resident: str
    topic: Topic
    message_class: MessageClass
    language: Language
    template: str
    values: dict[str, str]
    title: str
    body: str
    lock_title: str
    lock_body: str
    link: str
    useful_until: datetime
    plain: str = ""
    aloud: str = ""


class Address(Struct, frozen=True, kw_only=True):
    """Where a resident is reached on one channel: an openid, a user id, a device's token.

    ``registered_at`` is when the address was last confirmed: a provider's word that it was dead before
    then is out of date. ``vendor`` is the phone's maker where that matters (JPush); of Alipay, which of its
    names of people ``target`` is.
    """

    channel: str
    app: str
    target: str
    registered_at: datetime
    device: str = ""
    vendor: str = ""


class FailureClass(StrEnum):
    """What is to be done about a refusal.

    ``retry``: the same again, later. ``next_channel``: not here, perhaps elsewhere. ``tombstone``: nobody is
    at this address. ``stop_template``: broken for everybody. ``broken``: this one message is wrong
    and an operator must look. ``configuration``: the channel itself is wrong and takes nothing.
    """

    RETRY = "retry"
    NEXT_CHANNEL = "next_channel"
    TOMBSTONE = "tombstone"
    STOP_TEMPLATE = "stop_template"
    BROKEN = "broken"
    CONFIGURATION = "configuration"


OURS: Final = frozenset((FailureClass.STOP_TEMPLATE, FailureClass.BROKEN, FailureClass.CONFIGURATION))
"""What lies with us: once an operator has mended it, the same may be asked again."""


class Accepted(Struct, frozen=True, kw_only=True):
    """The provider took it; ``receipt`` is its name for it, where it gives one."""

    receipt: str | None = None


class Failed(Struct, frozen=True, kw_only=True):
    """The provider refused it, or it certainly never got there.

    ``code`` is the provider's own word. ``after`` is how long it wants to be left alone, and ``lane_stop``
    says that this goes for everybody. ``dead_since`` is since when it knows nobody at the address.
    ``no_credit`` says that the resident allows no more of this template.
    """

    failure: FailureClass
    code: str
    after: timedelta | None = None
    lane_stop: bool = False
    dead_since: datetime | None = None
    no_credit: bool = False


class Unknown(Struct, frozen=True, kw_only=True):
    """Nobody can tell whether it was taken; ``why`` is for the operators."""

    why: str


Answer = Accepted | Failed | Unknown


class Channel(Protocol):
    """One provider. It asks once: what is tried again, when and where is decided elsewhere."""

    @property
    def name(self) -> str:
        """What it is called in preferences, metrics and the ledger of attempts: ``wechat``, ``apns``."""

    @property
    def idempotent(self) -> bool:
        """Whether sending the same key again shows one message: only then is an unknown sent again here."""

    @property
    def takes_credit(self) -> bool:
        """Whether a resident must have allowed each message (一次性订阅)."""

    def takes(self, message: Message) -> bool:
        """Whether this channel can carry ``message`` at all: it has a template, a text that fits."""

    async def send(self, message: Message, address: Address) -> Answer:
        """Ask the provider once. Raises nothing a provider can cause."""

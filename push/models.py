"""What the reminders keep: intents, what became of them, and what a resident was told."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct


class Topic(StrEnum):
    """What a resident can agree to, or not, one by one."""

    VACCINATION = "vaccination"
    ENROLMENT = "enrolment"
    EXPIRY = "expiry"
    INSURANCE = "insurance"
    PENSION = "pension"
    POLICY = "policy"
    HEALTH = "health"
    ACCOUNT = "account"


class Lane(StrEnum):
    """Which notices wait for which: a campaign (bulk) never delays a code (urgent) or a reminder (normal)."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"


class MessageClass(StrEnum):
    """What the makers of phones make of it (消息分类): a service is not limited, marketing is."""

    SERVICE = "service"
    MARKETING = "marketing"


class IntentState(StrEnum):
    """Where an intent is.

    ``created``: waits for the relay from ``not_before`` on. ``relayed``: on a stream. ``done``: seen to, by a
    provider or in the inbox alone. ``lapsed``: no use any more. ``cancelled``: what it said is no longer so.
    ``dead``: an operator must look.
    """

    CREATED = "created"
    RELAYED = "relayed"
    DONE = "done"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    DEAD = "dead"


class Intent(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"id": "_id"}):
    """That one resident is to be told one thing once (通知意图).

    ``id`` is derived from (rule, subject, item, milestone, addressee): meant twice it is the same intent.
    ``values`` are what the template's places are filled with, msgpack of str to str, sealed under the context
    ``push:<id>``. ``about`` is the keyed hash of whom it concerns, where that is another than the addressee.
    ``redriven`` is how often an operator has sent it off again.
    """

    id: str
    addressee: str
    topic: Topic
    lane: Lane
    template: str
    values: bytes
    rule: str
    item: str
    milestone: str
    created_at: datetime
    not_before: datetime
    useful_until: datetime
    link: str = ""
    about: str | None = None
    campaign: str | None = None
    message_class: MessageClass = MessageClass.SERVICE
    state: IntentState = IntentState.CREATED
    relayed_at: datetime | None = None
    relayed_by: str | None = None
    tries: int = 0
    redriven: int = 0
    outcome: str | None = None
    finished_at: datetime | None = None


class DeviceKind(StrEnum):
    """What kind of thing notices can be sent to; each is a channel of the same name."""

    APNS = "apns"
    FCM = "fcm"
    JPUSH = "jpush"
    WEBPUSH = "webpush"

    def fits(self, token: str) -> bool:
        """Whether ``token`` looks like one of this kind; a browser has none."""
        form = _TOKENS.get(self)
        return form is not None and form.fullmatch(token) is not None


_TOKENS: Final = {
    # Apple: of no promised length, in practice 32 bytes.
    DeviceKind.APNS: re.compile(r"(?:[0-9A-Fa-f]{2}){16,128}"),
    DeviceKind.FCM: re.compile(r"[A-Za-z0-9_:-]{32,1024}"),
    DeviceKind.JPUSH: re.compile(r"[0-9a-f]{11,64}"),
}


class Device(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"id": "_id"}):
    """A phone or browser somebody registered (推送设备).

    ``id`` is the keyed hash of its token, so that a token is one device whoever brings it. ``target`` is the
    token, sealed under the context ``push:device:<id>``. ``device`` is the client's own name for the machine.
    ``dead_since`` is when its provider last knew somebody there, once it knows nobody.
    """

    id: str
    resident: str
    kind: DeviceKind
    app: str
    target: bytes
    registered_at: datetime
    device: str = ""
    vendor: str = ""
    dead_since: datetime | None = None


def device_context(device: str) -> bytes:
    """What a device's sealed token belongs to."""
    return f"push:device:{device}".encode()

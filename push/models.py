"""What the reminders keep: intents, what became of them, and what a resident was told."""

from datetime import datetime
from enum import StrEnum

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
    outcome: str | None = None
    finished_at: datetime | None = None

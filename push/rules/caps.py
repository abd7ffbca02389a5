"""How often a day somebody may be disturbed (频次上限); what rests on law or is urgent is not counted."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from push.models import Intent, Lane, MessageClass, Topic
from push.rules.consents import needs_consent
from push.rules.quiet import CITY

MARKETING_A_DEVICE: Final = 2
"""What Huawei, Honor, OPPO and vivo let through a day; beyond it they drop without a word."""


class Bucket(Struct, frozen=True):
    """What is counted together, and how many there may be."""

    name: str
    most: int

    @property
    def of_topic(self) -> bool:
        """Whether it counts a topic, on whatever channel; else it is one place's."""
        return self.name.startswith("topic:")


def class_of(topic: Topic) -> MessageClass:
    """What the makers of phones are told of a reminder of ``topic``.

    What somebody is due is a service. A policy that was matched to them nobody asked for: to the makers it is
    marketing, unless one agreed to more, which the city's own table of their channels then says.
    """
    return MessageClass.MARKETING if topic is Topic.POLICY else MessageClass.SERVICE


def buckets(intent: Intent, place: str, now: datetime, *, per_topic: int) -> tuple[Bucket, ...]:
    """Where ``intent`` counts when it goes to ``place``, a channel or a device there; the topic first."""
    if intent.lane is Lane.URGENT:
        return ()
    day = now.astimezone(CITY).date().isoformat()
    counted: tuple[Bucket, ...] = ()
    if needs_consent(intent.topic):
        counted = (Bucket(topic_bucket(intent.topic.value, day), per_topic),)
    if intent.message_class is MessageClass.MARKETING:
        counted += (Bucket(f"marketing:{place}:{day}", MARKETING_A_DEVICE),)
    return counted


def topic_bucket(topic: str, day: str) -> str:
    """What a topic's notices of one day are counted under."""
    return f"topic:{topic}:{day}"

"""What is known of people, what is due to them, and when they are told. Stored shapes only."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from push.models import Lane, Topic


class FactKind(StrEnum):
    """What a department can say of somebody."""

    BIRTH = "BIRTH"
    DOSE = "DOSE"
    HOUSEHOLD = "HOUSEHOLD"
    INSURANCE = "INSURANCE"
    PENSION = "PENSION"
    ENTERPRISE = "ENTERPRISE"


PUSH_TYPES: Final = tuple(f"push:{kind}" for kind in FactKind)
"""What a department can be registered to report, among its types."""


class Source(Struct, frozen=True, kw_only=True):
    """The department that reports; ``kinds`` is what it may report and nothing else."""

    id: str
    kinds: frozenset[FactKind]


class StoredFact(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """What a department said of somebody, kept as it was said (报送事实).

    ``id`` is the source and its own id, so that said twice it is once. ``content`` is the keyed hash of what
    was said, by which a repetition is known. ``supersedes`` is the fact that counts no more; with ``void``
    nothing takes its place.
    """

    id: str
    subject: str
    kind: FactKind
    sealed: bytes
    content: str
    recorded_at: datetime
    supersedes: str | None = None
    void: bool = False


class Planned(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"id": "_id"}):
    """Somebody there is a plan for: by which editions, and when it is looked at again by itself.

    ``rev`` counts plans, so that two at once are seen to be two. ``born`` is sealed.
    """

    id: str
    shard: int
    rev: int = 0
    planned_by: str | None = None
    replan_at: datetime | None = None
    born: bytes | None = None


class MarkState(StrEnum):
    """What a resident said of an item."""

    SNOOZED = "snoozed"
    DONE = "done"
    NOT_APPLICABLE = "not_applicable"


class Mark(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said of an item, by which account and when."""

    state: MarkState
    by: str
    at: datetime
    until: datetime | None = None


class TimelineItem(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"id": "_id"}):
    """An item as it is kept: whose it is and where it stands in their list; what it says is sealed."""

    id: str
    subject: str
    shard: int
    topic: Topic
    at: datetime
    sealed: bytes
    mark: Mark | None = None


class MilestoneState(StrEnum):
    """Where a milestone is; ``held`` while the resident wants nothing said of its item."""

    WAITING = "waiting"
    HELD = "held"
    FIRED = "fired"
    LAPSED = "lapsed"


class StoredMilestone(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """When somebody is to be told of an item.

    ``asked`` says that a resident asked for it, by a snooze: no plan takes it back. ``rev`` counts changes.
    """

    id: str
    item: str
    subject: str
    shard: int
    name: str
    template: str
    lane: Lane
    due_at: datetime
    useful_until: datetime
    state: MilestoneState = MilestoneState.WAITING
    rev: int = 0
    asked: bool = False


class Example(Struct, frozen=True, kw_only=True, rename="camel"):
    """One difference between two plans; it names no person."""

    change: str
    item: str
    before: str | None = None
    after: str | None = None


class Difference(Struct, frozen=True, kw_only=True, rename="camel"):
    """What planning anew changed."""

    people: int = 0
    added: int = 0
    removed: int = 0
    moved: int = 0
    unchanged: int = 0
    examples: tuple[Example, ...] = ()

    def __add__(self, other: "Difference") -> "Difference":
        return Difference(
            people=self.people + other.people,
            added=self.added + other.added,
            removed=self.removed + other.removed,
            moved=self.moved + other.moved,
            unchanged=self.unchanged + other.unchanged,
            examples=(*self.examples, *other.examples)[:EXAMPLES],
        )


EXAMPLES: Final = 20
"""How many examples a report gives."""


class Replanning(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"id": "_id"}):
    """A walk through everybody because the programmes changed: ``id`` names what they are planned by."""

    id: str
    started_at: datetime
    difference: Difference = Difference()
    finished_at: datetime | None = None

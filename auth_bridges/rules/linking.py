"""When two residents turn out to be one person: who goes on, who decides, and what may follow what.

    waiting ──▶ merging ──▶ merged ──▶ undoing ──▶ undone
       │           │
       └───────────┴──▶ refused

``waiting`` is for an operator: both are real-name, and a mistake would open one person's papers to
another. Everything else was proved from both sides and goes on by itself. ``merging`` and ``undoing``
are steps that were begun; whoever comes by next finishes them.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from auth_bridges.models import MergeCase, MergeState
from miniapp_schemas.assurance import AssuranceLevel

REVERSIBLE: Final = timedelta(days=30)
"""How long a merge can be undone."""

STEPS: Final[Mapping[MergeState, frozenset[MergeState]]] = {
    MergeState.WAITING: frozenset({MergeState.MERGING, MergeState.REFUSED}),
    MergeState.MERGING: frozenset({MergeState.MERGED, MergeState.REFUSED}),
    MergeState.MERGED: frozenset({MergeState.UNDOING}),
    MergeState.UNDOING: frozenset({MergeState.UNDONE, MergeState.MERGED}),
    MergeState.UNDONE: frozenset(),
    MergeState.REFUSED: frozenset(),
}
OPEN: Final = frozenset({MergeState.WAITING, MergeState.MERGING, MergeState.MERGED, MergeState.UNDOING})
"""A resident is taken in by one other at a time."""


class Side(Struct, frozen=True, kw_only=True):
    """One of the two, as far as the rule looks; ``known`` is who ever proved name and number."""

    resident: str
    known: bool
    level: AssuranceLevel
    created_at: datetime


def survivor(one: Side, other: Side) -> tuple[str, str]:
    """Who goes on and who is taken in: the higher level, then the older; the ids decide what is left.

    A proof that has run out leaves the papers where they are: who is known comes before who is not.
    """
    first, second = sorted((one, other), key=_rank)
    return first.resident, second.resident


def needs_review(*, known_here: bool, known_there: bool) -> bool:
    """Whether an operator must decide: both proved a name and a number, each perhaps another."""
    return known_here and known_there


def is_reversible(case: MergeCase, now: datetime) -> bool:
    """Whether ``case`` may still be undone."""
    return (
        case.state is MergeState.MERGED and case.decided_at is not None and now < case.decided_at + REVERSIBLE
    )


def _rank(side: Side) -> tuple[bool, int, datetime, str]:
    strongest_first = tuple(reversed(AssuranceLevel)).index(side.level)
    return not side.known, strongest_first, side.created_at, side.resident

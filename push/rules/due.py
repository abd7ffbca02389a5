"""One thing that is due to somebody, whichever programme says so."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from push.models import Topic


class Status(StrEnum):
    """What is to be done about something now.

    ``not_announced`` is for a window nobody has published yet, ``passed`` for one that is over.
    """

    DUE = "due"
    NOT_YET_DUE = "not_yet_due"
    OVERDUE = "overdue"
    COMPLETE = "complete"
    DO_NOT_GIVE = "do_not_give"
    NOT_IN_PROGRAMME = "not_in_programme"
    NOT_ANNOUNCED = "not_announced"
    PASSED = "passed"


OPEN: Final = frozenset({Status.DUE, Status.NOT_YET_DUE, Status.OVERDUE})
"""What there is still something to do about."""
_PLANNED: Final = OPEN | {Status.NOT_ANNOUNCED}


def term_status(earliest: date | None, last: date, as_of: date) -> Status:
    """Where ``as_of`` stands to a term that ends with its ``last`` day."""
    if as_of > last:
        return Status.OVERDUE
    return Status.NOT_YET_DUE if earliest is None or as_of < earliest else Status.DUE


class DueItem(Struct, frozen=True, kw_only=True):
    """One item of somebody's timeline (待办提醒).

    ``id`` is the same in every edition of ``programme``, and one person has it once. It is meant from
    ``earliest`` on, best before ``recommended_before``, and ``window_to`` is the last day there is.
    ``clause`` names what says so: `push.programmes.clause_text` has its words. ``template`` is what the first
    notice of it is written with, and ``schedule`` the row of the table of milestones, where it is not that.
    ``given_early`` are the numbers of earlier doses that count and came too early.
    """

    id: str
    programme: str
    topic: Topic
    title_zh: str
    title_en: str
    earliest: date | None
    recommended_before: date | None
    window_to: date | None
    status: Status
    clause: tuple[str, ...]
    template: str
    schedule: str = ""
    given_early: tuple[int, ...] = ()


class Difference(Struct, frozen=True, kw_only=True):
    """What a new plan changes: items whose days moved, before and after, and those that came and went."""

    moved: tuple[tuple[DueItem, DueItem], ...] = ()
    new: tuple[DueItem, ...] = ()
    gone: tuple[DueItem, ...] = ()


def compare_plans(before: Iterable[DueItem], after: Iterable[DueItem]) -> Difference:
    """What the plan ``after`` changes for one person; what is settled or over is in neither."""
    old = {item.id: item for item in before if item.status in _PLANNED}
    new = {item.id: item for item in after if item.status in _PLANNED}
    return Difference(
        moved=tuple(
            (old[key], item) for key, item in new.items() if key in old and _days(old[key]) != _days(item)
        ),
        new=tuple(item for key, item in new.items() if key not in old),
        gone=tuple(item for key, item in old.items() if key not in new),
    )


def _days(item: DueItem) -> tuple[date | None, date | None, date | None]:
    return item.earliest, item.recommended_before, item.window_to

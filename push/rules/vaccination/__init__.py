"""What is due (应种): the next dose of each series, by an edition, a child and what was given.

The routine table is data (``push.rules.programme``); the catch-up clauses (补种) are here, one module a
disease, each under the name it has in the edition's file. What holds for every vaccine is in ``plan``.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from push.rules.calendar import MonthEnd
from push.rules.due import Status
from push.rules.programme import Programme
from push.rules.vaccination.diphtheria import diphtheria
from push.rules.vaccination.early import given_early
from push.rules.vaccination.encephalitis import encephalitis
from push.rules.vaccination.hepatitis import hepatitis_a, hepatitis_b, hepatitis_b_test
from push.rules.vaccination.measles import measles, no_immunoglobulin
from push.rules.vaccination.meningococcal import meningococcal
from push.rules.vaccination.others import papilloma, tuberculosis, varicella
from push.rules.vaccination.plan import INJECTED_LIVE, Item, Plan
from push.rules.vaccination.polio import polio
from push.rules.vaccination.record import Child, Given, GivenBeforeBirth, Sex, UnknownVaccine

__all__ = ["Child", "Given", "GivenBeforeBirth", "Item", "Sex", "Status", "UnknownVaccine", "due_items"]

_GROUPS: Final[Sequence[Callable[[Plan], Item | None]]] = (
    hepatitis_b,
    tuberculosis,
    polio,
    diphtheria,
    measles,
    encephalitis,
    meningococcal,
    hepatitis_a,
    papilloma,
    varicella,
    # What the programme asks for that is no vaccine.
    hepatitis_b_test,
    no_immunoglobulin,
)


def due_items(
    programme: Programme,
    child: Child,
    given: Iterable[Given],
    as_of: date,
    *,
    month_end: MonthEnd = MonthEnd.LAST_DAY,
) -> list[Item]:
    """What is due to ``child`` ``as_of`` a day: one item a series, and what else the programme asks for."""
    plan = Plan(programme, child, given, as_of, month_end)
    items = _on_one_day([item for group in _GROUPS if (item := group(plan)) is not None], as_of)
    early = given_early(plan)
    if not early:
        return items
    return [replace(item, given_early=early[item.group]) if item.group in early else item for item in items]


def _on_one_day(items: list[Item], as_of: date) -> list[Item]:
    """``items``, of which two live vaccines that are to be injected on one day say that they may be (G3)."""
    days = [
        max(item.earliest, as_of)
        for item in items
        if item.earliest is not None and item.vaccine in INJECTED_LIVE
    ]
    shared = {day for day in days if days.count(day) > 1}
    if not shared:
        return items
    return [
        replace(item, clause=(*item.clause, "G3"))
        if item.vaccine in INJECTED_LIVE and item.earliest is not None and max(item.earliest, as_of) in shared
        else item
        for item in items
    ]

"""What is due to somebody, by every programme: one list, of which each item has an id that stays."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from push.models import Topic
from push.rules.calendar import MonthEnd, add_months
from push.rules.criteria import Attributes
from push.rules.due import OPEN, DueItem, Status, term_status
from push.rules.enrolment import Enrolment, Pupil, enrolment_items
from push.rules.expiry import Expiry, Holding, expiry_items
from push.rules.facts import Enterprise, Known
from push.rules.milestones import due_items_of_vaccination
from push.rules.policy import Policies, policy_items
from push.rules.programme import Programme
from push.rules.qualification import Insurance, Pensioner, pension_item
from push.rules.vaccination import Child, due_items

_ADULT: Final = 18 * 12
_SHOWN: Final = OPEN | {Status.NOT_ANNOUNCED}
_LOOK_AGAIN: Final = timedelta(days=30)
_SAID_AFTERWARDS: Final = timedelta(days=90)
"""For how long what is over is still asked for: a card that expired years ago is not in use any more."""
_SCHEMES: Final = {
    "RESIDENT_MEDICAL": ("城乡居民医保缴费", "Residents' medical insurance contribution"),
    "RESIDENT_PENSION": ("城乡居民养老保险缴费", "Residents' pension contribution"),
    "FLEXIBLE": ("灵活就业人员社保缴费", "Social insurance of the self-employed"),
}


class Programmes(Struct, frozen=True, kw_only=True):
    """The programmes somebody is planned by: those in force, with what their region adds."""

    vaccination: Programme
    enrolment: Enrolment | None
    expiry: Expiry
    insurance: Insurance
    policies: Policies
    month_end: MonthEnd = MonthEnd.LAST_DAY


def plan(known: Known, programmes: Programmes, as_of: date) -> list[DueItem]:
    """Everything there is to do for somebody as far as is known, ``as_of`` a day."""
    items = [item for each in _PLANNERS for item in each(known, programmes, as_of)]
    return [item for item in items if item.status in _SHOWN and not _is_long_over(item, as_of)]


def look_again(items: Sequence[DueItem], as_of: date) -> date | None:
    """When a plan may be another by itself: on the next day an item speaks of, or in a month.

    A child that outgrows a vaccine is given another; no day of an item says so.
    """
    days = [
        day + timedelta(days=later)
        for item in items
        for day, later in ((item.earliest, 0), (item.recommended_before, 0), (item.window_to, 1))
        if day is not None and day + timedelta(days=later) > as_of
    ]
    return min([*days, as_of + _LOOK_AGAIN]) if items else None


def status_on(item: DueItem, day: date) -> Status:
    """Where an item stands on ``day``, which may be later than its plan."""
    # What is late stays so until it is planned anew: no day that passes mends it.
    if item.status not in OPEN or item.status is Status.OVERDUE:
        return item.status
    if item.recommended_before is None and item.window_to is not None:
        if item.earliest is None and day <= item.window_to:
            return item.status
        return term_status(item.earliest, item.window_to, day)
    if item.earliest is not None and day < item.earliest:
        return Status.NOT_YET_DUE
    late = item.recommended_before
    return Status.DUE if late is None or day < late else Status.OVERDUE


def _is_long_over(item: DueItem, as_of: date) -> bool:
    # A pension is stopped until it is confirmed, however late that is.
    goes_on = item.topic is Topic.PENSION
    return not goes_on and item.window_to is not None and as_of > item.window_to + _SAID_AFTERWARDS


# --- each programme --------------------------------------------------------------------------------------


def _vaccinations(known: Known, programmes: Programmes, as_of: date) -> Sequence[DueItem]:
    """Of whom no vaccination is on record nothing is said: that is another city's child, not a late one."""
    if known.born is None or not known.recorded or as_of >= add_months(known.born, _ADULT):
        return []
    birth = known.birth
    child = Child(
        birth=known.born,
        sex=known.sex,
        mother_hbsag="negative" if birth is None else birth.mother_hbsag,
        birth_grams=None if birth is None else birth.birth_grams,
    )
    programme = programmes.vaccination
    items = due_items(programme, child, known.given, as_of, month_end=programmes.month_end)
    return due_items_of_vaccination(items, edition=programme.id, as_of=as_of)


def _enrolments(known: Known, programmes: Programmes, as_of: date) -> Sequence[DueItem]:
    enrolment = programmes.enrolment
    if enrolment is None or known.born is None or as_of >= add_months(known.born, _ADULT):
        return []
    local = known.birth is None or known.birth.hukou == "LOCAL"
    return enrolment_items(enrolment, Pupil(birth=known.born, home="hukou" if local else "permit"), as_of)


def _expiries(known: Known, programmes: Programmes, as_of: date) -> Sequence[DueItem]:
    return [
        item
        for held in known.held
        for item in expiry_items(
            programmes.expiry,
            Holding(
                id=held.id,
                type=held.type,
                title_zh=held.title_zh,
                title_en=held.title_en,
                issued=held.issued,
                valid_until=held.valid_until,
            ),
            as_of,
        )
    ]


def _pensions(known: Known, programmes: Programmes, as_of: date) -> Sequence[DueItem]:
    pension = known.pension
    if pension is None:
        return []
    drawn = Pensioner(entitled_from=pension.entitled_from, confirmed=pension.confirmed_on)
    return [pension_item(programmes.insurance, drawn, as_of)]


def _insurances(known: Known, programmes: Programmes, as_of: date) -> Sequence[DueItem]:
    """What is to be paid, by the day the department says."""
    items = []
    for each in known.insurance:
        zh, en = _SCHEMES.get(each.scheme, ("社会保险缴费", "Social insurance contribution"))
        items.append(
            DueItem(
                id=f"insurance/{each.id}",
                programme=programmes.insurance.id,
                topic=Topic.INSURANCE,
                title_zh=zh,
                title_en=en,
                # From when it can be paid nobody says; what is asked for can be.
                earliest=None,
                recommended_before=None,
                window_to=each.due_on,
                status=Status.OVERDUE if as_of > each.due_on else Status.DUE,
                clause=("insurance-period",),
                template="insurance-due",
            )
        )
    return items


def _policies(known: Known, programmes: Programmes, as_of: date) -> Sequence[DueItem]:
    if known.enterprise is None:
        return []
    return policy_items(programmes.policies, _attributes(known.enterprise), as_of)


def _attributes(enterprise: Enterprise) -> Attributes:
    """What criteria may ask for; what was not reported is not known."""
    said = msgspec.structs.asdict(enterprise)
    known = {name: value for name, value in said.items() if value is not None}
    return known | {"industry": enterprise.industry[:1], "traits": frozenset(enterprise.traits)}


_PLANNERS: Final[Sequence[Callable[[Known, Programmes, date], Sequence[DueItem]]]] = (
    _vaccinations,
    _enrolments,
    _expiries,
    _pensions,
    _insurances,
    _policies,
)

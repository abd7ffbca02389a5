"""What is due to somebody, by every programme: one list, of which each item has an id that stays."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from push.models import Topic
from push.rules.calendar import add_months
from push.rules.due import OPEN, DueItem, Status
from push.rules.facts import Known, Payment
from push.rules.milestones import due_items_of_vaccination
from push.rules.programme import Programme
from push.rules.vaccination import Child, due_items

_ADULT: Final = 18 * 12
_LOOK_AGAIN: Final = timedelta(days=30)
_SCHEMES: Final = {
    "RESIDENT_MEDICAL": ("城乡居民医保缴费", "Residents' medical insurance contribution"),
    "RESIDENT_PENSION": ("城乡居民养老保险缴费", "Residents' pension contribution"),
    "FLEXIBLE": ("灵活就业人员社保缴费", "Social insurance of the self-employed"),
}


class Programmes(Struct, frozen=True, kw_only=True):
    """The programmes somebody is planned by: those in force, with what their region adds."""

    vaccination: Programme


def plan(known: Known, programmes: Programmes, as_of: date) -> list[DueItem]:
    """Everything there is to do for somebody as far as is known, ``as_of`` a day."""
    items = [item for each in _PLANNERS for item in each(known, programmes, as_of)]
    return [item for item in items if item.status in OPEN]


def look_again(items: Sequence[DueItem], as_of: date) -> date | None:
    """When a plan may be another by itself: on the next day an item speaks of, or in a month.

    A child that outgrows a vaccine is given another; no day of an item says so.
    """
    days = [
        day
        for item in items
        for day in (item.earliest, item.recommended_before, item.window_to)
        if day is not None and day > as_of
    ]
    return min([*days, as_of + _LOOK_AGAIN]) if items else None


def status_on(item: DueItem, day: date) -> Status:
    """Where an item that is open stands on ``day``, which may be later than its plan."""
    if item.earliest is not None and day < item.earliest:
        return Status.NOT_YET_DUE
    late = item.recommended_before
    if late is None and item.window_to is not None:
        late = item.window_to + timedelta(days=1)
    return Status.DUE if late is None or day < late else Status.OVERDUE


# --- each programme --------------------------------------------------------------------------------------


def _vaccinations(known: Known, programmes: Programmes, as_of: date) -> list[DueItem]:
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
    items = due_items(programme, child, known.given, as_of)
    return due_items_of_vaccination(items, edition=programme.id)


def _expiries(known: Known, _: Programmes, as_of: date) -> list[DueItem]:
    return [
        _until(
            f"credential/{each.id}/{each.valid_until}",
            Topic.EXPIRY,
            (f"{each.title_zh}到期", f"{each.title_en} expires"),
            each.valid_until,
            as_of,
            ahead=90,
            template="credential-expiry",
        )
        for each in known.held
        if as_of <= each.valid_until + timedelta(days=90)
    ]


def _payments(known: Known, _: Programmes, as_of: date) -> list[DueItem]:
    def recent(payments: Sequence[Payment]) -> list[Payment]:
        return [each for each in payments if as_of <= each.due_on + timedelta(days=60)]

    insurance = [
        _until(
            f"insurance/{each.id}",
            Topic.INSURANCE,
            _SCHEMES.get(each.scheme, ("社会保险缴费", "Social insurance contribution")),
            each.due_on,
            as_of,
            ahead=30,
            template="insurance-due",
        )
        for each in recent(known.insurance)
    ]
    pension = [
        _until(
            f"pension/{each.id}",
            Topic.PENSION,
            ("养老待遇资格认证", "Confirming a pension"),
            each.due_on,
            as_of,
            ahead=60,
            template="pension-due",
        )
        for each in recent(known.pension)
    ]
    return [*insurance, *pension]


def _until(
    name: str,
    topic: Topic,
    title: tuple[str, str],
    last: date,
    as_of: date,
    *,
    ahead: int,
    template: str,
) -> DueItem:
    earliest = last - timedelta(days=ahead)
    return DueItem(
        id=name,
        programme=topic.value,
        topic=topic,
        title_zh=title[0],
        title_en=title[1],
        status=Status.OVERDUE if as_of > last else Status.DUE if as_of >= earliest else Status.NOT_YET_DUE,
        earliest=earliest,
        recommended_before=None,
        window_to=last,
        clause=(topic.value,),
        template=template,
    )


_PLANNERS: Final[Sequence[Callable[[Known, Programmes, date], list[DueItem]]]] = (
    _vaccinations,
    _expiries,
    _payments,
)

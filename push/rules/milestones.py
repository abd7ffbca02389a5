"""When somebody is told of what is due: the milestones of an item, by a dated table.

The table is data (``push/programmes/milestones.json``): for each kind of item a few steps, each so many days
from one of the item's own days. A milestone is named after its step and the day it counts from. Said once it
is not said again; but where the day has moved, the new day is another milestone, and it is.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from push.models import Lane, Topic
from push.rules.due import OPEN, DueItem, Status
from push.rules.vaccination import Item

__all__ = ["DueItem", "Milestone", "Status", "Table", "due_items_of_vaccination", "milestones", "read_table"]

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class Milestone(Struct, frozen=True, kw_only=True):
    """A moment at which somebody is told of an item (提醒节点), and until when that is of any use."""

    name: str
    due_at: datetime
    useful_until: datetime
    template: str
    lane: Lane


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the table: ``days`` from the item's day ``of``, at the hour ``at``.

    What counts from the end is not said before the item's ``earliest`` day: it is left out, or, where it may
    ``wait``, said on that day. It is of use for ``useful_days``, and not past the item's day ``until``.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9-]+\Z")]
    of: Literal["earliest", "recommended_before", "window_to"]
    days: int
    template: str
    useful_days: Annotated[int, Meta(ge=1)]
    at: time = time(9)
    until: Literal["recommended_before", "window_to"] | None = None
    lane: Lane = Lane.NORMAL
    wait: bool = False


class Table(Struct, frozen=True, kw_only=True, rename={"since": "from"}, forbid_unknown_fields=True):
    """The steps of each kind of item, for items whose first day is ``since`` or later."""

    since: date
    steps: Mapping[str, tuple[Step, ...]]


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: str
    tables: Annotated[tuple[Table, ...], Meta(min_length=1)]


def read_table(content: bytes) -> Sequence[Table]:
    """The tables in a file, the newest first."""
    tables = msgspec.json.decode(content, type=_File).tables
    return sorted(tables, key=lambda table: table.since, reverse=True)


@cache
def shipped() -> Sequence[Table]:
    """The tables we ship."""
    return read_table((files("push.programmes") / "milestones.json").read_bytes())


class _Name(Struct, frozen=True):
    zh: str
    en: str


@cache
def _vaccines() -> Mapping[str, _Name]:
    content = (files("push.programmes") / "vaccines.json").read_bytes()
    return msgspec.json.decode(content, type=dict[str, _Name])


def milestones(
    item: DueItem, *, zone: ZoneInfo = SHANGHAI, tables: Sequence[Table] | None = None
) -> Sequence[Milestone]:
    """When somebody is told of ``item``, in order; nothing of what is settled, over or not announced.

    Of two steps at one moment the later in the table speaks.
    """
    days = [day for day in (item.earliest, item.recommended_before, item.window_to) if day is not None]
    if item.status not in OPEN or not days:
        return ()
    found: dict[datetime, Milestone] = {}
    for step in _steps(item, min(days), shipped() if tables is None else tables):
        made = _milestone(item, step, zone)
        if made is not None:
            found[made.due_at] = made
    return [found[moment] for moment in sorted(found)]


def _steps(item: DueItem, first: date, tables: Sequence[Table]) -> Sequence[Step]:
    table = next((each for each in tables if each.since <= first), tables[-1])
    return table.steps[item.schedule or item.template]


def _milestone(item: DueItem, step: Step, zone: ZoneInfo) -> Milestone | None:
    anchor: date | None = getattr(item, step.of)
    if anchor is None:
        return None
    day = anchor + timedelta(days=step.days)
    if step.of != "earliest" and item.earliest is not None and day < item.earliest:
        if not step.wait:
            return None
        day = item.earliest
    due_at = datetime.combine(day, step.at, zone)
    useful_until = due_at + timedelta(days=step.useful_days)
    if step.until is not None and (last := getattr(item, step.until)) is not None:
        # A window's last day still counts; what is recommended before a day is not on that day.
        end = last + timedelta(days=1) if step.until == "window_to" else last
        useful_until = min(useful_until, datetime.combine(end, time(), zone))
    if useful_until <= due_at:
        return None
    return Milestone(
        name=f"{step.name}@{anchor}",
        due_at=due_at,
        useful_until=useful_until,
        template=step.template,
        lane=step.lane,
    )


def due_items_of_vaccination(items: Sequence[Item], *, edition: str, as_of: date) -> list[DueItem]:
    """A vaccination plan by ``edition``, ``as_of`` its day, as items of a timeline.

    A settled series is one item too, named after the series: it says that there is nothing to do. A longest
    interval that was missed is no last day any more: the dose is given all the same (G5).
    """
    return [_of_vaccination(item, edition, as_of) for item in items]


def _of_vaccination(item: Item, edition: str, as_of: date) -> DueItem:
    name = _vaccines()[item.vaccine]
    zh, en = name.zh, name.en
    if item.id == "hepb-test":
        zh, en = "乙肝抗原抗体检测", "Hepatitis B antigen and antibody test"
    elif item.dose is not None:
        zh, en = f"{zh} 第{item.dose}剂", f"{en}, dose {item.dose}"
    window_to = item.window_to
    if window_to is not None and window_to < as_of and item.dose is not None:
        window_to = None
    if item.catch_up_before is not None:
        last = item.catch_up_before - timedelta(days=1)
        window_to = last if window_to is None else min(window_to, last)
    return DueItem(
        id=f"vaccination/{item.id or item.group}",
        programme=edition,
        topic=Topic.VACCINATION,
        title_zh=zh,
        title_en=en,
        earliest=item.earliest,
        recommended_before=item.recommended_before,
        window_to=window_to,
        status=item.status,
        clause=item.clause,
        template="vaccination-overdue" if item.status is Status.OVERDUE else "vaccination-due",
        schedule="vaccination",
        given_early=tuple([int(name.rpartition("-")[2]) for name in item.given_early])
        if item.given_early
        else (),
    )

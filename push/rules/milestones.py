"""What is due to somebody, of whatever programme, and when they are told of it.

An item's days are a programme's; when to speak of them is one table for all programmes, here:

    topic                  told                                    of no use from
    vaccination            a week before, on the day, when late    the day; the recommended age; two months on
    enrolment              when the window opens, two days before  the window's end
                           it closes
    expiry                 30 and 7 days before the last day       7 days before; the day after the last
    insurance, pension     14 and 3 days before the last day       3 days before; the day after the last
    policy                 when it opens                           its end, or a month

Days begin and end in Shanghai, and nobody is told before nine.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import Final, Literal

from msgspec import Struct

from push.models import Lane, Topic
from push.rules.vaccination import Status

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_NINE: Final = time(9)
OPEN: Final = frozenset({Status.DUE, Status.NOT_YET_DUE, Status.OVERDUE})
"""What there is still something to do about."""


class DueItem(Struct, frozen=True, kw_only=True):
    """One thing to do that a programme asks of somebody (待办事项).

    ``id`` means the same in every edition: a dose or a window, not a date. ``programme`` is the edition that
    says so. It can be done from ``earliest`` on, should be before ``recommended_before``, and cannot be after
    ``window_to``.
    """

    id: str
    programme: str
    topic: Topic
    title_zh: str
    title_en: str
    status: Status
    earliest: date | None = None
    recommended_before: date | None = None
    window_to: date | None = None
    clause: tuple[str, ...] = ()


class Milestone(Struct, frozen=True, kw_only=True):
    """When somebody is told of an item, and until when that is of use.

    ``name`` has the day in it that it is about: a dose that moves is told of again, one that stays is not.
    """

    name: str
    due_at: datetime
    useful_until: datetime
    template: str
    lane: Lane


_Anchor = Literal["earliest", "recommended_before", "window_to"]


class _Point(Struct, frozen=True):
    """So many days from an item's day; of use until so many days from the first of ``until`` it has."""

    name: str
    template: str
    of: _Anchor
    days: int
    until: tuple[tuple[_Anchor, int], ...]
    lane: Lane = Lane.NORMAL


def _before_the_last_day(template: str, *days: int) -> tuple[_Point, ...]:
    ends = [*(-each for each in days[1:]), 1]
    return tuple(
        _Point(f"in-{each}", template, "window_to", -each, (("window_to", end),))
        for each, end in zip(days, ends, strict=True)
    )


_POINTS: Final[Mapping[Topic, Sequence[_Point]]] = {
    Topic.VACCINATION: (
        _Point("soon", "vaccination-due", "earliest", -7, (("earliest", 0),)),
        _Point("due", "vaccination-due", "earliest", 0, (("recommended_before", 0), ("earliest", 30))),
        _Point("overdue", "vaccination-overdue", "recommended_before", 0, (("recommended_before", 60),)),
    ),
    Topic.ENROLMENT: (
        _Point("open", "enrolment-window", "earliest", 0, (("window_to", 1), ("earliest", 14))),
        _Point("closing", "enrolment-closing", "window_to", -2, (("window_to", 1),)),
    ),
    Topic.EXPIRY: _before_the_last_day("credential-expiry", 30, 7),
    Topic.INSURANCE: _before_the_last_day("insurance-due", 14, 3),
    Topic.PENSION: _before_the_last_day("pension-due", 14, 3),
    Topic.POLICY: (
        _Point("open", "policy-match", "earliest", 0, (("window_to", 1), ("earliest", 30)), Lane.BULK),
    ),
}


def milestones(item: DueItem) -> list[Milestone]:
    """When somebody is told of ``item``; never, if there is nothing to do about it."""
    if item.status not in OPEN:
        return []
    told = [_milestone(item, point) for point in _POINTS.get(item.topic, ())]
    return [each for each in told if each is not None and each.due_at < each.useful_until]


def _milestone(item: DueItem, point: _Point) -> Milestone | None:
    day: date | None = getattr(item, point.of)
    if day is None:
        return None
    ends = [
        midnight(end + timedelta(days=days))
        for anchor, days in point.until
        if (end := getattr(item, anchor)) is not None
    ]
    return Milestone(
        name=f"{point.name}:{day}",
        due_at=datetime.combine(day + timedelta(days=point.days), _NINE, SHANGHAI),
        useful_until=ends[0],
        template=point.template,
        lane=point.lane,
    )


def midnight(day: date) -> datetime:
    """The first instant of ``day`` in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI)

"""Venue codes: when one is good, who may enter, and for how long it is remembered.

A check-in decides about a door. It is no evidence, and nothing here knows of any.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from health_code.codec.venue_code import CodeKind, VenueCode
from health_code.rules.documents import Colour

CHINA: Final = ZoneInfo("Asia/Shanghai")
WINDOW_SECONDS: Final = 60
_NEIGHBOURS: Final = 1


class Fault(StrEnum):
    """Why a code that is ours is not good."""

    STALE = "STALE"
    """Of another minute: a picture somebody kept, or was sent."""
    WITHDRAWN = "WITHDRAWN"
    """Printed, where nothing may be printed any more or something newer was."""


class Denial(StrEnum):
    """Why somebody may not enter."""

    COLOUR_NOT_ADMITTED = "COLOUR_NOT_ADMITTED"
    COLOUR_UNKNOWN = "COLOUR_UNKNOWN"


class Retention(Struct, frozen=True, kw_only=True):
    """How many days a check-in is remembered: ``default``, and what divisions order for themselves."""

    default: int
    by_division: Mapping[str, int] = {}

    def days(self, division: str) -> int:
        """The days that ``division`` orders, or what it lies in: the county, the city, the province."""
        for code in (division, f"{division[:4]}00", f"{division[:2]}0000"):
            if code in self.by_division:
                return self.by_division[code]
        return self.default


def window_of(now: datetime) -> int:
    """The minute ``now`` lies in, counted from 1970."""
    return int(now.timestamp()) // WINDOW_SECONDS


def window_end(window: int) -> datetime:
    """When the next minute begins."""
    return datetime.fromtimestamp((window + 1) * WINDOW_SECONDS, UTC)


def good_until(window: int) -> datetime:
    """Until when the code of a minute is good: slow hands have one more."""
    return window_end(window + _NEIGHBOURS)


def fault_of(code: VenueCode, *, prints: int, now: datetime) -> Fault | None:
    """What is wrong with ``code`` at ``now``; ``prints`` is the venue's newest printing, 0 for none.

    A displayed code is good in its own minute and the ones beside it, for slow hands and clocks.
    """
    if code.kind is CodeKind.PRINTED:
        return None if code.count == prints and prints > 0 else Fault.WITHDRAWN
    return None if abs(window_of(now) - code.count) <= _NEIGHBOURS else Fault.STALE


def denial_of(colour: Colour, admits: Collection[Colour]) -> Denial | None:
    """Why somebody with ``colour`` may not enter where ``admits`` may; None if they may."""
    if colour in admits:
        return None
    return Denial.COLOUR_UNKNOWN if colour is Colour.GREY else Denial.COLOUR_NOT_ADMITTED


def day_of(instant: datetime) -> date:
    """The day in China."""
    return instant.astimezone(CHINA).date()


def last_day_to_purge(now: datetime, days: int) -> date:
    """The last day all of whose check-ins are ``days`` days old."""
    return day_of(now) - timedelta(days=days + 1)

"""Months and days as programmes count them.

A month after the 31st of August is the 30th of September: where the month has no such day, its last day
counts (Civil Code art. 202). Other countries' schedules go on to the first of the next month; that is the
other ``MonthEnd``, for who runs their programme.
"""

from datetime import date, timedelta
from enum import Enum
from typing import Final

_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class MonthEnd(Enum):
    """What is meant where the target month has no such day."""

    LAST_DAY = "last_day"
    NEXT_MONTH = "next_month"


def add_months(day: date, months: int, end: MonthEnd = MonthEnd.LAST_DAY) -> date:
    """The same day ``months`` later."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    if day.day <= 28:
        return date(year, month, day.day)
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = _LENGTHS[month - 1] + leap
    if day.day <= last:
        return date(year, month, day.day)
    return date(year, month, last) + timedelta(days=0 if end is MonthEnd.LAST_DAY else 1)


def earlier(day: date, *, months: int = 0, days: int = 0) -> date:
    """``day``, so much earlier."""
    return add_months(day, -months) - timedelta(days=days)

"""When a phone stays quiet (免打扰), by the clock of the city."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

CITY: Final = ZoneInfo("Asia/Shanghai")


class QuietHours(Struct, frozen=True, kw_only=True):
    """From ``start`` to ``end``, HH:MM, over midnight where the end is earlier; the same twice is never."""

    start: str
    end: str


VENDOR_HOURS: Final[Mapping[str, QuietHours]] = {
    # Both hold whatever comes at night until the morning, when it may be of no use any more.
    "huawei": QuietHours(start="00:00", end="06:00"),
    "honor": QuietHours(start="00:00", end="06:00"),
}


def quiet_until(hours: QuietHours, now: datetime) -> datetime | None:
    """When the quiet of ``now`` ends; None where it is not quiet."""
    start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
    local = now.astimezone(CITY)
    clock = local.time()
    inside = start <= clock < end if start <= end else clock >= start or clock < end
    if not inside:
        return None
    day = local.date() if clock < end else local.date() + timedelta(days=1)
    return datetime.combine(day, end, CITY).astimezone(UTC)

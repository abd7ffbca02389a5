"""What the processes of a city could not do, for the report of the test that failed."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from bff.sandbox.stack import City

_MOST: Final = 12
# Enough to find the place; an exception's own message may name somebody, and is left where it is.
_TOLD: Final = ("ts", "level", "event", "trace_id", "route", "exception", "cause", "frames")


def troubles(log: str, since: datetime) -> list[str]:
    """The last errors and exceptions of ``log`` since then, a line each."""
    return [_line(event) for event in _events(log) if _is_trouble(event) and _at(event) >= since][-_MOST:]


def troubles_of(city: City, since: datetime) -> Iterator[tuple[str, str]]:
    """The same for every process of ``city`` that had any, by its name."""
    for program in city.programs:
        if program.log.exists():
            found = troubles(program.log.read_text("utf-8", errors="replace"), since)
            if found:
                yield program.name, "\n".join(found)


def cities(given: Collection[object]) -> list[City]:
    """Those of what a test was given that are cities."""
    return [each for each in given if isinstance(each, City)]


def _events(log: str) -> Iterator[dict[str, Any]]:
    for line in log.splitlines():
        try:
            yield msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError:
            continue  # a child that was killed has left half a line


def _is_trouble(event: dict[str, Any]) -> bool:
    return event.get("level") in {"error", "critical"} or "exception" in event


def _at(event: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(event["ts"])
    except (KeyError, TypeError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def _line(event: dict[str, Any]) -> str:
    return " ".join(f"{name}={event[name]}" for name in _TOLD if name in event)

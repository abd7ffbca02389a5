"""What is told of a city's logs beside a failed test."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tests.troubles import troubles

BEGAN: Final = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


def logged(*events: dict[str, Any]) -> str:
    return "\n".join(
        msgspec.json.encode({"ts": "2026-11-26T08:00:01.000Z"} | each).decode() for each in events
    )


def test_errors_and_exceptions_are_told_with_their_types_and_places_and_nothing_else_is() -> None:
    log = logged(
        {"level": "info", "event": "Application startup complete."},
        {"level": "warning", "event": "request", "route": "/readyz", "status": 503},
        {"level": "warning", "event": "dependency failed", "exception": "AutoReconnect"},
        {"level": "error", "event": "unhandled", "exception": "KeyError", "frames": ["x.py:7"]},
    )
    assert troubles(log, BEGAN) == [
        "ts=2026-11-26T08:00:01.000Z level=warning event=dependency failed exception=AutoReconnect",
        "ts=2026-11-26T08:00:01.000Z level=error event=unhandled exception=KeyError frames=['x.py:7']",
    ]


def test_what_an_exception_said_is_not_repeated() -> None:
    log = logged({"level": "error", "event": "unhandled", "exception": "KeyError", "message": "林晓月"})
    assert "林晓月" not in troubles(log, BEGAN)[0]


def test_what_was_before_the_test_is_not_told_nor_is_half_a_line() -> None:
    log = logged({"level": "error", "event": "unhandled"}) + '\n{"ts":"2026-11-26T08:0'
    assert len(troubles(log, BEGAN)) == 1
    assert troubles(log, BEGAN + timedelta(minutes=1)) == []


def test_of_many_the_last_are_told() -> None:
    told = troubles(logged(*({"level": "error", "event": f"no. {each}"} for each in range(40))), BEGAN)
    assert len(told) == 12
    assert told[-1].endswith("no. 39")

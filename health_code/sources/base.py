"""What a source is that is asked, and how it is spared."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from msgspec import Struct

from health_code.models import Department
from miniapp_schemas.health_code import ReportEvidence

_FAILURES: Final = 3
_SHORTEST: Final = timedelta(seconds=10)
_LONGEST: Final = timedelta(minutes=10)


class SourceAway(ConnectionError):
    """The source gave no answer, or none that can be read."""


class Page(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Some of what a source has to tell; ``cursor`` is where the next page begins."""

    items: list[ReportEvidence]
    cursor: str
    more: bool = False


class PolledSource(Protocol):
    """A department that is asked."""

    department: Department

    async def page(self, cursor: str | None) -> Page:
        """What it has to tell from ``cursor`` on, or ``SourceAway``."""


class Breaker:
    """Keeps from asking what does not answer: after three failures a pause, twice as long after each more."""

    def __init__(self) -> None:
        self._failures = 0
        self._not_before: datetime | None = None

    def lets_ask(self, now: datetime) -> bool:
        """Whether to ask now."""
        return self._not_before is None or now >= self._not_before

    def answered(self) -> None:
        """It answered: all is forgotten."""
        self._failures = 0
        self._not_before = None

    def failed(self, now: datetime) -> None:
        """It did not."""
        self._failures += 1
        over = self._failures - _FAILURES
        if over >= 0:
            self._not_before = now + min(_LONGEST, _SHORTEST * 2 ** min(over, 16))

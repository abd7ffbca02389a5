"""Asks the sources that do not report by themselves, each behind a breaker of its own.

What they tell is taken as if they had reported it. Where to go on is kept after it was taken: whoever dies in
between asks for the same page again, and the same evidence is known by its id.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from health_code.ports import Clock
from health_code.reporting import Reporting
from health_code.sources.base import Breaker, PolledSource, SourceAway
from health_code.store import Lease, SourceStore

_log: Final = logging.getLogger(__name__)
_EVERY_SECONDS: Final = 5.0
_PAGES_AT_ONCE: Final = 20


class Polling:
    """Looks every few seconds for what ``sources`` have to tell; of all processes one at a time does."""

    def __init__(
        self,
        sources: Sequence[PolledSource],
        *,
        reporting: Reporting,
        store: SourceStore,
        lease: Lease,
        clock: Clock,
    ) -> None:
        self._sources = [(source, Breaker()) for source in sources]
        self._reporting = reporting
        self._store = store
        self._lease = lease
        self._clock = clock

    async def follow(self) -> None:
        """Ask for ever; cancel to stop."""
        while self._sources:
            try:
                if await self._lease.take():
                    await self.once()
            except Exception as failure:  # noqa: BLE001  any store may fail in any way; the pages wait
                _log.warning("sources not asked: %s", type(failure).__name__)
            await asyncio.sleep(_EVERY_SECONDS)

    async def once(self) -> None:
        """Ask every source whose breaker lets it, side by side: one that hangs holds up no other."""
        now = self._clock()
        asked = [(source, breaker) for source, breaker in self._sources if breaker.lets_ask(now)]
        outcomes = await asyncio.gather(
            *(self._take(source, breaker) for source, breaker in asked), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _take(self, source: PolledSource, breaker: Breaker) -> None:
        department = source.department
        cursor = await self._store.cursor(department.id)
        for _ in range(_PAGES_AT_ONCE):
            try:
                page = await source.page(cursor)
            except SourceAway as failure:
                breaker.failed(self._clock())
                _log.warning("source %s does not answer: %s", department.id, failure)
                return
            breaker.answered()
            if page.items:
                receipt = await self._reporting.report(department, page.items)
                if receipt.refused:
                    _log.error("source %s: %d pieces of evidence refused", department.id, receipt.refused)
            else:
                await self._store.heard(department.id, name=department.name, at=self._clock())
            if page.cursor != cursor:
                cursor = page.cursor
                await self._store.go_on(department.id, cursor)
            if not page.more:
                return

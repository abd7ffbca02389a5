"""Lanes: so many at once and no more, and nobody waits long for a place.

Showing, checking and reading have a lane each, so that a storm on one leaves the others their room. Who
has waited for as long as an answer is worth waiting for is told so: what is refused is the oldest question
and not the newest, and the queue never holds more than can be answered in time.
"""

import asyncio
from types import TracebackType
from typing import Self


class LaneFull(ConnectionError):
    """No place became free in time."""


class Lane:
    """``at_once`` places; who finds none waits ``patience`` seconds at most. Used as a block."""

    def __init__(self, *, at_once: int, patience: float) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._patience = patience

    async def __aenter__(self) -> Self:
        if self._places.locked():
            try:
                async with asyncio.timeout(self._patience):
                    await self._places.acquire()
            except TimeoutError:
                raise LaneFull("no place became free in time") from None
        else:
            await self._places.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.release()

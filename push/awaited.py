"""Receipts (送达回执) that never come: a provider that took everything and fell silent looks well otherwise.

What is taken is counted in memory and told to the others every ten seconds, so that it costs a notice
nothing; a worker that is killed takes ten seconds of the figure with it, and of nothing else.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from push.ports import Clock
from push.store.awaited import AwaitedCounts, Silence

_EVERY: Final = timedelta(seconds=10)
_log: Final = logging.getLogger(__name__)


class Awaited:
    """Counts in one process what ``channels``, which tell later, have taken; and shows the figure."""

    def __init__(
        self,
        counts: AwaitedCounts,
        *,
        channels: Sequence[str],
        show: Callable[[str, Silence], None],
        clock: Clock,
    ) -> None:
        self._counts = counts
        self._channels = channels
        self._show = show
        self._clock = clock
        self._taken: Counter[str] = Counter()

    def taken(self, channel: str) -> None:
        """A channel took a message."""
        if channel in self._channels:
            self._taken[channel] += 1

    async def run(self, stopping: asyncio.Event) -> None:
        """Tell and show until ``stopping`` is set, and tell once more then; Redis away is waited out."""
        while self._channels:
            stopped = stopping.is_set()
            try:
                await self.once()
            except Exception as failure:  # noqa: BLE001  it is a figure; what was not told is told with the next
                _log.warning("receipts not counted: %s", type(failure).__name__)
            if stopped:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY.total_seconds()):
                    await stopping.wait()

    async def once(self) -> None:
        """Tell what was taken since, and show how much nothing was heard of."""
        now = self._clock()
        if taken := self._taken:
            self._taken = Counter()
            try:
                await self._counts.taken(taken, at=now)
            except BaseException:
                self._taken += taken
                raise
        for channel, silence in (await self.silence()).items():
            self._show(channel, silence)

    async def silence(self) -> dict[str, Silence]:
        """Of how much of what each channel took nothing was heard."""
        return await self._counts.silence(self._channels, now=self._clock())

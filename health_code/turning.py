"""Codes turn by themselves: at their instant, under new rules, and after whoever judged them has died.

Any number of processes may follow; one of them at a time does the work, and if it dies another does after
ten seconds. Two that do it at once waste work and nothing else. Who shows a code is not kept waiting for any
of this: a code that is due is judged when it is shown.
"""

import asyncio
import logging
from typing import Final

from health_code.recolouring import Recolouring
from health_code.store import Lease

_log: Final = logging.getLogger(__name__)
_EVERY_SECONDS: Final = 1.0
_TOLD_EVERY: Final = 20_000


class Turning:
    """Looks every second for codes to be judged anew."""

    def __init__(self, recolouring: Recolouring, lease: Lease) -> None:
        self._recolouring = recolouring
        self._lease = lease

    async def follow(self) -> None:
        """Look for ever; cancel to stop. A store that is away is asked again."""
        while True:
            try:
                await self.once()
            except Exception as failure:  # noqa: BLE001  any store may fail in any way; what is due stays due
                _log.warning("codes not turned: %s", type(failure).__name__)
            await asyncio.sleep(_EVERY_SECONDS)

    async def once(self) -> int:
        """Judge whoever is due, and whom other rules judged last; how many there were."""
        if not await self._lease.take():
            return 0
        due = await self._recolouring.catch_up()
        progress = _Progress(self._recolouring, self._lease)
        others = await self._recolouring.apply_rules(told=progress.told)
        if others:
            _log.info("rules applied to %d people", others)
        return due + others


class _Progress:
    """Goes with a long walk through the city: keeps the lease, says how far it is, lets the due go first."""

    def __init__(self, recolouring: Recolouring, lease: Lease) -> None:
        self._recolouring = recolouring
        self._lease = lease
        self._next_line = _TOLD_EVERY
        self._looked = asyncio.get_running_loop().time()

    async def told(self, count: int) -> bool:
        """Whether to go on."""
        if count >= self._next_line:
            _log.info("rules applied to %d people so far", count)
            self._next_line = count + _TOLD_EVERY
        now = asyncio.get_running_loop().time()
        if now - self._looked >= _EVERY_SECONDS:
            self._looked = now
            await self._recolouring.catch_up()
            return await self._lease.take()
        return True

"""The snapshot as it can be had now: what Redis holds, and judged anew where that is due and possible.

What is due is judged when somebody looks, so a colour turns at its instant and new rules count at once for
whoever shows a code, however long the rest of the city takes. It costs MongoDB, so whoever comes meanwhile is
judged together, one batch after the other, and the queue is as long as can be answered in time. Whoever finds
it full, waits too long or finds MongoDB away goes on with what there is, and its age. Of nothing at all
nothing can be shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from health_code.models import Snapshot
from health_code.ports import Clock, Together
from health_code.recolouring import Recolouring
from health_code.refusals import HealthCodeUnavailable
from health_code.store import SnapshotStore

_PATIENCE_SECONDS: Final = 0.5
_LOST_PATIENCE_SECONDS: Final = 1.5
"""Whoever has nothing to show waits longer than whoever has something."""
_MOST_WAITING: Final = 1_024
_PAUSE: Final = timedelta(seconds=2)


class Freshening:
    """Finds a person's snapshot, or makes it. One a process; ``away`` is what stores raise that are away."""

    def __init__(
        self,
        *,
        snapshots: SnapshotStore,
        recolouring: Recolouring,
        together: Together,
        away: tuple[type[Exception], ...],
        clock: Clock,
    ) -> None:
        self._snapshots = snapshots
        self._recolouring = recolouring
        self._away: tuple[type[Exception], ...] = (TimeoutError, ConnectionError, *away)
        self._in_vain: tuple[type[Exception], ...] = (HealthCodeUnavailable, *self._away)
        self._clock = clock
        self._judge: Callable[[str], Awaitable[Snapshot]] = together(self._many)
        self._under_way: dict[str, asyncio.Future[Snapshot]] = {}
        self._not_before = clock()

    async def __call__(self, subject: str) -> Snapshot:
        """The snapshot of ``subject``, as fresh as it can be had; a refusal where there is none."""
        snapshot = await self._snapshots.get(subject)
        if snapshot is None:
            try:
                return await self._judged(subject, _LOST_PATIENCE_SECONDS)
            except self._away:
                raise HealthCodeUnavailable from None
        now = self._clock()
        another_day = snapshot.judged_at.date() != now.date()
        turned = snapshot.next_change_at is not None and snapshot.next_change_at <= now
        if not (another_day or turned or self._recolouring.outdated(snapshot)):
            return snapshot
        if now >= self._not_before:
            try:
                return await self._judged(subject, _PATIENCE_SECONDS)
            except self._in_vain:
                # Nobody waits for a MongoDB that has just kept somebody waiting in vain.
                self._not_before = now + _PAUSE
        if another_day:
            # Handles are forgotten after two days; this code is shown today.
            await self._snapshots.name(snapshot.handle, subject)
        return snapshot

    async def _judged(self, subject: str, patience: float) -> Snapshot:
        """Judge ``subject``; who asks for the same at once gets the same, and giving up ends it for none."""
        under_way = self._under_way.get(subject)
        if under_way is None:
            if len(self._under_way) >= _MOST_WAITING:
                raise HealthCodeUnavailable
            under_way = self._under_way[subject] = asyncio.ensure_future(self._judge(subject))
            under_way.add_done_callback(lambda _: self._under_way.pop(subject))
        async with asyncio.timeout(patience):
            return await asyncio.shield(under_way)

    async def _many(self, subjects: Sequence[str]) -> Sequence[Snapshot | BaseException]:
        found = await self._recolouring.several(subjects)
        return [found.get(subject) or HealthCodeUnavailable() for subject in subjects]

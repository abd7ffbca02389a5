"""The snapshot as it can be had now: what Redis holds, and judged anew where that is due and possible.

What is due is judged when somebody looks, so a colour turns at its instant and new rules count at once for
whoever shows a code, however long the rest of the city takes. It costs MongoDB, so it has a lane: a few at
once, several for the same person as one, and whoever finds it full or MongoDB away goes on with what there
is, and its age. Of nothing at all nothing can be shown.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from health_code.lanes import Lane
from health_code.models import Snapshot
from health_code.ports import Clock
from health_code.recolouring import Recolouring
from health_code.refusals import HealthCodeUnavailable
from health_code.store import SnapshotStore

_AT_ONCE: Final = 16
_PATIENCE_SECONDS: Final = 0.5
_LOST_PATIENCE_SECONDS: Final = 1.5
"""Whoever has nothing to show waits longer than whoever has something."""
_PAUSE: Final = timedelta(seconds=2)


class Freshening:
    """Finds a person's snapshot, or makes it. One a process; ``away`` is what stores raise that are away."""

    def __init__(
        self,
        *,
        snapshots: SnapshotStore,
        recolouring: Recolouring,
        away: tuple[type[Exception], ...],
        clock: Clock,
    ) -> None:
        self._snapshots = snapshots
        self._recolouring = recolouring
        self._away: tuple[type[Exception], ...] = (TimeoutError, ConnectionError, *away)
        self._clock = clock
        self._lane = Lane(at_once=_AT_ONCE, patience=_PATIENCE_SECONDS)
        self._lost_lane = Lane(at_once=_AT_ONCE, patience=_LOST_PATIENCE_SECONDS)
        self._under_way: dict[str, asyncio.Task[Snapshot]] = {}
        self._not_before = clock()

    async def __call__(self, subject: str) -> Snapshot:
        """The snapshot of ``subject``, as fresh as it can be had; a refusal where there is none."""
        snapshot = await self._snapshots.get(subject)
        if snapshot is None:
            try:
                async with asyncio.timeout(_LOST_PATIENCE_SECONDS):
                    return await self._judged(subject, self._lost_lane)
            except self._away:
                raise HealthCodeUnavailable from None
        now = self._clock()
        another_day = snapshot.judged_at.date() != now.date()
        turned = snapshot.next_change_at is not None and snapshot.next_change_at <= now
        if not (another_day or turned or snapshot.rule_set != self._recolouring.in_force().hash):
            return snapshot
        if now >= self._not_before:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    return await self._judged(subject, self._lane)
            except self._away:
                # Nobody waits for a MongoDB that has just kept somebody waiting in vain.
                self._not_before = now + _PAUSE
        if another_day:
            # Handles are forgotten after two days; this code is shown today.
            await self._snapshots.name(snapshot.handle, subject)
        return snapshot

    async def _judged(self, subject: str, lane: Lane) -> Snapshot:
        """Judge ``subject``; who asks for the same at once gets the same, and giving up ends it for none."""
        task = self._under_way.get(subject)
        if task is None:
            task = asyncio.create_task(self._judge(subject, lane))
            self._under_way[subject] = task
            task.add_done_callback(self._forget(subject))
        return await asyncio.shield(task)

    async def _judge(self, subject: str, lane: Lane) -> Snapshot:
        async with lane:
            return await self._recolouring.once(subject)

    def _forget(self, subject: str) -> Callable[[asyncio.Task[Snapshot]], None]:
        def forget(task: asyncio.Task[Snapshot]) -> None:
            del self._under_way[subject]
            if not task.cancelled():
                # Looked at, so that asyncio does not complain where everybody has given up.
                task.exception()

        return forget

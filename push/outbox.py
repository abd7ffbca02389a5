"""From what somebody is to be told to the streams that carry it.

    intend   in MongoDB, each once for ever; alone, or in the transaction that makes it true
    relay    what may go now is marked, then put on its lane's stream

Who marks an intent puts it on the stream, so several relays put it there once. A relay that dies between
the two and a Redis that lost everything leave the same: intents marked, and on no stream. After two minutes
without an outcome they are taken again, unless the stream still has entries as old as they are.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from push.models import Intent, Lane
from push.ports import CarryMeter, Chance, Clock, PersonalData
from push.store.outbox import OutboxStore, Taken
from push.store.streams import Streams

LARGEST: Final = 1_000
"""What is put on a stream at once: Redis does nothing else for those few milliseconds."""
DEEPEST: Final = 20_000
"""How much a stream carries at most; what is more waits in MongoDB, where a million weigh nothing."""
AGAIN_AFTER: Final = timedelta(minutes=2)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_log: Final = logging.getLogger(__name__)


def seal_values(personal: PersonalData, key: str, values: Mapping[str, str]) -> bytes:
    """``values`` as the intent ``key`` keeps them."""
    return personal.seal(msgspec.msgpack.encode(values), _context(key))


def open_values(personal: PersonalData, intent: Intent) -> dict[str, str]:
    """What the places of the intent's template are filled with."""
    plain = personal.open(intent.values, _context(intent.id))
    return msgspec.msgpack.decode(plain, type=dict[str, str])


class Notifying:
    """Says that somebody is to be told something."""

    def __init__(self, outbox: OutboxStore) -> None:
        self._outbox = outbox

    async def __call__(self, intents: Sequence[Intent]) -> int:
        """Keep ``intents``, each once for ever; how many were new. Durable when it returns."""
        return await self._outbox.add(intents)


class Relay:
    """Puts on the streams what may go. Any number may run; one at a time has something to do."""

    def __init__(
        self,
        *,
        outbox: OutboxStore,
        streams: Streams,
        meter: CarryMeter,
        clock: Clock,
        chance: Chance,
        again_after: timedelta = AGAIN_AFTER,
        deepest: int = DEEPEST,
        rest: float = 0.1,
    ) -> None:
        self._outbox = outbox
        self._streams = streams
        self._meter = meter
        self._clock = clock
        self._chance = chance
        self._again_after = again_after
        self._deepest = deepest
        self._rest = rest
        self._look_again = _LONG_AGO

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until ``stopping`` is set; a failing store is tried again, with pauses."""
        pause = 0.0
        while not stopping.is_set():
            try:
                moved = await self.once()
                pause = 0.0 if moved else self._rest
            except Exception as failure:  # noqa: BLE001  any store may fail in any way; the intents wait
                pause = min(2.0, max(pause, self._rest) * 2)
                _log.warning("nothing relayed: %s", type(failure).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()

    async def once(self) -> int:
        """Relay at most a batch of each lane, side by side; how many intents that were."""
        # Without the lease it would work as well, only that everybody would try to take the same.
        if not await self._streams.lead():
            return 0
        taken: list[Taken] = []
        if await self._outbox.waits(now=self._clock()):
            taken += await asyncio.gather(*map(self._relay, Lane))
        if (now := self._clock()) >= self._look_again:
            again = await asyncio.gather(*map(self._relay_again, Lane))
            if not any(each.full for each in again):
                self._look_again = now + self._again_after / 4
            taken += again
        return sum(len(each.waiting) for each in taken)

    async def _relay(self, lane: Lane) -> Taken:
        depth = (await self._streams.standing(lane)).depth
        room = self._room(depth)
        if room == 0:
            return _NOTHING
        batch = self._chance(16).hex()
        taken = await self._outbox.take(lane, now=self._clock(), by=batch, limit=room)
        await self._put(lane, taken, batch)
        self._meter.backlog(lane, depth + len(taken.waiting))
        return taken

    async def _relay_again(self, lane: Lane) -> Taken:
        standing = await self._streams.standing(lane)
        self._meter.backlog(lane, standing.depth)
        room = self._room(standing.depth)
        if room == 0:
            return _NOTHING
        # What is still on the stream is as old there as it was relayed, give or take what clocks differ.
        now = self._clock()
        before = min(now, standing.oldest or now) - self._again_after
        batch = self._chance(16).hex()
        taken = await self._outbox.take_again(lane, before=before, now=now, by=batch, limit=room)
        await self._put(lane, taken, batch)
        if taken.waiting:
            self._meter.again(lane, "lost", len(taken.waiting))
            _log.warning("lane %s: %d intents were lost on their way, sent again", lane, len(taken.waiting))
        return taken

    async def _put(self, lane: Lane, taken: Taken, batch: str) -> None:
        if taken.waiting:
            await self._streams.put(lane, taken.waiting, batch=batch)

    def _room(self, depth: int) -> int:
        return max(0, min(LARGEST, self._deepest - depth))


_NOTHING: Final = Taken(waiting=(), full=False)


def _context(key: str) -> bytes:
    return f"push:{key}".encode()

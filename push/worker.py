"""From a lane's stream to whoever delivers, and back to the outbox with what became of it.

    read     what nobody was given yet, or what a dead worker was given
    deliver  in batches; what one of them chokes on is found by delivering each alone
    settle   the outcome in MongoDB
    drop     the entry

A worker may die between any two. Its entries are kept by a heartbeat while it lives and claimed by another
when that stops; so an intent may be delivered again, and whoever delivers must know by its key what was done.
An entry that was given out ``most`` times without an outcome makes its intent a dead letter.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from msgspec import Struct

from push.models import Intent, Lane
from push.ports import CarryMeter, Clock, Deliver, Outcome
from push.store.outbox import OutboxStore
from push.store.streams import Entry, Streams

_BLOCK_MS: Final = 500
_log: Final = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class Size(Struct, frozen=True):
    """How many intents are delivered together, and how many such batches at once."""

    batch: int
    batches: int


SIZES: Final = {
    Lane.URGENT: Size(batch=100, batches=8),
    Lane.NORMAL: Size(batch=500, batches=4),
    Lane.BULK: Size(batch=500, batches=2),
}


class LaneWorker:
    """Carries one lane. Each lane has a worker of its own in every process, and none waits for another."""

    def __init__(
        self,
        lane: Lane,
        *,
        streams: Streams,
        outbox: OutboxStore,
        deliver: Deliver,
        meter: CarryMeter,
        away: tuple[type[Exception], ...],
        clock: Clock,
        size: Size | None = None,
        most: int = 5,
    ) -> None:
        self._lane = lane
        self._streams = streams
        self._outbox = outbox
        self._deliver = deliver
        self._meter = meter
        self._away = away
        self._clock = clock
        self._size = size or SIZES[lane]
        self._most = most
        self._slots = asyncio.Semaphore(self._size.batches)
        self._batches: set[asyncio.Task[None]] = set()
        self._held: dict[bytes, str] = {}
        self._stopping = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Carry until ``stopping`` is set, then finish the batches under way."""
        self._stopping = stopping
        beating = asyncio.create_task(self._beat())
        pause = 0.0
        try:
            while not stopping.is_set():
                try:
                    await asyncio.sleep(pause)
                    # Again after each failure: it may have been that Redis has forgotten the group.
                    await self._streams.open(self._lane)
                    while not stopping.is_set():
                        await self._turn()
                        pause = 0.0
                except Exception as failure:  # noqa: BLE001  any store may fail in any way; the entries wait
                    pause = min(2.0, pause * 2 or 0.1)
                    _log.warning("lane %s is not read: %s", self._lane, type(failure).__name__)
            if self._batches:
                await asyncio.wait(self._batches)
        finally:
            for task in (beating, *self._batches):
                task.cancel()

    async def _turn(self) -> None:
        """Start one batch, of orphans if there are any: looked for each time, also when nothing is new."""
        await self._slots.acquire()
        entries: Sequence[Entry] = ()
        try:
            entries = await self._orphans()
            suspect = bool(entries) and entries[0].suspect
            if suspect:
                # Nothing else is begun meanwhile: if this process dies of it, it is the one to be counted.
                await self._carry(entries)
                entries = ()
            if not entries:
                block = None if suspect else _BLOCK_MS
                entries = await self._streams.read(self._lane, largest=self._size.batch, block_ms=block)
        finally:
            if not entries:
                self._slots.release()
        if entries:
            batch = asyncio.create_task(self._carry(entries))
            self._batches.add(batch)
            batch.add_done_callback(self._carried)

    async def _orphans(self) -> Sequence[Entry]:
        entries = await self._streams.orphans(self._lane, largest=self._size.batch)
        if entries:
            self._meter.again(self._lane, "orphaned", len(entries))
        return entries

    def _carried(self, batch: asyncio.Task[None]) -> None:
        self._batches.discard(batch)
        self._slots.release()

    async def _carry(self, entries: Sequence[Entry]) -> None:
        self._held |= {entry.id: entry.key for entry in entries}
        try:
            await self._see_to(entries)
        except Exception as failure:  # noqa: BLE001  whatever it is, the entries stay, and are claimed again
            _log.warning("lane %s: a batch is left pending: %s", self._lane, type(failure).__name__)
        finally:
            for entry in entries:
                self._held.pop(entry.id, None)

    async def _see_to(self, entries: Sequence[Entry]) -> None:
        found = await self._through(lambda: self._outbox.relayed([entry.key for entry in entries]))
        # What is no longer waiting, or waits for a later try, has only its entry left.
        current = {e.key: e for e in entries if (it := found.get(e.key)) and it.tries == e.tries}
        intents = {key: found[key] for key in current}
        outcomes = await self._outcomes(intents, current)
        at = self._clock()
        await self._through(lambda: self._outbox.settle(intents, outcomes, at=at))
        self._count(intents, outcomes, at)
        settled = {outcome.key for outcome in outcomes}
        over = [e.id for e in entries if e.key not in current or e.key in settled]
        if over:
            await self._through(lambda: self._streams.drop(self._lane, over))

    async def _outcomes(
        self, intents: Mapping[str, Intent], entries: Mapping[str, Entry]
    ) -> Sequence[Outcome]:
        worn = [key for key, entry in entries.items() if entry.deliveries > self._most]
        outcomes = [Outcome(key=key, dead="every worker died of it") for key in worn]
        rest = [intent for key, intent in intents.items() if key not in worn]
        if rest:
            last = {key for key, entry in entries.items() if entry.deliveries == self._most}
            outcomes += [each for each in await self._delivered(rest, last) if each.key in intents]
        return outcomes

    async def _delivered(self, intents: Sequence[Intent], last: set[str]) -> Sequence[Outcome]:
        """What became of ``intents``; of what cannot be delivered nothing, until the ``last`` time."""
        try:
            return await self._through(lambda: self._deliver(intents))
        except self._away:
            raise
        except Exception as failure:  # noqa: BLE001  a deliverer may choke on a message in any way
            if len(intents) > 1:
                alone = await asyncio.gather(*(self._delivered([intent], last) for intent in intents))
                return [outcome for outcomes in alone for outcome in outcomes]
            (intent,) = intents
            _log.warning("intent %s is not delivered: %s", intent.id, type(failure).__name__)
            return [Outcome(key=intent.id, dead=type(failure).__name__)] if intent.id in last else []

    async def _through(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """What ``ask`` answers once the stores do: an outage is no message's fault and counts for none."""
        pause = 0.1
        while True:
            try:
                return await ask()
            except self._away as failure:
                if self._stopping.is_set():
                    raise
                _log.info("lane %s waits: %s", self._lane, type(failure).__name__)
                await asyncio.sleep(pause)
                pause = min(2.0, pause * 2)

    async def _beat(self) -> None:
        """Keep what is under way from being claimed, and from being sent again."""
        while True:
            await asyncio.sleep(self._streams.orphaned_after.total_seconds() / 3)
            try:
                if self._held:
                    await self._streams.keep(self._lane, list(self._held))
                    await self._outbox.keep(list(self._held.values()), at=self._clock())
            except Exception as failure:  # noqa: BLE001  a beat missed is made up for by the next
                _log.info("lane %s: a heartbeat is missed: %s", self._lane, type(failure).__name__)

    def _count(self, intents: Mapping[str, Intent], outcomes: Sequence[Outcome], at: datetime) -> None:
        for outcome in outcomes:
            if outcome.done is not None:
                self._meter.done(self._lane, (at - intents[outcome.key].not_before).total_seconds())
            elif outcome.dead is not None:
                self._meter.dead(self._lane)

"""Notices under way in tests: intents, a way for them on real servers, and somebody who delivers them."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pymongo import UpdateOne
from redis.asyncio import Redis

from bff.platform.mongo import MONGO_OUTAGES, Database
from bff.platform.redis import REDIS_OUTAGES, ScriptRunner
from push.models import Intent, IntentState, Lane, Topic
from push.outbox import Relay
from push.ports import Deliver, Outcome
from push.rules.keys import intent_key
from push.store.outbox import OutboxStore
from push.store.streams import Streams
from push.worker import SIZES, LaneWorker, Size


def now() -> datetime:
    return datetime.now(UTC)


def intent(
    number: int,
    *,
    lane: Lane = Lane.NORMAL,
    due: timedelta = timedelta(),
    useful: timedelta = timedelta(hours=1),
) -> Intent:
    """The ``number``-th: one resident, one thing, due as long after now."""
    at = now()
    return Intent(
        id=intent_key("rule", f"subject-{number}", f"item-{number}", "due", f"resident-{number}"),
        addressee=f"resident-{number}",
        topic=Topic.VACCINATION,
        lane=lane,
        template="vaccination-due",
        values=b"",
        rule="rule",
        item=f"item-{number}",
        milestone="due",
        created_at=at,
        not_before=at + due,
        useful_until=at + useful,
    )


class Recorder:
    """Delivers into a collection, each intent once, and says there how often it was asked to."""

    def __init__(self, mongo: Database) -> None:
        self._delivered = mongo["delivered"]

    async def __call__(self, intents: Sequence[Intent]) -> Sequence[Outcome]:
        useful = [each.id for each in intents if each.useful_until > now()]
        if useful:
            asked = [UpdateOne({"_id": key}, {"$inc": {"asked": 1}}, upsert=True) for key in useful]
            await self._delivered.bulk_write(asked, ordered=False)
        return [Outcome(key=each.id, done="inbox" if each.id in useful else None) for each in intents]

    async def asked(self) -> dict[str, int]:
        return {each["_id"]: each["asked"] async for each in self._delivered.find()}


class Counts:
    """What the operators would see."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.deepest = 0
        self.dead_letters = 0
        self.carried_again: Counter[str] = Counter()

    def backlog(self, lane: Lane, entries: int) -> None:
        self.deepest = max(self.deepest, entries)

    def done(self, lane: Lane, seconds: float) -> None:
        self.seconds.append(seconds)

    def dead(self, lane: Lane) -> None:
        self.dead_letters += 1

    def again(self, lane: Lane, why: Literal["lost", "orphaned"], count: int) -> None:
        self.carried_again[why] += count


class Way:
    """What one process has of the way from the outbox to ``deliver``, with times that suit a test."""

    def __init__(
        self,
        mongo: Database,
        redis: Redis,
        deliver: Deliver,
        *,
        orphaned_after: timedelta = timedelta(seconds=0.6),
        again_after: timedelta = timedelta(minutes=2),
        deepest: int = 20_000,
        most: int = 5,
        sizes: dict[Lane, Size] = SIZES,
    ) -> None:
        self.counts = Counts()
        self.outbox = OutboxStore(mongo["push_outbox"])
        self.streams = Streams(
            redis,
            ScriptRunner(redis),
            consumer=secrets.token_hex(4),
            orphaned_after=orphaned_after,
            lead_for=timedelta(seconds=0.5),
        )
        self.relay = Relay(
            outbox=self.outbox,
            streams=self.streams,
            meter=self.counts,
            clock=now,
            chance=secrets.token_bytes,
            again_after=again_after,
            deepest=deepest,
        )
        self.workers = [
            LaneWorker(
                lane,
                streams=self.streams,
                outbox=self.outbox,
                deliver=deliver,
                meter=self.counts,
                away=(*MONGO_OUTAGES, *REDIS_OUTAGES),
                clock=now,
                size=sizes[lane],
                most=most,
            )
            for lane in Lane
        ]

    async def run(self, stopping: asyncio.Event, *, relay: bool = True, workers: bool = True) -> None:
        parts: list[Relay | LaneWorker] = [self.relay] if relay else []
        if workers:
            parts += self.workers
        await asyncio.gather(*(each.run(stopping) for each in parts))

    @asynccontextmanager
    async def running(self, *, relay: bool = True, workers: bool = True) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        task = asyncio.create_task(self.run(stopping, relay=relay, workers=workers))
        try:
            yield
        finally:
            stopping.set()
            await task


async def states(mongo: Database) -> dict[IntentState, int]:
    """How many intents are in which state."""
    counted = mongo["push_outbox"].aggregate([{"$group": {"_id": "$state", "count": {"$sum": 1}}}])
    return {IntentState(each["_id"]): each["count"] async for each in counted}


async def settled(mongo: Database, state: IntentState, count: int, *, within: float = 30) -> None:
    """Return once ``count`` intents are in ``state``."""

    async def there() -> bool:
        return (await states(mongo)).get(state, 0) == count

    try:
        await until(there, within=within)
    except TimeoutError:
        raise AssertionError(await states(mongo)) from None


async def until(true: Callable[[], Any], *, within: float = 30) -> None:
    """Return once ``true`` says so."""
    async with asyncio.timeout(within):
        while not await true():
            await asyncio.sleep(0.02)


async def left(redis: Redis) -> int:
    """How many entries are on any stream, or with any worker."""
    count = 0
    for lane in Lane:
        stream = f"{{push}}:{lane}"
        count += await redis.xlen(stream)
        for group in await redis.xinfo_groups(stream) if await redis.exists(stream) else []:
            count += group["pending"]
    return count


async def drained(redis: Redis) -> None:
    """Return once no stream carries anything: an outcome is kept a moment before its entry leaves."""

    async def empty() -> bool:
        return await left(redis) == 0

    await until(empty)

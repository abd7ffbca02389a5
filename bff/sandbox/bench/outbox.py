"""Notices from the outbox to the inbox, by relay and workers of one process, on databases of their own.

All are due at the start, and the time runs until the last is settled; whoever delivers writes the inbox and
asks no provider. The floor is the inbox alone, written in batches of the same size.
"""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from bff.platform.mongo import MONGO_OUTAGES, Database, database, open_mongo
from bff.platform.redis import REDIS_OUTAGES, ScriptRunner, open_redis
from bff.sandbox.bench.figures import OUTBOX_ROW, Round, Sample, Who
from bff.sandbox.servers import EmbeddedServers, start_servers
from push.models import Intent, Lane, Topic
from push.outbox import LARGEST, Relay
from push.ports import Outcome
from push.rules.keys import intent_key
from push.store.outbox import OutboxStore
from push.store.streams import Streams
from push.worker import SIZES, LaneWorker

_A_SECOND: Final = 10_000
_SEALED: Final = bytes(160)
_PATIENCE_SECONDS: Final = 120.0


def measure(seconds: float) -> Round:
    """One round; as many notices as should be done in ``seconds``."""
    with (
        tempfile.TemporaryDirectory(prefix="suishen-bench-", ignore_cleanup_errors=True) as folder,
        start_servers(Path(folder)) as servers,
    ):
        import uvloop

        # The loop a worker runs on.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_measure(servers, max(LARGEST, int(_A_SECOND * seconds))))


async def _measure(servers: EmbeddedServers, count: int) -> Round:
    client, redis = open_mongo(servers.mongo_url), open_redis(servers.redis_url)
    try:
        mongo = database(client, "bench")
        floor = await _floor(_Inbox(mongo, "floor"), _intents(count))
        streams = Streams(redis, ScriptRunner(redis), consumer="bench")
        return {(Who.FLOOR, OUTBOX_ROW): floor, (Who.OURS, OUTBOX_ROW): await _ours(mongo, streams, count)}
    finally:
        await redis.aclose()
        client.close()


async def _floor(inbox: "_Inbox", intents: Sequence[Intent]) -> Sample:
    await inbox.ensure_indexes()
    size = SIZES[Lane.NORMAL]
    batches = iter([intents[at : at + size.batch] for at in range(0, len(intents), size.batch)])

    async def write() -> None:
        for batch in batches:
            await inbox(batch)

    start = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(size.batches)))
    return Sample(rate=len(intents) / (time.perf_counter() - start), answered=len(intents))


async def _ours(mongo: Database, streams: Streams, count: int) -> Sample:
    outbox, inbox, tally = OutboxStore(mongo["push_outbox"]), _Inbox(mongo, "inbox"), _Tally(count)
    await outbox.ensure_indexes()
    await inbox.ensure_indexes()
    intents = _intents(count)
    for at in range(0, count, LARGEST):
        await outbox.add(intents[at : at + LARGEST])
    stopping = asyncio.Event()
    parts: list[Relay | LaneWorker] = [
        Relay(outbox=outbox, streams=streams, meter=tally, clock=_now, chance=secrets.token_bytes),
        *(
            LaneWorker(
                lane,
                streams=streams,
                outbox=outbox,
                deliver=inbox,
                meter=tally,
                away=(*MONGO_OUTAGES, *REDIS_OUTAGES),
                clock=_now,
            )
            for lane in Lane
        ),
    ]
    start = time.perf_counter()
    running = asyncio.gather(*(each.run(stopping) for each in parts))
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await tally.all_done.wait()
        took = time.perf_counter() - start
    finally:
        stopping.set()
        await running
    shown = await inbox.count()
    return Sample(
        rate=count / took,
        answered=count,
        errors=abs(shown - count),
        complaint="" if shown == count else f"{shown} of {count} in the inbox",
    )


class _Inbox:
    """Who delivers: a document a notice, under its own key."""

    def __init__(self, mongo: Database, name: str) -> None:
        self._notices = mongo[name]

    async def ensure_indexes(self) -> None:
        await self._notices.create_index([("resident", 1), ("at", -1)])

    async def __call__(self, intents: Sequence[Intent]) -> Sequence[Outcome]:
        notices: list[dict[str, Any]] = [
            {"_id": each.id, "resident": each.addressee, "topic": each.topic, "at": each.created_at}
            | {"sealed": each.values, "unread": True}
            for each in intents
        ]
        await self._notices.insert_many(notices, ordered=False)
        return [Outcome(key=each.id, done="inbox") for each in intents]

    async def count(self) -> int:
        return await self._notices.count_documents({})


class _Tally:
    """Counts until everything is done."""

    def __init__(self, count: int) -> None:
        self.all_done = asyncio.Event()
        self._left = count

    def backlog(self, lane: Lane, entries: int) -> None:
        pass

    def done(self, lane: Lane, seconds: float) -> None:
        del lane, seconds
        self._left -= 1
        if not self._left:
            self.all_done.set()

    def dead(self, lane: Lane) -> None:
        pass

    def again(self, lane: Lane, why: Literal["lost", "orphaned"], count: int) -> None:
        pass


def _intents(count: int) -> list[Intent]:
    at = _now()
    return [
        Intent(
            id=intent_key("bench", f"{number}", "item", "due", f"{number}"),
            addressee=f"{number:032x}",
            topic=Topic.VACCINATION,
            lane=Lane.NORMAL,
            template="vaccination-due",
            values=_SEALED,
            rule="bench",
            item=f"item-{number}",
            milestone="due",
            created_at=at,
            not_before=at,
            useful_until=at + timedelta(days=1),
        )
        for number in range(count)
    ]


def _now() -> datetime:
    return datetime.now(UTC)

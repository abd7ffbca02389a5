"""Receipts in a real MongoDB: told before we know the name of a message, and told twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bff.platform.coalesce import together
from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner
from push.awaited import Awaited
from push.ports import Receipt
from push.receipts import Receipts
from push.store.arrivals import Arrivals
from push.store.attempts import AttemptStore
from push.store.awaited import AwaitedCounts, Silence
from push.store.receipts import ReceiptStore

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = T0 + timedelta(days=90)


def receipt(reference: str, *, delivered: bool = True, minutes: int = 0) -> Receipt:
    at = T0 + timedelta(minutes=minutes)
    return Receipt(
        channel="wechat", reference=reference, delivered=delivered, code="" if delivered else "43101", at=at
    )


async def test_what_was_told_first_counts_however_often_it_is_told(mongo_database: Database) -> None:
    store = ReceiptStore(mongo_database["push_receipts"])
    await store.ensure_indexes()

    await asyncio.gather(*(store.add(receipt("m1"), told_at=T0, expires_at=LATER) for _ in range(20)))
    await store.add(receipt("m1", delivered=False), told_at=T0, expires_at=LATER)
    await store.add(receipt("m2", delivered=False, minutes=-1), told_at=T0, expires_at=LATER)

    found = await store.of([("wechat", "m1"), ("wechat", "m2"), ("alipay", "m1"), ("wechat", "m3")])
    assert list(found) == [receipt("m2", delivered=False, minutes=-1), receipt("m1")]


async def test_what_was_taken_and_never_heard_of_is_counted_a_day_later(
    mongo_database: Database, redis: Redis
) -> None:
    shown: dict[str, Silence] = {}
    now = [T0]
    counts = AwaitedCounts(redis)
    workers = [
        Awaited(counts, channels=["sms", "wechat"], show=shown.__setitem__, clock=lambda: now[0])
        for _ in range(2)
    ]
    receipts = ReceiptStore(mongo_database["push_receipts"])
    attempts = AttemptStore(mongo_database["push_attempts"], together)
    hear = Receipts(
        store=receipts,
        attempts=attempts,
        intent=_no_intent,
        arrivals=Arrivals(ScriptRunner(redis)),
        awaited=counts,
        kept_for=timedelta(days=90),
        clock=lambda: now[0],
    )
    for worker in workers:
        for channel in ("wechat", "wechat", "wechat", "sms", "inbox"):
            worker.taken(channel)
        await worker.once()
    for told in (receipt("m1", minutes=1), receipt("m1", minutes=2), receipt("m2", delivered=False)):
        await hear.take(told)
    assert shown == {"sms": Silence(), "wechat": Silence()}
    now[0] = T0 + timedelta(hours=25)
    workers[0].taken("sms")
    await asyncio.gather(*(worker.once() for worker in workers))
    assert shown == {"sms": Silence(taken=2, unheard=2), "wechat": Silence(taken=6, unheard=4)}
    now[0] = T0 + timedelta(hours=50)
    await workers[0].once()
    assert shown == {"sms": Silence(taken=1, unheard=1), "wechat": Silence()}
    assert all([await redis.pttl(key) > 0 for key in await redis.keys("push:awaited:*")])


async def test_what_could_not_be_told_while_redis_was_away_is_told_with_the_next(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise ConnectionError

    shown: dict[str, Silence] = {}
    now = [T0]
    counts = AwaitedCounts(redis)
    worker = Awaited(counts, channels=["sms"], show=shown.__setitem__, clock=lambda: now[0])
    worker.taken("sms")
    with monkeypatch.context() as patch:
        patch.setattr(counts, "taken", away)
        with pytest.raises(ConnectionError):
            await worker.once()
    worker.taken("sms")
    stopping = asyncio.Event()
    stopping.set()
    await worker.run(stopping)
    now[0] = T0 + timedelta(hours=25)
    await worker.once()
    assert shown == {"sms": Silence(taken=2, unheard=2)}


async def _no_intent(_: str) -> None:
    return None

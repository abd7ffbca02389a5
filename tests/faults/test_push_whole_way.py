"""The whole way of notices at once: workers are killed, Redis forgets everything, and each is told once."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from redis.asyncio import Redis

from bff.platform.mongo import Database, database, open_mongo
from bff.platform.outbound import Outbound
from bff.platform.redis import open_redis
from bff.sandbox.servers import embedded_servers
from push.models import IntentState
from push.store.outbox import OutboxStore
from tests.carrying import settled
from tests.faults.carrying_delivery import resident
from tests.push_world import Provider, PushWorld

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
ROOT: Final = Path(__file__).parents[2]
COUNT: Final = 400


@asynccontextmanager
async def worker(
    environ: dict[str, str], wechat: Provider, sms: Provider
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that carries; killed at the end of the block if not before."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.carrying_delivery", str(COUNT), wechat.url, sms.url),
        cwd=ROOT,
        env=os.environ | environ,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def calls(provider: Provider, count: int) -> None:
    async with asyncio.timeout(60):
        while len(provider.calls) < count:
            await asyncio.sleep(0.01)


async def test_killed_workers_and_a_redis_that_lost_everything_cost_no_notice_and_make_no_double(
    mongo_database: Database, redis: Redis, environ: dict[str, str]
) -> None:
    outbox = OutboxStore(mongo_database["push_outbox"])
    await outbox.ensure_indexes()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(Outbound.open())
        wechat, sms = [await stack.enter_async_context(Provider.open()) for _ in range(2)]
        world = PushWorld(mongo_database, redis, http)
        world.clock.now = datetime.now(UTC)
        intents = [world.intent("one", resident=resident(number)) for number in range(COUNT)]
        wechat.takes_seconds = 0.2
        await outbox.add(intents)
        first, second = [await stack.enter_async_context(worker(environ, wechat, sms)) for _ in range(2)]
        await calls(wechat, COUNT // 4)
        first.send_signal(signal.SIGKILL)
        await calls(wechat, COUNT // 2)
        await redis.flushall()
        second.send_signal(signal.SIGKILL)
        for _ in range(2):
            await stack.enter_async_context(worker(environ, wechat, sms))
        # Whoever was calling is given time to say so: half a minute.
        await settled(mongo_database, IntentState.DONE, COUNT, within=120)

    keys = {intent.id for intent in intents}
    assert {notice["_id"] async for notice in mongo_database["push_inbox"].find()} == keys
    assert Counter(wechat.keys).most_common(1)[0][1] == 1
    assert Counter(sms.keys).keys() <= {
        attempt["key"]
        async for attempt in mongo_database["push_attempts"].find({"channel": "wechat", "state": "unknown"})
    }
    assert sms.calls, "nobody was killed while calling"
    assert max(Counter(sms.keys).values()) == 1
    assert set(wechat.keys) | set(sms.keys) == keys


async def test_a_mongodb_killed_under_it_costs_no_notice_and_makes_no_double(
    environ: dict[str, str], tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(embedded_servers(tmp_path / "own"))
        own = environ | {"SUISHEN_MONGO_URL": servers.mongo_url, "SUISHEN_REDIS_URL": servers.redis_url}
        client = open_mongo(servers.mongo_url)
        stack.callback(client.close)
        mongo = database(client, own["SUISHEN_MONGO_DATABASE"])
        redis = open_redis(servers.redis_url)
        stack.push_async_callback(redis.aclose)
        http = await stack.enter_async_context(Outbound.open())
        wechat, sms = [await stack.enter_async_context(Provider.open()) for _ in range(2)]
        world = PushWorld(mongo, redis, http)
        world.clock.now = datetime.now(UTC)
        outbox = OutboxStore(mongo["push_outbox"])
        await outbox.ensure_indexes()
        wechat.takes_seconds = 0.2
        await outbox.add([world.intent("one", resident=resident(number)) for number in range(COUNT)])
        for _ in range(2):
            await stack.enter_async_context(worker(own, wechat, sms))
        await calls(wechat, COUNT // 4)
        await asyncio.to_thread(servers.kill_mongo)
        await asyncio.sleep(4)
        await asyncio.to_thread(servers.start_mongo)
        await settled(mongo, IntentState.DONE, COUNT, within=120)

        keys = {document["_id"] async for document in mongo["push_outbox"].find({}, {"_id": 1})}
        assert {notice["_id"] async for notice in mongo["push_inbox"].find()} == keys
        unknown = mongo["push_attempts"].find({"channel": "wechat", "state": "unknown"})
        assert set(sms.keys) <= {attempt["key"] async for attempt in unknown}
    assert len(keys) == COUNT
    assert max(Counter(wechat.keys).values()) == 1
    assert max([0, *Counter(sms.keys).values()]) <= 1
    assert set(wechat.keys) | set(sms.keys) == keys

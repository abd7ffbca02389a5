"""The whole way of notices at once: workers are killed, Redis forgets everything, and each is told once."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from pymongo import MongoClient, ReadPreference
from redis.asyncio import Redis

from bff.platform.mongo import Database, database, open_mongo
from bff.platform.outbound import Outbound
from bff.platform.redis import open_redis
from bff.sandbox.engines import Mongod, find_mongod, free_port
from bff.sandbox.servers import EmbeddedServers, embedded_servers
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
    environ: dict[str, str], wechat: Provider, sms: Provider, *, call_seconds: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that carries; killed at the end of the block if not before."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.carrying_delivery", str(COUNT), wechat.url, sms.url),
        str(call_seconds),
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
        first, second = [
            await stack.enter_async_context(worker(environ, wechat, sms, call_seconds=12)) for _ in range(2)
        ]
        await calls(wechat, COUNT // 4)
        first.send_signal(signal.SIGKILL)
        await calls(wechat, COUNT // 2)
        await redis.flushall()
        second.send_signal(signal.SIGKILL)
        for _ in range(2):
            await stack.enter_async_context(worker(environ, wechat, sms, call_seconds=12))
        # Whoever was calling is given time to say so: eighteen seconds here.
        await settled(mongo_database, IntentState.DONE, COUNT, within=120)

    keys = {intent.id for intent in intents}
    assert {notice["_id"] async for notice in mongo_database["push_inbox"].find()} == keys
    assert Counter(wechat.keys).most_common(1)[0][1] == 1
    # Whom a breaker passed over, where the machine was busy, WeChat never heard of.
    assert set(sms.keys) & set(wechat.keys) <= {
        attempt["key"]
        async for attempt in mongo_database["push_attempts"].find({"channel": "wechat", "state": "unknown"})
    }
    assert sms.calls, "nobody was killed while calling"
    assert max(Counter(sms.keys).values()) == 1
    assert set(wechat.keys) | set(sms.keys) == keys


async def told_once(
    mongo_url: str, redis_url: str, environ: dict[str, str], harm: Callable[[], Awaitable[None]]
) -> None:
    """Notices on their way while ``harm`` comes to MongoDB: each is told, and none twice."""
    async with AsyncExitStack() as stack:
        own = environ | {"SUISHEN_MONGO_URL": mongo_url, "SUISHEN_REDIS_URL": redis_url}
        client = open_mongo(mongo_url)
        stack.callback(client.close)
        mongo = database(client, own["SUISHEN_MONGO_DATABASE"])
        redis = open_redis(redis_url)
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
            await stack.enter_async_context(worker(own, wechat, sms, call_seconds=20))
        await calls(wechat, COUNT // 4)
        await harm()
        await settled(mongo, IntentState.DONE, COUNT, within=120)

        keys = {document["_id"] async for document in mongo["push_outbox"].find({}, {"_id": 1})}
        assert {notice["_id"] async for notice in mongo["push_inbox"].find()} == keys
        unknown = mongo["push_attempts"].find({"channel": "wechat", "state": "unknown"})
        assert set(sms.keys) & set(wechat.keys) <= {attempt["key"] async for attempt in unknown}
    assert len(keys) == COUNT
    assert max(Counter(wechat.keys).values()) == 1
    assert max([0, *Counter(sms.keys).values()]) <= 1
    assert set(wechat.keys) | set(sms.keys) == keys


async def test_a_mongodb_killed_under_it_costs_no_notice_and_makes_no_double(
    environ: dict[str, str], tmp_path: Path
) -> None:
    async with embedded_servers(tmp_path / "own") as servers:

        async def harm() -> None:
            await asyncio.to_thread(servers.kill_mongo)
            await asyncio.sleep(4)
            await asyncio.to_thread(servers.start_mongo)

        await told_once(servers.mongo_url, servers.redis_url, environ, harm)


class Three:
    """Three mongods that are one set, and lose their primary when told to."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        engine = Mongod(find_mongod())
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}
        for number in range(3):
            port, place = free_port(), folder / f"mongo-{number}"
            place.mkdir(parents=True)
            process = subprocess.Popen(engine.command(place, port), stdout=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            self._nodes[f"127.0.0.1:{port}"] = process
        members = [{"_id": number, "host": address} for number, address in enumerate(self._nodes)]
        # A city waits ten seconds before it holds an election; a test has less time.
        settings = {"electionTimeoutMillis": 2_000, "heartbeatIntervalMillis": 500}
        config = {"_id": "suishen", "members": members, "settings": settings}
        # A set is begun only where all of its members answer, so the first is asked last.
        for address in reversed(self._nodes):
            with self._client(f"mongodb://{address}/?directConnection=true") as one:
                one.admin.command("ping")
                if address == members[0]["host"]:
                    one.admin.command("replSetInitiate", config)
        self.url = f"mongodb://{','.join(self._nodes)}/?replicaSet=suishen"
        self.primary()

    def primary(self) -> str:
        """The address of the one that takes writes; waits until there is one."""
        with self._client(self.url) as everyone:
            everyone.admin.command("ping", read_preference=ReadPreference.PRIMARY)
            host, port = everyone.primary or ("", 0)
        return f"{host}:{port}"

    def kill_primary(self) -> str:
        """Kill it at once (SIGKILL); the address of the one the others elect."""
        self._nodes[self.primary()].kill()
        return self.primary()

    @staticmethod
    def _client(url: str) -> MongoClient[dict[str, Any]]:
        return MongoClient(url, serverSelectionTimeoutMS=30_000)


async def test_an_election_under_it_costs_no_notice_and_makes_no_double(
    environ: dict[str, str], tmp_path: Path, servers: EmbeddedServers, redis: Redis
) -> None:
    with ExitStack() as stack:
        three = await asyncio.to_thread(Three, tmp_path / "three", stack)
        before = three.primary()
        elected: list[str] = []

        async def harm() -> None:
            elected.append(await asyncio.to_thread(three.kill_primary))

        await told_once(three.url, servers.redis_url, environ, harm)
    assert elected
    assert elected != [before]

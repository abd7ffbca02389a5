"""Scripts survive restarts, and with replicas asked for, nothing is answered that only one machine has."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from bff.platform.redis import ScriptRunner, open_redis
from bff.sandbox.engines import find_valkey, free_port
from bff.sandbox.servers import EmbeddedServers

PUT = "return redis.call('SET', KEYS[1], ARGV[1])"


async def test_a_script_the_server_forgot_is_sent_again(redis: Redis) -> None:
    run = ScriptRunner(redis)
    await run(PUT, ["k"], ["1"])
    await redis.script_flush()
    await run(PUT, ["k"], ["2"])
    assert await redis.get("k") == b"2"


async def test_one_failing_script_fails_alone(redis: Redis) -> None:
    run = ScriptRunner(redis)
    good, bad = run(PUT, ["k"], ["1"]), run("return redis.call('NOSUCH')", ["k"])
    assert await good in {b"OK", "OK"}
    with pytest.raises(ResponseError):
        await bad


async def test_what_no_replica_has_is_not_answered(redis: Redis) -> None:
    with pytest.raises(RedisConnectionError):
        await ScriptRunner(redis, replicas=1)(PUT, ["k"], ["1"])


@pytest.fixture
def replica(servers: EmbeddedServers, tmp_path: Path) -> Iterator[int]:
    """A second Valkey that follows the first; its port."""
    first, port = urlsplit(servers.redis_url).port, free_port()
    command = [str(find_valkey()), "--port", str(port), "--replicaof", f"127.0.0.1 {first}", "--save", ""]
    with subprocess.Popen([*command, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL) as running:
        yield port
        running.kill()


async def test_what_is_answered_the_replica_has(redis: Redis, replica: int) -> None:
    run = ScriptRunner(redis, replicas=1)
    for attempt in range(100):
        try:
            await run(PUT, ["k"], [f"{attempt}"])
            break
        except RedisConnectionError:  # still copying
            continue
    async with Redis(port=replica) as second:
        for number in range(50):
            await run(PUT, ["k"], [f"n{number}"])
            assert await second.get("k") == f"n{number}".encode()


async def test_more_callers_than_connections_wait_their_turn(redis: Redis) -> None:
    url = "redis://{host}:{port}/{db}".format(**redis.connection_pool.connection_kwargs)
    few = open_redis(url, connections=4)
    try:
        assert await asyncio.gather(*(few.incr("test:count") for _ in range(300)))
        assert int(await redis.get("test:count") or 0) == 300
    finally:
        await few.aclose()

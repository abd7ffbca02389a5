"""The drain loses nothing and leaves nothing, whenever it dies."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from redis.asyncio import Redis

from bff.platform.drain import Drain, Entries

STREAM = "test:events"


class Sink:
    """Takes entries, and fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.taken: list[bytes] = []

    async def __call__(self, entries: Entries) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.taken += entries


async def put(redis: Redis, count: int) -> list[bytes]:
    entries = [b"%d" % number for number in range(count)]
    for entry in entries:
        await redis.xadd(STREAM, {"e": entry})
    return entries


def drain(redis: Redis, sink: Sink, consumer: str = "one", orphaned_after_ms: int = 0) -> Drain:
    return Drain(redis, STREAM, sink, consumer=consumer, largest=10, orphaned_after_ms=orphaned_after_ms)


async def run_until(condition: Callable[[], bool], *drains: Drain) -> None:
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(each.run(stopping)) for each in drains]
    for _ in range(500):
        if condition():
            break
        await asyncio.sleep(0.02)
    stopping.set()
    await asyncio.gather(*tasks)
    assert condition()


async def test_entries_arrive_in_order_and_leave_the_stream(redis: Redis) -> None:
    entries, sink = await put(redis, 35), Sink()
    await run_until(lambda: len(sink.taken) == 35, drain(redis, sink))
    assert sink.taken == entries
    assert await redis.xlen(STREAM) == 0


async def test_a_failing_store_delays_entries_and_loses_none(redis: Redis) -> None:
    entries, sink = await put(redis, 15), Sink(failures=3)
    await run_until(lambda: len(set(sink.taken)) == 15, drain(redis, sink))
    assert set(sink.taken) == set(entries)
    assert await redis.xlen(STREAM) == 0


async def test_what_a_dead_drain_had_read_another_moves(redis: Redis) -> None:
    await put(redis, 5)
    await redis.xgroup_create(STREAM, "drain", id="0")
    read = await redis.xreadgroup("drain", "dead", {STREAM: ">"}, count=10)
    assert read
    sink = Sink()
    await run_until(lambda: len(sink.taken) == 5, drain(redis, sink, "alive"))
    assert await redis.xlen(STREAM) == 0


async def test_two_drains_share_and_every_entry_arrives(redis: Redis) -> None:
    entries, sink = await put(redis, 60), Sink()
    both = [drain(redis, sink, name, orphaned_after_ms=60_000) for name in ("one", "two")]
    await run_until(lambda: len(sink.taken) >= 60, *both)
    assert sorted(sink.taken) == sorted(entries)


@pytest.mark.parametrize("count", [0, 1])
async def test_one_batch_says_how_many_it_moved(redis: Redis, count: int) -> None:
    await put(redis, count)
    sink = Sink()
    one = drain(redis, sink)
    await one._open()
    assert await one.once() == count


async def test_an_entry_nobody_can_read_is_laid_aside_and_holds_nobody_up(redis: Redis) -> None:
    taken: list[int] = []

    async def decode(entries: Entries) -> None:
        taken.extend([msgspec.json.decode(entry, type=int) for entry in entries])

    for entry in (b"1", b"{not json", b"2", b'"\xff"', b"3"):
        await redis.xadd(STREAM, {"e": entry})
    await run_until(lambda: taken[-1:] == [3], Drain(redis, STREAM, decode, consumer="one"))
    assert taken == [1, 2, 3]
    assert await redis.xlen(STREAM) == 0
    laid_aside = await redis.xrange(f"{STREAM}:dead") or ()
    assert [fields for _, fields in laid_aside] == [{b"e": b"{not json"}, {b"e": b'"\xff"'}]

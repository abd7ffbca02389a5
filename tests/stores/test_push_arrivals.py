"""Whether what is taken arrives: a breaker that receipts open, and that no probe taken at once closes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from redis.asyncio import Redis

from bff.platform.coalesce import together
from bff.platform.redis import ScriptRunner
from push.models import MessageClass
from push.store.arrivals import Arrivals
from push.store.gates import PROVIDER, Breaker, BreakerState, Gate, Gates, Pace, Tolerance

T0: Final = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
SOON: Final = Tolerance(least=3, percent=50, rest=timedelta(milliseconds=100))


@pytest.fixture
def gates(redis: Redis) -> Gates:
    return Gates(ScriptRunner(redis), {}, Pace(per_second=1_000_000), together=together)


@pytest.fixture
def arrivals(redis: Redis) -> Arrivals:
    return Arrivals(ScriptRunner(redis), SOON)


async def ask(gates: Gates) -> Gate:
    return await gates.ask("sms", "t", MessageClass.SERVICE)


async def miss(arrivals: Arrivals, *people: str, seconds: float = 0) -> list[bool]:
    """Nothing sent so long after the hour arrives at ``people``."""
    at = T0 + timedelta(seconds=seconds)
    return [
        await arrivals.missed("sms", who=who, sent_at=at, now=at + timedelta(seconds=1)) for who in people
    ]


async def breaker(gates: Gates) -> Breaker:
    return next(each for each in await gates.states(["sms/receipts"]))


async def test_a_gateway_that_takes_everything_and_brings_nothing_is_left_alone(
    gates: Gates, arrivals: Arrivals
) -> None:
    assert await miss(arrivals, "a", "b", "c") == [False, False, True]
    assert (await ask(gates)).reason == "breaker"
    assert (await gates.ask("jpush", "t", MessageClass.SERVICE)).reason == ""
    found = await breaker(gates)
    assert (found.state, found.why, found.calls, found.bad) == (BreakerState.OPEN, "undelivered", 3, 3)


async def test_dead_numbers_do_not_open_it_nor_does_one_phone_however_often(
    redis: Redis, gates: Gates, arrivals: Arrivals
) -> None:
    assert not any(await miss(arrivals, *["a", "b"] * 10))
    for _ in range(4):
        await arrivals.arrived("sms", at=T0)
    assert await miss(arrivals, "c") == [False]  # three of seven
    assert (await ask(gates)).reason == ""
    # And what was told ten minutes ago is forgotten.
    assert 500_000 < await redis.pttl("{push}:breaker:sms/receipts") <= 600_000
    assert 500_000 < await redis.pttl("{push}:breaker:sms/receipts:missed") <= 600_000


async def test_that_a_probe_is_taken_does_not_close_it_and_that_one_arrives_does(
    gates: Gates, arrivals: Arrivals
) -> None:
    await miss(arrivals, "a", "b", "c")
    await asyncio.sleep(0.12)
    probe = await ask(gates)
    assert (probe.reason, probe.probed) == ("", ("sms/receipts",))
    await gates.heard("sms", bad=False, tolerance=PROVIDER)
    assert (await ask(gates)).reason == "breaker"
    # What arrived before it opened is no sign; what arrives now is.
    await arrivals.arrived("sms", at=T0)
    assert (await breaker(gates)).state is BreakerState.HALF_OPEN
    await arrivals.arrived("sms", at=T0 + timedelta(seconds=10))
    assert (await breaker(gates)).state is BreakerState.CLOSED
    assert (await ask(gates)).probed == ()


async def test_a_probe_that_does_not_arrive_opens_it_for_longer_and_what_was_sent_before_says_nothing(
    gates: Gates, arrivals: Arrivals
) -> None:
    await miss(arrivals, "a", "b", "c")
    await asyncio.sleep(0.12)
    assert await miss(arrivals, "d", "e") == [False, False]
    assert await miss(arrivals, "f", seconds=20) == [True]
    assert timedelta(milliseconds=100) < (await ask(gates)).wait <= timedelta(milliseconds=200)


async def test_where_no_receipts_come_any_more_it_closes_by_itself(
    redis: Redis, gates: Gates, arrivals: Arrivals
) -> None:
    await miss(arrivals, "a", "b", "c")
    await asyncio.sleep(0.12)
    await ask(gates)
    left = await redis.pttl("{push}:breaker:sms/receipts")
    assert 500_000 < left <= 600_100
    await redis.pexpire("{push}:breaker:sms/receipts", 1)
    await asyncio.sleep(0.01)
    assert (await ask(gates)).probed == ()
    assert await miss(arrivals, "a", "b") == [False, False]

"""Limits hold across processes, and a refused call is not counted."""

import asyncio

import pytest
from redis.asyncio import Redis

from bff.platform.limits import Limits, Rate, TooManyRequests
from bff.platform.redis import ScriptRunner


def limits(redis: Redis) -> Limits:
    return Limits(ScriptRunner(redis))


async def admitted(attempts: int, *judges: Limits, rate: Rate) -> int:
    calls = (judges[n % len(judges)].admit("g", ("b", rate)) for n in range(attempts))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(result is None or isinstance(result, TooManyRequests) for result in results)
    return results.count(None)


async def test_the_burst_is_admitted_and_not_one_more(redis: Redis) -> None:
    assert await admitted(50, limits(redis), limits(redis), rate=Rate(per_minute=6, burst=10)) == 10


async def test_time_refills_the_bucket(redis: Redis) -> None:
    rate = Rate(per_minute=600, burst=1)
    assert await admitted(3, limits(redis), rate=rate) == 1
    await asyncio.sleep(0.15)
    assert await admitted(3, limits(redis), rate=rate) == 1


async def test_a_refusal_says_how_long_and_counts_in_no_bucket(redis: Redis) -> None:
    judge, narrow, wide = limits(redis), Rate(per_minute=1, burst=1), Rate(per_minute=1, burst=3)
    await judge.admit("g", ("narrow", narrow), ("wide", wide))
    for _ in range(5):
        with pytest.raises(TooManyRequests) as refusal:
            await judge.admit("g", ("narrow", narrow), ("wide", wide))
        assert 1 <= (refusal.value.retry_after or 0) <= 60
    await judge.admit("g", ("wide", wide))
    await judge.admit("g", ("wide", wide))
    with pytest.raises(TooManyRequests):
        await judge.admit("g", ("wide", wide))

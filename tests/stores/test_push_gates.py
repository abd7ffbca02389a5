"""Breakers and paces as Redis keeps them, shared by all who ask."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest
from redis.asyncio import Redis

from bff.platform.coalesce import together
from bff.platform.redis import ScriptRunner
from push.models import MessageClass
from push.rules.caps import Bucket
from push.store.caps import CapStore
from push.store.gates import BreakerState, Gate, Gates, Pace, Tolerance, template_gate

FAST: Final = Pace(per_second=1_000_000)
SOON: Final = Tolerance(
    least=5, percent=50, rest=timedelta(milliseconds=100), longest=timedelta(milliseconds=150)
)
SERVICE: Final = MessageClass.SERVICE


@pytest.fixture
def gates(redis: Redis) -> Gates:
    return Gates(ScriptRunner(redis), {}, FAST, together=together)


async def ask(gates: Gates, template: str = "t") -> Gate:
    return await gates.ask("wechat", template, SERVICE)


async def fail(gates: Gates, times: int) -> list[bool]:
    return [await gates.heard("wechat", bad=True, tolerance=SOON) for _ in range(times)]


async def state(gates: Gates, name: str = "wechat") -> BreakerState:
    return next(each.state for each in await gates.states([name]) if each.name == name)


async def test_it_opens_when_enough_went_wrong_and_stays_so_for_everybody(redis: Redis, gates: Gates) -> None:
    for _ in range(5):
        assert (await ask(gates)).reason == ""
    assert await fail(gates, 5) == [False] * 4 + [True]
    other = Gates(ScriptRunner(redis), {}, FAST, together=together)
    gate = await ask(other)
    assert gate.reason == "breaker"
    assert timedelta(0) < gate.wait <= SOON.rest
    assert not gate.brief


async def test_a_few_of_many_are_borne(gates: Gates) -> None:
    for _ in range(20):
        await ask(gates)
    assert not any(await fail(gates, 9))
    assert await fail(gates, 1) == [True]


async def test_what_went_wrong_a_minute_ago_counts_no_more(redis: Redis, gates: Gates) -> None:
    await ask(gates)
    await fail(gates, 4)
    await redis.hset("{push}:breaker:wechat", "since", "0")
    await ask(gates)
    assert await fail(gates, 1) == [False]


async def test_half_open_one_probe_at_a_time_is_let_through_and_a_good_one_closes_it(gates: Gates) -> None:
    await fail(gates, 5)
    assert await state(gates) is BreakerState.OPEN
    await asyncio.sleep(0.12)
    assert await state(gates) is BreakerState.HALF_OPEN
    asked = await asyncio.gather(*(ask(gates) for _ in range(10)))
    (probe,) = [gate for gate in asked if not gate.reason]
    assert probe.probed == ("wechat",)
    await gates.heard("wechat", bad=False, tolerance=SOON)
    assert await state(gates) is BreakerState.CLOSED
    assert (await ask(gates)).probed == ()


async def test_a_probe_that_fails_opens_it_again_for_longer_but_not_for_ever(gates: Gates) -> None:
    await fail(gates, 5)
    for _ in range(3):
        await asyncio.sleep(0.17)
        assert await fail(gates, 1) == [True]
    gate = await ask(gates)
    assert timedelta(milliseconds=100) < gate.wait <= SOON.longest


async def test_a_good_answer_from_before_it_opened_does_not_close_it(gates: Gates) -> None:
    await fail(gates, 5)
    await gates.heard("wechat", bad=False, tolerance=SOON)
    assert await state(gates) is BreakerState.OPEN


async def test_a_template_is_stopped_by_itself(gates: Gates) -> None:
    name = template_gate("wechat", "broken")
    await gates.pause(name, timedelta(minutes=5), why="40037")
    assert (await ask(gates, "broken")).reason == "breaker"
    assert (await ask(gates, "whole")).reason == ""
    listed = {each.name: each for each in await gates.states(["wechat"])}
    assert (listed[name].state, listed[name].why) == (BreakerState.OPEN, "40037")
    assert listed["wechat"].state is BreakerState.CLOSED


async def test_the_longer_pause_holds(gates: Gates) -> None:
    await gates.pause("wechat", timedelta(hours=1), why="day")
    await gates.pause("wechat", timedelta(minutes=1), why="minute")
    (breaker,) = await gates.states(["wechat"])
    assert breaker.wait > timedelta(minutes=50)
    assert breaker.why == "day"


async def test_what_an_operator_said_goes_before_what_was_counted(gates: Gates) -> None:
    await fail(gates, 5)
    await gates.force("wechat", BreakerState.CLOSED, why="we know")
    assert (await ask(gates)).reason == ""
    await gates.force("wechat", BreakerState.OPEN, why="maintenance")
    assert (await ask(gates)).reason == "stopped"
    await gates.force("wechat", None, why="")
    assert (await ask(gates)).reason == "breaker"


async def test_the_pace_is_kept_by_all_together_and_says_when_to_come_again(redis: Redis) -> None:
    processes = [
        Gates(ScriptRunner(redis), {"wechat": Pace(per_second=10)}, FAST, together=together) for _ in range(3)
    ]
    asked = await asyncio.gather(*(ask(each) for each in processes for _ in range(4)))
    through = [gate for gate in asked if not gate.reason]
    waiting = [gate for gate in asked if gate.reason == "paced"]
    assert len(through) == 2
    assert all(gate.brief for gate in waiting)
    waits = sorted(gate.wait for gate in waiting)
    assert timedelta(0) < waits[0] <= timedelta(milliseconds=101)
    # Those who asked together come back one by one.
    assert len(set(waits)) > 3
    await asyncio.sleep(waits[0].total_seconds())
    assert (await ask(processes[0])).reason == ""


@pytest.mark.parametrize(
    ("asking", "going"),
    [
        # Four may come at once to a provider that is asked twenty times a second, and of marketing two.
        ({MessageClass.MARKETING: 5}, {MessageClass.MARKETING: 2}),
        ({SERVICE: 9}, {SERVICE: 4}),
        ({MessageClass.MARKETING: 5, SERVICE: 9}, {MessageClass.MARKETING: 2, SERVICE: 2}),
        ({SERVICE: 3, MessageClass.MARKETING: 5}, {SERVICE: 3, MessageClass.MARKETING: 1}),
        ({SERVICE: 4, MessageClass.MARKETING: 5}, {SERVICE: 4, MessageClass.MARKETING: 0}),
    ],
)
async def test_marketing_has_at_most_half_of_the_pace_and_both_no_more_than_all_of_it(
    redis: Redis, asking: dict[MessageClass, int], going: dict[MessageClass, int]
) -> None:
    gates = Gates(ScriptRunner(redis), {"wechat": Pace(per_second=20)}, FAST, together=together)
    began = asyncio.get_running_loop().time()
    for kind, count in asking.items():
        asked = await asyncio.gather(*(gates.ask("wechat", "t", kind) for _ in range(count)))
        through = sum(not gate.reason for gate in asked)
        assert all(gate.reason in {"", "paced"} and gate.brief is bool(gate.reason) for gate in asked)
        # A busy machine may take so long that there is room again.
        later = int((asyncio.get_running_loop().time() - began) * 20)
        assert going[kind] <= through <= going[kind] + later


async def test_a_notice_counts_once_in_all_its_buckets_or_in_none(redis: Redis) -> None:
    caps = CapStore(ScriptRunner(redis))
    wide, narrow = Bucket("wide", 5), Bucket("narrow", 2)
    for _ in range(3):
        assert await caps.take("lin", "one", [wide, narrow]) is None
    assert await caps.take("lin", "two", [wide, narrow]) is None
    assert await caps.take("lin", "three", [wide, narrow]) == narrow
    assert await redis.scard("push:cap:{lin}:wide") == 2
    assert await caps.take("wang", "three", [wide, narrow]) is None


async def test_of_many_at_once_as_many_count_as_there_is_room_for(redis: Redis) -> None:
    caps = CapStore(ScriptRunner(redis))
    taken = await asyncio.gather(*(caps.take("lin", str(n), [Bucket("day", 5)]) for n in range(40)))
    assert sum(each is None for each in taken) == 5


async def test_asked_whether_there_is_room_nothing_is_counted_and_what_is_given_back_is_free_again(
    redis: Redis,
) -> None:
    caps = CapStore(ScriptRunner(redis))
    day = [Bucket("day", 1)]
    assert [await caps.full("lin", name, day) for name in "ab"] == [None, None]
    assert await caps.take("lin", "a", day) is None
    assert await caps.full("lin", "a", day) is None
    assert await caps.full("lin", "b", day) == day[0]
    for _ in range(2):
        await caps.give_back("lin", "b", day)
        assert await caps.take("lin", "b", day) == day[0]
    await caps.give_back("lin", "a", day)
    assert await caps.take("lin", "b", day) is None

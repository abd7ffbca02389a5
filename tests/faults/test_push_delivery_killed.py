"""A worker killed between every two steps of delivery: it is seen once, and no provider is asked twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from redis.asyncio import Redis

from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from push.delivery_models import AttemptState
from push.rules.chain import LEASE
from tests.push_world import Provider, PushWorld, one

ROOT: Final = Path(__file__).parents[2]
ACCEPTED, UNKNOWN = AttemptState.ACCEPTED, AttemptState.UNKNOWN


@pytest.fixture
async def world(mongo_database: Database, redis: Redis) -> AsyncIterator[PushWorld]:
    async with Outbound.open() as http:
        made = PushWorld(mongo_database, redis, http)
        await made.purse.give("lin", 5)
        for channel in ("wechat", "sms"):
            made.book.at("lin", channel)
        yield made


@pytest.fixture
async def wechat() -> AsyncIterator[Provider]:
    async with Provider.open() as provider:
        yield provider


@pytest.fixture
async def sms() -> AsyncIterator[Provider]:
    async with Provider.open() as provider:
        yield provider


async def killed(
    dies: str, environ: dict[str, str], wechat: Provider, sms: Provider, *, idempotent: bool = False
) -> None:
    """Let another process begin, and be killed at the step ``dies``."""
    kind = "idempotent" if idempotent else "once"
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.killed_delivery", dies, "one", wechat.url, sms.url, kind),
        cwd=ROOT,
        env=os.environ | environ,
    )
    assert await worker.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("dies", "calls", "done", "credit"),
    [
        ("once in the inbox", (1, 0), "wechat", (4, 0, 1)),
        ("once a credit is set aside", (1, 0), "wechat", (4, 0, 1)),
        ("once reserved", (1, 0), "wechat", (4, 0, 1)),
        ("once calling", (0, 1), "sms", (4, 0, 1)),
        ("once answered", (1, 1), "sms", (4, 0, 1)),
        ("once settled", (1, 0), "wechat", (4, 0, 1)),
        ("once all is said", (1, 0), "wechat", (4, 0, 1)),
    ],
)
async def test_whoever_goes_on_asks_nobody_a_second_time(
    world: PushWorld,
    environ: dict[str, str],
    wechat: Provider,
    sms: Provider,
    *,
    dies: str,
    calls: tuple[int, int],
    done: str,
    credit: tuple[int, int, int],
) -> None:
    world.channel("wechat", wechat, takes_credit=True)
    world.channel("sms", sms)
    await killed(dies, environ, wechat, sms)
    parts = await world.parts()
    intent = world.intent()
    outcome = await one(parts.deliver, intent)
    if outcome.again is not None:
        # Whoever called may still be at it, for all anybody knows.
        assert outcome.again <= world.clock() + LEASE
        world.clock.now = outcome.again
        outcome = await one(parts.deliver, intent)
    assert outcome.done == done
    assert (len(wechat.calls), len(sms.calls)) == calls
    assert len(await world.inbox()) == 1
    assert (await world.states())["wechat"] is (ACCEPTED if done == "wechat" else UNKNOWN)
    assert await world.purse.left("lin") == credit
    world.clock.turn(timedelta(hours=1).total_seconds())
    assert await one(parts.deliver, intent) == outcome
    assert (len(wechat.calls), len(sms.calls)) == calls


@pytest.mark.parametrize("dies", ["once calling", "once answered"])
async def test_where_several_show_one_it_is_sent_again_and_shown_once(
    world: PushWorld, environ: dict[str, str], wechat: Provider, sms: Provider, dies: str
) -> None:
    world.channel("wechat", wechat, idempotent=True)
    world.channel("sms", sms)
    await killed(dies, environ, wechat, sms, idempotent=True)
    parts = await world.parts()
    outcome = await one(parts.deliver, world.intent())
    while outcome.again is not None:
        world.clock.now = outcome.again
        outcome = await one(parts.deliver, world.intent())
    assert outcome.done == "wechat"
    assert set(wechat.keys) == {world.intent().id}
    assert sms.calls == []
    assert len(await world.inbox()) == 1

"""kill -9 between every two steps of planning and ticking: all of it happened, or nothing, and none twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any, Final

import pymongo
import pytest

from bff.platform.services import Platform
from bff.platform.settings import Settings
from bff.sandbox.servers import EmbeddedServers
from push.models import IntentState
from tests.push_town import NOW, Town, dose, id_number

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

CHILD: Final = id_number(date(2026, 10, 1))
MOTHER: Final = id_number(date(1990, 3, 15), 902)


@pytest.fixture
def given_up_soon(servers: EmbeddedServers) -> Iterator[None]:
    """MongoDB gives up what a dead client left open after two seconds, and not after a minute."""
    client: pymongo.MongoClient[dict[str, Any]]
    with pymongo.MongoClient(servers.mongo_url) as client:
        client.admin.command({"setParameter": 1, "transactionLifetimeLimitSeconds": 2})
        yield
        client.admin.command({"setParameter": 1, "transactionLifetimeLimitSeconds": 60})


@pytest.fixture
async def town(settings: Settings, given_up_soon: None) -> AsyncIterator[Town]:
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        town = Town(platform)
        await town.resident(MOTHER)
        await town.link(MOTHER, CHILD)
        await town.born(CHILD)
        yield town


async def killed(environ: dict[str, str], what: str, step: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.killed_planner", what, step, NOW.isoformat(), CHILD),
        env={**os.environ, **environ},
    )
    async with asyncio.timeout(60):
        assert await process.wait() == -signal.SIGKILL


async def everything(town: Town) -> list[object]:
    """All that planning and ticking write, but for the claims."""
    mongo = town.platform._mongo
    names = ("push_people", "push_facts", "push_timeline", "push_milestones", "push_outbox")
    return [[each async for each in mongo[name].find({}).sort("_id", 1)] for name in names]


@pytest.mark.parametrize("step", ["begin", "keep", "change", "cancel", "planned"])
async def test_a_process_killed_while_it_records_a_dose_has_recorded_and_planned_nothing(
    town: Town, environ: dict[str, str], step: str
) -> None:
    await town.parts.ticker.once()
    before = await everything(town)

    await killed(environ, "record", step)

    assert await everything(town) == before
    again = await town.report(dose(CHILD, "HepB", "2026-11-24"))
    assert again.recorded == 1
    assert IntentState.CANCELLED in {each.state for each in await town.intents()}


async def test_a_process_killed_once_a_dose_is_recorded_has_planned_as_well(
    town: Town, environ: dict[str, str]
) -> None:
    await town.parts.ticker.once()

    await killed(environ, "record", "commit")

    assert [each.milestone for each in await town.intents() if each.state is IntentState.CANCELLED] == [
        "soon@2026-11-01"
    ]
    after = await everything(town)
    assert (await town.report(dose(CHILD, "HepB", "2026-11-24"))).repeated == 1
    assert (await everything(town))[1:] == after[1:]


@pytest.mark.parametrize("step", ["claim", "due", "hold", "still_waiting", "add_within", "settle", "commit"])
async def test_whenever_a_ticker_is_killed_another_tells_everything_once(
    town: Town, environ: dict[str, str], step: str
) -> None:
    await killed(environ, "tick", step)
    told = await town.intents()
    assert bool(told) is (step == "commit")

    shard = (await town.milestones(CHILD))[0].shard
    assert await town.parts.shards.claim([shard], "too soon") is None
    await town.lease_ends(shard)
    await town.parts.ticker.once()

    intents = await town.intents()
    assert len(intents) == 3
    assert len({(each.item, each.milestone, each.addressee) for each in intents}) == 3
    assert {each.id for each in told} <= {each.id for each in intents}

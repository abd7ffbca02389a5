"""kill -9 between every two steps of the way of a notice: each is delivered, and nothing is left behind."""

import asyncio
import signal
import sys
from datetime import timedelta
from typing import Final

import pytest
from redis.asyncio import Redis

from bff.platform.mongo import Database
from bff.sandbox.servers import EmbeddedServers
from push.models import IntentState, Lane
from push.store.outbox import OutboxStore
from tests.carrying import Recorder, Way, drained, intent, settled

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
COUNT: Final = 60
STEPS: Final = {
    "take": "marked, and on no stream",
    "put": "on the stream",
    "read": "given to a worker",
    "relayed": "looked up",
    "half": "half of a batch delivered",
    "deliver": "delivered, and nobody knows",
    "settle": "settled, with its entry still there",
    "drop": "all done",
}
"""After which step a process dies, and how far it has then come with a lane; the others may be anywhere."""


@pytest.fixture
async def outbox(mongo_database: Database) -> OutboxStore:
    store = OutboxStore(mongo_database["push_outbox"])
    await store.ensure_indexes()
    return store


class Carriers:
    """Processes that are to be killed."""

    def __init__(self, servers: EmbeddedServers, name: str) -> None:
        self._words = (servers.mongo_url, name, servers.redis_url)

    async def killed_at(self, step: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.killed_carrier", *self._words, step)
        )
        async with asyncio.timeout(60):
            assert await process.wait() == -signal.SIGKILL


@pytest.fixture
def carriers(servers: EmbeddedServers, mongo_database: Database, redis: Redis) -> Carriers:
    return Carriers(servers, mongo_database.name)


@pytest.mark.parametrize("step", STEPS)
async def test_whenever_a_process_is_killed_each_intent_is_delivered_and_settled(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, carriers: Carriers, step: str
) -> None:
    intents = [intent(number, lane=list(Lane)[number % 3]) for number in range(COUNT)]
    await outbox.add(intents)
    await carriers.killed_at(step)
    done = mongo_database["push_outbox"].find({"state": IntentState.DONE}, {"_id": 1})
    over = [each["_id"] async for each in done]

    recorder = Recorder(mongo_database)
    ways = [Way(mongo_database, redis, recorder, again_after=timedelta(seconds=1)) for _ in range(2)]
    async with ways[0].running(), ways[1].running():
        await settled(mongo_database, IntentState.DONE, COUNT)
        await drained(redis)
    asked = await recorder.asked()
    assert asked.keys() == {each.id for each in intents}
    assert max(asked.values()) <= 2
    assert {asked[key] for key in over} <= {1}, "what was settled is not delivered again"


async def test_processes_killed_one_after_the_other_at_every_step_lose_nothing_between_them(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, carriers: Carriers
) -> None:
    intents = [intent(number, lane=list(Lane)[number % 3]) for number in range(5 * COUNT)]
    for number, step in enumerate(("take", "put", "half", "deliver", "settle")):
        await outbox.add(intents[number * COUNT : (number + 1) * COUNT])
        await carriers.killed_at(step)
    recorder = Recorder(mongo_database)
    async with Way(mongo_database, redis, recorder, again_after=timedelta(seconds=1)).running():
        await settled(mongo_database, IntentState.DONE, len(intents))
        await drained(redis)
    assert (await recorder.asked()).keys() == {each.id for each in intents}


async def test_what_kills_every_worker_becomes_a_dead_letter_and_takes_nobody_along(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, carriers: Carriers
) -> None:
    await outbox.add([intent(number) for number in range(COUNT)])
    # With its batch, with what was left of it, and alone.
    for _ in range(3):
        await carriers.killed_at("poison:item-30")
    recorder = Recorder(mongo_database)
    async with Way(mongo_database, redis, recorder, most=3).running():
        await settled(mongo_database, IntentState.DONE, COUNT - 1)
        await settled(mongo_database, IntentState.DEAD, 1)
        await drained(redis)
    (dead,) = await outbox.dead(before=None, limit=2)
    assert dead.item == "item-30"
    assert (await recorder.asked()).keys() == {intent(n).id for n in range(COUNT)} - {dead.id}

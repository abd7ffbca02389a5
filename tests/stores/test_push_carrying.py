"""Notices on their way, on a real MongoDB and a real Valkey: each once, none lost, none for ever."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from bff.platform.mongo import Database
from push.dead_letters import DeadLetters
from push.models import Intent, IntentState, Lane
from push.ports import Outcome
from push.store.outbox import OutboxStore, Waiting
from push.worker import Size
from tests.carrying import Recorder, Way, intent, left, now, settled, states, until

SHORT: Final = timedelta(seconds=0.6)


@pytest.fixture
async def outbox(mongo_database: Database) -> OutboxStore:
    store = OutboxStore(mongo_database["push_outbox"])
    await store.ensure_indexes()
    return store


@pytest.fixture
def recorder(mongo_database: Database) -> Recorder:
    return Recorder(mongo_database)


async def test_two_relays_and_three_workers_at_once_deliver_each_intent_once(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    intents = [intent(number, lane=list(Lane)[number % 3]) for number in range(4_000)]
    ways = [Way(mongo_database, redis, recorder, orphaned_after=timedelta(minutes=1)) for _ in range(3)]
    async with ways[0].running(), ways[1].running(), ways[2].running(relay=False):
        for first in range(0, len(intents), 500):
            assert await outbox.add(intents[first : first + 500]) == 500
        await settled(mongo_database, IntentState.DONE, len(intents))
    assert await recorder.asked() == {each.id: 1 for each in intents}
    assert await left(redis) == 0
    assert sum(len(way.counts.seconds) for way in ways) == len(intents)


async def test_two_relays_that_both_think_they_lead_take_different_intents(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    intents = [intent(number) for number in range(2_000)]
    await outbox.add(intents)
    at = now()
    taken = await asyncio.gather(
        *(outbox.take(Lane.NORMAL, now=at, by=secrets.token_hex(16), limit=1_000) for _ in range(4))
    )
    keys = [each.key for some in taken for each in some.waiting]
    assert len(keys) == len(set(keys)) >= 1_000


async def test_what_was_told_once_is_not_told_again(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    assert await outbox.add([intent(1), intent(2)]) == 2
    async with Way(mongo_database, redis, recorder).running():
        await settled(mongo_database, IntentState.DONE, 2)
        assert await outbox.add([intent(2), intent(3)]) == 1
        await settled(mongo_database, IntentState.DONE, 3)
    assert set((await recorder.asked()).values()) == {1}


async def test_in_a_transaction_an_intent_that_is_there_already_stays_as_it_is(
    mongo_database: Database, outbox: OutboxStore
) -> None:
    await outbox.add([intent(1)])
    async with await mongo_database.client.start_session() as session, session.start_transaction():
        await outbox.add_within(session, [intent(1, lane=Lane.BULK), intent(2)], at=now())
    assert await states(mongo_database) == {IntentState.CREATED: 2}
    kept = await outbox.get(intent(1).id)
    assert kept is not None
    assert kept.lane is Lane.NORMAL


async def test_what_is_on_a_stream_before_the_first_worker_is_carried(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(number) for number in range(10)])
    way = Way(mongo_database, redis, recorder)
    async with way.running(workers=False):
        await settled(mongo_database, IntentState.RELAYED, 10)
    async with way.running(relay=False):
        await settled(mongo_database, IntentState.DONE, 10)


async def test_what_may_go_is_with_its_worker_within_the_second(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    way = Way(mongo_database, redis, recorder)
    async with way.running():
        await asyncio.sleep(0.5)
        for number in range(5):
            await outbox.add([intent(number, lane=Lane.URGENT, due=timedelta(seconds=0.05))])
            await settled(mongo_database, IntentState.DONE, number + 1)
    assert max(way.counts.seconds) < 1


async def test_nothing_goes_before_its_time(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(1), intent(2, due=timedelta(seconds=1.5)), intent(3, due=timedelta(days=1))])
    async with Way(mongo_database, redis, recorder).running():
        await settled(mongo_database, IntentState.DONE, 1)
        assert list(await recorder.asked()) == [intent(1).id]
        await settled(mongo_database, IntentState.DONE, 2)
    assert await states(mongo_database) == {IntentState.DONE: 2, IntentState.CREATED: 1}


async def test_what_is_of_no_use_any_more_lapses_before_and_on_its_way(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(1, useful=timedelta(seconds=-1)), intent(2, useful=timedelta(seconds=1))])
    way = Way(mongo_database, redis, recorder)
    async with way.running(workers=False):
        await settled(mongo_database, IntentState.LAPSED, 1)
        await settled(mongo_database, IntentState.RELAYED, 1)
    await asyncio.sleep(1)
    async with way.running(relay=False):
        await settled(mongo_database, IntentState.LAPSED, 2)
    assert await recorder.asked() == {}
    assert await left(redis) == 0


async def test_an_intent_is_tried_again_when_its_outcome_says(
    mongo_database: Database, redis: Redis, outbox: OutboxStore
) -> None:
    tries: dict[str, list[int]] = {}

    async def later(intents: Sequence[Intent]) -> Sequence[Outcome]:
        for each in intents:
            tries.setdefault(each.item, []).append(each.tries)
        at = now()
        return [
            Outcome(
                key=each.id,
                done="apns" if each.tries == 2 else None,
                again=at + timedelta(seconds=0.3) if each.tries < 2 and each.useful_until > at else None,
            )
            for each in intents
        ]

    await outbox.add([intent(1), intent(2, useful=timedelta(seconds=0.2))])
    async with Way(mongo_database, redis, later).running():
        await settled(mongo_database, IntentState.DONE, 1)
        await settled(mongo_database, IntentState.LAPSED, 1)
    assert tries["item-1"] == [0, 1, 2]
    assert len(tries.get("item-2", ())) < 3
    done = await outbox.get(intent(1).id)
    assert done is not None
    assert (done.outcome, done.tries) == ("apns", 2)


async def test_what_is_cancelled_is_not_told_also_when_it_is_on_its_way(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(number) for number in range(4)])
    way = Way(mongo_database, redis, recorder)
    assert await outbox.cancel(["item-0"], at=now()) == 1
    async with way.running(workers=False):
        await settled(mongo_database, IntentState.RELAYED, 3)
    async with await mongo_database.client.start_session() as session, session.start_transaction():
        assert await outbox.cancel(["item-1", "item-2"], at=now(), session=session) == 2
    async with way.running():
        await settled(mongo_database, IntentState.DONE, 1)
    assert await recorder.asked() == {intent(3).id: 1}
    assert await outbox.cancel(["item-3"], at=now()) == 0
    assert await left(redis) == 0


async def test_what_was_meant_for_an_account_that_is_gone_is_forgotten(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(number) for number in range(3)])
    way = Way(mongo_database, redis, recorder)
    async with way.running(workers=False):
        await settled(mongo_database, IntentState.RELAYED, 3)
    await outbox.forget(["resident-0", "resident-2"])
    async with way.running():
        await settled(mongo_database, IntentState.DONE, 1)
    assert await recorder.asked() == {intent(1).id: 1}
    assert await left(redis) == 0


async def test_what_nobody_can_deliver_becomes_a_dead_letter_and_takes_nobody_along(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    mended = False

    async def chokes(intents: Sequence[Intent]) -> Sequence[Outcome]:
        if not mended and any(each.item == "item-7" for each in intents):
            raise KeyError("a place is empty")
        return await recorder(intents)

    await outbox.add([intent(number) for number in range(20)])
    way = Way(mongo_database, redis, chokes, most=3)
    audited: list[tuple[str, str, str | None, dict[str, str] | None]] = []

    async def audit(
        kind: str,
        *,
        at: datetime,
        actor: str,
        outcome: str,
        subject: str | None = None,
        facts: dict[str, str] | None = None,
    ) -> None:
        audited.append((kind, actor, subject, facts))

    letters = DeadLetters(outbox=outbox, audit=audit, clock=now)
    async with way.running():
        await settled(mongo_database, IntentState.DONE, 19)
        await settled(mongo_database, IntentState.DEAD, 1)
        (dead,) = await letters.listed(before=None, limit=10)
        assert (dead.item, dead.outcome) == ("item-7", "KeyError")
        assert dead.finished_at is not None
        assert await letters.listed(before=(dead.finished_at, dead.id), limit=10) == []

        async def counted() -> bool:
            return way.counts.dead_letters == 1

        await until(counted)  # which it is right after it was written

        mended = True
        assert (
            await letters.redrive([dead.id, intent(1).id], reason="the template is mended", operator="o") == 1
        )
        assert audited == [("push.redriven", "o", dead.id, {"reason": "the template is mended"})]
        await settled(mongo_database, IntentState.DONE, 20)
    assert set((await recorder.asked()).values()) == {1}
    assert await letters.redrive([dead.id], reason="again", operator="o") == 0
    assert await left(redis) == 0


async def test_redriven_by_two_at_once_a_dead_letter_goes_once_even_if_it_dies_in_between(
    outbox: OutboxStore,
) -> None:
    await outbox.add([replace(intent(1), state=IntentState.DEAD, tries=3)])
    first, second = [await outbox.still_dead([intent(1).id], now=now()) for _ in range(2)]

    assert await outbox.revive(first, now=now()) == 1
    await outbox.take(intent(1).lane, now=now(), by="a", limit=1)
    revived = await outbox.relayed([intent(1).id])
    await outbox.settle(revived, [Outcome(key=intent(1).id, dead="BadTopic")], at=now())

    assert await outbox.revive(second, now=now()) == 0
    found = await outbox.get(intent(1).id)
    assert found is not None
    assert (found.state, found.tries, found.redriven) == (IntentState.DEAD, 4, 1)
    assert await outbox.revive(await outbox.still_dead([intent(1).id], now=now()), now=now()) == 1


async def test_dead_letters_are_listed_the_latest_first_and_page_by_page(
    mongo_database: Database, redis: Redis, outbox: OutboxStore
) -> None:
    async def refuses(intents: Sequence[Intent]) -> Sequence[Outcome]:
        return [Outcome(key=each.id, dead="BadTopic") for each in intents]

    await outbox.add([intent(number) for number in range(7)])
    async with Way(mongo_database, redis, refuses).running():
        await settled(mongo_database, IntentState.DEAD, 7)
    seen: list[Intent] = []
    while page := await outbox.dead(before=_after(seen), limit=3):
        seen += page
    assert len({each.id for each in seen}) == len(seen) == 7
    assert sorted(seen, key=lambda each: (each.finished_at, each.id), reverse=True) == seen


async def test_what_another_release_wrote_holds_up_nobody_and_goes_once_it_can_be_read(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(number) for number in range(20)])
    collection, newer = mongo_database["push_outbox"], {"_id": intent(7).id}
    await collection.update_one(newer, {"$set": {"topic": "unheard-of"}})
    way = Way(
        mongo_database,
        redis,
        recorder,
        orphaned_after=timedelta(minutes=1),
        again_after=timedelta(seconds=0.5),
    )

    async with way.running():
        await settled(mongo_database, IntentState.DONE, 19)
        assert (await states(mongo_database))[IntentState.RELAYED] == 1
        await collection.update_one(newer, {"$set": {"topic": "vaccination"}})
        await settled(mongo_database, IntentState.DONE, 20)

    assert (set((await recorder.asked()).values()), way.counts.dead_letters) == ({1}, 0)


async def test_an_outage_of_our_stores_makes_no_dead_letters(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    outages = 6

    async def in_an_outage(intents: Sequence[Intent]) -> Sequence[Outcome]:
        nonlocal outages
        if outages:
            outages -= 1
            from redis.exceptions import ConnectionError as RedisConnectionError

            raise RedisConnectionError
        return await recorder(intents)

    await outbox.add([intent(number) for number in range(3)])
    async with Way(mongo_database, redis, in_an_outage, most=1).running():
        await settled(mongo_database, IntentState.DONE, 3)
    assert set((await recorder.asked()).values()) == {1}


async def test_a_slow_worker_keeps_its_entries_by_its_heartbeat(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    async def slowly(intents: Sequence[Intent]) -> Sequence[Outcome]:
        outcomes = await recorder(intents)
        await asyncio.sleep(2.5)
        return outcomes

    await outbox.add([intent(number) for number in range(5)])
    short = [
        Way(mongo_database, redis, slowly, orphaned_after=SHORT, again_after=timedelta(seconds=1))
        for _ in range(2)
    ]
    async with short[0].running(), short[1].running():
        await settled(mongo_database, IntentState.DONE, 5)
    assert set((await recorder.asked()).values()) == {1}
    assert not short[0].counts.carried_again
    assert not short[1].counts.carried_again


async def test_what_a_hanging_worker_has_another_claims_on_an_idle_lane_and_its_late_word_counts_for_nothing(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(number) for number in range(5)])
    hanging = Way(mongo_database, redis, recorder)
    async with hanging.running(workers=False):
        await settled(mongo_database, IntentState.RELAYED, 5)
    await hanging.streams.open(Lane.NORMAL)
    entries = await hanging.streams.read(Lane.NORMAL, largest=100, block_ms=100)
    held = await outbox.relayed([each.key for each in entries])
    assert len(held) == 5

    other = Way(mongo_database, redis, recorder)
    async with other.running(relay=False):
        await settled(mongo_database, IntentState.DONE, 5)
    assert other.counts.carried_again == {"orphaned": 5}
    await outbox.settle(held, [Outcome(key=key, dead="late") for key in held], at=now())
    await hanging.streams.drop(Lane.NORMAL, [each.id for each in entries])
    assert await states(mongo_database) == {IntentState.DONE: 5}
    assert set((await recorder.asked()).values()) == {1}


async def test_who_is_slow_with_an_earlier_try_settles_nothing_of_a_later_one(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(1)])
    way = Way(mongo_database, redis, recorder)
    await way.relay.once()
    first = await outbox.relayed([intent(1).id])
    await outbox.settle(first, [Outcome(key=intent(1).id, again=now())], at=now())
    await way.relay.once()
    assert (await outbox.relayed([intent(1).id]))[intent(1).id].tries == 1

    await outbox.settle(first, [Outcome(key=intent(1).id, dead="late")], at=now())
    assert await states(mongo_database) == {IntentState.RELAYED: 1}
    async with way.running():
        await settled(mongo_database, IntentState.DONE, 1)
    assert await recorder.asked() == {intent(1).id: 1}, "the entry of the first try delivered nothing"
    assert await left(redis) == 0


@pytest.mark.parametrize("moment", ["on the streams", "under way"])
async def test_losing_all_that_redis_holds_loses_no_notice(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder, moment: str
) -> None:
    lost = asyncio.Event()

    async def delivers(intents: Sequence[Intent]) -> Sequence[Outcome]:
        if moment == "under way" and not lost.is_set():
            await redis.flushall()
            lost.set()
        return await recorder(intents)

    way = Way(mongo_database, redis, delivers, again_after=timedelta(seconds=2))
    await outbox.add([intent(number, lane=list(Lane)[number % 3]) for number in range(2_500)])
    if moment == "on the streams":
        async with way.running(workers=False):
            await settled(mongo_database, IntentState.RELAYED, 2_500)
        await redis.flushall()
    async with way.running():
        await settled(mongo_database, IntentState.DONE, 2_500)
        await outbox.add([intent(9_999)])
        await settled(mongo_database, IntentState.DONE, 2_501)
    asked = await recorder.asked()
    assert len(asked) == 2_501
    assert max(asked.values()) <= 2
    assert await left(redis) == 0


async def test_what_its_stream_still_carries_is_not_sent_again_however_long_it_waits(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    await outbox.add([intent(number) for number in range(50)])
    way = Way(mongo_database, redis, recorder, again_after=timedelta(seconds=0.5))
    async with way.running(workers=False):
        await settled(mongo_database, IntentState.RELAYED, 50)
        await asyncio.sleep(2)
        assert (await way.streams.standing(Lane.NORMAL)).depth == 50
    assert not way.counts.carried_again


async def test_a_code_waits_for_no_campaign(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    open_again = asyncio.Event()

    async def at_a_stand(intents: Sequence[Intent]) -> Sequence[Outcome]:
        if intents[0].lane is Lane.BULK:
            await open_again.wait()
        return await recorder(intents)

    await outbox.add([intent(number, lane=Lane.BULK) for number in range(5_000)])
    way = Way(
        mongo_database,
        redis,
        at_a_stand,
        deepest=2_000,
        sizes=dict.fromkeys(Lane, Size(batch=100, batches=2)),
    )
    async with way.running():
        await settled(mongo_database, IntentState.RELAYED, 2_000)
        await outbox.add([intent(5_001, lane=Lane.URGENT), intent(5_002, lane=Lane.NORMAL)])
        await settled(mongo_database, IntentState.DONE, 2)
        assert max(way.counts.seconds) < 2
        assert (await way.streams.standing(Lane.BULK)).depth == 2_000, (
            "the rest of a campaign waits in MongoDB"
        )
        open_again.set()
        await settled(mongo_database, IntentState.DONE, 5_002, within=60)
    assert way.counts.deepest <= 2_000


async def test_a_batch_whose_answer_was_lost_is_put_on_the_stream_once(
    mongo_database: Database, redis: Redis, recorder: Recorder
) -> None:
    streams = Way(mongo_database, redis, recorder).streams
    waiting = [Waiting(key=f"{number:064x}", tries=number) for number in range(3)]
    for _ in range(2):
        await streams.put(Lane.NORMAL, waiting, batch="one")
    await streams.open(Lane.NORMAL)
    entries = await streams.read(Lane.NORMAL, largest=10, block_ms=100)
    assert [(each.key, each.tries) for each in entries] == [(each.key, each.tries) for each in waiting]


async def test_a_worker_told_to_stop_finishes_what_it_has_begun(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    begun = asyncio.Event()

    async def slowly(intents: Sequence[Intent]) -> Sequence[Outcome]:
        begun.set()
        await asyncio.sleep(0.5)
        return await recorder(intents)

    await outbox.add([intent(1)])
    async with Way(mongo_database, redis, slowly).running():
        await begun.wait()
    assert await states(mongo_database) == {IntentState.DONE: 1}
    assert await left(redis) == 0


async def test_the_way_goes_on_by_itself_after_redis_was_away(
    mongo_database: Database, redis: Redis, outbox: OutboxStore, recorder: Recorder
) -> None:
    way = Way(mongo_database, redis, recorder)
    async with way.running():
        await outbox.add([intent(1)])
        await settled(mongo_database, IntentState.DONE, 1)
        await redis.client_pause(2_500)
        await outbox.add([intent(2)])
        await settled(mongo_database, IntentState.DONE, 2)

    async def empty() -> bool:
        return await left(redis) == 0

    await until(empty)


def _after(seen: Sequence[Intent]) -> tuple[datetime, str] | None:
    if not seen:
        return None
    assert seen[-1].finished_at is not None
    return seen[-1].finished_at, seen[-1].id

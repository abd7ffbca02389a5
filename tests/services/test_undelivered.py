"""What a provider took and did not bring: the next channel brings it, once, unless it was read meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_delivery import DeliveryParts
from push.delivery_models import UNDELIVERED, AttemptState
from push.models import Intent, IntentState, Lane
from push.ports import Outcome, Receipt
from push.store.gates import BreakerState
from push.store.outbox import OutboxStore
from push.undelivered import Undelivered
from tests.push_world import Provider, PushWorld, one


class Way:
    """A resident reached by WeChat and by text message, and the outbox their notices are in."""

    def __init__(self, world: PushWorld, wechat: Provider, sms: Provider, parts: DeliveryParts) -> None:
        self.world, self.wechat, self.sms, self.parts = world, wechat, sms, parts
        self.outbox = OutboxStore(world.database["push_outbox"])
        self.campaign: bool | None = True

    async def goes(self, campaign: str) -> bool | None:
        return self.campaign

    def looking(self) -> Undelivered:
        return self.parts.undelivered(self.outbox, self.goes)

    async def mean(self, change: Callable[[Intent], Intent] = lambda intent: intent) -> Intent:
        intent = change(self.world.intent())
        await self.outbox.add([intent])
        return intent

    async def carry(self, *, settle: bool = True) -> None:
        """What a relay and a worker do with what may go."""
        now = self.world.clock()
        await self.outbox.take(Lane.NORMAL, now=now, by=now.isoformat(), limit=10)
        found = await self.outbox.relayed([self.world.intent().id])
        outcomes = [await one(self.parts.deliver, intent) for intent in found.values()]
        if settle:
            await self.outbox.settle(found, outcomes, at=now)

    async def told(self, reference: str = "receipt-1", *, channel: str = "wechat") -> None:
        now = self.world.clock()
        await self.parts.take_receipt(
            Receipt(channel=channel, reference=reference, delivered=False, code="user:block", at=now)
        )

    async def look(self) -> None:
        while await self.looking().once():
            pass

    async def state(self) -> tuple[IntentState, str | None]:
        intent = await self.outbox.get(self.world.intent().id)
        assert intent is not None
        return intent.state, intent.outcome

    def asked(self) -> tuple[int, int]:
        return len(self.wechat.calls), len(self.sms.calls)


@pytest.fixture
async def way(mongo_database: Database, redis: Redis) -> AsyncIterator[Way]:
    async with Outbound.open() as http, Provider.open() as wechat, Provider.open() as sms:
        world = PushWorld(mongo_database, redis, http)
        for name, provider in (("wechat", wechat), ("sms", sms)):
            world.channel(name, provider, takes_credit=name == "wechat")
            world.book.at("lin", name)
        await world.purse.give("lin", 2)
        way = Way(world, wechat, sms, await world.parts())
        await way.outbox.ensure_indexes()
        yield way


async def test_the_next_channel_brings_it_once_however_often_it_is_told(way: Way) -> None:
    await way.mean()
    await way.carry()
    assert (await way.state(), way.asked()) == ((IntentState.DONE, "wechat"), (1, 0))

    await asyncio.gather(*(way.told() for _ in range(3)))
    await asyncio.gather(*(way.looking().once() for _ in range(3)))
    await way.carry()
    await way.told()
    await way.look()
    await way.carry()

    assert (await way.state(), way.asked()) == ((IntentState.DONE, "sms"), (1, 1))
    tried = await way.world.attempts()
    assert (tried["wechat"].state, tried["wechat"].code) == (AttemptState.FAILED, UNDELIVERED)
    assert tried["sms"].state is AttemptState.ACCEPTED
    assert len(await way.world.inbox()) == 1
    # The credit was used up on what did not arrive.
    assert await way.world.purse.left("lin") == (1, 0, 1)


async def test_with_no_channel_left_it_stays_in_the_inbox(way: Way) -> None:
    await way.mean()
    await way.carry()
    await way.told()
    await way.look()
    await way.carry()
    await way.told(channel="sms")
    await way.look()
    await way.carry()
    assert (await way.state(), way.asked()) == ((IntentState.DONE, "inbox"), (1, 1))


async def test_what_was_read_in_the_app_meanwhile_rings_nowhere(way: Way) -> None:
    intent = await way.mean()
    await way.carry()
    await way.told()
    await way.look()
    await way.parts.inbox.read("lin", intent.id)
    await way.carry()
    assert (await way.state(), way.asked()) == ((IntentState.DONE, "inbox"), (1, 0))


async def test_told_before_the_message_is_settled_it_is_looked_at_again(way: Way) -> None:
    await way.told()
    await way.look()
    await way.mean()
    await way.carry(settle=False)
    way.world.clock.turn(11)
    await way.look()
    assert (await way.world.states())["wechat"] is AttemptState.ACCEPTED

    found = await way.outbox.relayed([way.world.intent().id])
    outcomes = [await one(way.parts.deliver, intent) for intent in found.values()]
    await way.outbox.settle(found, outcomes, at=way.world.clock())
    way.world.clock.turn(11)
    await way.look()
    await way.carry()
    assert (await way.state(), way.asked()) == ((IntentState.DONE, "sms"), (1, 1))


async def test_whoever_is_killed_between_the_steps_leaves_them_to_another(way: Way) -> None:
    intent = await way.mean()
    await way.carry()
    await way.told()
    # As far as one came who then died: the receipt taken, the attempt failed after all.
    receipt = await way.parts._receipts.take(now=way.world.clock())
    assert receipt is not None
    await way.parts._attempts.undelivered((await way.world.attempts())["wechat"], at=way.world.clock())
    await way.look()
    assert (await way.state())[0] is IntentState.DONE
    way.world.clock.turn(11)
    await way.look()
    assert (await way.state())[0] is IntentState.CREATED
    # And one who died after that: what is under way is left alone.
    await way.parts._receipts._collection.update_one(
        {"_id": receipt.id}, {"$set": {"look_at": way.world.clock()}}
    )
    await way.look()
    await way.carry()
    assert (await way.state(), way.asked()) == ((IntentState.DONE, "sms"), (1, 1))
    kept = await way.outbox.get(intent.id)
    assert kept is not None
    assert kept.tries == 1


async def test_what_is_of_no_use_any_more_is_told_nobody(way: Way) -> None:
    await way.mean()
    await way.carry()
    await way.outbox.cancel(["one"], at=way.world.clock())
    await way.told()
    await way.look()
    assert (await way.state(), way.asked()) == ((IntentState.DONE, "wechat"), (1, 0))


async def test_a_campaign_that_was_cancelled_goes_on_nowhere_and_one_that_pauses_later(way: Way) -> None:
    await way.mean(lambda intent: replace(intent, campaign="c1"))
    await way.carry()
    await way.told()
    way.campaign = None
    await way.look()
    assert (await way.state())[0] is IntentState.DONE
    way.campaign = True
    way.world.clock.turn(11)
    await way.look()
    assert (await way.state())[0] is IntentState.CREATED
    await way.carry()
    way.campaign = False
    await way.told(channel="sms")
    await way.look()
    assert (await way.state(), way.asked()) == ((IntentState.DONE, "sms"), (1, 1))


async def test_a_receipt_nobody_can_place_is_given_up_after_an_hour(way: Way) -> None:
    await way.told("no-such-message")
    await way.look()
    assert not await way.looking().once()
    way.world.clock.turn(timedelta(minutes=61).total_seconds())
    await way.look()
    kept = await way.world.database["push_receipts"].find_one({})
    assert kept is not None
    assert "look_at" not in kept


async def test_a_gateway_that_brings_nothing_is_left_alone_by_what_its_receipts_say(way: Way) -> None:
    people = [f"r{number}" for number in range(6)]
    for who in people:
        way.world.book.at(who, "sms")

    async def sent(who: str, name: str) -> str:
        """The gateway's name for a notice that it took."""
        intent = way.world.intent(name, resident=who)
        await way.outbox.add([intent])
        await way.outbox.take(Lane.NORMAL, now=intent.created_at, by=name, limit=10)
        found = await way.outbox.relayed([intent.id])
        outcome = await one(way.parts.deliver, found[intent.id])
        assert outcome.done == "sms"
        await way.outbox.settle(found, [outcome], at=intent.created_at)
        return f"receipt-{len(way.sms.calls)}"

    async def told(reference: str, code: str, *, delivered: bool = False) -> None:
        at = way.world.clock()
        await way.parts.take_receipt(
            Receipt(channel="sms", reference=reference, delivered=delivered, code=code, at=at)
        )
        await way.look()

    async def state() -> BreakerState:
        (breaker, *_) = await way.parts.gates.states(["sms/receipts"])
        return breaker.state

    for who in people:
        await told(await sent(who, "dead number"), "EXPIRED")
    for who in people[:4]:
        await told(await sent(who, "lost"), "UNDELIV")
    in_time, late = await sent(people[4], "arrives"), await sent(people[4], "arrives late")
    await told(in_time, "DELIVRD", delivered=True)
    assert await state() is BreakerState.CLOSED
    way.world.clock.turn(11 * 60)
    for _ in range(2):
        await told(late, "DELIVRD", delivered=True)
    assert await state() is BreakerState.OPEN
    waits = await one(way.parts.deliver, way.world.intent("after", resident=people[5]))
    assert waits.again is not None
    assert await one(way.parts.deliver, way.world.intent("after")) == Outcome(
        key=way.world.intent("after").id, done="wechat"
    )

"""From an intent to the screens of phones: delivery, the channels and the simulated makers as they are."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.store import AuthStores
from bff.platform.coalesce import together
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_delivery import DeliveryParts
from bff.platform.push_phones import PhoneParts
from bff.platform.redis import ScriptRunner
from bff.sandbox.apns import Fate
from bff.sandbox.simulator import FaultKind, simulated
from push.addresses import JoinedAddresses
from push.delivery_models import AttemptState
from push.models import DeviceKind, Intent
from push.settings import PushSettings
from tests.phones import (
    APP_KEY,
    BUNDLE,
    IPHONE,
    KEY_ID,
    MAINLAND,
    MASTER,
    TEAM,
    Ordered,
    apns,
    apple_pem,
    jpush,
)
from tests.push_world import PushWorld, Words, one


class Town:
    """A world whose channels are the real ones, and the makers of phones behind them."""

    def __init__(self, world: PushWorld, folder: Path) -> None:
        self.world = world
        self.apple = apns(folder / "certificate", now=world.clock)
        self.jpush = jpush(now=world.clock)
        self._folder = folder

    async def open(self, held: AsyncExitStack) -> None:
        apple = await held.enter_async_context(simulated(self.apple))
        mainland = await held.enter_async_context(simulated(self.jpush))
        self.apple_s_day, self.jpush_s_day = Ordered(apple.url), Ordered(mainland.url)
        key = self._folder / "apple.p8"
        key.write_text(apple_pem())
        self.settings = msgspec.structs.replace(
            PushSettings(),
            apns_key_file=key,
            apns_key_id=KEY_ID,
            apns_team_id=TEAM,
            apns_topic=BUNDLE,
            apns_base_url=self.apple.url,
            apns_ca_file=self.apple.certificate.chain,
            jpush_app_key=APP_KEY,
            jpush_master_secret=MASTER,
            jpush_base_url=mainland.url,
        )
        world = self.world
        run = ScriptRunner(world.redis)
        self.phones = PhoneParts(
            mongo=world.database,
            redis=world.redis,
            personal=world.personal,
            auth_stores=AuthStores(world.database, world.redis, run=run, together=together),
            clock=world.clock,
            chance=world.chance,
            http=world.http,
            settings=self.settings,
        )
        held.callback(self.phones.close)
        await self.phones.ensure_indexes()

    async def parts(self) -> DeliveryParts:
        """One process's delivery."""

        async def intent(key: str) -> Intent | None:
            return None

        made = DeliveryParts(
            mongo=self.world.database,
            redis=self.world.redis,
            run=ScriptRunner(self.world.redis),
            personal=self.world.personal,
            clock=self.world.clock,
            chance=self.world.chance,
            channels=self.phones.channels,
            addresses=JoinedAddresses(self.phones.addresses),
            accounts=self.world.accounts,
            still_addressed=self.world.still_addressed,
            wards_of=self.world.wards_of,
            templates=Words(),
            credit=self.world.purse,
            intent=intent,
            settings=self.settings,
        )
        await made.ensure_indexes()
        return made

    async def has(self, kind: DeviceKind, token: str, resident: str = "lin") -> None:
        await self.phones.devices.register(resident, kind=kind, token=token)


@pytest.fixture
async def town(mongo_database: Database, redis: Redis, tmp_path: Path) -> AsyncIterator[Town]:
    async with Outbound.open() as http, AsyncExitStack() as held:
        town = Town(PushWorld(mongo_database, redis, http), tmp_path)
        await town.open(held)
        yield town


async def test_a_notice_lies_in_the_inbox_and_on_the_phone_and_names_nobody_there(town: Town) -> None:
    await town.has(DeviceKind.APNS, IPHONE)
    parts = await town.parts()

    outcome = await one(parts.deliver, town.world.intent())

    (shown,) = town.apple.screen(IPHONE)
    assert outcome.done == "apns"
    assert len(await town.world.inbox()) == 1
    assert "林小满" not in str(shown.payload)


async def test_a_phone_that_is_gone_is_buried_and_the_next_one_told(town: Town) -> None:
    await town.has(DeviceKind.APNS, IPHONE)
    await town.has(DeviceKind.JPUSH, MAINLAND)
    gone_since = town.world.clock()
    await town.apple_s_day.fate(Fate(token=IPHONE, reason="Unregistered", since=gone_since))
    parts = await town.parts()

    outcome = await one(parts.deliver, town.world.intent())

    assert outcome.done == "jpush"
    assert len(town.jpush.screen(MAINLAND)) == 1
    (left,) = await town.phones.devices.of_resident("lin")
    assert left.kind is DeviceKind.JPUSH


async def test_a_dead_letter_whose_cause_is_mended_lies_on_the_phone_once_it_is_redriven(town: Town) -> None:
    await town.has(DeviceKind.APNS, IPHONE)
    await town.apple_s_day.fate(Fate(token=IPHONE, reason="BadPriority", times=1))
    parts = await town.parts()

    assert (await one(parts.deliver, town.world.intent())).dead == "apns: BadPriority"
    redriven = msgspec.structs.replace(town.world.intent(), redriven=1)
    assert (await one(parts.deliver, redriven)).done == "apns"

    assert len(town.apple.screen(IPHONE)) == 1


async def test_an_unknown_at_jpush_is_sent_again_and_shown_once(town: Town) -> None:
    await town.has(DeviceKind.JPUSH, MAINLAND)
    parts = await town.parts()
    await one(parts.deliver, town.world.intent("before"))
    await town.jpush_s_day(FaultKind.RESET)
    intent = town.world.intent("told once")

    first = await one(parts.deliver, intent)
    assert first.again is not None
    assert len(town.jpush.screen(MAINLAND)) == 2
    town.world.clock.now = first.again + timedelta(seconds=1)
    # Another process takes it up.
    second = await one((await town.parts()).deliver, intent)

    assert second.done == "jpush"
    assert len(town.jpush.screen(MAINLAND)) == 2
    assert AttemptState.ACCEPTED in (await town.world.states()).values()


async def test_an_outage_of_one_maker_is_no_outage_of_another(town: Town) -> None:
    await town.has(DeviceKind.APNS, IPHONE)
    await town.has(DeviceKind.JPUSH, MAINLAND, "wang")
    await town.apple_s_day(FaultKind.BUSY)
    parts = await town.parts()

    mine = await one(parts.deliver, town.world.intent())
    theirs = await one(parts.deliver, town.world.intent(resident="wang"))

    assert mine.again is not None
    assert theirs.done == "jpush"
    town.world.clock.now = mine.again + timedelta(seconds=1)
    assert (await one(parts.deliver, town.world.intent())).done == "apns"
    assert len(town.apple.screen(IPHONE)) == 1

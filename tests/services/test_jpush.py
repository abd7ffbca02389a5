"""Our channel through JPush against the simulated service: one cid a notice, every error number."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bff.platform.coalesce import together
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.sandbox.jpush import STATUS, Jpush, JpushFate
from bff.sandbox.simulator import FaultKind, Simulator, simulated
from push.channels.base import Accepted, Failed, FailureClass, Message, Unknown
from push.channels.jpush import CID_GOOD_FOR, TABLES, JpushChannel, Vendors, reaction
from push.models import MessageClass
from push.store.cids import CidStore
from tests.auth_fakes import NOW, FakeClock
from tests.phones import APP_KEY, MAINLAND, MASTER, Answered, Ordered, address, jpush, message

HERE = address("jpush", APP_KEY, MAINLAND, registered_at=NOW)


def due(**changes: Any) -> Message:  # noqa: ANN401 - any field
    return message(useful_until=NOW + timedelta(days=2), **changes)


class Wired:
    """The channel, and the service behind it, on one clock."""

    def __init__(self, service: Jpush, simulator: Simulator, http: Outbound, cids: CidStore) -> None:
        self.service = service
        self.simulator = simulator
        self.http = http
        self.cids = cids
        self.order = Ordered(simulator.url)
        self.clock = FakeClock()
        service._now = self.clock
        service._window = (NOW, 0)
        self.channel = self.another()

    def another(self, *, secret: str = MASTER, vendors: Vendors | None = None) -> JpushChannel:
        """The channel as another process has it."""
        return JpushChannel(
            self.http,
            base_url=self.simulator.url,
            app_key=APP_KEY,
            master_secret=secret,
            cids=self.cids,
            clock=self.clock,
            cids_at_once=10,
            vendors=vendors,
        )

    def sent(self) -> int:
        return sum(each.path == "/v3/push" for each in self.simulator._journal)


@pytest.fixture
async def wired(mongo_database: Database) -> AsyncIterator[Wired]:
    cids = CidStore(mongo_database["push_cids"], together)
    await cids.ensure_indexes()
    service = jpush()
    async with simulated(service) as simulator, Outbound.open() as http:
        yield Wired(service, simulator, http, cids)


async def test_a_notice_lies_on_the_screen_without_a_name(wired: Wired) -> None:
    answer = await wired.channel.send(due(), HERE)

    (shown,) = wired.service.screen(MAINLAND)
    assert answer == Accepted(receipt=shown.msg_id)
    assert (shown.title, shown.alert) == ("健康提醒", "您有一条新的提醒,点击查看。")
    assert shown.options["time_to_live"] == 172_800


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.LOST])
async def test_an_unknown_sent_again_shows_one_message_and_gets_the_first_ones_receipt(
    wired: Wired, kind: FaultKind
) -> None:
    await wired.channel.send(due(key="0" * 64), HERE)
    await wired.order(kind)

    assert isinstance(await wired.channel.send(due(), HERE), Unknown)
    # Another process, which knows nothing of the first try but what was written down.
    again = await wired.another().send(due(), HERE)

    first = wired.service.screen(MAINLAND)
    assert len(first) == 2
    assert again == Accepted(receipt=first[-1].msg_id)
    assert wired.sent() == 3


async def test_sent_by_two_processes_at_once_it_is_one_message(wired: Wired) -> None:
    others = [wired.another() for _ in range(4)]

    answers = await asyncio.gather(*(each.send(due(), HERE) for each in others))

    assert len({answer.receipt for answer in answers if isinstance(answer, Accepted)}) == 1
    assert len(wired.service.screen(MAINLAND)) == 1


async def test_a_notice_to_two_phones_is_two_messages(wired: Wired) -> None:
    other = address("jpush", APP_KEY, "190e35f7e07b1d6a2f9", registered_at=NOW)

    await wired.channel.send(due(), HERE)
    await wired.channel.send(due(), other)

    assert wired.service.accepted == 2


async def test_when_jpush_has_forgotten_the_cid_it_is_not_sent_again(wired: Wired) -> None:
    await wired.order(FaultKind.LATENCY, FaultKind.LOST)
    assert isinstance(await wired.channel.send(due(), HERE), Unknown)
    wired.clock.pass_(CID_GOOD_FOR)

    answer = await wired.channel.send(due(), HERE)

    assert answer == Failed(failure=FailureClass.NEXT_CHANNEL, code="cid_lapsed")
    assert len(wired.service.screen(MAINLAND)) == 1


async def test_ten_cids_are_asked_for_at_once_and_none_is_used_twice(wired: Wired) -> None:
    for number in range(25):
        await wired.channel.send(due(key=f"{number:064x}"), HERE)

    asked = [each for each in wired.simulator._journal if each.path == "/v3/push/cid"]
    assert len(asked) == 3
    assert wired.service.accepted == 25


async def test_old_cids_of_the_pool_are_thrown_away(wired: Wired) -> None:
    await wired.channel.send(due(key="1" * 64), HERE)
    wired.clock.pass_(timedelta(hours=25))

    assert isinstance(await wired.channel.send(due(key="2" * 64), HERE), Accepted)


async def test_without_a_cid_nothing_is_sent_and_nothing_is_unknown(wired: Wired) -> None:
    await wired.order(FaultKind.LOST, FaultKind.TRUNCATED, FaultKind.BUSY, FaultKind.BAD_GATEWAY)

    codes = []
    for _ in range(4):
        answer = await wired.channel.send(due(), HERE)
        assert isinstance(answer, Failed)
        codes.append((answer.failure, answer.code))

    later = FailureClass.RETRY
    assert codes == [(later, "no_cid"), (later, "no_cid"), (later, "1030"), (later, "status_502")]
    assert wired.sent() == 0


def test_we_know_every_number_the_service_has() -> None:
    assert {int(code) for code in TABLES.errors} == STATUS.keys()


@pytest.mark.parametrize("code", sorted(STATUS))
async def test_every_number_has_its_reaction(wired: Wired, code: int) -> None:
    await wired.order.fate(JpushFate(registration_id=MAINLAND, code=code))

    answer = await wired.channel.send(due(), HERE)

    assert isinstance(answer, Failed)
    assert (answer.failure, answer.code) == (TABLES.errors[str(code)].failure, str(code))
    assert answer.lane_stop == (code == 2002)


async def test_an_id_that_is_none_is_buried(wired: Wired) -> None:
    answer = await wired.channel.send(due(), address("jpush", APP_KEY, "short", registered_at=NOW))

    assert answer == Failed(failure=FailureClass.TOMBSTONE, code="1003")


async def test_asked_too_often_it_waits_for_the_next_minute(wired: Wired) -> None:
    wired.service._per_minute = 2
    await wired.channel.send(due(key="1" * 64), HERE)
    wired.clock.pass_(timedelta(seconds=20))

    answer = await wired.channel.send(due(), HERE)

    assert answer == Failed(
        failure=FailureClass.RETRY, code="2002", after=timedelta(seconds=40), lane_stop=True
    )


async def test_a_wrong_secret_is_a_matter_of_configuration(wired: Wired) -> None:
    answer = await wired.another(secret="wrong").send(due(), HERE)

    assert answer == Failed(failure=FailureClass.CONFIGURATION, code="1004")


@pytest.mark.parametrize("maker", sorted(TABLES.vendors.keys() - {"hmos"}))
async def test_a_maker_is_told_what_class_it_is(wired: Wired, maker: str) -> None:
    phone = address("jpush", APP_KEY, MAINLAND, vendor=maker, registered_at=NOW)

    await wired.channel.send(due(key="1" * 64), phone)
    await wired.channel.send(due(key="2" * 64, message_class=MessageClass.MARKETING), phone)

    service, marketing = (shown.options for shown in wired.service.screen(MAINLAND))
    assert service["third_party_channel"] == {maker: TABLES.vendors[maker][MessageClass.SERVICE]}
    assert marketing["third_party_channel"] == {maker: TABLES.vendors[maker][MessageClass.MARKETING]}
    assert (service["classification"], marketing["classification"]) == (1, 0)


async def test_an_app_has_channels_of_its_own_at_a_maker(wired: Wired) -> None:
    own: Vendors = {"xiaomi": {MessageClass.SERVICE: {"channel_id": "110022"}, MessageClass.MARKETING: {}}}

    await wired.another(vendors=own).send(due(), HERE)

    (shown,) = wired.service.screen(MAINLAND)
    told = shown.options["third_party_channel"]
    assert told["xiaomi"] == {"channel_id": "110022"}
    assert told["vivo"]["classification"] == 1


@given(some.integers(min_value=100, max_value=599), some.binary(max_size=200))
def test_no_answer_whatever_it_is_breaks_us(status: int, body: bytes) -> None:
    assert not isinstance(reaction(Answered(status, body), now=NOW), Accepted)

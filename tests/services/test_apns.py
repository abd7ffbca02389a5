"""Our channel to iPhones against the simulated service: every row of Apple's table, and its bad days."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bff.platform.http2 import Http2
from bff.sandbox.apns import STATUS, Apns, Fate
from bff.sandbox.simulator import Fault, FaultKind, Simulator, simulated
from push.channels.apns import REACTIONS, ApnsChannel, payload, provider_token, reaction
from push.channels.base import Accepted, Failed, FailureClass, Unknown
from push.models import MessageClass
from tests.phones import (
    APPLE_KEY,
    BUNDLE,
    IPHONE,
    KEY_ID,
    TEAM,
    Answered,
    OneToken,
    Ordered,
    address,
    apns,
    message,
)

HERE = address("apns", BUNDLE, IPHONE)


def token_of(age: timedelta = timedelta(0)) -> str:
    return provider_token(APPLE_KEY, key_id=KEY_ID, team_id=TEAM, now=datetime.now(UTC) - age)


class Wired:
    """The channel, the service behind it, and the connection between them."""

    def __init__(self, service: Apns, simulator: Simulator, http: Http2) -> None:
        self.service = service
        self.order = Ordered(simulator.url)
        self.tokens = OneToken(token_of())
        self.channel = ApnsChannel(http, base_url=service.url, tokens=self.tokens)


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    service = apns(tmp_path)
    async with simulated(service) as simulator, Http2.open(ca_file=service.certificate.chain) as http:
        yield Wired(service, simulator, http)


async def test_a_notice_lies_on_the_screen_without_a_name(wired: Wired) -> None:
    answer = await wired.channel.send(message(), HERE)

    (shown,) = wired.service.screen(IPHONE)
    assert answer == Accepted(receipt=shown.id)
    assert shown.id == shown.collapse_id
    assert shown.payload["aps"]["alert"] == {"title": "健康提醒", "body": "您有一条新的提醒,点击查看。"}
    assert "小海" not in str(shown.payload)
    assert shown.priority == 10


async def test_the_same_notice_twice_is_one_on_the_screen(wired: Wired) -> None:
    await wired.channel.send(message(), HERE)
    await wired.channel.send(message(), HERE)

    assert wired.service.accepted == 2
    assert len(wired.service.screen(IPHONE)) == 1


async def test_marketing_waits_for_the_battery(wired: Wired) -> None:
    await wired.channel.send(message(message_class=MessageClass.MARKETING), HERE)

    (shown,) = wired.service.screen(IPHONE)
    assert shown.priority == 5
    assert "sound" not in shown.payload["aps"]


def test_we_know_every_reason_the_service_has() -> None:
    assert REACTIONS.keys() == STATUS.keys()


@pytest.mark.parametrize("reason", sorted(STATUS))
async def test_every_reason_has_its_reaction(wired: Wired, reason: str) -> None:
    await wired.order.fate(Fate(token=IPHONE, reason=reason))
    wired.tokens.tokens *= 2

    answer = await wired.channel.send(message(), HERE)

    assert isinstance(answer, Failed)
    assert (answer.failure, answer.code) == (REACTIONS[reason], reason)
    assert (answer.dead_since is not None) == (STATUS[reason] == 410)
    assert answer.lane_stop == (reason == "TooManyProviderTokenUpdates")


async def test_since_when_nobody_is_there_is_told(wired: Wired) -> None:
    since = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    await wired.order.fate(Fate(token=IPHONE, reason="Unregistered", since=since))

    answer = await wired.channel.send(message(), HERE)

    assert answer == Failed(failure=FailureClass.TOMBSTONE, code="Unregistered", dead_since=since)


async def test_a_phone_is_well_again_after_so_many_refusals_or_when_that_is_said(wired: Wired) -> None:
    await wired.order.fate(Fate(token=IPHONE, reason="TooManyRequests", times=2))
    thrice = [await wired.channel.send(message(), HERE) for _ in range(3)]
    await wired.order.fate(Fate(token=IPHONE, reason="TooManyRequests"))
    await wired.order.fate(Fate(token=IPHONE))

    assert [type(answer) for answer in thrice] == [Failed, Failed, Accepted]
    assert isinstance(await wired.channel.send(message(), HERE), Accepted)


async def test_an_expired_token_is_replaced_once_and_the_notice_sent(wired: Wired) -> None:
    old, new = token_of(timedelta(minutes=61)), token_of()
    wired.tokens.tokens = [old, new]

    assert isinstance(await wired.channel.send(message(), HERE), Accepted)
    assert wired.tokens.was_refused == [old]


async def test_two_expired_tokens_are_not_a_third(wired: Wired) -> None:
    wired.tokens.tokens = [token_of(timedelta(minutes=61)), token_of(timedelta(minutes=62)), token_of()]

    answer = await wired.channel.send(message(), HERE)

    assert answer == Failed(failure=FailureClass.RETRY, code="ExpiredProviderToken")


async def test_without_a_token_nothing_is_sent(wired: Wired) -> None:
    wired.tokens.tokens = []

    answer = await wired.channel.send(message(), HERE)

    assert answer == Failed(
        failure=FailureClass.RETRY, code="no_provider_token", after=timedelta(seconds=90), lane_stop=True
    )


async def test_too_many_tokens_stop_the_lane_and_end_the_connection(wired: Wired) -> None:
    await wired.channel.send(message(), HERE)
    wired.tokens.tokens = [token_of(timedelta(minutes=1))]

    answer = await wired.channel.send(message(), HERE)

    assert answer == Failed(
        failure=FailureClass.RETRY,
        code="TooManyProviderTokenUpdates",
        after=timedelta(minutes=20),
        lane_stop=True,
    )
    await asyncio.sleep(0.1)
    assert wired.service.connections == 0


async def test_a_goodbye_is_nobodys_outage(wired: Wired) -> None:
    await wired.channel.send(message(key="1" * 64), HERE)
    await wired.order(FaultKind.GOODBYE)

    answers = await asyncio.gather(
        *(wired.channel.send(message(key=f"{number:064x}"), HERE) for number in range(2, 12))
    )

    assert all(isinstance(answer, Accepted) for answer in answers), answers
    assert wired.service.goodbye_said() == 1
    assert len(wired.service.screen(IPHONE)) == 11


async def test_what_was_taken_before_a_goodbye_is_still_answered(wired: Wired) -> None:
    await wired.channel.send(message(key="0" * 64), HERE)
    await wired.order(Fault(kind=FaultKind.LATENCY, milliseconds=300, times=1), FaultKind.GOODBYE)

    slow = asyncio.create_task(wired.channel.send(message(key="1" * 64), HERE))
    await asyncio.sleep(0.1)
    sent_back = await wired.channel.send(message(key="2" * 64), HERE)

    assert not slow.done()
    assert isinstance(sent_back, Accepted)
    assert isinstance(await slow, Accepted)
    assert wired.service.accepted == 3


async def test_two_goodbyes_are_told_as_never_reached(wired: Wired) -> None:
    await wired.order(FaultKind.GOODBYE, FaultKind.GOODBYE)

    answer = await wired.channel.send(message(), HERE)

    assert answer == Failed(failure=FailureClass.RETRY, code="unreached")
    assert wired.service.accepted == 0


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.RESET, FaultKind.OUTAGE])
async def test_what_broke_on_the_way_is_unknown_and_shown_once_when_sent_again(
    wired: Wired, kind: FaultKind
) -> None:
    await wired.order(kind)

    assert isinstance(await wired.channel.send(message(), HERE), Unknown)
    assert isinstance(await wired.channel.send(message(), HERE), Accepted)
    assert len(wired.service.screen(IPHONE)) == 1


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FaultKind.BUSY, "ServiceUnavailable"),
        (FaultKind.THROTTLE, "TooManyRequests"),
        (FaultKind.BAD_GATEWAY, "status_502"),
    ],
)
async def test_trouble_on_the_other_side_is_tried_again_later(
    wired: Wired, kind: FaultKind, code: str
) -> None:
    await wired.order(kind)

    assert await wired.channel.send(message(), HERE) == Failed(failure=FailureClass.RETRY, code=code)
    assert isinstance(await wired.channel.send(message(), HERE), Accepted)


async def test_nobody_there_was_certainly_not_reached(tmp_path: Path) -> None:
    async with Http2.open() as http:
        channel = ApnsChannel(http, base_url="https://127.0.0.1:1", tokens=OneToken(token_of()))

        answer = await channel.send(message(), HERE)

    assert answer == Failed(failure=FailureClass.RETRY, code="unreached")


async def test_a_certificate_nobody_vouches_for_is_not_talked_to(wired: Wired) -> None:
    async with Http2.open() as strict:
        channel = ApnsChannel(strict, base_url=wired.service.url, tokens=wired.tokens)

        answer = await channel.send(message(), HERE)

    assert answer == Failed(failure=FailureClass.RETRY, code="unreached")
    assert wired.service.accepted == 0


async def test_hundreds_of_notices_share_a_few_connections(wired: Wired) -> None:
    answers = await asyncio.gather(
        *(wired.channel.send(message(key=f"{number:064x}"), HERE) for number in range(300))
    )

    assert sum(isinstance(answer, Accepted) for answer in answers) == 300
    assert len(wired.service.screen(IPHONE)) == 300
    assert wired.service.connections <= 4


async def test_what_is_too_large_is_not_sent(wired: Wired) -> None:
    large = message(lock_body="字" * 1500)

    assert not wired.channel.takes(large)
    assert await wired.channel.send(large, HERE) == Failed(
        failure=FailureClass.BROKEN, code="PayloadTooLarge"
    )
    assert wired.channel.takes(message())
    assert len(payload(message())) < 1000


@given(
    some.integers(min_value=100, max_value=599),
    some.one_of(
        some.binary(max_size=200),
        some.sampled_from(
            [
                b'{"reason": null}',
                b'{"reason": "Unregistered", "timestamp": 99999999999999999999}',
                b'{"reason": "Unregistered", "timestamp": -99999999999999}',
                b'{"reason": "\xe5\xb0\x8f\xe6\xb5\xb7"}',
                b"[]",
                b"{}",
            ]
        ),
    ),
)
def test_no_answer_whatever_it_is_breaks_us(status: int, body: bytes) -> None:
    answer = reaction(Answered(status, body))

    assert isinstance(answer, Accepted) == (status == 200)
    if isinstance(answer, Failed):
        assert answer.code.isascii()

"""Notices by text message: neutral words, no marketing, and never twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bff.platform.outbound import Outbound
from bff.sandbox.simulator import FaultKind, simulated
from bff.sandbox.sms import Sms
from push.channels.asking import notice_uuid
from push.channels.base import Accepted, Answer, Failed, FailureClass, Unknown
from push.channels.sms import SmsChannel
from push.models import MessageClass
from tests.phones import Answered, Ordered, address, message

PHONE = "+8615400000001"
HERE = address("sms", "", PHONE)


class Wired:
    """The channel, and the gateway behind it."""

    def __init__(self, gateway: Sms, url: str, http: Outbound) -> None:
        self.gateway = gateway
        self.http = http
        self.url = url
        self.order = Ordered(url)
        self.channel = self.known_as("sms-key-of-haiyu")

    def known_as(self, key: str, template: str = "notice") -> SmsChannel:
        return SmsChannel(
            self.http, base_url=self.url, key=key, template=template, clock=lambda: datetime.now(UTC)
        )


@pytest.fixture
async def wired() -> AsyncIterator[Wired]:
    gateway = Sms(key="sms-key-of-haiyu")
    async with simulated(gateway) as simulator, Outbound.open() as http:
        yield Wired(gateway, simulator.url, http)


async def test_a_text_says_what_a_locked_screen_may(wired: Wired) -> None:
    assert await wired.channel.send(message(), HERE) == Accepted(receipt=str(notice_uuid(message())))

    assert wired.gateway.texts(PHONE) == ["健康提醒：您有一条新的提醒,点击查看。"]


async def test_marketing_and_what_is_too_long_are_not_for_text_messages(wired: Wired) -> None:
    assert wired.channel.takes(message())
    assert not wired.channel.takes(message(message_class=MessageClass.MARKETING))
    assert not wired.channel.takes(message(lock_body="字" * 500))
    assert not wired.channel.idempotent


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (FaultKind.BUSY, Failed(failure=FailureClass.RETRY, code="status_503")),
        (
            FaultKind.THROTTLE,
            Failed(failure=FailureClass.RETRY, code="status_429", after=timedelta(seconds=9), lane_stop=True),
        ),
        (FaultKind.BAD_GATEWAY, Unknown(why="status 502")),
        (FaultKind.LOST, Unknown(why="no answer")),
    ],
)
async def test_what_the_gateway_says_on_a_bad_day(wired: Wired, kind: FaultKind, answer: Answer) -> None:
    await wired.order(kind)

    assert await wired.channel.send(message(), HERE) == answer


async def test_refusals_are_told_apart(wired: Wired) -> None:
    stranger = await wired.known_as("another-key").send(message(), HERE)
    template = await wired.known_as("sms-key-of-haiyu", "unknown").send(message(), HERE)
    nowhere = await wired.channel.send(message(), address("sms", "", "not a number"))

    assert stranger == Failed(failure=FailureClass.CONFIGURATION, code="status_401")
    assert template == Failed(failure=FailureClass.NEXT_CHANNEL, code="status_400")
    assert nowhere == Failed(failure=FailureClass.NEXT_CHANNEL, code="status_400")
    assert wired.gateway.sent() == 0


@pytest.mark.parametrize("status", [200, 301, 500, 504])
async def test_an_answer_that_was_not_agreed_on_is_unknown(wired: Wired, status: int) -> None:
    assert isinstance(wired.channel._reaction(Answered(status), "id"), Unknown)

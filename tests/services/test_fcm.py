"""Our channel to phones with Google's services against the simulated one: every documented error."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bff.platform.outbound import Outbound
from bff.sandbox.fcm import ERRORS, Fcm, FcmFate
from bff.sandbox.simulator import FaultKind, Simulator, simulated
from push.channels.base import Accepted, Failed, FailureClass, Unknown
from push.channels.fcm import REACTIONS, FcmChannel, ask_for_token, payload, reaction
from push.ports import TokenAway
from tests.phones import (
    ANDROID,
    PROJECT,
    Answered,
    OneToken,
    Ordered,
    address,
    fcm,
    google_account,
    message,
)

HERE = address("fcm", PROJECT, ANDROID)
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


def utc_now() -> datetime:
    return datetime.now(UTC)


class Wired:
    """The channel, and the service behind it."""

    def __init__(self, service: Fcm, simulator: Simulator, http: Outbound) -> None:
        self.service = service
        self.http = http
        self.order = Ordered(simulator.url)
        self.token_url = f"{simulator.url}/token"
        self.tokens = OneToken()
        self.channel = FcmChannel(
            http, base_url=simulator.url, project=PROJECT, tokens=self.tokens, clock=utc_now
        )

    async def fetch(self) -> str:
        granted = await ask_for_token(self.http, google_account(), token_url=self.token_url, now=utc_now())
        return granted.access_token


@pytest.fixture
async def wired() -> AsyncIterator[Wired]:
    service = fcm()
    async with simulated(service) as simulator, Outbound.open() as http:
        wired = Wired(service, simulator, http)
        wired.tokens.tokens = [await wired.fetch()]
        yield wired


async def test_a_notice_lies_on_the_screen_without_a_name(wired: Wired) -> None:
    answer = await wired.channel.send(message(), HERE)

    (shown,) = wired.service.screen(ANDROID)
    assert answer == Accepted(receipt=shown.name)
    assert (shown.title, shown.body) == ("健康提醒", "您有一条新的提醒,点击查看。")
    assert "小海" not in payload(message(), HERE, now=NOW).decode()


async def test_the_same_notice_twice_is_one_on_the_screen(wired: Wired) -> None:
    await wired.channel.send(message(), HERE)
    await wired.channel.send(message(), HERE)

    assert wired.service.accepted == 2
    assert len(wired.service.screen(ANDROID)) == 1


@pytest.mark.parametrize("code", sorted(ERRORS.keys() - {"INVALID_ARGUMENT"}))
async def test_every_error_has_its_reaction(wired: Wired, code: str) -> None:
    await wired.order.fate(FcmFate(token=ANDROID, error=code, retry_after=33))

    answer = await wired.channel.send(message(), HERE)

    assert isinstance(answer, Failed)
    assert (answer.failure, answer.code) == (REACTIONS[code], code)
    assert answer.after == (timedelta(seconds=33) if answer.failure is FailureClass.RETRY else None)
    assert answer.lane_stop == (code == "QUOTA_EXCEEDED")


async def test_a_spent_quota_waits_a_minute_where_google_says_nothing(wired: Wired) -> None:
    await wired.order.fate(FcmFate(token=ANDROID, error="QUOTA_EXCEEDED"))

    answer = await wired.channel.send(message(), HERE)

    assert isinstance(answer, Failed)
    assert answer.after == timedelta(seconds=60)


async def test_invalid_argument_is_about_the_token_or_about_the_message(wired: Wired) -> None:
    await wired.order.fate(FcmFate(token=ANDROID, error="INVALID_ARGUMENT"))
    of_the_token = await wired.channel.send(message(), HERE)
    error = {
        "status": "INVALID_ARGUMENT",
        "details": [{"@type": BAD_REQUEST, "fieldViolations": [{"field": "message.android.ttl"}]}],
    }
    of_the_message = reaction(Answered(400, msgspec.json.encode({"error": error})), now=NOW)

    assert of_the_token == Failed(failure=FailureClass.TOMBSTONE, code="INVALID_ARGUMENT")
    assert of_the_message == Failed(failure=FailureClass.BROKEN, code="INVALID_ARGUMENT")


def test_a_violation_of_the_token_s_field_is_about_the_token() -> None:
    error = {
        "status": "INVALID_ARGUMENT",
        "details": [
            {"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"},
            {"@type": BAD_REQUEST, "fieldViolations": [{"field": "message.token"}]},
        ],
    }

    answer = reaction(Answered(400, msgspec.json.encode({"error": error})), now=NOW)

    assert answer == Failed(failure=FailureClass.TOMBSTONE, code="INVALID_ARGUMENT")


async def test_a_token_that_ended_is_replaced_once_and_the_notice_sent(wired: Wired) -> None:
    wired.service.revoke()
    wired.tokens.tokens.append(await wired.fetch())

    assert isinstance(await wired.channel.send(message(), HERE), Accepted)
    assert len(wired.tokens.was_refused) == 1


async def test_tokens_that_are_always_refused_are_a_matter_of_configuration(wired: Wired) -> None:
    wired.tokens.tokens = ["made-up", "made-up-too", "made-up-three"]

    answer = await wired.channel.send(message(), HERE)

    assert answer == Failed(failure=FailureClass.CONFIGURATION, code="UNAUTHENTICATED")
    assert wired.tokens.tokens == ["made-up-three"]


async def test_another_projects_messages_are_a_matter_of_configuration(wired: Wired) -> None:
    wired.channel._url = wired.channel._url.replace(PROJECT, "another")

    answer = await wired.channel.send(message(), HERE)

    assert answer == Failed(failure=FailureClass.CONFIGURATION, code="PERMISSION_DENIED")


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.RESET, FaultKind.OUTAGE])
async def test_what_broke_on_the_way_is_unknown_and_shown_once_when_sent_again(
    wired: Wired, kind: FaultKind
) -> None:
    await wired.order(kind)

    assert isinstance(await wired.channel.send(message(), HERE), Unknown)
    assert isinstance(await wired.channel.send(message(), HERE), Accepted)
    assert len(wired.service.screen(ANDROID)) == 1


async def test_half_an_answer_is_unknown(wired: Wired) -> None:
    await wired.order(FaultKind.TRUNCATED)

    assert isinstance(await wired.channel.send(message(), HERE), Unknown)


async def test_trouble_on_the_other_side_waits_as_long_as_it_asks(wired: Wired) -> None:
    await wired.order(FaultKind.BUSY, FaultKind.BAD_GATEWAY)

    busy = await wired.channel.send(message(), HERE)
    gateway = await wired.channel.send(message(), HERE)

    assert busy == Failed(failure=FailureClass.RETRY, code="UNAVAILABLE", after=timedelta(seconds=7))
    assert gateway == Failed(failure=FailureClass.RETRY, code="status_502")


async def test_no_token_is_given_to_a_stranger_and_that_is_told_apart(wired: Wired) -> None:
    stranger = msgspec.structs.replace(google_account(), client_email="stranger@haiyu.test")

    with pytest.raises(TokenAway):
        await ask_for_token(wired.http, stranger, token_url=wired.token_url, now=utc_now())
    with pytest.raises(TokenAway):
        await ask_for_token(wired.http, google_account(), token_url="http://127.0.0.1:1/", now=utc_now())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 1),
        ("-5", 60),
        ("soon", 60),
        ("", 60),
        ("99999999", 86_400),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 1),
    ],
)
def test_retry_after_is_read_in_both_its_forms(text: str, seconds: int) -> None:
    answer = reaction(Answered(429, retry_after=text), now=NOW)

    assert isinstance(answer, Failed)
    assert answer.after == timedelta(seconds=seconds)


@given(some.integers(min_value=100, max_value=599), some.binary(max_size=200))
def test_no_answer_whatever_it_is_breaks_us(status: int, body: bytes) -> None:
    answer = reaction(Answered(status, body), now=NOW)

    assert not isinstance(answer, Accepted)

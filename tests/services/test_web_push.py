"""Our channel to browsers: sealed as RFC 8291 says, and what push services answer."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from hypothesis import given
from hypothesis import strategies as some

from bff.platform.outbound import Outbound
from bff.sandbox.simulator import FaultKind, Simulator, simulated
from bff.sandbox.webpush import Browser, WebPush
from push.channels.base import Accepted, Address, Failed, FailureClass, Unknown
from push.channels.webpush import (
    LARGEST_PLAINTEXT,
    REACTIONS,
    WebPushChannel,
    base64,
    is_allowed,
    reaction,
    seal,
    unbase64,
)
from tests.phones import Answered, Ordered, address, message

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
OURS = generate_private_key(SECP256R1())


def test_it_is_sealed_as_in_the_example_of_rfc_8291() -> None:
    """Appendix A, byte for byte."""
    theirs = EllipticCurvePublicKey.from_encoded_point(
        SECP256R1(),
        # pragma: allowlist nextline secret
        unbase64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
    )
    once = derive_private_key(
        # pragma: allowlist nextline secret
        int.from_bytes(unbase64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")),
        SECP256R1(),
    )

    sealed = seal(
        b"When I grow up, I want to be a watermelon",
        to=theirs,
        secret=unbase64("BTBZMqHH6r4Tts7J_aSIgg"),
        ours=once,
        salt=unbase64("DGv6ra1nlYgDCS1FRnbzlw"),
    )

    assert base64(sealed) == (
        # pragma: allowlist nextline secret
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        # pragma: allowlist nextline secret
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


class Wired:
    """The channel, a push service, and a browser that subscribed to us."""

    def __init__(self, service: WebPush, simulator: Simulator, http: Outbound) -> None:
        self.service = service
        self.url = simulator.url
        self.order = Ordered(simulator.url)
        self.channel = WebPushChannel(
            http,
            key=OURS,
            contact="mailto:push@haiyu.test",
            origins=(simulator.url,),
            clock=lambda: datetime.now(UTC),
            chance=os.urandom,
        )
        self.browser = service.subscribe(self.channel.public_key)

    def here(self, **changes: str) -> Address:
        return self.at(self.browser, **changes)

    def at(self, browser: Browser, **changes: str) -> Address:
        given = {
            "endpoint": f"{self.url}/push/{browser.name}",
            "p256dh": browser.p256dh,
            "auth": base64(browser.secret),
        } | changes
        return address("webpush", self.channel.public_key, msgspec.json.encode(given).decode())


@pytest.fixture
async def wired() -> AsyncIterator[Wired]:
    service = WebPush()
    async with simulated(service) as simulator, Outbound.open() as http:
        yield Wired(service, simulator, http)


async def test_a_browser_shows_a_notice_without_a_name(wired: Wired) -> None:
    assert await wired.channel.send(message(), wired.here()) == Accepted()

    (shown,) = wired.browser.shown.values()
    assert (shown.title, shown.body, shown.lang) == ("健康提醒", "您有一条新的提醒,点击查看。", "zh-CN")
    assert 172_700 < shown.ttl <= 172_800


async def test_the_same_notice_twice_is_one_on_the_screen(wired: Wired) -> None:
    await wired.channel.send(message(), wired.here())
    await wired.channel.send(message(), wired.here())

    assert wired.service.accepted == 2
    assert len(wired.browser.shown) == 1


@pytest.mark.parametrize("status", sorted(REACTIONS))
async def test_every_status_has_its_reaction(wired: Wired, status: int) -> None:
    wired.browser.status, wired.browser.retry_after = status, 17

    answer = await wired.channel.send(message(), wired.here())

    assert answer == Failed(
        failure=REACTIONS[status],
        code=f"status_{status}",
        after=timedelta(seconds=17) if status == 429 else None,
    )


async def test_a_browser_nobody_knows_is_buried(wired: Wired) -> None:
    stranger = Browser(wired.channel.public_key)

    answer = await wired.channel.send(message(), wired.at(stranger))

    assert answer == Failed(failure=FailureClass.TOMBSTONE, code="status_404")


async def test_trouble_on_the_other_side_waits_as_long_as_it_asks(wired: Wired) -> None:
    await wired.order(FaultKind.BUSY, FaultKind.THROTTLE, FaultKind.LOST, FaultKind.OUTAGE)

    busy = await wired.channel.send(message(), wired.here())
    often = await wired.channel.send(message(), wired.here())

    assert busy == Failed(failure=FailureClass.RETRY, code="status_503", after=timedelta(seconds=5))
    assert often == Failed(failure=FailureClass.RETRY, code="status_429", after=timedelta(seconds=11))
    assert isinstance(await wired.channel.send(message(), wired.here()), Unknown)
    assert isinstance(await wired.channel.send(message(), wired.here()), Unknown)


async def test_who_we_are_is_said_once_for_many(wired: Wired) -> None:
    await wired.channel.send(message(key="1" * 64), wired.here())
    (first,) = wired.channel._tokens.values()
    await wired.channel.send(message(key="2" * 64), wired.here())

    assert list(wired.channel._tokens.values()) == [first]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"endpoint": "https://169.254.169.254/latest/meta-data"}, "not_allowed"),
        ({"endpoint": "http://localhost/push/1"}, "not_allowed"),
        ({"p256dh": "AAAA"}, "unusable"),
        ({"auth": "AAAA"}, "unusable"),
        ({"auth": "小海"}, "unusable"),
    ],
)
async def test_what_no_push_service_gave_out_is_never_called(
    wired: Wired, changes: dict[str, str], code: str
) -> None:
    answer = await wired.channel.send(message(), wired.here(**changes))

    assert answer == Failed(failure=FailureClass.TOMBSTONE, code=code)
    assert wired.service.accepted == 0


async def test_a_subscription_to_another_key_is_buried(wired: Wired) -> None:
    old = msgspec.structs.replace(wired.here(), app="another")

    assert await wired.channel.send(message(), old) == Failed(
        failure=FailureClass.TOMBSTONE, code="another_key"
    )


async def test_what_is_too_large_is_not_sent(wired: Wired) -> None:
    large = message(lock_body="字" * 1400)

    assert not wired.channel.takes(large)
    assert await wired.channel.send(large, wired.here()) == Failed(
        failure=FailureClass.BROKEN, code="too_large"
    )


def test_the_largest_text_makes_the_largest_body() -> None:
    browser = Browser("k")
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), unbase64(browser.p256dh))

    body = seal(b"x" * LARGEST_PLAINTEXT, to=key, secret=browser.secret, ours=OURS, salt=b"s" * 16)

    assert len(body) == 4096
    assert browser.open(body) == b"x" * LARGEST_PLAINTEXT


ORIGINS = ("https://fcm.googleapis.com", "https://*.notify.windows.com")


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=abc", True),
        ("https://notify.windows.com/w/", False),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com:8443/", False),
        ("https://fcm.googleapis.com.evil.test/", False),
        ("https://fcm.googleapis.com@evil.test/", False),
        ("https://user@fcm.googleapis.com/", False),
        ("https://evil.test/#https://fcm.googleapis.com", False),
        ("https://evilnotify.windows.com/", False),
        ("https://[::1/", False),
        ("https://fcm.googleapis.com:99999999/", False),
        ("fcm.googleapis.com", False),
        ("", False),
    ],
)
def test_only_push_services_we_know_are_called(endpoint: str, allowed: bool) -> None:  # noqa: FBT001
    assert is_allowed(endpoint, ORIGINS) is allowed


@given(some.integers(min_value=100, max_value=599), some.text(max_size=40))
def test_no_answer_whatever_it_is_breaks_us(status: int, wait: str) -> None:
    answer = reaction(Answered(status, retry_after=wait), now=NOW)

    assert isinstance(answer, Accepted) == (status in {200, 201, 202})

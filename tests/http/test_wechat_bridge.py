"""Our WeChat bridge against a WeChat on a wire: what it says, and what can happen to what it says."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from auth_bridges.bridges.wechat import WechatBridge
from auth_bridges.bridges.wechat_wire import WechatWire
from auth_bridges.refusals import (
    CodeAlreadyUsed,
    CodeRejected,
    ProviderAccountBlocked,
    ProviderBusy,
    ProviderUnavailable,
    ProviderUnreached,
)
from bff.platform.outbound import Outbound
from bff.sandbox.simulator import Simulator, simulated
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp
from miniapp_schemas.refusals import Refusal

CITY = WechatApp(appid="wxcity000000000001", secret="city-secret", open_platform="op-1")
LONER = WechatApp(appid="wxloner00000000003", secret="loner-secret")


class Phone:
    """A resident's phone, and the knobs of the simulator."""

    def __init__(self, simulator: Simulator, wechat: Wechat, http: aiohttp.ClientSession) -> None:
        self.url = simulator.url
        self.wechat = wechat
        self.http = http

    def code(self, resident: str = "lin", app: WechatApp = CITY) -> str:
        return self.wechat.login(app.appid, resident)

    def bridge(self, app: WechatApp = CITY, *, url: str | None = None) -> WechatBridge:
        wire = WechatWire(Outbound(self.http), base_urls=[url or self.url])
        return WechatBridge(wire, appid=app.appid, secret=app.secret)

    async def plan(self, *faults: dict[str, Any]) -> None:
        async with self.http.post(f"{self.url}/_sim/plan", json={"faults": list(faults)}) as reply:
            assert reply.status == 204

    async def asked(self) -> int:
        async with self.http.get(f"{self.url}/_sim/journal?path=/sns/jscode2session") as reply:
            return len(await reply.json())


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    wechat = Wechat([CITY, LONER], per_minute=5)
    async with simulated(wechat) as simulator, aiohttp.ClientSession() as http:
        yield Phone(simulator, wechat, http)


async def test_a_code_names_a_person_and_their_unionid(phone: Phone) -> None:
    subject = await phone.bridge().exchange(phone.code())
    assert (subject.provider, subject.appid) == ("wechat", CITY.appid)
    assert subject.subject.startswith("oSIM")
    assert set(subject.alternates) == {"unionid"}


async def test_an_app_of_no_open_platform_learns_no_unionid(phone: Phone) -> None:
    subject = await phone.bridge(LONER).exchange(phone.code(app=LONER))
    assert subject.alternates == {}


async def test_the_same_person_is_the_same_subject(phone: Phone) -> None:
    bridge = phone.bridge()
    first, again = await bridge.exchange(phone.code()), await bridge.exchange(phone.code())
    assert first == again
    assert first != await bridge.exchange(phone.code("wang"))


async def test_a_used_code_is_said_to_be_used(phone: Phone) -> None:
    code = phone.code()
    await phone.bridge().exchange(code)
    with pytest.raises(CodeAlreadyUsed):
        await phone.bridge().exchange(code)


async def test_an_unknown_code_is_rejected(phone: Phone) -> None:
    with pytest.raises(CodeRejected):
        await phone.bridge().exchange("nobody-ever-issued-this")


async def test_a_code_cannot_carry_parameters_of_its_own(phone: Phone) -> None:
    """Were it pasted into the URL, this would ask about another app with its own secret."""
    with pytest.raises(CodeRejected):
        await phone.bridge().exchange(f"{phone.code()}&appid={LONER.appid}#")


async def test_a_blocked_account_is_told_so(phone: Phone) -> None:
    body = {"resident": "lin", "blocked": True}
    async with phone.http.post(f"{phone.url}/_sim/wechat/block", json=body) as reply:
        assert reply.ok
    with pytest.raises(ProviderAccountBlocked):
        await phone.bridge().exchange(phone.code())


async def test_too_often_is_told_with_when_to_come_back(phone: Phone) -> None:
    bridge = phone.bridge()
    for _ in range(5):
        await bridge.exchange(phone.code())
    with pytest.raises(ProviderBusy) as refused:
        await bridge.exchange(phone.code())
    assert refused.value.retry_after == 60


@pytest.mark.parametrize(
    "wrong",
    [
        WechatApp(appid=CITY.appid, secret="wrong-secret"),
        WechatApp(appid="wxnobody0000000009", secret="city-secret"),
    ],
)
async def test_our_own_mistake_is_an_outage_to_residents_and_an_alarm_to_us(
    phone: Phone, caplog: pytest.LogCaptureFixture, wrong: WechatApp
) -> None:
    code = phone.code()
    with caplog.at_level(logging.ERROR), pytest.raises(ProviderUnavailable):
        await phone.bridge(wrong).exchange(code)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert code not in caplog.text
    assert wrong.secret not in caplog.text


@pytest.mark.parametrize("kind", ["busy", "badGateway", "truncated", "reset", "lost", "outage"])
async def test_a_broken_answer_is_an_outage_asked_about_once(
    phone: Phone, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """A GET whose connection broke is sent again by aiohttp; the code would then count as used."""
    bridge = phone.bridge()
    await bridge.exchange(phone.code())  # so that a connection is open, to be reused
    await phone.plan({"kind": kind, "route": "/sns/jscode2session", "times": 1})
    code = phone.code()
    with caplog.at_level(logging.DEBUG, "auth_bridges"), pytest.raises(ProviderUnavailable) as refused:
        await bridge.exchange(code)
    assert type(refused.value) is ProviderUnavailable
    assert await phone.asked() == 2
    assert refused.value.__cause__ is None
    for secret in (code, CITY.secret):
        assert secret not in caplog.text
    await bridge.exchange(phone.code())


async def test_a_slow_answer_is_given_up_after_five_seconds(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth_bridges.bridges.wechat._TOTAL", 0.2)
    await phone.plan({"kind": "latency", "milliseconds": 2000})
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        await phone.bridge().exchange(phone.code())
    assert time.monotonic() - started < 1
    assert await phone.asked() == 1


async def test_where_nobody_listens_the_code_is_not_spent(phone: Phone) -> None:
    with pytest.raises(ProviderUnreached):
        await phone.bridge(url="http://127.0.0.1:1").exchange(phone.code())


class Hostile:
    """Something that answers in WeChat's place."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self.answer)
        await writer.drain()
        writer.close()


def reply(body: bytes, *, status: str = "200 OK", kind: str = "text/plain", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def said(**fields: object) -> bytes:
    return reply(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        pytest.param(reply(b""), ProviderUnavailable, id="nothing"),
        pytest.param(reply(b"<html>ok</html>", kind="text/html"), ProviderUnavailable, id="a page"),
        pytest.param(reply(b'{"openid": "o1"'), ProviderUnavailable, id="half of it"),
        pytest.param(reply(b"[]"), ProviderUnavailable, id="another shape"),
        pytest.param(reply(b'{"openid": 7}'), ProviderUnavailable, id="a number for an openid"),
        pytest.param(reply(b'{"openid": "\xff"}'), ProviderUnavailable, id="not UTF-8"),
        pytest.param(reply(b"[" * 5000), ProviderUnavailable, id="nested without end"),
        pytest.param(reply(b'{"x":' + b"[" * 5000), ProviderUnavailable, id="nested where we do not look"),
        pytest.param(reply(b" " * 20_000), ProviderUnavailable, id="far too much"),
        pytest.param(said(openid=""), ProviderUnavailable, id="an empty openid"),
        pytest.param(said(openid="o1 or 1=1"), ProviderUnavailable, id="an openid that is none"),
        pytest.param(said(errcode=0), ProviderUnavailable, id="success without an openid"),
        pytest.param(said(errcode=40029, errmsg="invalid code"), CodeRejected, id="40029"),
        pytest.param(said(errcode=99999), ProviderUnavailable, id="a code nobody documented"),
        pytest.param(
            reply(b"", status="302 Found", more="Location: http://127.0.0.1:1/\r\n"),
            ProviderUnavailable,
            id="a redirect",
        ),
        pytest.param(
            reply(b'{"openid": "o1"}', status="500 Error"), ProviderUnavailable, id="success under a 500"
        ),
        pytest.param(b"garbage\r\n\r\n", ProviderUnavailable, id="not HTTP"),
    ],
)
async def test_what_is_not_an_answer_of_wechats_signs_nobody_in(
    phone: Phone, answer: bytes, refusal: type[Refusal]
) -> None:
    async with Hostile(answer) as url:
        with pytest.raises(refusal) as refused:
            await phone.bridge(url=url).exchange("a-code")
    assert type(refused.value) is refusal


async def test_success_needs_no_errcode_and_any_content_type(phone: Phone) -> None:
    body = b'{"openid": "oSIM1", "session_key": "k", "later": {"field": 1}}'
    async with Hostile(reply(body, kind="application/octet-stream")) as url:
        assert (await phone.bridge(url=url).exchange("a-code")).subject == "oSIM1"


async def test_wechats_request_id_is_kept_for_its_support(phone: Phone) -> None:
    body = said(errcode=40029, errmsg="invalid code, rid: 6543-21ab-00")
    async with Hostile(body) as url:
        with pytest.raises(CodeRejected) as refused:
            await phone.bridge(url=url).exchange("a-code")
    assert refused.value.facts == {"errcode": "40029", "rid": "6543-21ab-00"}

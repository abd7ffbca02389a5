"""Our Alipay bridge against an Alipay on a wire, in every way to be set up, on its good days and bad."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.bridges.alipay import AlipayBridge
from auth_bridges.bridges.alipay_face import AlipayFaceCheck
from auth_bridges.bridges.alipay_phone import AlipayPhone
from auth_bridges.codec.alipay_keys import certificate_sn, certified_keys
from auth_bridges.codec.alipay_phone import open_phone_packet
from auth_bridges.codec.alipay_signatures import Distrust, Distrusted
from auth_bridges.models import FaceCheckState
from auth_bridges.refusals import (
    CodeRejected,
    ProviderBusy,
    ProviderUnavailable,
    ProviderUnreached,
    ReplyOfUnknownSerial,
    ReplyRefused,
    ReplyUnsigned,
    ReplyWeaklyHashed,
)
from bff.platform.mongo import Database
from bff.platform.telemetry import Trace, current_trace
from bff.sandbox.alipay_gateway import Hostile, Phone
from bff.sandbox.alipay_ids import Names, open_id_of, user_id_of
from miniapp_schemas.refusals import Refusal
from tests.alipay import (
    CERTIFIED,
    OLD,
    SETUPS,
    Counter,
    Learnt,
    Setup,
    alipay_counter,
    keyring,
    now,
    other_keyring,
)
from tests.auth_fakes import stores_on

V2, V3 = Setup(transport="v2"), Setup(transport="v3")
every_setup = pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)
certified = pytest.mark.parametrize(
    "setup",
    [setup for setup in SETUPS.values() if setup.app.certificates],
    ids=[name for name, setup in SETUPS.items() if setup.app.certificates],
)
both_protocols = pytest.mark.parametrize("setup", [V2, V3], ids=["v2", "v3"])


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    async with alipay_counter() as opened:
        yield opened


# --- its good days -----------------------------------------------------------------------------------


@every_setup
async def test_a_code_names_a_person(counter: Counter, setup: Setup) -> None:
    subject = await counter.bridge(setup).exchange(counter.code(setup))
    assert (subject.provider, subject.appid) == ("alipay", setup.app.appid)
    assert subject.subject == open_id_of(setup.app.appid, "lin")
    assert subject.alternates["open_id"] == subject.subject
    assert set(subject.synonyms) == set(subject.alternates)
    assert len(subject.told["rid"]) == 32


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (Names.USER_ID, ("user_id",)),
        (Names.BOTH, ("open_id", "user_id")),
        (Names.OPEN_ID, ("open_id",)),
    ],
)
async def test_an_app_learns_the_names_alipay_gives_it(
    counter: Counter, names: Names, known: tuple[str, ...]
) -> None:
    counter.alipay.books.move(OLD.appid, names)
    setup = Setup(app=OLD)
    subject = await counter.bridge(setup).exchange(counter.code(setup))
    assert subject.synonyms == known
    assert subject.subject == subject.alternates[known[0]]
    assert subject.alternates.get("user_id", user_id_of("lin")) == user_id_of("lin")


@every_setup
async def test_tokens_are_renewed_once_and_show_what_a_person_shows(counter: Counter, setup: Setup) -> None:
    bridge = counter.bridge(setup)
    first = await bridge.tokens(counter.code(setup))
    renewed = await bridge.renew(first.refresh_token)
    assert (renewed.open_id, renewed.access_token == first.access_token) == (first.open_id, False)
    with pytest.raises(CodeRejected) as refused:
        await bridge.renew(first.refresh_token)
    assert refused.value.facts["errcode"] == "refreshed-token-invalid"
    profile = await bridge.profile(renewed.access_token)
    assert (profile.open_id, profile.nick_name) == (first.open_id, "模拟lin")
    with pytest.raises(CodeRejected):
        await bridge.profile("nobodys-token")


@every_setup
async def test_a_code_that_is_not_good_is_rejected_with_alipays_request_id(
    counter: Counter, setup: Setup
) -> None:
    code = counter.code(setup)
    await counter.bridge(setup).exchange(code)
    for wrong in (code, "nobody-ever-issued-this", counter.code(Setup(app=OLD))):
        with pytest.raises(CodeRejected) as refused:
            await counter.bridge(setup).exchange(wrong)
        assert refused.value.facts["errcode"] == "code-invalid"
        assert len(str(refused.value.facts["rid"])) == 32


@certified
async def test_the_certificate_alipay_signs_with_may_change(counter: Counter, setup: Setup) -> None:
    bridge = counter.bridge(setup)
    await bridge.exchange(counter.code(setup))
    counter.alipay.roll_over(CERTIFIED.appid)
    await asyncio.gather(*(bridge.exchange(counter.code(setup)) for _ in range(20)))
    await bridge.exchange(counter.code(setup))
    assert len(await counter.journal()) == 1 + 20 + 1 + 1, "more than one download"


@certified
async def test_a_phone_packet_is_by_the_certificate_that_was_learnt(counter: Counter, setup: Setup) -> None:
    client = counter.client(setup)
    counter.alipay.roll_over(CERTIFIED.appid)
    asked = Phone(appid=CERTIFIED.appid, mobile="15400000001", sealed=setup.sealed)
    packet = msgspec.json.encode(counter.alipay.phone_packet(asked))
    keys, aes = client.app.alipay, client.app.aes_key
    with pytest.raises(Distrusted):
        open_phone_packet(packet, keys=keys, aes_key=aes)
    await AlipayBridge(client).exchange(counter.code(setup))
    assert open_phone_packet(packet, keys=keys, aes_key=aes).mobile == "15400000001"


async def test_no_code_and_no_token_is_in_an_address(counter: Counter) -> None:
    """Addresses end up in logs, theirs and those of everybody in between."""
    code = counter.code(V2)
    tokens = await counter.bridge(V2).tokens(code)
    await counter.bridge(V2).profile(tokens.access_token)
    addresses = json.dumps(await counter.journal())
    assert code not in addresses
    assert tokens.access_token not in addresses


# --- the time zone -----------------------------------------------------------------------------------


@certified
async def test_a_certificate_one_process_learnt_is_believed_by_all_and_after_a_restart(
    counter: Counter, setup: Setup, mongo_database: Database, redis: Redis
) -> None:
    counter.learnt = stores_on(mongo_database, redis).alipay_certificates
    first, later = counter.client(setup), counter.client(setup)
    counter.alipay.roll_over(CERTIFIED.appid)
    await AlipayBridge(first).exchange(counter.code(setup))
    arrived = len(await counter.journal())
    await AlipayBridge(later).exchange(counter.code(setup))
    assert len(await counter.journal()) == arrived + 1, "downloaded again"
    # A packet names no certificate, so there is nothing to look up: all that was learnt is looked at.
    asked = Phone(appid=CERTIFIED.appid, mobile="15400000001", sealed=setup.sealed)
    packet = msgspec.json.encode(counter.alipay.phone_packet(asked)).decode()
    phones = AlipayPhone(counter.client(setup), stores_on(mongo_database, redis).packets, now)
    assert await phones.phone_number(packet, "s1") == "+8615400000001"
    assert len(await counter.journal()) == arrived + 1


@certified
@pytest.mark.parametrize("whose", ["a stranger's", "an app's", "another serial's", "nothing"])
async def test_what_somebody_wrote_into_the_database_makes_no_key_alipays(
    counter: Counter, setup: Setup, whose: str
) -> None:
    ring = keyring()
    serial = certificate_sn(ring.next_certificate)
    counter.learnt = learnt = Learnt()
    learnt.kept[serial] = {
        "a stranger's": other_keyring().next_certificate,
        "an app's": ring.app_certificate,
        "another serial's": ring.alipay_certificate,
        "nothing": "",
    }[whose]
    client = counter.client(setup)
    assert not await client.recall()
    assert client.app.alipay.certificates == certified_keys(ring.alipay_certificate)
    counter.alipay.roll_over(CERTIFIED.appid)
    await AlipayBridge(client).exchange(counter.code(setup))
    assert await counter.client(setup).recall()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
async def test_the_machines_time_zone_makes_no_difference(counter: Counter, zone: str) -> None:
    """Three public SDKs sign the machine's own time, and a server in UTC is then eight hours wrong."""
    program = (
        "import asyncio, sys\n"
        "from aiohttp import ClientSession\n"
        "from bff.platform.outbound import Outbound\n"
        "from tests.alipay import Learnt, Setup, now, product_app\n"
        "from auth_bridges.bridges.alipay import AlipayBridge\n"
        "from auth_bridges.bridges.alipay_client import AlipayClient\n"
        "from auth_bridges.bridges import alipay_client\n"
        "import msgspec, tests.alipay as ours\n"
        "ring = msgspec.json.decode(sys.stdin.buffer.read(), type=ours.AlipayKeyring)\n"
        "ours.keyring = lambda: ring\n"
        "async def main():\n"
        "    async with ClientSession() as http:\n"
        "        for transport, code in zip(('v2', 'v3'), sys.argv[2:]):\n"
        "            client = AlipayClient(Outbound(http), product_app(Setup()), base_url=sys.argv[1],\n"
        "                transport=transport, learnt=Learnt(), clock=now,\n"
        "                chance=lambda size: transport.encode() * 8)\n"
        "            print((await AlipayBridge(client).exchange(code)).subject)\n"
        "asyncio.run(main())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, counter.url, counter.code(V2), counter.code(V2)],
        env={**os.environ, "TZ": zone},
        input=msgspec.json.encode(keyring()),
        capture_output=True,
        check=False,
    )
    assert done.stdout.decode().split() == [open_id_of(V2.app.appid, "lin")] * 2, done.stderr.decode()


# --- real name ---------------------------------------------------------------------------------------


@every_setup
async def test_a_face_check_is_decided_by_alipays_server_alone(counter: Counter, setup: Setup) -> None:
    faces = AlipayFaceCheck(counter.client(setup), return_url=f"{counter.url}/back")
    back = f"{counter.url}/back"
    for passed, outcome in (("T", FaceCheckState.PASSED), ("F", FaceCheckState.FAILED)):
        begun = await faces.start("林晓月", "310000199003159020", os.urandom(16).hex())
        assert await faces.result(begun.id) is FaceCheckState.PENDING
        async with counter.http.get(begun.url) as page:
            assert (page.status, page.headers["X-Simulated"]) == (200, "1")
            assert "这不是支付宝" in await page.text()
        assert await faces.result(begun.id) is FaceCheckState.PENDING
        decide = f"{counter.url}/_sim/alipay/certify?certify_id={begun.id}&passed={passed}"
        async with counter.http.get(decide, allow_redirects=False) as led:
            assert (led.status, led.headers["Location"]) == (303, back)
        assert await faces.result(begun.id) is outcome


@both_protocols
async def test_the_audit_of_a_face_check_has_alipays_name_for_it(counter: Counter, setup: Setup) -> None:
    faces = AlipayFaceCheck(counter.client(setup), return_url=counter.url)
    trace = Trace("request-1")
    token = current_trace.set(trace)
    try:
        begun = await faces.start("林晓月", "310000199003159020", os.urandom(16).hex())
        first = dict(trace.provider)
        await faces.result(begun.id)
    finally:
        current_trace.reset(token)
    assert first["providerEnv"] == "sim"
    assert first["rid"]
    assert trace.provider["rid"] not in ("", first["rid"])


@both_protocols
async def test_a_face_check_nobody_knows_has_expired(counter: Counter, setup: Setup) -> None:
    faces = AlipayFaceCheck(counter.client(setup), return_url=counter.url)
    assert await faces.result("nobody-began-this") is FaceCheckState.EXPIRED


async def test_an_unfinished_face_check_ends_after_23_hours(counter: Counter) -> None:
    faces = AlipayFaceCheck(counter.client(V2), return_url=counter.url)
    open_one = await faces.start("林晓月", "310000199003159020", os.urandom(16).hex())
    done = await faces.start("林晓月", "310000199003159020", os.urandom(16).hex())
    counter.alipay.books.open_check(done.id)
    counter.alipay.books.end_check(done.id, passed=True)
    later = counter.alipay.books.now() + timedelta(hours=23)
    counter.alipay.books.now = lambda: later
    assert await faces.result(open_one.id) is FaceCheckState.EXPIRED
    assert await faces.result(done.id) is FaceCheckState.PASSED


async def test_the_page_of_a_face_check_shows_nobodys_name_in_its_address(counter: Counter) -> None:
    faces = AlipayFaceCheck(counter.client(V2), return_url=counter.url)
    begun = await faces.start("林晓月", "310000199003159020", os.urandom(16).hex())
    query = parse_qs(urlsplit(begun.url).query)
    assert json.loads(query["biz_content"][0]) == {"certify_id": begun.id}
    async with counter.http.get(begun.url.replace("sign=", "sign=A")) as page:
        assert page.headers["Content-Type"] == "text/html;charset=GBK"
        assert "isv.invalid-signature" in (await page.read()).decode("gbk")


# --- hostile answers ---------------------------------------------------------------------------------

REFUSED = {
    Hostile.UNSIGNED: Distrust.UNSIGNED,
    Hostile.SHA1: Distrust.HASH_NOT_SHA256,
    Hostile.MD5: Distrust.HASH_NOT_SHA256,
    Hostile.OTHER_APP: Distrust.SIGNATURE_WRONG,
    Hostile.REWRITTEN: Distrust.SIGNATURE_WRONG,
    Hostile.DUPLICATE_KEY: Distrust.DUPLICATE_KEY,
    Hostile.NOT_UTF8: Distrust.NOT_UTF8,
}
ONLY_V2 = {Hostile.DUPLICATE_RESPONSE: Distrust.DUPLICATE_KEY, Hostile.OTHER_METHOD: Distrust.OTHER_METHOD}
ONLY_V3 = {Hostile.STALE: Distrust.STALE}
WITH_CERTIFICATES = {
    Hostile.FORGED_CERTIFICATE: Distrust.CERTIFICATE_UNKNOWN,
    Hostile.APPS_CERTIFICATE: Distrust.CERTIFICATE_UNKNOWN,
    Hostile.NO_CERTIFICATE: Distrust.CERTIFICATE_UNNAMED,
    Hostile.UNKNOWN_CERTIFICATE: Distrust.CERTIFICATE_UNKNOWN,
}


@every_setup
async def test_a_hostile_answer_is_refused_and_said_why(counter: Counter, setup: Setup) -> None:
    expected = REFUSED | (ONLY_V2 if setup.transport == "v2" else ONLY_V3)
    if setup.app.certificates:
        expected |= WITH_CERTIFICATES
    bridge = counter.bridge(setup)
    for mode, why in expected.items():
        counter.alipay.hostile(mode)
        with pytest.raises(ReplyRefused) as refused:
            await bridge.exchange(counter.code(setup))
        assert (mode, refused.value.facts["errcode"]) == (mode, why.value)
        assert len(str(refused.value.facts["rid"])) == 32
    await bridge.exchange(counter.code(setup))


@certified
@pytest.mark.parametrize("mode", [Hostile.FORGED_CERTIFICATE, Hostile.APPS_CERTIFICATE])
async def test_a_certificate_that_is_not_alipays_is_not_learnt(
    counter: Counter, setup: Setup, mode: Hostile
) -> None:
    """A root of the same name vouches for the one; Alipay's own for the other, in an app's name."""
    client = counter.client(setup)
    counter.alipay.hostile(mode)
    with pytest.raises(ReplyOfUnknownSerial) as refused:
        await AlipayBridge(client).exchange(counter.code(setup))
    assert refused.value.facts["errcode"] == Distrust.CERTIFICATE_UNKNOWN.value
    assert len(await counter.journal()) == 2, "it was not asked for"
    assert client.app.alipay.certificates == certified_keys(keyring().alipay_certificate)


@certified
async def test_serials_without_end_lead_to_one_download(
    counter: Counter, setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    bridge = counter.bridge(setup)
    counter.alipay.hostile(Hostile.UNKNOWN_CERTIFICATE, 40)
    for _ in range(2):
        outcomes = await asyncio.gather(
            *(bridge.exchange(counter.code(setup)) for _ in range(20)), return_exceptions=True
        )
        assert {type(outcome) for outcome in outcomes} == {ReplyOfUnknownSerial}
    assert len(await counter.journal()) == 40 + 1
    assert caplog.text.count("cannot be shown to be its own") == 1
    await bridge.exchange(counter.code(setup))


@certified
async def test_a_download_that_fails_is_tried_again_later(
    counter: Counter, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth_bridges.bridges.alipay_succession._PAUSE", timedelta(seconds=0.3))
    bridge = counter.bridge(setup)
    counter.alipay.roll_over(CERTIFIED.appid)
    # What is asked for a person arrives; what is asked for a certificate does not.
    asked_first = "/gateway.do" if setup.transport == "v2" else "/v3/alipay/system/oauth/token"
    await counter.plan(
        {"kind": "latency", "milliseconds": 0, "route": asked_first, "times": 1},
        {"kind": "truncated", "route": "/gateway.do", "times": 1},
    )
    for _ in range(2):
        with pytest.raises(ReplyOfUnknownSerial):
            await bridge.exchange(counter.code(setup))
    await asyncio.sleep(0.4)
    await bridge.exchange(counter.code(setup))


@every_setup
async def test_an_odd_answer_that_is_alipays_is_taken(counter: Counter, setup: Setup) -> None:
    bridge = counter.bridge(setup)
    for mode in (Hostile.KEY_ORDER, Hostile.WHITESPACE):
        counter.alipay.hostile(mode)
        await bridge.exchange(counter.code(setup))
    tokens = await bridge.tokens(counter.code(setup))
    counter.alipay.hostile(Hostile.NICKNAME)
    assert (await bridge.profile(tokens.access_token)).nick_name == 'a}b"sign"'


async def test_who_is_not_believed_is_an_alarm_without_a_secret_in_it(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    counter.alipay.hostile(Hostile.SHA1)
    code = counter.code(V2)
    with caplog.at_level(logging.DEBUG, "auth_bridges"), pytest.raises(ReplyWeaklyHashed):
        await counter.bridge(V2).exchange(code)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "reply-hash-not-sha256" in caplog.text
    assert code not in caplog.text
    assert open_id_of(V2.app.appid, "lin") not in caplog.text


# --- bad days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setup", "kind"),
    [
        (V2, "busy"),
        *(
            (setup, kind)
            for setup in (V2, V3)
            for kind in ("badGateway", "truncated", "reset", "lost", "outage")
        ),
    ],
)
async def test_a_broken_answer_is_an_outage_asked_about_once(
    counter: Counter, setup: Setup, kind: str
) -> None:
    bridge = counter.bridge(setup)
    await bridge.exchange(counter.code(setup))  # so that a connection is open, to be reused
    await counter.plan({"kind": kind, "times": 1})
    with pytest.raises(ProviderUnavailable) as refused:
        await bridge.exchange(counter.code(setup))
    assert refused.value.__cause__ is None
    assert type(refused.value) is ProviderUnavailable
    assert len(await counter.journal()) == 2
    await bridge.exchange(counter.code(setup))


@both_protocols
async def test_a_slow_answer_is_given_up_after_five_seconds(
    counter: Counter, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth_bridges.bridges.alipay_transport._TOTAL", 0.2)
    await counter.plan({"kind": "latency", "milliseconds": 2000})
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        await counter.bridge(setup).exchange(counter.code(setup))
    assert time.monotonic() - started < 1
    assert len(await counter.journal()) == 1


@both_protocols
async def test_where_nobody_listens_the_code_is_not_spent(counter: Counter, setup: Setup) -> None:
    with pytest.raises(ProviderUnreached):
        await counter.bridge(setup, url="http://127.0.0.1:1").exchange(counter.code(setup))


@both_protocols
async def test_our_own_mistake_is_an_outage_to_residents_and_an_alarm_to_us(
    counter: Counter, setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    counter.alipay.books.apps.pop(setup.app.appid)
    with caplog.at_level(logging.ERROR), pytest.raises(ProviderUnavailable) as refused:
        await counter.bridge(setup).exchange("a-code")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert refused.value.facts["errcode"] == "invalid-app-id"


BUSY = b'{"error_response":{"code":"40005","sub_code":"isv.app-call-limited"}}'
SAYS = [
    (V2, 200, b'{"error_response":{"code":"20000"}}', ProviderUnavailable, "20000"),
    (V2, 200, BUSY, ProviderBusy, "app-call-limited"),
    (V2, 200, b'{"error_response":{"code":"40005"}}', ProviderBusy, "40005"),
    (V2, 200, b'{"error_response":{"code":"40006","sub_code":"is <b>ours"}}', ProviderUnavailable, "none"),
    (V2, 200, "<html>系统繁忙</html>".encode("gbk"), ProviderUnavailable, "reply-not-json"),
    (V2, 200, b"", ProviderUnavailable, "reply-not-json"),
    (V2, 200, b'{"alipay_system_oauth_token_response":{}}', ReplyUnsigned, "reply-unsigned"),
    (V2, 502, b"{}", ProviderUnavailable, "reply-other-method"),
    (V3, 429, b'{"code":"method-call-limited","message":"","links":[]}', ProviderBusy, "method-call-limited"),
    (V3, 500, b'{"code":"unknow-error","message":""}', ProviderUnavailable, "unknow-error"),
    (V3, 502, b"<html>502</html>", ProviderUnavailable, "reply-not-json"),
    (V3, 200, b"{}", ReplyUnsigned, "reply-unsigned"),
    (V3, 302, b"", ProviderUnavailable, "reply-not-json"),
]


@pytest.mark.parametrize("said", SAYS)
async def test_what_it_says_is_what_it_means(
    counter: Counter, said: tuple[Setup, int, bytes, type[Refusal], str]
) -> None:
    setup, status, body, kind, errcode = said

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(kind) as refused:
            await counter.bridge(setup, url=url).exchange("a-code")
    assert (type(refused.value), refused.value.facts["errcode"]) == (kind, errcode)

"""The simulated Alipay keeps to what is documented and was seen on the wire; asked with another hand."""

import json
import os
import random
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from msgspec import Struct
from redis.asyncio import Redis

from auth_bridges.bridges.alipay_client import AlipayClient
from auth_bridges.bridges.alipay_phone import AlipayPhone
from auth_bridges.refusals import PhonePacketRefused
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.sandbox.alipay import AlipayBooks, Trouble
from bff.sandbox.alipay_crypto import rsa_sign, rsa_verifies, seal, unseal
from bff.sandbox.alipay_gateway import Alipay, Hostile, Phone, PhoneTrick
from bff.sandbox.alipay_ids import AlipayApp, Names
from bff.sandbox.alipay_keys import kept, private, serial_of
from bff.sandbox.simulator import Simulator, simulated
from tests.alipay import APPS, CERTIFIED, PLAIN, Setup, keyring, now, other_keyring, product_app
from tests.auth_fakes import stores_on

TOKEN: Final = "alipay.system.oauth.token"
SHARE: Final = "alipay.user.info.share"
PEOPLE: Final = {"lin": "林晓月", "wang": "王桂芳"}


class Said(Struct, frozen=True, kw_only=True):
    """A reply, read."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Caller:
    """A client written for these tests: it signs with the simulator's own whole numbers."""

    def __init__(self, simulator: Simulator, alipay: Alipay, http: aiohttp.ClientSession) -> None:
        self.url, self.alipay, self.http = simulator.url, alipay, http

    async def v2(
        self, method: str = TOKEN, changes: dict[str, str | None] | None = None, *, sign: str | None = None
    ) -> "Said":
        params: dict[str, str | None] = {
            "app_id": PLAIN.appid,
            "method": method,
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            "grant_type": "authorization_code",
            "code": "nobodys",
        }
        params |= changes or {}
        given = {name: value for name, value in params.items() if value is not None}
        text = "&".join(f"{name}={given[name]}" for name in sorted(given) if given[name])
        given["sign"] = rsa_sign(private(keyring().app_private), text.encode()) if sign is None else sign
        async with self.http.post(f"{self.url}/gateway.do", data=given) as reply:
            return Said(status=reply.status, headers=reply.headers, body=await reply.read())

    async def problem(
        self, method: str = TOKEN, changes: dict[str, str | None] | None = None, *, sign: str | None = None
    ) -> str:
        reply = await self.v2(method, changes, sign=sign)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html;charset=utf-8")
        assert reply.headers["X-Simulated"] == "1"
        body = json.loads(reply.body)
        assert "sign" not in body
        ((name, content),) = body.items()
        assert name == ("error_response" if method == TOKEN else f"{method.replace('.', '_')}_response")
        said: str = content["sub_code"]
        return said

    async def v3(
        self,
        path: str = "/v3/alipay/system/oauth/token",
        *,
        fields: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        verb: str = "POST",
        sign: str | None = None,
    ) -> tuple[int, dict[str, Any], aiohttp.ClientResponse]:
        said = {
            "app_id": PLAIN.appid,
            "nonce": str(id(fields)) + str(now().timestamp()),
            "timestamp": str(int(now().timestamp() * 1000)),
            **(fields or {}),
        }
        authority = ",".join(f"{name}={value}" for name, value in said.items())
        body = b'{"grant_type":"authorization_code","code":"nobodys"}' if verb == "POST" else b""
        text = f"{authority}\n{verb}\n{path}\n".encode() + body + b"\n"
        signature = rsa_sign(private(keyring().app_private), text) if sign is None else sign
        sent = {"Authorization": f"ALIPAY-SHA256withRSA {authority},sign={signature}", **(headers or {})}
        sent = {name: value for name, value in sent.items() if value}
        async with self.http.request(verb, self.url + path, data=body or None, headers=sent) as reply:
            return reply.status, json.loads(await reply.read()), reply


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    alipay = Alipay(APPS, keyring(), other=other_keyring, people=PEOPLE, home="http://127.0.0.1:1/resident/")
    async with simulated(alipay) as simulator, aiohttp.ClientSession() as http:
        yield Caller(simulator, alipay, http)


def in_shanghai(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")


# --- v2 ----------------------------------------------------------------------------------------------


async def test_the_app_is_looked_at_first_then_the_time_then_the_signature(caller: Caller) -> None:
    wrong: dict[str, str | None] = {"app_id": "nobody", "timestamp": "yesterday"}
    assert await caller.problem(changes=wrong, sign="AAAA") == "isv.invalid-app-id"
    wrong["timestamp"] = None
    assert await caller.problem(changes=wrong, sign="") == "isv.invalid-app-id"
    wrong["app_id"], wrong["timestamp"] = None, "yesterday"
    assert await caller.problem(changes=wrong, sign="AAAA") == "isv.missing-app-id"
    wrong["app_id"] = PLAIN.appid
    assert await caller.problem(changes=wrong, sign="AAAA") == "isv.invalid-timestamp"
    wrong["timestamp"] = in_shanghai(now() - timedelta(hours=1))
    assert await caller.problem(changes=wrong, sign="") == "isv.invalid-timestamp"
    del wrong["timestamp"]
    assert await caller.problem(changes=wrong, sign="AAAA") == "isv.invalid-signature"
    assert await caller.problem() == "isv.code-invalid"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("timestamp", None, "isv.missing-timestamp"),
        ("version", None, "isv.missing-version"),
        ("sign_type", None, "isv.missing-signature-type"),
        ("sign_type", "RSA", "isv.invalid-signature-type"),
        ("grant_type", "password", "isv.grant-type-invalid"),
        ("grant_type", "refresh_token", "isv.refresh-token-invalid"),
    ],
)
async def test_what_is_missing_or_wrong_is_named(
    caller: Caller, name: str, value: str | None, says: str
) -> None:
    assert await caller.problem(changes={name: value}) == says
    assert await caller.problem(sign="") == "isv.missing-signature"


async def test_the_time_is_shanghais_give_or_take_ten_minutes(caller: Caller) -> None:
    for minutes, says in ((-9, "isv.code-invalid"), (9, "isv.code-invalid"), (-11, "isv.invalid-timestamp")):
        said = in_shanghai(now() + timedelta(minutes=minutes))
        assert await caller.problem(changes={"timestamp": said}) == says
    moment = now().replace(microsecond=0)
    caller.alipay._clock = lambda: moment
    for seconds, says in ((600, "isv.code-invalid"), (601, "isv.invalid-timestamp")):
        for off in (seconds, -seconds):
            said = in_shanghai(moment + timedelta(seconds=off))
            assert await caller.problem(changes={"timestamp": said}) == says
    in_utc = now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    assert await caller.problem(changes={"timestamp": in_utc}) == "isv.invalid-timestamp"


async def test_certificates_are_asked_for_by_name(caller: Caller) -> None:
    ring = keyring()
    app, root = product_app(Setup(app=CERTIFIED)).app_cert_sn, product_app(Setup(app=CERTIFIED)).root_cert_sn
    assert app == serial_of(ring.app_certificate)
    for app_sn, root_sn, says in (
        (None, root, "isv.missing-app-cert-sn"),
        ("0" * 32, root, "isv.invalid-app-cert-sn"),
        (app, None, "isv.missing-alipay-root-cert-sn"),
        (app, "0" * 32, "isv.invalid-alipay-root-cert-sn"),
        (app, root, "isv.code-invalid"),
    ):
        changes: dict[str, str | None] = {
            "app_id": CERTIFIED.appid,
            "app_cert_sn": app_sn,
            "alipay_root_cert_sn": root_sn,
        }
        assert await caller.problem(changes=changes) == says


async def test_a_code_works_once_for_its_app_for_a_day(caller: Caller) -> None:
    code = caller.alipay.books.login(PLAIN.appid, "lin")
    reply = await caller.v2(changes={"code": code})
    body = json.loads(reply.body)
    content = body["alipay_system_oauth_token_response"]
    assert "code" not in content
    assert set(content) >= {"open_id", "access_token", "refresh_token", "expires_in", "re_expires_in"}
    raw = reply.body.partition(b'_response":')[2].rpartition(b',"sign"')[0]
    assert rsa_verifies(private(keyring().alipay_private).public_key(), raw, body["sign"])
    assert await caller.problem(changes={"code": code}) == "isv.code-invalid"
    assert (
        await caller.problem(changes={"code": caller.alipay.books.login(CERTIFIED.appid, "lin")})
        == "isv.code-invalid"
    )
    old = caller.alipay.books.login(PLAIN.appid, "lin")
    later = now() + timedelta(hours=24)
    caller.alipay.books.now = lambda: later
    assert await caller.problem(changes={"code": old}) == "isv.code-invalid"


async def test_other_methods_sign_their_own_errors_and_pages_speak_gbk(caller: Caller) -> None:
    reply = await caller.v2(SHARE, {"auth_token": "nobodys"})
    body = json.loads(reply.body)
    assert body["alipay_user_info_share_response"]["sub_code"] == "aop.invalid-auth-token"
    assert body["sign"]
    assert await caller.problem("alipay.trade.pay") == "isv.invalid-method"
    page = await caller.v2("alipay.user.certify.open.certify", {"biz_content": '{"certify_id":"none"}'})
    assert page.headers["Content-Type"] == "text/html;charset=GBK"
    assert "抱歉" in page.body.decode("gbk")
    unsigned = await caller.v2("alipay.user.certify.open.certify", sign="AAAA")
    assert unsigned.headers["Content-Type"] == "text/html;charset=GBK"
    assert "isv.invalid-signature" in unsigned.body.decode("gbk")


@pytest.mark.parametrize(
    ("mode", "odd"),
    [
        (Hostile.KEY_ORDER, (b'{"sign":',)),
        (Hostile.WHITESPACE, (b" ,\r\n\t", b'" : "', b' , "')),
        (Hostile.NICKNAME, (b'a}b\\"sign\\"',)),
    ],
)
async def test_an_odd_answer_is_as_odd_as_was_ordered(
    caller: Caller, mode: Hostile, odd: tuple[bytes, ...]
) -> None:
    caller.alipay.hostile(mode)
    reply = await caller.v2(changes={"code": caller.alipay.books.login(PLAIN.appid, "lin")})
    assert [each for each in odd if each not in reply.body] == []
    assert json.loads(reply.body)["alipay_system_oauth_token_response"]["open_id"]


async def test_content_that_cannot_be_read_is_said_not_to_be(caller: Caller) -> None:
    unread: list[dict[str, str | None]] = [
        {"biz_content": "{"},
        {"biz_content": "AAAA", "encrypt_type": "AES"},
    ]
    for changes in unread:
        assert "isv.decryption-error" in (await caller.v2(SHARE, changes)).body.decode()
    assert "isv.invalid-parameter" in (await caller.v2(SHARE, {"biz_content": "[]"})).body.decode()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"outer_order_no": "short"},
        {"outer_order_no": "0" * 32, "biz_code": "GUESS"},
        {"outer_order_no": "0" * 32, "biz_code": "FACE", "identity_param": {}},
        {
            "outer_order_no": "0" * 32,
            "biz_code": "FACE",
            "identity_param": {"identity_type": "CERT_INFO", "cert_type": "IDENTITY_CARD", "cert_no": "1"},
        },
    ],
)
async def test_a_face_check_needs_everything(caller: Caller, content: dict[str, Any]) -> None:
    method = "alipay.user.certify.open.initialize"
    reply = await caller.v2(method, {"biz_content": json.dumps(content)})
    body = json.loads(reply.body)
    assert body["alipay_user_certify_open_initialize_response"]["sub_code"] == "isv.invalid-parameter"


# --- v3 ----------------------------------------------------------------------------------------------


async def test_v3_errors_are_flat_unsigned_and_have_an_array_of_links(caller: Caller) -> None:
    status, body, reply = await caller.v3()
    assert (status, body["code"]) == (400, "code-invalid")
    assert isinstance(body["links"], list)
    assert "alipay-signature" not in reply.headers
    assert reply.headers["alipay-trace-id"]


async def test_v3_checks_in_the_same_order(caller: Caller) -> None:
    late = str(int((now() - timedelta(minutes=11)).timestamp() * 1000))
    for fields, sign, says in (
        ({"app_id": "nobody", "timestamp": late}, "AAAA", "invalid-app-id"),
        ({"app_id": ""}, "AAAA", "missing-app-id"),
        ({"timestamp": late}, "AAAA", "invalid-timestamp"),
        ({"timestamp": "soon"}, "AAAA", "invalid-timestamp"),
        ({"timestamp": "9" * 15}, "AAAA", "invalid-timestamp"),
        ({}, "AAAA", "invalid-signature"),
        ({"nonce": ""}, None, "invalid-nonce"),
    ):
        status, body, _ = await caller.v3(fields=fields, sign=sign)
        assert (status, body["code"]) == (400, says)
    status, body, _ = await caller.v3(headers={"Authorization": ""})
    assert (status, body["code"]) == (400, "missing-timestamp")


async def test_v3_takes_a_nonce_once_and_forgets_it_when_it_is_too_old_anyway(caller: Caller) -> None:
    for says in ("code-invalid", "invalid-nonce"):
        _, body, _ = await caller.v3(fields={"nonce": "once"})
        assert body["code"] == says
    _, body, _ = await caller.v3(fields={"nonce": "never"}, sign="AAAA")
    _, body, _ = await caller.v3(fields={"nonce": "never"})
    assert body["code"] == "code-invalid"


async def test_v3_has_an_address_and_a_verb_for_each_method(caller: Caller) -> None:
    for path, verb in (("/v3/alipay/trade/pay", "POST"), ("/v3/alipay/system/oauth/token", "GET")):
        status, body, _ = await caller.v3(path, verb=verb)
        assert (status, body["code"]) == (404, "invalid-method")


async def test_v3_says_when_it_cannot_read(caller: Caller) -> None:
    status, body, _ = await caller.v3(headers={"alipay-encrypt-type": "AES"})
    assert (status, body["code"]) == (400, "decryption-error")


# --- people ------------------------------------------------------------------------------------------


async def test_a_person_with_a_browser_chooses_who_they_are(caller: Caller) -> None:
    page_url = f"{caller.url}/_sim/alipay/sign-in"
    async with caller.http.get(page_url, params={"state": "s1"}) as page:
        text = await page.text()
    assert "这不是支付宝" in text
    assert all(name in text for name in PEOPLE.values())
    query = {"state": "s1", "resident": "lin", "redirect_uri": "http://127.0.0.1:9/resident/#old"}
    async with caller.http.get(page_url, params=query, allow_redirects=False) as led:
        where = urlsplit(led.headers["Location"])
        said = parse_qs(where.fragment)
    assert (led.status, where.netloc, where.path) == (303, "127.0.0.1:9", "/resident/")
    assert (said["state"], said["provider"]) == (["s1"], ["alipay"])
    assert (await caller.v2(changes={"code": said["code"][0]})).status == 200
    for params, status in (
        ({"redirect_uri": "https://elsewhere.example/"}, 400),
        ({"resident": "nobody"}, 404),
        ({"appid": "nobody"}, 404),
    ):
        async with caller.http.get(page_url, params=params, allow_redirects=False) as refused:
            assert refused.status == status


@pytest.mark.parametrize(
    ("control", "body", "status"),
    [
        ("login", {"appid": PLAIN.appid, "resident": "lin"}, 200),
        ("login", {"appid": "nobody", "resident": "lin"}, 404),
        ("login", {"appid": PLAIN.appid}, 400),
        ("phone", {"appid": PLAIN.appid, "mobile": "15400000001"}, 200),
        ("phone", {"appid": "nobody", "mobile": "15400000001"}, 404),
        ("certify", {"certifyId": "nobody", "passed": True}, 404),
        ("hostile", {"mode": "sha1", "times": 2}, 204),
        ("hostile", {"mode": "kind"}, 400),
        ("move", {"appid": PLAIN.appid, "names": "both", "next_certificate": True}, 204),
        ("move", {"appid": "nobody"}, 404),
    ],
)
async def test_the_controls_are_over_http(
    caller: Caller, control: str, body: dict[str, Any], status: int
) -> None:
    async with caller.http.post(f"{caller.url}/_sim/alipay/{control}", json=body) as reply:
        assert reply.status == status
    if (control, status) == ("move", 204):
        assert caller.alipay.books.apps[PLAIN.appid].names is Names.BOTH


# --- phone numbers -----------------------------------------------------------------------------------


@pytest.fixture
async def phones(caller: Caller, mongo_database: Database, redis: Redis) -> AlipayPhone:
    stores = stores_on(mongo_database, redis)
    client = AlipayClient(
        Outbound(caller.http),
        product_app(Setup(sealed=True)),
        base_url=caller.url,
        transport="v2",
        learnt=stores.alipay_certificates,
        clock=now,
        chance=os.urandom,
    )
    return AlipayPhone(client, stores.packets, now)


async def packet(caller: Caller, **asked: object) -> str:
    body = {"appid": PLAIN.appid, "mobile": "15400000001", **asked}
    async with caller.http.post(f"{caller.url}/_sim/alipay/phone", json=body) as reply:
        return await reply.text()


async def test_a_phone_packet_is_taken_once_by_one_session(caller: Caller, phones: AlipayPhone) -> None:
    made = await packet(caller)
    assert await phones.phone_number(made, session="s1") == "+8615400000001"
    assert await phones.phone_number(made, session="s1") == "+8615400000001"  # the reply may have been lost
    with pytest.raises(PhonePacketRefused) as refused:
        await phones.phone_number(made, session="s2")
    assert refused.value.facts == {"errcode": "packet-used"}
    spaced = json.dumps(json.loads(made), indent=2)
    with pytest.raises(PhonePacketRefused):
        await phones.phone_number(spaced, session="s2")


@pytest.mark.parametrize(
    ("trick", "why"),
    [
        (PhoneTrick.ERROR, "invalid-auth-relations"),
        (PhoneTrick.TAMPERED, "reply-signature-wrong"),
        (PhoneTrick.UNQUOTED, "reply-signature-wrong"),
        (PhoneTrick.OTHER_APP, "reply-signature-wrong"),
        (PhoneTrick.SHA1, "reply-hash-not-sha256"),
    ],
)
async def test_a_phone_packet_that_is_not_right_gives_no_number(
    caller: Caller, phones: AlipayPhone, trick: PhoneTrick, why: str
) -> None:
    with pytest.raises(PhonePacketRefused) as refused:
        await phones.phone_number(await packet(caller, trick=trick.value), session="s1")
    assert refused.value.facts == {"errcode": why}


async def test_a_counter_that_was_given_no_other_apps_keys_makes_them_when_they_are_asked_for() -> None:
    ours = Alipay(APPS, keyring())
    for trick, by_us in ((None, True), (PhoneTrick.OTHER_APP, False)):
        made = ours.phone_packet(Phone(appid=PLAIN.appid, mobile="15400000001", trick=trick))
        signed = f'"{made["response"]}"'.encode()
        public = private(keyring().alipay_private).public_key()
        assert rsa_verifies(public, signed, made["sign"]) is by_us


async def test_a_plain_phone_packet_is_as_good(caller: Caller, phones: AlipayPhone) -> None:
    assert await phones.phone_number(await packet(caller, sealed=False), session="s1") == "+8615400000001"
    for junk in ("", "{}", "\ud800"):
        with pytest.raises(PhonePacketRefused):
            await phones.phone_number(junk, session="s1")


async def test_a_packet_that_says_no_speaks_camel_case(caller: Caller) -> None:
    said = json.loads(await packet(caller, sealed=False, trick=PhoneTrick.ERROR.value))
    assert json.loads(said["response"])["subCode"] == "isv.invalid-auth-relations"


# --- books -------------------------------------------------------------------------------------------


class Books:
    """Alipay's books on face checks, without a wire; the clock goes when told to."""

    def __init__(self) -> None:
        self.time = now()
        self.books = AlipayBooks(APPS, now=lambda: self.time, chance=random.Random(7))

    def begin(self) -> str:
        who = {
            "identity_type": "CERT_INFO",
            "cert_type": "IDENTITY_CARD",
            "cert_name": "林",
            "cert_no": "1" * 18,
        }
        given = {"outer_order_no": "0" * 32, "biz_code": "FACE", "identity_param": who}
        answer = self.books.answer(PLAIN, "alipay.user.certify.open.initialize", given)
        return str(answer["certify_id"])

    def told(self, check: str, app: AlipayApp = PLAIN) -> str:
        """What a query says: T, F, why it failed, or what the trouble is."""
        try:
            found = self.books.answer(app, "alipay.user.certify.open.query", {"certify_id": check})
        except Trouble as trouble:
            return trouble.sub_code
        return str(found.get("fail_reason", found["passed"]))


GONE: Final = "OPEN_CERTIFY_BILL_NOT_EXIST"


@pytest.mark.parametrize(("passed", "outcome"), [(True, "T"), (False, "Z1147")])
def test_a_face_check_is_opened_before_it_ends_and_ends_once(
    passed: bool,  # noqa: FBT001 - a parameter
    outcome: str,
) -> None:
    world = Books()
    check = world.begin()
    world.books.end_check(check, passed=passed)
    assert world.told(check) == "F"
    world.books.open_check(check)
    assert world.told(check) == "F"
    world.books.end_check(check, passed=passed)
    assert world.told(check) == outcome
    world.books.end_check(check, passed=not passed)
    assert world.told(check) == outcome
    assert world.told(check, CERTIFIED) == GONE


def test_an_open_face_check_lives_23_hours_and_a_finished_one_three_months() -> None:
    world = Books()
    begun, finished = world.begin(), world.begin()
    world.books.open_check(finished)
    world.books.end_check(finished, passed=True)
    began = world.time
    for since, tells in (
        (timedelta(hours=23, seconds=-1), ("F", "T")),
        (timedelta(hours=23), (GONE, "T")),
        (timedelta(days=90, seconds=-1), (GONE, "T")),
        (timedelta(days=90), (GONE, GONE)),
    ):
        world.time = began + since
        assert (world.told(begun), world.told(finished)) == tells


async def test_a_certificate_nobody_holds_is_not_downloaded(caller: Caller) -> None:
    app = product_app(Setup(app=CERTIFIED))
    changes: dict[str, str | None] = {
        "app_id": CERTIFIED.appid,
        "app_cert_sn": app.app_cert_sn,
        "alipay_root_cert_sn": app.root_cert_sn,
    }
    for serial, says in (("0" * 32, "isv.invalid-cert-sn"), (serial_of(keyring().next_certificate), None)):
        content = json.dumps({"alipay_cert_sn": serial})
        reply = await caller.v2("alipay.open.app.alipaycert.download", {**changes, "biz_content": content})
        said = json.loads(reply.body)["alipay_open_app_alipaycert_download_response"]
        assert (said.get("sub_code"), "alipay_cert_content" in said) == (says, says is None)


# --- keys --------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    first = kept(tmp_path / "alipay", keyring)
    assert kept(tmp_path / "alipay", other_keyring) == first == keyring()


def test_the_second_hand_seals_and_signs_as_the_first() -> None:
    key = keyring().aes
    for size in (0, 15, 16, 17):
        assert unseal(seal(b"x" * size, key), key) == b"x" * size
    with pytest.raises(ValueError, match="padded"):
        unseal("", key)
    public = private(keyring().alipay_private).public_key()
    for wrong in ("é", "*", "AAAA", "/" * 342 + "=="):
        assert not rsa_verifies(public, b"text", wrong)

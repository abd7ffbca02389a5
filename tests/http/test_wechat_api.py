"""Our client of WeChat's API against a WeChat on a wire: phones, session keys, sealed data, secure API."""

import asyncio
import json
import os
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from redis.asyncio import Redis

from auth_bridges.bridges.wechat import WechatBridge
from auth_bridges.bridges.wechat_api import WechatApi
from auth_bridges.bridges.wechat_secure import KeysUnusable, SecureChannel, read_secure_keys
from auth_bridges.bridges.wechat_token import StableToken
from auth_bridges.bridges.wechat_wire import WechatWire
from auth_bridges.codec.wechat_secure import Call, sign
from auth_bridges.provider_tokens import ProviderTokens
from auth_bridges.refusals import (
    OpenDataForeign,
    OpenDataStale,
    OpenDataUnreadable,
    PhoneCodeRejected,
    ProviderBusy,
    ProviderTokenUnavailable,
    ProviderUnavailable,
    ProviderUnreached,
    ReplyForeign,
    ReplyOfUnknownSerial,
    ReplyReplayed,
    ReplyStale,
    ReplyUnsigned,
    ReplyWronglySigned,
)
from auth_bridges.store import ProviderTokenStore, SessionKeys
from bff.platform.outbound import Outbound
from bff.platform.redis import ScriptRunner
from bff.sandbox.simulator import Simulator, simulated, utc_now
from bff.sandbox.wechat import Modes, Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from bff.sandbox.wechat_secure import Hostile, gcm_seal
from miniapp_schemas.refusals import Refusal
from tests import wechat_keys
from tests.auth_fakes import personal

CITY: Final = WechatApp(appid="wxcity000000000001", secret="city-secret", open_platform="op-1")
OTHER: Final = WechatApp(appid="wxother00000000002", secret="other-secret")
PHONE: Final = "15400000001"
OPENID: Final = openid_of(CITY.appid, "lin")
PATH: Final = "/wxa/business/getuserphonenumber"
TOKENS: Final = "/cgi-bin/stable_token"


class City:
    """A process of ours, WeChat, and the phone of somebody called lin."""

    def __init__(
        self, simulator: Simulator, wechat: Wechat, http: aiohttp.ClientSession, redis: Redis
    ) -> None:
        self.simulator = simulator
        self.wechat = wechat
        self.http = http
        self.redis = redis
        self.urls = [simulator.url]
        self.secret = CITY.secret
        self.secure: SecureChannel | None = None
        self.session_keys = SessionKeys(
            redis, ScriptRunner(redis), personal(), appid=CITY.appid, clock=utc_now
        )

    @property
    def wire(self) -> WechatWire:
        return WechatWire(Outbound(self.http), base_urls=self.urls)

    def api(self) -> WechatApi:
        """A process that has just started."""
        return WechatApi(
            self.wire,
            appid=CITY.appid,
            tokens=ProviderTokens(
                store=ProviderTokenStore(self.redis, personal(), name=f"test:wechat:{CITY.appid}"),
                fetch=StableToken(self.wire, appid=CITY.appid, secret=self.secret),
                clock=utc_now,
                chance=os.urandom,
            ),
            session_keys=self.session_keys,
            secure=self.secure,
            clock=utc_now,
        )

    async def login(self) -> None:
        bridge = WechatBridge(self.wire, appid=CITY.appid, secret=CITY.secret, keep=self.session_keys.keep)
        await bridge.exchange(self.wechat.login(CITY.appid, "lin"))

    def tap(self, resident: str = "lin", app: WechatApp = CITY) -> str:
        return self.wechat.people.tap_phone(app.appid, resident)

    def seal(self, folder: Path, cipher: str = "aes256", *, knows_next: bool = False) -> None:
        keys = read_secure_keys(wechat_keys.folder(folder / "secure", cipher, knows_next=knows_next))
        self.secure = SecureChannel(keys, appid=CITY.appid, clock=utc_now, chance=os.urandom)

    async def plan(self, *faults: dict[str, Any], **more: object) -> None:
        body = {"faults": list(faults), **more}
        async with self.http.post(f"{self.simulator.url}/_sim/plan", json=body) as reply:
            assert reply.status == 204, await reply.text()

    async def asked(self, path: str) -> int:
        async with self.http.get(f"{self.simulator.url}/_sim/journal?path={path}") as reply:
            return len(await reply.json())


async def _city(redis: Redis, cipher: str) -> AsyncIterator[City]:
    wechat = Wechat(
        [CITY, OTHER], phones={"lin": PHONE}, secure={CITY.appid: wechat_keys.side(cipher)}, rotates=1.0
    )
    async with simulated(wechat) as simulator, aiohttp.ClientSession() as http:
        yield City(simulator, wechat, http, redis)


@pytest.fixture
async def city(redis: Redis) -> AsyncIterator[City]:
    async for made in _city(redis, "aes256"):
        yield made


@pytest.fixture
async def sm4_city(redis: Redis) -> AsyncIterator[City]:
    async for made in _city(redis, "sm4"):
        yield made


class TestPhone:
    async def test_a_code_gives_the_number(self, city: City) -> None:
        assert await city.api().phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    async def test_a_country_that_came_as_a_number_is_the_same(self, city: City) -> None:
        city.wechat.set_modes(Modes(country_code_as_number=True))
        assert await city.api().phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    async def test_another_persons_code_binds_nothing(self, city: City) -> None:
        with pytest.raises(PhoneCodeRejected) as refused:
            await city.api().phone_number(city.tap("wang"), OPENID)
        assert refused.value.facts["errcode"] == "40003"

    async def test_a_code_works_once(self, city: City) -> None:
        api, code = city.api(), city.tap()
        await api.phone_number(code, OPENID)
        with pytest.raises(PhoneCodeRejected):
            await api.phone_number(code, OPENID)

    async def test_a_login_code_and_another_apps_code_are_none(self, city: City) -> None:
        api = city.api()
        for code in (city.wechat.login(CITY.appid, "lin"), city.tap(app=OTHER), "", "x" * 200):
            with pytest.raises(PhoneCodeRejected):
                await api.phone_number(code, OPENID)

    async def test_an_old_code_is_refused(self, city: City) -> None:
        code = city.tap()
        await city.api().phone_number(city.tap(), OPENID)
        await city.plan(clockOffset=301)
        with pytest.raises(PhoneCodeRejected):
            await city.api().phone_number(code, OPENID)

    @pytest.mark.parametrize(
        ("modes", "refusal"),
        [(Modes(watermark_appid=OTHER.appid), ReplyForeign), (Modes(watermark_age=3600), ReplyStale)],
    )
    async def test_another_apps_and_a_stale_watermark_are_refused(
        self, city: City, modes: Modes, refusal: type[Refusal]
    ) -> None:
        city.wechat.set_modes(modes)
        with pytest.raises(refusal):
            await city.api().phone_number(city.tap(), OPENID)


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's idea of local time."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


async def test_no_time_depends_on_where_the_machine_is(city: City, tmp_path: Path, zone: str) -> None:
    await city.login()
    sealed = city.wechat.people.user_info(CITY, "lin")
    assert await city.api().open_data(OPENID, sealed["encryptedData"], sealed["iv"])
    assert await city.api().phone_number(city.tap(), OPENID) == f"+86{PHONE}"
    city.seal(tmp_path)
    assert await city.api().phone_number(city.tap(), OPENID) == f"+86{PHONE}"


class TestToken:
    async def test_a_token_that_ends_under_way_costs_one_more(self, city: City) -> None:
        api = city.api()
        await api.phone_number(city.tap(), OPENID)
        await city.plan({"kind": "revoked", "route": PATH, "times": 1})
        numbers = await asyncio.gather(*(api.phone_number(city.tap(), OPENID) for _ in range(50)))
        assert set(numbers) == {f"+86{PHONE}"}
        assert await city.asked(TOKENS) == 2

    async def test_a_token_refused_for_good_is_bounded_and_told(self, city: City) -> None:
        await city.plan({"kind": "revoked", "route": PATH})
        api = city.api()
        for _ in range(30):
            with pytest.raises(ProviderTokenUnavailable):
                await api.phone_number(city.tap(), OPENID)
        assert await city.asked(TOKENS) <= 6
        assert await city.asked(PATH) <= 12
        await city.plan()
        await city.redis.flushdb()  # the minute, over
        assert await city.api().phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    async def test_a_wrong_secret_is_an_outage_and_an_alarm(
        self, city: City, caplog: pytest.LogCaptureFixture
    ) -> None:
        city.secret = "wrong-secret"
        with pytest.raises(ProviderUnavailable):
            await city.api().phone_number(city.tap(), OPENID)
        assert "errcode=40125" in caplog.text
        assert city.secret not in caplog.text

    @pytest.mark.parametrize(("confirming", "errcode"), [(False, "40164"), (True, "89503")])
    async def test_an_address_that_may_not_ask_is_an_alarm(
        self, city: City, caplog: pytest.LogCaptureFixture, *, confirming: bool, errcode: str
    ) -> None:
        city.wechat.set_modes(Modes(addresses=["192.0.2.1"], confirming=confirming))
        with pytest.raises(ProviderUnavailable):
            await city.api().phone_number(city.tap(), OPENID)
        assert f"errcode={errcode}" in caplog.text

    async def test_signing_in_needs_no_token(self, city: City) -> None:
        await city.plan({"kind": "outage", "route": TOKENS})
        await city.login()


class TestSessionKeys:
    async def test_the_newest_key_is_the_valid_one_until_another_login(self, city: City) -> None:
        api = city.api()
        assert not await api.session_is_current(OPENID)
        await city.login()
        assert await api.session_is_current(OPENID)
        city.wechat.login(CITY.appid, "lin")
        assert not await api.session_is_current(OPENID)
        assert await city.session_keys.of(OPENID) == ()

    async def test_a_reset_key_is_the_one_we_hold(self, city: City) -> None:
        api = city.api()
        assert not await api.reset_session_key(OPENID)
        await city.login()
        before = await city.session_keys.of(OPENID)
        assert await api.reset_session_key(OPENID)
        after = await city.session_keys.of(OPENID)
        assert after[1:] == before
        assert await api.session_is_current(OPENID)

    async def test_a_key_that_is_over_cannot_ask_for_another(self, city: City) -> None:
        await city.login()
        city.wechat.login(CITY.appid, "lin")
        assert not await city.api().reset_session_key(OPENID)

    async def test_what_was_sealed_with_the_key_before_still_opens(self, city: City) -> None:
        """The mini-program asked for it, then signed in again: the oldest complaint about this API."""
        await city.login()
        sealed = city.wechat.people.user_info(CITY, "lin")
        await city.login()
        plain = json.loads(await city.api().open_data(OPENID, sealed["encryptedData"], sealed["iv"]))
        assert plain["openId"] == OPENID
        assert await city.api().raw_data_is_signed(OPENID, sealed["rawData"], sealed["signature"])
        await city.login()
        with pytest.raises(OpenDataUnreadable):
            await city.api().open_data(OPENID, sealed["encryptedData"], sealed["iv"])
        assert not await city.api().raw_data_is_signed(OPENID, sealed["rawData"], sealed["signature"])

    async def test_sealed_data_of_another_app_or_time_is_refused(self, city: City) -> None:
        await city.login()
        for modes, refusal in (
            (Modes(watermark_appid=OTHER.appid), OpenDataForeign),
            (Modes(watermark_age=3600), OpenDataStale),
        ):
            city.wechat.set_modes(modes)
            sealed = city.wechat.people.user_info(CITY, "lin")
            with pytest.raises(refusal):
                await city.api().open_data(OPENID, sealed["encryptedData"], sealed["iv"])

    async def test_a_key_is_nowhere_in_the_clear_and_gone_in_five_minutes(self, city: City) -> None:
        await city.login()
        key = city.wechat.people.session_key(OPENID)
        names = [name async for name in city.redis.scan_iter("auth:wechat-session:*")]
        assert len(names) == 1
        assert OPENID.encode() not in names[0]
        assert key.encode() not in repr(await city.redis.lrange(names[0], 0, -1)).encode()
        assert 0 < await city.redis.pttl(names[0]) <= 300_000

    async def test_a_lost_reset_leaves_a_key_that_is_over_and_a_way_on(self, city: City) -> None:
        await city.login()
        api = city.api()
        await api.session_is_current(OPENID)
        await city.plan({"kind": "lost", "route": "/wxa/resetusersessionkey", "times": 1})
        with pytest.raises(ProviderUnavailable):
            await api.reset_session_key(OPENID)
        assert not await api.session_is_current(OPENID)
        await city.login()
        assert await api.session_is_current(OPENID)


class TestBadDays:
    @pytest.mark.parametrize("kind", ["busy", "badGateway", "truncated", "reset", "lost", "outage"])
    @pytest.mark.parametrize("sealed", [False, True])
    async def test_a_broken_answer_is_an_outage_asked_about_once(
        self, city: City, tmp_path: Path, caplog: pytest.LogCaptureFixture, *, kind: str, sealed: bool
    ) -> None:
        if sealed:
            city.seal(tmp_path)
        api = city.api()
        await api.phone_number(city.tap(), OPENID)
        await city.plan({"kind": kind, "route": PATH, "times": 1})
        code = city.tap()
        with pytest.raises(ProviderUnavailable) as refused:
            await api.phone_number(code, OPENID)
        assert not isinstance(refused.value, ProviderUnreached)
        assert refused.value.__cause__ is None
        assert await city.asked(PATH) == 2
        assert code not in caplog.text
        assert await api.phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    @pytest.mark.parametrize("kind", ["busy", "badGateway", "truncated", "reset", "lost", "outage"])
    async def test_a_token_that_could_not_be_fetched_holds_nobody_up_for_long(
        self, city: City, kind: str
    ) -> None:
        api = city.api()
        await city.plan({"kind": kind, "route": TOKENS, "times": 1})
        with pytest.raises(ProviderUnavailable):
            await api.phone_number(city.tap(), OPENID)
        assert await api.phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    async def test_a_slow_provider_is_given_up_in_five_seconds(self, city: City) -> None:
        api = city.api()
        await api.phone_number(city.tap(), OPENID)
        await city.plan({"kind": "latency", "milliseconds": 20_000, "times": 1})
        before = asyncio.get_running_loop().time()
        with pytest.raises(ProviderUnavailable):
            await api.phone_number(city.tap(), OPENID)
        assert 4.5 < asyncio.get_running_loop().time() - before < 6
        assert await api.phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    async def test_too_often_is_told_with_when_to_come_back(self, city: City) -> None:
        api = city.api()
        await api.phone_number(city.tap(), OPENID)
        await city.plan({"kind": "throttle", "times": 1})
        with pytest.raises(ProviderBusy) as refused:
            await api.phone_number(city.tap(), OPENID)
        assert refused.value.retry_after == 60

    async def test_a_provider_that_comes_back_is_used_without_a_restart(self, city: City) -> None:
        api = city.api()
        await city.plan({"kind": "refused", "seconds": 0.5})
        await asyncio.sleep(0.2)
        with pytest.raises(ProviderUnreached):
            await api.phone_number(city.tap(), OPENID)
        await asyncio.sleep(0.8)
        assert await api.phone_number(city.tap(), OPENID) == f"+86{PHONE}"


class TestFailOver:
    @pytest.mark.parametrize("sealed", [False, True])
    async def test_a_host_that_cannot_be_reached_is_replaced(
        self, city: City, tmp_path: Path, *, sealed: bool
    ) -> None:
        """A signed call is signed again: the signature names the host."""
        if sealed:
            city.seal(tmp_path)
        city.urls = ["http://127.0.0.1:1", city.simulator.url]
        await city.login()
        assert await city.api().phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    @pytest.mark.parametrize("kind", ["lost", "reset", "outage", "badGateway"])
    async def test_a_host_that_may_have_spent_the_code_is_not(self, city: City, kind: str) -> None:
        spare = Wechat([CITY])
        async with simulated(spare) as second:
            city.urls = [city.simulator.url, second.url]
            await city.plan({"kind": kind})
            with pytest.raises(ProviderUnavailable):
                await city.login()
            async with city.http.get(f"{second.url}/_sim/journal") as reply:
                assert await reply.json() == []

    async def test_where_no_host_is_reached_the_code_is_not_spent(self, city: City) -> None:
        city.urls = ["http://127.0.0.1:1", "http://127.0.0.1:2"]
        with pytest.raises(ProviderUnreached):
            await city.login()

    async def test_a_wechat_that_wants_the_first_hosts_name_refuses_and_nothing_leaks(
        self, city: City, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What the signature must name after a fail-over is not documented; if it is this, that is told."""
        city.seal(tmp_path)
        city.urls = ["http://127.0.0.1:1", city.simulator.url]
        city.wechat.set_modes(Modes(urlpath_base="https://api.weixin.qq.com"))
        with pytest.raises(ProviderUnavailable):
            await city.api().phone_number(city.tap(), OPENID)
        assert "errcode=40234" in caplog.text


class TestSecureApi:
    async def test_a_sealed_call_is_answered_sealed(self, city: City, tmp_path: Path) -> None:
        city.seal(tmp_path)
        city.wechat.set_modes(Modes(secure_required=True))
        assert await city.api().phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    async def test_so_it_is_with_sm4(self, sm4_city: City, tmp_path: Path) -> None:
        sm4_city.seal(tmp_path, "sm4")
        assert await sm4_city.api().phone_number(sm4_city.tap(), OPENID) == f"+86{PHONE}"

    async def test_an_error_inside_is_told_as_ever(self, city: City, tmp_path: Path) -> None:
        city.seal(tmp_path)
        with pytest.raises(PhoneCodeRejected):
            await city.api().phone_number("nobodys", OPENID)

    @pytest.mark.parametrize("knows_next", [False, True])
    async def test_a_certificate_may_change(self, city: City, tmp_path: Path, *, knows_next: bool) -> None:
        city.seal(tmp_path, knows_next=knows_next)
        city.wechat.set_modes(Modes(changing_certificate=True))
        assert await city.api().phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    @pytest.mark.parametrize(
        ("hostile", "refusal"),
        [
            (Hostile.UNSIGNED, ReplyUnsigned),
            (Hostile.WRONG_SERIAL, ReplyOfUnknownSerial),
            (Hostile.WRONG_KEY, ReplyWronglySigned),
            (Hostile.PKCS1_V15, ReplyWronglySigned),
            (Hostile.SWAPPED_URLPATH, ReplyWronglySigned),
            (Hostile.STALE, ReplyStale),
            (Hostile.OTHER_APP, ReplyForeign),
        ],
    )
    async def test_a_hostile_reply_is_refused_by_its_kind(
        self, city: City, tmp_path: Path, hostile: Hostile, refusal: type[Refusal]
    ) -> None:
        city.seal(tmp_path)
        api = city.api()
        city.wechat.set_modes(Modes(hostile=hostile))
        with pytest.raises(refusal) as refused:
            await api.phone_number(city.tap(), OPENID)
        assert type(refused.value) is refusal
        city.wechat.set_modes(Modes())
        assert await api.phone_number(city.tap(), OPENID) == f"+86{PHONE}"

    async def test_a_reply_is_heard_once(self, city: City, tmp_path: Path) -> None:
        city.seal(tmp_path)
        api = city.api()
        await api.phone_number(city.tap(), OPENID)
        city.wechat.set_modes(Modes(hostile=Hostile.REPLAYED))
        with pytest.raises(ReplyReplayed):
            await api.phone_number(city.tap(), OPENID)

    async def test_a_success_in_the_clear_is_refused(self, city: City, tmp_path: Path) -> None:
        city.seal(tmp_path)
        assert city.secure is not None
        for body in (b'{"errcode":0,"phone_info":{}}', b"{}", b"<html>", b""):
            with pytest.raises(ReplyUnsigned):
                city.secure.open(f"{city.simulator.url}{PATH}", _Reply(body))

    async def test_a_clock_that_is_wrong_is_an_alarm(
        self, city: City, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        city.seal(tmp_path)
        await city.plan(clockOffset=400)
        with pytest.raises(ProviderUnavailable):
            await city.api().phone_number(city.tap(), OPENID)
        assert "errcode=40240" in caplog.text

    async def test_a_token_that_ended_is_replaced_though_its_refusal_is_unsigned(
        self, city: City, tmp_path: Path
    ) -> None:
        city.seal(tmp_path)
        api = city.api()
        await api.phone_number(city.tap(), OPENID)
        city.wechat.revoke()
        assert await api.phone_number(city.tap(), OPENID) == f"+86{PHONE}"


class _Reply:
    status = 200

    def __init__(self, body: bytes) -> None:
        self.headers: dict[str, str] = {}
        self.body = body


class TestMatrix:
    """Everything the secure API can find wrong with a request, on the wire, by one who spoils it."""

    @pytest.fixture
    async def send(self, city: City, tmp_path: Path) -> Callable[..., Any]:
        city.seal(tmp_path)
        channel = city.secure
        assert channel is not None
        url = f"{city.simulator.url}{PATH}"

        async def post(
            *,
            app: WechatApp = CITY,
            body: bytes | None = None,
            sign_as: Call | None = None,
            heard: dict[str, str] | None = None,
            **headers: str | None,
        ) -> int:
            sent = channel.seal(url, {"code": city.tap(), "openid": OPENID})
            token = city.wechat.tokens.stable_token(
                json.dumps(
                    {"grant_type": "client_credential", "appid": app.appid, "secret": app.secret}
                ).encode(),
                "127.0.0.1",
            )["access_token"]
            whole: dict[str, str | None] = {
                **sent.headers,
                **{k.replace("_", "-"): v for k, v in headers.items()},
            }
            if body is not None and sign_as is not None:
                whole["Wechatmp-Signature"] = sign(body, key=wechat_keys.rsa_key("app"), call=sign_as)
                whole["Wechatmp-TimeStamp"] = str(sign_as.timestamp)
            async with city.http.post(
                url,
                params={"access_token": token},
                data=sent.body if body is None else body,
                headers={name: value for name, value in whole.items() if value is not None},
            ) as reply:
                answer = json.loads(await reply.read())
                if heard is not None:
                    heard.update(reply.headers)
                return int(answer.get("errcode", 0))

        return post

    async def test_a_right_request_is_let_in(self, send: Callable[..., Any]) -> None:
        assert await send() == 0

    @pytest.mark.parametrize(
        ("header", "errcode"),
        [("Wechatmp_Appid", 40233), ("Wechatmp_TimeStamp", 40231), ("Wechatmp_Signature", 40232)],
    )
    async def test_a_missing_header_is_named(
        self, send: Callable[..., Any], header: str, errcode: int
    ) -> None:
        assert await send(**{header: None}) == errcode

    async def test_a_serial_can_be_wanted(self, city: City, send: Callable[..., Any]) -> None:
        city.wechat.set_modes(Modes(wants_serial=True))
        assert await send() == 40230
        assert await send(Wechatmp_Serial="app-key") == 0

    async def test_a_signature_must_be_of_this_very_request(
        self, city: City, send: Callable[..., Any]
    ) -> None:
        assert await send(body=b'{"iv":"","data":"","authtag":""}') == 40234
        assert await send(Wechatmp_Signature=b64encode(bytes(256)).decode()) == 40234
        assert await send(Wechatmp_Signature="!") == 40234

    async def test_what_does_not_open_is_told_after_the_signature(
        self, city: City, send: Callable[..., Any]
    ) -> None:
        now = int(utc_now().timestamp())
        call = Call(urlpath=f"{city.simulator.url}{PATH}", appid=CITY.appid, timestamp=now)
        for body in (b"{}", b'{"iv":"AAAA","data":"AAAA","authtag":"AAAA"}', b"[]", b"no json"):
            assert await send(body=body, sign_as=call) == 40235

    @pytest.mark.parametrize("spoilt", [{}, {"_n": ""}, {"_appid": OTHER.appid}, {"_timestamp": 1}])
    async def test_what_is_inside_must_be_of_the_same_request(
        self, city: City, send: Callable[..., Any], spoilt: dict[str, object]
    ) -> None:
        now, side = int(utc_now().timestamp()), wechat_keys.side()
        call = Call(urlpath=f"{city.simulator.url}{PATH}", appid=CITY.appid, timestamp=now)
        inside = {"_n": "n", "_appid": CITY.appid, "_timestamp": now, "code": city.tap()}
        associated = f"{call.urlpath}|{call.appid}|{now}|{side.serial}".encode()
        data, tag = gcm_seal(side, bytes(12), json.dumps(inside | spoilt).encode(), associated)
        parts = {"iv": bytes(12), "data": data, "authtag": tag}
        body = json.dumps({name: b64encode(part).decode() for name, part in parts.items()}).encode()
        assert await send(body=body, sign_as=call) == (40235 if spoilt else 0)

    async def test_two_certificates_sign_while_one_is_changed_for_the_other(
        self, city: City, send: Callable[..., Any]
    ) -> None:
        heard: list[dict[str, str]] = [{}, {}]
        for changing, headers in enumerate(heard):
            city.wechat.set_modes(Modes(changing_certificate=bool(changing)))
            assert await send(heard=headers) == 0
        before, after = heard
        assert "Wechatmp-Serial-Deprecated" not in before
        assert after["Wechatmp-Serial-Deprecated"] == before["Wechatmp-Serial"] != after["Wechatmp-Serial"]
        assert after["Wechatmp-Signature-Deprecated"] != after["Wechatmp-Signature"]

    async def test_an_appid_must_be_one_and_the_tokens(self, send: Callable[..., Any]) -> None:
        assert await send(Wechatmp_Appid="wxnobody") == 40236
        assert await send(Wechatmp_Appid=OTHER.appid) == 40237
        assert await send(app=OTHER) == 40237

    async def test_keys_must_have_been_set(self, city: City, send: Callable[..., Any]) -> None:
        assert await send(app=OTHER, Wechatmp_Appid=OTHER.appid) == 40238
        whole = wechat_keys.side()
        city.wechat._secure = {
            CITY.appid: type(whole)(serial=whole.serial, key=whole.key, certificate=whole.certificate)
        }
        assert await send() == 40239

    @pytest.mark.parametrize("seconds", [-301, 301])
    async def test_a_time_must_be_of_now(self, send: Callable[..., Any], seconds: int) -> None:
        assert await send(Wechatmp_TimeStamp=str(int(utc_now().timestamp()) + seconds)) == 40240

    async def test_what_is_missing_is_told_before_what_is_wrong(self, city: City) -> None:
        appid, time = {"Wechatmp-Appid": "wxnobody"}, {"Wechatmp-TimeStamp": "0"}
        signature = {"Wechatmp-Signature": "AAAA"}
        for headers, errcode in (
            (appid | time, 40232),
            (appid | signature, 40231),
            (appid | time | signature, 40001),
        ):
            async with city.http.post(
                f"{city.simulator.url}{PATH}", params={"access_token": "no"}, headers=headers
            ) as reply:
                assert json.loads(await reply.read())["errcode"] == errcode


class TestKeyFolder:
    @pytest.mark.parametrize(
        ("spoil", "named"),
        [
            (lambda folder: (folder / f"{wechat_keys.SERIAL}.aes256").unlink(), "aes256"),
            (lambda folder: (folder / f"{wechat_keys.SERIAL}.aes256").write_text("short"), "32 bytes"),
            (lambda folder: (folder / f"{wechat_keys.SERIAL}.sm4").write_text("two"), "one file"),
            (lambda folder: (folder / "app.pem").unlink(), "app.pem"),
            (lambda folder: (folder / "app.pem").write_text("no"), "app.pem"),
            (lambda folder: (folder / f"platform-{wechat_keys.NOW_SERIAL}.pem").unlink(), "platform"),
            (lambda folder: (folder / f"platform-{wechat_keys.NOW_SERIAL}.pem").write_text("x"), "PEM"),
        ],
    )
    def test_a_folder_that_is_not_whole_says_what_is_wrong(
        self, tmp_path: Path, spoil: Callable[[Path], object], named: str
    ) -> None:
        folder = wechat_keys.folder(tmp_path / "secure")
        spoil(folder)
        with pytest.raises(KeysUnusable, match=named):
            read_secure_keys(folder)

    def test_keys_are_not_shown(self, tmp_path: Path) -> None:
        folder = wechat_keys.folder(tmp_path / "secure")
        secret = (folder / f"{wechat_keys.SERIAL}.aes256").read_text().strip()
        assert secret not in repr(read_secure_keys(folder))

"""The simulated WeChat's tokens, phones, sessions and subscriptions, as a backend meets them on the wire."""

import json
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import pytest

from bff.sandbox.simulator import simulated
from bff.sandbox.wechat import Modes, Wechat
from bff.sandbox.wechat_errors import Answer, Refused
from bff.sandbox.wechat_ids import WechatApp, openid_of
from bff.sandbox.wechat_subscribe import Answered

CITY: Final = WechatApp(appid="wxcity000000000001", secret="city-secret", open_platform="op-1")
OTHER: Final = WechatApp(appid="wxother00000000002", secret="other-secret")
PHONE: Final = "/wxa/business/getuserphonenumber"


class Client:
    """A backend that sends what it is told to, and a clock."""

    def __init__(self, url: str, wechat: Wechat, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.wechat = wechat
        self.http = http
        self.time = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

    def pass_by(self, **span: float) -> None:
        self.time += timedelta(**span)

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        async with self.http.get(f"{self.url}{path}", params=query) as reply:
            assert reply.status == 200
            return dict(json.loads(await reply.read()))

    async def post(self, path: str, body: object, **query: str) -> dict[str, Any]:
        data = body if isinstance(body, (bytes, aiohttp.FormData)) else json.dumps(body).encode()
        async with self.http.post(f"{self.url}{path}", params=query, data=data) as reply:
            assert reply.status == 200
            return dict(json.loads(await reply.read()))

    async def token(self, app: WechatApp = CITY, **changed: str) -> dict[str, Any]:
        query = {"grant_type": "client_credential", "appid": app.appid, "secret": app.secret}
        return await self.get("/cgi-bin/token", **{**query, **changed})

    async def stable(self, app: WechatApp = CITY, **changed: object) -> dict[str, Any]:
        asked = {"grant_type": "client_credential", "appid": app.appid, "secret": app.secret}
        return await self.post("/cgi-bin/stable_token", {**asked, **changed})

    async def tries(self, token: str) -> int:
        """What a call with ``token`` comes to: 40029 is what one with a good token gets."""
        return int((await self.post(PHONE, {"code": "none"}, access_token=token))["errcode"])


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    clients: list[Client] = []
    wechat = Wechat(
        [CITY, OTHER],
        phones={"lin": "15400000001"},
        now=lambda: clients[0].time,
        chance=random.Random(7),
        tokens_a_day=5,
        stable_a_minute=40,
    )
    async with aiohttp.ClientSession() as http:
        clients.append(Client("", wechat, http))
        async with simulated(wechat, now=lambda: clients[0].time) as simulator:
            clients[0].url = simulator.url
            yield clients[0]


GOOD: Final = 40029


class TestPlainTokens:
    async def test_each_call_makes_another_and_the_one_before_lives_five_minutes(
        self, client: Client
    ) -> None:
        first, second = (await client.token())["access_token"], (await client.token())["access_token"]
        assert first != second
        assert [await client.tries(each) for each in (first, second)] == [GOOD, GOOD]
        client.pass_by(seconds=300)
        assert [await client.tries(each) for each in (first, second)] == [40001, GOOD]

    async def test_they_are_counted_by_the_day(self, client: Client) -> None:
        for _ in range(5):
            assert (await client.token())["expires_in"] == 7200
        assert (await client.token())["errcode"] == 45009
        assert "access_token" in await client.token(OTHER)
        client.pass_by(days=1)
        assert "access_token" in await client.token()


class TestStableTokens:
    async def test_the_same_until_its_last_five_minutes_and_then_both(self, client: Client) -> None:
        first = await client.stable()
        client.pass_by(seconds=6899)
        again = await client.stable()
        assert (again["access_token"], again["expires_in"]) == (first["access_token"], 301)
        client.pass_by(seconds=1)
        second = await client.stable()
        assert second["access_token"] != first["access_token"]
        assert second["expires_in"] == 7200
        assert await client.tries(first["access_token"]) == GOOD
        client.pass_by(seconds=300)
        assert await client.tries(first["access_token"]) == 42001
        assert await client.tries(second["access_token"]) == GOOD

    async def test_force_ends_the_one_in_use_unless_it_was_forced_just_now(self, client: Client) -> None:
        first = (await client.stable())["access_token"]
        second = (await client.stable(force_refresh=True))["access_token"]
        assert await client.tries(first) == 40001
        assert (await client.stable(force_refresh=True))["access_token"] == second
        client.pass_by(seconds=30)
        assert (await client.stable(force_refresh=True))["access_token"] != second

    async def test_force_works_twenty_times_a_day(self, client: Client) -> None:
        tokens = []
        for _ in range(22):
            client.pass_by(seconds=31)
            tokens.append((await client.stable(force_refresh=True))["access_token"])
        assert len(set(tokens)) == 1 + 20  # the first had none to end
        assert tokens[-1] == tokens[-2]

    async def test_they_are_counted_by_the_minute(self, client: Client) -> None:
        told = [await client.stable() for _ in range(41)]
        assert told[-1]["errcode"] == 45011
        client.pass_by(minutes=1)
        assert "access_token" in await client.stable()

    async def test_it_is_a_post_of_json(self, client: Client) -> None:
        assert (await client.get("/cgi-bin/stable_token"))["errcode"] == 43002
        assert (await client.post("/cgi-bin/stable_token", b"grant_type=x"))["errcode"] == 47001


async def test_neither_family_knows_of_the_other(client: Client) -> None:
    stable, plain = (await client.stable())["access_token"], (await client.token())["access_token"]
    await client.token()
    client.pass_by(seconds=31)
    await client.stable(force_refresh=True)
    assert await client.tries(plain) == GOOD
    assert await client.tries(stable) == 40001
    client.pass_by(seconds=270)
    assert await client.tries(plain) == 40001


async def test_nor_does_a_new_one_of_either_end_or_give_out_the_others(client: Client) -> None:
    plain = (await client.token())["access_token"]
    stable = (await client.stable())["access_token"]
    assert stable != plain
    assert (await client.token())["access_token"] != stable
    client.pass_by(seconds=301)
    assert await client.tries(stable) == GOOD
    assert await client.tries("SIM_nobody") == 40001


def test_as_many_tokens_are_given_out_as_the_documentation_says() -> None:
    moment = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    tokens = Wechat([CITY], now=lambda: moment, chance=random.Random(7)).tokens
    asked = {"grant_type": "client_credential", "appid": CITY.appid, "secret": CITY.secret}

    def counted(ask: Callable[[], Answer], limit: int, errcode: int) -> None:
        assert all("access_token" in ask() for _ in range(limit))
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.errcode == errcode

    counted(lambda: tokens.token(asked, ""), 2_000, 45009)
    body = json.dumps(asked).encode()
    counted(lambda: tokens.stable_token(body, ""), 10_000, 45011)


@pytest.mark.parametrize("rotates", [0.0, 1.0])
def test_a_login_brings_another_session_key_as_often_as_was_set(rotates: float) -> None:
    wechat = Wechat([CITY], chance=random.Random(7), rotates=rotates)
    keys = set()
    for _ in range(5):
        wechat.login(CITY.appid, "lin")
        keys.add(wechat.people.session_key(openid_of(CITY.appid, "lin")))
    assert len(keys) == (5 if rotates else 1)


class TestWhoMayAsk:
    @pytest.mark.parametrize("family", ["token", "stable"])
    @pytest.mark.parametrize(
        ("changed", "errcode"),
        [
            ({"grant_type": "other"}, 40002),
            ({"appid": ""}, 41002),
            ({"secret": ""}, 41004),
            ({"appid": "wxnobody"}, 40013),
            ({"secret": "wrong"}, 40125),
        ],
    )
    async def test_what_is_wrong_is_told(
        self, client: Client, family: str, changed: dict[str, str], errcode: int
    ) -> None:
        assert (await getattr(client, family)(**changed))["errcode"] == errcode

    async def test_an_address_may_have_to_be_allowed(self, client: Client) -> None:
        client.wechat.set_modes(Modes(addresses=["192.0.2.1"]))
        assert (await client.stable())["errcode"] == 40164
        client.wechat.set_modes(Modes(addresses=["192.0.2.1"], confirming=True))
        assert (await client.token())["errcode"] == 89503
        client.wechat.set_modes(Modes(addresses=["127.0.0.1"]))
        assert "access_token" in await client.stable()


class TestPhoneCodes:
    async def test_a_code_gives_the_number_once(self, client: Client) -> None:
        token = (await client.stable())["access_token"]
        code = client.wechat.people.tap_phone(CITY.appid, "lin")
        asked = {"code": code, "openid": openid_of(CITY.appid, "lin")}
        info = (await client.post(PHONE, asked, access_token=token))["phone_info"]
        assert info["purePhoneNumber"] == "15400000001"
        assert info["countryCode"] == "86"
        assert info["watermark"]["appid"] == CITY.appid
        assert (await client.post(PHONE, asked, access_token=token))["errcode"] == 40029

    async def test_another_apps_code_and_a_login_code_are_none_and_a_country_may_be_a_number(
        self, client: Client
    ) -> None:
        token = (await client.stable())["access_token"]
        for code in (
            client.wechat.people.tap_phone(OTHER.appid, "lin"),
            client.wechat.login(CITY.appid, "lin"),
        ):
            assert (await client.post(PHONE, {"code": code}, access_token=token))["errcode"] == 40029
        client.wechat.set_modes(Modes(country_code_as_number=True))
        code = client.wechat.people.tap_phone(CITY.appid, "lin")
        assert (await client.post(PHONE, {"code": code}, access_token=token))["phone_info"][
            "countryCode"
        ] == 86

    async def test_five_minutes_run_from_the_tap(self, client: Client) -> None:
        token = (await client.stable())["access_token"]
        code = client.wechat.people.tap_phone(CITY.appid, "lin")
        client.pass_by(seconds=300)
        assert (await client.post(PHONE, {"code": code}, access_token=token))["errcode"] == 40029

    async def test_a_form_is_no_json(self, client: Client) -> None:
        token = (await client.stable())["access_token"]
        form = aiohttp.FormData({"code": "x"})
        assert (await client.post(PHONE, form, access_token=token))["errcode"] == 47001

    async def test_the_openid_may_be_left_out_and_must_be_right(self, client: Client) -> None:
        token = (await client.stable())["access_token"]
        code = client.wechat.people.tap_phone(CITY.appid, "lin")
        wrong = {"code": code, "openid": openid_of(CITY.appid, "wang")}
        assert (await client.post(PHONE, wrong, access_token=token))["errcode"] == 40003
        assert (await client.post(PHONE, {"code": code}, access_token=token))["errcode"] == 0

    async def test_a_number_nobody_chose_begins_with_154(self, client: Client) -> None:
        token = (await client.stable())["access_token"]
        code = client.wechat.people.tap_phone(CITY.appid, "somebody")
        info = (await client.post(PHONE, {"code": code}, access_token=token))["phone_info"]
        assert info["phoneNumber"].startswith("154")
        assert len(info["phoneNumber"]) == 11


class TestSubscriptions:
    async def test_one_grant_is_one_message(self, client: Client) -> None:
        token = (await client.stable())["access_token"]
        client.wechat.subscriptions.answer(Answered(appid=CITY.appid, resident="lin", template="T1"))
        message = {"touser": openid_of(CITY.appid, "lin"), "template_id": "T1", "data": {}}
        path = "/cgi-bin/message/subscribe/send"
        assert (await client.post(path, message, access_token=token))["errcode"] == 0
        assert (await client.post(path, message, access_token=token))["errcode"] == 43101
        assert (await client.post(path, {**message, "touser": "x"}, access_token=token))["errcode"] == 40003
        for answer in ("accept", "reject"):
            said = Answered(appid=CITY.appid, resident="lin", template="T1", times=2, answer=answer)
            client.wechat.subscriptions.answer(said)
        assert (await client.post(path, message, access_token=token))["errcode"] == 43101


async def test_a_signature_of_another_method_is_told(client: Client) -> None:
    token = (await client.stable())["access_token"]
    told = await client.get("/wxa/checksession", access_token=token, openid="o", sig_method="md5")
    assert told["errcode"] == 87008


async def test_an_app_that_moves_keeps_its_openids_and_changes_its_unionids(client: Client) -> None:
    async def trade() -> dict[str, Any]:
        return await client.get(
            "/sns/jscode2session",
            appid=CITY.appid,
            secret=CITY.secret,
            js_code=client.wechat.login(CITY.appid, "lin"),
            grant_type="authorization_code",
        )

    before = await trade()
    async with client.http.post(
        f"{client.url}/_sim/wechat/move", json={"appid": CITY.appid, "openPlatform": "op-2"}
    ) as reply:
        assert reply.status == 204
    after = await trade()
    assert before["openid"] == after["openid"]
    assert before["unionid"] != after["unionid"]


class TestControls:
    async def test_everything_a_test_may_do_can_be_done_over_http(self, client: Client) -> None:
        person = {"appid": CITY.appid, "resident": "lin"}
        for path, body, status in (
            ("phone", person, 200),
            ("user-info", person, 200),
            ("subscribe", {**person, "template": "T1"}, 204),
            ("modes", {"hostile": "unsigned", "countryCodeAsNumber": True}, 204),
            ("modes", {"hostile": "friendly"}, 400),
            ("phone", {**person, "appid": "wxnobody"}, 404),
            ("move", {"appid": "wxnobody", "openPlatform": None}, 404),
        ):
            async with client.http.post(f"{client.url}/_sim/wechat/{path}", json=body) as reply:
                assert reply.status == status, path

    async def test_a_clock_can_be_off_until_the_plan_is_over(self, client: Client) -> None:
        first = (await client.stable())["access_token"]
        async with client.http.post(
            f"{client.url}/_sim/plan", json={"faults": [], "clockOffset": 7200}
        ) as reply:
            assert reply.status == 204
        assert await client.tries(first) == 42001
        await client.http.delete(f"{client.url}/_sim/plan")
        assert await client.tries(first) == GOOD

    async def test_no_token_is_in_the_journal(self, client: Client) -> None:
        token = (await client.stable())["access_token"]
        await client.tries(token)
        async with client.http.get(f"{client.url}/_sim/journal") as reply:
            told = await reply.text()
        assert token not in told
        assert CITY.secret not in told


class Simple:
    """A provider with nothing but a name."""

    name = "simple"

    def routes(self) -> list[aiohttp.web.RouteDef]:
        return []

    def busy(self) -> aiohttp.web.Response:
        return aiohttp.web.Response()


@pytest.mark.parametrize(
    "plan",
    [
        {"faults": [{"kind": "throttle"}]},
        {"faults": [{"kind": "revoked"}]},
        {"faults": [], "clockOffset": 5},
    ],
)
async def test_a_fault_that_a_provider_does_not_know_is_refused(plan: dict[str, Any]) -> None:
    async with (
        simulated(Simple()) as simulator,
        aiohttp.ClientSession() as http,
        http.post(f"{simulator.url}/_sim/plan", json=plan) as reply,
    ):
        assert reply.status == 400

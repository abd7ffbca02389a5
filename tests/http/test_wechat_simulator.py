"""The simulated WeChat, over its wire: what a backend may rely on when it has only met the simulator."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bff.sandbox.simulator import Simulator, simulated, simulated_in_thread
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_errors import ERRORS
from bff.sandbox.wechat_ids import WechatApp

CITY = WechatApp(appid="wxcity000000000001", secret="city-secret", open_platform="op-1")
SIBLING = WechatApp(appid="wxsibling0000000002", secret="sibling-secret", open_platform="op-1")
LONER = WechatApp(appid="wxloner00000000003", secret="loner-secret")

DOCUMENTED = {
    row["errcode"]: row for row in json.loads(Path("tests/vectors/auth/wechat_errcodes.json").read_bytes())
}


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, **span: float) -> None:
        self.time += timedelta(**span)


class Client:
    """A backend and a phone in one: what both would send, and nothing cleverer."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        self.url = simulator.url
        self.http = http

    async def login(self, resident: str = "lin", app: WechatApp = CITY) -> str:
        body = {"appid": app.appid, "resident": resident}
        async with self.http.post(f"{self.url}/_sim/wechat/login", json=body) as reply:
            assert reply.status == 200
            code: str = (await reply.json())["code"]
            return code

    async def trade(self, code: str, app: WechatApp = CITY, /, **changed: str | None) -> dict[str, Any]:
        query = {
            "appid": app.appid,
            "secret": app.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        kept = {name: value for name, value in {**query, **changed}.items() if value is not None}
        async with self.http.get(f"{self.url}/sns/jscode2session", params=kept) as reply:
            assert reply.status == 200
            assert reply.content_type == "text/plain"
            assert reply.headers["X-Simulated"] == "1"
            answer: dict[str, Any] = json.loads(await reply.text())
            return answer

    async def plan(self, *faults: dict[str, Any], seed: int = 0) -> None:
        async with self.http.post(
            f"{self.url}/_sim/plan", json={"faults": list(faults), "seed": seed}
        ) as reply:
            assert reply.status == 204

    async def journal(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.url}/_sim/journal?path=/sns/jscode2session") as reply:
            entries: list[dict[str, Any]] = await reply.json()
            return entries


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def wechat(clock: Clock) -> AsyncIterator[Client]:
    provider = Wechat(
        [CITY, SIBLING, LONER], people={"lin": "林某"}, now=clock, chance=random.Random(7), rotates=1.0
    )
    async with simulated(provider, now=clock) as simulator, aiohttp.ClientSession() as http:
        # aiohttp would repeat a GET whose connection broke, and hide from us what the fault did.
        http._retry_connection = False
        yield Client(simulator, http)


class TestSuccess:
    async def test_a_success_has_no_errcode_and_a_marked_openid(self, wechat: Client) -> None:
        answer = await wechat.trade(await wechat.login(app=LONER), LONER)
        assert set(answer) == {"openid", "session_key"}
        assert re.fullmatch(r"oSIM[A-Za-z0-9_-]{24}", answer["openid"])

    async def test_only_a_bound_app_learns_the_unionid_and_siblings_learn_the_same(
        self, wechat: Client
    ) -> None:
        city = await wechat.trade(await wechat.login())
        sibling = await wechat.trade(await wechat.login(app=SIBLING), SIBLING)
        assert city["unionid"] == sibling["unionid"]
        assert city["openid"] != sibling["openid"]

    async def test_a_person_keeps_the_openid_and_not_the_session_key(self, wechat: Client) -> None:
        first = await wechat.trade(await wechat.login())
        second = await wechat.trade(await wechat.login())
        assert first["openid"] == second["openid"]
        assert first["session_key"] != second["session_key"]

    async def test_a_city_started_again_knows_its_people(self) -> None:
        openids = []
        for _ in range(2):
            async with simulated(Wechat([CITY])) as again, aiohttp.ClientSession() as http:
                client = Client(again, http)
                openids.append((await client.trade(await client.login()))["openid"])
        assert openids[0] == openids[1]


class TestRefusals:
    @pytest.mark.parametrize(
        ("changed", "errcode"),
        [
            ({"appid": None, "secret": None, "js_code": None}, 41002),
            ({"secret": None, "js_code": None}, 41004),
            ({"js_code": None}, 41008),
            ({"grant_type": None}, 40002),
            ({"appid": "wxnobody"}, 40013),
            ({"secret": "guess"}, 40125),
            ({"js_code": "0simnever"}, 40029),
        ],
    )
    async def test_a_bad_request_gets_the_documented_code(
        self, wechat: Client, changed: dict[str, str | None], errcode: int
    ) -> None:
        answer = await wechat.trade(await wechat.login(), **changed)
        assert answer["errcode"] == errcode
        assert set(answer) == {"errcode", "errmsg"}

    async def test_a_post_is_answered_as_if_it_had_brought_nothing(self, wechat: Client) -> None:
        params = {"appid": CITY.appid, "secret": CITY.secret, "js_code": await wechat.login()}
        async with wechat.http.post(f"{wechat.url}/sns/jscode2session", params=params) as reply:
            assert json.loads(await reply.text())["errcode"] == 41002

    async def test_every_code_it_speaks_is_documented_and_carries_a_rid(self, wechat: Client) -> None:
        assert set(ERRORS) <= set(DOCUMENTED)
        answer = await wechat.trade("0simnever")
        assert re.fullmatch(r"invalid code, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}", answer["errmsg"])

    @pytest.mark.parametrize("errcode", sorted(ERRORS))
    def test_its_words_are_wechats(self, errcode: int) -> None:
        ours = re.findall(r"[a-z]+", ERRORS[errcode].lower())
        theirs = set(re.findall(r"[a-z]+", DOCUMENTED[errcode]["errmsg"].lower()))
        assert ours[0] in theirs


class TestCodes:
    async def test_a_code_works_once(self, wechat: Client) -> None:
        code = await wechat.login()
        assert "openid" in await wechat.trade(code)
        assert (await wechat.trade(code))["errcode"] == 40163

    async def test_of_many_at_once_one_wins(self, wechat: Client) -> None:
        code = await wechat.login()
        answers = await asyncio.gather(*(wechat.trade(code) for _ in range(50)))
        assert Counter(answer.get("errcode", 0) for answer in answers) == {0: 1, 40163: 49}

    async def test_a_code_lives_three_hundred_seconds(self, wechat: Client, clock: Clock) -> None:
        last_moment, too_late = await wechat.login(), await wechat.login()
        clock.pass_by(seconds=299)
        assert "openid" in await wechat.trade(last_moment)
        clock.pass_by(seconds=1)
        assert (await wechat.trade(too_late))["errcode"] == 40029
        await wechat.login()
        assert (await wechat.trade(too_late))["errcode"] == 40029

    async def test_a_code_is_bound_to_its_app_and_survives_another_apps_try(self, wechat: Client) -> None:
        code = await wechat.login()
        assert (await wechat.trade(code, SIBLING))["errcode"] == 40029
        assert "openid" in await wechat.trade(code)

    async def test_a_refused_request_does_not_burn_the_code(self, wechat: Client) -> None:
        code = await wechat.login()
        await wechat.trade(code, secret="guess")
        assert "openid" in await wechat.trade(code)

    async def test_a_blocked_person_is_told_so(self, wechat: Client) -> None:
        block = f"{wechat.url}/_sim/wechat/block"
        code = await wechat.login()
        await wechat.http.post(block, json={"resident": "lin", "blocked": True})
        assert (await wechat.trade(code))["errcode"] == 40226
        await wechat.http.post(block, json={"resident": "lin", "blocked": False})
        assert "openid" in await wechat.trade(code)

    async def test_a_person_has_a_hundred_tries_a_minute(self, wechat: Client, clock: Clock) -> None:
        for _ in range(100):
            await wechat.trade(await wechat.login())
        code = await wechat.login()
        assert (await wechat.trade(code))["errcode"] == 45011
        assert "openid" in await wechat.trade(await wechat.login("chen"))
        clock.pass_by(seconds=60)
        assert "openid" in await wechat.trade(code)

    async def test_a_stranger_to_wechat_gets_no_code(self, wechat: Client) -> None:
        login = f"{wechat.url}/_sim/wechat/login"
        async with wechat.http.post(login, json={"appid": "wxnobody", "resident": "lin"}) as reply:
            assert reply.status == 404
            assert reply.headers["X-Simulated"] == "1"
        async with wechat.http.post(login, json={"appid": CITY.appid, "resident": "../lin"}) as reply:
            assert reply.status == 400


class TestSignInPage:
    BACK = "http://127.0.0.1:8000/resident/"

    async def test_choosing_a_person_leads_back_with_a_code_and_the_state(self, wechat: Client) -> None:
        query = {"redirect_uri": self.BACK, "state": "s-1"}
        async with wechat.http.get(f"{wechat.url}/_sim/wechat/sign-in", params=query) as page:
            text = await page.text()
            assert "林某" in text
            assert "不是微信" in text
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        choice = re.findall(r'href="(\?[^"]+)"', text)[0].replace("&amp;", "&")
        async with wechat.http.get(
            f"{wechat.url}/_sim/wechat/sign-in{choice}", allow_redirects=False
        ) as reply:
            assert reply.status == 303
            back, _, fragment = reply.headers["Location"].partition("#")
        assert back == self.BACK
        found = re.fullmatch(r"code=(\w+)&state=s-1", fragment)
        assert found is not None
        assert "openid" in await wechat.trade(found[1])

    async def test_a_link_that_says_nothing_of_the_way_back_leads_home(self) -> None:
        provider = Wechat([CITY], people={"lin": "林某"}, home=self.BACK)
        async with simulated(provider) as simulator, aiohttp.ClientSession() as http:
            link = f"{simulator.url}/_sim/wechat/sign-in?resident=lin"
            async with http.get(link, allow_redirects=False) as reply:
                assert reply.headers["Location"].startswith(f"{self.BACK}#code=")

    @pytest.mark.parametrize(
        "back", ["", "https://elsewhere.test/", "javascript:alert(1)", "//elsewhere.test"]
    )
    async def test_a_code_goes_to_no_other_host(self, wechat: Client, back: str) -> None:
        query = {"redirect_uri": back, "resident": "lin"}
        async with wechat.http.get(f"{wechat.url}/_sim/wechat/sign-in", params=query) as reply:
            assert reply.status == 400


class TestFaults:
    ROUTE = "/sns/jscode2session"

    async def test_busy_is_said_as_wechat_says_it_and_burns_nothing(self, wechat: Client) -> None:
        code = await wechat.login()
        await wechat.plan({"kind": "busy", "route": self.ROUTE, "times": 1})
        assert (await wechat.trade(code))["errcode"] == -1
        assert "openid" in await wechat.trade(code)

    async def test_a_gateway_page_is_html_and_burns_nothing(self, wechat: Client) -> None:
        code = await wechat.login()
        await wechat.plan({"kind": "badGateway", "times": 1})
        async with wechat.http.get(f"{wechat.url}{self.ROUTE}") as reply:
            assert (reply.status, reply.content_type) == (502, "text/html")
            assert reply.headers["X-Simulated"] == "1"
        assert "openid" in await wechat.trade(code)

    async def test_latency_delays_a_right_answer(self, wechat: Client) -> None:
        code = await wechat.login()
        await wechat.plan({"kind": "latency", "milliseconds": 150, "times": 1})
        began = asyncio.get_running_loop().time()
        assert "openid" in await wechat.trade(code)
        assert asyncio.get_running_loop().time() - began >= 0.149  # this clock counts milliseconds

    @pytest.mark.parametrize("kind", ["lost", "reset"])
    async def test_a_lost_reply_has_burnt_the_code(self, wechat: Client, kind: str) -> None:
        code = await wechat.login()
        await wechat.plan({"kind": kind, "times": 1})
        with pytest.raises(aiohttp.ClientError):
            await wechat.trade(code)
        assert (await wechat.trade(code))["errcode"] == 40163

    async def test_a_truncated_reply_is_whole_http_and_half_json(self, wechat: Client) -> None:
        code = await wechat.login()
        await wechat.plan({"kind": "truncated", "times": 1})
        with pytest.raises(json.JSONDecodeError):
            await wechat.trade(code)
        assert (await wechat.trade(code))["errcode"] == 40163

    async def test_an_outage_burns_nothing_and_passes(self, wechat: Client, clock: Clock) -> None:
        code = await wechat.login()
        await wechat.plan({"kind": "outage", "seconds": 30})
        for _ in range(3):
            with pytest.raises(aiohttp.ClientError):
                await wechat.trade(code)
        clock.pass_by(seconds=30)
        assert "openid" in await wechat.trade(code)

    async def test_nobody_listens_for_a_while(self, wechat: Client) -> None:
        code = await wechat.login()
        await wechat.plan({"kind": "refused", "seconds": 0.4})
        await asyncio.sleep(0.2)
        with pytest.raises(aiohttp.ClientConnectorError):
            await wechat.trade(code)
        await asyncio.sleep(0.5)
        assert "openid" in await wechat.trade(code)

    async def test_the_same_seed_strikes_the_same_requests(self, wechat: Client) -> None:
        struck = []
        for _ in range(2):
            await wechat.plan({"kind": "busy", "share": 0.3}, seed=42)
            struck.append([(await wechat.trade(f"0sim{n}"))["errcode"] for n in range(30)])
        assert struck[0] == struck[1]
        assert 3 <= struck[0].count(-1) <= 16

    async def test_a_plan_is_for_its_route_and_can_be_cleared(self, wechat: Client) -> None:
        await wechat.plan({"kind": "busy", "route": "/elsewhere"})
        assert "openid" in await wechat.trade(await wechat.login())
        await wechat.plan({"kind": "busy"})
        await wechat.http.delete(f"{wechat.url}/_sim/plan")
        assert "openid" in await wechat.trade(await wechat.login())

    async def test_an_unknown_fault_is_refused(self, wechat: Client) -> None:
        async with wechat.http.post(
            f"{wechat.url}/_sim/plan", json={"faults": [{"kind": "gremlin"}]}
        ) as reply:
            assert reply.status == 400


async def test_the_journal_counts_what_arrived_and_keeps_no_secret(wechat: Client) -> None:
    await wechat.plan({"kind": "lost", "times": 1})
    with pytest.raises(aiohttp.ClientError):
        await wechat.trade("0simnever")
    await wechat.trade("0simnever")

    arrived = await wechat.journal()
    assert [entry["fault"] for entry in arrived] == ["lost", None]
    assert all(entry["query"]["js_code"] == "0simnever" for entry in arrived)
    assert CITY.secret not in json.dumps(arrived)

    await wechat.http.delete(f"{wechat.url}/_sim/journal")
    assert await wechat.journal() == []


def test_callers_without_a_loop_are_served_too() -> None:
    async def sign_in(simulator: Simulator) -> dict[str, Any]:
        async with aiohttp.ClientSession() as http:
            client = Client(simulator, http)
            return await client.trade(await client.login())

    with simulated_in_thread(Wechat([CITY])) as simulator:
        assert "openid" in asyncio.run(sign_in(simulator))

"""Signing in through Alipay over HTTP, on the whole application."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.alipay import Trouble
from bff.sandbox.alipay_gateway import Alipay, Hostile
from bff.sandbox.alipay_ids import Names, open_id_of
from bff.sandbox.simulator import Fault, FaultKind, Simulator, simulated_in_thread
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from tests.alipay import APPS, CERTIFIED, OLD, keyring, other_keyring
from tests.environs import COMPLETE
from tests.web import web_client

Client = AsyncTestClient[Any]
WECHAT = WechatApp(appid=COMPLETE["SUISHEN_AUTH_WECHAT_APPID"], secret=COMPLETE["SUISHEN_AUTH_WECHAT_SECRET"])
NUMBER = "310000199003070017"
ROUTE = "/mp/v1/session/alipay"


@pytest.fixture
def alipay() -> Iterator[tuple[Alipay, Simulator]]:
    counter = Alipay(APPS, keyring(), other=other_keyring)
    with simulated_in_thread(counter) as simulator:
        yield counter, simulator


@pytest.fixture
def told(environ: dict[str, str], alipay: tuple[Alipay, Simulator], tmp_path: Path) -> dict[str, str]:
    """Certificate mode and v3, with what is long in files."""
    ring = keyring()
    files = {
        "PRIVATE_KEY": ring.app_pkcs1,
        "APP_CERTIFICATE": ring.app_certificate,
        "CERTIFICATES": ring.alipay_certificate,
        "ROOT_CERTIFICATES": ring.roots,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return {
        **environ,
        **{f"SUISHEN_AUTH_ALIPAY_{name}_FILE": str(tmp_path / name) for name in files},
        "SUISHEN_AUTH_ALIPAY_APPID": CERTIFIED.appid,
        "SUISHEN_AUTH_ALIPAY_BASE_URL": alipay[1].url,
        "SUISHEN_AUTH_ALIPAY_TRANSPORT": "v3",
    }


def with_key(environ: dict[str, str], url: str, appid: str) -> dict[str, str]:
    """v2, and Alipay's key instead of certificates."""
    return {
        **environ,
        "SUISHEN_AUTH_ALIPAY_APPID": appid,
        "SUISHEN_AUTH_ALIPAY_PRIVATE_KEY": keyring().app_private,
        "SUISHEN_AUTH_ALIPAY_PUBLIC_KEY": keyring().alipay_public,
        "SUISHEN_AUTH_ALIPAY_BASE_URL": url,
    }


@pytest.fixture
async def client(told: dict[str, str]) -> AsyncIterator[Client]:
    settings = load_settings(told)
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        lin = {
            "kind": "resident",
            "idNumber": NUMBER,
            "name": "林小满",
            "links": [
                {"provider": "wechat", "appid": WECHAT.appid, "subject": openid_of(WECHAT.appid, "lin")},
                {
                    "provider": "alipay",
                    "appid": CERTIFIED.appid,
                    "subject": open_id_of(CERTIFIED.appid, "lin"),
                },
            ],
        }
        async for registered in platform.registrar.register_lines([msgspec.json.encode(lin)]):
            assert registered.problem is None
    async with web_client(settings) as client:
        yield client


async def sign_in(client: Client, code: str) -> dict[str, Any]:
    answer = await client.post(ROUTE, json={"code": code})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def resident_of(session: dict[str, Any]) -> str:
    payload = session["accessToken"].split(".")[1]
    subject: str = msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]
    return subject


async def test_a_real_name_resident_signs_in_through_alipay(
    client: Client, alipay: tuple[Alipay, Simulator]
) -> None:
    session = await sign_in(client, alipay[0].books.login(CERTIFIED.appid, "lin"))
    assert (session["assurance"], session["displayName"]) == ("L2", "林**")
    stranger = await sign_in(client, alipay[0].books.login(CERTIFIED.appid, "wang"))
    assert (stranger["assurance"], stranger["displayName"]) == ("L0", None)
    answer = await client.post("/mp/v1/session/refresh", json={"refreshToken": session["refreshToken"]})
    assert resident_of(answer.json()) == resident_of(session)


async def test_the_same_person_may_come_by_either_door(
    told: dict[str, str], client: Client, alipay: tuple[Alipay, Simulator]
) -> None:
    through_alipay = await sign_in(client, alipay[0].books.login(CERTIFIED.appid, "lin"))
    books = Wechat([WECHAT])
    with simulated_in_thread(books) as simulator:
        settings = load_settings({**told, "SUISHEN_AUTH_WECHAT_BASE_URL": simulator.url})
        async with web_client(settings) as other:
            body = {"code": books.login(WECHAT.appid, "lin")}
            through_wechat = (await other.post("/mp/v1/session/wechat", json=body)).json()
    assert resident_of(through_wechat) == resident_of(through_alipay)


async def test_a_code_used_twice_is_a_conflict(client: Client, alipay: tuple[Alipay, Simulator]) -> None:
    code = alipay[0].books.login(CERTIFIED.appid, "lin")
    answers = await asyncio.gather(*(client.post(ROUTE, json={"code": code}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_a_code_nobody_gave_is_rejected(client: Client) -> None:
    answer = await client.post(ROUTE, json={"code": "nobody-gave-this"})
    assert (answer.status_code, answer.json()["code"]) == (401, "CODE_REJECTED")
    for code in ("", "a b", "a&app_id=other", "x" * 129, None):
        assert (await client.post(ROUTE, json={"code": code})).status_code == 400


REFUSED = {
    Hostile.UNSIGNED: "REPLY_UNSIGNED",
    Hostile.SHA1: "REPLY_WEAKLY_HASHED",
    Hostile.MD5: "REPLY_WEAKLY_HASHED",
    Hostile.OTHER_APP: "REPLY_WRONGLY_SIGNED",
    Hostile.REWRITTEN: "REPLY_WRONGLY_SIGNED",
    Hostile.DUPLICATE_KEY: "REPLY_AMBIGUOUS",
    Hostile.NOT_UTF8: "REPLY_UNREADABLE",
    Hostile.UNKNOWN_CERTIFICATE: "REPLY_OF_UNKNOWN_SERIAL",
}


@pytest.mark.parametrize(
    "case",
    [
        *((transport, mode, code) for transport in ("v2", "v3") for mode, code in REFUSED.items()),
        ("v2", Hostile.OTHER_METHOD, "REPLY_FOREIGN"),
        ("v3", Hostile.STALE, "REPLY_STALE"),
    ],
)
async def test_requirement_18_an_answer_that_is_not_alipays_signs_nobody_in(
    told: dict[str, str],
    alipay: tuple[Alipay, Simulator],
    mongo_database: Database,
    case: tuple[str, Hostile, str],
) -> None:
    transport, mode, code = case
    settings = load_settings({**told, "SUISHEN_AUTH_ALIPAY_TRANSPORT": transport})
    async with web_client(settings) as client:
        alipay[0].hostile(mode)
        answer = await client.post(ROUTE, json={"code": alipay[0].books.login(CERTIFIED.appid, "lin")})
        assert (answer.status_code, answer.json()["code"]) == (503, code)
        assert await mongo_database["sessions"].count_documents({}) == 0
        await sign_in(client, alipay[0].books.login(CERTIFIED.appid, "lin"))


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (FaultKind.BAD_GATEWAY, 503, "PROVIDER_UNAVAILABLE"),
        (FaultKind.TRUNCATED, 503, "PROVIDER_UNAVAILABLE"),
        (FaultKind.LOST, 503, "PROVIDER_UNAVAILABLE"),
    ],
)
async def test_a_bad_day_of_alipays_passes(
    client: Client, alipay: tuple[Alipay, Simulator], kind: FaultKind, status: int, code: str
) -> None:
    """The code of a lost reply is spent on both sides; a new one works at once."""
    counter, simulator = alipay
    spent = counter.books.login(CERTIFIED.appid, "lin")
    await plan(simulator, Fault(kind=kind, times=1))
    answer = await client.post(ROUTE, json={"code": spent})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    again = await client.post(ROUTE, json={"code": spent})
    assert (again.status_code, again.json()["code"]) == (409, "CODE_ALREADY_USED")
    await sign_in(client, counter.books.login(CERTIFIED.appid, "lin"))


async def test_a_code_alipay_never_saw_may_be_tried_again(
    client: Client, alipay: tuple[Alipay, Simulator]
) -> None:
    counter, simulator = alipay
    code = counter.books.login(CERTIFIED.appid, "lin")
    await plan(simulator, Fault(kind=FaultKind.REFUSED, seconds=0.5))
    await asyncio.sleep(0.2)
    answer = await client.post(ROUTE, json={"code": code})
    assert (answer.status_code, answer.json()["action"]) == (503, "retry")
    await asyncio.sleep(0.6)
    await sign_in(client, code)


async def test_too_much_for_alipay_is_told_with_when_to_come_back(
    environ: dict[str, str], alipay: tuple[Alipay, Simulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(*_: object) -> dict[str, Any]:
        raise Trouble("40005", "isv.app-call-limited", status=429)

    monkeypatch.setattr(alipay[0].books, "answer", limited)
    async with web_client(load_settings(with_key(environ, alipay[1].url, OLD.appid))) as client:
        answer = await client.post(ROUTE, json={"code": "any"})
    assert (answer.status_code, answer.json()["code"]) == (429, "PROVIDER_BUSY")
    assert answer.headers["Retry-After"] == "60"


async def test_a_city_without_alipay_does_not_offer_it(environ: dict[str, str]) -> None:
    async with web_client(load_settings(environ)) as client:
        answer = await client.post(ROUTE, json={"code": "any"})
    assert (answer.status_code, answer.json()["code"]) == (404, "PROVIDER_NOT_OFFERED")


async def test_whom_alipay_gives_another_name_stays_the_same_resident(
    environ: dict[str, str], alipay: tuple[Alipay, Simulator], mongo_database: Database
) -> None:
    """user_id, then both, then open_id alone; and back, as after a change that was taken back."""
    books = alipay[0].books
    settings = load_settings(with_key(environ, alipay[1].url, OLD.appid))
    seen = []
    async with web_client(settings) as client:
        for names in (Names.USER_ID, Names.BOTH, Names.OPEN_ID, Names.USER_ID):
            books.move(OLD.appid, names)
            seen.append(resident_of(await sign_in(client, books.login(OLD.appid, "lin"))))
            other = resident_of(await sign_in(client, books.login(OLD.appid, "wang")))
            assert other != seen[-1]
    assert len(set(seen)) == 1
    links = await mongo_database["links"].find({"provider": "alipay"}).to_list(None)
    assert [sorted(link["alternates"]) for link in links] == [["open_id", "user_id"]] * 2


async def plan(simulator: Simulator, *faults: Fault) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{simulator.url}/_sim/plan", data=msgspec.json.encode({"faults": faults})) as reply,
    ):
        assert reply.status == 204

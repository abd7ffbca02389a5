"""Signing in over HTTP, on the whole application: three audiences, and no way from one to another."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from litestar.testing import AsyncTestClient

from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.simulator import simulated_in_thread
from bff.sandbox.wechat import Modes, Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from tests import wechat_keys
from tests.auth_fakes import PHONE, DepartmentSigner
from tests.environs import COMPLETE
from tests.web import web_client

Client = AsyncTestClient[Any]
APP = WechatApp(appid=COMPLETE["SUISHEN_AUTH_WECHAT_APPID"], secret=COMPLETE["SUISHEN_AUTH_WECHAT_SECRET"])
POLICE = DepartmentSigner("police")
OURS = {"X-Device-Id": str(PHONE.device)}
# The district code of a municipality as a whole: nobody's.
NUMBER = "310000199003070017"


@pytest.fixture
def wechat() -> Iterator[tuple[Wechat, str]]:
    books = Wechat([APP], secure={APP.appid: wechat_keys.side()})
    with simulated_in_thread(books) as simulator:
        yield books, simulator.url


@pytest.fixture
def told(environ: dict[str, str], wechat: tuple[Wechat, str]) -> dict[str, str]:
    return {**environ, "SUISHEN_AUTH_WECHAT_BASE_URL": wechat[1]}


@pytest.fixture
async def client(told: dict[str, str]) -> AsyncIterator[Client]:
    settings = load_settings(told)
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        lines: list[dict[str, object]] = [
            {"kind": "organisation", "id": "hotel", "name": "江边旅馆"},
            {
                "kind": "department",
                "id": "police",
                "name": "市公安局",
                "keys": [POLICE.jwk()],
                "types": ["resident-id-card"],
            },
            {
                "kind": "clerk",
                "organisation": "hotel",
                "number": "0042",
                "passphrase": "correct horse",
                "scenes": ["general", "closed-long-ago"],
            },
            {
                "kind": "resident",
                "idNumber": NUMBER,
                "name": "林小满",
                "links": [{"provider": "wechat", "appid": APP.appid, "subject": openid_of(APP.appid, "lin")}],
            },
        ]
        async for registered in platform.registrar.register_lines(
            msgspec.json.encode(line) for line in lines
        ):
            assert registered.problem is None
    async with web_client(settings) as client:
        yield client


@pytest.fixture
async def resident(client: Client, wechat: tuple[Wechat, str]) -> dict[str, Any]:
    return await sign_in(client, wechat[0], "lin")


async def sign_in(client: Client, books: Wechat, who: str) -> dict[str, Any]:
    answer = await client.post("/mp/v1/session/wechat", json={"code": books.login(APP.appid, who)})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def clerk_of(client: Client) -> dict[str, Any]:
    body = {"organisation": "hotel", "clerkNumber": "0042", "passphrase": "correct horse"}
    answer = await client.post("/verifier/v1/session", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bearer(session: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['accessToken']}"}


async def test_a_whole_process_asks_wechat_about_who_signed_in(
    told: dict[str, str], wechat: tuple[Wechat, str], tmp_path: Path
) -> None:
    """As it is wired: sealed, at the second host because nobody is at the first, with one token."""
    books, url = wechat
    books.set_modes(Modes(secure_required=True))
    environ = told | {
        "SUISHEN_AUTH_WECHAT_BASE_URL": "http://127.0.0.1:1",
        "SUISHEN_AUTH_WECHAT_FALLBACK_URL": url,
        "SUISHEN_AUTH_WECHAT_SECURE_DIR": str(wechat_keys.folder(tmp_path / "wechat")),
    }
    openid = openid_of(APP.appid, "lin")
    async with Platform.open(load_settings(environ)) as platform:
        await platform.ensure_indexes()
        await platform.auth.sign_in("wechat", books.login(APP.appid, "lin"), PHONE)
        assert await platform.wechat.session_is_current(openid)
        code = books.people.tap_phone(APP.appid, "lin")
        assert (await platform.wechat.phone_number(code, openid)).startswith("+86154")
        names = [name async for name in platform._redis.scan_iter("auth:token:*")]
    assert f"auth:token:{{test:wechat:{APP.appid}}}".encode() in names


async def test_a_real_name_resident_signs_in_through_wechat(resident: dict[str, Any]) -> None:
    assert (resident["assurance"], resident["displayName"]) == ("L2", "林**")
    assert set(resident) == {
        *("accessToken", "expiresAt", "refreshToken", "refreshExpiresAt", "assurance", "displayName")
    }


async def test_a_stranger_signs_in_and_is_asked_to_step_up(
    client: Client, wechat: tuple[Wechat, str]
) -> None:
    stranger = await sign_in(client, wechat[0], "nobody-we-know")
    assert (stranger["assurance"], stranger["displayName"]) == ("L0", None)
    answer = await client.post("/mp/v1/presentations", json={}, headers=bearer(stranger))
    assert (answer.status_code, answer.json()["code"], answer.json()["action"]) == (
        403,
        "STEP_UP_REQUIRED",
        "stepUp",
    )


async def test_a_code_used_twice_is_a_conflict(client: Client, wechat: tuple[Wechat, str]) -> None:
    code = wechat[0].login(APP.appid, "lin")
    answers = await asyncio.gather(
        *(client.post("/mp/v1/session/wechat", json={"code": code}) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_a_lost_reply_is_given_again_to_the_same_device_only(
    client: Client, wechat: tuple[Wechat, str]
) -> None:
    body = {"code": wechat[0].login(APP.appid, "lin")}
    answers = [
        await client.post("/mp/v1/session/wechat", json=body, headers={"X-Device-Id": device})
        for device in ("a-phone-of-its-own-1", "a-phone-of-its-own-1", "another-phone-00001")
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[0].json() == answers[1].json()
    assert answers[2].json()["code"] == "CODE_REPLAYED"


async def test_a_resident_sees_their_sessions_and_ends_them(
    client: Client, wechat: tuple[Wechat, str], resident: dict[str, Any]
) -> None:
    phone = await client.post(
        "/mp/v1/session/wechat",
        json={"code": wechat[0].login(APP.appid, "lin")},
        headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"},
    )
    listed = (await client.get("/mp/v1/sessions", headers=bearer(resident))).json()
    assert [(each["current"], each["platform"]) for each in listed] == [(False, "iphone"), (True, None)]
    path = f"/mp/v1/sessions/{listed[0]['id']}"
    stranger = await sign_in(client, wechat[0], "nobody-we-know")
    refused = await client.delete(path, headers=bearer(stranger))
    assert (refused.status_code, refused.json()["code"]) == (404, "SESSION_UNKNOWN")
    assert (await client.delete(path, headers=bearer(resident))).status_code == 204
    answer = await client.post("/mp/v1/session/refresh", json={"refreshToken": phone.json()["refreshToken"]})
    assert answer.json()["code"] == "SESSION_ENDED"
    again = await client.delete(path, headers=bearer(resident))
    assert again.json()["code"] == "SESSION_UNKNOWN"


async def test_signing_out_everywhere_else_leaves_this_session(
    client: Client, wechat: tuple[Wechat, str], resident: dict[str, Any]
) -> None:
    others = [await sign_in(client, wechat[0], "lin") for _ in range(3)]
    ended = await client.delete("/mp/v1/sessions", headers=bearer(resident))
    assert (ended.status_code, ended.json()) == (200, {"ended": 3})
    for other in others:
        body = {"refreshToken": other["refreshToken"]}
        assert (await client.post("/mp/v1/session/refresh", json=body)).status_code == 401
    listed = (await client.get("/mp/v1/sessions", headers=bearer(resident))).json()
    assert [each["current"] for each in listed] == [True]


async def test_a_clerk_sees_and_ends_their_own_sessions_only(client: Client) -> None:
    here, elsewhere = await clerk_of(client), await clerk_of(client)
    listed = (await client.get("/verifier/v1/sessions", headers=bearer(here))).json()
    assert [each["current"] for each in listed] == [False, True]
    path = f"/verifier/v1/sessions/{listed[0]['id']}"
    assert (await client.delete(path, headers=bearer(here))).status_code == 204
    answer = await client.post(
        "/verifier/v1/session/refresh", json={"refreshToken": elsewhere["refreshToken"]}
    )
    assert answer.status_code == 401


async def test_what_cannot_be_a_code_is_refused_before_anybody_is_asked(
    client: Client, wechat: tuple[Wechat, str]
) -> None:
    for code in ("", "a b", "a&appid=other", "x" * 129, "é", None, 7):
        answer = await client.post("/mp/v1/session/wechat", json={"code": code})
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION")
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{wechat[1]}/_sim/journal?path=/sns/jscode2session") as journal,
    ):
        assert await journal.json() == []


async def test_a_dead_provider_is_told_as_such_and_recovers(
    client: Client, wechat: tuple[Wechat, str]
) -> None:
    books, url = wechat
    plan = {"faults": [{"kind": "badGateway", "route": "/sns/jscode2session", "times": 1}]}
    async with aiohttp.ClientSession() as http, http.post(f"{url}/_sim/plan", json=plan) as planned:
        assert planned.status == 204
    answer = await client.post("/mp/v1/session/wechat", json={"code": books.login(APP.appid, "lin")})
    assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
    assert int(answer.headers["retry-after"]) > 0
    await sign_in(client, books, "lin")


async def test_a_session_is_renewed_with_an_ended_token_still_attached(
    client: Client, resident: dict[str, Any]
) -> None:
    """A client that sends its old token everywhere must be able to get a new one."""
    answer = await client.post(
        "/mp/v1/session/refresh",
        json={"refreshToken": resident["refreshToken"]},
        headers={"Authorization": "Bearer ended-long-ago"},
    )
    assert answer.status_code == 200
    assert answer.json()["refreshToken"] != resident["refreshToken"]
    home = await client.get("/mp/v1/home", headers=bearer(answer.json()))
    assert home.status_code == 200


async def test_a_spent_refresh_token_from_another_device_ends_the_session(
    client: Client, resident: dict[str, Any]
) -> None:
    body = {"refreshToken": resident["refreshToken"]}
    renewed = await client.post("/mp/v1/session/refresh", json=body)
    thief = await client.post("/mp/v1/session/refresh", json=body, headers={"X-Device-Id": "t" * 20})
    assert (thief.status_code, thief.json()["code"]) == (401, "SESSION_ENDED")
    await refused_within_a_second(client, "/mp/v1/home", renewed.json())


@pytest.mark.parametrize("asks", ["the same device", "a copy on another"])
async def test_a_process_killed_between_writing_a_renewal_and_telling_of_it_signs_nobody_out(
    client: Client, wechat: tuple[Wechat, str], told: dict[str, str], mongo_database: Database, asks: str
) -> None:
    """Killed by the kernel (SIGKILL), in a process of its own: the reply is lost, the renewal is not."""
    code = wechat[0].login(APP.appid, "lin")
    begun = await client.post("/mp/v1/session/wechat", json={"code": code}, headers=OURS)
    body = {"refreshToken": begun.json()["refreshToken"]}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.http.killed_renewal", body["refreshToken"], str(PHONE.device)),
        env={**os.environ, **told},
    )
    assert await process.wait() == -signal.SIGKILL
    kept = await mongo_database["sessions"].find_one()
    assert kept is not None
    assert kept["generation"] == 1, "it was not written"
    copied = asks == "a copy on another"
    device = {"X-Device-Id": "t" * 20} if copied else OURS
    answer = await client.post("/mp/v1/session/refresh", json=body, headers=device)
    if copied:
        assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED")
        return
    assert answer.status_code == 200
    again = {"refreshToken": answer.json()["refreshToken"]}
    assert (await client.post("/mp/v1/session/refresh", json=again, headers=device)).status_code == 200


async def test_signing_out_ends_the_access_token_within_a_second(
    client: Client, resident: dict[str, Any]
) -> None:
    assert (await client.get("/mp/v1/home", headers=bearer(resident))).status_code == 200
    answer = await client.delete("/mp/v1/session", headers=bearer(resident))
    assert (answer.status_code, answer.text) == (204, "")
    await refused_within_a_second(client, "/mp/v1/home", resident)
    body = {"refreshToken": resident["refreshToken"]}
    assert (await client.post("/mp/v1/session/refresh", json=body)).status_code == 401


async def refused_within_a_second(client: Client, path: str, session: dict[str, Any]) -> None:
    started = time.monotonic()
    while (await client.get(path, headers=bearer(session))).status_code != 401:
        assert time.monotonic() - started < 1
        await asyncio.sleep(0.01)


async def test_a_clerk_begins_and_ends_a_shift(client: Client) -> None:
    clerk = await clerk_of(client)
    assert (clerk["organisationName"], clerk["clerkNumber"]) == ("江边旅馆", "0042")
    assert [scene["scene"] for scene in clerk["scenes"]] == ["general"]
    body = {"refreshToken": clerk["refreshToken"]}
    renewed = (await client.post("/verifier/v1/session/refresh", json=body)).json()
    assert (await client.get("/verifier/v1/verifications", headers=bearer(renewed))).status_code == 200
    assert (await client.delete("/verifier/v1/session", headers=bearer(renewed))).status_code == 204
    await refused_within_a_second(client, "/verifier/v1/verifications", renewed)


async def test_guessing_a_passphrase_is_slowed_down_without_telling_who_exists(client: Client) -> None:
    for number in ("0042", "0099"):
        body = {"organisation": "hotel", "clerkNumber": number, "passphrase": "wrong horse"}
        answers = await asyncio.gather(*(client.post("/verifier/v1/session", json=body) for _ in range(14)))
        told = Counter(answer.json()["code"] for answer in answers)
        # Six at once, and one more for each ten seconds that pass meanwhile: a slow machine has a minute.
        assert set(told) == {"CLERK_NOT_RECOGNISED", "TOO_MANY_REQUESTS"}
        assert told["CLERK_NOT_RECOGNISED"] >= 6


async def test_a_department_signs_in_once_with_each_assertion(client: Client) -> None:
    assertion = POLICE.assertion(now=datetime.now(UTC))
    answers = [await client.post("/issuer/v1/session", json={"clientAssertion": assertion}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 401]
    assert answers[0].json()["scopes"] == ["wallet:issue", "wallet:status"]
    types = await client.get("/issuer/v1/types", headers=bearer(answers[0].json()))
    assert types.status_code == 200


async def test_a_refresh_token_is_no_access_token(client: Client, resident: dict[str, Any]) -> None:
    for path in ("/mp/v1/home", "/verifier/v1/verifications", "/issuer/v1/types", "/metrics"):
        answer = await client.get(path, headers={"Authorization": f"Bearer {resident['refreshToken']}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_IN_REQUIRED")
        assert answer.json()["action"] == "signIn"


async def test_the_published_keys_verify_our_tokens(client: Client, resident: dict[str, Any]) -> None:
    answer = await client.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    read = joserfc_jwt.decode(
        resident["accessToken"], KeySet.import_key_set(answer.json()), algorithms=["ES256"]
    )
    assert read.claims["aud"] == "suishen:resident"
    assert {"d", "p", "q"}.isdisjoint(answer.json()["keys"][0])


async def test_an_answer_with_tokens_is_kept_by_no_cache(client: Client, wechat: tuple[Wechat, str]) -> None:
    answer = await client.post("/mp/v1/session/wechat", json={"code": wechat[0].login(APP.appid, "lin")})
    assert answer.headers["cache-control"] == "no-store"

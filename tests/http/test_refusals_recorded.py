"""What was refused of an account, a sign-in or a grant is in the trail, on every kind of route."""

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from bff.platform.audit import STREAM, AuditEvent
from bff.platform.settings import Settings, load_settings
from bff.sandbox.simulator import simulated_in_thread
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from tests.environs import COMPLETE
from tests.web import Web, web_app

APP = WechatApp(appid=COMPLETE["SUISHEN_AUTH_WECHAT_APPID"], secret=COMPLETE["SUISHEN_AUTH_WECHAT_SECRET"])
LIN = {
    "kind": "resident",
    "idNumber": "310000199003070017",
    "name": "林小满",
    "links": [{"provider": "wechat", "appid": APP.appid, "subject": openid_of(APP.appid, "lin")}],
}


@pytest.fixture
def wechat() -> Iterator[tuple[Wechat, str]]:
    books = Wechat([APP])
    with simulated_in_thread(books) as simulator:
        yield books, simulator.url


@pytest.fixture
def settings(environ: dict[str, str], wechat: tuple[Wechat, str]) -> Settings:
    return load_settings({**environ, "SUISHEN_AUTH_WECHAT_BASE_URL": wechat[1]})


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    async with web_app(settings) as here:
        async for each in here.platform.registrar.register_lines([msgspec.json.encode(LIN)]):
            assert each.problem is None
        yield here


async def told(redis: Redis) -> list[AuditEvent]:
    recorded: Any = await redis.xrange(STREAM)
    return [msgspec.json.decode(fields[b"e"], type=AuditEvent) for _, fields in recorded]


async def sign_in(web: Web, code: str, status: int = 201) -> dict[str, Any]:
    answer = await web.http.post("/mp/v1/session/wechat", json={"code": code})
    assert answer.status_code == status, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_each_refusal_is_in_the_trail_once_with_who_what_and_the_requests_id(
    web: Web, wechat: tuple[Wechat, str], redis: Redis
) -> None:
    signed_in = await sign_in(web, wechat[0].login(APP.appid, "lin"))
    (opened,) = [event for event in await told(redis) if event.kind == "session.opened"]
    assert opened.facts["providerEnv"] == "sim"
    bearer = {"Authorization": f"Bearer {signed_in['accessToken']}"}
    (link,) = (await web.http.get("/mp/v1/account", headers=bearer)).json()["links"]

    async def refused(method: str, path: str, **how: Any) -> str:  # noqa: ANN401 - as httpx takes it
        answer = await web.http.request(method, path, **how)
        assert answer.status_code >= 400, answer.text
        return answer.headers["x-request-id"]

    grant = f"/mp/v1/grants/{secrets.token_hex(16)}"
    asked = [
        await refused("DELETE", f"/mp/v1/account/links/{link['id']}", headers=bearer),
        await refused("DELETE", grant, headers=bearer),
        await refused("POST", "/mp/v1/session/refresh", json={"refreshToken": "a" * 80}),
        await refused("POST", "/callbacks/clerks/backchannel-logout", data={"logout_token": "a.b.c"}),
    ]
    before = len(await told(redis))
    # None of these was a decision about an account, or it stands there already.
    await refused("GET", "/mp/v1/account")
    await refused("GET", "/mp/v1/accounts", headers=bearer)
    await sign_in(web, "unheard-of", status=401)
    after = (await told(redis))[before:]
    assert [(event.kind, event.outcome) for event in after] == [("session.refused", "CODE_REJECTED")]

    noted = [event for event in await told(redis) if event.kind == "operation.refused"]
    assert [(event.facts["operation"], event.outcome) for event in noted] == [
        ("RemoveLink", "LAST_WAY_IN"),
        ("EndGrant", "GRANT_UNKNOWN"),
        ("RefreshSession", "SESSION_ENDED"),
        ("clerk_signed_out", "PROVIDER_TOKEN_UNREADABLE"),
    ]
    assert [event.facts["request"] for event in noted] == asked
    assert [event.actor for event in noted[:2]] == [opened.actor] * 2
    assert noted[0].subject == opened.subject
    assert noted[2].actor.startswith("address:")
    assert noted[2].actor == noted[3].actor

"""A hot route answers what the framework would have answered, whatever it is asked."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from litestar.types import ASGIApp, HTTPScope, Message

from auth_bridges.models import Audience, Grant, Resident
from auth_bridges.sessions import Sessions
from auth_bridges.tokens import AccessTokens
from bff.platform.edge import Edge
from bff.platform.settings import Settings
from miniapp_schemas.assurance import AssuranceLevel
from tests.factories import ID_NUMBER, POLICE, id_card
from tests.web import Web, web_app

SHOW: Final = "/mp/v1/presentations"
VERIFY: Final = "/verifier/v1/verifications"
JSON: Final = {"content-type": "application/json"}
# What differs between two answers to the same question.
VOLATILE: Final = {"traceId", "code", "presentationId", "issuedAt", "expiresAt", "checkedAt", "usageId"}


class Both:
    """The same application twice: with and without its hot routes."""

    def __init__(self, here: Web, settings: Settings) -> None:
        self.cold: ASGIApp = Edge(here.app, slow_ms=10_000)
        self.hot: ASGIApp = here.edge
        self._platform = here.platform
        self._settings = settings

    def bearer(self, audience: Audience, level: AssuranceLevel, *scopes: str) -> dict[str, str]:
        tokens = AccessTokens(
            self._platform.token_keys,
            issuer=self._settings.auth.token_issuer,
            environment=self._settings.platform.env.in_tokens,
            lifetime=timedelta(minutes=5),
        )
        grant = Grant(
            audience=audience,
            subject="somebody",
            session=secrets.token_hex(8),
            client="test",
            assurance=level,
            scopes=frozenset(scopes),
            holder=self._platform.personal.hash(ID_NUMBER) if level.satisfies(AssuranceLevel.L2) else None,
            organisation="org",
            organisation_name="某单位",
            clerk_number="1",
            scenes=frozenset({"general"}),
        )
        text = tokens.mint(grant, token_id=secrets.token_hex(8), now=datetime.now(UTC)).text
        return {"authorization": f"Bearer {text}"}


@pytest.fixture
async def both(settings: Settings) -> AsyncIterator[Both]:
    async with web_app(settings) as here:
        yield Both(here, settings)


async def ask(
    app: ASGIApp, path: str, headers: dict[str, str], *parts: bytes
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """POST a body, in as many parts, and read the answer."""
    incoming = [
        {"type": "http.request", "body": part, "more_body": at < len(parts)}
        for at, part in enumerate(parts, 1)
    ]
    sent: list[Message] = []

    async def receive() -> Any:  # noqa: ANN401 - an ASGI message
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: HTTPScope = {  # type: ignore[typeddict-item]  # what a server sends, and no more
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "extensions": {},
        "state": {},
    }
    await app(scope, receive, send)
    start, *bodies = sent
    assert start["type"] == "http.response.start"
    body = b"".join(message["body"] for message in bodies if message["type"] == "http.response.body")
    fields = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], fields, msgspec.json.decode(body)


def steady(answer: tuple[int, dict[str, str], dict[str, Any]]) -> tuple[object, ...]:
    """An answer without what differs each time."""
    status, fields, body = answer
    told = body.get("$problem", body)
    kept = ("content-type", "cache-control", "www-authenticate", "retry-after", "x-problem-status")
    return (
        status,
        {name: fields[name] for name in kept if name in fields},
        {name: value for name, value in told.items() if name not in VOLATILE},
        {name for name in told if name in VOLATILE},
    )


async def assert_alike(both: Both, path: str, headers: dict[str, str], *parts: bytes) -> tuple[object, ...]:
    hot = steady(await ask(both.hot, path, headers, *parts))
    assert hot == steady(await ask(both.cold, path, headers, *parts))
    return hot


async def test_a_certificate_is_shown_and_a_code_judged_alike(both: Both) -> None:
    credential = (await both._platform.issuing.issue(POLICE, id_card())).id
    resident = both.bearer(Audience.RESIDENT, AssuranceLevel.L2, "wallet:show")
    body = msgspec.json.encode({"credentialId": credential})
    assert (await assert_alike(both, SHOW, JSON | resident, body))[0] == 201
    assert (await assert_alike(both, SHOW, JSON | resident, body[:9], body[9:20], body[20:]))[0] == 201
    clerk = both.bearer(Audience.VERIFIER, AssuranceLevel.L1, "wallet:verify")
    for code in ("rubbish", "LZ" + "A" * 26):
        asked = msgspec.json.encode({"code": code, "requestId": "request-1"})
        assert (await assert_alike(both, VERIFY, JSON | clerk, asked))[0] == 200


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (JSON, b"", 400),
        (JSON, b"{", 400),
        (JSON, b"[]", 400),
        (JSON, b'{"credentialId":"x"}', 400),
        (JSON, b'{"credentialId":"' + b"a" * 32 + b'","surprise":1}', 400),
        (JSON, b'{"credentialId":"' + b"a" * 32 + b'"}', 404),
        (JSON | {"x-envelope": "1"}, b"{}", 200),
        ({"content-type": "text/plain"}, b"{}", 415),
        ({"content-type": "application/json; charset=utf-8"}, b"{}", 400),
        (JSON | {"content-length": "70000"}, b"{}", 413),
        (JSON, b" " * 70_000, 413),
        (JSON, b'{"a":' * 20_000, 413),
        (JSON, b"[" * 60_000, 400),
        (JSON, b"\xff\xfe", 400),
    ],
)
async def test_bad_bodies_are_refused_alike(
    both: Both, headers: dict[str, str], body: bytes, status: int
) -> None:
    resident = both.bearer(Audience.RESIDENT, AssuranceLevel.L2, "wallet:show")
    assert (await assert_alike(both, SHOW, headers | resident, body))[0] == status


async def test_callers_are_refused_alike(both: Both) -> None:
    body = b'{"credentialId":"' + b"a" * 32 + b'"}'
    callers = {
        401: [
            {},
            {"authorization": "Bearer nonsense"},
            {"authorization": "Basic abc"},
            both.bearer(Audience.VERIFIER, AssuranceLevel.L3C, "wallet:show"),
        ],
        403: [
            both.bearer(Audience.RESIDENT, AssuranceLevel.L1, "wallet:show"),
            both.bearer(Audience.RESIDENT, AssuranceLevel.L2, "wallet:read"),
        ],
    }
    for status, headers in callers.items():
        for each in headers:
            assert (await assert_alike(both, SHOW, JSON | each, body))[0] == status


REFRESH: Final = "/mp/v1/session/refresh"
CLERKS: Final = "/verifier/v1/session/refresh"
DEVICE: Final = {"x-device-id": "a-phone-of-its-own"}


@pytest.fixture
async def refresh_token(both: Both) -> str:
    platform = both._platform
    stores = platform.auth_stores
    now = datetime.now(UTC)
    resident = await stores.residents.ensure(Resident(id=secrets.token_hex(16), created_at=now))
    opener = Sessions(stores.sessions, stores.ended, audit=_unheard, chance=secrets.token_bytes)
    live = await opener.open(
        audience=Audience.RESIDENT,
        subject=resident.id,
        client="wechat:wx1",
        device=DEVICE["x-device-id"],
        assurance=AssuranceLevel.L0,
        now=now,
    )
    return live.token


async def _unheard(kind: str, **_: object) -> None:
    """Opening a session for a test is no event."""


async def test_a_session_is_renewed_by_one_way_and_its_lost_reply_given_by_the_other(
    both: Both, refresh_token: str
) -> None:
    body = msgspec.json.encode({"refreshToken": refresh_token})
    hot = await ask(both.hot, REFRESH, JSON | DEVICE, body)
    cold = await ask(both.cold, REFRESH, JSON | DEVICE, body)
    assert hot[0] == cold[0] == 200
    assert hot[2]["refreshToken"] == cold[2]["refreshToken"]
    assert hot[2].keys() == cold[2].keys()
    assert hot[1]["cache-control"] == cold[1]["cache-control"] == "no-store"


async def test_a_shift_is_renewed_by_one_way_and_its_lost_reply_given_by_the_other(both: Both) -> None:
    clerk = {"organisation": "hotel", "number": "0042", "passphrase": "correct horse", "scenes": ["general"]}
    lines = [{"kind": "organisation", "id": "hotel", "name": "江边旅馆"}, {"kind": "clerk", **clerk}]
    async for each in both._platform.registrar.register_lines(map(msgspec.json.encode, lines)):
        assert each.problem is None
    asked = {"organisation": "hotel", "clerkNumber": "0042", "passphrase": "correct horse"}
    begun = await ask(both.cold, "/verifier/v1/session", JSON | DEVICE, msgspec.json.encode(asked))
    body = msgspec.json.encode({"refreshToken": begun[2]["refreshToken"]})
    hot = await ask(both.hot, CLERKS, JSON | DEVICE, body)
    cold = await ask(both.cold, CLERKS, JSON | DEVICE, body)
    assert hot[0] == cold[0] == 200
    assert hot[2]["refreshToken"] == cold[2]["refreshToken"] != begun[2]["refreshToken"]
    assert hot[2]["scenes"] == cold[2]["scenes"] == begun[2]["scenes"]
    assert hot[1]["cache-control"] == cold[1]["cache-control"] == "no-store"


async def test_a_copy_is_betrayed_by_the_hot_way(both: Both, refresh_token: str) -> None:
    body = msgspec.json.encode({"refreshToken": refresh_token})
    assert (await ask(both.hot, REFRESH, JSON | DEVICE, body))[0] == 200
    status, _, told = await ask(both.hot, REFRESH, JSON | {"x-device-id": "another-phone-altogether"}, body)
    assert (status, told["code"]) == (401, "SESSION_ENDED")


async def test_an_expired_token_keeps_nobody_from_renewing(both: Both, refresh_token: str) -> None:
    body = msgspec.json.encode({"refreshToken": refresh_token})
    stale = {"authorization": "Bearer nonsense"}
    assert (await ask(both.hot, REFRESH, JSON | DEVICE | stale, body))[0] == 200


@pytest.mark.parametrize("path", [REFRESH, CLERKS])
@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (JSON, b"", 400),
        (JSON, b"{}", 400),
        (JSON, b'{"refreshToken":""}', 400),
        (JSON, b'{"refreshToken":"' + b"a" * 64 + b'","surprise":1}', 400),
        (JSON, b'{"refreshToken":"' + b"a" * 64 + b'"}', 401),
        (JSON | {"x-device-id": ""}, b'{"refreshToken":"' + b"a" * 64 + b'"}', 400),
        (JSON | {"x-device-id": "short"}, b'{"refreshToken":"' + b"a" * 64 + b'"}', 400),
        (JSON | {"x-device-id": "a-phone-of-its-own\x0a"}, b'{"refreshToken":"' + b"a" * 64 + b'"}', 400),
        (JSON | {"x-device-id": "short"}, b"{}", 400),
        (JSON | {"x-device-id": "short", "x-envelope": "1"}, b'{"refreshToken":"' + b"a" * 64 + b'"}', 200),
        (JSON | DEVICE, b'{"refreshToken":"' + b"a" * 64 + b'"}', 401),
        ({"content-type": "text/plain"}, b"{}", 415),
        (JSON, b" " * 70_000, 413),
    ],
)
async def test_bad_renewals_are_refused_alike(
    both: Both, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert (await assert_alike(both, path, headers, body))[0] == status


@pytest.mark.parametrize("provider", ["wechat", "alipay"])
async def test_bad_sign_ins_are_refused_alike(both: Both, provider: str) -> None:
    path = f"/mp/v1/session/{provider}"
    assert (await assert_alike(both, path, JSON, b"{}"))[0] == 400
    assert (await assert_alike(both, path, JSON, b'{"code":"no code of theirs?"}'))[0] == 400

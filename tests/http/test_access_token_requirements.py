"""Requirements 1 to 3 on access tokens, over HTTP: what is not exactly our own form opens nothing."""

import asyncio
import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from litestar.testing import AsyncTestClient

from auth_bridges.models import Audience, Grant
from auth_bridges.tokens import AccessTokens
from bff.platform.keys import KeyRing, RingKey
from bff.platform.settings import Settings
from bff.processes.web import create_app
from miniapp_schemas.assurance import AssuranceLevel

Web = AsyncTestClient[Any]
GRANT: Final = Grant(
    audience=Audience.RESIDENT,
    subject="r1",
    session="s" * 32,
    client="wechat:wx1",
    assurance=AssuranceLevel.L0,
    scopes=frozenset({"wallet:read"}),
)


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    async with AsyncTestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def key(settings: Settings) -> RingKey:
    return KeyRing(settings.auth.token_keys_dir).signing()


@pytest.fixture
def good(settings: Settings) -> str:
    tokens = AccessTokens(
        KeyRing(settings.auth.token_keys_dir),
        issuer=settings.auth.token_issuer,
        environment=settings.platform.env.value,
        lifetime=timedelta(minutes=5),
    )
    return tokens.mint(GRANT, token_id="t1", now=datetime.now(UTC)).text


def claims_of(token: str) -> dict[str, Any]:
    read: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return read


async def status(web: Web, token: str) -> int:
    answer = await web.get("/mp/v1/home", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def part(value: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


async def test_requirement_1_no_other_algorithm_opens_anything(web: Web, good: str, key: RingKey) -> None:
    assert await status(web, good) == 200
    pem = key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    jwk = msgspec.json.encode(key.jwk)
    _, payload, signature = good.split(".")
    for algorithm in ("none", "None", "", "HS256", "HS512", "RS256", "PS256", "ES384", "EdDSA", "ES256K"):
        head = part({"alg": algorithm, "typ": "at+jwt", "kid": key.kid})
        signed = f"{head}.{payload}"
        for secret in (pem, jwk, b""):
            forged = urlsafe_b64encode(hmac.digest(secret, signed.encode(), hashlib.sha256)).rstrip(b"=")
            assert await status(web, f"{signed}.{forged.decode()}") == 401, algorithm
        for left in ("", signature):
            assert await status(web, f"{signed}.{left}") == 401, algorithm


async def test_requirement_2_no_key_a_token_names_is_ever_fetched(web: Web, good: str) -> None:
    called: list[str] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append("called")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
    async with server:
        own = RingKey("thief", ec.generate_private_key(ec.SECP256R1()))
        for header in (
            {"jku": address},
            {"x5u": address},
            {"jku": address, "kid": "theirs"},
            {"jwk": msgspec.to_builtins(own.jwk)},
            {"x5c": ["AAAA"]},
        ):
            headers = {"typ": "at+jwt", "kid": own.kid, **header}
            token = jwt.encode(claims_of(good), own.private, "ES256", headers=headers)
            assert await status(web, token) == 401, header
        await asyncio.sleep(0.05)
    assert called == []


@pytest.mark.parametrize(
    ("typ", "changes"),
    [
        pytest.param("JWT", {}, id="typed as an ID token"),
        pytest.param("JWT", {"nonce": "n", "aud": "suishen"}, id="an ID token"),
        pytest.param("logout+jwt", {"events": {}}, id="a logout token"),
        pytest.param("step-up+jwt", {}, id="a step-up challenge"),
        pytest.param("JWT", {"aud": "suishen:issuer", "iss": "police", "sub": "police"}, id="an assertion"),
        pytest.param("at+jwt", {"jti": None}, id="an access token without an id"),
        pytest.param("at+jwt", {"client_id": None}, id="of no client"),
        pytest.param("at+jwt", {"iat": None}, id="of no time"),
        pytest.param("at+jwt", {"exp": None}, id="without an end"),
    ],
)
async def test_requirement_3_no_other_kind_of_token_is_an_access_token(
    web: Web, good: str, key: RingKey, typ: str, changes: dict[str, object]
) -> None:
    """Signed with our own key, so that nothing but its kind is wrong with it."""
    said = {name: value for name, value in (claims_of(good) | changes).items() if value is not None}
    token = jwt.encode(said, key.private, "ES256", headers={"typ": typ, "kid": key.kid})
    assert await status(web, token) == 401

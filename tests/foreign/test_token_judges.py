"""JOSE libraries by others read the tokens we make, and ours reads what they sign."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from aiohttp import ClientSession
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from auth_bridges.bridges.oidc import OpenIdProvider
from auth_bridges.codec.openid import ID_TOKEN, open_token, read_id_token, read_keys
from auth_bridges.models import Audience, Grant
from auth_bridges.refusals import ProviderTokenAudience, ProviderTokenNonce
from bff.platform.keys import KeyRing
from bff.platform.outbound import Outbound
from bff.sandbox.oidc import OpenId, Realm
from bff.sandbox.simulator import simulated
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import ISSUER, ring, tokens
from tests.foreign import environments

pytestmark = pytest.mark.slow

HERE: Final = Path(__file__).parent
GRANT: Final = Grant(
    audience=Audience.RESIDENT,
    subject="r1",
    session="s1",
    client="wechat:wx1",
    assurance=AssuranceLevel.L2,
    scopes=frozenset({"wallet:read"}),
)
PROVIDER: Final = "https://id.example.org"


def jose(do: str, **more: object) -> Any:  # noqa: ANN401 - whatever a judge says
    command = ["node", str(HERE / "jose" / "judge.mjs")]
    return environments.ask(command, {"do": do, **more}, cwd=environments.node("jose"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return ring(tmp_path_factory.mktemp("rings") / "tokens")


@pytest.fixture(scope="module")
def access(keys: KeyRing) -> str:
    return tokens(keys).mint(GRANT, token_id="t1", now=datetime.now(UTC)).text


def published(keys: KeyRing) -> Any:  # noqa: ANN401 - JSON, which each library has a type of its own for
    return msgspec.to_builtins(keys.published())


# --- ours, judged by them --------------------------------------------------------------------------------


def test_jose_verifies_our_access_token_with_our_published_keys(keys: KeyRing, access: str) -> None:
    options = {"issuer": ISSUER, "audience": "suishen:resident", "typ": "at+jwt", "algorithms": ["ES256"]}
    verdict = jose("verify", token=access, jwks=published(keys), options=options)
    assert verdict["claims"]["scope"] == "wallet:read"
    assert verdict["header"]["kid"] == keys.signing().kid


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"typ": "JWT"}, "ERR_JWT_CLAIM_VALIDATION_FAILED"),
        ({"audience": "suishen:verifier"}, "ERR_JWT_CLAIM_VALIDATION_FAILED"),
        ({"issuer": "https://elsewhere.example.org"}, "ERR_JWT_CLAIM_VALIDATION_FAILED"),
        ({"algorithms": ["RS256"]}, "ERR_JOSE_ALG_NOT_ALLOWED"),
    ],
)
def test_jose_takes_our_access_token_for_nothing_else(
    keys: KeyRing, access: str, options: Mapping[str, object], code: str
) -> None:
    assert jose("verify", token=access, jwks=published(keys), options=options)["refused"] == code


def test_jose_refuses_our_token_under_another_ring(access: str, tmp_path: Path) -> None:
    verdict = jose("verify", token=access, jwks=published(ring(tmp_path / "other")), options={})
    assert verdict["refused"] == "ERR_JWKS_NO_MATCHING_KEY"


async def test_jose_and_joserfc_know_us_as_a_client_by_our_assertion(keys: KeyRing) -> None:
    async with ClientSession() as http:
        us = OpenIdProvider(
            Outbound(http),
            issuer=PROVIDER,
            client_id="suishen",
            redirect_uri="https://suishen.example.org/clerk/",
            pushed=True,
            keys=keys,
            clock=lambda: datetime.now(UTC),
            chance=os.urandom,
        )
        assertion = us._assertion()
    options = {"issuer": "suishen", "subject": "suishen", "audience": PROVIDER, "maxTokenAge": 60}
    verdict = jose("verify", token=assertion, jwks=published(keys), options=options)
    assert set(verdict["claims"]) == {"iss", "sub", "aud", "jti", "iat", "exp"}
    read = joserfc_jwt.decode(assertion, KeySet.import_key_set(published(keys)), algorithms=["ES256"])
    assert read.claims == verdict["claims"]


# --- the simulated provider's, judged by them --------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256"])
async def test_what_the_simulated_provider_signs_is_read_by_all_three(algorithm: str) -> None:
    books = OpenId([Realm(name="citizens", title="市民云", people={"lin": "林"}, clients=[])])
    books.rotate("citizens", algorithm)
    token = books.logout_token(
        PROVIDER, "citizens", "lin", "suishen", {"events": None, "nonce": "n" * 32}, typ="JWT"
    )
    async with (
        simulated(books) as simulator,
        ClientSession() as http,
        http.get(f"{simulator.url}/citizens/jwks") as answer,
    ):
        body = await answer.read()
    jwks = msgspec.json.decode(body)
    options = {"issuer": PROVIDER, "audience": "suishen", "algorithms": [algorithm]}
    theirs = jose("verify", token=token, jwks=jwks, options=options)["claims"]
    read = joserfc_jwt.decode(token, KeySet.import_key_set(jwks), algorithms=[algorithm])
    ours = _read(token, body)
    assert theirs["sub"] == read.claims["sub"] == ours.subject == books.subject("citizens", "lin")


# --- theirs, read by us ------------------------------------------------------------------------------------


def _claims() -> dict[str, object]:
    now = int(datetime.now(UTC).timestamp())
    return {"iss": PROVIDER, "sub": "p1", "aud": "suishen", "iat": now, "exp": now + 300, "nonce": "n" * 32}


def _read(token: str, jwks: bytes, *, client_id: str = "suishen", nonce: str = "n" * 32) -> Any:  # noqa: ANN401 - short for a test
    opened = open_token(token, types=ID_TOKEN)
    key = read_keys(jwks)[opened.key_name]
    now = datetime.now(UTC) + timedelta(seconds=1)
    return read_id_token(opened, key, issuer=PROVIDER, client_id=client_id, nonce=nonce, now=now)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256"])
def test_an_id_token_jose_signed_is_read(algorithm: str) -> None:
    made = jose("sign", alg=algorithm, claims=_claims())
    jwks = msgspec.json.encode(made["jwks"])
    assert _read(made["token"], jwks).subject == "p1"
    with pytest.raises(ProviderTokenAudience):
        _read(made["token"], jwks, client_id="somebody-else")
    with pytest.raises(ProviderTokenNonce):
        _read(made["token"], jwks, nonce="m" * 32)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256"])
def test_an_id_token_joserfc_signed_is_read(algorithm: str) -> None:
    key = (
        ECKey.generate_key("P-256", {"kid": "judge", "use": "sig"})
        if algorithm == "ES256"
        else RSAKey.generate_key(2048, {"kid": "judge", "use": "sig"})
    )
    token = joserfc_jwt.encode({"alg": algorithm, "kid": "judge"}, _claims(), key, algorithms=[algorithm])
    jwks = msgspec.json.encode({"keys": [key.as_dict(private=False)]})
    assert _read(token, jwks).subject == "p1"

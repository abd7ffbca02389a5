"""What an OpenID provider publishes and signs is read by one law, whoever wrote it."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from auth_bridges.codec.openid import (
    ID_TOKEN,
    LOGOUT_TOKEN,
    NotAProvider,
    challenge_of,
    is_strong_enough,
    open_token,
    read_id_token,
    read_keys,
    read_logout_token,
    read_metadata,
)
from auth_bridges.models import Authentication
from auth_bridges.refusals import (
    ProviderTokenAlgorithm,
    ProviderTokenKind,
    ProviderTokenRefused,
    ProviderTokenTime,
    ProviderTokenUnreadable,
)

NOW: Final = datetime(2026, 3, 1, 8, tzinfo=UTC)
SECOND: Final = int(NOW.timestamp())
ISSUER: Final = "https://id.example.org"
KEY: Final = ec.generate_private_key(ec.SECP256R1())
LOGOUT: Final[dict[str, Any]] = {"http://schemas.openid.net/event/backchannel-logout": {}}
GOOD: Final[dict[str, Any]] = {
    "iss": ISSUER,
    "sub": "p1",
    "aud": "suishen",
    "iat": SECOND,
    "exp": SECOND + 300,
    "nonce": "n" * 32,
}


def signed(claims: dict[str, Any], **header: Any) -> str:  # noqa: ANN401 - whatever a header may hold
    said = {name: value for name, value in (GOOD | claims).items() if value is not None}
    return jwt.encode(said, KEY, "ES256", headers={"kid": "k", **header})


def believed(text: str) -> Authentication:
    token = open_token(text, types=ID_TOKEN)
    key = KEY.public_key()
    return read_id_token(token, key, issuer=ISSUER, client_id="suishen", nonce="n" * 32, now=NOW)


def read(text: str) -> str:
    return believed(text).subject


def test_a_good_token_is_read_so_the_ones_below_fail_for_their_fault() -> None:
    assert read(signed({})) == "p1"
    assert read(signed({"aud": ["suishen"], "azp": "suishen"})) == "p1"


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"exp": SECOND - 59}, True),
        ({"exp": SECOND - 61}, False),
        ({"iat": SECOND + 59}, True),
        ({"iat": SECOND + 61}, False),
        ({"nbf": SECOND + 59}, True),
        ({"nbf": SECOND + 61}, False),
        ({"iat": SECOND - 659}, True),
        ({"iat": SECOND - 661}, False),
    ],
)
def test_requirement_5_a_providers_clock_may_be_a_minute_off_and_no_more(
    claims: dict[str, int], *, good: bool
) -> None:
    if good:
        assert read(signed(claims)) == "p1"
    else:
        with pytest.raises(ProviderTokenTime):
            read(signed(claims))


@pytest.mark.parametrize("claim", ["iss", "aud", "iat", "exp"])
def test_requirement_5_what_must_be_said_may_not_be_missing(claim: str) -> None:
    with pytest.raises(ProviderTokenUnreadable):
        read(signed({claim: None}))


@pytest.mark.parametrize(
    "algorithm", ["none", "NONE", "HS256", "HS512", "ES384", "RS1", "EdDSA", "es256", ""]
)
def test_requirement_1_no_other_algorithm_is_accepted(algorithm: str) -> None:
    head, payload, signature = signed({}).split(".")
    header = json.dumps({"alg": algorithm, "kid": "k"}).encode()
    head = urlsafe_b64encode(header).rstrip(b"=").decode()
    with pytest.raises(ProviderTokenAlgorithm):
        open_token(f"{head}.{payload}.{signature}", types=ID_TOKEN)


def test_requirement_1_an_algorithm_of_another_kind_of_key_is_refused() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    token = open_token(signed({}), types=ID_TOKEN)
    with pytest.raises(ProviderTokenAlgorithm):
        read_id_token(token, other, issuer=ISSUER, client_id="suishen", nonce="n" * 32, now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
        {"kid": None},
        {"kid": ""},
        {"kid": "k" * 257},
    ],
)
def test_a_header_that_changes_what_is_signed_or_names_no_key_is_refused(header: dict[str, Any]) -> None:
    head, payload, signature = signed({}).split(".")
    said = {"alg": "ES256", "kid": "k"} | header
    encoded = json.dumps({name: value for name, value in said.items() if value is not None}).encode()
    head = urlsafe_b64encode(encoded).rstrip(b"=").decode()
    with pytest.raises(ProviderTokenUnreadable):
        open_token(f"{head}.{payload}.{signature}", types=ID_TOKEN)


@pytest.mark.parametrize(
    ("typ", "id_token", "logout_token"),
    [
        ("JWT", True, True),
        ("jwt", True, True),
        ("application/jwt", True, True),
        ("logout+jwt", False, True),
        ("application/logout+jwt", False, True),
        ("at+jwt", False, False),
        ("dpop+jwt", False, False),
    ],
)
def test_requirement_3_a_token_of_one_type_is_none_of_another(
    typ: str, *, id_token: bool, logout_token: bool
) -> None:
    for types, good in ((ID_TOKEN, id_token), (LOGOUT_TOKEN, logout_token)):
        if good:
            open_token(signed({}, typ=typ), types=types)
        else:
            with pytest.raises(ProviderTokenKind):
                open_token(signed({}, typ=typ), types=types)


def test_requirement_3_an_id_token_ends_nothing_and_a_logout_token_signs_nobody_in() -> None:
    """Both may be typed JWT; what is in them tells them apart."""
    logout = {"jti": "j", "events": LOGOUT, "nonce": None}
    no_logout: list[dict[str, Any]] = [
        {},
        {"jti": "j"},
        {"jti": "j", "events": LOGOUT},
        {"jti": "j", "events": {}, "nonce": None},
    ]
    for claims in no_logout:
        with pytest.raises(ProviderTokenKind):
            read_logout_token(
                open_token(signed(claims), types=LOGOUT_TOKEN),
                KEY.public_key(),
                issuer=ISSUER,
                client_id="suishen",
                now=NOW,
            )
    with pytest.raises(ProviderTokenKind):
        read(signed(logout))
    token = open_token(signed(logout), types=LOGOUT_TOKEN)
    read_out = read_logout_token(token, KEY.public_key(), issuer=ISSUER, client_id="suishen", now=NOW)
    assert (read_out.subject, read_out.token_id) == ("p1", "j")


@given(st.text(max_size=300))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(ProviderTokenRefused):
        read(text)


def test_the_challenge_is_the_one_of_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # pragma: allowlist secret
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # pragma: allowlist secret
    assert challenge_of(verifier) == challenge


# --- what is published ---------------------------------------------------------------------------------

METADATA: Final[dict[str, Any]] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "pushed_authorization_request_endpoint": f"{ISSUER}/par",
    "code_challenge_methods_supported": ["S256"],
    "scopes_supported": ["openid"],
}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"issuer": "https://elsewhere.example.org"}, id="another issuer"),
        pytest.param({"issuer": f"{ISSUER}/"}, id="a slash more"),
        pytest.param({"token_endpoint": "http://id.example.org/token"}, id="less safe"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="a file"),
        pytest.param({"authorization_endpoint": "javascript:alert(1)"}, id="a script"),
        pytest.param({"token_endpoint": "https://user@id.example.org/token"}, id="with a user"),
        pytest.param({"jwks_uri": "https://[broken"}, id="broken"),
        pytest.param({"pushed_authorization_request_endpoint": "/par"}, id="relative"),
        pytest.param({"code_challenge_methods_supported": ["plain"]}, id="without S256"),
        pytest.param({"code_challenge_methods_supported": None}, id="silent about PKCE"),
        pytest.param({"token_endpoint": None}, id="without a token endpoint"),
    ],
)
def test_what_cannot_be_a_provider_is_none(wrong: dict[str, Any]) -> None:
    assert read_metadata(json.dumps(METADATA).encode(), issuer=ISSUER).jwks_uri == f"{ISSUER}/jwks"
    said = {name: value for name, value in (METADATA | wrong).items() if value is not None}
    with pytest.raises(NotAProvider):
        read_metadata(json.dumps(said).encode(), issuer=ISSUER)


@pytest.mark.parametrize(
    "body", [b"", b"<html>502</html>", b"[]", b'{"keys": {}}', b'{"keys": [' + b"{}," * 99, b"\xff"]
)
def test_what_is_no_key_set_is_none(body: bytes) -> None:
    with pytest.raises(NotAProvider):
        read_keys(body)
    with pytest.raises(NotAProvider):
        read_metadata(body, issuer=ISSUER)


def test_of_a_key_set_the_keys_we_can_use_are_taken() -> None:
    good = ECKey.generate_key("P-256").as_dict(private=False)
    private = ECKey.generate_key("P-256").as_dict(private=True)
    keys: list[dict[str, Any]] = [
        {**good, "kid": "good", "alg": "ES256"},
        {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "rsa"},
        {"kty": "RSA", "e": "AQAB", "n": "gA" + "A" * 168 + "E", "kid": "short"},
        {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "another curve"},
        {**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": "another kind"},
        {**OctKey.generate_key(256).as_dict(private=True), "kid": "a secret"},
        {**private, "kid": "private"},
        {**good, "kid": "for sealing", "use": "enc"},
        {**good, "x": "AA", "kid": "no point"},
        {"kty": "EC", "kid": "half"},
        {"kty": 7, "kid": "number"},
        {**good, "kid": 7},
        good,
    ]
    assert set(read_keys(json.dumps({"keys": keys}).encode())) == {"good", "rsa"}


def test_two_keys_of_one_name_are_refused() -> None:
    keys = [{**ECKey.generate_key("P-256").as_dict(private=False), "kid": "k"} for _ in range(2)]
    with pytest.raises(NotAProvider):
        read_keys(json.dumps({"keys": keys}).encode())


@pytest.mark.parametrize(
    ("told", "acr", "amr", "enough"),
    [
        ({}, (), (), True),
        ({}, ("two",), (), False),
        ({"acr": "two"}, ("two", "three"), (), True),
        ({"acr": "one"}, ("two",), (), False),
        ({"amr": ["pwd", "otp"]}, ("two",), ("mfa", "otp"), True),
        ({"amr": ["pwd"]}, (), ("mfa",), False),
        ({"amr": "mfa"}, (), ("mfa",), False),
        ({"amr": [["mfa"], 1]}, (), ("mfa",), False),
    ],
)
def test_what_an_organisation_calls_two_factors_is_looked_for_where_it_was_signed(
    told: dict[str, object],
    acr: tuple[str, ...],
    amr: tuple[str, ...],
    enough: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert is_strong_enough(believed(signed(told)), acr=acr, amr=amr) is enough

"""One form of access token is accepted, the one we mint. Foreign code agrees with what we mint."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jwt.api_jws import PyJWS

from auth_bridges.jws import NotReadable, decode_part, encode_part
from auth_bridges.models import Audience, Grant
from auth_bridges.tokens import LEEWAY, LONGEST, AccessTokens, TokenRefused
from bff.platform.keys import KeyRing, create, use
from bff.platform.settings import Environment
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import ISSUER, NOW, ring, tokens

ODD = b"AQgw-_+/=. \n!\xff"
GRANT = Grant(
    audience=Audience.RESIDENT,
    subject="r1",
    session="s1",
    client="wechat:wx1",
    assurance=AssuranceLevel.L2,
    scopes=frozenset({"wallet:show", "wallet:read"}),
    holder="keyed-hash",
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return ring(tmp_path_factory.mktemp("rings") / "tokens")


@pytest.fixture(scope="module")
def access(keys: KeyRing) -> AccessTokens:
    return tokens(keys)


def good_claims() -> dict[str, object]:
    return {
        "iss": ISSUER,
        "aud": "suishen:resident",
        "sub": "r1",
        "sid": "s1",
        "jti": "t1",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 600,
        "client_id": "wechat:wx1",
        "env": "test",
        "acr": "L2",
        "scope": "wallet:read",
    }


def signed(keys: KeyRing, claims: dict[str, object] | bytes, **header: object) -> str:
    """Signed by our own key, however wrong the rest is."""
    key = keys.signing()
    full = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid} | header
    body = claims if isinstance(claims, bytes) else msgspec.json.encode(claims)
    text = f"{_part({name: value for name, value in full.items() if value is not None})}.{_base64url(body)}"
    r, s = decode_dss_signature(key.private.sign(text.encode(), ec.ECDSA(SHA256())))
    return f"{text}.{_base64url(r.to_bytes(32) + s.to_bytes(32))}"


def test_what_was_granted_is_read_back(access: AccessTokens) -> None:
    minted = access.mint(GRANT, token_id="t1", now=NOW)
    verified = access.verify(minted.text, now=NOW)
    assert verified.grant == GRANT
    assert (verified.token_id, verified.expires_at) == ("t1", NOW + timedelta(minutes=10))


def test_a_clerks_token_carries_organisation_and_scenes(access: AccessTokens) -> None:
    grant = Grant(
        audience=Audience.VERIFIER,
        subject="c1",
        session="s1",
        client="suishen-clerk",
        assurance=AssuranceLevel.L1,
        scopes=frozenset({"wallet:verify"}),
        organisation="hotel",
        organisation_name="江边旅馆",
        clerk_number="0042",
        scenes=frozenset({"hotel", "general"}),
    )
    assert access.verify(access.mint(grant, token_id="t", now=NOW).text, now=NOW).grant == grant


def test_a_departments_token_carries_the_types_it_issues(access: AccessTokens) -> None:
    grant = Grant(
        audience=Audience.ISSUER,
        subject="police",
        session="s1",
        client="police",
        assurance=AssuranceLevel.L1,
        scopes=frozenset({"wallet:issue"}),
        types=frozenset({"resident-id-card", "driving-licence"}),
    )
    assert access.verify(access.mint(grant, token_id="t", now=NOW).text, now=NOW).grant == grant


def test_a_token_never_outlives_its_session(access: AccessTokens) -> None:
    minted = access.mint(GRANT, token_id="t1", now=NOW, ends=NOW + timedelta(seconds=30))
    assert minted.expires_at == NOW + timedelta(seconds=30)
    with pytest.raises(TokenRefused):
        access.verify(minted.text, now=NOW + timedelta(seconds=36))


def test_no_setting_makes_a_token_live_longer_than_ten_minutes(keys: KeyRing) -> None:
    long = AccessTokens(keys, issuer=ISSUER, environment="test", lifetime=timedelta(hours=9))
    assert long.mint(GRANT, token_id="t1", now=NOW).expires_at == NOW + LONGEST


def test_the_good_form_is_accepted_so_the_forgeries_below_fail_for_their_fault(
    keys: KeyRing, access: AccessTokens
) -> None:
    assert access.verify(signed(keys, good_claims()), now=NOW).grant.subject == "r1"


def test_a_token_of_a_made_up_city_says_so_and_none_is_let_in_in_another_environment(keys: KeyRing) -> None:
    """What a made-up city called itself before is let in nowhere any more, not even there."""
    names = [*(each.in_tokens for each in Environment), "sandbox"]
    assert Environment.SANDBOX.in_tokens == "sim"
    assert len(set(names)) == len(names)
    made = {
        name: AccessTokens(keys, issuer=ISSUER, environment=name, lifetime=LONGEST).mint(
            GRANT, token_id="t", now=NOW
        )
        for name in names
    }
    for each in Environment:
        ours = AccessTokens(keys, issuer=ISSUER, environment=each.in_tokens, lifetime=LONGEST)
        for name, token in made.items():
            if name == each.in_tokens:
                assert ours.verify(token.text, now=NOW).grant == GRANT
            else:
                with pytest.raises(TokenRefused):
                    ours.verify(token.text, now=NOW)


@pytest.mark.parametrize("claim", sorted(good_claims()))
def test_no_claim_may_be_missing(keys: KeyRing, access: AccessTokens, claim: str) -> None:
    claims = good_claims()
    del claims[claim]
    with pytest.raises(TokenRefused):
        access.verify(signed(keys, claims), now=NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"iss": "https://elsewhere.example.org"}, id="another issuer"),
        pytest.param({"aud": "suishen:everything"}, id="an unknown audience"),
        pytest.param({"aud": ["suishen:resident", "suishen:verifier"]}, id="several audiences"),
        pytest.param({"env": "production"}, id="another environment"),
        pytest.param({"acr": "L9"}, id="an unknown level"),
        pytest.param({"exp": str(int(NOW.timestamp()) + 600)}, id="exp as text"),
        pytest.param({"exp": None}, id="exp null"),
        pytest.param({"exp": 10**30}, id="exp beyond time"),
        pytest.param({"exp": int((NOW + timedelta(hours=1)).timestamp())}, id="living an hour"),
        pytest.param({"iat": int((NOW + timedelta(seconds=6)).timestamp())}, id="from the future"),
        pytest.param({"exp": int((NOW - LEEWAY).timestamp())}, id="ended"),
    ],
)
def test_claims_that_are_not_ours_are_refused(
    keys: KeyRing, access: AccessTokens, wrong: dict[str, object]
) -> None:
    with pytest.raises(TokenRefused):
        access.verify(signed(keys, good_claims() | wrong), now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"typ": "JWT"}, id="an ID token"),
        pytest.param({"typ": None}, id="no type"),
        pytest.param({"alg": "ES384"}, id="another algorithm"),
        pytest.param({"alg": None}, id="no algorithm"),
        pytest.param({"b64": False}, id="unencoded payload"),
        pytest.param({"typ": "application/at+jwt"}, id="a type we do not write"),
        pytest.param({"kid": None}, id="no kid"),
        pytest.param({"kid": "unknown"}, id="unknown kid"),
        pytest.param({"jku": "https://attacker.example.org/jwks"}, id="jku"),
        pytest.param({"x5u": "https://attacker.example.org/cert"}, id="x5u"),
        pytest.param({"jwk": {"kty": "EC"}}, id="jwk"),
        pytest.param({"crit": ["exp"], "exp": 1}, id="crit"),
    ],
)
def test_headers_that_are_not_ours_are_refused(
    keys: KeyRing, access: AccessTokens, header: dict[str, object]
) -> None:
    with pytest.raises(TokenRefused):
        access.verify(signed(keys, good_claims(), **header), now=NOW)


def unsigned(keys: KeyRing) -> str:
    return f"{_part({'alg': 'none', 'typ': 'at+jwt', 'kid': keys.signing().kid})}.{_part(good_claims())}."


def es256_without_signature(keys: KeyRing) -> str:
    return signed(keys, good_claims()).rpartition(".")[0] + "."


def hmac_with_the_public_key(keys: KeyRing) -> str:
    pem = keys.signing().public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = f"{_part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': keys.signing().kid})}.{_part(good_claims())}"
    return f"{head}.{_base64url(hmac.digest(pem, head.encode(), hashlib.sha256))}"


def es256_said_but_hmac_made(keys: KeyRing) -> str:
    head = f"{_part({'alg': 'ES256', 'typ': 'at+jwt', 'kid': keys.signing().kid})}.{_part(good_claims())}"
    return f"{head}.{_base64url(hmac.digest(b'x', head.encode(), hashlib.sha256))}"


def with_another_key(keys: KeyRing) -> str:
    other = ec.generate_private_key(ec.SECP256R1())
    headers = {"typ": "at+jwt", "kid": keys.signing().kid}
    return PyJWS().encode(msgspec.json.encode(good_claims()), other, "ES256", headers=headers)


def zero_signature(keys: KeyRing) -> str:
    return signed(keys, good_claims()).rpartition(".")[0] + "." + _base64url(bytes(64))


def other_claims_under_a_good_signature(keys: KeyRing) -> str:
    head, _, signature = signed(keys, good_claims()).split(".")
    return f"{head}.{_part(good_claims() | {'sub': 'r2'})}.{signature}"


def four_parts(keys: KeyRing) -> str:
    return signed(keys, good_claims()) + ".x"


def not_json(keys: KeyRing) -> str:
    return signed(keys, b"\xff\x00")


def huge(keys: KeyRing) -> str:
    return signed(keys, good_claims() | {"orn": "x" * 10_000})


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        es256_without_signature,
        hmac_with_the_public_key,
        es256_said_but_hmac_made,
        with_another_key,
        zero_signature,
        other_claims_under_a_good_signature,
        four_parts,
        not_json,
        huge,
    ],
)
def test_forgeries_are_refused(keys: KeyRing, access: AccessTokens, forge: Callable[[KeyRing], str]) -> None:
    with pytest.raises(TokenRefused):
        access.verify(forge(keys), now=NOW)


@given(st.binary(max_size=8).map(encode_part), st.lists(st.tuples(st.integers(0, 9), st.sampled_from(ODD))))
def test_a_part_is_read_as_its_encoder_spells_it_or_not_at_all(
    part: bytes, changes: list[tuple[int, int]]
) -> None:
    spelt = bytearray(part)
    for at, byte in changes:
        spelt[at : at + 1] = bytes([byte])

    try:
        decoded = decode_part(bytes(spelt))
    except (NotReadable, ValueError):
        assert spelt != part
    else:
        assert encode_part(decoded) == spelt


@given(st.text(max_size=300))
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    class NoKeys:
        def signing(self) -> None:
            raise AssertionError

        def verifying(self, kid: str) -> None:
            return None

    nobody = AccessTokens(NoKeys(), issuer=ISSUER, environment="test", lifetime=LONGEST)  # type: ignore[arg-type]
    with pytest.raises(TokenRefused):
        nobody.verify(text, now=NOW)


@pytest.mark.parametrize(
    ("after", "good"), [(timedelta(minutes=10, seconds=4), True), (timedelta(minutes=10, seconds=5), False)]
)
def test_a_clock_may_be_five_seconds_off(access: AccessTokens, after: timedelta, *, good: bool) -> None:
    text = access.mint(GRANT, token_id="t1", now=NOW).text
    if good:
        assert access.verify(text, now=NOW + after).grant == GRANT
    else:
        with pytest.raises(TokenRefused):
            access.verify(text, now=NOW + after)


def test_old_keys_are_accepted_until_they_leave_the_ring(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    keys = ring(folder)
    access = tokens(keys)
    old = access.mint(GRANT, token_id="t1", now=NOW).text
    create(folder, "second")
    use(folder, "second")
    assert keys.refresh()
    new = access.mint(GRANT, token_id="t2", now=NOW).text
    assert access.verify(old, now=NOW).grant == access.verify(new, now=NOW).grant
    (folder / "first.pem").unlink()
    assert keys.refresh()
    assert access.verify(new, now=NOW).grant == GRANT
    with pytest.raises(TokenRefused):
        access.verify(old, now=NOW)


def test_joserfc_verifies_our_token_with_our_published_keys(keys: KeyRing, access: AccessTokens) -> None:
    published = msgspec.to_builtins(keys.published())
    text = access.mint(GRANT, token_id="t1", now=NOW).text
    read = joserfc_jwt.decode(text, KeySet.import_key_set(published), algorithms=["ES256"])
    assert read.header["typ"] == "at+jwt"
    assert read.claims["aud"] == "suishen:resident"
    assert read.claims["scope"] == "wallet:read wallet:show"


def test_joserfc_names_our_keys_as_we_do(keys: KeyRing) -> None:
    published = msgspec.to_builtins(keys.published())
    for key, told in zip(KeySet.import_key_set(published).keys, published["keys"], strict=True):
        assert key.thumbprint() == told["kid"]


def test_nothing_personal_is_in_a_token(access: AccessTokens) -> None:
    payload = access.mint(GRANT, token_id="t1", now=NOW).text.split(".")[1]
    claims = msgspec.json.decode(urlsafe_b64decode(payload + "=="))
    assert set(claims) == {*good_claims(), "hld"}


def _part(value: dict[str, object]) -> str:
    return _base64url(msgspec.json.encode(value))


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()

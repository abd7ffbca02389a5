"""What an OpenID provider publishes and signs, read by one law.

    metadata          OpenID Connect Discovery 1.0 §3, RFC 8414, RFC 9126 §5, RFC 9207 §3
    keys              a JWK set (RFC 7517); P-256 and RSA of 2048 bits or more, by ``kid``
    ID token          OpenID Connect Core 1.0 §3.1.3.7
    logout token      OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6

Keys come from the provider's published set and from nowhere else: what a header says of keys (``jku``,
``x5u``, ``jwk``, ``x5c``) is not looked at. PyJWT does the mathematics only: its own ``decode`` would
check neither ``typ`` nor that ``exp`` is there, and reads the clock by itself.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from msgspec import Meta, Struct

from auth_bridges.jws import NOT_JSON, Jws, NotReadable, take_apart
from auth_bridges.models import Authentication, ProviderLogout
from auth_bridges.refusals import (
    ProviderTokenAlgorithm,
    ProviderTokenAudience,
    ProviderTokenForged,
    ProviderTokenIssuer,
    ProviderTokenKind,
    ProviderTokenNonce,
    ProviderTokenTime,
    ProviderTokenUnreadable,
)
from auth_bridges.tokens import Moment

PublicKey = EllipticCurvePublicKey | RSAPublicKey

SKEW: Final = timedelta(seconds=60)
"""How far a provider's clock may be off (ASVS 5.0 9.2.1)."""
OLDEST: Final = timedelta(minutes=10)
"""How long ago a token may have been made: longer than any sign-in of ours takes."""

_ALGORITHMS: Final[Mapping[str, type[PublicKey]]] = {
    "ES256": EllipticCurvePublicKey,
    "RS256": RSAPublicKey,
    "PS256": RSAPublicKey,
}
_LONGEST: Final = 16 * 1024
_MOST_KEYS: Final = 64
_RSA_BITS: Final = range(2048, 8193)
_LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_jws: Final = jwt.PyJWS(algorithms=list(_ALGORITHMS))


class NotAProvider(Exception):
    """What was published cannot be a provider's; the reason is for the log."""


# --- what a provider publishes ---------------------------------------------------------------------------


class Metadata(Struct, frozen=True, kw_only=True):
    """A provider's own description of itself, checked by ``read_metadata``."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    pushed_authorization_request_endpoint: str | None = None
    code_challenge_methods_supported: tuple[str, ...] = ()


class _KeySet(Struct, frozen=True, kw_only=True):
    keys: Annotated[list[dict[str, Any]], Meta(max_length=_MOST_KEYS)]


_decode_metadata: Final = msgspec.json.Decoder(Metadata).decode
_decode_keys: Final = msgspec.json.Decoder(_KeySet).decode


def metadata_address(issuer: str) -> str:
    """Where ``issuer`` describes itself (Discovery §4.1)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def read_metadata(body: bytes, *, issuer: str) -> Metadata:
    """What ``issuer`` says of itself, or ``NotAProvider``.

    It must say that it is the one we asked (RFC 8414 §3.3), and send nobody from https to http.
    """
    try:
        metadata = _decode_metadata(body)
    except NOT_JSON:
        raise NotAProvider("its description is not JSON as documented") from None
    if metadata.issuer != issuer:
        raise NotAProvider("it calls itself otherwise")
    endpoints = [metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri]
    if metadata.pushed_authorization_request_endpoint is not None:
        endpoints.append(metadata.pushed_authorization_request_endpoint)
    scheme = urlsplit(issuer).scheme
    if not all(_leads_somewhere(endpoint, scheme) for endpoint in endpoints):
        raise NotAProvider("an endpoint of it is no address, or a less safe one than its own")
    if "S256" not in metadata.code_challenge_methods_supported:
        raise NotAProvider("it does not say that it knows PKCE with S256")
    return metadata


def _leads_somewhere(address: str, scheme: str) -> bool:
    try:
        parts: SplitResult = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == scheme and bool(parts.hostname) and parts.username is None and not parts.fragment


def read_keys(body: bytes) -> Mapping[str, PublicKey]:
    """The keys of a published set that we can use, by name, or ``NotAProvider``; others are passed over."""
    try:
        published = _decode_keys(body).keys
    except NOT_JSON:
        raise NotAProvider("its key set is not JSON as documented") from None
    keys: dict[str, PublicKey] = {}
    for each in published:
        name, key = each.get("kid"), _key(each)
        if isinstance(name, str) and key is not None:
            if name in keys:
                raise NotAProvider("two of its keys have one name")
            keys[name] = key
    return keys


def _key(published: dict[str, Any]) -> PublicKey | None:
    if published.get("use", "sig") != "sig":
        return None
    try:
        match published.get("kty"):
            case "EC":
                point = ECAlgorithm.from_jwk(published)
                if isinstance(point, EllipticCurvePublicKey) and isinstance(point.curve, SECP256R1):
                    return point
            case "RSA":
                modulus = RSAAlgorithm.from_jwk(published)
                if isinstance(modulus, RSAPublicKey) and modulus.key_size in _RSA_BITS:
                    return modulus
    except (jwt.InvalidKeyError, ValueError, TypeError, KeyError):
        pass
    return None


# --- PKCE ------------------------------------------------------------------------------------------------


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636 §4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


# --- what a provider signs -------------------------------------------------------------------------------


class _Header(Struct, frozen=True, kw_only=True):
    alg: str
    kid: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    typ: str = "JWT"
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    b64: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


Name = Annotated[str, Meta(min_length=1, max_length=255)]


class _Claims(Struct, frozen=True, kw_only=True):
    iss: str
    aud: str | list[str]
    iat: Moment
    exp: Moment
    nbf: Moment = 0
    sub: Name | None = None
    sid: Name | None = None
    nonce: str | None = None
    azp: str | None = None
    jti: Name | None = None
    events: dict[str, msgspec.Raw] | None = None


_decode_header: Final = msgspec.json.Decoder(_Header).decode
_decode_claims: Final = msgspec.json.Decoder(_Claims).decode
_decode_all: Final = msgspec.json.Decoder(dict[str, Any]).decode


class ProviderToken(Struct, frozen=True, kw_only=True):
    """A token as it came: its form is right, nothing in it is to be believed before it was read."""

    algorithm: str
    key_name: str
    jws: Jws


def open_token(text: str, *, types: frozenset[str]) -> ProviderToken:
    """``text`` taken apart, if its header is one we accept."""
    try:
        jws = take_apart(text, longest=_LONGEST)
        header = _decode_header(jws.header)
    except (NotReadable, *NOT_JSON):
        raise ProviderTokenUnreadable from None
    if header.crit is not msgspec.UNSET or header.b64 is not msgspec.UNSET:
        raise ProviderTokenUnreadable
    if header.alg not in _ALGORITHMS:
        raise ProviderTokenAlgorithm
    # RFC 7515 §4.1.9: "application/" may be left out, and case says nothing.
    if header.typ.lower().removeprefix("application/") not in types:
        raise ProviderTokenKind
    if header.kid is None:
        raise ProviderTokenUnreadable
    return ProviderToken(algorithm=header.alg, key_name=header.kid, jws=jws)


def claimed_origin(token: ProviderToken) -> tuple[str, tuple[str, ...]]:
    """Who a token says made it and for whom: to look up who that is, and for nothing else."""
    claims = _claims_of(token)
    return claims.iss, (claims.aud,) if isinstance(claims.aud, str) else tuple(claims.aud)


ID_TOKEN: Final = frozenset({"jwt"})
LOGOUT_TOKEN: Final = frozenset({"jwt", "logout+jwt"})


def read_id_token(
    token: ProviderToken, key: PublicKey, *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Authentication:
    """Who signed in, if ``issuer`` says so to ``client_id``, in this sign-in, just now."""
    _check_signature(token, key)
    claims = _fitting(token, issuer=issuer, client_id=client_id, now=now)
    if claims.events is not None or claims.sub is None:
        raise ProviderTokenKind
    if claims.nonce is None or not hmac.compare_digest(claims.nonce.encode(), nonce.encode()):
        raise ProviderTokenNonce
    told = _decode_all(token.jws.payload)
    methods = told.get("amr")
    return Authentication(
        issuer=issuer,
        client_id=client_id,
        subject=claims.sub,
        issued_at=datetime.fromtimestamp(claims.iat, UTC),
        session=claims.sid,
        claims={name: value for name, value in told.items() if isinstance(value, str)},
        methods=frozenset(each for each in methods if isinstance(each, str))
        if isinstance(methods, list)
        else frozenset(),
    )


def is_strong_enough(said: Authentication, *, acr: Collection[str], amr: Collection[str]) -> bool:
    """Whether ``said`` tells one of these ``acr`` or ``amr`` (Core §2); where none is asked, yes."""
    if not acr and not amr:
        return True
    return said.claims.get("acr") in acr or not said.methods.isdisjoint(amr)


def read_logout_token(
    token: ProviderToken, key: PublicKey, *, issuer: str, client_id: str, now: datetime
) -> ProviderLogout:
    """What has ended, if ``issuer`` says so to ``client_id``, just now. An ID token never passes for one."""
    _check_signature(token, key)
    return claimed_logout(token, issuer=issuer, client_id=client_id, now=now)


def claimed_logout(token: ProviderToken, *, issuer: str, client_id: str, now: datetime) -> ProviderLogout:
    """What a logout token says has ended, signed by whomever: to refuse it before its key is asked for."""
    claims = _fitting(token, issuer=issuer, client_id=client_id, now=now)
    if claims.events is None or bytes(claims.events.get(_LOGOUT_EVENT, msgspec.Raw(b""))).strip()[:1] != b"{":
        raise ProviderTokenKind
    # §2.4: a nonce would make it an ID token; and it must say what has ended.
    if claims.nonce is not None or claims.jti is None or (claims.sub is None and claims.sid is None):
        raise ProviderTokenKind
    return ProviderLogout(
        issuer=issuer,
        client_id=client_id,
        token_id=claims.jti,
        issued_at=datetime.fromtimestamp(claims.iat, UTC),
        subject=claims.sub,
        session=claims.sid,
    )


def _check_signature(token: ProviderToken, key: PublicKey) -> None:
    if not isinstance(key, _ALGORITHMS[token.algorithm]):
        raise ProviderTokenAlgorithm
    if not _jws.get_algorithm_by_name(token.algorithm).verify(token.jws.signed, key, token.jws.signature):
        raise ProviderTokenForged


def _fitting(token: ProviderToken, *, issuer: str, client_id: str, now: datetime) -> _Claims:
    claims = _claims_of(token)
    if claims.iss != issuer:
        raise ProviderTokenIssuer
    # Core §3.1.3.7 (3): nobody else we do not trust may be meant as well, and we trust nobody else.
    if claims.aud not in (client_id, [client_id]) or claims.azp not in (None, client_id):
        raise ProviderTokenAudience
    times = (claims.iat, claims.nbf, claims.exp)
    issued_at, begins_at, expires_at = (datetime.fromtimestamp(each, UTC) for each in times)
    if now >= expires_at + SKEW or max(issued_at, begins_at) > now + SKEW or issued_at < now - OLDEST - SKEW:
        raise ProviderTokenTime
    return claims


def _claims_of(token: ProviderToken) -> _Claims:
    try:
        return _decode_claims(token.jws.payload)
    except NOT_JSON:
        raise ProviderTokenUnreadable from None

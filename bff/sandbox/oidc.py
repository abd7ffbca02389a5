"""OpenID providers, simulated: 市民云 for residents, and organisations' own sign-in for their clerks.

One server, several realms, each an issuer of its own: discovery, keys, pushed requests (RFC 9126), an
authorize page, the token endpoint with PKCE and ``private_key_jwt``, ``iss`` in the answer (RFC 9207),
back-channel logout. A realm can be told to be hostile in one of the ways of ``Hostility``.

What clients send is checked by PyJWT's own ``decode`` and by hand, never by the product's code. Subjects
begin with ``sim-``, client ids with ``sim-``: nobody can take one for a real one.
"""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import aiohttp
import jwt
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from msgspec import Struct

from bff.sandbox.chooser import SIGN_IN, chooser
from bff.sandbox.simulator import Clock, utc_now

CODE_LIFETIME: Final = timedelta(seconds=60)
PUSHED_LIFETIME: Final = timedelta(seconds=90)
_BY_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PUSHED: Final = "urn:ietf:params:oauth:request_uri:"
_LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_NOT_KEPT: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

T = TypeVar("T")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Jwks = Callable[[], Awaitable[Mapping[str, Any]]]


class Hostility(StrEnum):
    """A way of answering that no honest provider has."""

    WRONG_ISS = "wrongIss"
    WRONG_AUD = "wrongAud"
    EXTRA_AUD = "extraAud"
    OTHER_AZP = "otherAzp"
    ALG_NONE = "algNone"
    HS256 = "hs256"
    EXPIRED = "expired"
    NO_EXP = "noExp"
    FUTURE = "future"
    STALE = "stale"
    SWAPPED_NONCE = "swappedNonce"
    NO_NONCE = "noNonce"
    FORGED = "forged"
    UNKNOWN_KEY = "unknownKey"
    OWN_KEY = "ownKey"
    WRONG_TYPE = "wrongType"
    NOT_A_TOKEN = "notAToken"  # noqa: S105 - a way of being wrong
    NO_ID_TOKEN = "noIdToken"  # noqa: S105 - the same
    NO_ISS_PARAMETER = "noIssParameter"
    WRONG_ISS_PARAMETER = "wrongIssParameter"


class Client(Struct, frozen=True, kw_only=True):
    """A registered client: its redirect addresses count character by character."""

    client_id: str
    redirect_uris: tuple[str, ...]
    jwks: Jwks
    pushed: bool = False
    logout_uri: str | None = None


class Realm(Struct, frozen=True, kw_only=True):
    """An issuer: its name for people, who they are, and the claims it knows of each."""

    name: str
    title: str
    people: Mapping[str, str]
    clients: Sequence[Client]
    claims: Mapping[str, Mapping[str, str]] = {}


class _Code(Struct, kw_only=True):
    client: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    person: str
    session: str
    expires_at: datetime
    acr: str | None = None
    used: bool = False


class SetHostility(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Be hostile from now on; None: be honest again."""

    realm: str
    hostility: Hostility | None = None


class SetLogout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody signs out at the provider: of everything, which it tells its clients."""

    realm: str
    person: str


class _Refused(Exception):
    """An error in the words of RFC 6749."""

    def __init__(self, error: str, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.error, self.status = error, status


class OpenId:
    """The books of all realms. One event loop."""

    name = "oidc"

    def __init__(self, realms: Sequence[Realm], *, now: Clock = utc_now) -> None:
        self._realms = {realm.name: realm for realm in realms}
        self._clock = now
        self._offset = timedelta(0)
        self._keys: dict[str, list[tuple[str, Key]]] = {realm.name: [_new_key("ES256")] for realm in realms}
        self._algorithms = dict.fromkeys(self._realms, "ES256")
        self._hostile: dict[str, Hostility] = {}
        self._codes: dict[tuple[str, str], _Code] = {}
        self._pushed: dict[str, tuple[str, dict[str, str], datetime]] = {}
        self._assertions: set[str] = set()
        self._sessions: dict[tuple[str, str], str] = {}
        """Who is signed in where: one session a person and realm, as a browser would hold it."""

    # --- what people and operators do ----------------------------------------------------------------

    def be(self, realm: str, hostility: Hostility | None) -> None:
        """Answer so from now on."""
        self._hostile.pop(realm, None)
        if hostility is not None:
            self._hostile[realm] = hostility

    def rotate(self, realm: str, algorithm: str = "ES256") -> None:
        """Sign with a new key; only the last one before is published still."""
        self._keys[realm] = [_new_key(algorithm), self._keys[realm][0]]
        self._algorithms[realm] = algorithm

    def subject(self, realm: str, person: str) -> str:
        """What the realm calls a person, the same for ever."""
        return subject_of(realm, person)

    def logout_token(
        self,
        issuer: str,
        realm: str,
        person: str,
        client_id: str,
        changes: Mapping[str, Any] | None = None,
        **header: str,
    ) -> str:
        """What clients are told when somebody signs out; ``changes`` spoil it (None leaves out)."""
        now = int(self._now().timestamp())
        claims = {
            "iss": issuer,
            "aud": client_id,
            "sub": self.subject(realm, person),
            "sid": self._sessions.get((realm, person)),
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_hex(16),
            "events": {_LOGOUT_EVENT: {}},
        } | dict(changes or {})
        return self._signed(realm, claims, {"typ": "logout+jwt", **header})

    # --- the wire ------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Every realm, and the controls."""
        return [
            web.get("/{realm}/.well-known/openid-configuration", self._discovery),
            web.get("/{realm}/jwks", self._jwks),
            web.post("/{realm}/par", self._push),
            web.get("/{realm}/authorize", self._authorize),
            web.post("/{realm}/token", self._token),
            web.post("/_sim/oidc/hostility", self._set_hostility),
            web.post("/_sim/oidc/rotate/{realm}", self._rotate),
            web.post("/_sim/oidc/logout", self._log_out),
        ]

    def busy(self) -> web.Response:
        """RFC 6749 §4.1.2.1's word for it, where a 503 is allowed."""
        return web.json_response({"error": "temporarily_unavailable"}, status=503, headers=_NOT_KEPT)

    def throttled(self) -> web.Response:
        """RFC 6585 §4: OpenID has no word of its own for it."""
        told = {"error": "temporarily_unavailable"}
        return web.json_response(told, status=429, headers={**_NOT_KEPT, "Retry-After": "9"})

    def revoke(self) -> None:
        """Every code and every pushed request is over: its clients hold nothing else of it."""
        self._codes.clear()
        self._pushed.clear()

    def shift(self, offset: timedelta) -> None:
        """The providers' clock, or ours, is off by so much."""
        self._offset = offset

    def _now(self) -> datetime:
        return self._clock() + self._offset

    async def _discovery(self, request: web.Request) -> web.Response:
        issuer = self._issuer(request)
        return web.json_response(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
                "pushed_authorization_request_endpoint": f"{issuer}/par",
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                "backchannel_logout_supported": True,
                "backchannel_logout_session_supported": True,
            }
        )

    async def _jwks(self, request: web.Request) -> web.Response:
        keys = [_published(name, key) for name, key in self._keys[self._realm(request).name]]
        return web.json_response({"keys": keys})

    async def _push(self, request: web.Request) -> web.Response:
        realm = self._realm(request)
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            client = await self._client(realm, form, self._issuer(request))
            asked = {name: value for name, value in form.items() if not name.startswith("client_assertion")}
            _check_asked(client, asked)
        except _Refused as refused:
            return _error(refused)
        handle = _PUSHED + secrets.token_urlsafe(24)
        self._pushed[handle] = (client.client_id, asked, self._now() + PUSHED_LIFETIME)
        return web.json_response(
            {"request_uri": handle, "expires_in": int(PUSHED_LIFETIME.total_seconds())},
            status=201,
            headers=_NOT_KEPT,
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        """The page to choose who signs in, then back to the client. What is wrong is not redirected."""
        realm, query = self._realm(request), dict(request.query)
        person = query.pop("person", None)
        client = next((each for each in realm.clients if each.client_id == query.get("client_id")), None)
        if client is None:
            raise web.HTTPBadRequest(text="no such client")
        asked = query
        if "request_uri" in query:
            owner, asked, until = self._pushed.get(query["request_uri"], ("", {}, self._now()))
            if owner != client.client_id or until <= self._now():
                raise web.HTTPBadRequest(text="no such pushed request")
        elif client.pushed:
            raise web.HTTPBadRequest(text="this client pushes its requests")
        try:
            _check_asked(client, asked)
        except _Refused as refused:
            raise web.HTTPBadRequest(text=str(refused)) from None
        if person is None:
            choices = {urlencode({**query, "person": key}): label for key, label in realm.people.items()}
            return chooser((realm.title, realm.title), SIGN_IN, choices)
        if person not in realm.people:
            raise web.HTTPNotFound(text="nobody of that name")
        self._pushed.pop(query.get("request_uri", ""), None)
        answer = {
            "code": self._give_code(realm, client, asked, person),
            "state": asked.get("state", ""),
            "iss": self._issuer(request),
        }
        hostile = self._hostile.get(realm.name)
        if hostile is Hostility.NO_ISS_PARAMETER:
            del answer["iss"]
        if hostile is Hostility.WRONG_ISS_PARAMETER:
            answer["iss"] = "https://mixed-up.example.org"
        back = asked["redirect_uri"]
        raise web.HTTPSeeOther(f"{back}{'&' if '?' in back else '?'}{urlencode(answer)}", headers=_NOT_KEPT)

    def _give_code(self, realm: Realm, client: Client, asked: Mapping[str, str], person: str) -> str:
        session = self._sessions.setdefault((realm.name, person), "sim-" + secrets.token_hex(12))
        code = "sim-" + secrets.token_urlsafe(24)
        self._codes[realm.name, code] = _Code(
            client=client.client_id,
            redirect_uri=asked["redirect_uri"],
            challenge=asked["code_challenge"],
            nonce=asked.get("nonce"),
            person=person,
            session=session,
            expires_at=self._now() + CODE_LIFETIME,
            # Whoever asks for a way of signing in gets the one they like best, unless a person has another.
            acr=next(iter(asked.get("acr_values", "").split()), None),
        )
        return code

    async def _token(self, request: web.Request) -> web.Response:
        realm, issuer = self._realm(request), self._issuer(request)
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            client = await self._client(realm, form, issuer)
            code = self._redeem(realm, client, form)
        except _Refused as refused:
            return _error(refused)
        answer = {
            "access_token": "sim-" + secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self._id_token(realm, issuer, client, code),
        }
        if self._hostile.get(realm.name) is Hostility.NO_ID_TOKEN:
            del answer["id_token"]
        return web.json_response(answer, headers=_NOT_KEPT)

    async def _client(self, realm: Realm, form: Mapping[str, str], issuer: str) -> Client:
        """Who the client is, by the assertion it signed: for this issuer, short-lived, once."""
        assertion = form.get("client_assertion", "")
        if form.get("client_assertion_type") != _BY_ASSERTION:
            raise _Refused("invalid_client", "no assertion", 401)
        client = next((each for each in realm.clients if each.client_id == form.get("client_id")), None)
        if client is None:
            raise _Refused("invalid_client", "no such client", 401)
        try:
            header = jwt.get_unverified_header(assertion)
            keys = jwt.PyJWKSet.from_dict(dict(await client.jwks()))
            claims = jwt.decode(
                assertion,
                keys[header["kid"]].key,
                algorithms=["ES256"],
                audience=issuer,
                issuer=client.client_id,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"], "strict_aud": True},
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise _Refused("invalid_client", f"assertion: {type(error).__name__}", 401) from None
        if claims["sub"] != client.client_id or claims["exp"] - claims["iat"] > 300:
            raise _Refused("invalid_client", "not about itself, or too long", 401)
        if claims["jti"] in self._assertions:
            raise _Refused("invalid_client", "seen before", 401)
        self._assertions.add(claims["jti"])
        return client

    def _redeem(self, realm: Realm, client: Client, form: Mapping[str, str]) -> _Code:
        if form.get("grant_type") != "authorization_code":
            raise _Refused("unsupported_grant_type", "only codes")
        code = self._codes.get((realm.name, form.get("code", "")))
        if code is None or code.client != client.client_id or code.expires_at <= self._now():
            raise _Refused("invalid_grant", "no such code")
        if code.used:
            raise _Refused("invalid_grant", "used before")
        if code.redirect_uri != form.get("redirect_uri"):
            raise _Refused("invalid_grant", "another redirect_uri")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if not hmac.compare_digest(urlsafe_b64encode(digest).decode().rstrip("="), code.challenge):
            raise _Refused("invalid_grant", "another verifier")
        code.used = True
        return code

    def _id_token(self, realm: Realm, issuer: str, client: Client, code: _Code) -> str:
        now = int(self._now().timestamp())
        claims: dict[str, Any] = {
            "acr": code.acr,
            **realm.claims.get(code.person, {}),
            "iss": issuer,
            "sub": self.subject(realm.name, code.person),
            "aud": client.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": code.nonce,
            "sid": code.session,
        }
        hostile = self._hostile.get(realm.name)
        claims |= _spoiled(hostile, client.client_id, now)
        match hostile:
            case Hostility.ALG_NONE:
                return f"{_part({'alg': 'none', 'kid': self._keys[realm.name][0][0]})}.{_part(claims)}."
            case Hostility.HS256:
                return self._hmac_with_public_key(realm.name, claims)
            case Hostility.FORGED:
                return self._signed(realm.name, claims, {}, key=_new_key("ES256")[1])
            case Hostility.UNKNOWN_KEY:
                return self._signed(realm.name, claims, {"kid": "sim-unknown"})
            case Hostility.OWN_KEY:
                name, key = _new_key("ES256")
                own = {"kid": name, "jwk": _published(name, key), "jku": f"{issuer}/_sim/jku"}
                return self._signed(realm.name, claims, own, key=key)
            case Hostility.WRONG_TYPE:
                return self._signed(realm.name, claims, {"typ": "at+jwt"})
            case Hostility.NOT_A_TOKEN:
                return "not.a.token"
            case _:
                return self._signed(realm.name, claims, {})

    def _signed(
        self, realm: str, claims: Mapping[str, Any], header: Mapping[str, Any], *, key: Key | None = None
    ) -> str:
        name, own = self._keys[realm][0]
        said = {each: value for each, value in claims.items() if value is not None}
        return jwt.encode(said, key or own, self._algorithms[realm], headers={"kid": name, **header})

    def _hmac_with_public_key(self, realm: str, claims: Mapping[str, Any]) -> str:
        """The classic: the public key, which everybody has, taken for a shared secret."""
        name, key = self._keys[realm][0]
        pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        signed = f"{_part({'alg': 'HS256', 'kid': name})}.{_part(claims)}"
        return f"{signed}.{_base64url(hmac.digest(pem, signed.encode(), 'sha256'))}"

    # --- controls ------------------------------------------------------------------------------------

    async def _set_hostility(self, request: web.Request) -> web.Response:
        told = _body(await request.read(), SetHostility)
        self.be(told.realm, told.hostility)
        return web.Response(status=204)

    async def _rotate(self, request: web.Request) -> web.Response:
        self.rotate(self._realm(request).name, request.query.get("alg", "ES256"))
        return web.Response(status=204)

    async def _log_out(self, request: web.Request) -> web.Response:
        """Sign somebody out, and tell every client that wants to know."""
        told = _body(await request.read(), SetLogout)
        realm = self._realms[told.realm]
        issuer = f"{request.scheme}://{request.host}/{realm.name}"
        answers: dict[str, int] = {}
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            for client in realm.clients:
                if client.logout_uri is not None:
                    token = self.logout_token(issuer, realm.name, told.person, client.client_id)
                    async with http.post(client.logout_uri, data={"logout_token": token}) as reply:
                        answers[client.client_id] = reply.status
        self._sessions.pop((realm.name, told.person), None)
        return web.json_response(answers)

    def _realm(self, request: web.Request) -> Realm:
        realm = self._realms.get(request.match_info["realm"])
        if realm is None:
            raise web.HTTPNotFound(text="no such realm")
        return realm

    def _issuer(self, request: web.Request) -> str:
        return f"{request.scheme}://{request.host}/{self._realm(request).name}"


def subject_of(realm: str, person: str) -> str:
    """What a realm calls a person, the same for ever, so that a city started again knows its clerks."""
    return "sim-" + hashlib.sha256(f"{realm}\0{person}".encode()).hexdigest()[:24]


def _check_asked(client: Client, asked: Mapping[str, str]) -> None:
    if "request_uri" in asked:
        raise _Refused("invalid_request", "a pushed request pushes no other")
    if asked.get("redirect_uri") not in client.redirect_uris:
        raise _Refused("invalid_request", "redirect_uri is not registered")
    if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
        raise _Refused("invalid_request", "only the code flow, and openid in the scope")
    if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
        raise _Refused("invalid_request", "PKCE with S256 is required")
    if len(asked.get("state", "")) < 16 or len(asked.get("nonce", "")) < 16:
        raise _Refused("invalid_request", "state and nonce are required")


def _spoiled(hostile: Hostility | None, client_id: str, now: int) -> dict[str, Any]:
    """The claims a hostile provider puts for the right ones; None leaves one out."""
    match hostile:
        case Hostility.WRONG_ISS:
            return {"iss": "https://elsewhere.example.org"}
        case Hostility.WRONG_AUD:
            return {"aud": "sim-somebody-else"}
        case Hostility.EXTRA_AUD:
            return {"aud": [client_id, "sim-somebody-else"], "azp": client_id}
        case Hostility.OTHER_AZP:
            return {"azp": "sim-somebody-else"}
        case Hostility.EXPIRED:
            return {"iat": now - 500, "exp": now - 200}
        case Hostility.NO_EXP:
            return {"exp": None}
        case Hostility.FUTURE:
            return {"iat": now + 300, "exp": now + 600}
        case Hostility.STALE:
            return {"iat": now - 3600, "exp": now + 3600}
        case Hostility.SWAPPED_NONCE:
            return {"nonce": secrets.token_hex(16)}
        case Hostility.NO_NONCE:
            return {"nonce": None}
        case _:
            return {}


def _new_key(algorithm: str) -> tuple[str, Key]:
    key: Key = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    return "sim-" + secrets.token_hex(6), key


def _published(name: str, key: Key) -> dict[str, str]:
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        n, e = (number.to_bytes((number.bit_length() + 7) // 8) for number in (numbers.n, numbers.e))
        return {"kty": "RSA", "n": _base64url(n), "e": _base64url(e), "kid": name, "use": "sig"}
    point = key.public_key().public_numbers()
    x, y = _base64url(point.x.to_bytes(32)), _base64url(point.y.to_bytes(32))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": name, "use": "sig"}


def _error(refused: _Refused) -> web.Response:
    told = {"error": refused.error, "error_description": str(refused)}
    return web.json_response(told, status=refused.status, headers=_NOT_KEPT)


def _body(raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def _part(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value).encode())


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()

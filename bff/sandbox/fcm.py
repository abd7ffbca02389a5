"""Google's push service (FCM HTTP v1) and its token endpoint, simulated, with the phones behind it.

``/_sim/fcm/screen?token=`` is what lies on a phone's screen, ``/_sim/fcm/screens`` how much on all of them;
``POST /_sim/fcm/phones`` says what becomes of one.
"""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import jwt
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Meta, Struct

from bff.sandbox.simulator import Clock, utc_now

_SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_LIVES: Final = timedelta(hours=1)
_LARGEST: Final = 4096
_FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
ERRORS: Final[Mapping[str, tuple[int, str]]] = {
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED"),
    "UNREGISTERED": (404, "NOT_FOUND"),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED"),
    "INTERNAL": (500, "INTERNAL"),
    "UNAVAILABLE": (503, "UNAVAILABLE"),
}
"""Every errorCode Google documents: HTTP status, and the word of its RPC."""


class _Message(Struct, frozen=True, kw_only=True):
    token: str | None = None
    notification: dict[str, str] | None = None
    data: dict[str, str] | None = None
    android: dict[str, Any] | None = None
    apns: dict[str, Any] | None = None
    webpush: dict[str, Any] | None = None
    fcm_options: dict[str, Any] | None = None


class _Sent(Struct, frozen=True, kw_only=True):
    message: _Message
    validate_only: bool = False


class FcmFate(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What becomes of a phone: from now on each notice to it is answered with ``error``."""

    token: str
    error: Annotated[str | None, Meta(description="An errorCode; none: it is well again.")] = None
    retry_after: Annotated[int, Meta(ge=0)] | None = None


class FcmShown(Struct, frozen=True, kw_only=True):
    """A notice on a screen."""

    name: str
    title: str
    body: str
    data: dict[str, str]


class FcmScreens(Struct, frozen=True, kw_only=True, rename="camel"):
    """On how many phones anything lies, how many notices that are, and how many calls brought them."""

    phones: int
    notices: int
    accepted: int


class Fcm:
    """The service's books. One event loop; nothing here waits."""

    name = "fcm"

    def __init__(
        self, *, project: str, email: str, public: RSAPublicKey, token_uri: str, now: Clock = utc_now
    ) -> None:
        """``email`` and ``public`` are the service account's, whose assertions are for ``token_uri``."""
        self._project = project
        self._email = email
        self._public = public
        self._token_uri = token_uri
        self._now = now
        self._tokens: dict[str, datetime] = {}
        self._fates: dict[str, FcmFate] = {}
        self._screens: dict[str, dict[str, FcmShown]] = defaultdict(dict)
        self.accepted = 0

    def revoke(self) -> None:
        """End every access token it gave out."""
        self._tokens.clear()

    def granted(self) -> int:
        """How many access tokens are good."""
        return len(self._tokens)

    def screen(self, token: str) -> list[FcmShown]:
        """What lies on a phone, newest last."""
        return list(self._screens[token].values())

    def decide(self, fate: FcmFate) -> None:
        """Let ``fate`` happen to a phone."""
        self._fates[fate.token] = fate

    def routes(self) -> list[web.RouteDef]:
        """The documented API, and the controls."""
        return [
            web.post("/token", self._grant),
            web.post("/v1/projects/{project}/messages:send", self._send),
            web.get("/_sim/fcm/screen", self._show),
            web.get("/_sim/fcm/screens", self._count),
            web.post("/_sim/fcm/phones", self._decide),
        ]

    def busy(self) -> web.Response:
        """How it says that the trouble is on its side."""
        return _error("UNAVAILABLE", headers={"Retry-After": "7"})

    def throttled(self) -> web.Response:
        """How it says "too often"."""
        return _error("QUOTA_EXCEEDED")

    async def _grant(self, request: web.Request) -> web.Response:
        form = await request.post()
        now = self._now()
        try:
            claims = jwt.decode(
                str(form.get("assertion", "")),
                self._public,
                algorithms=["RS256"],
                audience=self._token_uri,
                options={"verify_iat": False, "verify_exp": False, "require": ["iss", "scope", "iat", "exp"]},
            )
        except jwt.PyJWTError:
            return web.json_response({"error": "invalid_grant"}, status=400)
        timely = (
            claims["iat"] <= now.timestamp() + 60 and now.timestamp() < claims["exp"] <= claims["iat"] + 3600
        )
        if form.get("grant_type") != _GRANT or claims["iss"] != self._email or not timely:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if _SCOPE not in str(claims["scope"]).split():
            return web.json_response({"error": "invalid_scope"}, status=400)
        token = "ya29." + secrets.token_urlsafe(48)
        self._tokens[token] = now + _TOKEN_LIVES
        return web.json_response({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    async def _send(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        ends = self._tokens.get(token)
        if scheme != "Bearer" or ends is None or self._now() >= ends:
            return _plain(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if request.match_info["project"] != self._project:
            return _plain(403, "PERMISSION_DENIED", "Permission denied on that project.")
        body = await request.read()
        try:
            sent = msgspec.json.decode(body, type=_Sent)
        except msgspec.DecodeError as error:
            return _bad_request("message", str(error))
        message = sent.message
        fault = _fault_of(message, len(body))
        if fault is not None:
            return fault
        target = message.token or ""
        fate = self._fates.get(target)
        if fate is not None and fate.error is not None:
            wait = {} if fate.retry_after is None else {"Retry-After": str(fate.retry_after)}
            return _error(fate.error, headers=wait)
        name = f"projects/{self._project}/messages/0:{secrets.randbelow(10**16)}%{secrets.token_hex(8)}"
        if not sent.validate_only:
            self._take(target, name, message)
        return web.json_response({"name": name})

    def _take(self, target: str, name: str, message: _Message) -> None:
        self.accepted += 1
        told = message.notification or {}
        tag = str(((message.android or {}).get("notification") or {}).get("tag") or name)
        self._screens[target].pop(tag, None)
        self._screens[target][tag] = FcmShown(
            name=name, title=told.get("title", ""), body=told.get("body", ""), data=message.data or {}
        )

    async def _show(self, request: web.Request) -> web.Response:
        found = self.screen(request.query.get("token", ""))
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def _count(self, _: web.Request) -> web.Response:
        lit = [len(screen) for screen in self._screens.values() if screen]
        found = FcmScreens(phones=len(lit), notices=sum(lit), accepted=self.accepted)
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def _decide(self, request: web.Request) -> web.Response:
        try:
            fate = msgspec.json.decode(await request.read(), type=FcmFate)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        if fate.error is not None and fate.error not in ERRORS:
            raise web.HTTPBadRequest(text="no such error")
        self.decide(fate)
        return web.Response(status=204)


def _fault_of(message: _Message, size: int) -> web.Response | None:
    """What is wrong with a message, in Google's two ways of saying INVALID_ARGUMENT."""
    if size > _LARGEST + 1024:
        return _bad_request("message", "Message is too big")
    ttl = str((message.android or {}).get("ttl", "0s"))
    if not (ttl.endswith("s") and ttl[:-1].replace(".", "", 1).isdecimal()):
        return _bad_request("message.android.ttl", "Illegal duration format")
    if not message.token:
        return _bad_request("message", "Recipient of the message is not set.")
    if len(message.token) < 32:
        return _error("INVALID_ARGUMENT", "The registration token is not a valid FCM registration token")
    return None


def _error(code: str, text: str = "", *, headers: Mapping[str, str] | None = None) -> web.Response:
    status, word = ERRORS[code]
    error = {
        "code": status,
        "message": text or word.lower(),
        "status": word,
        "details": [{"@type": _FCM_ERROR, "errorCode": code}],
    }
    return web.json_response({"error": error}, status=status, headers=headers)


def _bad_request(field: str, text: str) -> web.Response:
    error = {
        "code": 400,
        "message": text,
        "status": "INVALID_ARGUMENT",
        "details": [{"@type": _BAD_REQUEST, "fieldViolations": [{"field": field, "description": text}]}],
    }
    return web.json_response({"error": error}, status=400)


def _plain(status: int, word: str, text: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": text, "status": word}}, status=status)

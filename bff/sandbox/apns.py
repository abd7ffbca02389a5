"""Apple's push service, simulated: the API of its documentation over HTTP/2, and the phones behind it.

``/_sim/apns/screen?token=`` is what lies on a phone's screen; ``POST /_sim/apns/phones`` says what becomes of
one.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import jwt
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from msgspec import Meta, Struct

from bff.sandbox.http2 import Asked, Http2Front, Told, made_up
from bff.sandbox.simulator import Arrived, Clock, utc_now

LARGEST: Final = 4096
_TOKEN_LIVES: Final = timedelta(hours=1)
_TOKENS_APART: Final = timedelta(minutes=20)
_PUSH_TYPES: Final = frozenset(
    (
        *("alert", "background", "complication", "controls", "fileprovider", "liveactivity"),
        *("location", "mdm", "pushtotalk", "voip", "widgets"),
    )
)
STATUS: Final[Mapping[str, int]] = {
    "BadCollapseId": 400,
    "BadDeviceToken": 400,
    "BadExpirationDate": 400,
    "BadMessageId": 400,
    "BadPriority": 400,
    "BadTopic": 400,
    "DeviceTokenNotForTopic": 400,
    "DuplicateHeaders": 400,
    "IdleTimeout": 400,
    "InvalidPushType": 400,
    "MissingDeviceToken": 400,
    "MissingTopic": 400,
    "PayloadEmpty": 400,
    "TopicDisallowed": 400,
    "BadCertificate": 403,
    "BadCertificateEnvironment": 403,
    "BadEnvironmentKeyIdInToken": 403,
    "ExpiredProviderToken": 403,
    "Forbidden": 403,
    "InvalidProviderToken": 403,
    "MissingProviderToken": 403,
    "UnrelatedKeyIdInToken": 403,
    "BadPath": 404,
    "MethodNotAllowed": 405,
    "ExpiredToken": 410,
    "Unregistered": 410,
    "PayloadTooLarge": 413,
    "TooManyProviderTokenUpdates": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "Shutdown": 503,
}
"""Every reason Apple documents, and the status it comes with."""


class ApnsKey(Struct, frozen=True, kw_only=True):
    """A team's key, as Apple knows it."""

    team_id: str
    key_id: str
    public: EllipticCurvePublicKey
    topics: Sequence[str]


class Fate(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What becomes of a phone: from now on each notice to it is answered with ``reason``."""

    token: str
    reason: Annotated[str | None, Meta(description="None: it is well again.")] = None
    since: Annotated[datetime | None, Meta(description="With 410: since when nobody is there.")] = None
    times: Annotated[int, Meta(description="So many times only.", ge=1)] | None = None


class Shown(Struct, frozen=True, kw_only=True, rename="camel"):
    """A notice on a screen."""

    id: str
    collapse_id: str | None
    priority: int
    payload: Any


class _Reason(Exception):
    """Why a request is refused."""


class Apns:
    """The service's books. One event loop; nothing here waits."""

    name = "apns"

    def __init__(
        self,
        keys: Sequence[ApnsKey],
        *,
        certificates: Path,
        now: Clock = utc_now,
        port: int = 0,
        streams: int = 1000,
    ) -> None:
        """``certificates`` is a folder for the made-up one; ``port`` is where it listens, or any free one."""
        self._keys = {key.key_id: key for key in keys}
        self._now = now
        self._port = port
        self._streams = streams
        self.certificate = made_up(certificates)
        self._front: Http2Front | None = None
        self._screens: dict[str, dict[str, Shown]] = defaultdict(dict)
        self._fates: dict[str, list[Fate]] = defaultdict(list)
        self._tokens: dict[int, tuple[str, datetime]] = {}
        self._shut: dict[int, datetime] = {}
        self.seen_tokens: set[str] = set()
        self.accepted = 0

    @property
    def url(self) -> str:
        """Its base address."""
        if self._front is None:
            raise RuntimeError("not listening")
        return self._front.url

    @property
    def connections(self) -> int:
        """How many are open."""
        return 0 if self._front is None else len(self._front.open)

    def goodbye_said(self) -> int:
        """How many connections it ended with a GOAWAY."""
        return 0 if self._front is None else self._front.goodbyes

    def screen(self, token: str) -> list[Shown]:
        """What lies on a phone, newest last."""
        return list(self._screens[token.lower()].values())

    def decide(self, fate: Fate) -> None:
        """Let ``fate`` happen to a phone."""
        token = fate.token.lower()
        self._fates[token] = [] if fate.reason is None else [fate]

    # --- both sides -------------------------------------------------------------------------------------

    async def begin(self, arrived: Arrived) -> None:
        """Listen."""
        self._front = Http2Front(self, arrived, streams=self._streams)
        await self._front.start(self.certificate, self._port)

    async def end(self) -> None:
        """Close the port and every connection."""
        if self._front is not None:
            await self._front.stop()

    def routes(self) -> list[web.RouteDef]:
        """The controls."""
        return [web.get("/_sim/apns/screen", self._show), web.post("/_sim/apns/phones", self._decide)]

    def busy(self) -> web.Response:
        """How it would say so, were it HTTP/1.1."""
        return web.json_response({"reason": "ServiceUnavailable"}, status=503)

    def throttled(self) -> web.Response:
        """How it would say so, were it HTTP/1.1."""
        return web.json_response({"reason": "TooManyRequests"}, status=429)

    def busy_told(self) -> Told:
        """How it says that the trouble is on its side."""
        return _refusal("ServiceUnavailable")

    def throttled_told(self) -> Told:
        """How it says "too often" of one phone."""
        return _refusal("TooManyRequests")

    async def _show(self, request: web.Request) -> web.Response:
        found = self.screen(request.query.get("token", ""))
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def _decide(self, request: web.Request) -> web.Response:
        try:
            fate = msgspec.json.decode(await request.read(), type=Fate)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        if fate.reason is not None and fate.reason not in STATUS:
            raise web.HTTPBadRequest(text="no such reason")
        self.decide(fate)
        return web.Response(status=204)

    # --- the API ----------------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Told:
        """As the documentation says."""
        given = asked.headers.get("apns-id")
        name = given if given is not None and _is_uuid(given) else str(uuid.uuid4()).upper()
        try:
            self._check(asked)
            token = asked.path.removeprefix("/3/device/").lower()
            told = self._struck(token, name)
            if told is not None:
                return told
            self._take(token, name, asked)
        except _Reason as reason:
            return _refusal(str(reason), name)
        return Told(status=200, headers={"apns-id": name})

    def _check(self, asked: Asked) -> None:
        headers = asked.headers
        if not asked.path.startswith("/3/device"):
            raise _Reason("BadPath")
        if asked.method != "POST":
            raise _Reason("MethodNotAllowed")
        key = self._authenticate(asked)
        topic = headers.get("apns-topic")
        if topic is None:
            raise _Reason("MissingTopic")
        if topic not in key.topics:
            raise _Reason("TopicDisallowed")
        _check_headers(headers)
        if not asked.body:
            raise _Reason("PayloadEmpty")
        if len(asked.body) > LARGEST:
            raise _Reason("PayloadTooLarge")
        token = asked.path.removeprefix("/3/device").removeprefix("/")
        if not token:
            raise _Reason("MissingDeviceToken")
        if len(token) < 32 or any(each not in "0123456789abcdefABCDEF" for each in token):
            raise _Reason("BadDeviceToken")

    def _authenticate(self, asked: Asked) -> ApnsKey:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _Reason("MissingProviderToken")
        now = self._now()
        try:
            kid = str(jwt.get_unverified_header(token).get("kid"))
            key = self._keys[kid]
            claims = jwt.decode(token, key.public, algorithms=["ES256"], options={"verify_iat": False})
            made = datetime.fromtimestamp(float(claims["iat"]), UTC)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise _Reason("InvalidProviderToken") from None
        if claims.get("iss") != key.team_id or made > now + timedelta(minutes=1):
            raise _Reason("InvalidProviderToken")
        if now - made > _TOKEN_LIVES:
            raise _Reason("ExpiredProviderToken")
        self._not_too_often(asked.connection, token, now)
        return key

    def _not_too_often(self, connection: int, token: str, now: datetime) -> None:
        """Another token on the same connection within twenty minutes, and the connection is of no use."""
        if now < self._shut.get(connection, now):
            raise _Reason("TooManyProviderTokenUpdates")
        former = self._tokens.get(connection)
        if former is not None and former[0] == token:
            return
        if former is not None and now - former[1] < _TOKENS_APART:
            self._shut[connection] = former[1] + _TOKENS_APART
            raise _Reason("TooManyProviderTokenUpdates")
        self._tokens[connection] = (token, now)
        self.seen_tokens.add(token)

    def _struck(self, token: str, name: str) -> Told | None:
        """What is to become of a notice to a phone that fate has struck."""
        fates = self._fates[token]
        if not fates or fates[0].reason is None:
            return None
        fate = fates[0]
        if fate.times is not None:
            self._fates[token] = (
                [] if fate.times == 1 else [msgspec.structs.replace(fate, times=fate.times - 1)]
            )
        return _refusal(fate.reason or "", name, since=fate.since or self._now())

    def _take(self, token: str, name: str, asked: Asked) -> None:
        try:
            payload = msgspec.json.decode(asked.body)
        except msgspec.DecodeError:
            payload = None
        self.accepted += 1
        expires = int(asked.headers.get("apns-expiration", "0"))
        if 0 < expires < self._now().timestamp():
            return  # taken, and gone before any phone could show it
        collapse = asked.headers.get("apns-collapse-id")
        shown = Shown(
            id=name,
            collapse_id=collapse,
            priority=int(asked.headers.get("apns-priority", "10")),
            payload=payload,
        )
        self._screens[token].pop(collapse or name, None)
        self._screens[token][collapse or name] = shown


def _check_headers(headers: Mapping[str, str]) -> None:
    if headers.get("apns-push-type", "alert") not in _PUSH_TYPES:
        raise _Reason("InvalidPushType")
    if "apns-id" in headers and not _is_uuid(headers["apns-id"]):
        raise _Reason("BadMessageId")
    if len(headers.get("apns-collapse-id", "").encode()) > 64:
        raise _Reason("BadCollapseId")
    if headers.get("apns-priority", "10") not in {"1", "5", "10"}:
        raise _Reason("BadPriority")
    if not headers.get("apns-expiration", "0").isdecimal():
        raise _Reason("BadExpirationDate")


def _refusal(reason: str, name: str | None = None, *, since: datetime | None = None) -> Told:
    told: dict[str, object] = {"reason": reason}
    status = STATUS[reason]
    if status == 410 and since is not None:
        told["timestamp"] = int(since.timestamp() * 1000)
    headers = {"content-type": "application/json"} | ({} if name is None else {"apns-id": name})
    return Told(status=status, headers=headers, body=msgspec.json.encode(told))


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False

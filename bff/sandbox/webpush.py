"""A browser vendor's push service (Web Push), simulated, and the browsers it leads to.

``POST /_sim/webpush/browsers`` subscribes a browser and answers what a page would be given;
``/_sim/webpush/screen?browser=`` is what it has shown.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import jwt
import msgspec
from aiohttp import web
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from bff.sandbox.simulator import Clock, utc_now
from push.channels.webpush import base64, unbase64

_LARGEST: Final = 4096
_TOKEN_LIVES: Final = timedelta(days=1)


class BrowserShown(Struct, frozen=True, kw_only=True):
    """A notice a browser has shown."""

    tag: str
    title: str
    body: str
    lang: str
    topic: str | None
    ttl: int


class Browser:
    """One subscription, and the keys only the browser has."""

    def __init__(self, server_key: str) -> None:
        """``server_key`` is the only one that may send to it (``applicationServerKey``)."""
        self.name = secrets.token_urlsafe(24)
        self.server_key = server_key
        self.secret = secrets.token_bytes(16)
        self._key = generate_private_key(SECP256R1())
        self.shown: dict[str, BrowserShown] = {}
        self.status: int | None = None
        self.retry_after: int | None = None

    @property
    def p256dh(self) -> str:
        """Its public key."""
        return base64(_point(self._key.public_key()))

    def open(self, body: bytes) -> bytes | None:
        """What is in a sealed body (RFC 8188, RFC 8291); None if it was not sealed for this browser."""
        if len(body) < 21 or len(body) < 21 + body[20]:
            return None
        salt, size = body[:16], int.from_bytes(body[16:20])
        theirs, sealed = body[21 : 21 + body[20]], body[21 + body[20] :]
        try:
            sender = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), theirs)
        except ValueError:
            return None
        if len(sealed) > size:
            return None
        shared = self._key.exchange(ECDH(), sender)
        info = b"WebPush: info\x00" + _point(self._key.public_key()) + theirs
        keying = _derived(shared, self.secret, info, 32)
        key = _derived(keying, salt, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _derived(keying, salt, b"Content-Encoding: nonce\x00", 12)
        try:
            padded = AESGCM(key).decrypt(nonce, sealed, None)
        except InvalidTag:
            return None
        plain, mark = padded.rstrip(b"\x00")[:-1], padded.rstrip(b"\x00")[-1:]
        return plain if mark == b"\x02" else None


class WebPush:
    """The service's books. One event loop; nothing here waits."""

    name = "webpush"

    def __init__(self, *, now: Clock = utc_now) -> None:
        self._now = now
        self._browsers: dict[str, Browser] = {}
        self.accepted = 0

    def subscribe(self, server_key: str) -> Browser:
        """A page asks for a subscription."""
        browser = Browser(server_key)
        self._browsers[browser.name] = browser
        return browser

    def routes(self) -> list[web.RouteDef]:
        """The documented API, and the controls."""
        return [
            web.post("/push/{browser}", self._push),
            web.post("/_sim/webpush/browsers", self._subscribe),
            web.get("/_sim/webpush/screen", self._show),
        ]

    def busy(self) -> web.Response:
        """How it says that the trouble is on its side."""
        return web.Response(status=503, headers={"Retry-After": "5"})

    def throttled(self) -> web.Response:
        """How it says "too often"."""
        return web.Response(status=429, headers={"Retry-After": "11"})

    async def _push(self, request: web.Request) -> web.Response:
        browser = self._browsers.get(request.match_info["browser"])
        if browser is None:
            return web.Response(status=404)
        refused = self._who(request, browser)
        if refused is not None:
            return web.Response(status=refused)
        if browser.status is not None:
            wait = {} if browser.retry_after is None else {"Retry-After": str(browser.retry_after)}
            return web.Response(status=browser.status, headers=wait)
        body = await request.read()
        ttl, topic = request.headers.get("TTL", ""), request.headers.get("Topic")
        if not ttl.isdecimal() or request.headers.get("Content-Encoding") != "aes128gcm":
            return web.Response(status=400)
        if topic is not None and not (0 < len(topic) <= 32):
            return web.Response(status=400)
        if len(body) > _LARGEST:
            return web.Response(status=413)
        self.accepted += 1
        self._deliver(browser, body, topic, int(ttl))
        where = f"{request.url.origin()}/message/{secrets.token_urlsafe(12)}"
        return web.Response(status=201, headers={"Location": where, "TTL": ttl})

    def _who(self, request: web.Request, browser: Browser) -> int | None:
        """What to answer somebody who may not send there (RFC 8292 §4)."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        given: Mapping[str, str] = dict(
            part.strip().partition("=")[::2] for part in rest.split(",") if "=" in part
        )
        if scheme.lower() != "vapid" or "t" not in given or "k" not in given:
            return 401
        if given["k"].rstrip("=") != browser.server_key.rstrip("="):
            return 403
        try:
            key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), unbase64(given["k"]))
            claims = jwt.decode(
                given["t"],
                key,
                algorithms=["ES256"],
                audience=str(request.url.origin()),
                options={"verify_exp": False, "require": ["exp", "sub"]},
            )
        except (jwt.PyJWTError, ValueError):
            return 403
        now = self._now().timestamp()
        return None if now < claims["exp"] <= now + _TOKEN_LIVES.total_seconds() else 403

    @staticmethod
    def _deliver(browser: Browser, body: bytes, topic: str | None, ttl: int) -> None:
        plain = browser.open(body)
        if plain is None:
            return  # the service cannot tell, and the browser drops it
        try:
            told: dict[str, Any] = msgspec.json.decode(plain, type=dict[str, Any])
        except msgspec.DecodeError:
            told = {"title": plain.decode(errors="replace")}
        tag = str(told.get("tag") or secrets.token_hex(8))
        browser.shown[tag] = BrowserShown(
            tag=tag,
            title=str(told.get("title", "")),
            body=str(told.get("body", "")),
            lang=str(told.get("lang", "")),
            topic=topic,
            ttl=ttl,
        )

    async def _subscribe(self, request: web.Request) -> web.Response:
        browser = self.subscribe(str((await request.json())["applicationServerKey"]))
        return web.json_response(
            {
                "endpoint": f"{request.url.origin()}/push/{browser.name}",
                "p256dh": browser.p256dh,
                "auth": base64(browser.secret),
            }
        )

    async def _show(self, request: web.Request) -> web.Response:
        browser = self._browsers.get(request.query.get("browser", ""))
        shown = [] if browser is None else list(browser.shown.values())
        return web.Response(body=msgspec.json.encode(shown), content_type="application/json")


def _point(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(keying: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=salt, info=info).derive(keying)

"""Macao's health code (澳門健康碼), simulated: its holder carries the data, it keeps a salted hash of each.

``POST /v1/standing`` answers what is known of a hash, to whoever has the key; that is all that ever crosses.
``/_sim/macao/code`` plays the app on a resident's phone, from which they download what they carry, and
``/_sim/macao/revoke`` the office that takes it back.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, timedelta
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from bff.sandbox.simulator import Clock, utc_now

ISSUER: Final = "macao"
NAME: Final = "澳门健康码"
AREA: Final = "820000"
_LIFE: Final = timedelta(hours=24)


class _Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Carry(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Whose code to download, and what it says."""

    name: str
    birth_date: date
    shown: Literal["GREEN", "YELLOW", "RED"] = "GREEN"
    hours_ago: int = 0


class _Carried(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: str


class MacaoHealth:
    """The issuer's books: hashes, and no data. One event loop; nothing here waits."""

    name = ISSUER

    def __init__(self, *, key: str, now: Clock = utc_now) -> None:
        self._key = f"Bearer {key}"
        self._now = now
        self._issued: dict[str, bool] = {}

    def download(self, carry: Carry) -> str:
        """What the holder carries away; kept of it is the hash."""
        issued = self._now() - timedelta(hours=carry.hours_ago)
        payload = msgspec.json.encode(
            {
                "name": carry.name,
                "birthDate": carry.birth_date,
                "certificate": "HEALTH_CODE",
                "shown": carry.shown,
                "issuedAt": issued,
                "expiresAt": issued + _LIFE,
            }
        )
        salt = secrets.token_bytes(16)
        self._issued[sha256(salt + payload).hexdigest()] = True
        return ".".join(("HZ1", ISSUER, _base64(salt), _base64(payload)))

    def revoke(self, digest: str) -> None:
        """Take back what it issued."""
        self._issued[digest] = False

    def routes(self) -> list[web.RouteDef]:
        """The one question, the phone, and the office."""
        return [
            web.post("/v1/standing", self._standing),
            web.post("/_sim/macao/code", self._code),
            web.post("/_sim/macao/revoke", self._revoke),
        ]

    def busy(self) -> web.Response:
        """Its way of being out of order."""
        return web.json_response({"error": "busy"}, status=503)

    async def _standing(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), self._key):
            return web.json_response({"error": "unauthorized"}, status=401)
        try:
            asked = msgspec.json.decode(await request.read(), type=_Asked)
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        known = self._issued.get(asked.hash)
        return web.json_response(
            {"standing": "UNKNOWN" if known is None else "ISSUED" if known else "REVOKED"}
        )

    async def _code(self, request: web.Request) -> web.Response:
        carry = msgspec.json.decode(await request.read(), type=Carry)
        return web.json_response({"code": self.download(carry)})

    async def _revoke(self, request: web.Request) -> web.Response:
        code = msgspec.json.decode(await request.read(), type=_Carried).code
        _, _, salt, payload = code.split(".")
        self.revoke(sha256(_unbase64(salt) + _unbase64(payload)).hexdigest())
        return web.json_response({})


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))

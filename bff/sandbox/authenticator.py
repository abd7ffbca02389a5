"""An authenticator app on a clerk's phone (动态口令), simulated: codes by RFC 6238, on a path of its own."""

import hashlib
import hmac
import time
from base64 import b32decode
from collections.abc import Iterable

from aiohttp import web

from bff.sandbox.city import Clerk

_PERIOD = 30


def code_of(secret: str, at: float | None = None) -> str:
    """What the app shows for ``secret``, base32, now or at a Unix time."""
    step = int((time.time() if at is None else at) // _PERIOD)
    digest = hmac.digest(b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def authenticator(clerks: Iterable[Clerk]) -> web.RouteDef:
    """``/_sim/authenticator``: every clerk's code of now, and for how many seconds."""

    async def show(_: web.Request) -> web.Response:
        now = time.time()
        shown = [
            {
                "organisation": each.organisation,
                "clerkNumber": each.number,
                "code": code_of(each.second_factor, now),
                "secondsLeft": _PERIOD - int(now) % _PERIOD,
            }
            for each in clerks
            if each.second_factor is not None
        ]
        return web.json_response(shown, headers={"Cache-Control": "no-store"})

    return web.get("/_sim/authenticator", show)

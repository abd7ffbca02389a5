"""JPush (极光推送, REST API v3), simulated, with the phones behind it.

``/_sim/jpush/screen?registration_id=`` is what lies on a phone's screen; ``POST /_sim/jpush/phones`` says
what becomes of one.
"""

import hmac
import secrets
import uuid
from base64 import b64encode
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from bff.sandbox.simulator import Clock, utc_now

_CID_LIVES: Final = timedelta(days=1)
_WINDOW: Final = timedelta(minutes=1)
_LARGEST: Final = 4000
STATUS: Final[Mapping[int, tuple[int, str]]] = {
    1000: (500, "Internal error"),
    1001: (405, "Only POST is supported"),
    1002: (400, "Missing parameter"),
    1003: (400, "Parameter value is invalid"),
    1004: (401, "Authen failed"),
    1005: (400, "Message is too long"),
    1008: (400, "app_key is invalid"),
    1009: (400, "Unsupported key"),
    1011: (400, "cannot find user by this audience or has been inactive for more than 255 days"),
    1020: (404, "Only HTTPS is supported"),
    1030: (503, "Internal service timeout"),
    2002: (429, "Rate limit exceeded"),
    2003: (403, "The appKey is in black list."),
    2004: (403, "The IP address is not in the white list."),
    2005: (403, "Too many messages for this user"),
}
"""Every error number JPush documents: HTTP status and words."""


class _Push(Struct, frozen=True, kw_only=True):
    platform: str | list[str] | None = None
    audience: str | dict[str, list[str]] | None = None
    notification: dict[str, Any] | None = None
    message: dict[str, Any] | None = None
    options: dict[str, Any] = {}
    cid: str | None = None


class JpushFate(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What becomes of a phone: from now on each notice to it is answered with error ``code``."""

    registration_id: str
    code: Annotated[int | None, Meta(description="None: it is well again.")] = None


class JpushShown(Struct, frozen=True, kw_only=True):
    """A notice on a screen, and what its maker was told."""

    msg_id: str
    title: str
    alert: str
    options: dict[str, Any]


class Jpush:
    """The service's books. One event loop; nothing here waits."""

    name = "jpush"

    def __init__(
        self, *, app_key: str, master_secret: str, per_minute: int = 600_000, now: Clock = utc_now
    ) -> None:
        basic = b64encode(f"{app_key}:{master_secret}".encode()).decode()
        self._authorization = f"Basic {basic}"
        self._app_key = app_key
        self._per_minute = per_minute
        self._now = now
        self._cids: dict[str, datetime] = {}
        self._results: dict[str, tuple[datetime, str]] = {}
        self._fates: dict[str, int] = {}
        self._screens: dict[str, deque[JpushShown]] = defaultdict(lambda: deque(maxlen=100))
        self._window = (now(), 0)
        self.accepted = 0

    def screen(self, registration_id: str) -> list[JpushShown]:
        """What lies on a phone, newest last."""
        return list(self._screens[registration_id])

    def decide(self, fate: JpushFate) -> None:
        """Let ``fate`` happen to a phone."""
        if fate.code is None:
            self._fates.pop(fate.registration_id, None)
        else:
            self._fates[fate.registration_id] = fate.code

    def routes(self) -> list[web.RouteDef]:
        """The documented API, and the controls."""
        return [
            web.post("/v3/push", self._push),
            web.post("/v3/push/validate", self._validate),
            web.get("/v3/push/cid", self._give_cids),
            web.get("/_sim/jpush/screen", self._show),
            web.post("/_sim/jpush/phones", self._decide),
        ]

    def busy(self) -> web.Response:
        """How it says that the trouble is on its side."""
        return self._error(1030)

    def throttled(self) -> web.Response:
        """How it says "too often"."""
        return self._error(2002)

    async def _give_cids(self, request: web.Request) -> web.Response:
        refused = self._enter(request)
        if refused is not None:
            return refused
        count = request.query.get("count", "1")
        if not count.isdecimal() or not 1 <= int(count) <= 1000:
            return self._error(1003)
        now = self._now()
        given = [f"{self._app_key}-{uuid.uuid4()}" for _ in range(int(count))]
        self._cids |= dict.fromkeys(given, now)
        return self._json({"cidlist": given})

    async def _validate(self, request: web.Request) -> web.Response:
        return await self._answer(request, shown=False)

    async def _push(self, request: web.Request) -> web.Response:
        return await self._answer(request, shown=True)

    async def _answer(self, request: web.Request, *, shown: bool) -> web.Response:
        refused = self._enter(request)
        if refused is not None:
            return refused
        body = await request.read()
        try:
            push = msgspec.json.decode(body, type=_Push)
        except msgspec.DecodeError as error:
            return self._error(1003, str(error))
        code = self._fault_of(push)
        if code is not None:
            return self._error(*code)
        now = self._now()
        if push.cid is not None and shown:
            known = self._results.get(push.cid)
            if known is not None and now - known[0] < _CID_LIVES:
                return self._json({"sendno": "0", "msg_id": known[1]})
        targets = push.audience["registration_id"] if isinstance(push.audience, dict) else []
        for target in targets:
            if (fate := self._fates.get(target)) is not None:
                return self._error(fate)
        msg_id = str(10**16 + secrets.randbelow(10**15))
        if shown:
            self._take(push, targets, msg_id)
            if push.cid is not None:
                self._results[push.cid] = (now, msg_id)
        return self._json({"sendno": "0", "msg_id": msg_id})

    def _fault_of(self, push: _Push) -> tuple[int, str] | tuple[int] | None:
        if push.platform is None or push.audience is None:
            return (1002,)
        if push.notification is None and push.message is None:
            return (1002,)
        if isinstance(push.audience, dict):
            ids = push.audience.get("registration_id", [])
            if any(not 11 <= len(each) <= 64 for each in ids):
                return 1003, "The registration_id is invalid!"
        if (
            push.notification is not None
            and len(msgspec.json.encode(push.notification.get("android"))) > _LARGEST
        ):
            return (1005,)
        live = push.options.get("time_to_live", 86_400)
        if not isinstance(live, int) or not 0 <= live <= 864_000:
            return 1003, "time_to_live is invalid"
        if (
            push.cid is not None
            and self._now() - self._cids.get(push.cid, datetime.min.replace(tzinfo=self._now().tzinfo))
            > _CID_LIVES
        ):
            return 1003, "The cid is invalid"
        return None

    def _take(self, push: _Push, targets: list[str], msg_id: str) -> None:
        self.accepted += 1
        told = push.notification or {}
        android = told.get("android") or {}
        for target in targets:
            self._screens[target].append(
                JpushShown(
                    msg_id=msg_id,
                    title=str(android.get("title", "")),
                    alert=str(android.get("alert", told.get("alert", ""))),
                    options=push.options,
                )
            )

    def _enter(self, request: web.Request) -> web.Response | None:
        """Who asks, and whether they may once more in this minute."""
        if not hmac.compare_digest(request.headers.get("Authorization", ""), self._authorization):
            return self._error(1004)
        now = self._now()
        began, count = self._window
        if now - began >= _WINDOW:
            began, count = now, 0
        self._window = (began, count + 1)
        return self._error(2002) if count >= self._per_minute else None

    def _json(self, value: object, status: int = 200) -> web.Response:
        began, count = self._window
        headers = {
            "X-Rate-Limit-Limit": str(self._per_minute),
            "X-Rate-Limit-Quota": str(self._per_minute),
            "X-Rate-Limit-Remaining": str(max(0, self._per_minute - count)),
            "X-Rate-Limit-Reset": str(max(1, int((began + _WINDOW - self._now()).total_seconds()))),
        }
        return web.json_response(value, status=status, headers=headers)

    def _error(self, code: int, text: str | None = None) -> web.Response:
        status, words = STATUS[code]
        return self._json({"error": {"code": code, "message": text or words}}, status)

    async def _show(self, request: web.Request) -> web.Response:
        found = self.screen(request.query.get("registration_id", ""))
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def _decide(self, request: web.Request) -> web.Response:
        try:
            fate = msgspec.json.decode(await request.read(), type=JpushFate)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        if fate.code is not None and fate.code not in STATUS:
            raise web.HTTPBadRequest(text="no such error")
        self.decide(fate)
        return web.Response(status=204)

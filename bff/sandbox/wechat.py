"""WeChat (微信), simulated as documented and as observed: the wire, and what people and operators do.

Read from the official pages and the error tables; where those are silent the comment says what was chosen.
HTTP status is always 200, the type always ``text/plain``, a login's success has no ``errcode``. Tokens are
in ``wechat_tokens.py``, what is done about people in ``wechat_people.py``, subscribe messages in
``wechat_subscribe.py``, the secure API in ``wechat_secure.py``.

``/_sim/wechat/…`` plays the mini-program (``login``, ``phone``, ``user-info``, ``subscribe``), the
administrator (``modes``, ``move``) and risk control (``block``); ``sign-in`` is a login for a browser.
"""

import json
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from bff.sandbox.chooser import SIGN_IN, back_to, chooser, with_code
from bff.sandbox.simulator import Clock, utc_now
from bff.sandbox.wechat_errors import Answer, Errors, Refused, plain
from bff.sandbox.wechat_ids import WechatApp, openid_of, unionid_of
from bff.sandbox.wechat_people import People
from bff.sandbox.wechat_secure import (
    Asked,
    Hostile,
    SecureSide,
    check_headers,
    open_request,
    seal_reply,
)
from bff.sandbox.wechat_subscribe import Subscriptions
from bff.sandbox.wechat_tokens import Tokens

T = TypeVar("T")
Handle = Callable[[WechatApp, Mapping[str, Any]], Answer]
CODE_LIFETIME: Final = timedelta(seconds=300)
_MINUTE: Final = timedelta(minutes=1)
_CODE_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

ResidentKey = Annotated[
    str, Meta(description="Which synthetic resident holds the phone.", pattern=r"^[a-z0-9-]{1,40}\Z")
]


class Login(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wx.login``, or a tap on the button that gives the number, on a resident's phone."""

    appid: str
    resident: ResidentKey


class Block(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """WeChat's risk control, for or against a resident."""

    resident: ResidentKey
    blocked: bool


class Move(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An app goes to another Open Platform account: its openids stay, its unionids change."""

    appid: str
    open_platform: str | None


class Modes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """How WeChat, its console, or somebody between us behaves from now on."""

    country_code_as_number: bool = False
    watermark_appid: str | None = None
    watermark_age: float = 0
    addresses: list[str] | None = None
    confirming: bool = False
    secure_required: bool = False
    wants_serial: bool = False
    changing_certificate: bool = False
    hostile: Hostile | None = None
    urlpath_base: Annotated[
        str | None, Meta(description="What signatures must name, whatever host was asked.")
    ] = None


class _Code:
    """A code of ``wx.login`` and whether it was traded."""

    __slots__ = ("appid", "expires_at", "resident", "used")

    def __init__(self, appid: str, resident: str, expires_at: datetime) -> None:
        self.appid = appid
        self.resident = resident
        self.expires_at = expires_at
        self.used = False


class Wechat:
    """WeChat's books: who has which app, code and session key. One event loop; nothing here waits."""

    name = "wechat"

    def __init__(
        self,
        apps: Sequence[WechatApp],
        *,
        people: Mapping[str, str] | None = None,
        phones: Mapping[str, str] | None = None,
        secure: Mapping[str, SecureSide] | None = None,
        home: str = "",
        now: Clock = utc_now,
        chance: random.Random | None = None,
        rotates: float = 0.5,
        per_minute: int = 100,
        tokens_a_day: int = 2000,
        stable_a_minute: int = 10_000,
    ) -> None:
        """Open the books.

        ``people`` are offered on the sign-in page, which leads back to ``home`` if nobody says where to;
        ``phones`` are their numbers, ``secure`` what each app's administrator set for the secure API;
        ``rotates`` is how often a login brings a new session key.
        """
        self._apps = {app.appid: app for app in apps}
        self._people = people or {}
        self._secure = secure or {}
        self._home = home
        self._clock = now
        self._offset = timedelta(0)
        self._chance = chance or random.SystemRandom()
        self._error = Errors(self._chance)
        self._rotates = rotates
        self._per_minute = per_minute
        self._codes: dict[str, _Code] = {}
        self._calls: dict[str, deque[datetime]] = {}
        self._blocked: set[str] = set()
        self._modes = Modes()
        self._last_sealed: dict[str, tuple[dict[str, str], bytes]] = {}
        self.tokens = Tokens(
            self._apps, now=self._now, chance=self._chance, a_day=tokens_a_day, a_minute=stable_a_minute
        )
        self.people = People(phones or {}, now=self._now, chance=self._chance)
        self.subscriptions = Subscriptions(now=self._now, chance=self._chance)

    # --- what people do --------------------------------------------------------------------------

    def login(self, appid: str, resident: str) -> str:
        """The code ``wx.login`` gives the mini-program on this resident's phone."""
        now = self._now()
        while self._codes:
            oldest = next(iter(self._codes))
            if self._codes[oldest].expires_at > now:
                break
            del self._codes[oldest]
        code = "0sim" + "".join(self._chance.choices(_CODE_ALPHABET, k=28))
        self._codes[code] = _Code(appid, resident, now + CODE_LIFETIME)
        openid = openid_of(appid, resident)
        # wx.login may replace the session key; a backend that kept the old one is in for a surprise.
        renew = self.people.has_session(openid) and self._chance.random() < self._rotates
        self.people.session_key(openid, renew=renew)
        return code

    # --- what goes wrong -------------------------------------------------------------------------

    def busy(self) -> web.Response:
        """-1: the system is busy, try again."""
        return plain(self._error(-1))

    def throttled(self) -> web.Response:
        """45011: too often this minute."""
        return plain(self._error(45011))

    def revoke(self) -> None:
        """Every access token is over."""
        self.tokens.revoke()

    def shift(self, offset: timedelta) -> None:
        """WeChat's clock, or ours, is off by so much."""
        self._offset = offset

    def set_modes(self, modes: Modes) -> None:
        """Behave so from now on."""
        self._modes = modes
        self.people.country_as_number = modes.country_code_as_number
        self.people.watermark_appid = modes.watermark_appid
        self.people.watermark_age = timedelta(seconds=modes.watermark_age)
        self.tokens.addresses = None if modes.addresses is None else frozenset(modes.addresses)
        self.tokens.confirming = modes.confirming

    def move(self, appid: str, open_platform: str | None) -> None:
        """Take an app to another Open Platform account."""
        self._apps[appid] = msgspec.structs.replace(self._apps[appid], open_platform=open_platform)

    def _now(self) -> datetime:
        return self._clock() + self._offset

    # --- what the documentation says --------------------------------------------------------------

    def code_to_session(self, query: Mapping[str, str]) -> Answer:
        """``jscode2session``: the reply's JSON. Checks in the order WeChat has been seen to make them."""
        # The form of the request, without looking anything up.
        for name, errcode in (("appid", 41002), ("secret", 41004), ("js_code", 41008)):
            if not query.get(name):
                raise Refused(errcode)
        # Which error a wrong grant_type gives here is not documented; this is the token API's.
        if query.get("grant_type") != "authorization_code":
            raise Refused(40002)
        app = self._apps.get(query["appid"])
        if app is None:
            raise Refused(40013)
        if query["secret"] != app.secret:
            raise Refused(40125)

        now = self._now()
        code = self._codes.get(query["js_code"])
        # One answer for expired, never issued and another app's: nobody learns which.
        if code is None or code.expires_at <= now or code.appid != app.appid:
            raise Refused(40029)
        if code.resident in self._blocked:
            raise Refused(40226)
        openid = openid_of(app.appid, code.resident)
        if not self._within_quota(openid, now):
            raise Refused(45011)
        if code.used:
            raise Refused(40163)
        code.used = True
        reply = {"session_key": self.people.session_key(openid), "openid": openid}
        if app.open_platform is not None:
            reply["unionid"] = unionid_of(app.open_platform, code.resident)
        return reply

    def _within_quota(self, openid: str, now: datetime) -> bool:
        calls = self._calls.setdefault(openid, deque())
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) >= self._per_minute:
            return False
        calls.append(now)
        return True

    # --- the wire ---------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """The API, and the controls."""
        people = self.people
        return [
            web.route("*", "/sns/jscode2session", self._jscode2session),
            web.route("*", "/cgi-bin/token", self._token),
            web.route("*", "/cgi-bin/stable_token", self._stable_token),
            web.route("*", "/wxa/business/getuserphonenumber", self._posted(people.phone_number)),
            web.route("*", "/cgi-bin/message/subscribe/send", self._posted(self.subscriptions.send)),
            web.get("/wxa/checksession", self._asked(lambda _, query: people.check_session(query))),
            web.get(
                "/wxa/resetusersessionkey", self._asked(lambda _, query: people.reset_session_key(query))
            ),
            web.post("/_sim/wechat/login", self._login),
            web.post("/_sim/wechat/phone", self._tap_phone),
            web.post("/_sim/wechat/user-info", self._user_info),
            web.post("/_sim/wechat/block", self._block),
            web.post("/_sim/wechat/move", self._move),
            web.post("/_sim/wechat/modes", self._set_modes),
            web.get("/_sim/wechat/sign-in", self._sign_in),
            *self.subscriptions.routes(_body),
        ]

    def _answered(self, answer: Callable[[], Answer]) -> web.Response:
        try:
            return plain(answer())
        except Refused as refused:
            return plain(self._error(refused.errcode, refused.said))

    async def _jscode2session(self, request: web.Request) -> web.Response:
        # A POST is answered as if it had brought nothing, whatever its query says.
        query = request.query if request.method == "GET" else {}
        return self._answered(lambda: self.code_to_session(query))

    async def _token(self, request: web.Request) -> web.Response:
        return self._answered(lambda: self.tokens.token(request.query, request.remote or ""))

    async def _stable_token(self, request: web.Request) -> web.Response:
        body = await request.read()

        def answer() -> Answer:
            if request.method != "POST":
                raise Refused(43002)
            return self.tokens.stable_token(body, request.remote or "")

        return self._answered(answer)

    def _asked(self, handle: Handle) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A GET with an access token."""

        async def respond(request: web.Request) -> web.Response:
            query = request.query
            return self._answered(lambda: handle(self.tokens.owner(query.get("access_token")), query))

        return respond

    def _posted(self, handle: Handle) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A POST of JSON with an access token, in the clear or through the secure API."""

        async def respond(request: web.Request) -> web.Response:
            base = self._modes.urlpath_base or f"http://{request.host}"
            asked = Asked(
                headers=dict(request.headers), body=await request.read(), urlpath=f"{base}{request.path}"
            )
            token = request.query.get("access_token")

            def answer() -> Answer:
                if request.method != "POST":
                    raise Refused(43002)
                return handle(self.tokens.owner(token), _object(asked.body))

            if not (asked.is_sealed or self._modes.secure_required):
                return self._answered(answer)
            try:
                return self._sealed(asked, token, handle)
            except Refused as refused:
                # Nobody whose envelope was not opened is answered in one.
                return plain(self._error(refused.errcode, refused.said))

        return respond

    def _sealed(self, asked: Asked, token: str | None, handle: Handle) -> web.Response:
        appid = check_headers(asked, wants_serial=self._modes.wants_serial)
        app = self.tokens.owner(token)
        if appid not in self._apps:
            raise Refused(40236)
        if appid != app.appid:
            raise Refused(40237)
        side = self._secure.get(appid)
        now = self._now().timestamp()
        inside = open_request(asked, side, appid=appid, now=now)
        try:
            answer = handle(app, inside)
        except Refused as refused:
            answer = self._error(refused.errcode, refused.said)
        if side is None:
            raise Refused(40238)
        if not self._modes.changing_certificate:
            side = msgspec.structs.replace(side, next=None)
        hostile = self._modes.hostile
        if hostile is Hostile.REPLAYED and asked.urlpath in self._last_sealed:
            headers, body = self._last_sealed[asked.urlpath]
        else:
            headers, body = seal_reply(
                answer,
                side,
                appid=appid,
                urlpath=asked.urlpath,
                now=int(now),
                chance=self._chance.randbytes,
                hostile=hostile,
            )
            self._last_sealed[asked.urlpath] = headers, body
        return web.Response(body=body, headers=headers, content_type="application/json")

    # --- the controls -----------------------------------------------------------------------------

    async def _login(self, request: web.Request) -> web.Response:
        asked = self._person(await request.read())
        return web.json_response({"code": self.login(asked.appid, asked.resident), "errMsg": "login:ok"})

    async def _tap_phone(self, request: web.Request) -> web.Response:
        asked = self._person(await request.read())
        code = self.people.tap_phone(asked.appid, asked.resident)
        return web.json_response({"code": code, "errMsg": "getPhoneNumber:ok"})

    async def _user_info(self, request: web.Request) -> web.Response:
        asked = self._person(await request.read())
        return web.json_response(self.people.user_info(self._apps[asked.appid], asked.resident))

    def _person(self, raw: bytes) -> Login:
        asked = _body(raw, Login)
        if asked.appid not in self._apps:
            raise web.HTTPNotFound(text="no such mini-program")
        return asked

    async def _block(self, request: web.Request) -> web.Response:
        asked = _body(await request.read(), Block)
        (self._blocked.add if asked.blocked else self._blocked.discard)(asked.resident)
        return web.Response(status=204)

    async def _move(self, request: web.Request) -> web.Response:
        asked = _body(await request.read(), Move)
        if asked.appid not in self._apps:
            raise web.HTTPNotFound(text="no such mini-program")
        self.move(asked.appid, asked.open_platform)
        return web.Response(status=204)

    async def _set_modes(self, request: web.Request) -> web.Response:
        self.set_modes(_body(await request.read(), Modes))
        return web.Response(status=204)

    async def _sign_in(self, request: web.Request) -> web.Response:
        """A page to choose who holds the phone; then back to ``redirect_uri`` with ``#code=…&state=…``."""
        back = back_to(request, request.query.get("redirect_uri", self._home))
        appid = request.query.get("appid", next(iter(self._apps)))
        if appid not in self._apps:
            raise web.HTTPNotFound(text="no such mini-program")
        resident = request.query.get("resident")
        if resident is None:
            choices = {
                urlencode({**request.query, "resident": key}): label for key, label in self._people.items()
            }
            return chooser(("微信", "WeChat"), SIGN_IN, choices)
        if resident not in self._people:
            raise web.HTTPNotFound(text="no such resident")
        fragment = {"code": self.login(appid, resident)}
        if state := request.query.get("state"):
            fragment["state"] = state
        raise with_code(back, fragment)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refused(47001)
    return value


def _body(raw: bytes, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=type_)
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text=str(error)) from None

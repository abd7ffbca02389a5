"""WeChat (微信), simulated: ``wx.login`` and ``jscode2session``, as documented and as observed.

Read from the official code2Session page and the error tables; where those are silent the comment says what
was chosen. HTTP status is always 200, the type always ``text/plain``, a success has no ``errcode``.

``/_sim/wechat/login`` plays the mini-program, which gets a code from ``wx.login`` for its backend;
``/_sim/wechat/sign-in`` is the same for a person with a browser.
"""

import html
import json
import random
from base64 import b64encode
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from bff.sandbox.simulator import Clock, utc_now
from bff.sandbox.wechat_ids import WechatApp, openid_of, unionid_of

T = TypeVar("T")
CODE_LIFETIME: Final = timedelta(seconds=300)
_MINUTE: Final = timedelta(minutes=1)
_CODE_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

ERRORS: Final = {
    -1: "system error",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "code blocked",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    45011: "api minute-quota reach limit  mustslower  retry next minute",
}

ResidentKey = Annotated[
    str, Meta(description="Which synthetic resident holds the phone.", pattern=r"^[a-z0-9-]{1,40}\Z")
]


class Login(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wx.login`` on a resident's phone."""

    appid: str
    resident: ResidentKey


class Block(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """WeChat's risk control, for or against a resident."""

    resident: ResidentKey
    blocked: bool


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
        home: str = "",
        now: Clock = utc_now,
        chance: random.Random | None = None,
        rotates: float = 0.5,
        per_minute: int = 100,
    ) -> None:
        """Open the books.

        ``people`` are offered on the sign-in page, which leads back to ``home`` if nobody says where to;
        ``rotates`` is how often a login brings a new session key.
        """
        self._apps = {app.appid: app for app in apps}
        self._people = people or {}
        self._home = home
        self._now = now
        self._chance = chance or random.SystemRandom()
        self._rotates = rotates
        self._per_minute = per_minute
        self._codes: dict[str, _Code] = {}
        self._session_keys: dict[str, str] = {}
        self._calls: dict[str, deque[datetime]] = {}
        self._blocked: set[str] = set()

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
        if openid not in self._session_keys or self._chance.random() < self._rotates:
            self._session_keys[openid] = b64encode(self._chance.randbytes(16)).decode()
        return code

    # --- what the documentation says --------------------------------------------------------------

    def code_to_session(self, query: Mapping[str, str]) -> dict[str, Any]:
        """``jscode2session``: the reply's JSON. Checks in the order WeChat has been seen to make them."""
        # The form of the request, without looking anything up.
        for name, errcode in (("appid", 41002), ("secret", 41004), ("js_code", 41008)):
            if not query.get(name):
                return self._error(errcode)
        # Which error a wrong grant_type gives here is not documented; this is the token API's.
        if query.get("grant_type") != "authorization_code":
            return self._error(40002)
        app = self._apps.get(query["appid"])
        if app is None:
            return self._error(40013)
        if query["secret"] != app.secret:
            return self._error(40125)

        now = self._now()
        code = self._codes.get(query["js_code"])
        # One answer for expired, never issued and another app's: nobody learns which.
        if code is None or code.expires_at <= now or code.appid != app.appid:
            return self._error(40029)
        if code.resident in self._blocked:
            return self._error(40226)
        openid = openid_of(app.appid, code.resident)
        if not self._within_quota(openid, now):
            return self._error(45011)
        if code.used:
            return self._error(40163)
        code.used = True
        reply = {"session_key": self._session_keys[openid], "openid": openid}
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

    def _error(self, errcode: int) -> dict[str, Any]:
        rid = "-".join(f"{self._chance.getrandbits(32):08x}" for _ in range(3))
        return {"errcode": errcode, "errmsg": f"{ERRORS[errcode]}, rid: {rid}"}

    # --- the wire ---------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """The API, and the controls."""
        return [
            web.route("*", "/sns/jscode2session", self._jscode2session),
            web.post("/_sim/wechat/login", self._login),
            web.post("/_sim/wechat/block", self._block),
            web.get("/_sim/wechat/sign-in", self._sign_in),
        ]

    def busy(self) -> web.Response:
        """-1: the system is busy, try again."""
        return _plain(self._error(-1))

    async def _jscode2session(self, request: web.Request) -> web.Response:
        # A POST is answered as if it had brought nothing, whatever its query says.
        return _plain(self.code_to_session(request.query if request.method == "GET" else {}))

    async def _login(self, request: web.Request) -> web.Response:
        asked = _body(await request.read(), Login)
        if asked.appid not in self._apps:
            raise web.HTTPNotFound(text="no such mini-program")
        return web.json_response({"code": self.login(asked.appid, asked.resident), "errMsg": "login:ok"})

    async def _block(self, request: web.Request) -> web.Response:
        asked = _body(await request.read(), Block)
        (self._blocked.add if asked.blocked else self._blocked.discard)(asked.resident)
        return web.Response(status=204)

    async def _sign_in(self, request: web.Request) -> web.Response:
        """A page to choose who holds the phone; then back to ``redirect_uri`` with ``#code=…&state=…``."""
        back = request.query.get("redirect_uri", self._home)
        # To nobody but a page of this machine: a code is a way in.
        if urlsplit(back).scheme not in ("http", "https") or urlsplit(back).hostname != request.url.host:
            raise web.HTTPBadRequest(text="redirect_uri must be on this host")
        appid = request.query.get("appid", next(iter(self._apps)))
        if appid not in self._apps:
            raise web.HTTPNotFound(text="no such mini-program")
        resident = request.query.get("resident")
        if resident is None:
            return _chooser(self._people, request.query)
        if resident not in self._people:
            raise web.HTTPNotFound(text="no such resident")
        fragment = {"code": self.login(appid, resident)}
        if state := request.query.get("state"):
            fragment["state"] = state
        raise web.HTTPSeeOther(
            f"{back.partition('#')[0]}#{urlencode(fragment)}",
            headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        )


def _plain(reply: Mapping[str, Any]) -> web.Response:
    return web.Response(text=json.dumps(reply, separators=(",", ":")), content_type="text/plain")


def _body(raw: bytes, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=type_)
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


_STYLE: Final = """
body { margin: 0; color: #16202e; background: #eef3ee; font: 16px/1.55 system-ui, "PingFang SC",
  "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif }
body::before { content: ""; display: block; height: 10px;
  background: repeating-linear-gradient(-45deg, #f6c445 0 14px, #2a2a2a 14px 28px) }
main { max-width: 30rem; margin: 0 auto; padding: 20px 16px 40px }
h1 { margin: 8px 0 12px; font-size: 22px; line-height: 1.35 }
p { margin: 4px 0 }
strong { color: #8a1f11 }
ul { display: grid; gap: 10px; margin: 20px 0 0; padding: 0; list-style: none }
a { display: flex; align-items: center; min-height: 60px; padding: 10px 18px; border-radius: 14px;
  border-left: 6px solid #08723f; background: #fff; color: #16202e; font-size: 17px; text-decoration: none;
  box-shadow: 0 2px 10px rgb(22 32 46 / 8%) }
a:focus-visible { outline: 3px solid #08723f; outline-offset: 2px }
"""
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_CHOOSER: Final = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>模拟微信登录</title>
<style>{style}</style>
<main>
<h1>模拟微信 <span lang="en">Simulated WeChat</span></h1>
<p><strong>这不是微信。</strong>请选择由谁登录。</p>
<p lang="en"><strong>This is not WeChat.</strong> Choose who signs in.</p>
<ul>{links}</ul>
</main>
</html>
"""


def _chooser(people: Mapping[str, str], query: Mapping[str, str]) -> web.Response:
    links = "".join(
        f'<li><a href="?{html.escape(urlencode({**query, "resident": key}))}">{html.escape(label)}</a></li>'
        for key, label in people.items()
    )
    return web.Response(
        text=_CHOOSER.format(style=_STYLE, links=links),
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'",
        },
    )

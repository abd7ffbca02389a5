"""WeChat: ``jscode2session``, the code of ``wx.login`` for an openid.

GET https://api.weixin.qq.com/sns/jscode2session, without an access token: signing in does not depend on
one. A success may have no ``errcode`` at all, so the openid decides. The ``session_key`` goes, sealed and
for minutes, to whoever opens what the mini-program sends with it; it never leaves this process otherwise.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from auth_bridges.bridges.wechat_wire import Meanings, Told, WechatWire, refusal_of, unreadable
from auth_bridges.jws import NOT_JSON
from auth_bridges.models import ProviderSubject
from auth_bridges.refusals import CodeAlreadyUsed, CodeRejected, ProviderAccountBlocked

_PATH: Final = "/sns/jscode2session"
_TOTAL: Final = 5.0
_OPENID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")

# What WeChat's codes mean to whoever is signing in.
_MEANINGS: Final[Meanings] = {
    40029: CodeRejected,  # unknown, expired, or not a login code
    40163: CodeAlreadyUsed,
    40226: ProviderAccountBlocked,
}

KeepSessionKey = Callable[[str, str], Awaitable[None]]


class _Reply(Told, frozen=True, kw_only=True):
    openid: str | None = None
    unionid: str | None = None
    session_key: str = ""


_decode: Final = msgspec.json.Decoder(_Reply).decode


async def _keep_nothing(openid: str, session_key: str) -> None:
    """Where nobody opens what is sealed with it, the session key is dropped."""


class WechatBridge:
    """Signs residents in through WeChat. Says nothing about an account; that is the service's."""

    provider: Final = "wechat"

    def __init__(
        self, wire: WechatWire, *, appid: str, secret: str, keep: KeepSessionKey = _keep_nothing
    ) -> None:
        self._wire = wire
        self._secret = secret
        self._keep = keep
        self.appid = appid

    async def exchange(self, code: str) -> ProviderSubject:
        """Trade ``code`` for an openid: spent once at most, five seconds in all."""
        query = {
            "appid": self.appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        _, answer = await self._wire.ask("GET", _PATH, query=query, total=_TOTAL)
        try:
            reply = _decode(answer.body)
        except NOT_JSON:
            raise unreadable() from None
        if reply.openid is None or not _OPENID.fullmatch(reply.openid):
            raise refusal_of(reply, _MEANINGS)
        if reply.session_key:
            await self._keep(reply.openid, reply.session_key)
        alternates = {} if not reply.unionid else {"unionid": reply.unionid}
        return ProviderSubject(
            provider=self.provider, appid=self.appid, subject=reply.openid, alternates=alternates
        )

"""WeChat: ``jscode2session``, the code of ``wx.login`` for an openid.

GET https://api.weixin.qq.com/sns/jscode2session. Errors come as HTTP 200 with ``errcode``; a success
may have no ``errcode`` at all, so the openid decides. The reply's content type is not to be relied on.
The ``session_key`` is read over and kept nowhere: nothing here needs it yet.
"""

import logging
import re
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from auth_bridges.jws import NOT_JSON
from auth_bridges.models import ProviderSubject
from auth_bridges.ports import Http
from auth_bridges.refusals import (
    CodeAlreadyUsed,
    CodeRejected,
    ProviderAccountBlocked,
    ProviderBusy,
    ProviderUnavailable,
    ProviderUnreached,
)
from miniapp_schemas.refusals import Refusal

_log: Final = logging.getLogger(__name__)
_PATH: Final = "/sns/jscode2session"
_TOTAL: Final = 5.0
_LARGEST: Final = 16 * 1024
_RID: Final = re.compile(r"rid: ?([0-9A-Za-z-]{1,64})")
_OPENID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")

# What WeChat's codes mean to whoever is signing in. A code that is not here is an outage to them.
_MEANINGS: Final[dict[int, Callable[[], Refusal]]] = {
    40029: CodeRejected,  # unknown, expired, or not a login code
    40163: CodeAlreadyUsed,
    40226: ProviderAccountBlocked,
    45011: lambda: ProviderBusy(retry_after=60),  # this person, 100 a minute
    45009: lambda: ProviderBusy(retry_after=60),  # all of us together
    -1: ProviderUnavailable,  # "system busy"
}
# Ours to mend, and nobody can sign in until we do.
_MISCONFIGURED: Final = frozenset({40013, 40125, 41002, 41004, 40164, 89503})


class _Reply(Struct, frozen=True, kw_only=True):
    openid: str | None = None
    unionid: str | None = None
    errcode: int = 0
    errmsg: str = ""


_decode: Final = msgspec.json.Decoder(_Reply).decode


class WechatBridge:
    """Signs residents in through WeChat. Says nothing about an account; that is the service's."""

    provider: Final = "wechat"

    def __init__(self, http: Http, *, base_url: str, appid: str, secret: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + _PATH
        self._secret = secret
        self.appid = appid

    async def exchange(self, code: str) -> ProviderSubject:
        """Trade ``code`` for an openid: asked once, three seconds to connect, five in all."""
        query = {
            "appid": self.appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        # No exception of the client is chained: it may hold the URL, and with it our secret and the code.
        try:
            answer = await self._http("GET", self._url, query=query, total=_TOTAL, largest=_LARGEST)
        except ConnectionRefusedError:
            raise ProviderUnreached from None
        except (TimeoutError, ConnectionAbortedError):
            raise ProviderUnavailable from None
        if answer.status != 200:
            _log.warning("wechat answered with status %d", answer.status)
            raise ProviderUnavailable
        try:
            reply = _decode(answer.body)
        except NOT_JSON:
            _log.warning("wechat answered, but not in JSON as documented")
            raise ProviderUnavailable from None
        if reply.openid is not None and _OPENID.fullmatch(reply.openid):
            alternates = {} if not reply.unionid else {"unionid": reply.unionid}
            return ProviderSubject(
                provider=self.provider, appid=self.appid, subject=reply.openid, alternates=alternates
            )
        raise _refusal(reply)


def _refusal(reply: _Reply) -> Refusal:
    found = _RID.search(reply.errmsg)
    rid = found[1] if found else "none"
    if reply.errcode in _MISCONFIGURED:
        _log.error("wechat refuses our appid, secret or address: errcode=%d rid=%s", reply.errcode, rid)
    elif reply.errcode not in _MEANINGS:
        _log.warning("wechat answered with an unexpected errcode=%d rid=%s", reply.errcode, rid)
    refusal = _MEANINGS.get(reply.errcode, ProviderUnavailable)()
    refusal.facts.update(errcode=str(reply.errcode), rid=rid)
    return refusal

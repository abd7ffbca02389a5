"""WeChat: ``stable_token``, the access token of our app.

POST https://api.weixin.qq.com/cgi-bin/stable_token. Asked again it gives the same token until the last five
minutes, so that a process which asks too often harms nobody; ``/cgi-bin/token`` would end the one in use.
"""

from datetime import timedelta
from typing import Final

import msgspec

from auth_bridges.bridges.wechat_wire import Sent, Told, WechatWire, refusal_of, unreadable
from auth_bridges.jws import NOT_JSON
from auth_bridges.provider_tokens import FetchedToken

_PATH: Final = "/cgi-bin/stable_token"
_JSON: Final = {"content-type": "application/json"}


class _Reply(Told, frozen=True, kw_only=True):
    access_token: str = ""
    expires_in: int = 0


_decode: Final = msgspec.json.Decoder(_Reply).decode
_encode: Final = msgspec.json.Encoder().encode


class StableToken:
    """Asks WeChat for our app's access token."""

    def __init__(self, wire: WechatWire, *, appid: str, secret: str) -> None:
        self._wire = wire
        self._appid = appid
        self._secret = secret

    async def __call__(self, *, force: bool) -> FetchedToken:
        """The token and how long it lives; ``force`` ends the one there is, which may not be done often."""
        asked = {
            "grant_type": "client_credential",
            "appid": self._appid,
            "secret": self._secret,
            "force_refresh": force,
        }
        sent = Sent(headers=_JSON, body=_encode(asked))
        _, answer = await self._wire.ask("POST", _PATH, query={}, sent=lambda _: sent)
        try:
            reply = _decode(answer.body)
        except NOT_JSON:
            raise unreadable() from None
        if not reply.access_token or not 0 < reply.expires_in <= 86_400:
            raise refusal_of(reply, {})
        return FetchedToken(text=reply.access_token, lifetime=timedelta(seconds=reply.expires_in))

"""WeChat's API about one person: their phone, their session key, what the mini-program sends sealed.

Every call carries our access token and is repeated once if WeChat refuses that, which it does before it
looks at anything else: no code is spent by a token that is wrong.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from auth_bridges.bridges.wechat_secure import SecureChannel
from auth_bridges.bridges.wechat_wire import (
    TOKEN_IS_WRONG,
    Meanings,
    Sent,
    Told,
    WechatWire,
    decode_told,
    refusal_of,
    unreadable,
)
from auth_bridges.codec.wechat_open_data import (
    Watermark,
    check_watermark,
    raw_data_is_signed,
    read_open_data,
    session_signature,
)
from auth_bridges.jws import NOT_JSON
from auth_bridges.ports import Clock
from auth_bridges.provider_tokens import ProviderTokens, TokenRefused
from auth_bridges.refusals import (
    OpenDataForeign,
    OpenDataStale,
    OpenDataUnreadable,
    PhoneCodeRejected,
    ProviderBusy,
    ProviderTokenUnavailable,
    ProviderUnavailable,
    ReplyForeign,
    ReplyStale,
)
from auth_bridges.store.session_keys import SessionKeys

T = TypeVar("T", bound=Told)
_PHONE: Final = "/wxa/business/getuserphonenumber"
_CHECK: Final = "/wxa/checksession"
_RESET: Final = "/wxa/resetusersessionkey"
_SESSION_IS_OVER: Final = 87009
_POST_TOTAL: Final = 5.0

_PHONE_MEANINGS: Final[Meanings] = {
    40003: PhoneCodeRejected,  # another person's openid
    40029: PhoneCodeRejected,  # unknown, expired, used, or not a phone code
    40163: PhoneCodeRejected,
}
_NO_MEANINGS: Final[Meanings] = {}


class _PhoneInfo(Struct, frozen=True, kw_only=True):
    pure_phone_number: str = msgspec.field(name="purePhoneNumber")
    # Documented as a string, and a number in the documentation's own example.
    country_code: str | int = msgspec.field(name="countryCode")
    watermark: Watermark


class _PhoneReply(Told, frozen=True, kw_only=True):
    phone_info: _PhoneInfo | None = None


class _ResetReply(Told, frozen=True, kw_only=True):
    session_key: str = ""


class WechatApi:
    """Asks WeChat about one person; what supports the secure API goes through it alone, where we have one."""

    def __init__(
        self,
        wire: WechatWire,
        *,
        appid: str,
        tokens: ProviderTokens,
        session_keys: SessionKeys,
        secure: SecureChannel | None,
        clock: Clock,
    ) -> None:
        self._wire = wire
        self.appid = appid
        self._tokens = tokens
        self._session_keys = session_keys
        self._secure = secure
        self._clock = clock

    async def phone_number(self, code: str, openid: str) -> str:
        """The phone number behind ``code``, with its country's: ``+86…``.

        WeChat is told whose code it must be, so that nobody binds a number with somebody else's.
        ``PhoneCodeRejected`` asks for a new code; so does ``ProviderUnavailable``, for it may be spent.
        """
        asked = {"code": code, "openid": openid}
        reply = await self._tokens.spend(
            lambda token: self._post(_PHONE, {"access_token": token}, asked, _PhoneReply, _PHONE_MEANINGS)
        )
        info = reply.phone_info
        if info is None:
            raise unreadable()
        try:
            check_watermark(info.watermark, appid=self.appid, now=self._clock())
        except OpenDataForeign:
            raise ReplyForeign from None
        except OpenDataStale:
            raise ReplyStale from None
        country, number = str(info.country_code).lstrip("+"), info.pure_phone_number
        if not all(part.isascii() and part.isdigit() for part in (country, number)):
            raise unreadable()
        return f"+{country}{number}"

    async def session_is_current(self, openid: str) -> bool:
        """Whether the newest session key we hold of this person is the one WeChat holds."""
        keys = await self._session_keys.of(openid)
        if not keys:
            return False
        told = await self._about_session(_CHECK, openid, keys[0], Told, accept=frozenset({_SESSION_IS_OVER}))
        if told.errcode == _SESSION_IS_OVER:
            await self._session_keys.forget(openid)
        return told.errcode == 0

    async def reset_session_key(self, openid: str) -> bool:
        """Have WeChat make a new session key and keep it; False if we hold none that could ask for it."""
        keys = await self._session_keys.of(openid)
        if not keys:
            return False
        reply = await self._about_session(
            _RESET, openid, keys[0], _ResetReply, accept=frozenset({_SESSION_IS_OVER})
        )
        if reply.errcode == _SESSION_IS_OVER:
            await self._session_keys.forget(openid)
            return False
        if not reply.session_key:
            raise unreadable()
        await self._session_keys.keep(openid, reply.session_key)
        return True

    async def open_data(self, openid: str, encrypted: str, iv: str) -> bytes:
        """What the mini-program sent sealed (``encryptedData``): opened with this person's last two keys."""
        for key in await self._session_keys.of(openid):
            try:
                return read_open_data(encrypted, iv, key, appid=self.appid, now=self._clock())
            except OpenDataUnreadable:
                continue
        raise OpenDataUnreadable

    async def raw_data_is_signed(self, openid: str, raw_data: str, signature: str) -> bool:
        """Whether WeChat signed ``rawData`` with one of this person's last two keys."""
        keys = await self._session_keys.of(openid)
        return any(raw_data_is_signed(raw_data, signature, key) for key in keys)

    async def post(self, path: str, body: bytes) -> bytes:
        """What WeChat answers to ``body``, JSON, at ``path``, whatever its code; in the clear.

        ``ProviderUnreached`` and ``ProviderTokenUnavailable``: certainly nothing was done.
        ``ProviderUnavailable``: nobody can tell.
        """
        sent = Sent(headers={"content-type": "application/json"}, body=body)
        begun = False

        async def ask(token: str) -> bytes:
            nonlocal begun
            begun = True
            _, reply = await self._wire.ask(
                "POST", path, query={"access_token": token}, total=_POST_TOTAL, sent=lambda _: sent
            )
            try:
                told = decode_told(reply.body)
            except NOT_JSON:
                raise unreadable() from None
            if told.errcode in TOKEN_IS_WRONG:
                begun = False
                raise TokenRefused
            return reply.body

        try:
            return await self._tokens.spend(ask)
        except (ProviderBusy, ProviderUnavailable):
            if begun:
                raise
            # It was the token that could not be had: the message never left.
            raise ProviderTokenUnavailable(retry_after=5) from None

    # --- how ------------------------------------------------------------------------------------------

    async def _about_session(
        self, path: str, openid: str, session_key: str, shape: type[T], *, accept: frozenset[int]
    ) -> T:
        proof = {
            "openid": openid,
            "signature": session_signature(session_key),
            "sig_method": "hmac_sha256",
        }

        async def ask(token: str) -> T:
            _, reply = await self._wire.ask("GET", path, query={"access_token": token, **proof})
            return _read(reply.body, shape, _NO_MEANINGS, accept=accept)

        return await self._tokens.spend(ask)

    async def _post(
        self,
        path: str,
        query: Mapping[str, str],
        asked: Mapping[str, object],
        shape: type[T],
        meanings: Meanings,
    ) -> T:
        if self._secure is None:
            sent = Sent(headers={"content-type": "application/json"}, body=msgspec.json.encode(asked))
            _, reply = await self._wire.ask("POST", path, query=query, sent=lambda _: sent)
            return _read(reply.body, shape, meanings)
        secure = self._secure
        # Sealed and signed again for each address: both say which one they are for.
        url, reply = await self._wire.ask("POST", path, query=query, sent=lambda url: secure.seal(url, asked))
        return _read(secure.open(url, reply), shape, meanings)


def _read(body: bytes, shape: type[T], meanings: Meanings, *, accept: frozenset[int] = frozenset()) -> T:
    try:
        reply = msgspec.json.decode(body, type=shape)
    except NOT_JSON:
        raise unreadable() from None
    if reply.errcode in TOKEN_IS_WRONG:
        raise TokenRefused
    if reply.errcode != 0 and reply.errcode not in accept:
        raise refusal_of(reply, meanings)
    return reply

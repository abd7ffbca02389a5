"""Alipay (支付宝): ``alipay.system.oauth.token``, the code of ``my.getAuthCode`` for who somebody is.

An app knows a person by ``user_id``, by ``open_id``, or, while Alipay moves it from one to the other, by
both. ``open_id`` is the name if there is one; the other is kept beside it, so that whoever came under the
old name is the same person under the new.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from auth_bridges.bridges.alipay_client import AlipayClient, GatewayRefused
from auth_bridges.bridges.alipay_transport import Call
from auth_bridges.codec.alipay_signatures import Distrust
from auth_bridges.models import ProviderSubject
from auth_bridges.refusals import ReplyUnreadable

_TOKEN: Final = "alipay.system.oauth.token"  # noqa: S105 - a method's name
_SHARE: Final = "alipay.user.info.share"
NAMES: Final = ("open_id", "user_id")

Subject = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,128}\Z")]
Count = Annotated[int, Meta(ge=0)] | Annotated[str, Meta(pattern=r"^[0-9]{1,10}\Z")]


class AlipayTokens(Struct, frozen=True, kw_only=True):
    """Whom a code or a refresh token belonged to, and the tokens for their data."""

    access_token: str
    refresh_token: str = ""
    expires_in: Count = 0
    re_expires_in: Count = 0
    user_id: Subject | None = None
    open_id: Subject | None = None


class AlipayProfile(Struct, frozen=True, kw_only=True):
    """What a person shows of themselves; nothing of it was checked by anybody."""

    user_id: Subject | None = None
    open_id: Subject | None = None
    nick_name: str = ""
    avatar: str = ""


class AlipayBridge:
    """Signs residents in through Alipay. Says nothing about an account; that is the service's."""

    provider: Final = "alipay"

    def __init__(self, client: AlipayClient) -> None:
        self._client = client
        self.appid = client.app.appid

    async def exchange(self, code: str) -> ProviderSubject:
        """Trade ``code`` for an ``open_id``: asked once, three seconds to connect, five in all."""
        tokens, rid = await self._tokens({"grant_type": "authorization_code", "code": code})
        names = {name: value for name in NAMES if (value := getattr(tokens, name))}
        if not names:
            raise ReplyUnreadable(errcode=Distrust.NOT_AS_DOCUMENTED.value, rid=rid)
        return ProviderSubject(
            provider=self.provider,
            appid=self.appid,
            subject=next(iter(names.values())),
            alternates=names,
            synonyms=tuple(names),
            rid=rid,
        )

    async def tokens(self, code: str) -> AlipayTokens:
        """Everything ``code`` is worth; ``exchange`` keeps of it who somebody is."""
        return (await self._tokens({"grant_type": "authorization_code", "code": code}))[0]

    async def renew(self, refresh_token: str) -> AlipayTokens:
        """New tokens for an old one, which works once."""
        return (await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token}))[0]

    async def profile(self, access_token: str) -> AlipayProfile:
        """What the person shows of themselves, if the authorisation was for it."""
        call = Call(method=_SHARE, fields={"auth_token": access_token}, in_query=True)
        try:
            return await self._client.ask(call, AlipayProfile)
        except GatewayRefused as refused:
            raise refused.refusal() from None

    async def _tokens(self, fields: dict[str, str]) -> tuple[AlipayTokens, str]:
        try:
            return await self._client.ask_named(Call(method=_TOKEN, fields=fields), AlipayTokens)
        except GatewayRefused as refused:
            raise refused.refusal() from None

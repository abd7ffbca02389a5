"""What WeChat tells us unasked: what residents allow, and what became of messages.

It waits five seconds and asks again, three times in all. So everything is done before it is answered, and
done twice is done once.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from push.credits import CreditService, Said
from push.ports import Clock, Receipt, TakeReceipt
from push.refusals import CallbackForged, CallbackUnknown, CallbackUnreadable
from push.rules.wechat_events import Event, EventKind, NotOurs, NotRead, check, events, opened

Whose = Callable[[str], Awaitable[str | None]]
"""The resident behind an openid of our mini-program, if there is one."""
_log: Final = logging.getLogger(__name__)
_CHANNEL: Final = "wechat"


class WechatCallbacks:
    """The address in WeChat's console (消息推送) of one mini-program."""

    def __init__(
        self,
        *,
        appid: str,
        token: str | None,
        key: bytes | None,
        credits: CreditService,
        take_receipt: TakeReceipt,
        whose: Whose,
        clock: Clock,
    ) -> None:
        """``token`` and ``key`` as in the console; without a token nothing is believed."""
        self._appid = appid
        self._token = token
        self._key = key
        self._credits = credits
        self._take_receipt = take_receipt
        self._whose = whose
        self._clock = clock

    def confirm(self, appid: str, query: Mapping[str, str]) -> str:
        """What WeChat wants to read when an administrator enters our address."""
        token = self._expected(appid)
        try:
            check(query, token=token, now=self._clock())
        except NotOurs:
            raise CallbackForged from None
        return query.get("echostr", "")

    async def hear(self, appid: str, query: Mapping[str, str], body: bytes) -> None:
        """Take what was pushed; return once it is kept."""
        token = self._expected(appid)
        try:
            said = opened(query, body, token=token, key=self._key, appid=appid, now=self._clock())
            found = events(said, appid=appid)
        except NotOurs:
            _log.warning("a message in the name of wechat is not signed as it should be")
            raise CallbackForged from None
        except NotRead:
            _log.warning("a message of wechat's is not of the documented form")
            raise CallbackUnreadable from None
        for event in found:
            await self._take(event)

    def _expected(self, appid: str) -> str:
        if appid != self._appid or self._token is None:
            raise CallbackUnknown
        return self._token

    async def _take(self, event: Event) -> None:
        if event.kind is EventKind.SENT:
            receipt = Receipt(
                channel=_CHANNEL,
                reference=event.reference,
                delivered=event.good,
                code=event.code,
                at=event.at,
            )
            await self._take_receipt(receipt)
            return
        resident = await self._whose(event.openid)
        if resident is None:
            return
        said = Said(template_id=event.template_id, accepted=event.good)
        await self._credits.heard(resident, _CHANNEL, [said], once=event.id, at=event.at)

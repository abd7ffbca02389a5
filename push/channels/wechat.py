"""WeChat's subscribe message (微信订阅消息): ``POST /cgi-bin/message/subscribe/send``.

One call is one message to one person. There is no key that makes a second call harmless, so a call nobody
answered is unknown and never repeated here. Our access token is the caller's affair: ``Call`` renews a wrong
one and asks once more, which is safe, for WeChat looks at nothing else before.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from push.channels.base import Accepted, Address, Answer, Failed, FailureClass, Message, Unknown
from push.rules.templates import Binding, provider_page, wechat_data, wechat_problems

Call = Callable[[str, bytes], Awaitable[bytes]]
"""Posts JSON to a path of WeChat's with our access token; the answer's body.

``ConnectionRefusedError``: certainly nothing was asked. ``TimeoutError`` and ``ConnectionAbortedError``:
nobody can tell.
"""
Bindings = Callable[[str], Binding | None]
"""By which of WeChat's templates a notice goes out, if by any."""
Clock = Callable[[], datetime]

_log: Final = logging.getLogger(__name__)
_PATH: Final = "/cgi-bin/message/subscribe/send"
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_FIELD: Final = re.compile(r"data\.([A-Za-z_0-9]{1,40})\.value")
_SAYS_MINUTE: Final = re.compile(r"minute", re.IGNORECASE)
_MINUTE: Final = timedelta(minutes=1)
_LANGUAGES: Final = {"zh": "zh_CN", "en": "en_US"}
_PAGE_IS_WRONG: Final = 41030
_QUOTA: Final = 45009


class Reaction(Struct, frozen=True, kw_only=True):
    """What is done about one of WeChat's codes."""

    failure: FailureClass
    after: timedelta | None = None
    lane_stop: bool = False
    no_credit: bool = False


REACTIONS: Final[Mapping[int, Reaction]] = {
    -1: Reaction(failure=FailureClass.RETRY),  # "system busy": nothing was done
    40001: Reaction(failure=FailureClass.RETRY),  # our token; whoever calls has asked for another already
    40014: Reaction(failure=FailureClass.RETRY),
    42001: Reaction(failure=FailureClass.RETRY),
    40003: Reaction(failure=FailureClass.TOMBSTONE),  # no such openid in this app
    40013: Reaction(failure=FailureClass.CONFIGURATION),  # appid
    40164: Reaction(failure=FailureClass.CONFIGURATION),  # our address is not on the list
    40037: Reaction(failure=FailureClass.STOP_TEMPLATE),  # no such template, or one of the other kind
    41030: Reaction(failure=FailureClass.NEXT_CHANNEL),  # no such page, said even of a message without one
    43101: Reaction(failure=FailureClass.NEXT_CHANNEL, no_credit=True),  # refused, or no more allowed
    43107: Reaction(failure=FailureClass.CONFIGURATION, lane_stop=True),  # the app may send none any more
    43108: Reaction(failure=FailureClass.RETRY, after=_MINUTE),  # several to one person at once
    45009: Reaction(failure=FailureClass.RETRY, lane_stop=True),  # the day's or the minute's quota
    45011: Reaction(failure=FailureClass.RETRY, after=_MINUTE, lane_stop=True),
    45168: Reaction(failure=FailureClass.BROKEN),  # words that are not allowed
    47001: Reaction(failure=FailureClass.CONFIGURATION),
    47003: Reaction(failure=FailureClass.STOP_TEMPLATE),  # a field, for everybody whose message is made so
}
"""A code that is not here goes to the next channel: trying again here is no help where nobody knows why."""


class _Reply(Struct, frozen=True, kw_only=True):
    errcode: int = 0
    errmsg: str = ""
    # Not documented, and always there; what the event of sending calls the message.
    msgid: int | str = ""


_decode: Final = msgspec.json.Decoder(_Reply).decode


class WechatChannel:
    """Subscribe messages of one mini-program."""

    name: Final = "wechat"
    idempotent: Final = False
    takes_credit: Final = True

    def __init__(
        self,
        call: Call,
        *,
        bindings: Bindings,
        clock: Clock,
        state: Literal["formal", "trial", "developer"] = "formal",
    ) -> None:
        self._call = call
        self._bindings = bindings
        self._clock = clock
        self._state = state

    def takes(self, message: Message) -> bool:
        """Whether there is a template for it at WeChat, and each of its fields would be taken."""
        binding = self._bindings(message.template)
        if binding is None:
            return False
        found = wechat_problems(binding, message.values)
        for each in found:
            _log.info("wechat would refuse a %s: %s %s", message.template, each.field, each.why)
        return not found

    async def send(self, message: Message, address: Address) -> Answer:
        """Ask WeChat once; once more without the page, if the released version has no such page."""
        binding = self._bindings(message.template)
        if binding is None:
            return Failed(failure=FailureClass.NEXT_CHANNEL, code="no-template")
        data, found = wechat_data(binding, message.values)
        if found:
            return Failed(failure=FailureClass.BROKEN, code=f"{found[0].field}:{found[0].why}")
        asked: dict[str, object] = {
            "touser": address.target,
            "template_id": binding.template_id,
            "miniprogram_state": self._state,
            "lang": _LANGUAGES[message.language],
            "data": {field: {"value": value} for field, value in data.items()},
        }
        page = provider_page(binding, message.link)
        if not page:
            return await self._ask(asked)
        answer = await self._ask({**asked, "page": page})
        if isinstance(answer, Failed) and answer.code == str(_PAGE_IS_WRONG):
            _log.error("the released mini-program has no page for %s; sent without", message.template)
            return await self._ask(asked)
        return answer

    async def _ask(self, asked: Mapping[str, object]) -> Answer:
        try:
            body = await self._call(_PATH, msgspec.json.encode(asked))
        except ConnectionRefusedError:
            return Failed(failure=FailureClass.RETRY, code="unreached")
        except (TimeoutError, ConnectionAbortedError):
            return Unknown(why="unanswered")
        try:
            reply = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Unknown(why="unreadable")
        if reply.errcode == 0:
            return Accepted(receipt=str(reply.msgid) or None)
        return self._reacted(reply)

    def _reacted(self, reply: _Reply) -> Failed:
        reaction = REACTIONS.get(reply.errcode)
        code = str(reply.errcode)
        if reaction is None:
            _log.warning("wechat refuses a message with an unexpected errcode=%s", code)
            return Failed(failure=FailureClass.NEXT_CHANNEL, code=code)
        if reaction.failure is FailureClass.STOP_TEMPLATE and (field := _FIELD.search(reply.errmsg)):
            code = f"{code}:{field[1]}"
        after = reaction.after
        if reply.errcode == _QUOTA:
            after = _MINUTE if _SAYS_MINUTE.search(reply.errmsg) else self._until_tomorrow()
        return Failed(
            failure=reaction.failure,
            code=code,
            after=after,
            lane_stop=reaction.lane_stop,
            no_credit=reaction.no_credit,
        )

    def _until_tomorrow(self) -> timedelta:
        """How long until a day's quota is full again: midnight in Shanghai, and a minute for their clock."""
        now = self._clock().astimezone(_SHANGHAI)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - now + _MINUTE

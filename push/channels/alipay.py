"""Alipay's template message (支付宝模板消息): ``alipay.open.app.mini.templatemessage.send``.

Sent by a template the resident subscribed to, without a form id. As at WeChat a second call is a second
message, so a call nobody answered is unknown. Which codes the method has is documented nowhere we know of:
those of the gateway are in a table here, what a city learns of the others is in its settings.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from msgspec import Struct

from push.channels.base import Accepted, Address, Answer, Failed, FailureClass, Message, Unknown
from push.rules.templates import Binding, alipay_data, alipay_problems, provider_data, provider_page

Call = Callable[[str, Mapping[str, str]], Awaitable[None]]
"""Asks a method of Alipay's, signed, with its content; returns if Alipay did it.

``AlipayRefused``: its own no. ``ConnectionRefusedError``: certainly nothing was asked. ``TimeoutError`` and
``ConnectionAbortedError``: nobody can tell.
"""
Bindings = Callable[[str], Binding | None]

_log: Final = logging.getLogger(__name__)
_METHOD: Final = "alipay.open.app.mini.templatemessage.send"
_MINUTE: Final = timedelta(minutes=1)


class AlipayRefused(Exception):
    """Alipay's own no; ``code`` is its most particular word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Reaction(Struct, frozen=True, kw_only=True):
    """What is done about one of Alipay's codes."""

    failure: FailureClass
    after: timedelta | None = None
    lane_stop: bool = False
    no_credit: bool = False


REACTIONS: Final[Mapping[str, Reaction]] = {
    "app-call-limited": Reaction(failure=FailureClass.RETRY, after=_MINUTE, lane_stop=True),
    "method-call-limited": Reaction(failure=FailureClass.RETRY, after=_MINUTE, lane_stop=True),
    "40005": Reaction(failure=FailureClass.RETRY, after=_MINUTE, lane_stop=True),
    "invalid-app-id": Reaction(failure=FailureClass.CONFIGURATION),
    "invalid-signature": Reaction(failure=FailureClass.CONFIGURATION),
    "invalid-method": Reaction(failure=FailureClass.CONFIGURATION),
    "insufficient-isv-permissions": Reaction(failure=FailureClass.CONFIGURATION),
    "40006": Reaction(failure=FailureClass.CONFIGURATION),
    "invalid-parameter": Reaction(failure=FailureClass.STOP_TEMPLATE),
    "invalid-auth-relations": Reaction(failure=FailureClass.NEXT_CHANNEL, no_credit=True),
}
"""What the gateway says of any method. A code that is nowhere goes to the next channel."""
_UNKNOWN: Final = frozenset({"20000", "unknow-error", "unknown-error", "SYSTEM_ERROR"})
"""Alipay itself does not know what became of it."""


def reactions_of(told: Mapping[str, str]) -> Mapping[str, Reaction]:
    """The table with what a city's settings say: a code, and a class or ``no_credit``."""
    own = {
        code: Reaction(failure=FailureClass.NEXT_CHANNEL, no_credit=True)
        if word == "no_credit"
        else Reaction(failure=FailureClass(word))
        for code, word in told.items()
    }
    return {**REACTIONS, **own}


class AlipayChannel:
    """Template messages of one Alipay mini-program."""

    name: Final = "alipay"
    idempotent: Final = False
    takes_credit: Final = True

    def __init__(
        self,
        call: Call,
        *,
        bindings: Bindings,
        reactions: Mapping[str, Reaction] = REACTIONS,
    ) -> None:
        self._call = call
        self._bindings = bindings
        self._reactions = reactions

    def takes(self, message: Message) -> bool:
        """Whether there is a template for it at Alipay, and its fields would be taken."""
        binding = self._bindings(message.template)
        return binding is not None and not alipay_problems(binding, message.values)

    async def send(self, message: Message, address: Address) -> Answer:
        """Ask Alipay once."""
        binding = self._bindings(message.template)
        if binding is None:
            return Failed(failure=FailureClass.NEXT_CHANNEL, code="no-template")
        if found := alipay_problems(binding, message.values):
            return Failed(failure=FailureClass.BROKEN, code=f"{found[0].field}:{found[0].why}")
        asked = {
            f"to_{address.vendor}": address.target,
            "user_template_id": binding.template_id,
            "page": provider_page(binding, message.link),
            "data": alipay_data(provider_data(binding, message.values)),
        }
        try:
            await self._call(_METHOD, asked)
        except AlipayRefused as refused:
            return self._reacted(refused.code)
        except ConnectionRefusedError:
            return Failed(failure=FailureClass.RETRY, code="unreached")
        except (TimeoutError, ConnectionAbortedError):
            return Unknown(why="unanswered")
        return Accepted()

    def _reacted(self, code: str) -> Answer:
        reaction = self._reactions.get(code)
        if reaction is None:
            if code in _UNKNOWN:
                return Unknown(why=code)
            _log.warning("alipay refuses a message with a code of no table: %s", code)
            return Failed(failure=FailureClass.NEXT_CHANNEL, code=code)
        return Failed(
            failure=reaction.failure,
            code=code,
            after=reaction.after,
            lane_stop=reaction.lane_stop,
            no_credit=reaction.no_credit,
        )

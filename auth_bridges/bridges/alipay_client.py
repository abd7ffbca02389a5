"""Alipay's gateway, asked: each call signed, each answer verified before it is read.

v2 and v3 are two ways to say the same; which of them an app speaks is a setting, and nobody above this
file can tell.
"""

import logging
import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from auth_bridges.bridges.alipay_succession import Succession
from auth_bridges.bridges.alipay_transport import AlipayApp, Call, GatewayTransport, RestTransport, Transport
from auth_bridges.codec.alipay_content import GatewayError
from auth_bridges.codec.alipay_signatures import Distrust, Distrusted, UnknownCertificate
from auth_bridges.ports import Chance, Clock, Http, LearntCertificates, Reply
from auth_bridges.refusals import (
    CodeRejected,
    ProviderBusy,
    ProviderUnavailable,
    ProviderUnreached,
    ReplyAmbiguous,
    ReplyForeign,
    ReplyOfUnknownSerial,
    ReplyRefused,
    ReplyStale,
    ReplyUnreadable,
    ReplyUnsigned,
    ReplyWeaklyHashed,
    ReplyWronglySigned,
)
from miniapp_schemas.refusals import Refusal

T = TypeVar("T", bound=Struct)
_log: Final = logging.getLogger(__name__)
_TOLD: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")

# What Alipay's codes mean to whoever is signing in. A code that is not here is an outage to them.
_MEANINGS: Final[Mapping[str, Callable[[], Refusal]]] = {
    "code-invalid": CodeRejected,  # unknown, used, expired or another app's: Alipay does not say which
    "refresh-token-invalid": CodeRejected,
    "refreshed-token-invalid": CodeRejected,
    "refresh-token-time-out": CodeRejected,
    "invalid-auth-token": CodeRejected,
    "auth-token-time-out": CodeRejected,
    "app-call-limited": lambda: ProviderBusy(retry_after=60),
    "method-call-limited": lambda: ProviderBusy(retry_after=60),
    "40005": lambda: ProviderBusy(retry_after=60),
    "unknow-error": ProviderUnavailable,
    "20000": ProviderUnavailable,
}
_DOUBTS: Final[Mapping[Distrust, type[ReplyRefused]]] = {
    Distrust.UNSIGNED: ReplyUnsigned,
    Distrust.SIGNATURE_MALFORMED: ReplyWronglySigned,
    Distrust.SIGNATURE_WRONG: ReplyWronglySigned,
    Distrust.HASH_NOT_SHA256: ReplyWeaklyHashed,
    Distrust.CERTIFICATE_UNNAMED: ReplyOfUnknownSerial,
    Distrust.CERTIFICATE_UNKNOWN: ReplyOfUnknownSerial,
    Distrust.STALE: ReplyStale,
    Distrust.OTHER_METHOD: ReplyForeign,
    Distrust.DUPLICATE_KEY: ReplyAmbiguous,
    Distrust.NOT_UTF8: ReplyUnreadable,
    Distrust.NOT_OPENED: ReplyUnreadable,
    Distrust.NOT_AS_DOCUMENTED: ReplyUnreadable,
}


class AlipayClient:
    """Asks Alipay, once: nothing is repeated, because a code may be spent by a call whose answer was lost."""

    def __init__(
        self,
        http: Http,
        app: AlipayApp,
        *,
        base_url: str,
        transport: Literal["v2", "v3"],
        learnt: LearntCertificates,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self.app = app
        self._gateway = GatewayTransport(http, app, base_url=base_url, clock=clock)
        self._transport: Transport = (
            self._gateway
            if transport == "v2"
            else RestTransport(http, app, base_url=base_url, clock=clock, chance=chance)
        )
        self._succession = Succession(self._gateway, app, learnt, clock)

    async def ask(self, call: Call, answer: type[T]) -> T:
        """What Alipay answers, as ``answer``, or a refusal; ``GatewayRefused`` is Alipay's own no."""
        return (await self.ask_named(call, answer))[0]

    async def ask_named(self, call: Call, answer: type[T]) -> tuple[T, str]:
        """The same, and Alipay's name for the request."""
        # No exception of the client is chained: it may hold the URL, and with it what was asked.
        try:
            reply, read = await self._transport.ask(call)
        except ConnectionRefusedError:
            raise ProviderUnreached from None
        except (TimeoutError, ConnectionAbortedError):
            raise ProviderUnavailable from None
        rid = _said(reply.headers.get("trace_id") or reply.headers.get("alipay-trace-id"))
        try:
            return msgspec.convert(await self._believed(read), answer), rid
        except GatewayError as error:
            raise GatewayRefused(error, rid) from None
        except Distrusted as doubt:
            _doubted(call, reply, doubt.why, rid)
        except msgspec.ValidationError:
            _doubted(call, reply, Distrust.NOT_AS_DOCUMENTED, rid)

    async def _believed(self, read: Callable[[], dict[str, object]]) -> dict[str, object]:
        """What ``read`` finds; it is tried twice, and no more, if Alipay's certificate is a new one."""
        try:
            return read()
        except UnknownCertificate as unknown:
            if not await self._succession.learn(unknown.serial):
                raise
            return read()

    async def recall(self) -> bool:
        """Hold the certificates of Alipay's that other processes have learnt; whether that is news."""
        return await self._succession.recall()

    def page(self, call: Call, *, return_url: str) -> str:
        """The signed address of one of Alipay's pages."""
        return self._gateway.page(call, return_url=return_url)


class GatewayRefused(Exception):
    """Alipay's own no, with its name for the request."""

    def __init__(self, error: GatewayError, rid: str) -> None:
        super().__init__(error.reason)
        self.reason = error.reason
        self.rid = rid

    def refusal(self) -> Refusal:
        """What it means to whoever is signing in; what only we can mend is an alarm to us."""
        if self.reason not in _MEANINGS:
            _log.error("alipay refuses us: code=%s rid=%s", _said(self.reason), self.rid)
        refusal = _MEANINGS.get(self.reason, ProviderUnavailable)()
        refusal.facts.update(errcode=_said(self.reason), rid=self.rid)
        return refusal


def _doubted(call: Call, reply: Reply, why: Distrust, rid: str) -> NoReturn:
    """An outage if nothing of it looks like Alipay; an alarm if it looks like Alipay and is not."""
    if reply.status >= 500 or why is Distrust.NOT_JSON:
        _log.warning("alipay answered %s with status %d and no answer", call.method, reply.status)
        raise ProviderUnavailable(errcode=why.value, rid=rid)
    _log.error("an answer to %s in alipay's name is refused: %s rid=%s", call.method, why.value, rid)
    raise _DOUBTS[why](errcode=why.value, rid=rid)


def _said(text: str | None) -> str:
    """What a stranger said, fit for a log line."""
    return text if text and _TOLD.fullmatch(text) else "none"

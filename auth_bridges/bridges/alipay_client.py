"""Alipay's gateway, asked: each call signed, each answer verified before it is read.

v2 and v3 are two ways to say the same; which of them an app speaks is a setting, and nobody above this
file can tell.
"""

import logging
import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, NoReturn, Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from msgspec import Struct

from auth_bridges.codec import alipay_v2, alipay_v3
from auth_bridges.codec.alipay_content import GatewayError, encrypt
from auth_bridges.codec.alipay_keys import (
    aes_key,
    certificate_sn,
    certified_keys,
    private_key,
    public_key,
    root_sn,
)
from auth_bridges.codec.alipay_signatures import AlipayKeys, Distrust, Distrusted
from auth_bridges.ports import Chance, Clock, Http, Reply
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
from auth_bridges.settings import AuthSettings
from miniapp_schemas.refusals import Refusal

T = TypeVar("T", bound=Struct)
Verb = Literal["GET", "POST"]
_log: Final = logging.getLogger(__name__)
_TOTAL: Final = 5.0
_LARGEST: Final = 64 * 1024
_GATEWAY: Final = "/gateway.do"
_FORM: Final = "application/x-www-form-urlencoded;charset=utf-8"
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


class AlipayApp(Struct, frozen=True, kw_only=True):
    """Our name and keys at Alipay, and whom we take for it. The serials are of certificate mode only."""

    appid: str
    key: RSAPrivateKey
    alipay: AlipayKeys
    app_cert_sn: str = ""
    root_cert_sn: str = ""
    aes_key: bytes | None = None


def alipay_app(settings: AuthSettings) -> AlipayApp | None:
    """The app these settings describe, which ``alipay_problems`` found whole; None for no app."""
    if settings.alipay_appid is None or settings.alipay_private_key is None:
        return None
    key = private_key(settings.alipay_private_key)
    sealing = None if settings.alipay_aes_key is None else aes_key(settings.alipay_aes_key)
    if settings.alipay_public_key is not None:
        alipay = AlipayKeys(key=public_key(settings.alipay_public_key))
        return AlipayApp(appid=settings.alipay_appid, key=key, alipay=alipay, aes_key=sealing)
    return AlipayApp(
        appid=settings.alipay_appid,
        key=key,
        alipay=AlipayKeys(certificates=certified_keys(settings.alipay_certificates or "")),
        app_cert_sn=certificate_sn(settings.alipay_app_certificate or ""),
        root_cert_sn=root_sn(settings.alipay_root_certificates or ""),
        aes_key=sealing,
    )


class Call(Struct, frozen=True, kw_only=True):
    """One method and what it is given.

    ``fields`` stand beside the public parameters in v2; everything else is its ``biz_content``. Where
    they go in v3, with which ``verb``, is in the method's page.
    """

    method: str
    fields: Mapping[str, str] = {}
    content: Mapping[str, object] = {}
    verb: Verb = "POST"
    in_query: bool = False


class Transport(Protocol):
    """One way to ask Alipay."""

    async def ask(self, call: Call) -> tuple[Reply, Callable[[], dict[str, object]]]:
        """The answer as it came, and what verifies and reads it."""


class GatewayTransport:
    """v2: one address, everything signed as one sorted line."""

    def __init__(self, http: Http, app: AlipayApp, *, base_url: str, clock: Clock) -> None:
        self._http = http
        self._app = app
        self._url = base_url.rstrip("/") + _GATEWAY
        self._clock = clock

    async def ask(self, call: Call) -> tuple[Reply, Callable[[], dict[str, object]]]:
        """Ask the gateway. What is secret goes in the body: addresses end up in logs."""
        public, own = self._public(call.method), dict(call.fields)
        if call.content:
            content = msgspec.json.encode(call.content)
            if self._app.aes_key is not None:
                public["encrypt_type"] = "AES"
                own["biz_content"] = encrypt(content, self._app.aes_key)
            else:
                own["biz_content"] = content.decode()
        signed = alipay_v2.signed(public | own, self._app.key)
        query = {name: value for name, value in signed.items() if name not in own}
        answer = await self._http(
            "POST",
            self._url,
            query=query,
            headers={"Content-Type": _FORM},
            body=urlencode(own).encode(),
            total=_TOTAL,
            largest=_LARGEST,
        )

        def read() -> dict[str, object]:
            app = self._app
            return alipay_v2.open_reply(answer.body, method=call.method, keys=app.alipay, aes_key=app.aes_key)

        return answer, read

    def page(self, call: Call, *, return_url: str) -> str:
        """The signed address of a page; v3 has none of its own."""
        params = self._public(call.method) | {
            "biz_content": msgspec.json.encode(call.content).decode(),
            "return_url": return_url,
        }
        return f"{self._url}?{urlencode(alipay_v2.signed(params, self._app.key), quote_via=quote)}"

    def _public(self, method: str) -> dict[str, str]:
        return {
            "app_id": self._app.appid,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": alipay_v2.timestamp(self._clock()),
            "version": "1.0",
            "app_cert_sn": self._app.app_cert_sn,
            "alipay_root_cert_sn": self._app.root_cert_sn,
        }


class RestTransport:
    """v3: an address for each method, the signature in a header."""

    def __init__(self, http: Http, app: AlipayApp, *, base_url: str, clock: Clock, chance: Chance) -> None:
        self._http = http
        self._app = app
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._chance = chance

    async def ask(self, call: Call) -> tuple[Reply, Callable[[], dict[str, object]]]:
        """Ask the method's own address."""
        app, now = self._app, self._clock()
        given = {**call.fields, **call.content}
        sealed = app.aes_key if call.verb == "POST" and not call.in_query else None
        if call.in_query or call.verb == "GET":
            # Signed as sent: the client must not write it another way afterwards.
            target, body = f"{alipay_v3.path_of(call.method)}?{urlencode(given, quote_via=quote)}", b""
        else:
            target, body = alipay_v3.path_of(call.method), msgspec.json.encode(given)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if sealed is not None:
            body = encrypt(body, sealed).encode()
            headers |= {"Content-Type": "text/plain", "alipay-encrypt-type": "AES"}
        nonce = self._chance(16).hex()
        headers["alipay-request-id"] = nonce
        if app.root_cert_sn:
            headers["alipay-root-cert-sn"] = app.root_cert_sn
        headers["Authorization"] = alipay_v3.authorization(
            app.key,
            appid=app.appid,
            app_cert_sn=app.app_cert_sn,
            nonce=nonce,
            now=now,
            method=call.verb,
            target=target,
            body=body,
        )
        answer = await self._http(
            call.verb,
            self._base + target,
            headers=headers,
            body=body or None,
            total=_TOTAL,
            largest=_LARGEST,
        )

        def read() -> dict[str, object]:
            return alipay_v3.open_reply(
                answer.status,
                answer.headers,
                answer.body,
                keys=app.alipay,
                now=self._clock(),
                aes_key=sealed,
            )

        return answer, read


class AlipayClient:
    """Asks Alipay, once: nothing is repeated, because a code may be spent by a call whose answer was lost."""

    def __init__(
        self,
        http: Http,
        app: AlipayApp,
        *,
        base_url: str,
        transport: Literal["v2", "v3"],
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

    async def ask(self, call: Call, answer: type[T]) -> T:
        """What Alipay answers, as ``answer``, or a refusal; ``GatewayRefused`` is Alipay's own no."""
        # No exception of the client is chained: it may hold the URL, and with it what was asked.
        try:
            reply, read = await self._transport.ask(call)
        except ConnectionRefusedError:
            raise ProviderUnreached from None
        except (TimeoutError, ConnectionAbortedError):
            raise ProviderUnavailable from None
        rid = _said(reply.headers.get("trace_id") or reply.headers.get("alipay-trace-id"))
        try:
            return msgspec.convert(read(), answer)
        except GatewayError as error:
            raise GatewayRefused(error, rid) from None
        except Distrusted as doubt:
            _doubted(call, reply, doubt.why, rid)
        except msgspec.ValidationError:
            _doubted(call, reply, Distrust.NOT_AS_DOCUMENTED, rid)

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

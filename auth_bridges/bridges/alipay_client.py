"""Alipay's gateway, asked: each call signed, each answer verified before it is read.

v2 and v3 are two ways to say the same; which of them an app speaks is a setting, and nobody above this
file can tell.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NoReturn, Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
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
from auth_bridges.codec.alipay_signatures import AlipayKeys, Distrust, Distrusted, UnknownCertificate
from auth_bridges.codec.alipay_succession import Pinned, may_be_serial, pinned, succeeding_key
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
_DOWNLOAD: Final = "alipay.open.app.alipaycert.download"
_PAUSE: Final = timedelta(seconds=30)
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
    """Our name and keys at Alipay, and whom we take for it; serials and pins are of certificate mode only."""

    appid: str
    key: RSAPrivateKey
    alipay: AlipayKeys
    app_cert_sn: str = ""
    root_cert_sn: str = ""
    pins: Pinned | None = None
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
    certificates, roots = settings.alipay_certificates or "", settings.alipay_root_certificates or ""
    return AlipayApp(
        appid=settings.alipay_appid,
        key=key,
        alipay=AlipayKeys(certificates=certified_keys(certificates)),
        app_cert_sn=certificate_sn(settings.alipay_app_certificate or ""),
        root_cert_sn=root_sn(roots),
        pins=pinned(roots=roots, alipay=certificates),
        aes_key=sealing,
    )


class Call(Struct, frozen=True, kw_only=True):
    """One method and what it is given.

    ``fields`` stand beside the public parameters in v2; everything else is its ``biz_content``. Where
    they go in v3, with which ``verb``, is in the method's page. ``open`` is never sealed, whatever the app.
    """

    method: str
    fields: Mapping[str, str] = {}
    content: Mapping[str, object] = {}
    verb: Verb = "POST"
    in_query: bool = False
    open: bool = False


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
            if self._app.aes_key is not None and not call.open:
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


class Succession:
    """Alipay's certificates that no setting names yet: each downloaded once, believed for its issuers.

    Whoever can answer in Alipay's place can name serials without end. So one download is under way at a
    time, whatever the answers name, and after one that taught us nothing none is begun for a while.
    """

    def __init__(self, gateway: GatewayTransport, app: AlipayApp, clock: Clock) -> None:
        self._gateway = gateway
        self._app = app
        self._clock = clock
        self._asking: asyncio.Task[None] | None = None
        self._not_before: datetime | None = None

    async def learn(self, serial: str) -> bool:
        """Whether the certificate called ``serial`` is one of Alipay's after all; its key is then held."""
        held = self._app.alipay.certificates
        while serial not in held:
            if self._asking is None:
                paused = self._not_before is not None and self._clock() < self._not_before
                if paused or self._app.pins is None or not may_be_serial(serial):
                    return False
                self._asking = asyncio.create_task(self._download(serial, self._app.pins))
            # Shielded: who waits may give up, and the others wait for the same answer.
            await asyncio.shield(self._asking)
        return True

    async def _download(self, serial: str, pins: Pinned) -> None:
        try:
            found = await self._downloaded(serial, pins)
            if found is None:
                self._not_before = self._clock() + _PAUSE
                _log.error("alipay names a certificate that cannot be shown to be its own: %s", serial)
            else:
                self._app.alipay.certificates[serial] = found
                _log.warning("alipay signs with a new certificate; add it to the settings: %s", serial)
        finally:
            self._asking = None

    async def _downloaded(self, serial: str, pins: Pinned) -> RSAPublicKey | None:
        # v2 for apps of v3 too. Never by way of ``AlipayClient.ask``: what this answer is signed with is
        # not looked at, so that it cannot lead to the next download.
        call = Call(method=_DOWNLOAD, content={"alipay_cert_sn": serial}, open=True)
        try:
            reply, _ = await self._gateway.ask(call)
            pem = alipay_v2.downloaded(reply.body, method=_DOWNLOAD)
        except (ConnectionError, TimeoutError, Distrusted):
            return None
        return succeeding_key(pem, serial, pins=pins, at=self._clock())


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
        self._succession = Succession(self._gateway, app, clock)

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
            return msgspec.convert(await self._believed(read), answer)
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

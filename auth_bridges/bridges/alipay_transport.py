"""How Alipay is asked: which app we are there, what a call is, and the two ways to send one (v2, v3)."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol
from urllib.parse import quote, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from msgspec import Struct

from auth_bridges.codec import alipay_v2, alipay_v3
from auth_bridges.codec.alipay_content import encrypt
from auth_bridges.codec.alipay_keys import (
    aes_key,
    certificate_sn,
    certified_keys,
    private_key,
    public_key,
    root_sn,
)
from auth_bridges.codec.alipay_signatures import AlipayKeys
from auth_bridges.codec.alipay_succession import Pinned, pinned
from auth_bridges.ports import Chance, Clock, Http, Reply
from auth_bridges.settings import AuthSettings

Verb = Literal["GET", "POST"]
_TOTAL: Final = 5.0
_LARGEST: Final = 64 * 1024
_GATEWAY: Final = "/gateway.do"
_FORM: Final = "application/x-www-form-urlencoded;charset=utf-8"


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

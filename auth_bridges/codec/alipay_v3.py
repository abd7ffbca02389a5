"""Alipay's v3: an address for each method, a signature in ``Authorization`` and in the reply's headers.

Errors are HTTP 4xx and 5xx, flat JSON, and unsigned; their ``links`` is an array whatever the page says.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from auth_bridges.codec.alipay_content import GatewayError, decrypt, members, parse
from auth_bridges.codec.alipay_signatures import AlipayKeys, Distrust, Distrusted, check, sign

_SCHEME: Final = "ALIPAY-SHA256withRSA"
_FRESH: Final = timedelta(minutes=10)


def path_of(method: str) -> str:
    """Where a v2 method is in v3."""
    return "/v3/" + method.replace(".", "/")


def authorization(
    key: RSAPrivateKey,
    *,
    appid: str,
    app_cert_sn: str | None,
    nonce: str,
    now: datetime,
    method: str,
    target: str,
    body: bytes,
    app_auth_token: str = "",
) -> str:
    """The header ``Authorization`` of a request; ``target`` is its path and query as sent."""
    fields = {"app_id": appid, "app_cert_sn": app_cert_sn, "nonce": nonce, "timestamp": _milliseconds(now)}
    said = ",".join(f"{name}={value}" for name, value in fields.items() if value)
    text = f"{said}\n{method}\n{target}\n".encode() + body + b"\n"
    if app_auth_token:
        text += f"{app_auth_token}\n".encode()
    return f"{_SCHEME} {said},sign={sign(key, text)}"


def open_reply(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: AlipayKeys,
    now: datetime,
    aes_key: bytes | None = None,
) -> dict[str, object]:
    """What Alipay answered, verified before it is parsed; ``headers`` by lower-case name.

    ``aes_key`` only for what was asked under encryption. ``GatewayError`` is Alipay's own no;
    ``Distrusted`` means that this is not Alipay's answer.
    """
    if status < 400 and aes_key is None:
        members(body)  # half a reply is an outage, and not somebody who cannot sign
    signature = headers.get("alipay-signature", "")
    if signature:
        _check(signature, headers, body, keys, now)
    if status >= 400:
        raise _error(parse(body))
    if not signature:
        raise Distrusted(Distrust.UNSIGNED)
    return parse(body if aes_key is None else decrypt(_ascii(body), aes_key))


def _check(signature: str, headers: Mapping[str, str], body: bytes, keys: AlipayKeys, now: datetime) -> None:
    said, nonce = headers.get("alipay-timestamp", ""), headers.get("alipay-nonce", "")
    text = f"{said}\n{nonce}\n".encode() + body + b"\n"
    check(keys.named(headers.get("alipay-sn")), text, signature)
    if not (said.isascii() and said.isdigit() and len(said) <= 14):
        raise Distrusted(Distrust.STALE)
    # A reply carries no name of what it answers: one kept from earlier is told by its age alone.
    if abs(now - datetime.fromtimestamp(int(said) / 1000, UTC)) > _FRESH:
        raise Distrusted(Distrust.STALE)


def _error(content: Mapping[str, object]) -> GatewayError:
    code = content.get("code")
    if not isinstance(code, str):
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED)
    return GatewayError(code)


def _milliseconds(now: datetime) -> str:
    return str(int(now.timestamp() * 1000))


def _ascii(body: bytes) -> str:
    try:
        return body.decode("ascii").strip('"')
    except UnicodeDecodeError:
        raise Distrusted(Distrust.NOT_OPENED) from None

"""Alipay's v2 gateway: one address, signed parameters, replies signed over a piece of their own text.

    {"alipay_system_oauth_token_response":{…},"alipay_cert_sn":"…","sign":"…"}

The signature is over the raw bytes of ``{…}``, or of the quoted ciphertext with its quotes. Errors of the
gateway come without one, some under ``error_response``.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from auth_bridges.codec.alipay_content import SUCCESS, GatewayError, decrypt, members, parse, text_of
from auth_bridges.codec.alipay_signatures import AlipayKeys, Distrust, Distrusted, check, sign

_SHANGHAI: Final = timezone(timedelta(hours=8))


def timestamp(now: datetime) -> str:
    """``now`` as Alipay wants it: Shanghai's time, whatever the machine thinks its zone is."""
    return now.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def signed(params: Mapping[str, str], key: RSAPrivateKey) -> dict[str, str]:
    """``params`` without the empty ones, and their signature."""
    kept = {name: value for name, value in params.items() if value and name != "sign"}
    return {**kept, "sign": sign(key, signed_text(kept))}


def signed_text(params: Mapping[str, str]) -> bytes:
    """What is signed: sorted, raw, ``sign_type`` among them."""
    pairs = sorted((name, value) for name, value in params.items() if value and name != "sign")
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


def open_reply(
    body: bytes, *, method: str, keys: AlipayKeys, aes_key: bytes | None = None
) -> dict[str, object]:
    """What Alipay answered to ``method``, verified before it is parsed.

    ``GatewayError`` is Alipay's own no; ``Distrusted`` means that this is not Alipay's answer.
    """
    parts = members(body)
    named = f"{method.replace('.', '_')}_response"
    if (named in parts) == ("error_response" in parts):
        raise Distrusted(Distrust.OTHER_METHOD)
    is_error = named not in parts
    raw = parts["error_response" if is_error else named]
    signature = text_of(parts.get("sign", b'""'))
    if not signature:
        raise _unsigned(raw, is_error=is_error)
    serial = text_of(parts["alipay_cert_sn"]) if "alipay_cert_sn" in parts else None
    check(keys.named(serial), raw, signature)
    content = parse(decrypt(text_of(raw), aes_key) if raw.startswith(b'"') else raw)
    if is_error or content.get("code", SUCCESS) != SUCCESS:
        raise _error(content)
    return content


def downloaded(body: bytes, *, method: str) -> str:
    """The certificates that ``method`` answered with, in PEM.

    Nothing vouches for the answer: they are to be believed for their issuers' signatures and no others.
    """
    parts = members(body)
    named = f"{method.replace('.', '_')}_response"
    if named not in parts:
        raise Distrusted(Distrust.OTHER_METHOD)
    text = parse(parts[named]).get("alipay_cert_content")
    if not isinstance(text, str):
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED)
    try:
        return b64decode(text, validate=True).decode("ascii")
    except (NotBase64, ValueError):
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED) from None


def _unsigned(raw: bytes, *, is_error: bool) -> Exception:
    """An unsigned reply may say no; whatever else it says is not believed."""
    if not raw.startswith(b"{"):
        return Distrusted(Distrust.UNSIGNED)
    content = parse(raw)
    if is_error or content.get("code", SUCCESS) != SUCCESS:
        return _error(content)
    return Distrusted(Distrust.UNSIGNED)


def _error(content: Mapping[str, object]) -> GatewayError:
    code, sub_code = content.get("code"), content.get("sub_code", "")
    if not isinstance(code, str) or not isinstance(sub_code, str):
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED)
    return GatewayError(code, sub_code)

"""The packet of ``my.getPhoneNumber`` (获取会员手机号), as the mini-program passes it on.

    {"response":"<ciphertext>","sign":"…","sign_type":"RSA2","encrypt_type":"AES","charset":"UTF-8"}

The ciphertext has a zero IV and no MAC: nothing of it is looked at before the signature held, which is
over the ciphertext between its quotes. There is no nonce and no time in it either, so whoever takes a
packet must see to it that each is taken once.
"""

import re
from hashlib import sha256
from typing import Final

from msgspec import Struct

from auth_bridges.codec.alipay_content import SUCCESS, GatewayError, decrypt, members, parse, text_of
from auth_bridges.codec.alipay_signatures import AlipayKeys, Distrust, Distrusted, check

_MOBILE: Final = re.compile(r"\+?[0-9][0-9-]{4,19}")


class PhonePacket(Struct, frozen=True, kw_only=True):
    """A verified packet: the number, and by what it is known again when it comes a second time."""

    mobile: str
    digest: bytes


def open_phone_packet(packet: bytes, *, keys: AlipayKeys, aes_key: bytes | None) -> PhonePacket:
    """The phone number Alipay vouches for; ``GatewayError`` if it says no, ``Distrusted`` if it is not it."""
    parts = members(packet)
    signature = text_of(parts.get("sign", b'""'))
    if "response" not in parts:
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED)
    if not signature:
        raise Distrusted(Distrust.UNSIGNED)
    raw = parts["response"]
    serial = text_of(parts["alipay_cert_sn"]) if "alipay_cert_sn" in parts else None
    # Without encryption it is an object, or the text of one; with it, a text that is none.
    response = text_of(raw).encode() if raw.startswith(b'"') else raw
    sealed = not response.startswith(b"{")
    signed = b'"' + response + b'"' if sealed else response
    _check(keys, serial, signed, signature)
    content = parse(decrypt(response.decode(), aes_key) if sealed else response)
    code, sub_code = content.get("code"), content.get("subCode", content.get("sub_code", ""))
    if not isinstance(code, str) or not isinstance(sub_code, str):
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED)
    if code != SUCCESS:
        raise GatewayError(code, sub_code)
    mobile = content.get("mobile")
    if not isinstance(mobile, str) or not _MOBILE.fullmatch(mobile):
        raise Distrusted(Distrust.NOT_AS_DOCUMENTED)
    return PhonePacket(mobile=mobile, digest=sha256(signed).digest())


def _check(keys: AlipayKeys, serial: str | None, signed: bytes, signature: str) -> None:
    """A packet names no certificate, as a rule: then it may be by any of those we accept."""
    if serial is not None or keys.key is not None:
        return check(keys.named(serial), signed, signature)
    doubt = Distrusted(Distrust.CERTIFICATE_UNKNOWN)
    for key in keys.certificates.values():
        try:
            return check(key, signed, signature)
        except Distrusted as why:
            doubt = why
    raise doubt

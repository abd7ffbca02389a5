"""WeChat's secure API (服务端 API 签名加密): what is sealed and signed, in both directions.

The body is ``{"iv","data","authtag"}`` under AES-256-GCM or SM4-GCM, with ``urlpath|appid|timestamp|sn`` as
associated data; the signature is RSASSA-PSS with SHA-256, MGF1-SHA-256 and 32 bytes of salt (the
documentation's name for it, RSAwithSHA256, is misleading) over ``urlpath``, ``appid``, ``timestamp`` and
the body as it travels, byte for byte. ``urlpath`` is scheme, host and path, no query.

A reply is believed in this order: signed at all, by a certificate we know, with a right signature, of the
last five minutes, sealed for this very call. Only then is anything in it read.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct

from auth_bridges.jws import NOT_JSON
from auth_bridges.refusals import (
    ReplyForeign,
    ReplyOfUnknownSerial,
    ReplyStale,
    ReplyUnreadable,
    ReplyUnsigned,
    ReplyWronglySigned,
)

LONGEST_AGE: Final = 300
"""Seconds; what is older is refused, as in WeChat's own sample."""

_PSS: Final = PSS(MGF1(SHA256()), salt_length=32)


class Sealing(StrEnum):
    """The symmetric ciphers WeChat's console offers."""

    AES256 = "aes256"
    SM4 = "sm4"


class SymmetricKey(Struct, frozen=True, kw_only=True):
    """The key both sides seal with, and its number in WeChat's console."""

    serial: str
    key: bytes
    sealing: Sealing

    def __repr__(self) -> str:
        return f"SymmetricKey(serial={self.serial!r}, sealing={self.sealing!r}, …)"


class Envelope(Struct, frozen=True, kw_only=True):
    """A sealed body."""

    iv: str
    data: str
    authtag: str


class Call(Struct, frozen=True, kw_only=True):
    """What a signature and a seal belong to: one path of one app at one second."""

    urlpath: str
    appid: str
    timestamp: int


class _Inside(Struct, frozen=True, kw_only=True):
    appid: str = msgspec.field(name="_appid")
    timestamp: int = msgspec.field(name="_timestamp")


_encode: Final = msgspec.json.Encoder().encode
_envelope: Final = msgspec.json.Decoder(Envelope).decode
_inside: Final = msgspec.json.Decoder(_Inside).decode


def seal(plain: bytes, *, key: SymmetricKey, call: Call, iv: bytes) -> bytes:
    """The body that carries ``plain``; ``iv`` is 12 bytes that were never used with this key."""
    encryptor = Cipher(_algorithm(key), GCM(iv)).encryptor()
    encryptor.authenticate_additional_data(_associated(call, key))
    data = encryptor.update(plain) + encryptor.finalize()
    parts = {"iv": iv, "data": data, "authtag": encryptor.tag}
    return _encode({name: b64encode(part).decode() for name, part in parts.items()})


def unseal(body: bytes, *, key: SymmetricKey, call: Call) -> bytes:
    """What was sealed for ``call``, or ``ReplyUnreadable``."""
    try:
        envelope = _envelope(body)
        iv, data, tag = (
            b64decode(part, validate=True) for part in (envelope.iv, envelope.data, envelope.authtag)
        )
        decryptor = Cipher(_algorithm(key), GCM(iv, tag, min_tag_length=16)).decryptor()
        decryptor.authenticate_additional_data(_associated(call, key))
        return decryptor.update(data) + decryptor.finalize()
    except (*NOT_JSON, InvalidTag, ValueError):
        raise ReplyUnreadable from None


def signed_text(body: bytes, call: Call) -> bytes:
    """The bytes a signature is over."""
    return f"{call.urlpath}\n{call.appid}\n{call.timestamp}\n".encode() + body


def sign(body: bytes, *, key: RSAPrivateKey, call: Call) -> str:
    """The signature of ``body`` in base64; no two are alike, the salt is the library's own."""
    return b64encode(key.sign(signed_text(body, call), _PSS, SHA256())).decode()


def is_signed(body: bytes, signature: str, *, key: RSAPublicKey, call: Call) -> bool:
    """Whether the holder of ``key`` signed exactly these bytes for ``call``."""
    try:
        key.verify(b64decode(signature, validate=True), signed_text(body, call), _PSS, SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def read_reply(
    body: bytes,
    headers: Mapping[str, str],
    *,
    urlpath: str,
    appid: str,
    symmetric: SymmetricKey,
    platform: Mapping[str, RSAPublicKey],
    now: datetime,
) -> bytes:
    """The JSON WeChat sealed for us in answer to a call of ``urlpath``; each way to be wrong has its refusal.

    ``platform`` are the certificates' keys by the number WeChat's console gives them (not the one inside
    X.509). While WeChat changes its certificate a reply is signed by both, the old one in headers of its own.
    """
    # Header names come in lower case.
    signature, stamp = headers.get("wechatmp-signature"), headers.get("wechatmp-timestamp")
    serial, signer = headers.get("wechatmp-serial"), headers.get("wechatmp-appid")
    if not (signature and stamp and serial and signer):
        raise ReplyUnsigned
    if signer != appid:
        raise ReplyForeign
    if serial not in platform:
        serial = headers.get("wechatmp-serial-deprecated", "")
        signature = headers.get("wechatmp-signature-deprecated", "")
    if serial not in platform:
        raise ReplyOfUnknownSerial
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise ReplyUnsigned
    call = Call(urlpath=urlpath, appid=appid, timestamp=int(stamp))
    if not is_signed(body, signature, key=platform[serial], call=call):
        raise ReplyWronglySigned
    if not abs(now.timestamp() - call.timestamp) <= LONGEST_AGE:
        raise ReplyStale
    plain = unseal(body, key=symmetric, call=call)
    try:
        inside = _inside(plain)
    except NOT_JSON:
        raise ReplyUnreadable from None
    if inside.appid != appid:
        raise ReplyForeign
    if inside.timestamp != call.timestamp:
        raise ReplyStale
    return plain


def _algorithm(key: SymmetricKey) -> AES256 | SM4:
    return AES256(key.key) if key.sealing is Sealing.AES256 else SM4(key.key)


def _associated(call: Call, key: SymmetricKey) -> bytes:
    return f"{call.urlpath}|{call.appid}|{call.timestamp}|{key.serial}".encode()

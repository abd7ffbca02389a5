"""What WeChat seals for the mini-program (开放数据), and what it signs with the session key.

AES-128-CBC with PKCS#7 under the base64-decoded ``session_key``. CBC authenticates nothing: the watermark
inside says whose data it is and of when, and is checked before anything else is believed. The two
signatures use the key as the text it came as, not decoded.
"""

import hmac
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha1, sha256
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from msgspec import Struct

from auth_bridges.jws import NOT_JSON
from auth_bridges.refusals import OpenDataForeign, OpenDataStale, OpenDataUnreadable

FRESH: Final = timedelta(minutes=10)
"""A session key opens for five minutes and a code lives for five: what is older was kept by somebody."""
_AHEAD: Final = timedelta(minutes=1)


class Watermark(Struct, frozen=True, kw_only=True):
    """WeChat's mark inside what it seals: for which app, at which second."""

    appid: str
    timestamp: int


class _Marked(Struct, frozen=True, kw_only=True):
    watermark: Watermark


_marked: Final = msgspec.json.Decoder(_Marked).decode


def open_data(encrypted: str, iv: str, session_key: str) -> bytes:
    """The plaintext of ``encryptedData``, or ``OpenDataUnreadable``: another key, or changed since."""
    try:
        key, start, sealed = (b64decode(part, validate=True) for part in (session_key, iv, encrypted))
        decryptor = Cipher(AES128(key), CBC(start)).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise OpenDataUnreadable from None


def read_open_data(encrypted: str, iv: str, session_key: str, *, appid: str, now: datetime) -> bytes:
    """The JSON inside ``encryptedData``, made for ``appid`` and lately; anything else is refused."""
    plain = open_data(encrypted, iv, session_key)
    try:
        watermark = _marked(plain).watermark
    except NOT_JSON:
        # A wrong key passes the padding once in 256 times: then there is no JSON inside.
        raise OpenDataUnreadable from None
    check_watermark(watermark, appid=appid, now=now)
    return plain


def check_watermark(watermark: Watermark, *, appid: str, now: datetime) -> None:
    """Refuse what WeChat made for another app, long ago, or in the future."""
    if watermark.appid != appid:
        raise OpenDataForeign
    try:
        age = now - datetime.fromtimestamp(watermark.timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        raise OpenDataStale from None
    if not -_AHEAD <= age <= FRESH:
        raise OpenDataStale


def raw_data_is_signed(raw_data: str, signature: str, session_key: str) -> bool:
    """Whether WeChat signed ``rawData``: hex SHA-1 over it and the key; compared in constant time."""
    made = sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(made.encode(), signature.encode())


def session_signature(session_key: str, body: bytes = b"") -> str:
    """The user's login state as ``checksession`` wants it proved: hex HMAC-SHA-256 (``hmac_sha256``)."""
    return hmac.new(session_key.encode(), body, sha256).hexdigest()

"""Dynamic codes (动态码): what a resident's phone shows for a minute.

    SHC.  base64url( key name (1) || nonce (12) || AES-256-GCM( subject (32) || expiry, Unix seconds (4) ) )

The subject is sealed: two codes of one person have nothing in common for who does not hold the key, and
nobody can make one. Making one needs no store; reading one needs none either, so whoever checks it asks for
the person's snapshot at once.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

PREFIX: Final = "SHC."
SUBJECT: Final = 32
NONCE: Final = 12
SKEW: Final = 5
"""Seconds that the clocks of who seals and who opens may differ by: for so long it is borne after its end."""
_LENGTH: Final = 1 + NONCE + SUBJECT + 4 + 16
_TEXT: Final = -(-_LENGTH * 4 // 3)


class NotACode(ValueError):
    """Not a code sealed with a key of ours."""


class DynamicCode(Struct, frozen=True):
    """What a code says: whose it is, and until when it is good."""

    subject: bytes
    expires_at: int


class DynamicCodes:
    """Seals and opens codes with a set of keys; the first one seals."""

    def __init__(self, keys: Mapping[bytes, bytes]) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._name = next(iter(keys))
        self._cipher = self._ciphers[self._name]

    def seal(self, subject: bytes, expires_at: int, nonce: bytes) -> str:
        """The text of the QR."""
        sealed = self._cipher.encrypt(nonce, subject + expires_at.to_bytes(4), self._name)
        return PREFIX + urlsafe_b64encode(self._name + nonce + sealed).rstrip(b"=").decode()

    def open(self, text: str) -> DynamicCode:
        """What the text says, or ``NotACode``. Whether it is still good is the caller's to say."""
        body = text[len(PREFIX) :]
        if not text.startswith(PREFIX) or len(body) != _TEXT or not body.isascii():
            raise NotACode("not of this form")
        try:
            raw = urlsafe_b64decode(body + "=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            raise NotACode("not of this form") from None
        # One spelling only: the bits base64 leaves over must be zero.
        if len(raw) != _LENGTH or urlsafe_b64encode(raw).rstrip(b"=").decode() != body:
            raise NotACode("not of this form")
        name, nonce, sealed = raw[:1], raw[1 : 1 + NONCE], raw[1 + NONCE :]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise NotACode("sealed with a key we do not hold")
        try:
            plain = cipher.decrypt(nonce, sealed, name)
        except InvalidTag:
            raise NotACode("changed, or not ours") from None
        return DynamicCode(plain[:SUBJECT], int.from_bytes(plain[SUBJECT:]))

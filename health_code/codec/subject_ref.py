"""References to people in an exposure query's answer: sealed, and of no use to anybody else.

    base64url( query (16) || nonce (12) || AES-256-GCM( subject (32) ) )

The nonce is a MAC of query and subject, so that one person has one reference in one query, and references of
two queries have nothing in common. To seal the same twice under such a nonce is to seal it once.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_QUERY: Final = 16
_NONCE: Final = 12
_LENGTH: Final = _QUERY + _NONCE + 32 + 16


class NotARef(ValueError):
    """Not a reference of ours."""


class SubjectRefs:
    """Makes and reads references with one key of 32 bytes. A subject is a keyed hash of 43 characters."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(hmac.digest(key, b"seal", "sha256"))

    def make(self, query: str, subject: str) -> str:
        """The reference to ``subject`` in ``query``."""
        head, plain = bytes.fromhex(query), urlsafe_b64decode(subject + "=")
        nonce = hmac.digest(self._key, head + plain, "sha256")[:_NONCE]
        return _text(head + nonce + self._cipher.encrypt(nonce, plain, head))

    def read(self, text: str) -> tuple[str, str]:
        """The query and the subject, or ``NotARef``."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raise NotARef("not of this form") from None
        if len(raw) != _LENGTH or _text(raw) != text:
            raise NotARef("not of this form")
        head, nonce, sealed = raw[:_QUERY], raw[_QUERY : _QUERY + _NONCE], raw[_QUERY + _NONCE :]
        try:
            plain = self._cipher.decrypt(nonce, sealed, head)
        except InvalidTag:
            raise NotARef("changed, or not ours") from None
        return head.hex(), _text(plain)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()

"""ID numbers (公民身份号码) and names: sealed at rest, found by keyed hash, shown masked.

Sealed is AES-256-GCM: ``0x01 || key id (4) || nonce (12) || ciphertext and tag``. What the value
belongs to is authenticated with it, so a ciphertext copied into another record does not open. Several
keys can open, the first one seals: put a new key in front to rotate.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ID_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
_VERSION: Final = b"\x01"
_KEY_ID: Final = 4
_NONCE: Final = 12


class SealBroken(Exception):
    """Not sealed by us, not for this place, or changed since."""


class IdNumbers:
    """Seals, hashes and masks. Keys are 32 bytes; the hash key can never change without a migration."""

    def __init__(
        self,
        *,
        hash_key: bytes,
        seal_keys: Sequence[bytes],
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        if len(hash_key) != 32 or not seal_keys or any(len(key) != 32 for key in seal_keys):
            raise ValueError("keys for ID numbers have 32 bytes")
        self._hash_key = hash_key
        self._ciphers = {sha256(key).digest()[:_KEY_ID]: AESGCM(key) for key in seal_keys}
        self._sealing = sha256(seal_keys[0]).digest()[:_KEY_ID]
        self._chance = chance

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt; ``context`` must be given again to open."""
        head = _VERSION + self._sealing
        nonce = self._chance(_NONCE)
        return head + nonce + self._ciphers[self._sealing].encrypt(nonce, plain, head + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt, or raise ``SealBroken``."""
        head, nonce, body = sealed[: 1 + _KEY_ID], sealed[1 + _KEY_ID : 17], sealed[17:]
        cipher = self._ciphers.get(head[1:])
        if head[:1] != _VERSION or cipher is None:
            raise SealBroken("sealed with a key we do not hold")
        try:
            return cipher.decrypt(nonce, body, head + context)
        except (InvalidTag, ValueError):
            raise SealBroken("changed, or sealed for another place") from None

    def hash(self, number: str) -> str:
        """The keyed hash under which the holder of ``number`` is found; ``ValueError`` for no ID number."""
        if not _ID_NUMBER.fullmatch(number):
            raise ValueError("not an ID number")
        return self.pseudonym("id-number", number)

    def pseudonym(self, kind: str, value: str) -> str:
        """The keyed hash of ``value``, different for each ``kind``: 43 characters, base64url."""
        digest = hmac.digest(self._hash_key, f"{kind}\0{value}".encode(), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def secret(self, purpose: str) -> bytes:
        """32 bytes for ``purpose``, the same in every process of this city."""
        return hmac.digest(self._hash_key, f"secret\0{purpose}".encode(), "sha256")

    @staticmethod
    def mask(number: str) -> str:
        """The first three and last two characters of ``number``, the rest starred."""
        return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}" if len(number) > 5 else "*" * len(number)

    @staticmethod
    def mask_name(name: str) -> str:
        """The first character of ``name``, the rest starred."""
        return name[:1] + "*" * (len(name) - 1)

    @staticmethod
    def mask_child(name: str) -> str:
        """林*满, *满: ``name`` as its family may see it, told apart from those who share the surname."""
        return f"{name[:1]}*{name[-1]}" if len(name) > 2 else f"*{name[1:]}"

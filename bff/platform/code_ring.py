"""A ring of keys as codecs of codes want it: P-256 keys found by the short name that fits into a QR."""

from collections.abc import Mapping

from bff.platform.keys import KeyRing
from wallet.codec.keys import SigningKey, VerifyingKey


class CodeRing:
    """The keys of ``ring``, each named by the first ``name_bytes`` of its RFC 7638 thumbprint."""

    def __init__(self, ring: KeyRing, *, name_bytes: int) -> None:
        self._ring = ring
        self._name_bytes = name_bytes
        self._generation = -1
        self._signing: SigningKey
        self._verifying: Mapping[bytes, VerifyingKey] = {}

    def signing(self) -> SigningKey:
        """The key to sign with now."""
        self._follow()
        return self._signing

    def verifying(self) -> Mapping[bytes, VerifyingKey]:
        """Every key still accepted, by name."""
        self._follow()
        return self._verifying

    def _follow(self) -> None:
        if self._generation != self._ring.generation:
            length = self._name_bytes
            current = self._ring.signing()
            self._signing = SigningKey(current.private, current.thumbprint[:length])
            keys = [VerifyingKey(key.public, key.thumbprint[:length]) for key in self._ring.keys().values()]
            self._verifying = {key.kid: key for key in keys}
            self._generation = self._ring.generation

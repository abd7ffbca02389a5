"""How a check-in is sealed at rest: AES-256-GCM under its day's key, ``nonce (12) || ciphertext and tag``.

The key is random and is destroyed with its day. What is sealed belongs to one check-in, by its id.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY: Final = 32
NONCE: Final = 12


def seal(key: bytes, nonce: bytes, plain: bytes, checkin: str) -> bytes:
    """``plain`` sealed for the check-in called ``checkin``."""
    return nonce + AESGCM(key).encrypt(nonce, plain, checkin.encode())


def unseal(key: bytes, sealed: bytes, checkin: str) -> bytes:
    """What was sealed; ``cryptography.exceptions.InvalidTag`` if it is another's, or changed."""
    return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], checkin.encode())

"""RSA and AES as Alipay does them, written down a second time, from RFC 8017 and with whole numbers.

What the product signs is not to be judged by the product's own code, nor by the library it calls.
"""

import hashlib
from base64 import b64decode, b64encode
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# RFC 8017 §9.2, note 1.
_DIGEST_INFO: Final = {
    "md5": "3020300c06082a864886f70d020505000410",
    "sha1": "3021300906052b0e03021a05000414",
    "sha256": "3031300d060960864801650304020105000420",
}
_IV: Final = bytes(16)
_BLOCK: Final = 16


def rsa_sign(key: RSAPrivateKey, text: bytes, digest: str = "sha256") -> str:
    """RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.1) with the digest asked for, right or wrong."""
    numbers = key.private_numbers()
    size = (numbers.public_numbers.n.bit_length() + 7) // 8
    message = int.from_bytes(_encoded(text, digest, size))
    # §5.1.2, by the Chinese remainder theorem.
    first = pow(message, numbers.dmp1, numbers.p)
    second = pow(message, numbers.dmq1, numbers.q)
    signature = second + numbers.q * (numbers.iqmp * (first - second) % numbers.p)
    return b64encode(signature.to_bytes(size)).decode()


def rsa_verifies(key: RSAPublicKey, text: bytes, signature: str) -> bool:
    """RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2) with SHA-256."""
    numbers = key.public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    try:
        raw = b64decode(signature, validate=True)
    except ValueError:
        return False
    number = int.from_bytes(raw)
    if len(raw) != size or number >= numbers.n:
        return False
    return pow(number, numbers.e, numbers.n).to_bytes(size) == _encoded(text, "sha256", size)


def seal(plain: bytes, key: str) -> str:
    """AES-128-CBC with an IV of zeros and as many bytes of padding as each of them says."""
    padding = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(algorithms.AES(b64decode(key)), modes.CBC(_IV)).encryptor()
    return b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()


def unseal(sealed: str, key: str) -> bytes:
    """What was sealed; ``ValueError`` for what was not."""
    decryptor = Cipher(algorithms.AES(b64decode(key)), modes.CBC(_IV)).decryptor()
    padded = decryptor.update(b64decode(sealed, validate=True)) + decryptor.finalize()
    padding = padded[-1] if padded else 0
    if not 1 <= padding <= _BLOCK or padded[-padding:] != bytes([padding]) * padding:
        raise ValueError("not padded")
    return padded[:-padding]


def _encoded(text: bytes, digest: str, size: int) -> bytes:
    """EMSA-PKCS1-v1_5 (RFC 8017 §9.2)."""
    info = bytes.fromhex(_DIGEST_INFO[digest]) + hashlib.new(digest, text, usedforsecurity=False).digest()
    return b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info

"""ES256 and PS256, and no other: who may sign, and whether it did."""

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

ES256: Final = -7
PS256: Final = -37
"""Names of algorithms, as COSE has them (RFC 9053 §2)."""

Verify = Callable[[bytes, bytes], bool]
"""Whether the second is the key's signature over the first."""

_SHA256: Final = hashes.SHA256()
_ECDSA: Final = ec.ECDSA(_SHA256)
_PSS: Final = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=padding.PSS.DIGEST_LENGTH)
_SHORTEST_RSA: Final = 2048


def verifier(key: object) -> tuple[int, Verify] | None:
    """The algorithm ``key`` signs with and its check; None for a key of a kind that signs no certificates."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1):
            return ES256, _es256(key)
        if isinstance(key.curve, ec.SECP384R1):
            # ES256 names the hash and not the curve (RFC 9053 §2.1), and a member state took this one.
            return ES256, _es256_of_p384(key)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _SHORTEST_RSA:
        return PS256, _ps256(key)
    return None


def _es256(key: ec.EllipticCurvePublicKey) -> Verify:
    check = key.verify

    def verify(message: bytes, signature: bytes) -> bool:
        # r‖s and nothing else: libraries of others once took DER, and wrote it.
        if len(signature) != 64:
            return False
        try:
            check(_der(signature), message, _ECDSA)
        except InvalidSignature:
            return False
        return True

    return verify


def _es256_of_p384(key: ec.EllipticCurvePublicKey) -> Verify:
    def verify(message: bytes, signature: bytes) -> bool:
        if len(signature) != 96:
            return False
        r, s = int.from_bytes(signature[:48]), int.from_bytes(signature[48:])
        try:
            key.verify(encode_dss_signature(r, s), message, _ECDSA)
        except InvalidSignature:
            return False
        return True

    return verify


def _ps256(key: rsa.RSAPublicKey) -> Verify:
    def verify(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message, _PSS, _SHA256)
        except InvalidSignature:
            return False
        return True

    return verify


def _der(signature: bytes) -> bytes:
    """r‖s as OpenSSL wants it; by hand, as both are full-length in 127 of 128 signatures."""
    r, s = signature[:32], signature[32:]
    if r[0] == 0 or s[0] == 0:
        return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
    r = b"\x02\x21\0" + r if r[0] & 0x80 else b"\x02\x20" + r
    s = b"\x02\x21\0" + s if s[0] & 0x80 else b"\x02\x20" + s
    return bytes((0x30, len(r) + len(s))) + r + s

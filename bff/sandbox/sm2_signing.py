"""SM2, the signing half (GB/T 32918.2 §6), for the simulated authority and whoever holds its certificates.

Written apart from the product's verifier, in plain affine coordinates, so that the one can judge the other.
Slow, and not safe against anybody who can measure it: it signs what is made up.
"""

import secrets
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SM3, Hash

Q: Final = 2**256 - 2**224 - 2**96 + 2**64 - 1


def _number(text: str) -> int:
    return int.from_bytes(bytes.fromhex(text), "big")


ORDER: Final = _number("fffffffe ffffffff ffffffff ffffffff 7203df6b 21c6052b 53bbf409 39d54123")
COEFFICIENT_A: Final = Q - 3
COEFFICIENT_B: Final = _number("28e9fa9e 9d9f5e34 4d5a9e4b cf6509a7 f39789f5 15ab8f92 ddbcbd41 4d940e93")
BASE: Final = (
    _number("32c4ae2c 1f198119 5f990446 6a39c994 8fe30bbf f2660be1 715a4589 334c74c7"),
    _number("bc3736a2 f4f6779c 59bdcee3 6b692153 d0a9877c c62a4740 02df32e5 2139f0a0"),
)
Affine = tuple[int, int] | None
USER: Final = b"1234567812345678"


class Sm2Private:
    """A private key; ``seed`` makes the same one each time."""

    def __init__(self, seed: str | None = None) -> None:
        number = secrets.randbits(256) if seed is None else int.from_bytes(sha256(seed.encode()).digest())
        self._d = number % (ORDER - 2) + 1
        point = _times(self._d, BASE)
        assert point is not None  # noqa: S101 - 0 < d < n
        self.point = b"\4" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")

    def sign(self, message: bytes) -> bytes:
        """A signature over ``message``, in DER."""
        digest = int.from_bytes(sm3(self._identity() + message), "big")
        while True:
            k = secrets.randbelow(ORDER - 1) + 1
            point = _times(k, BASE)
            r = (digest + (0 if point is None else point[0])) % ORDER
            if r in (0, ORDER - k):
                continue
            s = pow(1 + self._d, -1, ORDER) * (k - r * self._d) % ORDER
            if s:
                return encode_dss_signature(r, s)

    def _identity(self) -> bytes:
        curve = [COEFFICIENT_A, COEFFICIENT_B, *BASE]
        bits = (len(USER) * 8).to_bytes(2, "big")
        return sm3(bits + USER + b"".join(each.to_bytes(32, "big") for each in curve) + self.point[1:])


def sm3(data: bytes) -> bytes:
    """The digest."""
    hasher = Hash(SM3())
    hasher.update(data)
    return hasher.finalize()


def _times(k: int, point: Affine) -> Affine:
    total: Affine = None
    while k:
        if k & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        k >>= 1
    return total


def _plus(one: Affine, two: Affine) -> Affine:
    if one is None or two is None:
        return two if one is None else one
    if one[0] == two[0]:
        if (one[1] + two[1]) % Q == 0:
            return None
        slope = (3 * one[0] ** 2 + COEFFICIENT_A) * pow(2 * one[1], -1, Q)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, Q)
    x = (slope**2 - one[0] - two[0]) % Q
    return x, (slope * (one[0] - x) - one[1]) % Q

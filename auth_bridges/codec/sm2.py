"""SM2 signatures (GB/T 32918.2-2016, GM/T 0003.2), verified; nothing here holds a secret.

Written here because no library that is kept well verifies them: the reasons are in docs/adr/0019. What is
verified is public, so nothing needs to take the same time whatever its input. SM3 is ``cryptography``'s.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SM3, Hash
from msgspec import Struct

# GB/T 32918.5-2017, the one curve.
_P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A: Final = _P - 3
_B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
_GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
_DEFAULT_ID: Final = b"1234567812345678"
"""Who signs, unless both sides agreed on another name (GM/T 0009-2012 §10)."""

# Jacobian coordinates: (x / z², y / z³); z = 0 is the point at infinity.
_Point = tuple[int, int, int]
_INFINITY: Final[_Point] = (1, 1, 0)
_G: Final[_Point] = (_GX, _GY, 1)


class Sm2Key(Struct, frozen=True, kw_only=True):
    """A public key: a point of the curve, made by ``public_key`` only."""

    x: int
    y: int


def public_key(point: bytes) -> Sm2Key:
    """The key an uncompressed point means; ``ValueError`` for what is not on the curve."""
    if len(point) != 65 or point[0] != 4:
        raise ValueError("not an uncompressed point")
    x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
    if x >= _P or y >= _P or (y * y - (x * x * x + _A * x + _B)) % _P != 0:
        raise ValueError("not a point of the curve")
    return Sm2Key(x=x, y=y)


def is_signed_by(key: Sm2Key, message: bytes, signature: bytes, *, signer: bytes = _DEFAULT_ID) -> bool:
    """Whether ``signature`` (DER, GM/T 0009 §7.3) is ``key``'s over exactly ``message`` (GB/T 32918.2 §7)."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return False
    if not (1 <= r < _N and 1 <= s < _N):
        return False
    t = (r + s) % _N
    if t == 0:
        return False
    e = int.from_bytes(_sm3(_named(key, signer) + message))
    x, _, z = _sum_of_products(s, _G, t, (key.x, key.y, 1))
    if z == 0:
        return False
    return (e + x * pow(z, -2, _P) % _P) % _N == r


def _named(key: Sm2Key, signer: bytes) -> bytes:
    """Z_A: the signer's name, the curve and the key, hashed (GB/T 32918.2 §5.5)."""
    numbers = b"".join(number.to_bytes(32) for number in (_A, _B, _GX, _GY, key.x, key.y))
    return _sm3((8 * len(signer)).to_bytes(2) + signer + numbers)


def _sm3(data: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def _sum_of_products(k: int, g: _Point, m: int, q: _Point) -> _Point:
    """KG + mQ, both walked at once (Shamir's trick)."""
    both = _added(g, q)
    found = _INFINITY
    for bit in range(max(k.bit_length(), m.bit_length()) - 1, -1, -1):
        found = _doubled(found)
        match (k >> bit & 1, m >> bit & 1):
            case (1, 1):
                found = _added(found, both)
            case (1, 0):
                found = _added(found, g)
            case (0, 1):
                found = _added(found, q)
            case _:
                pass
    return found


def _doubled(point: _Point) -> _Point:
    """EFD dbl-2001-b, for a = -3."""
    x, y, z = point
    if z == 0:
        return _INFINITY
    delta, gamma = z * z % _P, y * y % _P
    beta = x * gamma % _P
    alpha = 3 * (x - delta) * (x + delta) % _P
    x3 = (alpha * alpha - 8 * beta) % _P
    z3 = ((y + z) ** 2 - gamma - delta) % _P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % _P, z3


def _added(one: _Point, other: _Point) -> _Point:
    """EFD add-1998-cmo-2, with the cases it leaves out."""
    if one[2] == 0:
        return other
    if other[2] == 0:
        return one
    (x1, y1, z1), (x2, y2, z2) = one, other
    zz1, zz2 = z1 * z1 % _P, z2 * z2 % _P
    u1, u2 = x1 * zz2 % _P, x2 * zz1 % _P
    s1, s2 = y1 * z2 * zz2 % _P, y2 * z1 * zz1 % _P
    h, r = (u2 - u1) % _P, (s2 - s1) % _P
    if h == 0:
        return _doubled(one) if r == 0 else _INFINITY
    hh = h * h % _P
    hhh, v = h * hh % _P, u1 * hh % _P
    x3 = (r * r - hhh - 2 * v) % _P
    return x3, (r * (v - x3) - s1 * hhh) % _P, z1 * z2 * h % _P

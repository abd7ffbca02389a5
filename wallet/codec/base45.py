"""Base45 (RFC 9285): bytes in the alphabet a QR code packs most tightly.

Two bytes make three characters: ``256*a + b = c + 45*d + 2025*e``. A loop over the triplets costs more
than half a signature check, so all of them are worked out at once: each sits in its own lane of one
long integer, wide enough never to spill into the next, and a handful of operations do the whole text.
``tests/rules/test_base45.py`` checks every one of the 65,536 pairs.
"""

from typing import Final

from wallet.codec.errors import Unreadable

__all__ = ["decode", "encode"]

_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_NOT_A_DIGIT: Final = 0xFF
_TO_CHAR: Final = _ALPHABET.ljust(256, b"\0")
_TO_DIGIT: Final = bytes(_ALPHABET.find(char) & 0xFF for char in range(256))

# x // 2025 == x * 66281 >> 27 for every x below 65536, x // 45 == x * 1457 >> 16 for every x below
# 2025; the widest product has 33 bits, hence lanes of five bytes.
_BY_2025: Final = (66281, 27)
_BY_45: Final = (1457, 16)
_LANE: Final = 5
_QUOTIENT: Final = b"\0\0\0\0\x3f"


def encode(data: bytes) -> str:
    """The text of ``data``."""
    pairs = len(data) // 2
    lanes = bytearray(_LANE * pairs)
    lanes[3::_LANE] = data[0 : 2 * pairs : 2]
    lanes[4::_LANE] = data[1 : 2 * pairs : 2]
    value = int.from_bytes(lanes, "big")
    mask = int.from_bytes(_QUOTIENT * pairs, "big")

    high = value * _BY_2025[0] >> _BY_2025[1] & mask
    value -= high * 2025
    middle = value * _BY_45[0] >> _BY_45[1] & mask
    low = value - middle * 45

    width = _LANE * pairs
    digits = bytearray(3 * pairs)
    digits[0::3] = low.to_bytes(width, "big")[4::_LANE]
    digits[1::3] = middle.to_bytes(width, "big")[4::_LANE]
    digits[2::3] = high.to_bytes(width, "big")[4::_LANE]
    if len(data) % 2:
        digits += bytes((data[-1] % 45, data[-1] // 45))
    return digits.translate(_TO_CHAR).decode("ascii")


def decode(text: str) -> bytes:
    """The bytes of ``text``; `Unreadable` unless it is exactly what `encode` writes."""
    try:
        digits = text.encode("ascii").translate(_TO_DIGIT)
    except UnicodeEncodeError:
        raise Unreadable("not base45: not ASCII") from None
    if _NOT_A_DIGIT in digits:
        raise Unreadable("not base45: a character outside the alphabet")
    triplets, rest = divmod(len(digits), 3)
    end = 3 * triplets
    value = (
        _lanes(digits[0:end:3], end) + 45 * _lanes(digits[1:end:3], end) + 2025 * _lanes(digits[2:end:3], end)
    ).to_bytes(end, "big")
    # 91,124 is the most three digits can say and 65,535 the most two bytes can hold.
    if value[0::3].strip(b"\0"):
        raise Unreadable("not base45: a triplet above 65535")
    data = bytearray(2 * triplets)
    data[0::2] = value[1::3]
    data[1::2] = value[2::3]
    if rest == 1:
        raise Unreadable("not base45: one character left over")
    if rest:
        last = digits[-2] + 45 * digits[-1]
        if last > 0xFF:
            raise Unreadable("not base45: a pair above 255")
        data.append(last)
    return bytes(data)


def _lanes(digits: bytes, width: int) -> int:
    """One digit in the lowest byte of each three-byte lane."""
    lanes = bytearray(width)
    lanes[2::3] = digits
    return int.from_bytes(lanes, "big")

"""Base45 (RFC 9285): bytes in the alphabet a QR code packs most tightly.

Two bytes make three characters: ``256*a + b = c + 45*d + 2025*e``. A loop over the triplets costs more
than half a signature check, so all of them are worked out at once: each sits in its own lane of one
long integer, wide enough never to spill into the next, and a handful of operations do the whole text.
``tests/rules/test_base45.py`` checks every one of the 65,536 pairs.
"""

from functools import lru_cache
from typing import Final

__all__ = ["NotBase45", "decode", "encode"]

_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_NOT_A_DIGIT: Final = 0xFF
_TO_CHAR: Final = _ALPHABET.ljust(256, b"\0")
_TO_DIGIT: Final = bytes(_ALPHABET.find(char) & 0xFF for char in range(256))

# x // 45 == x * 46604 >> 21 for every x below 65536, and == x * 1457 >> 16 for every x below 1457. No
# product has more than 32 bits, hence lanes of four bytes; what is shifted out of a lane falls on bits
# the mask of the next one clears.
_BY_45: Final = (46604, 21)
_SMALL_BY_45: Final = (1457, 16)


class NotBase45(ValueError):
    """It is not base45, or not in its one form."""


def encode(data: bytes) -> str:
    """The text of ``data``."""
    pairs, rest = divmod(len(data), 2)
    lanes = bytearray(4 * pairs)
    lanes[2::4] = data[: 2 * pairs : 2]
    lanes[3::4] = data[1::2]
    quotient, digit = _encode_masks(pairs)
    value = int.from_bytes(lanes, "big")
    above = value * _BY_45[0] >> _BY_45[1] & quotient
    third = above * _SMALL_BY_45[0] >> _SMALL_BY_45[1] & digit
    # c, d and e into three bytes of each lane, in the order they are written.
    value = (value - 45 * above << 16) + (above - 45 * third << 8) + third
    digits = bytearray(value.to_bytes(4 * pairs, "big"))
    del digits[::4]
    if rest:
        digits += bytes((data[-1] % 45, data[-1] // 45))
    return digits.translate(_TO_CHAR).decode("ascii")


def decode(text: str) -> bytes:
    """The bytes of ``text``; `NotBase45` unless it is exactly what `encode` writes."""
    try:
        digits = text.encode("ascii").translate(_TO_DIGIT)
    except UnicodeEncodeError:
        raise NotBase45("not ASCII") from None
    if _NOT_A_DIGIT in digits:
        raise NotBase45("a character outside the alphabet")
    triplets, rest = divmod(len(digits), 3)
    end = 3 * triplets
    digit, above = _decode_masks(triplets)
    value = int.from_bytes(digits[:end], "big")
    # In each lane of three bytes lie c, d and e.
    value = (value >> 16 & digit) + 45 * (value >> 8 & digit) + 2025 * (value & digit)
    # 91,124 is the most three digits can say and 65,535 the most two bytes can hold.
    if value & above:
        raise NotBase45("a triplet above 65535")
    data = bytearray(value.to_bytes(end, "big"))
    del data[::3]
    if rest == 1:
        raise NotBase45("one character left over")
    if rest:
        last = digits[-2] + 45 * digits[-1]
        if last > 0xFF:
            raise NotBase45("a pair above 255")
        data.append(last)
    return bytes(data)


@lru_cache(maxsize=64)
def _encode_masks(pairs: int) -> tuple[int, int]:
    """Room for a quotient below 1457 and for a digit in every lane of four; codes come in few lengths."""
    return int.from_bytes(b"\0\0\x07\xff" * pairs, "big"), int.from_bytes(b"\0\0\0\x3f" * pairs, "big")


@lru_cache(maxsize=64)
def _decode_masks(triplets: int) -> tuple[int, int]:
    """The lowest and the highest byte of every lane of three."""
    return int.from_bytes(b"\0\0\xff" * triplets, "big"), int.from_bytes(b"\xff\0\0" * triplets, "big")

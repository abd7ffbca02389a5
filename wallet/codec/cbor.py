"""A strict reader for the part of CBOR (RFC 8949) that keys, tokens and codes are made of.

General decoders build regular expressions, e-mails and cyclic lists out of tags, and recurse as deep as
they are told. This one knows integers, strings, arrays, maps, true, false, null and one tag per item;
lengths are definite and shortest, keys unique, and depth and size bounded before anything is built.
"""

from typing import Final, NamedTuple, TypeAlias

from wallet.codec.errors import Unreadable

__all__ = ["UNSIGNED", "Tagged", "Value", "decode", "head", "read_head"]

UNSIGNED: Final = 0x00
NEGATIVE: Final = 0x20
BYTES: Final = 0x40
TEXT: Final = 0x60
ARRAY: Final = 0x80
MAP: Final = 0xA0
TAG: Final = 0xC0

_MAJOR: Final = 0xE0
# How many bytes follow a first byte of 24 to 27, and the least number worth them.
_LONG: Final = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}
_DEEPEST: Final = 8
_MOST_ITEMS: Final = 4096
_SIMPLE: Final[dict[int, bool | None]] = {0xF4: False, 0xF5: True, 0xF6: None}


class Tagged(NamedTuple):
    """A tagged item."""

    tag: int
    value: "Value"


Value: TypeAlias = "int | bytes | str | bool | list[Value] | dict[int | str, Value] | Tagged | None"


def head(major: int, argument: int) -> bytes:
    """The shortest head of ``major`` with ``argument``."""
    if argument < 24:
        return bytes((major + argument,))
    if argument < 0x100:
        return bytes((major + 24, argument))
    if argument < 0x10000:
        return bytes((major + 25,)) + argument.to_bytes(2, "big")
    if argument < 0x100000000:
        return bytes((major + 26,)) + argument.to_bytes(4, "big")
    return bytes((major + 27,)) + argument.to_bytes(8, "big")


def read_head(data: bytes, at: int, major: int) -> tuple[int, int]:
    """The argument of the head of ``major`` at ``at``, and where it ends.

    `Unreadable` for another major type or a longer form than needed; `IndexError` past the end. A head
    cut short reads as a smaller number, and its end then lies beyond the data: callers check the end.
    """
    argument = data[at] - major
    if 0 <= argument < 24:
        return argument, at + 1
    long = _LONG.get(argument)
    if long is None:
        raise Unreadable("CBOR: not the type expected, or of no definite length")
    width, least = long
    end = at + 1 + width
    argument = int.from_bytes(data[at + 1 : end])
    if argument < least:
        raise Unreadable("CBOR: not the shortest form")
    return argument, end


def decode(data: bytes, *, largest: int) -> Value:
    """The one item ``data`` holds; `Unreadable` unless it is small, plain and complete."""
    if len(data) > largest:
        raise Unreadable(f"CBOR: more than {largest} bytes")
    reader = _Reader(data)
    try:
        value = reader.item(_DEEPEST)
    except (IndexError, UnicodeDecodeError) as cause:
        raise Unreadable("CBOR: cut short, or text that is not UTF-8") from cause
    if reader.at != len(data):
        raise Unreadable("CBOR: cut short, or bytes after the end")
    return value


class _Reader:
    __slots__ = ("_data", "_left", "at")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MOST_ITEMS
        self.at = 0

    def item(self, depth: int) -> Value:
        self._left -= 1
        if depth == 0 or self._left < 0:
            raise Unreadable("CBOR: too deep or too many items")
        first = self._data[self.at]
        if first in _SIMPLE:
            self.at += 1
            return _SIMPLE[first]
        major = first & _MAJOR
        argument, self.at = read_head(self._data, self.at, major)
        if major == UNSIGNED:
            return argument
        if major == NEGATIVE:
            return -1 - argument
        if major in (BYTES, TEXT):
            return self._string(major, argument)
        if major == ARRAY:
            return [self.item(depth - 1) for _ in range(argument)]
        if major == MAP:
            return self._map(argument, depth)
        if major == TAG:
            return Tagged(argument, self.item(depth - 1))
        raise Unreadable("CBOR: a type not used here")

    def _string(self, major: int, length: int) -> bytes | str:
        start, self.at = self.at, self.at + length
        if self.at > len(self._data):
            raise Unreadable("CBOR: cut short")
        piece = self._data[start : self.at]
        return piece if major == BYTES else piece.decode("utf-8")

    def _map(self, pairs: int, depth: int) -> dict[int | str, Value]:
        items: dict[int | str, Value] = {}
        for _ in range(pairs):
            key = self.item(depth - 1)
            if isinstance(key, bool) or not isinstance(key, int | str) or key in items:
                raise Unreadable("CBOR: a key twice, or neither number nor text")
            items[key] = self.item(depth - 1)
        return items

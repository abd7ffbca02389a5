"""Inflating what strangers sent: up to a limit, to the end, and nothing after it."""

import zlib
from typing import Final

from health_code.codec.certificates import Unreadable

ZLIB: Final = zlib.MAX_WBITS
RAW: Final = -zlib.MAX_WBITS
_CHECKSUM: Final = 4


def inflate(data: bytes, *, form: int, most: int) -> bytes:
    """What ``data`` unpacks to; `Unreadable` if that is more than ``most`` bytes, or not all of ``data``."""
    unpacker = zlib.decompressobj(wbits=form)
    try:
        plain = unpacker.decompress(data, most)
    except zlib.error as no:
        raise Unreadable(f"not deflated: {no}") from None
    if not unpacker.eof or unpacker.unused_data:
        raise Unreadable("cut short, too large, or bytes after the end")
    return plain


def inflate_checked(data: bytes, *, most: int) -> bytes:
    """`inflate` of the zlib form, which is outside the signature: bits that nobody reads must be zero."""
    plain = inflate(data, form=ZLIB, most=most)
    last = data[-_CHECKSUM - 1]
    if last:
        # Bits after the end of the stream fill its last byte. If the highest that is set can be cleared and
        # the checksum still agrees, it was one of those.
        without = data[: -_CHECKSUM - 1] + bytes((last ^ 1 << last.bit_length() - 1,)) + data[-_CHECKSUM:]
        try:
            zlib.decompress(without, bufsize=len(plain) + 1)
        except zlib.error:
            return plain
        raise Unreadable("bits set after the end")
    return plain

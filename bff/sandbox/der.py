"""DER, written (X.690): what the simulated authority signs is put together of these."""

from datetime import datetime


def tlv(tag: int, content: bytes) -> bytes:
    """One element: its tag, its length, its content."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def sequence(*items: bytes) -> bytes:
    """Elements one after another."""
    return tlv(0x30, b"".join(items))


def integer(number: int) -> bytes:
    """A number that is not negative."""
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def time(at: datetime) -> bytes:
    """A moment, as certificates and lists write it (UTCTime)."""
    return tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())


def oid(dotted: str) -> bytes:
    """The name of a thing, from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    return tlv(0x06, b"".join(map(_arc, [first * 40 + second, *rest])))


def generalized(at: datetime) -> bytes:
    """A moment, as answers write it (GeneralizedTime)."""
    return tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())


def _arc(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))

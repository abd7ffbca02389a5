"""Identifiers ordered by time (UUIDv7, RFC 9562 §5.7)."""

import secrets
from datetime import datetime


def timed_id(at: datetime) -> str:
    """A UUIDv7 for ``at``: identifiers sort by the millisecond they were made in."""
    milliseconds = int(at.timestamp() * 1000)
    chance = secrets.randbits(74)
    value = (
        (milliseconds & (1 << 48) - 1) << 80
        | 0x7 << 76
        | chance >> 62 << 64
        | 0b10 << 62
        | chance & (1 << 62) - 1
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

"""Instants as MongoDB keeps them."""

from datetime import UTC, datetime


def whole(instant: datetime) -> datetime:
    """``instant`` in UTC, cut to the millisecond: it reads back as what was hashed or compared."""
    return instant.astimezone(UTC).replace(microsecond=instant.microsecond // 1000 * 1000)

"""A clerk's second factor (动态口令): codes of half a minute from a secret on their phone (TOTP, RFC 6238).

SHA-1, six digits and 30 seconds, because that is what every authenticator takes. What is on the wire and
on the phone is a code; which of its time steps it was is what is kept, so that none counts twice (§5.2).

    misses in a row     nothing is tried again for
    5                   a quarter of an hour
    10                  half an hour
    15                  an hour, and so on, a day at most

A miss is a wrong code after a right passphrase: whoever knows no passphrase locks nobody out. Five tries a
day at three codes of a million find one in two hundred years.
"""

import hmac
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from msgspec import Struct

SECRET_BYTES: Final = 20
"""As long as the hash (RFC 4226 §4, R6)."""
DIGITS: Final = 6
PERIOD: Final = timedelta(seconds=30)
_SKEW: Final = 1
"""How many steps a phone's clock may be off either way (RFC 6238 §6)."""
_IN_A_ROW: Final = 5
_FIRST_LOCK: Final = timedelta(minutes=15)
LONGEST_LOCK: Final = timedelta(days=1)
_ISSUER: Final = "Suishen"


class Misses(Struct, frozen=True, kw_only=True):
    """Wrong codes in a row, and when the last was tried."""

    count: int
    at: datetime


def read_secret(text: str) -> bytes:
    """A secret as authenticators and token makers write it (base32, RFC 4648); ``ValueError`` for none."""
    plain = text.replace(" ", "").rstrip("=").upper()
    try:
        secret = b32decode(plain + "=" * (-len(plain) % 8))
    except NotBase32:
        raise ValueError("not base32") from None
    # RFC 4226 §4, R6: 128 bits at least.
    if not 16 <= len(secret) <= 64:
        raise ValueError("a secret has 16 to 64 bytes")
    return secret


def written(secret: bytes) -> str:
    """``secret`` as it is typed into an authenticator that has no camera."""
    return b32encode(secret).decode().rstrip("=")


def address(secret: bytes, account: str) -> str:
    """``secret`` as an authenticator scans it (``otpauth://``)."""
    return _totp(secret).get_provisioning_uri(account, _ISSUER)


def step_at(now: datetime) -> int:
    """The time step of ``now`` (RFC 6238 §4.2)."""
    return int(now.timestamp() // PERIOD.total_seconds())


def code_at(secret: bytes, step: int) -> str:
    """The code of one time step."""
    return _totp(secret).generate(int(step * PERIOD.total_seconds())).decode()


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """Of this time step and the two beside it, the one whose code it is, or None; all are compared."""
    around = range(step_at(now) - _SKEW, step_at(now) + _SKEW + 1)
    same = [hmac.compare_digest(code_at(secret, step).encode(), code.encode()) for step in around]
    return next((step for step, equal in zip(around, same, strict=True) if equal), None)


def locked_until(misses: Misses) -> datetime:
    """Until when nothing is tried again; it is past where something may be."""
    rounds, left = divmod(misses.count, _IN_A_ROW)
    if rounds == 0 or left:
        return misses.at
    lasts: timedelta = min(_FIRST_LOCK * (1 << min(rounds - 1, 16)), LONGEST_LOCK)
    return misses.at + lasts


def _totp(secret: bytes) -> TOTP:
    # SHA-1 inside an HMAC stands; what is broken of it, collisions, nobody can use here.
    return TOTP(secret, DIGITS, SHA1(), int(PERIOD.total_seconds()))  # noqa: S303

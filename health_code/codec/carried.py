"""A certificate of a place that signs nothing: its holder carries the data, its issuer knows a hash of it.

    HZ1.  issuer . base64url(salt) . base64url(payload)

``payload`` is JSON, as the holder downloaded it. The issuer is asked for SHA-256(salt || payload) and no
more: whoever sees the hash alone learns nothing, for the salt is sixteen bytes of chance and stays with the
holder.
"""

import re
from base64 import urlsafe_b64decode
from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from health_code.codec.certificates import Malformed, Unreadable

PREFIX: Final = "HZ1."
_CODE: Final = re.compile(
    r"HZ1\.([a-z0-9]+(?:-[a-z0-9]+)*)\.([A-Za-z0-9_-]{22,43})\.([A-Za-z0-9_-]{20,4000})\Z"
)
_LONGEST_ISSUER: Final = 32
_Instant = Annotated[datetime, Meta(tz=True)]


class CarriedContent(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the holder carries: 姓名, 出生日期, and what it proves."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    birth_date: date
    certificate: Literal["HEALTH_CODE", "TEST"]
    shown: Literal["GREEN", "YELLOW", "RED"] | None = None
    outcome: Literal["NEGATIVE", "POSITIVE", "INVALID"] | None = None
    on: _Instant | None = None
    issued_at: _Instant
    expires_at: _Instant


class CarriedCode(Struct, frozen=True, kw_only=True):
    """A code that was read. Nothing in it is believed before its issuer knows ``digest``."""

    issuer: str
    digest: str
    content: CarriedContent


_read: Final = msgspec.json.Decoder(CarriedContent).decode


def open_carried(text: str) -> CarriedCode:
    """What ``text`` says; ``Unreadable`` if it is no such code, ``Malformed`` if it says something else."""
    found = _CODE.match(text)
    if found is None or len(found[1]) > _LONGEST_ISSUER:
        raise Unreadable("not a carried code")
    salt, payload = (_unbase64(part) for part in (found[2], found[3]))
    try:
        content = _read(payload)
    except msgspec.MsgspecError:
        raise Malformed("not what a carried code has to say") from None
    if (content.shown is None) is (content.certificate == "HEALTH_CODE"):
        raise Malformed("a health code shows a colour, and nothing else does")
    if (content.outcome is None) is (content.certificate == "TEST"):
        raise Malformed("a test has an outcome, and nothing else does")
    return CarriedCode(issuer=found[1], digest=sha256(salt + payload).hexdigest(), content=content)


def _unbase64(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise Unreadable("not base64url") from None

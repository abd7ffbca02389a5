"""Health certificates of others (互认): what is said of one, whatever its format.

A verdict is about the certificate and never about its holder: nothing here knows a colour. What a certificate
claims is told in full only once its signature holds.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from math import inf, isnan
from typing import Any, Final

from msgspec import Struct

# 9999-12-31: what a datetime can hold. Milliseconds taken for seconds lie far behind it.
_LAST_SECOND: Final = 253_402_300_799


class Unreadable(ValueError):
    """It is not in the format at all."""


class Malformed(ValueError):
    """It was signed, and does not say what its format has to say."""


class Format(StrEnum):
    """Whose certificates."""

    HC1 = "hc1"
    """EU Digital COVID Certificate, and those of WHO's trust network."""
    SHC = "shc"
    """SMART Health Card."""
    NZCP = "nzcp"
    """New Zealand COVID Pass."""


class Verdict(StrEnum):
    """What came of checking a certificate. One is good."""

    VALID = "VALID"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    WRONG_ISSUER = "WRONG_ISSUER"
    """The issuer it names is not one whose keys we hold."""
    WRONG_COUNTRY = "WRONG_COUNTRY"
    """It names one country as its issuer, and the signing key's own certificate is another's."""
    KEY_EXPIRED = "KEY_EXPIRED"
    """The signing key's own certificate is not in its term."""
    KEY_NOT_ALLOWED = "KEY_NOT_ALLOWED"
    """The key may not sign certificates of this kind."""
    REVOKED = "REVOKED"
    REVOCATION_UNKNOWN = "REVOCATION_UNKNOWN"
    """It can be revoked, and the list that would say so is missing, broken or another one."""
    MALFORMED = "MALFORMED"
    UNREADABLE = "UNREADABLE"


class Kind(StrEnum):
    """What a certificate is about."""

    TEST = "t"
    VACCINATION = "v"
    RECOVERY = "r"
    PASS = "p"  # noqa: S105  a document
    """That somebody else judged, and nothing more."""


class Subject(Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """Whose it is, as the certificate has it; a date of birth may lack its day or month."""

    name: str
    birth_date: str | None = None


class Statement(Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """One thing a certificate says happened. ``on`` is a date or an instant, as written there.

    ``about`` is the disease (SNOMED CT), where it is said.
    """

    kind: Kind
    about: str | None = None
    on: str | None = None
    country: str | None = None
    outcome: str | None = None
    method: str | None = None
    product: str | None = None
    dose: int | None = None
    doses: int | None = None
    valid_from: str | None = None
    valid_until: str | None = None


class Content(Struct, frozen=True, kw_only=True):
    """What a certificate says once it is opened; ``document`` is all of it, for rules in its own terms."""

    subject: Subject
    statements: tuple[Statement, ...]
    document: Mapping[str, Any]


class Checked(Struct, frozen=True, kw_only=True):
    """A certificate and its verdict.

    ``issuer`` and the times are what it claims; ``content`` is there once the signature holds. The verdict
    stands from ``holds_from`` until ``holds_until`` (Unix seconds), as long as nothing else is learnt.
    """

    verdict: Verdict
    format: Format | None = None
    issuer: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    content: Content | None = None
    signed: bytes = b""
    warnings: tuple[str, ...] = ()
    holds_from: float = -inf
    holds_until: float = inf

    @property
    def valid(self) -> bool:
        """Whether it is good."""
        return self.verdict is Verdict.VALID

    @property
    def id(self) -> str:
        """The name of what was signed: written another way it is the same certificate."""
        return blake2b(self.signed, digest_size=16).hexdigest()


class Term(Struct, frozen=True, gc=False):
    """From when until when something is good, in Unix seconds."""

    begins: float = -inf
    ends: float = inf


def in_term(own: Term, key: Term, at: float) -> tuple[Verdict, Term]:
    """What the times say ``at`` an instant, and for how long they go on saying it.

    The certificate's own term is told first: it is the one its holder can do something about.
    """
    if at < own.begins:
        return Verdict.NOT_YET_VALID, Term(-inf, own.begins)
    if at >= own.ends:
        return Verdict.EXPIRED, Term(own.ends, inf)
    if not key.begins <= at <= key.ends:
        return Verdict.KEY_EXPIRED, Term(at, at)
    return Verdict.VALID, Term(max(own.begins, key.begins), min(own.ends, key.ends))


def seconds(value: object) -> float | None:
    """``value`` as Unix seconds, None if it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or isnan(value):
        return None
    return float(value) if abs(value) <= 1e300 else inf


def instant(value: float | None) -> datetime | None:
    """``value`` as a time, None if no calendar has it."""
    if value is None or not 0 <= value <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(value, UTC)

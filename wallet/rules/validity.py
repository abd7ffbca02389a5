"""Whether a certificate stands, and how its standing may change.

Two things decide: what the issuer last said (`Mark`) and the calendar. A last day counts to its end
in Asia/Shanghai, which has had no summer time since 1991.
"""

from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Final

from msgspec import Struct

from miniapp_schemas.base import Text
from miniapp_schemas.wallet import CredentialStatus
from wallet.refusals import StatusChangeImpossible, ValidityInvalid

__all__ = [
    "LISTED",
    "SHANGHAI",
    "TRANSITIONS",
    "Change",
    "Mark",
    "Standing",
    "change_mark",
    "check_period",
    "day_begins",
    "day_ends",
    "status_at",
    "status_reason",
]

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


class Mark(StrEnum):
    """What the issuer last said: in force, suspended (暂停/挂失) or revoked (吊销)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class Change(StrEnum):
    """What an issuer can do to a certificate it issued."""

    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"


# Every step there is; what is not here is refused. Revocation is final.
TRANSITIONS: Final[dict[tuple[Mark, Change], Mark]] = {
    (Mark.ACTIVE, Change.SUSPEND): Mark.SUSPENDED,
    (Mark.SUSPENDED, Change.RESUME): Mark.ACTIVE,
    (Mark.ACTIVE, Change.REVOKE): Mark.REVOKED,
    (Mark.SUSPENDED, Change.REVOKE): Mark.REVOKED,
}

# Token Status List, "Status Types Values": 0 valid, 1 invalid, 2 suspended.
LISTED: Final[dict[Mark, int]] = {Mark.ACTIVE: 0, Mark.REVOKED: 1, Mark.SUSPENDED: 2}


class Standing(Struct, frozen=True, kw_only=True):
    """All that decides whether a certificate may be shown."""

    mark: Mark
    valid_from: date
    valid_until: date | None


def change_mark(mark: Mark, change: Change) -> Mark:
    """The mark after ``change``, or `StatusChangeImpossible`."""
    try:
        return TRANSITIONS[mark, change]
    except KeyError:
        raise StatusChangeImpossible(mark=mark.value, change=change.value) from None


def status_at(standing: Standing, now: datetime) -> CredentialStatus:
    """How the certificate stands at ``now``: what the issuer said weighs more than the calendar."""
    if standing.mark is Mark.REVOKED:
        return CredentialStatus.REVOKED
    if standing.mark is Mark.SUSPENDED:
        return CredentialStatus.SUSPENDED
    today = now.astimezone(SHANGHAI).date()
    if today < standing.valid_from:
        return CredentialStatus.NOT_YET_VALID
    if standing.valid_until is not None and today > standing.valid_until:
        return CredentialStatus.EXPIRED
    return CredentialStatus.VALID


def check_period(valid_from: date, valid_until: date | None, *, longest_years: int | None) -> None:
    """`ValidityInvalid` unless the days are in order and within the type's longest validity."""
    if valid_until is None:
        return
    if valid_until < valid_from:
        raise ValidityInvalid
    if longest_years is not None and valid_until > _years_later(valid_from, longest_years):
        raise ValidityInvalid


def day_begins(day: date) -> datetime:
    """The first instant of ``day`` in Asia/Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI)


def day_ends(day: date) -> datetime:
    """The first instant after ``day`` in Asia/Shanghai."""
    if day == date.max:  # some issuers write 长期 so; the day after it cannot be said
        return datetime.max.replace(tzinfo=SHANGHAI)
    return day_begins(day) + timedelta(days=1)


def status_reason(status: CredentialStatus) -> Text:
    """Why a certificate stands so and what its holder can do."""
    return _REASONS[status]


_REASONS: Final = {
    CredentialStatus.VALID: Text(zh="证照有效，可以出示。", en="Valid: you can show it."),
    CredentialStatus.NOT_YET_VALID: Text(
        zh="证照尚未生效，请在生效日期之后出示。", en="Not yet valid: show it from its first day on."
    ),
    CredentialStatus.EXPIRED: Text(
        zh="证照已过有效期，请向发证机关申请换证。", en="Expired: ask the issuer for a new one."
    ),
    CredentialStatus.SUSPENDED: Text(
        zh="证照已暂停使用，请联系发证机关了解原因。", en="Suspended: ask the issuer why."
    ),
    CredentialStatus.REVOKED: Text(
        zh="证照已被吊销，不能再出示；如有疑问请联系发证机关。",
        en="Revoked and no longer shown: ask the issuer if in doubt.",
    ),
}


def _years_later(day: date, years: int) -> date:
    year = day.year + years
    if year > date.max.year:
        return date.max
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February: month arithmetic clamps to the month's end
        return day.replace(year=year, day=28)

"""Checking a signed health code without a network (离线验码): the text, the keys one trusts, the time.

What cannot be known offline is not guessed: whether a colour has changed since it was signed, whether a paper
code was reported lost, and anything at all about a dynamic code. A paper code has no colour here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from health_code.codec.signed import (
    CodeUnreadable,
    ForeignKey,
    Forged,
    PaperContent,
    SignedCode,
    Verifier,
    read,
)
from health_code.rules.documents import Colour

__all__ = ["SKEW", "OfflineCheck", "OfflineVerdict", "instant", "time_verdict", "verify_offline"]

SKEW: Final = timedelta(seconds=60)
"""What a guard's clock and ours may differ by; an offline code lives for hours."""

OfflineVerdict = Literal["OK", "EXPIRED", "NOT_YET_VALID", "UNREADABLE", "KEY_UNKNOWN", "FORGED"]


class OfflineCheck(Struct, frozen=True, kw_only=True, rename="camel"):
    """What could be established. Nothing but the verdict is told of a code whose signature does not hold."""

    valid: bool
    verdict: OfflineVerdict
    kind: Literal["OFFLINE", "PAPER"] | None = None
    issuer: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    colour: Colour | None = None
    name: str | None = None
    as_of: datetime | None = None
    rule_set: str | None = None


def verify_offline(text: str, keys: Mapping[bytes, Verifier], now: datetime) -> OfflineCheck:
    """Judge ``text``: its form, its signature, its time. ``keys`` are found by eight-byte name."""
    try:
        code = read(text, keys=keys)
    except CodeUnreadable:
        return OfflineCheck(valid=False, verdict="UNREADABLE")
    except ForeignKey:
        return OfflineCheck(valid=False, verdict="KEY_UNKNOWN")
    except Forged:
        return OfflineCheck(valid=False, verdict="FORGED")
    verdict = time_verdict(code, now=now)
    content = code.content
    told = OfflineCheck(
        valid=verdict == "OK",
        verdict=verdict,
        kind="PAPER" if isinstance(content, PaperContent) else "OFFLINE",
        issuer=code.issuer,
        issued_at=instant(code.issued_at),
        expires_at=instant(code.expires_at),
    )
    if not told.valid:
        return told
    told = replace(told, name=content.name)
    if isinstance(content, PaperContent):
        return told
    return replace(told, colour=content.colour, as_of=instant(content.as_of), rule_set=content.rule_set.hex())


def time_verdict(code: SignedCode, *, now: datetime) -> Literal["OK", "EXPIRED", "NOT_YET_VALID"]:
    """Whether ``code`` is good at ``now``; each end bears a minute."""
    seconds, skew = now.timestamp(), SKEW.total_seconds()
    if code.issued_at - seconds > skew:
        return "NOT_YET_VALID"
    return "EXPIRED" if seconds - code.expires_at >= skew else "OK"


def instant(seconds: int) -> datetime:
    """Unix seconds as an instant."""
    return datetime.fromtimestamp(seconds, UTC)

"""Checking a shown code without a network: the text, the keys one trusts, perhaps a status list.

What cannot be known offline is said and not guessed: whether a signed code was used before, and
anything at all about an opaque one.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from miniapp_schemas.wallet import PresentationMode, Verdict
from wallet.codec import lz1, status_list
from wallet.codec.errors import CodecError, KeyUnknown, Tampered, Unreadable
from wallet.codec.keys import KeySet
from wallet.codec.status_list import StatusToken
from wallet.issuers.base import Registry
from wallet.rules.advice import is_good
from wallet.rules.claims import unpack
from wallet.rules.presentation import SKEW, time_verdict

__all__ = ["OfflineResult", "StatusListRefused", "verify_offline"]

# For a status list that does not say when it ends.
_FRESH: Final = timedelta(hours=24)
# 9999-12-31: what a datetime can hold, and less than a code can.
_LAST_SECOND: Final = 253_402_300_799


class StatusListRefused(Exception):
    """The status list given cannot be believed: fetch it again, nothing can be said without it."""


class OfflineResult(Struct, frozen=True, kw_only=True, rename="camel"):
    """What could be established; ``claims`` is empty unless ``valid``."""

    valid: bool
    verdict: Verdict
    mode: PresentationMode | None = None
    claims: dict[str, str] = {}
    issuer: int | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    type: str | None = None
    scene: str | None = None
    status_as_of: datetime | None = None


def verify_offline(
    text: str,
    *,
    trust: KeySet,
    status: bytes | None,
    registry: Registry,
    now: datetime,
    skew: timedelta = SKEW,
) -> OfflineResult:
    """Judge ``text``: signature, then time, then what ``status`` (a status list token) says.

    `StatusListRefused` if ``status`` is not one that ``trust`` signed.
    """
    listed = None if status is None else _trusted(status, trust)
    if lz1.read_opaque(text) is not None:
        return OfflineResult(valid=False, verdict=Verdict.ONLINE_ONLY, mode=PresentationMode.OPAQUE)
    try:
        envelope = lz1.read(text, keys=trust.keys)
    except Unreadable:
        return OfflineResult(valid=False, verdict=Verdict.UNREADABLE)
    except KeyUnknown:
        return OfflineResult(valid=False, verdict=Verdict.KEY_UNKNOWN, mode=PresentationMode.SIGNED)
    except Tampered:
        return OfflineResult(valid=False, verdict=Verdict.TAMPERED, mode=PresentationMode.SIGNED)
    if envelope.expires_at > _LAST_SECOND:
        return OfflineResult(valid=False, verdict=Verdict.UNREADABLE)

    issued_at = datetime.fromtimestamp(envelope.issued_at, UTC)
    expires_at = datetime.fromtimestamp(envelope.expires_at, UTC)
    verdict = (
        time_verdict(issued_at, expires_at, now=now, skew=skew)
        or _status_verdict(envelope.status, listed, now=now, skew=skew)
        or Verdict.OK_OFFLINE
    )
    of = registry.type_by_id(envelope.type)
    scene = registry.scene_by_id(envelope.scene)
    valid = is_good(verdict)
    return OfflineResult(
        valid=valid,
        verdict=verdict,
        mode=PresentationMode.SIGNED,
        claims=unpack(of, envelope.claims) if valid and of is not None else {},
        issuer=envelope.issuer,
        issued_at=issued_at,
        expires_at=expires_at,
        type=None if of is None else of.code,
        scene=None if scene is None else scene.code,
        status_as_of=None if listed is None else datetime.fromtimestamp(listed.issued_at, UTC),
    )


def _trusted(status: bytes, trust: KeySet) -> StatusToken:
    try:
        token = status_list.read_token(status, keys=trust.keys)
    except CodecError as cause:
        raise StatusListRefused(str(cause)) from cause
    if not 0 <= token.issued_at <= _LAST_SECOND:
        raise StatusListRefused("issued in no year we know")
    return token


def _status_verdict(
    reference: tuple[int, int] | None, listed: StatusToken | None, *, now: datetime, skew: timedelta
) -> Verdict | None:
    """What the list says; STALE_STATUS where it is too old or another list, None for nothing against it."""
    if reference is None or listed is None:
        return None
    number, index = reference
    ends = listed.expires_at
    if ends is None:
        ends = listed.issued_at + int(_FRESH.total_seconds())
    if listed.subject.rpartition("/")[2] != str(number) or index >= len(listed.statuses):
        return Verdict.STALE_STATUS
    # A certificate once revoked stays revoked: an old list that says no is as good as a new one.
    status = listed.statuses.status(index)
    if status == status_list.INVALID:
        return Verdict.REVOKED
    if ends + skew.total_seconds() <= now.timestamp():
        return Verdict.STALE_STATUS
    # A value we do not know is not "valid"; the issuer can explain it, as with a suspension.
    return None if status == status_list.VALID else Verdict.SUSPENDED

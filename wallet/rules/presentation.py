"""Opening a one-time code (亮证) and judging a scanned one (核验)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from miniapp_schemas.wallet import CredentialStatus, PresentationMode, Verdict
from wallet.issuers.base import CredentialType, Scene
from wallet.refusals import CredentialNotShowable
from wallet.rules.disclosure import choose_claims
from wallet.rules.validity import Standing, day_ends, status_at, status_reason

__all__ = ["SKEW", "Opening", "Scan", "judge", "mode_of", "open_presentation", "time_verdict"]

SKEW: Final = timedelta(seconds=5)


class Opening(Struct, frozen=True, kw_only=True):
    """A code about to be minted: what it shows and how long it lives."""

    claims: tuple[str, ...]
    mode: PresentationMode
    issued_at: datetime
    expires_at: datetime


class Scan(Struct, frozen=True, kw_only=True):
    """What is known when a genuine code has been scanned."""

    issued_at: datetime
    expires_at: datetime
    scene: str
    clerk_scenes: frozenset[str]
    status: CredentialStatus


def open_presentation(
    of: CredentialType,
    scene: Scene,
    standing: Standing,
    *,
    requested: Iterable[str] | None,
    now: datetime,
    window: timedelta,
) -> Opening:
    """Open a presentation, or refuse.

    The window never outlives the credential: a code opened ten seconds before the end of its last day
    lasts ten seconds. Both ends are whole seconds, as the code can carry no less.
    """
    status = status_at(standing, now)
    if status is not CredentialStatus.VALID:
        reason = status_reason(status)
        raise CredentialNotShowable(status=status.value, reason_zh=reason.zh, reason_en=reason.en)
    claims = choose_claims(of, scene, requested)
    issued_at = now.replace(microsecond=0)
    expires_at = issued_at + window
    if standing.valid_until is not None:
        expires_at = min(expires_at, day_ends(standing.valid_until).astimezone(now.tzinfo))
    return Opening(claims=claims, mode=mode_of(of, scene), issued_at=issued_at, expires_at=expires_at)


def mode_of(of: CredentialType, scene: Scene) -> PresentationMode:
    """Signed, unless the type or the scene allows no data in the QR."""
    if PresentationMode.OPAQUE in (of.mode, scene.mode):
        return PresentationMode.OPAQUE
    return PresentationMode.SIGNED


def judge(scan: Scan, *, now: datetime, skew: timedelta = SKEW) -> Verdict:
    """OK_ONLINE, or the first reason against it; burn the code only after OK_ONLINE.

    The order is: time, scene, status, and last whether the code was used, which only burning it tells.
    A code out of its window proves nothing, so nothing else is said of it; a clerk who may not check here
    does not learn how the certificate stands; and that a certificate was revoked matters more at the
    counter than that its code was used before.
    """
    late = time_verdict(scan.issued_at, scan.expires_at, now=now, skew=skew)
    if late is not None:
        return late
    if scan.scene not in scan.clerk_scenes:
        return Verdict.SCENE_DENIED
    return _BY_STATUS[scan.status]


def time_verdict(
    issued_at: datetime, expires_at: datetime, *, now: datetime, skew: timedelta
) -> Verdict | None:
    """CLOCK_SKEW before the window, EXPIRED after it, None within; each end bears ``skew``."""
    # Differences, because the first and the last instants there are have none before or after them.
    if issued_at - now > skew:
        return Verdict.CLOCK_SKEW
    if now - expires_at >= skew:
        return Verdict.EXPIRED
    return None


_BY_STATUS: Final = {
    CredentialStatus.VALID: Verdict.OK_ONLINE,
    CredentialStatus.REVOKED: Verdict.REVOKED,
    CredentialStatus.SUSPENDED: Verdict.SUSPENDED,
    CredentialStatus.EXPIRED: Verdict.CREDENTIAL_EXPIRED,
    CredentialStatus.NOT_YET_VALID: Verdict.NOT_YET_VALID,
}

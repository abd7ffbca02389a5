"""A guard checks a code (验码): dynamic, offline or on paper.

Every check is answered from Redis; only a paper code that Redis does not know asks MongoDB. What a signed
code says of a colour was so when it was signed, so a guard with a network is told what is known now.
"""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec.structs import replace

from health_code.codec import signed
from health_code.codec.dynamic import SKEW, DynamicCode, DynamicCodes, NotACode
from health_code.codec.signed import OfflineContent, PaperContent, SignedCode
from health_code.lanes import Lane, LaneFull
from health_code.models import Person, Scan, Snapshot
from health_code.offline import instant, time_verdict
from health_code.ports import Admit, Clock, PersonalData, SigningKeys, TimedId
from health_code.refusals import HealthCodeUnavailable
from health_code.rules.documents import Colour
from health_code.service import HealthCodes
from health_code.settings import HealthSettings
from health_code.store import PaperStore, ScanStore, SnapshotStore
from miniapp_schemas.health_code import HealthCheck

_CHECKED_AT_ONCE: Final = 512
_PATIENCE_SECONDS: Final = 1.0
_AT_ONCE_SECONDS: Final = 0.5
"""What asking the register for a paper code may take while a queue waits."""


class HealthChecks:
    """Answers guards, and counts their scans under a pseudonym of the day."""

    def __init__(
        self,
        *,
        codes: HealthCodes,
        snapshots: SnapshotStore,
        papers: PaperStore,
        scans: ScanStore,
        dynamic: Callable[[], DynamicCodes],
        keys: SigningKeys,
        personal: PersonalData,
        admit: Admit,
        away: tuple[type[Exception], ...],
        clock: Clock,
        timed_id: TimedId,
        settings: HealthSettings,
    ) -> None:
        self._codes = codes
        self._snapshots = snapshots
        self._papers = papers
        self._scans = scans
        self._dynamic = dynamic
        self._keys = keys
        self._personal = personal
        self._admit = admit
        self._away: tuple[type[Exception], ...] = (HealthCodeUnavailable, TimeoutError, *away)
        self._clock = clock
        self._timed_id = timed_id
        self._guard_per_minute = settings.guard_per_minute
        self._kept = timedelta(days=settings.scan_days)
        self._checking = Lane(at_once=_CHECKED_AT_ONCE, patience=_PATIENCE_SECONDS)

    async def check(self, guard: Person, code: str, *, request: str = "") -> HealthCheck:
        """What ``guard`` may know of ``code``. A dynamic one is good once for one guard."""
        try:
            async with self._checking:
                return await self._check(guard, code, request)
        except LaneFull:
            raise HealthCodeUnavailable from None

    async def _check(self, guard: Person, code: str, request: str) -> HealthCheck:
        rate = self._guard_per_minute
        await self._admit("health-check", guard.id, per_minute=rate, burst=rate)
        now = self._clock()
        try:
            if not code.startswith(signed.PREFIX):
                return await self._shown(guard, code, self._dynamic().open(code), request, now)
            said = signed.read(code, keys=self._keys.verifying())
        except (NotACode, signed.CodeUnreadable, signed.ForeignKey, signed.Forged):
            return HealthCheck(verdict="NOT_A_CODE", checked_at=now)
        kind: Literal["OFFLINE", "PAPER"] = "PAPER" if isinstance(said.content, PaperContent) else "OFFLINE"
        if time_verdict(said, now=now) != "OK":
            return HealthCheck(verdict="EXPIRED", checked_at=now, kind=kind)
        answer, whose = await self._carried(said, now)
        await self._scans.note(self._scan(guard, answer, whose))
        return answer

    async def _shown(
        self, guard: Person, code: str, opened: DynamicCode, request: str, now: datetime
    ) -> HealthCheck:
        left = opened.expires_at + SKEW - now.timestamp()
        if left <= 0:
            return HealthCheck(verdict="EXPIRED", checked_at=now, kind="DYNAMIC")
        subject = urlsafe_b64encode(opened.subject).rstrip(b"=").decode()
        snapshot = await self._snapshots.get(subject)
        if snapshot is None:
            return HealthCheck(verdict="UNKNOWN", checked_at=now, kind="DYNAMIC")
        answer = _answer(snapshot, self._codes.shown(snapshot, now), now, "DYNAMIC")
        scan = self._scan(guard, answer, subject)
        keep_ms = int(left * 1000) + 1000
        if not await self._scans.once(scan, code[-22:], request=request, keep_ms=keep_ms):
            return HealthCheck(verdict="ALREADY_CHECKED", checked_at=now, kind="DYNAMIC")
        return answer

    async def _carried(self, code: SignedCode, now: datetime) -> tuple[HealthCheck, str]:
        """The answer to a genuine code in its time, and whose it is as far as can be told."""
        content = code.content
        if isinstance(content, PaperContent):
            return await self._paper(content, now)
        subject = await self._snapshots.whose(content.handle)
        snapshot = None if subject is None else await self._snapshots.get(subject)
        if subject is None or snapshot is None:
            return _as_signed(content, now), content.handle.hex()
        return _answer(snapshot, self._codes.shown(snapshot, now), now, "OFFLINE"), subject

    async def _paper(self, content: PaperContent, now: datetime) -> tuple[HealthCheck, str]:
        rid = content.rid.hex()
        bare = HealthCheck(verdict="IDENTITY_ONLY", checked_at=now, kind="PAPER", name=content.name)
        subject = await self._papers.remembered(rid)
        try:
            if subject is None:
                async with asyncio.timeout(_AT_ONCE_SECONDS):
                    subject = await self._papers.whose(rid, now=now)
            if subject is None:
                return HealthCheck(verdict="UNKNOWN", checked_at=now, kind="PAPER"), rid
            if not subject:
                return HealthCheck(verdict="REVOKED", checked_at=now, kind="PAPER"), rid
            snapshot, shown, now = await self._codes.current(subject)
        except self._away:
            return bare, subject or rid
        return replace(_answer(snapshot, shown, now, "PAPER"), name=content.name), subject

    def _scan(self, guard: Person, answer: HealthCheck, whose: str) -> Scan:
        at = answer.checked_at
        return Scan(
            id=self._timed_id(at),
            at=at,
            guard=guard.id,
            organisation=guard.organisation,
            code=answer.kind or "",
            verdict=answer.verdict,
            whose=self._personal.pseudonym("health-scan", f"{at:%Y-%m-%d}:{whose}"),
            expires_at=at + self._kept,
        )


def _answer(
    snapshot: Snapshot, shown: Colour, now: datetime, kind: Literal["DYNAMIC", "OFFLINE", "PAPER"]
) -> HealthCheck:
    return HealthCheck(
        verdict="OK",
        checked_at=now,
        kind=kind,
        colour=shown.value,
        name=snapshot.name_masked,
        as_of=snapshot.judged_at,
        age_seconds=max(0, int((now - snapshot.judged_at).total_seconds())),
    )


def _as_signed(content: OfflineContent, now: datetime) -> HealthCheck:
    """What an offline code says of itself, where nothing later is known."""
    as_of = instant(content.as_of)
    return HealthCheck(
        verdict="OK",
        checked_at=now,
        kind="OFFLINE",
        colour=content.colour.value,
        name=content.name,
        as_of=as_of,
        age_seconds=max(0, int((now - as_of).total_seconds())),
    )

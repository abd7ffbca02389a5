"""A resident reads and shows a code (亮码); a guard checks one (验码)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from health_code.codec.dynamic import NONCE, DynamicCodes, NotACode
from health_code.freshening import Freshening
from health_code.lanes import Lane, LaneFull
from health_code.models import Snapshot
from health_code.ports import Admit, Chance, Clock
from health_code.refusals import HealthCodeUnavailable
from health_code.rules.documents import Colour
from health_code.rules.freshness import Limits, shown_colour
from health_code.settings import HealthSettings
from health_code.store import SnapshotStore
from health_code.views import as_code, as_ticket
from miniapp_schemas.health_code import HealthCheck, HealthCode, HealthCodeTicket

_SKEW: Final = 5
_SHOWN_AT_ONCE: Final = 512
_CHECKED_AT_ONCE: Final = 512
_READ_AT_ONCE: Final = 128
_PATIENCE_SECONDS: Final = 1.0
_REFRESH: Final = (240, 120)
"""An open page asks again after so many seconds, and up to so many more: a city that opened its pages in one
minute does not ask again in one second."""


class HealthCodes:
    """Codes as residents show and guards check them.

    Both read one snapshot. Where there is none yet, or it is due, one is judged from the evidence, which
    needs MongoDB; nothing else here does. Reading, showing and checking have a lane each.
    """

    def __init__(
        self,
        *,
        snapshots: SnapshotStore,
        fresh: Freshening,
        silent: Callable[[], bool],
        codes: Callable[[], DynamicCodes],
        admit: Admit,
        clock: Clock,
        chance: Chance,
        settings: HealthSettings,
    ) -> None:
        self._snapshots = snapshots
        self._fresh = fresh
        self._silent = silent
        self._codes = codes
        self._admit = admit
        self._clock = clock
        self._chance = chance
        self._window = settings.window_seconds
        self._guard_per_minute = settings.guard_per_minute
        self._limits = Limits(
            green=timedelta(minutes=settings.green_limit_minutes),
            yellow=timedelta(minutes=settings.yellow_limit_minutes),
        )
        self._reading = Lane(at_once=_READ_AT_ONCE, patience=_PATIENCE_SECONDS)
        self._showing = Lane(at_once=_SHOWN_AT_ONCE, patience=_PATIENCE_SECONDS)
        self._checking = Lane(at_once=_CHECKED_AT_ONCE, patience=_PATIENCE_SECONDS)

    async def read(self, subject: str) -> HealthCode:
        """The code with every reason; judged now if it was never judged."""
        try:
            async with self._reading:
                snapshot = await self._fresh(subject)
        except LaneFull:
            raise HealthCodeUnavailable from None
        now = self._clock()
        least, spread = _REFRESH
        refresh = least + int.from_bytes(self._chance(2)) % spread
        return as_code(snapshot, self._shown(snapshot, now), now, refresh_seconds=refresh)

    async def show(self, subject: str) -> HealthCodeTicket:
        """A code to show, good for a minute (制码). Reads one snapshot."""
        try:
            async with self._showing:
                snapshot = await self._fresh(subject)
        except LaneFull:
            raise HealthCodeUnavailable from None
        now = self._clock()
        expires = int(now.timestamp()) + self._window
        code = self._codes().seal(urlsafe_b64decode(subject + "="), expires, self._chance(NONCE))
        return as_ticket(snapshot, self._shown(snapshot, now), code, expires)

    async def check(self, guard: str, code: str) -> HealthCheck:
        """What ``guard`` may know of ``code``: the same code is good once for one guard."""
        try:
            async with self._checking:
                return await self._check(guard, code)
        except LaneFull:
            raise HealthCodeUnavailable from None

    async def _check(self, guard: str, code: str) -> HealthCheck:
        # On its way, with what follows, before it is waited for: a check is one round trip.
        admitted = self._admit(
            "health-check", guard, per_minute=self._guard_per_minute, burst=self._guard_per_minute
        )
        now = self._clock()
        try:
            opened = self._codes().open(code)
        except NotACode:
            await admitted
            return HealthCheck(verdict="NOT_A_CODE", checked_at=now)
        left = opened.expires_at + _SKEW - now.timestamp()
        if left <= 0:
            await admitted
            return HealthCheck(verdict="EXPIRED", checked_at=now)
        subject = urlsafe_b64encode(opened.subject).rstrip(b"=").decode()
        snapshot_asked = self._snapshots.get(subject)
        await admitted
        snapshot = await snapshot_asked
        if snapshot is None:
            return HealthCheck(verdict="UNKNOWN", checked_at=now)
        if not await self._snapshots.first_seen(guard, code[-22:], keep_ms=int(left * 1000) + 1000):
            return HealthCheck(verdict="ALREADY_CHECKED", checked_at=now)
        age = int((now - snapshot.judged_at).total_seconds())
        return HealthCheck(
            verdict="OK",
            checked_at=now,
            colour=self._shown(snapshot, now).value,
            name=snapshot.name_masked,
            as_of=snapshot.judged_at,
            age_seconds=max(0, age),
        )

    def _shown(self, snapshot: Snapshot, now: datetime) -> Colour:
        if snapshot.colour is Colour.GREEN and self._silent():
            return Colour.GREY
        return shown_colour(
            snapshot.colour,
            age=now - snapshot.judged_at,
            turned=snapshot.next_change_at is not None and now >= snapshot.next_change_at,
            limits=self._limits,
        )

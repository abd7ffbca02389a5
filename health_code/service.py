"""A resident reads and shows a code (亮码); a guard checks one (验码)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from health_code.codec.dynamic import NONCE, DynamicCodes, NotACode
from health_code.models import Snapshot
from health_code.ports import Admit, Chance, Clock
from health_code.recolouring import Recolouring
from health_code.refusals import HealthCodeUnavailable
from health_code.rules.documents import Colour
from health_code.rules.freshness import Limits, shown_colour
from health_code.settings import HealthSettings
from health_code.store import SnapshotStore
from health_code.views import as_code, as_ticket
from miniapp_schemas.health_code import HealthCheck, HealthCode, HealthCodeTicket

_SKEW: Final = 5


class HealthCodes:
    """Codes as residents show and guards check them.

    Both read one snapshot. Where there is none yet, one is judged from the evidence, which needs MongoDB;
    nothing else here does.
    """

    def __init__(
        self,
        *,
        snapshots: SnapshotStore,
        recolouring: Recolouring,
        codes: Callable[[], DynamicCodes],
        admit: Admit,
        clock: Clock,
        chance: Chance,
        settings: HealthSettings,
    ) -> None:
        self._snapshots = snapshots
        self._recolouring = recolouring
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

    async def read(self, subject: str) -> HealthCode:
        """The code with every reason; judged now if it was never judged."""
        snapshot = await self._snapshot(subject)
        now = self._clock()
        return as_code(snapshot, self._shown(snapshot, now), now)

    async def show(self, subject: str) -> HealthCodeTicket:
        """A code to show, good for a minute (制码). Reads one snapshot."""
        snapshot = await self._snapshots.get(subject) or await self._judged(subject)
        now = self._clock()
        expires = int(now.timestamp()) + self._window
        code = self._codes().seal(snapshot.handle, expires, self._chance(NONCE))
        return as_ticket(snapshot, self._shown(snapshot, now), code, expires)

    async def check(self, guard: str, code: str) -> HealthCheck:
        """What ``guard`` may know of ``code``: the same code is good once for one guard."""
        rate = self._guard_per_minute
        await self._admit("health-check", guard, per_minute=rate, burst=rate)
        now = self._clock()
        try:
            opened = self._codes().open(code)
        except NotACode:
            return HealthCheck(verdict="NOT_A_CODE", checked_at=now)
        left = opened.expires_at + _SKEW - now.timestamp()
        if left <= 0:
            return HealthCheck(verdict="EXPIRED", checked_at=now)
        subject = await self._snapshots.whose(opened.handle)
        snapshot = None if subject is None else await self._snapshots.get(subject)
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

    async def _snapshot(self, subject: str) -> Snapshot:
        return await self._snapshots.get(subject) or await self._judged(subject)

    async def _judged(self, subject: str) -> Snapshot:
        try:
            return await self._recolouring.once(subject)
        except ConnectionError:
            raise HealthCodeUnavailable from None

    def _shown(self, snapshot: Snapshot, now: datetime) -> Colour:
        return shown_colour(
            snapshot.colour,
            age=now - snapshot.judged_at,
            turned=snapshot.next_change_at is not None and now >= snapshot.next_change_at,
            limits=self._limits,
        )

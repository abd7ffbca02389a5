"""A resident reads and shows a code (亮码)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from health_code.codec.dynamic import NONCE, DynamicCodes
from health_code.models import Snapshot
from health_code.ports import Chance, Clock
from health_code.recolouring import Recolouring
from health_code.refusals import HealthCodeUnavailable
from health_code.rules.documents import Colour
from health_code.rules.freshness import Limits, good_until, shown_colour
from health_code.settings import HealthSettings
from health_code.store import SnapshotStore
from health_code.views import as_code, as_ticket
from miniapp_schemas.health_code import HealthCode, HealthCodeTicket

_AT_ONCE_SECONDS: Final = 0.5
"""What judging anew may take while somebody holds their phone to a guard."""


class HealthCodes:
    """Codes as residents see and show them.

    All read one snapshot. Where there is none yet, or one too old to be shown, one is judged from the
    evidence, which needs MongoDB; nothing else here does.
    """

    def __init__(
        self,
        *,
        snapshots: SnapshotStore,
        recolouring: Recolouring,
        codes: Callable[[], DynamicCodes],
        away: tuple[type[Exception], ...],
        clock: Clock,
        chance: Chance,
        settings: HealthSettings,
    ) -> None:
        self._snapshots = snapshots
        self._recolouring = recolouring
        self._codes = codes
        self._away: tuple[type[Exception], ...] = (TimeoutError, *away)
        self._clock = clock
        self._chance = chance
        self._window = settings.window_seconds
        self._limits = Limits(
            green=timedelta(minutes=settings.green_limit_minutes),
            yellow=timedelta(minutes=settings.yellow_limit_minutes),
        )

    async def read(self, subject: str) -> HealthCode:
        """The code with every reason; judged now if it was never judged."""
        snapshot, shown, now = await self.current(subject)
        return as_code(snapshot, shown, now)

    async def show(self, subject: str) -> HealthCodeTicket:
        """A code to show, good for a minute (制码). Reads one snapshot."""
        snapshot, shown, now = await self.current(subject)
        expires = int(now.timestamp()) + self._window
        code = self._codes().seal(snapshot.handle, expires, self._chance(NONCE))
        return as_ticket(snapshot, shown, code, expires)

    async def current(self, subject: str) -> tuple[Snapshot, Colour, datetime]:
        """The snapshot of ``subject``, the colour shown of it, and when that was asked.

        One too old to be shown is judged anew if that can be done at once. If not, it is shown as it is:
        as grey, or as the red that it stays.
        """
        snapshot = await self._snapshots.get(subject) or await self._judged(subject)
        now = self._clock()
        if (ends := self.good_until(snapshot)) is not None and now >= ends:
            with suppress(*self._away):
                async with asyncio.timeout(_AT_ONCE_SECONDS):
                    snapshot = await self._recolouring.once(subject)
            now = self._clock()
        return snapshot, self.shown(snapshot, now), now

    def shown(self, snapshot: Snapshot, now: datetime) -> Colour:
        """What is shown of ``snapshot`` at ``now``."""
        return shown_colour(
            snapshot.colour,
            age=now - snapshot.judged_at,
            turned=snapshot.next_change_at is not None and now >= snapshot.next_change_at,
            limits=self._limits,
        )

    def good_until(self, snapshot: Snapshot) -> datetime | None:
        """Until when the colour of ``snapshot`` can be shown as it is; None for red without an end."""
        return good_until(
            snapshot.colour,
            judged_at=snapshot.judged_at,
            next_change_at=snapshot.next_change_at,
            limits=self._limits,
        )

    async def _judged(self, subject: str) -> Snapshot:
        try:
            async with asyncio.timeout(_AT_ONCE_SECONDS * 3):
                return await self._recolouring.once(subject)
        except self._away:
            raise HealthCodeUnavailable from None

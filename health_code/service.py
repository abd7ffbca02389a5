"""A resident reads and shows a code (亮码)."""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import datetime
from typing import Final

from health_code.codec.dynamic import NONCE, SKEW, DynamicCodes
from health_code.freshening import Freshening
from health_code.lanes import Lane, LaneFull
from health_code.models import Snapshot
from health_code.ports import Chance, Clock
from health_code.refusals import HealthCodeUnavailable
from health_code.rules.documents import Colour
from health_code.rules.freshness import good_until
from health_code.settings import HealthSettings
from health_code.showing import Showing
from health_code.views import as_code, as_ticket
from miniapp_schemas.health_code import HealthCode, HealthCodeTicket

_SHOWN_AT_ONCE: Final = 512
_READ_AT_ONCE: Final = 128
_PATIENCE_SECONDS: Final = 1.0
_REFRESH: Final = (240, 120)
"""An open page asks again after so many seconds, and up to so many more: a city that opened its pages in one
minute does not ask again in one second."""


class HealthCodes:
    """Codes as residents see and show them.

    All read one snapshot. Where there is none yet, or it is due, one is judged from the evidence, which
    needs MongoDB; nothing else here does. Reading and showing have a lane each.
    """

    def __init__(
        self,
        *,
        fresh: Freshening,
        showing: Showing,
        codes: Callable[[], DynamicCodes],
        clock: Clock,
        chance: Chance,
        settings: HealthSettings,
    ) -> None:
        self._fresh = fresh
        self._seen = showing
        self._codes = codes
        self._clock = clock
        self._chance = chance
        self._window = settings.window_seconds - SKEW
        self._limits = settings.limits
        self._reading = Lane(at_once=_READ_AT_ONCE, patience=_PATIENCE_SECONDS)
        self._showing = Lane(at_once=_SHOWN_AT_ONCE, patience=_PATIENCE_SECONDS)

    async def read(self, subject: str) -> HealthCode:
        """The code with every reason; judged now if it was never judged."""
        snapshot, shown, now = await self.current(subject)
        least, spread = _REFRESH
        refresh = least + int.from_bytes(self._chance(2)) % spread
        unknown = self._seen.unknown(snapshot, now)
        return as_code(snapshot, shown, unknown, now, refresh_seconds=refresh)

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
        return as_ticket(snapshot, self.shown(snapshot, now), code, expires)

    async def current(self, subject: str) -> tuple[Snapshot, Colour, datetime]:
        """The snapshot of ``subject``, the colour shown of it, and when that was asked."""
        try:
            async with self._reading:
                snapshot = await self._fresh(subject)
        except LaneFull:
            raise HealthCodeUnavailable from None
        now = self._clock()
        return snapshot, self.shown(snapshot, now), now

    def shown(self, snapshot: Snapshot, now: datetime) -> Colour:
        """What is shown of ``snapshot`` at ``now``."""
        return self._seen.colour(snapshot, now)

    def good_until(self, snapshot: Snapshot) -> datetime | None:
        """Until when the colour of ``snapshot`` can be shown as it is; None for red without an end."""
        return good_until(
            snapshot.colour,
            judged_at=snapshot.judged_at,
            next_change_at=snapshot.next_change_at,
            limits=self._limits,
        )

"""Residents read, decided about and written, so that two changes at once are two."""

from collections.abc import Awaitable, Callable
from typing import Final

from auth_bridges.models import Resident, Standing
from auth_bridges.refusals import SessionEnded
from auth_bridges.store import Residents

_ROUNDS: Final = 20

Decide = Callable[[Resident], Awaitable[Resident]]


class BusyResident(Exception):
    """Others kept changing the same resident; it is an accident, and asking again helps."""


class People:
    """Whom an actor is, and how they are changed."""

    def __init__(self, residents: Residents) -> None:
        self._residents = residents

    async def active(self, resident: str) -> Resident:
        """``resident``, or ``SessionEnded`` for who was merged, disabled or deleted since."""
        found = await self._residents.get(resident)
        if found is None or found.standing is not Standing.ACTIVE or found.merged_into is not None:
            raise SessionEnded
        return found

    async def change(self, resident: str, decide: Decide) -> Resident:
        """Put what ``decide`` makes of ``resident`` in their place; it is asked again if they changed."""
        for _ in range(_ROUNDS):
            before = await self.active(resident)
            after = await decide(before)
            if after == before or await self._residents.replace(before, after):
                return after
        raise BusyResident(resident)

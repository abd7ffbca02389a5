"""Whether what concerns somebody is still for whom it was meant for: asked again right before it is told.

Between planning and telling lie quiet hours, a provider's bad day, a dead letter: meanwhile a grant may end,
and a court may end a guardianship that nobody had any reason to use.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

from auth_bridges.models import ActingGrant, Resident, Standing
from auth_bridges.ports import Clock
from auth_bridges.refusals import FamilyRegisterUnavailable
from auth_bridges.store import AuthStores
from bff.platform.push_timeline import DECIDING

_AT_ONCE: Final = 16
"""How many questions one batch has at the family register."""

Holds = Callable[[ActingGrant, Resident], Awaitable[bool]]
"""Whether a grant in force still holds in somebody's hands, by whoever can tell."""


class StillAddressed:
    """Asks the grants, and through them the family register."""

    def __init__(self, stores: AuthStores, holds: Holds, clock: Clock) -> None:
        self._residents = stores.residents
        self._grants = stores.grants
        self._holds = holds
        self._clock = clock

    async def __call__(self, pairs: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], bool]:
        """Of each account and whom it acts for, whether it does; of whom nobody can tell now, nothing."""
        if not pairs:
            return {}
        by_whom: dict[str, list[ActingGrant]] = {}
        whom = sorted({each for _, each in pairs})
        for grant in await self._grants.standing_for(whom, DECIDING, now=self._clock()):
            by_whom.setdefault(grant.whom, []).append(grant)
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(account: str, whom: str) -> bool | None:
            async with room:
                return await self._still(account, by_whom.get(whom, ()))

        each = list(dict.fromkeys(pairs))
        answers = await asyncio.gather(*(one(*pair) for pair in each))
        return {pair: answer for pair, answer in zip(each, answers, strict=True) if answer is not None}

    async def _still(self, account: str, grants: Collection[ActingGrant]) -> bool | None:
        resident = await self._residents.root_of(account) if grants else None
        if resident is None or resident.standing is not Standing.ACTIVE:
            return False
        unsure = False
        for grant in grants:
            if grant.agent != resident.holder:
                continue
            try:
                if await self._holds(grant, resident):
                    return True
            except FamilyRegisterUnavailable:
                unsure = True
        return None if unsure else False

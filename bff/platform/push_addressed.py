"""Whether what concerns somebody is still for whom it was meant for: asked again right before it is told.

Between planning and telling lie quiet hours, a provider's bad day, a dead letter: meanwhile a grant may end,
and a court may end a guardianship that nobody had any reason to use.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from auth_bridges.models import ActingGrant, Resident
from auth_bridges.ports import Clock
from auth_bridges.refusals import FamilyRegisterUnavailable
from auth_bridges.store import AuthStores
from bff.platform.push_timeline import DECIDING, Holds, accounts_of

_AT_ONCE: Final = 16
"""How many questions one batch has at the family register."""


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
        whom = sorted({each for _, each in pairs})
        grants = await self._grants.standing_for(whom, DECIDING, now=self._clock())
        agents = await accounts_of(self._residents, sorted({grant.agent for grant in grants}))
        below = await self._residents.below([agent.id for agent in agents.values()]) if agents else {}
        theirs: dict[tuple[str, str], list[tuple[ActingGrant, Resident]]] = {}
        for grant in grants:
            if (agent := agents.get(grant.agent)) is not None:
                theirs.setdefault((agent.id, grant.whom), []).append((grant, agent))
        room = asyncio.Semaphore(_AT_ONCE)

        async def still(account: str, whom: str) -> bool | None:
            async with room:
                return await self._any_holds(theirs.get((below.get(account, ""), whom), ()))

        each = list(dict.fromkeys(pairs))
        answers = await asyncio.gather(*(still(*pair) for pair in each))
        return {pair: answer for pair, answer in zip(each, answers, strict=True) if answer is not None}

    async def _any_holds(self, grants: Sequence[tuple[ActingGrant, Resident]]) -> bool | None:
        unsure = False
        for grant, agent in grants:
            try:
                if await self._holds(grant, agent):
                    return True
            except FamilyRegisterUnavailable:
                unsure = True
        return None if unsure else False

"""Children who proved a level by themselves before anybody asked how old they were.

Under fourteen nobody consents for themselves (PIPL Art. 31), and proving refuses. What was proved before it
did is looked at when its owner next comes in or renews: the number says how old they are. Of a child it goes
as if the consent were withdrawn, and a guardian acts for them; of anybody else it is noted, and not looked
at again. What an office registered stays: it does not rest on the child's word.
"""

from msgspec import structs

from auth_bridges.accounts.consents import Resting
from auth_bridges.models import ConsentPurpose, Resident
from auth_bridges.ports import Audit, Clock
from auth_bridges.refusals import ChildNeedsGuardian
from auth_bridges.rules.acting import needs_guardian
from auth_bridges.rules.consents import of_a_child, seen_of_age, unseen
from auth_bridges.store import AuthStores
from auth_bridges.vault import Vault


class Children:
    """Lets no level stand that a child proved alone."""

    def __init__(
        self, *, stores: AuthStores, vault: Vault, resting: Resting, audit: Audit, clock: Clock
    ) -> None:
        self._stores = stores
        self._vault = vault
        self._resting = resting
        self._audit = audit
        self._clock = clock

    async def looked_at(self, resident: Resident) -> Resident:
        """``resident`` as they are once it was seen how old they were; all sessions of a child have ended."""
        if not unseen(resident):
            return resident
        number = await self._vault.number(resident)
        now = self._clock()
        if number is None:
            return resident
        if not needs_guardian(number, now):
            seen = seen_of_age(resident)
            return seen if await self._stores.residents.replace(resident, seen) else resident
        for purpose in ConsentPurpose:
            await self._stores.consents.withdraw([resident.id], purpose, at=now)
        # Before it is done: afterwards nothing tells whoever goes on after a crash that it was.
        await self._audit("identity.withdrawn", at=now, actor=resident.id, outcome=ChildNeedsGuardian.code)
        await self._resting.take_away(resident.id, of_a_child)
        left = await self._stores.residents.get(resident.id)
        return structs.replace(resident, proofs=()) if left is None else left

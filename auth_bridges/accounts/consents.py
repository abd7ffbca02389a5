"""Consents (单独同意): given for one purpose each, and each withdrawn by itself (PIPL Art. 15).

Withdrawing marks the consent first and takes away what rests on it next; proving writes first and looks at
the consent again next. So whichever comes last sees the other, and nothing proved outlives its consent.
"""

from collections.abc import Callable
from datetime import datetime

from auth_bridges.accounts.grants_left import GrantsLeft
from auth_bridges.accounts.people import People
from auth_bridges.accounts.step_up import StepUps
from auth_bridges.models import Actor, Audience, Consent, ConsentPurpose, Ending, GrantEnding, Resident
from auth_bridges.ports import Audit, Clock
from auth_bridges.refusals import ConsentUnknown
from auth_bridges.rules.consents import without
from auth_bridges.rules.policy import Operation
from auth_bridges.sessions import Sessions
from auth_bridges.store import AuthStores


class Resting:
    """Takes away what rests on a consent that does not stand."""

    def __init__(
        self, *, stores: AuthStores, sessions: Sessions, grants_left: GrantsLeft, clock: Clock
    ) -> None:
        self._stores = stores
        self._sessions = sessions
        self._grants_left = grants_left
        self._clock = clock

    async def take_away(self, resident: str, leave: Callable[[Resident], Resident]) -> None:
        """Let ``resident`` be what ``leave`` makes of them; no token tells of more within a second.

        Who is not real-name any more is no side of leave to act: they could neither see nor end it.
        """
        while (found := await self._stores.residents.get(resident)) is not None:
            left = leave(found)
            unnamed = None if found.holder == left.holder else found.holder
            await self._end_grants(resident, unnamed)
            if left == found or await self._stores.residents.replace(found, left):
                # Once more: what was granted in between; before, so that who goes on after a crash finds it.
                await self._end_grants(resident, unnamed)
                break
        await self._sessions.end_all(Audience.RESIDENT, resident, Ending.CONSENT_WITHDRAWN, now=self._clock())

    async def _end_grants(self, resident: str, holder: str | None) -> None:
        if holder is not None:
            why = GrantEnding.IDENTITY_WITHDRAWN
            await self._grants_left.end([holder], why, actor=resident, now=self._clock())


class ConsentLedger:
    """Keeps consents, and what is gone when one is withdrawn."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        people: People,
        step_ups: StepUps,
        resting: Resting,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._people = people
        self._step_ups = step_ups
        self._resting = resting
        self._audit = audit
        self._clock = clock

    async def give(self, actor: Actor, purpose: ConsentPurpose, notice: str, *, at: datetime) -> None:
        """Note that ``actor`` agreed to ``purpose``, shown ``notice``."""
        resident = actor.resident
        await self._stores.consents.give(
            Consent(
                id=f"{resident}:{purpose.value}",
                resident=resident,
                purpose=purpose,
                notice=notice,
                given_at=at,
            )
        )
        await self._told("consent.given", resident, purpose, at, notice=notice)

    async def stands(self, resident: str, purpose: ConsentPurpose) -> bool:
        """Whether ``resident`` agrees to ``purpose`` now."""
        given = await self._stores.consents.of([resident])
        return any(each.purpose is purpose and each.withdrawn_at is None for each in given)

    async def withdraw(self, actor: Actor, purpose: ConsentPurpose) -> None:
        """Take back the consent to ``purpose``, with what rests on it; everybody signs in anew.

        Asked again, it does again whatever a process that died in between left undone.
        """
        await self._step_ups.require(actor, Operation.WITHDRAW_CONSENT, purpose.value.encode())
        everybody = await self._stores.residents.tree_of(await self._people.active(actor.resident))
        if all(each.purpose is not purpose for each in await self._stores.consents.of(everybody)):
            raise ConsentUnknown
        now = self._clock()
        await self._stores.consents.withdraw(everybody, purpose, at=now)
        for resident in everybody:
            await self.take_away(resident, purpose)
        await self._told("consent.withdrawn", actor.resident, purpose, now)

    async def take_away(self, resident: str, purpose: ConsentPurpose) -> None:
        """Let nothing of ``resident`` rest on ``purpose``."""
        await self._resting.take_away(resident, lambda found: without(found, purpose))

    async def _told(
        self, kind: str, resident: str, purpose: ConsentPurpose, at: datetime, **facts: str
    ) -> None:
        await self._audit(
            kind, at=at, actor=resident, outcome="ok", facts={"purpose": purpose.value, **facts}
        )

"""What becomes of leave to act for others (代办) when one of its sides leaves, or is real-name no longer.

It ends, for both; of who left nothing stays in it but that there was somebody. A guardian's leave for a child
that leaves goes on: it rests on the family register and not on the child's account. Each grant goes
through the same steps, and one that a process died over goes through them again:

    end       no token comes of it any more, and a guardian's place is free
    announce  those there are die in every process within a second
    tell      the audit, and the other side
    erase     last, because it is found by what is erased
"""

from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import Final

from auth_bridges.models import NOBODY, ActingGrant, GrantEnding, Notice, NoticeKind
from auth_bridges.ports import Audit, Notify
from auth_bridges.rules.acting import state_of
from auth_bridges.store import AuthStores
from miniapp_schemas.acting import ActingKind, GrantState

_AT_ONCE: Final = 100


class GrantsLeft:
    """Ends what those who leave may do for others, and others for them."""

    def __init__(self, stores: AuthStores, *, audit: Audit, notify: Notify) -> None:
        self._stores = stores
        self._grants = stores.grants
        self._audit = audit
        self._notify = notify

    async def end(
        self,
        holders: Collection[str],
        why: GrantEnding,
        *,
        actor: str,
        now: datetime,
        until: datetime | None = None,
    ) -> None:
        """End every grant, offered ``until`` then, that one of ``holders`` is a side of, and erase them."""
        while found := await self._grants.of_leaving(holders, now=now, limit=_AT_ONCE, until=until):
            for grant in found:
                await self._end(grant, holders, why, actor=actor, now=now)

    async def sides(self) -> AsyncIterator[str]:
        """Everybody who is a side of a grant, as often as they are one."""
        after = ""
        while found := await self._grants.every(after=after, limit=_AT_ONCE):
            for grant in found:
                for key in (grant.agent, grant.whom, grant.granted_by):
                    if key is not None and key != NOBODY:
                        yield key
            after = found[-1].id

    async def _end(
        self, grant: ActingGrant, holders: Collection[str], why: GrantEnding, *, actor: str, now: datetime
    ) -> None:
        over = state_of(grant, now) is GrantState.ENDED
        ended = await self._grants.end(grant.id, GrantEnding.LAPSED if over else why, now=now) or grant
        # Ended by us, just now or before a process died; the other side may have left long before.
        if ended.ended_why is why and NOBODY not in (grant.agent, grant.whom):
            await self._stores.ended.announce([grant.id], now=now)
            facts = {"kind": grant.kind.value, "onBehalfOf": grant.whom, "agent": grant.agent}
            await self._audit(
                "grant.ended", at=now, actor=actor, subject=grant.id, outcome=why.value, facts=facts
            )
            await self._tell(grant, holders, now)
        await self._grants.erase(grant, holders)

    async def _tell(self, grant: ActingGrant, holders: Collection[str], now: datetime) -> None:
        told = {key: NoticeKind.ACTING_LEFT for key in (grant.agent, grant.whom, grant.granted_by) if key}
        if grant.kind is ActingKind.GUARDIAN:
            others = await self._grants.guardians(grant.whom, now=now)
            told |= {each.agent: NoticeKind.GUARDIAN_ENDED for each in others}
        for key, kind in told.items():
            found = None if key in holders else await self._stores.residents.by_holder(key)
            resident = await self._stores.residents.root(found)
            if resident is not None:
                name = f"{grant.id}:{kind.value}:{resident.id}"
                await self._notify(Notice(id=name, resident=resident.id, kind=kind, at=now))

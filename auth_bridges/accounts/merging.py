"""Merging two residents who are one person (账号合并), and taking it back.

Nothing is moved: who is taken in points to who goes on, and keeps links, proofs and papers. So one
write merges and one write restores both. Around it stand steps that may be done again, and are, by
whoever comes by next, when a process died in between: sessions end, both are told, the case moves on.
"""

from datetime import datetime
from typing import Final

from auth_bridges.models import (
    Audience,
    Ending,
    MergeCase,
    MergeReason,
    MergeState,
    Notice,
    NoticeKind,
    Resident,
)
from auth_bridges.ports import Audit, Chance, Clock, Notify
from auth_bridges.refusals import MergeNotReversible, MergeNotWaiting, MergeUnknown
from auth_bridges.rules.assurance import level_of
from auth_bridges.rules.linking import Side, is_reversible, needs_review, survivor
from auth_bridges.sessions import Sessions
from auth_bridges.store import AuthStores

BY_RULE: Final = "rule"
"""Who decided a merge that needed no operator."""


class Merging:
    """Opens merge cases and carries them out."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        sessions: Sessions,
        audit: Audit,
        notify: Notify,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._residents = stores.residents
        self._cases = stores.merges
        self._deletions = stores.deletions
        self._sessions = sessions
        self._audit = audit
        self._notify = notify
        self._clock = clock
        self._chance = chance

    async def by_link(self, one: Resident, other: Resident) -> MergeCase:
        """Two residents proved a way in of each other: merge them, or let an operator look."""
        now = self._clock()
        goes_on, taken_in = survivor(_side(one, now), _side(other, now))
        waits = needs_review(known_here=one.holder is not None, known_there=other.holder is not None)
        return await self._open(goes_on, taken_in, MergeReason.LINK, now, waits=waits)

    async def by_number(self, claimant: Resident, keeper: Resident) -> MergeCase:
        """``claimant`` proved the ID number that ``keeper`` proved before: an operator must look.

        A name and a number are known to many; only the keeper has it, so the keeper would go on.
        """
        now = self._clock()
        return await self._open(keeper.id, claimant.id, MergeReason.ID_NUMBER, now, waits=True)

    async def waiting(self) -> list[MergeCase]:
        """Cases that wait for an operator, oldest first."""
        return list(await self._cases.in_state(MergeState.WAITING))

    async def decide(self, case: str, *, merge: bool, operator: str) -> MergeCase:
        """An operator's word on a case that waits."""
        found = await self._cases.get(case)
        if found is None:
            raise MergeUnknown
        now = self._clock()
        to = MergeState.MERGING if merge else MergeState.REFUSED
        decided = (
            await self._cases.step(found, to, at=now, by=operator)
            if found.state is MergeState.WAITING
            else None
        )
        if decided is None:
            raise MergeNotWaiting
        await self._told(decided, now, actor=operator)
        if decided.state is MergeState.REFUSED:
            await self._tell_both(decided, NoticeKind.MERGE_REFUSED, now)
            return decided
        return await self.finish(decided)

    async def undo(self, case: str, *, concerns: list[str], actor: str) -> MergeCase:
        """Restore both residents of a merge that concerns one of ``concerns``, within thirty days."""
        found = await self._cases.get(case)
        if found is None or found.survivor not in concerns:
            raise MergeUnknown
        now = self._clock()
        if not is_reversible(found, now):
            raise MergeNotReversible
        begun = await self._cases.step(found, MergeState.UNDOING)
        if begun is None:
            raise MergeNotReversible
        await self._told(begun, now, actor=actor)
        undone = await self.finish(begun)
        if undone.state is not MergeState.UNDONE:
            raise MergeNotReversible
        return undone

    async def finish(self, case: MergeCase) -> MergeCase:
        """Carry on with what was begun; two that do so at once do it once."""
        if case.state is MergeState.MERGING:
            return await self._merge(case)
        if case.state is MergeState.UNDOING:
            return await self._separate(case)
        return case

    async def settle(self) -> None:
        """Finish what somebody began and did not end."""
        for case in await self._cases.in_state(MergeState.MERGING, MergeState.UNDOING):
            await self.finish(case)

    # --- how ------------------------------------------------------------------------------------------

    async def _open(
        self, goes_on: str, taken_in: str, why: MergeReason, now: datetime, *, waits: bool
    ) -> MergeCase:
        case = MergeCase(
            id=self._chance(16).hex(),
            survivor=goes_on,
            absorbed=taken_in,
            why=why,
            state=MergeState.WAITING if waits else MergeState.MERGING,
            opened_at=now,
            decided_at=None if waits else now,
            decided_by=None if waits else BY_RULE,
        )
        opened = await self._cases.open(case)
        if opened.id == case.id:
            await self._told(case, now, actor=taken_in)
        if opened.state is MergeState.WAITING:
            await self._tell_both(opened, NoticeKind.MERGE_WAITING, now)
        return await self.finish(opened)

    async def _merge(self, case: MergeCase) -> MergeCase:
        now = self._clock()
        if not await self._cases.absorb(case):
            return await self._step(case, MergeState.REFUSED, now)
        await self._sessions.end_all(Audience.RESIDENT, case.absorbed, Ending.MERGED, now=now)
        await self._stays(case, now)
        await self._tell_both(case, NoticeKind.MERGED, now)
        return await self._step(case, MergeState.MERGED, now)

    async def _stays(self, case: MergeCase, now: datetime) -> None:
        """Who is taken in while leaving stays: nobody sees or stops any more what would tear them out."""
        deletion = await self._deletions.of(case.absorbed)
        if deletion is None or not await self._deletions.cancel(case.absorbed):
            return
        kind = NoticeKind.DELETION_CANCELLED
        await self._audit(
            "deletion.cancelled", at=now, actor=case.absorbed, subject=deletion.id, outcome="ok"
        )
        await self._notify(
            Notice(id=f"{deletion.id}:{kind.value}", resident=case.survivor, kind=kind, at=now)
        )

    async def _separate(self, case: MergeCase) -> MergeCase:
        now = self._clock()
        if not await self._cases.separate(case):
            return await self._step(case, MergeState.MERGED, now)
        for side in (case.survivor, case.absorbed):
            # Whoever signed in as the two of them signs in again, as one or the other. The survivor may
            # have been taken in by somebody else meanwhile: then the sessions are theirs.
            root = await self._residents.root_of(side)
            if root is not None:
                await self._sessions.end_all(Audience.RESIDENT, root.id, Ending.MERGED, now=now)
        await self._tell_both(case, NoticeKind.MERGE_UNDONE, now)
        return await self._step(case, MergeState.UNDONE, now)

    async def _step(self, case: MergeCase, to: MergeState, now: datetime) -> MergeCase:
        stepped = await self._cases.step(case, to)
        if stepped is not None:
            await self._told(stepped, now, actor=case.decided_by or BY_RULE)
            return stepped
        # Somebody else finished it, and it may have gone further since.
        return await self._cases.get(case.id) or case

    async def _tell_both(self, case: MergeCase, kind: NoticeKind, now: datetime) -> None:
        for resident in (case.survivor, case.absorbed):
            name = f"{case.id}:{kind.value}:{resident}"
            await self._notify(Notice(id=name, resident=resident, kind=kind, at=now))

    async def _told(self, case: MergeCase, now: datetime, *, actor: str) -> None:
        await self._audit(
            "merge",
            at=now,
            actor=actor,
            subject=case.survivor,
            outcome=case.state.value,
            facts={"case": case.id, "absorbed": case.absorbed, "why": case.why.value},
        )


def _side(resident: Resident, now: datetime) -> Side:
    return Side(
        resident=resident.id,
        known=resident.holder is not None,
        level=level_of(resident.proofs, now),
        created_at=resident.created_at,
    )

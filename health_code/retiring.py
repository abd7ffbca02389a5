"""Retiring a purpose (用途终止、数据销毁): its data is destroyed everywhere, and a statement says so.

    what there is is counted, with the heads of the chains it is part of  →  destroyed place by place
                                                                          →  counted again  →  signed

What was counted first is kept until the signed statement is in somebody's hands: who is killed on the way
runs it again, and the statement says the same.
"""

from collections.abc import Awaitable, Callable, Sequence

from health_code.models import ChainHead, Destroyed, Retirement, RetirementStatement
from health_code.ports import Audit, Clock
from health_code.reporting import Wake
from health_code.rules.purposes import CHAINS, EVIDENCE, PURPOSES, Place, Purpose
from health_code.store import EndingStore, EvidenceStore, RetiringStore

Tell = Callable[[int, int], None]


class Retiring:
    """Destroys the data of one purpose."""

    def __init__(
        self,
        *,
        store: RetiringStore,
        evidence: EvidenceStore,
        ended: EndingStore,
        audited: Callable[[], Awaitable[Sequence[ChainHead]]],
        wake: Wake,
        audit: Audit,
        clock: Clock,
        city: str,
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._ended = ended
        self._audited = audited
        self._wake = wake
        self._audit = audit
        self._clock = clock
        self._city = city

    async def destroy(self, name: str, tell: Tell) -> RetirementStatement:
        """Destroy everything of the purpose ``name``; ``tell`` hears how much of how much is gone."""
        purpose = PURPOSES[name]
        places = await self._store.spread(purpose.places)
        before = await self._store.begin(
            Retirement(
                id=name,
                started_at=self._clock(),
                chains=(*await self._evidence.heads(), *await self._audited()),
                found=tuple(
                    [Destroyed(place=each.name, found=await self._store.count(each)) for each in places]
                    + [
                        Destroyed(place=f"redis:{pattern}", found=await self._store.count_keys(pattern))
                        for pattern in purpose.keys
                    ]
                ),
            )
        )
        # Before it is gone: what nobody can account for must not be.
        await self._audit(
            "health.retiring", at=self._clock(), actor="operator", outcome="ok", facts={"purpose": name}
        )
        if purpose.ends:
            # Before the first of it is gone: by what is left of their evidence, people would be green.
            await self._ended.note(self._clock())
        await self._empty(purpose, before, tell)
        left = {each.name: await self._store.count(each) for each in places}
        left |= {f"redis:{pattern}": await self._store.count_keys(pattern) for pattern in purpose.keys}
        found = {each.place: each.found for each in before.found}
        statement = RetirementStatement(
            city=self._city,
            purpose=name,
            started_at=before.started_at,
            finished_at=self._clock(),
            chains=before.chains,
            destroyed=tuple(
                Destroyed(place=place, found=found.get(place, 0), left=remains)
                for place, remains in left.items()
            ),
        )
        facts = {"purpose": name, "found": str(sum(found.values())), "left": str(sum(left.values()))}
        await self._audit(
            "health.retired", at=statement.finished_at, actor="operator", outcome="ok", facts=facts
        )
        return statement

    async def close(self, name: str) -> None:
        """The signed statement is in somebody's hands: what is destroyed next is counted anew."""
        await self._store.close(name)

    async def _empty(self, purpose: Purpose, before: Retirement, tell: Tell) -> None:
        whole, gone = sum(each.found for each in before.found), 0
        places = await self._store.spread(purpose.places)
        heads = next((place for place in places if place.collection == CHAINS), None)
        closed = set() if heads is None else await self._close(heads)
        waiting = [place for place in places if place is not heads]
        while waiting:
            place = waiting.pop(0)
            async for batch in self._store.destroy(place):
                gone += batch
                tell(gone, whole)
            if place.collection == EVIDENCE and heads is not None:
                # Who first reported meanwhile began a chain that is open, and has lost some of it.
                begun = await self._close(heads) - closed
                closed |= begun
                if begun:
                    waiting.insert(0, Place(EVIDENCE, {"source": {"$in": sorted(begun)}}))
                elif purpose.judged_by is not None:
                    await self._judge_anew()
        # The heads last: as long as they are there, and closed, nobody appends. One that was begun after all
        # this is whole, and stays.
        async for batch in self._store.destroy(Place(CHAINS, {"_id": {"$in": sorted(closed)}})):
            gone += batch
            tell(gone, whole)
        for pattern in purpose.keys:
            async for one in self._store.destroy_keys(pattern):
                gone += one
                tell(gone, whole)

    async def _close(self, heads: Place) -> set[str]:
        """Let nothing be appended to the chains of ``heads``; which there are."""
        sources = [heads.where["_id"]] if heads.where else await self._evidence.sources()
        await self._evidence.close(sources)
        return set(sources)

    async def _judge_anew(self) -> None:
        # After their evidence is gone, and before it is forgotten whose it was.
        async for subject in self._store.judged_by_hand():
            await self._store.forget_judgement(subject)
            await self._wake([subject])

"""From what is known of people to what is due to them: planned anew whenever either may have changed.

One transaction takes in what was said and what follows from it: the fact, the items it settles, the
milestones of those that are left, and the intents of the settled ones that nobody has been told of yet. Who
dies in between has done nothing. Of two that plan the same person at once one begins again and reads what the
other did.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import msgspec
from msgspec import Struct

from push.ports import Clock, Credentials, PersonalData
from push.rules.due import DueItem
from push.rules.facts import Fact, Held, known
from push.rules.milestones import SHANGHAI, milestones
from push.rules.plan import Programmes, look_again, plan
from push.rules.timeline import Change, change_of, context, shard_of
from push.store.documents import Session, Transactions
from push.store.outbox import OutboxStore
from push.store.people import PeopleStore
from push.store.timeline import TimelineStore
from push.timeline_models import Difference, Planned, StoredFact, StoredMilestone, TimelineItem

_log: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 3
"""Batches of one report that are planned at once: while MongoDB writes one another is thought about."""
BATCH: Final = 50
"""People planned in one transaction, which is begun again as a whole."""
_POSTPONED: Final = timedelta(hours=1)
_SOME_DAY: Final = date(2999, 1, 1)
"""Where in a list what has no day yet is: behind what has."""
_pack: Final = msgspec.msgpack.Encoder().encode
_fact: Final[Callable[[bytes], Fact]] = msgspec.msgpack.Decoder(Fact).decode
_item: Final = msgspec.msgpack.Decoder(DueItem).decode

InForce = Callable[[date, str | None], Programmes]
"""The programmes in force on a day, in a region."""


class Edition(Struct, frozen=True, kw_only=True):
    """What people are planned by: a name that changes when the programmes do."""

    name: Callable[[date], str]
    in_force: InForce


class _Outcome(Struct, frozen=True, kw_only=True):
    """What planning one person comes to: the change, when to look again, and when they were born."""

    change: Change
    again: datetime | None
    born: date | None


class Recorded(Struct, frozen=True, kw_only=True):
    """What is kept under the ids of facts that were reported, and what planning with them changed."""

    kept: dict[str, StoredFact]
    difference: Difference


class Planner:
    """Plans people. One object a process; everything it keeps is in its stores."""

    def __init__(
        self,
        *,
        people: PeopleStore,
        timeline: TimelineStore,
        outbox: OutboxStore,
        transactions: Transactions,
        credentials: Credentials,
        personal: PersonalData,
        edition: Edition,
        clock: Clock,
    ) -> None:
        self._people = people
        self._timeline = timeline
        self._outbox = outbox
        self._within = transactions
        self._credentials = credentials
        self._personal = personal
        self._edition = edition
        self._clock = clock
        self._planning: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def facts(self, ids: Sequence[str]) -> Mapping[str, StoredFact]:
        """Those of ``ids`` that are kept."""
        return await self._people.facts(ids)

    async def record(self, facts: Sequence[StoredFact]) -> Recorded:
        """Keep ``facts`` and plan anew whom they are about, both or neither; said again it is once."""
        by_subject: dict[str, list[StoredFact]] = {}
        for fact in facts:
            by_subject.setdefault(fact.subject, []).append(fact)
        kept: dict[str, StoredFact] = {}
        difference = Difference()
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def batch(subjects: Sequence[str]) -> Recorded:
            said = [fact for subject in subjects for fact in by_subject[subject]]
            async with at_once:
                return await self._plan(subjects, said)

        for done in await asyncio.gather(*map(batch, _batches(sorted(by_subject)))):
            kept |= done.kept
            difference += done.difference
        return Recorded(kept=kept, difference=difference)

    async def replan(self, subjects: Iterable[str], *, walk: bool = False) -> Difference:
        """Plan ``subjects`` anew; with ``walk`` what that changes is added to the walk's report."""
        difference = Difference()
        for batch in _batches(sorted(set(subjects))):
            difference += (await self._plan(batch, (), walk=walk)).difference
        return difference

    async def replan_each(self, subjects: Sequence[str], *, walk: bool = False) -> Difference:
        """Plan ``subjects`` anew; who cannot be planned is left for an hour and holds up nobody else."""
        try:
            return await self.replan(subjects, walk=walk)
        except Exception:  # noqa: BLE001 - whoever it is because of, the others are planned
            difference = Difference()
            for subject in subjects:
                try:
                    difference += await self.replan([subject], walk=walk)
                except Exception as failure:  # noqa: BLE001 - if a store is away, so it is for the next line
                    now = self._clock()
                    name = self._edition.name(_day(now))
                    await self._people.postpone(subject, until=now + _POSTPONED, planned_by=name)
                    _log.error("somebody cannot be planned: %s", type(failure).__name__)
            return difference

    async def wake(self, subjects: Sequence[str]) -> None:
        """Let ``subjects`` be planned anew soon, because of something that is kept elsewhere."""
        people = [Planned(id=subject, shard=shard_of(subject)) for subject in subjects]
        await self._people.touch(people, at=self._clock())

    async def preview(self, subjects: Sequence[str], in_force: InForce) -> Difference:
        """What planning ``subjects`` by other programmes would change; nothing is written."""
        now = self._clock()
        facts = await self._people.facts_of(subjects)
        held = await self._held(subjects)
        items = await self._timeline.of(subjects)
        difference = Difference()
        for subject in subjects:
            outcome = self._outcome(
                subject,
                facts=facts[subject],
                held=held,
                items=items[subject],
                told={},
                now=now,
                in_force=in_force,
            )
            difference += outcome.change.difference
        return difference

    # --- walks -------------------------------------------------------------------------------------------

    async def walk(self, *, told: Callable[[int], Awaitable[bool]]) -> Difference | None:
        """Plan everybody anew whom other programmes planned last; None if ``told`` ended the walk.

        Who is planned says by what, so whoever goes on after a walk was cut short plans the rest. A walk
        that has arrived is not begun again: an older release beside a newer one would never come to an end.
        """
        now = self._clock()
        name = self._edition.name(_day(now))
        walk = await self._people.walk(name, now=now)
        if walk.finished_at is not None:
            return walk.difference
        done = 0
        while subjects := await self._people.not_by(name, limit=BATCH):
            await self.replan_each(subjects, walk=True)
            done += len(subjects)
            if not await told(done):
                return None
        await self._people.arrived(name, now=self._clock())
        return (await self._people.walk(name, now=now)).difference

    async def everybody(self) -> AsyncIterator[Sequence[str]]:
        """Everybody there is a plan for, so many at a time as one transaction plans."""
        batch: list[str] = []
        async for subject in self._people.everybody():
            batch.append(subject)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    async def left(self) -> int:
        """How many the walk still has before it."""
        return await self._people.count(self._edition.name(_day(self._clock())))

    # --- how ---------------------------------------------------------------------------------------------

    async def _plan(
        self, subjects: Sequence[str], facts: Sequence[StoredFact], *, walk: bool = False
    ) -> Recorded:
        held = await self._held(subjects)

        async def steps(session: Session) -> Recorded:
            now = self._clock()
            # The first step is a write: of two transactions on one person the second begins anew after it.
            await self._people.begin(
                session, [Planned(id=subject, shard=shard_of(subject)) for subject in subjects]
            )
            kept = await self._people.keep(session, facts) if facts else {}
            if facts and all(kept[fact.id] is not fact for fact in facts):
                # All of it was said before, and planned with.
                return Recorded(kept=kept, difference=Difference())
            everything = await self._people.facts_of(subjects, session)
            items = await self._timeline.of(subjects, session)
            ids = [item.id for each in items.values() for item in each]
            told = await self._timeline.milestones_of(ids, session)
            name = self._edition.name(_day(now))
            outcomes = {
                subject: self._outcome(
                    subject,
                    facts=everything[subject],
                    held=held,
                    items=items[subject],
                    told=told,
                    now=now,
                    in_force=self._edition.in_force,
                )
                for subject in subjects
            }
            changes = {subject: outcome.change for subject, outcome in outcomes.items()}
            settled = [item for change in changes.values() for item in change.settled]
            await self._timeline.change(
                session,
                settled=settled,
                added=[
                    self._sealed(subject, key, item)
                    for subject, change in changes.items()
                    for key, item in change.added.items()
                ],
                changed=[
                    self._sealed(subject, key, item)
                    for subject, change in changes.items()
                    for key, item in change.changed.items()
                ],
                unmarked=[key for change in changes.values() for key in change.unmarked],
                withdrawn=[key for change in changes.values() for key in change.withdrawn],
                milestones=[each for change in changes.values() for each in change.milestones],
            )
            if settled:
                await self._outbox.cancel(settled, at=now, session=session)
            await self._people.planned(
                session, [self._planned(subject, each, name) for subject, each in outcomes.items()]
            )
            difference = Difference()
            for change in changes.values():
                difference += change.difference
            if walk:
                await self._people.went_on(session, name, difference)
            return Recorded(kept=kept, difference=difference)

        async with AsyncExitStack() as turns:
            # Thirty doses of one child at once would each begin again as often as another is done.
            for subject in sorted(subjects):
                turn = self._planning.setdefault(subject, asyncio.Lock())
                await turns.enter_async_context(turn)
            return await self._within(steps)

    def _outcome(
        self,
        subject: str,
        *,
        facts: Sequence[StoredFact],
        held: Mapping[str, Sequence[Held]],
        items: Sequence[TimelineItem],
        told: Mapping[str, Sequence[StoredMilestone]],
        now: datetime,
        in_force: InForce,
    ) -> _Outcome:
        as_of = _day(now)
        said = [
            (fact.id, _fact(self._personal.open(fact.sealed, fact_context(fact.id))))
            for fact in counting(facts)
        ]
        person = known(said, held.get(subject, ()), as_of=as_of)
        planned = plan(person, in_force(as_of, person.region), as_of)
        change = change_of(
            subject,
            before={item.id: open_item(self._personal, item) for item in items},
            marks={item.id: item.mark for item in items if item.mark is not None},
            kept=told,
            after=[(item, milestones(item)) for item in planned],
            now=now,
        )
        again = min(
            (day for day in (look_again(planned, as_of), person.moves_on) if day is not None), default=None
        )
        return _Outcome(change=change, again=None if again is None else _start_of(again), born=person.born)

    def _planned(self, subject: str, outcome: _Outcome, name: str) -> Planned:
        born = None if outcome.born is None else outcome.born.isoformat().encode()
        return Planned(
            id=subject,
            shard=shard_of(subject),
            planned_by=name,
            replan_at=outcome.again,
            born=None if born is None else self._personal.seal(born, context(subject)),
        )

    async def _held(self, subjects: Sequence[str]) -> Mapping[str, Sequence[Held]]:
        return await self._credentials.held_by(subjects)

    def _sealed(self, subject: str, key: str, item: DueItem) -> TimelineItem:
        day = item.earliest or item.recommended_before or item.window_to
        return TimelineItem(
            id=key,
            subject=subject,
            shard=shard_of(subject),
            topic=item.topic,
            at=_start_of(day or _SOME_DAY),
            sealed=self._personal.seal(_pack(item), context(key)),
        )


def counting(facts: Sequence[StoredFact]) -> list[StoredFact]:
    """Those of a person's facts, in the order they were recorded, that nothing took the place of.

    What is taken back has no say any more, so what it had corrected counts again; of two corrections of one
    fact the later is meant.
    """
    over: set[str] = set()
    silent: set[str] = set()
    for fact in reversed(facts):
        if fact.id in silent or fact.supersedes is None:
            continue
        if fact.void:
            silent.add(fact.supersedes)
        elif fact.supersedes in over:
            silent.add(fact.id)
        over.add(fact.supersedes)
    return [fact for fact in facts if fact.id not in over | silent and not fact.void]


def seal_fact(personal: PersonalData, fact: str, content: Fact) -> bytes:
    """``content`` as the fact of this id keeps it."""
    return personal.seal(_pack(content), fact_context(fact))


def fact_context(fact: str) -> bytes:
    """What the sealed content of a fact belongs to."""
    return f"push:fact:{fact}".encode()


def open_item(personal: PersonalData, item: TimelineItem) -> DueItem:
    """What an item says."""
    return _item(personal.open(item.sealed, context(item.id)))


def born_of(personal: PersonalData, planned: Planned) -> date | None:
    """When somebody was born, where that is known."""
    if planned.born is None:
        return None
    return date.fromisoformat(personal.open(planned.born, context(planned.id)).decode())


def _batches(subjects: Sequence[str]) -> Iterable[Sequence[str]]:
    return (subjects[start : start + BATCH] for start in range(0, len(subjects), BATCH))


def _day(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()


def _start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)

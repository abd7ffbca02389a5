"""The ticker: what is due becomes something to tell, once.

    look      which shards have something due
    claim     one conditional update a shard, several at once; of two tickers each gets what the other did not
    plan      people whose plan may be another by now are planned first
    fire      milestones and what they say, in one transaction that writes to the claim under its numbers
    release   whoever comes next need not wait for the lease to run out

Any number may run, and there is none that leads. A ticker that dies keeps its shard for as long as the lease;
one that was only slow finds at its next transaction that the shard is another's. Missed hours are not looked
for: whatever is due and waits is in the index, and what is of no use any more lapses.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Protocol

from msgspec import Struct

from push.models import Intent
from push.outbox import seal_values
from push.planning import Planner, born_of, open_item
from push.ports import Clock, People, PersonalData, Reader
from push.rules.caps import class_of
from push.rules.due import DueItem
from push.rules.keys import intent_key
from push.rules.timeline import SHARDS
from push.rules.wording import values_of, wording
from push.store.documents import Session, Transactions
from push.store.outbox import OutboxStore
from push.store.people import PeopleStore
from push.store.shards import Claim, FenceLost, ShardStore
from push.store.timeline import TimelineStore
from push.timeline_models import StoredMilestone, TimelineItem

_log: Final = logging.getLogger(__name__)
EVERY_SECONDS: Final = 5.0
SHARDS_AT_ONCE: Final = 32
"""Shards claimed together: a claim costs as much for one as for these."""
BATCH: Final = 500
"""Milestones a transaction: what it locks it locks for some hundred milliseconds."""
_LOOK: Final = 10_000
_TRY_AGAIN: Final = timedelta(hours=1)


class TickMeter(Protocol):
    """Counts for the operators what tickers do."""

    def fired(self, milestones: int, intents: int) -> None:
        """So many milestones became so many intents."""

    def lapsed(self, milestones: int) -> None:
        """So many were of no use any more."""

    def unread(self, milestones: int) -> None:
        """So many are about somebody for whom nobody reads yet."""

    def lost_claim(self) -> None:
        """Somebody else was faster."""


class Fired(Struct, frozen=True, kw_only=True):
    """What became of a batch of milestones."""

    looked: int
    fired: int = 0
    intents: int = 0
    lapsed: int = 0
    unread: int = 0


class Ticker:
    """One of any number."""

    def __init__(
        self,
        *,
        holder: str,
        shards: ShardStore,
        timeline: TimelineStore,
        people: PeopleStore,
        outbox: OutboxStore,
        planner: Planner,
        readers: People,
        transactions: Transactions,
        personal: PersonalData,
        meter: TickMeter,
        clock: Clock,
        every: float = EVERY_SECONDS,
    ) -> None:
        self._holder = holder
        self._shards = shards
        self._timeline = timeline
        self._people = people
        self._outbox = outbox
        self._planner = planner
        self._readers = readers
        self._within = transactions
        self._personal = personal
        self._meter = meter
        self._clock = clock
        self._every = every
        self._claims = 0
        # Each ticker goes round in an order of its own, so that two seldom want the same shard.
        self._order = sorted(range(SHARDS), key=lambda shard: sha256(f"{holder}{shard}".encode()).digest())

    async def follow(self) -> None:
        """Tick for ever; cancel to stop. A store that is away is asked again: what is due stays due."""
        while True:
            try:
                await self.once()
            except Exception as failure:  # noqa: BLE001  any store may fail in any way; what is due stays due
                _log.warning("ticker failed: %s", type(failure).__name__)
            await asyncio.sleep(self._every)

    async def once(self) -> Fired:
        """Fire whatever is due now in shards nobody else holds."""
        now = self._clock()
        due = await self._timeline.shards_due(shards=self._order, now=now, limit=_LOOK)
        due |= await self._people.shards_due(shards=self._order, now=now, limit=_LOOK)
        wanted = [shard for shard in self._order if shard in due]
        total = Fired(looked=0)
        for start in range(0, len(wanted), SHARDS_AT_ONCE):
            total = _sum(total, await self._tick(wanted[start : start + SHARDS_AT_ONCE]))
        return total

    async def _tick(self, shards: Sequence[int]) -> Fired:
        self._claims += 1
        claim = await self._shards.claim(shards, f"{self._holder}-{self._claims}")
        total = Fired(looked=0)
        if claim is None:
            self._meter.lost_claim()
            return total
        try:
            while subjects := await self._people.due(claim.shards, now=self._clock(), limit=BATCH):
                await self._planner.replan_each(subjects)
                await self._shards.hold(claim)
            while (done := await self._fire(claim)).looked:
                total = _sum(total, done)
        except FenceLost:
            self._meter.lost_claim()
        finally:
            with contextlib.suppress(Exception):  # the lease runs out by itself
                await self._shards.release(claim)
        return total

    async def _fire(self, claim: Claim) -> Fired:
        """A batch of what is due in claimed shards."""
        now = self._clock()
        due = await self._timeline.due(claim.shards, now=now, later=now + _TRY_AGAIN, limit=BATCH)
        return await self._fire_each(claim, due, now) if due else Fired(looked=0)

    async def _fire_each(
        self, claim: Claim, due: Sequence[StoredMilestone], now: datetime, *, tried: bool = False
    ) -> Fired:
        """Fire ``due``; what cannot be, nor a second time, is left for an hour and holds up nobody else."""
        try:
            return await self._fire_all(claim, due, now)
        except FenceLost:
            raise
        except Exception as failure:  # noqa: BLE001 - one record that was changed must not silence a city
            # If a store is away, so it is for this.
            await self._shards.hold(claim)
            if len(due) > 1:
                half = len(due) // 2
                first = await self._fire_each(claim, due[:half], now)
                return _sum(first, await self._fire_each(claim, due[half:], now))
            if not tried:
                # A store may have been away for a moment, and is there again: nobody waits an hour for that.
                return await self._fire_each(claim, due, now, tried=True)
            await self._timeline.postpone([each.id for each in due], at=now + _TRY_AGAIN)
            _log.error("somebody cannot be told: %s", type(failure).__name__)
            self._meter.unread(1)
            return Fired(looked=1, unread=1)

    async def _fire_all(self, claim: Claim, due: Sequence[StoredMilestone], now: datetime) -> Fired:
        """All of ``due`` in one transaction, or nothing if one of the shards is another's."""
        readers = await self._read_by([each for each in due if each.useful_until > now])

        async def steps(session: Session) -> Fired:
            await self._shards.hold(claim, session)
            waiting = await self._timeline.still_waiting(session, due)
            items = await self._timeline.items([each.item for each in waiting], session)
            fired: list[StoredMilestone] = []
            lapsed: list[StoredMilestone] = []
            unread: list[StoredMilestone] = []
            intents: list[Intent] = []
            for each in waiting:
                item = items.get(each.item)
                if item is None or each.useful_until <= now:
                    lapsed.append(each)
                elif told := self._intents(each, item, readers.get(each.subject, ()), now):
                    intents += told
                    fired.append(each)
                else:
                    unread.append(each)
            await self._outbox.add_within(session, intents, at=now)
            await self._timeline.settle(
                session,
                fired=[each.id for each in fired],
                lapsed=[each.id for each in lapsed],
                # Nobody is linked yet; the item stays in the list, and somebody may be in an hour.
                again=[each.id for each in unread],
                at=now + _TRY_AGAIN,
            )
            return Fired(
                looked=len(due),
                fired=len(fired),
                intents=len(intents),
                lapsed=len(lapsed),
                unread=len(unread),
            )

        done = await self._within(steps)
        self._meter.fired(done.fired, done.intents)
        self._meter.lapsed(done.lapsed)
        self._meter.unread(done.unread)
        return done

    async def _read_by(self, due: Sequence[StoredMilestone]) -> Mapping[str, Sequence[Reader]]:
        """Who is addressed in what concerns each person; asked before the transaction, not in it."""
        subjects = list(dict.fromkeys(each.subject for each in due))
        planned = await self._people.of(subjects)
        born = {subject: born_of(self._personal, each) for subject, each in planned.items()}
        return await self._readers.readers_of({subject: born.get(subject) for subject in subjects})

    def _intents(
        self, milestone: StoredMilestone, item: TimelineItem, readers: Sequence[Reader], now: datetime
    ) -> list[Intent]:
        try:
            due = open_item(self._personal, item)
        except Exception as failure:  # noqa: BLE001 - one text that was changed must not silence a city
            _log.error("an item cannot be opened: %s", type(failure).__name__)
            return []
        return [
            self._intent(milestone, item, due, reader, now)
            for reader in readers
            if item.topic in reader.topics
        ]

    def _intent(
        self,
        milestone: StoredMilestone,
        item: TimelineItem,
        due: DueItem,
        reader: Reader,
        now: datetime,
    ) -> Intent:
        # The topic and not the edition: a new edition that says the same says nothing new.
        key = intent_key(item.topic.value, item.subject, due.id, milestone.name, reader.resident)
        template = wording(due, milestone.template)
        return Intent(
            id=key,
            addressee=reader.resident,
            topic=item.topic,
            lane=milestone.lane,
            template=template,
            values=seal_values(self._personal, key, values_of(due, template, reader.name)),
            rule=item.topic.value,
            item=item.id,
            milestone=milestone.name,
            created_at=now,
            not_before=now,
            useful_until=milestone.useful_until,
            link=f"/timeline?item={item.id}",
            about=None if reader.own else item.subject,
            message_class=class_of(item.topic),
        )


def _sum(one: Fired, other: Fired) -> Fired:
    return Fired(
        looked=one.looked + other.looked,
        fired=one.fired + other.fired,
        intents=one.intents + other.intents,
        lapsed=one.lapsed + other.lapsed,
        unread=one.unread + other.unread,
    )

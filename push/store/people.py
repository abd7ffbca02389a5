"""What is known of people, and when they are planned again. MongoDB, majority and journal."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec
from pymongo import ASCENDING, IndexModel, UpdateOne

from push.store.documents import Collection, Document, Session, document_of
from push.timeline_models import Difference, Planned, Replanning, StoredFact


class PeopleStore:
    """Facts, only ever added, and who there is a plan for."""

    def __init__(self, people: Collection, facts: Collection, replannings: Collection) -> None:
        self._people = people
        self._facts = facts
        self._replannings = replannings

    async def ensure_indexes(self) -> None:
        """Find a person's facts; whom to plan again, in a shard and by old programmes."""
        await self._facts.create_index([("subject", ASCENDING), ("recorded_at", ASCENDING)])
        await self._people.create_indexes(
            [
                IndexModel([("shard", ASCENDING), ("replan_at", ASCENDING)]),
                IndexModel([("planned_by", ASCENDING), ("_id", ASCENDING)]),
            ]
        )

    # --- facts -------------------------------------------------------------------------------------------

    async def keep(self, session: Session, facts: Sequence[StoredFact]) -> dict[str, StoredFact]:
        """Keep ``facts`` in a transaction; what is kept under their ids, theirs or what was there before."""
        kept = {fact.id: fact for fact in facts}
        there = self._facts.find({"_id": {"$in": list(kept)}}, session=session)
        known = {each["_id"]: msgspec.convert(each, StoredFact) async for each in there}
        new = [document_of(fact) for fact in facts if fact.id not in known]
        if new:
            await self._facts.insert_many(new, session=session)
        return kept | known

    async def facts(self, ids: Sequence[str]) -> dict[str, StoredFact]:
        """Those of ``ids`` that are kept."""
        found = self._facts.find({"_id": {"$in": list(ids)}})
        return {each["_id"]: msgspec.convert(each, StoredFact) async for each in found}

    async def facts_of(
        self, subjects: Sequence[str], session: Session | None = None
    ) -> dict[str, list[StoredFact]]:
        """Everything that was said of each of ``subjects``, in the order it was recorded."""
        found: dict[str, list[StoredFact]] = {subject: [] for subject in subjects}
        cursor = self._facts.find({"subject": {"$in": list(found)}}, session=session)
        async for document in cursor.sort([("recorded_at", ASCENDING), ("_id", ASCENDING)]):
            found[document["subject"]].append(msgspec.convert(document, StoredFact))
        return found

    # --- plans -------------------------------------------------------------------------------------------

    async def begin(self, session: Session, people: Sequence[Planned]) -> None:
        """Take ``people`` for planning, in a transaction: of two that do so one comes first.

        The write is what the other meets; a reading alone would let both plan by what they read.
        """
        await self._people.bulk_write(
            [
                UpdateOne(
                    {"_id": each.id},
                    {"$inc": {"rev": 1}, "$setOnInsert": {"shard": each.shard}},
                    upsert=True,
                )
                for each in people
            ],
            session=session,
        )

    async def planned(self, session: Session, people: Sequence[Planned]) -> None:
        """Note how ``people`` were planned and when they are planned again."""
        await self._people.bulk_write(
            [
                UpdateOne(
                    {"_id": each.id},
                    {
                        "$set": {
                            "planned_by": each.planned_by,
                            "replan_at": each.replan_at,
                            "born": each.born,
                        }
                    },
                )
                for each in people
            ],
            session=session,
        )

    async def of(self, subjects: Sequence[str]) -> dict[str, Planned]:
        """Those of ``subjects`` there is a plan for."""
        found = self._people.find({"_id": {"$in": list(subjects)}})
        return {each["_id"]: msgspec.convert(each, Planned) async for each in found}

    async def touch(self, people: Sequence[Planned], *, at: datetime) -> None:
        """Let ``people`` be planned again ``at`` a time, or before; whether there was a plan or not."""
        if people:
            await self._people.bulk_write(
                [
                    UpdateOne(
                        {"_id": each.id},
                        [
                            {
                                "$set": {
                                    "shard": each.shard,
                                    "rev": {"$ifNull": ["$rev", 0]},
                                    "replan_at": {"$min": [{"$ifNull": ["$replan_at", at]}, at]},
                                }
                            }
                        ],
                        upsert=True,
                    )
                    for each in people
                ],
                ordered=False,
            )

    async def postpone(self, subject: str, *, until: datetime, planned_by: str) -> None:
        """Leave somebody who cannot be planned until a time; no walk waits for them."""
        await self._people.update_one(
            {"_id": subject}, {"$set": {"replan_at": until, "planned_by": planned_by}}
        )

    async def due(self, shards: Sequence[int], *, now: datetime, limit: int) -> list[str]:
        """Whom of ``shards`` to plan again."""
        found = self._people.find({"shard": {"$in": list(shards)}, "replan_at": {"$lte": now}}, {"_id": 1})
        return [each["_id"] async for each in found.limit(limit)]

    async def shards_due(self, *, shards: Sequence[int], now: datetime, limit: int) -> set[int]:
        """Which of ``shards`` have somebody to plan again."""
        found = self._people.aggregate(
            [
                {"$match": {"shard": {"$in": list(shards)}, "replan_at": {"$lte": now}}},
                {"$limit": limit},
                {"$group": {"_id": "$shard"}},
            ]
        )
        return {each["_id"] async for each in found}

    # --- walks -------------------------------------------------------------------------------------------

    async def not_by(self, planned_by: str, *, limit: int) -> list[str]:
        """Whom others programmes than ``planned_by`` planned last."""
        found = self._people.find({"planned_by": {"$ne": planned_by}}, {"_id": 1}).limit(limit)
        return [each["_id"] async for each in found]

    async def everybody(self) -> AsyncIterator[str]:
        """Everybody there is a plan for."""
        async for each in self._people.find({}, {"_id": 1}).sort("_id", ASCENDING):
            yield each["_id"]

    async def count(self, planned_by: str | None = None) -> int:
        """How many there are; with ``planned_by``, how many others planned last."""
        if planned_by is None:
            return await self._people.estimated_document_count()
        return await self._people.count_documents({"planned_by": {"$ne": planned_by}})

    async def walk(self, planned_by: str, *, now: datetime) -> Replanning:
        """The walk to ``planned_by`` as far as it has come, begun now if it was not."""
        await self._replannings.update_one(
            {"_id": planned_by},
            {"$setOnInsert": document_of(Replanning(id=planned_by, started_at=now))},
            upsert=True,
        )
        return msgspec.convert(await self._replannings.find_one({"_id": planned_by}), Replanning)

    async def went_on(self, session: Session, planned_by: str, difference: Difference) -> None:
        """Add ``difference`` to what the walk has changed, in the transaction that changed it."""
        document = await self._replannings.find_one({"_id": planned_by}, session=session)
        if document is not None:
            walk = msgspec.convert(document, Replanning)
            grown: Document = msgspec.to_builtins(walk.difference + difference)
            await self._replannings.update_one(
                {"_id": planned_by}, {"$set": {"difference": grown}}, session=session
            )

    async def arrived(self, planned_by: str, *, now: datetime) -> None:
        """Note that the walk has come to its end."""
        await self._replannings.update_one(
            {"_id": planned_by, "finished_at": None}, {"$set": {"finished_at": now}}
        )

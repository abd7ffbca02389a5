"""The log of check-ins and the keys of its days. MongoDB, majority and journal.

A day's key is one document, made once and destroyed once; destroying it and noting what it took along is one
write, so that a purge which died goes on where it was and proves what it began with.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from health_code.store.documents import DUPLICATE, Collection, document_of
from health_code.venue_models import DayKey, LoggedCheckIn, Purge, PurgeRecord


class CheckInLog:
    """Check-ins, sealed."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Make one place's day quick to find, and one division's quick to purge."""
        await self._collection.create_indexes(
            [
                IndexModel([("place", ASCENDING), ("_id", DESCENDING)]),
                IndexModel([("division", ASCENDING), ("day", ASCENDING), ("_id", ASCENDING)]),
            ]
        )

    async def add(self, checkins: Sequence[LoggedCheckIn]) -> None:
        """Keep the check-ins; one that is there already is the same one."""
        if not checkins:
            return
        try:
            await self._collection.insert_many([document_of(each) for each in checkins], ordered=False)
        except BulkWriteError as failure:
            errors = (failure.details or {}).get("writeErrors", [])
            if not errors or any(error.get("code") != DUPLICATE for error in errors):
                raise

    async def at(
        self,
        places: Sequence[str],
        *,
        since: datetime,
        until: datetime,
        kept_by: datetime,
        before: str | None,
        limit: int,
    ) -> list[LoggedCheckIn]:
        """Check-ins at ``places`` in a range that were in the log at ``kept_by``, newest first."""
        wanted: dict[str, object] = {
            "place": {"$in": list(places)},
            "at": {"$gte": since, "$lt": until},
            "kept_at": {"$lte": kept_by},
        }
        if before is not None:
            wanted["_id"] = {"$lt": before}
        cursor = self._collection.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, LoggedCheckIn) async for document in cursor]

    async def tally(self, division: str, day: str) -> tuple[int, str]:
        """How many check-ins a division's day has, and the SHA-256 of their ids in order, a line each."""
        digest, count = hashlib.sha256(), 0
        cursor = self._collection.find({"division": division, "day": day}, {"_id": 1}).sort("_id", ASCENDING)
        async for document in cursor:
            digest.update(f"{document['_id']}\n".encode())
            count += 1
        return count, digest.hexdigest()

    async def delete(self, division: str, day: str) -> None:
        """Delete a division's day."""
        await self._collection.delete_many({"division": division, "day": day})


class DayKeyStore:
    """The keys of days, wrapped."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def get(self, division: str, day: str) -> DayKey | None:
        """The key of a division's day, or what became of it."""
        document = await self._collection.find_one({"_id": key_id(division, day)})
        return None if document is None else msgspec.convert(document, DayKey)

    async def made(self, key: DayKey) -> DayKey:
        """Keep ``key`` unless that day has one; the one it has."""
        try:
            await self._collection.insert_one(document_of(key))
        except DuplicateKeyError:
            return await self.get(key.division, key.day) or key
        return key

    async def unproved(self, division: str | None = None) -> list[DayKey]:
        """Keys of days whose purge is not proved yet, the oldest first."""
        wanted: dict[str, object] = {"proved": False}
        if division is not None:
            wanted["division"] = division
        return [
            msgspec.convert(document, DayKey)
            async for document in self._collection.find(wanted).sort("day", ASCENDING)
        ]

    async def destroy(self, key: DayKey, purge: Purge) -> DayKey:
        """Destroy the key and note what with it, at once; destroyed already, it stays as it was noted."""
        await self._collection.update_one(
            {"_id": key.id, "purge": None},
            {"$set": {"wrapped": None, "purge": msgspec.to_builtins(purge, builtin_types=(datetime,))}},
        )
        return await self.get(key.division, key.day) or key

    async def proved(self, key: DayKey) -> None:
        """Note that the purge of the day is proved."""
        await self._collection.update_one({"_id": key.id}, {"$set": {"proved": True}})


class PurgeStore:
    """Proofs of purge, kept for good."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def add(self, record: PurgeRecord) -> bool:
        """Keep ``record`` unless that purge is proved; whether it was kept."""
        document = document_of(record)
        own_id = document.pop("_id")
        result = await self._collection.update_one({"_id": own_id}, {"$setOnInsert": document}, upsert=True)
        return result.upserted_id is not None

    async def listed(self, *, before: str | None, limit: int) -> list[PurgeRecord]:
        """Proofs, the latest day first."""
        wanted = {} if before is None else {"_id": {"$lt": before}}
        cursor = self._collection.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, PurgeRecord) async for document in cursor]


def key_id(division: str, day: str) -> str:
    """What the key of a division's day is called; sorts by day."""
    return f"{day}.{division}"

"""Evidence entered by hand, and the cohorts it was entered for. MongoDB, majority and journal."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from health_code.models import CohortAlarm, ManualEntry
from health_code.rules.manual import WAITING
from health_code.store.documents import Collection, Document, document_of

_REMEMBERED = 2_000


class ManualStore:
    """Entries, cohorts and alarms. Nothing here removes an entry."""

    def __init__(self, entries: Collection, cohorts: Collection, alarms: Collection) -> None:
        self._entries = entries
        self._cohorts = cohorts
        self._alarms = alarms

    async def ensure_indexes(self) -> None:
        """What is due, what waits, a person's entries, and the latest of a state."""
        await self._entries.create_indexes(
            [
                IndexModel([("since", ASCENDING)], name="due", partialFilterExpression={"due": True}),
                IndexModel([("state", ASCENDING), ("_id", DESCENDING)]),
                IndexModel([("subject", ASCENDING), ("_id", DESCENDING)]),
                IndexModel([("evidence", ASCENDING)], sparse=True),
            ]
        )

    async def add(self, entry: ManualEntry) -> None:
        """Keep a new entry."""
        await self._entries.insert_one(document_of(entry))

    async def get(self, entry_id: str) -> ManualEntry | None:
        """One entry."""
        document = await self._entries.find_one({"_id": entry_id})
        return None if document is None else msgspec.convert(document, ManualEntry)

    async def advance(self, entry: ManualEntry) -> bool:
        """Keep ``entry`` in place of the version before it; False if somebody else was faster."""
        document = document_of(entry)
        # What was recorded is another's to write.
        for name in ("_id", "evidence", "correction"):
            del document[name]
        result = await self._entries.update_one(
            {"_id": entry.id, "version": entry.version - 1}, {"$set": document}
        )
        return result.modified_count == 1

    async def recorded(self, entry: ManualEntry, *, evidence: str, correction: str | None) -> None:
        """Note what evidence followed from ``entry``; it is due no more unless it went on meanwhile."""
        found = {"evidence": evidence, "correction": correction}
        await self._entries.update_one({"_id": entry.id, "version": entry.version}, {"$set": {"due": False}})
        await self._entries.update_one(
            {"_id": entry.id}, {"$set": {name: value for name, value in found.items() if value is not None}}
        )

    async def due(self, *, before: datetime, limit: int) -> list[ManualEntry]:
        """Entries whose evidence should have been recorded ``before``."""
        cursor = self._entries.find({"due": True, "since": {"$lt": before}}).sort("since", ASCENDING)
        return [msgspec.convert(document, ManualEntry) async for document in cursor.limit(limit)]

    async def lapsed(self, *, at: datetime, limit: int) -> list[ManualEntry]:
        """Entries that waited for longer than they may."""
        wanted = {"state": {"$in": [state.value for state in WAITING]}, "lapses_at": {"$lte": at}}
        cursor = self._entries.find(wanted).limit(limit)
        return [msgspec.convert(document, ManualEntry) async for document in cursor]

    async def listed(self, state: str | None, *, before: str | None, limit: int) -> list[ManualEntry]:
        """Entries, newest first; only those in ``state`` if one is given."""
        wanted: dict[str, Any] = {} if state is None else {"state": state}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        cursor = self._entries.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, ManualEntry) async for document in cursor]

    async def about(self, subject: str, *, before: str | None, limit: int) -> list[ManualEntry]:
        """The entries about one person that led to evidence, newest first."""
        wanted: dict[str, Any] = {"subject": subject, "evidence": {"$ne": None}}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        cursor = self._entries.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, ManualEntry) async for document in cursor]

    async def reasons(self, evidence: Sequence[str]) -> dict[str, str]:
        """The reason behind each piece of evidence that was entered by hand."""
        cursor = self._entries.find({"evidence": {"$in": list(evidence)}}, {"evidence": 1, "reason": 1})
        return {each["evidence"]: each["reason"] async for each in cursor}

    async def people(self) -> dict[tuple[str, ...], int]:
        """How many people there are by reason and state."""
        pipeline: list[Document] = [
            {"$group": {"_id": {"reason": "$reason", "state": "$state", "subject": "$subject"}}},
            {"$group": {"_id": {"reason": "$_id.reason", "state": "$_id.state"}, "people": {"$sum": 1}}},
        ]
        return {
            (each["_id"]["reason"], each["_id"]["state"]): each["people"]
            async for each in self._entries.aggregate(pipeline)
        }

    async def count(self, reason: str, subject: str, *, at: datetime, within: timedelta) -> int:
        """Count ``subject`` for ``reason`` and return how many people that makes ``within`` so long.

        One document a reason, changed by one update: of two people counted at once, one is the second. What
        is older than the newest two thousand is forgotten; nobody waits for a larger cohort than that.
        """
        others = {
            "$filter": {
                "input": {"$ifNull": ["$people", []]},
                "cond": {
                    "$and": [
                        {"$gt": ["$$this.at", at - within]},
                        {"$ne": ["$$this.subject", subject]},
                    ]
                },
            }
        }
        people = {"$concatArrays": [others, [{"subject": subject, "at": at}]]}
        update: list[dict[str, Any]] = [
            {"$set": {"people": {"$slice": [people, -_REMEMBERED]}}},
            {"$set": {"size": {"$size": "$people"}}},
        ]
        while True:
            kept: Mapping[str, Any] | None = await self._cohorts.find_one_and_update(
                {"_id": reason},
                update,
                projection={"size": True},  # and not two thousand people
                return_document=ReturnDocument.AFTER,
            )
            if kept is not None:
                return int(kept["size"])
            # Made without anybody in it: of two made at once the server logs the one it refuses, whole.
            with contextlib.suppress(DuplicateKeyError):
                await self._cohorts.insert_one({"_id": reason})

    async def alarm(self, reason: str, *, people: int, at: datetime) -> bool:
        """Keep that ``people`` people make a cohort; True if nobody was told of it that day."""
        result = await self._alarms.update_one(
            {"_id": f"{at:%Y-%m-%d}.{reason}"},
            {
                "$setOnInsert": {"reason": reason, "raised_at": at},
                "$max": {"people": people, "latest_at": at},
            },
            upsert=True,
        )
        return result.upserted_id is not None

    async def alarms(self, *, before: str | None, limit: int) -> list[CohortAlarm]:
        """Every alarm, newest first."""
        wanted: dict[str, Any] = {} if before is None else {"_id": {"$lt": before}}
        cursor = self._alarms.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, CohortAlarm) async for document in cursor]

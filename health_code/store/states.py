"""Codes as last judged, and every change there was. MongoDB, majority and journal."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError

from health_code.models import Judged, Reason, State
from health_code.rules.evidence import Kind
from health_code.store.documents import DUPLICATE, Collection, Document, document_of

NO_RULE: Final = "NONE"
"""What stands for the rule where none holds."""
# Reasons are stored as lists.
_RULE, _KIND, _EVIDENCE = (Reason.__struct_fields__.index(name) for name in ("rule", "kind", "evidence"))
_FIRST: Final = {"$arrayElemAt": ["$reasons", 0]}


class StateStore:
    """The register of codes."""

    def __init__(self, states: Collection, changes: Collection) -> None:
        self._states = states
        self._changes = changes

    async def ensure_indexes(self) -> None:
        """What is due, what is unsaid, what was judged by which rules, and a person's changes."""
        await self._states.create_indexes(
            [
                IndexModel([("next_change_at", ASCENDING)]),
                IndexModel([("rule_set", ASCENDING), ("_id", ASCENDING)]),
                IndexModel([("jurisdiction", ASCENDING), ("colour", ASCENDING)]),
                IndexModel([("unsaid._id", ASCENDING)], name="unsaid", sparse=True),
            ]
        )
        await self._changes.create_index([("subject", ASCENDING), ("_id", DESCENDING)])

    async def get(self, subject: str) -> State | None:
        """The code of ``subject`` as last judged."""
        document = await self._states.find_one({"_id": subject})
        return None if document is None else msgspec.convert(document, State)

    async def of(self, subjects: Sequence[str]) -> dict[str, State]:
        """The codes of ``subjects`` that have one."""
        cursor = self._states.find({"_id": {"$in": list(subjects)}})
        return {document["_id"]: msgspec.convert(document, State) async for document in cursor}

    async def put(self, states: Sequence[State]) -> bool:
        """Keep ``states``, each in the place of the revision before; False if anybody was faster with one.

        The others of them are kept then all the same: whoever is told False judges them all again.
        """
        writes: list[InsertOne[Document] | ReplaceOne[Document]] = []
        for state in states:
            document = document_of(state)
            if state.revision == 1:
                writes.append(InsertOne(document))
            else:
                writes.append(ReplaceOne({"_id": state.id, "revision": state.revision - 1}, document))
        try:
            result = await self._states.bulk_write(writes, ordered=False)
        except BulkWriteError as failure:
            errors = (failure.details or {}).get("writeErrors", [])
            if not errors or any(error.get("code") != DUPLICATE for error in errors):
                raise
            return False
        return result.inserted_count + result.matched_count == len(states)

    async def said(self, changes: Sequence[Judged]) -> None:
        """Note that ``changes`` are noted and told."""
        writes = [
            UpdateOne({"_id": each.subject}, {"$pull": {"unsaid": {"_id": each.id}}}) for each in changes
        ]
        if writes:
            await self._states.bulk_write(writes, ordered=False)

    async def unsaid(self, *, limit: int) -> list[str]:
        """People of whose code a change is not yet noted or told."""
        cursor = self._states.find({"unsaid._id": {"$gt": ""}}, {"_id": 1}).limit(limit)
        return [each["_id"] async for each in cursor]

    async def due(self, *, at: datetime, limit: int) -> list[str]:
        """People whose code changes by itself at ``at`` or before."""
        cursor = self._states.find({"next_change_at": {"$lte": at}}, {"_id": 1})
        return [each["_id"] async for each in cursor.sort("next_change_at", ASCENDING).limit(limit)]

    async def rule_sets(self) -> list[str]:
        """The rule sets by which anybody was last judged."""
        return sorted(await self._states.distinct("rule_set"))

    async def judged_by(self, rule_set: str, *, after: str, limit: int) -> list[str]:
        """People last judged by ``rule_set``, by id from ``after`` on."""
        cursor = self._states.find({"rule_set": rule_set, "_id": {"$gt": after}}, {"_id": 1})
        return [each["_id"] async for each in cursor.sort("_id", ASCENDING).limit(limit)]

    async def note(self, changes: Sequence[Judged]) -> None:
        """Keep ``changes``; one kept again under the same id stays as it was."""
        writes = []
        for change in changes:
            document = document_of(change)
            own_id = document.pop("_id")
            writes.append(UpdateOne({"_id": own_id}, {"$setOnInsert": document}, upsert=True))
        if writes:
            await self._changes.bulk_write(writes, ordered=False)

    async def people(self) -> dict[tuple[str, str, str], int]:
        """How many people there are by district, colour and decisive rule, but for those of ``by_hand``."""
        key = {"district": "$jurisdiction", "colour": "$colour", "rule": {"$arrayElemAt": [_FIRST, _RULE]}}
        pipeline: list[Document] = [
            {"$match": {f"reasons.0.{_KIND}": {"$ne": Kind.MANUAL.value}}},
            {"$group": {"_id": key, "people": {"$sum": 1}}},
        ]
        found = self._states.aggregate(pipeline)
        return {
            (each["_id"]["district"], each["_id"]["colour"], each["_id"].get("rule") or NO_RULE): each[
                "people"
            ]
            async for each in found
        }

    async def by_hand(self) -> AsyncIterator[tuple[str, str, str]]:
        """District, colour and evidence of each code whose decisive reason was entered by hand."""
        wanted = {f"reasons.0.{_KIND}": Kind.MANUAL.value}
        async for each in self._states.find(wanted, {"jurisdiction": 1, "colour": 1, "reasons": 1}):
            yield each["jurisdiction"], each["colour"], each["reasons"][0][_EVIDENCE]

    async def changes(self, subject: str, *, before: str | None, limit: int) -> list[Judged]:
        """The changes of one person's code, newest first."""
        wanted: dict[str, object] = {"subject": subject}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        cursor = self._changes.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, Judged) async for document in cursor]

    async def change_at(self, subject: str, at: datetime) -> Judged | None:
        """The last change of one person's code that was not after ``at``."""
        wanted = {"subject": subject, "at": {"$lte": at}}
        document = await self._changes.find_one(wanted, sort=[("_id", DESCENDING)])
        return None if document is None else msgspec.convert(document, Judged)

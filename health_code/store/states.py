"""Codes as last judged, and every change there was. MongoDB, majority and journal."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from health_code.models import Judged, Reason, State
from health_code.rules.documents import Colour
from health_code.rules.evidence import Kind
from health_code.store.documents import Collection, Document, document_of

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
        """What is due, what was not told, what was judged by which rules, and a person's changes."""
        await self._states.create_indexes(
            [
                IndexModel([("next_change_at", ASCENDING)]),
                IndexModel([("rule_set", ASCENDING), ("_id", ASCENDING)]),
                IndexModel([("district", ASCENDING), ("colour", ASCENDING)]),
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

    async def put(self, state: State) -> bool:
        """Keep ``state`` unless one that knew more, or as much and later, is there; whether it was kept."""
        newer = {
            "_id": state.id,
            "$or": [
                {"seen": {"$lt": state.seen}},
                {"seen": state.seen, "judged_at": {"$lte": state.judged_at}},
            ],
        }
        document = document_of(state)
        # What the holder was told is another's to write.
        told = document.pop("told")
        try:
            await self._states.update_one(
                newer, {"$set": document, "$setOnInsert": {"told": told}}, upsert=True
            )
        except DuplicateKeyError:
            # The filter found no such code and the id is taken: the one there is newer.
            return False
        return True

    async def told(self, subject: str, colour: Colour) -> None:
        """Note that the holder knows of ``colour``."""
        await self._states.update_one({"_id": subject}, {"$set": {"told": colour.value}})

    async def due(self, *, at: datetime, limit: int) -> list[str]:
        """People whose code changes by itself at ``at`` or before."""
        cursor = self._states.find({"next_change_at": {"$lte": at}}, {"_id": 1})
        return [each["_id"] async for each in cursor.sort("next_change_at", ASCENDING).limit(limit)]

    async def judged_by_others(self, rule_set: str, *, after: str, limit: int) -> list[str]:
        """People last judged by another rule set than ``rule_set``, by id from ``after`` on."""
        cursor = self._states.find({"rule_set": {"$ne": rule_set}, "_id": {"$gt": after}}, {"_id": 1})
        return [each["_id"] async for each in cursor.sort("_id", ASCENDING).limit(limit)]

    async def people(self) -> dict[tuple[str, str, str], int]:
        """How many people there are by district, colour and decisive rule, but for those of ``by_hand``."""
        key = {"district": "$district", "colour": "$colour", "rule": {"$arrayElemAt": [_FIRST, _RULE]}}
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
        async for each in self._states.find(wanted, {"district": 1, "colour": 1, "reasons": 1}):
            yield each["district"], each["colour"], each["reasons"][0][_EVIDENCE]

    async def note(self, change: Judged) -> None:
        """Keep a change; kept again under the same id it stays as it was."""
        document = document_of(change)
        own_id = document.pop("_id")
        await self._changes.update_one({"_id": own_id}, {"$setOnInsert": document}, upsert=True)

    async def changes(self, subject: str, *, before: str | None, limit: int) -> list[Judged]:
        """The changes of one person's code, newest first."""
        wanted: dict[str, object] = {"subject": subject}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        cursor = self._changes.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, Judged) async for document in cursor]

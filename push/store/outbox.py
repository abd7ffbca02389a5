"""What somebody is to be told (outbox). MongoDB, majority and journal: what is in it is never lost.

An intent's id is its key, so meant again it is refused by the index and not told again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import ASCENDING
from pymongo.errors import BulkWriteError

from push.models import Intent, IntentState
from push.store.documents import DUPLICATE, Collection, Document, document_of

_ALIVE: Final = [IntentState.CREATED, IntentState.RELAYED, IntentState.DEAD]


class OutboxStore:
    """Intents, each once for ever."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """What waits for the relay, in the order it may go; what concerns one item, to cancel it."""
        await self._collection.create_index([("state", ASCENDING), ("not_before", ASCENDING)])
        await self._collection.create_index([("item", ASCENDING), ("state", ASCENDING)])

    async def add(self, intents: Sequence[Intent]) -> int:
        """Keep ``intents``; how many were new. Those that were there already stay as they are."""
        if not intents:
            return 0
        try:
            result = await self._collection.insert_many(list(map(_document, intents)), ordered=False)
        except BulkWriteError as failure:
            details: Any = failure.details
            if any(error["code"] != DUPLICATE for error in details["writeErrors"]):
                raise
            return int(details["nInserted"])
        return len(result.inserted_ids)

    async def get(self, key: str) -> Intent | None:
        """The intent ``key``, whatever became of it."""
        document = await self._collection.find_one({"_id": key})
        return None if document is None else msgspec.convert(document, Intent)

    async def add_within(
        self, session: AsyncIOMotorClientSession, intents: Sequence[Intent], *, at: datetime
    ) -> None:
        """Keep ``intents`` in a transaction; a refused insert would end it, so what is there is looked up.

        What was cancelled and is meant again is so again after all: it is told, as a new try.
        """
        if not intents:
            return
        found = self._collection.find(
            {"_id": {"$in": [intent.id for intent in intents]}}, {"state": 1}, session=session
        )
        there = {document["_id"]: document["state"] async for document in found}
        new = [_document(intent) for intent in intents if intent.id not in there]
        if new:
            await self._collection.insert_many(new, session=session)
        again = [key for key, state in there.items() if state == IntentState.CANCELLED]
        if again:
            await self._collection.update_many(
                {"_id": {"$in": again}},
                {
                    "$set": {"state": IntentState.CREATED, "not_before": at},
                    "$unset": {"finished_at": ""},
                    "$inc": {"tries": 1},
                },
                session=session,
            )

    async def cancel(
        self, items: Sequence[str], *, at: datetime, session: AsyncIOMotorClientSession | None = None
    ) -> int:
        """Tell nobody of ``items`` what has not been told yet, in a transaction if in one; how many."""
        result = await self._collection.update_many(
            {"item": {"$in": list(items)}, "state": {"$in": _ALIVE}},
            {"$set": {"state": IntentState.CANCELLED, "finished_at": at}},
            session=session,
        )
        return result.modified_count


def _document(intent: Intent) -> Document:
    # Defaults are left out of what is stored, and these two are searched for.
    return {"state": intent.state, "tries": intent.tries} | document_of(intent)

"""The inbox (站内信). MongoDB, majority and journal: a notice's id is its intent's, so there is one of each.

How many are unread is counted, from an index of the unread alone: there is no counter that could be wrong.
"""

from collections.abc import Collection as Several
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from push.delivery_models import Decision, InboxNotice
from push.models import Topic
from push.ports import Together
from push.store.documents import DUPLICATE, Collection, Document, document_of

MOST_UNREAD: Final = 999
"""Nobody counts further: a screen says 99+."""
_DECISIONS: Final = 20


class InboxStore:
    """Notices as residents find them."""

    def __init__(self, collection: Collection, together: Together) -> None:
        self._collection = collection
        self._note = together(self._note_all)

    async def ensure_indexes(self) -> None:
        """A resident's in the order of time; their unread; each is forgotten when its time has come."""
        await self._collection.create_indexes(
            [
                IndexModel([("resident", ASCENDING), ("seq", DESCENDING)]),
                IndexModel(
                    [("resident", ASCENDING)], name="unread", partialFilterExpression={"unread": True}
                ),
                IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
            ]
        )

    async def add(self, notices: Sequence[InboxNotice]) -> set[str]:
        """Keep ``notices``; the ids of those that were new."""
        ids = {notice.id for notice in notices}
        if not notices:
            return ids
        try:
            await self._collection.insert_many(list(map(document_of, notices)), ordered=False)
        except BulkWriteError as failure:
            details: Any = failure.details
            if any(error["code"] != DUPLICATE for error in details["writeErrors"]):
                raise
            ids -= {notices[error["index"]].id for error in details["writeErrors"]}
        return ids

    async def present(self, keys: Sequence[str]) -> set[str]:
        """Which of these notices somebody has in their inbox."""
        cursor = self._collection.find({"_id": {"$in": list(keys)}}, {"_id": 1})
        return {document["_id"] for document in await cursor.to_list(length=None)}

    async def seen(self, keys: Sequence[str]) -> set[str]:
        """Which of these notices somebody has read."""
        cursor = self._collection.find({"_id": {"$in": list(keys)}, "read_at": {"$type": "date"}}, {"_id": 1})
        return {document["_id"] async for document in cursor}

    async def note(self, key: str, decisions: Sequence[Decision]) -> None:
        """Add to the story of ``key`` what was decided later."""
        await self._note((key, decisions))

    async def get(self, key: str) -> InboxNotice | None:
        """One notice, whosever it is."""
        document = await self._collection.find_one({"_id": key})
        return None if document is None else msgspec.convert(document, InboxNotice)

    async def page(
        self, residents: Sequence[str], *, topic: Topic | None, before: str | None, limit: int
    ) -> list[InboxNotice]:
        """The notices of a resident, by all their ids, newest first."""
        wanted: Document = _of(residents)
        if topic is not None:
            wanted["topic"] = topic.value
        if before is not None:
            wanted["seq"] = {"$lt": before}
        cursor = self._collection.find(wanted).sort("seq", DESCENDING).limit(limit)
        return [msgspec.convert(document, InboxNotice) for document in await cursor.to_list(length=limit)]

    async def after(self, residents: Sequence[str], seq: str, *, limit: int) -> list[InboxNotice]:
        """A resident's notices newer than ``seq``, oldest first."""
        cursor = self._collection.find(_of(residents) | {"seq": {"$gt": seq}}).sort("seq", ASCENDING)
        documents = await cursor.limit(limit).to_list(length=limit)
        return [msgspec.convert(document, InboxNotice) for document in documents]

    async def unread(self, residents: Sequence[str]) -> int:
        """How many a resident has not read, up to ``MOST_UNREAD``."""
        wanted = _of(residents) | {"unread": True}
        return int(await self._collection.count_documents(wanted, limit=MOST_UNREAD))

    async def read(self, residents: Sequence[str], key: str, *, at: datetime) -> bool:
        """Let one of a resident's be read; False where they have none of that id."""
        own: Document = {"_id": key} | _of(residents)
        result = await self._collection.update_one(
            own | {"unread": True}, {"$set": {"unread": False, "read_at": at}}
        )
        return result.modified_count == 1 or await self._collection.find_one(own, {"_id": 1}) is not None

    async def read_all(self, residents: Sequence[str], *, up_to: str | None, at: datetime) -> None:
        """Let all of a resident's be read, up to the one with the seq ``up_to``."""
        wanted: Document = _of(residents) | {"unread": True}
        if up_to is not None:
            wanted["seq"] = {"$lte": up_to}
        await self._collection.update_many(wanted, {"$set": {"unread": False, "read_at": at}})

    async def forget(self, residents: Several[str]) -> None:
        """Keep nothing that was told to ``residents``."""
        await self._collection.delete_many({"resident": {"$in": list(residents)}})

    async def _note_all(self, notes: Sequence[tuple[str, Sequence[Decision]]]) -> Sequence[None]:
        await self._collection.bulk_write(
            [
                UpdateOne(
                    {"_id": key},
                    {
                        "$push": {
                            "decisions": {"$each": list(map(document_of, decisions)), "$slice": -_DECISIONS}
                        }
                    },
                )
                for key, decisions in notes
            ],
            ordered=False,
        )
        return [None] * len(notes)


def _of(residents: Sequence[str]) -> Document:
    # One id is by far the most usual, and needs no plan for several.
    return {"resident": residents[0] if len(residents) == 1 else {"$in": list(residents)}}

"""What providers said later of messages (送达回执). MongoDB, majority and journal.

Kept beside the attempts and not in them: a provider may tell of a message before we have noted its name.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from push.ports import Receipt
from push.store.documents import Collection, document_of

_LOOKED_AT_AGAIN: Final = timedelta(seconds=10)


class Unanswered(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """A receipt of what did not arrive, with which nothing was done yet; ``told_at`` is when we heard it."""

    id: str
    channel: str
    reference: str
    code: str = ""
    told_at: datetime


class ReceiptStore:
    """Receipts, each once under the provider and its name for the message.

    What did not arrive has ``look_at`` until something was done about it: from when somebody may look.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Each is forgotten when its time has come; those nothing was done with, by when to look."""
        await self._collection.create_index([("expires_at", ASCENDING)], expireAfterSeconds=0)
        await self._collection.create_index(
            [("look_at", ASCENDING)], partialFilterExpression={"look_at": {"$exists": True}}
        )

    async def add(self, receipt: Receipt, *, told_at: datetime, expires_at: datetime) -> bool:
        """Keep ``receipt``; told again it stays as it was told first. Whether it is new."""
        document = {**document_of(receipt), "expires_at": expires_at}
        if not receipt.delivered:
            document |= {"told_at": told_at, "look_at": told_at}
        name = _name(receipt.channel, receipt.reference)
        try:
            kept = await self._collection.update_one({"_id": name}, {"$setOnInsert": document}, upsert=True)
        except DuplicateKeyError:
            return False  # told twice at once
        return kept.did_upsert

    async def of(self, messages: Sequence[tuple[str, str]]) -> Sequence[Receipt]:
        """What was said of ``messages``, each a channel and the provider's name, oldest first."""
        names = [_name(channel, reference) for channel, reference in messages]
        found = self._collection.find({"_id": {"$in": names}}).sort("at", ASCENDING)
        return [msgspec.convert(document, Receipt) async for document in found]

    async def take(self, *, now: datetime) -> Unanswered | None:
        """One to do something about, for ten seconds nobody else's; None where there is none."""
        document = await self._collection.find_one_and_update(
            {"look_at": {"$lte": now}},
            {"$set": {"look_at": now + _LOOKED_AT_AGAIN}},
            sort=[("look_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else msgspec.convert(document, Unanswered)

    async def answered(self, receipt: str) -> None:
        """Nothing is left to be done about the receipt of this id."""
        await self._collection.update_one({"_id": receipt}, {"$unset": {"look_at": ""}})


def _name(channel: str, reference: str) -> str:
    return f"{channel}:{reference}"

"""What providers said later of messages (送达回执). MongoDB, majority and journal.

Kept beside the attempts and not in them: a provider may tell of a message before we have noted its name.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from push.ports import Receipt
from push.store.documents import Collection, document_of


class ReceiptStore:
    """Receipts, each once under the provider and its name for the message."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Each is forgotten when its time has come."""
        await self._collection.create_index([("expires_at", ASCENDING)], expireAfterSeconds=0)

    async def add(self, receipt: Receipt, *, expires_at: datetime) -> None:
        """Keep ``receipt``; told again it stays as it was told first."""
        document = {**document_of(receipt), "expires_at": expires_at}
        name = _name(receipt.channel, receipt.reference)
        try:
            await self._collection.update_one({"_id": name}, {"$setOnInsert": document}, upsert=True)
        except DuplicateKeyError:
            return  # told twice at once

    async def of(self, messages: Sequence[tuple[str, str]]) -> Sequence[Receipt]:
        """What was said of ``messages``, each a channel and the provider's name, oldest first."""
        names = [_name(channel, reference) for channel, reference in messages]
        found = self._collection.find({"_id": {"$in": names}}).sort("at", ASCENDING)
        return [msgspec.convert(document, Receipt) async for document in found]


def _name(channel: str, reference: str) -> str:
    return f"{channel}:{reference}"

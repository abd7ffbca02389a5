"""Under which cid a notice was sent by JPush. MongoDB, majority and journal, before JPush is asked.

Forgotten after two days: JPush itself knows a cid for one.
"""

from datetime import timedelta
from typing import Final

import msgspec
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from push.channels.jpush import Named
from push.store.documents import Collection, document_of

_KEPT: Final = timedelta(days=2)


class CidStore:
    """One cid a notice and address."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """They go by themselves."""
        await self._collection.create_index(
            [("issued_at", ASCENDING)], expireAfterSeconds=int(_KEPT.total_seconds())
        )

    async def keep(self, name: str, named: Named) -> Named:
        """The cid of ``name``: the one that is kept, or else ``named``, which now is."""
        while True:
            try:
                document = await self._collection.find_one_and_update(
                    {"_id": name},
                    {"$setOnInsert": document_of(named)},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                continue  # two at once: the other one's is there now
            return msgspec.convert(document, Named)

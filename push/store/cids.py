"""Under which cid a notice was sent by JPush. MongoDB, majority and journal, before JPush is asked.

What many want to keep at once travels together. Forgotten after two days: JPush itself knows a cid for one.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
from pymongo import ASCENDING
from pymongo.errors import BulkWriteError

from push.channels.jpush import Named
from push.ports import Together
from push.store.documents import DUPLICATE, Collection, document_of

_KEPT: Final = timedelta(days=2)


class CidStore:
    """One cid a notice and address."""

    def __init__(self, collection: Collection, together: Together) -> None:
        self._collection = collection
        self._keep = together(self._keep_all)

    async def ensure_indexes(self) -> None:
        """They go by themselves."""
        await self._collection.create_index(
            [("issued_at", ASCENDING)], expireAfterSeconds=int(_KEPT.total_seconds())
        )

    async def keep(self, name: str, named: Named) -> Named:
        """The cid of ``name``: the one that is kept, or else ``named``, which now is."""
        kept: Named = await self._keep((name, named))
        return kept

    async def _keep_all(self, several: Sequence[tuple[str, Named]]) -> Sequence[Named]:
        documents = [{"_id": name, **document_of(named)} for name, named in several]
        try:
            await self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as failure:
            details: Any = failure.details
            if any(error["code"] != DUPLICATE for error in details["writeErrors"]):
                raise
            there = {several[error["index"]][0] for error in details["writeErrors"]}
            found = self._collection.find({"_id": {"$in": list(there)}})
            kept = {document["_id"]: msgspec.convert(document, Named) async for document in found}
            return [kept.get(name, named) for name, named in several]
        return [named for _, named in several]

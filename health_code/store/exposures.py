"""Exposure queries. MongoDB, majority and journal."""

from datetime import datetime

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel

from health_code.rules.exposure import QueryState
from health_code.store.documents import Collection, document_of
from health_code.venue_models import ExposureRequest


class ExposureStore:
    """Who asked for what, and who agreed."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Make what waits for approval quick to list."""
        await self._collection.create_indexes(
            [IndexModel([("state", ASCENDING), ("expires_at", DESCENDING)])]
        )

    async def add(self, query: ExposureRequest) -> None:
        """Keep a new query."""
        await self._collection.insert_one(document_of(query))

    async def get(self, query_id: str) -> ExposureRequest | None:
        """The query as it stands now."""
        document = await self._collection.find_one({"_id": query_id})
        return None if document is None else msgspec.convert(document, ExposureRequest)

    async def waiting(self, *, now: datetime) -> list[ExposureRequest]:
        """Queries that wait for an approval and are not over, newest first."""
        wanted = {
            "state": {"$in": [QueryState.PROPOSED.value, QueryState.APPROVED_ONCE.value]},
            "expires_at": {"$gt": now},
        }
        cursor = self._collection.find(wanted).sort("expires_at", DESCENDING).limit(100)
        return [msgspec.convert(document, ExposureRequest) async for document in cursor]

    async def replace(self, query: ExposureRequest) -> bool:
        """Keep ``query`` in place of the revision before it; False if somebody else was faster."""
        result = await self._collection.replace_one(
            {"_id": query.id, "revision": query.revision - 1}, document_of(query)
        )
        return result.matched_count == 1

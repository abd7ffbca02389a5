"""Statistics as last computed. MongoDB; they can be computed again at any time."""

from health_code.store.documents import Collection

_LATEST = "latest"


class StatisticsStore:
    """The latest statistics, as they are published."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def put(self, text: bytes) -> None:
        """Keep what was computed."""
        await self._collection.update_one({"_id": _LATEST}, {"$set": {"text": text}}, upsert=True)

    async def get(self) -> bytes | None:
        """What was computed last; None if nothing was yet."""
        document = await self._collection.find_one({"_id": _LATEST})
        return None if document is None else bytes(document["text"])

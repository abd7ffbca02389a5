"""When each source was last heard of. MongoDB; a lost note is made good by the next report."""

from datetime import datetime

from health_code.store.documents import Collection


class SourceStore:
    """Sources and their last sign of life."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def heard(self, source: str, *, at: datetime) -> None:
        """Note that ``source`` reported something, or that it has nothing to report."""
        await self._collection.update_one({"_id": source}, {"$max": {"heard_at": at}}, upsert=True)

    async def all(self) -> dict[str, datetime]:
        """Every source that was ever heard of, and when last."""
        return {each["_id"]: each["heard_at"] async for each in self._collection.find()}

"""When each source was last heard of. MongoDB; a lost note is made good by the next report."""

from datetime import datetime, timedelta
from typing import Final

from health_code.store.documents import Collection

_OFTEN: Final = timedelta(seconds=10)


class SourceStore:
    """Sources and their last sign of life."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._noted: dict[str, datetime] = {}

    async def heard(self, source: str, *, name: str, at: datetime) -> None:
        """Note that ``source``, called ``name``, reported something, or that it has nothing to report.

        Every ten seconds is enough: what counts is hours, and hundreds of reports would wait for each other.
        """
        noted = self._noted.get(source)
        if noted is not None and noted <= at < noted + _OFTEN:
            return
        note = {"$max": {"heard_at": at}, "$set": {"name": name}}
        await self._collection.update_one({"_id": source}, note, upsert=True)
        self._noted[source] = at

    async def all(self) -> dict[str, datetime]:
        """Every source that was ever heard of, and when last."""
        heard = self._collection.find({"heard_at": {"$exists": True}})
        return {each["_id"]: each["heard_at"] async for each in heard}

    async def names(self) -> dict[str, str]:
        """What each source that was ever heard of is called."""
        named = self._collection.find({"name": {"$exists": True}}, {"name": 1})
        return {each["_id"]: each["name"] async for each in named}

    async def cursor(self, source: str) -> str | None:
        """Where ``source`` is to be asked from; None for the beginning."""
        found = await self._collection.find_one({"_id": source})
        return None if found is None else found.get("cursor")

    async def go_on(self, source: str, cursor: str) -> None:
        """Note that all before ``cursor`` is recorded."""
        await self._collection.update_one({"_id": source}, {"$set": {"cursor": cursor}}, upsert=True)

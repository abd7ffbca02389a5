"""Addresses at which a provider knows nobody. MongoDB, majority and journal; addresses by keyed hash only."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from push.store.documents import Collection


class GraveStore:
    """Since when each address is dead."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """None but the addresses."""

    async def of(self, names: Sequence[str]) -> Mapping[str, datetime]:
        """Those of ``names`` that are dead, and since when."""
        found = self._collection.find({"_id": {"$in": list(names)}})
        return {document["_id"]: document["since"] async for document in found}

    async def dig_up(self, names: Sequence[str]) -> None:
        """Note that none of ``names`` is dead any more."""
        await self._collection.delete_many({"_id": {"$in": list(names)}})

    async def bury(self, name: str, *, since: datetime) -> None:
        """Note that ``name`` is dead; the latest word counts."""
        await self._collection.update_one({"_id": name}, {"$max": {"since": since}}, upsert=True)

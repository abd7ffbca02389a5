"""What residents were told of their own accounts. MongoDB, majority and journal."""

from collections.abc import Collection as Several
from collections.abc import Sequence

import msgspec
from pymongo import ASCENDING, DESCENDING

from auth_bridges.models import Notice
from auth_bridges.store.documents import Collection, document_of


class AccountNotices:
    """Notices, each once."""

    def __init__(self, notices: Collection) -> None:
        self._notices = notices

    async def ensure_indexes(self) -> None:
        """Somebody's notices in the order of their time."""
        await self._notices.create_index([("resident", ASCENDING), ("at", DESCENDING)])

    async def add(self, notice: Notice) -> None:
        """Keep ``notice``; kept again under the same id it stays as it was."""
        document = document_of(notice)
        own_id = document.pop("_id")
        await self._notices.update_one({"_id": own_id}, {"$setOnInsert": document}, upsert=True)

    async def of(self, residents: Several[str], *, limit: int) -> Sequence[Notice]:
        """The newest notices of ``residents``."""
        found = self._notices.find({"resident": {"$in": list(residents)}}).sort("at", DESCENDING)
        return [msgspec.convert(each, Notice) async for each in found.limit(limit)]

    async def forget(self, residents: Several[str]) -> None:
        """Keep nothing that was told to ``residents``."""
        await self._notices.delete_many({"resident": {"$in": list(residents)}})

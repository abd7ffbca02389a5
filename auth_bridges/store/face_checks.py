"""Face checks under way. MongoDB, majority and journal; forgotten after a day."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec
from pymongo import ASCENDING

from auth_bridges.models import StoredFaceCheck
from auth_bridges.store.documents import Collection, document_of, struct_of

_KEPT: Final = timedelta(days=1)


class FaceChecks:
    """Face checks as they were begun."""

    def __init__(self, checks: Collection) -> None:
        self._checks = checks

    async def ensure_indexes(self) -> None:
        """Forget them after a day; the provider's own certification ends after 23 hours."""
        await self._checks.create_index(
            [("started_at", ASCENDING)], expireAfterSeconds=int(_KEPT.total_seconds())
        )

    async def begin(self, check: StoredFaceCheck) -> None:
        """Keep a new one."""
        await self._checks.insert_one(document_of(check))

    async def get(self, check: str, *, resident: str) -> StoredFaceCheck | None:
        """The one with this id, if ``resident`` began it."""
        return struct_of(await self._checks.find_one({"_id": check, "resident": resident}), StoredFaceCheck)

    async def of(self, residents: Sequence[str]) -> Sequence[StoredFaceCheck]:
        """Those that these residents began and that are not forgotten, the latest first."""
        found = self._checks.find({"resident": {"$in": list(residents)}}).sort("started_at", -1)
        return [msgspec.convert(document, StoredFaceCheck) async for document in found]

    async def forget(self, residents: Sequence[str]) -> None:
        """Delete all of these residents'."""
        await self._checks.delete_many({"resident": {"$in": list(residents)}})

    async def end(self, check: str) -> None:
        """Forget it."""
        await self._checks.delete_one({"_id": check})

"""Accounts on their way out, and what is left of them. MongoDB, majority and journal."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from auth_bridges.models import Deletion
from auth_bridges.store.documents import Collection, document_of, struct_of


class Deletions:
    """Deletions; one under way for each resident, and a tombstone for each that is done."""

    def __init__(self, deletions: Collection) -> None:
        self._deletions = deletions

    async def ensure_indexes(self) -> None:
        """One under way a resident; found by receipt, and by when they are due."""
        await self._deletions.create_indexes(
            [
                IndexModel(
                    [("resident", ASCENDING)],
                    unique=True,
                    partialFilterExpression={"resident": {"$type": "string"}},
                ),
                IndexModel([("receipt", ASCENDING)]),
                IndexModel([("deleted_at", ASCENDING), ("due_at", ASCENDING)]),
                IndexModel([("grants_ended", ASCENDING), ("deleted_at", ASCENDING)]),
            ]
        )

    async def request(self, deletion: Deletion) -> bool:
        """Keep a new one; False if one is under way."""
        try:
            await self._deletions.insert_one(document_of(deletion))
        except DuplicateKeyError:
            return False
        return True

    async def of(self, resident: str) -> Deletion | None:
        """The one under way for ``resident``."""
        return struct_of(await self._deletions.find_one({"resident": resident}), Deletion)

    async def by_receipt(self, receipt: bytes) -> Deletion | None:
        """The one whose receipt has this hash."""
        return struct_of(await self._deletions.find_one({"receipt": receipt}), Deletion)

    async def renew_receipt(self, resident: str, receipt: bytes) -> Deletion | None:
        """Put a new receipt in place of the one that may have been lost on its way."""
        document = await self._deletions.find_one_and_update(
            {"resident": resident}, {"$set": {"receipt": receipt}}, return_document=ReturnDocument.AFTER
        )
        return struct_of(document, Deletion)

    async def cancel(self, resident: str) -> bool:
        """Forget it, unless it has begun. The same document decides against ``begin``."""
        result = await self._deletions.delete_one({"resident": resident, "begun": False})
        return bool(result.deleted_count)

    async def drop(self, deletion: str) -> None:
        """Forget one that nobody may carry out any more."""
        await self._deletions.delete_one({"_id": deletion, "deleted_at": None})

    async def due(self, now: datetime) -> Sequence[Deletion]:
        """Those whose time has come and that are not done."""
        found = self._deletions.find({"deleted_at": None, "due_at": {"$lte": now}})
        return [msgspec.convert(each, Deletion) async for each in found.sort("due_at", ASCENDING).limit(100)]

    async def begin(self, deletion: str, *, tombstone: str) -> Deletion | None:
        """From here on there is no way back; None if it was cancelled. Begun again, the first word stays."""
        here = {"_id": deletion, "resident": {"$type": "string"}}
        await self._deletions.update_one(
            {**here, "begun": False}, {"$set": {"begun": True, "tombstone": tombstone}}
        )
        return struct_of(await self._deletions.find_one(here), Deletion)

    async def remember(self, deletion: str, holder: str) -> None:
        """Note that who has ``holder`` goes with it."""
        await self._deletions.update_one({"_id": deletion}, {"$addToSet": {"holders": holder}})

    async def holders_of(self, deletion: str) -> Sequence[str]:
        """The keyed hashes of the ID numbers that go with it."""
        found = struct_of(await self._deletions.find_one({"_id": deletion}), Deletion)
        return () if found is None else found.holders

    async def done(self, deletion: str, *, at: datetime) -> None:
        """Say no longer whose it was: the tombstone is a keyed hash."""
        await self._deletions.update_one(
            {"_id": deletion},
            {
                "$set": {"deleted_at": at, "grants_ended": True},
                "$unset": {"resident": "", "holders": ""},
            },
        )

    async def leaving_grants(self) -> Sequence[Deletion]:
        """Those done without a word on leave to act."""
        wanted = {"grants_ended": {"$in": [None, False]}, "deleted_at": {"$ne": None}}
        return [msgspec.convert(each, Deletion) async for each in self._deletions.find(wanted)]

    async def left_no_grants(self, deletions: Sequence[str]) -> None:
        """Note that leave to act went with them after all."""
        await self._deletions.update_many({"_id": {"$in": list(deletions)}}, {"$set": {"grants_ended": True}})

"""Who ticks which part of the city. MongoDB: a claim is a conditional update, and its number fences.

The lease is counted by MongoDB's own clock, so that a machine whose clock was moved neither keeps a shard nor
takes one before its time. Who holds a claim that has run out may not know it; every transaction of theirs
writes to the claim under its number, and finds that it is another's now.
"""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from pymongo import ReturnDocument, UpdateOne

from push.rules.timeline import SHARDS
from push.store.documents import Collection, Document, Session

LEASE_SECONDS: Final = 30
WALK: Final = -1
"""The claim of who plans everybody anew, beside those of the shards."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class FenceLost(Exception):
    """The shard is somebody else's by now; nothing of the transaction may stay."""


class Claim(Struct, frozen=True, kw_only=True):
    """A shard, held under a number that nobody had before."""

    shard: int
    fence: int


class ShardStore:
    """Claims, one document a shard."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """One document a claim, that nobody holds yet; what is there stays as it is."""
        nobody = {"fence": 0, "until": _LONG_AGO}
        await self._collection.bulk_write(
            [
                UpdateOne({"_id": shard}, {"$setOnInsert": nobody}, upsert=True)
                for shard in (WALK, *range(SHARDS))
            ],
            ordered=False,
        )

    async def claim(self, shard: int, holder: str) -> Claim | None:
        """Take a shard nobody holds; None if somebody does. One conditional update: of two one does it."""
        document = await self._collection.find_one_and_update(
            {"_id": shard, "$expr": {"$lte": ["$until", "$$NOW"]}},
            [{"$set": {"fence": {"$add": ["$fence", 1]}, "holder": holder, "until": _lease()}}],
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else Claim(shard=shard, fence=document["fence"])

    async def hold(self, session: Session, claim: Claim) -> None:
        """Keep the claim longer, in a transaction, or end that with ``FenceLost``.

        A write, so that whoever claims meanwhile waits for the transaction, or ends it.
        """
        found = await self._collection.update_one(
            {"_id": claim.shard, "fence": claim.fence}, [{"$set": {"until": _lease()}}], session=session
        )
        if not found.matched_count:
            raise FenceLost

    async def still(self, claim: Claim) -> bool:
        """Keep the claim longer; False if it is another's by now."""
        found = await self._collection.update_one(
            {"_id": claim.shard, "fence": claim.fence}, [{"$set": {"until": _lease()}}]
        )
        return bool(found.matched_count)

    async def release(self, claim: Claim) -> None:
        """Let others have the shard; no-op if they have it already."""
        await self._collection.update_one(
            {"_id": claim.shard, "fence": claim.fence}, [{"$set": {"until": "$$NOW"}}]
        )


def _lease() -> Document:
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": LEASE_SECONDS}}

"""Who ticks which part of the city. MongoDB: a claim is a conditional update, and its number fences.

The lease is counted by MongoDB's own clock, so that a machine whose clock was moved neither keeps a shard nor
takes one before its time. Who holds a claim that has run out may not know it; every transaction of theirs
writes to the claim under its numbers, and finds that one is another's now.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from pymongo import UpdateOne

from push.rules.timeline import SHARDS
from push.store.documents import Collection, Document, Session

LEASE_SECONDS: Final = 30
WALK: Final = -1
"""The claim of who plans everybody anew, beside those of the shards."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class FenceLost(Exception):
    """The shard is somebody else's by now; nothing of the transaction may stay."""


class Claim(Struct, frozen=True, kw_only=True):
    """Shards, each held under a number that nobody had before."""

    fences: dict[int, int]

    @property
    def shards(self) -> list[int]:
        """Which ones."""
        return list(self.fences)


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

    async def claim(self, shards: Sequence[int], holder: str) -> Claim | None:
        """Take those of ``shards`` that nobody holds, if there are any; ``holder`` is a name for this claim.

        One conditional update a shard: of two that claim at once each gets what the other did not.
        """
        taken = await self._collection.update_many(
            {"_id": {"$in": list(shards)}, "$expr": {"$lte": ["$until", "$$NOW"]}},
            [{"$set": {"fence": {"$add": ["$fence", 1]}, "holder": holder, "until": _lease()}}],
        )
        if not taken.modified_count:
            return None
        found = self._collection.find({"_id": {"$in": list(shards)}, "holder": holder}, {"fence": 1})
        fences = {document["_id"]: document["fence"] async for document in found}
        return Claim(fences=fences) if fences else None

    async def hold(self, claim: Claim, session: Session | None = None) -> None:
        """Keep the claim longer, in a transaction if in one, or end that with ``FenceLost``.

        A write, so that whoever claims meanwhile waits for the transaction, or ends it.
        """
        held = await self._collection.update_many(
            _under(claim), [{"$set": {"until": _lease()}}], session=session
        )
        if held.matched_count < len(claim.fences):
            raise FenceLost

    async def release(self, claim: Claim) -> None:
        """Let others have the shards; no-op for those that others have already."""
        await self._collection.update_many(_under(claim), [{"$set": {"until": "$$NOW"}}])


def _under(claim: Claim) -> Document:
    return {"$or": [{"_id": shard, "fence": fence} for shard, fence in claim.fences.items()]}


def _lease() -> Document:
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": LEASE_SECONDS}}

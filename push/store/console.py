"""What operators look at: the outbox by lane, and the latest attempts. Reads only."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from pymongo import ASCENDING, DESCENDING

from push.delivery_models import Attempt
from push.models import IntentState, Lane
from push.store.documents import Collection, Document

MOST: int = 100_000
"""Nobody counts further: what is longer than that is long."""


class LaneCount(Struct, frozen=True, kw_only=True):
    """What waits in one lane."""

    lane: Lane
    due: int
    later: int
    sending: int
    oldest_due_at: datetime | None


class ConsoleStore:
    """The outbox and the ledger of attempts, as operators look at them."""

    def __init__(self, outbox: Collection, attempts: Collection) -> None:
        self._outbox = outbox
        self._attempts = attempts

    async def lane(self, lane: Lane, *, now: datetime) -> LaneCount:
        """What waits in ``lane``."""
        created: Document = {"state": IntentState.CREATED.value, "lane": lane.value}
        due = created | {"not_before": {"$lte": now}}
        oldest = await self._outbox.find_one(due, {"not_before": 1}, sort=[("not_before", ASCENDING)])
        relayed = {"state": IntentState.RELAYED.value, "lane": lane.value}
        return LaneCount(
            lane=lane,
            due=await self._count(due),
            later=await self._count(created | {"not_before": {"$gt": now}}),
            sending=await self._count(relayed),
            oldest_due_at=None if oldest is None else oldest["not_before"],
        )

    async def dead(self) -> int:
        """How many dead letters there are."""
        return await self._count({"state": IntentState.DEAD.value})

    async def latest_attempts(self, *, limit: int) -> Sequence[Attempt]:
        """The latest attempts; they are forgotten in the order they were made in."""
        cursor = self._attempts.find().sort("expires_at", DESCENDING).limit(limit)
        return [msgspec.convert(document, Attempt) async for document in cursor]

    async def due_at(self, keys: Sequence[str]) -> Mapping[str, datetime]:
        """From when each of ``keys`` was allowed to go."""
        cursor = self._outbox.find({"_id": {"$in": list(keys)}}, {"not_before": 1})
        return {document["_id"]: document["not_before"] async for document in cursor}

    async def sendings(self, campaign: str, *, limit: int) -> Sequence[Attempt]:
        """Attempts at the notices of ``campaign``, at ``limit`` of these at most."""
        found = self._outbox.find({"campaign": campaign}, {"_id": 1}).limit(limit)
        keys = [document["_id"] async for document in found]
        cursor = self._attempts.find({"key": {"$in": keys}})
        return [msgspec.convert(document, Attempt) async for document in cursor]

    async def _count(self, wanted: Document) -> int:
        return await self._outbox.count_documents(wanted, limit=MOST)

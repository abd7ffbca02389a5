"""Destroying what has served its purpose, and how far that has come. MongoDB, majority and journal; Redis."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
from motor.motor_asyncio import AsyncIOMotorDatabase
from redis.asyncio import Redis

from health_code.models import Retirement
from health_code.rules.purposes import EVIDENCE, KEPT, Place
from health_code.store.documents import Collection, Document, document_of

_AT_ONCE = 1_000


class EndingStore:
    """Since when nothing is known of anybody that was evidence before."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def note(self, at: datetime) -> None:
        """Evidence is about to be destroyed; of several times the last counts."""
        await self._collection.update_one({"_id": EVIDENCE}, {"$max": {"at": at}}, upsert=True)

    async def latest(self) -> datetime | None:
        """When evidence was last destroyed; None if it never was."""
        found = await self._collection.find_one({"_id": EVIDENCE})
        return None if found is None else found["at"]


class RetiringStore:
    """Counts and destroys, place by place; every step may be done again."""

    def __init__(self, database: AsyncIOMotorDatabase[Document], redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self._retirements = database["health_retirements"]

    async def begin(self, retirement: Retirement) -> Retirement:
        """Keep what is about to be destroyed; one that was begun before and not finished goes on instead."""
        document = document_of(retirement)
        own_id = document.pop("_id")
        await self._retirements.update_one({"_id": own_id}, {"$setOnInsert": document}, upsert=True)
        kept = await self._retirements.find_one({"_id": own_id})
        return msgspec.convert(kept, Retirement)

    async def close(self, purpose: str) -> None:
        """Forget a retirement whose proof is in somebody's hands."""
        await self._retirements.delete_one({"_id": purpose})

    async def spread(self, places: tuple[Place, ...]) -> list[Place]:
        """``places`` with every collection by its full name."""
        names = [name for name in sorted(await self._database.list_collection_names()) if name not in KEPT]
        found = []
        for place in places:
            if place.collection.endswith("*"):
                begins = place.collection[:-1]
                found += [Place(name, place.where) for name in names if name.startswith(begins)]
            else:
                found.append(place)
        return found

    async def count(self, place: Place) -> int:
        """How many documents lie at ``place``."""
        return int(await self._database[place.collection].count_documents(dict(place.where)))

    async def destroy(self, place: Place) -> AsyncIterator[int]:
        """Destroy what lies at ``place``, a batch at a time; how many were in each."""
        collection = self._database[place.collection]
        # Not dropped: the indexes hold promises that go on.
        while True:
            cursor = collection.find(dict(place.where), {"_id": 1}).limit(_AT_ONCE)
            batch: list[Any] = [document["_id"] async for document in cursor]
            if not batch:
                return
            await collection.delete_many({"_id": {"$in": batch}})
            yield len(batch)

    async def count_keys(self, pattern: str) -> int:
        """How many keys that hold something match ``pattern``."""
        empty = [key for key in await self._streams(pattern) if not await self._redis.xlen(key)]
        return sum([1 async for _ in self._redis.scan_iter(match=pattern, count=_AT_ONCE)]) - len(empty)

    async def destroy_keys(self, pattern: str) -> AsyncIterator[int]:
        """Destroy what the keys that match ``pattern`` hold, one by one."""
        # A stream is emptied and stays: whoever reads it, reads on.
        streams = await self._streams(pattern)
        for key in streams:
            await self._redis.xtrim(key, maxlen=0, approximate=False)
            yield 1
        async for key in self._redis.scan_iter(match=pattern, count=_AT_ONCE):
            if key not in streams:
                yield int(await self._redis.unlink(key))

    async def _streams(self, pattern: str) -> set[bytes]:
        found = self._redis.scan_iter(match=pattern, count=_AT_ONCE, _type="STREAM")
        return {key async for key in found}

    async def judged_by_hand(self) -> AsyncIterator[str]:
        """Everybody about whom something was entered by hand."""
        async for document in self._database["health_manual"].find({}, {"subject": 1}):
            yield document["subject"]

    async def forget_judgement(self, subject: str) -> None:
        """Forget how the code of ``subject`` was judged last."""
        await self._database["health_states"].delete_one({"_id": subject})
        await self._redis.unlink(f"health:snapshot:{subject}")

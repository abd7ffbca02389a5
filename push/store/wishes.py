"""What residents want and agreed to. MongoDB, majority and journal."""

from collections.abc import Collection as Several
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, OperationFailure

from push.delivery_models import ConsentDecision, Preferences
from push.models import Topic
from push.store.documents import Collection, document_of

_NO_SUCH_INDEX: Final = 27


class PreferenceStore:
    """Preferences of those who have any."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def of(self, residents: Sequence[str]) -> dict[str, Preferences]:
        """The preferences of ``residents``, by resident."""
        cursor = self._collection.find({"_id": {"$in": list(set(residents))}})
        found = [msgspec.convert(document, Preferences) for document in await cursor.to_list(length=None)]
        return {each.resident: each for each in found}

    async def keep(self, preferences: Preferences) -> None:
        """Keep ``preferences`` in the place of those before."""
        document = document_of(preferences)
        await self._collection.replace_one({"_id": preferences.resident}, document, upsert=True)

    async def forget(self, residents: Several[str]) -> None:
        """Keep nothing of what ``residents`` wanted."""
        await self._collection.delete_many({"_id": {"$in": list(residents)}})


class ConsentStore:
    """Every decision that was ever made, and which of them stands."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """One standing decision for a resident, a topic and a child; a resident's in the order of time."""
        await self._collection.create_indexes(
            [
                IndexModel(
                    [("resident", ASCENDING), ("topic", ASCENDING), ("about", ASCENDING)],
                    unique=True,
                    name="standing_about",
                    partialFilterExpression={"standing": True},
                ),
                IndexModel([("resident", ASCENDING), ("_id", DESCENDING)]),
            ]
        )
        # Of a release that knew one decision a topic: a second child's would never be kept. After the new one
        # is there, so that at no moment two of one decision could stand.
        try:
            await self._collection.drop_index("standing")
        except OperationFailure as failure:
            if failure.code != _NO_SUCH_INDEX:
                raise

    async def standing(
        self, residents: Sequence[str]
    ) -> dict[tuple[str, Topic, str | None], ConsentDecision]:
        """What stands, by resident, topic and child."""
        cursor = self._collection.find({"resident": {"$in": list(set(residents))}, "standing": True})
        found = [msgspec.convert(document, ConsentDecision) for document in await cursor.to_list(length=None)]
        return {(each.resident, each.topic, each.about): each for each in found}

    async def decide(self, decision: ConsentDecision) -> None:
        """Let ``decision`` stand, and what stood before no longer.

        Who dies in between leaves none standing, and then nothing is sent.
        """
        same = {
            "resident": decision.resident,
            "topic": decision.topic.value,
            "about": decision.about,
            "standing": True,
        }
        while True:
            await self._collection.update_one(same, {"$set": {"standing": False, "until": decision.at}})
            try:
                await self._collection.insert_one(document_of(decision))
            except DuplicateKeyError:
                continue  # another decision of theirs came in this very moment, and is older than this one
            return

    async def lapse_children(self, resident: str, topic: Topic, *, at: datetime) -> None:
        """Let nothing stand that was agreed to for one child alone: what holds for all holds for them."""
        theirs = {"resident": resident, "topic": topic.value, "about": {"$ne": None}, "given": True}
        await self._collection.update_many(
            {**theirs, "standing": True}, {"$set": {"standing": False, "until": at}}
        )

    async def history(self, resident: str, *, limit: int) -> list[ConsentDecision]:
        """A resident's decisions, newest first."""
        cursor = self._collection.find({"resident": resident}).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, ConsentDecision) for document in await cursor.to_list(length=limit)]

    async def forget(self, residents: Several[str]) -> None:
        """Keep nothing of what ``residents`` agreed to."""
        await self._collection.delete_many({"resident": {"$in": list(residents)}})

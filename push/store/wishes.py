"""What residents want and agreed to. MongoDB, majority and journal."""

import asyncio
import contextlib
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

_NO_SUCH_INDEX: Final = (26, 27)
"""Nor any collection it could be of."""
_ONE_A_TOPIC: Final = [("resident", ASCENDING), ("topic", ASCENDING)]


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
    """Every decision that was ever made, and which of them stands.

    What was said for one child alone is in a collection of its own: a release that knew one decision a topic
    finds in the other what it knows, with the index it makes.
    """

    def __init__(self, collection: Collection, of_children: Collection) -> None:
        self._collection = collection
        self._of_children = of_children

    async def ensure_indexes(self) -> None:
        """One standing decision for a resident, a topic and a child; a resident's in the order of time."""
        await self._part()
        for collection, name, by in (
            (self._collection, "standing", _ONE_A_TOPIC),
            (self._of_children, "standing_about", [*_ONE_A_TOPIC, ("about", ASCENDING)]),
        ):
            await collection.create_indexes(
                [
                    IndexModel(by, unique=True, name=name, partialFilterExpression={"standing": True}),
                    IndexModel([("resident", ASCENDING), ("_id", DESCENDING)]),
                ]
            )

    async def standing(
        self, residents: Sequence[str]
    ) -> dict[tuple[str, Topic, str | None], ConsentDecision]:
        """What stands, by resident, topic and child."""
        wanted = {"resident": {"$in": list(set(residents))}, "standing": True}
        found = await asyncio.gather(
            *(each.find(wanted).to_list(length=None) for each in (self._collection, self._of_children))
        )
        decisions = [msgspec.convert(document, ConsentDecision) for each in found for document in each]
        return {(each.resident, each.topic, each.about): each for each in decisions}

    async def decide(self, decision: ConsentDecision) -> None:
        """Let ``decision`` stand, and what stood before no longer.

        Who dies in between leaves none standing, and then nothing is sent.
        """
        collection = self._collection if decision.about is None else self._of_children
        same = {
            "resident": decision.resident,
            "topic": decision.topic.value,
            "about": decision.about,
            "standing": True,
        }
        while True:
            await collection.update_one(same, {"$set": {"standing": False, "until": decision.at}})
            try:
                await collection.insert_one(document_of(decision))
            except DuplicateKeyError:
                continue  # another decision of theirs came in this very moment, and is older than this one
            return

    async def lapse_children(self, resident: str, topic: Topic, *, at: datetime) -> None:
        """Let nothing stand that was agreed to for one child alone: what holds for all holds for them."""
        theirs = {"resident": resident, "topic": topic.value, "given": True, "standing": True}
        await self._of_children.update_many(theirs, {"$set": {"standing": False, "until": at}})

    async def history(self, resident: str, *, limit: int) -> list[ConsentDecision]:
        """A resident's decisions, newest first."""
        decisions = [
            msgspec.convert(document, ConsentDecision)
            for collection in (self._collection, self._of_children)
            for document in await collection.find({"resident": resident})
            .sort("_id", DESCENDING)
            .limit(limit)
            .to_list(length=limit)
        ]
        return sorted(decisions, key=lambda each: each.id, reverse=True)[:limit]

    async def forget(self, residents: Several[str]) -> None:
        """Keep nothing of what ``residents`` agreed to."""
        for collection in (self._collection, self._of_children):
            await collection.delete_many({"resident": {"$in": list(residents)}})

    async def _part(self) -> None:
        """Bring over what was said for one child alone and kept with the rest; safe to be killed in."""
        found = await self._collection.find({"about": {"$type": "string"}}).to_list(length=None)
        for document in found:
            with contextlib.suppress(DuplicateKeyError):  # brought before, or decided anew since
                await self._of_children.insert_one(document)
            await self._collection.delete_one({"_id": document["_id"]})
        try:
            await self._collection.drop_index("standing_about")
        except OperationFailure as failure:
            if failure.code not in _NO_SUCH_INDEX:
                raise

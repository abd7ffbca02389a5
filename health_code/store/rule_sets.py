"""Rule sets, proposed and published. MongoDB, majority and journal; never changed once published."""

import msgspec
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from health_code.models import RuleRelease
from health_code.store.documents import Collection, Document


class RuleSetStore:
    """Releases of rule sets. A document is kept as the JSON that was hashed, byte for byte."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """The published ones in the order they were published, no two of them at the same place in it."""
        await self._collection.create_indexes(
            [
                IndexModel([("published_at", ASCENDING)]),
                IndexModel(
                    [("place", ASCENDING)],
                    unique=True,
                    partialFilterExpression={"place": {"$exists": True}},
                ),
            ]
        )

    async def get(self, release_id: str) -> RuleRelease | None:
        """One release."""
        document = await self._collection.find_one({"_id": release_id})
        return None if document is None else _release(document)

    async def propose(self, release: RuleRelease) -> bool:
        """Keep a proposal; False if this content was proposed before."""
        document = _document(release)
        own_id = document.pop("_id")
        result = await self._collection.update_one({"_id": own_id}, {"$setOnInsert": document}, upsert=True)
        return result.upserted_id is not None

    async def publish(self, release: RuleRelease, *, place: int) -> bool:
        """Make a proposal the ``place``-th law; False if another one became it meanwhile.

        What is law already stays as it is. Whoever counted the laws, and found that this one may follow
        them, takes the next place: of two who counted at once, the unique index has one count again.
        """
        law = {"approved_by": release.approved_by, "published_at": release.published_at, "place": place}
        try:
            await self._collection.update_one({"_id": release.id, "published_at": None}, {"$set": law})
        except DuplicateKeyError:
            return False
        return True

    async def all(self, *, published: bool) -> list[RuleRelease]:
        """Every release that is law, or every one that is not yet."""
        wanted: Document = {"published_at": {"$ne": None} if published else None}
        cursor = self._collection.find(wanted).sort("published_at", ASCENDING)
        return [_release(document) async for document in cursor]

    async def count(self) -> int:
        """How many are law: it only grows, so a process knows by it whether it has missed one."""
        return int(await self._collection.count_documents({"published_at": {"$ne": None}}))


def _document(release: RuleRelease) -> Document:
    return {
        "_id": release.id,
        "document": msgspec.json.encode(release.document, order="sorted").decode(),
        "proposed_by": release.proposed_by,
        "proposed_at": release.proposed_at,
        "approved_by": release.approved_by,
        "published_at": release.published_at,
    }


def _release(document: Document) -> RuleRelease:
    return msgspec.convert({**document, "document": msgspec.json.decode(document["document"])}, RuleRelease)

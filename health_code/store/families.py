"""Whom residents show for (亲属码). MongoDB, majority and journal.

A guardian has eight places and a dependant three seats, each an entry of a unique index: of two who ask at
once for the last one, one finds it taken.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from health_code.models import FamilyLink
from health_code.store.documents import Collection, document_of

PLACES: Final = 8
SEATS: Final = 3


class FamilyStore:
    """Guardians and their dependants."""

    def __init__(self, links: Collection) -> None:
        self._links = links

    async def ensure_indexes(self) -> None:
        """A place and a seat are one link's; both lists are quick."""
        await self._links.create_indexes(
            [
                IndexModel([("place", ASCENDING)], unique=True),
                IndexModel([("seat", ASCENDING)], unique=True),
                IndexModel([("guardian", ASCENDING), ("added_at", ASCENDING)]),
                IndexModel([("dependant", ASCENDING)]),
            ]
        )

    async def of(self, guardian: str) -> list[FamilyLink]:
        """The list of ``guardian``, the first added first."""
        return await self._found({"guardian": guardian})

    async def guardians(self, dependant: str) -> list[FamilyLink]:
        """Who has ``dependant`` in their list."""
        return await self._found({"dependant": dependant})

    async def add(self, link: FamilyLink) -> bool:
        """Keep ``link``; False if its place, its seat or its pair was taken meanwhile."""
        try:
            await self._links.insert_one(document_of(link))
        except DuplicateKeyError:
            return False
        return True

    async def renew(self, link: str, grant: str) -> None:
        """Let ``link`` rest on another grant."""
        await self._links.update_one({"_id": link}, {"$set": {"grant": grant}})

    async def remove(self, links: Sequence[FamilyLink]) -> None:
        """Take ``links`` out, unless they rest on other grants by now."""
        for link in links:
            await self._links.delete_one({"_id": link.id, "grant": link.grant})

    async def _found(self, wanted: dict[str, object]) -> list[FamilyLink]:
        cursor = self._links.find(wanted).sort("added_at", ASCENDING)
        return [msgspec.convert(document, FamilyLink) async for document in cursor]

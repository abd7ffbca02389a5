"""Templates as operators wrote them. MongoDB, majority and journal."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from pymongo.errors import DuplicateKeyError

from push.rules.templates import TemplateContent
from push.store.documents import Collection, document_of


class Version(Struct, frozen=True, kw_only=True):
    """A template as it was saved; ``by`` is the pseudonym of who did. Number 0 is the shipped text."""

    number: int
    content: TemplateContent
    by: str
    at: datetime


class KeptTemplate(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """What is kept of one template: what is in force, what was before, and what waits to be.

    ``current`` None is the shipped text. ``rev`` counts the replacements, ``last`` the versions.
    """

    id: str
    rev: int = 0
    last: int = 0
    current: Version | None = None
    previous: Version | None = None
    saved: Version | None = None


class TemplateStore:
    """One document a template."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """None but the names."""

    async def get(self, name: str) -> KeptTemplate | None:
        """The template called ``name``, if anybody ever wrote one."""
        document = await self._collection.find_one({"_id": name})
        return None if document is None else msgspec.convert(document, KeptTemplate)

    async def revisions(self) -> Mapping[str, int]:
        """How often each was replaced: what has another number has changed."""
        found = self._collection.find({}, {"rev": 1})
        return {document["_id"]: document["rev"] async for document in found}

    async def several(self, names: Sequence[str]) -> Sequence[KeptTemplate]:
        """Those of ``names`` that anybody wrote."""
        found = self._collection.find({"_id": {"$in": list(names)}})
        return [msgspec.convert(document, KeptTemplate) async for document in found]

    async def replace(self, old: KeptTemplate | None, new: KeptTemplate) -> bool:
        """Put ``new`` for ``old``; False if somebody else was faster."""
        if old is None:
            try:
                await self._collection.insert_one(document_of(new))
            except DuplicateKeyError:
                return False
            return True
        result = await self._collection.replace_one({"_id": old.id, "rev": old.rev}, document_of(new))
        return bool(result.matched_count)

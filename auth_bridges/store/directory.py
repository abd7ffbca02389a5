"""Organisations and their clerks. MongoDB, majority and journal."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from auth_bridges.models import Clerk, Organisation
from auth_bridges.store.documents import Collection, document_of, struct_of

_AT_ONCE: Final = 500


class Directory:
    """Organisations and their clerks, as operators register them."""

    def __init__(self, organisations: Collection, clerks: Collection) -> None:
        self._organisations = organisations
        self._clerks = clerks

    async def ensure_indexes(self) -> None:
        """One clerk a number, and a name at the organisation's own sign-in; organisations by issuer."""
        await self._clerks.create_index([("organisation", ASCENDING), ("number", ASCENDING)], unique=True)
        await self._clerks.create_index(
            [("organisation", ASCENDING), ("sso_subject", ASCENDING)],
            unique=True,
            partialFilterExpression={"sso_subject": {"$type": "string"}},
        )
        await self._organisations.create_index(
            [("sso.issuer", ASCENDING)], partialFilterExpression={"sso.issuer": {"$type": "string"}}
        )

    async def organisation(self, organisation: str) -> Organisation | None:
        """The organisation with this id."""
        return struct_of(await self._organisations.find_one({"_id": organisation}), Organisation)

    async def signing_on_at(self, issuer: str) -> Sequence[Organisation]:
        """The organisations whose clerks sign in at ``issuer``."""
        found = self._organisations.find({"sso.issuer": issuer})
        return [msgspec.convert(document, Organisation) async for document in found]

    async def put_organisation(self, organisation: Organisation) -> None:
        """Store, whatever was there."""
        await self._organisations.replace_one(
            {"_id": organisation.id}, document_of(organisation), upsert=True
        )

    async def clerk(self, organisation: str, number: str) -> Clerk | None:
        """The clerk of this number."""
        found = await self._clerks.find_one({"organisation": organisation, "number": number})
        return struct_of(found, Clerk)

    async def clerk_by_subject(self, organisation: str, subject: str) -> Clerk | None:
        """The clerk whom the organisation's own sign-in calls ``subject``."""
        found = await self._clerks.find_one({"organisation": organisation, "sso_subject": subject})
        return struct_of(found, Clerk)

    async def clerk_by_id(self, clerk: str) -> Clerk | None:
        """The clerk with this id."""
        return struct_of(await self._clerks.find_one({"_id": clerk}), Clerk)

    async def clerks(self, organisation: str | None = None) -> AsyncIterator[Sequence[Clerk]]:
        """Every clerk, or every one of ``organisation``, some hundreds at a time."""
        found = self._clerks.find({} if organisation is None else {"organisation": organisation})
        while batch := await found.to_list(_AT_ONCE):
            yield [msgspec.convert(document, Clerk) for document in batch]

    async def put_clerk(self, clerk: Clerk) -> None:
        """Store, whatever was there; two importers of one new clerk leave one."""
        document = document_of(clerk)
        identity = {"organisation": clerk.organisation, "number": clerk.number}
        own_id = document.pop("_id")
        change = {"$set": document, "$setOnInsert": {"_id": own_id}}
        try:
            await self._clerks.update_one(identity, change, upsert=True)
        except DuplicateKeyError:
            await self._clerks.update_one(identity, {"$set": document})

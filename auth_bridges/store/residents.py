"""Residents and the ways in that lead to them. MongoDB, majority and journal."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from auth_bridges.models import FormerName, Link, ProviderSubject, Resident
from auth_bridges.store.documents import Collection, Document, document_of, struct_of

_log: Final = logging.getLogger(__name__)
# Names of one person in one app that can stand for each other; see ``ProviderSubject.synonyms``.
_SYNONYMS: Final = ("open_id", "user_id")
_FORMER_KEPT: Final = 20


class Residents:
    """Residents and the ways in that lead to them."""

    def __init__(self, residents: Collection, links: Collection) -> None:
        self._residents = residents
        self._links = links

    async def ensure_indexes(self) -> None:
        """One resident an ID number, one resident a way in."""
        await self._residents.create_index(
            [("holder", ASCENDING)], unique=True, partialFilterExpression={"holder": {"$type": "string"}}
        )
        way_in = [("provider", ASCENDING), ("appid", ASCENDING), ("subject", ASCENDING)]
        # Two first sights of one person, under their old and their new name, must not make two people.
        synonyms = [
            IndexModel(
                [("provider", ASCENDING), ("appid", ASCENDING), (f"alternates.{name}", ASCENDING)],
                unique=True,
                partialFilterExpression={f"alternates.{name}": {"$type": "string"}},
            )
            for name in _SYNONYMS
        ]
        await self._links.create_indexes(
            [
                IndexModel(way_in, unique=True),
                IndexModel([("resident", ASCENDING)]),
                # Found by, never decided by: a provider may change these names.
                IndexModel([("alternates.$**", ASCENDING)]),
                *synonyms,
            ]
        )

    async def get(self, resident: str) -> Resident | None:
        """The resident with this id."""
        return struct_of(await self._residents.find_one({"_id": resident}), Resident)

    async def by_holder(self, holder: str) -> Resident | None:
        """The resident whose ID number has this keyed hash."""
        return struct_of(await self._residents.find_one({"holder": holder}), Resident)

    async def link_of(self, subject: ProviderSubject) -> Link | None:
        """Where this way in leads: by its subject, else by another name that means the same person."""
        document = await self._links.find_one(_way_in(subject))
        return struct_of(document or await self._by_synonym(subject), Link)

    async def lead(self, subject: ProviderSubject, to: Link) -> Link:
        """Where ``subject`` leads; to where ``to`` says if it led nowhere yet.

        The unique index decides a race: of two first sights one inserts, the other reads what it did.
        """
        document: Document | None
        try:
            document = await self._links.find_one_and_update(
                _way_in(subject),
                {"$setOnInsert": document_of(to)},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            document = await self._links.find_one(_way_in(subject)) or await self._by_synonym(subject)
        return msgspec.convert(document, Link)

    async def rename(self, link: Link, alternates: Mapping[str, str], *, now: datetime) -> None:
        """Note the provider's other names of now, and keep those they replace.

        Only if ``link`` still has the names it was read with: of two sign-ins at once one does it. A name
        that already leads elsewhere stays there: two people are never merged in silence.
        """
        replaced = [
            document_of(FormerName(kind=kind, value=link.alternates[kind], until=now))
            for kind, value in alternates.items()
            if kind in link.alternates and link.alternates[kind] != value
        ]
        change: Document = {"$set": {f"alternates.{kind}": value for kind, value in alternates.items()}}
        if replaced:
            change["$push"] = {"former": {"$each": replaced, "$slice": -_FORMER_KEPT}}
        unchanged = {f"alternates.{kind}": link.alternates.get(kind) for kind in alternates}
        try:
            await self._links.update_one({"_id": link.id, **unchanged}, change)
        except DuplicateKeyError:
            _log.warning("link %s: a name of its person already leads to somebody else", link.id)

    async def turn(self, link: Link, resident: str) -> None:
        """Lead ``link`` to ``resident`` instead, if it still leads where it did."""
        await self._links.update_one(
            {"_id": link.id, "resident": link.resident}, {"$set": {"resident": resident}}
        )

    async def ensure(self, resident: Resident) -> Resident:
        """``resident`` as stored, stored now if there was none of this id or this ID number.

        Finishes what a process began that died between its link and its resident.
        """
        document: Document | None
        try:
            document = await self._residents.find_one_and_update(
                {"_id": resident.id},
                {"$setOnInsert": document_of(resident)},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            taken = {"_id": resident.id} if resident.holder is None else {"holder": resident.holder}
            document = await self._residents.find_one(taken)
        return msgspec.convert(document, Resident)

    async def replace(self, old: Resident, new: Resident) -> bool:
        """Put ``new`` for ``old``; False if it is not ``old`` any more, or the ID number is taken."""
        try:
            result = await self._residents.replace_one(document_of(old), document_of(new))
        except DuplicateKeyError:
            return False
        return bool(result.matched_count)

    async def _by_synonym(self, subject: ProviderSubject) -> Document | None:
        app = {"provider": subject.provider, "appid": subject.appid}
        for name in subject.synonyms:
            # A link made before its provider had a second name for anybody has the first as its subject.
            either: Document = {
                "$or": [
                    {f"alternates.{name}": subject.alternates[name]},
                    {"subject": subject.alternates[name]},
                ]
            }
            found: Document | None = await self._links.find_one(app | either)
            if found is not None:
                return found
        return None


def _way_in(subject: ProviderSubject) -> Document:
    return {"provider": subject.provider, "appid": subject.appid, "subject": subject.subject}

"""Residents and the ways in that lead to them. MongoDB, majority and journal."""

import logging
from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from auth_bridges.models import FormerName, Link, ProviderSubject, Resident, Standing
from auth_bridges.ports import Together
from auth_bridges.store.documents import Collection, Document, document_of, reader_by_id, struct_of

_log: Final = logging.getLogger(__name__)
# Names of one person in one app that can stand for each other; see ``ProviderSubject.synonyms``.
_SYNONYMS: Final = ("open_id", "user_id")
_CHAIN: Final = 16
_WHOSE: Final = "whose"
_FORMER_KEPT: Final = 20


class NotTheirs(Exception):
    """No such way in leads there."""


class TheLast(Exception):
    """It is the only way in."""


class Residents:
    """Residents and the ways in that lead to them."""

    def __init__(self, residents: Collection, links: Collection, together: Together) -> None:
        self._residents = residents
        self._links = links
        self._read = reader_by_id(residents, together)
        self._find_way_in = together(self._ways_in)

    async def ensure_indexes(self) -> None:
        """One resident an ID number, one resident a way in."""
        await self._residents.create_index(
            [("holder", ASCENDING)], unique=True, partialFilterExpression={"holder": {"$type": "string"}}
        )
        until = "former_phone_until"
        await self._residents.create_index(
            [(until, ASCENDING)], partialFilterExpression={until: {"$type": "date"}}
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
                IndexModel(
                    [("leaving_at", ASCENDING)], partialFilterExpression={"leaving_at": {"$type": "date"}}
                ),
                # Found by, never decided by: a provider may change these names.
                IndexModel([("alternates.$**", ASCENDING)]),
                *synonyms,
            ]
        )

    async def get(self, resident: str) -> Resident | None:
        """The resident with this id."""
        return struct_of(await self._read(resident), Resident)

    async def root_of(self, resident: str) -> Resident | None:
        """Who ``resident`` is by now: whoever they were merged into, and those in turn."""
        return await self.root(await self.get(resident))

    async def root(self, found: Resident | None) -> Resident | None:
        """Who ``found`` is by now, if they were found at all."""
        for _ in range(_CHAIN):
            if found is None or found.merged_into is None:
                return found
            found = await self.get(found.merged_into)
        raise RuntimeError(f"merges lead too far, to {found and found.id}")

    async def tree_of(self, resident: Resident) -> Sequence[str]:
        """The ids of ``resident`` and of everybody merged into them, themselves first."""
        return await tree_below(self._residents, resident.id)

    async def below(self, roots: Sequence[str]) -> dict[str, str]:
        """Each of ``roots`` and everybody merged into them, with the one of ``roots`` they are below."""
        found, level = {root: root for root in roots}, list(roots)
        while level:
            query = {"_id": {"$in": level}, "absorbed": {"$ne": []}}
            above = [each async for each in self._residents.find(query, {"absorbed": 1})]
            level = []
            for document in above:
                for each in document.get("absorbed", ()):
                    if each not in found:
                        found[each] = found[document["_id"]]
                        level.append(each)
        return found

    async def by_holder(self, holder: str) -> Resident | None:
        """The resident whose ID number has this keyed hash."""
        return struct_of(await self._residents.find_one({"holder": holder}), Resident)

    async def by_holders(self, holders: Sequence[str]) -> dict[str, Resident]:
        """The residents whose ID numbers have these keyed hashes, by hash."""
        found = self._residents.find({"holder": {"$in": list(holders)}})
        return {document["holder"]: msgspec.convert(document, Resident) async for document in found}

    async def walk(self, *, after: str, before: str | None, limit: int) -> Sequence[Resident]:
        """Residents who are somebody's living account, by id; so much of each as tells who they are."""
        wanted: Document = {
            "_id": {"$gt": after} if before is None else {"$gt": after, "$lt": before},
            "standing": Standing.ACTIVE.value,
            "merged_into": None,
        }
        fields = {"created_at": 1, "holder": 1, "number": 1}
        found = self._residents.find(wanted, fields).sort("_id", ASCENDING).limit(limit)
        return [msgspec.convert(each, Resident) async for each in found]

    async def size(self) -> int:
        """How many residents there are, about."""
        return await self._residents.estimated_document_count()

    async def link_of(self, subject: ProviderSubject) -> Link | None:
        """Where this way in leads: by its subject, else by another name that means the same person."""
        document = await self._find_way_in(subject)
        return struct_of(document or await self._by_synonym(subject), Link)

    async def behind(self, subject: ProviderSubject) -> tuple[Link | None, Resident | None]:
        """Where this way in leads, and who is kept there, merged or not, as both are now."""
        document = await self._find_way_in(subject)
        if document is None:
            link = struct_of(await self._by_synonym(subject), Link)
            return link, None if link is None else await self.get(link.resident)
        return msgspec.convert(document, Link), struct_of(next(iter(document[_WHOSE]), None), Resident)

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

    async def links_of(self, residents: Several[str]) -> Sequence[Link]:
        """The ways in that lead to one of ``residents``, oldest first."""
        found = self._links.find({"resident": {"$in": list(residents)}, "leaving_at": None})
        return [msgspec.convert(each, Link) async for each in found.sort("linked_at", ASCENDING)]

    async def leave(self, resident: Resident, link: str, *, at: datetime) -> Link:
        """Let ``link`` lead nowhere any more; raises ``NotTheirs``, or ``TheLast``.

        One transaction that writes to the resident: of two that would each leave the other's way in as
        the last, one is repeated and sees it.
        """

        async def steps(session: AsyncIOMotorClientSession) -> Link:
            await self._residents.update_one({"_id": resident.id}, {"$inc": {"ways": 1}}, session=session)
            ids = await tree_below(self._residents, resident.id, session)
            theirs = {"resident": {"$in": ids}, "leaving_at": None}
            found = await self._links.find_one({**theirs, "_id": link}, session=session)
            if found is None:
                raise NotTheirs
            if await self._links.count_documents(theirs, limit=2, session=session) < 2:
                raise TheLast
            await self._links.update_one({"_id": link}, {"$set": {"leaving_at": at}}, session=session)
            return msgspec.convert(found, Link)

        async with await self._residents.database.client.start_session() as session:
            left: Link = await session.with_transaction(steps)
            return left

    async def leaving(self) -> Sequence[Link]:
        """Ways in that lead nowhere any more and are not gone yet."""
        found = self._links.find({"leaving_at": {"$type": "date"}}).limit(500)
        return [msgspec.convert(each, Link) async for each in found]

    async def forget_former_phones(self, now: datetime) -> None:
        """Keep no phone that answers no longer."""
        await self._residents.update_many(
            {"former_phone_until": {"$lte": now}},
            {"$set": {"former_phone": None, "former_phone_until": None}},
        )

    async def drop(self, link: Link) -> None:
        """Forget ``link``."""
        await self._links.delete_one({"_id": link.id})

    async def drop_all(self, resident: str) -> None:
        """Forget every way in that leads to ``resident``."""
        await self._links.delete_many({"resident": resident})

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

    async def _ways_in(self, subjects: Sequence[ProviderSubject]) -> list[Document | None]:
        apps: dict[tuple[str, str], set[str]] = {}
        for each in subjects:
            apps.setdefault((each.provider, each.appid), set()).add(each.subject)
        wanted: list[Document] = [
            {"provider": provider, "appid": appid, "subject": {"$in": list(names)}}
            for (provider, appid), names in apps.items()
        ]
        found = await self._links.aggregate(
            [
                {"$match": wanted[0] if len(wanted) == 1 else {"$or": wanted}},
                {
                    "$lookup": {
                        "from": self._residents.name,
                        "localField": "resident",
                        "foreignField": "_id",
                        "as": _WHOSE,
                    }
                },
            ]
        ).to_list(None)
        known = {(each["provider"], each["appid"], each["subject"]): each for each in found}
        return [known.get((each.provider, each.appid, each.subject)) for each in subjects]

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


async def tree_below(
    residents: Collection, root: str, session: AsyncIOMotorClientSession | None = None
) -> list[str]:
    """``root`` and everybody merged into them, and into those."""
    ids, level = [root], [root]
    while level:
        found = residents.find({"_id": {"$in": level}}, {"absorbed": 1}, session=session)
        level = [each async for document in found for each in document.get("absorbed", ())]
        ids += level
    return ids


def _way_in(subject: ProviderSubject) -> Document:
    return {"provider": subject.provider, "appid": subject.appid, "subject": subject.subject}

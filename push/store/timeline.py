"""What is due to people, and when they are told. MongoDB, majority and journal.

One item a document, for lists; one milestone a document, for the ticker. Both lie in the shard of whom they
are about, and a milestone is in the index of those that wait only while it waits.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel, ReturnDocument, UpdateOne

from push.store.documents import Collection, Document, Session, document_of
from push.timeline_models import Mark, MilestoneState, StoredMilestone, TimelineItem

_log: Final = logging.getLogger(__name__)
_WAITING: Final[Document] = {"state": MilestoneState.WAITING.value}
_CLOSED: Final = ("done", "not_applicable")


class TimelineStore:
    """Items and their milestones."""

    def __init__(self, items: Collection, milestones: Collection) -> None:
        self._items = items
        self._milestones = milestones

    async def ensure_indexes(self) -> None:
        """Somebody's items in order; what waits in a shard, by when it is due; an item's milestones."""
        await self._items.create_index([("subject", ASCENDING), ("at", ASCENDING), ("_id", ASCENDING)])
        await self._milestones.create_indexes(
            [
                IndexModel([("shard", ASCENDING), ("due_at", ASCENDING)], partialFilterExpression=_WAITING),
                IndexModel([("item", ASCENDING)]),
            ]
        )

    # --- lists -------------------------------------------------------------------------------------------

    async def page(
        self,
        subjects: Sequence[str],
        *,
        closed: bool,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[TimelineItem]:
        """Items of ``subjects``, what is next first; ``closed`` ones are those somebody said are done."""
        wanted: Document = {
            "subject": {"$in": list(subjects)},
            "mark.state": {"$in" if closed else "$nin": list(_CLOSED)},
        }
        if after is not None:
            at, name = after
            wanted["$or"] = [{"at": {"$gt": at}}, {"at": at, "_id": {"$gt": name}}]
        found = self._items.find(wanted).sort([("at", ASCENDING), ("_id", ASCENDING)]).limit(limit)
        return [msgspec.convert(each, TimelineItem) async for each in found]

    async def get(self, item: str) -> TimelineItem | None:
        """The item as it stands."""
        document = await self._items.find_one({"_id": item})
        return None if document is None else msgspec.convert(document, TimelineItem)

    async def items(self, ids: Sequence[str], session: Session | None = None) -> dict[str, TimelineItem]:
        """The items of these ids that there are."""
        found = self._items.find({"_id": {"$in": list(ids)}}, session=session)
        return {each["_id"]: msgspec.convert(each, TimelineItem) async for each in found}

    # --- plans -------------------------------------------------------------------------------------------

    async def of(
        self, subjects: Sequence[str], session: Session | None = None
    ) -> dict[str, list[TimelineItem]]:
        """Every item of each of ``subjects``."""
        found: dict[str, list[TimelineItem]] = {subject: [] for subject in subjects}
        async for each in self._items.find({"subject": {"$in": list(found)}}, session=session):
            found[each["subject"]].append(msgspec.convert(each, TimelineItem))
        return found

    async def milestones_of(self, items: Sequence[str], session: Session) -> dict[str, list[StoredMilestone]]:
        """Every milestone of each of ``items``."""
        found: dict[str, list[StoredMilestone]] = {item: [] for item in items}
        async for each in self._milestones.find({"item": {"$in": list(found)}}, session=session):
            found[each["item"]].append(msgspec.convert(each, StoredMilestone))
        return found

    async def change(
        self,
        session: Session,
        *,
        settled: Sequence[str],
        added: Sequence[TimelineItem],
        changed: Sequence[TimelineItem],
        unmarked: Sequence[str],
        withdrawn: Sequence[str],
        milestones: Sequence[StoredMilestone],
    ) -> None:
        """Take the items ``settled`` and the milestones ``withdrawn`` away; keep what there is instead.

        An item that changed keeps the mark its resident gave it; a milestone that is there stays as it is.
        """
        if settled:
            await self._items.delete_many({"_id": {"$in": list(settled)}}, session=session)
            await self._milestones.delete_many({"item": {"$in": list(settled)}}, session=session)
        if withdrawn:
            await self._milestones.delete_many({"_id": {"$in": list(withdrawn)}}, session=session)
        if added:
            await self._items.insert_many([document_of(item) for item in added], session=session)
        if changed:
            await self._items.bulk_write([_kept(item) for item in changed], session=session)
        if unmarked:
            await self._items.update_many(
                {"_id": {"$in": list(unmarked)}}, {"$unset": {"mark": ""}}, session=session
            )
        if milestones:
            await self._milestones.insert_many([document_of(each) for each in milestones], session=session)

    # --- marks -------------------------------------------------------------------------------------------

    async def mark(self, session: Session, item: str, mark: Mark | None) -> TimelineItem | None:
        """Note what somebody said of an item; None if it is gone."""
        change: Document = {"$unset": {"mark": ""}} if mark is None else {"$set": {"mark": document_of(mark)}}
        document = await self._items.find_one_and_update(
            {"_id": item}, change, session=session, return_document=ReturnDocument.AFTER
        )
        return None if document is None else msgspec.convert(document, TimelineItem)

    async def hold(self, session: Session, item: str, *, before: datetime | None) -> None:
        """Let nothing be said of ``item``, or nothing that is due ``before`` a time."""
        wanted: Document = {"item": item, **_WAITING}
        if before is not None:
            wanted["due_at"] = {"$lt": before}
        await self._milestones.update_many(
            wanted, {"$set": {"state": MilestoneState.HELD.value}, "$inc": {"rev": 1}}, session=session
        )

    async def free(self, session: Session, item: str) -> None:
        """Let what is held of ``item`` wait again, and forget what was asked for by a snooze."""
        await self._milestones.delete_many({"item": item, "asked": True, **_WAITING}, session=session)
        await self._milestones.update_many(
            {"item": item, "state": MilestoneState.HELD.value},
            {"$set": _WAITING, "$inc": {"rev": 1}},
            session=session,
        )

    async def ask(self, session: Session, milestone: StoredMilestone) -> None:
        """Keep a milestone somebody asked for; asked for again it waits again."""
        document = document_of(milestone)
        await self._milestones.replace_one({"_id": milestone.id}, document, upsert=True, session=session)

    # --- the ticker --------------------------------------------------------------------------------------

    async def shards_due(self, *, shards: Sequence[int], now: datetime, limit: int) -> set[int]:
        """Which of ``shards`` have a milestone that is due."""
        found = self._milestones.aggregate(
            [
                {"$match": {"shard": {"$in": list(shards)}, "due_at": {"$lte": now}, **_WAITING}},
                {"$limit": limit},
                {"$group": {"_id": "$shard"}},
            ]
        )
        return {each["_id"] async for each in found}

    async def due(
        self, shards: Sequence[int], *, now: datetime, later: datetime, limit: int
    ) -> list[StoredMilestone]:
        """What of ``shards`` is due, shard by shard, the longest overdue first.

        What cannot be read, because another release wrote it perhaps, is put off until ``later``.
        """
        found = self._milestones.find({"shard": {"$in": list(shards)}, "due_at": {"$lte": now}, **_WAITING})
        due: list[StoredMilestone] = []
        unreadable: list[str] = []
        async for each in found.limit(limit):
            try:
                due.append(msgspec.convert(each, StoredMilestone))
            except msgspec.ValidationError:
                unreadable.append(each["_id"])
        if unreadable:
            _log.error("%d milestones cannot be read", len(unreadable))
            await self.postpone(unreadable, at=later)
        return due

    async def postpone(self, milestones: Sequence[str], *, at: datetime) -> None:
        """Look at ``milestones`` again ``at`` a time; no-op for those that wait no longer."""
        await self._milestones.update_many(
            {"_id": {"$in": list(milestones)}, **_WAITING}, {"$set": {"due_at": at}, "$inc": {"rev": 1}}
        )

    async def still_waiting(
        self, session: Session, milestones: Sequence[StoredMilestone]
    ) -> list[StoredMilestone]:
        """Those of ``milestones`` that are as they were read, in a transaction."""
        revs = {each.id: each.rev for each in milestones}
        found = self._milestones.find({"_id": {"$in": list(revs)}, **_WAITING}, session=session)
        read = [msgspec.convert(each, StoredMilestone) async for each in found]
        return [each for each in read if each.rev == revs[each.id]]

    async def settle(
        self,
        session: Session,
        *,
        fired: Sequence[str],
        lapsed: Sequence[str],
        again: Sequence[str],
        at: datetime,
    ) -> None:
        """Note what became of milestones: ``fired``, ``lapsed``, or to be looked at ``again`` later."""
        changes: list[tuple[Sequence[str], Document]] = [
            (fired, {"state": MilestoneState.FIRED.value}),
            (lapsed, {"state": MilestoneState.LAPSED.value}),
            (again, {"due_at": at}),
        ]
        for ids, change in changes:
            if ids:
                await self._milestones.update_many(
                    {"_id": {"$in": list(ids)}}, {"$set": change, "$inc": {"rev": 1}}, session=session
                )


def _kept(item: TimelineItem) -> UpdateOne:
    document = document_of(item)
    document.pop("mark", None)
    return UpdateOne({"_id": document.pop("_id")}, {"$set": document})

"""Merge cases. MongoDB, majority and journal."""

from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Collection as Several
from datetime import datetime

import msgspec
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from auth_bridges.models import MergeCase, MergeState, Standing
from auth_bridges.rules.linking import OPEN, STEPS
from auth_bridges.store.documents import Collection, Document, document_of, struct_of
from auth_bridges.store.residents import tree_below

_OPEN = {"$in": sorted(OPEN)}


class _Not(Exception):
    """It cannot be, and nothing was written."""


class MergeCases:
    """Merges and what became of them; kept for good."""

    def __init__(self, cases: Collection, residents: Collection, links: Collection) -> None:
        self._cases = cases
        self._residents = residents
        self._links = links

    async def ensure_indexes(self) -> None:
        """A resident is taken in by one other at a time."""
        await self._cases.create_indexes(
            [
                IndexModel([("absorbed", ASCENDING)], unique=True, partialFilterExpression={"state": _OPEN}),
                IndexModel([("survivor", ASCENDING)]),
                IndexModel([("state", ASCENDING)]),
            ]
        )

    async def open(self, case: MergeCase) -> MergeCase:
        """Keep ``case``, or tell the one that is open already for whom it would take in."""
        while True:
            try:
                await self._cases.insert_one(document_of(case))
            except DuplicateKeyError:
                found = await self._cases.find_one({"absorbed": case.absorbed, "state": _OPEN})
                if found is None:
                    continue  # it was refused or undone this very moment
                return msgspec.convert(found, MergeCase)
            return case

    async def get(self, case: str) -> MergeCase | None:
        """The case with this id."""
        return struct_of(await self._cases.find_one({"_id": case}), MergeCase)

    async def step(
        self, case: MergeCase, to: MergeState, *, at: datetime | None = None, by: str | None = None
    ) -> MergeCase | None:
        """Take ``case`` from where it is to ``to``; None if it is somewhere else by now.

        One findAndModify on the state: of two that decide at once, one does.
        """
        if to not in STEPS[case.state]:
            return None
        change: Document = {"state": to.value}
        if at is not None:
            change |= {"decided_at": at, "decided_by": by}
        document = await self._cases.find_one_and_update(
            {"_id": case.id, "state": case.state.value},
            {"$set": change},
            return_document=ReturnDocument.AFTER,
        )
        return struct_of(document, MergeCase)

    async def absorb(self, case: MergeCase) -> bool:
        """Merge the two residents of ``case``; False if one of them cannot be merged any more.

        One transaction that writes to both and to the case. Both are nobody's yet, so that no ring
        comes about; the case is still in the state it was read in, so that nobody who was slow merges
        again what was undone meanwhile. Done already, it is done.
        """

        async def steps(session: AsyncIOMotorClientSession) -> bool:
            active = {"standing": Standing.ACTIVE.value}
            theirs = {"$in": [None, case.survivor]}
            return await self._both(
                session,
                case,
                (
                    {"_id": case.absorbed, "merged_into": theirs, **active},
                    {"$set": {"merged_into": case.survivor}},
                ),
                (
                    {"_id": case.survivor, "merged_into": None, **active},
                    {"$addToSet": {"absorbed": case.absorbed}},
                ),
            )

        return await self._in_one(steps)

    async def separate(self, case: MergeCase) -> bool:
        """Undo what ``absorb`` did; False if one of the two would be left without a way in."""

        async def steps(session: AsyncIOMotorClientSession) -> bool:
            theirs = {"$in": [None, case.survivor]}
            return await self._both(
                session,
                case,
                (
                    {"_id": case.absorbed, "merged_into": theirs},
                    {"$set": {"merged_into": None}, "$inc": {"ways": 1}},
                ),
                ({"_id": case.survivor}, {"$pull": {"absorbed": case.absorbed}, "$inc": {"ways": 1}}),
            ) and await self._have_ways_in(session, case)

        return await self._in_one(steps)

    async def _both(
        self, session: AsyncIOMotorClientSession, case: MergeCase, *writes: tuple[Document, Document]
    ) -> bool:
        here = {"_id": case.id, "state": case.state.value}
        touched = await self._cases.update_one(here, {"$inc": {"rounds": 1}}, session=session)
        if not touched.matched_count:
            return False
        for wanted, change in writes:
            written = await self._residents.update_one(wanted, change, session=session)
            if not written.matched_count:
                return False
        return True

    async def _have_ways_in(self, session: AsyncIOMotorClientSession, case: MergeCase) -> bool:
        root = await self._residents.find_one({"_id": case.survivor}, session=session)
        while root is not None and root.get("merged_into") is not None:
            # The root's own unlinking writes there: it has to be seen.
            root = await self._residents.find_one_and_update(
                {"_id": root["merged_into"]}, {"$inc": {"ways": 1}}, session=session
            )
        for side in (case.absorbed, case.survivor if root is None else root["_id"]):
            ids = await tree_below(self._residents, side, session)
            way_in = {"resident": {"$in": ids}, "leaving_at": None}
            if await self._links.find_one(way_in, session=session) is None:
                return False
        return True

    async def _in_one(self, steps: "Callable[[AsyncIOMotorClientSession], Awaitable[bool]]") -> bool:
        async def whole_or_nothing(session: AsyncIOMotorClientSession) -> None:
            if not await steps(session):
                raise _Not

        async with await self._cases.database.client.start_session() as session:
            try:
                await session.with_transaction(whole_or_nothing)
            except _Not:
                return False
        return True

    async def of(self, residents: Several[str]) -> Sequence[MergeCase]:
        """Cases that concern one of ``residents``, newest first."""
        anybody = {"$in": list(residents)}
        found = self._cases.find({"$or": [{"survivor": anybody}, {"absorbed": anybody}]})
        return [msgspec.convert(each, MergeCase) async for each in found.sort("opened_at", -1).limit(50)]

    async def in_state(self, *states: MergeState) -> Sequence[MergeCase]:
        """Cases in one of ``states``, oldest first."""
        found = self._cases.find({"state": {"$in": list(states)}}).sort("opened_at", ASCENDING)
        return [msgspec.convert(each, MergeCase) async for each in found.limit(500)]

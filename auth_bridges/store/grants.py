"""Leave to act for others. MongoDB, majority and journal."""

from collections.abc import Collection as Several
from collections.abc import Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from auth_bridges.models import NOBODY, ActingGrant, GrantEnding
from auth_bridges.store.documents import Collection, Document, document_of, struct_of
from miniapp_schemas.acting import ActingKind

_ALIVE: Document = {"ended_at": None}
_IN_FORCE: Document = {**_ALIVE, "confirmed_at": {"$ne": None}}
_KEEPS_NOTHING: Document = {"hold": None, "place": None, "code": None}


class Grants:
    """Leave to act for others, one document a grant; ended ones stay, for both sides to see."""

    def __init__(self, grants: Collection) -> None:
        self._grants = grants

    async def ensure_indexes(self) -> None:
        """One living grant a pair and kind, one guardian a place; lists of either side are quick."""
        unique = [
            IndexModel(
                [(field, ASCENDING)], unique=True, partialFilterExpression={field: {"$type": "string"}}
            )
            for field in ("hold", "place")
        ]
        sides = [
            IndexModel([(field, ASCENDING), ("_id", DESCENDING)]) for field in ("agent", "whom", "granted_by")
        ]
        await self._grants.create_indexes([*unique, *sides])

    async def get(self, grant: str) -> ActingGrant | None:
        """The grant as it stands."""
        return struct_of(await self._grants.find_one({"_id": grant}), ActingGrant)

    async def offer(self, grant: ActingGrant, places: Sequence[str] = ()) -> ActingGrant | None:
        """Keep ``grant``, in the first free one of ``places`` if there are any; None if all are taken.

        Answers with the grant that holds the pair if there is one. The unique indexes decide: of two
        that offer the same at once one inserts and the other reads what it did.
        """
        document = document_of(grant)
        for place in places or (None,):
            try:
                await self._grants.insert_one({**document, "place": place})
            except DuplicateKeyError:
                held = await self.holding(grant.hold or "")
                if held is not None:
                    return held
            else:
                return struct_of({**document, "place": place}, ActingGrant)
        return None

    async def holding(self, hold: str) -> ActingGrant | None:
        """The living grant that holds this pair."""
        return struct_of(await self._grants.find_one({"hold": hold}), ActingGrant)

    async def clear(self, hold: str, whom: str, *, now: datetime) -> None:
        """End what is past its time, so that it does not keep a pair or a place from others."""
        over = [{"expires_at": {"$lte": now}}, {"confirmed_at": None, "lapses_at": {"$lte": now}}]
        await self._grants.update_many(
            {**_ALIVE, "$and": [{"$or": over}, {"$or": [{"hold": hold}, {"whom": whom}]}]},
            {"$set": {"ended_at": now, "ended_why": GrantEnding.LAPSED.value, **_KEEPS_NOTHING}},
        )

    async def confirm(
        self, grant: str, *, now: datetime, whom_name: str | None, agent_name: str | None
    ) -> ActingGrant | None:
        """Put an open offer in force; None if it is none any more. One findAndModify: of two, one does."""
        names = {"whom_name": whom_name, "agent_name": agent_name}
        document = await self._grants.find_one_and_update(
            {"_id": grant, **_ALIVE, "confirmed_at": None, "lapses_at": {"$gt": now}},
            {"$set": {"confirmed_at": now, "code": None, **names}},
            return_document=ReturnDocument.AFTER,
        )
        return struct_of(document, ActingGrant)

    async def count_try(self, grant: str, *, most: int) -> bool:
        """Count one try of a code, before it is compared; False if there were ``most`` already."""
        found = await self._grants.update_one(
            {"_id": grant, **_ALIVE, "tries": {"$lt": most}}, {"$inc": {"tries": 1}}
        )
        return bool(found.matched_count)

    async def checked(self, grant: str, *, now: datetime, name: str) -> None:
        """Note that the family register still says so, and what the child is called by now."""
        noted = {"checked_at": now, "whom_name": name}
        await self._grants.update_one({"_id": grant, **_ALIVE}, {"$set": noted})

    async def end(self, grant: str, why: GrantEnding, *, now: datetime) -> ActingGrant | None:
        """End the grant if it lives; None if it did not."""
        document = await self._grants.find_one_and_update(
            {"_id": grant, **_ALIVE},
            {"$set": {"ended_at": now, "ended_why": why.value, **_KEEPS_NOTHING}},
            return_document=ReturnDocument.AFTER,
        )
        return struct_of(document, ActingGrant)

    async def every(self, *, after: str, limit: int) -> list[ActingGrant]:
        """Grants in the order they were offered in, those behind ``after``."""
        found = self._grants.find({"_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit)
        return [grant async for document in found if (grant := struct_of(document, ActingGrant)) is not None]

    async def of_leaving(
        self, keys: Several[str], *, now: datetime, limit: int, until: datetime | None = None
    ) -> list[ActingGrant]:
        """Some of the grants that one of ``keys`` is a side of; no guardian's in force for one of them.

        ``until`` leaves out what was offered later: by then they were somebody again.
        """
        theirs = {"$in": list(keys)}
        guardians = {"kind": ActingKind.GUARDIAN.value, **_IN_FORCE, "expires_at": {"$gt": now}}
        sides = [{"agent": theirs}, {"granted_by": theirs}, {"whom": theirs, "$nor": [guardians]}]
        offered = {} if until is None else {"offered_at": {"$lte": until}}
        found = self._grants.find({"$or": sides, **offered}).limit(limit)
        return [grant async for document in found if (grant := struct_of(document, ActingGrant)) is not None]

    async def erase(self, grant: ActingGrant, keys: Several[str]) -> None:
        """Let those of ``keys`` be nobody in ``grant``, and keep no name that only they could see."""
        gone: Document = {side: NOBODY for side in ("agent", "whom") if getattr(grant, side) in keys}
        if gone:
            gone |= {"agent_name": None, "whom_name": None, "child": None}
        if grant.granted_by in keys:
            gone["granted_by"] = None
        await self._grants.update_one({"_id": grant.id}, {"$set": gone})

    async def of(
        self, key: str, organisations: Sequence[str], *, before: str | None, limit: int
    ) -> list[ActingGrant]:
        """Grants on either side of which ``key`` or one of ``organisations`` is, newest first."""
        sides = [{"agent": key}, {"whom": {"$in": [key, *organisations]}}, {"granted_by": key}]
        wanted: Document = {"$or": sides}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        found = self._grants.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [grant async for document in found if (grant := struct_of(document, ActingGrant)) is not None]

    async def in_force(self, agent: str, *, now: datetime, limit: int) -> list[ActingGrant]:
        """What ``agent`` may do for whom now, newest first."""
        wanted = {"agent": agent, **_IN_FORCE, "expires_at": {"$gt": now}}
        found = self._grants.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [grant async for document in found if (grant := struct_of(document, ActingGrant)) is not None]

    async def standing(self, grants: Sequence[str], *, now: datetime) -> frozenset[str]:
        """Which of ``grants`` are in force."""
        wanted = {"_id": {"$in": list(grants)}, **_IN_FORCE, "expires_at": {"$gt": now}}
        return frozenset([document["_id"] async for document in self._grants.find(wanted, {"_id": 1})])

    async def name_of(self, whom: str, *, now: datetime) -> str | None:
        """By what name whoever acts for ``whom`` may see them; None where nobody does."""
        wanted = {"whom": whom, **_IN_FORCE, "expires_at": {"$gt": now}, "whom_name": {"$ne": None}}
        found = struct_of(await self._grants.find_one(wanted), ActingGrant)
        return None if found is None else found.whom_name

    async def standing_for(
        self, whom: Sequence[str], kinds: Sequence[ActingKind], *, now: datetime
    ) -> list[ActingGrant]:
        """The grants of ``kinds`` by which anybody acts for one of ``whom`` now."""
        wanted = {
            "whom": {"$in": list(whom)},
            "kind": {"$in": [kind.value for kind in kinds]},
            **_IN_FORCE,
            "expires_at": {"$gt": now},
        }
        found = self._grants.find(wanted)
        return [grant async for document in found if (grant := struct_of(document, ActingGrant)) is not None]

    async def children_of(self, guardians: Sequence[str], *, now: datetime) -> list[ActingGrant]:
        """The grants by which ``guardians`` act for their children now."""
        wanted = {
            "agent": {"$in": list(guardians)},
            "kind": ActingKind.GUARDIAN.value,
            **_IN_FORCE,
            "expires_at": {"$gt": now},
        }
        found = self._grants.find(wanted)
        return [grant async for document in found if (grant := struct_of(document, ActingGrant)) is not None]

    async def guardians(self, child: str, *, now: datetime) -> list[ActingGrant]:
        """The grants by which guardians act for ``child`` now; a child has few."""
        wanted = {"whom": child, "kind": ActingKind.GUARDIAN.value, **_ALIVE, "expires_at": {"$gt": now}}
        found = self._grants.find(wanted)
        return [grant async for document in found if (grant := struct_of(document, ActingGrant)) is not None]

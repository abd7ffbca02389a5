"""What somebody is to be told (outbox). MongoDB, majority and journal: what is in it is never lost.

An intent's id is its key, so meant again it is refused by the index and not told again. ``tries`` is the
fence: it grows whenever an intent is to be tried anew, and who still works on an earlier try settles nothing.
"""

import logging
from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from motor.motor_asyncio import AsyncIOMotorClientSession
from msgspec import Struct
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateMany
from pymongo.errors import BulkWriteError

from push.models import Intent, IntentState, Lane
from push.ports import Outcome
from push.store.documents import DUPLICATE, Collection, Document, document_of

_log: Final = logging.getLogger(__name__)
_BY_ID: Final = [("_id", ASCENDING)]
_ALIVE: Final = [IntentState.CREATED, IntentState.RELAYED, IntentState.DEAD]


class Waiting(Struct, frozen=True, kw_only=True):
    """An intent that goes on a stream, and which try that is."""

    key: str
    tries: int


class Taken(Struct, frozen=True, kw_only=True):
    """What a relay has taken, and whether there may be more."""

    waiting: Sequence[Waiting]
    full: bool


class OutboxStore:
    """Intents, each once for ever."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """What waits for the relay, what is on its way, and what an operator must look at, each by itself.

        An intent leaves these indexes when it is done: they stay as small as what is under way.
        """
        under_way = (
            (IntentState.CREATED, ("lane", ASCENDING), ("not_before", ASCENDING)),
            (IntentState.RELAYED, ("lane", ASCENDING), ("relayed_at", ASCENDING)),
            (IntentState.DEAD, ("finished_at", DESCENDING), ("_id", DESCENDING)),
        )
        await self._collection.create_indexes(
            [
                *(IndexModel(by, partialFilterExpression={"state": state}) for state, *by in under_way),
                IndexModel([("item", ASCENDING)]),
                IndexModel([("addressee", ASCENDING)]),
            ]
        )

    async def add(self, intents: Sequence[Intent]) -> int:
        """Keep ``intents``; how many were new. Those that were there already stay as they are."""
        if not intents:
            return 0
        try:
            result = await self._collection.insert_many(list(map(_document, intents)), ordered=False)
        except BulkWriteError as failure:
            details: Any = failure.details
            if any(error["code"] != DUPLICATE for error in details["writeErrors"]):
                raise
            return int(details["nInserted"])
        return len(result.inserted_ids)

    async def add_within(
        self, session: AsyncIOMotorClientSession, intents: Sequence[Intent], *, at: datetime
    ) -> None:
        """Keep ``intents`` in a transaction; a refused insert would end it, so what is there is looked up.

        What was cancelled and is meant again is so again after all: it is told, as a new try.
        """
        if not intents:
            return
        found = self._collection.find(
            {"_id": {"$in": [intent.id for intent in intents]}}, {"state": 1}, session=session
        )
        there = {document["_id"]: document["state"] async for document in found}
        new = [_document(intent) for intent in intents if intent.id not in there]
        if new:
            await self._collection.insert_many(new, session=session)
        again = [key for key, state in there.items() if state == IntentState.CANCELLED]
        if again:
            await self._collection.update_many({"_id": {"$in": again}}, _anew(at), session=session)

    # --- relays ----------------------------------------------------------------------------------

    async def waits(self, *, now: datetime) -> bool:
        """Whether anything may go."""
        due = {"state": IntentState.CREATED, "lane": {"$in": list(Lane)}, "not_before": {"$lte": now}}
        return await self._collection.find_one(due, {"_id": 1}) is not None

    async def take(self, lane: Lane, *, now: datetime, by: str, limit: int) -> Taken:
        """Take what of ``lane`` may go by now, at most ``limit``, first what may go longest.

        Two relays that take at once take different ones: each update finds its intent as it was. ``by`` is a
        name for this one call. What is of no use any more, and nobody has seen, lapses here.
        """
        due = {"state": IntentState.CREATED, "lane": lane, "not_before": {"$lte": now}}
        return await self._take(due, "not_before", now=now, by=by, limit=limit)

    async def take_again(self, lane: Lane, *, before: datetime, now: datetime, by: str, limit: int) -> Taken:
        """The same for what was relayed ``before``, and nothing has come of it."""
        lost = {"state": IntentState.RELAYED, "lane": lane, "relayed_at": {"$lt": before}}
        return await self._take(lost, "relayed_at", now=now, by=by, limit=limit)

    async def _take(self, which: Document, oldest: str, *, now: datetime, by: str, limit: int) -> Taken:
        found = self._collection.find(which, {"tries": 1, "useful_until": 1}).sort(oldest, ASCENDING)
        documents = await found.limit(limit).to_list(length=limit)
        # Of a second try, whoever delivers knows what the first has shown.
        late = [each["_id"] for each in documents if each["useful_until"] <= now and not each["tries"]]
        useful = {each["_id"]: each["tries"] for each in documents if each["_id"] not in set(late)}
        full = len(documents) == limit
        if late:
            await self._update(late, which, {"state": IntentState.LAPSED, "finished_at": now})
        if not useful:
            return Taken(waiting=[], full=full)
        ours = {"state": IntentState.RELAYED, "relayed_at": now, "relayed_by": by}
        if await self._update(list(useful), which, ours) < len(useful):
            # Another relay was faster with some, or somebody cancelled them.
            mine = self._collection.find({"_id": {"$in": list(useful)}} | ours, {"_id": 1})
            useful = {each["_id"]: useful[each["_id"]] async for each in mine}
        return Taken(
            waiting=[Waiting(key=key, tries=tries) for key, tries in useful.items()],
            full=full,
        )

    async def _update(self, keys: Sequence[str], which: Document, fields: Document) -> int:
        # By id: the planner would rather walk an index of everything that waits.
        result = await self._collection.update_many(
            {"_id": {"$in": list(keys)}} | which, {"$set": fields}, hint=_BY_ID
        )
        return result.matched_count

    # --- workers ---------------------------------------------------------------------------------

    async def relayed(self, keys: Sequence[str]) -> Mapping[str, Intent]:
        """Those of ``keys`` that wait for an outcome.

        What cannot be read stays as it is: another release may have written it, and one of that release is
        given it when it is relayed again.
        """
        found = self._collection.find({"_id": {"$in": list(keys)}, "state": IntentState.RELAYED})
        intents: dict[str, Intent] = {}
        for document in await found.to_list(length=len(keys)):
            try:
                intents[document["_id"]] = msgspec.convert(document, Intent)
            except msgspec.ValidationError:
                _log.error("intent %s cannot be read", document["_id"])
        return intents

    async def keep(self, keys: Sequence[str], *, at: datetime) -> None:
        """Somebody still works on ``keys``: no relay is to send them again."""
        await self._update(keys, {"state": IntentState.RELAYED}, {"relayed_at": at})

    async def settle(
        self, intents: Mapping[str, Intent], outcomes: Sequence[Outcome], *, at: datetime
    ) -> None:
        """Keep what became of ``intents``, unless somebody was faster; safe to repeat."""
        alike: dict[tuple[Outcome, int], list[str]] = defaultdict(list)
        for outcome in outcomes:
            alike[msgspec.structs.replace(outcome, key=""), intents[outcome.key].tries].append(outcome.key)
        updates = [
            UpdateMany(
                {"_id": {"$in": keys}, "state": IntentState.RELAYED, "tries": tries},
                _becomes(outcome, at),
                hint=_BY_ID,
            )
            for (outcome, tries), keys in alike.items()
        ]
        if updates:
            await self._collection.bulk_write(updates, ordered=False)

    # --- those who mean, and those who operate ---------------------------------------------------

    async def cancel(
        self, items: Sequence[str], *, at: datetime, session: AsyncIOMotorClientSession | None = None
    ) -> int:
        """Tell nobody of ``items`` what has not been told yet, in a transaction if in one; how many.

        What has been told is of no use any more: if it did not arrive, it is not told by another channel.
        """
        told = {"item": {"$in": list(items)}, "state": IntentState.DONE}
        await self._collection.update_many(told, {"$min": {"useful_until": at}}, session=session)
        result = await self._collection.update_many(
            {"item": {"$in": list(items)}, "state": {"$in": _ALIVE}},
            {"$set": {"state": IntentState.CANCELLED, "finished_at": at}},
            session=session,
        )
        return result.modified_count

    async def forget(self, residents: Several[str]) -> None:
        """Keep nothing that was meant for ``residents``."""
        await self._collection.delete_many({"addressee": {"$in": list(residents)}})

    async def get(self, key: str) -> Intent | None:
        """The intent ``key``, whatever became of it."""
        document = await self._collection.find_one({"_id": key})
        return None if document is None else msgspec.convert(document, Intent)

    async def dead(self, *, before: tuple[datetime, str] | None, limit: int) -> Sequence[Intent]:
        """Dead letters, those first that died last, from the one after ``before`` (when it died, its key)."""
        which: Document = {"state": IntentState.DEAD}
        if before is not None:
            died, key = before
            which["$or"] = [{"finished_at": {"$lt": died}}, {"finished_at": died, "_id": {"$lt": key}}]
        found = self._collection.find(which).sort([("finished_at", DESCENDING), ("_id", DESCENDING)])
        return [msgspec.convert(document, Intent) async for document in found.limit(limit)]

    async def still_dead(self, keys: Sequence[str], *, now: datetime) -> Mapping[str, int]:
        """Those of ``keys`` that are dead letters and would still be of use, and of which try each died."""
        found = self._collection.find(_revivable(keys, now), {"tries": 1})
        return {document["_id"]: document["tries"] async for document in found}

    async def revive(self, dead: Mapping[str, int], *, now: datetime) -> int:
        """Let dead letters be relayed again, redriven and as a new try; how many were.

        Only those that died of the try that is given: what somebody else redrove, and died again since, did
        so of what its provider says now.
        """
        alike: dict[int, list[str]] = defaultdict(list)
        for key, tries in dead.items():
            alike[tries].append(key)
        anew = _anew(now)
        anew["$inc"] |= {"redriven": 1}
        updates = [
            UpdateMany(_revivable(keys, now) | {"tries": tries}, anew, hint=_BY_ID)
            for tries, keys in alike.items()
        ]
        if not updates:
            return 0
        result = await self._collection.bulk_write(updates, ordered=False)
        return result.modified_count

    async def not_done_after_all(self, intent: Intent, *, now: datetime) -> bool:
        """Let ``intent``, done by a channel that did not bring it, be tried anew; False if it was not so."""
        as_it_was = {"_id": intent.id, "state": IntentState.DONE, "tries": intent.tries}
        useful = {"outcome": intent.outcome, "useful_until": {"$gt": now}}
        result = await self._collection.update_one(as_it_was | useful, _anew(now))
        return result.modified_count == 1


def _document(intent: Intent) -> Document:
    # Defaults are left out of what is stored, and these two are searched for.
    return {"state": intent.state, "tries": intent.tries} | document_of(intent)


def _revivable(keys: Sequence[str], now: datetime) -> Document:
    return {"_id": {"$in": list(keys)}, "state": IntentState.DEAD, "useful_until": {"$gt": now}}


def _anew(at: datetime) -> Document:
    return {
        "$set": {"state": IntentState.CREATED, "not_before": at},
        "$unset": {"outcome": "", "finished_at": ""},
        "$inc": {"tries": 1},
    }


def _becomes(outcome: Outcome, at: datetime) -> Document:
    if outcome.again is not None:
        return {"$set": {"state": IntentState.CREATED, "not_before": outcome.again}, "$inc": {"tries": 1}}
    if outcome.dead is not None:
        state = IntentState.DEAD
    else:
        state = IntentState.LAPSED if outcome.done is None else IntentState.DONE
    reason = outcome.dead or outcome.done
    return {"$set": {"state": state, "finished_at": at} | ({} if reason is None else {"outcome": reason})}

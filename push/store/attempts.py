"""The ledger of attempts (发送台账). MongoDB, majority and journal: an attempt is written before it is made.

Every change is a compare-and-set on the state and the fence of the attempt, so that of two workers at one
notice one calls, and one who was overtaken writes nothing any more. What many want at once travels together.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from pymongo import ASCENDING, UpdateMany
from pymongo.errors import BulkWriteError

from push.channels.base import FailureClass
from push.delivery_models import UNDELIVERED, Attempt, AttemptState
from push.ports import Together
from push.rules.receipts import TELL_LATER
from push.store.documents import DUPLICATE, Collection, Document, document_of

_SETTLED: Final = (AttemptState.CALLING.value, AttemptState.UNKNOWN.value)
"""From where an attempt is settled: who called and comes back late still knows better than nobody."""

_BY_RECEIPT: Final = "receipt"


class AttemptStore:
    """Attempts, each under the name of its notice, channel and device."""

    def __init__(self, collection: Collection, together: Together) -> None:
        self._collection = collection
        self._insert = together(self._insert_all)
        self._start = together(self._start_all)
        self._settle = together(self._settle_all)

    async def ensure_indexes(self) -> None:
        """Those of one notice; each is forgotten when its time has come; the one a receipt is of."""
        await self._collection.create_index([("key", ASCENDING)])
        await self._collection.create_index([("expires_at", ASCENDING)], expireAfterSeconds=0)
        await self._collection.create_index(
            [("receipt", ASCENDING)],
            name=_BY_RECEIPT,
            partialFilterExpression={"channel": {"$in": list(TELL_LATER)}},
        )

    async def of(self, keys: Sequence[str]) -> dict[str, list[Attempt]]:
        """The attempts of these notices, by notice; who has none is not in it."""
        found: dict[str, list[Attempt]] = defaultdict(list)
        cursor = self._collection.find({"key": {"$in": list(keys)}})
        for document in await cursor.to_list(length=None):
            found[document["key"]].append(msgspec.convert(document, Attempt))
        return found

    async def accepted_as(self, channel: str, reference: str) -> Attempt | None:
        """The attempt that ``channel`` accepted under the name ``reference``, also if it was lost since."""
        if channel not in TELL_LATER:
            return None
        named = {"channel": channel, "receipt": reference}
        document = await self._collection.find_one(named, hint=_BY_RECEIPT)
        return None if document is None else msgspec.convert(document, Attempt)

    async def undelivered(self, attempt: Attempt, *, at: datetime) -> None:
        """Let ``attempt``, accepted until now, have failed after all; safe to repeat."""
        await self._collection.update_one(
            {"_id": attempt.id, "fence": attempt.fence, "state": AttemptState.ACCEPTED.value},
            {
                "$set": {
                    "state": AttemptState.FAILED.value,
                    "failure": FailureClass.NEXT_CHANNEL.value,
                    "code": UNDELIVERED,
                    "at": at,
                }
            },
        )

    async def reserve(self, attempt: Attempt, *, before: Attempt | None) -> bool:
        """Keep ``attempt``, reserved, in the place of ``before``; False if somebody else was faster."""
        if before is None:
            return bool(await self._insert(attempt))
        result = await self._collection.replace_one(
            {"_id": before.id, "fence": before.fence, "state": before.state.value}, document_of(attempt)
        )
        return result.modified_count == 1

    async def start(self, attempt: Attempt) -> bool:
        """Let ``attempt``, reserved until now, be calling; False if it was overtaken and must not call."""
        return bool(await self._start(attempt))

    async def settle(self, attempt: Attempt) -> None:
        """Keep what became of ``attempt``, unless it was overtaken."""
        await self._settle(attempt)

    async def give_up(self, attempt: Attempt) -> Attempt:
        """Keep ``attempt``, calling until now, as given up; otherwise it is as somebody else left it.

        One conditional update: of two who find the caller dead one gives it up, and a caller who was only
        slow is believed.
        """
        given_up = {"state": attempt.state.value, "at": attempt.at, "code": attempt.code}
        calling = {"_id": attempt.id, "fence": attempt.fence, "state": AttemptState.CALLING.value}
        changed = await self._collection.update_one(
            calling, {"$set": {**given_up, "again_at": attempt.again_at}}
        )
        if changed.modified_count:
            return attempt
        document = await self._collection.find_one({"_id": attempt.id})
        return attempt if document is None else msgspec.convert(document, Attempt)

    async def _insert_all(self, attempts: Sequence[Attempt]) -> Sequence[bool]:
        try:
            await self._collection.insert_many(list(map(document_of, attempts)), ordered=False)
        except BulkWriteError as failure:
            details: Any = failure.details
            if any(error["code"] != DUPLICATE for error in details["writeErrors"]):
                raise
            refused = {error["index"] for error in details["writeErrors"]}
            return [number not in refused for number in range(len(attempts))]
        return [True] * len(attempts)

    async def _start_all(self, attempts: Sequence[Attempt]) -> Sequence[bool]:
        by_fence: dict[int, list[Attempt]] = defaultdict(list)
        for attempt in attempts:
            by_fence[attempt.fence].append(attempt)
        started: set[str] = set()
        for fence, several in by_fence.items():
            ids = [attempt.id for attempt in several]
            reserved = {"_id": {"$in": ids}, "fence": fence, "state": AttemptState.RESERVED.value}
            change: Document = {
                "$set": {"state": AttemptState.CALLING.value, "at": max(attempt.at for attempt in several)},
                "$inc": {"calls": 1},
            }
            result = await self._collection.update_many(reserved, change)
            if result.modified_count < len(ids):
                # A fence is one worker's alone: what is calling under ours was started by us.
                calling = {"_id": {"$in": ids}, "fence": fence, "state": AttemptState.CALLING.value}
                cursor = self._collection.find(calling, {"_id": 1})
                ids = [document["_id"] for document in await cursor.to_list(length=None)]
            started.update(ids)
        return [attempt.id in started for attempt in attempts]

    async def _settle_all(self, attempts: Sequence[Attempt]) -> Sequence[None]:
        alike: dict[_Outcome, list[Attempt]] = defaultdict(list)
        for attempt in attempts:
            alike[_outcome(attempt)].append(attempt)
        await self._collection.bulk_write(
            [
                UpdateMany(
                    {
                        "_id": {"$in": [attempt.id for attempt in several]},
                        "fence": outcome.fence,
                        "state": {"$in": _SETTLED},
                    },
                    {
                        "$set": {
                            "state": outcome.state.value,
                            "at": max(attempt.at for attempt in several),
                            "failure": None if outcome.failure is None else outcome.failure.value,
                            "code": outcome.code,
                            "receipt": outcome.receipt,
                            "again_at": outcome.again_at,
                        }
                    },
                )
                for outcome, several in alike.items()
            ],
            ordered=False,
        )
        return [None] * len(attempts)


class _Outcome(NamedTuple):
    """What a settled attempt says beyond what was written before the call; most say the same."""

    fence: int
    state: AttemptState
    failure: FailureClass | None
    code: str
    receipt: str | None
    again_at: datetime | None


def _outcome(attempt: Attempt) -> _Outcome:
    return _Outcome(
        attempt.fence, attempt.state, attempt.failure, attempt.code, attempt.receipt, attempt.again_at
    )

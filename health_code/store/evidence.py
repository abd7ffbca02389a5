"""Evidence, append-only. MongoDB, majority and journal; one chain of hashes a source.

Nothing here changes or removes what a piece of evidence says. The one field that changes, ``pending``, is
not part of what is hashed: it says whether a colour has been judged with the evidence.

How far each chain has come is kept apart, written in one transaction with what it counts. So a chain that
ends before its head, or is not there at all, was cut. The head is also what two who append at once both
write, and what is closed before a chain is destroyed: whoever was about to append then appends nothing.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError
from pymongo.read_concern import ReadConcern

from health_code.models import ChainHead, StoredEvidence
from health_code.ports import Together
from health_code.store.documents import DUPLICATE, Collection, Document, document_of

_Append = tuple[str, Sequence[StoredEvidence]]
_Kept = dict[str, StoredEvidence]
_End = tuple[int, str]
GENESIS: Final = "0" * 64
_canonical: Final = msgspec.json.Encoder(order="sorted").encode


def chained(evidence: StoredEvidence, *, sequence: int, previous: str) -> StoredEvidence:
    """``evidence`` in its place behind the record whose hash is ``previous``."""
    placed = msgspec.structs.replace(evidence, sequence=sequence, previous=previous, hash="", pending=False)
    digest = hashlib.sha256(previous.encode() + _canonical(placed)).hexdigest()
    return msgspec.structs.replace(placed, hash=digest, pending=evidence.pending)


class ChainBroken(Exception):
    """A source's chain does not hold at ``sequence``: something was changed, taken out or put in."""

    def __init__(self, sequence: int) -> None:
        super().__init__(f"the chain does not hold at record {sequence}")
        self.sequence = sequence


class _Elsewhere(Exception):
    """A chain does not end where this process left it."""


class ChainClosed(ConnectionFailure):
    """A source's chain is being destroyed: until it is gone, its store is away for whoever appends."""


class EvidenceStore:
    """What sources reported."""

    def __init__(
        self, collection: Collection, chains: Collection, *, together: Together | None = None
    ) -> None:
        self._collection = collection
        self._chains = chains
        self._together: Callable[[_Append], Awaitable[_Kept]] | None = (
            None if together is None else together(self._append_all)
        )
        self._left: dict[str, _End] = {}
        self._alone: set[str] = set()
        # What a fail-over may take back was never acknowledged, and no colour may rest on it.
        self._certain = collection.with_options(read_concern=ReadConcern("majority"))

    async def ensure_indexes(self) -> None:
        """Keep a source's ids and its chain unique, a person's evidence and the unjudged quick to find."""
        await self._collection.create_indexes(
            [
                IndexModel([("source", ASCENDING), ("source_id", ASCENDING)], unique=True),
                IndexModel([("source", ASCENDING), ("sequence", ASCENDING)], unique=True),
                IndexModel([("subject", ASCENDING), ("_id", ASCENDING)]),
                IndexModel(
                    [("recorded_at", ASCENDING)], name="pending", partialFilterExpression={"pending": True}
                ),
            ]
        )

    async def append(self, source: str, drafts: Sequence[StoredEvidence]) -> dict[str, StoredEvidence]:
        """Keep ``drafts`` behind the source's last record; what is kept now, by the source's ids.

        An id that is taken keeps what it has: the caller compares. What is reported at once in one process
        is chained at once: each by itself would find its place taken by another, again and again.
        """
        call = source, drafts
        return await (self._append(source, drafts) if self._together is None else self._together(call))

    async def _append_all(self, calls: Sequence[_Append]) -> Sequence[_Kept]:
        by_source: dict[str, dict[str, StoredEvidence]] = {}
        for source, drafts in calls:
            own = by_source.setdefault(source, {})
            for draft in drafts:
                own.setdefault(draft.source_id, draft)
        kept = {
            source: await self._append(source, list(drafts.values())) for source, drafts in by_source.items()
        }
        return [{each.source_id: kept[source][each.source_id] for each in drafts} for source, drafts in calls]

    async def _append(self, source: str, drafts: Sequence[StoredEvidence]) -> _Kept:
        """Of two processes that append at once, the slower one chains again behind the faster.

        Where only this process appended lately, the chain mostly ends where it left it and nothing of
        ``drafts`` is known: then both are not asked, but written as if it were so, and whether it is comes
        out of the write.
        """
        left = self._left[source] if source in self._alone else None
        if left is not None and (placed := await self._chain(source, drafts, behind=left)) is not None:
            return placed
        wanted = [draft.source_id for draft in drafts]
        while True:
            known = await self.known(source, wanted)
            missing = [draft for draft in drafts if draft.source_id not in known]
            if not missing:
                return known
            if (placed := await self._chain(source, missing)) is not None:
                return known | placed

    async def _chain(
        self, source: str, drafts: Sequence[StoredEvidence], *, behind: _End | None = None
    ) -> _Kept | None:
        """Keep ``drafts`` and how far the chain has come by them, or neither.

        None where somebody else was faster: with an id, with a place in the chain, or by having begun it;
        or where it does not end with ``behind``.
        """

        async def together(session: AsyncIOMotorClientSession) -> tuple[_End, list[StoredEvidence]]:
            end = await self._head(source, session) if behind is None else behind
            sequence, previous = end
            placed = []
            for draft in drafts:
                sequence += 1
                placed.append(chained(draft, sequence=sequence, previous=previous))
                previous = placed[-1].hash
            there: Document = {"_id": source}
            if behind is not None:
                there |= {"sequence": behind[0], "hash": behind[1], "closed": None}
            head = {"$set": {"sequence": sequence, "hash": previous}}
            done = await self._chains.update_one(there, head, upsert=behind is None, session=session)
            if behind is not None and not done.matched_count:
                self._alone.discard(source)
                raise _Elsewhere
            await self._collection.insert_many(
                [document_of(each) for each in placed], ordered=True, session=session
            )
            return end, placed

        try:
            async with await self._collection.database.client.start_session() as session:
                end, placed = await session.with_transaction(together)
        except (_Elsewhere, DuplicateKeyError):
            return None
        except BulkWriteError as failure:
            errors = (failure.details or {}).get("writeErrors", [])
            if not errors or any(error.get("code") != DUPLICATE for error in errors):
                raise
            return None
        if self._left.get(source) == end:
            self._alone.add(source)
        self._left[source] = placed[-1].sequence, placed[-1].hash
        return {each.source_id: each for each in placed}

    async def close(self, sources: Sequence[str]) -> None:
        """Let nothing be appended to the chains of ``sources`` before they are destroyed.

        What is being appended in this moment writes the same heads: it is there once this returns, or fails.
        """
        for source in sources:
            await self._chains.update_one(
                {"_id": source},
                {"$set": {"closed": True}, "$setOnInsert": {"sequence": 0, "hash": GENESIS}},
                upsert=True,
            )

    async def of(self, subjects: Sequence[str]) -> dict[str, list[StoredEvidence]]:
        """All evidence of each of ``subjects``, in the order it was recorded; as a majority knows it."""
        found: dict[str, list[StoredEvidence]] = {subject: [] for subject in subjects}
        cursor = self._certain.find({"subject": {"$in": list(found)}}).sort("_id", ASCENDING)
        async for document in cursor:
            found[document["subject"]].append(msgspec.convert(document, StoredEvidence))
        return found

    async def judged(self, ids: Sequence[str]) -> None:
        """Note that a colour was judged with the evidence ``ids``."""
        if ids:
            await self._collection.update_many({"_id": {"$in": list(ids)}}, {"$set": {"pending": False}})

    async def forgotten(self, *, before: datetime, limit: int) -> list[str]:
        """People with evidence recorded ``before`` with which no colour was judged yet."""
        cursor = (
            self._collection.find({"pending": True, "recorded_at": {"$lt": before}}, {"subject": 1})
            .sort("recorded_at", ASCENDING)
            .limit(limit)
        )
        return list(dict.fromkeys([document["subject"] async for document in cursor]))

    async def chain(self, source: str) -> AsyncIterator[StoredEvidence]:
        """Every record of a source, in order."""
        async for document in self._collection.find({"source": source}).sort("sequence", ASCENDING):
            yield msgspec.convert(document, StoredEvidence)

    async def verify(self, source: str, *, seen: Callable[[int], None] | None = None) -> int:
        """How many records of ``source`` there are, each behind the one before it; else ``ChainBroken``.

        As many as there ever were: where the chain was cut off, it does not hold behind its end. ``seen``
        hears how many were looked at so far.
        """
        # First: what is appended meanwhile is behind it.
        kept = await self._chains.find_one({"_id": source}) or {"sequence": 0, "hash": GENESIS}
        sequence, previous = 0, GENESIS
        async for record in self.chain(source):
            sequence += 1
            whole = chained(record, sequence=sequence, previous=previous)
            if (record.sequence, record.previous, record.hash) != (sequence, previous, whole.hash):
                raise ChainBroken(sequence)
            if sequence == kept["sequence"] and record.hash != kept["hash"]:
                raise ChainBroken(sequence)
            previous = record.hash
            if seen is not None:
                seen(sequence)
        if sequence < kept["sequence"]:
            raise ChainBroken(sequence + 1)
        return sequence

    async def heads(self) -> list[ChainHead]:
        """How far the chain of each source has come."""
        found = []
        for source in await self.sources():
            sequence, digest = await self._head(source)
            found.append(ChainHead(chain=f"evidence:{source}", sequence=sequence, hash=digest))
        return found

    async def sources(self) -> list[str]:
        """Every source that ever reported."""
        return sorted({*await self._collection.distinct("source"), *await self._chains.distinct("_id")})

    async def known(self, source: str, ids: Sequence[str]) -> dict[str, StoredEvidence]:
        """Those of a source's own ``ids`` that are kept."""
        cursor = self._collection.find({"source": source, "source_id": {"$in": list(ids)}})
        return {each["source_id"]: msgspec.convert(each, StoredEvidence) async for each in cursor}

    async def _head(self, source: str, session: AsyncIOMotorClientSession | None = None) -> tuple[int, str]:
        kept = await self._chains.find_one({"_id": source}, session=session)
        if session is not None and kept is not None and kept.get("closed"):
            raise ChainClosed
        last = await self._collection.find_one(
            {"source": source}, sort=[("sequence", DESCENDING)], session=session
        )
        # Behind what was cut off a chain goes on where it was: the gap is there for whoever looks.
        ends = [(each["sequence"], each["hash"]) for each in (last, kept) if each is not None]
        return max(ends, default=(0, GENESIS), key=lambda end: end[0])

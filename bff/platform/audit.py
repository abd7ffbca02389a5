"""The audit trail: who did what, in an append-only chain of hashes.

Each record's hash covers the record before it, so that a record changed, removed or put in between
breaks the chain at that place. There are several chains (one a stream of events), because one chain
for a city would be one writer for a city.

    record hash = SHA-256(previous hash || canonical JSON of the event)

Canonical JSON is msgspec's, keys sorted; the first record's previous hash is 64 zeros.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from bff.platform.ids import timed_id
from bff.platform.mongo import Collection, Document
from bff.platform.redis import ScriptRunner

GENESIS: Final = "0" * 64
STREAM: Final = "{audit}:events"
_DUPLICATE: Final = 11000
_encode: Final = msgspec.json.Encoder(order="sorted").encode
_APPEND: Final = "return redis.call('XADD', KEYS[1], '*', 'e', ARGV[1])"


class AuditEvent(Struct, frozen=True, kw_only=True):
    """Something that happened. Holds pseudonyms and codes, never a name, a number or a token."""

    id: str
    at: datetime
    kind: str
    actor: str
    subject: str | None = None
    outcome: str
    facts: dict[str, str] = {}


class AuditRecord(Struct, frozen=True, kw_only=True):
    """An event in its place in a chain."""

    chain: str
    sequence: int
    previous: str
    hash: str
    event: AuditEvent


class Checkpoint(Struct, frozen=True, kw_only=True):
    """How far a chain had come at some moment: ``hash`` is that of its record ``sequence``."""

    chain: str
    sequence: int
    hash: str
    at: datetime


class BrokenLink(Struct, frozen=True, kw_only=True):
    """The first place at which a chain does not hold."""

    chain: str
    sequence: int
    why: str


decode_event: Final = msgspec.json.Decoder(AuditEvent).decode
decode_record: Final = msgspec.json.Decoder(AuditRecord).decode
encode_record: Final = _encode


def link(chain: str, sequence: int, previous: str, event: AuditEvent) -> AuditRecord:
    """Put ``event`` behind the record whose hash is ``previous``."""
    digest = _digest(previous, _encode(event))
    return AuditRecord(chain=chain, sequence=sequence, previous=previous, hash=digest, event=event)


def _digest(previous: str, content: bytes) -> str:
    return hashlib.sha256(previous.encode() + content).hexdigest()


def misses(checkpoint: Checkpoint, found: str | None) -> BrokenLink | None:
    """How a chain misses ``checkpoint``, if at all; ``found`` is the hash of its record there, or None."""
    if found == checkpoint.hash:
        return None
    signed = f"the checkpoint of {checkpoint.at:%Y-%m-%dT%H:%M:%SZ}"
    why = (
        f"the chain ends before this record, which {signed} vouches for"
        if found is None
        else f"it is not the record that {signed} vouches for"
    )
    return BrokenLink(chain=checkpoint.chain, sequence=checkpoint.sequence, why=why)


class ChainCheck:
    """Checks records fed to it chain by chain in order, and stops at the first broken link.

    Each of ``checkpoints`` must be met on the way; whether it is genuine was settled before.
    """

    def __init__(self, checkpoints: Iterable[Checkpoint] = ()) -> None:
        self._heads: dict[str, tuple[int, str]] = {}
        self._began: dict[str, datetime] = {}
        self._ahead = {(each.chain, each.sequence): each for each in checkpoints}
        self._vouched = {chain for chain, _ in self._ahead}
        self.checked = 0
        self.checkpoints = len(self._ahead)

    def feed(self, record: AuditRecord) -> BrokenLink | None:
        """Check one record; None if it holds."""
        sequence, head = self._heads.get(record.chain, (0, GENESIS))
        why = None
        if record.sequence != sequence + 1:
            why = f"expected record {sequence + 1}, found {record.sequence}: records are missing or doubled"
        elif record.previous != head:
            why = "it does not follow the record before it"
        elif link(record.chain, record.sequence, record.previous, record.event).hash != record.hash:
            why = "its content is not what was hashed"
        if why is not None:
            return BrokenLink(chain=record.chain, sequence=record.sequence, why=why)
        checkpoint = self._ahead.pop((record.chain, record.sequence), None)
        if checkpoint is not None and (broken := misses(checkpoint, record.hash)) is not None:
            return broken
        self._heads[record.chain] = (record.sequence, record.hash)
        self._began.setdefault(record.chain, record.event.at)
        self.checked += 1
        return None

    def end(self) -> BrokenLink | None:
        """Say that there are no more records; None if no checkpoint is left that was not met."""
        return next((misses(each, None) for _, each in sorted(self._ahead.items())), None)

    def unvouched(self, *, before: datetime) -> list[str]:
        """The chains that began ``before`` and have no checkpoint at all."""
        return sorted(
            chain for chain, began in self._began.items() if began < before and chain not in self._vouched
        )


def first_broken_link(
    records: Iterable[AuditRecord], checkpoints: Iterable[Checkpoint] = ()
) -> BrokenLink | None:
    """The first record that does not hold or checkpoint that is not met, or None if all are well."""
    check = ChainCheck(checkpoints)
    broken = next((broken for record in records if (broken := check.feed(record)) is not None), None)
    return broken or check.end()


class AuditRecorder:
    """Takes events durably, for the trail: a Redis stream, append-only file, fsync always."""

    def __init__(self, run: ScriptRunner) -> None:
        self._run = run

    async def record(
        self,
        kind: str,
        *,
        at: datetime,
        actor: str,
        outcome: str,
        subject: str | None = None,
        facts: dict[str, str] | None = None,
    ) -> None:
        """Record an event durably. What must never go unrecorded is recorded before it is done."""
        event = AuditEvent(
            id=timed_id(at),
            at=at,
            kind=kind,
            actor=actor,
            subject=subject,
            outcome=outcome,
            facts=facts or {},
        )
        await self._run(_APPEND, [STREAM], [_encode(event)])


class AuditTrail:
    """The chains. MongoDB, majority and journal; the worker's drain brings them what was recorded."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._heads: dict[str, tuple[int, str]] = {}

    async def ensure_indexes(self) -> None:
        """Make the two indexes that keep a chain a chain."""
        await self._collection.create_index([("chain", ASCENDING), ("sequence", ASCENDING)], unique=True)
        await self._collection.create_index([("chain", ASCENDING), ("eventId", ASCENDING)], unique=True)

    async def append(self, chain: str, events: Sequence[AuditEvent]) -> None:
        """Chain ``events`` that are not in ``chain`` yet.

        What this process put at the end of a chain is remembered, and the next batch goes behind it
        without looking. The unique indexes look: a second writer of the chain has taken the next
        (chain, sequence), or the batch was done before and its events are there. Then what is there is
        read, and the rest chained behind it. An ordered insert cut short leaves a whole, shorter chain.
        """
        head = self._heads.pop(chain, None)
        while events:
            if head is None:
                events = await self._unknown(chain, events)
                head = await self._head(chain)
            if not events:
                return
            documents, end = _chained(chain, head, events)
            try:
                await self._collection.insert_many(documents, ordered=True)
            except BulkWriteError as failure:
                if any(error.get("code") != _DUPLICATE for error in _errors(failure)):
                    raise
                head = None
            else:
                self._heads[chain] = end
                return

    async def read(self) -> AsyncIterator[AuditRecord]:
        """Every record, chain by chain, in order."""
        cursor = self._collection.find().sort([("chain", ASCENDING), ("sequence", ASCENDING)])
        async for document in cursor:
            yield AuditRecord(
                chain=document["chain"],
                sequence=document["sequence"],
                previous=document["previous"],
                hash=document["hash"],
                event=decode_event(document["event"]),
            )

    async def heads(self, *, at: datetime) -> list[Checkpoint]:
        """How far each chain has come ``at`` this moment, as a majority knows it: no fail-over undoes it."""
        settled = self._collection.with_options(read_concern=ReadConcern("majority"))
        heads = []
        for chain in await settled.distinct("chain"):
            last = await settled.find_one({"chain": chain}, sort=[("sequence", DESCENDING)])
            if last is not None:
                heads.append(Checkpoint(chain=chain, sequence=last["sequence"], hash=last["hash"], at=at))
        return heads

    async def hash_at(self, chain: str, sequence: int) -> str | None:
        """The hash of record ``sequence`` of ``chain``, None if there is no such record."""
        found = await self._collection.find_one({"chain": chain, "sequence": sequence}, {"hash": 1})
        return None if found is None else str(found["hash"])

    async def count(self) -> int:
        """About how many records there are."""
        return int(await self._collection.estimated_document_count())

    async def _unknown(self, chain: str, events: Sequence[AuditEvent]) -> list[AuditEvent]:
        known = {
            document["eventId"]
            async for document in self._collection.find(
                {"chain": chain, "eventId": {"$in": [event.id for event in events]}}, {"eventId": 1}
            )
        }
        return [event for event in events if event.id not in known]

    async def _head(self, chain: str) -> tuple[int, str]:
        last = await self._collection.find_one({"chain": chain}, sort=[("sequence", DESCENDING)])
        return (0, GENESIS) if last is None else (last["sequence"], last["hash"])


def _chained(
    chain: str, head: tuple[int, str], events: Sequence[AuditEvent]
) -> tuple[list[Document], tuple[int, str]]:
    """``events`` as documents behind ``head``, and the head they make."""
    sequence, previous = head
    documents: list[Document] = []
    for event in events:
        sequence += 1
        content = _encode(event)
        digest = _digest(previous, content)
        documents.append(
            {
                "chain": chain,
                "sequence": sequence,
                "previous": previous,
                "hash": digest,
                "eventId": event.id,
                # As hashed, byte for byte: BSON would drop microseconds and key order.
                "event": content.decode(),
            }
        )
        previous = digest
    return documents, (sequence, previous)


def _errors(failure: BulkWriteError) -> list[dict[str, Any]]:
    return list((failure.details or {}).get("writeErrors", []))

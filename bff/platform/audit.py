"""The audit trail: who did what, in an append-only chain of hashes.

Each record's hash covers the record before it, so that a record changed, removed or put in between
breaks the chain at that place. There are several chains (one a stream of events), because one chain
for a city would be one writer for a city.

    record hash = SHA-256(previous hash || canonical JSON of the event)

Canonical JSON is msgspec's, keys sorted; the first record's previous hash is 64 zeros.
"""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from bff.platform.ids import timed_id
from bff.platform.mongo import Collection, Document
from bff.platform.redis import ScriptRunner
from bff.platform.telemetry import current_trace

GENESIS: Final = "0" * 64
STREAM: Final = "{audit}:events"
_DUPLICATE: Final = 11000
_encode: Final = msgspec.json.Encoder(order="sorted").encode
_APPEND: Final = "return redis.call('XADD', KEYS[1], '*', 'e', ARGV[1])"


class AuditEvent(Struct, frozen=True, kw_only=True):
    """Something that happened. Holds pseudonyms and codes, never a name, a number or a token."""

    id: str
    at: Annotated[datetime, Meta(tz=True)]
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


class Head(Struct, frozen=True, kw_only=True):
    """How far a chain has come: ``hash`` is that of its record ``sequence``."""

    chain: str
    sequence: int
    hash: str


class Checkpoint(Struct, frozen=True, kw_only=True):
    """How far every chain had come at some moment; ``previous`` is the digest of the one before it."""

    number: int
    previous: str
    at: Annotated[datetime, Meta(tz=True)]
    heads: tuple[Head, ...]


class BrokenLink(Struct, frozen=True, kw_only=True):
    """The first place at which the trail does not hold; sequence 0 is the checkpoint itself."""

    chain: str
    sequence: int
    why: str


class RecordUnreadable(Exception):
    """What stands in a record's place is none; ``broken`` says where."""

    def __init__(self, chain: str, sequence: int, why: str) -> None:
        super().__init__(why)
        self.broken = BrokenLink(chain=chain, sequence=sequence, why=why)


class _Stored(Struct, frozen=True, kw_only=True, rename={"event_id": "eventId"}):
    """A record as it is stored, its event byte for byte as it was hashed."""

    chain: str
    sequence: int
    previous: str
    hash: str
    event_id: str
    event: str


class _Exported(Struct, frozen=True, kw_only=True):
    """Where a line of an export belongs, whatever became of its event."""

    chain: str
    sequence: int
    event: msgspec.Raw


decode_event: Final = msgspec.json.Decoder(AuditEvent).decode
encode_record: Final = _encode
_decode_record: Final = msgspec.json.Decoder(AuditRecord).decode
_decode_exported: Final = msgspec.json.Decoder(_Exported).decode
_UNREADABLE: Final = "its event cannot be read"
# Invalid UTF-8 comes as the second of these, a thousand brackets as the last.
_NO_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_CHAIN: Final = re.compile(rb'"chain":"([^"\\]{1,200})"')
_SEQUENCE: Final = re.compile(rb'"sequence":([0-9]{1,15})\b')


def read_line(line: bytes) -> AuditRecord:
    """The record on a line of an export; ``RecordUnreadable`` if only its place can be read."""
    try:
        record = _decode_record(line)
    except _NO_JSON as cause:
        raise RecordUnreadable(*_place(line), _UNREADABLE) from cause
    # A field twice, or one we do not know, is hashed by nobody and read by somebody.
    if _plainly(line) != _plainly(_encode(record)):
        raise RecordUnreadable(record.chain, record.sequence, "it is not spelt as it was hashed")
    return record


def _plainly(line: bytes) -> object:
    """What a line says; nothing at all where it says something twice."""
    try:
        return json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("said twice")
    return said


def _place(line: bytes) -> tuple[str, int]:
    """Where a line that is no record says it belongs."""
    try:
        placed = _decode_exported(line)
    except RecursionError:
        chain, sequence = _CHAIN.search(line), _SEQUENCE.search(line)
        if chain is None or sequence is None:
            raise msgspec.DecodeError("nested beyond reason") from None
        return chain[1].decode(errors="replace"), int(sequence[1])
    return placed.chain, placed.sequence


def _read_stored(document: Mapping[str, Any]) -> AuditRecord:
    try:
        stored = msgspec.convert(document, _Stored)
        event = decode_event(stored.event)
    except _NO_JSON as cause:
        sequence = document.get("sequence")
        raise RecordUnreadable(
            str(document.get("chain")), sequence if isinstance(sequence, int) else 0, _UNREADABLE
        ) from cause
    why = None
    if event.id != stored.event_id:
        why = "it is filed under the id of another event"
    elif _encode(event) != stored.event.encode("utf-8", "surrogatepass"):
        why = "it is not spelt as it was hashed"
    if why is not None:
        raise RecordUnreadable(stored.chain, stored.sequence, why)
    return AuditRecord(
        chain=stored.chain,
        sequence=stored.sequence,
        previous=stored.previous,
        hash=stored.hash,
        event=event,
    )


def link(chain: str, sequence: int, previous: str, event: AuditEvent) -> AuditRecord:
    """Put ``event`` behind the record whose hash is ``previous``."""
    digest = _digest(previous, _encode(event))
    return AuditRecord(chain=chain, sequence=sequence, previous=previous, hash=digest, event=event)


def _digest(previous: str, content: bytes) -> str:
    return hashlib.sha256(previous.encode() + content).hexdigest()


def misses(head: Head, found: str | None, witness: str) -> BrokenLink | None:
    """How a chain misses a ``head`` that ``witness`` vouches for, if at all.

    ``found`` is the hash of its record there, or None.
    """
    if found == head.hash:
        return None
    why = (
        f"the chain ends before this record, which {witness} vouches for"
        if found is None
        else f"it is not the record that {witness} vouches for"
    )
    return BrokenLink(chain=head.chain, sequence=head.sequence, why=why)


def name_of(checkpoint: Checkpoint) -> str:
    """How a person is told of ``checkpoint``."""
    return f"checkpoint {checkpoint.number} of {checkpoint.at:%Y-%m-%dT%H:%M:%SZ}"


class ChainCheck:
    """Checks records fed to it chain by chain in order, and stops at the first broken link.

    Each head that was to ``expect`` must be met on the way; whether who vouches for it is to be believed was
    settled before.
    """

    def __init__(self) -> None:
        self._heads: dict[str, tuple[int, str]] = {}
        self._ahead: dict[tuple[str, int], list[tuple[Head, str]]] = {}
        self._vouched: dict[str, int] = {}
        self.checked = 0
        self.unvouched = 0
        self.began: datetime | None = None
        self.latest: datetime | None = None

    def expect(self, heads: Iterable[Head], witness: str) -> None:
        """Hold the chains to ``heads``, for which ``witness`` vouches. Before the first record."""
        for head in heads:
            self._ahead.setdefault((head.chain, head.sequence), []).append((head, witness))
            self._vouched[head.chain] = max(head.sequence, self._vouched.get(head.chain, 0))

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
        for expected, witness in self._ahead.pop((record.chain, record.sequence), ()):
            if (broken := misses(expected, record.hash, witness)) is not None:
                return broken
        self._heads[record.chain] = (record.sequence, record.hash)
        self._count(record)
        return None

    def lost(self) -> BrokenLink:
        """What was fed next is no record and does not say where it belongs: it stands where one should."""
        chain, (sequence, _) = next(reversed(self._heads.items()), ("?", (0, GENESIS)))
        return BrokenLink(chain=chain, sequence=sequence + 1, why="what stands in its place is no record")

    def end(self) -> BrokenLink | None:
        """Say that there are no more records; None if no head is left that was not met."""
        for _, ((head, witness), *_) in sorted(self._ahead.items(), key=lambda each: each[0]):
            return misses(head, None, witness)
        return None

    def heads(self) -> list[Head]:
        """How far each chain came."""
        return [
            Head(chain=chain, sequence=sequence, hash=digest)
            for chain, (sequence, digest) in self._heads.items()
        ]

    def _count(self, record: AuditRecord) -> None:
        at = record.event.at
        self.checked += 1
        self.unvouched += record.sequence > self._vouched.get(record.chain, 0)
        self.began = at if self.began is None else min(self.began, at)
        self.latest = at if self.latest is None else max(self.latest, at)


def first_broken_link(records: Iterable[AuditRecord], heads: Iterable[Head] = ()) -> BrokenLink | None:
    """The first record that does not hold or head that is not met, or None if all are well."""
    check = ChainCheck()
    check.expect(heads, "the caller")
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
        """Record an event durably. What must never go unrecorded is recorded before it is done.

        What a provider said of being asked in the same request stands with it, but for what ``facts`` say.
        """
        trace = current_trace.get()
        event = AuditEvent(
            id=timed_id(at),
            at=at,
            kind=kind,
            actor=actor,
            subject=subject,
            outcome=outcome,
            facts={**({} if trace is None else trace.provider), **(facts or {})},
        )
        await self._run(_APPEND, [STREAM], [_encode(event)])
        if trace is not None:
            trace.recorded += (kind, outcome)


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
        """Every record, chain by chain, in order; ``RecordUnreadable`` where there is something else."""
        cursor = self._collection.find().sort([("chain", ASCENDING), ("sequence", ASCENDING)])
        async for document in cursor:
            yield _read_stored(document)

    async def heads(self) -> list[Head]:
        """How far each chain has come, as a majority knows it: no fail-over undoes it."""
        settled = self._collection.with_options(read_concern=ReadConcern("majority"))
        heads = []
        for chain in await settled.distinct("chain"):
            last = await settled.find_one({"chain": chain}, sort=[("sequence", DESCENDING)])
            if last is not None:
                heads.append(Head(chain=chain, sequence=last["sequence"], hash=last["hash"]))
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

"""Where the wallet keeps things.

Credentials and usage records: MongoDB, majority and journal, the truth. Open presentations and what
became of them: Redis only, worthless once their window closes. Losing Redis makes open codes
unknown; it can never make a used one good again, because a code is only good while its open record
exists.
"""

from collections.abc import Awaitable, Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec
from motor.motor_asyncio import AsyncIOMotorCollection
from msgspec import Struct
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from wallet.models import Checked, Credential, OpenPresentation, Showable, Usage, WalletEvent
from wallet.ports import ReadById, RunScript
from wallet.rules.validity import Mark

Collection = AsyncIOMotorCollection[dict[str, Any]]

SHOWABLE: Final = tuple(field.encode_name for field in msgspec.structs.fields(Showable))
"""What `CredentialStore` wants read of a credential that is shown or judged."""

_DUPLICATE: Final = 11000
_pack: Final = msgspec.json.Encoder().encode
_unpack_presentation: Final = msgspec.json.Decoder(OpenPresentation).decode
_unpack_checked: Final = msgspec.json.Decoder(Checked).decode
_unpack_event: Final = msgspec.json.Decoder(WalletEvent).decode


def _document(stored: Struct) -> dict[str, Any]:
    # BSON has no plain date, so that goes as ISO text; instants and bytes go as they are.
    document: dict[str, Any] = msgspec.to_builtins(stored, builtin_types=(datetime, bytes))
    return document


class Taken(Enum):
    """Which unique place was taken when a credential was inserted."""

    SERIAL = "serial"
    SLOT = "slot"


class CredentialStore:
    """Issued credentials, one document a (issuer, type, serial). MongoDB, majority and journal."""

    def __init__(self, collection: Collection, read: ReadById) -> None:
        self._collection = collection
        self._read = read

    async def ensure_indexes(self) -> None:
        """Make the indexes that keep serials and status slots unique, and lists quick."""
        serial = [("issuer", ASCENDING), ("type", ASCENDING), ("serial", ASCENDING)]
        slot = [("status_list", ASCENDING), ("status_index", ASCENDING)]
        await self._collection.create_indexes(
            [
                IndexModel(serial, name=Taken.SERIAL.value, unique=True),
                IndexModel(slot, name=Taken.SLOT.value, unique=True),
                IndexModel([("keepers", ASCENDING), ("_id", ASCENDING)]),
                IndexModel([("issuer", ASCENDING), ("_id", ASCENDING)]),
                IndexModel(
                    [("status_list", ASCENDING)],
                    name="not_active",
                    partialFilterExpression={"mark": {"$in": [Mark.SUSPENDED, Mark.REVOKED]}},
                ),
            ]
        )

    async def get(self, credential_id: str) -> Credential | None:
        """The credential as it stands now."""
        document = await self._collection.find_one({"_id": credential_id})
        return None if document is None else msgspec.convert(document, Credential)

    async def showable(self, credential_id: str) -> Showable | None:
        """What is needed to show it, as it stands now; concurrent reads share a round trip."""
        document = await self._read(credential_id)
        return None if document is None else msgspec.convert(document, Showable)

    async def find(self, issuer: str, type_: str, serial: str) -> Credential | None:
        """The credential an issuer knows by this serial."""
        document = await self._collection.find_one({"issuer": issuer, "type": type_, "serial": serial})
        return None if document is None else msgspec.convert(document, Credential)

    async def kept_by(self, keeper: str, *, after: str | None, limit: int) -> list[Credential]:
        """Credentials in one wallet, newest first."""
        return await self._list({"keepers": keeper}, after, limit)

    async def ending(self, keepers: Sequence[str]) -> list[Credential]:
        """What is in force, ends some day, and lies in one of these wallets."""
        wanted = {"keepers": {"$in": list(keepers)}, "mark": Mark.ACTIVE, "valid_until": {"$ne": None}}
        return [msgspec.convert(document, Credential) async for document in self._collection.find(wanted)]

    async def issued_by(self, issuer: str, *, after: str | None, limit: int) -> list[Credential]:
        """Credentials one issuer issued, newest first."""
        return await self._list({"issuer": issuer}, after, limit)

    async def insert(self, credential: Credential) -> Taken | None:
        """Keep a new credential; None, or which of its unique places was taken first by another."""
        try:
            await self._collection.insert_one(_document(credential))
        except DuplicateKeyError as clash:
            pattern = (clash.details or {}).get("keyPattern", {})
            return Taken.SLOT if "status_index" in pattern else Taken.SERIAL
        return None

    async def replace(self, credential: Credential, *, revision: int) -> bool:
        """Put ``credential`` in place of its ``revision``; False if somebody else was faster."""
        result = await self._collection.replace_one(
            {"_id": credential.id, "revision": revision}, _document(credential)
        )
        return result.matched_count == 1

    async def not_active(self, status_list: int) -> list[tuple[int, Mark]]:
        """The slots of a status list that are suspended or revoked."""
        cursor = self._collection.find(
            {
                "status_list": status_list,
                "mark": {"$in": [Mark.SUSPENDED, Mark.REVOKED]},
            },
            {"status_index": 1, "mark": 1},
        )
        return [(entry["status_index"], Mark(entry["mark"])) async for entry in cursor]

    async def highest_status_list(self) -> int:
        """The number of the newest status list; 0 if there is none."""
        last = await self._collection.find_one({}, {"status_list": 1}, sort=[("status_list", DESCENDING)])
        return 0 if last is None else int(last["status_list"])

    async def _list(self, wanted: dict[str, Any], after: str | None, limit: int) -> list[Credential]:
        if after is not None:
            wanted = wanted | {"_id": {"$lt": after}}
        # An id begins with the millisecond it was made in.
        cursor = self._collection.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, Credential) async for document in cursor]


class UsageStore:
    """Usage records (用证记录). MongoDB, majority and journal; written in bulk by the drain."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Make the lists of a wallet and of a clerk quick."""
        await self._collection.create_indexes(
            [
                IndexModel([("keepers", ASCENDING), ("_id", DESCENDING)]),
                IndexModel([("clerk", ASCENDING), ("_id", DESCENDING)]),
            ]
        )

    async def add(self, usages: Iterable[Usage]) -> None:
        """Keep the records; one that is there already is the same one."""
        documents = [_document(usage) for usage in usages]
        if not documents:
            return
        try:
            await self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as failure:
            errors = (failure.details or {}).get("writeErrors", [])
            if not errors or any(error.get("code") != _DUPLICATE for error in errors):
                raise

    async def of_keeper(self, keeper: str, *, before: str | None, limit: int) -> list[Usage]:
        """Uses of the credentials in one wallet, newest first."""
        return await self._list({"keepers": keeper}, before, limit)

    async def of_clerk(self, clerk: str, *, since: str, before: str | None, limit: int) -> list[Usage]:
        """What one clerk checked, newest first, back to the record id ``since``."""
        return await self._list({"clerk": clerk}, before, limit, since)

    async def _list(
        self, wanted: dict[str, Any], before: str | None, limit: int, since: str | None = None
    ) -> list[Usage]:
        window = ({"$lt": before} if before else {}) | ({"$gte": since} if since else {})
        cursor = self._collection.find(wanted | ({"_id": window} if window else {}))
        return [
            msgspec.convert(document, Usage) async for document in cursor.sort("_id", DESCENDING).limit(limit)
        ]


class StatusListStore:
    """Signed status lists, ready to be served. MongoDB; made anew every minute, so a lost one is a minute."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def put(self, number: int, token: bytes) -> None:
        """Keep ``token`` as list ``number``."""
        await self._collection.replace_one({"_id": number}, {"token": token}, upsert=True)

    async def get(self, number: int) -> bytes | None:
        """The token of list ``number``, or None."""
        document = await self._collection.find_one({"_id": number})
        return None if document is None else bytes(document["token"])


# All these scripts give the same result when run twice: a client that lost the reply runs them again.

# KEYS: open, events. ARGV: presentation, milliseconds to keep it, event.
_OPEN: Final = """
if redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then
  redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
  return 1
end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
"""

# KEYS: open, fate. Answers {presentation, event of the use}, nil for what is not there.
_LOOK: Final = "return {redis.call('GET', KEYS[1]), redis.call('HGET', KEYS[2], 'event')}"

# Exactly one caller ever gets 1: the look and the write are one step for everybody else.
# The fate outlives the open record, so there is no moment in which a used code looks unused.
# KEYS: open, fate, events. ARGV: request, sealed answer, event of the use.
_BURN: Final = """
local request = redis.call('HGET', KEYS[2], 'request')
if request then
  if request == ARGV[1] then return redis.call('HGET', KEYS[2], 'answer') end
  return 0
end
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then return -1 end
redis.call('HSET', KEYS[2], 'request', ARGV[1], 'answer', ARGV[2], 'event', ARGV[3])
redis.call('PEXPIRE', KEYS[2], left + 60000)
redis.call('XADD', KEYS[3], '*', 'e', ARGV[3])
return 1
"""

# KEYS: fate. ARGV: request.
_ANSWERED: Final = """
if redis.call('HGET', KEYS[1], 'request') == ARGV[1] then return redis.call('HGET', KEYS[1], 'answer') end
return false
"""

_NOTE: Final = "return redis.call('XADD', KEYS[1], '*', 'e', ARGV[1])"
# KEYS: open, fate, withdrawn. Answers {presentation, event of the use, 1 if it can still be used}.
_FOLLOW: Final = """
local open = redis.call('GET', KEYS[1])
return {open or redis.call('GET', KEYS[3]), redis.call('HGET', KEYS[2], 'event'), open and 1 or 0}
"""

# KEYS: open, fate, withdrawn. A used code stays used: whoever scans it next must be told so, and its holder
# too. To who scans it a withdrawn one is as if it had never been; its holder still asks what became of it,
# so the record goes on under another name, for as long as it would have.
_WITHDRAW: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 or redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[3])
return 1
"""


class Followed(NamedTuple):
    """What became of a presentation, for its holder."""

    presentation: OpenPresentation | None
    used: Usage | None
    open: bool


class Burn(Enum):
    """What came of trying to use a code up."""

    BURNT = 1
    USED = 0
    GONE = -1


class PresentationStore:
    """Open presentations, their fates, and the stream of events. Redis, append-only file, fsync always.

    Keys of one presentation share a hash tag with the event stream of its shard, so that a script
    may touch them together on a cluster. Fates hold the answer sealed: personal data is not in Redis
    in the clear.
    """

    def __init__(self, run: RunScript, *, shards: int) -> None:
        self._run = run
        self._shards = shards

    @property
    def streams(self) -> list[str]:
        """The event streams, for the drain."""
        return [_events(shard) for shard in range(self._shards)]

    async def open(self, presentation: OpenPresentation, event: WalletEvent, *, keep_ms: int) -> bool:
        """Keep ``presentation`` for ``keep_ms``; False if its id is taken by another."""
        shard = self._shard(presentation.id)
        keys = (_open(shard, presentation.id), _events(shard))
        return bool(await self._run(_OPEN, keys, (_pack(presentation), keep_ms, _pack(event))))

    def look(self, presentation_id: str) -> Awaitable[tuple[OpenPresentation | None, Usage | None]]:
        """The open record if it still exists, and the use made of it if there was one.

        The question leaves when this is called.
        """
        shard = self._shard(presentation_id)
        return self._run(_LOOK, (_open(shard, presentation_id), _fate(shard, presentation_id)), (), _seen)

    async def follow(self, presentation_id: str) -> Followed:
        """The same for its holder, who also learns of one that was withdrawn."""
        shard = self._shard(presentation_id)
        followed: Followed = await self._run(_FOLLOW, _places(shard, presentation_id), (), _followed)
        return followed

    async def burn(
        self, presentation_id: str, *, request: str, answer: bytes, event: Checked
    ) -> Burn | bytes:
        """Use the code up and record its use. The same ``request`` again gets the kept answer's bytes."""
        shard = self._shard(presentation_id)
        keys = (_open(shard, presentation_id), _fate(shard, presentation_id), _events(shard))
        result = await self._run(_BURN, keys, (request, answer, _pack(event)))
        return result if isinstance(result, bytes) else Burn(result)

    async def answered(self, presentation_id: str, *, request: str) -> bytes | None:
        """The kept answer, if this very request was the one that used the code."""
        shard = self._shard(presentation_id)
        answer: bytes | None = await self._run(_ANSWERED, (_fate(shard, presentation_id),), (request,))
        return answer

    async def note(self, event: WalletEvent) -> None:
        """Put an event that changes no presentation on one of the streams."""
        # The first digits of an event's id are the time; the last are chance.
        await self._run(_NOTE, (_events(self._shard(event.id[-4:])),), (_pack(event),))

    async def withdraw(self, presentation_id: str) -> None:
        """End an open presentation; no-op if there is none, or if it was used."""
        shard = self._shard(presentation_id)
        await self._run(_WITHDRAW, _places(shard, presentation_id))

    def _shard(self, presentation_id: str) -> int:
        return int(presentation_id[:4], 16) % self._shards


def unpack_event(entry: bytes) -> WalletEvent:
    """An entry of an event stream."""
    event: WalletEvent = _unpack_event(entry)
    return event


def _seen(found: tuple[bytes | None, bytes | None]) -> tuple[OpenPresentation | None, Usage | None]:
    opened, event = found
    return (
        None if opened is None else _unpack_presentation(opened),
        None if event is None else _unpack_checked(event).usage,
    )


def _followed(found: tuple[bytes | None, bytes | None, int]) -> Followed:
    record, event, is_open = found
    return Followed(*_seen((record, event)), open=is_open == 1)


def _places(shard: int, presentation_id: str) -> tuple[str, str, str]:
    withdrawn = f"wallet:{{{shard}}}:withdrawn:{presentation_id}"
    return _open(shard, presentation_id), _fate(shard, presentation_id), withdrawn


def _open(shard: int, presentation_id: str) -> str:
    return f"wallet:{{{shard}}}:open:{presentation_id}"


def _fate(shard: int, presentation_id: str) -> str:
    return f"wallet:{{{shard}}}:fate:{presentation_id}"


def _events(shard: int) -> str:
    return f"wallet:{{{shard}}}:events"

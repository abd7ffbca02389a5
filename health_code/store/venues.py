"""Venues: MongoDB, majority and journal, with a copy in Redis so that check-ins need no MongoDB.

Check-ins: Redis, append-only file, fsync always; what is acknowledged is on a stream, sealed, until the
worker has moved it into the log. The answer given lies beside it, so that a retry is told the same.
"""

from collections.abc import Awaitable
from typing import Final

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel

from health_code.ports import RunScript
from health_code.store.documents import Collection, document_of
from health_code.venue_models import Venue

SHARDS: Final = 4
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Venue).decode

# KEYS: copy. ARGV: printings, venue. An older copy never replaces a newer one.
_COPY: Final = """
local prints = redis.call('HGET', KEYS[1], 'p')
if prints and tonumber(prints) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'p', ARGV[1], 'v', ARGV[2])
return 1
"""
_READ: Final = "return redis.call('HGET', KEYS[1], 'v')"

# The first one puts its check-in on the stream; whoever comes again, or at once, is told what it was told.
# KEYS: answer, stream. ARGV: answer, milliseconds to keep it, check-in.
_NOTE: Final = """
local kept = redis.call('GET', KEYS[1])
if kept then return kept end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
return ARGV[1]
"""
_ANSWERED: Final = "return redis.call('GET', KEYS[1])"

# Counts people and not tries, and no more of them than are asked for.
# KEYS: refused people, alarm. ARGV: person, how many, milliseconds, milliseconds to raise the alarm in.
# 1 for one caller when so many are there and no alarm was raised; for another, if that one does not raise it.
_REFUSED: Final = """
if redis.call('SCARD', KEYS[1]) < tonumber(ARGV[2]) then
  if redis.call('SADD', KEYS[1], ARGV[1]) == 1 and redis.call('SCARD', KEYS[1]) == 1 then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
  end
end
if redis.call('SCARD', KEYS[1]) < tonumber(ARGV[2]) then return 0 end
return redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[4]) and 1 or 0
"""
_RAISED: Final = "return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])"
_ANSWER_MS: Final = 3_600_000
_ALARM_MS: Final = 600_000
_RAISING_MS: Final = 5_000


class VenueStore:
    """Registered venues."""

    def __init__(self, collection: Collection, run: RunScript) -> None:
        self._collection = collection
        self._run = run

    async def ensure_indexes(self) -> None:
        """Make an organisation's list quick."""
        await self._collection.create_indexes(
            [IndexModel([("organisation", ASCENDING), ("_id", DESCENDING)])]
        )

    async def add(self, venue: Venue) -> None:
        """Keep a new venue."""
        await self._collection.insert_one(document_of(venue))
        await self._copy(venue)

    async def get(self, venue_id: str) -> Venue | None:
        """The venue; of MongoDB only where Redis does not have it."""
        packed: bytes | None = await self._run(_READ, [_venue(venue_id)])
        if packed is not None:
            return _unpack(packed)
        venue = await self._stored(venue_id)
        if venue is not None:
            await self._copy(venue)
        return venue

    async def of(self, organisation: str, *, before: str | None, limit: int) -> list[Venue]:
        """An organisation's venues."""
        wanted: dict[str, object] = {"organisation": organisation}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        cursor = self._collection.find(wanted).sort("_id", DESCENDING).limit(limit)
        return [msgspec.convert(document, Venue) async for document in cursor]

    async def print_anew(self, venue_id: str) -> Venue | None:
        """Count a printing; all before it are withdrawn in every process when this returns.

        The copy is written first: who dies in between has withdrawn a code and handed out none, and printing
        again mends it. The other way round a withdrawn code could stay good.
        """
        while True:
            venue = await self._stored(venue_id)
            if venue is None:
                return None
            printed = msgspec.structs.replace(venue, prints=venue.prints + 1)
            await self._copy(printed)
            result = await self._collection.update_one(
                {"_id": venue_id, "prints": venue.prints}, {"$set": {"prints": printed.prints}}
            )
            if result.matched_count:
                return printed

    async def _stored(self, venue_id: str) -> Venue | None:
        document = await self._collection.find_one({"_id": venue_id})
        return None if document is None else msgspec.convert(document, Venue)

    async def _copy(self, venue: Venue) -> None:
        await self._run(_COPY, [_venue(venue.id)], [venue.prints, _pack(venue)])


class CheckInStream:
    """Check-ins on their way into the log, and the answers given to them."""

    def __init__(self, run: RunScript) -> None:
        self._run = run

    @property
    def streams(self) -> list[str]:
        """The streams, for the drain."""
        return [_stream(shard) for shard in range(SHARDS)]

    def answered(self, request: str) -> Awaitable[bytes | None]:
        """The answer kept of ``request``; the question leaves when this is called."""
        return self._run(_ANSWERED, [_answer(request)])

    async def note(self, request: str, *, answer: bytes, checkin: bytes) -> bytes:
        """Put ``checkin`` on a stream and keep its answer, both or neither; the one kept of ``request``."""
        kept: bytes = await self._run(
            _NOTE, [_answer(request), _stream(_shard(request))], [answer, _ANSWER_MS, checkin]
        )
        return kept

    async def refused(self, place: str, person: str, *, alarm_at: int) -> bool:
        """Count ``person`` refused at ``place``; whether the caller is the one to raise an alarm now."""
        args = (person, alarm_at, _ALARM_MS, _RAISING_MS)
        return bool(await self._run(_REFUSED, [_refused(place), _alarm(place)], args))

    async def raised(self, place: str) -> None:
        """Note that the alarm of ``place`` was raised; the next one in ten minutes."""
        await self._run(_RAISED, [_alarm(place)], [_ALARM_MS])


def _shard(request: str) -> int:
    return int(request[:4], 16) % SHARDS


def _venue(venue_id: str) -> str:
    return f"health:venue:{venue_id}"


def _answer(request: str) -> str:
    return f"health:{{checkins-{_shard(request)}}}:answer:{request}"


def _stream(shard: int) -> str:
    return f"health:{{checkins-{shard}}}:log"


def _refused(place: str) -> str:
    return f"health:{{refused:{place}}}:people"


def _alarm(place: str) -> str:
    return f"health:{{refused:{place}}}:alarm"

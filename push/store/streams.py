"""What carries intents to the workers: one Redis stream a lane, read by one consumer group.

An entry is an intent's key and which try it is; the outbox is the truth, so losing all of this costs time and
no notice. All keys lie in one slot. Only commands that Valkey 9 and Redis 7.2 both have.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from push.models import Lane
from push.ports import RunScript
from push.store.outbox import Waiting

_GROUP: Final = "workers"
_FIELD: Final = b"e"
_LEADER: Final = "{push}:relay"
_BATCH_MS: Final = 600_000

# KEYS: stream, the batch's name. ARGV: milliseconds, entries. How many were added: none the second time, so
# that a call whose answer was lost can be made again.
_PUT: Final = """
if not redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[1]) then return 0 end
for i = 2, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end
return #ARGV - 1
"""
# KEYS: lease. ARGV: holder, milliseconds. 1 if it is the holder's now: it was free, or theirs already.
_LEAD: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class Entry(Struct, frozen=True, kw_only=True):
    """An entry of a stream: which intent, which try of it, and how often it was given to a worker."""

    id: bytes
    key: str
    tries: int
    deliveries: int

    @property
    def suspect(self) -> bool:
        """Whether two workers have died with it."""
        return self.deliveries > 2


class Standing(Struct, frozen=True, kw_only=True):
    """How many entries a lane has that nobody is done with, and since when the oldest is there."""

    depth: int
    oldest: datetime | None


class Streams:
    """The lanes, for one ``consumer``, who loses what it does not keep ``orphaned_after``."""

    def __init__(
        self,
        redis: Redis,
        run: RunScript,
        *,
        consumer: str,
        orphaned_after: timedelta = timedelta(seconds=30),
        lead_for: timedelta = timedelta(seconds=3),
    ) -> None:
        self._redis = redis
        self._run = run
        self._consumer = consumer
        self.orphaned_after = orphaned_after
        self._orphaned_ms = int(orphaned_after.total_seconds() * 1000)
        self._lead_ms = int(lead_for.total_seconds() * 1000)

    async def open(self, lane: Lane) -> None:
        """Make the group, and the stream with it; what came before it is carried too."""
        try:
            await self._redis.xgroup_create(_stream(lane), _GROUP, id="0", mkstream=True)
        except ResponseError as refusal:
            if "BUSYGROUP" not in str(refusal):
                raise

    # --- relays ----------------------------------------------------------------------------------

    async def lead(self) -> bool:
        """Take or keep the lease of the one who relays; two who both think they have it do no harm."""
        return bool(await self._run(_LEAD, [_LEADER], [self._consumer, self._lead_ms]))

    async def standing(self, lane: Lane) -> Standing:
        """How much ``lane`` carries."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.xlen(_stream(lane))
            pipe.xrange(_stream(lane), count=1)
            depth, first = await pipe.execute()
        return Standing(depth=depth, oldest=_instant(first[0][0]) if first else None)

    async def put(self, lane: Lane, waiting: Sequence[Waiting], *, batch: str) -> None:
        """Add ``waiting``, once for each ``batch`` however often it is asked, in one script."""
        entries = [f"{each.key}:{each.tries}" for each in waiting]
        await self._run(_PUT, [_stream(lane), f"{{push}}:batch:{batch}"], [_BATCH_MS, *entries])

    # --- workers ---------------------------------------------------------------------------------

    async def read(self, lane: Lane, *, largest: int, block_ms: int | None) -> Sequence[Entry]:
        """What nobody was given yet, oldest first; waits for it up to ``block_ms``, if any. XREADGROUP."""
        answer: Any = await self._redis.xreadgroup(
            _GROUP, self._consumer, {_stream(lane): ">"}, count=largest, block=block_ms
        )
        if not answer:
            return []
        # RESP3 answers with a map, RESP2 with pairs.
        batches = answer.values() if isinstance(answer, dict) else (entries for _, entries in answer)
        return [_entry(*each, deliveries=1) for batch in batches for each in _flat(batch) if each[1]]

    async def orphans(self, lane: Lane, *, largest: int) -> Sequence[Entry]:
        """Claim what a dead worker was given. XCLAIM gives an entry to one of those who ask at once.

        What died with one worker comes together with its like. What died with two comes alone, for it may be
        what they died of, and nothing else shall be counted as having died with it.
        """
        pending: Any = await self._redis.xpending_range(
            _stream(lane), _GROUP, "-", "+", largest, idle=self._orphaned_ms
        )
        if not pending:
            return []
        given = {each["message_id"]: int(each["times_delivered"]) for each in pending}
        once = [entry for entry, times in given.items() if times == 1]
        claimed: Any = await self._redis.xclaim(
            _stream(lane), _GROUP, self._consumer, self._orphaned_ms, once or [next(iter(given))]
        )
        return [_entry(*each, deliveries=given[each[0]] + 1) for each in claimed if each[1]]

    async def keep(self, lane: Lane, entries: Sequence[bytes]) -> None:
        """Say that ``entries`` are still worked on (XCLAIM JUSTID: no delivery is counted)."""
        await self._redis.xclaim(_stream(lane), _GROUP, self._consumer, 0, list(entries), justid=True)

    async def drop(self, lane: Lane, entries: Sequence[bytes]) -> None:
        """Be done with ``entries``. XACK and XDEL in one MULTI: only acknowledged, they would stay."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xack(_stream(lane), _GROUP, *entries)
            pipe.xdel(_stream(lane), *entries)
            await pipe.execute()


def _stream(lane: Lane) -> str:
    return f"{{push}}:{lane}"


def _instant(entry: bytes) -> datetime:
    return datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1000, UTC)


def _entry(entry: bytes, fields: dict[bytes, bytes], *, deliveries: int) -> Entry:
    key, _, tries = fields[_FIELD].decode().rpartition(":")
    return Entry(id=entry, key=key, tries=int(tries), deliveries=deliveries)


def _flat(batch: list[Any]) -> list[Any]:
    """One stream's entries; redis-py nests them once more under RESP3."""
    if batch and isinstance(batch[0], list):
        return [entry for part in batch for entry in part]
    return list(batch)

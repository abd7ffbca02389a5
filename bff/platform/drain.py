"""Moves what was acknowledged on a Redis stream into MongoDB, in bulk, at least once.

An entry is acknowledged by Redis (append-only file, fsync always) before the request that made it is
answered, and leaves the stream only after its batch is in MongoDB with majority and journal. A drain
that dies in between leaves its entries pending; another claims them and does the batch again, so
the handler must be idempotent.

An entry that cannot be read, which no release of ours writes, would hold up all behind it for ever. It is
laid aside on ``<stream>:dead``, whole, and counted.

A batch costs much the same whether it holds five entries or five hundred, so a drain that found less
than a full one rests a moment before it looks again. An entry that comes after a quiet time is moved at
once.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
import structlog
from prometheus_client import Counter, Gauge
from redis.exceptions import RedisError, ResponseError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = structlog.get_logger(__name__)
_GROUP: Final = "drain"
_FIELD: Final = b"e"
_drained = Counter("suishen_drained_entries", "Stream entries moved to MongoDB", ["stream"])
_unreadable = Counter("suishen_drain_unreadable", "Stream entries laid aside unread", ["stream"])
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)
_backlog = Gauge("suishen_drain_backlog", "Stream entries not yet moved to MongoDB", ["stream"])

Entries = Sequence[bytes]


class Drain:
    """Moves one stream: entries hold one field ``e``, whose bytes the handler gets, oldest first."""

    def __init__(
        self,
        redis: "Redis",
        stream: str,
        handle: Callable[[Entries], Awaitable[None]],
        *,
        consumer: str,
        largest: int = 500,
        rest: float = 0.2,
        orphaned_after_ms: int = 5_000,
    ) -> None:
        self._redis = redis
        self._stream = stream
        self._handle = handle
        self._consumer = consumer
        self._largest = largest
        self._rest = rest
        self._orphaned_after_ms = orphaned_after_ms
        self._orphans_due = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Move entries until ``stopping`` is set; a failing store is tried again, with pauses."""
        pause = 0.0
        while not stopping.is_set():
            try:
                await asyncio.sleep(pause)
                await self._open()
                while not stopping.is_set():
                    moved = await self.once(block_ms=500)
                    pause = 0.0
                    if 0 < moved < self._largest:
                        await _wait(stopping, self._rest)
            except asyncio.CancelledError:
                raise
            except Exception as failure:  # noqa: BLE001  any store may fail in any way; the entries wait
                pause = min(2.0, pause * 2 or 0.1)
                _log.warning("drain.failed", stream=self._stream, error=type(failure).__name__)

    async def once(self, *, block_ms: int | None = None) -> int:
        """Move one batch, entries of dead drains first; how many were moved."""
        entries = await self._orphans() or await self._news(block_ms)
        if not entries:
            return 0
        await self._move([fields[_FIELD] for _, fields in entries if fields])
        ids = [entry_id for entry_id, _ in entries]
        # XACK before XDEL: dying between the two leaves a read, acknowledged entry, which is only memory.
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.xack(self._stream, _GROUP, *ids)
            pipe.xdel(self._stream, *ids)
            pipe.xlen(self._stream)
            *_, left = await pipe.execute()
        _drained.labels(self._stream).inc(len(ids))
        _backlog.labels(self._stream).set(left)
        return len(ids)

    async def _move(self, entries: Entries) -> None:
        try:
            await self._handle(entries)
        except _UNREADABLE:
            if len(entries) > 1:
                for entry in entries:
                    await self._move([entry])
                return
            # Before it is acknowledged: dying in between lays it aside twice, and loses nothing.
            await self._redis.xadd(f"{self._stream}:dead", {_FIELD: entries[0]})
            _unreadable.labels(self._stream).inc()
            _log.error("drain.unreadable", stream=self._stream)

    async def _open(self) -> None:
        try:
            await self._redis.xgroup_create(self._stream, _GROUP, id="0", mkstream=True)
        except ResponseError as refusal:
            if "BUSYGROUP" not in str(refusal):
                raise

    async def _orphans(self) -> list[tuple[bytes, dict[bytes, bytes]]]:
        now = asyncio.get_running_loop().time()
        if now < self._orphans_due:
            return []
        # Also claims what this very consumer left behind when a batch failed half-way.
        _, entries, *_ = await self._redis.xautoclaim(
            self._stream, _GROUP, self._consumer, self._orphaned_after_ms, "0-0", count=self._largest
        )
        if not entries:
            self._orphans_due = now + self._orphaned_after_ms / 1000
        return cast("list[tuple[bytes, dict[bytes, bytes]]]", entries)

    async def _news(self, block_ms: int | None) -> list[tuple[bytes, dict[bytes, bytes]]]:
        answer: Any = await self._redis.xreadgroup(
            _GROUP, self._consumer, {self._stream: ">"}, count=self._largest, block=block_ms
        )
        if not answer:
            return []
        # RESP3 answers with a map, RESP2 with pairs.
        batches = answer.values() if isinstance(answer, dict) else (entries for _, entries in answer)
        return [entry for batch in batches for entry in _flat(batch)]


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    """Return after ``seconds``, or as soon as ``stopping`` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


def _flat(batch: list[Any]) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """One stream's entries; redis-py nests them once more under RESP3."""
    if batch and isinstance(batch[0], list):
        return [entry for part in batch for entry in part]
    return list(batch)


__all__ = ["Drain", "Entries", "RedisError"]

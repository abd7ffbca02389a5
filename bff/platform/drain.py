"""Moves what was acknowledged on a Redis stream into MongoDB, in bulk, at least once.

An entry is acknowledged by Redis (append-only file, fsync always) before the request that made it is
answered, and leaves the stream only after its batch is in MongoDB with majority and journal. A drain
that dies in between leaves its entries pending; another claims them and does the batch again, so
the handler must be idempotent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from prometheus_client import Counter, Gauge
from redis.exceptions import RedisError, ResponseError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = structlog.get_logger(__name__)
_GROUP: Final = "drain"
_FIELD: Final = b"e"
_drained = Counter("suishen_drained_entries", "Stream entries moved to MongoDB", ["stream"])
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
        orphaned_after_ms: int = 5_000,
    ) -> None:
        self._redis = redis
        self._stream = stream
        self._handle = handle
        self._consumer = consumer
        self._largest = largest
        self._orphaned_after_ms = orphaned_after_ms

    async def run(self, stopping: asyncio.Event) -> None:
        """Move entries until ``stopping`` is set; a failing store is tried again, with pauses."""
        pause = 0.0
        while not stopping.is_set():
            try:
                await asyncio.sleep(pause)
                await self._open()
                while not stopping.is_set():
                    await self.once(block_ms=500)
                    pause = 0.0
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
        await self._handle([fields[_FIELD] for _, fields in entries if fields])
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

    async def _open(self) -> None:
        try:
            await self._redis.xgroup_create(self._stream, _GROUP, id="0", mkstream=True)
        except ResponseError as refusal:
            if "BUSYGROUP" not in str(refusal):
                raise

    async def _orphans(self) -> list[tuple[bytes, dict[bytes, bytes]]]:
        # Also claims what this very consumer left behind when a batch failed half-way.
        _, entries, *_ = await self._redis.xautoclaim(
            self._stream, _GROUP, self._consumer, self._orphaned_after_ms, "0-0", count=self._largest
        )
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


def _flat(batch: list[Any]) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """One stream's entries; redis-py nests them once more under RESP3."""
    if batch and isinstance(batch[0], list):
        return [entry for part in batch for entry in part]
    return list(batch)


__all__ = ["Drain", "Entries", "RedisError"]

"""What guards scanned. A stream of Redis until the drain has it in MongoDB; gone after the days of the city.

That a code was seen and that a scan is on the stream is one script: of a code good once, the second scan by
the same guard finds the first one, and none is counted that was not answered.
"""

from collections.abc import Awaitable, Sequence
from typing import Any, Final

import msgspec
from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError

from health_code.models import Scan
from health_code.ports import RunScript
from health_code.store.documents import DUPLICATE, Collection, document_of

STREAM: Final = "{health:scans}:events"
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Scan).decode

# KEYS: the code as seen by a guard, the stream. ARGV: request, milliseconds to know the code, entry.
# 1 the first time and for the same request again, which is counted once; 0 for another request.
_ONCE: Final = """
local seen = redis.call('GET', KEYS[1])
if seen then return seen ~= '' and seen == ARGV[1] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
return 1
"""
_NOTE: Final = "return redis.call('XADD', KEYS[1], '*', 'e', ARGV[1])"


class ScanStore:
    """Scans, by a pseudonym of the day."""

    def __init__(self, scans: Collection, run: RunScript) -> None:
        self._scans = scans
        self._run = run

    async def ensure_indexes(self) -> None:
        """MongoDB itself deletes what is past its days."""
        await self._scans.create_indexes([IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)])

    def once(self, scan: Scan, mark: str, *, request: str, keep_ms: int) -> Awaitable[int]:
        """1 if this guard had not scanned the code ``mark``, or asks the same again; else 0, not counted."""
        seen = f"{{health:scans}}:seen:{scan.guard}:{mark}"
        return self._run(_ONCE, [seen, STREAM], [request, keep_ms, _pack(scan)])

    def note(self, scan: Scan) -> Awaitable[Any]:
        """Count a scan of a code that may be scanned often."""
        return self._run(_NOTE, [STREAM], [_pack(scan)])

    async def absorb(self, entries: Sequence[bytes]) -> None:
        """Keep the scans in ``entries`` of the stream; those that are there already stay."""
        documents = [document_of(_unpack(entry)) for entry in entries]
        try:
            await self._scans.insert_many(documents, ordered=False)
        except BulkWriteError as failure:
            errors = (failure.details or {}).get("writeErrors", [])
            if not errors or any(error.get("code") != DUPLICATE for error in errors):
                raise

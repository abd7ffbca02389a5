"""What showing a code reads. Redis: every judgement writes it, and it can be made again from the register.

Keys: the snapshot by subject, and the subject by the handle codes carry. Each is a slot of its own; no script
touches two.
"""

from collections.abc import Awaitable
from typing import Final

import msgspec

from health_code.models import Snapshot
from health_code.ports import RunScript

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Snapshot).decode
_KEPT_MS: Final = 40 * 24 * 3600 * 1000
_HANDLE_MS: Final = 48 * 3600 * 1000

# KEYS: snapshot. ARGV: seen and judged_at as one number each, snapshot, milliseconds to keep it.
# A judgement that knew less never replaces one that knew more, whoever comes last.
_PUT: Final = """
local seen, judged = redis.call('HGET', KEYS[1], 's'), redis.call('HGET', KEYS[1], 'j')
if seen and (tonumber(seen) > tonumber(ARGV[1])
    or (tonumber(seen) == tonumber(ARGV[1]) and tonumber(judged) > tonumber(ARGV[2]))) then return 0 end
redis.call('HSET', KEYS[1], 's', ARGV[1], 'j', ARGV[2], 'v', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
_GET: Final = "return redis.call('HGET', KEYS[1], 'v')"
_NAME: Final = "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"
_WHOSE: Final = "return redis.call('GET', KEYS[1])"


class SnapshotStore:
    """Snapshots by subject, and subjects by handle."""

    def __init__(self, run: RunScript) -> None:
        self._run = run

    async def put(self, subject: str, snapshot: Snapshot) -> bool:
        """Keep ``snapshot`` unless a better informed one is there; whether it was kept."""
        # The handle first: a snapshot must not be seen whose codes nobody can read.
        await self._run(_NAME, [_handle(snapshot.handle)], [subject, _HANDLE_MS])
        judged = int(snapshot.judged_at.timestamp() * 1000)
        args = (snapshot.seen, judged, _pack(snapshot), _KEPT_MS)
        return bool(await self._run(_PUT, [_snapshot(subject)], args))

    def get(self, subject: str) -> Awaitable[Snapshot | None]:
        """The snapshot of ``subject``; the question leaves when this is called."""
        return self._run(_GET, [_snapshot(subject)], (), _read)

    def whose(self, handle: bytes) -> Awaitable[str | None]:
        """The subject ``handle`` names; None for none, or one of the day before yesterday."""
        return self._run(_WHOSE, [_handle(handle)], (), _text)


def _text(found: bytes | None) -> str | None:
    return None if found is None else found.decode()


def _read(packed: bytes | None) -> Snapshot | None:
    return None if packed is None else _unpack(packed)


def _snapshot(subject: str) -> str:
    return f"health:snapshot:{subject}"


def _handle(handle: bytes) -> bytes:
    return b"health:handle:" + handle.hex().encode()

"""How often somebody was disturbed today. Redis only: who lost its count is disturbed once more at most."""

from collections.abc import Collection, Sequence
from typing import Final

from push.ports import RunScript
from push.rules.caps import Bucket

_KEPT_SECONDS: Final = 2 * 24 * 3600

# A notice is counted once in each bucket however often it is tried, and in none unless all have room.
# KEYS: buckets. ARGV: the notice, for how long (0: only asked), the most of each bucket. Answers which one is
# full, or 0.
_TAKE: Final = """
for i = 1, #KEYS do
  if redis.call('SISMEMBER', KEYS[i], ARGV[1]) == 0
    and redis.call('SCARD', KEYS[i]) >= tonumber(ARGV[i + 2]) then
    return i
  end
end
if ARGV[2] == '0' then return 0 end
for i = 1, #KEYS do
  redis.call('SADD', KEYS[i], ARGV[1])
  redis.call('EXPIRE', KEYS[i], ARGV[2])
end
return 0
"""

# KEYS: buckets. ARGV: the notice.
_GIVE_BACK: Final = """
for i = 1, #KEYS do redis.call('SREM', KEYS[i], ARGV[1]) end
return 0
"""


class CapStore:
    """Counts notices by resident and day."""

    def __init__(self, run: RunScript) -> None:
        self._run = run

    async def full(self, resident: str, key: str, buckets: Sequence[Bucket]) -> Bucket | None:
        """The bucket that has no room for the notice ``key`` now, if one has none; it is counted nowhere."""
        return await self._run_on(resident, key, buckets, keep=0)

    async def take(self, resident: str, key: str, buckets: Sequence[Bucket]) -> Bucket | None:
        """Count the notice ``key``; else the bucket that has no room for it, and it is counted nowhere."""
        return await self._run_on(resident, key, buckets, keep=_KEPT_SECONDS)

    async def give_back(self, resident: str, key: str, buckets: Collection[Bucket]) -> None:
        """Let the notice ``key`` not be counted in ``buckets``; safe to repeat."""
        if buckets:
            await self._run(_GIVE_BACK, [_key(resident, bucket) for bucket in buckets], [key])

    async def _run_on(
        self, resident: str, key: str, buckets: Sequence[Bucket], *, keep: int
    ) -> Bucket | None:
        if not buckets:
            return None
        keys = [_key(resident, bucket) for bucket in buckets]
        full = int(await self._run(_TAKE, keys, [key, keep, *(each.most for each in buckets)]))
        return buckets[full - 1] if full else None


def _key(resident: str, bucket: Bucket) -> str:
    return f"push:cap:{{{resident}}}:{bucket.name}"

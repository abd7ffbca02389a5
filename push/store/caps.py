"""How often somebody was disturbed today. Redis only: who lost its count is disturbed once more at most."""

from collections.abc import Sequence
from typing import Final

from push.ports import RunScript
from push.rules.caps import Bucket

_KEPT_SECONDS: Final = 2 * 24 * 3600

# A notice is counted once in each bucket however often it is tried, and in none unless all have room.
# KEYS: buckets. ARGV: the notice, for how long, the most of each bucket. Answers which one is full, or 0.
_TAKE: Final = """
for i = 1, #KEYS do
  if redis.call('SISMEMBER', KEYS[i], ARGV[1]) == 0
    and redis.call('SCARD', KEYS[i]) >= tonumber(ARGV[i + 2]) then
    return i
  end
end
for i = 1, #KEYS do
  redis.call('SADD', KEYS[i], ARGV[1])
  redis.call('EXPIRE', KEYS[i], ARGV[2])
end
return 0
"""


class CapStore:
    """Counts notices by resident and day."""

    def __init__(self, run: RunScript) -> None:
        self._run = run

    async def take(self, resident: str, key: str, buckets: Sequence[Bucket]) -> Bucket | None:
        """Count the notice ``key``; else the bucket that has no room for it, and it is counted nowhere."""
        if not buckets:
            return None
        keys = [f"push:cap:{{{resident}}}:{bucket.name}" for bucket in buckets]
        full = int(await self._run(_TAKE, keys, [key, _KEPT_SECONDS, *(each.most for each in buckets)]))
        return buckets[full - 1] if full else None

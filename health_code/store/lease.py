"""Who does what only one process needs to do. Redis; losing it lets two do the same, which does no harm."""

from typing import Final

from health_code.ports import RunScript

# KEYS: lease. ARGV: holder, milliseconds. 1 if it is the holder's now: it was free, or theirs already.
_TAKE: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class Lease:
    """A lease called ``name``; ``holder`` loses it ``keep_ms`` after taking it last."""

    def __init__(self, run: RunScript, name: str, *, holder: str, keep_ms: int = 10_000) -> None:
        self._run = run
        self._key = f"health:lease:{name}"
        self._holder = holder
        self._keep_ms = keep_ms

    async def take(self) -> bool:
        """Take or keep it; whether it is the holder's."""
        return bool(await self._run(_TAKE, [self._key], [self._holder, self._keep_ms]))

"""How often somebody may do something: GCRA, shared by all processes through Redis.

https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm; the arithmetic runs on the server's own
clock, so web processes need not agree about the time.
"""

from collections.abc import Awaitable
from typing import Final

from msgspec import Struct

from bff.platform.redis import ScriptRunner
from miniapp_schemas.refusals import Kind, Refusal

# One round trip judges every bucket; nothing is counted unless all of them admit.
# KEYS: buckets. ARGV: for each bucket, microseconds between two calls and the burst allowed.
_ADMIT: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local arrivals = {}
for i = 1, #KEYS do
  local interval = tonumber(ARGV[i * 2 - 1])
  local tolerance = interval * tonumber(ARGV[i * 2])
  local due = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), now)
  if due + interval - now > tolerance then
    return math.ceil((due + interval - now - tolerance) / 1000)
  end
  arrivals[i] = due + interval
end
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], string.format('%d', arrivals[i]),
    'PX', math.ceil((arrivals[i] - now) / 1000) + 1)
end
return 0
"""


class Rate(Struct, frozen=True):
    """At most ``per_minute`` calls a minute in the long run, ``burst`` of them at once."""

    per_minute: int
    burst: int


class TooManyRequests(Refusal):
    """The caller is over a limit."""

    code = "TOO_MANY_REQUESTS"
    kind = Kind.TOO_MANY
    title_zh = "操作太频繁"
    title_en = "Too many requests"
    detail_zh = "请在 {retry_after} 秒后重试。"
    detail_en = "Please try again in {retry_after} s."
    action = "retry"


class Limits:
    """Admits or refuses. Redis only: a lost bucket is a full one."""

    def __init__(self, run: ScriptRunner) -> None:
        self._run = run

    def admit(self, group: str, *buckets: tuple[str, Rate]) -> Awaitable[None]:
        """Count one call in every bucket of ``group``, or raise ``TooManyRequests`` and count none.

        The question leaves when this is called, the answer is there when it is awaited: do other work
        in between. ``group`` is the Redis hash tag, so that the buckets judged together lie on one node;
        buckets and groups must hold nothing personal in the clear.
        """
        keys = [f"limit:{{{group}}}:{name}" for name, _ in buckets]
        args: list[int] = []
        for _, rate in buckets:
            args += (60_000_000 // rate.per_minute, rate.burst)
        return self._run(_ADMIT, keys, args, _admitted)


def _admitted(wait_ms: int) -> None:
    if wait_ms:
        raise TooManyRequests(retry_after=-(-wait_ms // 1000))

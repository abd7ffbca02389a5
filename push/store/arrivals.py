"""Whether what a channel took also arrives, by its receipts (送达回执): a breaker of its own. Redis only.

It opens when most of what was told in ten minutes did not arrive, or late, and that at several people's, for
a dead number or two is no sign. It lets probes through as any does, but that one was taken closes nothing:
something must arrive that did so after it opened, or ten minutes pass in which nothing is said to be lost.
What was on its way before it opened says nothing new of it.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from push.ports import RunScript
from push.store.gates import OPENED, Tolerance, breaker_key, receipts_gate

TOLERANCE: Final = Tolerance(least=5, percent=50, rest=timedelta(minutes=1))
"""Fewer than ``least`` people, or a smaller share of what was told."""
_KEPT_MS: Final = 600_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# KEYS: the breaker, at whom nothing arrived, the opened. ARGV: its name, who it was or nobody, when it was
# sent or arrived and what time it is, both by our clocks, the fewest people and the share in percent of all
# that was told that open it, its shortest and longest rest in ms. Forgotten, it is closed.
_TOLD: Final = f"""
local clock = redis.call('TIME')
local now = math.floor((clock[1] * 1000000 + clock[2]) / 1000)
local state = redis.call('HMGET', KEYS[1], 'until', 'opened', 'opens')
local rests = tonumber(state[1] or '0')
if rests > 0 then
  if now < rests or tonumber(ARGV[3]) < tonumber(state[2]) then return 0 end
  if ARGV[2] == '' then
    redis.call('DEL', KEYS[1], KEYS[2])
    redis.call('SREM', KEYS[3], ARGV[1])
    return 0
  end
else
  if ARGV[2] ~= '' then
    if redis.call('SADD', KEYS[2], ARGV[2]) == 0 then return 0 end
    redis.call('HINCRBY', KEYS[1], 'bad', 1)
  end
  local told = redis.call('HINCRBY', KEYS[1], 'calls', 1)
  if told == 1 then redis.call('PEXPIRE', KEYS[1], {_KEPT_MS}) end
  redis.call('PEXPIRE', KEYS[2], math.max(1, redis.call('PTTL', KEYS[1])))
  local bad = tonumber(redis.call('HGET', KEYS[1], 'bad') or '0')
  if ARGV[2] == '' or bad < tonumber(ARGV[5]) or bad * 100 < tonumber(ARGV[6]) * told then return 0 end
end
local opens = tonumber(state[3] or '0')
local rest = math.min(tonumber(ARGV[7]) * 2 ^ math.min(opens, 16), tonumber(ARGV[8]))
redis.call('HSET', KEYS[1], 'until', string.format('%d', now + rest), 'opened', ARGV[4], 'opens', opens + 1,
  'why', 'undelivered')
redis.call('PEXPIRE', KEYS[1], rest + {_KEPT_MS})
redis.call('DEL', KEYS[2])
redis.call('SADD', KEYS[3], ARGV[1])
return 1
"""


class Arrivals:
    """What arrived, counted by all who hear of it."""

    def __init__(self, run: RunScript, tolerance: Tolerance = TOLERANCE) -> None:
        self._run = run
        self._tolerance = tolerance

    async def arrived(self, channel: str, *, at: datetime) -> None:
        """Count what arrived in time, ``at`` the time that ``channel`` tells."""
        await self._told(channel, who="", at=at, now=at)

    async def missed(self, channel: str, *, who: str, sent_at: datetime, now: datetime) -> bool:
        """Count that what ``channel`` took did not reach ``who``, or late; whether the breaker opened."""
        return await self._told(channel, who=who, at=sent_at, now=now)

    async def _told(self, channel: str, *, who: str, at: datetime, now: datetime) -> bool:
        name, bears = receipts_gate(channel), self._tolerance
        key = breaker_key(name)
        args: list[str | bytes | int] = [
            name,
            who,
            _ms(at - _EPOCH),
            _ms(now - _EPOCH),
            bears.least,
            bears.percent,
            _ms(bears.rest),
            _ms(bears.longest),
        ]
        return bool(await self._run(_TOLD, [key, f"{key}:missed", OPENED], args))


def _ms(span: timedelta) -> int:
    return int(span / timedelta(milliseconds=1))

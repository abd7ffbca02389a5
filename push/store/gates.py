"""Whether a provider is asked right now: its breaker (熔断), that of the template, and its pace.

Redis only, on the server's own clock, one round trip for all who ask at once: who loses it finds every gate
open and every pace unused, and is told soon enough by the providers themselves. What operators said has a key
of its own without an end.

A breaker opens when too many of the calls of a minute went wrong or took too long, and for longer each time
it opens again. When its rest is over it lets one probe through at a time; the first good one closes it.

Who tells later what arrived has another breaker for that (``arrivals``), which no answer to a call closes.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from push.models import MessageClass
from push.ports import RunScript, Together
from push.rules.receipts import TELL_LATER

_FORCED: Final = "{push}:forced"
OPENED: Final = "{push}:opened"
"""The names of those that are open, and of some that were."""
_WINDOW_MS: Final = 60_000
_KEPT_MS: Final = 2 * 24 * 3600 * 1000
_PROBE_MS: Final = 5_000
_FORCED_MS: Final = 60_000
"""How soon what waits for a forced breaker looks again."""

# KEYS: forced, the pace of all calls, that of marketing or again of all, then breakers, of which the first
# two count calls. ARGV: how many want to go, of each pace the microseconds between two calls and the burst,
# then the breakers' names. Answers why not all go (0: they do, 1: the pace, 2: operators, 3: a breaker), for
# how many ms the first of the others has to wait, how many go, and whose probe that is.
_ASK: Final = f"""
local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2]
local now = math.floor(micros / 1000)
local asked = tonumber(ARGV[1])
local going = asked
local verdict, wait = 0, 0
local probed = {{}}
for i = 4, #KEYS do
  local name = ARGV[i + 2]
  local forced = redis.call('HGET', KEYS[1], name)
  if forced and string.sub(forced, 1, 4) == 'open' then return {{2, {_FORCED_MS}, 0, ''}} end
  if not forced then
    local state = redis.call('HMGET', KEYS[i], 'until', 'probe')
    local rests = tonumber(state[1] or '0')
    local probe = tonumber(state[2] or '0')
    if now < rests then return {{3, rests - now, 0, ''}} end
    if rests > 0 then
      if now < probe then return {{3, probe - now, 0, ''}} end
      going, verdict, wait = 1, 3, {_PROBE_MS}
      probed[#probed + 1] = i
    end
  end
end
local paces = KEYS[2] == KEYS[3] and 2 or 3
local due = {{}}
for i = 2, paces do
  local interval, burst = tonumber(ARGV[2 * i - 2]), tonumber(ARGV[2 * i - 1])
  due[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), micros)
  local room = math.max(0, math.floor((interval * burst - (due[i] - micros)) / interval))
  if room < going then
    going, verdict, probed = room, 1, room > 0 and probed or {{}}
    wait = math.ceil((due[i] + interval * (room + 1) - micros - interval * burst) / 1000)
  end
end
if going == 0 then return {{verdict, wait, 0, ''}} end
for i = 2, paces do
  local used = due[i] + tonumber(ARGV[2 * i - 2]) * going
  redis.call('SET', KEYS[i], string.format('%d', used), 'PX', math.ceil((used - micros) / 1000) + 1)
end
local names = {{}}
for n, i in ipairs(probed) do
  redis.call('HSET', KEYS[i], 'probe', string.format('%d', now + {_PROBE_MS}))
  names[n] = ARGV[i + 2]
end
for i = 4, 5 do
  if now - tonumber(redis.call('HGET', KEYS[i], 'since') or '0') >= {_WINDOW_MS} then
    redis.call('HSET', KEYS[i], 'since', string.format('%d', now), 'calls', 0, 'bad', 0)
    redis.call('PEXPIRE', KEYS[i], {_KEPT_MS})
  end
  redis.call('HINCRBY', KEYS[i], 'calls', going)
end
if going == asked then verdict = 0 end
return {{verdict, wait, going, table.concat(names, '\\n')}}
"""

# KEYS: a breaker, the opened. ARGV: its name, 1 if it went wrong, why, the fewest bad calls and their share
# of all in percent that open it, its shortest and longest rest in ms.
_HEARD: Final = f"""
local clock = redis.call('TIME')
local now = math.floor((clock[1] * 1000000 + clock[2]) / 1000)
local state = redis.call('HMGET', KEYS[1], 'until', 'calls', 'bad', 'opens')
local rests = tonumber(state[1] or '0')
if ARGV[2] == '0' then
  if rests > 0 and now >= rests then
    redis.call('HDEL', KEYS[1], 'until', 'probe', 'opens', 'why')
    redis.call('HSET', KEYS[1], 'since', string.format('%d', now), 'calls', 0, 'bad', 0)
    redis.call('SREM', KEYS[2], ARGV[1])
  end
  return 0
end
if now < rests then return 0 end
local bad = redis.call('HINCRBY', KEYS[1], 'bad', 1)
redis.call('PEXPIRE', KEYS[1], {_KEPT_MS})
local calls = math.max(tonumber(state[2] or '0'), bad)
if rests == 0 and (bad < tonumber(ARGV[4]) or bad * 100 < tonumber(ARGV[5]) * calls) then return 0 end
local opens = tonumber(state[4] or '0')
local rest = math.min(tonumber(ARGV[6]) * 2 ^ math.min(opens, 16), tonumber(ARGV[7]))
redis.call('HSET', KEYS[1], 'until', string.format('%d', now + rest), 'opens', opens + 1, 'why', ARGV[3],
  'bad', 0, 'calls', 0, 'since', string.format('%d', now))
redis.call('SADD', KEYS[2], ARGV[1])
return 1
"""

# KEYS: a breaker, the opened. ARGV: its name, for how many ms, why. A longer rest stays.
_PAUSE: Final = f"""
local clock = redis.call('TIME')
local rests = math.floor((clock[1] * 1000000 + clock[2]) / 1000) + tonumber(ARGV[2])
if rests > tonumber(redis.call('HGET', KEYS[1], 'until') or '0') then
  redis.call('HSET', KEYS[1], 'until', string.format('%d', rests), 'why', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.max({_KEPT_MS}, tonumber(ARGV[2]) * 2))
  redis.call('SADD', KEYS[2], ARGV[1])
end
return 0
"""

# KEYS: forced, then breakers. ARGV: their names.
_STATES: Final = """
local clock = redis.call('TIME')
local answer = {math.floor((clock[1] * 1000000 + clock[2]) / 1000)}
for i = 2, #KEYS do
  local state = redis.call('HMGET', KEYS[i], 'until', 'calls', 'bad', 'why')
  answer[i] = {redis.call('HGET', KEYS[1], ARGV[i - 1]) or '', state[1] or '0', state[2] or '0',
    state[3] or '0', state[4] or ''}
end
return answer
"""


_PACED: Final = 1
_REASONS: Final = ("", "paced", "stopped", "breaker")
_Asked = tuple[str, str, MessageClass]


class Tolerance(Struct, frozen=True, kw_only=True):
    """What a breaker bears a minute: fewer than ``least`` bad calls, or a smaller share than ``percent``."""

    least: int
    percent: int
    rest: timedelta
    longest: timedelta = timedelta(minutes=15)


PROVIDER: Final = Tolerance(least=10, percent=30, rest=timedelta(seconds=10))
TEMPLATE: Final = Tolerance(least=3, percent=1, rest=timedelta(minutes=15), longest=timedelta(hours=6))
AT_ONCE: Final = Tolerance(least=1, percent=0, rest=timedelta(minutes=1))


class Gate(Struct, frozen=True, kw_only=True):
    """The answer: go where ``reason`` is empty, else not before ``wait`` is over.

    ``brief`` says that it is only the pace, worth waiting for. Those ``probed`` want to hear how it went.
    """

    reason: str = ""
    wait: timedelta = timedelta()
    brief: bool = False
    probed: tuple[str, ...] = ()


class BreakerState(StrEnum):
    """Closed lets everything through, open nothing, half-open a probe now and then."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker(Struct, frozen=True, kw_only=True):
    """How a provider or one template there is doing, for operators; ``forced`` is what one of them said."""

    name: str
    state: BreakerState
    calls: int
    bad: int
    why: str
    wait: timedelta
    forced: str


class Pace(Struct, frozen=True, kw_only=True):
    """How fast a provider is asked in all; at most half of that is marketing, so no campaign takes it all."""

    per_second: int

    def interval(self, message_class: MessageClass) -> int:
        """Microseconds between two calls."""
        share = 1 if message_class is MessageClass.SERVICE else 2
        return max(1, 1_000_000 * share // self.per_second)

    def burst(self, message_class: MessageClass) -> int:
        """How many may come at once: what is sent in a fifth of a second."""
        share = 1 if message_class is MessageClass.SERVICE else 2
        return max(1, self.per_second // (5 * share))


class Gates:
    """The gates of all providers, shared by all workers."""

    def __init__(self, run: RunScript, paces: Mapping[str, Pace], usual: Pace, *, together: Together) -> None:
        self._run = run
        self._paces = paces
        self._usual = usual
        self._ask = together(self._ask_all)

    async def ask(self, channel: str, template: str, message_class: MessageClass) -> Gate:
        """Whether one message of ``template`` may go to ``channel`` now; asked is counted as called."""
        gate: Gate = await self._ask((channel, template, message_class))
        return gate

    async def _ask_all(self, asking: Sequence[_Asked]) -> Sequence[Gate | BaseException]:
        """One question for all that want the same; who has to wait is told an instant of their own."""
        several = Counter(asking)
        answers = await asyncio.gather(
            *(self._ask_for(asked, count) for asked, count in several.items()), return_exceptions=True
        )
        gates = {
            asked: answer if isinstance(answer, BaseException) else iter(answer)
            for asked, answer in zip(several, answers, strict=True)
        }
        return [
            gate if isinstance(gate, BaseException) else next(gate)
            for gate in (gates[asked] for asked in asking)
        ]

    async def _ask_for(self, asked: _Asked, count: int) -> Sequence[Gate]:
        channel, template, message_class = asked
        pace = self._paces.get(channel, self._usual)
        interval = pace.interval(message_class)
        names = [channel, template_gate(channel, template)]
        if channel in TELL_LATER:
            names.append(receipts_gate(channel))
        # In all a provider is asked as often as it bears; marketing has a pace of its own within that.
        kept = [MessageClass.SERVICE, message_class]
        keys = [_FORCED, *(_pace_key(channel, each) for each in kept), *map(breaker_key, names)]
        args: list[str | bytes | int] = [count]
        for each in kept:
            args += [pace.interval(each), pace.burst(each)]
        args += names
        verdict, wait, going, probed = await self._run(_ASK, keys, args)
        go = Gate(probed=tuple(probed.decode().split("\n")) if probed else ())
        stay = Gate(
            reason=_REASONS[verdict],
            wait=timedelta(milliseconds=wait),
            brief=verdict == _PACED,
        )
        # Each at an instant of their own: who comes back in a crowd is sent away in a crowd.
        apart = timedelta(microseconds=interval) if stay.brief else timedelta()
        waiting = (replace(stay, wait=stay.wait + apart * number) for number in range(count - going))
        return [*(go for _ in range(going)), *waiting]

    async def heard(self, name: str, *, bad: bool, tolerance: Tolerance, why: str = "failing") -> bool:
        """Tell the gate ``name`` how a call went; whether it opened over it, and ``why`` for operators."""
        args: list[str | bytes | int] = [
            name,
            int(bad),
            why,
            tolerance.least,
            tolerance.percent,
            _ms(tolerance.rest),
            _ms(tolerance.longest),
        ]
        return bool(await self._run(_HEARD, [breaker_key(name), OPENED], args))

    async def pause(self, name: str, rest: timedelta, *, why: str) -> None:
        """Ask nobody behind ``name`` for so long."""
        await self._run(_PAUSE, [breaker_key(name), OPENED], [name, _ms(rest), why])

    async def force(self, name: str, state: BreakerState | None, *, why: str) -> None:
        """Hold ``name`` open or closed until told otherwise, by the word of an operator; None lets it go."""
        if state is None:
            await self._run("return redis.call('HDEL', KEYS[1], ARGV[1])", [_FORCED], [name])
            return
        word = "closed" if state is BreakerState.CLOSED else "open"
        await self._run(
            "return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])", [_FORCED], [name, f"{word} {why}"]
        )

    async def states(self, channels: Sequence[str]) -> list[Breaker]:
        """How ``channels`` are doing, and whatever else was opened or forced."""
        opened, forced = (
            await self._run("return redis.call('SMEMBERS', KEYS[1])", [OPENED], read=_names),
            await self._run("return redis.call('HKEYS', KEYS[1])", [_FORCED], read=_names),
        )
        names = [*channels, *sorted({*opened, *forced} - set(channels))]
        keys = [_FORCED, *map(breaker_key, names)]
        now, *found = await self._run(_STATES, keys, names)
        return [_breaker(name, state, now) for name, state in zip(names, found, strict=True)]


def template_gate(channel: str, template: str) -> str:
    """What the gate of one template at one provider is called."""
    return f"{channel}/{template}"


def receipts_gate(channel: str) -> str:
    """What the gate is called that hears what became of messages to ``channel``."""
    return f"{channel}/receipts"


def _pace_key(channel: str, message_class: MessageClass) -> str:
    """Where it is kept when ``channel`` may be asked again: in all, or for marketing. Both in one slot."""
    return f"{{push}}:pace:{channel}:{message_class.value}"


def breaker_key(name: str) -> str:
    """Where the breaker ``name`` is kept; all in one slot."""
    return f"{{push}}:breaker:{name}"


def _ms(span: timedelta) -> int:
    return int(span / timedelta(milliseconds=1))


def _names(answer: Any) -> set[str]:  # noqa: ANN401 - what Redis says
    return {each.decode() for each in answer}


def _breaker(name: str, state: Sequence[bytes], now: int) -> Breaker:
    forced, until, calls, bad, why = (each.decode() for each in state)
    word, _, said = forced.partition(" ")
    rests = int(until)
    if word:
        judged = BreakerState(word)
    elif rests == 0:
        judged = BreakerState.CLOSED
    else:
        judged = BreakerState.OPEN if now < rests else BreakerState.HALF_OPEN
    return Breaker(
        name=name,
        state=judged,
        calls=int(calls),
        bad=int(bad),
        why=said or why,
        wait=timedelta(milliseconds=max(0, rests - now)),
        forced=word,
    )

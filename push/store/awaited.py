"""Of what channels took and promise to tell of (送达回执), how much was never heard of. Redis only, a figure.

Two counts an hour and channel, of the hour in which messages were taken: how many were, and of how many the
provider told anything since. Who looks reads two dozen of each, however many messages there were.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from redis.asyncio import Redis

from push.rules.receipts import HEARD_WITHIN, LOOKED_AT

_HOUR: Final = timedelta(hours=1)
_KEPT: Final = HEARD_WITHIN + LOOKED_AT + 2 * _HOUR


class Silence(Struct, frozen=True, kw_only=True):
    """What a channel took in a day that is long enough over, and of how much of it nothing was heard."""

    taken: int = 0
    unheard: int = 0


class AwaitedCounts:
    """The counts, by all processes."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def taken(self, counts: Mapping[str, int], *, at: datetime) -> None:
        """So many were taken by each channel."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for channel, count in counts.items():
                name = _name(channel, at)
                pipe.hincrby(name, "taken", count)
                pipe.pexpire(name, _KEPT)
            await pipe.execute()

    async def heard(self, channel: str, *, taken_at: datetime) -> None:
        """Something was told of a message that was taken then."""
        name = _name(channel, taken_at)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hincrby(name, "heard", 1)
            pipe.pexpire(name, _KEPT)
            await pipe.execute()

    async def silence(self, channels: Sequence[str], *, now: datetime) -> dict[str, Silence]:
        """Of each of ``channels`` the last day of which everything should have been heard."""
        until = now - HEARD_WITHIN
        hours = [until - each * _HOUR for each in range(1, LOOKED_AT // _HOUR + 1)]
        async with self._redis.pipeline(transaction=False) as pipe:
            for channel in channels:
                for hour in hours:
                    pipe.hmget(_name(channel, hour), ["taken", "heard"])
            found = await pipe.execute()
        told: dict[str, Silence] = {}
        for number, channel in enumerate(channels):
            counts = found[number * len(hours) : (number + 1) * len(hours)]
            taken = sum(int(each[0] or 0) for each in counts)
            heard = sum(int(each[1] or 0) for each in counts)
            told[channel] = Silence(taken=taken, unheard=max(0, taken - heard))
        return told


def _name(channel: str, at: datetime) -> str:
    return f"push:awaited:{channel}:{int(at.timestamp()) // 3600}"

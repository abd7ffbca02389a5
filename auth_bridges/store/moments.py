"""What is worthless after minutes. Redis only."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from redis.asyncio import Redis

from auth_bridges.ports import RunScript

# A code and its answer are the two things of a sign-in that a replica must have before it is told.
_CLAIM: Final = "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'GET', 'PX', ARGV[2])"
_KEEP: Final = "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"
_ENDED_KEPT: Final = timedelta(minutes=15)


class OneTime:
    """What may be presented once: provider codes, assertions. Redis only."""

    def __init__(self, redis: Redis, run: RunScript) -> None:
        self._redis = redis
        self._run = run

    async def claim(self, name: str, *, owner: str, keep: timedelta) -> bool:
        """Take ``name`` for ``keep``; False if somebody else has it.

        One SET NX GET. The client repeats a command whose reply was lost; finding ``owner`` there the
        second time means the first time worked.
        """
        found = await self._run(_CLAIM, [_once(name)], [owner, _ms(keep)])
        return found is None or found == owner.encode()

    async def owner(self, name: str) -> str | None:
        """Who has taken ``name``, if anybody has."""
        found = await self._redis.get(_once(name))
        return found.decode() if isinstance(found, bytes) else found

    async def release(self, name: str) -> None:
        """Give ``name`` back: it was not used after all."""
        await self._redis.delete(_once(name))


class KnownDevices:
    """Devices that signed a clerk in, by pseudonyms of both together. Redis only: a lost one is forgotten."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def note(self, name: str, *, keep: timedelta) -> None:
        """Know the device called ``name`` for ``keep`` from now."""
        await self._redis.set(_known(name), b"1", px=_ms(keep))

    async def is_known(self, name: str) -> bool:
        """Whether it is."""
        return bool(await self._redis.exists(_known(name)))


class SignInReplies:
    """Answers to one-time codes, sealed, for whoever's reply was lost. Redis only, a minute."""

    def __init__(self, redis: Redis, run: RunScript) -> None:
        self._redis = redis
        self._run = run

    async def keep(self, name: str, sealed: bytes, *, keep: timedelta) -> None:
        """Keep the answer to the code called ``name``."""
        await self._run(_KEEP, [_reply(name)], [sealed, _ms(keep)])

    async def get(self, name: str) -> bytes | None:
        """The kept answer, or None."""
        found = await self._redis.get(_reply(name))
        return found.encode() if isinstance(found, str) else found


class EndedSessions:
    """The stream that tells every web process which sessions ended. Redis only.

    A stream and not pub/sub: a reader that was cut off goes on where it was and misses nothing.
    """

    KEY: Final = "auth:ended"

    def __init__(self, redis: Redis, *, wait: timedelta = timedelta(seconds=1)) -> None:
        self._redis = redis
        self._wait = wait

    async def announce(self, sessions: Iterable[str], *, now: datetime) -> None:
        """Tell that ``sessions`` ended. Told twice is harmless; older notes than any token are dropped."""
        oldest = int((now - _ENDED_KEPT).timestamp() * 1000)
        for session in sessions:
            await self._redis.xadd(self.KEY, {"s": session}, minid=str(oldest), approximate=True)

    async def since(self, position: str, *, wait: bool = True) -> tuple[str, Sequence[str]]:
        """Sessions that ended after ``position``, and the position after them; waits a second for the first.

        Without ``wait`` it answers at once.
        """
        block = int(self._wait.total_seconds() * 1000) if wait else None
        reply = await self._redis.xread({self.KEY: position}, count=1000, block=block)
        entries = _entries(reply)
        if not entries:
            return position, ()
        return entries[-1][0].decode(), [fields[b"s"].decode() for _, fields in entries]


def _ms(time: timedelta) -> int:
    return int(time.total_seconds() * 1000)


def _reply(name: str) -> str:
    return f"auth:reply:{name}"


def _known(name: str) -> str:
    return f"auth:known:{name}"


def _once(name: str) -> str:
    return f"auth:once:{name}"


def _entries(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:  # noqa: ANN401 - RESP2 and RESP3 differ
    if not reply:
        return []
    if isinstance(reply, dict):
        batches = next(iter(reply.values()))
        return [entry for batch in batches for entry in batch]
    return list(reply[0][1])

"""The access token a provider gave us, shared by all processes. Redis only: another one can be had.

Three keys of one hash slot: the token, the lease of whoever fetches the next one, and how many were
fetched this minute. Every step is one script, idempotent for its owner, because the client repeats a
command whose reply was lost.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth_bridges.ports import PersonalData

T = TypeVar("T")
_REMEMBERED: Final = timedelta(days=30)
_BUDGET_PERIOD: Final = timedelta(minutes=1)

# Take the lease: {"taken", fence, refused digest}, or why not. A fence is never given twice, so that a
# fetch that took longer than its lease cannot overwrite what was fetched after it.
_TAKE: Final = """
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return {'busy', 0, ''} end
if not holder then
  if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) > tonumber(ARGV[3]) then return {'newer', 0, ''} end
  local spent = redis.call('INCR', KEYS[3])
  if spent == 1 then redis.call('PEXPIRE', KEYS[3], ARGV[5]) end
  if spent > tonumber(ARGV[4]) then return {'spent', redis.call('PTTL', KEYS[3]), ''} end
  redis.call('HINCRBY', KEYS[1], 'issued', 1)
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
end
local refused = redis.call('HGET', KEYS[1], 'refused')
return {'taken', tonumber(redis.call('HGET', KEYS[1], 'issued')), refused or ''}
"""
# Keep a token unless a newer one is kept already, and end the lease.
_KEEP: Final = """
local kept = tonumber(redis.call('HGET', KEYS[1], 'fence') or 0)
local mine = tonumber(ARGV[2])
if mine > kept then
  redis.call('HSET', KEYS[1], 'fence', ARGV[2], 'digest', ARGV[3], 'token', ARGV[4])
  redis.call('HDEL', KEYS[1], 'refused')
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return mine >= kept and 1 or 0
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[2]) == ARGV[1] then return redis.call('DEL', KEYS[2]) end
return 0
"""
# Forget the token if it is still the one that was refused: somebody may have fetched another since.
_EXPIRE: Final = """
if redis.call('HGET', KEYS[1], 'digest') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'digest', 'token')
redis.call('HSET', KEYS[1], 'refused', ARGV[1])
return 1
"""


class TokensAway(Exception):
    """Redis does not answer."""


class KeptToken(Struct, frozen=True, kw_only=True):
    """A token, until when it lives, and from when another should be asked for."""

    text: str
    ends_at: datetime
    renew_at: datetime
    fence: int = 0

    def __repr__(self) -> str:
        return f"KeptToken(ends_at={self.ends_at}, fence={self.fence}, …)"


class Taken(Struct, frozen=True, kw_only=True):
    """The lease is ours. ``refused`` is the digest of the token the provider last refused."""

    fence: int
    refused: str


class Spent(Struct, frozen=True, kw_only=True):
    """Enough tokens were fetched for now."""

    wait: timedelta


def digest_of(token: str) -> str:
    """A token's name where the token itself may not stand."""
    return sha256(token.encode()).hexdigest()


class ProviderTokenStore:
    """One access token: kept sealed, under a name made of environment, provider and appid. Redis only."""

    def __init__(
        self, redis: Redis, personal: PersonalData, *, name: str, period: timedelta = _BUDGET_PERIOD
    ) -> None:
        """``period`` is what the number of tokens that may be fetched is counted over."""
        base = f"auth:token:{{{name}}}"
        self._keys = (base, f"{base}:lease", f"{base}:fetched")
        self._context = f"provider-token:{name}".encode()
        self._redis = redis
        self._personal = personal
        self._period = period
        self._take = redis.register_script(_TAKE)
        self._keep = redis.register_script(_KEEP)
        self._release = redis.register_script(_RELEASE)
        self._expire = redis.register_script(_EXPIRE)

    async def read(self) -> tuple[KeptToken | None, int]:
        """The token, if there is one, and the fence of the last one kept."""
        sealed, fence = await _reached(lambda: self._redis.hmget(self._keys[0], ["token", "fence"]))
        if not isinstance(sealed, bytes):
            return None, int(fence or 0)
        try:
            opened = self._personal.open(sealed, self._context)
            return msgspec.json.decode(opened, type=KeptToken), int(fence or 0)
        except Exception:  # noqa: BLE001 - sealed with a key that was dropped, or written by another release
            return None, int(fence or 0)

    async def take(self, owner: str, *, seen: int, lease: timedelta, most: int) -> Taken | Spent | None:
        """Become the one who fetches; None if somebody else does, or has since fence ``seen``."""
        told, number, refused = await self._run(
            self._take,
            [owner, _ms(lease), seen, most, _ms(self._period), _ms(_REMEMBERED)],
        )
        if told == b"taken":
            return Taken(fence=number, refused=refused.decode())
        return Spent(wait=timedelta(milliseconds=max(1, number))) if told == b"spent" else None

    async def keep(self, owner: str, token: KeptToken) -> bool:
        """Keep ``token`` and end the lease; False if a newer one is there, which then stays."""
        sealed = self._personal.seal(msgspec.json.encode(token), self._context)
        args = [owner, token.fence, digest_of(token.text), sealed, _ms(_REMEMBERED)]
        return bool(await self._run(self._keep, args))

    async def release(self, owner: str) -> None:
        """End the lease without a token."""
        await self._run(self._release, [owner])

    async def expire(self, token: str) -> None:
        """Forget ``token``, which the provider refused; another one that was fetched since stays."""
        await self._run(self._expire, [digest_of(token)])

    async def _run(self, script: Callable[..., Awaitable[Any]], args: Sequence[object]) -> Any:  # noqa: ANN401  # whatever a script returns
        return await _reached(lambda: script(keys=self._keys, args=args))


async def _reached(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except RedisError as error:
        raise TokensAway(type(error).__name__) from None


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)

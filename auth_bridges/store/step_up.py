"""One-time codes sent to phones, and answered challenges: worthless after minutes. Redis only."""

from datetime import timedelta
from typing import Final

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

# One round trip counts the try and compares; the fifth wrong one, and the right one, end the request.
# KEYS: the request. ARGV: the hash of the code presented, whose it must be, the tries there are.
_TRY: Final = """
local kept = redis.call('HMGET', KEYS[1], 'hash', 'owner', 'sealed')
if not kept[1] or kept[2] ~= ARGV[2] then return false end
if kept[1] == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return kept[3]
end
if redis.call('HINCRBY', KEYS[1], 'tries', 1) >= tonumber(ARGV[3]) then redis.call('DEL', KEYS[1]) end
return false
"""


class PhoneCodes:
    """Codes by the request they were sent for. Redis only: lost, a new one is asked for."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._try: AsyncScript = redis.register_script(_TRY)

    async def keep(
        self, request: str, *, code_hash: str, owner: str, sealed: bytes, lives: timedelta
    ) -> None:
        """Keep a code's hash and what it is to prove, for ``owner`` alone; MULTI, so never without an end."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(_code(request), mapping={"hash": code_hash, "owner": owner, "sealed": sealed})
            pipe.pexpire(_code(request), lives)
            await pipe.execute()

    async def take(self, request: str, *, code_hash: str, owner: str, tries: int) -> bytes | None:
        """What the code proved, once; None for a wrong code, and after ``tries`` of them for any."""
        found: bytes | None = await self._try(keys=[_code(request)], args=[code_hash, owner, tries])
        return found or None


class Answered(Struct, frozen=True, kw_only=True):
    """When and how a challenge was answered."""

    at: float
    method: str


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Answered).decode


class AnsweredChallenges:
    """Challenges that were answered and not used yet. Redis only: lost, it is asked again."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def note(self, challenge: str, answered: Answered, *, lives: timedelta) -> None:
        """Remember an answer; NX, so that the first one stays."""
        await self._redis.set(_answer(challenge), _encode(answered), nx=True, px=lives)

    async def take(self, challenge: str) -> Answered | None:
        """The answer, once. GETDEL: the second request finds nothing."""
        raw = await self._redis.getdel(_answer(challenge))
        return None if raw is None else _decode(raw)


def _code(request: str) -> str:
    return f"auth:phone-code:{request}"


def _answer(challenge: str) -> str:
    return f"auth:step-up:{challenge}"

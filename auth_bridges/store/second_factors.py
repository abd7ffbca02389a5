"""Clerks' second factors, and the tries at them.

MongoDB, majority and journal, holds the secrets and the last time step that counted: a code that opened
something opens nothing again, whatever machine is lost. Redis counts misses, and a lost count is begun anew.
"""

from collections.abc import Collection as Sized
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo.errors import DuplicateKeyError
from redis.asyncio import Redis

from auth_bridges.models import SecondFactor
from auth_bridges.ports import RunScript
from auth_bridges.rules.second_factor import LONGEST_LOCK, Misses
from auth_bridges.store.documents import Collection, document_of, struct_of

# A count and its time in one key, so that none is seen without the other.
_MISS: Final = """
local count = redis.call('HINCRBY', KEYS[1], 'count', 1)
redis.call('HSET', KEYS[1], 'at', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return count
"""
_KEPT: Final = 2 * LONGEST_LOCK


class SecondFactors:
    """One a clerk: leave to set one up, one that waits for its first code, or one that counts."""

    def __init__(self, factors: Collection, redis: Redis, run: RunScript) -> None:
        self._factors = factors
        self._redis = redis
        self._run = run

    async def get(self, clerk: str) -> SecondFactor | None:
        """What there is for ``clerk``."""
        return struct_of(await self._factors.find_one({"_id": clerk}), SecondFactor)

    async def put(self, factor: SecondFactor) -> None:
        """Store, whatever was there, and forget the misses."""
        await self._factors.replace_one({"_id": factor.clerk}, document_of(factor), upsert=True)
        await self.forgive(factor.clerk)

    async def allow(self, clerk: str, *, until: datetime) -> bool:
        """Let ``clerk`` set one up until then; False, and nothing is changed, for who has one that counts."""
        try:
            await self._factors.update_one(
                {"_id": clerk, "confirmed_at": None}, {"$set": {"allowed_until": until}}, upsert=True
            )
        except DuplicateKeyError:
            return False
        return True

    async def begin(self, clerk: str, sealed: bytes, *, now: datetime) -> bool:
        """Let ``sealed`` wait for its first code, in place of what waited; False without leave to."""
        begun = await self._factors.update_one(
            {"_id": clerk, "confirmed_at": None, "allowed_until": {"$gt": now}},
            {"$set": {"sealed": sealed, "last_step": -1}},
        )
        return begun.matched_count == 1

    async def use(self, factor: SecondFactor, step: int, *, now: datetime) -> bool:
        """Let ``step`` count, once; False if it, or a later one, has counted, or the secret is another now.

        One update that finds only what it may change: of two processes with one code, one is right.
        """
        used = await self._factors.update_one(
            {"_id": factor.clerk, "sealed": factor.sealed, "last_step": {"$lt": step}},
            [
                {
                    "$set": {
                        "last_step": step,
                        "confirmed_at": {"$ifNull": ["$confirmed_at", now]},
                        "allowed_until": None,
                    }
                }
            ],
        )
        return used.modified_count == 1

    async def having(self, clerks: Sized[str]) -> set[str]:
        """Those of ``clerks`` who have one that counts."""
        found = self._factors.find({"_id": {"$in": list(clerks)}, "confirmed_at": {"$ne": None}}, {"_id": 1})
        return {each["_id"] async for each in found}

    async def misses(self, clerk: str) -> Misses:
        """Wrong codes in a row."""
        found: Mapping[Any, Any] = await self._redis.hgetall(_misses(clerk))
        told = {_text(name): float(value) for name, value in found.items()}
        at = datetime.fromtimestamp(told.get("at", 0), UTC)
        return Misses(count=int(told.get("count", 0)), at=at)

    async def missed(self, clerk: str, *, now: datetime, keep: timedelta = _KEPT) -> Misses:
        """Count one more."""
        count = await self._run(
            _MISS, [_misses(clerk)], [str(now.timestamp()), int(keep.total_seconds() * 1000)]
        )
        return Misses(count=int(count), at=now)

    async def forgive(self, clerk: str) -> None:
        """Count anew."""
        await self._redis.delete(_misses(clerk))


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode()


def _misses(clerk: str) -> str:
    return f"auth:second-factor:{clerk}"

"""WeChat's session keys, sealed, for minutes. Redis only, never MongoDB, never a log."""

import logging
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth_bridges.ports import Clock, PersonalData, RunScript

_log: Final = logging.getLogger(__name__)
_LIVES: Final = timedelta(minutes=5)
_KEPT: Final = 2

# The newest in front, two at most; the same bytes sent again (a lost reply) change nothing.
_KEEP: Final = """
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then
  redis.call('LPUSH', KEYS[1], ARGV[1])
  redis.call('LTRIM', KEYS[1], 0, ARGV[3] - 1)
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""


class _Version(Struct, frozen=True, kw_only=True):
    key: str
    at: datetime


_decode: Final = msgspec.json.Decoder(_Version).decode


class SessionKeys:
    """The last two session keys of each person in one app, for five minutes.

    Two, because ``wx.login`` may replace the key while the mini-program still holds data sealed with the
    one before. Redis only: without it people still sign in, they only have to do so again before something
    sealed with the key is opened.
    """

    def __init__(
        self, redis: Redis, run: RunScript, personal: PersonalData, *, appid: str, clock: Clock
    ) -> None:
        self._redis = redis
        self._run = run
        self._personal = personal
        self._appid = appid
        self._clock = clock

    async def keep(self, openid: str, session_key: str) -> None:
        """Put ``session_key`` in front of the one before; never fails a sign-in."""
        version = msgspec.json.encode(_Version(key=session_key, at=self._clock()))
        sealed = self._personal.seal(version, self._context(openid))
        try:
            await self._run(_KEEP, [self._name(openid)], [sealed, int(_LIVES.total_seconds() * 1000), _KEPT])
        except RedisError as error:
            _log.warning("a session key was not kept: %s", type(error).__name__)

    async def of(self, openid: str) -> tuple[str, ...]:
        """The keys, newest first; none if the person did not sign in lately."""
        now = self._clock()
        sealed = await self._redis.lrange(self._name(openid), 0, _KEPT - 1)
        context = self._context(openid)
        opened = [self._personal.open(each, context) for each in sealed if isinstance(each, bytes)]
        return tuple(version.key for each in opened if now - (version := _decode(each)).at < _LIVES)

    async def forget(self, openid: str) -> None:
        """Drop them: WeChat says that they are over."""
        await self._redis.delete(self._name(openid))

    def _name(self, openid: str) -> str:
        return f"auth:wechat-session:{self._personal.pseudonym('openid', f'{self._appid}/{openid}')}"

    def _context(self, openid: str) -> bytes:
        return f"wechat-session:{self._appid}:{openid}".encode()

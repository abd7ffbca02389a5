"""Tells open pages that something of theirs has changed: Redis says what, each process wakes its own.

A message is only a reason to look: what is looked at is in the stores. So nothing is lost with a message, and
when the subscription breaks every listener is woken once, for it may have missed one.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from miniapp_schemas.refusals import Kind, Refusal

_log: Final = logging.getLogger(__name__)
_AGAIN_SECONDS: Final = 0.5


class TooManyListeners(Refusal):
    """This process holds as many open pages as it can."""

    ours = True
    code = "TOO_MANY_LISTENERS"
    kind = Kind.UNAVAILABLE
    title_zh = "实时更新暂不可用"
    title_en = "No live updates right now"
    detail_zh = "连接数已满，页面将定时刷新。"
    detail_en = "All connections are taken; refresh now and then instead."


class Changes:
    """One subscription a process, and who waits for what."""

    def __init__(self, redis: Redis, channel: str, *, most: int = 20_000) -> None:
        self._redis = redis
        self._channel = channel
        self._most = most
        self._count = 0
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def admit(self) -> None:
        """Refuse one more listener where there is no room, while that can still be answered."""
        if self._count >= self._most:
            raise TooManyListeners

    async def announce(self, *names: str) -> None:
        """Wake whoever waits for one of ``names``, in every process; many travel as one message."""
        await self._redis.publish(self._channel, "\n".join(names))

    @contextlib.contextmanager
    def listen(self, name: str) -> Iterator[asyncio.Event]:
        """An event that is set at each change of ``name``; who waits clears it."""
        self.admit()
        event = asyncio.Event()
        self._count += 1
        self._waiting.setdefault(name, set()).add(event)
        try:
            yield event
        finally:
            self._count -= 1
            waiting = self._waiting[name]
            waiting.discard(event)
            if not waiting:
                del self._waiting[name]

    async def follow(self) -> None:
        """Hear for ever; cancel to stop."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(self._channel)
                    self._wake_all()
                    while True:
                        message = await subscription.get_message(timeout=1.0)
                        if message is not None:
                            for name in message["data"].decode().split("\n"):
                                self._wake(name)
            except (RedisError, OSError) as failure:
                _log.info("not hearing of changes: %s", type(failure).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)

    def _wake(self, name: str) -> None:
        for event in self._waiting.get(name, ()):
            event.set()

    def _wake_all(self) -> None:
        for name in list(self._waiting):
            self._wake(name)


async def changed(event: asyncio.Event, *, within: float) -> bool:
    """Whether there was a change before ``within`` seconds were over."""
    try:
        async with asyncio.timeout(within):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True

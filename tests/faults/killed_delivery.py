"""Delivers one notice in a process that is killed at the step it is told."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from bff.platform.mongo import database, open_mongo
from bff.platform.outbound import Outbound
from bff.platform.redis import open_redis
from tests.push_world import Provider, PushWorld


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _then_die(step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def dies(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever the step takes
        done = await step(*args, **more)
        _die()
        return done

    return dies


async def deliver(dies: str, name: str, wechat: str, sms: str, idempotent: str) -> None:
    """Deliver it, and die as told."""
    client = open_mongo(os.environ["SUISHEN_MONGO_URL"])
    redis = open_redis(os.environ["SUISHEN_REDIS_URL"])
    async with Outbound.open() as http:
        world = PushWorld(database(client, os.environ["SUISHEN_MONGO_DATABASE"]), redis, http)
        for channel, url in (("wechat", wechat), ("sms", sms)):
            provider = Provider()
            provider.url = url
            world.channel(
                channel, provider, idempotent=idempotent == "idempotent", takes_credit=channel == "wechat"
            )
            world.book.at("lin", channel)
        parts = await world.parts()
        stores, channel_send = parts.deliver._stores, world.channels[0].send
        steps: dict[str, tuple[object, str, Callable[..., Any]]] = {
            "once in the inbox": (stores.inbox, "add", _then_die(stores.inbox.add)),
            "once a credit is set aside": (world.purse, "reserve", _then_die(world.purse.reserve)),
            "once reserved": (stores.attempts, "reserve", _then_die(stores.attempts.reserve)),
            "once calling": (stores.attempts, "start", _then_die(stores.attempts.start)),
            "once answered": (world.channels[0], "send", _then_die(channel_send)),
            "once settled": (stores.attempts, "settle", _then_die(stores.attempts.settle)),
            "once all is said": (world.purse, "settle", _then_die(world.purse.settle)),
        }
        where, what, dying = steps[dies]
        setattr(where, what, dying)
        await parts.deliver([world.intent(name)])


if __name__ == "__main__":
    asyncio.run(deliver(*sys.argv[1:]))

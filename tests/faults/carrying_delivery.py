"""One worker process with everything from the outbox to two providers; it carries until it is killed."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta

from bff.platform.mongo import database, open_mongo
from bff.platform.outbound import Outbound
from bff.platform.redis import open_redis
from push.settings import PushSettings
from tests.carrying import Way
from tests.push_world import Provider, PushWorld


def resident(number: int) -> str:
    return f"resident-{number}"


async def carry(count: str, wechat: str, sms: str, seconds: str) -> None:
    """Carry for so many residents, all of whom both providers reach, which have so long to answer."""
    client = open_mongo(os.environ["SUISHEN_MONGO_URL"])
    redis = open_redis(os.environ["SUISHEN_REDIS_URL"])
    mongo = database(client, os.environ["SUISHEN_MONGO_DATABASE"])
    async with Outbound.open() as http:
        world = PushWorld(mongo, redis, http)
        world.settings = PushSettings(quiet_from="00:00", quiet_to="00:00", call_seconds=int(seconds))
        for name, url in (("wechat", wechat), ("sms", sms)):
            provider = Provider()
            provider.url = url
            world.channel(name, provider)
            for number in range(int(count)):
                world.book.at(resident(number), name)
        parts = await world.parts(lambda: datetime.now(UTC))
        await Way(mongo, redis, parts.deliver, again_after=timedelta(seconds=2)).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(carry(*sys.argv[1:]))

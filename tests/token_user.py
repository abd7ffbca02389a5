"""A process of ours as far as access tokens go.

``python -m tests.token_user REDIS WECHAT APPID SECRET TIMES``. Each line on its standard input is a
round: ``TIMES`` calls at once, then a line with what they came to.
"""

import asyncio
import os
import sys
from collections import Counter
from datetime import UTC, datetime

import msgspec

from auth_bridges.bridges.wechat_api import WechatApi
from auth_bridges.bridges.wechat_token import StableToken
from auth_bridges.bridges.wechat_wire import WechatWire
from auth_bridges.provider_tokens import ProviderTokens
from auth_bridges.store import ProviderTokenStore, SessionKeys
from bff.platform.outbound import Outbound
from bff.platform.redis import ScriptRunner, open_redis
from miniapp_schemas.refusals import Refusal
from tests.auth_fakes import personal


def _now() -> datetime:
    return datetime.now(UTC)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _main(redis_url: str, wechat_url: str, appid: str, secret: str, times: str) -> None:
    redis = open_redis(redis_url)
    async with Outbound.open() as http:
        wire = WechatWire(http, base_urls=[wechat_url])
        api = WechatApi(
            wire,
            appid=appid,
            tokens=ProviderTokens(
                store=ProviderTokenStore(redis, personal(), name=f"test:wechat:{appid}"),
                fetch=StableToken(wire, appid=appid, secret=secret),
                clock=_now,
                chance=os.urandom,
            ),
            session_keys=SessionKeys(redis, ScriptRunner(redis), personal(), appid=appid, clock=_now),
            secure=None,
            clock=_now,
        )

        async def once() -> str:
            try:
                return await api.phone_number("nobodys", "oSIM1")
            except Refusal as refusal:
                return refusal.code

        _say("ready")
        while await asyncio.to_thread(sys.stdin.readline):
            outcomes = await asyncio.gather(*(once() for _ in range(int(times))))
            _say(msgspec.json.encode(Counter(outcomes)).decode())
    await redis.aclose()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))

"""The keeper of a provider's access token, while its copy is fresh: reads a second of one process.

There is no Redis in this measurement, so that no read can have gone there. The floor is a coroutine that
returns a constant.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from auth_bridges.provider_tokens import FetchedToken, ProviderTokens
from auth_bridges.store import ProviderTokenStore
from bff.platform.idnumbers import IdNumbers
from bff.platform.redis import open_redis
from bff.sandbox.bench.figures import Round, Sample, Who

NAME: Final = "auth.keeper"
_BATCH: Final = 1000
_NOWHERE: Final = "redis://127.0.0.1:1"


def measure(seconds: float) -> Round:
    """One round of ``auth.keeper``: ours and the floor in turns, a batch each."""
    return asyncio.run(_measure(seconds))


async def _measure(seconds: float) -> Round:
    redis = open_redis(_NOWHERE, timeout=0.05)
    personal = IdNumbers(hash_key=secrets.token_bytes(32), seal_keys=[secrets.token_bytes(32)])
    tokens = ProviderTokens(
        store=ProviderTokenStore(redis, personal, name="bench"),
        fetch=_fetch,
        clock=lambda: datetime.now(UTC),
        chance=secrets.token_bytes,
    )
    await tokens.token()
    done = dict.fromkeys((Who.OURS, Who.FLOOR), 0)
    took = dict.fromkeys(done, 0.0)
    read: dict[Who, Callable[[], Awaitable[str]]] = {Who.OURS: tokens.token, Who.FLOOR: _constant}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for who, once in read.items():
            start = time.perf_counter()
            for _ in range(_BATCH):
                await once()
            took[who] += time.perf_counter() - start
            done[who] += _BATCH
    await redis.aclose()
    return {(who, NAME): Sample(rate=done[who] / took[who], answered=done[who]) for who in done}


async def _fetch(*, force: bool) -> FetchedToken:  # noqa: ARG001 - the port's signature
    return FetchedToken(text="token", lifetime=timedelta(hours=2))


async def _constant() -> str:
    return "token"

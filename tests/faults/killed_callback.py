"""Hears one push of WeChat's in a process that is killed once so many of its items are counted."""

import asyncio
import os
import signal
import sys
from base64 import b64decode
from typing import Any

from bff.platform.services import Platform
from bff.platform.settings import load_settings


async def hear(appid: str, query: str, body: str, counted: str) -> None:
    """Hear it, and die as told; ``0`` is before the first."""
    async with Platform.open(load_settings(os.environ)) as platform:
        china = platform.push.china
        await china.templates.read.wait()
        count, done = china.credits.heard, 0

        async def count_and_die(*said: Any, **more: Any) -> None:  # noqa: ANN401 - passed on as it comes
            nonlocal done
            if done == int(counted):
                os.kill(os.getpid(), signal.SIGKILL)
            await count(*said, **more)
            done += 1
            if done == int(counted):
                os.kill(os.getpid(), signal.SIGKILL)

        china.credits.heard = count_and_die  # type: ignore[method-assign] # where this process ends
        pairs = dict(pair.split("=", 1) for pair in query.split("&"))
        await china.callbacks.hear(appid, pairs, b64decode(body))


if __name__ == "__main__":
    asyncio.run(hear(*sys.argv[1:]))

"""A check-in that was acknowledged is in the log, and once, also where a worker is killed over it."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from bff.platform.drain import Drain
from bff.platform.ids import timed_id
from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.codec.venue_code import CodeKind
from health_code.venue_models import CheckedIn
from health_code.venues import STREAM_CONTEXT

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

# A worker like any other, that says where it is and then waits to be killed there.
WORKER = """
import asyncio, os, sys
from bff.platform.services import Platform
from bff.platform.settings import load_settings

async def work(moment):
    async with Platform.open(load_settings(os.environ)) as platform:
        log = platform.health_checkins._log
        add = log.add
        async def watched(checkins):
            if moment == "after the write":
                await add(checkins)
            print(moment, len(checkins), flush=True)
            await asyncio.Event().wait()
        log.add = watched
        await asyncio.gather(*(drain.run(asyncio.Event()) for drain in platform.drains()))

asyncio.run(work(sys.argv[1]))
"""


async def acknowledged(platform: Platform) -> str:
    """Check somebody in; the id of it."""
    now = datetime.now(UTC)
    checked = CheckedIn(
        id=timed_id(now),
        venue=secrets.token_hex(16),
        division="410105",
        subject="A" * 43,
        by=None,
        at=now,
        kind=CodeKind.DISPLAYED,
        admitted=True,
    )
    entry = platform.personal.seal(msgspec.msgpack.encode(checked), STREAM_CONTEXT)
    stream = platform.health_venues._stream
    await stream.note(secrets.token_hex(32), answer=b"answer", checkin=entry)
    return checked.id


@pytest.mark.parametrize("moment", ["before the write", "after the write"])
async def test_a_worker_killed_over_a_check_in_costs_nothing_and_doubles_nothing(
    settings: Settings, environ: dict[str, str], moment: str
) -> None:
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        made = {await acknowledged(platform) for _ in range(20)}
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WORKER, moment),
            env={**environ, "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
        )
        assert worker.stdout is not None
        assert (await worker.stdout.readline()).startswith(moment.encode())
        worker.send_signal(signal.SIGKILL)
        await worker.wait()

        for stream in platform.health_venues.streams:
            absorb = platform.health_checkins.absorb
            drain = Drain(platform._redis, stream, absorb, consumer="another", orphaned_after_ms=0)
            await drain._open()
            while await drain.once():
                pass
        kept = [each["_id"] async for each in platform._mongo["health_checkins"].find()]
        left = [await platform._redis.xlen(stream) for stream in platform.health_venues.streams]

    assert sorted(kept) == sorted(made)
    assert left == [0] * len(left)

"""The worker processes of a city, killed while they carry: everybody finds their notice in their inbox."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import pytest

from auth_bridges.models import Notice, NoticeKind
from bff.platform.push_outbox import NoticeIntents
from bff.platform.services import Platform
from bff.platform.settings import Settings
from push.models import IntentState
from tests.carrying import states, until

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
COUNT: Final = 600
SOON: Final = {"SUISHEN_PUSH_ORPHANED_SECONDS": "5", "SUISHEN_PUSH_AGAIN_SECONDS": "20"}


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with Platform.open(settings) as opened:
        await opened.ensure_indexes()
        yield opened


async def started(environ: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bff.cli", "worker"),
        env={**environ, **SOON, "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.DEVNULL,
    )


async def test_workers_killed_one_after_the_other_leave_every_notice_once_in_its_inbox(
    platform: Platform, environ: dict[str, str]
) -> None:
    mongo = platform._mongo
    tell = NoticeIntents(platform.auth_stores.notices, platform.push.outbox, platform.personal)
    workers = [await started(environ) for _ in range(3)]
    try:
        kinds = list(NoticeKind)
        for number in range(COUNT):
            kind, resident = kinds[number % len(kinds)], f"resident-{number}"
            await tell(Notice(id=f"notice-{number}", resident=resident, kind=kind, at=datetime.now(UTC)))
            if number == COUNT // 2:
                workers[0].send_signal(signal.SIGKILL)
        workers[1].send_signal(signal.SIGKILL)

        async def all_seen_to() -> bool:
            # At night all but the urgent ones go on in the morning, from the inbox where they are already.
            now = await states(mongo)
            return IntentState.RELAYED not in now and await mongo["push_inbox"].count_documents({}) == COUNT

        # What the dead were given is claimed once they were silent for so long; what one of them had marked
        # and not put on a stream is sent again a quarter later than that.
        await until(all_seen_to, within=120)
        assert (await states(mongo)).keys() <= {IntentState.DONE, IntentState.CREATED}
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.terminate()
        await asyncio.gather(*(worker.wait() for worker in workers))
    told = sorted([each["resident"] async for each in mongo["push_inbox"].find()])
    assert told == sorted(f"resident-{number}" for number in range(COUNT))
    assert workers[2].returncode == 0

"""A campaign reaches everybody once, whatever is paused and whoever is killed in the midst of it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from miniapp_schemas.push_console import CampaignInfo
from tests.campaigns import ONE, begun, see_to, settle_residents, told

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

RESIDENTS: Final = 8_000

# A worker like any other, that says where it is and then waits to be killed there.
WORKER: Final = """
import asyncio, os, sys
from bff.platform.services import Platform
from bff.platform.settings import load_settings

async def work(moment):
    async with Platform.open(load_settings(os.environ)) as platform:
        campaigning = platform.push.operations.campaigning
        notify, step = campaigning._notify, campaigning._campaigns.step
        async def stand():
            print(moment, flush=True)
            await asyncio.Event().wait()
        async def watched_notify(intents):
            if moment == "before the intents":
                await stand()
            made = await notify(intents)
            if moment == "after the intents":
                await stand()
            return made
        async def watched_step(part, **more):
            kept = await step(part, **more)
            if moment == "after the step":
                await stand()
            return kept
        campaigning._notify, campaigning._campaigns.step = watched_notify, watched_step
        await campaigning.run(asyncio.Event())

asyncio.run(work(sys.argv[1]))
"""


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {
        **environ,
        "SUISHEN_PUSH_CAMPAIGN_CANARY_SECONDS": "0",
        # Never quiet: nobody waits for the morning.
        "SUISHEN_PUSH_QUIET_FROM": "00:00",
        "SUISHEN_PUSH_QUIET_TO": "00:00",
        "PATH": os.environ["PATH"],
    }


@pytest.fixture
async def platform(environ: dict[str, str]) -> AsyncIterator[Platform]:
    settings: Settings = load_settings(environ)
    async with Platform.open(settings) as opened:
        await opened.ensure_indexes()
        yield opened


async def finished(platform: Platform, campaign: str, within: float = 120) -> None:
    """Wait until the campaign is over, the notices seen to meanwhile."""
    async with asyncio.timeout(within):
        while (await platform.push_campaigns.read(campaign)).state != "DONE":
            await see_to(platform, campaign)
            await asyncio.sleep(0.1)


async def time_passes(platform: Platform) -> None:
    """What a dead worker held is free: as it is after twenty seconds."""
    before = {"$set": {"lease_until": datetime.now(UTC) - timedelta(seconds=1)}}
    await platform._mongo["push_campaign_parts"].update_many({"lease_until": {"$ne": None}}, before)


@pytest.mark.parametrize("moment", ["before the intents", "after the intents", "after the step"])
async def test_a_worker_killed_between_any_two_steps_costs_nobody_a_notice_and_doubles_none(
    platform: Platform, environ: dict[str, str], moment: str
) -> None:
    everybody = await settle_residents(platform, 2_000)
    campaign = await begun(platform)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WORKER, moment), env=environ, stdout=subprocess.PIPE
    )
    assert worker.stdout is not None
    assert (await worker.stdout.readline()).startswith(moment.encode())
    worker.send_signal(signal.SIGKILL)
    await worker.wait()

    await time_passes(platform)
    stopping = asyncio.Event()
    heir = asyncio.create_task(platform.push.operations.campaigning.run(stopping))
    await finished(platform, campaign.id)
    stopping.set()
    await heir

    assert list(await told(platform, campaign.id)) == everybody
    progress = (await platform.push_campaigns.read(campaign.id)).progress
    assert (progress.looked_at, progress.meant) == (2_000, 2_000)


async def test_a_campaign_is_paused_a_worker_killed_and_everybody_told_once(
    platform: Platform, environ: dict[str, str]
) -> None:
    everybody = await settle_residents(platform, RESIDENTS)
    # Eight seconds of it, however fast the machine: time to pause in the midst.
    campaign = await begun(platform, per_minute=60_000)
    workers = [
        await asyncio.create_subprocess_exec(sys.executable, "-m", "bff.cli", "worker", env=environ)
        for _ in range(3)
    ]
    try:
        async with asyncio.timeout(120):
            while (await platform.push_campaigns.read(campaign.id)).progress.meant < RESIDENTS // 4:
                await asyncio.sleep(0.05)
        await platform.push_campaigns.pause(ONE, campaign.id, "a moment, please")
        await asyncio.sleep(2)
        paused = len(await told(platform, campaign.id))
        await asyncio.sleep(1)
        assert len(await told(platform, campaign.id)) == paused < RESIDENTS

        await platform.push_campaigns.resume(ONE, campaign.id, "go on")
        workers[0].kill()
        async with asyncio.timeout(300):
            # To read is to count: oftener, and the counting is what everybody waits for.
            while not over(await platform.push_campaigns.read(campaign.id)):
                await asyncio.sleep(1)
    finally:
        for worker in workers[1:]:
            worker.terminate()
        for worker in workers:
            await worker.wait()

    assert list(await told(platform, campaign.id)) == everybody
    inbox = platform._mongo["push_inbox"].find({}, {"resident": 1})
    assert sorted([each["resident"] async for each in inbox]) == everybody


def over(campaign: CampaignInfo) -> bool:
    """Whether everybody has their notice, in the inbox."""
    assert campaign.state != "STOPPED", campaign.why_en
    return campaign.state == "DONE" and campaign.progress.waiting == 0

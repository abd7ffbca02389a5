"""The ticker: starts jobs when they are due, turns health codes, asks sources, says what is due.

APScheduler keeps the table in memory only: its shared stores run a job twice when two processes share
one. Any number of tickers may run; every job bears that.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from bff.platform.services import Platform
from bff.platform.settings import Settings
from bff.processes.schedule import JOBS, Job

_log = structlog.get_logger(__name__)


async def tick(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(signum, stopping.set)
    async with Platform.open(settings) as platform:
        scheduler = AsyncIOScheduler(timezone="Asia/Shanghai")
        for job in JOBS:
            scheduler.add_job(
                _runner(platform, job),
                CronTrigger.from_crontab(job.cron, timezone="Asia/Shanghai"),
                id=job.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=30,
            )
        scheduler.start()
        _log.info("scheduler.started", jobs=len(JOBS))
        health = platform.health
        followers = (health.turning, health.polling, platform.push.timeline.ticker)
        following = [asyncio.create_task(each.follow()) for each in followers]
        for job in JOBS:
            await _runner(platform, job)()
        await stopping.wait()
        for task in following:
            task.cancel()
        await asyncio.wait(following, timeout=2)
        scheduler.shutdown(wait=False)
        _log.info("scheduler.stopped")


def _runner(platform: Platform, job: Job) -> Callable[[], Coroutine[None, None, None]]:
    async def run() -> None:
        try:
            await job.run(platform)
        except Exception as failure:  # noqa: BLE001  a failed job is tried again at its next time
            _log.warning("job.failed", job=job.name, error=type(failure).__name__)

    return run

"""The worker: moves acknowledged events into MongoDB and carries reminders until it is told to stop.

Any number may run. Each reads the same streams in one consumer group; what one of them had read when
it died, another claims.
"""

import asyncio
import contextlib
import signal
from typing import Final

import structlog

from bff.platform.memory import settle_memory
from bff.platform.services import Platform
from bff.platform.settings import Settings
from push.delivery import ROOM

_log = structlog.get_logger(__name__)
_PER_HOST: Final = sum(ROOM.values())
"""No lane waits for another's connections either: there are as many to a provider as all of them may use."""


async def work(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, then finish the batches under way."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        # Windows has no loop signal handlers; there Ctrl-C cancels the tasks, and pending entries wait.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(signum, stopping.set)
    async with Platform.open(settings, per_host=_PER_HOST) as platform:
        drains, carriers = platform.drains(), platform.carriers()
        # A batch of notices is thousands of objects that end together; full collections cost as much again.
        settle_memory()
        _log.info("worker.started", streams=len(drains), carriers=len(carriers))
        async with asyncio.TaskGroup() as group:
            for each in (*drains, *carriers):
                group.create_task(each.run(stopping))
        _log.info("worker.stopped")

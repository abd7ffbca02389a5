"""Records a dose, or ticks, in a process that is killed after a step of its own choice."""

import asyncio
import os
import signal
import sys
from datetime import datetime
from typing import Any

from bff.platform.services import Platform
from bff.platform.settings import load_settings
from tests.push_town import Town, dose


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _DiesAfter:
    """Does as the store it stands for, and ends the process once ``step`` was done."""

    def __init__(self, store: Any, step: str) -> None:  # noqa: ANN401 - any of the stores
        self._store = store
        self._step = step

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        attribute = getattr(self._store, name)
        if name != self._step:
            return attribute

        async def last(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on
            await attribute(*args, **more)
            die()

        return last

    async def __call__(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on
        done = await self._store(*args, **more)
        if self._step == "commit":
            die()
        return done


async def main(what: str, step: str, now: str, child: str) -> None:
    """Do it, and die as told."""
    async with Platform.open(load_settings(os.environ)) as platform:
        town = Town(platform, datetime.fromisoformat(now))
        part: Any = town.parts.planner if what == "record" else town.parts.ticker
        for name in ("_people", "_timeline", "_outbox", "_within", *(["_shards"] if what == "tick" else [])):
            setattr(part, name, _DiesAfter(getattr(part, name), step))
        if what == "record":
            await town.report(dose(child, "HepB", "2026-11-24"))
        else:
            await part.once()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Carries notices in a process that is killed at a step of its own choice, the first time it comes there."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from bff.platform.mongo import database, open_mongo
from bff.platform.redis import open_redis
from push.models import Intent
from push.ports import Deliver, Outcome
from tests.carrying import Recorder, Way


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _DiesAfter:
    """Does as the store it stands for, and ends the process once ``step`` was done."""

    def __init__(self, store: Any, step: str) -> None:  # noqa: ANN401 - either store
        self._store = store
        self._step = step

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        attribute = getattr(self._store, name)
        if name != self._step:
            return attribute

        async def last(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on
            done = await attribute(*args, **more)
            # An idle turn finds nothing: the step that counts is the one that did something.
            if name in {"settle", "drop", "put"} or getattr(done, "waiting", done):
                die()
            return done

        return last


def deliverer(recorder: Recorder, step: str) -> Deliver:
    async def deliver(intents: Sequence[Intent]) -> Sequence[Outcome]:
        if step == "half":
            await recorder(intents[: len(intents) // 2])
            die()
        if step.startswith("poison:") and any(each.item == step.removeprefix("poison:") for each in intents):
            die()
        outcomes = await recorder(intents)
        if step == "deliver":
            die()
        return outcomes

    return deliver


async def carry(mongo_url: str, name: str, redis_url: str, step: str) -> None:
    """Carry until killed."""
    mongo, redis = database(open_mongo(mongo_url), name), open_redis(redis_url)
    way = Way(mongo, redis, deliverer(Recorder(mongo), step))
    parts: list[Any] = [way.relay, *way.workers]
    for part in parts:
        part._outbox = _DiesAfter(way.outbox, step)
        part._streams = _DiesAfter(way.streams, step)
    await way.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(carry(*sys.argv[1:]))

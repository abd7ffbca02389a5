"""The ledger of attempts as MongoDB keeps it: who may call, and who writes nothing any more."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from bff.platform.coalesce import together
from bff.platform.mongo import Database
from push.channels.base import FailureClass
from push.delivery_models import Attempt, AttemptState
from push.store.attempts import AttemptStore
from tests.push_world import NOON


@pytest.fixture
async def attempts(mongo_database: Database) -> AttemptStore:
    made = AttemptStore(mongo_database["push_attempts"], together)
    await made.ensure_indexes()
    return made


def attempt(name: str = "one", *, fence: int = 1) -> Attempt:
    return Attempt(
        id=f"{name}:wechat",
        key=name,
        channel="wechat",
        state=AttemptState.RESERVED,
        at=NOON,
        expires_at=NOON + timedelta(days=90),
        fence=fence,
    )


async def kept(attempts: AttemptStore, name: str = "one") -> Attempt:
    (found,) = (await attempts.of([name]))[name]
    return found


async def test_an_attempt_is_read_as_it_was_written(attempts: AttemptStore) -> None:
    whole = replace(attempt(), consent="c", code="x", receipt="r", again_at=NOON, failure=FailureClass.RETRY)
    assert await attempts.reserve(whole, before=None)
    assert await kept(attempts) == whole
    assert (await attempts.of(["another"])).get("another") is None


async def test_of_many_that_reserve_one_gets_it(attempts: AttemptStore) -> None:
    won = await asyncio.gather(*(attempts.reserve(attempt(), before=None) for _ in range(20)))
    assert sum(won) == 1
    again = attempt(fence=2)
    taken = await asyncio.gather(*(attempts.reserve(again, before=attempt()) for _ in range(20)))
    assert sum(taken) == 1


async def test_many_travel_together_and_each_hears_of_its_own(attempts: AttemptStore) -> None:
    await attempts.reserve(attempt("taken"), before=None)
    names = ["a", "taken", "b"]
    assert await asyncio.gather(*(attempts.reserve(attempt(name), before=None) for name in names)) == [
        True,
        False,
        True,
    ]


async def test_who_was_overtaken_does_not_call(attempts: AttemptStore) -> None:
    first, second = attempt(), attempt(fence=2)
    await attempts.reserve(first, before=None)
    await attempts.reserve(attempt("other"), before=None)
    await attempts.reserve(second, before=first)
    started = await asyncio.gather(*(attempts.start(each) for each in (first, attempt("other"))))
    assert started == [False, True]
    assert await attempts.start(second)
    assert (await kept(attempts)).calls == 1


async def test_it_is_begun_once(attempts: AttemptStore) -> None:
    await attempts.reserve(attempt(), before=None)
    assert await attempts.start(attempt())
    calling = replace(attempt(), state=AttemptState.CALLING)
    taken = replace(attempt(), fence=2)
    assert not await attempts.reserve(taken, before=attempt())
    assert (await kept(attempts)) == replace(calling, calls=1)


async def test_whoever_comes_back_late_knows_better_than_nobody_and_not_better_than_a_later_call(
    attempts: AttemptStore,
) -> None:
    await attempts.reserve(attempt(), before=None)
    await attempts.start(attempt())
    unknown = replace(attempt(), state=AttemptState.UNKNOWN, calls=1)
    accepted = replace(attempt(), state=AttemptState.ACCEPTED, calls=1, receipt="late")
    await attempts.settle(unknown)
    await attempts.settle(accepted)
    assert (await kept(attempts)).receipt == "late"

    await attempts.reserve(attempt("two"), before=None)
    await attempts.start(attempt("two"))
    given_up = replace(attempt("two"), state=AttemptState.UNKNOWN, calls=1)
    await attempts.settle(given_up)
    assert await attempts.reserve(replace(attempt("two"), fence=2, calls=1), before=given_up)
    await attempts.settle(replace(given_up, state=AttemptState.FAILED))
    assert (await kept(attempts, "two")).state is AttemptState.RESERVED

"""Calls made while others are under way go together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from bff.platform.coalesce import Coalescer

pytestmark = pytest.mark.anyio


class Doubler:
    """Doubles numbers, remembers the batches, and can be held back."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, calls: Sequence[int]) -> list[int | BaseException]:
        self.batches.append(list(calls))
        await self.go.wait()
        return [ValueError("thirteen") if call == 13 else call * 2 for call in calls]


async def test_calls_of_one_moment_are_one_batch_and_answers_keep_their_place() -> None:
    doubler = Doubler()
    double = Coalescer(doubler)
    assert await asyncio.gather(*(double.submit(n) for n in range(5))) == [0, 2, 4, 6, 8]
    assert doubler.batches == [[0, 1, 2, 3, 4]]


async def test_calls_made_meanwhile_wait_and_leave_together() -> None:
    doubler = Doubler()
    doubler.go.clear()
    double = Coalescer(doubler, lanes=1)
    first = double.submit(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [double.submit(n) for n in (2, 3, 4)]
    doubler.go.set()
    assert await first == 2
    assert await asyncio.gather(*later) == [4, 6, 8]
    assert doubler.batches == [[1], [2, 3, 4]]


async def test_a_batch_is_never_larger_than_said() -> None:
    doubler = Doubler()
    double = Coalescer(doubler, lanes=1, largest=2)
    await asyncio.gather(*(double.submit(n) for n in range(5)))
    assert [len(batch) for batch in doubler.batches] == [2, 2, 1]


async def test_one_failing_call_fails_alone() -> None:
    double = Coalescer(Doubler())
    good, bad = double.submit(1), double.submit(13)
    assert await good == 2
    with pytest.raises(ValueError, match="thirteen"):
        await bad


async def test_a_failing_batch_fails_its_callers_and_no_later_ones() -> None:
    calls = 0

    async def fail_once(batch: Sequence[int]) -> list[int | BaseException]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionError
        return list(batch)

    double = Coalescer(fail_once, lanes=1)
    with pytest.raises(ConnectionError):
        await double.submit(1)
    assert await double.submit(2) == 2


async def test_a_caller_who_gave_up_does_not_disturb_the_others() -> None:
    doubler = Doubler()
    doubler.go.clear()
    double = Coalescer(doubler)
    gone, stays = double.submit(1), double.submit(2)
    await asyncio.sleep(0)
    gone.cancel()
    doubler.go.set()
    assert await stays == 4


async def test_an_answer_is_read_for_its_caller_and_a_refusal_is_the_callers_alone() -> None:
    def refuse(_: int) -> str:
        raise PermissionError

    double = Coalescer(Doubler())
    read, refused, plain = double.submit(1, str), double.submit(2, refuse), double.submit(3)

    assert (await read, await plain) == ("2", 6)
    with pytest.raises(PermissionError):
        await refused

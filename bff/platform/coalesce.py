"""Many small calls of one kind, performed together.

A city opens its codes in the same minute. One round trip a call then costs more in system calls and
framing than in work, so calls that arrive while earlier ones are under way wait for each other and
go as one batch. Nothing is kept from one batch to the next: this is not a cache, and what a caller
gets was read after it asked.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

Call = TypeVar("Call")
Answer = TypeVar("Answer")


_Waiting = tuple[Call, Callable[[Answer], Any] | None, asyncio.Future[Any]]


class Coalescer(Generic[Call, Answer]):
    """Performs calls in batches, in order of arrival within a batch.

    ``perform`` takes the calls of one batch and returns one answer or exception for each, in their
    order; if it raises, every caller of that batch gets the exception. At most ``lanes`` batches are
    under way at once, of at most ``largest`` calls; a lone call leaves in the same loop iteration.
    """

    def __init__(
        self,
        perform: Callable[[Sequence[Call]], Awaitable[Sequence[Answer | BaseException]]],
        *,
        lanes: int = 1,
        largest: int = 256,
    ) -> None:
        self._perform = perform
        self._lanes = lanes
        self._largest = largest
        self._waiting: deque[_Waiting[Call, Answer]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._scheduled = False

    def submit(self, call: Call, read: Callable[[Answer], Any] | None = None) -> "asyncio.Future[Any]":
        """Queue ``call`` and return the future of its answer, without waiting for it.

        With ``read``, the future has what it makes of the answer, or the exception it raises instead.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((call, read, future))
        if not self._scheduled and len(self._under_way) < self._lanes:
            self._scheduled = True
            loop.call_soon(self._depart)
        return future

    def _depart(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._under_way) < self._lanes:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._largest))]
            task = asyncio.get_running_loop().create_task(self._carry(batch))
            self._under_way.add(task)
            task.add_done_callback(self._arrived)

    def _arrived(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._depart()

    async def _carry(self, batch: "list[_Waiting[Call, Answer]]") -> None:
        try:
            answers = await self._perform([call for call, _, _ in batch])
        except BaseException as failure:
            # A caller may have given up meanwhile (deadline, closed connection): its future is done.
            for _, _, future in batch:
                if not future.done():
                    _fail(future, failure)
            if not isinstance(failure, Exception):
                raise
            return
        for (_, read, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                _fail(future, answer)
                continue
            try:
                future.set_result(answer if read is None else read(answer))
            except Exception as refusal:  # noqa: BLE001 - the caller's, whatever it is
                _fail(future, refusal)


def together(
    perform: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]],
) -> Callable[[Any], Awaitable[Any]]:
    """How to make one call of the kind that ``perform`` makes many of; one batch at a time."""
    return Coalescer(perform).submit


def _fail(future: "asyncio.Future[Any]", failure: BaseException) -> None:
    future.set_exception(failure)
    # Looked at, so that asyncio does not complain: who asks two things at once and is refused the one may
    # never look at the other.
    future.exception()

"""The load generator: a process of its own, so that making requests never waits for counting them.

``python -m bff.sandbox.bench.load`` reads one phase after the other on standard input and answers each on
standard output. A request is bytes made beforehand; an answer is looked at just enough to know where it
ends and whether it is the one expected. What is kept of it is read after the phase.
"""

import asyncio
import gc
import itertools
import sys
import time
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import IO, Final, cast

import msgspec
from msgspec import Struct

from bff.sandbox.bench.figures import percentile

_HEADERS_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_PATIENCE: Final = 30.0
_HEAD: Final = 4


class Phase(Struct, frozen=True, kw_only=True):
    """One stretch of load on one server."""

    port: int
    requests: list[bytes]
    once: bool
    """Each request is sent at most once, by whichever connection is free; else one a connection, again and
    again."""
    expected: bytes
    """What is in every good body, and in no other."""
    keep_codes: bool
    connections: int
    warm_up: float
    seconds: float


class Measured(Struct, frozen=True, kw_only=True):
    """What became of it. Only what was answered after the warm-up is counted; errors are from both."""

    answered: int
    counted: int
    seconds: float
    milliseconds: dict[str, float]
    errors: int
    complaint: str
    """The first answer that was not as expected, for whoever has to find out why."""
    cpu_seconds: float
    codes: list[str]

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.counted / self.seconds if self.seconds else 0.0


class _Coded(Struct):
    """The one field kept of an answer."""

    code: str


class _Tally:
    """What all connections of a phase write into."""

    def __init__(self, phase: Phase) -> None:
        self.expected = phase.expected
        self.kept: list[bytes] | None = [] if phase.keep_codes else None
        self.latencies = array("d")
        self.answered = 0
        self.errors = 0
        self.complaint = ""
        self.begin = self.end = self.last = 0.0

    def open(self, now: float, phase: Phase) -> None:
        """Count from the end of the warm-up."""
        self.begin = self.last = now + phase.warm_up
        self.end = self.begin + phase.seconds

    def complain(self, what: bytes) -> None:
        self.errors += 1
        self.complaint = self.complaint or what[:600].decode(errors="replace")


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, requests: Iterator[bytes], tally: _Tally) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._tally = tally
        self._rest = b""
        self._sent = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def start(self) -> None:
        self._next(time.perf_counter())

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        head = data.find(_HEADERS_END)
        if head < 0 or len(data) < head + len(_HEADERS_END) + _body_length(data, head):
            self._rest = data
            return
        self._rest = b""
        now = time.perf_counter()
        tally = self._tally
        tally.answered += 1
        if not data.startswith(b"HTTP/1.1 20") or tally.expected not in data:
            tally.complain(data)
        elif tally.begin <= now < tally.end:
            tally.latencies.append(now - self._sent)
            tally.last = now
        if tally.kept is not None:
            tally.kept.append(data[head + len(_HEADERS_END) :])
        self._next(now)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self._tally.complain(f"connection lost: {exc}".encode())
            self.finished.set_result(None)

    def _next(self, now: float) -> None:
        request = next(self._requests, None) if now < self._tally.end else None
        if request is None:
            self.finished.set_result(None)
            self._transport.close()
            return
        self._sent = now
        self._transport.write(request)


def _body_length(data: bytes, head: int) -> int:
    at = data.find(_LENGTH, 0, head)
    if at < 0:
        # Not every server writes it in lower case.
        at = data[:head].lower().index(_LENGTH)
    at += len(_LENGTH)
    return int(data[at : data.index(b"\r", at)])


async def play(phase: Phase) -> Measured:
    """Put ``phase`` on its server, and wait for every answer."""
    loop = asyncio.get_running_loop()
    tally = _Tally(phase)
    shared = iter(phase.requests)
    connections: list[_Connection] = []
    for number in range(phase.connections):
        own = shared if phase.once else itertools.repeat(phase.requests[number % len(phase.requests)])
        _, connection = await loop.create_connection(
            partial(_Connection, own, tally), "127.0.0.1", phase.port
        )
        connections.append(connection)
    tally.open(time.perf_counter(), phase)
    cpu = time.process_time()
    for connection in connections:
        connection.start()
    async with asyncio.timeout(phase.warm_up + phase.seconds + _PATIENCE):
        await asyncio.gather(*(connection.finished for connection in connections))
    cpu = time.process_time() - cpu
    # Requests that may be sent once can run out before the time does.
    ran_dry = phase.once and next(shared, None) is None
    latencies = sorted(tally.latencies)
    return Measured(
        answered=tally.answered,
        counted=len(latencies),
        seconds=tally.last - tally.begin if ran_dry else phase.seconds,
        milliseconds={name: percentile(latencies, share) * 1000 for name, share in _PERCENTILES.items()},
        errors=tally.errors,
        complaint=tally.complaint,
        cpu_seconds=cpu,
        codes=_codes(tally.kept or ()),
    )


_PERCENTILES: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999}


def _codes(bodies: Iterable[bytes]) -> list[str]:
    decode = msgspec.json.Decoder(_Coded).decode
    codes = []
    for body in bodies:
        with suppress(msgspec.DecodeError):  # it was no good answer, and is counted as such
            codes.append(decode(body).code)
    return codes


def send(pipe: IO[bytes], message: Struct) -> None:
    """Write ``message`` with its length before it."""
    data = msgspec.msgpack.encode(message)
    pipe.write(len(data).to_bytes(_HEAD, "big") + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """One message as it was sent; None at the end."""
    head = pipe.read(_HEAD)
    return pipe.read(int.from_bytes(head, "big")) if head else None


def main() -> None:
    """Play phases until standard input ends."""
    from uvloop import new_event_loop

    gc.disable()
    # One loop for all phases: closing one of uvloop's now and then cuts short what is written next.
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        while (message := receive(sys.stdin.buffer)) is not None:
            send(sys.stdout.buffer, runner.run(play(msgspec.msgpack.decode(message, type=Phase))))
            gc.collect()


if __name__ == "__main__":
    main()

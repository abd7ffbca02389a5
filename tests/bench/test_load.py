"""The load generator counts what a server really answers: whole, right, and in time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bff.sandbox.bench.load import Measured, Phase, play

pytestmark = pytest.mark.anyio
Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_server(answer: Answer) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await answer(await reader.readuntil(b"\r\n\r\n"), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def ok(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


async def loaded(port: int, requests: list[bytes], **said: object) -> Measured:
    phase: dict[str, object] = {
        "once": True,
        "expected": b"fine",
        "keep_codes": False,
        "connections": 4,
        "warm_up": 0.0,
        "seconds": 5.0,
    }
    return await play(Phase(port=port, requests=requests, **(phase | said)))  # type: ignore[arg-type]


async def test_each_request_is_sent_once_and_the_rate_ends_with_the_last() -> None:
    seen: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(ok(b"fine"))

    async with a_server(answer) as port:
        measured = await loaded(port, [b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(50)])

    assert len(set(seen)) == 50
    assert measured.counted == measured.answered == 50
    assert measured.errors == 0
    assert measured.seconds < 5
    assert measured.milliseconds["p50"] > 0


async def test_a_repeated_request_is_sent_until_the_time_is_up_and_the_warm_up_does_not_count() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        writer.write(ok(b"fine"))

    async with a_server(answer) as port:
        measured = await loaded(port, [b"GET / HTTP/1.1\r\n\r\n"], once=False, warm_up=0.2, seconds=0.2)

    assert 0 < measured.counted < measured.answered
    assert measured.seconds == 0.2


async def test_an_answer_in_pieces_is_one_answer() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        for byte in ok(b"all is fine"):
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0)

    async with a_server(answer) as port:
        measured = await loaded(port, [b"GET / HTTP/1.1\r\n\r\n"])

    assert (measured.counted, measured.errors) == (1, 0)


@pytest.mark.parametrize("wrong", [ok(b"fine", b"500 Oh"), ok(b"another verdict")])
async def test_whatever_is_not_the_expected_answer_is_an_error(wrong: bytes) -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(wrong)

    async with a_server(answer) as port:
        measured = await loaded(port, [b"GET / HTTP/1.1\r\n\r\n"] * 3)

    assert (measured.counted, measured.errors) == (0, 3)
    assert measured.complaint.startswith("HTTP/1.1")


async def test_a_lost_connection_is_an_error() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with a_server(answer) as port:
        measured = await loaded(port, [b"GET / HTTP/1.1\r\n\r\n"], connections=1)

    assert (measured.counted, measured.errors) == (0, 1)


async def test_codes_are_kept_for_those_who_will_scan_them() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(b'{"it":"is fine","code":"LZ1"}'))

    async with a_server(answer) as port:
        measured = await loaded(port, [b"GET / HTTP/1.1\r\n\r\n"] * 2, keep_codes=True)

    assert measured.codes == ["LZ1", "LZ1"]

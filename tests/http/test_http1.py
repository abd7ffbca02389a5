"""The server's patience with those who are slow, and what it puts into an answer."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Final

import pytest
from litestar import Litestar, get, post
from litestar.params import JSONBody
from uvicorn import Config, Server

from bff.processes.http1 import Http1

PATIENCE: Final = 0.4


class Hasty(Http1):
    patience = PATIENCE


@get("/")
async def hello() -> dict[str, str]:
    return {"status": "ok"}


@get("/long")
async def long() -> dict[str, str]:
    await asyncio.sleep(PATIENCE * 2)
    return {"status": "ok"}


@post("/", status_code=200)
async def repeat(data: JSONBody[list[int]]) -> list[int]:
    return data


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = Litestar([hello, long, repeat], openapi_config=None, logging_config=None)
    server = Server(
        Config(app, http=Hasty, ws="none", log_config=None, access_log=False, server_header=False)
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        await serving


class Caller:
    """A connection on which nothing is sent but what a test says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def say(self, text: str) -> None:
        self._writer.write(text.encode())

    async def answer(self) -> tuple[str, str, bytes]:
        """Status line, head and body of the next answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        status, _, headers = head.partition("\r\n")
        length = int(headers.partition("content-length: ")[2].partition("\r\n")[0])
        return status, headers, await self._reader.readexactly(length)

    async def is_hung_up_on(self, *, dripping: str = "") -> bool:
        """Whether the server closes within three times its patience, though ``dripping`` goes on arriving."""
        for _ in range(12):
            self.say(dripping)
            try:
                async with asyncio.timeout(PATIENCE / 4):
                    if not await self._reader.read(1):
                        return True
            except TimeoutError:
                continue
            except ConnectionResetError:
                return True
        return False


@pytest.fixture
async def caller(port: int) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield Caller(reader, writer)
    writer.close()


async def test_an_answer_is_dated_and_says_nothing_of_the_server(caller: Caller) -> None:
    caller.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    status, headers, _ = await caller.answer()

    assert status == "http/1.1 200 ok"
    assert "date: " in "\r\n" + headers
    assert "server:" not in headers


async def test_a_connection_is_kept_between_requests(caller: Caller) -> None:
    for _ in range(3):
        caller.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await caller.answer())[2] == b'{"status":"ok"}'
        await asyncio.sleep(PATIENCE * 1.2)


async def test_a_request_in_pieces_is_a_request(caller: Caller) -> None:
    for piece in ("POST / HT", "TP/1.1\r\nHost: x\r\nContent-", "Length: 6\r\n\r\n[1,", "20]"):
        caller.say(piece)
        await asyncio.sleep(PATIENCE / 8)

    assert (await caller.answer())[2] == b"[1,20]"


async def test_an_answer_may_take_longer_than_a_request(caller: Caller) -> None:
    caller.say("GET /long HTTP/1.1\r\nHost: x\r\n\r\n")

    assert (await caller.answer())[0] == "http/1.1 200 ok"


@pytest.mark.parametrize(
    ("begun", "dripping"),
    [
        ("", ""),
        ("", "\r\n"),
        ("GET / HTTP/1.1\r\nX: ", "x"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", " "),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n"),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: ", "x"),
    ],
    ids=["nothing", "empty lines", "a head", "a body", "empty lines after a request", "a second head"],
)
async def test_who_does_not_finish_is_hung_up_on(caller: Caller, begun: str, dripping: str) -> None:
    caller.say(begun)
    if begun.startswith("GET / HTTP/1.1\r\nHost"):
        await caller.answer()

    assert await caller.is_hung_up_on(dripping=dripping)


async def test_a_head_without_end_is_refused_before_its_time_is_up(caller: Caller) -> None:
    caller.say("GET / HTTP/1.1\r\n")
    for number in range(100):
        caller.say(f"X-{number}: {'x' * 1000}\r\n")

    assert (await caller.answer())[0] == "http/1.1 400 bad request"


async def test_who_offers_another_protocol_is_answered_in_this_one(caller: Caller) -> None:
    caller.say("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")

    assert (await caller.answer())[0] == "http/1.1 200 ok"

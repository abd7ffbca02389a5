"""The HTTP/2 client among others who are late, silent, talkative or no HTTP/2 at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bff.platform.http2 import Http2
from bff.sandbox.http2 import Asked, Http2Front, MadeUp, Told, made_up
from bff.sandbox.simulator import Fault, FaultKind

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Other:
    """A service that answers as it is told, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.told = Told(status=200, body=b"well")
        self.front = Http2Front(self, self.arrived, streams=3)

    def arrived(self, *_: object) -> Fault | None:
        return self.faults.pop(0) if self.faults else None

    def answer(self, asked: Asked) -> Told:
        self.asked.append(asked)
        return self.told

    def busy_told(self) -> Told:
        return Told(status=503)

    def throttled_told(self) -> Told:
        return Told(status=429)

    @property
    def connections(self) -> int:
        return len(self.front.open)


@pytest.fixture
def certificate(tmp_path: Path) -> MadeUp:
    return made_up(tmp_path)


@pytest.fixture
async def http(certificate: MadeUp) -> AsyncIterator[Http2]:
    async with Http2.open(ca_file=certificate.chain) as http:
        yield http


@pytest.fixture
async def other(certificate: MadeUp) -> AsyncIterator[Other]:
    other = Other()
    await other.front.start(certificate)
    yield other
    await other.front.stop()


async def test_a_request_arrives_whole_and_so_does_its_answer(http: Http2, other: Other) -> None:
    other.told = Told(status=201, headers={"x-of": "theirs"}, body=b"a" * 60_000)

    reply = await http(
        "POST", other.front.url + "/a", query={"b": "c d"}, headers={"X-Of": "ours"}, body=b"z" * 200_000
    )

    (asked,) = other.asked
    assert (asked.method, asked.path) == ("POST", "/a?b=c+d")
    assert asked.headers["x-of"] == "ours"
    assert asked.body == b"z" * 200_000
    assert (reply.status, reply.headers["x-of"], len(reply.body)) == (201, "theirs", 60_000)


async def test_a_late_answer_is_no_answer_and_nobody_elses(http: Http2, other: Other) -> None:
    await http("GET", other.front.url + "/first")
    other.faults = [Fault(kind=FaultKind.LATENCY, milliseconds=300)]

    with pytest.raises(TimeoutError):
        await http("GET", other.front.url + "/late", total=0.1)
    other.told = Told(status=404, body=b"of the next")
    reply = await http("GET", other.front.url + "/next")
    await asyncio.sleep(0.3)

    assert (reply.status, reply.body) == (404, b"of the next")
    assert [each.path for each in other.asked] == ["/first", "/late", "/next"]


async def test_a_connection_that_fell_silent_is_not_used_again(http: Http2, other: Other) -> None:
    await http("GET", other.front.url)
    other.faults = [Fault(kind=FaultKind.LATENCY, milliseconds=5_000)]
    with pytest.raises(TimeoutError):
        await http("GET", other.front.url, total=0.1)
    await asyncio.sleep(0.05)

    assert other.connections == 0
    assert (await http("GET", other.front.url)).status == 200


async def test_more_than_was_to_be_expected_is_no_answer(http: Http2, other: Other) -> None:
    other.told = Told(status=200, body=b"a" * 100_000)

    with pytest.raises(ConnectionAbortedError):
        await http("GET", other.front.url)
    other.told = Told(status=200, body=b"well")
    assert (await http("GET", other.front.url)).body == b"well"


async def test_beyond_what_a_connection_takes_there_is_another_and_then_a_queue(
    http: Http2, other: Other
) -> None:
    other.faults = [Fault(kind=FaultKind.LATENCY, milliseconds=50) for _ in range(30)]

    replies = await asyncio.gather(*(http("GET", other.front.url) for _ in range(30)))

    assert [each.status for each in replies] == [200] * 30
    assert other.connections == 4


async def test_who_hangs_up_finishes_what_was_begun(http: Http2, other: Other) -> None:
    await http("GET", other.front.url)
    other.faults = [Fault(kind=FaultKind.LATENCY, milliseconds=200)]
    slow = asyncio.create_task(http("GET", other.front.url))
    await asyncio.sleep(0.05)

    http.hang_up(other.front.url)
    await http("GET", other.front.url)
    assert other.connections == 2
    assert (await slow).status == 200
    await asyncio.sleep(0.05)
    assert other.connections == 1


async def test_cancelled_by_its_caller_a_request_is_given_up(http: Http2, other: Other) -> None:
    await http("GET", other.front.url)
    other.faults = [Fault(kind=FaultKind.LATENCY, milliseconds=5_000)]
    task = asyncio.create_task(http("GET", other.front.url))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert (await http("GET", other.front.url)).status == 200
    assert other.connections == 1


class Raw:
    """Somebody on a TLS port who says what they like."""

    def __init__(self, certificate: MadeUp, *, protocols: list[str]) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate.chain, certificate.key)
        self._tls.set_alpn_protocols(protocols)

    async def listen(self, talk: Talk) -> tuple[asyncio.Server, str]:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=self._tls)
        return server, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ConnectionRefusedError),
        (b"", ConnectionRefusedError),
        (SETTINGS + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", ConnectionAbortedError),
        (SETTINGS + b"\x00\x00\x04\x01\x04\x00\x00\x00\x01\xff\xff\xff\xff", ConnectionAbortedError),
        (SETTINGS + b"\x00\x00\x02\x07\x00\x00\x00\x00\x00\x00\x00", ConnectionAbortedError),
    ],
)
async def test_who_breaks_the_protocol_is_not_understood(
    http: Http2, certificate: MadeUp, said: bytes, expected: type[Exception]
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(24)
        writer.write(said[:9])
        await writer.drain()
        if said.startswith(SETTINGS):
            await reader.read(100)
            await asyncio.sleep(0.05)
            writer.write(said[9:])
            await writer.drain()
            await asyncio.sleep(0.5)
        writer.close()

    server, url = await Raw(certificate, protocols=["h2"]).listen(talk)
    with pytest.raises(expected):
        await http("GET", url, connect=0.4, total=0.4)
    server.close()


async def test_who_speaks_http_1_only_is_not_talked_to(http: Http2, certificate: MadeUp) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server, url = await Raw(certificate, protocols=["http/1.1"]).listen(talk)
    with pytest.raises(ConnectionRefusedError):
        await http("GET", url)
    server.close()

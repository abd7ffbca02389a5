"""HTTP/2 for a provider that speaks nothing else (APNs): a few connections, hundreds of requests on each.

As quiet as ``outbound.py``: no redirect, no cookie, no proxy, and no retry but one. A request the other end
certainly never looked at (GOAWAY below its number, RFC 9113 §6.8; REFUSED_STREAM, §8.7) goes once more, on
another connection: a provider says goodbye whenever it is maintained, and that is nobody's outage.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Final, cast
from urllib.parse import urlencode, urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error

from bff.platform.outbound import Reply, outbound_seconds

_log: Final = logging.getLogger(__name__)
_PER_HOST: Final = 4
_GOAWAY: Final = 0x7
_FRAME_HEADER: Final = 9


class _NeverLookedAt(Exception):
    """The other end did nothing with the request, and says so."""


class _Exchange:
    """One request under way."""

    def __init__(self, largest: int) -> None:
        self.done: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.largest = largest
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    def fail(self, error: Exception) -> None:
        """End it without a reply."""
        if not self.done.done():
            self.done.set_exception(error)


class _Connection(asyncio.Protocol):
    """One connection, from the handshake to its end."""

    def __init__(self) -> None:
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._transport: asyncio.Transport | None = None
        self._under_way: dict[int, _Exchange] = {}
        self._moved = asyncio.Event()
        self._unread = b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closing = False
        self.heard_at = 0.0

    @property
    def free(self) -> int:
        """How many more requests it takes now."""
        most = self._h2.remote_settings.max_concurrent_streams
        return 0 if self.closing else max(0, most - len(self._under_way))

    # --- asyncio's side ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello; requests wait for the other end's settings, which say how many at once."""
        # uvloop's streams are of no class of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        tls = self._transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() != "h2":
            self._end(ConnectionRefusedError("not HTTP/2"))
            return
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take what came, and tell whom it is for."""
        self.heard_at = perf_counter()
        try:
            for event in self._h2.receive_data(self._without_goodbye(data)):
                self._take(event)
        except (H2Error, ValueError) as error:
            _log.warning("the other end broke HTTP/2: %s", type(error).__name__)
            self._flush()
            self._end(ConnectionAbortedError("not HTTP/2 as it should be"))
            return
        self._flush()
        self._stir()
        if self.closing and not self._under_way:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever is under way has no answer; what came after the goodbye was told already."""
        del exc
        self._end(ConnectionAbortedError("no answer"))

    # --- requests -----------------------------------------------------------------------------------------

    async def ask(self, headers: list[tuple[str, str]], body: bytes, largest: int) -> Reply:
        """Send a request and wait for its reply."""
        exchange = _Exchange(largest)
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, headers, end_stream=not body)
        self._under_way[stream] = exchange
        self._flush()
        try:
            await self._send(stream, body, exchange)
            return await exchange.done
        finally:
            self._under_way.pop(stream, None)
            if not exchange.done.done() or exchange.done.cancelled():
                self._give_up(stream)
            if self.closing and not self._under_way:
                self.abort()
            self._stir()

    async def _send(self, stream: int, body: bytes, exchange: _Exchange) -> None:
        """The body, as the windows allow; not to its end if the answer is there before."""
        rest = memoryview(body)
        while rest and not exchange.done.done():
            size = min(
                self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size, len(rest)
            )
            if size <= 0:
                self._moved.clear()
                await self._moved.wait()
                continue
            self._h2.send_data(stream, bytes(rest[:size]), end_stream=size == len(rest))
            rest = rest[size:]
            self._flush()

    def _give_up(self, stream: int) -> None:
        try:
            self._h2.reset_stream(stream, ErrorCodes.CANCEL)
        except H2Error:
            return  # it is over already
        self._flush()

    async def stirred(self) -> None:
        """Wait until something happened that may have made room."""
        self._moved.clear()
        await self._moved.wait()

    def retire(self) -> None:
        """Begin nothing more; end when what is under way is answered."""
        self.closing = True
        if not self._under_way:
            self.abort()

    def abort(self) -> None:
        """End now."""
        self._end(ConnectionAbortedError("over"))

    # --- what comes ---------------------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived():
                self._begin(event)
            case DataReceived():
                self._more(event)
            case StreamEnded():
                self._whole(event.stream_id or 0)
            case StreamReset():
                refused = event.error_code == ErrorCodes.REFUSED_STREAM
                error = _NeverLookedAt() if refused else ConnectionAbortedError("the stream was reset")
                self._fail(event.stream_id or 0, error)
            case RemoteSettingsChanged():
                if not self.ready.done():
                    self.ready.set_result(None)
            case WindowUpdated():
                self._stir()
            case ConnectionTerminated():
                self._goodbye(event.last_stream_id or 0)
            case _:
                pass

    def _begin(self, event: ResponseReceived) -> None:
        exchange = self._under_way.get(event.stream_id or 0)
        if exchange is None:
            return
        for name, value in event.headers or ():
            if name == b":status" and value.isdigit():
                exchange.status = int(value)
            else:
                exchange.headers[name.decode("latin-1")] = value.decode("latin-1")

    def _more(self, event: DataReceived) -> None:
        stream = event.stream_id or 0
        self._h2.acknowledge_received_data(event.flow_controlled_length or 0, stream)
        exchange = self._under_way.get(stream)
        if exchange is None:
            return
        exchange.body += event.data or b""
        if len(exchange.body) > exchange.largest:
            self._fail(stream, ConnectionAbortedError("more than was to be expected"))
            self._give_up(stream)

    def _whole(self, stream: int) -> None:
        exchange = self._under_way.get(stream)
        if exchange is not None and not exchange.done.done():
            exchange.done.set_result(
                Reply(status=exchange.status, headers=exchange.headers, body=bytes(exchange.body))
            )

    def _fail(self, stream: int, error: Exception) -> None:
        exchange = self._under_way.get(stream)
        if exchange is not None:
            exchange.fail(error)

    def _goodbye(self, last: int) -> None:
        """What is beyond ``last`` was never looked at; the rest is still answered."""
        self.closing = True
        for stream, exchange in list(self._under_way.items()):
            if stream > last:
                exchange.fail(_NeverLookedAt())

    def _without_goodbye(self, data: bytes) -> bytes:
        """``data`` in whole frames, and GOAWAY taken out of it.

        h2 takes a goodbye for the end of everything and calls the answers that still come broken.
        """
        data = self._unread + data
        kept, at = bytearray(), 0
        while len(data) - at >= _FRAME_HEADER:
            length = int.from_bytes(data[at : at + 3])
            if length > self._h2.max_inbound_frame_size:
                raise ValueError("a frame longer than we take")
            end = at + _FRAME_HEADER + length
            if end > len(data):
                break
            if data[at + 3] == _GOAWAY:
                if length < 8:
                    raise ValueError("a GOAWAY without its numbers")
                # RFC 9113 §6.8: a reserved bit, then the last stream that was or may have been looked at.
                last = int.from_bytes(data[at + _FRAME_HEADER : at + _FRAME_HEADER + 4])
                self._goodbye(last & 0x7FFFFFFF)
            else:
                kept += data[at:end]
            at = end
        self._unread = data[at:]
        return bytes(kept)

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _stir(self) -> None:
        self._moved.set()

    def _end(self, error: Exception) -> None:
        self.closing = True
        if not self.ready.done():
            self.ready.set_exception(error)
            self.ready.exception()
        for exchange in self._under_way.values():
            exchange.fail(error)
        if self._transport is not None:
            self._transport.abort()
        self._stir()


class Http2:
    """Asks others over HTTP/2. Called from one event loop."""

    def __init__(self, *, ca_file: Path | None = None, per_host: int = _PER_HOST) -> None:
        """``ca_file`` holds the only authorities that are believed; without it, those of this machine."""
        self._tls = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        self._tls.set_alpn_protocols(["h2"])
        self._per_host = per_host
        self._connections: dict[str, list[_Connection]] = {}
        self._connecting: dict[str, asyncio.Lock] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, *, ca_file: Path | None = None) -> "AsyncIterator[Http2]":
        """A client whose connections end with the block."""
        client = cls(ca_file=ca_file)
        try:
            yield client
        finally:
            client.close()

    async def __call__(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        connect: float = 3.0,
        total: float = 5.0,
        largest: int = 64 * 1024,
    ) -> Reply:
        """Ask once, as ``Outbound`` does, with the same three exceptions."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        path = parts.path or "/"
        if query:
            path += "?" + urlencode(query)
        block = [
            (":method", method),
            (":scheme", parts.scheme),
            (":authority", parts.netloc),
            (":path", path),
            *((name.lower(), value) for name, value in (headers or {}).items()),
        ]
        start = perf_counter()
        outcome = "unanswered"
        try:
            reply = await self._asked(
                f"{parts.scheme}://{parts.netloc}",
                lambda connection: connection.ask(block, body or b"", largest),
                connect=connect,
                total=total,
            )
            outcome = f"{reply.status // 100}xx"
            return reply
        except ConnectionRefusedError:
            outcome = "unreached"
            _log.warning("%s not reached over HTTP/2", host)
            raise
        except (TimeoutError, ConnectionAbortedError) as error:
            _log.warning("%s gave no answer over HTTP/2: %s", host, type(error).__name__)
            raise
        finally:
            outbound_seconds.labels(host, outcome).observe(perf_counter() - start)

    def hang_up(self, url: str) -> None:
        """Begin nothing more on the connections to where ``url`` leads; what is under way goes on."""
        parts = urlsplit(url)
        for connection in self._connections.pop(f"{parts.scheme}://{parts.netloc}", ()):
            connection.retire()

    def close(self) -> None:
        """End every connection."""
        for connections in self._connections.values():
            for connection in connections:
                connection.abort()
        self._connections.clear()

    async def _asked(
        self, origin: str, ask: Callable[[_Connection], Awaitable[Reply]], *, connect: float, total: float
    ) -> Reply:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + total
        for last in (False, True):
            try:
                async with asyncio.timeout_at(deadline):
                    connection = await self._room(origin, connect)
            except TimeoutError:
                raise ConnectionRefusedError("no room in time") from None
            sent_at = perf_counter()
            try:
                async with asyncio.timeout_at(deadline):
                    return await ask(connection)
            except TimeoutError:
                if connection.heard_at < sent_at:
                    # Not a word since: perhaps nobody is there, and the next one shall not wait for them too.
                    connection.retire()
                raise TimeoutError("no answer in time") from None
            except _NeverLookedAt:
                if last:
                    raise ConnectionRefusedError("sent back twice") from None
            except H2Error:
                connection.abort()
                raise ConnectionRefusedError("no stream") from None
        raise AssertionError("the second round always ends")

    async def _room(self, origin: str, connect: float) -> _Connection:
        """A connection that takes one more request now; a new one where that is needed and allowed."""
        while True:
            held = self._connections.setdefault(origin, [])
            held[:] = [each for each in held if not each.closing]
            best = max(held, key=lambda each: each.free, default=None)
            if best is not None and best.free:
                return best
            if len(held) < self._per_host:
                async with self._connecting.setdefault(origin, asyncio.Lock()):
                    held = self._connections.setdefault(origin, [])
                    # Whoever waited here may find that somebody else has made room.
                    if not any(each.free for each in held) and len(held) < self._per_host:
                        held.append(await self._connect(origin, connect))
                continue
            waiting = [asyncio.ensure_future(each.stirred()) for each in held]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()

    async def _connect(self, origin: str, patience: float) -> _Connection:
        parts = urlsplit(origin)
        host, secure = parts.hostname or "", parts.scheme == "https"
        loop = asyncio.get_running_loop()
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(patience):
                _, connection = await loop.create_connection(
                    _Connection,
                    host,
                    parts.port or (443 if secure else 80),
                    ssl=self._tls if secure else None,
                    server_hostname=host if secure else None,
                )
                await connection.ready
        except (OSError, TimeoutError) as error:
            if connection is not None:
                connection.abort()
            raise ConnectionRefusedError(f"not reached: {type(error).__name__}") from None
        return connection

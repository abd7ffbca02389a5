"""A provider that speaks HTTP/2 over TLS, with a certificate made up for this machine.

Its bad days are the ones of ``simulator.py``: the plan and the journal are the same, at an address of their
own over HTTP/1.1, because nobody wants to order an outage over the connection it will break.
"""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Protocol, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings
from msgspec import Struct

from bff.sandbox.simulator import Arrived, Fault, FaultKind

_HOST: Final = "127.0.0.1"
_LIVES: Final = timedelta(days=3650)


class Asked(Struct, frozen=True, kw_only=True):
    """One request. ``connection`` is a number of its own for each."""

    connection: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Told(Struct, frozen=True, kw_only=True):
    """One reply."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Provider2(Protocol):
    """What answers."""

    def answer(self, asked: Asked) -> Told:
        """As its documentation says."""

    def busy_told(self) -> Told:
        """How it says that the trouble is on its side."""

    def throttled_told(self) -> Told:
        """How it says "too often"."""


class _Stream:
    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers
        self.body = bytearray()


class _Served(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, front: "Http2Front", number: int) -> None:
        self._front = front
        self._number = number
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self._transport: asyncio.Transport | None = None
        self._streams: dict[int, _Stream] = {}
        self._unsent: dict[int, bytes] = {}
        self._last = 0
        self._leaving = False
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's streams are of no class of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._front.open.add(self)
        # In the first frame: what is changed later, a client in a hurry has not heard of.
        told = {SettingCodes.MAX_CONCURRENT_STREAMS: self._front.streams}
        self._h2.local_settings = Settings(client=False, initial_values=told)
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._front.open.discard(self)
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
        except H2Error:
            self._flush()
            self.abort()
            return
        for event in events:
            match event:
                case RequestReceived():
                    fields = {
                        name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers or ()
                    }
                    self._streams[event.stream_id or 0] = _Stream(fields)
                case DataReceived():
                    self._h2.acknowledge_received_data(
                        event.flow_controlled_length or 0, event.stream_id or 0
                    )
                    if (stream := self._streams.get(event.stream_id or 0)) is not None:
                        stream.body += event.data or b""
                case StreamEnded():
                    self._whole(event.stream_id or 0)
                case StreamReset():
                    self._streams.pop(event.stream_id or 0, None)
                    self._unsent.pop(event.stream_id or 0, None)
                case WindowUpdated():
                    self._send_rest()
                case _:
                    pass
        self._flush()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _whole(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is None or self._leaving:
            return
        path = stream.headers.get(":path", "")
        asked = Asked(
            connection=self._number,
            method=stream.headers.get(":method", ""),
            path=path,
            headers=stream.headers,
            body=bytes(stream.body),
        )
        fault = self._front.arrived(asked.method, path, {})
        task = asyncio.ensure_future(self._serve(number, asked, fault))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, number: int, asked: Asked, fault: Fault | None) -> None:
        kind = None if fault is None else fault.kind
        provider = self._front.provider
        if kind is FaultKind.OUTAGE:
            self.abort()
        elif kind is FaultKind.GOODBYE:
            self._front.goodbyes += 1
            self._say_goodbye()
            others = self._tasks - {asyncio.current_task()}
            if others:
                await asyncio.wait(others)
            self._close()
        elif kind is FaultKind.BUSY:
            self._reply(number, provider.busy_told())
        elif kind is FaultKind.THROTTLE:
            self._reply(number, provider.throttled_told())
        elif kind is FaultKind.BAD_GATEWAY:
            self._reply(number, Told(status=502, body=b"<html>502 Bad Gateway</html>"))
        else:
            self._last = max(self._last, number)
            told = provider.answer(asked)
            if kind is FaultKind.LATENCY and fault is not None:
                await asyncio.sleep(fault.milliseconds / 1000)
            if kind is FaultKind.LOST:
                self.abort()
            elif kind is FaultKind.RESET:
                self._h2.reset_stream(number, ErrorCodes.INTERNAL_ERROR)
                self._flush()
            elif kind is FaultKind.TRUNCATED:
                self._reply(number, Told(status=told.status, body=told.body[: len(told.body) // 2]))
            else:
                self._reply(number, told)

    def _say_goodbye(self) -> None:
        """Name the last request that was taken, which is still answered: h2 itself would fall silent."""
        self._leaving = True
        # RFC 9113 §6.8: eight bytes of type 7 on stream 0; no error.
        frame = (8).to_bytes(3) + b"\x07\x00" + bytes(4) + self._last.to_bytes(4) + bytes(4)
        if self._transport is not None:
            self._transport.write(frame)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _reply(self, number: int, told: Told) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        fields = [(":status", str(told.status)), *told.headers.items(), ("x-simulated", "1")]
        try:
            self._h2.send_headers(number, fields, end_stream=not told.body)
        except H2Error:
            return  # the client gave it up
        if told.body:
            self._unsent[number] = told.body
            self._send_rest()
        self._flush()

    def _send_rest(self) -> None:
        """As much of every reply as the windows allow."""
        for number, rest in list(self._unsent.items()):
            unsent = rest
            while unsent:
                window = self._h2.local_flow_control_window(number)
                size = min(window, self._h2.max_outbound_frame_size, len(unsent))
                if size <= 0:
                    break
                self._h2.send_data(number, unsent[:size], end_stream=size == len(unsent))
                unsent = unsent[size:]
            self._unsent[number] = unsent
            if not unsent:
                del self._unsent[number]

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


class Http2Front:
    """The HTTP/2 side of a simulated provider."""

    def __init__(self, provider: Provider2, arrived: Arrived, *, streams: int) -> None:
        """``streams`` is how many requests it takes at once on a connection."""
        self.provider = provider
        self.arrived = arrived
        self.streams = streams
        self.open: set[_Served] = set()
        self.goodbyes = 0
        self._made = 0
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Its base address."""
        return f"https://{_HOST}:{self._port}"

    async def start(self, certificate: "MadeUp", port: int = 0) -> None:
        """Listen on ``port``, or on any free one."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.chain, certificate.key)
        tls.set_alpn_protocols(["h2"])
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, _HOST, port, ssl=tls, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.open):
            connection.abort()

    def _connection(self) -> _Served:
        self._made += 1
        return _Served(self, self._made)


class MadeUp(Struct, frozen=True, kw_only=True):
    """A certificate for this machine and nobody else: who is to believe it is given ``chain``."""

    chain: Path
    key: Path


def made_up(folder: Path) -> MadeUp:
    """The certificate in ``folder``, made there if there is none."""
    made = MadeUp(chain=folder / "certificate.pem", key=folder / "key.pem")
    if made.chain.exists() and made.key.exists():
        return made
    folder.mkdir(parents=True, exist_ok=True)
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIVES)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(_HOST))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    made.key.touch(mode=0o600)
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made.chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    return made

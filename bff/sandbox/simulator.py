"""A provider on a wire of its own: one HTTP server, its journal, and its bad days on order.

The provider is a class that answers as its documentation says (``wechat.py`` …); nothing of that is in here.
What every provider shares is here:

- every reply carries ``X-Simulated: 1``, the error pages too;
- ``/_sim/journal`` holds what arrived, so that a test can count calls instead of believing;
- ``/_sim/plan`` takes faults, each for a route, a number of times or a while.

It binds 127.0.0.1 only.
"""

import asyncio
import random
import socket
import struct
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Protocol, runtime_checkable

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

_HOST: Final = "127.0.0.1"
_JOURNAL_ENTRIES: Final = 20_000
_RESET: Final = struct.pack("ii", 1, 0)

Clock = Callable[[], datetime]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def utc_now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


class Provider(Protocol):
    """What a simulated provider brings along; one file each."""

    @property
    def name(self) -> str:
        """As in ``/_sim/<name>/…``, where its own controls are."""

    def routes(self) -> list[web.RouteDef]:
        """The documented API, and the controls that play the part of people."""

    def busy(self) -> web.Response:
        """How it says that the trouble is on its side."""


@runtime_checkable
class Throttles(Protocol):
    """A provider with words of its own for "too often"."""

    def throttled(self) -> web.Response:
        """How it says so."""


@runtime_checkable
class Revokes(Protocol):
    """A provider whose tokens can be over from one request to the next."""

    def revoke(self) -> None:
        """End every token it gave out."""


@runtime_checkable
class Shifts(Protocol):
    """A provider whose clock can go wrong."""

    def shift(self, offset: timedelta) -> None:
        """Be ``offset`` ahead of the time, or behind it, from now on."""


@runtime_checkable
class SaysGoodbye(Protocol):
    """A provider over HTTP/2, which can end a connection in good order."""

    def goodbye_said(self) -> int:
        """How many connections it ended so."""


Arrived = Callable[[str, str, Mapping[str, str]], "Fault | None"]
"""Notes method, path and query of a request; the fault that strikes it, if one does."""


@runtime_checkable
class TwoSided(Protocol):
    """A provider whose API is not HTTP/1.1: what it serves itself begins and ends with its controls."""

    async def begin(self, arrived: Arrived) -> None:
        """Listen."""

    async def end(self) -> None:
        """Close its port and every connection."""


class FaultKind(StrEnum):
    """What can go wrong between us and a provider."""

    LATENCY = "latency"
    """The reply is right, and late by ``milliseconds``."""
    BUSY = "busy"
    """The provider's own way of saying that it is out of order."""
    THROTTLE = "throttle"
    """The provider's own way of saying that we ask too often."""
    REVOKED = "revoked"
    """The provider ends every token before it looks at this request."""
    BAD_GATEWAY = "badGateway"
    """Something before the provider answers 502 with an HTML page."""
    TRUNCATED = "truncated"
    """A whole HTTP reply around half a body."""
    RESET = "reset"
    """The connection breaks in the middle of the body; the provider has done its part."""
    LOST = "lost"
    """The connection breaks before the first byte of the reply; the provider has done its part."""
    OUTAGE = "outage"
    """The connection breaks before the provider has done anything."""
    GOODBYE = "goodbye"
    """Over HTTP/2: the request is sent back unread, with the connection's end (GOAWAY)."""
    REFUSED = "refused"
    """Nobody listens, for ``seconds``."""


_BEFORE: Final = frozenset({FaultKind.BUSY, FaultKind.THROTTLE, FaultKind.BAD_GATEWAY, FaultKind.OUTAGE})
_NEEDS: Final[dict[FaultKind, type]] = {
    FaultKind.THROTTLE: Throttles,
    FaultKind.REVOKED: Revokes,
    FaultKind.GOODBYE: SaysGoodbye,
}


class Fault(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One kind of bad day: on which route, how often, how long, how likely."""

    kind: FaultKind
    route: Annotated[str, Meta(description="Exact path; every path if empty.")] = ""
    times: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="This many requests; all if not said.")
    ] = None
    seconds: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="From now for so long; for ever if not said.")
    ] = None
    share: Annotated[float, Meta(description="This part of the requests.", gt=0, le=1)] = 1.0
    milliseconds: Annotated[int, Meta(description="For `latency`.", ge=0, le=120_000)] = 0


class Plan(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A script of faults. ``seed`` makes the ones with a ``share`` fall the same way each time."""

    faults: list[Fault]
    seed: int = 0
    clock_offset: Annotated[float, Meta(description="Seconds the provider's clock is ahead.")] = 0


class Arrival(Struct, frozen=True, kw_only=True):
    """One request as it arrived; what was secret in it is starred."""

    at: datetime
    method: str
    path: str
    query: dict[str, str]
    fault: FaultKind | None


class _Scheduled:
    """A fault and how much of it is left."""

    def __init__(self, fault: Fault, now: datetime) -> None:
        self.fault = fault
        self.left = fault.times
        self.until = None if fault.seconds is None else now + timedelta(seconds=fault.seconds)

    def strikes(self, path: str, now: datetime, chance: random.Random) -> bool:
        """Whether this request is struck; counts it if so."""
        if (self.fault.route and self.fault.route != path) or self.left == 0:
            return False
        if (self.until is not None and now >= self.until) or chance.random() >= self.fault.share:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Simulator:
    """One provider, served."""

    def __init__(self, provider: Provider, *, now: Clock = utc_now) -> None:
        self.provider = provider
        self._now = now
        self._chance = random.Random(0)
        self._faults: list[_Scheduled] = []
        self._journal: deque[Arrival] = deque(maxlen=_JOURNAL_ENTRIES)
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._reopening: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The provider's base address."""
        return f"http://{_HOST}:{self._port}"

    async def start(self, port: int = 0) -> None:
        """Listen on ``port``, or on any free one."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._serve(request, handler)

        app = web.Application(middlewares=[middleware])
        app.on_response_prepare.append(_say_simulated)
        app.add_routes(self.provider.routes())
        app.add_routes(
            [
                web.get("/_sim/plan", self._get_plan),
                web.post("/_sim/plan", self._set_plan),
                web.delete("/_sim/plan", self._clear_plan),
                web.get("/_sim/journal", self._get_journal),
                web.delete("/_sim/journal", self._clear_journal),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
        await self._runner.setup()
        await self._listen(port)
        if isinstance(self.provider, TwoSided):
            await self.provider.begin(self.arrived)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._reopening is not None:
            self._reopening.cancel()
        if isinstance(self.provider, TwoSided):
            await self.provider.end()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _listen(self, port: int) -> None:
        if self._runner is None:
            raise RuntimeError("the simulator was stopped")
        await web.TCPSite(self._runner, _HOST, port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note the request, let the plan have its way, answer."""
        if request.path.startswith("/_sim/"):
            return await handler(request)
        fault = self.arrived(request.method, request.path, request.query)
        if fault is None:
            return await handler(request)
        if fault.kind in _BEFORE:
            return self._instead(fault.kind, request)
        if fault.kind is FaultKind.REVOKED and isinstance(self.provider, Revokes):
            self.provider.revoke()
        if fault.kind is FaultKind.LATENCY:
            await asyncio.sleep(fault.milliseconds / 1000)
        return await _spoil(fault.kind, request, await handler(request))

    def arrived(self, method: str, path: str, query: Mapping[str, str]) -> Fault | None:
        """Note a request in the journal; the fault that strikes it, if one does."""
        now = self._now()
        fault = next((each.fault for each in self._faults if each.strikes(path, now, self._chance)), None)
        self._journal.append(
            Arrival(
                at=now,
                method=method,
                path=path,
                query={
                    name: "***" if "secret" in name or "token" in name else value
                    for name, value in query.items()
                },
                fault=fault.kind if fault else None,
            )
        )
        return fault

    def _instead(self, kind: FaultKind, request: web.Request) -> web.Response:
        """The answer of somebody who never reached the provider's books."""
        if kind is FaultKind.BUSY:
            return self.provider.busy()
        if kind is FaultKind.THROTTLE and isinstance(self.provider, Throttles):
            return self.provider.throttled()
        if kind is FaultKind.BAD_GATEWAY:
            page = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
            return web.Response(status=502, text=page, content_type="text/html")
        _break(request)
        return web.Response()

    async def _get_plan(self, _: web.Request) -> web.Response:
        now = self._now()
        live = [each for each in self._faults if each.left != 0 and (each.until is None or now < each.until)]
        return _json([each.fault for each in live])

    async def _set_plan(self, request: web.Request) -> web.Response:
        try:
            plan = msgspec.json.decode(await request.read(), type=Plan)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        for fault in plan.faults:
            if not isinstance(self.provider, _NEEDS.get(fault.kind, object)):
                raise web.HTTPBadRequest(text=f"{self.provider.name} knows no {fault.kind}")
        if isinstance(self.provider, Shifts):
            self.provider.shift(timedelta(seconds=plan.clock_offset))
        elif plan.clock_offset:
            raise web.HTTPBadRequest(text=f"the clock of {self.provider.name} cannot be set")
        self._chance = random.Random(plan.seed)
        now = self._now()
        self._faults = [
            _Scheduled(fault, now) for fault in plan.faults if fault.kind is not FaultKind.REFUSED
        ]
        for fault in plan.faults:
            if fault.kind is FaultKind.REFUSED:
                self._reopening = asyncio.create_task(self._close_for(fault.seconds or 1.0))
        return web.Response(status=204)

    async def _clear_plan(self, _: web.Request) -> web.Response:
        self._faults = []
        if isinstance(self.provider, Shifts):
            self.provider.shift(timedelta(0))
        return web.Response(status=204)

    async def _get_journal(self, request: web.Request) -> web.Response:
        path = request.query.get("path")
        return _json([each for each in self._journal if path is None or each.path == path])

    async def _clear_journal(self, _: web.Request) -> web.Response:
        self._journal.clear()
        return web.Response(status=204)

    async def _close_for(self, seconds: float) -> None:
        """Close the port and every connection, and be back on the same port later."""
        await asyncio.sleep(0.05)  # let the reply to whoever asked for this get out
        runner, port = self._runner, self._port
        if runner is None or runner.server is None:
            return
        for site in list(runner.sites):
            await site.stop()
        for connection in list(runner.server.connections):
            connection.force_close()
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(seconds)
        await self._listen(port)


async def _spoil(kind: FaultKind, request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    """Let the reply to something that was done go wrong on its way."""
    body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b""
    if kind is FaultKind.TRUNCATED:
        return web.Response(status=whole.status, body=body[: len(body) // 2], content_type=whole.content_type)
    if kind is FaultKind.RESET:
        part = web.StreamResponse(status=whole.status)
        part.content_type = whole.content_type
        part.content_length = len(body)
        await part.prepare(request)
        await part.write(body[: len(body) // 2])
        await asyncio.sleep(0.01)
        _break(request)
        return part
    if kind is FaultKind.LOST:
        _break(request)
    return whole


def _break(request: web.Request) -> None:
    """End the connection with a TCP reset instead of a goodbye."""
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        request.transport.abort()


async def _say_simulated(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Simulated"] = "1"
    response.headers["X-Provider-Env"] = "sim"  # what whoever asks writes down with what came of it


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


@asynccontextmanager
async def simulated(provider: Provider, *, now: Clock = utc_now, port: int = 0) -> AsyncIterator[Simulator]:
    """``provider`` on a port, in the running loop."""
    simulator = Simulator(provider, now=now)
    await simulator.start(port)
    try:
        yield simulator
    finally:
        await simulator.stop()


@contextmanager
def simulated_in_thread(provider: Provider, *, now: Clock = utc_now, port: int = 0) -> Iterator[Simulator]:
    """``provider`` on a port, in a loop and a thread of its own, for callers that have no loop."""
    simulator = Simulator(provider, now=now)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"simulated-{provider.name}", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(simulator.start(port), loop).result(10)
        yield simulator
    finally:
        asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

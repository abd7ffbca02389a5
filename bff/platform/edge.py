"""What surrounds every HTTP request: its id, its measure, its line in the log.

One wrapper round the whole application instead of a middleware for each purpose: routing itself can
refuse (404, 405), and on the hot path every layer is felt. Nothing is written for a request that
succeeds in time: its count and latency are in the metrics. Logged are refusals (info), slow answers and
outages (warning) and mistakes of ours (error); at ``debug`` every request.
"""

from time import perf_counter
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from bff.platform.telemetry import METER, Trace, current_trace, new_trace_id

_UNMATCHED: Final = "unmatched"
# An API answer is for the one who asked: no cache keeps it, no browser guesses at it. What says
# otherwise (pages, key sets, ETags) has set Cache-Control itself.
_PRIVATE: Final = (b"cache-control", b"no-store")
_NO_SNIFF: Final = (b"x-content-type-options", b"nosniff")

_log: Final = structlog.get_logger("http")


class Edge:
    """The application with its edge on."""

    def __init__(self, app: ASGIApp, *, slow_ms: int, log_all: bool = False) -> None:
        self._app = app
        self._slow = slow_ms / 1000
        self._log_all = log_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; only HTTP is measured."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        trace = Trace(_trace_id(scope))
        status = 500

        answered = 0.0

        async def send_marked(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], perf_counter()
                message["headers"] = _marked(list(message["headers"]), trace.id)
            await send(message)

        # Not reset afterwards: the server gives each request a task, and so a context, of its own.
        current_trace.set(trace)
        METER.in_progress += 1
        start = perf_counter()
        try:
            await self._app(scope, receive, send_marked)
        finally:
            # What is told bit by bit for minutes is measured until it begins.
            handler = scope.get("route_handler")
            streams = answered and handler is not None and handler.opt.get("streams")
            seconds = (answered if streams else perf_counter()) - start
            METER.in_progress -= 1
            status = trace.status or status
            route = scope.get("path_template") or _UNMATCHED
            METER.record(scope["method"], route, status, seconds)
            if status >= 400 or seconds >= self._slow or self._log_all:
                self._tell(scope, route, status, seconds, trace)

    def _tell(self, scope: HTTPScope, route: str, status: int, seconds: float, trace: Trace) -> None:
        handler = scope.get("route_handler")
        facts: dict[str, object] = {
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "audience": None if handler is None else handler.opt.get("audience"),
        }
        if trace.problem is not None:
            facts["problem"] = trace.problem
        if status == 500:
            _log.error("request", **facts)
        elif seconds >= self._slow:
            _log.warning("slow request", **facts)
        elif status > 500:
            # Something we need is away: that is for its own alarm, and for readiness to say.
            _log.warning("request", **facts)
        elif status >= 400:
            _log.info("request", **facts)
        else:
            _log.debug("request", **facts)


def _trace_id(scope: HTTPScope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return new_trace_id(value.decode("latin-1"))
    return new_trace_id()


def _marked(headers: list[tuple[bytes, bytes]], trace: str) -> list[tuple[bytes, bytes]]:
    said = dict(headers)
    headers.append((b"x-request-id", trace.encode()))
    if b"cache-control" not in said:
        headers.append(_PRIVATE)
    if b"x-content-type-options" not in said:
        headers.append(_NO_SNIFF)
    return headers

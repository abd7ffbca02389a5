"""Logs, metrics and the id that ties a request to both.

One JSON object a line on standard output: ``ts level event trace_id`` and what the event is about. A
line never says who: no name, phone, ID number, openid, code or token. Callers keep that promise;
`redact` is the last line of defence, and a counter tells when it had to step in.

Exceptions are logged by type and frames. Their messages quote what they choked on (a duplicate key,
a malformed field), so they appear at ``debug`` only.
"""

import itertools
import logging
import os
import re
import secrets
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Any, BinaryIO, Final

import msgspec
import structlog
from prometheus_client import REGISTRY, Counter, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

__all__ = [
    "METER",
    "RequestMeter",
    "Trace",
    "configure_logging",
    "current_trace",
    "new_trace_id",
    "redact",
    "serve_metrics",
    "trace_id",
]

# --- the request id ----------------------------------------------------------------------------------


class Trace:
    """What log and audit will say about the request being served; filled in as it becomes known."""

    __slots__ = ("id", "problem", "provider", "recorded", "status")

    def __init__(self, id: str) -> None:
        self.id = id
        self.problem: str | None = None
        self.status: int | None = None
        """The status that was meant, where an envelope carries it under 200."""
        self.recorded: tuple[str, ...] = ()
        """Kinds and outcomes of what the audit trail holds of it."""
        self.provider: dict[str, str] = {}
        """What somebody outside who was asked said of the asking itself: their name for it."""


current_trace: ContextVar[Trace | None] = ContextVar("suishen_trace", default=None)


class _Ids:
    """This process's random number and a count: unique, and five times cheaper than chance each time."""

    __slots__ = ("_count", "_process")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count anew under a new number; a forked worker must not go on with its parent's."""
        self._process = secrets.token_hex(6)
        self._count = itertools.count(1)

    def next(self) -> str:
        return f"{self._process}-{next(self._count):08x}"


_ids: Final = _Ids()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.begin)

_ACCEPTED_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")


def new_trace_id(offered: str | None = None) -> str:
    """The id the caller offered if it is fit to be logged, else a new one."""
    if offered is not None and _ACCEPTED_ID.fullmatch(offered) and redact(offered) == offered:
        return offered
    return _ids.next()


def trace_id() -> str:
    """The id of the request being served, or a new one outside of any."""
    trace = current_trace.get()
    return new_trace_id() if trace is None else trace.id


# --- redaction ---------------------------------------------------------------------------------------

_REDACTIONS: Final = Counter(
    "suishen_log_redactions", "Personal data or secrets stopped on their way into a log line.", ["kind"]
)
_PERSONAL: Final = re.compile(
    r"(?P<bearer>\bBearer\s+\S+)"
    r"|(?P<code>\bLZ1:[0-9A-Z $%*+\-./:]{8,}|\bLZ[A-Z2-7]{26}\b)"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<id_number>(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z]))"
    r"|(?P<phone>(?<![0-9A-Za-z])(?:\+?86)?1[3-9]\d{9}(?![0-9A-Za-z]))"
    r"|(?P<openid>(?<![\w-])o[\w-]{27}(?![\w-]))"
    r"|(?P<user_id>(?<![0-9A-Za-z])2088\d{12}(?![0-9A-Za-z]))"
    # Base64url of 256 bits or more: opaque tokens, the parts of a JWT. Hex digests may pass.
    r"|(?P<token>(?<![\w-])(?![0-9a-f]+(?![\w-]))[\w-]{43,}(?![\w-]))"
)
_NEVER_LOGGED: Final = frozenset(
    {
        "access_token",
        "assertion",
        "auth_token",
        "authorization",
        "body",
        "claims",
        "client_assertion",
        "code",
        "cookie",
        "headers",
        "id_number",
        "name",
        "one_time_code",
        "open_id",
        "openid",
        "passphrase",
        "password",
        "phone",
        "refresh_token",
        "secret",
        "session_key",
        "token",
        "unionid",
        "user_id",
    }
)


# Ours by construction: a clock's reading, a word of four, an id that was vetted when it was taken over.
_CLEAN: Final = frozenset({"ts", "level", "trace_id"})


def redact(text: str) -> str:
    """``text`` without anything that looks like a person or a secret."""
    if len(text) <= 64 and _is_clean(text):
        return text
    return _PERSONAL.sub(_strike, text)


@lru_cache(maxsize=2048)
def _is_clean(text: str) -> bool:
    """Routes, codes and the like come again and again, and the search takes longer than the whole line."""
    return _PERSONAL.search(text) is None


def _strike(found: re.Match[str]) -> str:
    kind = found.lastgroup or "other"
    _REDACTIONS.labels(kind).inc()
    return f"[{kind}]"


def _redact_value(key: str, value: object) -> object:
    if key in _NEVER_LOGGED:
        _REDACTIONS.labels(key).inc()
        return f"[{key}]"
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**10 else _redact_number(value)
    if isinstance(value, Mapping):
        return {redact(str(name)): _redact_value(str(name), item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redact_value("", item) for item in value]
    return redact(str(value))


def _redact_number(value: int) -> int | str:
    digits = str(value)
    return value if (struck := redact(digits)) == digits else struck


# --- logs --------------------------------------------------------------------------------------------

_encode: Final = msgspec.json.Encoder().encode
_FRAMES: Final = 16
_HERE: Final = re.compile(rf"^.*/site-packages/|^{re.escape(str(Path(__file__).parents[2]))}/")
_OURS: Final = ("bff", "wallet", "auth_bridges", "uvicorn")


def configure_logging(level: str, stream: BinaryIO | None = None) -> None:
    """Send every log line of this process, ours and the libraries', through one pipeline.

    Called once, by the process that starts. Libraries are heard from WARNING up, whatever ``level`` is.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    out = sys.stdout.buffer if stream is None else stream
    verbose = threshold <= logging.DEBUG
    pipeline = (_stamp, _describe_exception(verbose=verbose), _redact_event, _render)
    structlog.configure(
        processors=pipeline,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    # What a library tells below WARNING is headers, addresses and documents: not ours to pass on.
    logging.basicConfig(handlers=[_Bridge()], level=max(threshold, logging.WARNING), force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(threshold)


class _Bridge(logging.Handler):
    """Hands what libraries log to structlog, as an event like any other."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger().bind(logger=record.name)
        exc_info = record.exc_info if record.exc_info and record.exc_info[0] else None
        log.log(record.levelno, record.getMessage(), **({"exc_info": exc_info} if exc_info else {}))


Event = MutableMapping[str, Any]


def _stamp(_: object, method: str, event: Event) -> Event:
    stamped: Event = {
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": "error" if method == "exception" else method,
        "event": event.pop("event", ""),
    }
    if (trace := current_trace.get()) is not None:
        stamped["trace_id"] = trace.id
    stamped.update(event)
    return stamped


def _describe_exception(*, verbose: bool) -> Callable[[object, str, Event], Event]:
    def describe(_: object, __: str, event: Event) -> Event:
        given = event.pop("exc_info", None)
        exception = _exception(given)
        if exception is not None:
            event["exception"] = _type_of(exception)
            event["frames"] = _frames(exception.__traceback__)
            if exception.__cause__ is not None:
                event["cause"] = _type_of(exception.__cause__)
            if verbose:
                event["message"] = str(exception)
        return event

    return describe


def _exception(given: object) -> BaseException | None:
    match given:
        case BaseException():
            return given
        case (_, BaseException() as raised, _):
            return raised
        case True:
            return sys.exc_info()[1]
        case _:
            return None


def _type_of(exception: BaseException) -> str:
    kind = type(exception)
    return f"{kind.__module__}.{kind.__qualname__}"


def _frames(trace: TracebackType | None) -> list[str]:
    """Where it went wrong, innermost last; no source lines and no values."""
    return [
        f"{_HERE.sub('', frame.filename)}:{frame.lineno} {frame.name}"
        for frame in extract_tb(trace)[-_FRAMES:]
    ]


def _redact_event(_: object, __: str, event: Event) -> Event:
    return {key: value if key in _CLEAN else _redact_value(key, value) for key, value in event.items()}


def _render(_: object, __: str, event: Event) -> bytes:
    return _encode(event)


# --- metrics -----------------------------------------------------------------------------------------


_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})


class RequestMeter(Collector):
    """Requests by route template, method and status class.

    A dictionary look-up, a bisection and three additions a request: a tenth of what the client
    library's own histogram costs. Additions are safe because one event loop makes them; the scrape
    may run in another thread and at worst misses the request in flight.
    """

    BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

    def __init__(self) -> None:
        self.in_progress = 0
        self._series: dict[tuple[str, str, int], _Series] = {}

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; ``route`` is a template, one of few."""
        key = (method, route, status // 100)
        series = self._series.get(key)
        if series is None:
            series = self._begun(key)
        series.counts[bisect_left(self.BUCKETS, seconds)] += 1
        series.seconds += seconds

    def _begun(self, key: tuple[str, str, int]) -> "_Series":
        method, route, family = key
        # Anybody may make up methods; they must not make up series.
        known = method if method in _METHODS else "other"
        return self._series.setdefault((known, route, family), _Series(len(self.BUCKETS) + 1))

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        """What a scrape reads."""
        labels = ["method", "route", "status"]
        total = CounterMetricFamily("suishen_http_requests", "Requests answered.", labels=labels)
        latency = HistogramMetricFamily(
            "suishen_http_request_seconds",
            "From the first byte of the request to the last of the answer.",
            labels=labels,
        )
        for (method, route, family), series in sorted(self._series.items()):
            values = [method, route, f"{family}xx"]
            cumulative = list(itertools.accumulate(series.counts))
            bounds = [*(str(bound) for bound in self.BUCKETS), "+Inf"]
            total.add_metric(values, cumulative[-1])
            latency.add_metric(values, list(zip(bounds, cumulative, strict=True)), series.seconds)
        yield total
        yield latency
        yield GaugeMetricFamily(
            "suishen_http_requests_in_progress", "Requests being served.", value=self.in_progress
        )


class _Series:
    __slots__ = ("counts", "seconds")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.seconds = 0.0


METER: Final = RequestMeter()
REGISTRY.register(METER)


@contextmanager
def serve_metrics(host: str, port: int) -> Iterator[None]:
    """Answer scrapes on a port of their own, from a thread, until the block ends."""
    server, thread = start_http_server(port, addr=host)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

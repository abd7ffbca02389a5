"""The one HTTP client for calls to others: providers, registries, authorities.

aiohttp, because it costs a tenth of httpx and does not collapse under hundreds of calls at once
(docs/performance.md). Every call has its time-outs, connections are bounded, and nothing is done behind
the caller's back: no retry (a one-time code may be spent by a request whose reply was lost), no redirect,
no cookie, no proxy from the environment. What went wrong is told in two words only, because only two
matter to whoever asked: it certainly never got there, or nobody can tell.
"""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse
from msgspec import Struct
from prometheus_client import Histogram

from bff.platform.telemetry import current_trace

_log: Final = logging.getLogger(__name__)
PER_HOST: Final = 200
outbound_seconds: Final = Histogram(
    "suishen_outbound_seconds",
    "From asking to the last byte of the answer; `outcome` is a status class, `unreached` or `unanswered`.",
    ["host", "outcome"],
)

# What a provider says of our asking in the headers of its answer, and what the audit calls it.
_SAID: Final = {"trace_id": "rid", "alipay-trace-id": "rid", "x-provider-env": "providerEnv"}
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_seconds: Final = lru_cache(1_000)(outbound_seconds.labels)


class Reply(Struct, frozen=True, kw_only=True):
    """An answer, whatever its status: header names in lower case, the body whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """Asks others. Called from one event loop; as many calls at once as there are connections."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @classmethod
    @asynccontextmanager
    async def open(cls, *, per_host: int = PER_HOST) -> "AsyncIterator[Outbound]":
        """A client with connections of its own, closed at the end of the block.

        At most ``per_host`` to one host and twice as many in all: who waits for one behind others too long is
        told that nobody was reached.
        """
        connector = aiohttp.TCPConnector(limit=2 * per_host, limit_per_host=per_host)
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        ) as session:
            yield cls(session)

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
        """Ask once; give up after ``connect`` seconds without a connection or ``total`` in all.

        ``ConnectionRefusedError``: it certainly never got there, and may be asked again. ``TimeoutError``
        or ``ConnectionAbortedError``: nobody can tell whether it did. A body over ``largest`` bytes counts
        as no answer. None of them, and no log line, says what was asked: a URL may hold a secret.
        """
        host = urlsplit(url).hostname or ""
        start = perf_counter()
        outcome = "unanswered"
        try:
            async with self._session.request(
                method,
                url,
                params=query,
                headers=headers,
                data=body,
                timeout=_timeout(total, connect),
                allow_redirects=False,
                middlewares=() if method == "POST" else (_once(),),
            ) as response:
                reply = await _whole(response, largest)
            _note(reply.headers)
            outcome = f"{reply.status // 100}xx"
            return reply
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            outcome = "unreached"
            _log.warning("%s not reached: %s", host, type(error).__name__)
            raise ConnectionRefusedError("not reached") from None
        except TimeoutError:
            _log.warning("%s gave no answer in time", host)
            raise TimeoutError("no answer in time") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            _log.warning("%s gave no answer: %s", host, type(error).__name__)
            raise ConnectionAbortedError("no answer") from None
        finally:
            _seconds(host, outcome).observe(perf_counter() - start)


@lru_cache(100)
def _timeout(total: float, connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, connect=connect)


async def _whole(response: ClientResponse, largest: int) -> Reply:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > largest:
            raise ConnectionAbortedError("more than was to be expected")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(status=response.status, headers=headers, body=bytes(body))


def _note(headers: Mapping[str, str]) -> None:
    """Leave what a provider said of our asking to the audit of the request in which it was asked."""
    trace = current_trace.get()
    if trace is not None:
        said = ((fact, headers.get(header, "")) for header, fact in _SAID.items())
        trace.provider.update({fact: value for fact, value in said if _PLAIN.fullmatch(value)})


def _once() -> ClientMiddlewareType:
    """Refuse to send a request again: aiohttp repeats a GET, though no POST, when its connection broke."""
    sent = False

    async def send_once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        nonlocal sent
        if sent:
            raise ConnectionAbortedError("sent, and no answer")
        sent = True
        return await handler(request)

    return send_once

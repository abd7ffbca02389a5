"""From evidence to an open page: how long until whoever looks at their code sees the new colour.

Every resident of the crowd has their page open (server-sent events). Two hundred times a second a source
reports a positive result for one of them, or takes it back, and the time runs from before the report is sent
until the page has been told the colour that follows.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct

from bff.sandbox.bench.figures import PAGE_ROW, Round, Sample, Who, percentile

A_SECOND: Final = 200
_PATIENCE_SECONDS: Final = 30.0
_PERCENTILES: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
_DATA: Final = b"data: "


class Reader(Struct, frozen=True, kw_only=True):
    """A resident with an open page."""

    id_number: str
    token: str


class _Told(Struct):
    """The one thing looked at in an event."""

    colour: str


_read: Final = msgspec.json.Decoder(_Told).decode


def measure(url: str, readers: Sequence[Reader], source: str, seconds: float) -> Round:
    """One round; the floor is what was asked for, as many events a second."""
    return asyncio.run(_measure(url, readers, source, seconds))


async def _measure(url: str, readers: Sequence[Reader], source: str, seconds: float) -> Round:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_PATIENCE_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, timeout=timeout, connector=connector) as http:
        pages = [_Page(http, reader, source) for reader in readers]
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.gather(*(page.open() for page in pages))
        # One page after the other, evenly: whose turn comes before the last was seen is waited for.
        pause = len(pages) / A_SECOND
        start = time.perf_counter()
        await asyncio.gather(
            *(page.play(start + number / A_SECOND, pause, seconds) for number, page in enumerate(pages))
        )
        took = time.perf_counter() - start
        for page in pages:
            page.close()
    latencies = sorted(each for page in pages for each in page.latencies)
    errors = sum(page.errors for page in pages)
    ours = Sample(
        rate=len(latencies) / took,
        milliseconds={name: percentile(latencies, share) * 1000 for name, share in _PERCENTILES.items()},
        answered=len(latencies),
        errors=errors,
        complaint=next((page.complaint for page in pages if page.complaint), ""),
    )
    return {(Who.OURS, PAGE_ROW): ours, (Who.FLOOR, PAGE_ROW): Sample(rate=float(A_SECOND))}


class _Page:
    """One open page, and the reports about whoever looks at it."""

    def __init__(self, http: aiohttp.ClientSession, reader: Reader, source: str) -> None:
        self.latencies: list[float] = []
        self.errors = 0
        self.complaint = ""
        self._http = http
        self._reader = reader
        self._source = {"Authorization": f"Bearer {source}"}
        self._seen: asyncio.Queue[str] = asyncio.Queue()
        self._following: asyncio.Task[None]
        self._positive: str | None = None

    async def open(self) -> None:
        """Open the page and wait until it shows a colour."""
        self._following = asyncio.create_task(self._follow())
        await self._seen.get()

    def close(self) -> None:
        """Close the page."""
        self._following.cancel()

    async def play(self, first: float, pause: float, seconds: float) -> None:
        """Report, and see; from ``first`` on, every ``pause`` seconds, for ``seconds``."""
        due = first
        while due < first + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._once()
            except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
                self.errors += 1
                self.complaint = self.complaint or f"{type(failure).__name__}: {failure}"
            due = max(due + pause, time.perf_counter())

    async def _once(self) -> None:
        begin = time.perf_counter()
        item, expected = self._next()
        async with self._http.post(
            "/issuer/v1/health-evidence", json={"items": [item]}, headers=self._source
        ) as answer:
            told = await answer.json()
        if answer.status != 200 or told["recorded"] != 1:
            raise ValueError(str(told)[:300])
        while (await self._seen.get() == "RED") is not expected:
            pass
        self.latencies.append(time.perf_counter() - begin)

    def _next(self) -> tuple[dict[str, Any], bool]:
        """What is reported next, and whether it makes red: a positive result, or that it was none."""
        taken_back, name = self._positive, secrets.token_hex(8)
        self._positive = name if taken_back is None else None
        item: dict[str, Any] = {
            "sourceId": name,
            "idNumber": self._reader.id_number,
            "jurisdiction": "310000",
            "occurredAt": (datetime.now(UTC) - timedelta(seconds=1)).isoformat(),
            "facts": {"kind": "RESULT", "outcome": "POSITIVE"},
        }
        if taken_back is not None:
            item |= {"supersedes": taken_back, "void": True}
        return item, taken_back is None

    async def _follow(self) -> None:
        headers = {"Authorization": f"Bearer {self._reader.token}"}
        async with self._http.get("/mp/v1/health-code/events", headers=headers) as events:
            async for line in events.content:
                if line.startswith(_DATA):
                    self._seen.put_nowait(_read(line[len(_DATA) :]).colour)

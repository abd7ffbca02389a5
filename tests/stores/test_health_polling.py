"""Sources that are asked: what they tell is evidence like any other, and one that is away is left alone."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from msgspec import Struct

from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.models import Department
from health_code.polling import Polling
from health_code.rules.evidence import Kind
from health_code.sources.base import Breaker, Page, SourceAway
from health_code.sources.http import HttpSource
from health_code.store import Lease
from miniapp_schemas.health_code import ReportEvidence
from tests.factories import ID_NUMBER
from tests.health import evidence

NOW: Final = datetime(2022, 9, 18, 4, tzinfo=UTC)
BUREAU: Final = Department(id="sichuan", name="四川", kinds=frozenset({Kind.RESULT}))


def told(number: int) -> ReportEvidence:
    at = datetime.now(UTC) - timedelta(hours=1)
    item = evidence(ID_NUMBER, at, {"kind": "RESULT", "outcome": "NEGATIVE"}, sourceId=f"source-{number:04}")
    return msgspec.convert(item, ReportEvidence)


class Elsewhere:
    """A department with pages of evidence, that may be away."""

    def __init__(self, department: Department, pages: int) -> None:
        self.department = department
        self.asked: list[str | None] = []
        self.away = False
        self._pages = pages

    async def page(self, cursor: str | None) -> Page:
        self.asked.append(cursor)
        if self.away:
            raise SourceAway("away")
        number = int(cursor or 0)
        if number == self._pages:
            return Page(items=[], cursor=str(number))
        return Page(items=[told(number)], cursor=str(number + 1), more=True)


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with Platform.open(settings) as opened:
        await opened.ensure_indexes()
        yield opened


def polling(platform: Platform, *sources: Elsewhere) -> Polling:
    health = platform.health
    return Polling(
        sources,
        reporting=health.reporting,
        store=health.sources,
        lease=Lease(health.snapshots._run, "polling", holder="test"),
        clock=platform.clock,
    )


async def test_pages_are_taken_once_and_gone_on_from_by_whoever_asks_next(platform: Platform) -> None:
    source = Elsewhere(BUREAU, pages=3)
    await polling(platform, source).once()
    await polling(platform, source).once()

    assert source.asked == [None, "1", "2", "3", "3"]
    kept = await platform.health.evidence.of([platform.personal.hash(ID_NUMBER)])
    assert [each.source_id for each in kept[platform.personal.hash(ID_NUMBER)]] == [
        "source-0000",
        "source-0001",
        "source-0002",
    ]
    assert set(await platform.health.sources.all()) == {"sichuan"}


async def test_a_source_that_is_away_is_left_alone_and_holds_up_no_other(platform: Platform) -> None:
    away = Elsewhere(msgspec.structs.replace(BUREAU, id="hubei"), pages=1)
    away.away = True
    well = Elsewhere(BUREAU, pages=1)
    asking = polling(platform, away, well)
    for _ in range(6):
        await asking.once()

    assert len(away.asked) == 3
    assert len(well.asked) == 7
    assert set(await platform.health.sources.all()) == {"sichuan"}


def test_a_breaker_waits_longer_each_time_and_forgets_all_with_the_first_answer() -> None:
    breaker, now, pauses = Breaker(), NOW, []
    for _ in range(10):
        breaker.failed(now)
        opens = next(second for second in range(2_000) if breaker.lets_ask(now + timedelta(seconds=second)))
        pauses.append(opens)
        now += timedelta(seconds=opens)
    breaker.answered()

    assert pauses == [0, 0, 10, 20, 40, 80, 160, 320, 600, 600]
    assert breaker.lets_ask(now)


class Answer(Struct, frozen=True):
    status: int
    body: bytes


class Wire:
    """An HTTP client that has an answer ready."""

    def __init__(self, answer: Answer | Exception) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    async def __call__(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        total: float,
        largest: int,
    ) -> Answer:
        del total, largest
        self.asked.append({"method": method, "url": url, "query": query, "headers": headers, "body": body})
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_over_https_a_page_is_read_and_nothing_else_is_taken_for_one() -> None:
    body = msgspec.json.encode({"items": [msgspec.to_builtins(told(1))], "cursor": "7", "more": False})
    wire = Wire(Answer(200, body))
    page = await HttpSource(wire, BUREAU, url="https://sichuan.example/evidence", key="k").page("6")

    assert (page.cursor, page.items[0].source_id) == ("7", "source-0001")
    assert wire.asked[0]["query"] == {"cursor": "6"}
    assert wire.asked[0]["headers"] == {"Authorization": "Bearer k"}
    for broken in (
        Answer(503, body),
        Answer(200, body.replace(b'"items"', b'"item"')),
        Answer(200, body.replace(b"NEGATIVE", b"GREEN")),
        ConnectionRefusedError(),
        TimeoutError(),
    ):
        with pytest.raises(SourceAway):
            await HttpSource(Wire(broken), BUREAU, url="https://sichuan.example/", key="k").page(None)

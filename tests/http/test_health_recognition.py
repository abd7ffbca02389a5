"""What another province's health code says (互认): shown with source and age, judged by our own rules."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from auth_bridges.models import Audience
from bff.platform.settings import Settings
from health_code.models import Department
from health_code.polling import Polling
from health_code.rules.evidence import Kind
from health_code.sources.base import Page
from health_code.store import Lease
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.health_code import ReportEvidence
from tests.health import Reporter, evidence, publish, rule, rule_set
from tests.health_town import CODE, HealthTown, Somebody, health_town

FRESH_RED_IS_YELLOW: Final = rule(
    9,
    "YELLOW",
    Kinds=["FOREIGN_CERT"],
    Logic={
        "and": [
            {"===": [{"var": "payload.event.shown"}, "RED"]},
            {"<": [{"var": "payload.event.hoursSince"}, 4]},
        ]
    },
    Ttl={"amount": 4, "unit": "hour"},
)


def code_of(area: str = "510100", shown: str = "RED") -> dict[str, Any]:
    """What a province's health code says."""
    return {"kind": "FOREIGN_CERT", "area": area, "issuer": "四川天府健康通", "shown": shown}


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[HealthTown]:
    async with health_town(settings) as made:
        yield made


@pytest.fixture
async def lin(town: HealthTown) -> Somebody:
    return await town.resident(1)


def province(town: HealthTown, types: frozenset[str] = frozenset({"health:FOREIGN_CERT"})) -> Reporter:
    headers = town.bearer(
        Audience.ISSUER, "health:report", subject="sichuan", assurance=AssuranceLevel.L2, types=types
    )
    return Reporter(town.http, headers)


async def pushed(town: HealthTown, number: str, facts: dict[str, Any], ago: timedelta) -> httpx.Response:
    answer = await province(town).report(evidence(number, datetime.now(UTC) - ago, facts))
    assert answer.json()["recorded"] == 1, answer.text
    await town.settle()
    return answer


async def code(somebody: Somebody) -> dict[str, Any]:
    answer = await somebody.ask("GET", CODE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_red_of_another_province_is_shown_with_its_source_and_age_and_colours_nothing_by_itself(
    town: HealthTown, lin: Somebody
) -> None:
    await pushed(town, lin.number, code_of(), timedelta(hours=1))

    told = await code(lin)

    (said,) = told["elsewhere"]
    assert (told["colour"], told["reasons"]) == ("GREEN", [])
    assert (said["certificate"], said["issuer"], said["area"]) == ("HEALTH_CODE", "四川天府健康通", "510100")
    assert (said["shown"], said["brought"], said["stale"]) == ("RED", "REPORTED", False)
    as_of, stale_at = (datetime.fromisoformat(said[name]) for name in ("asOf", "staleAt"))
    assert stale_at - as_of == timedelta(hours=4)
    assert timedelta(minutes=59) < datetime.now(UTC) - as_of < timedelta(minutes=61)


async def test_our_rule_says_what_follows_from_it_and_the_reason_names_it(
    town: HealthTown, lin: Somebody
) -> None:
    await publish(town.platform, rule_set(FRESH_RED_IS_YELLOW, Version="1.0.1"))
    await pushed(town, lin.number, code_of(), timedelta(hours=1))

    told = await code(lin)

    (reason,) = told["reasons"]
    assert (told["colour"], reason["evidenceKind"]) == ("YELLOW", "FOREIGN_CERT")
    assert reason["evidence"] == told["elsewhere"][0]["evidence"]
    assert told["nextChangeAt"] == told["elsewhere"][0]["staleAt"]


async def test_what_is_stale_is_shown_and_flagged_and_not_trusted(town: HealthTown, lin: Somebody) -> None:
    await publish(town.platform, rule_set(FRESH_RED_IS_YELLOW, Version="1.0.1"))
    await pushed(town, lin.number, code_of(), timedelta(hours=4, minutes=1))

    told = await code(lin)

    (said,) = told["elsewhere"]
    assert (told["colour"], said["stale"]) == ("GREEN", True)
    assert "4 小时" in said["note"]["zh"]
    assert "4 hours" in said["note"]["en"]


async def test_a_green_of_another_province_makes_nobody_green(town: HealthTown, lin: Somebody) -> None:
    await town.reported(lin.number, {"kind": "RESULT", "outcome": "POSITIVE"})
    await pushed(town, lin.number, code_of(shown="GREEN"), timedelta(minutes=5))

    told = await code(lin)

    assert (told["colour"], told["elsewhere"][0]["shown"]) == ("RED", "GREEN")


async def test_of_one_place_the_latest_word_is_shown_whatever_came_last(
    town: HealthTown, lin: Somebody
) -> None:
    for shown, hours in (("RED", 5), ("GREEN", 1), ("YELLOW", 3)):
        await pushed(town, lin.number, code_of(shown=shown), timedelta(hours=hours))
    await pushed(town, lin.number, code_of("440100", "YELLOW"), timedelta(hours=2))

    said = (await code(lin))["elsewhere"]

    assert [(each["area"], each["shown"]) for each in said] == [("510100", "GREEN"), ("440100", "YELLOW")]


async def test_a_word_that_is_taken_back_or_has_ended_is_shown_no_more(
    town: HealthTown, lin: Somebody
) -> None:
    now = datetime.now(UTC)
    first = evidence(lin.number, now - timedelta(hours=1), code_of())
    back = evidence(lin.number, now, code_of(), supersedes=first["sourceId"], void=True)
    over = evidence(
        lin.number,
        now - timedelta(hours=2),
        code_of("440100"),
        expiresAt=(now - timedelta(hours=1)).isoformat(),
    )
    receipt = (await province(town).report(first, back, over)).json()
    await town.settle()

    assert receipt["recorded"] == 3
    assert (await code(lin))["elsewhere"] == []


async def test_a_guard_sees_nothing_of_it(town: HealthTown, lin: Somebody) -> None:
    await pushed(town, lin.number, code_of(), timedelta(hours=1))
    shown = (await lin.ask("POST", f"{CODE}/codes", {})).json()

    told = await town.check(shown["code"])

    assert (told["verdict"], told["colour"]) == ("OK", "GREEN")
    assert "四川" not in str(told)


@pytest.mark.parametrize("area", ["310000", "310101"])
async def test_our_own_province_is_no_other_place(town: HealthTown, lin: Somebody, area: str) -> None:
    item = evidence(lin.number, datetime.now(UTC), code_of(area))
    (outcome,) = (await province(town).report(item)).json()["items"]

    assert outcome["code"] == "EVIDENCE_INVALID"


async def test_only_a_department_registered_for_it_says_so(town: HealthTown, lin: Somebody) -> None:
    other = province(town, frozenset({"health:RESULT"}))
    (outcome,) = (await other.report(evidence(lin.number, datetime.now(UTC), code_of()))).json()["items"]

    assert outcome["code"] == "EVIDENCE_KIND_NOT_ALLOWED"


class Asked:
    """A province that is asked."""

    department = Department(id="sichuan", name="四川", kinds=frozenset({Kind.FOREIGN_CERT}))

    def __init__(self, item: dict[str, Any]) -> None:
        self._item = msgspec.convert(item, ReportEvidence)

    async def page(self, cursor: str | None) -> Page:
        return Page(items=[] if cursor else [self._item], cursor="1")


async def test_a_province_that_is_asked_is_shown_as_one_that_reports(town: HealthTown, lin: Somebody) -> None:
    health = town.platform.health
    polling = Polling(
        [Asked(evidence(lin.number, datetime.now(UTC) - timedelta(hours=1), code_of()))],
        reporting=health.reporting,
        store=health.sources,
        lease=Lease(health.snapshots._run, "polling", holder="test"),
        clock=town.platform.clock,
    )
    await polling.once()
    await town.settle()

    (said,) = (await code(lin))["elsewhere"]

    assert (said["shown"], said["brought"]) == ("RED", "REPORTED")

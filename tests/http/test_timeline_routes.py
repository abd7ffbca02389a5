"""The timeline and the facts it follows from, over HTTP, on the whole application."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from auth_bridges.models import Acting, Audience, GrantEnding, Resident
from bff.platform.settings import Settings
from miniapp_schemas.acting import ActingKind
from miniapp_schemas.assurance import AssuranceLevel
from push.timeline_models import PUSH_TYPES
from tests.health import Bearer
from tests.push_town import Town, birth, dose, id_number
from tests.web import web_app

TIMELINE: Final = "/mp/v1/timeline"
FACTS: Final = "/issuer/v1/reminders/facts"
BORN: Final = datetime.now(UTC).date() - timedelta(days=55)
CHILD: Final = id_number(BORN)
OTHER_CHILD: Final = id_number(BORN, 2)
MOTHER: Final = id_number(date(1990, 3, 15), 902)


class App:
    """The application, a mother of two, and a department."""

    def __init__(self, town: Town, settings: Settings, http: httpx.AsyncClient) -> None:
        self.town = town
        self.http = http
        self._bearer = Bearer(town.platform, settings)
        self.department = self._bearer(
            Audience.ISSUER,
            "push:report",
            subject="cdc",
            assurance=AssuranceLevel.L2,
            types=frozenset(PUSH_TYPES),
        )

    def resident(self, resident: Resident, acting: Acting | None = None) -> dict[str, str]:
        return self._bearer(
            Audience.RESIDENT,
            "health:show wallet:read",
            subject=resident.id,
            assurance=AssuranceLevel.L2,
            holder=resident.holder if acting is None else acting.whom,
            acting=acting,
        )

    async def report(self, *items: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.post(FACTS, json={"items": items}, headers=self.department)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def items(self, headers: dict[str, str], **query: str) -> list[dict[str, Any]]:
        answer = await self.http.get(TIMELINE, headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def say(self, item: str, what: str, headers: dict[str, str], **body: str) -> httpx.Response:
        return await self.http.post(f"{TIMELINE}/{item}/{what}", json=body or None, headers=headers)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    async with web_app(settings) as here:
        yield App(Town(here.platform, datetime.now(UTC)), settings, here.http)


async def test_a_mother_sees_what_is_next_why_and_what_it_is_called(app: App) -> None:
    mother = await app.town.resident(MOTHER)
    await app.town.link(MOTHER, CHILD)
    await app.report(
        birth(CHILD), dose(CHILD, "HepB", BORN.isoformat()), dose(CHILD, "BCG", BORN.isoformat())
    )

    first, *_ = await app.items(app.resident(mother))

    assert first["title"] == {"zh": "乙肝疫苗 第2剂", "en": "Hepatitis B vaccine, dose 2"}
    assert (first["status"], first["name"], first["decides"]) == ("due", "林*满", True)
    assert first["programme"] == "cn-nip-2026"
    assert "最小年龄" in first["reasons"][0]["text"]["zh"]
    screen = (await app.http.get("/mp/v1/home", headers=app.resident(mother))).json()
    block = screen["blocks"]["timeline"]["data"]
    assert (len(block), block[0]["id"]) == (3, first["id"])


async def test_while_acting_for_a_child_one_sees_that_child_alone(app: App) -> None:
    mother = await app.town.resident(MOTHER)
    grant = await app.town.link(MOTHER, CHILD)
    await app.town.link(MOTHER, OTHER_CHILD)
    await app.report(birth(CHILD), birth(OTHER_CHILD))
    acting = Acting(kind=ActingKind.GUARDIAN, whom=grant.whom, grant=grant.id, name="林*")

    both = await app.items(app.resident(mother), limit="100")
    one = await app.items(app.resident(mother, acting), limit="100")
    assert len(both) == len(one) + sum(each["id"] not in {item["id"] for item in one} for each in both)
    assert 0 < len(one) < len(both)
    done = await app.say(one[0]["id"], "done", app.resident(mother, acting))
    other = next(each["id"] for each in both if each not in one)
    assert (done.status_code, done.json()["state"]) == (200, "done")
    assert (await app.say(other, "done", app.resident(mother, acting))).status_code == 404

    await app.town.platform.auth_stores.grants.end(grant.id, GrantEnding.BY_PRINCIPAL, now=app.town.now)
    assert await app.items(app.resident(mother, acting)) == []


async def test_what_is_said_of_an_item_can_be_said_again_and_taken_back(app: App) -> None:
    mother = await app.town.resident(MOTHER)
    await app.town.link(MOTHER, CHILD)
    await app.report(birth(CHILD))
    me = app.resident(mother)
    item = (await app.items(me))[0]["id"]
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()

    for what, body, state in (
        ("snooze", {"until": until}, "snoozed"),
        ("done", {}, "done"),
        ("not-applicable", {}, "not_applicable"),
        ("reopen", {}, "open"),
    ):
        for _ in range(2):
            answer = await app.say(item, what, me, **body)
            assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
    # The last one is in no calendar once it is told in UTC.
    for never in ("2020-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"):
        assert (await app.say(item, "snooze", me, until=never)).json()["code"] == "SNOOZE_INVALID"


async def test_a_child_with_a_phone_may_look_and_not_decide(app: App) -> None:
    child = await app.town.resident(CHILD)
    await app.report(birth(CHILD))
    me = app.resident(child)

    item = (await app.items(me))[0]

    refused = await app.say(item["id"], "done", me)
    assert (item["decides"], refused.status_code) == (False, 403)
    assert refused.json()["code"] == "NOT_YOURS_TO_DECIDE"


def _told(kind: str, **facts: str) -> dict[str, Any]:
    return {"sourceId": f"{kind}-1", "idNumber": MOTHER, "facts": {"kind": kind, **facts}}


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (dose(CHILD, "HepC", BORN.isoformat()), "FACT_INVALID"),
        (dose(CHILD, "HepB", "2020-01-01"), "FACT_INVALID"),
        (dose(CHILD, "HepB", "2090-01-01"), "FACT_INVALID"),
        (birth(id_number(date(9999, 12, 31))), "FACT_INVALID"),
        (_told("PENSION", entitledFrom="9999-12-31"), "FACT_INVALID"),
        (_told("PENSION", entitledFrom="2003-01-01", confirmedOn="2999-01-01"), "FACT_INVALID"),
        (_told("HOUSEHOLD", district="310104", since="9999-12-31"), "FACT_INVALID"),
        (_told("HOUSEHOLD", district="990000", since="2020-09-01"), "FACT_INVALID"),
        (birth(CHILD[:-1] + ("0" if CHILD[-1] != "0" else "1")), "FACT_INVALID"),
        (birth(CHILD) | {"void": True}, "FACT_INVALID"),
        (birth(CHILD) | {"supersedes": f"birth-{CHILD}"}, "FACT_INVALID"),
        ({key: value for key, value in birth(CHILD).items() if key != "idNumber"}, "FACT_INVALID"),
    ],
)
async def test_what_cannot_be_is_refused_item_by_item(app: App, item: dict[str, Any], code: str) -> None:
    told = await app.report(item, birth(OTHER_CHILD))

    assert [each.get("code") for each in told["items"]] == [code, None]
    assert (told["recorded"], told["refused"]) == (1, 1)


async def test_what_corrects_somebody_elses_fact_or_one_of_another_kind_is_refused(app: App) -> None:
    theirs = dose(OTHER_CHILD, "HepB", "2026-11-01")
    own = birth(CHILD)
    await app.report(birth(OTHER_CHILD), theirs, own)
    moved = {**dose(CHILD, "HepB", "2026-11-01"), "sourceId": "moved", "supersedes": theirs["sourceId"]}
    other_kind = {**dose(CHILD, "HepB", "2026-11-02"), "sourceId": "kind", "supersedes": own["sourceId"]}

    told = await app.report(moved, other_kind)

    assert [each.get("code") for each in told["items"]] == ["FACT_INVALID", "FACT_INVALID"]


async def test_an_enterprise_is_known_by_its_credit_code(app: App) -> None:
    facts = {"kind": "ENTERPRISE", "division": "310104", "industry": "F51", "size": "SMALL"}
    item = {"sourceId": "e", "uscc": "91310000990000114N", "facts": {**facts, "foundedOn": "2016-08-18"}}

    assert (await app.report(item))["recorded"] == 1
    assert (await app.report({**item, "sourceId": "f", "idNumber": CHILD}))["refused"] == 1


async def test_a_batch_of_five_hundred_newborn_goes_on_where_its_time_was_over(app: App) -> None:
    items = [birth(id_number(BORN, order)) for order in range(1, 501)]
    answer = await app.http.post(FACTS, json={"items": items}, headers=app.department)
    for _ in range(20):
        if answer.status_code == 200:
            break
        assert answer.status_code == 503, answer.text
        answer = await app.http.post(FACTS, json={"items": items}, headers=app.department)

    told = answer.json()
    assert told["recorded"] + told["repeated"] == 500
    assert (await app.report(*items))["repeated"] == 500

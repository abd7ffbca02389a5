"""Evidence by hand over HTTP: two people of two organisations, a third for a cohort, and who is told."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from auth_bridges.registrar import RegisterResident, WayIn
from bff.platform.edge import Edge
from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.manual import SOURCE
from health_code.refusals import SecondPersonNeeded
from tests.conftest import Logged
from tests.factories import ID_NUMBER
from tests.health import BY_HAND_IS_RED, Bearer, by_hand, clerk, people, publish, rule_set
from tests.http.test_health_code_routes import Town
from tests.web import web_app

MANUAL = "/verifier/v1/health-manual"
RELEASE = "/verifier/v1/health-manual-release"
ABOUT = "/mp/v1/health-code/manual"


class Offices(Town):
    """A town with a disease control centre, a hospital and a health commission."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient, edge: Edge) -> None:
        super().__init__(platform, settings, http, edge)
        bearer = Bearer(platform, settings)
        self.tracer = clerk(bearer, "tracer", "cdc", "health:manual")
        self.colleague = clerk(bearer, "colleague", "cdc", "health:manual")
        self.doctor = clerk(bearer, "doctor", "hospital", "health:manual")
        self.senior = clerk(bearer, "senior", "commission", "health:manual-release")
        self.nobody = clerk(bearer, "nobody", "", "health:manual")

    async def ask(self, path: str, who: dict[str, str], body: object = None, **more: Any) -> httpx.Response:  # noqa: ANN401
        key = {"Idempotency-Key": secrets.token_hex(8)}
        return await self.http.post(path, headers=who | key, json=body, **more)

    async def propose(self, number: str = ID_NUMBER, **more: Any) -> str:  # noqa: ANN401
        answer = await self.ask(MANUAL, self.tracer, by_hand(number, **more))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def step(self, entry: str, step: str, who: dict[str, str]) -> dict[str, Any]:
        answer = await self.ask(f"{MANUAL}/{entry}/{step}", who)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refused(self, path: str, who: dict[str, str], body: object = None) -> str:
        answer = await self.ask(path, who, body)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Offices]:
    async with web_app(settings) as here:
        await publish(here.platform, rule_set(BY_HAND_IS_RED))
        yield Offices(here.platform, settings, here.http, here.edge)


async def test_what_two_organisations_entered_counts_and_the_citizen_sees_both(town: Offices) -> None:
    way_in = WayIn(provider="wechat", appid="wx", subject="o1")
    resident = RegisterResident(id_number=ID_NUMBER, name="张小明", links=(way_in,))
    await town.platform.registrar.register(resident)
    entry = await town.propose()
    await town.settle()
    assert (await town.code())["colour"] == "GREEN"
    assert (await town.http.get(ABOUT, headers=town.resident)).json()["items"] == []

    confirmed = await town.step(entry, "confirm", town.doctor)
    await town.settle()

    assert (confirmed["state"], confirmed["confirmedBy"]) == ("CONFIRMED", "hospital 单位")
    code = await town.code()
    assert code["colour"] == "RED"
    assert code["reasons"][0]["evidenceKind"] == "MANUAL"
    (about,) = (await town.http.get(ABOUT, headers=town.resident)).json()["items"]
    assert (about["proposedBy"], about["confirmedBy"]) == ("cdc 单位", "hospital 单位")
    assert about["text"]["zh"].startswith("流行病学调查")
    assert about["evidence"] == code["reasons"][0]["evidence"] == confirmed["evidence"]
    holder = town.platform.personal.hash(ID_NUMBER)
    known = await town.platform.auth_stores.residents.by_holder(holder)
    assert known is not None
    told = {each.kind for each in await town.platform.auth_stores.notices.of([known.id], limit=10)}
    assert {"health_evidence_by_hand", "health_code_changed"} <= told


@pytest.mark.parametrize("who", ["tracer", "colleague", "nobody"])
async def test_nobody_of_the_side_that_proposed_it_confirms_it(town: Offices, who: str) -> None:
    entry = await town.propose()

    code = await town.refused(f"{MANUAL}/{entry}/confirm", getattr(town, who))

    assert code == SecondPersonNeeded.code
    await town.settle()
    assert (await town.code())["colour"] == "GREEN"


async def test_taking_it_back_needs_two_people_too(town: Offices) -> None:
    entry = await town.propose()
    await town.step(entry, "confirm", town.doctor)
    await town.settle()

    await town.step(entry, "ask-withdrawal", town.tracer)
    assert await town.refused(f"{MANUAL}/{entry}/withdraw", town.colleague) == SecondPersonNeeded.code
    await town.settle()
    assert (await town.code())["colour"] == "RED"
    await town.step(entry, "keep", town.doctor)
    await town.step(entry, "ask-withdrawal", town.doctor)
    withdrawn = await town.step(entry, "withdraw", town.colleague)
    await town.settle()

    assert withdrawn["state"] == "WITHDRAWN"
    assert (await town.code())["colour"] == "GREEN"
    (about,) = (await town.http.get(ABOUT, headers=town.resident)).json()["items"]
    assert about["withdrawn"] is True


async def test_what_was_declined_or_is_unknown_goes_nowhere(town: Offices) -> None:
    entry = await town.propose()
    assert (await town.step(entry, "decline", town.doctor))["state"] == "DECLINED"

    assert await town.refused(f"{MANUAL}/{entry}/confirm", town.doctor) == "MANUAL_ENTRY_NOT_OPEN"
    nothing = "01900000-0000-7000-8000-000000000000"
    assert await town.refused(f"{MANUAL}/{nothing}/confirm", town.doctor) == "MANUAL_ENTRY_UNKNOWN"
    (listed,) = (await town.http.get(f"{MANUAL}?state=DECLINED", headers=town.doctor)).json()["items"]
    assert listed == (await town.http.get(f"{MANUAL}/{entry}", headers=town.doctor)).json()
    assert (await town.http.get(f"{MANUAL}?state=HELD", headers=town.doctor)).json()["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "BECAUSE_WE_SAY_SO"},
        {"idNumber": "110105194912310021"},
        {"expiresAt": (datetime.now(UTC) + timedelta(days=11)).isoformat()},
        {"expiresAt": (datetime.now(UTC) - timedelta(days=1)).isoformat()},
    ],
)
async def test_what_is_no_reason_or_lasts_too_long_cannot_be_proposed(
    town: Offices, wrong: dict[str, str]
) -> None:
    assert await town.refused(MANUAL, town.tracer, by_hand(ID_NUMBER) | wrong) == "MANUAL_ENTRY_INVALID"


async def test_what_is_entered_by_hand_is_of_some_place(town: Offices) -> None:
    nowhere = by_hand(ID_NUMBER) | {"jurisdiction": "310001"}

    assert await town.refused(MANUAL, town.tracer, nowhere) == "DIVISION_UNKNOWN"


@pytest.mark.parametrize("field", ["colour", "level", "code"])
async def test_nobody_can_enter_a_colour(town: Offices, field: str) -> None:
    answer = await town.ask(MANUAL, town.tracer, by_hand(ID_NUMBER) | {field: "RED"})

    assert answer.status_code == 400


async def test_what_nobody_confirms_lapses(town: Offices, mongo_database: Database) -> None:
    entry = await town.propose()
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    await mongo_database["health_manual"].update_one({"_id": entry}, {"$set": {"lapses_at": long_ago}})

    assert await town.refused(f"{MANUAL}/{entry}/confirm", town.doctor) == "MANUAL_ENTRY_NOT_OPEN"
    await town.platform.health.settle()

    found = (await town.http.get(f"{MANUAL}/{entry}", headers=town.doctor)).json()
    assert found["state"] == "LAPSED"


@pytest.mark.parametrize("dies", ["before it is recorded", "once it is recorded"])
async def test_a_process_killed_between_confirming_and_recording_leaves_it_to_the_next(
    town: Offices, environ: dict[str, str], mongo_database: Database, dies: str
) -> None:
    """Killed by the kernel (SIGKILL) at the very write, in a process of its own."""
    entry = await town.propose()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.http.killed_confirm", dies, entry), env={**os.environ, **environ}
    )
    assert await process.wait() == -signal.SIGKILL
    left = await mongo_database["health_manual"].find_one({"_id": entry})
    assert left is not None
    assert (left["state"], left["due"], left["evidence"]) == ("CONFIRMED", True, None)
    recorded = await mongo_database["health_evidence"].count_documents({})
    assert recorded == (0 if dies.startswith("before") else 1)

    async with asyncio.timeout(60):  # others look for what is a few seconds old
        while not await town.platform.health.manual.settle():
            await asyncio.sleep(0.2)
    await town.platform.health.settle()
    await town.settle()

    assert await mongo_database["health_evidence"].count_documents({}) == 1
    code = await town.code()
    assert (code["colour"], code["reasons"][0]["evidenceKind"]) == ("RED", "MANUAL")
    assert await town.platform.health.evidence.verify(SOURCE) == 1


async def test_a_cohort_is_held_and_told_of_until_a_third_person_releases_each(
    town: Offices, logged: Logged
) -> None:
    numbers = people(12)
    entries = [await town.propose(number) for number in numbers]

    states = {(await town.step(entry, "confirm", town.doctor))["state"] for entry in entries}

    assert states == {"HELD"}
    assert [line["reason"] for line in logged() if line["event"] == "health.manual_cohort"]
    (alarm,) = (await town.http.get(f"{RELEASE}/alarms", headers=town.senior)).json()["items"]
    assert (alarm["reason"], alarm["people"]) == ("CONTACT_TRACED", 12)
    held = (await town.http.get(f"{RELEASE}/held", headers=town.senior)).json()["items"]
    assert {each["id"] for each in held} == set(entries)
    await town.settle()
    subjects = [town.platform.personal.hash(number) for number in numbers]
    assert await town.platform.health.states.of(subjects) == {}

    answer = await town.ask(f"{RELEASE}/{entries[0]}/release", town.senior)
    assert answer.json()["state"] == "CONFIRMED"
    await town.settle()
    assert set(await town.platform.health.states.of(subjects)) == {subjects[0]}


@pytest.mark.parametrize(
    ("name", "organisation"), [("tracer", "cdc"), ("chief", "cdc"), ("doctor", "hospital")]
)
async def test_who_releases_is_a_third_person_and_not_of_the_side_that_wanted_it(
    town: Offices, settings: Settings, name: str, organisation: str
) -> None:
    entries = [await town.propose(number) for number in people(10)]
    await town.step(entries[0], "confirm", town.doctor)
    senior = clerk(Bearer(town.platform, settings), name, organisation, "health:manual-release")

    assert await town.refused(f"{RELEASE}/{entries[0]}/release", senior) == SecondPersonNeeded.code


async def test_of_a_crowd_confirmed_one_by_one_only_so_few_get_through_that_it_is_no_crowd(
    town: Offices,
) -> None:
    states = []
    for number in people(15):
        entry = await town.propose(number)
        states.append((await town.step(entry, "confirm", town.doctor))["state"])

    assert states == ["CONFIRMED"] * 9 + ["HELD"] * 6


async def test_two_at_once_do_not_slip_through(town: Offices) -> None:
    async def enter(number: str) -> str:
        return str((await town.step(await town.propose(number), "confirm", town.doctor))["state"])

    states = await asyncio.gather(*(enter(number) for number in people(24)))

    assert states.count("CONFIRMED") < 10


async def test_two_who_confirm_at_once_record_it_once(town: Offices, mongo_database: Database) -> None:
    entry = await town.propose()

    await asyncio.gather(*(town.ask(f"{MANUAL}/{entry}/confirm", town.doctor) for _ in range(5)))

    assert await mongo_database["health_evidence"].count_documents({}) == 1
    # Said again once it is done, it is said to be done.
    assert (await town.step(entry, "confirm", town.doctor))["state"] == "CONFIRMED"


async def test_every_step_is_in_the_audit_trail(town: Offices) -> None:
    entry = await town.propose()
    await town.step(entry, "confirm", town.doctor)
    await town.settle()

    events = [record.event async for record in town.platform.audit.read()]

    steps = [(event.kind, event.actor) for event in events if event.facts.get("entry") == entry]
    assert steps == [("manual.proposed", "tracer"), ("manual.confirm", "doctor")]


async def test_the_same_proposal_sent_again_is_the_same(town: Offices) -> None:
    key = {"Idempotency-Key": "one-and-the-same"}
    said = by_hand(ID_NUMBER)
    first, again = [await town.http.post(MANUAL, headers=town.tracer | key, json=said) for _ in range(2)]

    assert first.json() == again.json()
    reasons = (await town.http.get(f"{MANUAL}/reasons", headers=town.tracer)).json()
    assert said["reason"] in {each["code"] for each in reasons}

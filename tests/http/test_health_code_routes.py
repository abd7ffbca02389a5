"""The health code over HTTP, on the whole application: reported, judged, explained, shown, checked."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from auth_bridges.models import Audience
from bff.platform.edge import Edge
from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.codec.dynamic import SKEW
from health_code.rules.documents import RuleSetDocument, content_hash
from miniapp_schemas.assurance import AssuranceLevel
from tests.factories import ID_NUMBER
from tests.health import (
    CONTACT_IS_YELLOW,
    POSITIVE_IS_RED,
    Bearer,
    Reporter,
    events_of,
    evidence,
    people,
    publish,
    rule_set,
)
from tests.web import web_app

CODE: Final = "/mp/v1/health-code"
LONG_AFTER: Final = datetime(2090, 1, 1, tzinfo=UTC)
KINDS: Final = frozenset({"health:RESULT", "health:EXPOSED"})


class Town:
    """An application with rules, a resident, a guard and a laboratory."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient, edge: Edge) -> None:
        self.edge = edge
        self.platform = platform
        self.http = http
        bearer = Bearer(platform, settings)
        self.resident = bearer(
            Audience.RESIDENT,
            "health:show",
            subject="resident",
            assurance=AssuranceLevel.L2,
            holder=platform.personal.hash(ID_NUMBER),
        )
        self.guard = bearer(Audience.VERIFIER, "health:check", subject="guard", assurance=AssuranceLevel.L2)
        self.other_guard = bearer(
            Audience.VERIFIER, "health:check", subject="other", assurance=AssuranceLevel.L2
        )
        self.laboratory = Reporter(
            http,
            bearer(Audience.ISSUER, "health:report", subject="lab", assurance=AssuranceLevel.L2, types=KINDS),
        )

    async def settle(self) -> None:
        """Let what was reported be judged, as the worker does."""
        for drain in self.platform.drains():
            await drain._open()
            while await drain.once():
                pass

    async def code(self) -> dict[str, Any]:
        answer = await self.http.get(CODE, headers=self.resident)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def show(self) -> str:
        answer = await self.http.post(f"{CODE}/codes", json={}, headers=self.resident)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["code"])

    async def check(self, code: str, guard: dict[str, str]) -> dict[str, Any]:
        answer = await self.http.post("/verifier/v1/health-checks", json={"code": code}, headers=guard)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    async with web_app(settings) as here:
        await publish(here.platform, rule_set(POSITIVE_IS_RED, CONTACT_IS_YELLOW))
        yield Town(here.platform, settings, here.http, here.edge)


async def test_a_colour_follows_from_evidence_and_says_why(town: Town) -> None:
    now = datetime.now(UTC)
    assert (await town.code())["colour"] == "GREEN"
    answer = await town.laboratory.report(
        evidence(ID_NUMBER, now - timedelta(hours=2), {"kind": "RESULT", "outcome": "POSITIVE"})
    )
    assert answer.json()["recorded"] == 1, answer.text
    await town.settle()

    code = await town.code()
    assert code["colour"] == "RED"
    (reason,) = code["reasons"]
    assert reason["rule"] == "CR-CN-0001"
    assert reason["clears"] == {"zh": "一次阴性检测结果", "en": "One negative result"}
    assert reason["evidence"] == answer.json()["items"][0]["evidence"]

    await town.laboratory.report(evidence(ID_NUMBER, now, {"kind": "RESULT", "outcome": "NEGATIVE"}))
    await town.settle()
    assert (await town.code())["colour"] == "GREEN"


async def test_a_code_is_good_once_for_each_guard(town: Town) -> None:
    code = await town.show()

    first, again = await town.check(code, town.guard), await town.check(code, town.guard)
    other = await town.check(code, town.other_guard)

    assert (first["verdict"], first["colour"]) == ("OK", "GREEN")
    assert set(first) <= {"verdict", "checkedAt", "kind", "colour", "name", "asOf", "ageSeconds", "licence"}
    assert again["verdict"] == "ALREADY_CHECKED"
    assert not any(again[name] for name in ("colour", "name", "asOf", "ageSeconds"))
    assert other["verdict"] == "OK"


async def test_a_code_is_good_for_a_minute_at_most_whatever_a_clock_may_differ_by(town: Town) -> None:
    answer = (await town.http.post(f"{CODE}/codes", json={}, headers=town.resident)).json()

    ends = datetime.fromisoformat(answer["expiresAt"])
    assert timedelta(seconds=30) < ends - datetime.now(UTC) <= timedelta(seconds=60 - SKEW)


async def test_repeating_a_report_is_the_same_report_and_changing_it_is_refused(town: Town) -> None:
    item = evidence(ID_NUMBER, datetime.now(UTC), {"kind": "RESULT", "outcome": "NEGATIVE"})

    outcomes = [
        (await town.laboratory.report(item)).json()["items"][0]["outcome"],
        (await town.laboratory.report(item)).json()["items"][0]["outcome"],
    ]
    changed = await town.laboratory.report(item | {"facts": {"kind": "RESULT", "outcome": "POSITIVE"}})

    assert outcomes == ["RECORDED", "REPEATED"]
    assert changed.json()["items"][0]["code"] == "EVIDENCE_CONFLICT"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"jurisdiction": "990000"}, "DIVISION_UNKNOWN"),
        (
            {"facts": {"kind": "EXPOSED", "degree": "CLOSE"}, "expiresAt": LONG_AFTER.isoformat()},
            "EVIDENCE_INVALID",
        ),
        (
            {"facts": {"kind": "RESULT", "outcome": "POSITIVE"}, "expiresAt": LONG_AFTER.isoformat()},
            "EVIDENCE_INVALID",
        ),
        ({"facts": {"kind": "RESULT", "outcome": "NEGATIVE"}, "expiresAt": LONG_AFTER.isoformat()}, None),
        # In UTC it is a day after the last of any calendar.
        (
            {"facts": {"kind": "RESULT", "outcome": "NEGATIVE"}, "expiresAt": "9999-12-31T23:59:59-14:00"},
            "EVIDENCE_INVALID",
        ),
    ],
)
async def test_evidence_of_no_place_or_that_would_end_a_red_by_itself_is_refused_alone(
    town: Town, change: dict[str, Any], code: str | None
) -> None:
    good = evidence(ID_NUMBER, datetime.now(UTC), {"kind": "RESULT", "outcome": "NEGATIVE"})

    answer = (await town.laboratory.report(good, good | {"sourceId": "other"} | change)).json()

    assert [each["code"] for each in answer["items"]] == [None, code]


async def test_a_correction_of_another_persons_evidence_is_refused_and_says_what_to_do(town: Town) -> None:
    wrong = evidence(people(1)[0], datetime.now(UTC), {"kind": "RESULT", "outcome": "POSITIVE"})
    right = evidence(ID_NUMBER, datetime.now(UTC), {"kind": "RESULT", "outcome": "POSITIVE"})
    moved = right | {"supersedes": wrong["sourceId"]}

    assert (await town.laboratory.report(wrong)).json()["recorded"] == 1
    refused = (await town.laboratory.report(moved)).json()
    together = (
        await town.laboratory.report(
            first := wrong | {"sourceId": "first"}, moved | {"supersedes": first["sourceId"]}
        )
    ).json()

    assert (refused["refused"], refused["items"][0]["code"]) == (1, "EVIDENCE_INVALID")
    assert [each["outcome"] for each in together["items"]] == ["RECORDED", "REFUSED"]
    assert (await town.laboratory.report(right)).json()["recorded"] == 1


async def test_the_report_that_would_close_a_ring_of_corrections_is_refused_and_red_stays_red(
    town: Town,
) -> None:
    positive = evidence(ID_NUMBER, datetime.now(UTC), {"kind": "RESULT", "outcome": "POSITIVE"})
    first = positive | {"sourceId": "first", "supersedes": "third"}
    second = positive | {"sourceId": "second", "supersedes": "first"}
    third = positive | {"sourceId": "third", "supersedes": "second"}

    said = [
        (await town.laboratory.report(*items)).json()["items"]
        for items in ((first, second), (third,), (second, third | {"supersedes": "elsewhere"}))
    ]

    assert [[each["outcome"] for each in items] for items in said] == [
        ["RECORDED", "RECORDED"],
        ["REFUSED"],
        ["REPEATED", "RECORDED"],
    ]
    assert said[1][0]["code"] == "EVIDENCE_INVALID"
    assert "in a ring" in said[1][0]["detail"]["en"]
    await town.settle()
    assert (await town.code())["colour"] == "RED"


async def test_a_source_reports_only_what_it_is_registered_for(town: Town) -> None:
    answer = await town.laboratory.report(
        evidence(ID_NUMBER, datetime.now(UTC), {"kind": "ENTERED", "country": "US"})
    )

    assert answer.json()["items"][0]["code"] == "EVIDENCE_KIND_NOT_ALLOWED"


@pytest.mark.parametrize("field", ["colour", "level", "code"])
async def test_nobody_can_send_a_colour(town: Town, field: str) -> None:
    item = evidence(ID_NUMBER, datetime.now(UTC), {"kind": "RESULT", "outcome": "NEGATIVE", field: "RED"})

    answer = await town.laboratory.report(item)

    assert answer.status_code == 400, answer.text


async def test_a_code_says_when_it_turns_by_rules_that_are_published_and_not_yet_in_force(town: Town) -> None:
    now = datetime.now(UTC)
    await town.laboratory.report(evidence(ID_NUMBER, now, {"kind": "EXPOSED", "degree": "CLOSE"}))
    await town.settle()
    before = await town.code()
    begins = (now + timedelta(hours=2)).replace(microsecond=0)

    await publish(town.platform, rule_set(POSITIVE_IS_RED, Version="1.1.0", ValidFrom=begins.isoformat()))
    after, later = await town.code(), await town.code()

    assert [each["colour"] for each in (before, after)] == ["YELLOW", "YELLOW"]
    assert datetime.fromisoformat(before["nextChangeAt"]) > begins
    assert datetime.fromisoformat(after["nextChangeAt"]) == begins
    assert later["asOf"] == after["asOf"]


async def test_a_rule_set_is_law_only_once_a_second_person_says_so(town: Town, settings: Settings) -> None:
    bearer = Bearer(town.platform, settings)
    level = {"assurance": AssuranceLevel.L2, "organisation": "cdc", "organisation_name": "某疾控中心"}
    one = bearer(Audience.VERIFIER, "health:rules", subject="one", **level)
    other = bearer(Audience.VERIFIER, "health:rules", subject="other", **level)
    rules = "/verifier/v1/health-rule-sets"
    stricter = {**CONTACT_IS_YELLOW, "Identifier": "CR-CN-0009", "Colour": "RED", "Ttl": None}
    document = msgspec.to_builtins(rule_set(stricter, Identifier="stricter-rules"))
    await town.laboratory.report(
        evidence(ID_NUMBER, datetime.now(UTC), {"kind": "EXPOSED", "degree": "CLOSE"})
    )
    await town.settle()
    assert (await town.code())["colour"] == "YELLOW"

    proposed = await town.http.post(rules, json={"document": document}, headers=one)
    assert proposed.status_code == 201, proposed.text
    address = f"{rules}/{proposed.json()['id']}"
    alone = await town.http.post(f"{address}/publish", headers=one)
    assert (alone.status_code, alone.json()["code"]) == (403, "SECOND_PERSON_NEEDED")
    await town.platform.health.recolouring.apply_rules()
    assert (await town.code())["colour"] == "YELLOW"
    published = await town.http.post(f"{address}/publish", headers=other)
    assert published.json()["state"] == "PUBLISHED"
    await town.platform.health.recolouring.apply_rules()

    code = await town.code()
    assert (code["colour"], code["ruleSet"]) == ("RED", proposed.json()["id"])
    listed = (await town.http.get(rules, headers=one)).json()
    assert listed[0]["id"] == code["ruleSet"]
    whole = await town.http.get(address, headers=one)
    assert msgspec.convert(whole.json()["document"], RuleSetDocument) == msgspec.convert(
        document, RuleSetDocument
    )


async def test_a_version_that_waited_while_a_higher_one_became_law_does_not_become_law(
    town: Town, settings: Settings
) -> None:
    bearer = Bearer(town.platform, settings)
    one, other = (
        bearer(Audience.VERIFIER, "health:rules", subject=name, assurance=AssuranceLevel.L2)
        for name in ("one", "other")
    )
    rules = "/verifier/v1/health-rule-sets"
    address = {}
    for version in ("1.0.8", "1.0.10"):
        document = msgspec.to_builtins(rule_set(CONTACT_IS_YELLOW, Identifier="waiting", Version=version))
        proposed = await town.http.post(rules, json={"document": document}, headers=one)
        assert proposed.status_code == 201, proposed.text
        address[version] = f"{rules}/{proposed.json()['id']}/publish"

    assert (await town.http.post(address["1.0.10"], headers=other)).status_code == 200
    late = await town.http.post(address["1.0.8"], headers=other)
    assert (late.status_code, late.json()["code"]) == (400, "RULE_SET_INVALID")
    assert (await town.http.post(address["1.0.10"], headers=other)).status_code == 200


async def test_a_rule_set_that_fails_the_linter_is_refused_with_the_reason(
    town: Town, settings: Settings
) -> None:
    bearer = Bearer(town.platform, settings)
    one = bearer(Audience.VERIFIER, "health:rules", subject="one", assurance=AssuranceLevel.L2)
    for broken, why in (
        ({"ClearWhen": None, "Ttl": None}, "nothing ever clears it"),
        ({"ClearWhen": None, "Ttl": None}, "无从转码"),
        ({"ClearText": [], "Region": "440000"}, "what clears it (ClearText)"),
        ({"ClearText": [], "Region": "440000"}, "it is of region 440000"),
        ({"Colour": "PURPLE"}, "PURPLE"),
    ):
        document = msgspec.to_builtins(rule_set())
        document["Rules"] = [{**CONTACT_IS_YELLOW, **broken}]
        answer = await town.http.post(
            "/verifier/v1/health-rule-sets", json={"document": document}, headers=one
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "RULE_SET_INVALID")
        assert why in answer.json()["detail"] + answer.json()["detailEn"], answer.text


async def test_an_open_page_hears_of_a_new_colour_within_a_second(town: Town) -> None:
    async def colours() -> AsyncGenerator[str]:
        async for event in events_of(town.edge, f"{CODE}/events", town.resident):
            if event.startswith(b"event: code"):
                yield str(msgspec.json.decode(event.split(b"data: ", 1)[1])["colour"])

    heard = colours()
    assert await anext(heard) == "GREEN"
    await town.laboratory.report(
        evidence(ID_NUMBER, datetime.now(UTC), {"kind": "RESULT", "outcome": "POSITIVE"})
    )
    await town.settle()
    async with asyncio.timeout(5):
        while (colour := await anext(heard)) == "GREEN":
            pass
    assert colour == "RED"
    await heard.aclose()


async def test_a_page_whose_session_has_ended_hears_nothing_more(town: Town) -> None:
    platform = town.platform
    events = events_of(town.edge, f"{CODE}/events", town.resident)
    assert (await anext(events)).startswith(b"event: code")
    session = platform.authenticator.identify(town.resident["Authorization"].encode()).session
    await platform.auth_stores.ended.announce([session], now=datetime.now(UTC))
    async with asyncio.timeout(5):
        while True:
            await platform.health.changes.announce(platform.personal.hash(ID_NUMBER))
            try:
                async with asyncio.timeout(0.3):
                    await anext(events)
            except StopAsyncIteration:
                break
            except TimeoutError:
                continue


async def test_a_page_that_has_the_code_already_is_told_only_that_and_when_to_ask_again(town: Town) -> None:
    first = await town.http.get(CODE, headers=town.resident)
    again = await town.http.get(CODE, headers=town.resident | {"If-None-Match": first.headers["etag"]})
    await town.laboratory.report(
        evidence(ID_NUMBER, datetime.now(UTC), {"kind": "RESULT", "outcome": "POSITIVE"})
    )
    await town.settle()
    changed = await town.http.get(CODE, headers=town.resident | {"If-None-Match": first.headers["etag"]})

    assert 240 <= first.json()["refreshSeconds"] < 360
    assert (again.status_code, again.content) == (304, b"")
    assert (changed.status_code, changed.json()["colour"]) == (200, "RED")


async def test_new_rules_count_for_whoever_shows_a_code_before_anybody_has_judged_the_city(
    town: Town,
) -> None:
    await town.laboratory.report(
        evidence(ID_NUMBER, datetime.now(UTC), {"kind": "EXPOSED", "degree": "CLOSE"})
    )
    await town.settle()
    assert (await town.code())["colour"] == "YELLOW"

    await publish(
        town.platform, rule_set({**CONTACT_IS_YELLOW, "Colour": "RED"}, Identifier="stricter-rules")
    )

    assert (await town.check(await town.show(), town.guard))["colour"] == "RED"


async def test_a_green_is_grey_from_the_moment_a_source_it_rests_on_is_silent(town: Town) -> None:
    health = town.platform.health
    needed = rule_set(POSITIVE_IS_RED, Identifier="needs-a-source", SilentAfterHours={"lab": 2})
    await health.sources.heard("lab", name="海屿市医学检验中心", at=datetime.now(UTC))
    await health.silence.look()
    await publish(town.platform, needed)
    assert (await town.code())["colour"] == "GREEN"
    code = await town.show()

    await town.platform._mongo["health_sources"].update_one(
        {"_id": "lab"}, {"$set": {"heard_at": datetime.now(UTC) - timedelta(hours=3)}}
    )
    await health.silence.look()

    # Nobody has judged anew yet, and what was shown before says so too.
    assert (await town.check(code, town.guard))["colour"] == "GREY"
    told = await town.code()
    assert told["colour"] == "GREY"
    # By its name, and with what brings the colour back.
    (said,) = told["unknown"]
    assert "海屿市医学检验中心" in said["zh"]
    assert "恢复报送后自动转码" in said["zh"]


async def test_another_process_hears_of_new_rules_by_itself_and_swaps_them_whole(
    town: Town, settings: Settings
) -> None:
    stricter = {**CONTACT_IS_YELLOW, "Identifier": "CR-CN-0009", "Colour": "RED"}
    document = rule_set(stricter, POSITIVE_IS_RED, Identifier="stricter-rules")
    async with Platform.open(settings) as other:
        await other.health.book.refresh()
        before = other.health.recolouring.in_force()
        await publish(town.platform, document)
        seen = {before.hash: len(before.document.rules)}
        # Half a second between two looks; the machine may be busy.
        async with asyncio.timeout(10):
            while content_hash(document) not in seen:
                now = other.health.book.in_force("310000", at=LONG_AFTER, known_at=LONG_AFTER)
                seen[now.hash] = len(now.document.rules)
                await asyncio.sleep(0.01)

    assert seen == {before.hash: 2, content_hash(document): 2}

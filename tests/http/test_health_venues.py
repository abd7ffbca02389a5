"""Venue codes over HTTP: put up, checked in with, purged, asked about; and Zhengzhou, as nothing."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from auth_bridges.models import Acting, Audience
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from health_code.codec.venue_code import CodeKind, VenueCode, VenueCodes
from health_code.rules.venues import window_of
from miniapp_schemas.acting import ActingKind
from miniapp_schemas.assurance import AssuranceLevel
from tests.factories import ID_NUMBER
from tests.health import CONTACT_IS_YELLOW, POSITIVE_IS_RED, Bearer, evidence, publish, rule_set
from tests.web import web_app

CHECK_IN: Final = "/mp/v1/venue-checkins"
VENUES: Final = "/verifier/v1/venues"
AGREE: Final = "/verifier/v1/exposure-queries"
ASK: Final = "/issuer/v1/exposure-queries"
L2: Final = AssuranceLevel.L2
STATION: Final = {
    "nameZh": "郑州东站",
    "nameEn": "Zhengzhou East",
    "division": "410105",
    "kind": "TRANSPORT",
    "admits": ["GREEN", "YELLOW"],
}


class Town:
    """An application, a station with a screen, and whoever a test needs."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient) -> None:
        self.platform = platform
        self.http = http
        self.bearer = Bearer(platform, settings)
        self.clerk = self.of("metro", "one", "health:venues")
        self.department = self.source("cdc")

    def of(self, organisation: str, who: str, scope: str) -> dict[str, str]:
        return self.bearer(
            Audience.VERIFIER,
            scope,
            subject=who,
            assurance=L2,
            organisation=organisation,
            organisation_name=f"{organisation} office",
        )

    def source(self, who: str, *kinds: str) -> dict[str, str]:
        types = frozenset(kinds or ("health:EXPOSED", "health:RESULT"))
        return self.bearer(
            Audience.ISSUER,
            "health:report health:trace",
            subject=who,
            assurance=L2,
            organisation_name="某疾控中心",
            types=types,
        )

    def subject(self, who: str) -> str:
        return self.platform.personal.pseudonym("id-number", who)

    def resident(self, who: str, **more: object) -> dict[str, str]:
        holder = self.subject(who)
        given: dict[str, Any] = {"subject": who, "assurance": L2, "holder": holder, **more}
        return self.bearer(Audience.RESIDENT, "health:show", **given)

    async def register(self, **more: object) -> str:
        headers = {**self.clerk, "Idempotency-Key": secrets.token_hex(8)}
        answer = await self.http.post(VENUES, json={**STATION, **more}, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def displayed(self, venue: str) -> str:
        answer = await self.http.get(f"{VENUES}/{venue}/code", headers=self.clerk)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["code"])

    async def scan(self, who: dict[str, str], code: str, request: str | None = None) -> httpx.Response:
        body = {"code": code, "requestId": request or secrets.token_hex(8)}
        while True:
            answer = await self.http.post(CHECK_IN, json=body, headers=who)
            # On a busy machine the process may not have heard of ended sessions in time: ask again, it says.
            if answer.status_code != 503 or answer.json()["code"] != "ENDINGS_UNHEARD":
                return answer
            await asyncio.sleep(0.1)

    async def settle(self) -> None:
        """Let what was acknowledged be moved, as the worker does."""
        for drain in self.platform.drains():
            await drain._open()
            while await drain.once():
                pass

    async def documents(self, collection: str) -> list[dict[str, Any]]:
        return [each async for each in self.platform._mongo[collection].find().sort("_id", 1)]

    async def events(self, kind: str) -> list[dict[str, Any]]:
        await self.settle()
        events = [msgspec.json.decode(each["event"]) for each in await self.documents("audit")]
        return [event for event in events if event["kind"] == kind]

    async def colours(self, redis: Redis) -> dict[str, Any]:
        """Everything a colour is made of or shown from, byte for byte."""
        await self.settle()
        kept: dict[str, Any] = {
            name: await self.documents(name)
            for name in ("health_evidence", "health_states", "health_changes", "health_sources")
        }
        async for key in redis.scan_iter("health:snapshot:*"):
            kept[key.decode()] = await redis.hgetall(key)
        return kept


@contextlib.asynccontextmanager
async def opened_town(settings: Settings) -> AsyncIterator[Town]:
    async with web_app(settings, indexes=False) as here:
        yield Town(here.platform, settings, here.http)


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    async with opened_town(settings) as town:
        await town.platform.ensure_indexes()
        await publish(town.platform, rule_set(POSITIVE_IS_RED, CONTACT_IS_YELLOW))
        yield town


def code_of(town: Town, venue: str, *, minutes_ago: int) -> str:
    """The code that hung at ``venue`` some minutes ago, as somebody photographed it then."""
    window = window_of(datetime.now(UTC)) - minutes_ago
    codes = VenueCodes(town.platform.personal.secret("venue-code"))
    return codes.make(VenueCode(CodeKind.DISPLAYED, venue, window))


# --- checking in --------------------------------------------------------------------------------------


async def test_a_resident_checks_in_and_is_told_whether_they_may_enter(town: Town) -> None:
    venue = await town.register()
    code = await town.displayed(venue)
    lin = town.resident("lin")
    await town.platform.health.recolouring.judge([town.subject("lin")])

    first = await town.scan(lin, code)
    assert first.status_code == 201, first.text
    receipt = first.json()
    assert (receipt["verdict"], receipt["colour"], receipt["codeKind"]) == ("PASS", "GREEN", "DISPLAYED")
    assert receipt["venue"] == {"zh": "郑州东站", "en": "Zhengzhou East"}

    await town.settle()
    assert len(await town.documents("health_checkins")) == 1


async def test_a_venue_is_somewhere_and_its_code_says_when_it_ends_and_when_the_next_one_begins(
    town: Town,
) -> None:
    key, before = {"Idempotency-Key": secrets.token_hex(8)}, datetime.now(UTC)
    nowhere = await town.http.post(VENUES, json=STATION | {"division": "999999"}, headers=town.clerk | key)
    shown = (await town.http.get(f"{VENUES}/{await town.register()}/code", headers=town.clerk)).json()

    assert (nowhere.status_code, nowhere.json()["code"]) == (400, "DIVISION_UNKNOWN")
    ends, following = (datetime.fromisoformat(shown[name]) for name in ("expiresAt", "nextAt"))
    assert ends - following == timedelta(minutes=1)
    assert window_of(following) - 1 in {window_of(before), window_of(datetime.now(UTC))}


async def test_a_colour_that_is_not_admitted_and_one_nobody_knows_are_told_apart(town: Town) -> None:
    only_green = await town.register(admits=["GREEN"])
    everybody = await town.register(admits=["GREEN", "YELLOW", "RED", "GREY"], kind="HOSPITAL")
    reporting = town.source("lab")
    item = evidence(ID_NUMBER, datetime.now(UTC), {"kind": "RESULT", "outcome": "POSITIVE"})
    await town.http.post("/issuer/v1/health-evidence", json={"items": [item]}, headers=reporting)
    await town.settle()
    ill = town.resident("ill", holder=town.platform.personal.hash(ID_NUMBER))
    new = town.resident("new")

    answers = [
        (await town.scan(who, await town.displayed(venue))).json()
        for who in (ill, new)
        for venue in (only_green, everybody)
    ]

    assert [(each["verdict"], each["reason"], each["colour"]) for each in answers] == [
        ("DENY", "COLOUR_NOT_ADMITTED", "RED"),
        ("PASS", None, "RED"),
        ("DENY", "COLOUR_UNKNOWN", "GREY"),
        ("PASS", None, "GREY"),
    ]
    assert answers[0]["detail"]["zh"].endswith("健康码未因此改变")


async def test_a_green_of_before_a_source_went_silent_opens_no_door(town: Town) -> None:
    health, now = town.platform.health, datetime.now(UTC)
    await health.sources.heard("lab", name="检测机构", at=now - timedelta(hours=1))
    await health.silence.look()
    await publish(town.platform, rule_set(POSITIVE_IS_RED, Version="1.1.0", SilentAfterHours={"lab": 2}))
    code = await town.displayed(await town.register(admits=["GREEN"]))
    await health.recolouring.judge([town.subject("lin")])
    heard = (await town.scan(town.resident("lin"), code)).json()

    long_ago = {"heard_at": now - timedelta(hours=3)}
    await town.platform._mongo["health_sources"].update_one({"_id": "lab"}, {"$set": long_ago})
    await health.silence.look()
    silent = (await town.scan(town.resident("lin"), code)).json()

    assert (heard["verdict"], heard["colour"]) == ("PASS", "GREEN")
    assert (silent["verdict"], silent["reason"], silent["colour"]) == ("DENY", "COLOUR_UNKNOWN", "GREY")


async def test_a_check_in_changes_no_byte_of_evidence_state_or_snapshot(town: Town, redis: Redis) -> None:
    venue = await town.register(admits=["RED"])
    item = evidence(ID_NUMBER, datetime.now(UTC), {"kind": "EXPOSED", "degree": "CLOSE"})
    await town.http.post("/issuer/v1/health-evidence", json={"items": [item]}, headers=town.source("cdc"))
    subjects = [town.platform.personal.hash(ID_NUMBER), town.subject("lin")]
    await town.settle()
    await town.platform.health.recolouring.judge(subjects)
    before = await town.colours(redis)
    assert len(before["health_states"]) == 2

    for who in (
        town.resident("ill", holder=subjects[0]),
        town.resident("lin"),
        town.resident("never judged"),
    ):
        for code in (await town.displayed(venue), code_of(town, venue, minutes_ago=9), "SVC.x"):
            await town.scan(who, code)

    assert await town.colours(redis) == before
    assert len(await town.documents("health_checkins")) == 3


async def test_the_same_request_is_one_check_in_also_at_once_and_when_the_code_is_over(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, lin = await town.register(), town.resident("lin")
    code = await town.displayed(venue)
    together = await asyncio.gather(*(town.scan(lin, code, "one-request") for _ in range(5)))
    assert {answer.text for answer in together} == {together[0].text}

    later = datetime.now(UTC) + timedelta(minutes=5)
    monkeypatch.setattr(town.platform.health_venues, "_clock", lambda: later)
    assert (await town.scan(lin, code, "one-request")).text == together[0].text
    replayed = [await town.scan(lin, code), await town.scan(town.resident("other"), code, "one-request")]
    assert [answer.json()["code"] for answer in replayed] == ["VENUE_CODE_STALE"] * 2

    await town.settle()
    assert len(await town.documents("health_checkins")) == 1


async def test_a_guardian_checks_a_child_in_and_the_log_knows_both(town: Town) -> None:
    venue = await town.register()
    child = town.subject("child")
    await town.platform.health.recolouring.judge([child])
    acting = Acting(kind=ActingKind.GUARDIAN, whom=child, grant="grant", name="林*")
    guardian = town.resident("mother", holder=child, acting=acting)

    answer = await town.scan(guardian, await town.displayed(venue))

    assert (answer.status_code, answer.json()["colour"]) == (201, "GREEN")
    await town.settle()
    (logged,) = await town.documents("health_checkins")
    found = await town.platform.health_checkins.at(
        venue,
        "410105",
        since=logged["at"] - timedelta(minutes=1),
        until=logged["at"] + timedelta(minutes=1),
        kept_by=datetime.now(UTC) + timedelta(minutes=1),
        before=None,
        limit=10,
    )
    assert [(each.who.subject, each.who.by) for each in found] == [(child, "mother")]


@pytest.mark.parametrize(
    ("spoil", "refused"),
    [
        (lambda code: code[:-1] + ("A" if code[-1] != "A" else "B"), (400, "VENUE_CODE_FORGED")),
        (lambda code: "SVC." + "A" * (len(code) - 4), (400, "VENUE_CODE_FORGED")),
        (lambda _: "https://example.com/venue?id=1", (400, "VENUE_CODE_FORGED")),
    ],
)
async def test_a_forged_code_is_refused(town: Town, spoil: Any, refused: tuple[int, str]) -> None:  # noqa: ANN401  a lambda
    answer = await town.scan(town.resident("lin"), spoil(await town.displayed(await town.register())))

    assert (answer.status_code, answer.json()["code"]) == refused


async def test_a_code_of_a_venue_nobody_registered_is_refused(town: Town) -> None:
    answer = await town.scan(town.resident("lin"), code_of(town, "ab" * 16, minutes_ago=0))

    assert (answer.status_code, answer.json()["code"]) == (404, "VENUE_UNKNOWN")


async def test_the_same_person_is_not_let_scan_without_end(town: Town) -> None:
    code, lin = await town.displayed(await town.register()), town.resident("lin")
    answers = [await town.scan(lin, code) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert answers[-1].json()["code"] == "TOO_MANY_REQUESTS"


# --- what hangs at the door ---------------------------------------------------------------------------


async def test_a_clerk_sees_and_shows_the_venues_of_their_own_organisation_only(town: Town) -> None:
    ours = [await town.register(), await town.register()]
    other = town.of("hotel", "two", "health:venues")

    first = (await town.http.get(VENUES, headers=town.clerk, params={"limit": 1})).json()
    second = (
        await town.http.get(VENUES, headers=town.clerk, params={"limit": 1, "cursor": first["nextCursor"]})
    ).json()
    assert [page["items"][0]["id"] for page in (first, second)] == ours[::-1]
    assert second["nextCursor"] is None
    assert (await town.http.get(VENUES, headers=other)).json()["items"] == []
    for method, path in (("GET", "code"), ("POST", "printed-codes")):
        answer = await town.http.request(method, f"{VENUES}/{ours[0]}/{path}", headers=other)
        assert (answer.status_code, answer.json()["code"]) == (404, "VENUE_UNKNOWN")


async def test_registering_again_with_the_same_key_is_the_same_venue(town: Town) -> None:
    headers = {**town.clerk, "Idempotency-Key": "the-same-key"}
    answers = [await town.http.post(VENUES, json=STATION, headers=headers) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert len(await town.documents("health_venues")) == 1


async def test_a_printed_code_says_that_it_is_weaker_and_a_new_one_withdraws_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens_only = await town.register()
    refused = await town.http.post(f"{VENUES}/{screens_only}/printed-codes", headers=town.clerk)
    assert (refused.status_code, refused.json()["code"]) == (403, "PRINTING_NOT_ALLOWED")

    paper = await town.register(printedCodes=True)
    first, second = [
        (await town.http.post(f"{VENUES}/{paper}/printed-codes", headers=town.clerk)).json() for _ in range(2)
    ]
    assert first["kind"] == "PRINTED"
    assert "forwarded" in first["notice"]["en"]
    lin = town.resident("lin")
    withdrawn = await town.scan(lin, first["code"])
    assert (withdrawn.status_code, withdrawn.json()["code"]) == (410, "VENUE_CODE_WITHDRAWN")
    later = datetime.now(UTC) + timedelta(days=3)
    monkeypatch.setattr(town.platform.health_venues, "_clock", lambda: later)
    assert (await town.scan(lin, second["code"])).json()["codeKind"] == "PRINTED"


async def test_a_printed_code_checks_in_so_many_a_minute_and_no_more(town: Town) -> None:
    paper = await town.register(printedCodes=True)
    printed = await town.http.post(f"{VENUES}/{paper}/printed-codes", headers=town.clerk)
    answers = [await town.scan(town.resident(f"r{each}"), printed.json()["code"]) for each in range(70)]

    assert {answer.status_code for answer in answers[:60]} == {201}
    assert 429 in {answer.status_code for answer in answers[60:]}


# --- with a store away --------------------------------------------------------------------------------


async def test_checking_in_goes_on_with_mongodb_stopped_and_nothing_acknowledged_is_lost(
    town: Town, environ: dict[str, str]
) -> None:
    venue = await town.register()
    code = await town.displayed(venue)
    await town.platform.health.recolouring.judge([town.subject("lin")])
    nobody = "mongodb://127.0.0.1:9/?directConnection=true&serverSelectionTimeoutMS=200"
    without = load_settings({**environ, "SUISHEN_MONGO_URL": nobody})
    async with opened_town(without) as alone:
        answers = [await alone.scan(alone.resident("lin"), code) for _ in range(5)]
        assert await alone.displayed(venue)
    assert [(each.status_code, each.json()["colour"]) for each in answers] == [(201, "GREEN")] * 5

    await town.settle()
    assert len(await town.documents("health_checkins")) == 5


# --- Zhengzhou, June 2022 -----------------------------------------------------------------------------


async def test_zhengzhou_a_forwarded_picture_turns_nobody_red_and_raises_an_alarm(
    town: Town, redis: Redis
) -> None:
    """871 people who were never there scan the picture of a venue code that somebody sent them."""
    venue = await town.register()
    never_there = [f"depositor-{each}" for each in range(871)]
    await town.platform.health.recolouring.judge([town.subject(who) for who in never_there])
    before = await town.colours(redis)
    assert [each["colour"] for each in before["health_states"]] == ["GREEN"] * 871
    alarms = REGISTRY.get_sample_value("suishen_venue_alarms_total") or 0.0
    stale = {"code": "VENUE_CODE_STALE"}
    refusals = REGISTRY.get_sample_value("suishen_venue_refusals_total", stale) or 0.0

    # The first few are quick: the picture still hangs at the door. Then it is over.
    quick, late = await town.displayed(venue), code_of(town, venue, minutes_ago=3)
    answers: list[httpx.Response] = []
    for start in range(0, len(never_there), 50):
        picture = quick if start == 0 else late
        some = never_there[start : start + 50]
        answers += await asyncio.gather(*(town.scan(town.resident(who), picture) for who in some))

    assert {answer.json()["verdict"] for answer in answers[:50]} == {"PASS"}
    assert {(answer.status_code, answer.json()["code"]) for answer in answers[50:]} == {
        (410, "VENUE_CODE_STALE")
    }
    assert await town.colours(redis) == before
    assert len(await town.documents("health_checkins")) == 50
    (alarm,) = await town.events("venue.alarm")
    assert (alarm["subject"], alarm["outcome"]) == (venue, "VENUE_CODE_STALE")
    assert REGISTRY.get_sample_value("suishen_venue_alarms_total") == alarms + 1
    assert REGISTRY.get_sample_value("suishen_venue_refusals_total", stale) == refusals + 821


# --- tracing ------------------------------------------------------------------------------------------


class Inquiry:
    """A query about a venue at which three people checked in."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.venue = ""
        self.address = ""
        self.approvers = [
            town.of(organisation, who, "health:approve")
            for organisation, who in (("cdc", "one"), ("cdc", "two"), ("court", "three"))
        ]

    async def begin(self) -> None:
        town = self.town
        self.venue = await town.register()
        code = await town.displayed(self.venue)
        for who in ("lin", "chen", "wang"):
            await town.platform.health.recolouring.judge([town.subject(who)])
            assert (await town.scan(town.resident(who), code)).status_code == 201
        await town.settle()
        answer = await self.propose()
        assert answer.status_code == 201, answer.text
        assert answer.json()["state"] == "PROPOSED"
        self.address = f"{ASK}/{answer.json()['id']}"

    async def propose(self, **more: object) -> httpx.Response:
        now = datetime.now(UTC)
        asking = {
            "caseId": "LD-2026-0001",
            "venueId": self.venue,
            "since": (now - timedelta(hours=2)).isoformat(),
            "until": now.isoformat(),
            **more,
        }
        headers = {**self.town.department, "Idempotency-Key": secrets.token_hex(8)}
        return await self.town.http.post(ASK, json=asking, headers=headers)

    async def approve(self, who: int) -> httpx.Response:
        path = f"{AGREE}/{self.address.rpartition('/')[2]}/approve"
        return await self.town.http.post(path, headers=self.approvers[who])

    async def approved(self) -> None:
        for who in (0, 2):
            assert (await self.approve(who)).status_code == 200

    async def answer(self, by: dict[str, str] | None = None, **query: Any) -> httpx.Response:  # noqa: ANN401  strings and numbers
        headers = by or self.town.department
        return await self.town.http.get(f"{self.address}/checkins", headers=headers, params=query)


@pytest.fixture
async def inquiry(town: Town) -> Inquiry:
    inquiry = Inquiry(town)
    await inquiry.begin()
    return inquiry


async def test_two_people_of_two_organisations_must_agree_before_anybody_is_told(inquiry: Inquiry) -> None:
    waiting = (await inquiry.town.http.get(AGREE, headers=inquiry.approvers[0])).json()
    assert [each["caseId"] for each in waiting] == ["LD-2026-0001"]
    refused = await inquiry.answer()
    assert (refused.status_code, refused.json()["code"]) == (403, "EXPOSURE_QUERY_NOT_APPROVED")
    assert (await inquiry.approve(0)).json()["state"] == "APPROVED_ONCE"
    for again in (0, 1):
        alone = await inquiry.approve(again)
        assert (alone.status_code, alone.json()["code"]) == (403, "SECOND_PERSON_NEEDED")
    assert (await inquiry.answer()).status_code == 403
    assert (await inquiry.approve(2)).json()["state"] == "APPROVED"

    answer = await inquiry.answer()

    assert len(answer.json()["items"]) == 3
    assert set(answer.json()["items"][0]) == {"subjectRef", "at", "codeKind", "admitted"}
    told = [inquiry.town.subject(who) for who in ("lin", "chen", "wang")]
    assert not any(subject in answer.text for subject in told)
    (line,) = await inquiry.town.events("exposure.answered")
    assert line["facts"] | {"people": "3", "approvedBy": "one three", "case": "LD-2026-0001"} == line["facts"]
    assert len(await inquiry.town.events("exposure.proposed")) == 1
    assert len(await inquiry.town.events("exposure.approved")) == 2


async def test_approvals_given_at_once_by_one_organisation_are_one(inquiry: Inquiry) -> None:
    answers = await asyncio.gather(*(inquiry.approve(who) for who in (0, 1, 0, 1)))

    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    state = await inquiry.town.http.get(inquiry.address, headers=inquiry.town.department)
    assert state.json()["state"] == "APPROVED_ONCE"


async def test_an_answer_is_made_once_and_read_page_by_page(inquiry: Inquiry) -> None:
    await inquiry.approved()
    whole = (await inquiry.answer()).json()["items"]
    town = inquiry.town
    await town.scan(town.resident("late"), await town.displayed(inquiry.venue))
    await town.settle()

    first = (await inquiry.answer(limit=2)).json()
    second = (await inquiry.answer(limit=2, cursor=first["nextCursor"])).json()

    assert first["items"] + second["items"] == whole
    assert (len(first["items"]), second["nextCursor"]) == (2, None)
    state = await town.http.get(inquiry.address, headers=town.department)
    assert state.json()["state"] == "ANSWERED"


async def test_after_a_day_nobody_agrees_and_nobody_is_told(
    inquiry: Inquiry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await inquiry.approved()
    later = datetime.now(UTC) + timedelta(hours=25)
    monkeypatch.setattr(inquiry.town.platform.health_tracing, "_clock", lambda: later)

    for answer in (await inquiry.answer(), await inquiry.approve(2)):
        assert (answer.status_code, answer.json()["code"]) == (410, "EXPOSURE_QUERY_EXPIRED")
    state = await inquiry.town.http.get(inquiry.address, headers=inquiry.town.department)
    assert state.json()["state"] == "EXPIRED"


async def test_another_departments_query_is_nobodys(inquiry: Inquiry) -> None:
    await inquiry.approved()
    police = inquiry.town.source("police")

    for answer in (
        await inquiry.answer(police),
        await inquiry.town.http.get(inquiry.address, headers=police),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "EXPOSURE_QUERY_UNKNOWN")
    unknown = await inquiry.town.http.post(f"{AGREE}/{'0' * 32}/approve", headers=inquiry.approvers[0])
    assert unknown.json()["code"] == "EXPOSURE_QUERY_UNKNOWN"


async def test_what_cannot_be_told_is_not_asked(inquiry: Inquiry) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for more, code in (
        ({"until": ahead}, "EXPOSURE_QUERY_INVALID"),
        ({"venueId": "0" * 32}, "VENUE_UNKNOWN"),
    ):
        assert (await inquiry.propose(**more)).json()["code"] == code


async def test_only_who_was_told_reports_who_was_exposed_and_only_that(inquiry: Inquiry) -> None:
    await inquiry.approved()
    seen = (await inquiry.answer()).json()["items"][-1]
    town = inquiry.town

    async def report(by: dict[str, str], **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        item = evidence(ID_NUMBER, datetime.fromisoformat(seen["at"]), {"kind": "EXPOSED", "degree": "CLOSE"})
        del item["idNumber"]
        item |= {"subjectRef": seen["subjectRef"], **more}
        answer = await town.http.post("/issuer/v1/health-evidence", json={"items": [item]}, headers=by)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["items"][0]
        return found

    refused = [
        await report(town.source("police")),
        await report(town.department, facts={"kind": "RESULT", "outcome": "POSITIVE"}),
        await report(town.department, occurredAt=(datetime.now(UTC) - timedelta(days=1)).isoformat()),
        await report(town.department, idNumber=ID_NUMBER),
        await report(town.department, subjectRef=None),
        await report(town.department, subjectRef="A" * 102),
    ]
    assert {each.get("code") for each in refused} == {"EVIDENCE_INVALID"}
    assert (await report(town.department))["outcome"] == "RECORDED"

    await town.settle()
    codes = {
        who: (await town.http.get("/mp/v1/health-code", headers=town.resident(who))).json()["colour"]
        for who in ("lin", "chen", "wang")
    }
    # The one who checked in first is the last of the answer.
    assert codes == {"lin": "YELLOW", "chen": "GREEN", "wang": "GREEN"}


async def test_a_reference_is_forgotten_a_week_after_the_answer(inquiry: Inquiry) -> None:
    await inquiry.approved()
    ref = (await inquiry.answer()).json()["items"][0]["subjectRef"]
    tracing, now = inquiry.town.platform.health_tracing, datetime.now(UTC)

    assert await tracing.traced("cdc", ref, now=now) is not None
    assert await tracing.traced("cdc", ref, now=now + timedelta(days=7, minutes=1)) is None


# --- purge --------------------------------------------------------------------------------------------


async def test_proofs_of_purge_are_listed_for_clerks(town: Town) -> None:
    venue = await town.register()
    await town.scan(town.resident("lin"), await town.displayed(venue))
    await town.settle()
    nothing = (await town.http.get("/verifier/v1/checkin-purges", headers=town.clerk)).json()
    assert nothing["items"] == []
    book = town.platform.health_checkins
    clock, book._clock = book._clock, lambda: datetime.now(UTC) + timedelta(days=27)
    assert await book.purge() == 1
    book._clock = clock

    listed = (await town.http.get("/verifier/v1/checkin-purges", headers=town.clerk)).json()["items"]

    assert [(each["division"], each["count"]) for each in listed] == [("410105", 1)]
    assert await town.documents("health_checkins") == []
    assert len(await town.events("checkins.purged")) == 1

"""Codes that are carried, over HTTP: offline, on paper, for the family, with a licence; and their checks."""

import asyncio
import secrets
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from msgspec.structs import replace

from bff.platform.settings import Settings
from health_code.codec.signed import PREFIX, PaperContent, SignedCode, mint
from health_code.offline import verify_offline
from miniapp_schemas.wallet import Holder
from tests.factories import POLICE, id_card
from tests.health_town import CODE, HealthTown, Somebody, health_town, id_number
from wallet.codec.keys import KeySet

OFFLINE: Final = f"{CODE}/offline"
PAPER: Final = f"{CODE}/paper"
FAMILY: Final = f"{CODE}/family"
POSITIVE: Final = {"kind": "RESULT", "outcome": "POSITIVE"}
CONTACT: Final = {"kind": "EXPOSED", "degree": "CLOSE"}


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[HealthTown]:
    async with health_town(settings) as made:
        yield made


@pytest.fixture
async def lin(town: HealthTown) -> Somebody:
    return await town.resident(1)


async def trusted(town: HealthTown) -> KeySet:
    """The keys a guard fetches ahead, with no token."""
    answer = await town.http.get("/verifier/v1/trust/health-jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    return KeySet.parse(answer.content)


# --- offline ----------------------------------------------------------------------------------------------


async def test_an_offline_code_is_believed_with_the_published_keys_alone(
    town: HealthTown, lin: Somebody
) -> None:
    fetched = (await lin.ask("GET", OFFLINE)).json()

    told = verify_offline(fetched["code"], (await trusted(town)).keys, datetime.now(UTC))

    assert (told.verdict, told.colour, told.name) == ("OK", "GREEN", "林**")
    assert fetched["colour"] == "GREEN"
    assert fetched["ruleSet"].startswith(told.rule_set)
    life = datetime.fromisoformat(fetched["expiresAt"]) - datetime.fromisoformat(fetched["issuedAt"])
    assert timedelta(0) < life <= timedelta(hours=24)


async def test_it_never_outlives_the_next_change_of_the_colour(town: HealthTown, lin: Somebody) -> None:
    await town.reported(lin.number, CONTACT, ago=timedelta(days=6, hours=23))
    code = (await lin.ask("GET", CODE)).json()
    assert code["colour"] == "YELLOW"

    fetched = (await lin.ask("GET", OFFLINE)).json()

    ends, changes = (datetime.fromisoformat(text) for text in (fetched["expiresAt"], code["nextChangeAt"]))
    assert ends <= changes
    assert changes - ends < timedelta(seconds=1) or changes - datetime.now(UTC) > timedelta(hours=23)


async def test_fetched_again_it_is_told_unchanged_until_the_colour_changes(
    town: HealthTown, lin: Somebody
) -> None:
    first = await lin.ask("GET", OFFLINE)
    held = {"If-None-Match": first.headers["ETag"]}

    again = await lin.ask("GET", OFFLINE, **held)
    await town.reported(lin.number, POSITIVE)
    changed = await lin.ask("GET", OFFLINE, **held)

    assert (again.status_code, again.content) == (304, b"")
    assert (changed.status_code, changed.json()["colour"]) == (200, "RED")


async def test_a_guard_with_a_network_sees_the_colour_of_now_and_not_the_one_that_was_signed(
    town: HealthTown, lin: Somebody
) -> None:
    code = (await lin.ask("GET", OFFLINE)).json()["code"]
    before = await town.check(code)
    await town.reported(lin.number, POSITIVE)
    after = await town.check(code)

    assert [(each["verdict"], each["kind"], each["colour"]) for each in (before, after)] == [
        ("OK", "OFFLINE", "GREEN"),
        ("OK", "OFFLINE", "RED"),
    ]


async def test_a_guard_is_told_what_was_signed_where_nothing_else_is_known(
    town: HealthTown, lin: Somebody
) -> None:
    code = (await lin.ask("GET", OFFLINE)).json()["code"]
    await town.platform._redis.flushdb()

    told = await town.check(code)

    assert (told["verdict"], told["colour"], told["name"]) == ("OK", "GREEN", "林**")


async def test_a_forged_code_is_none(town: HealthTown, lin: Somebody) -> None:
    code = (await lin.ask("GET", OFFLINE)).json()["code"]
    paper = (await lin.paper())["code"]
    for text in (code, paper):
        for at in (len(PREFIX), len(text) // 2, len(text) - 1):
            other = "A" if text[at] != "A" else "B"
            forged = await town.check(text[:at] + other + text[at + 1 :])
            assert (forged["verdict"], forged["colour"], forged["name"]) == ("NOT_A_CODE", None, None)
    assert (await town.check("HC1:" + code.removeprefix(PREFIX)))["verdict"] == "NOT_A_CODE"


async def test_out_of_its_time_a_code_is_expired_and_tells_nothing(town: HealthTown, lin: Somebody) -> None:
    checks = town.platform.health.checks
    past = int(datetime.now(UTC).timestamp()) - 100
    shown = checks._dynamic().seal(urlsafe_b64decode(lin.key + "="), past, secrets.token_bytes(12))
    said = PaperContent(rid=bytes.fromhex((await lin.paper())["id"]), name="林**")
    paper = SignedCode(issuer="310000", issued_at=past - 100, expires_at=past, content=said)
    early = replace(paper, issued_at=past + 400, expires_at=past + 500)

    for code in (shown, *(mint(each, key=checks._keys.signing()) for each in (paper, early))):
        told = await town.check(code)
        assert (told["verdict"], told["colour"], told["name"]) == ("EXPIRED", None, None)


async def test_a_colour_too_old_to_be_shown_is_judged_anew_when_its_holder_looks(
    town: HealthTown, lin: Somebody
) -> None:
    await lin.ask("GET", CODE)
    snapshots = town.platform.health.checks._snapshots
    kept = await snapshots.get(lin.key)
    assert kept is not None
    old = replace(kept, judged_at=kept.judged_at - timedelta(days=3))
    await town.platform._redis.delete(f"health:snapshot:{lin.key}")
    assert await snapshots.put(lin.key, old)

    code = (await lin.ask("GET", CODE)).json()

    assert code["colour"] == "GREEN"
    assert code["ageSeconds"] < 60


# --- paper ------------------------------------------------------------------------------------------------


async def test_a_paper_code_tells_a_guard_with_a_network_the_colour_of_now(
    town: HealthTown, lin: Somebody
) -> None:
    paper = await lin.paper()
    offline = verify_offline(paper["code"], (await trusted(town)).keys, datetime.now(UTC))
    assert (offline.verdict, offline.kind, offline.name, offline.colour) == ("OK", "PAPER", "林**", None)

    before = await town.check(paper["code"])
    await town.reported(lin.number, POSITIVE)
    after = await town.check(paper["code"])

    assert [(each["kind"], each["colour"], each["name"]) for each in (before, after)] == [
        ("PAPER", "GREEN", "林**"),
        ("PAPER", "RED", "林**"),
    ]
    life = datetime.fromisoformat(paper["expiresAt"]) - datetime.fromisoformat(paper["issuedAt"])
    assert life == timedelta(days=180)


async def test_reported_lost_it_is_dead_at_once_and_for_good(town: HealthTown, lin: Somebody) -> None:
    paper = await lin.paper()
    assert (await town.check(paper["code"]))["verdict"] == "OK"

    assert (await lin.ask("DELETE", PAPER)).status_code == 204
    assert (await lin.ask("DELETE", PAPER)).status_code == 204

    told = await town.check(paper["code"])
    assert (told["verdict"], told["colour"], told["name"]) == ("REVOKED", None, None)
    assert (await lin.ask("GET", PAPER)).json()["code"] == "PAPER_CODE_UNKNOWN"
    await town.platform._redis.flushdb()
    assert (await town.check(paper["code"]))["verdict"] == "REVOKED"


async def test_issued_anew_the_one_before_is_dead(town: HealthTown, lin: Somebody) -> None:
    first, second = await lin.paper(), await lin.paper()

    assert (await town.check(first["code"]))["verdict"] == "REVOKED"
    assert (await town.check(second["code"]))["verdict"] == "OK"
    assert (await lin.ask("GET", PAPER)).json()["id"] == second["id"]


async def test_of_many_issued_at_once_one_is_in_force(town: HealthTown, lin: Somebody) -> None:
    papers = await asyncio.gather(*(lin.paper() for _ in range(5)))

    verdicts = sorted([(await town.check(paper["code"]))["verdict"] for paper in papers])

    assert verdicts == ["OK", "REVOKED", "REVOKED", "REVOKED", "REVOKED"]


async def test_asked_for_with_the_same_key_it_is_the_same_paper(lin: Somebody) -> None:
    key = {"Idempotency-Key": "a-double-tap"}

    papers = [(await lin.ask("POST", PAPER, **key)).json()["id"] for _ in range(2)]

    assert papers[0] == papers[1]


async def test_nobody_reports_anothers_paper_lost(town: HealthTown, lin: Somebody) -> None:
    paper = await lin.paper()
    other = await town.resident(2, "王大力")

    assert (await other.ask("DELETE", PAPER)).status_code == 204

    assert (await town.check(paper["code"]))["verdict"] == "OK"


async def test_a_paper_code_we_never_gave_is_unknown(town: HealthTown, lin: Somebody) -> None:
    paper = await lin.paper()
    await town.platform._redis.flushdb()
    await town.platform._mongo["health_papers"].delete_many({})

    assert (await town.check(paper["code"]))["verdict"] == "UNKNOWN"


async def test_it_is_drawn_for_print_and_for_a_phone(lin: Somebody) -> None:
    assert (await lin.ask("GET", f"{PAPER}/qr.png")).status_code == 404
    await lin.paper()

    svg, png = await lin.ask("GET", f"{PAPER}/qr.svg"), await lin.ask("GET", f"{PAPER}/qr.png")

    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert svg.content.startswith(b"<svg ")
    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")


async def test_papers_are_counted(lin: Somebody) -> None:
    statuses = [
        (await lin.ask("POST", PAPER, **{"Idempotency-Key": secrets.token_hex(8)})).status_code
        for _ in range(8)
    ]

    assert statuses[0] == 201
    assert statuses[-1] == 429


# --- family -----------------------------------------------------------------------------------------------


async def test_ones_family_is_listed_with_their_colours_and_shown(town: HealthTown, lin: Somebody) -> None:
    elder, child = await town.resident(2, "王大力"), id_number(3)
    grants = [await town.granted(lin, elder.number), await town.granted(lin, child, name="林*")]
    await town.reported(elder.number, POSITIVE)
    for grant in grants:
        added = await lin.ask("POST", FAMILY, {"grantId": grant})
        assert added.status_code == 201, added.text

    listed = (await lin.ask("GET", FAMILY)).json()
    shown = await lin.ask("POST", f"{FAMILY}/{grants[0]}/codes")
    childs = await lin.ask("POST", f"{FAMILY}/{grants[1]}/codes")

    assert [(each["grantId"], each["colour"]) for each in listed["items"]] == [
        (grants[0], "RED"),
        (grants[1], "GREEN"),
    ]
    assert listed["most"] == 8
    told = await town.check(shown.json()["code"])
    assert (told["verdict"], told["colour"], told["name"]) == ("OK", "RED", "王**")
    assert (await town.check(childs.json()["code"]))["name"] == "林*"


async def test_once_the_grant_has_ended_nothing_is_shown(town: HealthTown, lin: Somebody) -> None:
    grant = await town.granted(lin, id_number(2))
    await lin.ask("POST", FAMILY, {"grantId": grant})
    ended = await lin.ask("DELETE", f"/mp/v1/grants/{grant}")
    assert ended.status_code == 204, ended.text

    shown = await lin.ask("POST", f"{FAMILY}/{grant}/codes")

    assert (shown.status_code, shown.json()["code"]) == (403, "GRANT_NOT_IN_FORCE")
    assert (await lin.ask("GET", FAMILY)).json()["items"] == []


async def test_somebody_elses_grant_shows_nothing(town: HealthTown, lin: Somebody) -> None:
    other = await town.resident(2, "王大力")
    grant = await town.granted(other, id_number(3))
    await other.ask("POST", FAMILY, {"grantId": grant})

    for name in (grant, "0" * 32):
        added = await lin.ask("POST", FAMILY, {"grantId": name})
        shown = await lin.ask("POST", f"{FAMILY}/{name}/codes")
        assert [added.json()["code"], shown.json()["code"]] == ["GRANT_UNKNOWN"] * 2
    assert (await lin.ask("DELETE", f"{FAMILY}/{grant}")).status_code == 204
    assert len((await other.ask("GET", FAMILY)).json()["items"]) == 1


async def test_a_grant_for_something_else_shows_no_health_code(town: HealthTown, lin: Somebody) -> None:
    grant = await town.granted(lin, id_number(2), scopes=("wallet:show",))

    added = await lin.ask("POST", FAMILY, {"grantId": grant})

    assert (added.status_code, added.json()["code"]) == (403, "SCOPE_MISSING")


async def test_who_is_not_in_the_list_is_not_shown(town: HealthTown, lin: Somebody) -> None:
    grant = await town.granted(lin, id_number(2))
    assert (await lin.ask("POST", f"{FAMILY}/{grant}/codes")).json()["code"] == "FAMILY_MEMBER_UNKNOWN"
    await lin.ask("POST", FAMILY, {"grantId": grant})
    assert (await lin.ask("POST", f"{FAMILY}/{grant}/codes")).status_code == 201
    await lin.ask("DELETE", f"{FAMILY}/{grant}")
    assert (await lin.ask("POST", f"{FAMILY}/{grant}/codes")).json()["code"] == "FAMILY_MEMBER_UNKNOWN"


async def test_of_nine_added_at_once_eight_are_in_the_list(town: HealthTown, lin: Somebody) -> None:
    grants = [await town.granted(lin, id_number(10 + each)) for each in range(9)]

    answers = await asyncio.gather(*(lin.ask("POST", FAMILY, {"grantId": grant}) for grant in grants))

    assert sorted(answer.status_code for answer in answers) == [201] * 8 + [409]
    (full,) = [answer for answer in answers if answer.status_code == 409]
    assert full.json()["code"] == "FAMILY_FULL"
    assert len((await lin.ask("GET", FAMILY)).json()["items"]) == 8


async def test_three_show_for_one_and_the_fourth_once_a_grant_of_theirs_has_ended(town: HealthTown) -> None:
    people = [await town.resident(20 + each, "林小满") for each in range(4)]
    grants = [await town.granted(each, id_number(30)) for each in people]
    first, *others = [
        await each.ask("POST", FAMILY, {"grantId": grant}) for each, grant in zip(people, grants, strict=True)
    ]
    assert first.status_code == 201
    assert (others[-1].status_code, others[-1].json()["code"]) == (409, "GUARDIANS_FULL")

    await people[0].ask("DELETE", f"/mp/v1/grants/{grants[0]}")

    assert (await people[3].ask("POST", FAMILY, {"grantId": grants[3]})).status_code == 201


# --- combined ---------------------------------------------------------------------------------------------


async def carded(town: HealthTown) -> tuple[Somebody, str]:
    """Somebody with an identity card who may show it."""
    somebody = await town.resident(1, scopes="health:show wallet:show")
    claims = {"sex": "男", "birthDate": "1990-01-01", "ethnicity": "汉", "address": "某市某区某路1号"}
    card = id_card(holder=Holder(name="林小满", id_number=somebody.number), claims=claims)
    issued = await town.platform.issuing.issue(POLICE, card)
    return somebody, issued.id


async def test_both_are_told_of_one_qr_and_the_licence_is_used_once(town: HealthTown) -> None:
    somebody, card = await carded(town)
    guard = town.new_guard("both", "health:check wallet:verify")
    made = await somebody.ask("POST", f"{CODE}/combined", {"credentialId": card})
    assert made.status_code == 201, made.text
    code = made.json()["code"]

    first = await town.check(code, guard, "request-one")
    retried = await town.check(code, guard, "request-one")
    again = await town.check(code, guard, "request-two")
    other = await town.check(code, town.new_guard("late", "health:check wallet:verify"))

    assert code == f"{made.json()['healthCode']['code']}|{made.json()['presentation']['code']}"
    assert (first["verdict"], first["colour"], first["licence"]["verdict"]) == ("OK", "GREEN", "OK_ONLINE")
    assert retried["licence"] == first["licence"]
    assert retried["verdict"] == "OK"
    assert (again["verdict"], again["licence"]["verdict"]) == ("ALREADY_CHECKED", "ALREADY_USED")
    assert (other["verdict"], other["licence"]["verdict"]) == ("OK", "ALREADY_USED")


async def test_a_guard_who_may_check_no_licence_leaves_it_unused(town: HealthTown) -> None:
    somebody, card = await carded(town)
    code = (await somebody.ask("POST", f"{CODE}/combined", {"credentialId": card})).json()["code"]

    told = await town.check(code)
    after = await town.check(code, town.new_guard("both", "health:check wallet:verify"))

    assert (told["verdict"], told["licence"]) == ("OK", None)
    assert after["licence"]["verdict"] == "OK_ONLINE"


async def test_of_two_scans_at_once_one_uses_the_licence(town: HealthTown) -> None:
    somebody, card = await carded(town)
    code = (await somebody.ask("POST", f"{CODE}/combined", {"credentialId": card})).json()["code"]
    guards = [town.new_guard(f"guard-{each}", "health:check wallet:verify") for each in range(4)]

    told = await asyncio.gather(*(town.check(code, guard) for guard in guards))

    assert [each["verdict"] for each in told] == ["OK"] * 4
    assert sorted(each["licence"]["verdict"] for each in told) == ["ALREADY_USED"] * 3 + ["OK_ONLINE"]


async def test_who_may_not_show_certificates_combines_none(town: HealthTown, lin: Somebody) -> None:
    refused = await lin.ask("POST", f"{CODE}/combined", {"credentialId": "0" * 32})

    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")


# --- scans ------------------------------------------------------------------------------------------------


async def scans(town: HealthTown) -> list[dict[str, Any]]:
    await town.settle()
    return [each async for each in town.platform._mongo["health_scans"].find().sort("_id", 1)]


async def test_scans_are_kept_under_a_pseudonym_of_the_day_and_without_a_name(
    town: HealthTown, lin: Somebody
) -> None:
    shown = (await lin.ask("POST", f"{CODE}/codes", {})).json()["code"]
    paper = (await lin.paper())["code"]
    offline = (await lin.ask("GET", OFFLINE)).json()["code"]
    for code in (shown, paper, offline):
        await town.check(code)
    await town.check(shown)

    kept = await scans(town)

    assert [each["code"] for each in kept] == ["DYNAMIC", "PAPER", "OFFLINE"]
    (whose,) = {each["whose"] for each in kept}
    assert whose not in (lin.key, lin.resident)
    assert all(each["organisation"] == "mall" for each in kept)
    text = repr(kept)
    assert "林" not in text
    assert lin.number not in text
    assert all(each["expires_at"] - each["at"] == timedelta(days=25) for each in kept)
    pseudonym = town.platform.personal.pseudonym
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    assert whose != pseudonym("health-scan", f"{tomorrow}:{lin.key}")


async def test_of_two_scans_of_one_code_by_one_guard_at_once_one_counts(
    town: HealthTown, lin: Somebody
) -> None:
    code = (await lin.ask("POST", f"{CODE}/codes", {})).json()["code"]

    told = await asyncio.gather(*(town.check(code) for _ in range(4)))

    assert sorted(each["verdict"] for each in told) == ["ALREADY_CHECKED"] * 3 + ["OK"]
    assert len(await scans(town)) == 1


async def test_a_guard_who_got_no_answer_asks_again_and_is_told_the_same(
    town: HealthTown, lin: Somebody
) -> None:
    code = (await lin.ask("POST", f"{CODE}/codes", {})).json()["code"]

    told = [await town.check(code, request="a-lost-reply") for _ in range(2)]

    assert [each["verdict"] for each in told] == ["OK", "OK"]
    assert (await town.check(code, request="another-scan"))["verdict"] == "ALREADY_CHECKED"
    assert len(await scans(town)) == 1


# --- declarations -----------------------------------------------------------------------------------------


async def declared(somebody: Somebody, what: str, body: dict[str, Any], key: str) -> Any:  # noqa: ANN401  JSON
    answer = await somebody.ask("POST", f"{CODE}/declarations/{what}", body, **{"Idempotency-Key": key})
    return answer.status_code, answer.json()


async def test_what_a_resident_declares_is_evidence_and_colours_nobody_by_itself(
    town: HealthTown, lin: Somebody
) -> None:
    status, said = await declared(
        lin, "health", {"temperature": 38.5, "symptoms": ["COUGH"]}, "declaration-1"
    )
    assert (status, said["kind"]) == (201, "DECLARED"), said
    again = await declared(lin, "health", {"temperature": 38.5, "symptoms": ["COUGH"]}, "declaration-1")
    changed = await declared(lin, "health", {"temperature": 36.5}, "declaration-1")
    status, been = await declared(
        lin, "travel", {"area": "310101", "leftOn": datetime.now(UTC).date().isoformat()}, "declaration-2"
    )
    await town.settle()

    assert (again[1]["evidence"], changed[1]["code"]) == (said["evidence"], "IDEMPOTENCY_KEY_REUSED")
    assert (status, been["kind"]) == (201, "AREA_STAY")
    kept = (await town.platform.health.evidence.of([lin.key]))[lin.key]
    assert [(each.source, each.pending) for each in kept] == [("resident", False)] * 2
    facts = [town.platform.health.recolouring.opened(each).facts for each in kept]
    assert facts == [{"fever": True, "symptoms": ["COUGH"]}, {"area": "310101"}]
    assert (await lin.ask("GET", CODE)).json()["colour"] == "GREEN"


@pytest.mark.parametrize("days", [2, -40])
async def test_a_journey_of_no_day_that_counts_is_refused(lin: Somebody, days: int) -> None:
    day = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()

    status, refused = await declared(lin, "travel", {"area": "310101", "leftOn": day}, "declaration-3")

    assert (status, refused["code"]) == (400, "EVIDENCE_INVALID")


async def test_a_journey_to_nowhere_is_refused(lin: Somebody) -> None:
    day = datetime.now(UTC).date().isoformat()

    status, refused = await declared(lin, "travel", {"area": "999999", "leftOn": day}, "declaration-4")

    assert (status, refused["code"]) == (400, "DIVISION_UNKNOWN")

"""Appeals over HTTP: the reason first, an answer in time, and nothing but evidence comes of it."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from auth_bridges.models import Audience
from bff.platform.edge import Edge
from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import Settings
from miniapp_schemas.assurance import AssuranceLevel
from tests.factories import ID_NUMBER
from tests.health import (
    BY_HAND_IS_RED,
    CONTACT_IS_YELLOW,
    POSITIVE_IS_RED,
    UNTESTED_IS_YELLOW,
    Bearer,
    by_hand,
    clerk,
    evidence,
    people,
    publish,
    rule,
    rule_set,
)
from tests.http.test_health_code_routes import Town
from tests.web import web_app

MINE = "/mp/v1/health-code/appeals"
REVIEW = "/verifier/v1/health-appeals"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
NOTHING = "01900000-0000-7000-8000-000000000000"


class Court(Town):
    """A town where a laboratory erred, and two organisations that review."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient, edge: Edge) -> None:
        super().__init__(platform, settings, http, edge)
        bearer = Bearer(platform, settings)
        self.one = clerk(bearer, "one", "cdc", "health:appeals")
        self.colleague = clerk(bearer, "colleague", "cdc", "health:appeals")
        self.other = clerk(bearer, "other", "hospital", "health:appeals")
        self.stranger = bearer(
            Audience.RESIDENT,
            "health:show",
            subject="stranger",
            assurance=AssuranceLevel.L2,
            holder=platform.personal.hash(people(1)[0]),
        )

    async def turned_red(self) -> str:
        """The resident's code is red by a positive result; our id of that evidence."""
        now = datetime.now(UTC)
        await self.laboratory.report(evidence(ID_NUMBER, now, {"kind": "RESULT", "outcome": "POSITIVE"}))
        await self.settle()
        code = await self.code()
        assert code["colour"] == "RED"
        return str(code["reasons"][0]["evidence"])

    async def post(self, path: str, who: dict[str, str], body: object = None) -> httpx.Response:
        key = {"Idempotency-Key": secrets.token_hex(8)}
        return await self.http.post(path, headers=who | key, json=body)

    async def file(self) -> str:
        body = {"evidence": await self.turned_red(), "statement": "样本不是我的"}
        answer = await self.post(MINE, self.resident, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def step(self, appeal: str, step: str, who: dict[str, str], body: object = None) -> dict[str, Any]:
        answer = await self.post(f"{REVIEW}/{appeal}/{step}", who, body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refused(self, path: str, who: dict[str, str], body: object = None) -> str:
        answer = await self.post(path, who, body)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])

    async def mine(self, appeal: str) -> dict[str, Any]:
        answer = await self.http.get(f"{MINE}/{appeal}", headers=self.resident)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Court]:
    async with web_app(settings) as here:
        await publish(here.platform, rule_set(POSITIVE_IS_RED, CONTACT_IS_YELLOW, BY_HAND_IS_RED))
        yield Court(here.platform, settings, here.http, here.edge)


async def test_an_appeal_that_is_upheld_takes_the_evidence_back_and_the_colour_follows(town: Court) -> None:
    appeal = await town.file()
    assert (await town.mine(appeal))["state"] == "FILED"

    await town.step(appeal, "take", town.one)
    await town.step(appeal, "propose", town.one, {"answer": "样本管被调换"})
    await town.settle()
    assert (await town.code())["colour"] == "RED"
    assert "answer" not in {name for name, value in (await town.mine(appeal)).items() if value}
    await town.step(appeal, "uphold", town.other)
    await town.settle()

    assert (await town.code())["colour"] == "GREEN"
    mine = await town.mine(appeal)
    assert (mine["state"], mine["answer"]) == ("UPHELD", "样本管被调换")
    assert mine["outcome"]
    chain = [each async for each in town.platform.health.evidence.chain("suishen:appeals")]
    assert [(each.id, each.void, each.supersedes is not None) for each in chain] == [
        (mine["outcome"], True, True)
    ]


async def test_a_correction_may_say_what_is_right_instead(town: Court) -> None:
    appeal = await town.file()
    await town.step(appeal, "take", town.one)
    right = {"kind": "RESULT", "outcome": "NEGATIVE"}

    case = await town.step(appeal, "propose", town.one, {"answer": "录入有误", "facts": right})
    await town.step(appeal, "uphold", town.other)
    await town.settle()

    assert case["disputed"]["facts"]["outcome"] == "POSITIVE"
    assert case["correction"]["outcome"] == "NEGATIVE"
    assert (await town.code())["colour"] == "GREEN"


async def test_a_correction_is_of_the_same_kind(town: Court) -> None:
    appeal = await town.file()
    await town.step(appeal, "take", town.one)

    wrong = {"answer": "其他", "facts": {"kind": "EXPOSED", "degree": "CLOSE"}}
    assert await town.refused(f"{REVIEW}/{appeal}/propose", town.one, wrong) == "CORRECTION_INVALID"


async def test_a_correction_makes_no_risk_a_graver_one(town: Court) -> None:
    now = datetime.now(UTC)
    by_degree = {"Kinds": ["EXPOSED"], "ClearWhen": {">=": [{"var": "payload.after.negatives"}, 1]}}
    rules = [
        rule(number, colour, Logic={"===": [{"var": "payload.event.degree"}, degree]}, **by_degree)
        for number, colour, degree in ((6, "RED", "CLOSE"), (7, "YELLOW", "SECONDARY"))
    ]
    await publish(town.platform, rule_set(*rules, Version="1.1.0"))
    await town.platform.health.book.refresh()
    await town.laboratory.report(evidence(ID_NUMBER, now, {"kind": "EXPOSED", "degree": "SECONDARY"}))
    await town.settle()
    (reason,) = (await town.code())["reasons"]
    filed = await town.post(MINE, town.resident, {"evidence": reason["evidence"], "statement": "不是我"})
    appeal = str(filed.json()["id"])
    await town.step(appeal, "take", town.one)

    close, other = ({"kind": "EXPOSED", "degree": degree} for degree in ("CLOSE", "SPACETIME"))
    refused = await town.refused(f"{REVIEW}/{appeal}/propose", town.one, {"answer": "密接", "facts": close})

    assert refused == "CORRECTION_INVALID"
    await town.step(appeal, "propose", town.one, {"answer": "时空伴随", "facts": other})


@pytest.mark.parametrize("who", ["one", "colleague"])
async def test_no_two_of_one_organisation_uphold_an_appeal(town: Court, who: str) -> None:
    appeal = await town.file()
    await town.step(appeal, "take", town.one)
    await town.step(appeal, "propose", town.one, {"answer": "样本管被调换"})

    refused = await town.refused(f"{REVIEW}/{appeal}/uphold", getattr(town, who))

    assert refused == "SECOND_PERSON_NEEDED"
    await town.settle()
    assert (await town.code())["colour"] == "RED"


async def test_who_upholds_agrees_to_what_they_read_and_not_to_what_was_put_in_its_place(town: Court) -> None:
    appeal = await town.file()
    await town.step(appeal, "take", town.one)
    again = {"kind": "RESULT", "outcome": "POSITIVE", "mixed": True}
    await town.step(appeal, "propose", town.one, {"answer": "属混管", "facts": again})
    read = (await town.http.get(f"{REVIEW}/{appeal}", headers=town.other)).json()
    assert (read["correction"]["mixed"], read["proposedAnswer"]) == (True, "属混管")
    await town.step(appeal, "return", town.one)
    await town.step(appeal, "propose", town.one, {"answer": "整条撤回"})

    for said in ("", f"?proposal={read['proposal']}"):
        refused = await town.refused(f"{REVIEW}/{appeal}/uphold{said}", town.other)
        assert refused == "PROPOSAL_CHANGED"
    await town.settle()
    assert (await town.code())["colour"] == "RED"

    read = (await town.http.get(f"{REVIEW}/{appeal}", headers=town.other)).json()
    assert (read["correction"], read["proposedAnswer"]) == (None, "整条撤回")
    await town.step(appeal, f"uphold?proposal={read['proposal']}", town.other)
    await town.settle()
    assert (await town.code())["colour"] == "GREEN"


async def test_what_is_sent_back_is_reviewed_again_and_may_be_rejected_with_the_reason(town: Court) -> None:
    appeal = await town.file()
    assert await town.refused(f"{REVIEW}/{appeal}/reject", town.one, {"answer": "太早"}) == "APPEAL_NOT_OPEN"
    await town.step(appeal, "take", town.one)
    assert (await town.step(appeal, "take", town.one))["appeal"]["state"] == "IN_REVIEW"
    await town.step(appeal, "propose", town.one, {"answer": "样本管被调换"})
    await town.step(appeal, "return", town.other)
    await town.step(appeal, "reject", town.other, {"answer": "复核无误"})
    await town.settle()

    mine = await town.mine(appeal)
    assert (mine["state"], mine["answer"], mine["outcome"]) == ("REJECTED", "复核无误", None)
    assert (await town.code())["colour"] == "RED"
    # What was rejected can be appealed against again.
    body = {"evidence": mine["evidence"], "statement": "有新的证明"}
    assert (await town.post(MINE, town.resident, body)).json()["id"] != appeal


async def test_only_a_reason_of_ones_own_present_colour_can_be_appealed_against(town: Court) -> None:
    disputed = {"evidence": await town.turned_red(), "statement": "我不认识他"}

    assert await town.refused(MINE, town.stranger, disputed) == "NOT_A_DECISIVE_REASON"
    disputed["evidence"] = NOTHING
    assert await town.refused(MINE, town.resident, disputed) == "NOT_A_DECISIVE_REASON"


async def test_another_persons_appeal_is_none(town: Court) -> None:
    appeal = await town.file()

    assert (await town.http.get(f"{MINE}/{appeal}", headers=town.stranger)).status_code == 404
    assert await town.refused(f"{MINE}/{appeal}/withdraw", town.stranger) == "APPEAL_UNKNOWN"
    assert await town.refused(f"{REVIEW}/{NOTHING}/take", town.one) == "APPEAL_UNKNOWN"
    assert (await town.http.get(MINE, headers=town.stranger)).json()["items"] == []


async def test_filing_again_while_one_is_open_is_that_one(town: Court) -> None:
    appeal = await town.file()
    body = {"evidence": (await town.mine(appeal))["evidence"], "statement": "再说一次"}

    again = await asyncio.gather(*(town.post(MINE, town.resident, body) for _ in range(5)))

    assert {each.json()["id"] for each in again} == {appeal}
    assert len((await town.http.get(MINE, headers=town.resident)).json()["items"]) == 1


async def test_what_is_withdrawn_stays_on_record(town: Court) -> None:
    appeal = await town.file()
    for _ in range(2):
        assert (await town.post(f"{MINE}/{appeal}/withdraw", town.resident)).json()["state"] == "WITHDRAWN"

    assert (await town.mine(appeal))["state"] == "WITHDRAWN"
    assert await town.refused(f"{REVIEW}/{appeal}/take", town.one) == "APPEAL_NOT_OPEN"
    removed = await town.http.delete(f"{MINE}/{appeal}", headers=town.resident)
    assert removed.status_code == 405


async def test_a_file_is_sealed_at_rest_and_read_by_reviewers_alone(
    town: Court, mongo_database: Database
) -> None:
    appeal = await town.file()
    file = {"mediaType": "image/png", "content": base64.b64encode(PNG).decode()}

    answer = await town.post(f"{MINE}/{appeal}/attachments", town.resident, file)
    (attached,) = answer.json()["attachments"]

    assert attached["size"] == len(PNG)
    kept = await mongo_database["health_appeal_files"].find_one({})
    assert kept is not None
    assert PNG not in kept["content"]
    path = f"{REVIEW}/{appeal}/attachments"
    read = await town.http.get(f"{path}/{attached['id']}", headers=town.one)
    assert base64.b64decode(read.json()["content"]) == PNG
    assert (await town.http.get(f"{path}/{NOTHING}", headers=town.one)).status_code == 404


async def test_files_are_few_small_and_what_they_say(town: Court) -> None:
    appeal = await town.file()
    path = f"{MINE}/{appeal}/attachments"

    def file(content: bytes, kind: str = "image/png") -> dict[str, str]:
        return {"mediaType": kind, "content": base64.b64encode(content).decode()}

    assert await town.refused(path, town.resident, file(b"<html>")) == "ATTACHMENT_UNFIT"
    assert await town.refused(path, town.resident, file(PNG, "application/pdf")) == "ATTACHMENT_UNFIT"
    large = PNG + b"0" * (1024 * 1024)
    assert await town.refused(path, town.resident, file(large)) == "ATTACHMENT_UNFIT"
    assert (await town.post(path, town.resident, file(large[: 1024 * 1024]))).status_code == 201
    assert (await town.post(path, town.resident, file(large * 2))).status_code == 413
    at_once = await asyncio.gather(*(town.post(path, town.resident, file(PNG)) for _ in range(6)))
    assert sorted(each.status_code for each in at_once) == [201, 201, 201, 400, 400, 400]
    await town.post(f"{MINE}/{appeal}/withdraw", town.resident)
    assert await town.refused(path, town.resident, file(PNG)) == "APPEAL_NOT_OPEN"


async def test_what_is_late_is_escalated_once_and_listed(town: Court, mongo_database: Database) -> None:
    appeal = await town.file()
    late = {"$set": {"deadline": datetime.now(UTC) - timedelta(minutes=1)}}
    overdue = f"{REVIEW}?overdue=true"
    assert (await town.http.get(overdue, headers=town.one)).json()["items"] == []
    await mongo_database["health_appeals"].update_one({"_id": appeal}, late)

    for _ in range(2):
        await town.platform.health.settle()
    await town.settle()

    assert (await town.mine(appeal))["overdue"] is True
    (listed,) = (await town.http.get(overdue, headers=town.one)).json()["items"]
    assert listed["id"] == appeal
    events = [record.event.kind async for record in town.platform.audit.read()]
    assert events.count("appeal.overdue") == 1


async def test_who_dies_between_upholding_and_recording_leaves_it_to_the_next(
    town: Court, mongo_database: Database
) -> None:
    appeal = await town.file()
    await town.step(appeal, "take", town.one)
    await town.step(appeal, "propose", town.one, {"answer": "样本管被调换"})
    await town.step(appeal, "uphold", town.other)
    # What a process killed there leaves: the appeal upheld, and nothing else.
    await mongo_database["health_evidence"].delete_many({"source": "suishen:appeals"})
    left = {"$set": {"due": True, "since": datetime.now(UTC) - timedelta(minutes=1), "outcome": None}}
    await mongo_database["health_appeals"].update_one({"_id": appeal}, left)

    for _ in range(2):
        await town.platform.health.settle()
    await town.settle()

    assert await mongo_database["health_evidence"].count_documents({"source": "suishen:appeals"}) == 1
    assert (await town.code())["colour"] == "GREEN"


async def test_what_was_entered_by_hand_can_be_appealed_against_and_only_taken_back(
    town: Court, settings: Settings
) -> None:
    bearer = Bearer(town.platform, settings)
    manual = "/verifier/v1/health-manual"
    proposed = await town.post(manual, clerk(bearer, "a", "x", "health:manual"), by_hand(ID_NUMBER))
    entry = proposed.json()["id"]
    await town.post(f"{manual}/{entry}/confirm", clerk(bearer, "b", "y", "health:manual"))
    await town.settle()
    (reason,) = (await town.code())["reasons"]
    body = {"evidence": reason["evidence"], "statement": "没有依据"}
    appeal = (await town.post(MINE, town.resident, body)).json()["id"]
    await town.step(appeal, "take", town.one)
    wrong = {"answer": "其他", "facts": {"kind": "RESULT", "outcome": "NEGATIVE"}}
    assert await town.refused(f"{REVIEW}/{appeal}/propose", town.one, wrong) == "CORRECTION_INVALID"
    await town.step(appeal, "propose", town.one, {"answer": "没有依据"})
    await town.step(appeal, "uphold", town.other)
    await town.settle()

    assert (await town.code())["colour"] == "GREEN"


class Untested(NamedTuple):
    """A town whose resident is yellow by a rule that rests on no evidence, and what they said of it."""

    town: Court
    body: dict[str, str]

    async def file(self) -> str:
        answer = await self.town.post(MINE, self.town.resident, self.body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest.fixture
async def untested(town: Court) -> Untested:
    await publish(town.platform, rule_set(POSITIVE_IS_RED, UNTESTED_IS_YELLOW, Version="1.1.0"))
    code = await town.code()
    (reason,) = code["reasons"]
    assert (code["colour"], reason["evidence"]) == ("YELLOW", None)
    return Untested(town, {"rule": reason["rule"], "statement": "我昨天测过"})


async def test_a_colour_without_evidence_is_appealed_against_and_what_was_missing_is_added_by_two(
    untested: Untested,
) -> None:
    town, appeal = untested.town, await untested.file()
    assert await untested.file() == appeal
    sampled = datetime.now(UTC) - timedelta(hours=20)
    missing = {"answer": "检测机构漏报", "occurredAt": sampled.isoformat()}
    negative = {"facts": {"kind": "RESULT", "outcome": "NEGATIVE"}}

    case = await town.step(appeal, "take", town.one)
    assert (case["appeal"]["evidence"], case["appeal"]["rule"]) == ("", untested.body["rule"])
    assert (case["disputed"], case["known"]) == (None, [])
    case = await town.step(appeal, "propose", town.one, missing | negative)
    assert (case["missingKind"], case["correction"]["outcome"]) == ("RESULT", "NEGATIVE")
    refused = await town.refused(f"{REVIEW}/{appeal}/uphold", town.colleague)
    await town.settle()
    assert (refused, (await town.code())["colour"]) == ("SECOND_PERSON_NEEDED", "YELLOW")
    await town.step(appeal, "uphold", town.other)
    await town.settle()

    assert (await town.code())["colour"] == "GREEN"
    (added,) = [each async for each in town.platform.health.evidence.chain("suishen:appeals")]
    assert (added.id, added.kind, added.supersedes) == ((await town.mine(appeal))["outcome"], "RESULT", None)
    assert abs(added.occurred_at - sampled) < timedelta(milliseconds=1)


async def test_against_an_outcome_evidence_that_is_known_can_be_corrected(untested: Untested) -> None:
    town, now = untested.town, datetime.now(UTC)
    await town.laboratory.report(evidence(ID_NUMBER, now, {"kind": "RESULT", "outcome": "INVALID"}))
    await town.settle()
    appeal = await untested.file()
    await town.step(appeal, "take", town.one)
    case = (await town.http.get(f"{REVIEW}/{appeal}", headers=town.one)).json()
    (known,) = case["known"]
    right = {"kind": "RESULT", "outcome": "NEGATIVE"}
    wanted = {"answer": "结果录入有误", "evidence": known["evidence"], "facts": right}
    risk = wanted | {"facts": {"kind": "RESULT", "outcome": "POSITIVE"}}
    assert await town.refused(f"{REVIEW}/{appeal}/propose", town.one, risk) == "CORRECTION_INVALID"

    case = await town.step(appeal, "propose", town.one, wanted)
    await town.step(appeal, "uphold", town.other)
    await town.settle()

    assert (known["facts"]["outcome"], case["correcting"]) == ("INVALID", known["evidence"])
    assert (await town.code())["colour"] == "GREEN"


async def test_an_appeal_adds_nothing_that_could_make_anybody_red(untested: Untested) -> None:
    appeal = await untested.file()
    await untested.town.step(appeal, "take", untested.town.one)
    now = datetime.now(UTC)
    negative = {"kind": "RESULT", "outcome": "NEGATIVE"}

    for wrong in (
        {},
        {"facts": negative},
        {"evidence": NOTHING},
        {"evidence": NOTHING, "occurredAt": now.isoformat()},
        {"facts": negative, "occurredAt": (now + timedelta(hours=1)).isoformat()},
        {"facts": negative | {"diagnosis": "CONFIRMED"}, "occurredAt": now.isoformat()},
        {"facts": {"kind": "RESULT", "outcome": "POSITIVE"}, "occurredAt": now.isoformat()},
        {"facts": {"kind": "EXPOSED", "degree": "CLOSE"}, "occurredAt": now.isoformat()},
    ):
        body = {"answer": "其他", **wrong}
        refused = await untested.town.refused(f"{REVIEW}/{appeal}/propose", untested.town.one, body)
        assert refused == "CORRECTION_INVALID", wrong


async def test_what_a_silent_source_leaves_grey_is_answered_in_time_like_any_other(town: Court) -> None:
    rules = rule_set(POSITIVE_IS_RED, SilentAfterHours={"lab-that-is-away": 1}, Version="1.1.0")
    await publish(town.platform, rules)
    body = {"rule": "GREY", "statement": "为什么是灰码"}
    code = await town.code()
    assert code["colour"] == "GREY"

    filed = (await town.post(MINE, town.resident, body)).json()
    case = await town.step(filed["id"], "take", town.one)
    await town.step(filed["id"], "reject", town.one, {"answer": "检测机构的数据中断，恢复后自动重新判定"})

    assert (filed["rule"], filed["colour"]) == ("GREY", "GREY")
    assert filed["deadline"] > filed["filedAt"]
    assert case["unknown"] == code["unknown"]
    assert (await town.mine(filed["id"]))["state"] == "REJECTED"


async def test_a_colour_too_old_to_be_shown_is_appealed_against_as_the_grey_it_is_shown_as(
    town: Court, mongo_database: Database
) -> None:
    assert (await town.code())["colour"] == "GREEN"
    body = {"rule": "GREY", "statement": "为什么是灰码"}
    assert await town.refused(MINE, town.resident, body) == "NOT_A_DECISIVE_REASON"
    long_ago = datetime.now(UTC) - timedelta(days=2)
    await mongo_database["health_states"].update_many({}, {"$set": {"judged_at": long_ago}})

    assert (await town.post(MINE, town.resident, body)).json()["colour"] == "GREY"


async def test_an_appeal_is_against_evidence_or_against_an_outcome_that_is_ones_own(
    untested: Untested,
) -> None:
    town, said = untested.town, {"statement": "不对"}
    for wrong in (
        {},
        {"rule": "GREY"},
        {"rule": "CR-CN-0001"},
        {"rule": untested.body["rule"], "evidence": NOTHING},
    ):
        assert await town.refused(MINE, town.resident, said | wrong) == "NOT_A_DECISIVE_REASON", wrong
    red = await town.turned_red()
    (first, *_) = (await town.code())["reasons"]
    refused = await town.refused(MINE, town.resident, said | {"rule": first["rule"]})
    assert (first["evidence"], refused) == (red, "NOT_A_DECISIVE_REASON")

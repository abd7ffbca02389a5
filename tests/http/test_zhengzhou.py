"""Zhengzhou, June 2022, played to the end: officials want 1,317 depositors red, by every way there is.

Then two officials gave the order and three carried it out, one of them at the operator; 446 depositors
scanned a venue code in the city and 871 scanned a picture of it that somebody had forwarded.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.models import Audience
from bff.platform.settings import Settings
from health_code.refusals import EvidenceKindNotAllowed, SecondPersonNeeded
from health_code.rules.documents import Colour
from health_code.store.evidence import ChainBroken
from tests.health import (
    BY_HAND_IS_RED,
    CONTACT_IS_YELLOW,
    POSITIVE_IS_RED,
    by_hand,
    evidence,
    people,
    publish,
    rule,
    rule_set,
)
from tests.http.test_health_venues import L2, Town, code_of, opened_town

CODE: Final = "/mp/v1/health-code"
MANUAL: Final = "/verifier/v1/health-manual"
RULES: Final = "/verifier/v1/health-rule-sets"
REPORT: Final = "/issuer/v1/health-evidence"
DEPOSITORS: Final = people(1_317)
IN_THE_CITY: Final = 446
AT_ONCE: Final = 10
T = TypeVar("T")
R = TypeVar("R")


class Story:
    """The town, its depositors and those who want them red."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.subjects = [town.platform.personal.hash(number) for number in DEPOSITORS]
        self.chief = town.of("zhengfa", "chief", "health:manual health:rules")
        self.deputy = town.of("zhengfa", "deputy", "health:manual health:rules")
        self.operator = town.of("bigdata", "vice-manager", "health:manual")

    def phone(self, subject: str) -> dict[str, str]:
        return self.town.bearer(
            Audience.RESIDENT, "health:show", subject=subject, assurance=L2, holder=subject
        )

    async def post(self, path: str, who: dict[str, str], body: object = None) -> Any:  # noqa: ANN401  JSON
        key = {"Idempotency-Key": secrets.token_hex(8)}
        return (await self.town.http.post(path, json=body, headers=who | key)).json()

    async def colours(self) -> Counter[str]:
        """What the register says of them all."""
        await self.town.settle()
        states = await self.town.platform.health.states.of(self.subjects)
        return Counter(states[subject].colour.value for subject in self.subjects)

    async def code(self, subject: str) -> dict[str, Any]:
        answer = await self.town.http.get(CODE, headers=self.phone(subject))
        found: dict[str, Any] = answer.json()
        return found


async def at_once(items: Sequence[T], ask: Callable[[T], Awaitable[R]]) -> list[R]:
    """What is answered about each, asked of many at a time."""
    answers: list[R] = []
    for start in range(0, len(items), AT_ONCE):
        answers += await asyncio.gather(*map(ask, items[start : start + AT_ONCE]))
    return answers


@pytest.fixture
async def story(settings: Settings) -> AsyncIterator[Story]:
    async with opened_town(settings) as town:
        await town.platform.ensure_indexes()
        await publish(town.platform, rule_set(POSITIVE_IS_RED, CONTACT_IS_YELLOW, BY_HAND_IS_RED))
        told = Story(town)
        await town.platform.health.recolouring.judge(told.subjects)
        yield told


async def test_nobody_turns_1317_depositors_red(story: Story, redis: Redis) -> None:
    town = story.town
    all_green = Counter({"GREEN": 1_317})
    assert await story.colours() == all_green

    # They scan: who is in the city at the station's door, who never was a picture that was forwarded.
    venue = await town.register()
    at_the_door, forwarded = await town.displayed(venue), code_of(town, venue, minutes_ago=3)
    before = await town.colours(redis)
    scans = [(subject, at_the_door) for subject in story.subjects[:IN_THE_CITY]]
    scans += [(subject, forwarded) for subject in story.subjects[IN_THE_CITY:]]
    scanned = await at_once(scans, lambda scan: town.scan(story.phone(scan[0]), scan[1]))
    verdicts = Counter(answer.json().get("verdict") or answer.json()["code"] for answer in scanned)
    assert verdicts == {"PASS": IN_THE_CITY, "VENUE_CODE_STALE": 871}
    assert await town.colours(redis) == before  # not a byte
    assert len(await town.events("venue.alarm")) == 1

    # A colour is nothing that can be said: there is no such field and no such kind of evidence.
    now = datetime.now(UTC)
    bureau = town.source("bureau", "health:RESULT")
    number = DEPOSITORS[0]
    red = evidence(number, now, {"kind": "RESULT", "outcome": "POSITIVE", "colour": "RED"})
    manual = evidence(number, now, {"kind": "MANUAL", "reason": "CONTACT_TRACED"})
    exposed = evidence(number, now, {"kind": "EXPOSED", "degree": "CLOSE"})
    for item in (red, manual, red | {"facts": {"kind": "RESULT", "outcome": "POSITIVE"}, "colour": "RED"}):
        assert (await story.post(REPORT, bureau, {"items": [item]}))["status"] == 400
    (outcome,) = (await story.post(REPORT, bureau, {"items": [exposed]}))["items"]
    assert outcome["code"] == EvidenceKindNotAllowed.code
    assert (await story.post(MANUAL, story.chief, by_hand(number) | {"colour": "RED"}))["status"] == 400

    # By hand: their own deputy may not agree, and whoever of another office goes along only has it held.
    wanted = await at_once(DEPOSITORS, lambda each: story.post(MANUAL, story.chief, by_hand(each)))
    entries = [each["id"] for each in wanted]
    by_deputy = await at_once(entries, lambda each: story.post(f"{MANUAL}/{each}/confirm", story.deputy))
    by_operator = await at_once(entries, lambda each: story.post(f"{MANUAL}/{each}/confirm", story.operator))
    agreed = Counter(each["code"] for each in by_deputy) + Counter(each["state"] for each in by_operator)
    assert agreed == {SecondPersonNeeded.code: 1_317, "HELD": 1_317}
    commission = town.of("commission", "senior", "health:manual-release")
    alarms = await town.http.get("/verifier/v1/health-manual-release/alarms", headers=commission)
    assert [alarm["people"] for alarm in alarms.json()["items"]] == [1_317]
    for accomplice in ("chief", "deputy"):
        theirs = town.of("zhengfa", accomplice, "health:manual-release")
        refused = await story.post(f"/verifier/v1/health-manual-release/{entries[0]}/release", theirs)
        assert refused["code"] == SecondPersonNeeded.code
    assert len(await town.events("manual.hold")) == 1_317

    # By law: a rule that makes whoever is in the city red needs a second person as well.
    stays = rule(8, "RED", Kinds=["AREA_STAY"], ClearWhen={">=": [{"var": "payload.after.negatives"}, 2]})
    law = rule_set(stays, Version="1.0.1")
    proposal = await story.post(RULES, story.chief, {"document": msgspec.to_builtins(law)})
    refused = await story.post(f"{RULES}/{proposal['id']}/publish", story.chief)
    assert refused["code"] == SecondPersonNeeded.code
    assert await story.colours() == all_green

    # By whoever has the database: a colour written there is gone when it is judged from the evidence.
    states = town.platform._mongo["health_states"]
    await states.update_many({"_id": {"$in": story.subjects}}, {"$set": {"colour": "RED"}})
    await town.platform.health.recolouring.judge(story.subjects)
    assert await story.colours() == all_green


async def test_what_one_source_can_do_alone_its_victim_reads_and_everybody_can_find(story: Story) -> None:
    """No machine knows that a registered source lies. It can lie of nobody unseen."""
    town = story.town
    bureau = town.source("bureau", "health:RESULT")
    lie = evidence(
        DEPOSITORS[0],
        datetime.now(UTC) - timedelta(hours=1),
        {"kind": "RESULT", "outcome": "POSITIVE"},
    )
    assert (await story.post(REPORT, bureau, {"items": [lie]}))["recorded"] == 1
    await town.settle()

    told = await story.code(story.subjects[0])
    (reason,) = told["reasons"]
    assert (told["colour"], reason["evidenceKind"]) == ("RED", "RESULT")
    appeal = {"evidence": reason["evidence"], "statement": "我没有做过检测。"}
    assert (await story.post(f"{CODE}/appeals", story.phone(story.subjects[0]), appeal))["state"] == "FILED"
    (reported,) = await town.events("evidence.reported")
    assert (reported["actor"], reported["facts"]["recorded"]) == ("bureau", "1")
    (turned,) = [each for each in await town.events("health.colour") if each["outcome"] == Colour.RED.value]
    assert turned["actor"] == "rules"

    # Taken out afterwards, or put in past the source: the chain no longer holds, and nobody is red by it.
    kept = town.platform._mongo["health_evidence"]
    forged = await kept.find_one({"source": "bureau"})
    assert forged is not None
    others = {"_id": "forged", "source_id": "x", "subject": story.subjects[1], "sequence": 2}
    await kept.insert_one(forged | others)
    await town.platform.health.recolouring.judge(story.subjects[1:2])
    assert (await story.code(story.subjects[1]))["colour"] == "GREY"
    with pytest.raises(ChainBroken):
        await town.platform.health.evidence.verify("bureau")

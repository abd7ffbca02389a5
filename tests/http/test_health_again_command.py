"""``suishen health again``: a past answer is made again from the stores, and whoever asked is on record."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import msgspec
import pytest
from click.testing import CliRunner, Result

from bff.cli import main
from bff.platform.mongo import Database
from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.rules.evidence import Kind
from tests.factories import ID_NUMBER
from tests.health import CONTACT_IS_YELLOW, POSITIVE_IS_RED, publish, rule_set
from tests.http.test_health_retire_command import settle
from tests.stores.test_health_judging import Bureau

ASKED: Final = ("--case", "CASE-2026-0001", "--operator", "王审计")


async def again(
    environ: Mapping[str, str | None], *words: object, told: str | None = None, json: bool = True
) -> Result:
    """In a thread of its own: the command brings its own loop."""
    said = ["health", "again", *(["--json"] if json else []), *map(str, words)]
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, said, env=environ, input=told))


class Past:
    """Somebody who was yellow as a contact, then red, then yellow by milder rules; and when."""

    subject: str
    yellow: datetime
    red: datetime
    now: datetime
    contact: str
    positive: str


@pytest.fixture
async def past(settings: Settings) -> Past:
    past = Past()
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        await publish(platform, rule_set(POSITIVE_IS_RED, CONTACT_IS_YELLOW))
        past.subject = platform.personal.hash(ID_NUMBER)
        bureau, recolouring = Bureau(platform), platform.health.recolouring

        async def judged() -> datetime:
            return (await recolouring.once(past.subject)).judged_at

        day_ago = datetime.now(UTC) - timedelta(days=1)
        contact = await bureau.record(past.subject, Kind.EXPOSED, day_ago, {"degree": "CLOSE"})
        past.yellow = await judged()
        positive = await bureau.positive(past.subject)
        past.red = await judged()
        await publish(platform, rule_set(CONTACT_IS_YELLOW, Identifier="lenient-rules", Version="2.0.0"))
        past.now, past.contact, past.positive = await judged(), contact.id, positive.id
    return past


async def test_each_answer_is_made_again_by_the_evidence_and_the_rules_of_then(
    environ: dict[str, str], settings: Settings, past: Past, tmp_path: Path
) -> None:
    number = tmp_path / "number.txt"
    number.write_text(f"{ID_NUMBER}\n")
    told: list[dict[str, Any]] = []
    for at, who in ((past.yellow, "-"), (past.red, str(number)), (past.now, past.subject)):
        done = await again(environ, "--at", at.isoformat(), *ASKED, "--", who, told=ID_NUMBER)
        assert done.exit_code == 0, done.output
        assert ID_NUMBER not in done.output
        told.append(msgspec.json.decode(done.stdout))

    assert [(each["colour"], each["ruleSet"], each["same"]) for each in told] == [
        ("YELLOW", "test-rules", True),
        ("RED", "test-rules", True),
        ("YELLOW", "lenient-rules", True),
    ]
    assert [each["reasons"][0]["evidence"] for each in told] == [past.contact, past.positive, past.contact]
    assert [each["answered"]["reproduced"] for each in told] == [True] * 3
    assert [len(each["evidence"]) for each in told] == [1, 2, 2]
    hindsight = await again(
        environ, past.subject, "--at", past.yellow.isoformat(), "--known-at", past.red.isoformat(), *ASKED
    )
    # The positive result was hours old when it was reported.
    assert (hindsight.exit_code, msgspec.json.decode(hindsight.stdout)["colour"]) == (1, "RED")

    async with Platform.open(settings) as platform:
        await settle(platform)
        events = [record.event async for record in platform.audit.read()]
    records = [
        (each.actor, each.subject, each.facts["case"]) for each in events if each.kind == "health.recalled"
    ]
    assert records == [("王审计", past.subject, "CASE-2026-0001")] * 4


async def test_what_is_gone_or_was_touched_is_said_and_makes_nobody_green(
    environ: dict[str, str], past: Past, mongo_database: Database
) -> None:
    ask = (past.subject, "--at", past.red.isoformat(), *ASKED)
    changes, evidence = mongo_database["health_changes"], mongo_database["health_evidence"]
    await changes.update_one({"colour": "RED"}, {"$set": {"colour": "GREEN"}})
    touched = await again(environ, *ask)
    await changes.update_one({"colour": "GREEN"}, {"$set": {"colour": "RED"}})
    await evidence.delete_many({})
    gone = await again(environ, *ask)
    await changes.delete_many({})
    nothing = await again(environ, *ask)

    said = [msgspec.json.decode(done.stdout) for done in (touched, gone, nothing)]
    assert (touched.exit_code, said[0]["same"], said[0]["answered"]["reproduced"]) == (1, False, False)
    assert (gone.exit_code, said[1]["colour"], said[1]["missing"]) == (
        1,
        "GREY",
        [past.contact, past.positive],
    )
    assert (nothing.exit_code, list(said[2])) == (3, ["error", "exitCode"])


async def test_for_people_it_is_told_in_words(environ: dict[str, str], past: Past) -> None:
    done = await again(environ, past.subject, "--at", past.red.isoformat(), *ASKED, json=False)

    assert done.exit_code == 0
    for words in ("RED 红码", "CR-CN-0001 1.0.0: 规则第 1 条", past.positive, "the same as was answered"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((ID_NUMBER, "--at", "2022-09-03", *ASKED), "history"),
        (("nobody.txt", "--at", "2022-09-03", *ASKED), "neither a subject"),
        (("-", "--at", "2100-09-03", *ASKED), "yet to come"),
        (("-", "--at", "2022-09-03", "--case", "x", "--operator", "王审计"), "a case has"),
        (("-", "--at", "2022-09-03", "--case", "CASE-2026-0001", "--operator", " "), "who asks"),
        (("-", "--at", "2022-09-03", "--jurisdiction", "999999", *ASKED), "no division"),
        (("-", "--at", "2022-09-03", "--case", "CASE-2026-0001"), "--operator"),
        (("-", "--at", "2022-09-03", "--operator", "王审计"), "--case"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_a_store_is(words: tuple[str, ...], why: str) -> None:
    done = await again({}, *words, told="?")

    assert done.exit_code == 2
    error = msgspec.json.decode(done.stdout)["error"]
    assert why in error["en"]
    assert ID_NUMBER not in str(error)
    assert error["zh"]

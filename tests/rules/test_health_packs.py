"""The shipped rule packs: what was law, held to worked cases, the day before and after each boundary."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise, permutations
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from bff.cli_health import health
from health_code import packs
from health_code.packs import shipped_rule_sets
from health_code.rules.colour import Judgement, RuleSet, judge, next_change
from health_code.rules.documents import Colour, RuleDocument, RuleSetDocument, in_force
from health_code.rules.evidence import Evidence, Fact, Key, Kind
from health_code.rules.linter import rule_set_issues
from tests.health import rule_set

ZONE: Final = ZoneInfo("Asia/Shanghai")
PACKS: Final = shipped_rule_sets()
COMPILED: Final = {document.identifier: RuleSet(document) for document in PACKS}
INSTANT: Final = timedelta(microseconds=1)
FOLDER: Final = Path(packs.__file__).parent


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """Evidence of one person, and the colours that follow: [instant, colour, decisive rule or null]."""

    case: str
    jurisdiction: str
    events: list[tuple[str, dict[str, Fact]]]
    colours: list[tuple[str, Colour, str | None]]


def instant(text: str) -> datetime:
    """An instant of a case: Shanghai's time, unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def cases() -> Iterator[tuple[str, Case]]:
    """Every case, with the pack it is filed under."""
    for file in sorted((Path(__file__).parent / "packs").glob("*.json")):
        for case in msgspec.json.decode(file.read_bytes(), type=list[Case]):
            yield file.stem, case


CASES: Final = list(cases())


def law(jurisdiction: str, at: datetime) -> RuleSet:
    """What was law there and then."""
    document = in_force(PACKS, jurisdiction, at=at)
    assert document is not None
    return COMPILED[document.identifier]


def history(case: Case) -> list[Evidence]:
    """Its evidence."""
    return [
        Evidence(
            key=Key("source", str(number)),
            kind=Kind(str(facts["kind"])),
            jurisdiction=case.jurisdiction,
            occurred_at=instant(at),
            recorded_at=instant(at),
            facts={name: value for name, value in facts.items() if name != "kind"},
        )
        for number, (at, facts) in enumerate(case.events, 1)
    ]


def decision(judgement: Judgement) -> tuple[Colour, str | None]:
    """The colour, and the rule that decides it."""
    return judgement.colour, judgement.findings[0].rule.identifier if judgement.findings else None


def rules() -> Iterator[tuple[RuleSetDocument, RuleDocument]]:
    """Every rule of every pack."""
    for document in PACKS:
        for rule in document.rules:
            yield document, rule


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{pack}: {case.case}") for pack, case in CASES])
def test_a_worked_case_has_its_colours(case: Case) -> None:
    evidence = history(case)
    for at, *expected in case.colours:
        now = instant(at)
        found = decision(judge(evidence, law(case.jurisdiction, now), at=now, known_at=now))

        assert found == tuple(expected), at


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{pack}: {case.case}") for pack, case in CASES])
def test_a_worked_case_turns_when_it_is_said_to(case: Case) -> None:
    """Between two instants of one law nothing turns unannounced, and evidence yet to come counts as known."""
    evidence = history(case)
    for (one, *before), (other, *after) in pairwise(case.colours):
        now, then = instant(one), instant(other)
        rule_set = law(case.jurisdiction, now)
        if before == after or rule_set is not law(case.jurisdiction, then) or then - now > timedelta(days=40):
            continue
        turns = next_change(evidence, rule_set, at=now, known_at=then)

        assert turns is not None, (one, other)
        assert now < turns <= then


def test_every_pack_passes_the_linter() -> None:
    assert {document.identifier: rule_set_issues(document) for document in PACKS} == {
        document.identifier: [] for document in PACKS
    }


def test_the_packs_are_in_force_from_when_to_when_the_sources_say() -> None:
    laws: dict[str, list[tuple[str, str | None]]] = {}
    for document in PACKS:
        ends = None if document.valid_to is None else document.valid_to.isoformat()
        laws.setdefault(document.jurisdiction, []).append((document.valid_from.isoformat(), ends))
    midnights = {
        division: [
            tuple(None if each is None else each.removesuffix("T00:00:00+08:00") for each in term)
            for term in terms
        ]
        for division, terms in laws.items()
    }

    assert midnights == {
        "000000": [
            ("2021-05-01", "2022-06-28"),
            ("2022-06-28", "2022-11-11"),
            ("2022-11-11", "2022-12-07"),
            ("2022-12-07", "2023-01-08"),
            ("2023-01-08", None),
        ],
        "310000": [("2022-04-26", "2022-09-18"), ("2022-09-18", "2022-11-11")],
        "440000": [("2021-06-01", "2022-06-28")],
    }


def test_of_several_versions_in_a_folder_the_highest_is_law() -> None:
    one, two, ten = (
        rule_set(Version=version, ValidFrom=begins)
        for version, begins in (
            ("1.0.0", "2022-03-01T00:00:00+08:00"),
            ("1.2.0", "2022-02-01T00:00:00+08:00"),
            ("1.10.0", "2022-01-01T00:00:00+08:00"),
        )
    )
    at = datetime(2022, 6, 1, tzinfo=ZONE)

    for several in permutations((one, two, ten)):
        assert in_force(several, "310000", at=at) == ten
    assert in_force([one, two], "310000", at=at) == two


@pytest.mark.parametrize("division", ["000000", "310000", "310115", "440000", "440300", "510100"])
def test_at_every_hour_exactly_one_law_is_in_force(division: str) -> None:
    began = instant("2021-05-01T00:00")

    assert in_force(PACKS, division, at=began - INSTANT) is None
    for document in PACKS:
        for bound in filter(None, (document.valid_from, document.valid_to)):
            for at in (max(began, bound - INSTANT), bound):
                own = [
                    each
                    for each in PACKS
                    if each.jurisdiction == document.jurisdiction
                    and each.valid_from <= at
                    and (each.valid_to is None or at < each.valid_to)
                ]
                assert len(own) <= 1
                assert in_force(PACKS, division, at=at) is not None


def test_a_rule_is_in_force_no_longer_than_the_packs_it_is_in() -> None:
    for document, rule in rules():
        packs = [pack for pack, each in rules() if each.identifier == rule.identifier]

        assert rule.valid_from >= min(pack.valid_from for pack in packs)
        assert rule.valid_to <= max(pack.valid_to or rule.valid_to for pack in packs)
        assert document.valid_to is not None
        assert rule.valid_from < document.valid_to
        assert rule.valid_to > document.valid_from


def test_a_rule_of_two_packs_is_the_same_rule() -> None:
    known: dict[str, RuleDocument] = {}

    for _, rule in rules():
        assert known.setdefault(rule.identifier, rule) == rule


def test_every_rule_decides_a_worked_case_and_ends_in_one() -> None:
    begun: set[str] = set()
    ended: set[str] = set()
    for _, case in CASES:
        decisive = [rule for _, _, rule in case.colours]
        begun |= {rule for rule in decisive if rule}
        ended |= {rule for rule, then in pairwise(decisive) if rule and then != rule}
    named = {rule.identifier for _, rule in rules()}

    assert begun == named
    assert ended == named


def test_what_no_source_says_is_marked_as_chosen() -> None:
    for _, rule in rules():
        assert "not stated" not in rule.source or "chosen" in rule.source
        assert "[U]" not in rule.source


@pytest.mark.parametrize(
    ("trap", "jurisdiction", "events", "colours"),
    [
        (
            "the same class has another colour on another day",
            "310000",
            [("2022-09-15T10:00", {"kind": "EXPOSED", "degree": "SECONDARY"})],
            {"2022-09-17T23:59": "YELLOW", "2022-09-18T00:00": "RED", "2022-11-11T00:00": "GREEN"},
        ),
        (
            "the same class has another colour in another province",
            "510000",
            [("2022-09-15T10:00", {"kind": "EXPOSED", "degree": "SECONDARY"})],
            {"2022-09-17T23:59": "RED", "2022-09-18T00:00": "RED", "2022-11-11T00:00": "GREEN"},
        ),
        (
            "a sample is no result",
            "440000",
            [
                ("2021-06-05T10:00", {"kind": "AREA_STAY", "risk": "HIGH"}),
                ("2021-06-06T10:00", {"kind": "SAMPLED"}),
                ("2021-06-07T10:00", {"kind": "RESULT", "outcome": "INVALID"}),
                ("2021-06-08T10:00", {"kind": "RESULT", "outcome": "NEGATIVE"}),
            ],
            {"2021-06-06T10:00": "YELLOW", "2021-06-07T10:00": "YELLOW", "2021-06-08T10:00": "GREEN"},
        ),
        (
            "where a sample is enough a result is not waited for",
            "310000",
            [("2022-09-20T10:00", {"kind": "SAMPLED"})],
            {"2022-09-20T09:59": "YELLOW", "2022-09-20T10:00": "GREEN"},
        ),
        (
            "green by a test is no green by a case's negative",
            "000000",
            [
                ("2022-07-01T10:00", {"kind": "RESULT", "outcome": "POSITIVE"}),
                ("2022-07-02T10:00", {"kind": "RESULT", "outcome": "NEGATIVE"}),
                ("2022-07-03T10:00", {"kind": "RESULT", "outcome": "NEGATIVE"}),
            ],
            {"2022-07-03T10:00": "RED", "2022-07-30T10:00": "RED"},
        ),
        (
            "a late test is not a test on the day named",
            "000000",
            [
                ("2022-07-01T10:00", {"kind": "EXPOSED", "degree": "SECONDARY"}),
                ("2022-07-03T00:00", {"kind": "RESULT", "outcome": "NEGATIVE"}),
                ("2022-07-05T10:00", {"kind": "RESULT", "outcome": "NEGATIVE"}),
                ("2022-07-08T10:00", {"kind": "RESULT", "outcome": "NEGATIVE"}),
            ],
            {"2022-07-08T10:00": "RED"},
        ),
        (
            "an old negative clears nothing",
            "000000",
            [
                ("2021-06-01T09:00", {"kind": "RESULT", "outcome": "NEGATIVE"}),
                ("2021-06-01T10:00", {"kind": "RESULT", "outcome": "POSITIVE", "mixed": True}),
            ],
            {"2021-06-01T10:00": "RED", "2021-06-30T10:00": "RED"},
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) and " " in value else "",
)
def test_a_trap_is_not_walked_into(
    trap: str, jurisdiction: str, events: list[tuple[str, dict[str, Fact]]], colours: dict[str, str]
) -> None:
    evidence = history(Case(case=trap, jurisdiction=jurisdiction, events=events, colours=[]))
    found = {
        at: judge(evidence, law(jurisdiction, instant(at)), at=instant(at), known_at=instant(at)).colour
        for at in colours
    }

    assert found == colours


FACTS: Final = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("RESULT"), "outcome": st.sampled_from(["NEGATIVE", "POSITIVE", "INVALID"])},
        optional={
            "mixed": st.booleans(),
            "screening": st.booleans(),
            "ct": st.integers(20, 40),
            "diagnosis": st.just("SUSPECTED"),
        },
    ),
    st.fixed_dictionaries(
        {"kind": st.just("EXPOSED"), "degree": st.sampled_from(["CLOSE", "SECONDARY", "SPACETIME"])}
    ),
    st.fixed_dictionaries({"kind": st.just("AREA_STAY"), "risk": st.sampled_from(["HIGH", "MEDIUM", "LOW"])}),
    st.fixed_dictionaries({"kind": st.just("ENTERED"), "country": st.sampled_from(["US", "MO"])}),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["ISOLATION_START", "ISOLATION_RELEASED"]),
            "mode": st.sampled_from(["CENTRAL", "HOME", "MONITORING"]),
        }
    ),
    st.just({"kind": "SAMPLED"}),
)
HISTORIES: Final = st.lists(st.tuples(st.integers(0, 24 * 25), FACTS), max_size=10)
EACH: Final = st.sampled_from(sorted(COMPILED))


def lived(
    document: RuleSetDocument, happened: list[tuple[int, dict[str, Fact]]]
) -> tuple[list[Evidence], datetime]:
    """A history of the last days before an instant at which ``document`` was law."""
    now = document.valid_from + timedelta(days=15, hours=13)
    events = [((now - timedelta(hours=hours)).isoformat(), facts) for hours, facts in happened]
    return history(Case(case="", jurisdiction=document.jurisdiction, events=events, colours=[])), now


@given(EACH, HISTORIES, st.randoms(use_true_random=False))
def test_no_pack_minds_in_which_order_evidence_comes(
    name: str, happened: list[tuple[int, dict[str, Fact]]], chance: Random
) -> None:
    rule_set = COMPILED[name]
    evidence, now = lived(rule_set.document, happened)
    arrived = [*evidence, *evidence[:2]]
    chance.shuffle(arrived)

    assert judge(arrived, rule_set, at=now, known_at=now) == judge(evidence, rule_set, at=now, known_at=now)


@settings(max_examples=40)
@given(EACH, HISTORIES)
def test_no_pack_changes_a_colour_before_it_said_so(
    name: str, happened: list[tuple[int, dict[str, Fact]]]
) -> None:
    rule_set = COMPILED[name]
    evidence, now = lived(rule_set.document, happened)
    before = decision(judge(evidence, rule_set, at=now, known_at=now))
    turns = next_change(evidence, rule_set, at=now, known_at=now)

    for hours in range(1, 24 * 20, 5):
        then = now + timedelta(hours=hours)
        if turns is not None and then >= turns:
            assert decision(judge(evidence, rule_set, at=turns, known_at=now)) != before
            break
        assert decision(judge(evidence, rule_set, at=then, known_at=now)) == before


def test_every_number_of_days_in_the_packs_tells_when_a_code_turns() -> None:
    for rules in COMPILED.values():
        for rule in (*rules.of_person, *(each for kind in rules.of_kind.values() for each in kind)):
            assert not any(each.hourly or (each.daily and not each.clock) for each in rule.questions)


@given(EACH, HISTORIES)
def test_no_pack_has_a_question_without_an_answer(
    name: str, happened: list[tuple[int, dict[str, Fact]]]
) -> None:
    evidence, now = lived(COMPILED[name].document, happened)

    assert judge(evidence, COMPILED[name], at=now, known_at=now).failures == ()


@pytest.mark.parametrize(
    ("jurisdiction", "at", "pack"),
    [
        ("310000", "2022-09-17T23:59", "sh-2022-04"),
        ("310115", "2022-09-18T00:00", "sh-2022-09"),
        ("310115", "2022-11-11T00:00", "cn-2022-11"),
        ("440300", "2021-06-30T12:00", "gd-2021-06"),
        ("510100", "2021-06-30T12:00", "cn-2021-05"),
        (None, "2021-06-30T12:00", "cn-2021-05"),
    ],
)
def test_the_command_judges_by_the_law_of_the_place_and_the_day(
    jurisdiction: str | None, at: str, pack: str, tmp_path: Path
) -> None:
    events = tmp_path / "events.json"
    events.write_text("[]")
    where = [] if jurisdiction is None else ["--jurisdiction", jurisdiction]

    result = CliRunner().invoke(
        health, ["evaluate", "--rules", str(FOLDER), "--events", str(events), "--at", at, *where, "--json"]
    )

    assert result.exit_code == 0, result.output
    assert msgspec.json.decode(result.stdout)["ruleSet"] == pack


def test_the_command_looks_ahead_to_the_laws_that_come_after(tmp_path: Path) -> None:
    events = tmp_path / "events.json"
    stay = {"kind": "AREA_STAY", "area": "110000", "risk": "LOW"}
    events.write_bytes(msgspec.json.encode([{"occurredAt": "2022-06-27T05:00:00", "facts": stay}]))

    result = CliRunner().invoke(
        health,
        ["evaluate", "--rules", str(FOLDER), "--events", str(events), "--at", "2022-06-27T10:00", "--json"],
    )

    answer = msgspec.json.decode(result.stdout)
    assert (answer["colour"], answer["nextChangeAt"]) == ("GREEN", "2022-07-01T00:00:00+08:00")


@pytest.mark.parametrize(
    ("known_at", "colour"),
    [
        ("2022-09-20T07:59", "GREEN"),
        ("2022-09-20T08:00", "RED"),
        ("2022-09-20T09:00", "GREEN"),
        (None, "GREEN"),
    ],
)
def test_the_command_gives_an_answer_again_by_what_was_known_then(
    known_at: str | None, colour: str, tmp_path: Path
) -> None:
    events = tmp_path / "events.json"
    wrong = {"sourceId": "1", "recordedAt": "2022-09-20T08:00:00+08:00"}
    right = {"sourceId": "2", "recordedAt": "2022-09-20T09:00:00+08:00", "supersedes": "1"}
    said = [
        {"occurredAt": "2022-09-20T06:00:00", "facts": {"kind": "RESULT", "outcome": outcome}, **each}
        for each, outcome in ((wrong, "POSITIVE"), (right, "NEGATIVE"))
    ]
    sampled = {"occurredAt": "2022-09-19T06:00:00", "facts": {"kind": "RESULT", "outcome": "NEGATIVE"}}
    events.write_bytes(msgspec.json.encode([{**sampled, "sourceId": "0"}, *said]))
    known = [] if known_at is None else ["--known-at", known_at]
    given = ["--rules", str(FOLDER), "--jurisdiction", "310000", "--events", str(events)]

    result = CliRunner().invoke(health, ["evaluate", *given, "--at", "2022-09-20T10:00", *known, "--json"])

    assert msgspec.json.decode(result.stdout)["colour"] == colour


@pytest.mark.parametrize(
    ("where", "at"), [("shanghai", "2022-09-18"), ("310000", "2021-04-30T23:59"), ("310", "2022-09-18")]
)
def test_the_command_says_where_there_is_no_law(where: str, at: str, tmp_path: Path) -> None:
    events = tmp_path / "events.json"
    events.write_text("[]")

    result = CliRunner().invoke(
        health,
        ["evaluate", "--rules", str(FOLDER), "--events", str(events), "--at", at, "--jurisdiction", where],
    )

    assert result.exit_code == 2

"""The colour, as a function: what arrives when, how often and in which order makes no difference to it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_code.rules.colour import RuleSet, judge, next_change
from health_code.rules.documents import Colour, in_force
from health_code.rules.evidence import Evidence, Key, Kind, effective
from health_code.rules.freshness import Limits, shown_colour
from health_code.rules.linter import rule_set_issues
from tests.health import BY_HAND_IS_RED, CONTACT_IS_YELLOW, POSITIVE_IS_RED, rule, rule_set

NOW: Final = datetime(2022, 9, 18, 4, tzinfo=UTC)
RULES: Final = RuleSet(rule_set(POSITIVE_IS_RED, CONTACT_IS_YELLOW))
FEARED: Final = rule(
    8, "YELLOW", Kinds=["EXPOSED"], Logic={"===": [{"var": "payload.event.degree"}, "CLOSE"]}
)
OTHER_RULES: Final = RuleSet(rule_set(POSITIVE_IS_RED, FEARED, Version="1.1.0"))
OUTCOMES: Final = st.sampled_from(["NEGATIVE", "POSITIVE", "INVALID"])
FACTS: Final = st.tuples(st.just(Kind.RESULT), st.fixed_dictionaries({"outcome": OUTCOMES})) | st.just(
    (Kind.EXPOSED, {"degree": "CLOSE"})
)


def of(kind: Kind, occurred_at: datetime, number: int = 1, **facts: Any) -> Evidence:  # noqa: ANN401
    return Evidence(
        key=Key("source", str(number)),
        kind=kind,
        jurisdiction="310000",
        occurred_at=occurred_at,
        recorded_at=occurred_at,
        facts=facts,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Evidence]:
    """Evidence of one person, corrections among it, also of what is said later and in rings."""
    count = draw(st.integers(0, 8))
    history: list[Evidence] = []
    for number in range(count):
        when = NOW - timedelta(hours=draw(st.integers(0, 24 * 20)))
        kind, facts = draw(FACTS)
        corrected = draw(st.none() | st.integers(0, count - 1))
        history.append(
            msgspec.structs.replace(
                of(kind, when, number, **facts),
                supersedes=None if corrected is None else Key("source", str(corrected)),
                void=corrected is not None and draw(st.booleans()),
            )
        )
    return history


@given(histories(), st.randoms(use_true_random=False))
def test_late_repeated_and_disordered_evidence_gives_the_same_colour(
    history: list[Evidence], chance: Random
) -> None:
    arrived = [*history, *chance.sample(history, len(history) // 2)]
    chance.shuffle(arrived)
    delays = [timedelta(minutes=chance.randrange(60)) for _ in arrived]
    late = [
        msgspec.structs.replace(each, recorded_at=NOW + delay)
        for each, delay in zip(arrived, delays, strict=True)
    ]
    known_at = NOW + timedelta(hours=1)

    assert judge(late, RULES, at=NOW, known_at=known_at) == judge(history, RULES, at=NOW, known_at=known_at)


@given(histories())
def test_a_colour_does_not_change_before_it_is_said_to(history: list[Evidence]) -> None:
    turns = next_change(history, RULES, at=NOW, known_at=NOW)
    now = judge(history, RULES, at=NOW, known_at=NOW).colour
    for hours in range(1, 24 * 39, 3):
        then = NOW + timedelta(hours=hours)
        if turns is not None and then >= turns:
            break
        assert judge(history, RULES, at=then, known_at=NOW).colour is now


@given(histories())
def test_what_was_known_then_can_be_judged_again(history: list[Evidence]) -> None:
    later = of(Kind.RESULT, NOW - timedelta(minutes=1), 99, outcome="POSITIVE")
    later = msgspec.structs.replace(later, recorded_at=NOW + timedelta(minutes=1))

    assert judge([*history, later], RULES, at=NOW, known_at=NOW) == judge(
        history, RULES, at=NOW, known_at=NOW
    )


def test_a_rule_may_ask_for_facts_that_are_lists() -> None:
    in_doubt = rule(
        7,
        "YELLOW",
        Kinds=["DECLARED"],
        Logic={"in": ["COUGH", {"var": "payload.event.symptoms"}]},
        Ttl={"amount": 3, "unit": "day"},
    )
    rules = RuleSet(rule_set(in_doubt))
    colours = [
        judge([of(Kind.DECLARED, NOW, fever=False, symptoms=symptoms)], rules, at=NOW, known_at=NOW).colour
        for symptoms in (["COUGH"], ["FATIGUE"], [])
    ]

    assert colours == [Colour.YELLOW, Colour.GREEN, Colour.GREEN]


def test_a_correction_counts_also_where_it_comes_first() -> None:
    wrong = of(Kind.RESULT, NOW - timedelta(hours=3), 1, outcome="POSITIVE")
    right = msgspec.structs.replace(
        of(Kind.RESULT, NOW - timedelta(hours=3), 2, outcome="NEGATIVE"), supersedes=wrong.key
    )

    assert judge([right, wrong], RULES, at=NOW, known_at=NOW).colour is Colour.GREEN
    assert judge([wrong], RULES, at=NOW, known_at=NOW).colour is Colour.RED


def correction(number: int, corrected: Evidence, *, void: bool = False) -> Evidence:
    """Evidence that takes the place of ``corrected``, or only takes it back."""
    told = of(Kind.RESULT, corrected.occurred_at, number, outcome="NEGATIVE")
    return msgspec.structs.replace(told, supersedes=corrected.key, void=void)


def test_what_a_correction_corrected_counts_again_once_it_is_taken_back() -> None:
    wrong = of(Kind.RESULT, NOW - timedelta(hours=3), 1, outcome="POSITIVE")
    mistaken = correction(2, wrong)
    undone = correction(3, mistaken, void=True)
    undone_again = correction(4, undone, void=True)
    better = correction(5, mistaken)

    def colour(*known: Evidence) -> Colour:
        judged = {judge(each, RULES, at=NOW, known_at=NOW).colour for each in permutations(known)}
        assert len(judged) == 1
        return judged.pop()

    assert colour(wrong, mistaken) is Colour.GREEN
    assert colour(wrong, mistaken, undone) is Colour.RED
    assert colour(wrong, mistaken, undone, undone_again) is Colour.GREEN
    assert colour(wrong, mistaken, better) is Colour.GREEN
    assert colour(wrong, correction(2, wrong, void=True), correction(3, wrong)) is Colour.GREEN


def test_what_takes_back_each_other_in_a_ring_changes_nothing_and_hangs_nobody() -> None:
    first = of(Kind.RESULT, NOW - timedelta(hours=3), 1, outcome="POSITIVE")
    ring = [
        msgspec.structs.replace(correction(number, first, void=True), supersedes=Key("source", str(other)))
        for number, other in ((2, 3), (3, 4), (4, 2))
    ]

    assert judge([first, *ring], RULES, at=NOW, known_at=NOW).colour is Colour.RED


@given(st.integers(1, 4), st.permutations(range(4)), st.sets(st.integers(1, 3)))
def test_what_corrects_each_other_in_a_ring_corrects_nothing_whichever_came_first(
    length: int, order: list[int], taking_back: set[int]
) -> None:
    said = of(Kind.RESULT, NOW - timedelta(hours=3), 0, outcome="POSITIVE")
    ring = [
        msgspec.structs.replace(
            said,
            key=Key("source", str(number)),
            supersedes=Key("source", str((number + 1) % length)),
            void=number in taking_back,
            recorded_at=NOW + timedelta(minutes=order[number]),
        )
        for number in range(length)
    ]
    known_at = NOW + timedelta(hours=1)
    last = correction(9, ring[0])

    def counting(*known: Evidence) -> set[str]:
        return {each.key.source_id for each in effective(known, known_at=known_at)}

    assert judge(ring, RULES, at=NOW, known_at=known_at).colour is Colour.RED
    told = {str(number) for number in range(length) if number not in taking_back}
    assert counting(*ring) == told
    assert counting(*ring, last) == {*told, "9"} - {"0"}


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_results_of_one_instant_none_clears_the_other(order: int) -> None:
    positive = of(Kind.RESULT, NOW - timedelta(hours=3), 5 + order, outcome="POSITIVE")
    negative = of(Kind.RESULT, NOW - timedelta(hours=3), 5 - order, outcome="NEGATIVE")

    assert judge([positive, negative], RULES, at=NOW, known_at=NOW).colour is Colour.RED


LAMBDA: Final = {
    "reduce": [[1], {"+": [{"var": "accumulator"}, {"var": "data.payload.person.positives"}]}, 0]
}


def test_what_a_lambda_asks_of_the_data_around_it_is_there() -> None:
    several = rule(
        9,
        "RED",
        Scope="PERSON",
        Logic={">": [LAMBDA, 0]},
        ClearWhen={">=": [{"var": "payload.person.negatives"}, 1]},
    )
    document = rule_set(several)
    positive = of(Kind.RESULT, NOW - timedelta(hours=3), outcome="POSITIVE")

    assert rule_set_issues(document) == []
    assert judge([positive], RuleSet(document), at=NOW, known_at=NOW).colour is Colour.RED


AGE: Final = {"var": "payload.event.daysSince"}


@pytest.mark.parametrize(
    ("logic", "days"),
    [
        ({"<": [AGE, 5]}, 5),
        ({"<=": [0, AGE, 4]}, 5),
        ({"in": [AGE, [0, 1, 2]]}, 3),
        ({"<": [{"+": [AGE, 3]}, 10]}, 7),
        ({"<": [AGE, {"var": "payload.event.ct"}]}, 8),
        ({"if": [{"!": [{"<": [AGE, 6]}]}, False, True]}, 6),
        ({"<": [{"reduce": [[1], {"+": [{"var": "data.payload.event.daysSince"}, 1]}, 0]}, 10]}, 9),
        ({"<": [{"var": "payload.event.hoursSince"}, {"+": [{"var": "payload.event.ct"}, 64]}]}, 3),
    ],
)
def test_a_code_turns_when_it_says_however_its_rule_counts_the_days(logic: dict[str, Any], days: int) -> None:
    term = rule(9, "RED", Kinds=["RESULT"], Logic=logic, Ttl={"amount": 30, "unit": "day"})
    rules = RuleSet(rule_set(term))
    midnight = datetime(2022, 9, 16, 16, tzinfo=UTC)
    result = of(Kind.RESULT, midnight, outcome="POSITIVE", ct=8)

    turns = midnight + timedelta(days=days)
    assert next_change([result], rules, at=NOW, known_at=NOW) == turns
    before = judge([result], rules, at=turns - timedelta(seconds=1), known_at=NOW)
    assert (before.colour, judge([result], rules, at=turns, known_at=NOW).colour) == (
        Colour.RED,
        Colour.GREEN,
    )


@given(histories(), st.lists(st.integers(1, 24 * 50), max_size=3, unique=True), st.randoms())
def test_a_code_turns_when_it_says_also_by_rules_that_come_after(
    history: list[Evidence], hours: list[int], chance: Random
) -> None:
    ahead = [(NOW + timedelta(hours=each), chance.choice([RULES, OTHER_RULES])) for each in sorted(hours)]
    turns = next_change(history, RULES, at=NOW, known_at=NOW, ahead=ahead)

    def judged(at: datetime) -> tuple[Colour, str | None]:
        law = [RULES, *(rules for begins, rules in ahead if begins <= at)][-1]
        found = judge(history, law, at=at, known_at=NOW)
        return found.colour, found.findings[0].rule.identifier if found.findings else None

    # These rules turn at midnight alone, which is twelve hours from now, or give way to others.
    moments = sorted({*(begins for begins, _ in ahead), *(NOW + timedelta(days=n + 0.5) for n in range(40))})
    changes = [each for each in moments if each <= NOW + timedelta(days=40) and judged(each) != judged(NOW)]
    assert turns == min(changes, default=None)


def test_red_stays_red_however_long_nothing_is_heard() -> None:
    positive = of(Kind.RESULT, NOW - timedelta(days=300), outcome="POSITIVE")

    assert judge([positive], RULES, at=NOW, known_at=NOW, silent=["lab"]).colour is Colour.RED


def test_green_without_the_source_it_depends_on_is_grey() -> None:
    judgement = judge([], RULES, at=NOW, known_at=NOW, silent=["lab"])

    assert (judgement.colour, judgement.silent) == (Colour.GREY, ("lab",))


# Compares a text with a number, which has no answer.
BROKEN_RED: Final = rule(
    7,
    "RED",
    Kinds=["RESULT"],
    Logic={">": [{"var": "payload.event.outcome"}, 1]},
    Ttl={"amount": 1, "unit": "day"},
)
BROKEN_YELLOW: Final = {**BROKEN_RED, "Identifier": "CR-CN-0008", "Colour": "YELLOW"}


@pytest.mark.parametrize(
    ("rules", "outcome", "expected"),
    [
        ([BROKEN_RED], "NEGATIVE", Colour.GREY),
        ([BROKEN_RED, CONTACT_IS_YELLOW], "NEGATIVE", Colour.GREY),
        ([BROKEN_YELLOW, POSITIVE_IS_RED], "POSITIVE", Colour.RED),
        ([BROKEN_YELLOW, POSITIVE_IS_RED], "NEGATIVE", Colour.GREY),
    ],
)
def test_a_rule_without_an_answer_is_grey_unless_something_graver_holds(
    rules: list[dict[str, Any]], outcome: str, expected: Colour
) -> None:
    history = [
        of(Kind.RESULT, NOW - timedelta(hours=2), 1, outcome=outcome),
        of(Kind.EXPOSED, NOW - timedelta(hours=1), 2, degree="CLOSE"),
    ]

    assert judge(history, RuleSet(rule_set(*rules)), at=NOW, known_at=NOW).colour is expected


def test_a_day_ends_at_midnight_in_shanghai_and_not_in_greenwich() -> None:
    # 23:59 on the 11th in Shanghai; seven whole days follow the day itself.
    contact = of(Kind.EXPOSED, datetime(2022, 9, 11, 15, 59, tzinfo=UTC), degree="CLOSE")
    ends = datetime(2022, 9, 18, 16, tzinfo=UTC)

    assert judge([contact], RULES, at=ends - timedelta(seconds=1), known_at=ends).colour is Colour.YELLOW
    assert judge([contact], RULES, at=ends, known_at=ends).colour is Colour.GREEN
    assert next_change([contact], RULES, at=NOW, known_at=NOW) == ends


def test_evidence_that_has_expired_makes_no_rule_hold() -> None:
    contact = msgspec.structs.replace(
        of(Kind.EXPOSED, NOW - timedelta(days=1), degree="CLOSE"), expires_at=NOW + timedelta(hours=1)
    )

    assert next_change([contact], RULES, at=NOW, known_at=NOW) == NOW + timedelta(hours=1)


@pytest.mark.parametrize("days", [2, 30, None])
def test_a_reason_ends_when_its_evidence_expires_or_the_term_of_its_rule_is_over(days: int | None) -> None:
    expires = None if days is None else NOW + timedelta(days=days)
    contact = msgspec.structs.replace(of(Kind.EXPOSED, NOW, degree="CLOSE"), expires_at=expires)
    (reason,) = judge([contact], RULES, at=NOW, known_at=NOW).findings
    ends = next_change([contact], RULES, at=NOW, known_at=NOW)
    (endless,) = judge([contact], RuleSet(rule_set(FEARED)), at=NOW, known_at=NOW).findings

    assert reason.until == ends == (expires if days == 2 else datetime(2022, 9, 25, 16, tzinfo=UTC))
    assert endless.until == expires


@pytest.mark.parametrize(
    ("colour", "hours", "turned", "shown"),
    [
        (Colour.GREEN, 23, False, Colour.GREEN),
        (Colour.GREEN, 25, False, Colour.GREY),
        (Colour.GREEN, 1, True, Colour.GREY),
        (Colour.YELLOW, 25, False, Colour.YELLOW),
        (Colour.YELLOW, 24 * 8, False, Colour.GREY),
        (Colour.RED, 24 * 800, True, Colour.RED),
    ],
)
def test_old_data_ends_in_grey_and_never_in_a_better_colour(
    colour: Colour, hours: int, *, turned: bool, shown: Colour
) -> None:
    limits = Limits(green=timedelta(hours=24), yellow=timedelta(days=7))

    age = timedelta(hours=hours)
    assert shown_colour(colour, age=age, turned=turned, silent=False, limits=limits) is shown


def test_of_a_silent_source_green_is_grey_and_what_is_graver_stays() -> None:
    limits = Limits(green=timedelta(hours=24), yellow=timedelta(days=7))
    shown = [
        shown_colour(colour, age=timedelta(0), turned=False, silent=True, limits=limits)
        for colour in (Colour.GREEN, Colour.YELLOW, Colour.RED)
    ]

    assert shown == [Colour.GREY, Colour.YELLOW, Colour.RED]


NESTED: Any = 1
for _ in range(4):
    NESTED = {"reduce": [list(range(50)), NESTED, 0]}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"Ttl": None, "ClearWhen": None}, "nothing ever clears it"),
        ({"Kinds": []}, "names the kinds"),
        ({"Logic": {"+": [1, 1]}}, "does not answer yes or no"),
        ({"Logic": {"===": [{"var": "payload.evnt.outcome"}, 1]}}, "leads nowhere"),
        ({"Logic": {">": [{"var": "payload.after.negative"}, 1]}}, "leads nowhere"),
        ({"Logic": {"===": [{"reduce": [[1], {"var": "data.payload.evnt"}, 0]}, 1]}}, "leads nowhere"),
        ({"Logic": {"===": [{"reduce": [[1], {"var": "payload.event.ct"}, 0]}, 1]}}, "leads nowhere"),
        ({"Logic": {"===": [NESTED, 1]}}, "steps"),
        ({"ClearWhen": {">=": [1, 0]}}, "cleared before it is given"),
        (
            {"Scope": "PERSON", "Kinds": [], "Logic": {"!": [{"var": "payload.person.negatives"}]}},
            "would be red",
        ),
        ({"Ttl": {"amount": 7, "unit": "day"}}, "red does not end by a Ttl"),
        ({"ClearWhen": {">=": [{"var": "payload.event.daysSince"}, 14]}}, "ClearWhen: red would end"),
        (
            {"Logic": {"and": [{"===": [1, 1]}, {"<": [{"var": "payload.event.hoursSince"}, 72]}]}},
            "Logic: red would end",
        ),
        ({"Region": "440000"}, "it is of region 440000"),
        ({"ClearText": []}, "is not said in zh"),
        ({"Colour": "GREY"}, "no rule gives grey"),
    ],
)
def test_the_linter_keeps_an_unexplainable_rule_from_becoming_law(change: dict[str, Any], found: str) -> None:
    issues = rule_set_issues(rule_set({**POSITIVE_IS_RED, **change}))

    assert any(found in issue.message for issue in issues), issues


@pytest.mark.parametrize("code", ["990000", "310001", "830000", "001100"])
def test_a_rule_set_of_no_division_is_no_law(code: str) -> None:
    issues = rule_set_issues(rule_set(POSITIVE_IS_RED, Jurisdiction=code))

    assert [issue.message for issue in issues] == [f"{code} is no division code of GB/T 2260"]


@pytest.mark.parametrize("code", ["000000", "310000", "310100", "310115", "659001", "710000", "820000"])
def test_provinces_their_cities_and_counties_and_the_nation_have_rules(code: str) -> None:
    assert rule_set_issues(rule_set(POSITIVE_IS_RED, Jurisdiction=code)) == []


def test_a_county_follows_its_city_before_its_province() -> None:
    city, province = (
        rule_set(POSITIVE_IS_RED, Identifier=name, Jurisdiction=code)
        for name, code in (("city", "440100"), ("province", "440000"))
    )

    assert in_force([province, city], "440106", at=NOW) is city
    assert in_force([province, city], "440300", at=NOW) is province


def test_what_was_entered_by_hand_ends_by_its_own_expiry_and_may_be_red_without_more() -> None:
    assert rule_set_issues(rule_set(BY_HAND_IS_RED)) == []


def test_the_rules_of_these_tests_pass_the_linter() -> None:
    assert rule_set_issues(RULES.document) == []


def test_what_is_remembered_of_one_event_is_not_told_of_another_that_only_equals_it() -> None:
    once = rule(
        9, "RED", Kinds=["VACCINATED"], Logic={"===": [{"var": "payload.event.dose"}, 1]}, ClearWhen=None
    )
    rules = RuleSet(rule_set({**once, "Ttl": {"amount": 7, "unit": "day"}}))

    colours = [
        judge([of(Kind.VACCINATED, NOW, dose=dose)], rules, at=NOW, known_at=NOW).colour
        for dose in (1, True, 1, "1")
    ]

    assert colours == [Colour.RED, Colour.GREEN, Colour.RED, Colour.GREEN]


def test_a_rule_that_breaks_on_the_first_thing_it_asks_is_grey_and_not_passed_over() -> None:
    broken = {"and": [{">": [{"var": "payload.event.outcome"}, 3]}, {"===": [1, 1]}]}
    rules = RuleSet(rule_set(rule(9, "RED", Kinds=["RESULT"], Logic=broken)))

    judgement = judge([of(Kind.RESULT, NOW, outcome="POSITIVE")], rules, at=NOW, known_at=NOW)

    assert (judgement.colour, len(judgement.failures)) == (Colour.GREY, 1)

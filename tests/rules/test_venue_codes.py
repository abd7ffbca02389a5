"""Venue codes: nobody makes or changes one, each minute has its own, and who may ask is a table."""

from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits
from typing import Final

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from health_code.codec.checkin_seal import KEY, NONCE, seal, unseal
from health_code.codec.subject_ref import NotARef, SubjectRefs
from health_code.codec.venue_code import CodeKind, NotAVenueCode, VenueCode, VenueCodes
from health_code.refusals import (
    ExposureQueryExpired,
    ExposureQueryInvalid,
    ExposureQueryNotApproved,
    SecondPersonNeeded,
)
from health_code.rules.documents import Colour
from health_code.rules.exposure import (
    LIFE,
    LONGEST,
    NEXT,
    Approval,
    QueryState,
    Step,
    after,
    check_approval,
    check_range,
)
from health_code.rules.venues import (
    WINDOW_SECONDS,
    Denial,
    Fault,
    Retention,
    day_of,
    denial_of,
    fault_of,
    good_until,
    last_day_to_purge,
    window_end,
    window_of,
)

NOW: Final = datetime(2022, 6, 13, 4, 0, 30, tzinfo=UTC)
VENUE: Final = "0f" * 16
OURS: Final = VenueCodes(b"k" * 32)
COUNTS: Final = st.integers(0, 2**32 - 1)
INSTANTS: Final = st.integers(0, 10**9).map(lambda number: NOW + timedelta(milliseconds=number * 997))
ALPHABET: Final = f"{ascii_letters}{digits}-_"


@given(kind=st.sampled_from(CodeKind), venue=st.binary(min_size=16, max_size=16), count=COUNTS)
def test_a_code_says_what_it_was_made_of_and_to_no_other_city(
    kind: CodeKind, venue: bytes, count: int
) -> None:
    code = VenueCode(kind, venue.hex(), count)
    text = OURS.make(code)

    assert OURS.read(text) == code
    with pytest.raises(NotAVenueCode):
        VenueCodes(b"o" * 32).read(text)


@given(count=COUNTS, at=st.integers(4, 53), letter=st.sampled_from(ALPHABET))
def test_a_code_with_one_character_changed_is_none(count: int, at: int, letter: str) -> None:
    text = OURS.make(VenueCode(CodeKind.DISPLAYED, VENUE, count))
    changed = text[:at] + letter + text[at + 1 :]

    if changed != text:
        with pytest.raises(NotAVenueCode):
            OURS.read(changed)


@given(text=st.text(max_size=80) | st.text(ALPHABET, min_size=50, max_size=50).map("SVC.".__add__))
def test_nothing_anybody_writes_is_a_code(text: str) -> None:
    with pytest.raises(NotAVenueCode):
        OURS.read(text)


@given(now=INSTANTS, ago=st.integers(-600, 600))
def test_a_displayed_code_is_good_in_its_minute_and_those_beside_it(now: datetime, ago: int) -> None:
    made = now - timedelta(seconds=ago)
    code = VenueCode(CodeKind.DISPLAYED, VENUE, window_of(made))
    fault = fault_of(code, prints=0, now=now)

    if abs(ago) <= WINDOW_SECONDS:
        assert fault is None
    if abs(ago) >= 2 * WINDOW_SECONDS:
        assert fault is Fault.STALE


@given(made=INSTANTS)
def test_a_displayed_code_is_good_until_it_says_and_not_a_moment_longer(made: datetime) -> None:
    window = window_of(made)
    code, end = VenueCode(CodeKind.DISPLAYED, VENUE, window), good_until(window)

    assert fault_of(code, prints=0, now=end - timedelta(microseconds=1)) is None
    assert fault_of(code, prints=0, now=end) is Fault.STALE


@given(now=INSTANTS)
def test_the_next_code_begins_where_one_ends(now: datetime) -> None:
    window = window_of(now)

    assert now < window_end(window) <= now + timedelta(seconds=WINDOW_SECONDS)
    assert window_of(window_end(window)) == window + 1


@given(printed=COUNTS, newest=st.integers(0, 5))
def test_of_printed_codes_only_the_newest_is_good(printed: int, newest: int) -> None:
    code = VenueCode(CodeKind.PRINTED, VENUE, printed)

    assert (fault_of(code, prints=newest, now=NOW) is None) is (printed == newest > 0)


@given(colour=st.sampled_from(Colour), admits=st.sets(st.sampled_from(Colour), min_size=1))
def test_who_is_not_admitted_is_told_why(colour: Colour, admits: set[Colour]) -> None:
    denial = denial_of(colour, admits)

    assert (denial is None) is (colour in admits)
    if denial is not None:
        assert denial is (Denial.COLOUR_UNKNOWN if colour is Colour.GREY else Denial.COLOUR_NOT_ADMITTED)


@pytest.mark.parametrize(
    ("division", "days"),
    [("440305", 7), ("440303", 30), ("440106", 21), ("440103", 21), ("310000", 25), ("110101", 25)],
)
def test_the_nearest_division_orders_how_long_a_log_is_kept(division: str, days: int) -> None:
    retention = Retention(default=25, by_division={"440000": 21, "440300": 30, "440305": 7})

    assert retention.days(division) == days


@given(now=INSTANTS, days=st.integers(1, 365), ago=st.floats(0, 400, allow_nan=False))
def test_nothing_is_purged_before_its_days_and_all_a_day_later(now: datetime, days: int, ago: float) -> None:
    checked_in = now - timedelta(days=ago)
    purged = day_of(checked_in) <= last_day_to_purge(now, days)

    if purged:
        assert ago >= days
    if ago >= days + 1:
        assert purged


# --- exposure queries ---------------------------------------------------------------------------------


def approval(person: str, organisation: str) -> Approval:
    return Approval(person=person, organisation=organisation, organisation_name="某单位", at=NOW)


STEPS = st.lists(
    st.tuples(st.sampled_from(Step), st.sampled_from(["one", "two", "three"]), st.sampled_from("ab")),
    max_size=8,
)


@given(steps=STEPS)
def test_no_answer_without_two_people_of_two_organisations(
    steps: list[tuple[Step, str, str]],
) -> None:
    state, approvals = QueryState.PROPOSED, list[Approval]()
    for step, person, organisation in steps:
        by = approval(person, organisation)
        try:
            following = after(state, step, now=NOW, expires_at=NOW + LIFE)
            if step is Step.APPROVE and following is not state:
                check_approval(approvals, by)
                approvals.append(by)
            state = following
        except (SecondPersonNeeded, ExposureQueryNotApproved):
            continue

    if state in {QueryState.APPROVED, QueryState.ANSWERED}:
        assert len({each.person for each in approvals}) == 2
        assert len({each.organisation for each in approvals}) == 2


@given(state=st.sampled_from(QueryState), step=st.sampled_from(Step), late=st.integers(0, 10**6))
def test_after_a_day_a_query_is_over(state: QueryState, step: Step, late: int) -> None:
    with pytest.raises(ExposureQueryExpired):
        after(state, step, now=NOW + LIFE + timedelta(seconds=late), expires_at=NOW + LIFE)


@pytest.mark.parametrize("state", [QueryState.PROPOSED, QueryState.APPROVED_ONCE])
def test_what_is_not_approved_is_not_answered(state: QueryState) -> None:
    with pytest.raises(ExposureQueryNotApproved):
        after(state, Step.ANSWER, now=NOW, expires_at=NOW + LIFE)


def test_every_state_is_reached_and_an_answer_stays_the_answer() -> None:
    assert {*NEXT.values(), QueryState.PROPOSED} == set(QueryState)
    assert [where for where, _ in NEXT if where is QueryState.ANSWERED] == [QueryState.ANSWERED]
    assert NEXT[QueryState.ANSWERED, Step.ANSWER] is QueryState.ANSWERED


def test_who_belongs_to_no_organisation_agrees_to_nothing() -> None:
    with pytest.raises(SecondPersonNeeded):
        check_approval([], approval("one", ""))


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        (0, 0, "before it begins"),
        (-2, 1, "not over yet"),
        (-24 * 5, -24, "three days"),
        (-24 * 28, -24 * 27, "purged"),
    ],
)
def test_what_cannot_be_told_is_not_asked(since: int, until: int, why: str) -> None:
    with pytest.raises(ExposureQueryInvalid) as refused:
        check_range(NOW + timedelta(hours=since), NOW + timedelta(hours=until), now=NOW, kept_days=25)

    assert why in refused.value.detail[1]


def test_three_days_that_are_over_may_be_asked_about() -> None:
    check_range(NOW - LONGEST, NOW, now=NOW, kept_days=25)


# --- what is sealed -----------------------------------------------------------------------------------

REFS: Final = SubjectRefs(b"r" * 32)
QUERIES: Final = st.binary(min_size=16, max_size=16).map(bytes.hex)
SUBJECT: Final = "A" * 43
OTHER: Final = "B" * 42 + "A"


@given(one=QUERIES, other=QUERIES)
def test_a_person_has_one_reference_in_a_query_and_another_in_another(one: str, other: str) -> None:
    ref = REFS.make(one, SUBJECT)

    assert ref == REFS.make(one, SUBJECT) != REFS.make(one, OTHER)
    assert REFS.read(ref) == (one, SUBJECT)
    assert (REFS.make(other, SUBJECT) == ref) is (one == other)


@given(query=QUERIES, at=st.integers(0, 101), letter=st.sampled_from(ALPHABET))
def test_a_changed_reference_names_nobody(query: str, at: int, letter: str) -> None:
    ref = REFS.make(query, SUBJECT)
    changed = ref[:at] + letter + ref[at + 1 :]

    if changed != ref:
        with pytest.raises(NotARef):
            REFS.read(changed)


@given(text=st.text(max_size=120))
def test_nothing_anybody_writes_is_a_reference(text: str) -> None:
    with pytest.raises(NotARef):
        REFS.read(text)


def test_a_sealed_check_in_opens_under_its_own_key_and_id_only() -> None:
    key = b"d" * KEY
    sealed = seal(key, b"n" * NONCE, b"who", "one")

    assert unseal(key, sealed, "one") == b"who"
    for wrong_key, wrong_id in ((b"e" * KEY, "one"), (key, "two")):
        with pytest.raises(InvalidTag):
            unseal(wrong_key, sealed, wrong_id)

"""A ledger of credits: never below zero, whatever happens in whatever order and however often."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from push.rules.credits import Ledger, ended, granted, holds, reserved, settled

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
EMPTY = Ledger(id="wechat:app:T:r", resident="r")


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def allowed(times: int, *, standing: bool = False) -> Ledger:
    ledger = EMPTY
    for each in range(times):
        ledger = granted(ledger, f"g{each}", source="page", standing=standing, at=at(0))
    return ledger


def test_a_yes_is_one_message() -> None:
    ledger = reserved(allowed(1), "k1", at=at(1))

    assert (holds(ledger, "k1"), ledger.left) == (True, 0)
    assert not holds(reserved(ledger, "k2", at=at(1)), "k2")


def test_the_same_intent_takes_one_however_often_it_asks() -> None:
    ledger = reserved(reserved(allowed(2), "k1", at=at(1)), "k1", at=at(2))

    assert ledger.left == 1


def test_what_was_spent_is_not_taken_again_and_what_was_given_back_can_be() -> None:
    spent = settled(reserved(allowed(1), "k1", at=at(1)), "k1", spent=True, none_left=False, at=at(2))
    back = settled(reserved(allowed(1), "k1", at=at(1)), "k1", spent=False, none_left=False, at=at(2))

    assert (holds(reserved(spent, "k1", at=at(3)), "k1"), spent.left) == (True, 0)
    assert settled(spent, "k1", spent=False, none_left=False, at=at(3)) == spent
    assert (back.left, holds(back, "k1")) == (1, False)


def test_a_word_on_an_earlier_attempt_gives_back_nothing_of_a_later_one() -> None:
    first = reserved(allowed(1), "k1", at=at(1), attempt=1)
    back = settled(first, "k1", spent=False, none_left=False, at=at(2), attempt=1)
    for again in (first, back):  # It may not have been given back yet.
        second = reserved(again, "k1", at=at(3), attempt=2)
        assert (second.left, holds(second, "k1")) == (0, True)
        assert settled(second, "k1", spent=False, none_left=False, at=at(4), attempt=1) == second
        sent = settled(second, "k1", spent=True, none_left=False, at=at(4), attempt=2)
        assert settled(sent, "k1", spent=False, none_left=False, at=at(5), attempt=1) == sent
        assert reserved(sent, "k1", at=at(6), attempt=2) == sent


def test_what_was_spent_because_nobody_could_tell_is_given_back_by_who_can() -> None:
    held = reserved(allowed(1), "k1", at=at(1), attempt=1)
    unsure = settled(held, "k1", spent=True, none_left=False, at=at(2), attempt=1, unsure=True)
    assert unsure.left == 0
    assert settled(unsure, "k1", spent=True, none_left=False, at=at(3), attempt=1, unsure=True) == unsure
    back = settled(unsure, "k1", spent=False, none_left=False, at=at(3), attempt=1)
    assert (back.left, holds(back, "k1")) == (1, False)
    sure = settled(unsure, "k1", spent=True, none_left=False, at=at(3), attempt=1)
    assert settled(sure, "k1", spent=False, none_left=False, at=at(4), attempt=1) == sure


def test_43101_leaves_nothing_but_what_was_allowed_since() -> None:
    held = reserved(allowed(3), "k1", at=at(1))
    since = granted(held, "later", source="page", standing=False, at=at(2))

    none = settled(held, "k1", spent=False, none_left=True, at=at(3))
    assert (none.left, none.refused) == (0, True)
    assert settled(since, "k1", spent=False, none_left=True, at=at(3)).left > 0


def test_a_standing_yes_is_never_used_up_and_ends_with_a_no() -> None:
    ledger = allowed(1, standing=True)
    for each in range(5):
        ledger = reserved(ledger, f"k{each}", at=at(1))

    assert (ledger.left, all(holds(ledger, f"k{each}") for each in range(5))) == (0, True)
    assert not holds(reserved(ended(ledger, at=at(2)), "late", at=at(3)), "late")


def test_a_pop_up_that_both_tell_of_is_counted_once() -> None:
    page = granted(EMPTY, "p1", source="page", standing=False, at=at(0))
    both = granted(page, "w1", source="provider", standing=False, at=at(0.1))
    second = granted(both, "w2", source="provider", standing=False, at=at(0.2))

    assert (both.left, second.left) == (1, 2)
    assert granted(second, "p2", source="page", standing=False, at=at(0.3)).left == 2


def test_pop_ups_far_apart_are_two() -> None:
    page = granted(EMPTY, "p1", source="page", standing=False, at=at(0))

    assert granted(page, "w1", source="provider", standing=False, at=at(11)).left == 2


def test_a_no_that_comes_late_takes_nothing_allowed_since() -> None:
    assert ended(allowed(2), at=at(-5)).left == 2


def test_what_nobody_settled_in_a_day_is_given_back() -> None:
    lost = reserved(allowed(1), "lost", at=at(0))

    assert not holds(reserved(lost, "k2", at=at(23 * 60)), "k2")
    again = reserved(lost, "k2", at=at(25 * 60))
    assert (holds(again, "k2"), holds(again, "lost"), again.left) == (True, False, 0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), st.integers(0, 5), st.sampled_from(("page", "provider")), st.booleans()),
        st.tuples(st.just("end")),
        st.tuples(st.just("reserve"), st.integers(0, 5)),
        st.tuples(st.just("settle"), st.integers(0, 5), st.booleans(), st.booleans()),
    ),
    max_size=40,
)


def _done(ledger: Ledger, step: tuple[Any, ...], when: datetime) -> Ledger:
    match step:
        case ("grant", number, source, standing):
            return granted(ledger, f"{source}{number}", source=source, standing=standing, at=when)
        case ("end",):
            return ended(ledger, at=when)
        case ("reserve", number):
            return reserved(ledger, f"k{number}", at=when)
        case ("settle", number, spent, none_left):
            return settled(ledger, f"k{number}", spent=spent, none_left=none_left, at=when)
    raise AssertionError(step)


@given(STEPS)
def test_it_is_never_below_zero_and_each_step_done_twice_is_done_once(steps: list[tuple[Any, ...]]) -> None:
    ledger = EMPTY
    for minute, step in enumerate(steps):
        ledger = _done(ledger, step, at(minute))
        assert ledger.left >= 0
        if step[0] != "settle" or step[2]:
            assert _done(ledger, step, at(minute)) == ledger


@given(st.lists(st.booleans(), max_size=30))
def test_no_more_is_spent_than_was_allowed(yeses: list[bool]) -> None:
    ledger, given_, taken = EMPTY, 0, 0
    for minute, yes in enumerate(yeses):
        if yes:
            ledger = granted(ledger, f"g{minute}", source="page", standing=False, at=at(minute))
            given_ += 1
        else:
            ledger = reserved(ledger, f"k{minute}", at=at(minute))
            taken += holds(ledger, f"k{minute}")
    assert taken + ledger.left == given_

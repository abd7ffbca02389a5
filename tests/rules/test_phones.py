"""Which phone answers: the first of several changes, until the last is three days old."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from auth_bridges.models import Resident
from auth_bridges.rules.phones import FORMER_ANSWERS, former_answers, with_former
from tests.auth_fakes import NOW

PHONES = st.sampled_from(["a", "b", "c"])
WAITS = st.sampled_from([timedelta(0), timedelta(hours=71), FORMER_ANSWERS, timedelta(days=30)])


def bound(before: Resident, phone: str, at: timedelta) -> Resident:
    now = NOW + at
    back = former_answers(before, now) and before.former_phone == phone.encode()
    after = structs.replace(before, phone=phone.encode(), phone_hash=phone)
    return with_former(before, after, back=back, now=now)


@given(st.lists(st.tuples(WAITS, PHONES), min_size=1, max_size=8))
def test_no_phone_answers_that_did_not_either_come_first_or_stand_for_three_days(
    changes: list[tuple[timedelta, str]],
) -> None:
    resident, at = Resident(id="r", created_at=NOW), timedelta(0)
    answers: str | None = None
    since = at
    for wait, phone in changes:
        at += wait
        if resident.phone is not None and at - since >= FORMER_ANSWERS:
            answers = resident.phone_hash
        if phone != resident.phone_hash:
            since = at
        answers = answers or phone
        resident = bound(resident, phone, at)
        told = resident.former_phone if former_answers(resident, NOW + at) else resident.phone
        assert told == answers.encode()


def test_the_first_binding_answers_at_once_and_one_that_comes_back_does_too() -> None:
    first = bound(Resident(id="r", created_at=NOW), "a", timedelta(0))
    assert not former_answers(first, NOW)
    back = bound(bound(first, "b", timedelta(0)), "a", timedelta(hours=1))
    assert (back.former_phone, back.former_phone_until) == (None, None)

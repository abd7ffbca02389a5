"""The policy: what an operation asks for, and that nothing which changes an account asks for nothing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.rules.policy import POLICY, Method, Operation, Requirement, Shortfall, shortfall
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import NOW

ANY = frozenset({Method.PROVIDER.value})


@pytest.mark.parametrize("operation", Operation)
def test_requirement_13_every_change_of_an_account_asks_for_a_fresh_proof(operation: Operation) -> None:
    """ASVS 7.5.1: phone, link, unlink, real-name, guardian and agent; undoing, copying and leaving too.

    Five minutes; ending a session changes no account, and half an hour will do (7.5.2), as it does for
    naming agents with a certificate that was shown for that.
    """
    fresh = timedelta(minutes=30 if operation in {Operation.END_SESSION, Operation.AGENT} else 5)
    lacking = shortfall(
        POLICY[operation],
        level=AssuranceLevel.L3C,
        auth_time=NOW - fresh - timedelta(seconds=1),
        methods=frozenset(method.value for method in Method),
        now=NOW,
    )
    assert lacking is Shortfall.AGE


@pytest.mark.parametrize(
    ("operation", "method"), [(Operation.GUARDIAN, Method.SMS), (Operation.AGENT, Method.CERTIFICATE)]
)
def test_who_acts_for_whom_is_not_changed_by_a_silent_login(operation: Operation, method: Method) -> None:
    level = AssuranceLevel.L2
    assert shortfall(POLICY[operation], level=level, auth_time=NOW, methods=ANY, now=NOW) is Shortfall.METHOD
    meant = frozenset({method.value})
    assert shortfall(POLICY[operation], level=level, auth_time=NOW, methods=meant, now=NOW) is None


@pytest.mark.parametrize("operation", [Operation.LINK, Operation.UNLINK, Operation.EXPORT, Operation.DELETE])
def test_ways_in_a_copy_and_leaving_are_no_matter_of_a_silent_login_for_who_has_a_phone(
    operation: Operation,
) -> None:
    def lacking(methods: frozenset[str], *, phone: bool) -> Shortfall | None:
        needed = POLICY[operation].of(phone=phone)
        return shortfall(needed, level=AssuranceLevel.L0, auth_time=NOW, methods=methods, now=NOW)

    assert lacking(ANY, phone=True) is Shortfall.METHOD
    assert lacking(ANY, phone=False) is None
    assert lacking(frozenset({Method.SMS.value}), phone=True) is None


@given(st.sampled_from(AssuranceLevel), st.sampled_from(AssuranceLevel))
def test_a_level_below_the_least_is_told_first(held: AssuranceLevel, least: AssuranceLevel) -> None:
    needed = Requirement(level=least, methods=frozenset({Method.FACE}))
    lacking = shortfall(needed, level=held, auth_time=NOW - timedelta(days=9), methods=ANY, now=NOW)
    assert (lacking is Shortfall.LEVEL) == (not held.satisfies(least))


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(minutes=10)))
def test_five_minutes_are_fresh_and_no_more(age: timedelta) -> None:
    lacking = shortfall(Requirement(), level=AssuranceLevel.L0, auth_time=NOW - age, methods=ANY, now=NOW)
    assert (lacking is None) == (age <= timedelta(minutes=5))

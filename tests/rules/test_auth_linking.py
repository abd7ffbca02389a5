"""Who goes on when two turn out to be one."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.models import MergeCase, MergeReason, MergeState
from auth_bridges.rules.linking import OPEN, REVERSIBLE, STEPS, Side, is_reversible, needs_review, survivor
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import NOW

SIDES = st.builds(
    Side,
    resident=st.text("ab", min_size=1, max_size=4),
    known=st.booleans(),
    level=st.sampled_from(AssuranceLevel),
    created_at=st.integers(0, 3).map(lambda days: NOW - timedelta(days=days)),
)


def side(name: str, level: AssuranceLevel, days: int = 0, *, known: bool = False) -> Side:
    return Side(resident=name, known=known, level=level, created_at=NOW - timedelta(days=days))


@given(SIDES, SIDES)
def test_it_does_not_matter_who_asked(one: Side, other: Side) -> None:
    assert survivor(one, other) == survivor(other, one)
    assert set(survivor(one, other)) == {one.resident, other.resident}


@given(SIDES, SIDES, SIDES)
def test_the_rule_never_goes_round_in_a_ring(one: Side, two: Side, three: Side) -> None:
    pairs = ((one, two), (two, three), (three, one))
    if len({each.resident for each in (one, two, three)}) == 3:
        assert len({survivor(*pair)[1] for pair in pairs}) == 2


def test_the_higher_level_goes_on_then_the_older() -> None:
    l1, l0 = AssuranceLevel.L1, AssuranceLevel.L0
    assert survivor(side("old", l0, 9), side("proved", l1)) == ("proved", "old")
    assert survivor(side("old", l1, 9), side("young", l1)) == ("old", "young")


def test_papers_stay_where_they_are_though_the_proof_ran_out() -> None:
    was_known = side("known", AssuranceLevel.L0, known=True)
    assert survivor(side("phone", AssuranceLevel.L1, 9), was_known)[0] == "known"


def test_an_operator_looks_where_both_are_known() -> None:
    assert needs_review(known_here=True, known_there=True)
    assert not needs_review(known_here=True, known_there=False)


def test_a_merge_can_be_undone_for_thirty_days() -> None:
    case = MergeCase(
        id="c",
        survivor="a",
        absorbed="b",
        why=MergeReason.LINK,
        state=MergeState.MERGED,
        opened_at=NOW,
        decided_at=NOW,
    )
    assert is_reversible(case, NOW + REVERSIBLE - timedelta(seconds=1))
    assert not is_reversible(case, NOW + REVERSIBLE)


def test_every_state_has_its_steps_and_two_are_the_end() -> None:
    assert set(STEPS) == set(MergeState)
    assert {state for state, steps in STEPS.items() if not steps} == set(MergeState) - OPEN

"""What proofs add up to."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.models import Proof
from auth_bridges.rules.assurance import level_of, with_proof
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import NOW


def proof(level: AssuranceLevel, source: str = "operator", later: int = 0) -> Proof:
    return Proof(level=level, method="registered", source=source, at=NOW + timedelta(seconds=later))


def test_nothing_proved_is_l0() -> None:
    assert level_of(()) is AssuranceLevel.L0


@given(st.lists(st.sampled_from(AssuranceLevel), min_size=1))
def test_the_strongest_proof_counts_whatever_came_first(levels: list[AssuranceLevel]) -> None:
    strongest = level_of(proof(level) for level in levels)
    assert strongest in levels
    assert all(strongest.satisfies(level) for level in levels)


def test_the_same_proof_again_changes_nothing() -> None:
    once = with_proof((), proof(AssuranceLevel.L2))
    assert with_proof(once, proof(AssuranceLevel.L2, later=9)) == once


def test_another_source_is_another_proof() -> None:
    once = with_proof((), proof(AssuranceLevel.L2))
    assert len(with_proof(once, proof(AssuranceLevel.L2, source="counter"))) == 2

"""What proofs add up to."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.models import Proof
from auth_bridges.rules.assurance import level_of, proof_of, renewed, with_proof
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import NOW


def proof(level: AssuranceLevel, source: str = "operator", later: int = 0) -> Proof:
    return Proof(level=level, method="registered", source=source, at=NOW + timedelta(seconds=later))


def test_nothing_proved_is_l0() -> None:
    assert level_of((), NOW) is AssuranceLevel.L0


@given(st.lists(st.sampled_from(AssuranceLevel), min_size=1))
def test_the_strongest_proof_counts_whatever_came_first(levels: list[AssuranceLevel]) -> None:
    strongest = level_of([proof(level) for level in levels], NOW)
    assert strongest in levels
    assert all(strongest.satisfies(level) for level in levels)


def test_the_same_proof_again_changes_nothing() -> None:
    once = with_proof((), proof(AssuranceLevel.L2))
    assert with_proof(once, proof(AssuranceLevel.L2, later=9)) == once


def test_another_source_is_another_proof() -> None:
    once = with_proof((), proof(AssuranceLevel.L2))
    assert len(with_proof(once, proof(AssuranceLevel.L2, source="counter"))) == 2


LIVES = {AssuranceLevel.L1: timedelta(days=365), AssuranceLevel.L3: timedelta(days=30)}


def test_a_level_whose_proof_ran_out_is_not_held() -> None:
    """To the second: it counts up to its end and not at it."""
    phone = proof_of(AssuranceLevel.L1, method="sms", source="sms", at=NOW, lives=LIVES)
    face = proof_of(AssuranceLevel.L3, method="face", source="alipay", at=NOW, lives=LIVES)
    last = NOW + timedelta(days=30) - timedelta(seconds=1)
    assert level_of((phone, face), last) is AssuranceLevel.L3
    assert level_of((phone, face), NOW + timedelta(days=30)) is AssuranceLevel.L1
    assert level_of((phone, face), NOW + timedelta(days=365)) is AssuranceLevel.L0


def test_a_proof_made_again_lasts_anew() -> None:
    once = renewed((), proof_of(AssuranceLevel.L1, method="sms", source="sms", at=NOW, lives=LIVES))
    later = NOW + timedelta(days=300)
    twice = renewed(once, proof_of(AssuranceLevel.L1, method="sms", source="sms", at=later, lives=LIVES))
    assert [each.expires_at for each in twice] == [later + timedelta(days=365)]


def test_what_ran_out_is_proved_again_by_the_same_file() -> None:
    once = with_proof((), proof_of(AssuranceLevel.L3, method="r", source="operator", at=NOW, lives=LIVES))
    later = NOW + timedelta(days=31)
    again = proof_of(AssuranceLevel.L3, method="r", source="operator", at=later, lives=LIVES)
    assert with_proof(once, again) == (again,)


def test_levels_are_shown_as_grades_two_to_five() -> None:
    assert [level.trust_grade for level in AssuranceLevel] == [None, 2, 3, 4, 5]

"""Which facts count where some correct others, and from when a move holds."""

from datetime import UTC, date, datetime, timedelta

from push.planning import counting
from push.rules.facts import Household, known
from push.timeline_models import FactKind, StoredFact

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def said(*facts: tuple[str, str | None, bool]) -> list[str]:
    """Those that count of facts, each with what it corrects and whether it only takes that back."""
    stored = [
        StoredFact(
            id=name,
            subject="child",
            kind=FactKind.DOSE,
            sealed=b"",
            content=name,
            recorded_at=NOON + timedelta(minutes=minute),
            supersedes=supersedes,
            void=void,
        )
        for minute, (name, supersedes, void) in enumerate(facts)
    ]
    return [fact.id for fact in counting(stored)]


def test_of_two_corrections_of_one_fact_the_later_is_meant() -> None:
    assert said(("a", None, False), ("b", "a", False), ("c", "a", False)) == ["c"]


def test_what_a_correction_corrected_counts_again_once_it_is_taken_back() -> None:
    mistaken = (("a", None, False), ("b", "a", False), ("c", "b", True))
    assert said(*mistaken) == ["a"]
    assert said(*mistaken, ("d", "c", True)) == ["b"]


def test_a_chain_of_corrections_leaves_the_last() -> None:
    assert said(("a", None, False), ("b", "a", False), ("c", "b", False), ("x", None, False)) == ["c", "x"]


def test_who_is_going_to_move_has_not_moved_yet() -> None:
    moves = [
        ("1", Household(district="310104", since=date(2024, 1, 1))),
        ("2", Household(district="110101", since=date(2027, 2, 1))),
    ]

    before = known(moves, as_of=date(2027, 1, 31))
    after = known(moves, as_of=date(2027, 2, 1))

    assert (before.region, before.moves_on) == ("310000", date(2027, 2, 1))
    assert (after.region, after.moves_on) == ("110000", None)

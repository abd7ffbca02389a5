"""Statistics say nothing of anybody: no count below k, and none that could be had by subtraction."""

from hypothesis import given
from hypothesis import strategies as st

from health_code.rules.statistics import Count, K, Path, published

LEAVES = st.dictionaries(
    st.tuples(
        st.sampled_from(["310000", "440000", "510000"]),
        st.sampled_from(["GREEN", "YELLOW", "RED"]),
        st.sampled_from(["NONE", "CR-CN-0001", "MANUAL:CONTACT_TRACED"]),
    ),
    st.integers(1, 60),
    max_size=27,
)


@given(LEAVES)
def test_no_count_is_of_fewer_than_k_people(leaves: dict[Path, int]) -> None:
    assert all(count.people is None or count.people >= K for count in published(leaves))


@given(LEAVES)
def test_what_is_not_told_cannot_be_had_by_subtraction(leaves: dict[Path, int]) -> None:
    told = {count.path: count.people for count in published(leaves)}
    for path, people in told.items():
        below = [each for each in told if len(each) == len(path) + 1 and each[: len(path)] == path]
        hidden = [each for each in below if told[each] is None]
        if people is None:
            assert below == []
        elif below:
            known = sum(told[each] or 0 for each in below)
            assert len(hidden) != 1
            assert (people - known) in ((0,) if not hidden else range(K, people + 1))


@given(LEAVES)
def test_what_is_told_is_true(leaves: dict[Path, int]) -> None:
    for count in published(leaves):
        people = sum(each for path, each in leaves.items() if path[: len(count.path)] == count.path)
        assert count.people in (None, people)


def test_a_small_count_hides_the_smallest_of_its_neighbours() -> None:
    leaves: dict[Path, int] = {("310000", "GREEN"): 90, ("310000", "YELLOW"): 20, ("310000", "RED"): 3}

    assert published(leaves) == [
        Count(path=(), people=113),
        Count(path=("310000",), people=113),
        Count(path=("310000", "GREEN"), people=90),
        Count(path=("310000", "RED"), people=None),
        Count(path=("310000", "YELLOW"), people=None),
    ]


def test_of_too_few_people_nothing_is_told() -> None:
    assert published({("310000", "GREEN"): 9}) == [Count(path=(), people=None)]
    assert published({}) == [Count(path=(), people=None)]

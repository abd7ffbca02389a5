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
        elif hidden:
            assert len(hidden) > 1
            assert sum(_exact(leaves, each) for each in hidden) >= K


@given(LEAVES)
def test_what_is_told_is_nearly_true(leaves: dict[Path, int]) -> None:
    for count in published(leaves):
        if count.people is not None:
            assert count.people % K == 0
            assert 0 <= _exact(leaves, count.path) - count.people < K


@given(st.lists(LEAVES, min_size=2, max_size=6))
def test_from_one_hour_to_the_next_a_count_stands_still_or_tells_of_k_people(
    hours: list[dict[Path, int]],
) -> None:
    before: dict[Path, int] = {}
    for leaves in hours:
        told = {count.path: count.people for count in published(leaves, before=before)}
        for path, people in told.items():
            if people is not None:
                assert people >= K
                assert abs(people - _exact(leaves, path)) < K
                assert abs(people - before.get(path, 0)) not in range(1, K)
        before = {path: people for path, people in told.items() if people is not None}


def test_who_turned_red_in_this_hour_cannot_be_had_by_subtracting_the_hour_before() -> None:
    def at(red: int) -> dict[Path, int]:
        return {("310000", "GREEN"): 500 - red, ("310000", "RED"): red}

    hours: list[int] = []
    before: dict[Path, int] = {}
    for red in (25, 26, 27, 29, 30, 29, 31, 39, 40):
        before = {each.path: each.people or 0 for each in published(at(red), before=before)}
        hours.append(before["310000", "RED"])

    assert hours == [20, 20, 20, 20, 30, 30, 30, 30, 40]


def test_a_small_count_hides_the_smallest_of_its_neighbours() -> None:
    leaves: dict[Path, int] = {("310000", "GREEN"): 90, ("310000", "YELLOW"): 20, ("310000", "RED"): 3}

    assert published(leaves) == [
        Count(path=(), people=110),
        Count(path=("310000",), people=110),
        Count(path=("310000", "GREEN"), people=90),
        Count(path=("310000", "RED"), people=None),
        Count(path=("310000", "YELLOW"), people=None),
    ]


def test_of_too_few_people_nothing_is_told() -> None:
    assert published({("310000", "GREEN"): 9}) == [Count(path=(), people=None)]
    assert published({}) == [Count(path=(), people=None)]


def _exact(leaves: dict[Path, int], path: Path) -> int:
    return sum(people for each, people in leaves.items() if each[: len(path)] == path)

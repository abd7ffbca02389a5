"""From samples to rows: medians over the rounds, ratios within each."""

import pytest

from bff.sandbox.bench.figures import (
    CODE_ROWS,
    GOALS,
    ROWS,
    Sample,
    Who,
    chosen,
    percentile,
    round_trips,
    row,
)


def test_a_ratio_is_taken_within_a_round_and_its_median_over_the_rounds() -> None:
    # The machine was twice as fast in the second round: the ratio knows nothing of it.
    rounds = [
        {
            (Who.OURS, "codec.mint"): Sample(rate=ours),
            (Who.FLOOR, "codec.mint"): Sample(rate=floor),
            (Who.PEER, "codec.mint"): Sample(rate=peer),
        }
        for ours, floor, peer in ((50, 100, 25), (100, 200, 50), (60, 100, 20))
    ]

    made = row("codec.mint", rounds)

    assert made.value == 60
    assert made.floor == 100
    assert made.ratio == 0.5
    assert made.ratio_range == (0.5, 0.6)
    assert made.peer_ratio == 2


def test_without_a_peer_there_is_no_ratio_to_it() -> None:
    made = row(
        "codec.mint",
        [{(Who.OURS, "codec.mint"): Sample(rate=1), (Who.FLOOR, "codec.mint"): Sample(rate=2)}],
    )

    assert made.peer is None
    assert made.peer_ratio is None


def test_an_error_anywhere_is_an_error_of_the_row() -> None:
    name = "show.opaque"
    rounds = [{(Who.OURS, name): Sample(rate=1), (Who.FLOOR, name): Sample(rate=2, errors=3)}]

    assert row(name, rounds).errors == 3


def test_a_round_trip_costs_a_show_and_its_verify_on_every_server() -> None:
    legs = [
        row(
            name,
            [
                {
                    (Who.OURS, name): Sample(rate=1, cpu={"web": 100.0, "redis": 20.0}),
                    (Who.FLOOR, name): Sample(rate=1),
                }
            ],
        )
        for name in ("show.signed", "verify.signed")
    ]

    assert round_trips(legs) == {"signed": ({"web": 200.0, "redis": 40.0}, {})}


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (None, ROWS),
        ("show.signed", ("show.signed",)),
        ("show", ("show.opaque", "show.signed", "health.show")),
        ("opaque", ("show.opaque", "verify.opaque")),
        ("codec", ("codec.mint", "codec.verify")),
        ("sho", ()),
    ],
)
def test_a_name_means_a_row_or_what_belongs_to_it(name: str | None, rows: tuple[str, ...]) -> None:
    assert chosen(name) == rows


def test_every_row_has_a_goal() -> None:
    assert set(GOALS) == set(ROWS)
    assert all(GOALS[name].p99 == 10 and GOALS[name].peer_ratio == 4 for name in CODE_ROWS)


def test_a_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 0.99) == 0
    assert percentile(list(range(100)), 0.99) == 99
    assert percentile([7], 0.5) == 7

"""Whom a campaign is for, and its way from a draft to everybody."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from push.models import Topic
from push.refusals import AudienceInvalid, CampaignInvalid, CampaignNotOpen
from push.rules import campaigns, facts
from push.rules.audience import Audience, Known, attributes_of, check_audience, holds
from push.rules.campaigns import (
    PARTS,
    TRANSITIONS,
    CampaignState,
    CampaignStep,
    Told,
    after,
    allowance,
    bounds_of,
    canary_is_through,
    canary_of,
    check_topic,
    wrong_with,
)

TODAY: Final = date(2026, 11, 25)
NOW: Final = datetime(2026, 11, 25, 9, tzinfo=UTC)


def known(**more: Any) -> Known:  # noqa: ANN401  whatever is known
    said: dict[str, Any] = {"born": date(1980, 5, 1), "sex": "F", "district": "310101"}
    return Known(resident="ab" * 16, subject="S" * 43, **{**said, **more})


@pytest.mark.parametrize(
    ("audience", "someone", "is_one"),
    [
        (Audience(), known(), True),
        (Audience(), known(born=None, sex=None, district=None), True),
        (Audience(districts=("3101",)), known(), True),
        (Audience(districts=("3102", "32")), known(), False),
        (Audience(districts=("31",)), known(district=None), False),
        (Audience(sex="F"), known(), True),
        (Audience(sex="M"), known(), False),
        (Audience(sex="M"), known(sex=None), False),
        (
            Audience(attributes={"trade": ("food", "retail")}),
            known(attributes={"trade": frozenset({"food"})}),
            True,
        ),
        (Audience(attributes={"trade": ("food",)}), known(attributes={"trade": frozenset({"steel"})}), False),
        (Audience(attributes={"trade": ("food",)}), known(), False),
        (Audience(age_from=46), known(), True),
        (Audience(age_from=47), known(), False),
        (Audience(age_to=46), known(), True),
        (Audience(age_to=45), known(), False),
        (Audience(age_from=18), known(born=None), False),
    ],
)
def test_somebody_is_meant_if_every_condition_holds(
    audience: Audience, someone: Known, *, is_one: bool
) -> None:
    assert holds(audience, someone, TODAY) is is_one


def test_what_departments_said_can_be_asked_for() -> None:
    said = facts.Known(
        district="310104",
        insurance=tuple(
            facts.Payment(id=scheme, due_on=TODAY, scheme=scheme)
            for scheme in ("FLEXIBLE", "RESIDENT_MEDICAL")
        ),
        pension=facts.Pension(entitled_from=TODAY),
    )

    someone = known(attributes=attributes_of(said))
    for name, value in (
        ("home", "310104"),
        ("insurance", "FLEXIBLE"),
        ("insurance", "RESIDENT_MEDICAL"),
        ("pension", "drawn"),
    ):
        assert holds(Audience(attributes={name: (value, "else")}), someone, TODAY)
        assert not holds(Audience(attributes={name: ("else",)}), someone, TODAY)
    assert attributes_of(facts.Known()) == {}


@pytest.mark.parametrize(
    ("born", "is_one"),
    [(date(2012, 11, 24), True), (date(2012, 11, 25), False), (date(2012, 11, 26), False)],
)
def test_nobody_under_fourteen_is_meant_until_the_day_after_the_birthday(born: date, *, is_one: bool) -> None:
    assert holds(Audience(), known(born=born), TODAY) is is_one


def test_who_was_born_on_a_leap_day_comes_of_age_on_the_first_of_march() -> None:
    child = known(born=date(2012, 2, 29))

    assert not holds(Audience(), child, date(2026, 2, 28))
    assert holds(Audience(), child, date(2026, 3, 1))


@pytest.mark.parametrize(
    "audience",
    [
        Audience(districts=("310",)),
        Audience(districts=("shanghai",)),
        Audience(districts=tuple(f"31{n:04}" for n in range(41))),
        Audience(age_from=13),
        Audience(age_from=60, age_to=59),
        Audience(age_to=121),
        Audience(attributes={"Trade": ("food",)}),
        Audience(attributes={"trade": ()}),
    ],
)
def test_an_audience_that_is_none_is_refused(audience: Audience) -> None:
    with pytest.raises(AudienceInvalid):
        check_audience(audience)


def test_the_table_is_the_one_that_is_written_at_the_top() -> None:
    told = {
        f"{before.value} --{step.value}--> {state.value}" for (before, step), state in TRANSITIONS.items()
    }

    assert {line.strip() for line in (campaigns.__doc__ or "").splitlines() if "-->" in line} == told


def test_nothing_leads_anywhere_from_the_end() -> None:
    for state in (CampaignState.DONE, CampaignState.CANCELLED):
        for step in CampaignStep:
            with pytest.raises(CampaignNotOpen):
                after(state, step)


def test_only_somebodys_approval_leads_out_of_a_draft() -> None:
    ways = {step for state, step in TRANSITIONS if state is CampaignState.DRAFT}

    assert ways == {CampaignStep.APPROVE, CampaignStep.CANCEL}


def test_the_parts_hold_everybody_once() -> None:
    bounds = [bounds_of(number) for number in range(PARTS)]

    assert bounds[0][0] == ""
    assert bounds[-1][1] is None
    assert [before for _, before in bounds[:-1]] == [after for after, _ in bounds[1:]]
    # Nobody's id is a bound: it has thirty-two digits.
    assert sorted(after for after, _ in bounds) == [after for after, _ in bounds]


@pytest.mark.parametrize(("estimate", "canary"), [(0, 50), (49_999, 50), (500_000, 500), (25_000_000, 1_000)])
def test_a_thousandth_is_told_first_and_not_too_few_nor_too_many(estimate: int, canary: int) -> None:
    assert canary_of(estimate) == canary


def test_a_canary_that_dies_or_is_refused_stops_the_campaign() -> None:
    assert wrong_with(Told(meant=1000, waiting=0, dead=20)) is None
    assert wrong_with(Told(meant=1000, waiting=0, dead=21)) is not None
    assert wrong_with(Told(meant=1000, waiting=985, dead=15)) is None
    assert wrong_with(Told(meant=1000, calls=100, refused=6, unknown=4)) is None
    assert wrong_with(Told(meant=1000, calls=100, refused=6, unknown=5)) is not None
    assert wrong_with(Told(meant=1000, calls=19, refused=19)) is None


def test_what_somebody_let_pass_stops_nothing_again_but_what_comes_after_does() -> None:
    assert wrong_with(Told(meant=1000, dead=500), excused=490) is None
    assert wrong_with(Told(meant=1000, dead=521), excused=500) is not None


def test_a_canary_is_judged_when_most_of_it_is_over() -> None:
    assert not canary_is_through(Told(meant=1000, waiting=101))
    assert canary_is_through(Told(meant=1000, waiting=100))


def test_a_campaign_keeps_to_its_pace_and_catches_up() -> None:
    def may(meant: int, seconds: float) -> int:
        now = NOW + timedelta(seconds=seconds)
        return allowance(meant=meant, before=100, since=NOW, per_minute=6_000, now=now)

    assert may(100, 0) == 100
    assert may(200, 0.5) == 0
    assert may(200, 1) == 100
    assert may(200, 60) == 6_000
    assert may(6_200, 60) == 0


@pytest.mark.parametrize("topic", Topic)
def test_what_residents_cannot_refuse_is_told_to_nobody_at_large(topic: Topic) -> None:
    if topic in (Topic.ACCOUNT, Topic.HEALTH):
        with pytest.raises(CampaignInvalid) as refused:
            check_topic(topic)
        assert "residents agree to or refuse" in str(refused.value.facts["why_en"])
    else:
        check_topic(topic)

"""The tables of entries and appeals are what their diagrams draw, and two people are two people."""

import re
from types import ModuleType
from typing import NamedTuple

import pytest

from health_code.refusals import AppealNotOpen, ManualEntryNotOpen, SecondPersonNeeded
from health_code.rules import appeals, manual, two_people
from tests.health import LONG_AGO


class Clerk(NamedTuple):
    id: str
    organisation: str


@pytest.mark.parametrize("module", [appeals, manual])
def test_the_diagram_is_the_table(module: ModuleType) -> None:
    drawn = re.findall(r"^    ([A-Z_]+) --([a-z ]+)--> ([A-Z_]+)$", module.__doc__ or "", re.MULTILINE)

    assert drawn == [(state, step, then) for (state, step), then in module.TRANSITIONS.items()]


def test_what_is_not_in_the_table_is_refused() -> None:
    for state in manual.ManualState:
        for step in manual.ManualStep:
            if (state, step) not in manual.TRANSITIONS:
                with pytest.raises(ManualEntryNotOpen):
                    manual.after(state, step, lapses_at=LONG_AGO, now=LONG_AGO.replace(year=2019))
    for appeal_state in appeals.AppealState:
        for appeal_step in appeals.AppealStep:
            if (appeal_state, appeal_step) not in appeals.TRANSITIONS:
                with pytest.raises(AppealNotOpen):
                    appeals.after(appeal_state, appeal_step)


@pytest.mark.parametrize(
    "second", [Clerk("a", "x"), Clerk("b", "x"), Clerk("a", "y"), Clerk("b", "")], ids=str
)
def test_one_person_one_organisation_or_none_cannot_agree(second: Clerk) -> None:
    with pytest.raises(SecondPersonNeeded):
        two_people.agree(Clerk("a", "x"), second)


def test_what_somebody_of_no_organisation_wants_nobody_can_agree_to() -> None:
    with pytest.raises(SecondPersonNeeded):
        two_people.agree(Clerk("a", ""), Clerk("b", "y"))


def test_two_people_of_two_organisations_can() -> None:
    two_people.agree(Clerk("a", "x"), Clerk("b", "y"))


@pytest.mark.parametrize(
    "third", [Clerk("a", "z"), Clerk("b", "z"), Clerk("c", "x"), Clerk("c", "")], ids=str
)
def test_who_releases_is_a_third(third: Clerk) -> None:
    with pytest.raises(SecondPersonNeeded):
        two_people.release(Clerk("a", "x"), Clerk("b", "y"), third)

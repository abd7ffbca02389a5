"""Where an item stands when it is read is where it stood when it was planned, on the same day."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from push.programmes import edition, enrolment_in, expiry, insurance, policies
from push.rules.due import OPEN, DueItem, Status
from push.rules.expiry import Holding, expiry_items
from push.rules.facts import Insurance, Pension, known
from push.rules.milestones import due_items_of_vaccination, milestones
from push.rules.plan import Programmes, plan, status_on
from push.rules.vaccination import Child, Given, due_items

CASES: Final = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vaccination" / "cases.json").read_text("utf-8")
)
TODAY: Final = date(2026, 11, 25)
PROGRAMMES: Final = Programmes(
    vaccination=edition("cn-nip-2026"),
    enrolment=enrolment_in("310000"),
    expiry=expiry(),
    insurance=insurance(),
    policies=policies(),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_vaccination_stands_where_its_plan_says(case: dict[str, Any]) -> None:
    as_of = date.fromisoformat(case["as_of"])
    child = Child(
        birth=date.fromisoformat(case["birth_date"]),
        sex=case.get("sex"),
        mother_hbsag=case.get("context", {}).get("mother_hbsag", "negative"),
    )
    programme = edition(f"cn-nip-{case['edition']}")
    items = due_items(programme, child, msgspec.convert(case["given"], list[Given]), as_of)
    for item in due_items_of_vaccination(items, edition=programme.id, as_of=as_of):
        assert status_on(item, as_of) is item.status, item


@pytest.mark.parametrize("kind", ["resident-id-card", "residence-permit", "social-security-card"])
@pytest.mark.parametrize("days", [-400, -1, 0, 1, 30, 89, 90, 91, 400, 2_000])
def test_a_certificate_stands_where_its_plan_says(kind: str, days: int) -> None:
    for item in held(kind, TODAY + timedelta(days=days)):
        assert status_on(item, TODAY) is item.status, item


def test_a_certificate_with_years_to_go_and_no_opening_day_is_not_to_be_renewed_now() -> None:
    (card,) = held("social-security-card", TODAY + timedelta(days=2_000))
    assert card.earliest is None
    assert card.status in OPEN
    assert status_on(card, TODAY) is Status.NOT_YET_DUE


def test_a_contribution_can_be_paid_from_when_it_was_reported_and_nobody_says_since_when() -> None:
    last = TODAY + timedelta(days=90)
    said = known([("i1", Insurance(scheme="RESIDENT_MEDICAL", due_on=last))], (), as_of=TODAY)

    (item,) = plan(said, PROGRAMMES, TODAY)

    assert (item.earliest, item.window_to, item.status) == (None, last, Status.DUE)
    assert status_on(item, last) is Status.DUE
    assert status_on(item, last + timedelta(days=1)) is Status.OVERDUE
    assert [each.name.split("@")[0] for each in milestones(item)] == ["30-days", "7-days"]


@pytest.mark.parametrize(
    ("fact", "days", "shown"),
    [
        (Pension(entitled_from=date(2003, 1, 1)), 0, True),
        (Pension(entitled_from=date(2003, 1, 1), confirmed_on=date(2023, 1, 1)), 0, True),
        (Insurance(scheme="FLEXIBLE", due_on=TODAY), 90, True),
        (Insurance(scheme="FLEXIBLE", due_on=TODAY), 91, False),
    ],
)
def test_what_is_long_over_is_not_asked_for_but_a_pension_is_until_it_is_confirmed(
    fact: Pension | Insurance, days: int, *, shown: bool
) -> None:
    items = plan(known([("f1", fact)], (), as_of=TODAY), PROGRAMMES, TODAY + timedelta(days=days))

    assert [item.status for item in items] == [Status.OVERDUE] * shown


def held(kind: str, last: date) -> list[DueItem]:
    """What of a certificate that ends on ``last`` will lapse."""
    holding = Holding(
        id="c1",
        type=kind,
        title_zh="证件",
        title_en="Certificate",
        issued=last - timedelta(days=3_650),
        valid_until=last,
    )
    return expiry_items(expiry(), holding, TODAY)

"""Certificates that expire, pensions to be confirmed, years to be paid for."""

from datetime import date
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.models import Topic
from push.programmes import clause_text, expiry, insurance
from push.rules.due import Status
from push.rules.expiry import Holding, expiry_items
from push.rules.milestones import milestones
from push.rules.qualification import Pensioner, Period, insurance_items, pension_item

LAST: Final = date(2027, 5, 31)


def holding(kind: str, **more: Any) -> Holding:  # noqa: ANN401 - a holding's own fields
    base = Holding(
        id="c1", type=kind, title_zh="证照", title_en="A card", issued=date(2017, 5, 31), valid_until=LAST
    )
    return msgspec.structs.replace(base, **more)


@pytest.mark.parametrize(
    ("kind", "opens", "clause"),
    [
        ("resident-id-card", date(2027, 2, 28), "id-card"),
        ("driving-licence", date(2027, 3, 2), "driving-licence"),
        ("social-security-card", None, "valid-until"),
    ],
)
def test_from_when_a_certificate_can_be_renewed_goes_by_its_kind(
    kind: str, opens: date | None, clause: str
) -> None:
    (item,) = expiry_items(expiry(), holding(kind), date(2026, 11, 25))

    assert (item.id, item.topic, item.window_to) == ("expiry/c1", Topic.EXPIRY, LAST)
    assert (item.earliest, item.clause, item.status) == (opens, (clause,), Status.NOT_YET_DUE)


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        (date(2027, 2, 27), Status.NOT_YET_DUE),
        (date(2027, 2, 28), Status.DUE),
        (LAST, Status.DUE),
        (date(2027, 6, 1), Status.OVERDUE),
    ],
)
def test_the_last_day_is_still_a_day(as_of: date, status: Status) -> None:
    (item,) = expiry_items(expiry(), holding("resident-id-card"), as_of)

    assert item.status is status


def test_what_is_valid_for_good_does_not_expire() -> None:
    assert expiry_items(expiry(), holding("resident-id-card", valid_until=None), LAST) == []


def test_a_driving_licence_is_told_of_when_it_can_be_renewed_and_thirty_and_seven_days_before() -> None:
    (item,) = expiry_items(expiry(), holding("driving-licence"), date(2026, 11, 25))

    assert [each.name.split("@")[0] for each in milestones(item)] == ["opens", "30-days", "7-days", "lapsed"]


@pytest.mark.parametrize(
    ("as_of", "due"),
    [
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2025, 2, 28), date(2025, 2, 28)),
        (date(2025, 3, 1), date(2026, 2, 28)),
        (date(2027, 12, 1), date(2028, 2, 29)),
    ],
)
def test_a_residence_permit_is_endorsed_before_each_full_year(as_of: date, due: date) -> None:
    permit = holding("residence-permit", issued=date(2024, 2, 29), valid_until=date(2033, 2, 28))
    endorsement, _ = expiry_items(expiry(), permit, as_of)

    assert (endorsement.id, endorsement.window_to) == ("expiry/c1/endorsement", due)
    assert endorsement.clause == ("residence-permit",)


def test_an_endorsement_opens_a_month_before_and_lapses_where_it_is_known_to_be_missing() -> None:
    permit = holding(
        "residence-permit",
        issued=date(2024, 3, 31),
        endorsed_until=date(2026, 3, 31),
        valid_until=date(2033, 3, 31),
    )
    before, _ = expiry_items(expiry(), permit, date(2026, 2, 27))
    open_now, _ = expiry_items(expiry(), permit, date(2026, 2, 28))
    late, _ = expiry_items(expiry(), permit, date(2026, 4, 1))

    assert (before.status, open_now.status, late.status) == (
        Status.NOT_YET_DUE,
        Status.DUE,
        Status.OVERDUE,
    )


def test_a_permit_is_not_endorsed_in_the_year_it_expires() -> None:
    permit = holding("residence-permit", issued=date(2024, 3, 1), valid_until=date(2027, 3, 1))

    assert [item.id for item in expiry_items(expiry(), permit, date(2026, 6, 1))] == ["expiry/c1"]


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.dates(date(2000, 1, 1), date(2060, 1, 1)))
def test_the_next_endorsement_is_within_a_year_and_not_in_the_past(issued: date, as_of: date) -> None:
    permit = holding("residence-permit", issued=issued, valid_until=None)
    (item,) = expiry_items(expiry(), permit, as_of)

    assert item.window_to is not None
    assert item.window_to >= as_of
    assert (item.window_to - max(as_of, issued)).days <= 366


@pytest.mark.parametrize(
    ("pensioner", "last"),
    [
        (Pensioner(entitled_from=date(2026, 3, 31)), date(2027, 3, 31)),
        (Pensioner(entitled_from=date(2016, 3, 31), confirmed=date(2024, 2, 29)), date(2025, 2, 28)),
    ],
)
def test_a_pension_is_confirmed_within_twelve_months_of_the_last_time(
    pensioner: Pensioner, last: date
) -> None:
    item = pension_item(insurance(), pensioner, last)

    assert (item.window_to, item.status, item.topic) == (last, Status.DUE, Topic.PENSION)
    assert [each.name.split("@")[0] for each in milestones(item)] == ["30-days", "7-days", "late"]
    assert pension_item(insurance(), pensioner, date(2027, 4, 1)).status is Status.OVERDUE


def test_a_year_without_an_announced_period_is_said_to_have_none() -> None:
    (item,) = insurance_items(insurance(), {}, date(2027, 1, 1))

    assert (item.id, item.status, item.earliest) == (
        "insurance/resident-medical/2027",
        Status.NOT_ANNOUNCED,
        None,
    )
    assert "尚未公布" in item.title_zh
    assert milestones(item) == ()


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        ("2026-09-30", Status.NOT_YET_DUE),
        ("2026-10-01", Status.DUE),
        ("2026-12-20", Status.DUE),
        ("2026-12-21", Status.PASSED),
    ],
)
def test_a_years_period_is_what_was_announced(as_of: str, status: Status) -> None:
    known = _announced()
    items = {item.id: item for item in insurance_items(known, {}, date.fromisoformat(as_of))}

    assert items["insurance/resident-medical/2027"].status is status


def test_a_year_that_was_paid_is_settled_and_one_that_is_over_is_not_asked_about() -> None:
    items = {
        item.id: item.status
        for item in insurance_items(_announced(), {"resident-medical": {2027}}, date(2026, 11, 1))
    }

    assert items["insurance/resident-medical/2027"] is Status.COMPLETE
    assert insurance_items(_announced(), {}, date(2028, 1, 1)) == []


def _announced() -> Any:  # noqa: ANN401 - a struct of the rules
    known = insurance()
    scheme = known.schemes["resident-medical"]
    years = {**scheme.years, "2027": Period(since=date(2026, 10, 1), to=date(2026, 12, 20), source="a test")}
    return msgspec.structs.replace(
        known, schemes={"resident-medical": msgspec.structs.replace(scheme, years=years)}
    )


def test_every_clause_has_words_in_both_languages() -> None:
    cited = [(expiry().id, kind.clause) for kind in expiry().kinds.values()]
    cited += [(expiry().id, "valid-until"), (insurance().id, insurance().pension.clause)]
    cited += [(insurance().id, scheme.clause) for scheme in insurance().schemes.values()]

    for programme, clause in cited:
        zh, en = clause_text(programme, clause)
        assert zh
        assert en.isascii()

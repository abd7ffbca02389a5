"""Who begins school when, and what a family is told of the windows."""

import json
from datetime import date, timedelta
from typing import Any, Final

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bff.cli_push import push
from push.programmes import clause_text, content, enrolment_in
from push.rules.due import DueItem, Status, compare_plans
from push.rules.enrolment import Pupil, enrolment_items, read_enrolment, year_of
from push.rules.milestones import milestones

SHANGHAI: Final = enrolment_in("310000")
APRIL: Final = date(2026, 4, 15)


def born(day: str, **more: Any) -> Pupil:  # noqa: ANN401 - a pupil's own fields
    return Pupil(birth=date.fromisoformat(day), **more)


def items(pupil: Pupil, as_of: date = APRIL) -> dict[str, DueItem]:
    return {item.id.removeprefix("enrolment/"): item for item in enrolment_items(SHANGHAI, pupil, as_of)}


@pytest.mark.parametrize(
    ("birth", "kindergarten", "primary", "junior"),
    [
        ("2019-08-31", 2022, 2025, 2030),
        ("2019-09-01", 2023, 2026, 2031),
        ("2019-12-31", 2023, 2026, 2031),
        ("2020-01-01", 2023, 2026, 2031),
        ("2020-02-29", 2023, 2026, 2031),
        ("2020-08-31", 2023, 2026, 2031),
        ("2020-09-01", 2024, 2027, 2032),
    ],
)
def test_a_child_begins_in_the_year_the_age_is_reached_by_31_august(
    birth: str, kindergarten: int, primary: int, junior: int
) -> None:
    pupil = born(birth)

    assert year_of(SHANGHAI, "kindergarten", pupil) == kindergarten
    assert year_of(SHANGHAI, "primary", pupil) == primary
    assert year_of(SHANGHAI, "junior", pupil) == junior


@pytest.mark.parametrize(
    ("stage", "year"), [("kindergarten", 2026), ("primary", 2024), ("primary", 2025), ("primary", 2026)]
)
def test_the_cut_off_is_that_of_the_cohorts_the_city_announced(stage: Any, year: int) -> None:  # noqa: ANN401
    said = json.loads(content("shanghai-enrolment"))["years"][str(year)][f"{stage}_cohort"]
    first, last = map(date.fromisoformat, said)

    assert year_of(SHANGHAI, stage, Pupil(birth=first)) == year
    assert year_of(SHANGHAI, stage, Pupil(birth=last)) == year
    assert year_of(SHANGHAI, stage, Pupil(birth=first - timedelta(days=1))) == year - 1
    assert year_of(SHANGHAI, stage, Pupil(birth=last + timedelta(days=1))) == year + 1


def test_a_family_is_told_the_windows_of_the_school_that_comes_next() -> None:
    found = items(born("2020-02-29"))

    assert {key.split("/")[0] for key in found} == {"primary"}
    register = found["primary/register"]
    assert (register.earliest, register.window_to) == (date(2026, 4, 13), date(2026, 4, 26))
    assert register.status is Status.DUE
    assert [each.name for each in milestones(register)] == [
        "opens@2026-04-13",
        "closing@2026-04-26",
        "last-day@2026-04-26",
    ]


def test_a_day_makes_a_year() -> None:
    assert items(born("2020-08-31"))["primary/register"].status is Status.DUE
    assert items(born("2020-09-01"))["primary/register"].status is Status.NOT_ANNOUNCED


def test_what_was_not_announced_is_told_so_once_and_never_guessed() -> None:
    (only,) = items(born("2021-01-01")).values()

    assert (only.status, only.earliest, only.window_to) == (Status.NOT_ANNOUNCED, None, None)
    assert "尚未公布" in only.title_zh
    assert "not announced" in only.title_en
    assert milestones(only) == ()


def test_of_a_year_that_is_known_in_part_the_rest_is_said_to_be_missing() -> None:
    found = items(born("2019-05-01"), date(2025, 4, 1))

    assert found["primary/register"].earliest == date(2025, 4, 14)
    assert found["primary/apply_public"].status is Status.NOT_ANNOUNCED
    assert found["primary/lottery"].status is Status.NOT_ANNOUNCED


def test_a_year_of_which_nothing_was_found_is_not_announced() -> None:
    (only,) = items(born("2018-05-01"), date(2024, 4, 1)).values()

    assert only.status is Status.NOT_ANNOUNCED


def test_once_announced_it_is_the_same_item() -> None:
    older = json.loads(content("shanghai-enrolment"))
    older["years"]["2026"]["primary"] = None
    pupil = born("2020-05-01")
    before = enrolment_items(read_enrolment(json.dumps(older).encode()), pupil, date(2026, 1, 1))
    after = enrolment_items(SHANGHAI, pupil, date(2026, 1, 1))

    found = compare_plans(before, after)
    assert [(old.id, new.id) for old, new in found.moved] == [
        ("enrolment/primary/register", "enrolment/primary/register")
    ]
    assert found.gone == ()


def test_twins_of_one_day_have_the_same_windows() -> None:
    assert items(born("2020-03-03")) == items(born("2020-03-03"))


def test_twins_on_both_sides_of_midnight_begin_a_year_apart_unless_the_elder_waits() -> None:
    elder, younger = born("2020-08-31"), born("2020-09-01")

    assert items(elder)["primary/register"].status is Status.DUE
    assert items(younger)["primary/register"].status is Status.NOT_ANNOUNCED
    assert items(born("2020-08-31", postponed=True)) == items(younger)


def test_who_was_put_off_for_a_year_begins_kindergarten_in_time() -> None:
    pupil = born("2023-03-03", postponed=True)

    assert year_of(SHANGHAI, "kindergarten", pupil) == 2026
    assert year_of(SHANGHAI, "primary", pupil) == 2030


def test_a_household_that_moved_within_the_city_is_told_the_last_day_to_say_so() -> None:
    as_of = date(2025, 4, 20)
    before = enrolment_items(SHANGHAI, born("2019-05-01"), as_of)
    after = enrolment_items(SHANGHAI, born("2019-05-01", home="separated"), as_of)

    found = compare_plans(before, after)
    (new,) = found.new
    assert (new.id, new.window_to) == ("enrolment/primary/separated_hukou_deadline", date(2025, 4, 27))
    assert "separated_hukou" in new.clause
    assert (found.moved, found.gone) == ((), ())


def test_a_household_that_moves_too_late_is_told_that_nothing_can_be_changed() -> None:
    found = items(born("2019-05-01", home="separated"), date(2025, 4, 28))

    assert found["primary/separated_hukou_deadline"].status is Status.PASSED
    assert found["primary/register"].status is Status.PASSED
    assert {"no_change", "separated_hukou"} <= set(found["primary/register"].clause)
    assert milestones(found["primary/register"]) == ()


def test_a_place_of_which_we_know_nothing_is_not_asked_about() -> None:
    with pytest.raises(KeyError):
        enrolment_in("440100")


def test_a_household_with_a_permit_is_told_what_it_must_show() -> None:
    permit = items(born("2020-05-01", home="permit"))
    hukou = items(born("2020-05-01"))

    assert "migrant_children_2026" in permit["primary/register"].clause
    assert "migrant_children_2026" not in hukou["primary/register"].clause
    # The rule is of 2026: it is not held against an earlier year.
    earlier = items(born("2019-05-01", home="permit"), date(2025, 4, 20))
    assert "migrant_children_2026" not in earlier["primary/register"].clause


@pytest.mark.parametrize(
    ("private", "there", "gone"),
    [
        (None, {"apply_private", "apply_public", "verify_1", "verify_2"}, set()),
        (True, {"apply_private", "lottery", "verify_2"}, {"apply_public", "verify_1"}),
        (False, {"apply_public", "verify_1"}, {"apply_private", "lottery", "verify_2"}),
    ],
)
def test_who_chose_a_private_school_has_given_up_the_first_batch_of_the_public_ones(
    *, private: bool | None, there: set[str], gone: set[str]
) -> None:
    found = items(born("2017-05-01", private=private), date(2023, 4, 1))
    keys = {key.removeprefix("primary/") for key in found}

    assert there <= keys
    assert not gone & keys
    chosen = "primary/apply_public" if private is False else "primary/apply_private"
    assert "public_private_together" in found[chosen].clause


def test_what_is_known_to_the_month_is_not_said_to_close_on_a_day() -> None:
    check = items(born("2015-05-01"))["junior/check"]

    assert [each.name for each in milestones(check)] == ["opens@2026-04-01"]


def test_what_nobody_has_to_do_is_told_when_it_happens() -> None:
    lottery = items(born("2020-05-01"))["primary/lottery"]

    assert [each.template for each in milestones(lottery)] == ["enrolment-told"]


def test_a_window_that_opens_at_noon_says_so() -> None:
    register = items(born("2021-05-01"), date(2024, 4, 1))["kindergarten/register"]

    assert "12:00" in register.title_zh
    assert "12:00" in register.title_en


def test_after_the_last_school_there_is_nothing() -> None:
    assert items(born("2010-05-01")) == {}


def test_every_clause_and_every_window_has_words_in_both_languages() -> None:
    clauses = {clause for stage in SHANGHAI.stages.values() for clause in stage.clause}
    clauses |= {clause for window in SHANGHAI.windows.values() for clause in window.clause}

    for clause in clauses | {"migrant_children_2026"}:
        zh, en = clause_text(SHANGHAI.id, clause)
        assert zh
        assert en.isascii()
    assert all(window.zh and window.en.isascii() for window in SHANGHAI.windows.values())


def test_a_window_nobody_explained_is_refused() -> None:
    said = json.loads(content("shanghai-enrolment"))
    del said["windows"]["lottery"]

    with pytest.raises(ValueError, match="lottery"):
        read_enrolment(json.dumps(said).encode())


@given(
    st.dates(date(2008, 1, 1), date(2026, 12, 31)),
    st.dates(date(2023, 1, 1), date(2036, 12, 31)),
    st.sampled_from(["hukou", "separated", "permit"]),
    st.sampled_from([None, True, False]),
)
def test_every_family_is_told_of_one_school_and_of_no_window_twice(
    birth: date,
    as_of: date,
    home: Any,  # noqa: ANN401 - one of three words
    private: bool | None,  # noqa: FBT001 - drawn
) -> None:
    found = enrolment_items(SHANGHAI, Pupil(birth=birth, home=home, private=private), as_of)

    assert len({item.id for item in found}) == len(found)
    assert len({item.id.split("/")[1] for item in found}) <= 1
    for item in found:
        days = (item.earliest, item.window_to)
        assert (item.status is Status.NOT_ANNOUNCED) is (days == (None, None))


def test_the_command_says_one_window_a_line() -> None:
    asked = ["enrolment", "--birth", "2020-05-01", "--at", "2026-04-15"]
    said = CliRunner().invoke(push, [*asked, "--json"])
    told = CliRunner().invoke(push, asked)

    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert said.exit_code == told.exit_code == 0
    assert {
        "id": "enrolment/primary/register",
        "titleZh": "2026年小学：小学入学信息登记",
        "titleEn": "Primary school 2026: registration online",
        "earliest": "2026-04-13",
        "windowTo": "2026-04-26",
        "status": "due",
        "clause": ["primary_age", "no_change", "one_guardian", "portal", "vaccination_certificate"],
    } in lines
    assert "小学入学信息登记" in told.stdout


def test_the_command_says_that_no_school_is_next() -> None:
    asked = ["enrolment", "--birth", "2010-05-01", "--at", "2026-04-15"]

    assert "没有将要报名的学校" in CliRunner().invoke(push, asked).stdout
    assert CliRunner().invoke(push, [*asked, "--json"]).stdout == ""


def test_the_command_refuses_a_place_it_knows_nothing_of() -> None:
    found = CliRunner().invoke(push, ["enrolment", "--birth", "2020-05-01", "--region", "440100"])

    assert found.exit_code == 2

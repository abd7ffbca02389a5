"""The vaccination plan, by the worked cases, by clause, and by what must hold for every child."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bff.cli_push import push
from push.programmes import EDITIONS, edition, in_force
from push.rules.calendar import MonthEnd, add_months
from push.rules.vaccination import Child, Given, Status, UnknownVaccine, due_items
from tests.vaccination import BORN, item_of

CASES: Final = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vaccination" / "cases.json").read_text("utf-8")
)
NAMES: Final = {
    "recommended_before": "recommendedBefore",
    "window_to": "windowTo",
    "catch_up_before": "catchUpBefore",
    "from": "earliest",
    "to": "windowTo",
}
NOT_A_FIELD: Final = {"group", "vaccine", "task", "then", "dates"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_worked_cases_hold(case: dict[str, Any]) -> None:
    child = Child(
        birth=date.fromisoformat(case["birth_date"]),
        sex=case.get("sex"),
        mother_hbsag=case.get("context", {}).get("mother_hbsag", "negative"),
    )
    items = due_items(
        edition(f"cn-nip-{case['edition']}"),
        child,
        msgspec.convert(case["given"], list[Given]),
        date.fromisoformat(case["as_of"]),
    )
    told = [msgspec.to_builtins(item) for item in items]
    for expected in case["expect"]:
        (found,) = [item for item in told if _is_meant(item, expected)]
        for name, value in expected.items():
            if name not in NOT_A_FIELD:
                assert found.get(NAMES.get(name, name)) == value, (name, found)
    meant = [item for item in told if any(_is_meant(item, each) for each in case["expect"])]
    assert set(case.get("clause", ())) <= {name for item in meant for name in item.get("clause", ())}


def _is_meant(item: dict[str, Any], expected: dict[str, Any]) -> bool:
    if "group" in expected:
        return bool(item["group"] == expected["group"])
    if "task" in expected:
        return bool(item.get("action") == expected["task"])
    same_dose = "dose" not in expected or item.get("dose") == expected["dose"]
    return bool(item["vaccine"] == expected["vaccine"] and same_dose and item.get("id") != "hepb-test")


def test_two_injected_live_vaccines_are_given_on_one_day_or_28_days_apart() -> None:
    apart = item_of("japanese-encephalitis", "2023-11-20", "MMR 2023-11-16")
    together = item_of("japanese-encephalitis", "2023-11-16", "MMR 2023-11-16")

    assert (apart.earliest, apart.status) == (date(2023, 12, 14), Status.NOT_YET_DUE)
    assert "G4" in apart.clause
    assert (together.earliest, together.status) == (date(2023, 11, 15), Status.DUE)


@pytest.mark.parametrize(
    ("as_of", "status", "action"),
    [
        ("2023-06-14", Status.DUE, None),
        ("2023-06-15", Status.OVERDUE, "ppd_test_first"),
        ("2027-03-14", Status.OVERDUE, "ppd_test_first"),
        ("2027-03-15", Status.DO_NOT_GIVE, None),
    ],
)
def test_bcg_changes_with_age(as_of: str, status: Status, action: str | None) -> None:
    found = item_of("bcg", as_of)

    assert (found.status, found.action) == (status, action)


@pytest.mark.parametrize(
    ("born", "doses", "vaccine", "dose"),
    [
        ("2023-03-15", [], "IPV", 1),
        ("2023-03-15", ["IPV 2023-05-15"], "IPV", 2),
        ("2023-03-15", ["IPV 2023-05-15", "IPV 2023-06-15"], "bOPV", 3),
        ("2023-03-15", ["IPV 2023-05-15", "bOPV 2023-06-15"], "IPV", 3),
        ("2018-03-15", ["IPV 2018-05-15"], "bOPV", 2),
        ("2014-03-15", ["tOPV 2014-05-15"], "bOPV", 2),
    ],
)
def test_polio_begins_with_ipv_and_ends_with_bopv(
    born: str, doses: list[str], vaccine: str, dose: int
) -> None:
    found = item_of("polio", "2024-01-15", *doses, child=Child(birth=date.fromisoformat(born)))

    assert (found.vaccine, found.dose) == (vaccine, dose)


@pytest.mark.parametrize(
    ("doses", "vaccine", "dose", "earliest"),
    [
        ([], "MPSV-AC", 1, "2025-03-15"),
        (["MPSV-A 2025-02-01"], "MPSV-AC", 1, "2025-05-01"),
        (["MPSV-A 2023-10-01", "MPSV-A 2024-01-05"], "MPSV-AC", 1, "2026-03-15"),
        (["MPSV-A 2024-12-01", "MPSV-A 2025-03-10"], "MPSV-AC", 1, "2026-03-15"),
        (["MPSV-AC 2025-04-01"], "MPSV-AC", 2, "2029-03-15"),
    ],
)
def test_from_two_years_on_meningococcal_is_ac(
    doses: list[str], vaccine: str, dose: int, earliest: str
) -> None:
    found = item_of("meningococcal", "2025-06-01", *doses)

    assert (found.vaccine, found.dose, str(found.earliest)) == (vaccine, dose, earliest)


def test_six_years_and_fewer_than_three_doses_are_filled_up_with_dt() -> None:
    child = Child(birth=date(2017, 10, 10))
    second = item_of("diphtheria-tetanus-pertussis", "2024-01-15", "DTaP 2024-01-02", child=child)
    third = item_of(
        "diphtheria-tetanus-pertussis", "2024-03-01", "DTaP 2024-01-02", "DT 2024-02-05", child=child
    )
    done = item_of(
        "diphtheria-tetanus-pertussis",
        "2025-03-01",
        *("DTaP 2024-01-02", "DT 2024-02-05", "DT 2024-08-05"),
        child=child,
    )

    assert (second.vaccine, second.dose, second.earliest) == ("DT", 1, date(2024, 2, 2))
    assert (third.dose, third.earliest, third.window_to) == (2, date(2024, 8, 5), date(2025, 2, 5))
    assert done.status is Status.COMPLETE


def test_between_the_notice_and_the_edition_only_the_diphtheria_part_is_new() -> None:
    programme = in_force(date(2025, 6, 1))
    items = due_items(programme, Child(birth=date(2025, 3, 10), sex="F"), [], date(2025, 6, 1))

    assert programme.id == "cn-nip-2021"
    assert next(item.earliest for item in items if item.id == "dtap-1") == date(2025, 5, 10)
    assert [item.status for item in items if item.group == "hpv"] == [Status.NOT_IN_PROGRAMME]
    assert in_force(date(2026, 6, 17)).id == "cn-nip-2026"
    assert in_force(date(2024, 12, 31)).doses["dtap-1"].min_age_months == 3


@pytest.mark.parametrize(
    ("sex", "born", "status"),
    [
        ("F", "2011-11-09", Status.NOT_IN_PROGRAMME),
        ("F", "2011-11-10", Status.OVERDUE),
        ("M", "2012-11-10", Status.NOT_IN_PROGRAMME),
        (None, "2012-11-10", Status.NOT_IN_PROGRAMME),
        ("F", "2014-01-01", Status.NOT_YET_DUE),
    ],
)
def test_hpv_is_for_girls_born_since_a_day(sex: Any, born: str, status: Status) -> None:  # noqa: ANN401
    child = Child(birth=date.fromisoformat(born), sex=sex)

    assert item_of("hpv", "2026-11-20", name="cn-nip-2026", child=child).status is status


def test_a_light_child_of_a_carrier_has_four_doses_of_hepatitis_b() -> None:
    child = Child(birth=BORN, mother_hbsag="positive", birth_grams=1_800)
    found = item_of("hepatitis-b", "2023-05-01", "HepB 2023-03-15", "HepB 2023-04-15", child=child)

    assert (found.dose, found.earliest) == (3, date(2023, 5, 15))
    assert "HepB-H1" in found.clause


def test_shanghai_adds_varicella_and_nobody_else_has_it() -> None:
    found = item_of("varicella", "2024-03-20", "MMR 2024-03-01", region="310000")

    assert (found.dose, found.earliest) == (1, date(2024, 3, 29))
    assert not any(
        item.group == "varicella" for item in due_items(edition("cn-nip-2026"), Child(birth=BORN), [], BORN)
    )


def test_one_dose_written_down_alone_and_in_a_combined_vaccine_is_one() -> None:
    twice = ["DTaP 2023-06-15", "DTaP-IPV-Hib 2023-06-15", "IPV 2023-06-15"]

    assert item_of("diphtheria-tetanus-pertussis", "2023-07-01", *twice).dose == 2
    assert item_of("polio", "2023-07-01", *twice).dose == 2


def test_a_longest_interval_that_is_over_before_the_dose_may_be_given_is_no_last_day() -> None:
    early = item_of("japanese-encephalitis", "2023-10-01", "JE-I 2023-06-01")
    put_off = item_of("japanese-encephalitis", "2023-11-20", "JE-I 2023-11-16", "IG 2023-11-17")

    assert (early.earliest, early.window_to) == (date(2023, 11, 15), None)
    assert (put_off.earliest, put_off.window_to) == (date(2023, 12, 17), None)


def test_an_edition_without_hpv_says_that_it_is_not_in_it() -> None:
    girl = Child(birth=date(2012, 5, 1), sex="F")

    assert item_of("hpv", "2026-01-01", child=girl).status is Status.NOT_IN_PROGRAMME


def test_what_nobody_knows_is_refused_and_not_guessed() -> None:
    with pytest.raises(UnknownVaccine):
        item_of("polio", "2024-01-01", "Elixir 2023-06-01")
    with pytest.raises(ValueError, match="before birth"):
        item_of("polio", "2024-01-01", "IPV 2022-06-01")


@pytest.mark.parametrize(
    ("day", "months", "end", "expected"),
    [
        ("2023-08-31", 1, MonthEnd.LAST_DAY, "2023-09-30"),
        ("2023-08-31", 1, MonthEnd.NEXT_MONTH, "2023-10-01"),
        ("2024-01-31", 1, MonthEnd.LAST_DAY, "2024-02-29"),
        ("2024-02-29", 12, MonthEnd.LAST_DAY, "2025-02-28"),
        ("2023-12-15", -1, MonthEnd.LAST_DAY, "2023-11-15"),
    ],
)
def test_months_end_where_the_law_ends_them(day: str, months: int, end: MonthEnd, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months, end) == date.fromisoformat(expected)


VACCINES: Final = (
    *("HepB", "BCG", "IPV", "bOPV", "DTaP", "DT", "MMR", "MR", "JE-L", "JE-I", "MPSV-A", "MPSV-AC"),
    *("HepA-L", "HepA-I", "DTaP-IPV-Hib", "2vHPV", "VarV"),
)
histories = st.lists(
    st.builds(
        lambda days, vaccine: Given(date=BORN + timedelta(days=days), vaccine=vaccine),
        st.integers(0, 3_000),
        st.sampled_from(VACCINES),
    ),
    max_size=20,
)


@given(histories, st.integers(0, 7_000), st.sampled_from(EDITIONS), st.sampled_from(["M", "F"]))
def test_every_series_has_one_item_and_what_is_due_has_been_reached(
    history: list[Given],
    days: int,
    name: str,
    sex: Any,  # noqa: ANN401
) -> None:
    as_of = BORN + timedelta(days=days)
    items = due_items(edition(name, "310000"), Child(birth=BORN, sex=sex), history, as_of)

    groups = [item.group for item in items]
    assert len(groups) == len(set(groups))
    for item in items:
        if item.status in {Status.DUE, Status.OVERDUE}:
            assert item.earliest is not None
            assert item.earliest <= as_of
        if item.status is Status.NOT_YET_DUE:
            assert item.earliest is not None
            assert item.earliest > as_of


@given(histories, st.integers(0, 4_000), st.sampled_from(EDITIONS))
def test_giving_every_dose_when_it_is_due_ends_every_series(
    history: list[Given], days: int, name: str
) -> None:
    as_of = BORN + timedelta(days=days)
    given_now = [each for each in history if each.date <= as_of]
    at_first = due_items(edition(name), Child(birth=BORN, sex="F"), given_now, as_of)
    for _ in range(60):
        items = due_items(edition(name), Child(birth=BORN, sex="F"), given_now, as_of)
        waiting = [item for item in items if item.earliest is not None]
        if not waiting:
            early = {name for item in items for name in item.given_early}
            assert early <= {name for item in at_first for name in item.given_early}
            return
        first = min(waiting, key=lambda item: (item.earliest, item.group))
        as_of = max(as_of, first.earliest or as_of)
        given_now = [*given_now, Given(date=as_of, vaccine=first.vaccine)]
    pytest.fail("a series never ends")


def test_the_command_says_one_item_a_line(tmp_path: Path) -> None:
    record = tmp_path / "given.json"
    record.write_text('[{"vaccine": "HepB", "date": "2023-03-15"}]')
    arguments = [
        "plan",
        "--birth",
        "2023-03-15",
        "--given",
        str(record),
        "--at",
        "2023-04-20",
        "--edition",
        "cn-nip-2021",
    ]
    result = CliRunner().invoke(push, [*arguments, "--json"])

    items = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert all(
        {"vaccine", "dose", "earliest", "recommendedBefore", "status", "clause"} <= item.keys()
        for item in items
    )
    assert {
        "vaccine": "HepB",
        "dose": 2,
        "earliest": "2023-04-15",
        "recommendedBefore": None,
        "status": "due",
        "clause": ["G1", "HepB-C2"],
        "group": "hepatitis-b",
        "id": "hepb-2",
    } in items


@pytest.mark.parametrize(("month_end", "day"), [("last_day", "2023-09-30"), ("next_month", "2023-10-01")])
def test_what_a_month_after_the_thirty_first_is_can_be_chosen(
    tmp_path: Path, month_end: str, day: str
) -> None:
    record = tmp_path / "given.json"
    record.write_text('[{"vaccine": "HepB", "date": "2023-08-31"}]')
    arguments = ["plan", "--birth", "2023-08-31", "--at", "2023-09-10", "--given", str(record), "--json"]

    result = CliRunner().invoke(push, [*arguments, "--month-end", month_end])

    items = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["earliest"] for each in items if each["vaccine"] == "HepB"] == [day]


_NO_LIST: Final = ("不是", "no JSON list")
_NO_SUCH: Final = ("没有名为 Elixir 的疫苗", "no vaccine is called Elixir; these are known: HepB, ")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (b'[{"vaccine": "Elixir", "date": "2023-03-15"}]', _NO_SUCH),
        # Also of what is not counted yet.
        (b'[{"vaccine": "Elixir", "date": "2033-03-15"}]', _NO_SUCH),
        (b'[{"vaccine": "IPV", "date": "2099-03-15"}]', ("晚于今天", "IPV on 2099-03-15 is after today")),
        (b'[{"vaccine": "IPV", "date": "2023-03-14"}]', ("早于出生日期", "IPV was given before birth")),
        (b"{}", _NO_LIST),
        (b"", _NO_LIST),
        (b'[{"vaccine": "IPV"}]', _NO_LIST),
        (b'[{"vaccine": "IPV", "date": "2023-02-30"}]', _NO_LIST),
        (b'[{"vaccine": "IPV\xff", "date": "2023-04-30"}]', _NO_LIST),
    ],
)
def test_a_record_that_cannot_be_used_is_refused(tmp_path: Path, wrong: bytes, why: tuple[str, str]) -> None:
    record = tmp_path / "given.json"
    record.write_bytes(wrong)
    asked = ["plan", "--birth", "2023-03-15", "--at", "2023-05-01", "--given", str(record)]

    result = CliRunner().invoke(push, asked)

    assert result.exit_code == 2
    assert all(each in result.stderr for each in why)


def test_a_record_written_since_is_left_out_of_what_was_due_then(tmp_path: Path) -> None:
    record = tmp_path / "given.json"
    given_on = ("2023-03-15", "2023-06-15")
    record.write_text(json.dumps([{"vaccine": "HepB", "date": day} for day in given_on]))
    asked = ["--birth", "2023-03-15", "--at", "2023-05-01", "--given", str(record), "--json"]

    result = CliRunner().invoke(push, ["plan", *asked])

    assert json.loads(result.stdout.splitlines()[0])["id"] == "hepb-2"


def test_a_record_an_editor_put_a_mark_before_is_read(tmp_path: Path) -> None:
    record = tmp_path / "given.json"
    record.write_bytes(b'\xef\xbb\xbf[{"vaccine": "HepB", "date": "2023-03-15"}]')
    asked = ["--born", "2023-03-15", "--as-of", "2023-05-01", "--sex", "f", "--given", str(record), "--json"]

    result = CliRunner().invoke(push, ["plan", *asked])

    assert json.loads(result.stdout.splitlines()[0])["id"] == "hepb-2"


@pytest.mark.parametrize(("region", "added"), [("310000", True), ("310115", True), ("110101", False)])
def test_what_shanghai_adds_it_adds_in_each_of_its_districts(region: str, added: bool) -> None:  # noqa: FBT001
    asked = ["--birth", "2023-03-15", "--at", "2024-05-01", "--region", region]

    result = CliRunner().invoke(push, ["plan", *asked])

    assert ("VarV" in result.stdout) is added


@pytest.mark.parametrize(
    "asked",
    [
        ["--birth", "2023-03-15", "--region", "999999"],
        ["--birth", "9999-12-31", "--at", "9999-12-31"],
        ["--birth", "2023-03-15", "--at", "2023-03-14"],
    ],
)
def test_a_place_and_days_that_cannot_be_meant_are_refused(asked: Sequence[str]) -> None:
    assert CliRunner().invoke(push, ["plan", *asked]).exit_code == 2
    assert CliRunner().invoke(push, ["enrolment", *asked]).exit_code == 2

"""Every clause of the programmes, by a child for whom it makes the difference."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from push.programmes import EDITIONS, LOCAL, clause_text, content, edition
from push.rules.vaccination import Child, Given, Item, Status, due_items
from tests.vaccination import BORN, item_of, plan_of

DTP: Final = "diphtheria-tetanus-pertussis"
MMR: Final = "measles-rubella-mumps"
JE: Final = "japanese-encephalitis"
HEPATITIS_B: Final = "hepatitis-b"


def born(day: str, **more: Any) -> Child:  # noqa: ANN401 - a child's own fields
    return Child(birth=date.fromisoformat(day), **more)


def said(item: Item) -> tuple[str, int | None, str, str]:
    return item.vaccine, item.dose, str(item.earliest), item.status.value


# --- the general rules ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "status"), [("2023-05-14", Status.NOT_YET_DUE), ("2023-05-15", Status.DUE)]
)
def test_g1_a_dose_is_due_from_the_day_its_age_is_reached(as_of: str, status: Status) -> None:
    assert item_of("polio", as_of).status is status


# The routine table, series by series: ages in months.
TABLE_2021: Final = {
    "hepb": [0, 1, 6],
    "bcg": [0],
    "polio": [2, 3, 4, 48],
    "dtap": [3, 4, 5, 18],
    "dt": [72],
    "mmr": [8, 18],
    "jel": [8, 24],
    "jei": [8, 8, 24, 72],
    "mpsva": [6, 9],
    "mpsvac": [36, 72],
    "hepal": [18],
    "hepai": [18, 24],
}
TABLE_2026: Final = {
    **{name: ages for name, ages in TABLE_2021.items() if name != "dt"},
    "dtap": [2, 4, 6, 18, 72],
    "hpv": [156, 162],
}


@pytest.mark.parametrize(("name", "table"), [("cn-nip-2021", TABLE_2021), ("cn-nip-2026", TABLE_2026)])
def test_g1_the_ages_are_those_of_the_table(name: str, table: dict[str, list[int]]) -> None:
    ages: dict[str, list[int]] = {}
    for key, dose in edition(name).doses.items():
        series, _, number = key.rpartition("-")
        ages.setdefault(series, []).append(dose.min_age_months)
        assert dose.dose == int(number) == len(ages[series])

    assert ages == table


# The list of clause G2, dose by dose; the table is what the engine reads, this is what the clause says.
BEFORE_2021: Final = {
    "bcg-1": 3,
    **dict.fromkeys(("hepb-3", "polio-3", "dtap-3", "mmr-1", "jel-1", "jei-2"), 12),
    "mpsva-2": 18,
    **dict.fromkeys(("mmr-2", "hepal-1", "hepai-1", "dtap-4"), 24),
    **dict.fromkeys(("jel-2", "jei-3", "hepai-2"), 36),
    "mpsvac-1": 48,
    "polio-4": 60,
    **dict.fromkeys(("dt-1", "mpsvac-2", "jei-4"), 84),
}
BEFORE_2026: Final = {
    **{name: months for name, months in BEFORE_2021.items() if name != "dt-1"},
    "mpsva-1": 12,
    "mpsva-2": 24,
    "dtap-5": 84,
    "hpv-1": 168,
}


@pytest.mark.parametrize(("name", "before"), [("cn-nip-2021", BEFORE_2021), ("cn-nip-2026", BEFORE_2026)])
def test_g2_doses_are_recommended_before_the_ages_of_the_list(name: str, before: dict[str, int]) -> None:
    offsets = {
        key: dose.recommended_before.months
        for key, dose in edition(name).doses.items()
        if dose.recommended_before is not None and dose.recommended_before.months
    }

    assert offsets == before


def test_g2_the_first_hepatitis_b_is_late_a_day_after_birth() -> None:
    assert item_of(HEPATITIS_B, "2023-03-15").status is Status.DUE
    assert item_of(HEPATITIS_B, "2023-03-16").status is Status.OVERDUE


def test_g3_everything_of_one_day_may_be_given_on_one_day() -> None:
    due = [
        item.vaccine
        for item in plan_of("2024-09-15", "MMR 2023-11-15", "JE-L 2023-11-15", "DTaP 2024-09-15")
        if item.earliest is not None and item.earliest <= date(2024, 9, 15)
    ]

    assert {"HepB", "IPV", "MMR", "MPSV-A", "HepA-L"} <= set(due)


@pytest.mark.parametrize("live", ["BCG", "MMR", "MR", "MM", "MV", "JE-L", "HepA-L", "VarV"])
def test_g4_any_injected_live_vaccine_keeps_the_next_one_28_days_away(live: str) -> None:
    found = item_of("varicella", "2024-06-02", f"{live} 2024-06-01", region="310000")

    assert found.earliest == date(2024, 6, 29) or (live == "VarV" and found.dose == 2)
    assert ("G4" in found.clause) is (live != "VarV")


@pytest.mark.parametrize("other", ["bOPV", "DTaP", "HepB", "JE-I", "HepA-I", "Rotavirus"])
def test_g4_inactivated_and_oral_vaccines_keep_nothing_away(other: str) -> None:
    assert item_of(MMR, "2023-11-20", f"{other} 2023-11-18").status is Status.DUE


def test_g4_what_is_not_due_on_the_day_of_a_live_vaccine_waits_28_days() -> None:
    # JE-L becomes due the day after: the same day it cannot be, so it is four weeks.
    assert item_of(JE, "2023-11-14", "BCG 2023-11-14").earliest == date(2023, 12, 12)


def test_g4_the_same_live_vaccine_is_not_due_again_on_its_day() -> None:
    found = item_of("varicella", "2027-04-01", "VarV 2027-04-01", region="310000")

    assert (found.dose, found.status, found.earliest) == (2, Status.NOT_YET_DUE, date(2027, 4, 29))


@pytest.mark.parametrize(
    ("group", "first", "dose"),
    [
        (HEPATITIS_B, "HepB 2018-01-10", 2),
        ("polio", "IPV 2018-03-10", 2),
        (MMR, "MMR 2019-11-01", 2),
        (JE, "JE-L 2018-09-10", 2),
        ("hepatitis-a", "HepA-I 2019-07-10", 2),
    ],
)
def test_g5_a_series_goes_on_where_it_stopped(group: str, first: str, dose: int) -> None:
    found = item_of(group, "2024-01-10", first, child=born("2018-01-10"))

    assert found.dose == dose
    assert found.earliest is not None
    assert found.earliest <= date(2024, 1, 10)


def test_g6_nothing_is_caught_up_from_eighteen_on() -> None:
    child = born("2006-05-01")
    before = {item.status for item in plan_of("2024-04-30", child=child)}
    after = {item.status for item in plan_of("2024-05-01", child=child)}

    assert Status.OVERDUE in before
    assert after == {Status.NOT_IN_PROGRAMME, Status.DO_NOT_GIVE}


# --- hepatitis B ---------------------------------------------------------------------------------------


def test_hepb_c1_a_first_dose_that_was_missed_is_given_at_once() -> None:
    found = item_of(HEPATITIS_B, "2023-06-01")

    assert said(found) == ("HepB", 1, "2023-03-15", "overdue")
    assert "HepB-C1" in found.clause
    assert "HepB-C1" not in item_of(HEPATITIS_B, "2023-03-15").clause


@pytest.mark.parametrize(
    ("doses", "earliest", "why"),
    [
        (["2023-04-01"], "2023-04-29", "28 days after the first"),
        (["2023-07-01", "2023-09-10"], "2023-11-09", "60 days after the second"),
        (["2023-08-01", "2023-08-29"], "2023-12-01", "4 months after the first"),
    ],
)
def test_hepb_c2_doses_keep_their_intervals(doses: Sequence[str], earliest: str, why: str) -> None:
    found = item_of(HEPATITIS_B, "2023-12-31", *(f"HepB {day}" for day in doses))

    assert str(found.earliest) == earliest, why
    assert "HepB-C2" in found.clause


@pytest.mark.parametrize("mother", ["positive", "unknown"])
@pytest.mark.parametrize(
    ("count", "earliest"), [(0, "2023-03-15"), (1, "2023-04-15"), (2, "2023-05-15"), (3, "2023-10-15")]
)
def test_hepb_h1_a_light_child_of_a_carrier_has_doses_at_birth_one_two_and_seven_months(
    mother: Any,  # noqa: ANN401 - one of three words
    count: int,
    earliest: str,
) -> None:
    child = Child(birth=BORN, mother_hbsag=mother, birth_grams=1_999)
    had = ["HepB 2023-03-15", "HepB 2023-04-15", "HepB 2023-05-15"][:count]

    found = item_of(HEPATITIS_B, "2023-06-01", *had, child=child)
    assert (found.dose, str(found.earliest)) == (count + 1, earliest)


def test_hepb_h1_is_for_no_heavier_child_and_no_other_mother() -> None:
    three = ["HepB 2023-03-15", "HepB 2023-04-15", "HepB 2023-09-15"]
    heavy = Child(birth=BORN, mother_hbsag="positive", birth_grams=2_000)
    light = Child(birth=BORN, mother_hbsag="negative", birth_grams=1_500)
    both = Child(birth=BORN, mother_hbsag="positive", birth_grams=1_500)

    found = [item_of(HEPATITIS_B, "2023-10-01", *three, child=child).status for child in (heavy, light, both)]
    assert found == [Status.COMPLETE, Status.COMPLETE, Status.NOT_YET_DUE]
    done = item_of(HEPATITIS_B, "2023-12-01", *three, "HepB 2023-11-01", child=both)
    assert (done.status, done.clause) == (Status.COMPLETE, ("HepB-H1",))
    assert item_of(HEPATITIS_B, "2023-12-01", *three).clause == ()


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        ("2023-10-14", Status.NOT_YET_DUE),
        ("2023-10-15", Status.DUE),
        ("2023-11-15", Status.DUE),
        ("2023-11-16", Status.OVERDUE),
    ],
)
def test_hepb_h2_a_carriers_child_is_tested_a_month_or_two_after_the_last_dose(
    as_of: str, status: Status
) -> None:
    three = ["HepB 2023-03-15", "HepB 2023-04-15", "HepB 2023-09-15"]
    tests = [
        item
        for item in plan_of(as_of, *three, child=Child(birth=BORN, mother_hbsag="positive"))
        if item.id == "hepb-test"
    ]

    assert [item.status for item in tests] == [status]


def test_hepb_h2_the_last_dose_of_four_is_the_fourth_and_a_test_that_was_done_is_not_asked_for() -> None:
    four = ["HepB 2023-03-15", "HepB 2023-04-15", "HepB 2023-05-15", "HepB 2023-10-15"]
    light = Child(birth=BORN, mother_hbsag="positive", birth_grams=1_800)

    def tests(*doses: str) -> list[date | None]:
        return [
            item.earliest for item in plan_of("2023-12-01", *doses, child=light) if item.id == "hepb-test"
        ]

    assert tests(*four[:3]) == []
    assert tests(*four) == [date(2023, 11, 15)]
    assert tests(*four, "HepB-test 2023-11-20") == []
    assert tests(*four, "HepB-test 2023-06-20") == [date(2023, 11, 15)]


# --- BCG -----------------------------------------------------------------------------------------------


def test_bcg_c1_is_given_once_whatever_became_of_it() -> None:
    assert item_of("bcg", "2025-03-15", "BCG 2023-03-15").status is Status.COMPLETE


@pytest.mark.parametrize(
    ("as_of", "action", "status"),
    [
        ("2023-06-14", None, Status.DUE),
        ("2023-06-15", "ppd_test_first", Status.OVERDUE),
        ("2027-03-14", "ppd_test_first", Status.OVERDUE),
        ("2027-03-15", None, Status.DO_NOT_GIVE),
    ],
)
def test_bcg_c1_from_three_months_on_after_a_skin_test_and_from_four_years_on_never(
    as_of: str, action: str | None, status: Status
) -> None:
    found = item_of("bcg", as_of)

    assert (found.action, found.status) == (action, status)


# --- polio ---------------------------------------------------------------------------------------------


def test_polio_c1_under_four_years_three_doses_are_enough_until_the_fourth_birthday() -> None:
    three = ["IPV 2023-05-15", "IPV 2023-06-15", "bOPV 2023-07-15"]

    assert said(item_of("polio", "2025-01-01", *three)) == ("bOPV", 4, "2027-03-15", "not_yet_due")


def test_polio_c1_from_four_years_on_the_doses_are_made_up_to_four() -> None:
    found = item_of("polio", "2027-06-01", "IPV 2023-05-15", "IPV 2023-06-15", "bOPV 2027-05-20")

    assert said(found) == ("bOPV", 4, "2027-06-17", "not_yet_due")
    assert (
        item_of(
            "polio", "2027-07-01", "IPV 2023-05-15", "IPV 2023-06-15", "bOPV 2027-05-20", "bOPV 2027-06-20"
        ).status
        is Status.COMPLETE
    )


def test_polio_c1_inactivated_comes_before_live_and_doses_are_28_days_apart() -> None:
    assert said(item_of("polio", "2023-09-02", "IPV 2023-09-01")) == ("IPV", 2, "2023-09-29", "not_yet_due")


@pytest.mark.parametrize(
    ("birth", "doses", "vaccine"),
    [
        ("2018-05-01", ["tOPV 2018-07-01"], "bOPV"),
        ("2019-09-30", ["bOPV 2019-12-01"], "IPV"),
        ("2019-09-30", ["IPV 2019-12-01"], "bOPV"),
        ("2019-10-01", ["IPV 2019-12-01"], "IPV"),
        ("2019-10-01", ["IPV 2019-12-01", "IPV 2020-01-01"], "bOPV"),
    ],
)
def test_polio_c2_how_many_inactivated_doses_are_made_up_goes_by_birth_and_by_trivalent_ones(
    birth: str, doses: Sequence[str], vaccine: str
) -> None:
    assert item_of("polio", "2021-01-01", *doses, child=born(birth)).vaccine == vaccine


def test_polio_c2_an_inactivated_dose_that_was_left_out_does_not_wait_for_the_fourth_birthday() -> None:
    found = item_of("polio", "2024-01-15", "IPV 2023-05-15", "bOPV 2023-06-15", "bOPV 2023-07-15")

    assert said(found) == ("IPV", 4, "2023-08-12", "due")


def test_polio_c2_four_live_doses_are_followed_by_the_inactivated_ones() -> None:
    four = [f"bOPV 2020-0{month}-01" for month in (1, 3, 5, 7)]
    found = [
        item_of("polio", "2026-01-01", *four, *more, child=born("2019-11-01"))
        for more in ([], ["IPV 2025-01-01"], ["IPV 2025-01-01", "IPV 2025-03-01"])
    ]

    assert [(item.vaccine, item.dose, item.id) for item in found[:2]] == [
        ("IPV", 5, "polio-5"),
        ("IPV", 6, "polio-6"),
    ]
    assert found[2].status is Status.COMPLETE


@pytest.mark.parametrize("vaccine", ["IPV", "sIPV", "DTaP-IPV-Hib", "DTaP-IPV"])
def test_polio_o1_four_inactivated_doses_alone_or_combined_end_the_series(vaccine: str) -> None:
    four = [f"{vaccine} 2023-0{month}-15" for month in (5, 6, 7)] + [f"{vaccine} 2024-09-15"]

    assert item_of("polio", "2027-05-01", *four).status is Status.COMPLETE
    assert item_of("polio", "2027-05-01", *four[:3]).vaccine == "bOPV"


def test_polio_c3_of_2026_two_doses_have_type_two_in_them_whenever_the_child_was_born() -> None:
    child = born("2018-05-01")
    one = ["IPV 2018-07-01", "bOPV 2018-08-01", "bOPV 2018-09-01", "bOPV 2022-05-01"]
    trivalent = ["tOPV 2018-07-01", *one[1:]]

    for doses in (one, trivalent):
        assert item_of("polio", "2026-07-01", *doses, child=child).status is Status.COMPLETE
        found = item_of("polio", "2026-07-01", *doses, child=child, name="cn-nip-2026")
        assert (found.vaccine, found.dose) == ("IPV", 5)
        assert "Polio-C3" in found.clause
    both = item_of("polio", "2026-07-01", *trivalent, "IPV 2026-06-20", child=child, name="cn-nip-2026")
    assert both.status is Status.COMPLETE


# --- diphtheria, tetanus, pertussis --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("doses", "earliest"),
    [
        (["2024-01-10"], "2024-02-07"),
        (["2024-01-10", "2024-02-20"], "2024-03-19"),
        (["2024-01-10", "2024-02-20", "2024-07-31"], "2025-01-31"),
    ],
)
def test_dtap_c1_doses_are_made_up_28_days_apart_and_the_fourth_after_six_months(
    doses: Sequence[str], earliest: str
) -> None:
    found = item_of(DTP, "2024-08-01", *(f"DTaP {day}" for day in doses))

    assert (found.vaccine, str(found.earliest)) == ("DTaP", earliest)
    assert "DTaP-C1" in found.clause


def test_dtap_c1_ends_with_the_fifth_year() -> None:
    child = born("2018-01-10")

    assert item_of(DTP, "2024-01-09", "DTaP 2023-12-01", child=child).vaccine == "DTaP"
    assert item_of(DTP, "2024-01-10", "DTaP 2023-12-01", child=child).vaccine == "DT"


@pytest.mark.parametrize(
    ("doses", "dose", "earliest", "window_to"),
    [
        ([], 1, "2024-01-10", None),
        (["DTaP 2018-04-10"], 1, "2024-01-10", None),
        (["DT 2024-01-20"], 2, "2024-02-20", "2024-03-20"),
        (["DTaP 2018-04-10", "DT 2024-01-20"], 2, "2024-07-20", "2025-01-20"),
        (["DT 2024-01-20", "DT 2024-02-20"], 3, "2024-08-20", "2025-02-20"),
    ],
)
def test_dtap_c2_from_six_years_on_fewer_than_three_doses_are_made_up_with_dt(
    doses: Sequence[str], dose: int, earliest: str, window_to: str | None
) -> None:
    found = item_of(DTP, "2024-06-01", *doses, child=born("2018-01-10"))

    assert (found.vaccine, found.dose, str(found.earliest)) == ("DT", dose, earliest)
    assert found.window_to == (None if window_to is None else date.fromisoformat(window_to))
    assert "DTaP-C2" in found.clause


THREE: Final = ("DTaP 2018-04-10", "DTaP 2018-05-10", "DTaP 2018-06-10")


@pytest.mark.parametrize(
    ("doses", "as_of", "expected"),
    [
        ((*THREE, "DT 2024-02-01"), "2024-03-01", None),
        (("DTaP 2018-04-10", "DT 2024-02-01", "DT 2024-03-05"), "2024-04-01", None),
        (THREE, "2024-03-01", "2024-01-10"),
        ((*THREE[:2], "DTaP 2023-12-01"), "2024-03-01", "2024-06-01"),
        ((*THREE, "DTaP 2019-07-10"), "2024-03-01", "2024-01-10"),
        ((*THREE, "DTaP 2023-12-01"), "2024-03-01", "2024-12-01"),
    ],
)
def test_dtap_c3_from_six_years_on_three_doses_or_more_are_ended_by_one_dt(
    doses: Sequence[str], as_of: str, expected: str | None
) -> None:
    found = item_of(DTP, as_of, *doses, child=born("2018-01-10"))

    assert "DTaP-C3" in found.clause
    if expected is None:
        assert found.status is Status.COMPLETE
    else:
        assert (found.vaccine, str(found.earliest)) == ("DT", expected)


@pytest.mark.parametrize(
    ("as_of", "name", "action"),
    [
        ("2025-01-09", "cn-nip-2021", None),
        ("2025-01-10", "cn-nip-2021", "catch_up_one_dose"),
        ("2025-01-10", "cn-nip-2026", "catch_up"),
    ],
)
def test_dtap_c3_from_seven_years_on_the_one_dose_is_caught_up(
    as_of: str, name: str, action: str | None
) -> None:
    assert item_of(DTP, as_of, *THREE, child=born("2018-01-10"), name=name).action == action


@pytest.mark.parametrize(
    ("day", "name", "vaccine", "status"),
    [
        ("2023-12-01", "cn-nip-2021", "DTaP", Status.NOT_YET_DUE),
        ("2024-01-10", "cn-nip-2021", "DT", Status.COMPLETE),
        ("2024-01-09", "cn-nip-2026", "DTaP", Status.NOT_YET_DUE),
        ("2024-01-10", "cn-nip-2026", "DTaP", Status.COMPLETE),
        # The fourth DTaP would come after six years, and then none is asked for.
        ("2024-01-09", "cn-nip-2021", "DT", Status.COMPLETE),
    ],
)
def test_dtap_c3_a_dt_from_the_sixth_birthday_on_ends_the_series(
    day: str, name: str, vaccine: str, status: Status
) -> None:
    found = item_of(DTP, day, *THREE, f"DT {day}", child=born("2018-01-10"), name=name)

    assert (found.vaccine, found.status) == (vaccine, status)


def test_dtap_c2_the_last_day_of_the_longest_interval_is_still_meant() -> None:
    found = item_of(DTP, "2024-01-10", "DTaP 2023-11-10", child=born("2018-01-10"))

    assert found.earliest == found.window_to == date(2024, 1, 10)


def test_dtap_c3_says_nothing_of_a_dt_before_six_years() -> None:
    early = ["DTaP 2018-04-10", "DTaP 2018-05-10", "DT 2018-06-20"]
    found = item_of(DTP, "2018-07-01", *early, child=born("2018-01-10"))

    assert said(found) == ("DTaP", 3, "2018-07-18", "not_yet_due")


def test_dtap_r1_of_2026_the_five_doses_are_at_2_4_6_and_18_months_and_6_years() -> None:
    doses = [dose for key, dose in edition("cn-nip-2026").doses.items() if key.startswith("dtap-")]

    assert [dose.min_age_months for dose in doses] == [2, 4, 6, 18, 72]
    four = [f"DTaP {day}" for day in ("2020-03-10", "2020-05-10", "2020-07-10", "2021-07-10")]
    fifth = item_of(DTP, "2026-07-01", *four, child=born("2020-01-10"), name="cn-nip-2026")
    assert said(fifth) == ("DTaP", 5, "2026-01-10", "due")
    for name in EDITIONS:
        five = item_of(DTP, "2026-07-01", *four, "DTaP 2026-01-10", child=born("2020-01-10"), name=name)
        assert five.status is Status.COMPLETE
    late = [*four[:3], "DTaP 2025-12-01"]
    year = item_of(DTP, "2026-07-01", *late, child=born("2020-01-10"), name="cn-nip-2026")
    assert said(year) == ("DTaP", 5, "2026-12-01", "not_yet_due")


@pytest.mark.parametrize(
    ("as_of", "vaccine", "status"),
    [
        ("2026-11-09", "DTaP", Status.OVERDUE),
        ("2026-11-10", "DT", Status.DUE),
        ("2031-11-09", "DT", Status.DUE),
        ("2031-11-10", "DT", Status.NOT_IN_PROGRAMME),
    ],
)
def test_dtap_c4_of_2026_dt_is_for_catching_up_from_seven_to_eleven(
    as_of: str, vaccine: str, status: Status
) -> None:
    three = ["DTaP 2020-02-10", "DTaP 2020-03-10", "DTaP 2020-04-10"]
    found = item_of(DTP, as_of, *three, child=born("2019-11-10"), name="cn-nip-2026")

    assert (found.vaccine, found.status) == (vaccine, status)
    assert ("DTaP-C4" in found.clause) is (vaccine == "DT")


def test_dtap_c4_who_had_dt_at_six_by_the_older_edition_needs_no_fifth_dose() -> None:
    four = [f"DTaP {day}" for day in ("2018-04-10", "2018-05-10", "2018-06-10", "2019-07-10")]
    found = item_of(DTP, "2024-09-01", *four, "DT 2024-02-01", child=born("2018-01-10"), name="cn-nip-2026")

    assert found.status is Status.COMPLETE


# --- measles, rubella, mumps ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birth", "doses", "status", "clause"),
    [
        ("2019-10-01", ["MR 2020-06-01", "MMR 2021-04-01"], Status.OVERDUE, "MMR-C1"),
        ("2019-09-30", ["MR 2020-06-01", "MMR 2021-04-01"], Status.COMPLETE, "MMR-C2"),
        ("2019-09-30", ["MR 2020-06-01", "MR 2021-04-01"], Status.OVERDUE, "MMR-C2"),
        ("2019-09-30", ["MM 2020-06-01", "MM 2021-04-01"], Status.OVERDUE, "MMR-C2"),
        ("2019-09-30", ["MMR 2021-04-01"], Status.OVERDUE, "MMR-C2"),
        ("2007-12-29", ["MV 2008-09-01", "MV 2009-07-01"], Status.OVERDUE, "MMR-C2"),
        ("2007-12-28", ["MV 2008-09-01", "MV 2009-07-01"], Status.COMPLETE, "MMR-C3"),
        ("2007-12-28", ["MV 2008-09-01"], Status.OVERDUE, "MMR-C3"),
    ],
)
def test_mmr_c1_mmr_c2_mmr_c3_what_must_have_been_given_goes_by_the_birth_date(
    birth: str, doses: Sequence[str], status: Status, clause: str
) -> None:
    found = item_of(MMR, "2022-06-01", *doses, child=born(birth))

    assert found.status is status
    assert found.vaccine == "MMR"
    assert clause in found.clause


def test_mmr_c1_two_doses_from_eight_months_on_end_the_series() -> None:
    first = item_of(MMR, "2024-10-01", "MMR 2023-11-15")
    both = item_of(MMR, "2024-10-01", "MMR 2023-11-15", "MMR 2024-09-15")

    assert (first.dose, first.id) == (2, "mmr-2")
    assert (both.status, both.clause) == (Status.COMPLETE, ())
    assert {"G1", "G2"} <= set(first.clause)


@pytest.mark.parametrize(("first", "status"), [("2018-05-31", Status.DUE), ("2018-06-01", Status.COMPLETE)])
def test_mmr_c2_what_counts_was_given_from_eight_months_on(first: str, status: Status) -> None:
    child = born("2017-10-01")
    found = item_of(MMR, "2019-04-10", f"MMR {first}", "MR 2019-04-01", child=child)
    earlier = born("2007-10-01")
    older = item_of(MMR, "2009-04-10", f"MV {first.replace('2018', '2008')}", "MV 2009-04-01", child=earlier)

    assert (
        (found.status is Status.COMPLETE) is (older.status is Status.COMPLETE) is (status is Status.COMPLETE)
    )
    assert status is not Status.COMPLETE or (found.clause, older.clause) == (("MMR-C2",), ("MMR-C3",))


def test_mmr_c3_ends_at_eighteen() -> None:
    assert item_of(MMR, "2025-12-28", child=born("2007-12-28")).status is Status.NOT_IN_PROGRAMME


def test_mmr_c4_two_doses_made_up_are_28_days_apart() -> None:
    found = item_of(MMR, "2025-03-05", "MMR 2025-03-01")

    assert (found.dose, found.earliest) == (2, date(2025, 3, 29))
    assert "MMR-C4" in found.clause


def test_mmr_o1_waits_three_months_after_an_immunoglobulin() -> None:
    found = item_of(MMR, "2023-12-01", "IG 2023-10-31")

    assert said(found) == ("MMR", 1, "2024-01-31", "not_yet_due")
    assert "MMR-O1" in found.clause


@pytest.mark.parametrize(("as_of", "avoided"), [("2023-11-30", True), ("2023-12-01", False)])
def test_mmr_o1_immunoglobulins_are_avoided_for_two_weeks_after(as_of: str, *, avoided: bool) -> None:
    found = [item for item in plan_of(as_of, "MMR 2023-11-16") if item.vaccine == "IG"]

    assert [(item.status, item.window_to) for item in found] == (
        [(Status.DO_NOT_GIVE, date(2023, 11, 30))] if avoided else []
    )


def test_mmr_o2_a_dose_in_an_outbreak_is_none_of_the_series() -> None:
    found = item_of(MMR, "2023-11-20", "MMR 2023-10-20")

    assert said(found) == ("MMR", 1, "2023-11-17", "due")
    assert "MMR-O2" in found.clause


# --- Japanese encephalitis -----------------------------------------------------------------------------


def test_je_c1_live_doses_are_twelve_months_apart() -> None:
    found = item_of(JE, "2025-03-20", "JE-L 2024-06-30")

    assert said(found) == ("JE-L", 2, "2025-06-30", "not_yet_due")
    assert "JE-C1" in found.clause
    assert item_of(JE, "2025-07-01", "JE-L 2024-06-30", "JE-L 2025-06-30").status is Status.COMPLETE


@pytest.mark.parametrize(
    ("doses", "dose", "earliest", "window_to"),
    [
        (["2023-11-15"], 2, "2023-11-22", "2023-11-25"),
        (["2023-11-15", "2023-11-22"], 3, "2025-03-15", None),
        (["2024-09-01", "2024-09-08"], 3, "2025-03-15", "2025-09-08"),
        (["2025-09-01", "2025-09-08"], 3, "2025-10-08", "2026-09-08"),
        (["2025-09-01", "2025-09-08", "2025-10-08"], 4, "2029-03-15", None),
        (["2025-09-01", "2025-09-08", "2027-01-08"], 4, "2030-01-08", None),
    ],
)
def test_je_c2_four_inactivated_doses_keep_their_intervals(
    doses: Sequence[str], dose: int, earliest: str, window_to: str | None
) -> None:
    found = item_of(JE, "2027-02-01", *(f"JE-I {day}" for day in doses))

    assert (found.vaccine, found.dose, str(found.earliest)) == ("JE-I", dose, earliest)
    assert found.window_to == (None if window_to is None else date.fromisoformat(window_to))
    assert "JE-C2" in found.clause


def test_je_c2_four_doses_end_the_series_and_so_do_two_live_ones_whatever_came_first() -> None:
    four = ["JE-I 2023-11-15", "JE-I 2023-11-22", "JE-I 2025-03-15", "JE-I 2029-03-15"]
    two = ["JE-I 2023-11-15", "JE-L 2024-11-15", "JE-L 2025-11-15"]

    assert item_of(JE, "2029-04-01", *four).status is Status.COMPLETE
    assert item_of(JE, "2029-04-01", *two).status is Status.COMPLETE


def test_je_c1_and_je_c2_a_series_goes_on_as_it_was_begun() -> None:
    live = item_of(JE, "2024-06-01", "JE-L 2023-11-15", "JE-I 2024-02-01")
    dead = item_of(JE, "2024-06-01", "JE-I 2023-11-15", "JE-L 2024-02-01")

    assert (live.vaccine, live.id) == ("JE-L", "jel-2")
    assert (dead.vaccine, dead.id) == ("JE-I", "jei-2")


def test_je_c1_a_first_dose_is_made_up_from_two_years_on() -> None:
    assert "JE-C1" not in item_of(JE, "2025-03-14").clause
    assert "JE-C1" in item_of(JE, "2025-03-15").clause


@pytest.mark.parametrize(("first", "earliest"), [("JE-L", "2024-02-20"), ("JE-I", "2023-12-20")])
def test_je_o1_the_live_one_waits_three_months_after_an_immunoglobulin_the_other_one_month(
    first: str, earliest: str
) -> None:
    had = [] if first == "JE-L" else ["JE-I 2023-11-01"]

    found = item_of(JE, "2023-11-25", *had, "IG 2023-11-20")
    assert (found.vaccine, str(found.earliest)) == (first, earliest)
    assert "JE-O1" in found.clause


# --- meningococcal disease -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("doses", "vaccine", "dose", "earliest"),
    [
        (["MPSV-A 2023-11-30"], "MPSV-A", 2, "2024-02-29"),
        (["MPSV-A 2024-10-01", "MPSV-A 2025-03-10"], "MPSV-AC", 1, "2026-03-15"),
        (["MPSV-A 2024-10-01", "MPSV-A 2025-06-10"], "MPSV-AC", 1, "2026-06-10"),
        (["MPSV-AC 2026-04-01"], "MPSV-AC", 2, "2029-04-01"),
        (["MPSV-AC 2025-04-01"], "MPSV-AC", 2, "2029-03-15"),
    ],
)
def test_men_o1_doses_keep_their_intervals(
    doses: Sequence[str], vaccine: str, dose: int, earliest: str
) -> None:
    as_of = str(date.fromisoformat(doses[-1].split()[1]) + timedelta(days=1))

    found = item_of("meningococcal", as_of, *doses)
    assert (found.vaccine, found.dose, str(found.earliest)) == (vaccine, dose, earliest)


def test_men_c1_a_is_made_up_to_the_day_before_two_years_and_then_no_more() -> None:
    assert item_of("meningococcal", "2025-03-14").vaccine == "MPSV-A"
    assert item_of("meningococcal", "2025-03-15").vaccine == "MPSV-AC"
    # Due only after the second birthday, it is AC already.
    assert item_of("meningococcal", "2025-01-01", "MPSV-A 2024-12-31").vaccine == "MPSV-AC"


def test_men_c2_with_none_of_a_ac_is_due_at_two_years_and_with_one_three_months_after_it() -> None:
    assert said(item_of("meningococcal", "2025-04-01")) == ("MPSV-AC", 1, "2025-03-15", "due")
    assert said(item_of("meningococcal", "2025-04-01", "MPSV-A 2025-01-31")) == (
        "MPSV-AC",
        1,
        "2025-04-30",
        "not_yet_due",
    )


def test_men_o2_a_conjugate_counts_for_a_under_two_years_and_for_ac_after() -> None:
    infant = item_of("meningococcal", "2024-04-01", "MCV-AC 2023-09-15", "MCV-AC 2023-12-15")
    child = item_of(
        "meningococcal", "2026-04-01", "MPSV-A 2023-09-15", "MPSV-A 2023-12-15", "MCV4 2026-03-15"
    )

    assert said(infant) == ("MPSV-AC", 1, "2026-03-15", "not_yet_due")
    assert said(child) == ("MPSV-AC", 2, "2029-03-15", "not_yet_due")


@pytest.mark.parametrize(
    ("day", "dose", "earliest"), [("2025-03-14", 1, "2025-06-14"), ("2025-03-15", 2, "2029-03-15")]
)
def test_men_o2_two_years_are_the_second_birthday(day: str, dose: int, earliest: str) -> None:
    found = item_of("meningococcal", day, f"MCV-AC {day}")

    assert (found.vaccine, found.dose, str(found.earliest)) == ("MPSV-AC", dose, earliest)


def test_men_o1_two_of_ac_end_the_series() -> None:
    two = ["MPSV-AC 2026-03-15", "MPSV-AC 2029-03-15"]

    assert item_of("meningococcal", "2029-04-01", *two).status is Status.COMPLETE


def test_of_2026_the_second_a_is_late_at_24_months_and_not_at_18() -> None:
    late = [
        item_of("meningococcal", "2024-12-01", "MPSV-A 2023-09-15", name=name).status for name in EDITIONS
    ]

    assert late == [Status.OVERDUE, Status.DUE]


# --- hepatitis A ---------------------------------------------------------------------------------------


def test_hepa_c1_one_live_dose_or_two_inactivated_ones_six_months_apart() -> None:
    assert item_of("hepatitis-a", "2025-06-01", "HepA-L 2025-05-01").status is Status.COMPLETE
    found = item_of("hepatitis-a", "2025-06-01", "HepA-I 2025-05-31")
    assert said(found) == ("HepA-I", 2, "2025-11-30", "not_yet_due")
    both = ["HepA-I 2025-05-31", "HepA-HepB 2025-11-30"]
    assert item_of("hepatitis-a", "2026-01-01", *both).status is Status.COMPLETE


def test_hepa_c1_a_live_dose_ends_what_an_inactivated_one_began_and_the_item_says_so() -> None:
    begun = item_of("hepatitis-a", "2025-06-01", "HepA-I 2025-05-31")
    ended = item_of("hepatitis-a", "2026-01-01", "HepA-I 2025-05-31", "HepA-L 2025-12-01")

    assert begun.action == "or_one_live_dose"
    assert (ended.status, ended.clause) == (Status.COMPLETE, ("HepA-C1",))


def test_hepa_c1_a_dose_is_made_up_from_two_years_on() -> None:
    assert "HepA-C1" not in item_of("hepatitis-a", "2025-03-14").clause
    assert "HepA-C1" in item_of("hepatitis-a", "2025-03-15").clause


def test_hepa_o1_the_live_one_waits_three_months_after_an_immunoglobulin() -> None:
    found = item_of("hepatitis-a", "2024-10-01", "IG 2024-09-10")

    assert (str(found.earliest), "HepA-O1" in found.clause) == ("2024-12-10", True)


# --- of 2026, of Shanghai, and of children born early --------------------------------------------------


@pytest.mark.parametrize("globulin", ["IG", "HBIG", "RIG", "TIG"])
def test_ig_o1_of_2026_every_injected_live_vaccine_but_bcg_waits_three_months(globulin: str) -> None:
    plan = {
        item.vaccine: str(item.earliest)
        for item in plan_of("2025-02-12", f"{globulin} 2025-02-11", name="cn-nip-2026", region="310000")
    }

    waiting = {vaccine for vaccine, earliest in plan.items() if earliest == "2025-05-11"}
    assert waiting == {"MMR", "JE-L", "HepA-L", "VarV"}
    assert plan["BCG"] == "2023-03-15"


def test_ig_o1_an_immunoglobulin_at_birth_moves_nothing() -> None:
    assert plan_of("2023-06-01", "HBIG 2023-03-15", name="cn-nip-2026") == plan_of(
        "2023-06-01", name="cn-nip-2026"
    )


def test_hpv_r1_two_doses_six_months_apart_within_a_year_and_before_eighteen() -> None:
    girl = born("2012-05-01", sex="F")
    second = item_of("hpv", "2026-01-01", "9vHPV 2025-05-31", child=girl, name="cn-nip-2026")
    too_late = item_of("hpv", "2030-04-01", "2vHPV 2030-02-01", child=girl, name="cn-nip-2026")
    grown = item_of("hpv", "2030-05-01", child=girl, name="cn-nip-2026")
    done = item_of(
        "hpv", "2026-01-01", "2vHPV 2025-05-31", "2vHPV 2025-12-01", child=girl, name="cn-nip-2026"
    )

    assert (said(second), second.window_to) == (
        ("2vHPV", 2, "2025-11-30", "due"),
        date(2026, 5, 31),
    )
    assert second.catch_up_before == date(2030, 5, 1)
    assert too_late.status is grown.status is Status.NOT_IN_PROGRAMME
    assert done.status is Status.COMPLETE


@pytest.mark.parametrize(
    ("sex", "birth", "status"),
    [
        ("F", "2011-11-09", Status.NOT_IN_PROGRAMME),
        ("F", "2011-11-10", Status.OVERDUE),
        ("M", "2011-11-10", Status.NOT_IN_PROGRAMME),
        (None, "2011-11-10", Status.NOT_IN_PROGRAMME),
    ],
)
def test_hpv_r1_is_for_girls_born_since_a_day(sex: Any, birth: str, status: Status) -> None:  # noqa: ANN401
    found = item_of("hpv", "2026-11-20", child=born(birth, sex=sex), name="cn-nip-2026")

    assert (found.status, "HPV-R1" in found.clause) == (status, True)


@pytest.mark.parametrize(
    ("birth", "status"), [("2014-07-31", Status.NOT_IN_PROGRAMME), ("2014-08-01", Status.DUE)]
)
def test_sh_v1_varicella_is_free_for_who_was_born_since_a_day(birth: str, status: Status) -> None:
    found = item_of("varicella", "2019-01-01", child=born(birth), region="310000")

    assert (found.status, "SH-V1" in found.clause) == (status, True)


def test_sh_v1_doses_are_at_twelve_months_and_four_years_and_are_made_up() -> None:
    first = item_of("varicella", "2024-01-01", region="310000")
    second = item_of("varicella", "2024-06-01", "VarV 2024-03-20", region="310000")
    made_up = item_of("varicella", "2030-01-01", "VarV 2029-06-01", region="310000")
    done = item_of("varicella", "2028-01-01", "VarV 2024-03-20", "VarV 2027-03-20", region="310000")

    assert (first.earliest, second.earliest) == (date(2024, 3, 15), date(2027, 3, 15))
    assert made_up.status is Status.DUE
    assert done.status is Status.COMPLETE


@pytest.mark.parametrize(
    ("child", "early"),
    [
        (Child(birth=BORN, birth_grams=2_499), True),
        (Child(birth=BORN, gestation_weeks=36), True),
        (Child(birth=BORN, birth_grams=2_500, gestation_weeks=37), False),
    ],
)
def test_spec_1_what_was_born_early_is_planned_by_its_actual_age_once_a_physician_agrees(
    child: Child, *, early: bool
) -> None:
    ours, others = plan_of("2023-04-01", child=child), plan_of("2023-04-01")

    assert [item.earliest for item in ours] == [item.earliest for item in others]
    assert ("Spec-1" in next(item for item in ours if item.vaccine == "IPV").clause) is early
    assert next(item for item in ours if item.vaccine == "BCG").action == (
        "medical_assessment_first" if early else None
    )
    # What is given after the first year is given as to anybody.
    assert "Spec-1" not in next(item for item in ours if item.vaccine == "HepA-L").clause


# --- why do I get this ---------------------------------------------------------------------------------


def test_every_clause_of_the_files_has_words_in_both_languages_and_a_case_here() -> None:
    told = {
        clause
        for name in (*EDITIONS, *LOCAL.values())
        for part in ("general", "catch_up", "clauses")
        for clause in json.loads(content(name)).get(part, {})
    }
    cases = [f"{name}-".replace("_", "-") for name in globals() if name.startswith("test_")]

    for clause in told:
        zh, en = clause_text("cn-nip-2026", clause)
        assert zh
        assert en.isascii()
        assert any(f"-{clause.lower()}-" in case for case in cases), clause


def test_a_clause_of_the_other_edition_says_so() -> None:
    assert clause_text("cn-nip-2021", "Polio-C1")[0].startswith("<4岁")
    assert clause_text("cn-nip-2021", "Polio-C1")[1].endswith("between doses.")
    assert clause_text("cn-nip-2026", "Polio-C1")[0].endswith("（2021年版）")
    assert clause_text("cn-nip-2026", "Polio-C1")[1].endswith("(edition of 2021)")
    assert clause_text("cn-nip-2021", "DTaP-R1")[0].endswith("（2026年版）")
    assert clause_text("cn-nip-2026", "G2") != clause_text("cn-nip-2021", "G2")
    assert "水痘" not in clause_text("cn-nip-2026", "SH-V1")[1]


@pytest.mark.parametrize(("programme", "clause"), [("cn-nip-2026", "G9"), ("cn-nip-1999", "G1")])
def test_what_nobody_wrote_is_not_made_up(programme: str, clause: str) -> None:
    with pytest.raises(KeyError):
        clause_text(programme, clause)


# --- what must hold for every child --------------------------------------------------------------------

VACCINES: Final = (
    *("HepB", "BCG", "IPV", "bOPV", "tOPV", "DTaP", "DT", "MMR", "MR", "MV", "JE-L", "JE-I", "MPSV-A"),
    *("MPSV-AC", "MCV-AC", "HepA-L", "HepA-I", "DTaP-IPV-Hib", "HepA-HepB", "2vHPV", "VarV", "IG", "HBIG"),
)
doses = st.builds(
    lambda days, vaccine: Given(date=BORN + timedelta(days=days), vaccine=vaccine),
    st.integers(0, 6_600),
    st.sampled_from(VACCINES),
)
children = st.builds(
    lambda days, sex, mother, grams: Child(
        birth=BORN - timedelta(days=days), sex=sex, mother_hbsag=mother, birth_grams=grams
    ),
    st.integers(0, 6_000),
    st.sampled_from(["M", "F", None]),
    st.sampled_from(["positive", "negative", "unknown"]),
    st.sampled_from([None, 1_800, 2_300, 3_400]),
)
_SERIES: Final = {"2vHPV": "HPV"}
_RANK: Final = {Status.NOT_YET_DUE: 0, Status.DUE: 1, Status.OVERDUE: 2}


@given(children, st.lists(doses, max_size=20), st.randoms(), st.sampled_from(EDITIONS))
def test_in_which_order_doses_were_written_down_makes_no_difference(
    child: Child,
    history: list[Given],
    chance: Any,  # noqa: ANN401 - hypothesis's own random
    name: str,
) -> None:
    as_of = BORN + timedelta(days=6_600)
    disordered = [*history, *history]
    chance.shuffle(disordered)

    assert due_items(edition(name, "310000"), child, history, as_of) == due_items(
        edition(name, "310000"), child, disordered, as_of
    )


@given(children, st.lists(doses, max_size=14), doses, st.sampled_from(EDITIONS))
def test_one_dose_more_never_brings_an_earlier_dose_back(
    child: Child, history: list[Given], more: Given, name: str
) -> None:
    as_of = BORN + timedelta(days=6_600)
    programme = edition(name, "310000")
    before = {
        item.group: item for item in due_items(programme, child, history, as_of) if item.id != "hepb-test"
    }
    after = due_items(programme, child, [*history, more], as_of)

    for item in after:
        was = before.get(item.group)
        if was is None or item.id == "hepb-test":
            continue
        if was.status is Status.COMPLETE:
            assert item.status is Status.COMPLETE, (was, item)
        if was.vaccine == item.vaccine and was.dose is not None and item.dose is not None:
            assert item.dose >= was.dose, (was, item)


@given(
    children,
    st.lists(doses, max_size=14),
    st.lists(st.integers(1, 6_000), min_size=2, max_size=6),
    st.sampled_from(EDITIONS),
)
def test_as_days_go_by_an_item_only_comes_nearer(
    child: Child, history: list[Given], days: list[int], name: str
) -> None:
    last = max((each.date for each in history), default=BORN)
    # On the day of a live vaccine another may be given, and from the next day on not for four weeks (G4).
    moments = [last + timedelta(days=day) for day in sorted(days)]
    assume(moments[-1].year < 2100)
    plans = [
        {item.id: item for item in due_items(edition(name, "310000"), child, history, moment) if item.id}
        for moment in moments
    ]

    for earlier, later in pairwise(plans):
        for key in earlier.keys() & later.keys():
            old, new = earlier[key], later[key]
            assert (new.earliest, new.recommended_before) == (old.earliest, old.recommended_before)
            if old.status in _RANK and new.status in _RANK:
                assert _RANK[new.status] >= _RANK[old.status]

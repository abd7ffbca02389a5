"""Doses that came too early: they count, since no clause says otherwise, and whoever asks is told."""

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from bff.cli_push import push
from push.rules.milestones import due_items_of_vaccination
from push.rules.vaccination import Child, Status
from tests.vaccination import item_of, plan_of

DTP = "diphtheria-tetanus-pertussis"
JE = "japanese-encephalitis"
ON_TIME = (
    *("HepB 2023-03-15", "BCG 2023-03-15", "HepB 2023-04-15", "HepB 2023-09-15"),
    *("IPV 2023-05-15", "IPV 2023-06-15", "bOPV 2023-07-15"),
    *("DTaP 2023-06-15", "DTaP 2023-07-15", "DTaP 2023-08-15", "DTaP 2024-09-15"),
    *("MPSV-A 2023-09-15", "MPSV-A 2023-12-15", "MMR 2023-11-15", "JE-L 2023-11-15"),
    *("MMR 2024-09-15", "HepA-L 2024-09-15", "JE-L 2025-03-15", "MPSV-AC 2026-03-15"),
)


def early(group: str, *doses: str, as_of: str = "2026-07-01", **more: object) -> tuple[str, ...]:
    return item_of(group, as_of, *doses, **more).given_early


def test_a_dose_too_soon_after_another_counts_and_is_named() -> None:
    item = item_of(DTP, "2023-08-01", "DTaP 2023-06-15", "DTaP 2023-06-29")

    assert (item.dose, item.given_early) == (3, ("dtap-2",))
    assert item.earliest == date(2023, 8, 15)  # the third's own age


def test_a_series_that_is_complete_says_so_too() -> None:
    item = item_of(JE, "2026-01-01", "JE-L 2023-11-15", "JE-L 2024-03-15")

    assert (item.status, item.given_early) == (Status.COMPLETE, ("jel-2",))


@pytest.mark.parametrize("name", ["cn-nip-2021", "cn-nip-2026"])
def test_of_a_child_that_came_on_its_days_nothing_is_named(name: str) -> None:
    # By the table of 2021, as was right until 2025 whatever edition is asked now.
    assert not any(item.given_early for item in plan_of("2026-07-01", *ON_TIME, name=name))


@pytest.mark.parametrize(
    ("group", "doses", "found"),
    [
        ("measles-rubella-mumps", ("MMR 2023-11-15", "MMR 2024-03-15"), ("mmr-2",)),
        # MMR-O2: in an outbreak; that one is none of the series.
        ("measles-rubella-mumps", ("MMR 2023-10-01", "MMR 2023-11-15"), ()),
        # A combined vaccine goes by its label: two, three and four months.
        (
            DTP,
            ("DTaP-IPV-Hib 2023-05-15", "DTaP-IPV-Hib 2023-06-15", "DTaP-IPV-Hib 2023-07-15"),
            (),
        ),
        # Men-O2 and Men-C2: what stands for A, and what is caught up.
        ("meningococcal", ("MPSV-AC 2023-09-15", "MPSV-AC 2023-12-15"), ()),
        ("meningococcal", ("MPSV-AC 2025-03-20", "MPSV-AC 2026-03-20"), ("mpsvac-2",)),
    ],
)
def test_each_is_held_to_what_holds_for_it(
    group: str, doses: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert early(group, *doses) == found


def test_since_2025_the_new_table_holds() -> None:
    child = Child(birth=date(2025, 3, 15))
    doses = ("DTaP 2025-05-15", "DTaP 2025-07-15", "DTaP 2025-08-20")

    assert early(DTP, *doses, child=child, name="cn-nip-2026") == ("dtap-3",)


def test_a_light_child_of_a_carrier_has_a_table_of_its_own() -> None:
    doses = ("HepB 2023-03-15", "HepB 2023-04-15", "HepB 2023-05-15", "HepB 2023-10-15")
    light = Child(birth=date(2023, 3, 15), birth_grams=1_900, mother_hbsag="positive")

    assert early("hepatitis-b", *doses, child=light) == ()
    assert early("hepatitis-b", *doses[:3]) == ("hepb-3",)


def test_the_timeline_carries_the_numbers_to_whoever_reads_it() -> None:
    as_of = date(2023, 8, 1)
    plan = plan_of("2023-08-01", "DTaP 2023-06-15", "DTaP 2023-06-29")

    due = due_items_of_vaccination(plan, edition="cn-nip-2021", as_of=as_of)

    assert {item.id: item.given_early for item in due if item.given_early} == {"vaccination/dtap-3": (2,)}


def test_the_command_says_it_in_a_field_of_its_own(tmp_path: Path) -> None:
    given = tmp_path / "given.json"
    given.write_text(
        json.dumps([{"vaccine": "DTaP", "date": "2023-06-15"}, {"vaccine": "DTaP", "date": "2023-06-29"}])
    )
    asked = ["plan", "--birth", "2023-03-15", "--at", "2023-08-01", "--given", str(given)]
    told = CliRunner().invoke(push, [*asked, "--json"]).output.splitlines()
    words = CliRunner().invoke(push, asked).output

    assert [json.loads(line).get("givenEarly") for line in told].count(["dtap-2"]) == 1
    assert words.count("过早 dtap-2") == 1


def test_of_two_kinds_of_encephalitis_vaccine_the_one_begun_first_is_gone_on_with() -> None:
    inactivated = item_of(JE, "2026-01-01", "JE-I 2023-11-15", "JE-I 2023-11-23", "JE-L 2024-06-01")
    live = item_of(JE, "2026-01-01", "JE-L 2023-11-15", "JE-I 2025-06-01", "JE-I 2025-06-08")
    both = item_of(JE, "2026-01-01", "JE-I 2023-11-15", "JE-L 2024-11-01", "JE-L 2025-12-01")

    assert (inactivated.id, live.id) == ("jei-3", "jel-2")
    assert (both.vaccine, both.status) == ("JE-L", Status.COMPLETE)


def test_where_nobody_says_that_it_is_a_girl_hpv_is_not_planned_and_the_reason_is_said() -> None:
    child = Child(birth=date(2012, 3, 15))
    (unknown,) = [
        each for each in plan_of("2026-01-01", child=child, name="cn-nip-2026") if each.group == "hpv"
    ]
    boy = item_of("hpv", "2026-01-01", child=Child(birth=child.birth, sex="M"), name="cn-nip-2026")

    assert (unknown.status, unknown.action) == (Status.NOT_IN_PROGRAMME, "for_girls_only")
    assert (boy.status, boy.action) == (Status.NOT_IN_PROGRAMME, None)

"""Measles, rubella and mumps (麻腮风): what must have been given goes by the birth date."""

from datetime import date, timedelta
from typing import Final

from push.rules.due import Status
from push.rules.vaccination.plan import APART, Item, Plan, settled

_GROUP: Final = "measles-rubella-mumps"
_EXPANDED: Final = date(2007, 12, 29)
"""The expansion of the programme (扩大免疫规划) of 2007."""
_TWO_OF_ALL: Final = date(2019, 10, 1)
_EIGHT: Final = 8
_AVOIDED: Final = timedelta(days=14)


def measles(plan: Plan) -> Item:
    """Two doses of MMR; for who was born earlier, as much of each as was asked for then."""
    # MMR-O2: a dose at six or seven months, in an outbreak, is none of the series.
    counts = plan.age(_EIGHT)
    had = plan.dates("measles")
    given = [day for day in had if day >= counts]
    born = plan.child.birth
    if born >= _TWO_OF_ALL:
        clause, number = "MMR-C1", sum(day >= counts for day in plan.dates("MMR"))
        complete = number >= 2
    elif born >= _EXPANDED:
        clause, number = "MMR-C2", len(given)
        # Rubella and mumps alone are in no vaccine here: they were given with measles.
        complete = number >= 2 and all(
            any(day >= counts for day in plan.dates(part)) for part in ("rubella", "mumps")
        )
    else:
        clause, number = "MMR-C3", len(given)
        complete = number >= 2
    if complete:
        return settled(_GROUP, "MMR", Status.COMPLETE, *([clause] if born < _TWO_OF_ALL else []))
    dose = plan.programme.dose(f"mmr-{min(number + 1, 2)}")
    day = plan.age(dose.min_age_months)
    clauses = ["G1", "G2"] if dose.recommended_before else ["G1"]
    if had:
        day = max(day, had[-1] + APART)
        clauses += [clause, "MMR-C4"] if given else ["MMR-O2"]
    return plan.item(
        _GROUP,
        "MMR",
        number + 1,
        day,
        id=f"mmr-{number + 1}",
        recommended=plan.recommended(dose),
        clause=clauses,
    )


def no_immunoglobulin(plan: Plan) -> Item | None:
    """MMR-O1: for two weeks after MMR immunoglobulins are avoided."""
    given = plan.dates("MMR")
    if not given or plan.as_of > given[-1] + _AVOIDED:
        return None
    return Item(
        group="immunoglobulin",
        vaccine="IG",
        status=Status.DO_NOT_GIVE,
        id="no-immunoglobulin",
        window_to=given[-1] + _AVOIDED,
        clause=("MMR-O1",),
    )

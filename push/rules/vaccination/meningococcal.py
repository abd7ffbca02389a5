"""Meningococcal disease (流脑): A twice before two years, A and C twice after."""

from typing import Final

from push.rules.due import Status
from push.rules.vaccination.plan import Item, Plan, numbered, settled

_GROUP: Final = "meningococcal"
_TWO_YEARS: Final = 24


def meningococcal(plan: Plan) -> Item:
    """The next dose of either vaccine."""
    two = plan.age(_TWO_YEARS)
    single, double = plan.dates("MPSV-A"), plan.dates("MPSV-AC")
    if double and double[0] < two:
        # Men-O2: under two years what has A and C in it stands for A.
        single = sorted((*single, *(day for day in double if day < two)))
        double = [day for day in double if day >= two]
    if len(double) >= 2:
        return settled(_GROUP, "MPSV-AC", Status.COMPLETE)
    if double:
        return plan.routine(_GROUP, "mpsvac-2", {"mpsvac-1": double[-1]}, clause=("Men-O1",))
    if len(single) >= 2:
        return plan.routine(_GROUP, "mpsvac-1", {"mpsva-2": single[-1]}, clause=("Men-O1",))
    item = plan.routine(_GROUP, f"mpsva-{len(single) + 1}", numbered("mpsva", single), clause=("Men-C1",))
    if not plan.reached(_TWO_YEARS, item.earliest):
        return item
    # Men-C1, Men-C2: from 24 months on no more A; AC as soon as may be.
    day = max(two, plan.after(single[-1], months=3)) if single else two
    dose = plan.programme.dose("mpsvac-1")
    return plan.item(
        _GROUP,
        "MPSV-AC",
        1,
        day,
        id="mpsvac-1",
        recommended=plan.recommended(dose),
        clause=("Men-C1", "Men-C2"),
    )

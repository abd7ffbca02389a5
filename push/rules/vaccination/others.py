"""Tuberculosis, papilloma virus and chickenpox (卡介苗、HPV、水痘): who they are for."""

from datetime import date
from typing import Final

from msgspec.structs import replace

from push.rules.due import Status
from push.rules.vaccination.plan import ADULT, Item, Plan, numbered, settled

_HPV_BORN: Final = date(2011, 11, 10)
_VARICELLA_BORN: Final = date(2014, 8, 1)


def tuberculosis(plan: Plan) -> Item:
    """BCG-C1: under three months as it is, under four years after a skin test, then no more."""
    if plan.dates("BCG"):
        return settled("bcg", "BCG", Status.COMPLETE, "BCG-C1")
    if plan.reached(48):
        return settled("bcg", "BCG", Status.DO_NOT_GIVE, "BCG-C1")
    if plan.reached(3):
        return plan.routine("bcg", "bcg-1", {}, clause=("BCG-C1",), action="ppd_test_first")
    # Spec-1: what was born early is judged by a physician first.
    return plan.routine("bcg", "bcg-1", {}, action="medical_assessment_first" if plan.child.early else None)


def papilloma(plan: Plan) -> Item:
    """Two doses for girls of thirteen, caught up before eighteen; an edition without it has none."""
    if "hpv-1" not in plan.programme.doses:
        return settled("hpv", "2vHPV", Status.NOT_IN_PROGRAMME)
    given = plan.dates("HPV")
    if len(given) >= 2:
        return settled("hpv", "2vHPV", Status.COMPLETE)
    if plan.child.birth < _HPV_BORN or plan.reached(ADULT) or plan.child.sex == "M":
        return settled("hpv", "2vHPV", Status.NOT_IN_PROGRAMME, "HPV-R1")
    if plan.child.sex is None:
        # Of whom it is not known nobody is told; who asks is told what the answer hangs on.
        unknown = settled("hpv", "2vHPV", Status.NOT_IN_PROGRAMME, "HPV-R1")
        return replace(unknown, action="for_girls_only")
    return plan.routine(
        "hpv",
        f"hpv-{len(given) + 1}",
        numbered("hpv", given),
        clause=("HPV-R1",),
        catch_up_before=plan.age(ADULT),
    )


def varicella(plan: Plan) -> Item | None:
    """Shanghai's two doses, for who was born since they were free; none elsewhere."""
    if "varv-1" not in plan.programme.doses:
        return None
    given = plan.dates("VarV")
    if len(given) >= 2:
        return settled("varicella", "VarV", Status.COMPLETE)
    if plan.child.birth < _VARICELLA_BORN:
        return settled("varicella", "VarV", Status.NOT_IN_PROGRAMME, "SH-V1")
    return plan.routine("varicella", f"varv-{len(given) + 1}", {}, clause=("SH-V1",))

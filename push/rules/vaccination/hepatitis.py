"""Hepatitis B and A (乙肝、甲肝)."""

from typing import Final

from push.rules.due import Status
from push.rules.vaccination.plan import APART, Item, Plan, numbered, settled
from push.rules.vaccination.record import HEPATITIS_B_TEST, Child

_B: Final = "hepatitis-b"
_A: Final = "hepatitis-a"
_LIGHT: Final = (0, 1, 2, 7)
"""HepB-H1: months at which a light child of a carrier has the four doses."""


def is_light(child: Child) -> bool:
    """Whether HepB-H1 is about ``child``: under 2,000 g, of a carrier or of whom nobody knows."""
    return (child.birth_grams or 9_999) < 2_000 and child.mother_hbsag in {"positive", "unknown"}


def _doses(plan: Plan) -> int:
    """How many doses of hepatitis B make the series."""
    return len(_LIGHT) if is_light(plan.child) else 3


def hepatitis_b(plan: Plan) -> Item:
    """Three doses, or four for a light child of a carrier (HepB-H1)."""
    given, doses = plan.dates("HepB"), _doses(plan)
    light = doses == len(_LIGHT)
    if len(given) >= doses:
        return settled(_B, "HepB", Status.COMPLETE, *(["HepB-H1"] if light else []))
    name = f"hepb-{len(given) + 1}"
    if light:
        day = plan.age(_LIGHT[len(given)])
        if given:
            day = max(day, given[-1] + APART)
        return plan.item(_B, "HepB", len(given) + 1, day, id=name, clause=("HepB-H1",))
    clause = ("HepB-C2",) if given else ("HepB-C1",) if plan.as_of > plan.child.birth else ()
    return plan.routine(_B, name, numbered("hepb", given), clause=clause)


def hepatitis_b_test(plan: Plan) -> Item | None:
    """HepB-H2: a blood test a month or two after the last dose, for a carrier's child."""
    given, tests = plan.dates("HepB"), plan.dates(HEPATITIS_B_TEST)
    if plan.child.mother_hbsag != "positive" or len(given) < _doses(plan):
        return None
    if tests and tests[-1] >= given[-1]:
        return None
    first, last = plan.after(given[-1], months=1), plan.after(given[-1], months=2)
    status = Status.NOT_YET_DUE if plan.as_of < first else Status.OVERDUE if plan.as_of > last else Status.DUE
    return Item(
        group=_B,
        vaccine="HepB",
        status=status,
        id="hepb-test",
        earliest=first,
        window_to=last,
        action="HBsAg and anti-HBs test",
        clause=("HepB-H2",),
    )


def hepatitis_a(plan: Plan) -> Item:
    """One live dose or two inactivated ones; a live one ends what an inactivated one began (HepA-C1)."""
    live, dead = plan.dates("HepA-L"), plan.dates("HepA-I")
    if live:
        return settled(_A, "HepA-L", Status.COMPLETE, *(["HepA-C1"] if dead else []))
    if len(dead) >= 2:
        return settled(_A, "HepA-I", Status.COMPLETE)
    if dead:
        return plan.routine(
            _A, "hepai-2", {"hepai-1": dead[-1]}, clause=("HepA-C1",), action="or_one_live_dose"
        )
    return plan.routine(_A, "hepal-1", {}, clause=("HepA-C1",) if plan.reached(24) else ())

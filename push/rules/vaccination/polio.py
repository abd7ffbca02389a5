"""Polio (脊灰): four doses, the inactivated ones first.

What is caught up is counted in doses whatever they were (Polio-C1). How many must have the second type of the
virus in them is the edition's: by that of 2021 none for who ever had the trivalent vaccine, else one or two
by birth (Polio-C2); by that of 2026 two (Polio-C3).
"""

from datetime import date
from typing import Final

from push.rules.due import Status
from push.rules.vaccination.plan import APART, Item, Plan, settled

_GROUP: Final = "polio"
_TWO_INACTIVATED: Final = date(2019, 10, 1)


def _missing(plan: Plan, inactivated: int, trivalent: int) -> int:
    """How many inactivated doses must still be given."""
    wanted = plan.programme.polio_type_two_doses
    if wanted is not None:
        return max(0, wanted - inactivated - trivalent)
    if trivalent:
        return 0
    return max(0, (1 if plan.child.birth < _TWO_INACTIVATED else 2) - inactivated)


def polio(plan: Plan) -> Item:
    """The next dose: inactivated while any of those is missing, then live."""
    inactivated, trivalent = plan.dates("IPV"), plan.dates("tOPV")
    given = plan.dates("IPV", "bOPV", "tOPV")
    missing = _missing(plan, len(inactivated), len(trivalent))
    number = len(given)
    if number >= 4 and not missing:
        if len(inactivated) >= 4:
            return settled(_GROUP, "IPV", Status.COMPLETE, "Polio-O1")
        return settled(_GROUP, "bOPV", Status.COMPLETE)
    dose = plan.programme.dose(f"polio-{min(number + 1, 4)}")
    # Who has had three doses in time waits for the fourth birthday; what was left out does not wait (G5).
    day = plan.child.birth if missing and number >= 3 else plan.age(dose.min_age_months)
    if given:
        day = max(day, given[-1] + APART)
    return plan.item(
        _GROUP,
        "IPV" if missing else "bOPV",
        number + 1,
        day,
        id=f"polio-{number + 1}",
        recommended=plan.recommended(dose),
        clause=_clause(plan, recommended=dose.recommended_before is not None, trivalent=bool(trivalent)),
    )


def _clause(plan: Plan, *, recommended: bool, trivalent: bool) -> tuple[str, ...]:
    said = ("G1", "G2", "Polio-C1") if recommended else ("G1", "Polio-C1")
    if plan.programme.polio_type_two_doses is not None:
        return (*said, "Polio-C3")
    return (*said, "Polio-C2") if trivalent or plan.child.birth < _TWO_INACTIVATED else said

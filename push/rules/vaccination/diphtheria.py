"""Diphtheria, tetanus and pertussis (百白破、白破).

Two tables: by that of 2021 four doses of DTaP and one of DT at six; by that of 2026 five of DTaP, and DT only
to catch up between seven and eleven. From the age at which DT begins a series is filled up with it: to three
doses in all (DTaP-C2), or by one where there were three (DTaP-C3).
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from push.rules.due import Status
from push.rules.vaccination.plan import APART, Item, Plan, numbered, settled

_GROUP: Final = "diphtheria-tetanus-pertussis"
_SIX: Final = 72
_SEVEN: Final = 84
_TWELVE: Final = 144


def diphtheria(plan: Plan) -> Item:
    """The next dose of either vaccine."""
    acellular, toxoid = plan.dates("DTaP"), plan.dates("DT")
    both = sorted((*acellular, *toxoid)) if toxoid else acellular
    new = plan.programme.dtp == "cn-nip-2026"
    doses, begins = (5, _SEVEN) if new else (4, _SIX)
    if len(acellular) >= 5:
        return settled(_GROUP, "DTaP", Status.COMPLETE)
    ended = len(both) >= 3 and bool(toxoid)
    done = settled(_GROUP, "DTaP" if new else "DT", Status.COMPLETE, "DTaP-C3")
    if ended and (toxoid[-1] >= plan.age(_SIX) or plan.reached(begins)):
        return done
    if len(acellular) < doses:
        item = plan.routine(
            _GROUP,
            f"dtap-{len(acellular) + 1}",
            numbered("dtap", acellular),
            clause=("DTaP-R1",) if new else ("DTaP-C1",),
            # A child who had DT in between had something of it.
            earliest=both[-1] + APART if toxoid else None,
        )
        if not plan.reached(begins, item.earliest):
            return item
    if ended:
        return done
    item = _filled_up(plan, toxoid, both, begins) if len(both) < 3 else _one_more(plan, toxoid, both, begins)
    if new and plan.reached(_TWELVE, item.earliest):
        return settled(_GROUP, "DT", Status.NOT_IN_PROGRAMME, "DTaP-C4")
    return item


def _filled_up(plan: Plan, toxoid: Sequence[date], both: Sequence[date], begins: int) -> Item:
    """DTaP-C2: three doses in all, the second a month or two after the first, the third half a year later."""
    day, window = plan.age(begins), None
    if both:
        least, most = (1, 2) if len(both) == 1 else (6, 12)
        day, window = max(day, plan.after(both[-1], months=least)), plan.after(both[-1], months=most)
    return _toxoid(
        plan,
        toxoid,
        day,
        clause=("DTaP-C2", "G5"),
        window_to=window,
        action="catch_up",
    )


def _one_more(plan: Plan, toxoid: Sequence[date], both: Sequence[date], begins: int) -> Item:
    """DTaP-C3: one dose, half a year after the third or a year after the fourth."""
    day = max(plan.age(begins), plan.after(both[-1], months=6 if len(both) == 3 else 12))
    if begins == _SEVEN:
        return _toxoid(plan, toxoid, day, clause=("DTaP-C3", "G5"), action="catch_up")
    late = plan.reached(_SEVEN)
    return _toxoid(plan, toxoid, day, clause=("G1", "DTaP-C3"), action="catch_up_one_dose" if late else None)


def _toxoid(
    plan: Plan,
    toxoid: Sequence[date],
    day: date,
    *,
    clause: Sequence[str],
    action: str | None,
    window_to: date | None = None,
) -> Item:
    dose = plan.programme.doses.get("dt-1")
    clauses = (*clause, "DTaP-C4") if dose is None else clause
    return plan.item(
        _GROUP,
        "DT",
        len(toxoid) + 1,
        day,
        id=f"dt-{len(toxoid) + 1}",
        recommended=None if dose is None else plan.recommended(dose),
        clause=clauses,
        window_to=window_to,
        action=action,
    )

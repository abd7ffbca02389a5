"""Doses that came before their least age or interval: they count, and it is said which they were.

The programme says from when on a dose is given (G1 and the clauses of each vaccine) and of one alone that it
does not count (MMR-O2). What becomes of another that came too early it does not say, and we make no clause:
it counts as given, and whoever reads the plan is told to ask the clinic, who alone decide.

Only a dose of the programme's own vaccine is held to the table: another of the same kind goes by its label.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from push.rules.programme import DTP_2026_FROM, Dose, Interval
from push.rules.vaccination.hepatitis import is_light
from push.rules.vaccination.plan import Plan

_SERIES: Final = (
    ("hepatitis-b", "hepb", ("HepB",)),
    ("polio", "polio", ("IPV", "bOPV")),
    ("diphtheria-tetanus-pertussis", "dtap", ("DTaP",)),
    ("measles-rubella-mumps", "mmr", ("MMR",)),
    ("japanese-encephalitis", "jel", ("JE-L",)),
    ("japanese-encephalitis", "jei", ("JE-I",)),
    ("meningococcal", "mpsva", ("MPSV-A",)),
    ("meningococcal", "mpsvac", ("MPSV-AC",)),
    ("hepatitis-a", "hepal", ("HepA-L",)),
    ("hepatitis-a", "hepai", ("HepA-I",)),
    ("hpv", "hpv", ("2vHPV",)),
    ("varicella", "varv", ("VarV",)),
)
"""The series: whose group they are, what their doses are called, and the programme's own vaccines."""
_NAMES: Final = {prefix: tuple(f"{prefix}-{number}" for number in range(1, 6)) for _, prefix, _ in _SERIES}
_CAUGHT_UP: Final = frozenset({"mpsvac-1", "polio-4"})
"""Catching up may give these before the age of the table (Men-C2, Polio-C2 and Polio-C3)."""
_BEGINS: Final = {"mmr": 8, "mpsvac": 24}
"""From how many months on a vaccine is one of its series."""
_NEW: Final = "cn-nip-2026"


def given_early(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """The doses that came too early, by group; a group without any is not in it."""
    found: dict[str, tuple[str, ...]] = {}
    for group, prefix, vaccines in _SERIES:
        given = plan.named(*vaccines)
        # HepB-H1 has a table of its own.
        if given and not (prefix == "hepb" and is_light(plan.child)):
            early = _early(plan, prefix, given)
            if early:
                found[group] = (*found.get(group, ()), *early)
    return found


def _early(plan: Plan, prefix: str, given: Sequence[date]) -> tuple[str, ...]:
    begins = _BEGINS.get(prefix)
    if begins is not None:
        # MMR-O2, Men-O2: what was given before is none of this series.
        given = [day for day in given if day >= plan.age(begins)]
    found: list[str] = []
    before: dict[str, date] = {}
    birth, doses = plan.child.birth, plan.programme.doses
    for name, day in zip(_NAMES[prefix], given, strict=False):
        dose = doses.get(name)
        if dose is None:
            break
        # No month has more than 31 days: what is later than that needs no calendar, and nearly all is.
        early = (day - birth).days < 31 * dose.min_age_months and _too_young(plan, dose, day)
        for each in dose.min_interval:
            since = before.get(each.after)
            if since is not None and (day - since).days < 31 * each.months + each.days:
                early = early or _too_soon(plan, each, since, day)
        if early:
            found.append(name)
        before[name] = day
    return tuple(found)


def _too_young(plan: Plan, dose: Dose, day: date) -> bool:
    if dose.id in _CAUGHT_UP or (
        dose.vaccine == "DTaP" and plan.programme.dtp == _NEW and day < DTP_2026_FROM
    ):
        return False
    return day < plan.age(dose.min_age_months)


def _too_soon(plan: Plan, interval: Interval, since: date, day: date) -> bool:
    return day < plan.after(since, months=interval.months) + timedelta(days=interval.days)

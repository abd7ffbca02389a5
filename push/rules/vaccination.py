"""What is due (应种): the next dose of each series, by an edition, a child and what was given.

The routine table is data (``programme``); the catch-up clauses (补种) are here, each under the name it has in
the edition's file. A dose is due from its least age and its intervals on (G1), late from the day before which
it is recommended (G2), and a series that was broken off goes on where it stopped (G5). Two live vaccines are
injected on one day or 28 days apart (G4).

    status              earliest           as of
    not_yet_due         in the future
    due                 reached            before the recommended age
    overdue             reached            from the recommended age on
    complete            every dose was given
    do_not_give         a clause forbids it now
    not_in_programme    not for this child: sex, birth date, age
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

from push.rules.calendar import MonthEnd, add_months
from push.rules.programme import Dose, Programme

Sex = Literal["M", "F"]


class Status(StrEnum):
    """What is to be done about a series now."""

    DUE = "due"
    NOT_YET_DUE = "not_yet_due"
    OVERDUE = "overdue"
    COMPLETE = "complete"
    DO_NOT_GIVE = "do_not_give"
    NOT_IN_PROGRAMME = "not_in_programme"


class Given(Struct, frozen=True, kw_only=True, order=True):
    """A vaccination that was given."""

    date: date
    vaccine: str


class Child(Struct, frozen=True, kw_only=True):
    """Whom it is about, as far as the programme asks."""

    birth: date
    sex: Sex | None = None
    mother_hbsag: Literal["positive", "negative", "unknown"] = "negative"
    birth_grams: int | None = None


class Item(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing that is due, will be, or is not any more. ``window_to`` is the last day that is meant."""

    group: str
    vaccine: str
    status: Status
    dose: int | None = None
    id: str | None = None
    earliest: date | None = None
    recommended_before: date | None = None
    window_to: date | None = None
    catch_up_before: date | None = None
    action: str | None = None
    clause: tuple[str, ...] = ()


class UnknownVaccine(ValueError):
    """A vaccine nobody here knows; what it was is not guessed."""


_COMPONENTS: Final[Mapping[str, frozenset[str]]] = {
    **{
        name: frozenset({name})
        for name in (
            *("HepB", "BCG", "IPV", "bOPV", "tOPV", "DTaP", "DT", "JE-L", "JE-I", "MPSV-A", "MPSV-AC"),
            *("HepA-L", "HepA-I", "VarV"),
        )
    },
    "sIPV": frozenset({"IPV"}),
    "DTP": frozenset({"DTaP"}),
    "DTwP": frozenset({"DTaP"}),
    "DTaP-IPV-Hib": frozenset({"DTaP", "IPV"}),
    "DTaP-IPV": frozenset({"DTaP", "IPV"}),
    "DTaP-Hib": frozenset({"DTaP"}),
    "MMR": frozenset({"measles", "mumps", "rubella"}),
    "MR": frozenset({"measles", "rubella"}),
    "MM": frozenset({"measles", "mumps"}),
    "MV": frozenset({"measles"}),
    "MenA": frozenset({"MPSV-A"}),
    "MenAC": frozenset({"MPSV-AC"}),
    "HepA-HepB": frozenset({"HepA-I", "HepB"}),
    **dict.fromkeys(("2vHPV", "4vHPV", "9vHPV"), frozenset({"HPV"})),
    **dict.fromkeys(
        ("MCV-AC", "MCV2", "MPCV-AC", "MPSV-ACYW", "MPSV-ACYW135", "MCV4"), frozenset({"MPSV-AC"})
    ),
    # Known, and no part of any national programme.
    **dict.fromkeys(
        ("Hib", "PCV13", "PPV23", "Rotavirus", "EV71", "Influenza", "Rabies", "COVID-19"), frozenset()
    ),
}
_LIVE_INJECTED: Final = frozenset({"BCG", "MMR", "MR", "MM", "MV", "JE-L", "HepA-L", "VarV"})
_APART: Final = timedelta(days=28)
_ADULT: Final = 18 * 12
_EXPANDED: Final = date(2007, 12, 29)
"""The expansion of the programme (扩大免疫规划) of 2007."""
_OCTOBER_2019: Final = date(2019, 10, 1)
_HPV_BORN: Final = date(2011, 11, 10)


def due_items(
    programme: Programme,
    child: Child,
    given: Iterable[Given],
    as_of: date,
    *,
    month_end: MonthEnd = MonthEnd.LAST_DAY,
) -> list[Item]:
    """What is due to ``child`` ``as_of`` a day: one item a series, and what else the programme asks for."""
    plan = _Plan(programme, child, given, as_of, month_end)
    items = [item for group in _GROUPS if (item := group(plan)) is not None]
    return [*items, *_tasks(plan)]


# --- the plan ------------------------------------------------------------------------------------------


class _Plan:
    """One child's record, as the clauses ask about it."""

    def __init__(
        self,
        programme: Programme,
        child: Child,
        given: Iterable[Given],
        as_of: date,
        month_end: MonthEnd,
    ) -> None:
        self.programme = programme
        self.child = child
        self.as_of = as_of
        self._month_end = month_end
        # The same vaccine twice on one day is one dose written down twice.
        self.given = sorted({each for each in given if each.date <= as_of})
        for each in self.given:
            if each.vaccine not in _COMPONENTS:
                raise UnknownVaccine(each.vaccine)
            if each.date < child.birth:
                raise ValueError(f"{each.vaccine} was given before birth")

    def dates(self, *components: str) -> list[date]:
        """When something with one of ``components`` was given, in order."""
        wanted = frozenset(components)
        return [each.date for each in self.given if _COMPONENTS[each.vaccine] & wanted]

    def age(self, months: int) -> date:
        """The day the child is ``months`` old."""
        return add_months(self.child.birth, months, self._month_end)

    def after(self, day: date, *, months: int = 0, days: int = 0) -> date:
        """``day``, later."""
        return add_months(day, months, self._month_end) + timedelta(days=days)

    def reached(self, months: int, on: date | None = None) -> bool:
        """Whether the child is ``months`` old as of now, or ``on`` a day that is later."""
        return max(on or self.as_of, self.as_of) >= self.age(months)

    def recommended(self, dose: Dose) -> date | None:
        """The day before which ``dose`` is recommended."""
        offset = dose.recommended_before
        if offset is None:
            return None
        days = offset.days + (offset.hours + 23) // 24
        return self.after(self.child.birth, months=offset.months, days=days)

    def apart(self, vaccine: str, day: date) -> tuple[date, bool]:
        """The first day from ``day`` on that keeps live vaccines apart, and whether that moved it."""
        if vaccine not in _LIVE_INJECTED:
            return day, False
        last = max((each.date for each in self.given if each.vaccine in _LIVE_INJECTED), default=None)
        # On the day itself another one can still be given.
        if last is None or last == self.as_of or day >= last + _APART:
            return day, False
        return last + _APART, True

    def routine(
        self,
        group: str,
        name: str,
        earlier: Mapping[str, date],
        *,
        clause: Sequence[str] = (),
        earliest: date | None = None,
        catch_up_before: date | None = None,
        action: str | None = None,
    ) -> Item:
        """The item of the table's dose ``name``; ``earlier`` are the doses it counts its intervals from."""
        dose = self.programme.dose(name)
        day = max(self.age(dose.min_age_months), earliest or self.child.birth)
        window = None
        for interval in dose.min_interval:
            since = earlier.get(interval.after)
            if since is None:
                continue
            day = max(day, self.after(since, months=interval.months, days=interval.days))
            if interval.max_days is not None:
                window = since + timedelta(days=interval.max_days)
            if interval.max_months is not None:
                window = self.after(since, months=interval.max_months)
        return self.item(
            group,
            dose.vaccine,
            dose.dose,
            day,
            id=name,
            recommended=self.recommended(dose),
            window_to=window,
            clause=("G1", *(("G2",) if dose.recommended_before else ()), *clause),
            catch_up_before=catch_up_before,
            action=action,
        )

    def item(
        self,
        group: str,
        vaccine: str,
        dose: int,
        earliest: date,
        *,
        id: str,
        recommended: date | None = None,
        clause: Sequence[str] = (),
        window_to: date | None = None,
        catch_up_before: date | None = None,
        action: str | None = None,
        status: Status | None = None,
    ) -> Item:
        """An item with its status; live vaccines are kept apart."""
        day, moved = self.apart(vaccine, earliest)
        if self.reached(_ADULT, day) and vaccine != "2vHPV":
            return _settled(group, vaccine, Status.NOT_IN_PROGRAMME, "G6")
        if status is None:
            late = recommended is not None and self.as_of >= recommended
            status = Status.NOT_YET_DUE if day > self.as_of else Status.OVERDUE if late else Status.DUE
        clauses = [*clause, *(("G4",) if moved else ()), *(("G5",) if status is Status.OVERDUE else ())]
        return Item(
            group=group,
            vaccine=vaccine,
            status=status,
            dose=dose,
            id=id,
            earliest=day,
            recommended_before=recommended,
            window_to=window_to,
            catch_up_before=catch_up_before,
            action=action,
            clause=tuple(dict.fromkeys(clauses)),
        )


def _settled(group: str, vaccine: str, status: Status, *clause: str) -> Item:
    return Item(group=group, vaccine=vaccine, status=status, clause=clause)


# --- the groups ----------------------------------------------------------------------------------------


def _hepatitis_b(plan: _Plan) -> Item:
    given = plan.dates("HepB")
    child = plan.child
    if child.mother_hbsag in {"positive", "unknown"} and (child.birth_grams or 9_999) < 2_000:
        # HepB-H1: the dose at birth does not count; three more at 1, 2 and 7 months.
        ages = (0, 1, 2, 7)
        if len(given) >= len(ages):
            return _settled("hepatitis-b", "HepB", Status.COMPLETE, "HepB-H1")
        number = len(given)
        day = plan.age(ages[number])
        if given:
            day = max(day, given[-1] + _APART)
        return plan.item("hepatitis-b", "HepB", number + 1, day, id=f"hepb-{number + 1}", clause=("HepB-H1",))
    if len(given) >= 3:
        return _settled("hepatitis-b", "HepB", Status.COMPLETE)
    earlier = {f"hepb-{number}": day for number, day in enumerate(given, 1)}
    clause = ("HepB-C2",) if given else ("HepB-C1",) if plan.as_of > plan.child.birth else ()
    return plan.routine("hepatitis-b", f"hepb-{len(given) + 1}", earlier, clause=clause)


def _bcg(plan: _Plan) -> Item:
    if plan.dates("BCG"):
        return _settled("bcg", "BCG", Status.COMPLETE)
    if plan.reached(48):
        return _settled("bcg", "BCG", Status.DO_NOT_GIVE, "BCG-C1")
    late = plan.reached(3)
    return plan.routine(
        "bcg", "bcg-1", {}, clause=("BCG-C1",) if late else (), action="ppd_test_first" if late else None
    )


def _polio(plan: _Plan) -> Item:
    group, child = "polio", plan.child
    given = plan.dates("IPV", "bOPV", "tOPV")
    inactivated, trivalent = plan.dates("IPV"), plan.dates("tOPV")
    needed = 0 if trivalent else 1 if child.birth < _OCTOBER_2019 else 2
    missing = max(0, needed - len(inactivated))
    number = len(given)
    if number >= 4 and missing == 0:
        if len(inactivated) >= 4:
            return _settled(group, "IPV", Status.COMPLETE, "Polio-O1")
        return _settled(group, "bOPV", Status.COMPLETE)
    name = f"polio-{min(number + 1, 4)}"
    dose = plan.programme.dose(name)
    # IPV first; who has had three doses in time waits for the fourth birthday.
    vaccine = "IPV" if missing else "bOPV"
    day = plan.age(dose.min_age_months)
    if given:
        day = max(day, given[-1] + _APART)
    clause = ["G1", *(["G2"] if dose.recommended_before else []), "Polio-C1"]
    if trivalent or child.birth < _OCTOBER_2019:
        clause.append("Polio-C2")
    return plan.item(
        group, vaccine, number + 1, day, id=name, recommended=plan.recommended(dose), clause=clause
    )


def _diphtheria(plan: _Plan) -> Item:
    group = "diphtheria-tetanus-pertussis"
    acellular, toxoid = plan.dates("DTaP"), plan.dates("DT")
    both = sorted([*acellular, *toxoid])
    if plan.programme.dtp == "cn-nip-2021":
        return _diphtheria_2021(plan, group, acellular, toxoid, both)
    if len(acellular) >= 5 or (toxoid and len(both) >= 3):
        return _settled(group, "DTaP", Status.COMPLETE, *(["DTaP-C3"] if toxoid else []))
    if plan.reached(144):
        return _settled(group, "DT", Status.NOT_IN_PROGRAMME)
    routine = plan.routine(group, f"dtap-{len(acellular) + 1}", _numbered("dtap", acellular))
    if not plan.reached(84, routine.earliest):
        return routine
    # From seven years on DT is what is given, and only to catch up.
    if len(both) < 3:
        return _toxoid_series(plan, group, toxoid, both, first=84)
    months = 6 if len(both) == 3 else 12
    day = max(plan.age(84), plan.after(both[-1], months=months))
    return plan.item(group, "DT", 1, day, id="dt-1", clause=("DTaP-C3", "G5"), action="catch_up")


def _diphtheria_2021(
    plan: _Plan, group: str, acellular: list[date], toxoid: list[date], both: list[date]
) -> Item:
    if toxoid and len(both) >= 3:
        return _settled(group, "DT", Status.COMPLETE, "DTaP-C3")
    if len(acellular) < 4:
        routine = plan.routine(
            group, f"dtap-{len(acellular) + 1}", _numbered("dtap", acellular), clause=("DTaP-C1",)
        )
        if not plan.reached(72, routine.earliest):
            return routine
        if len(both) < 3:
            return _toxoid_series(plan, group, toxoid, both, first=72)
    dose = plan.programme.dose("dt-1")
    months = 6 if len(both) == 3 else 12
    late = plan.reached(84)
    return plan.item(
        group,
        "DT",
        len(toxoid) + 1,
        max(plan.age(72), plan.after(both[-1], months=months)),
        id="dt-1",
        recommended=plan.recommended(dose),
        clause=("G1", "DTaP-C3"),
        action="catch_up_one_dose" if late else None,
    )


def _toxoid_series(plan: _Plan, group: str, toxoid: list[date], both: list[date], *, first: int) -> Item:
    """DTaP-C2: three doses in all, the second a month or two after the first, the third half a year later."""
    day, window = plan.age(first), None
    if len(both) == 1:
        day, window = max(day, plan.after(both[-1], months=1)), plan.after(both[-1], months=2)
    elif len(both) == 2:
        day, window = max(day, plan.after(both[-1], months=6)), plan.after(both[-1], months=12)
    if window is not None and window < day:
        window = None
    return plan.item(
        group,
        "DT",
        len(toxoid) + 1,
        day,
        id=f"dt-{len(toxoid) + 1}",
        window_to=window,
        clause=("DTaP-C2", "G5"),
        action="catch_up",
        status=Status.NOT_YET_DUE if day > plan.as_of else Status.OVERDUE,
    )


def _measles(plan: _Plan) -> Item:
    group = "measles-rubella-mumps"
    triple = [each.date for each in plan.given if each.vaccine == "MMR"]
    measles, rubella, mumps = plan.dates("measles"), plan.dates("rubella"), plan.dates("mumps")
    born = plan.child.birth
    if born >= _OCTOBER_2019:
        clause, number = "MMR-C1", len(triple)
        complete = number >= 2
    elif born >= _EXPANDED:
        clause, number = "MMR-C2", len(measles)
        complete = len(measles) >= 2 and bool(rubella) and bool(mumps)
    else:
        clause, number = "MMR-C3", len(measles)
        complete = len(measles) >= 2
    if complete:
        return _settled(group, "MMR", Status.COMPLETE, *([clause] if born < _OCTOBER_2019 else []))
    name = f"mmr-{min(number + 1, 2)}"
    item = plan.routine(group, name, {}, clause=(clause,) if measles else ())
    if measles:
        dose = plan.programme.dose(name)
        day = max(plan.age(dose.min_age_months), measles[-1] + _APART)
        return plan.item(
            group,
            "MMR",
            number + 1,
            day,
            id=name,
            recommended=item.recommended_before,
            clause=(*item.clause, "MMR-C4"),
        )
    return item


def _encephalitis(plan: _Plan) -> Item:
    group = "japanese-encephalitis"
    live, dead = plan.dates("JE-L"), plan.dates("JE-I")
    if dead and (not live or dead[0] < live[0]):
        if len(dead) >= 4:
            return _settled(group, "JE-I", Status.COMPLETE)
        earlier = _numbered("jei", dead)
        return plan.routine(group, f"jei-{len(dead) + 1}", earlier, clause=("JE-C2",))
    if len(live) >= 2:
        return _settled(group, "JE-L", Status.COMPLETE)
    return plan.routine(
        group, f"jel-{len(live) + 1}", _numbered("jel", live), clause=("JE-C1",) if live else ()
    )


def _meningococcal(plan: _Plan) -> Item:
    group = "meningococcal"
    single, double = plan.dates("MPSV-A"), plan.dates("MPSV-AC")
    if len(double) >= 2:
        return _settled(group, "MPSV-AC", Status.COMPLETE)
    if double:
        return plan.routine(group, "mpsvac-2", {"mpsvac-1": double[-1]}, clause=("Men-O1",))
    if len(single) >= 2:
        return plan.routine(group, "mpsvac-1", {"mpsva-2": single[-1]}, clause=("Men-O1",))
    item = plan.routine(group, f"mpsva-{len(single) + 1}", _numbered("mpsva", single), clause=("Men-C1",))
    if not plan.reached(24, item.earliest):
        return item
    # Men-C1, Men-C2: from 24 months on no more A; AC as soon as may be.
    day = plan.age(24)
    if single:
        day = max(day, plan.after(single[-1], months=3))
    dose = plan.programme.dose("mpsvac-1")
    return plan.item(
        group,
        "MPSV-AC",
        1,
        day,
        id="mpsvac-1",
        recommended=plan.recommended(dose),
        clause=("Men-C1", "Men-C2"),
    )


def _hepatitis_a(plan: _Plan) -> Item:
    group = "hepatitis-a"
    live, dead = plan.dates("HepA-L"), plan.dates("HepA-I")
    if live:
        return _settled(group, "HepA-L", Status.COMPLETE)
    if len(dead) >= 2:
        return _settled(group, "HepA-I", Status.COMPLETE)
    if dead:
        return plan.routine(group, "hepai-2", {"hepai-1": dead[-1]}, clause=("HepA-C1",))
    return plan.routine(group, "hepal-1", {})


def _papilloma(plan: _Plan) -> Item | None:
    group = "hpv"
    if "hpv-1" not in plan.programme.doses:
        return None
    given = plan.dates("HPV")
    if len(given) >= 2:
        return _settled(group, "2vHPV", Status.COMPLETE)
    if plan.child.sex != "F" or plan.child.birth < _HPV_BORN or plan.reached(_ADULT):
        return _settled(group, "2vHPV", Status.NOT_IN_PROGRAMME)
    return plan.routine(
        group, f"hpv-{len(given) + 1}", _numbered("hpv", given), catch_up_before=plan.age(_ADULT)
    )


def _varicella(plan: _Plan) -> Item | None:
    group = "varicella"
    if "varv-1" not in plan.programme.doses:
        return None
    given = plan.dates("VarV")
    if len(given) >= 2:
        return _settled(group, "VarV", Status.COMPLETE)
    if plan.child.birth < date(2014, 8, 1):
        return _settled(group, "VarV", Status.NOT_IN_PROGRAMME)
    return plan.routine(group, f"varv-{len(given) + 1}", {})


_GROUPS: Final[Sequence[Callable[[_Plan], Item | None]]] = (
    _hepatitis_b,
    _bcg,
    _polio,
    _diphtheria,
    _measles,
    _encephalitis,
    _meningococcal,
    _hepatitis_a,
    _papilloma,
    _varicella,
)


def _numbered(prefix: str, given: Sequence[date]) -> dict[str, date]:
    return {f"{prefix}-{number}": day for number, day in enumerate(given, 1)}


def _tasks(plan: _Plan) -> list[Item]:
    """What the programme asks for that is no vaccine: HepB-H2, a blood test after the last dose."""
    given = plan.dates("HepB")
    if plan.child.mother_hbsag != "positive" or len(given) < 3:
        return []
    first, last = plan.after(given[-1], months=1), plan.after(given[-1], months=2)
    status = Status.NOT_YET_DUE if plan.as_of < first else Status.OVERDUE if plan.as_of > last else Status.DUE
    return [
        Item(
            group="hepatitis-b",
            vaccine="HepB",
            status=status,
            id="hepb-test",
            earliest=first,
            window_to=last,
            action="HBsAg and anti-HBs test",
            clause=("HepB-H2",),
        )
    ]

"""One child's plan in the making: ages, intervals, and what holds for every vaccine.

A dose is due from its least age and its intervals on (G1), late from the day before which it is recommended
(G2), and a series that was broken off goes on where it stopped (G5). Two live vaccines are injected on one
day or 28 days apart (G4), and nothing else keeps one vaccine from another (G3). From eighteen on nothing is
caught up (G6).

    status              earliest           as of
    not_yet_due         in the future
    due                 reached            before the recommended age
    overdue             reached            from the recommended age on
    complete            every dose was given
    do_not_give         a clause forbids it now
    not_in_programme    not for this child: sex, birth date, age
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from push.rules.calendar import MonthEnd, add_months
from push.rules.due import Status
from push.rules.programme import Dose, Programme
from push.rules.vaccination.record import IMMUNOGLOBULIN, LIVE, Child, Given, Record

APART: Final = timedelta(days=28)
"""Between two live vaccines (G4), and between the doses of several series."""
ADULT: Final = 18 * 12
INJECTED_LIVE: Final = frozenset({"BCG", "MMR", "JE-L", "HepA-L", "VarV"})
_INFANT: Final = 12


class Item(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing that is due, will be, or is not any more. ``window_to`` is the last day that is meant.

    ``given_early`` are doses of the series that count and came before their least age or interval.
    """

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
    given_early: tuple[str, ...] = ()


class Plan:
    """One child's record under one edition, as the clauses ask about it."""

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
        record = Record(child, given, as_of)
        self.dates = record.dates
        self.named = record.named
        self._last_live = record.last(LIVE)
        self._last_oral = max(filter(None, (record.last("bOPV"), record.last("tOPV"))), default=None)
        self._last_immunoglobulin = record.last(IMMUNOGLOBULIN)

    def age(self, months: int) -> date:
        """The day the child is ``months`` old."""
        return add_months(self.child.birth, months, self._month_end)

    def after(self, day: date, *, months: int) -> date:
        """``day``, ``months`` later."""
        return add_months(day, months, self._month_end)

    def reached(self, months: int, on: date | None = None) -> bool:
        """Whether the child is ``months`` old as of now, or ``on`` a day that is later."""
        return (self.as_of if on is None else max(on, self.as_of)) >= self.age(months)

    def recommended(self, dose: Dose) -> date | None:
        """The day before which ``dose`` is recommended."""
        offset = dose.recommended_before
        if offset is None:
            return None
        day = (
            add_months(self.child.birth, offset.months, self._month_end)
            if offset.months
            else self.child.birth
        )
        days = offset.days + (offset.hours + 23) // 24
        return day + timedelta(days=days) if days else day

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
        day = self.age(dose.min_age_months)
        if earliest is not None and earliest > day:
            day = earliest
        for interval in dose.min_interval:
            since = earlier.get(interval.after)
            if since is not None:
                least = self.after(since, months=interval.months) + timedelta(days=interval.days)
                day = max(day, least)
        return self.item(
            group,
            dose.vaccine,
            dose.dose,
            day,
            id=name,
            recommended=self.recommended(dose),
            window_to=self._window(dose, earlier, day),
            clause=("G1", "G2", *clause) if dose.recommended_before else ("G1", *clause),
            catch_up_before=catch_up_before,
            action=action,
        )

    def _window(self, dose: Dose, earlier: Mapping[str, date], day: date) -> date | None:
        """The last day that keeps within the longest interval there is."""
        window = None
        for interval in dose.min_interval:
            since = earlier.get(interval.after)
            if since is None:
                continue
            if interval.max_days is not None:
                window = since + timedelta(days=interval.max_days)
            if interval.max_months is not None:
                window = self.after(since, months=interval.max_months)
            if interval.max_months_catch_up is not None:
                # Who is in time waits longer than that for the age; the limit is for who is not.
                longest = self.after(since, months=interval.max_months_catch_up)
                window = longest if day <= longest else window
        return window

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
    ) -> Item:
        """An item with its status, kept apart from live vaccines and immunoglobulins."""
        clauses = list(clause)
        day = self._apart(vaccine, earliest, clauses)
        if self.reached(ADULT, day):
            return settled(group, vaccine, Status.NOT_IN_PROGRAMME, "G6")
        if day > self.as_of:
            status = Status.NOT_YET_DUE
        elif recommended is not None and self.as_of >= recommended:
            status = Status.OVERDUE
            if "G5" not in clauses:
                clauses.append("G5")
        else:
            status = Status.DUE
        if self.child.early and day < self.age(_INFANT):
            clauses.append("Spec-1")
        return Item(
            group=group,
            vaccine=vaccine,
            status=status,
            dose=dose,
            id=id,
            earliest=day,
            recommended_before=recommended,
            # A longest interval that is over before the dose may be given is nobody's last day (G5).
            window_to=None if window_to is None or window_to < day else window_to,
            catch_up_before=catch_up_before,
            action=action,
            clause=tuple(clauses),
        )

    def _apart(self, vaccine: str, day: date, clauses: list[str]) -> date:
        """The first day from ``day`` on that keeps what must be apart, and in ``clauses`` why it moved."""
        live = self._last_live
        if (
            live is not None
            and vaccine in INJECTED_LIVE
            and day < live + APART
            # On the day itself another one can still be given, but not the same again.
            and not (live == self.as_of and day <= live and live not in self.dates(vaccine))
        ):
            day = live + APART
            clauses.append("G4")
        elif vaccine in INJECTED_LIVE and self._last_oral and max(day, self.as_of) < self._last_oral + APART:
            # A live vaccine was swallowed just now, and the clause says that it does not matter.
            clauses.append("G4")
        globulin = self._last_immunoglobulin
        if globulin is not None:
            for spacing in self.programme.immunoglobulin:
                if vaccine in spacing.vaccines:
                    least = self.after(globulin, months=spacing.months)
                    if least > day:
                        day = least
                        clauses.append(spacing.clause)
        return day


def settled(group: str, vaccine: str, status: Status, *clause: str) -> Item:
    """The item of a series about which nothing is to be done."""
    return Item(group=group, vaccine=vaccine, status=status, clause=clause)


def numbered(prefix: str, given: Sequence[date]) -> dict[str, date]:
    """The doses of a series that were given, under the table's names."""
    return {f"{prefix}-{number}": day for number, day in enumerate(given, 1)}

"""Planning children, without a server: the whole schedule, twenty doses recorded each, to the milestones.

One plan is what a new edition costs a child: what is due by every clause, as items, and when the guardian is
told. By processor time, for it is told a core. The floor is the table alone: the age of each of its doses.
"""

import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from bff.sandbox.bench.figures import PLAN_ROW, Round, Sample, Who
from push.programmes import edition
from push.rules.calendar import add_months
from push.rules.milestones import due_items_of_vaccination, milestones
from push.rules.programme import Programme
from push.rules.vaccination import Child, Given, due_items

_EDITION: Final = "cn-nip-2026"
_REGION: Final = "310000"
_NOW: Final = date(2026, 11, 25)
_CHILDREN: Final = 1_000
_SCHEDULE: Final = (
    *(("HepB", 0), ("BCG", 0), ("HepB", 1), ("IPV", 2), ("DTaP", 2), ("IPV", 3), ("bOPV", 4), ("DTaP", 4)),
    *(("DTaP", 6), ("HepB", 6), ("MPSV-A", 6), ("MMR", 8), ("JE-L", 8), ("MPSV-A", 9), ("VarV", 12)),
    *(("MMR", 18), ("DTaP", 18), ("HepA-L", 18), ("JE-L", 24), ("MPSV-AC", 36)),
)
"""What a child of three and a half was given, and at which age in months."""
_Kid = tuple[Child, Sequence[Given]]


def measure(seconds: float) -> Round:
    """One round: ours and the floor in turns, every child once each."""
    programme = edition(_EDITION, _REGION)
    chance = Random(2026)
    children = [_child(chance) for _ in range(_CHILDREN)]
    work: dict[Who, Callable[[Programme, _Kid], object]] = {Who.FLOOR: _ages, Who.OURS: _plan}
    took = dict.fromkeys(work, 0.0)
    done = dict.fromkeys(work, 0)
    end = time.perf_counter() + seconds
    while not done[Who.OURS] or time.perf_counter() < end:
        for who, planned in work.items():
            start = time.process_time()
            for child in children:
                planned(programme, child)
            took[who] += time.process_time() - start
            done[who] += _CHILDREN
    return {(who, PLAN_ROW): Sample(rate=done[who] / took[who], answered=done[who]) for who in work}


def _plan(programme: Programme, kid: _Kid) -> int:
    child, given = kid
    items = due_items_of_vaccination(due_items(programme, child, given, _NOW), edition=programme.id)
    return sum(len(milestones(item)) for item in items)


def _ages(programme: Programme, kid: _Kid) -> list[date]:
    return [add_months(kid[0].birth, dose.min_age_months) for dose in programme.doses.values()]


def _child(chance: Random) -> _Kid:
    """Three and a half to six years old, and often a few weeks late."""
    birth = _NOW - timedelta(days=chance.randrange(1_290, 2_190))
    given = [
        Given(
            vaccine=vaccine,
            date=add_months(birth, months) + timedelta(days=chance.randrange(40) if months else 0),
        )
        for vaccine, months in _SCHEDULE
    ]
    return Child(birth=birth, sex=chance.choice(("F", "M"))), given

"""Judging residents anew, without a server: twenty pieces of evidence each, by a rule set that was law.

One judgement is what a change of rules costs a resident: the colour now, and the forty days looked ahead.
By processor time, for it is told a core. The floor is the colour alone, of the moment.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from bff.sandbox.bench.figures import RECOLOUR_ROW, Round, Sample, Who
from health_code.packs import shipped_rule_sets
from health_code.rules.colour import RuleSet, judge, judge_and_look_ahead
from health_code.rules.evidence import Evidence, Fact, Key, Kind

_RULES: Final = "sh-2022-09"
_NOW: Final = datetime(2022, 10, 20, 4, tzinfo=UTC)
_PEOPLE: Final = 500
_EACH: Final = 20
_LIFE: Final[tuple[tuple[float, Kind, dict[str, Fact]], ...]] = (
    (0.40, Kind.SAMPLED, {}),
    (0.80, Kind.RESULT, {"outcome": "NEGATIVE"}),
    (0.84, Kind.EXPOSED, {"degree": "SECONDARY"}),
    (0.88, Kind.AREA_STAY, {"area": "310101", "risk": "LOW"}),
    (0.95, Kind.VACCINATED, {"product": "CoronaVac", "dose": 1}),
    (1.00, Kind.DECLARED, {"fever": False}),
)
"""What happens to somebody in a month of the autumn of 2022, up to which share."""


def measure(seconds: float) -> Round:
    """One round: ours and the floor in turns, every resident once each."""
    rules = RuleSet(next(each for each in shipped_rule_sets() if each.identifier == _RULES))
    chance = Random(2022)
    people = [_person(number, chance) for number in range(_PEOPLE)]
    work: dict[Who, Callable[..., Any]] = {Who.FLOOR: judge, Who.OURS: judge_and_look_ahead}
    took = dict.fromkeys(work, 0.0)
    done = dict.fromkeys(work, 0)
    end = time.perf_counter() + seconds
    while not done[Who.OURS] or time.perf_counter() < end:
        for who, judged in work.items():
            start = time.process_time()
            for person in people:
                judged(person, rules, at=_NOW, known_at=_NOW)
            took[who] += time.process_time() - start
            done[who] += _PEOPLE
    return {(who, RECOLOUR_ROW): Sample(rate=done[who] / took[who], answered=done[who]) for who in work}


def _person(number: int, chance: Random) -> list[Evidence]:
    return [_evidence(f"{number}-{each}", chance) for each in range(_EACH)]


def _evidence(name: str, chance: Random) -> Evidence:
    share = chance.random()
    kind, facts = next((kind, facts) for below, kind, facts in _LIFE if share <= below)
    at = _NOW - timedelta(hours=chance.randrange(24 * 30), minutes=chance.randrange(60))
    return Evidence(
        key=Key("laboratory", name),
        kind=kind,
        jurisdiction="310000",
        occurred_at=at,
        recorded_at=at,
        facts=facts,
    )

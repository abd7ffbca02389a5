"""Evidence (健康证据): what a registered source says happened. A colour follows from it alone.

Evidence is only ever added. What was wrong is corrected by evidence that supersedes it, so what was known
at any moment can be told later: ``occurred_at`` is when it happened, ``recorded_at`` when we learnt of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

Fact = str | int | bool | list[str]
OLDEST: Final = timedelta(days=3 * 366)
"""Nothing that happened longer ago is taken."""


class Kind(StrEnum):
    """What sort of thing happened."""

    SAMPLED = "SAMPLED"
    RESULT = "RESULT"
    VACCINATED = "VACCINATED"
    EXPOSED = "EXPOSED"
    AREA_STAY = "AREA_STAY"
    ENTERED = "ENTERED"
    ISOLATION_START = "ISOLATION_START"
    ISOLATION_RELEASED = "ISOLATION_RELEASED"
    DECLARED = "DECLARED"
    FOREIGN_CERT = "FOREIGN_CERT"
    MANUAL = "MANUAL"


_LASTING: Final = frozenset({Kind.EXPOSED, Kind.AREA_STAY, Kind.ENTERED, Kind.ISOLATION_START})


def cleared_by_rules_alone(kind: Kind, facts: Mapping[str, Fact]) -> bool:
    """Whether evidence tells of a risk, which only what came after may clear, and no date that was set ahead.

    Should nothing come after, for whatever reason, what is red by it stays red.
    """
    return kind in _LASTING or (kind is Kind.RESULT and facts.get("outcome") == "POSITIVE")


class Key(Struct, frozen=True, order=True, array_like=True):
    """What names one piece of evidence: a source, and that source's own id of it."""

    source: str
    source_id: str


class Evidence(Struct, frozen=True, kw_only=True):
    """One piece of evidence, opened. ``facts`` hold codes of the kind's vocabulary, never a name or number.

    ``supersedes`` names what this corrects; ``void`` says that it only takes back and tells nothing itself.
    """

    key: Key
    kind: Kind
    jurisdiction: str
    occurred_at: datetime
    recorded_at: datetime
    expires_at: datetime | None = None
    supersedes: Key | None = None
    void: bool = False
    facts: Mapping[str, Fact] = {}


def effective(evidence: Iterable[Evidence], *, known_at: datetime) -> list[Evidence]:
    """What counts of ``evidence`` as it was known at ``known_at``, oldest event first.

    The order in which it arrived, and how often, makes no difference: a correction counts from the moment
    it is known, also where what it corrects comes later or never. A correction that is corrected itself still
    stands in the place of what it corrected; one that is taken back does not, and what it corrected counts
    again. What corrects each other in a ring corrects nothing: whichever came first, each of it counts. Of
    results of one instant the negative is taken for the earlier: in doubt nothing clears.
    """
    known: dict[Key, Evidence] = {}
    for each in evidence:
        if each.recorded_at > known_at:
            continue
        other = known.get(each.key)
        # A source's id is used once (the store sees to it); should it ever not be, the first word counts.
        if other is None or (each.recorded_at, each.occurred_at) < (other.recorded_at, other.occurred_at):
            known[each.key] = each
    corrects = {key: each.supersedes for key, each in known.items() if each.supersedes is not None}
    for key in in_rings(corrects):
        del corrects[key]
    taken_back = _taken_back({key: target for key, target in corrects.items() if known[key].void})
    corrected = {target for key, target in corrects.items() if key not in taken_back}
    counting = [each for key, each in known.items() if key not in corrected and not each.void]
    counting.sort(key=lambda each: (each.occurred_at, each.facts.get("outcome") != "NEGATIVE", each.key))
    return counting


def in_rings(corrects: Mapping[Key, Key]) -> set[Key]:
    """Those of ``corrects`` that come back to themselves by what they correct."""
    rings: set[Key] = set()
    seen: set[Key] = set()
    for key in corrects:
        path: list[Key] = []
        at = key
        while at in corrects and at not in seen:
            seen.add(at)
            path.append(at)
            at = corrects[at]
        if at in path:
            rings.update(path[path.index(at) :])
    return rings


def _taken_back(voids: Mapping[Key, Key]) -> set[Key]:
    """What is taken back by evidence that is not taken back itself, however often that goes on."""
    doubted = Counter(voids.values())
    # Each after all that take it back.
    certain = [key for key in voids if key not in doubted]
    taken: set[Key] = set()
    for key in certain:
        target = voids[key]
        if key not in taken:
            taken.add(target)
        doubted[target] -= 1
        if doubted[target] == 0 and target in voids:
            certain.append(target)
    return taken

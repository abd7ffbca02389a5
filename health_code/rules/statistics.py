"""Statistics (统计): counts of people that say nothing of any of them.

Counts form a tree: everybody, then each district, in it each colour, in that each reason; the counts below
one are parts of it. A count below k is not told, and neither are as many of its neighbours as it takes that
what is not told below one published count is two counts or more and k people or more: else it could be had
by subtraction. Below what is not told nothing is.

Told once an hour, exact counts would say who turned red in this one: the hour before is subtracted, and one
is left. So a count is told in steps of k, and stays what it was told to be until it is k away from that.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

K: Final = 10
"""The least number of people a count tells of."""

Path = tuple[str, ...]


class Count(Struct, frozen=True, kw_only=True):
    """How many people there are at ``path``; None where that is not told."""

    path: Path
    people: int | None


def published(
    leaves: Mapping[Path, int], *, before: Mapping[Path, int] | None = None, k: int = K
) -> list[Count]:
    """What may be told of ``leaves``, from the whole (the empty path) down; ``before`` was told last."""
    totals: dict[Path, int] = {(): 0}
    for path, people in leaves.items():
        for depth in range(len(path) + 1):
            totals[path[:depth]] = totals.get(path[:depth], 0) + people
    below: dict[Path, list[Path]] = {}
    for path in sorted(totals):
        if path:
            below.setdefault(path[:-1], []).append(path)
    if totals[()] < k:
        return [Count(path=(), people=None)]
    exact = _told((), totals, below, k)
    return [
        Count(path=each.path, people=_in_steps(each.people, (before or {}).get(each.path), k))
        for each in exact
    ]


def _in_steps(people: int | None, before: int | None, k: int) -> int | None:
    if people is None:
        return None
    stands = before is not None and before % k == 0 and abs(people - before) < k
    return before if stands else people - people % k


def _told(
    path: Path, totals: Mapping[Path, int], below: Mapping[Path, list[Path]], k: int
) -> Iterator[Count]:
    yield Count(path=path, people=totals[path])
    parts = below.get(path, [])
    hidden = _hidden({part: totals[part] for part in parts}, k)
    for part in parts:
        if part in hidden:
            yield Count(path=part, people=None)
        else:
            yield from _told(part, totals, below, k)


def _hidden(parts: Mapping[Path, int], k: int) -> set[Path]:
    ascending = sorted(parts, key=lambda part: (parts[part], part))
    hidden = [part for part in ascending if parts[part] < k]
    others = ascending[len(hidden) :]
    while hidden and others and (len(hidden) == 1 or sum(parts[part] for part in hidden) < k):
        hidden.append(others.pop(0))
    return set(hidden)

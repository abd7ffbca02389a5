"""Public statistics (统计公开): counted by the scheduler, kept, and read by whoever wants to.

By the division whose rules gave the colour. Nobody's home is known here: an ID number begins with the
division that first gave it out, and evidence says where something happened.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Final

import msgspec

from health_code.ports import Clock
from health_code.rules.statistics import K, Path, published
from health_code.store import AppealStore, ManualStore, StateStore, StatisticsStore
from miniapp_schemas.health_statistics import AppealCount, ColourCount, HealthStatistics, ManualCount

_AT_ONCE: Final = 1_000
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(HealthStatistics).decode


class Statistics:
    """Counts people, and tells what may be told."""

    def __init__(
        self,
        *,
        states: StateStore,
        manual: ManualStore,
        appeals: AppealStore,
        kept: StatisticsStore,
        clock: Clock,
    ) -> None:
        self._states = states
        self._manual = manual
        self._appeals = appeals
        self._kept = kept
        self._clock = clock

    async def latest(self) -> HealthStatistics:
        """The statistics as last counted."""
        text = await self._kept.get()
        return HealthStatistics(k=K, colours=[], manual=[], appeals=[]) if text is None else _decode(text)

    async def count(self) -> HealthStatistics:
        """Count everybody anew and keep what may be told."""
        now = self._clock()
        before = await self.latest()
        whole, *colours = published(await self._by_colour(), before=_of_colours(before))
        _, *manual = published(
            await self._manual.people(),
            before=_told(((each.reason, each.state), each.people) for each in before.manual),
        )
        _, *appeals = published(
            {(state,): people for state, people in (await self._appeals.people()).items()},
            before=_told(((each.state,), each.people) for each in before.appeals),
        )
        counted = HealthStatistics(
            k=K,
            as_of=now,
            people=whole.people,
            colours=[
                ColourCount(
                    district=count.path[0],
                    colour=_at(count.path, 1),
                    reason=_at(count.path, 2),
                    people=count.people,
                )
                for count in colours
            ],
            manual=[
                ManualCount(reason=count.path[0], state=_at(count.path, 1), people=count.people)
                for count in manual
            ],
            appeals=[AppealCount(state=count.path[0], people=count.people) for count in appeals],
        )
        await self._kept.put(_encode(counted))
        return counted

    async def _by_colour(self) -> dict[tuple[str, ...], int]:
        counts: Counter[tuple[str, ...]] = Counter()
        counts.update(await self._states.people())
        batch: list[tuple[str, str, str]] = []
        async for each in self._states.by_hand():
            batch.append(each)
            if len(batch) == _AT_ONCE:
                await self._add(batch, counts)
                batch = []
        await self._add(batch, counts)
        return dict(counts)

    async def _add(self, batch: list[tuple[str, str, str]], counts: Counter[tuple[str, ...]]) -> None:
        reasons = await self._manual.reasons([evidence for _, _, evidence in batch]) if batch else {}
        for district, colour, evidence in batch:
            counts[district, colour, f"MANUAL:{reasons.get(evidence, '?')}"] += 1


def _of_colours(told: HealthStatistics) -> dict[Path, int]:
    counts = (((each.district, each.colour, each.reason), each.people) for each in told.colours)
    return _told(chain([((), told.people)], counts))


def _told(counts: Iterable[tuple[tuple[str | None, ...], int | None]]) -> dict[Path, int]:
    """What was told, by path; a count that sums over the rest of one has a shorter path."""
    return {
        tuple(part for part in path if part is not None): people
        for path, people in counts
        if people is not None
    }


def _at(path: tuple[str, ...], place: int) -> str | None:
    return path[place] if len(path) > place else None

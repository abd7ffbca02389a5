"""Which sources have gone silent, as this process heard last.

A green rests on sources that would have said otherwise. When one of them has been silent for longer than the
rules allow, green is shown as grey from that moment, also of snapshots judged before, and while MongoDB is
away: nobody hears of a source then either.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from health_code.rules.colour import RuleSet
from health_code.store import SourceStore

_log: Final = logging.getLogger(__name__)
_EVERY_SECONDS: Final = 5.0


def silent_of(rules: RuleSet, heard: Mapping[str, datetime], now: datetime) -> Sequence[str]:
    """The sources that ``rules`` need and that were not heard of for too long."""
    needed = rules.document.silent_after_hours
    return [
        source
        for source, hours in needed.items()
        if source not in heard or now - heard[source] > timedelta(hours=hours)
    ]


class Silence:
    """When each source was last heard of. Until it could look once, this process calls none silent."""

    def __init__(self, sources: SourceStore) -> None:
        self._sources = sources
        self._heard: Mapping[str, datetime] | None = None
        self._names: Mapping[str, str] = {}

    def name(self, source: str) -> str:
        """What ``source`` is called; its id, of one never heard of."""
        return self._names.get(source, source)

    def of(self, rules: RuleSet, now: datetime) -> Sequence[str]:
        """The sources that ``rules`` need and that are silent ``now``."""
        if self._heard is None or not rules.document.silent_after_hours:
            return ()
        return silent_of(rules, self._heard, now)

    async def look(self) -> None:
        """Look when each was heard of."""
        self._names = await self._sources.names()
        self._heard = await self._sources.all()

    async def follow(self) -> None:
        """Look for ever; cancel to stop. While the store is away what was heard grows old."""
        while True:
            try:
                await self.look()
            except Exception as failure:  # noqa: BLE001  the store may be away in any way; silence is then silence
                _log.warning("sources not looked at: %s", type(failure).__name__)
            await asyncio.sleep(_EVERY_SECONDS)

"""The rule book: every rule set that is or was law, compiled, and swapped whole when another is published.

A process looks for a new release twice a second, outside any request. Between two looks it has the old book,
whole; after it the new one, whole.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from health_code.models import RuleRelease
from health_code.refusals import RuleSetUnknown
from health_code.rules.colour import Ahead, RuleSet
from health_code.rules.divisions import divisions
from health_code.rules.documents import RuleSetDocument, coming
from health_code.store import RuleSetStore

_log: Final = logging.getLogger(__name__)
_EVERY_SECONDS: Final = 0.5
_ANY_TIME: Final = datetime.max.replace(tzinfo=UTC)


class _Law(NamedTuple):
    rules: RuleSet
    published_at: datetime | None


class RuleBook:
    """Rule sets by jurisdiction, by the time they are in force and the time they were known.

    ``shipped`` are the packs of the product: law from the beginning, until a city publishes its own.
    """

    def __init__(self, store: RuleSetStore, shipped: Sequence[RuleSetDocument]) -> None:
        self._store = store
        self._shipped = [_Law(RuleSet(document), None) for document in shipped]
        self._take(self._shipped)
        self._count = -1
        self.generation = 0
        """Rises with every new book."""
        self.published = 0
        """How many rule sets were published, as far as this process has heard."""

    def in_force(self, jurisdiction: str, *, at: datetime, known_at: datetime) -> RuleSet:
        """The rule set that is law in ``jurisdiction`` ``at`` an instant, as published by ``known_at``.

        Of several the one published last counts; of those shipped, the one in force since the latest date. A
        county without rules of its own follows its city, that its province, and that the nation.
        """
        for division in divisions(jurisdiction):
            laws = [
                law
                for law in self._book.get(division, ())
                if _in_force(law, at) and (law.published_at is None or law.published_at <= known_at)
            ]
            if laws:
                return laws[-1].rules
        raise RuleSetUnknown

    def ahead(self, jurisdiction: str, *, after: datetime) -> Sequence[Ahead]:
        """The rule sets that take over in ``jurisdiction`` ``after`` an instant, and when each does."""

        def law(at: datetime) -> RuleSet | None:
            try:
                return self.in_force(jurisdiction, at=at, known_at=_ANY_TIME)
            except RuleSetUnknown:
                return None

        laws = [each for division in divisions(jurisdiction) for each in self._book.get(division, ())]
        return coming([each.rules.document for each in laws], law, after=after)

    def by_hash(self, rule_set: str) -> RuleSet:
        """The rule set with this content, so that a past judgement can be made again."""
        try:
            return self._known[rule_set]
        except KeyError:
            raise RuleSetUnknown from None

    def knows(self, rule_set: str) -> bool:
        """Whether the rule set with this content is or was law, as far as this process has heard."""
        return rule_set in self._known

    def published_since(self, rule_set: str, at: datetime) -> bool:
        """Whether two people made the rule set with this content law after ``at``."""
        published_at = self._published.get(rule_set)
        return published_at is not None and published_at > at

    async def refresh(self) -> bool:
        """Look for releases; True if there is a new book."""
        count = await self._store.count()
        if count == self._count:
            return False
        releases = await self._store.all(published=True)
        self._take([*self._shipped, *map(_law, releases)])
        self._count = self.published = len(releases)
        self.generation += 1
        return True

    def _take(self, laws: Sequence[_Law]) -> None:
        self._book = _by_jurisdiction(laws)
        self._known = {law.rules.hash: law.rules for law in laws}
        self._published = {law.rules.hash: law.published_at for law in laws}

    async def follow(self) -> None:
        """Refresh for ever; cancel to stop. While the store is away the book stays what it is."""
        while True:
            try:
                if await self.refresh():
                    _log.info("rule book: %d published rule sets", self._count)
            except Exception as failure:  # noqa: BLE001  the store may be away in any way; the old book stays
                _log.warning("rule book not looked at: %s", type(failure).__name__)
            await asyncio.sleep(_EVERY_SECONDS)


def _law(release: RuleRelease) -> _Law:
    return _Law(RuleSet(release.document), release.published_at)


def _in_force(law: _Law, at: datetime) -> bool:
    document = law.rules.document
    return document.valid_from <= at and (document.valid_to is None or at < document.valid_to)


def _by_jurisdiction(laws: Sequence[_Law]) -> Mapping[str, Sequence[_Law]]:
    book: dict[str, list[_Law]] = {}
    for law in laws:
        book.setdefault(law.rules.document.jurisdiction, []).append(law)
    for found in book.values():
        found.sort(
            key=lambda law: (
                0 if law.published_at is None else law.published_at.timestamp(),
                law.rules.document.valid_from,
            )
        )
    return book

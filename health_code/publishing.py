"""Rules become law (规则发布): one person proposes a rule set, another one publishes it.

What is wrong with a rule set is said when it is proposed. Once published it is never changed and never taken
back; another one is published over it. Every process has it within a second.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from health_code.models import Person, RuleRelease
from health_code.ports import Audit, Clock
from health_code.refusals import RuleSetInvalid, RuleSetUnknown, SecondPersonNeeded
from health_code.rulebook import RuleBook
from health_code.rules.documents import RuleSetDocument, content_hash, version_order
from health_code.rules.instants import whole
from health_code.rules.linter import rule_set_issues
from health_code.store import RuleSetStore
from miniapp_schemas.base import Text
from miniapp_schemas.health_rules import RuleSetInfo, RuleSetState

_NEXT: Final = timedelta(milliseconds=1)
"""What MongoDB tells apart."""


class Publishing:
    """Proposes and publishes rule sets."""

    def __init__(self, *, rule_sets: RuleSetStore, book: RuleBook, audit: Audit, clock: Clock) -> None:
        self._rule_sets = rule_sets
        self._book = book
        self._audit = audit
        self._clock = clock

    async def propose(self, person: Person, document: RuleSetDocument) -> RuleSetInfo:
        """Propose ``document``, or say everything that is wrong with it; proposed again it is the same."""
        if issues := rule_set_issues(document):
            of = document.identifier
            raise RuleSetInvalid(
                count=len(issues),
                issues_zh="；".join(f"{each.rule or of} {each.zh}" for each in issues),
                issues_en="; ".join(f"{each.rule or of}: {each.message}" for each in issues),
            )
        _check_newest(document, await self._rule_sets.all(published=True))
        now = self._clock()
        release = RuleRelease(
            id=content_hash(document),
            document=document,
            proposed_by=person.id,
            proposed_at=now,
            approved_by=None,
            published_at=None,
        )
        if await self._rule_sets.propose(release):
            await self._record("rules.proposed", person, release, now)
        kept = await self._rule_sets.get(release.id)
        return _info(kept or release)

    async def publish(self, person: Person, release_id: str) -> RuleSetInfo:
        """Make a proposal law. Not by who proposed it; published already, it stays as it is."""
        release = await self._rule_sets.get(release_id)
        if release is None:
            raise RuleSetUnknown
        if release.published_at is None:
            if release.proposed_by == person.id:
                raise SecondPersonNeeded
            release = await self._make_law(person, release)
            await self._book.refresh()
        return _info(release)

    async def _make_law(self, person: Person, release: RuleRelease) -> RuleRelease:
        """Publish ``release`` behind all that is law. Whoever was faster may be of its name, and higher."""
        while True:
            laws = await self._rule_sets.all(published=True)
            _check_newest(release.document, laws)
            # Later than every other law, whoever's clock is behind: the one published last counts.
            others = [each.published_at + _NEXT for each in laws if each.published_at is not None]
            now = max([whole(self._clock()), *others])
            law = msgspec.structs.replace(release, approved_by=person.id, published_at=now)
            # Before it is law: a law nobody can account for must not be.
            await self._record("rules.published", person, law, now)
            free = await self._rule_sets.publish(law, place=len(laws) + 1)
            kept = await self._rule_sets.get(release.id) if free else None
            if kept is not None and (kept.approved_by, kept.published_at) == (person.id, now):
                return kept
            # Another one took the place or, with the same proposal in hand, was the one who published it.
            await self._record("rules.published", person, law, now, outcome="overtaken")
            if kept is not None:
                return kept

    async def listed(self, *, published: bool) -> list[RuleSetInfo]:
        """What is law, or what waits to become it; newest first."""
        releases = await self._rule_sets.all(published=published)
        return [_info(release) for release in reversed(releases)]

    async def document(self, release_id: str) -> RuleSetDocument:
        """A rule set whole, whether proposed, published or shipped."""
        release = await self._rule_sets.get(release_id)
        return self._book.by_hash(release_id).document if release is None else release.document

    async def _record(
        self, kind: str, person: Person, release: RuleRelease, now: datetime, *, outcome: str = "ok"
    ) -> None:
        await self._audit(
            kind,
            at=now,
            actor=person.id,
            subject=release.id,
            outcome=outcome,
            facts={
                "ruleSet": release.document.identifier,
                "version": release.document.version,
                "organisation": person.organisation,
                "proposedBy": release.proposed_by,
            },
        )


def _check_newest(document: RuleSetDocument, laws: Sequence[RuleRelease]) -> None:
    """Refuse what does not come after everything of its name that is law."""
    newer = [
        release
        for release in laws
        if release.document.identifier == document.identifier
        and version_order(release.document.version) >= version_order(document.version)
        and release.id != content_hash(document)
    ]
    if newer:
        latest = newer[-1].document.version
        raise RuleSetInvalid(
            count=1,
            issues_zh=f"{document.identifier} 的版本 {document.version} 不晚于已发布的 {latest}",
            issues_en=f"{document.identifier}: version {document.version} does not come after {latest}",
        )


def _info(release: RuleRelease) -> RuleSetInfo:
    document = release.document
    titles = {said.lang: said.desc for said in document.title}
    return RuleSetInfo(
        id=release.id,
        identifier=document.identifier,
        version=document.version,
        title=Text(zh=titles.get("zh", ""), en=titles.get("en", "")),
        jurisdiction=document.jurisdiction,
        valid_from=document.valid_from,
        valid_to=document.valid_to,
        rules=len(document.rules),
        state=RuleSetState.PROPOSED if release.published_at is None else RuleSetState.PUBLISHED,
        proposed_at=release.proposed_at,
        published_at=release.published_at,
    )

"""What an appeal is about, and what would correct it: a piece of evidence, or evidence that was missing.

A colour may rest on no piece of evidence (a rule about the person as a whole, a source that is silent). Then
its outcome is disputed, and what is wrong is some evidence that is known, or some that is not. What is added
or corrected for an appeal speaks for who filed it: nobody's code is made graver by way of an appeal.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from health_code.models import Appeal, Missing, StoredEvidence
from health_code.opening import read_all
from health_code.ports import PersonalData, TimedId
from health_code.refusals import CorrectionInvalid
from health_code.reporting import draft_of
from health_code.rules.appeals import check_missing
from health_code.rules.colour import RuleSet, judge
from health_code.rules.documents import SEVERITY
from health_code.rules.evidence import Evidence, Fact, Key, Kind, cleared_by_rules_alone, effective
from health_code.rules.instants import whole
from health_code.store import EvidenceStore
from miniapp_schemas.health_appeals import Disputed, ProposeCorrection

SOURCE: Final = "suishen:appeals"
"""No registered source can have this name: theirs have no colon."""
_SHOWN: Final = 100


class Wanted(NamedTuple):
    """What a reviewer wants: which evidence to correct or what to add, and the facts of either."""

    corrects: str | None
    missing: Missing | None
    facts: Mapping[str, Fact] | None


class Disputes:
    """Finds what appeals are about, and records what corrects it."""

    def __init__(
        self,
        *,
        evidence: EvidenceStore,
        personal: PersonalData,
        rules: Callable[[], RuleSet],
        timed_id: TimedId,
        jurisdiction: str,
    ) -> None:
        self._evidence = evidence
        self._rules = rules
        self._personal = personal
        self._timed_id = timed_id
        self._jurisdiction = jurisdiction

    async def wanted(self, appeal: Appeal, said: ProposeCorrection, *, now: datetime) -> Wanted:
        """What ``said`` would do, or ``CorrectionInvalid`` where it corrects nothing of what is disputed."""
        tagged = None if said.facts is None else msgspec.to_builtins(said.facts)
        kind = None if tagged is None else Kind(tagged.pop("kind"))
        facts = (
            None if tagged is None else {name: value for name, value in tagged.items() if value is not None}
        )
        if not appeal.of_outcome and (said.evidence is not None or said.occurred_at is not None):
            raise CorrectionInvalid(
                why_zh="只有针对判定结果的申诉才可指明其他证据或补充证据",
                why_en="only where an outcome is disputed is other evidence corrected, or some added",
            )
        if appeal.of_outcome and said.evidence is None:
            if kind is None or facts is None or said.occurred_at is None:
                raise CorrectionInvalid(
                    why_zh="须指明有误的证据，或所缺证据的内容与发生时间",
                    why_en="say which evidence is wrong, or what was missing and when that happened",
                )
            check_missing(kind, facts, occurred_at=said.occurred_at, now=now)
            missing = Missing(kind=kind, jurisdiction=self._jurisdiction, occurred_at=whole(said.occurred_at))
            return Wanted(None, missing, facts)
        if said.occurred_at is not None:
            raise CorrectionInvalid(
                why_zh="更正不改变发生时间", why_en="what is corrected happened when it happened"
            )
        corrects = said.evidence or appeal.disputed
        await self._check_correction(appeal, corrects, kind, facts or {}, now)
        return Wanted(corrects, None, facts)

    async def _check_correction(
        self, appeal: Appeal, corrects: str, kind: Kind | None, facts: Mapping[str, Fact], now: datetime
    ) -> None:
        found = await self._find(appeal.subject, corrects)
        if found is None and (kind is not None or appeal.of_outcome):
            raise CorrectionInvalid(why_zh="没有这条证据", why_en="there is no such evidence")
        if found is not None and kind is not None and (kind is not found.kind or kind is Kind.MANUAL):
            raise CorrectionInvalid(
                why_zh="更正后的证据须与原证据同类；人工录入的证据只能撤回",
                why_en="it must be of the same kind; what was entered by hand is only taken back",
            )
        if found is not None and kind is not None and cleared_by_rules_alone(kind, facts):
            known, _ = read_all([found], self._personal)
            if not any(cleared_by_rules_alone(each.kind, each.facts) for each in known):
                raise CorrectionInvalid(
                    why_zh="申诉不得将证据更正为风险证据",
                    why_en="an appeal corrects nothing into a risk",
                )
            if any(
                self._gravity(replace(each, facts=facts), now) > self._gravity(each, now) for each in known
            ):
                raise CorrectionInvalid(
                    why_zh="申诉不得将证据更正为更严重的风险证据；来源可自行更正",
                    why_en="an appeal corrects nothing into a graver risk; its source may",
                )

    def _gravity(self, evidence: Evidence, now: datetime) -> int:
        """How grave the colour is that follows from ``evidence`` alone, by the rules of now."""
        latest = max(now, evidence.recorded_at)
        return SEVERITY.get(judge([evidence], self._rules(), at=now, known_at=latest).colour, 0)

    async def record(self, appeal: Appeal, facts: Mapping[str, Fact] | None, *, now: datetime) -> str:
        """Record what was agreed on and return our id of it; empty where what it corrects was destroyed."""
        if appeal.missing is not None:
            missing = appeal.missing
            kind, place, occurred_at = missing.kind, missing.jurisdiction, missing.occurred_at
            expires_at, supersedes = None, None
        else:
            wrong = await self._find(appeal.subject, appeal.corrects or appeal.disputed)
            if wrong is None:
                return ""
            kind, place, occurred_at = wrong.kind, wrong.jurisdiction, wrong.occurred_at
            expires_at, supersedes = wrong.expires_at, (wrong.source, wrong.source_id)
        draft = draft_of(
            source=SOURCE,
            source_id=appeal.id,
            subject=appeal.subject,
            kind=kind,
            jurisdiction=place,
            occurred_at=occurred_at,
            expires_at=expires_at,
            supersedes=supersedes,
            void=facts is None,
            facts={} if facts is None else dict(facts),
            personal=self._personal,
            now=now,
            evidence_id=self._timed_id(now),
        )
        kept = await self._evidence.append(SOURCE, [draft])
        return kept[appeal.id].id

    async def about(self, appeal: Appeal) -> tuple[Disputed | None, Sequence[Disputed]]:
        """The disputed evidence; or, where an outcome is disputed, what counts now, the latest first."""
        stored = (await self._evidence.of([appeal.subject]))[appeal.subject]
        known, sealed = read_all(stored, self._personal)
        ids = {Key(each.source, each.source_id): each.id for each in stored}
        everything = [*known, *sealed]
        shown = {
            each.key: Disputed(
                evidence=ids[each.key],
                kind=each.kind.value,
                source=each.key.source,
                occurred_at=each.occurred_at,
                facts=dict(each.facts),
            )
            for each in everything
        }
        if not appeal.of_outcome:
            found = (each for each in shown.values() if each.evidence == appeal.disputed)
            return next(found, None), ()
        latest = max((each.recorded_at for each in everything), default=appeal.filed_at)
        counting = effective(everything, known_at=latest)
        return None, [shown[each.key] for each in reversed(counting)][:_SHOWN]

    async def _find(self, subject: str, evidence: str) -> StoredEvidence | None:
        known = await self._evidence.of([subject])
        return next((each for each in known[subject] if each.id == evidence), None)

"""Sources report evidence (健康信息申报).

This is one of the two ways in which anything about a person changes; the other is evidence that two people of
two organisations enter by hand. Neither of them names a colour.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Final, Literal

import msgspec

from health_code.models import Department, StoredEvidence, Traced
from health_code.ports import Audit, Clock, FindTraced, PersonalData, TimedId
from health_code.refusals import EvidenceConflict, EvidenceInvalid, EvidenceKindNotAllowed
from health_code.rules.divisions import check_division
from health_code.rules.evidence import OLDEST, Fact, Kind, cleared_by_rules_alone
from health_code.rules.instants import whole
from health_code.store import EvidenceStore, SourceStore
from miniapp_schemas.base import Text
from miniapp_schemas.health_code import (
    AreaStay,
    EvidenceOutcome,
    EvidenceReceipt,
    ForeignCertificate,
    ReportEvidence,
)
from miniapp_schemas.refusals import Refusal

Wake = Callable[[Sequence[str]], Awaitable[None]]

_AHEAD: Final = timedelta(minutes=5)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_pack: Final = msgspec.msgpack.Encoder(order="sorted").encode
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Reporting:
    """Takes evidence from registered sources."""

    def __init__(
        self,
        *,
        evidence: EvidenceStore,
        sources: SourceStore,
        personal: PersonalData,
        valid_number: Callable[[str], bool],
        find_traced: FindTraced,
        wake: Wake,
        audit: Audit,
        clock: Clock,
        timed_id: TimedId,
        jurisdiction: str,
    ) -> None:
        self._evidence = evidence
        self._sources = sources
        self._personal = personal
        self._valid_number = valid_number
        self._find_traced = find_traced
        self._wake = wake
        self._audit = audit
        self._clock = clock
        self._timed_id = timed_id
        self._province = jurisdiction[:2]

    async def report(self, source: Department, items: Sequence[ReportEvidence]) -> EvidenceReceipt:
        """Record each item that can be recorded. What is recorded is durable when this returns.

        Dying after the insert loses nothing: the evidence stays pending, and whoever looks next judges it.
        """
        now = self._clock()
        refusals: dict[int, Refusal] = {}
        drafts: dict[str, StoredEvidence] = {}
        for index, item in enumerate(items):
            try:
                traced = None
                if item.subject_ref is not None:
                    traced = await self._find_traced(source.id, item.subject_ref, now=now)
                draft = self._draft(source, item, traced, now)
                if drafts.setdefault(draft.source_id, draft).content != draft.content:
                    raise EvidenceConflict
            except Refusal as no:
                refusals[index] = no
        unfit = await self._unfit(source.id, drafts)
        for name in unfit:
            drafts.pop(name)
        kept = await self._evidence.append(source.id, list(drafts.values())) if drafts else {}
        await self._sources.heard(source.id, name=source.name, at=now)
        outcomes: list[EvidenceOutcome] = []
        new: dict[str, StoredEvidence] = {}
        for index, item in enumerate(items):
            said = drafts.get(item.source_id)
            if index not in refusals and item.source_id in unfit:
                refusals[index] = unfit[item.source_id]
            if index in refusals or said is None:
                outcomes.append(_refused(item, refusals.get(index, EvidenceConflict())))
                continue
            stored = kept[item.source_id]
            if stored.id == said.id and stored.id not in new:
                new[stored.id] = stored
                outcomes.append(_took(item, "RECORDED", stored.id))
            elif stored.content == said.content:
                outcomes.append(_took(item, "REPEATED", stored.id))
            else:
                outcomes.append(_refused(item, EvidenceConflict()))
        refused = sum(outcome.outcome == "REFUSED" for outcome in outcomes)
        await self._audit(
            "evidence.reported",
            at=now,
            actor=source.id,
            outcome="ok",
            facts={"recorded": str(len(new)), "refused": str(refused)},
        )
        if new:
            await self._wake(list(dict.fromkeys(each.subject for each in new.values())))
        return EvidenceReceipt(
            recorded=len(new),
            repeated=len(outcomes) - len(new) - refused,
            refused=refused,
            items=outcomes,
        )

    async def _unfit(self, source: str, drafts: Mapping[str, StoredEvidence]) -> Mapping[str, Refusal]:
        """Of ``drafts`` those that would correct another person's evidence, or each other in a ring.

        Nobody's colour would follow the first, and the others correct nothing: of a ring the report that
        would close it is refused. Where two processes each took one half, it is judged as what it is.
        """
        corrected = {name: each.supersedes[1] for name, each in drafts.items() if each.supersedes is not None}
        known = await self._evidence.known(source, [*corrected, *corrected.values()]) if corrected else {}
        there = {**drafts, **known}
        unfit: dict[str, Refusal] = {
            name: EvidenceInvalid(
                why_zh="所更正的是另一人的证据；请先撤回该证据，再为本人另行报送",
                why_en="it corrects another person's evidence: take that back, and report this anew",
            )
            for name, other in corrected.items()
            if other in there and there[other].subject != drafts[name].subject
        }
        new = [name for name in corrected if name not in known and name not in unfit]
        # A ring is of corrections alone, and most correct what corrects nothing.
        people = {drafts[name].subject for name in new if _corrects(there.get(corrected[name]))}
        kept = (await self._evidence.of(list(people))).values() if people else ()
        corrects = {each.source_id: _corrects(each) for each in chain(*kept) if each.source == source}
        for name in new:
            corrects[name] = corrected[name]
            if _comes_back(name, corrects):
                corrects[name] = None
                unfit[name] = EvidenceInvalid(
                    why_zh="它与所更正的证据将互相更正，成为一环",
                    why_en="it and what it corrects would correct each other, in a ring",
                )
        return unfit

    def _draft(
        self, source: Department, item: ReportEvidence, traced: Traced | None, now: datetime
    ) -> StoredEvidence:
        tagged = msgspec.to_builtins(item.facts)
        kind = Kind(tagged.pop("kind"))
        if kind not in source.kinds:
            raise EvidenceKindNotAllowed(evidence=kind.value)
        subject = self._subject(item, kind, traced)
        check_division(item.jurisdiction)
        if isinstance(item.facts, AreaStay | ForeignCertificate):
            check_division(item.facts.area)
        if item.occurred_at > now + _AHEAD:
            raise EvidenceInvalid(why_zh="发生时间在将来", why_en="it has not happened yet")
        if item.occurred_at < now - OLDEST:
            raise EvidenceInvalid(why_zh="发生时间过于久远", why_en="it is more than three years old")
        if item.expires_at is not None and item.expires_at <= item.occurred_at:
            raise EvidenceInvalid(why_zh="失效早于发生", why_en="it expires before it happens")
        if item.expires_at is not None and item.expires_at > _LAST:
            raise EvidenceInvalid(
                why_zh="失效时间超出历法", why_en="it expires when there is no calendar any more"
            )
        if item.expires_at is not None and cleared_by_rules_alone(kind, tagged):
            raise EvidenceInvalid(
                why_zh="阳性、接触、旅居、入境和隔离何时不再计入由规则判定，不设失效时间",
                why_en="until when a positive result, a contact, a stay, an entry or an isolation counts "
                "is for the rules to say: no `expiresAt`",
            )
        if item.void and item.supersedes is None:
            raise EvidenceInvalid(why_zh="撤回须指明所撤回的证据", why_en="`void` needs `supersedes`")
        if item.supersedes == item.source_id:
            raise EvidenceInvalid(why_zh="证据不能更正自身", why_en="it supersedes itself")
        if isinstance(item.facts, ForeignCertificate) and item.facts.area[:2] == self._province:
            raise EvidenceInvalid(why_zh="本省健康码不是外地证明", why_en="it is of no other province")
        facts: dict[str, Fact] = {name: value for name, value in tagged.items() if value is not None}
        return draft_of(
            source=source.id,
            source_id=item.source_id,
            subject=subject,
            kind=kind,
            jurisdiction=item.jurisdiction,
            occurred_at=item.occurred_at,
            expires_at=item.expires_at,
            supersedes=None if item.supersedes is None else (source.id, item.supersedes),
            void=item.void,
            facts=facts,
            personal=self._personal,
            now=now,
            evidence_id=self._timed_id(now),
        )

    def _subject(self, item: ReportEvidence, kind: Kind, traced: Traced | None) -> str:
        """Whose evidence it is: by their number, or as an exposure query named them."""
        if (item.id_number is None) is (item.subject_ref is None):
            raise EvidenceInvalid(
                why_zh="idNumber 与 subjectRef 须且只能填一项",
                why_en="it needs either `idNumber` or `subjectRef`",
            )
        if item.id_number is not None:
            if not self._valid_number(item.id_number):
                raise EvidenceInvalid(why_zh="身份号码有误", why_en="the ID number is wrong")
            return self._personal.hash(item.id_number)
        if traced is None or kind is not Kind.EXPOSED:
            raise EvidenceInvalid(
                why_zh="subjectRef 无效或已过期", why_en="`subjectRef` names nobody for this evidence"
            )
        if not traced.since <= item.occurred_at < traced.until:
            raise EvidenceInvalid(
                why_zh="发生时间不在流调查询范围内", why_en="it is outside the time that was asked about"
            )
        return traced.subject


def draft_of(
    *,
    source: str,
    source_id: str,
    subject: str,
    kind: Kind,
    jurisdiction: str,
    occurred_at: datetime,
    expires_at: datetime | None,
    supersedes: tuple[str, str] | None,
    void: bool,
    facts: dict[str, Fact],
    personal: PersonalData,
    now: datetime,
    evidence_id: str,
) -> StoredEvidence:
    """Evidence without a place in its chain yet.

    Instants are whole milliseconds of UTC, as the store gives them back: what is hashed is what is kept, and
    a repetition with another offset is a repetition.
    """
    occurred_at = whole(occurred_at)
    expires_at = None if expires_at is None else whole(expires_at)
    said = [subject, kind, jurisdiction, occurred_at, expires_at, supersedes, void, facts]
    return StoredEvidence(
        id=evidence_id,
        source=source,
        source_id=source_id,
        subject=subject,
        kind=kind,
        jurisdiction=jurisdiction,
        occurred_at=occurred_at,
        recorded_at=whole(now),
        expires_at=expires_at,
        supersedes=supersedes,
        void=void,
        sealed=personal.seal(_pack(facts), f"health:{source}:{source_id}".encode()),
        content=personal.pseudonym("evidence", _encode(said).decode()),
        sequence=0,
        previous="",
        hash="",
    )


def _corrects(evidence: StoredEvidence | None) -> str | None:
    """Which other evidence of its source it corrects, if any."""
    return None if evidence is None or evidence.supersedes is None else evidence.supersedes[1]


def _comes_back(name: str, corrects: Mapping[str, str | None]) -> bool:
    """Whether what ``name`` corrects, and what that corrects, leads to ``name`` again."""
    passed: set[str] = set()
    at = corrects[name]
    while at is not None and at != name and at not in passed:
        passed.add(at)
        at = corrects.get(at)
    return at == name


def _took(item: ReportEvidence, outcome: Literal["RECORDED", "REPEATED"], evidence: str) -> EvidenceOutcome:
    return EvidenceOutcome(source_id=item.source_id, outcome=outcome, evidence=evidence)


def _refused(item: ReportEvidence, refusal: Refusal) -> EvidenceOutcome:
    zh, en = refusal.detail
    return EvidenceOutcome(
        source_id=item.source_id, outcome="REFUSED", code=refusal.code, detail=Text(zh=zh, en=en)
    )

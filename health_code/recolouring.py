"""Judging people anew: on evidence, at the instant a colour turns by itself, and when the rules change.

What is decided in ``rules.colour`` is kept here, and nothing else ever is.

    evidence (pending)  →  judged  →  register (MongoDB)  →  change noted, holder told  →  snapshot (Redis)
                                                                                        →  evidence judged

Each step may be done again, and whoever dies between two leaves the evidence pending or the holder untold;
both are looked for every minute.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from health_code.models import Judged, Reason, Snapshot, State, StoredEvidence
from health_code.ports import Audit, Clock, People, PersonalData
from health_code.rulebook import RuleBook
from health_code.rules.colour import Finding, Judgement, RuleSet, judge_and_look_ahead
from health_code.rules.documents import Colour, Said
from health_code.rules.evidence import Evidence, Fact, Key
from health_code.store import EvidenceStore, SnapshotStore, SourceStore, StateStore

_unpack: Final = msgspec.msgpack.Decoder(dict[str, Fact]).decode
_LONG_AGO: Final = timedelta(seconds=5)
_AT_ONCE: Final = 200
_ONWARDS: Final = timedelta(minutes=10)

Announce = Callable[[str], Awaitable[None]]


class _Law(NamedTuple):
    rules: RuleSet
    silent: Sequence[str]
    now: datetime


class Recolouring:
    """Judges people and keeps what came of it."""

    def __init__(
        self,
        *,
        evidence: EvidenceStore,
        sources: SourceStore,
        states: StateStore,
        snapshots: SnapshotStore,
        book: RuleBook,
        people: People,
        personal: PersonalData,
        announce: Announce,
        audit: Audit,
        clock: Clock,
        jurisdiction: str,
    ) -> None:
        self._evidence = evidence
        self._sources = sources
        self._states = states
        self._snapshots = snapshots
        self._book = book
        self._people = people
        self._personal = personal
        self._announce = announce
        self._audit = audit
        self._clock = clock
        self._jurisdiction = jurisdiction

    async def judge(self, subjects: Sequence[str]) -> None:
        """Judge each of ``subjects`` from all there is, now, and keep what came of it."""
        subjects = list(dict.fromkeys(subjects))
        for start in range(0, len(subjects), _AT_ONCE):
            await self._some(subjects[start : start + _AT_ONCE])

    async def once(self, subject: str) -> Snapshot:
        """Judge ``subject`` and return the snapshot, whoever may have been faster in keeping one."""
        found = await self._some([subject])
        return found[subject]

    async def catch_up(self, *, limit: int = 2_000) -> int:
        """Judge whom a dead process left behind, and whose colour turns about now; how many there were."""
        now = self._clock()
        left = await self._evidence.forgotten(before=now - _LONG_AGO, limit=limit)
        due = await self._states.due(at=now, limit=limit)
        subjects = list(dict.fromkeys([*left, *due]))
        await self.judge(subjects)
        return len(subjects)

    async def apply_rules(self) -> int:
        """Judge everybody whom another rule set than that in force judged last; how many there were."""
        now = self._clock()
        rules = self._book.in_force(self._jurisdiction, at=now, known_at=now)
        count, last = 0, ""
        while subjects := await self._states.judged_by_others(rules.hash, after=last, limit=_AT_ONCE):
            await self._some(subjects)
            count, last = count + len(subjects), subjects[-1]
        return count

    async def _some(self, subjects: Sequence[str]) -> Mapping[str, Snapshot]:
        # The clock before the evidence: what is recorded meanwhile is pending, and judged after this.
        now = self._clock()
        rules = self._book.in_force(self._jurisdiction, at=now, known_at=now)
        silent = await self._silent(rules, now)
        befores = await self._states.of(subjects)
        evidence = await self._evidence.of(subjects)
        snapshots = {}
        for subject in subjects:
            before, stored = befores.get(subject), evidence[subject]
            state = self._judged(subject, before, stored, law=_Law(rules, silent, now))
            snapshots[subject] = await self._keep(state, stored)
        await self._evidence.judged(
            [each.id for stored in evidence.values() for each in stored if each.pending]
        )
        return snapshots

    def _judged(
        self,
        subject: str,
        before: State | None,
        stored: Sequence[StoredEvidence],
        *,
        law: "_Law",
    ) -> State:
        rules, silent, now = law
        known = [self.opened(each) for each in stored]
        latest = max((each.recorded_at for each in known), default=now)
        # Another process's clock may be a little ahead; what is recorded is known.
        known_at = max(now, latest)
        judgement, turns = judge_and_look_ahead(known, rules, at=now, known_at=known_at, silent=silent)
        kept = before is not None and before.colour is judgement.colour
        return State(
            id=subject,
            jurisdiction=rules.document.jurisdiction,
            colour=judgement.colour,
            since=before.since if before is not None and kept else now,
            judged_at=now,
            seen=len(stored),
            rule_set=rules.hash,
            rule_set_version=rules.document.version,
            reasons=reasons_of(judgement, {Key(each.source, each.source_id): each for each in stored}),
            failures=tuple(dict.fromkeys(each.rule.identifier for each in judgement.failures)),
            silent=judgement.silent,
            # What could not be known is looked at again soon; where nothing turns, within the day.
            next_change_at=now + _ONWARDS if judgement.colour is Colour.GREY else turns,
            told=None if before is None else before.told,
            district=rules.document.jurisdiction,
        )

    async def _keep(self, state: State, stored: Sequence[StoredEvidence]) -> Snapshot:
        name = await self._people.masked_name(state.id)
        snapshot = Snapshot(
            colour=state.colour,
            since=state.since,
            judged_at=state.judged_at,
            seen=state.seen,
            rule_set=state.rule_set,
            rule_set_version=state.rule_set_version,
            reasons=state.reasons,
            failures=state.failures,
            silent=state.silent,
            next_change_at=state.next_change_at,
            handle=self._handle(state.id, state.judged_at),
            name_masked=name or "",
        )
        if not await self._states.put(state):
            return snapshot
        if state.told is not state.colour:
            # Not "before is another": who died after keeping the state left this to be done.
            await self._note(state, stored)
            if name is not None and (state.told is not None or state.colour is not Colour.GREEN):
                await self._people.tell(state.id, state.colour, state.reasons, at=state.since)
            await self._states.told(state.id, state.colour)
        await self._snapshots.put(state.id, snapshot)
        await self._announce(state.id)
        return snapshot

    async def _note(self, state: State, stored: Sequence[StoredEvidence]) -> None:
        first = next(iter(state.reasons), None)
        await self._states.note(
            Judged(
                # One id for one change, however often it is noted.
                id=f"{state.id}:{state.since.isoformat()}",
                subject=state.id,
                at=state.judged_at,
                known_at=state.judged_at,
                colour=state.colour,
                before=state.told,
                rule_set=state.rule_set,
                decisive=None if first is None else first.rule,
                evidence=tuple(each.id for each in stored),
            )
        )
        await self._audit(
            "health.colour",
            at=state.judged_at,
            actor="rules",
            subject=state.id,
            outcome=state.colour.value,
            facts={
                "before": "" if state.told is None else state.told.value,
                "ruleSet": state.rule_set,
                "rule": "" if first is None else first.rule,
            },
        )

    def _handle(self, subject: str, at: datetime) -> bytes:
        # The same for a day, so that judging anew does not end a code being shown.
        text = self._personal.pseudonym("health-handle", f"{subject}:{at:%Y-%m-%d}")
        return text.encode()[:16]

    def opened(self, stored: StoredEvidence) -> Evidence:
        """A piece of evidence as rules see it."""
        context = f"health:{stored.source}:{stored.source_id}".encode()
        facts = _unpack(self._personal.open(stored.sealed, context))
        return Evidence(
            key=Key(stored.source, stored.source_id),
            kind=stored.kind,
            jurisdiction=stored.jurisdiction,
            occurred_at=stored.occurred_at,
            recorded_at=stored.recorded_at,
            expires_at=stored.expires_at,
            supersedes=None if stored.supersedes is None else Key(*stored.supersedes),
            void=stored.void,
            facts=facts,
        )

    async def _silent(self, rules: RuleSet, now: datetime) -> Sequence[str]:
        needed = rules.document.silent_after_hours
        if not needed:
            return ()
        heard = await self._sources.all()
        return [
            source
            for source, hours in needed.items()
            if source not in heard or now - heard[source] > timedelta(hours=hours)
        ]


def reasons_of(judgement: Judgement, stored: Mapping[Key, StoredEvidence]) -> tuple[Reason, ...]:
    """Why the colour is what it is, in words, the decisive reason first."""
    return tuple(
        _reason(finding, None if finding.evidence is None else stored[finding.evidence])
        for finding in judgement.findings
    )


def _reason(finding: Finding, evidence: StoredEvidence | None) -> Reason:
    rule = finding.rule
    return Reason(
        rule=rule.identifier,
        version=rule.version,
        colour=rule.colour,
        zh=said(rule.description, "zh"),
        en=said(rule.description, "en"),
        clear_zh=said(rule.clear_text, "zh"),
        clear_en=said(rule.clear_text, "en"),
        source=rule.source,
        kind=None if evidence is None else evidence.kind,
        evidence=None if evidence is None else evidence.id,
        occurred_at=finding.occurred_at,
        until=finding.until,
    )


def said(sentences: Sequence[Said], language: str) -> str:
    """The sentence in ``language``; empty where it is not said in it."""
    return next((each.desc for each in sentences if each.lang == language), "")

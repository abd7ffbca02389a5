"""Judging people anew: on evidence, at the instant a colour turns by itself, and when the rules change.

What is decided in ``rules.colour`` is kept here, and nothing else ever is.

    evidence (pending)  →  judged  →  register (MongoDB)  →  snapshot (Redis)  →  open pages hear of it
                                         └ the change, unsaid  →  noted, holder told  →  said
                                                                →  evidence no longer pending

A judgement takes the place of the one it was made after, or of none: who was overtaken judges again. So it
knows all that the one before knew, whoever's clock is ahead. Each step may be done again, and whoever dies
between two leaves the evidence pending or the change unsaid; both are looked for all the time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from health_code import opening
from health_code.models import RETIRED, Elsewhere, Judged, Reason, Snapshot, State, StoredEvidence
from health_code.ports import Audit, Clock, People, PersonalData
from health_code.rulebook import RuleBook
from health_code.rules.colour import Ahead, Finding, Judgement, RuleSet
from health_code.rules.documents import Colour, Said
from health_code.rules.evidence import Evidence, Key, Kind
from health_code.rules.instants import whole
from health_code.rules.recognition import as_of, elsewhere
from health_code.silence import silent_of
from health_code.store import EndingStore, EvidenceStore, SnapshotStore, SourceStore, StateStore
from health_code.weighing import weigh

_log: Final = logging.getLogger(__name__)
_LONG_AGO: Final = timedelta(seconds=5)
_AT_ONCE: Final = 200
_ONWARDS: Final = timedelta(minutes=10)
_TRIES: Final = 10

Announce = Callable[[str], Awaitable[None]]


class Overtaken(ConnectionError):
    """Others judged the same people faster, again and again; the evidence stays pending."""


class _Law(NamedTuple):
    rules: RuleSet
    ahead: Sequence[Ahead]
    published: int
    silent: Sequence[str]
    gone: bool
    now: datetime


class Recolouring:
    """Judges people and keeps what came of it."""

    def __init__(
        self,
        *,
        evidence: EvidenceStore,
        ended: EndingStore,
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
        self._ended = ended
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
        self._looked_up: tuple[int, int] | None = None
        self._ended_at: datetime | None = None
        self._rules_now: RuleSet

    async def judge(self, subjects: Sequence[str]) -> None:
        """Judge each of ``subjects`` from all there is, now, and keep what came of it."""
        subjects = list(dict.fromkeys(subjects))
        for start in range(0, len(subjects), _AT_ONCE):
            await self._some(subjects[start : start + _AT_ONCE])

    async def several(self, subjects: Sequence[str]) -> Mapping[str, Snapshot]:
        """Judge ``subjects``, of whom there are few, and return their snapshots."""
        return await self._some(list(dict.fromkeys(subjects)))

    async def once(self, subject: str) -> Snapshot:
        """Judge ``subject`` and return the snapshot."""
        found = await self._some([subject])
        return found[subject]

    async def catch_up(self, *, limit: int = 2_000) -> int:
        """Judge whom a dead process left behind, and whose colour turns about now; how many there were."""
        now = self._clock()
        left = await self._evidence.forgotten(before=now - _LONG_AGO, limit=limit)
        due = await self._states.due(at=now, limit=limit)
        unsaid = await self._states.unsaid(limit=limit)
        subjects = list(dict.fromkeys([*left, *due, *unsaid]))
        await self.judge(subjects)
        return len(subjects)

    async def apply_rules(self, *, told: Callable[[int], Awaitable[bool]] | None = None) -> int:
        """Judge everybody whom another rule set than that in force judged last; how many there were.

        By id within each rule set, so that a city of millions is walked once. After each part ``told`` hears
        how many there were so far, and says whether to go on. Should yet other rules come into force
        meanwhile, those count for whoever is left; the next time finds the others.
        """
        count = 0
        for other in await self._states.rule_sets():
            last = ""
            while other != self.in_force().hash:
                subjects = await self._states.judged_by(other, after=last, limit=_AT_ONCE)
                if not subjects:
                    break
                await self._some(subjects)
                count, last = count + len(subjects), subjects[-1]
                if told is not None and not await told(count):
                    return count
        return count

    def in_force(self) -> RuleSet:
        """The rules that are law here now; looked up once a second, for every shown code asks."""
        now = self._clock()
        wanted = (self._book.generation, int(now.timestamp()))
        if wanted != self._looked_up:
            self._rules_now = self._book.in_force(self._jurisdiction, at=now, known_at=now)
            self._looked_up = wanted
        return self._rules_now

    def outdated(self, snapshot: Snapshot) -> bool:
        """Whether it was judged by other rules than are law now, or before others were published.

        Or before evidence was destroyed, by whoever was slow to show it.
        """
        if snapshot.laws < self._book.published or snapshot.rule_set != self.in_force().hash:
            return True
        ended = self._ended_at
        return ended is not None and snapshot.judged_at <= ended and RETIRED not in snapshot.failures

    async def _some(self, subjects: Sequence[str]) -> Mapping[str, Snapshot]:
        for _ in range(_TRIES):
            now = whole(self._clock())
            # The register before the evidence: whoever is not overtaken has seen all that the one before saw.
            befores = await self._states.of(subjects)
            evidence = await self._evidence.of(subjects)
            rules = await self._rules(befores.values(), now)
            ahead = self._book.ahead(self._jurisdiction, after=now)
            # The evidence before this: who saw but a part of it sees that the rest was destroyed.
            gone = await self._gone(rules)
            law = _Law(rules, ahead, self._book.published, await self._silent(rules, now), gone, now)
            states = []
            for subject in subjects:
                try:
                    states.append(self._judged(subject, befores.get(subject), evidence[subject], law=law))
                except Exception:  # one person whose judgement breaks must not keep the others from theirs
                    if len(subjects) == 1:
                        raise
                    _log.exception("not judged, and left pending")
            if not states or await self._states.put(states):
                return await self._show(states, evidence)
        raise Overtaken

    async def _rules(self, befores: Iterable[State], now: datetime) -> RuleSet:
        # Another process may have heard of a release before this one did: whom it judged by it must not be
        # judged by the rules before it.
        known = self._book.published
        if not all(self._book.knows(before.rule_set) and before.laws <= known for before in befores):
            await self._book.refresh()
        return self._book.in_force(self._jurisdiction, at=now, known_at=now)

    async def _gone(self, rules: RuleSet) -> bool:
        """Whether evidence was destroyed, and nobody made rules since to judge by what comes after."""
        ended = self._ended_at = await self._ended.latest()
        return ended is not None and not self._book.published_since(rules.hash, ended)

    def _judged(
        self,
        subject: str,
        before: State | None,
        stored: Sequence[StoredEvidence],
        *,
        law: "_Law",
    ) -> State:
        rules, ahead, published, silent, gone, now = law
        weighed = weigh(
            stored,
            rules,
            personal=self._personal,
            at=now,
            known_at=now,
            silent=silent,
            ahead=ahead,
            gone=gone,
        )
        judgement, colour = weighed.judgement, weighed.colour
        reasons = reasons_of(judgement, stored)
        if weighed.broken and before is not None and before.colour is Colour.RED:
            colour, reasons = before.colour, before.reasons
        kept = before is not None and before.colour is colour
        state = State(
            id=subject,
            revision=1 if before is None else before.revision + 1,
            jurisdiction=rules.document.jurisdiction,
            colour=colour,
            since=before.since if before is not None and kept else now,
            judged_at=now,
            seen=len(stored),
            rule_set=rules.hash,
            rule_set_version=rules.document.version,
            reasons=reasons,
            failures=weighed.failures,
            silent=judgement.silent,
            # What could not be known is looked at again soon; what was destroyed does not come back.
            next_change_at=(
                now + _ONWARDS if weighed.broken or (colour is Colour.GREY and not gone) else weighed.turns
            ),
            unsaid=() if before is None else before.unsaid,
            elsewhere=said_elsewhere(weighed.known, stored, at=now, known_at=weighed.known_at),
            laws=published,
        )
        if kept:
            return state
        first = next(iter(state.reasons), None)
        change = Judged(
            id=f"{subject}:{now.isoformat()}",
            subject=subject,
            at=now,
            known_at=weighed.known_at,
            colour=colour,
            before=None if before is None else before.colour,
            rule_set=rules.hash,
            decisive=None if first is None else first.rule,
            evidence=tuple(each.id for each in stored),
            silent=tuple(silent),
        )
        return msgspec.structs.replace(state, unsaid=(*state.unsaid, change))

    async def _show(
        self, states: Sequence[State], evidence: Mapping[str, Sequence[StoredEvidence]]
    ) -> Mapping[str, Snapshot]:
        """Everything that follows from states that are kept; done again, it is the same."""
        names = await asyncio.gather(*(self._people.masked_name(state.id) for state in states))
        snapshots = {
            state.id: self._snapshot(state, name or "") for state, name in zip(states, names, strict=True)
        }
        await asyncio.gather(*(self._snapshots.put(subject, each) for subject, each in snapshots.items()))
        await asyncio.gather(*map(self._announce, snapshots))
        unsaid = [change for state in states for change in state.unsaid]
        known = {state.id for state, name in zip(states, names, strict=True) if name is not None}
        reasons = {state.id: state.reasons for state in states}
        # That health codes end is for the city to tell.
        over = {state.id for state in states if state.colour is Colour.GREY and RETIRED in state.failures}
        await self._states.note(unsaid)
        await asyncio.gather(*map(self._audited, unsaid))
        await asyncio.gather(
            *(
                self._people.tell(change.subject, change.colour, reasons[change.subject], at=change.at)
                for change in unsaid
                # Nobody is told that they are green who never was anything else.
                if change.subject in known - over
                and (change.before is not None or change.colour is not Colour.GREEN)
            )
        )
        await self._states.said(unsaid)
        judged = [each.id for state in states for each in evidence[state.id] if each.pending]
        await self._evidence.judged(judged)
        return snapshots

    def _snapshot(self, state: State, name: str) -> Snapshot:
        return Snapshot(
            revision=state.revision,
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
            handle=self.handle(state.id, state.judged_at),
            name_masked=name,
            elsewhere=state.elsewhere,
            laws=state.laws,
        )

    async def _audited(self, change: Judged) -> None:
        await self._audit(
            "health.colour",
            at=change.at,
            actor="rules",
            subject=change.subject,
            outcome=change.colour.value,
            facts={
                "before": "" if change.before is None else change.before.value,
                "ruleSet": change.rule_set,
                "rule": change.decisive or "",
            },
        )

    def handle(self, subject: str, at: datetime) -> bytes:
        """What names ``subject`` in codes: the same for a day, so that judging anew ends no shown code."""
        text = self._personal.pseudonym("health-handle", f"{subject}:{at:%Y-%m-%d}")
        return text.encode()[:16]

    def opened(self, stored: StoredEvidence) -> Evidence:
        """A piece of evidence as rules see it."""
        return opening.opened(stored, self._personal)

    async def _silent(self, rules: RuleSet, now: datetime) -> Sequence[str]:
        needed = rules.document.silent_after_hours
        return silent_of(rules, await self._sources.all(), now) if needed else ()


def reasons_of(judgement: Judgement, stored: Sequence[StoredEvidence]) -> tuple[Reason, ...]:
    """Why the colour is what it is, in words, the decisive reason first."""
    by_key = {Key(each.source, each.source_id): each for each in stored}
    return tuple(
        _reason(finding, None if finding.evidence is None else by_key[finding.evidence])
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


def said_elsewhere(
    known: Sequence[Evidence], stored: Sequence[StoredEvidence], *, at: datetime, known_at: datetime
) -> tuple[Elsewhere, ...]:
    """What other places say, for whoever's code it is to read."""
    if not any(each.kind is Kind.FOREIGN_CERT for each in known):
        return ()
    ids = {Key(each.source, each.source_id): each.id for each in stored}
    return tuple(
        Elsewhere(
            evidence=ids[each.key],
            source=each.key.source,
            certificate=str(each.facts["certificate"]),
            issuer=str(each.facts["issuer"]),
            area=_text(each, "area") or _text(each, "country"),
            shown=_text(each, "shown"),
            outcome=_text(each, "outcome"),
            as_of=as_of(each),
            expires_at=each.expires_at,
        )
        for each in elsewhere(known, at=at, known_at=known_at)
    )


def _text(evidence: Evidence, fact: str) -> str | None:
    value = evidence.facts.get(fact)
    return value if isinstance(value, str) else None


def said(sentences: Sequence[Said], language: str) -> str:
    """The sentence in ``language``; empty where it is not said in it."""
    return next((each.desc for each in sentences if each.lang == language), "")

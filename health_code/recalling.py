"""Past answers, made again (历史判码复现): from the evidence known then, by the rules that were law then.

    the change kept last before an instant  →  what was answered
    evidence recorded by then, rules published by then  →  the same, made again

Between two changes nothing is kept but evidence and rules, and need not be: the colour is a function of them.
Where the two differ, evidence was recorded and not judged yet, or somebody asks with later knowledge; or what
was kept does not follow from what it says it was made of, which ``reproduced`` tells apart.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from health_code.models import Judged, Reason, StoredEvidence
from health_code.ports import Audit, Clock, PersonalData
from health_code.recolouring import reasons_of
from health_code.refusals import RuleSetUnknown
from health_code.rulebook import RuleBook
from health_code.rules.colour import RuleSet
from health_code.rules.documents import Colour
from health_code.store import EndingStore, EvidenceStore, StateStore
from health_code.weighing import Weighed, weigh


class Recalled(NamedTuple):
    """An answer made again, and what is kept of the one that was given.

    ``evidence`` is what was known, ``missing`` what the answer given rested on and is gone. ``reproduced`` is
    whether the change that is kept follows from the evidence and the rules it names; None where these are
    not there any more.
    """

    at: datetime
    known_at: datetime
    rules: RuleSet
    colour: Colour
    reasons: tuple[Reason, ...]
    failures: tuple[str, ...]
    silent: tuple[str, ...]
    evidence: Sequence[StoredEvidence]
    answered: Judged | None
    missing: tuple[str, ...]
    reproduced: bool | None

    @property
    def same(self) -> bool | None:
        """Whether the colour is the one that was answered; None where nothing is kept of that."""
        return None if self.answered is None else self.answered.colour is self.colour


class Recalling:
    """Makes past answers again, for whoever accounts for them; each time the audit trail says who asked."""

    def __init__(
        self,
        *,
        evidence: EvidenceStore,
        ended: EndingStore,
        states: StateStore,
        book: RuleBook,
        personal: PersonalData,
        audit: Audit,
        clock: Clock,
        jurisdiction: str,
    ) -> None:
        self._evidence = evidence
        self._ended = ended
        self._states = states
        self._book = book
        self._personal = personal
        self._audit = audit
        self._clock = clock
        self._jurisdiction = jurisdiction

    async def recall(
        self,
        subject: str,
        *,
        at: datetime,
        known_at: datetime | None = None,
        jurisdiction: str | None = None,
        operator: str,
        case: str,
    ) -> Recalled | None:
        """The colour of ``subject`` ``at`` an instant, as known then or at ``known_at``; None if nothing was.

        Evidence of the answer given that is gone makes grey what is not red without it: nobody knows what it
        said.
        """
        # Before it is told: what nobody can account for must not be.
        await self._audit(
            "health.recalled",
            at=self._clock(),
            actor=operator,
            subject=subject,
            outcome="asked",
            facts={
                "case": case,
                "at": at.isoformat(),
                "knownAt": "" if known_at is None else known_at.isoformat(),
                "jurisdiction": jurisdiction or "",
            },
        )
        answered = await self._states.change_at(subject, at)
        stored = (await self._evidence.of([subject]))[subject]
        # A clock that was ahead may have recorded what was known to the answer given.
        known_at = known_at or max(at, at if answered is None else answered.known_at)
        given = answered is not None and answered.known_at <= known_at
        counted = frozenset(answered.evidence) if answered is not None and given else frozenset[str]()
        then = [each for each in stored if each.recorded_at <= known_at or each.id in counted]
        if answered is None and not then:
            return None
        rules = self._book.in_force(jurisdiction or self._jurisdiction, at=at, known_at=known_at)
        silent = () if answered is None else answered.silent
        missing = () if answered is None else _missing(answered, stored)
        ended = await self._ended.latest()
        weighed = weigh(
            then,
            rules,
            personal=self._personal,
            at=at,
            known_at=known_at,
            silent=silent,
            gone=bool(missing) or self._gone(rules, ended, at),
        )
        return Recalled(
            at=at,
            known_at=known_at,
            rules=rules,
            colour=weighed.colour,
            reasons=reasons_of(weighed.judgement, then),
            failures=weighed.failures,
            silent=weighed.judgement.silent,
            evidence=then,
            answered=answered,
            missing=missing,
            reproduced=None if answered is None or missing else self._reproduced(answered, stored, ended),
        )

    def again(
        self, change: Judged, stored: Sequence[StoredEvidence], ended: datetime | None = None
    ) -> Weighed:
        """The judgement behind a past ``change``, from its evidence in ``stored`` and by its rules.

        ``ended`` is when evidence of before was destroyed.
        """
        known = frozenset(change.evidence)
        rules = self._book.by_hash(change.rule_set)
        return weigh(
            [each for each in stored if each.id in known],
            rules,
            personal=self._personal,
            at=change.at,
            known_at=change.known_at,
            silent=change.silent,
            gone=self._gone(rules, ended, change.at),
        )

    def _gone(self, rules: RuleSet, ended: datetime | None, at: datetime) -> bool:
        return ended is not None and ended <= at and not self._book.published_since(rules.hash, ended)

    def _reproduced(
        self, change: Judged, stored: Sequence[StoredEvidence], ended: datetime | None
    ) -> bool | None:
        try:
            weighed = self.again(change, stored, ended)
        except RuleSetUnknown:
            return None
        decisive = next((each.rule.identifier for each in weighed.judgement.findings), None)
        return (weighed.colour, decisive) == (change.colour, change.decisive)


def _missing(change: Judged, stored: Sequence[StoredEvidence]) -> tuple[str, ...]:
    there = {each.id for each in stored}
    return tuple(each for each in change.evidence if each not in there)

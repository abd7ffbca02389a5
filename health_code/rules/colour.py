"""The colour: a function of evidence, rule set, instant and jurisdiction. All that decides one is here.

    rule holds      some evidence, not later than the instant, makes the rule's Logic true; its ttl has not
                    run out; and ClearWhen is not true of what came after
    colour          that of the gravest rule that holds; GREEN where none does
    GREY            a rule graver than that could not be evaluated, or a source green depends on is silent

So missing data and errors end in GREY, never in a false green and never in a false red; and what is red stays
red until its rule is cleared or its term ends. Evidence that has expired makes no rule hold.

Data a rule sees, for a rule of scope EVENT:

    payload.event   kind, source, jurisdiction, daysSince, hoursSince, and the kind's facts
    payload.after   what came after it: negatives, negativesSpaced (24 hours apart), negativeDays and
                    homeNegativeDays (days since the event, or since monitoring began), samplings,
                    samplingDays, positives, released, daysSinceReleased, latest (the last outcome)
    payload.person  the same summary of everything, with daysSinceNegative, daysSinceSampled, vaccinated
    external        now, today, jurisdiction

Days are calendar days of the jurisdiction's zone: yesterday 23:59 is one day ago at 00:00.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from health_code.rules.certlogic import Evaluate, EvaluationFailed, compile_expression, is_falsy, is_truthy
from health_code.rules.documents import (
    SEVERITY,
    Colour,
    RuleDocument,
    RuleSetDocument,
    Scope,
    Ttl,
    content_hash,
)
from health_code.rules.evidence import Evidence, Key, Kind, effective

_HORIZON: Final = timedelta(days=40)
_APART: Final = timedelta(hours=24)


class CompiledRule:
    """A rule ready to be asked, in every language it speaks."""

    def __init__(self, document: RuleDocument) -> None:
        self.document = document
        self.severity = SEVERITY[document.colour]
        self.logic: Evaluate = compile_expression(document.logic)
        self.clears: Evaluate | None = (
            None if document.clear_when is None else compile_expression(document.clear_when)
        )
        self.hours = _integers(document.logic, document.clear_when)

    def in_force(self, at: datetime) -> bool:
        """Whether this is law ``at`` an instant."""
        return self.document.valid_from <= at < self.document.valid_to


class RuleSet:
    """A rule set ready to be asked. Immutable: another version is another object."""

    def __init__(self, document: RuleSetDocument) -> None:
        self.document = document
        self.hash = content_hash(document)
        self.zone = ZoneInfo(document.zone)
        rules = sorted(
            (CompiledRule(rule) for rule in document.rules),
            key=lambda rule: (-rule.severity, -rule.document.priority, rule.document.identifier),
        )
        self.of_person = tuple(rule for rule in rules if rule.document.scope is Scope.PERSON)
        self.of_kind: Mapping[Kind, tuple[CompiledRule, ...]] = {
            kind: tuple(
                rule for rule in rules if rule.document.scope is Scope.EVENT and kind in rule.document.kinds
            )
            for kind in Kind
        }


class Finding(Struct, frozen=True, kw_only=True):
    """A rule that holds, and the evidence that makes it; ``until`` is when its term ends by itself."""

    rule: RuleDocument
    evidence: Key | None
    occurred_at: datetime | None
    until: datetime | None


class Failure(Struct, frozen=True, kw_only=True):
    """A rule that could not be evaluated."""

    rule: RuleDocument
    evidence: Key | None


class Judgement(Struct, frozen=True, kw_only=True):
    """A colour with its reasons. ``findings`` hold every rule that holds, the decisive one first."""

    colour: Colour
    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...] = ()
    silent: tuple[str, ...] = ()


def judge(
    evidence: Iterable[Evidence],
    rules: RuleSet,
    *,
    at: datetime,
    known_at: datetime,
    silent: Sequence[str] = (),
) -> Judgement:
    """The colour ``at`` an instant, from what was known at ``known_at``, under ``rules``.

    ``silent`` names sources not heard of for longer than the rule set allows.
    """
    return _judge(effective(evidence, known_at=known_at), rules, at, silent)


def next_change(
    evidence: Iterable[Evidence], rules: RuleSet, *, at: datetime, known_at: datetime
) -> datetime | None:
    """The first instant after ``at`` at which the colour or its decisive rule changes by itself.

    None where nothing changes within forty days. A rule depends on time by calendar days, by whole hours
    since its evidence, and by terms; so it is asked again at each of these, and nowhere else.
    """
    known = effective(evidence, known_at=known_at)
    now = _decision(_judge(known, rules, at, ()))
    for instant in _instants(known, rules, at):
        if _decision(_judge(known, rules, instant, ())) != now:
            return instant
    return None


def _decision(judgement: Judgement) -> tuple[Colour, str | None]:
    first = next(iter(judgement.findings), None)
    return judgement.colour, None if first is None else first.rule.identifier


def _judge(known: Sequence[Evidence], rules: RuleSet, at: datetime, silent: Sequence[str]) -> Judgement:
    view = _View(known, rules, at)
    findings: list[tuple[tuple[int, int], Finding]] = []
    failures: list[tuple[int, Failure]] = []
    for rule, index in view.questions():
        each = None if index is None else view.known[index]
        key = None if each is None else each.key
        try:
            if not _true(rule.logic(view.data(index))):
                continue
            until = None if each is None else _end(each, rule.document.ttl, rules.zone)
            if until is not None and at >= until:
                continue
            if rule.clears is not None and _true(rule.clears(view.data(index))):
                continue
        except EvaluationFailed:
            failures.append((rule.severity, Failure(rule=rule.document, evidence=key)))
            continue
        findings.append(
            (
                (-rule.severity, -rule.document.priority),
                Finding(
                    rule=rule.document,
                    evidence=key,
                    occurred_at=None if each is None else each.occurred_at,
                    until=until,
                ),
            )
        )
    findings.sort(key=lambda found: (found[0], -(found[1].occurred_at or at).timestamp()))
    gravest = -findings[0][0][0] if findings else 0
    colour = findings[0][1].rule.colour if findings else Colour.GREEN
    unknown = tuple(failure for severity, failure in failures if severity > gravest)
    missing = tuple(sorted(silent)) if gravest == 0 else ()
    return Judgement(
        colour=Colour.GREY if unknown or missing else colour,
        findings=tuple(finding for _, finding in findings),
        failures=unknown,
        silent=missing,
    )


def _true(value: object) -> bool:
    # Neither true nor false is a fault of the rule, and must not pass for a no.
    if value is True:
        return True
    if is_truthy(value) or is_falsy(value):
        return bool(value)
    raise EvaluationFailed("a rule must be true or false")


def _end(evidence: Evidence, ttl: Ttl | None, zone: ZoneInfo) -> datetime | None:
    if ttl is None:
        return None
    if ttl.unit == "hour":
        return evidence.occurred_at + timedelta(hours=ttl.amount)
    day = evidence.occurred_at.astimezone(zone).date() + timedelta(days=ttl.amount + 1)
    return _midnight(day, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


# --- when to look again ----------------------------------------------------------------------------------


def _instants(known: Sequence[Evidence], rules: RuleSet, at: datetime) -> list[datetime]:
    last = at + _HORIZON
    today = at.astimezone(rules.zone).date()
    instants = {_midnight(today + timedelta(days=day), rules.zone) for day in range(1, _HORIZON.days + 1)}
    for each in known:
        instants.add(each.occurred_at)
        if each.expires_at is not None:
            instants.add(each.expires_at)
        for rule in rules.of_kind[each.kind]:
            if (end := _end(each, rule.document.ttl, rules.zone)) is not None:
                instants.add(end)
            instants.update(each.occurred_at + timedelta(hours=hours) for hours in rule.hours)
    for document in rules.document.rules:
        instants |= {document.valid_from, document.valid_to}
    if rules.document.valid_to is not None:
        instants.add(rules.document.valid_to)
    return sorted(instant for instant in instants if at < instant <= last)


def _integers(*expressions: object) -> frozenset[int]:
    """The integers of a rule that counts hours, and those beside them; empty for a rule that does not."""
    if not any("hoursSince" in path for path in _paths(expressions)):
        return frozenset()
    found = {
        value for value in _leaves(expressions) if isinstance(value, int) and not isinstance(value, bool)
    }
    return frozenset(hours for value in found for hours in (value, value + 1) if 0 < hours <= 24 * 40)


def _paths(expression: object) -> list[str]:
    return [value for value in _leaves(expression) if isinstance(value, str)]


def _leaves(expression: object) -> list[object]:
    if isinstance(expression, dict):
        return [leaf for value in expression.values() for leaf in _leaves(value)]
    if isinstance(expression, list | tuple):
        return [leaf for value in expression for leaf in _leaves(value)]
    return [expression]


# --- what a rule sees ------------------------------------------------------------------------------------


class _View:
    """Evidence as rules see it at one instant. What came later than that is not there yet."""

    def __init__(self, known: Sequence[Evidence], rules: RuleSet, at: datetime) -> None:
        self.known = [each for each in known if each.occurred_at <= at]
        self._rules = rules
        self._at = at
        self._today = at.astimezone(rules.zone).date()
        self._days = [
            (self._today - each.occurred_at.astimezone(rules.zone).date()).days for each in self.known
        ]
        self._external = {
            "now": at.isoformat(),
            "today": self._today.isoformat(),
            "jurisdiction": rules.document.jurisdiction,
        }
        self._person: dict[str, Any] | None = None
        self._data: dict[int | None, dict[str, Any]] = {}

    def questions(self) -> Iterable[tuple[CompiledRule, int | None]]:
        """Every rule to be asked, with the evidence it is asked about."""
        for rule in self._rules.of_person:
            if rule.in_force(self._at):
                yield rule, None
        for index, each in enumerate(self.known):
            if each.expires_at is not None and each.expires_at <= self._at:
                continue
            for rule in self._rules.of_kind[each.kind]:
                if rule.in_force(self._at):
                    yield rule, index

    def data(self, index: int | None) -> dict[str, Any]:
        """What a rule sees of evidence ``index``, or of the person where that is None."""
        found = self._data.get(index)
        if found is None:
            payload: dict[str, Any] = {"person": self._whole()}
            if index is not None:
                payload |= {"event": self._event(index), "after": self._after(index)}
            found = self._data[index] = {"payload": payload, "external": self._external}
        return found

    def _event(self, index: int) -> dict[str, Any]:
        each = self.known[index]
        return {
            **each.facts,
            "kind": each.kind.value,
            "source": each.key.source,
            "jurisdiction": each.jurisdiction,
            "daysSince": self._days[index],
            "hoursSince": int((self._at - each.occurred_at).total_seconds() // 3600),
        }

    def _after(self, index: int) -> dict[str, Any]:
        return self._summary(index + 1, self._days[index])

    def _whole(self) -> dict[str, Any]:
        if self._person is None:
            summary = self._summary(0, None)
            kinds = [(each, self._days[index]) for index, each in enumerate(self.known)]
            self._person = summary | {
                "daysSinceNegative": _least(days for each, days in kinds if _outcome(each) == "NEGATIVE"),
                "daysSinceSampled": _least(days for each, days in kinds if each.kind is Kind.SAMPLED),
                "vaccinated": sum(each.kind is Kind.VACCINATED for each, _ in kinds),
                "declared": next(
                    (dict(each.facts) for each, _ in reversed(kinds) if each.kind is Kind.DECLARED), None
                ),
            }
        return self._person

    def _summary(self, start: int, base: int | None) -> dict[str, Any]:
        """What happened from evidence ``start`` on; days count from ``base`` days ago."""
        negatives: list[datetime] = []
        negative_days: list[int] = []
        home_days: list[int] = []
        sampling_days: list[int] = []
        positives = 0
        latest: str | None = None
        released: int | None = None
        monitored: int | None = None
        for index in range(start, len(self.known)):
            each, days = self.known[index], self._days[index]
            if each.kind is Kind.SAMPLED:
                sampling_days.append(days)
            elif each.kind is Kind.ISOLATION_START and each.facts.get("mode") in {"HOME", "MONITORING"}:
                monitored = days
            elif each.kind is Kind.ISOLATION_RELEASED:
                released = days
            elif each.kind is Kind.RESULT:
                latest = _outcome(each)
                if latest == "NEGATIVE":
                    negatives.append(each.occurred_at)
                    negative_days.append(days)
                    if monitored is not None:
                        home_days.append(monitored - days)
                elif latest == "POSITIVE":
                    positives += 1
        since: Callable[[int], int] = (lambda days: base - days) if base is not None else (lambda days: days)
        return {
            "negatives": len(negatives),
            "negativesSpaced": _spaced(negatives),
            "negativeDays": [since(days) for days in negative_days],
            "homeNegativeDays": home_days,
            "samplings": len(sampling_days),
            "samplingDays": [since(days) for days in sampling_days],
            "positives": positives,
            "latest": latest,
            "released": released is not None,
            "daysSinceReleased": released,
        }


def _outcome(evidence: Evidence) -> str | None:
    if evidence.kind is not Kind.RESULT:
        return None
    outcome = evidence.facts.get("outcome")
    return outcome if isinstance(outcome, str) else None


def _least(days: Iterable[int]) -> int | None:
    return min(days, default=None)


def _spaced(moments: Sequence[datetime]) -> int:
    """The most of ``moments``, in order, of which each is 24 hours after the one before."""
    count = 0
    last: datetime | None = None
    for moment in moments:
        if last is None or moment - last >= _APART:
            count += 1
            last = moment
    return count

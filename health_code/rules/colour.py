"""The colour: a function of evidence, rule set, instant and jurisdiction. All that decides one is here.

    rule holds      some evidence, not later than the instant, makes the rule's Logic true; its ttl has not
                    run out; and ClearWhen is not true of what came after
    colour          that of the gravest rule that holds; GREEN where none does
    GREY            a rule graver than that could not be evaluated, or a source green depends on is silent

So missing data and errors end in GREY, never in a false green and never in a false red; and what is red stays
red until its rule is cleared or its term ends. Evidence that has expired makes no rule hold.

Data a rule sees, for a rule of scope EVENT:

    payload.event   kind, source, jurisdiction, daysSince, hoursSince, and the kind's facts
    payload.after   what came after it: negatives, negativesSpaced (24 hours apart), singleNegatives (a tube
                    of one's own), negativeDays (days since the event), homeNegativeDays (days since isolation
                    or monitoring at home began, by report or by release from isolation, while it lasts),
                    ct35Days (days of results that are negative or have a Ct of 35 or more), samplings,
                    samplingDays, positives, latest (the last outcome), released, releasedFrom (every mode),
                    lastReleasedFrom, daysSinceReleased (of the last)
    payload.person  the same summary of everything, with daysSinceNegative, daysSinceSampled, vaccinated
    external        now, today, jurisdiction

Days are calendar days of the jurisdiction's zone: yesterday 23:59 is one day ago at 00:00.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from functools import partial
from itertools import takewhile
from typing import Any, Final, NamedTuple
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
from health_code.rules.evidence import Evidence, Fact, Key, Kind, effective

HORIZON: Final = timedelta(days=40)
"""How far anybody looks ahead."""
_APART: Final = timedelta(hours=24)
_HOUR: Final = timedelta(hours=1)
_FARTHEST: Final = 24 * 366 * 4
"""No evidence is older, in hours."""
_EVERYTHING: Final = frozenset({"", "payload"})
_COMPARING: Final = frozenset({"<", ">", "<=", ">=", "===", "in"})
_WHOLE: Final = frozenset({*_EVERYTHING, "payload.event", "payload.after", "payload.person"})
"""Paths of what has ages in it without naming one."""
_OF_DAYS: Final = frozenset({"daysSince", "daysSinceReleased", "daysSinceNegative", "daysSinceSampled"})
_CT: Final = 35
"""From this Ct value on a case counts as over (十条, 2022-12-07)."""


class Gate:
    """What an expression asks first, of the event alone: where that is not so, the whole is not.

    Most events of most people are alike (one negative result as the other), so it remembers its answers:
    they hold for everybody. It says no only where the whole expression would; in doubt it lets pass.
    """

    _MOST: Final = 4_096

    def __init__(self, conditions: Sequence[object]) -> None:
        self._conditions = [compile_expression(condition) for condition in conditions]
        self._answers: dict[Hashable, bool] = {}

    def lets_pass(self, likeness: Hashable, event: Callable[[], Mapping[str, Any]]) -> bool:
        """Whether the expression may be true of ``event()``; events of one ``likeness`` have one answer."""
        answer = self._answers.get(likeness)
        if answer is None:
            if len(self._answers) >= self._MOST:
                self._answers.clear()
            answer = self._answers[likeness] = self._ask({"payload": {"event": event()}})
        return answer

    def _ask(self, data: Mapping[str, Any]) -> bool:
        try:
            return not any(is_falsy(condition(data)) for condition in self._conditions)
        except Exception:  # noqa: BLE001  the whole expression will break as well, and must be seen to
            return True


class Question:
    """One of a rule's two expressions, compiled, with what its answer depends on."""

    def __init__(self, expression: Mapping[str, Any]) -> None:
        self.evaluate: Evaluate = compile_expression(expression)
        paths = {_outermost(leaf) for leaf in _leaves(expression) if isinstance(leaf, str)}
        all_of_it = not paths.isdisjoint(_EVERYTHING)
        self.after = all_of_it or any(path.startswith("payload.after") for path in paths)
        self.person = all_of_it or any(path.startswith("payload.person") for path in paths)
        self.clock = all_of_it or any(path.partition(".")[0] == "external" for path in paths)
        """Whether it asks for the day or the instant itself, and not how long ago something was."""
        ages = {path.rpartition(".")[2] for path in paths if _is_age(path)}
        self.timeless = not self.clock and not ages
        """Whether the answer is the same at every instant, as long as nothing new happened."""
        plain = _compares_ages_with_numbers(expression)
        self.daily = self.clock or (not plain and any(age != "hoursSince" for age in ages))
        """Whether no number in it tells on which day its answer turns: it may at every midnight."""
        self.hourly = not plain and any(age not in _OF_DAYS for age in ages)
        integers = {leaf for leaf in _leaves(expression) if type(leaf) is int and 0 <= leaf <= _FARTHEST}
        # A comparison with 7 can turn when 7 is reached and when it is passed.
        turns = frozenset(integers | {value + 1 for value in integers}) if not self.timeless else frozenset()
        self.hours: frozenset[int] = turns if any(age not in _OF_DAYS for age in ages) else frozenset()
        self.days: frozenset[int] = turns if any(age != "hoursSince" for age in ages) else frozenset()
        first = list(takewhile(_of_event_alone, expression.get("and", [expression])))
        self.gate = Gate(first) if first else None


class CompiledRule:
    """A rule ready to be asked."""

    def __init__(self, document: RuleDocument) -> None:
        self.document = document
        self.severity = SEVERITY[document.colour]
        self.rank = (-self.severity, -document.priority, document.identifier)
        self.logic = Question(document.logic)
        self.clears = None if document.clear_when is None else Question(document.clear_when)
        self.questions = (self.logic,) if self.clears is None else (self.logic, self.clears)

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
            key=lambda rule: rule.rank,
        )
        self.of_person = tuple(rule for rule in rules if rule.document.scope is Scope.PERSON)
        self.of_kind: Mapping[Kind, tuple[CompiledRule, ...]] = {
            kind: tuple(
                rule for rule in rules if rule.document.scope is Scope.EVENT and kind in rule.document.kinds
            )
            for kind in Kind
        }
        questions = [question for rule in rules for question in rule.questions]
        self.by_the_clock = any(question.daily for question in questions)
        self.days = frozenset(day for question in questions for day in question.days)
        self.bounds = frozenset(
            bound for rule in document.rules for bound in (rule.valid_from, rule.valid_to)
        ) | (frozenset() if document.valid_to is None else frozenset({document.valid_to}))


Ahead = tuple[datetime, RuleSet]


class Finding(Struct, frozen=True, kw_only=True):
    """A rule that holds, and the evidence that makes it.

    ``until`` is when that ends by itself: by the rule's term or because the evidence expires.
    """

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
    return _History(effective(evidence, known_at=known_at), rules).judge(at, silent)


def judge_and_look_ahead(
    evidence: Iterable[Evidence],
    rules: RuleSet,
    *,
    at: datetime,
    known_at: datetime,
    silent: Sequence[str] = (),
    ahead: Sequence[Ahead] = (),
) -> tuple[Judgement, datetime | None]:
    """``judge`` and ``next_change`` in one, for less than both cost."""
    history = _History(effective(evidence, known_at=known_at), rules)
    return history.judge(at, silent), history.next_change(at, ahead)


def next_change(
    evidence: Iterable[Evidence],
    rules: RuleSet,
    *,
    at: datetime,
    known_at: datetime,
    ahead: Sequence[Ahead] = (),
) -> datetime | None:
    """The first instant after ``at`` at which the colour or its decisive rule changes by itself.

    ``ahead`` are the rule sets that take over one after the other, each from its instant on. None where
    nothing changes within forty days. A rule depends on time by terms, by expiry, and by days or hours since
    something, compared with numbers it names; so it is asked again where one of these is reached, and at
    every midnight only where a rule asks for the day itself.
    """
    return _History(effective(evidence, known_at=known_at), rules).next_change(at, ahead)


def _true(value: object) -> bool:
    # Neither true nor false is a fault of the rule, and must not pass for a no.
    if value is True:
        return True
    if is_truthy(value) or is_falsy(value):
        return bool(value)
    raise EvaluationFailed("a rule must be true or false")


def _end(evidence: Evidence, ttl: Ttl, zone: ZoneInfo) -> datetime:
    if ttl.unit == "hour":
        return evidence.occurred_at + timedelta(hours=ttl.amount)
    day = evidence.occurred_at.astimezone(zone).date() + timedelta(days=ttl.amount + 1)
    return _midnight(day, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _leaves(expression: object) -> list[object]:
    if isinstance(expression, dict):
        return [leaf for value in expression.values() for leaf in _leaves(value)]
    if isinstance(expression, list | tuple):
        return [leaf for value in expression for leaf in _leaves(value)]
    return [expression]


def _outermost(path: str) -> str:
    """What ``path`` is called outside of lambdas, which know the data around them as ``data``."""
    while path.startswith("data."):
        path = path.removeprefix("data.")
    return "" if path == "data" else path


def _is_age(path: str) -> bool:
    return path in _WHOLE or "Since" in path.rpartition(".")[2]


def _compares_ages_with_numbers(expression: object) -> bool:
    """Whether every age in ``expression`` is compared with numbers that stand there, and no more."""
    if isinstance(expression, list | tuple):
        return all(map(_compares_ages_with_numbers, expression))
    if not isinstance(expression, dict):
        return True
    ((operator, operands),) = expression.items()
    if operator == "var":
        return not (isinstance(operands, str) and _is_age(_outermost(operands)))
    if operator in _COMPARING:
        ages = [each for each in operands if isinstance(each, dict) and not _compares_ages_with_numbers(each)]
        if len(ages) == 1 and "var" in ages[0]:
            return all(_is_constant(each) for each in operands if each is not ages[0])
    return _compares_ages_with_numbers(operands)


def _is_constant(expression: object) -> bool:
    if isinstance(expression, list | tuple):
        return all(map(_is_constant, expression))
    return not isinstance(expression, dict)


def _of_event_alone(condition: object) -> bool:
    """Whether ``condition`` asks for nothing but an event's kind, source, place and facts."""
    texts = [_outermost(leaf) for leaf in _leaves(condition) if isinstance(leaf, str)]
    paths = [text for text in texts if not text or text.partition(".")[0] in {"payload", "external"}]
    return bool(paths) and all(path.startswith("payload.event.") and "Since" not in path for path in paths)


# --- what a rule sees ------------------------------------------------------------------------------------


class _Failed(Enum):
    FAILED = "failed"


_Held = tuple[CompiledRule, int | None, datetime | None]
_Unknown = tuple[CompiledRule, int | None]


class _History:
    """A person's effective evidence, asked about at one instant after another.

    What happened up to an instant does not depend on how long ago that is, so it is looked at once:
    ``_answers`` remembers what has the same answer at every instant, by how much of it all had happened.
    """

    def __init__(self, known: Sequence[Evidence], rules: RuleSet) -> None:
        self._known = known
        self._rules = rules
        self._moments = [each.occurred_at for each in known]
        self._days = [each.occurred_at.astimezone(rules.zone).toordinal() for each in known]
        self._events: list[dict[str, Any] | None] = [None] * len(known)
        self._asked: list[Sequence[CompiledRule] | None] = [None] * len(known)
        self._summaries: dict[tuple[int, int], dict[str, Any]] = {}
        self._answers: dict[tuple[int, int | None, int], bool | _Failed] = {}
        self._still_open: dict[int, list[tuple[CompiledRule, int]]] = {}

    def judge(self, at: datetime, silent: Sequence[str]) -> Judgement:
        """The colour ``at`` an instant. What comes later than that is not there yet."""
        held, failed = self._weigh(at)
        gravest = held[0][0].severity if held else 0
        unknown = tuple(
            Failure(rule=rule.document, evidence=self._key(index))
            for rule, index in failed
            if rule.severity > gravest
        )
        missing = tuple(sorted(silent)) if gravest == 0 else ()
        colour = held[0][0].document.colour if held else Colour.GREEN
        return Judgement(
            colour=Colour.GREY if unknown or missing else colour,
            findings=tuple(
                Finding(
                    rule=rule.document,
                    evidence=self._key(index),
                    occurred_at=None if index is None else self._moments[index],
                    until=until,
                )
                for rule, index, until in held
            ),
            failures=unknown,
            silent=missing,
        )

    def next_change(self, at: datetime, ahead: Sequence[Ahead]) -> datetime | None:
        """The first instant after ``at`` at which another thing is decided, by these rules or the next."""
        now = None
        for instant, history in self._to_ask(at, ahead):
            now = self.decision(at) if now is None else now
            if history.decision(instant) != now:
                return instant
        return None

    def _to_ask(self, at: datetime, ahead: Sequence[Ahead]) -> Iterator[tuple[datetime, "_History"]]:
        """When something else may be decided, and by which rules it then is."""
        history, since, last = self, at, at + HORIZON
        for begins, rules in ahead:
            if begins > last:
                break
            yield from ((each, history) for each in history.instants(since, begins) if each < begins)
            history, since = _History(self._known, rules), begins
            yield begins, history
        yield from ((each, history) for each in history.instants(since, last))

    def decision(self, at: datetime) -> tuple[Colour, str | None]:
        """The colour ``at`` an instant and its decisive rule, for less than a judgement costs."""
        held, failed = self._weigh(at)
        gravest, colour, decisive = 0, Colour.GREEN, None
        if held:
            first = held[0][0]
            gravest, colour, decisive = first.severity, first.document.colour, first.document.identifier
        grey = any(rule.severity > gravest for rule, _ in failed)
        return (Colour.GREY if grey else colour), decisive

    def _weigh(self, at: datetime) -> tuple[list[_Held], list[_Unknown]]:
        """The rules that hold ``at`` an instant, the decisive one first, and those that have no answer."""
        rules = self._rules
        happened = bisect_right(self._moments, at)
        instant = _Instant(at, at.astimezone(rules.zone).toordinal(), happened, {})
        held: list[_Held] = []
        failed: list[_Unknown] = []
        for rule in rules.of_person:
            if rule.in_force(at):
                self._ask(rule, None, instant, held, failed)
        for rule, index in self._open(instant):
            expires = self._known[index].expires_at
            if rule.in_force(at) and (expires is None or at < expires):
                self._ask(rule, index, instant, held, failed)
        if len(held) > 1:
            # Of one rule, the latest evidence.
            held.sort(key=lambda found: (found[0].rank, -1 if found[1] is None else -found[1]))
        return held, failed

    def _open(self, instant: "_Instant") -> Sequence[tuple[CompiledRule, int]]:
        """The rules that may hold by what had happened, each with its evidence, whatever the time is.

        Where a rule is answered for all time, by an event that is not of its sort or by what has cleared it,
        it is not asked again at each instant.
        """
        found = self._still_open.get(instant.happened)
        if found is None:
            found = []
            for index in range(instant.happened):
                for rule in self._candidates(index):
                    holds = self._answer(rule.logic, index, instant) if rule.logic.timeless else True
                    if holds is True and rule.clears is not None and rule.clears.timeless:
                        cleared = self._answer(rule.clears, index, instant)
                        if cleared is True and rule.logic.timeless:
                            continue
                    if holds is not False:
                        found.append((rule, index))
            self._still_open[instant.happened] = found
        return found

    def _candidates(self, index: int) -> Sequence[CompiledRule]:
        """The rules that may ever hold by one piece of evidence."""
        found = self._asked[index]
        if found is None:
            found = self._asked[index] = self._let_pass(index)
        return found

    def _let_pass(self, index: int) -> Sequence[CompiledRule]:
        each = self._known[index]
        rules = self._rules.of_kind[each.kind]
        if not rules:
            return ()
        facts = [tuple(fact) if isinstance(fact, list) else fact for fact in each.facts.values()]
        # With the types: what is equal is not the same, 1 and true for one.
        likeness = (each.kind, each.key.source, each.jurisdiction, *each.facts, *facts, *map(type, facts))
        event = partial(self._bare_event, index)
        return [
            rule for rule in rules if rule.logic.gate is None or rule.logic.gate.lets_pass(likeness, event)
        ]

    def _ask(
        self,
        rule: CompiledRule,
        index: int | None,
        instant: "_Instant",
        held: list[_Held],
        failed: list[_Unknown],
    ) -> None:
        holds = self._answer(rule.logic, index, instant)
        until = None if index is None else self._known[index].expires_at
        if holds is True and index is not None and rule.document.ttl is not None:
            ends = _end(self._known[index], rule.document.ttl, self._rules.zone)
            until = ends if until is None else min(until, ends)
            holds = instant.at < ends
        if holds is True and rule.clears is not None:
            cleared = self._answer(rule.clears, index, instant)
            holds = cleared if isinstance(cleared, _Failed) else not cleared
        if holds is True:
            held.append((rule, index, until))
        elif isinstance(holds, _Failed):
            failed.append((rule, index))

    def _answer(self, question: Question, index: int | None, instant: "_Instant") -> bool | _Failed:
        key = (id(question), index, instant.happened)
        if question.timeless and (known := self._answers.get(key)) is not None:
            return known
        answer: bool | _Failed
        try:
            answer = _true(question.evaluate(self._data(question, index, instant)))
        except Exception:  # noqa: BLE001  a rule that breaks in any way has no answer, and that is grey
            answer = _Failed.FAILED
        if question.timeless:
            self._answers[key] = answer
        return answer

    def _key(self, index: int | None) -> Key | None:
        return None if index is None else self._known[index].key

    def _data(self, question: Question, index: int | None, instant: "_Instant") -> dict[str, Any]:
        payload: dict[str, Any] = {}
        if index is not None:
            payload["event"] = self._event(index, instant)
            if question.after:
                payload["after"] = self._since(index + 1, self._days[index], instant)
        if question.person:
            payload["person"] = self._person(instant)
        data = {"payload": payload}
        if question.clock:
            data["external"] = {
                "now": instant.at.isoformat(),
                "today": date.fromordinal(instant.today).isoformat(),
                "jurisdiction": self._rules.document.jurisdiction,
            }
        return data

    def _event(self, index: int, instant: "_Instant") -> dict[str, Any]:
        event = self._bare_event(index)
        event["daysSince"] = instant.today - self._days[index]
        event["hoursSince"] = (instant.at - self._moments[index]) // _HOUR
        return event

    def _bare_event(self, index: int) -> dict[str, Any]:
        event = self._events[index]
        if event is None:
            each = self._known[index]
            event = self._events[index] = {
                **each.facts,
                "kind": each.kind.value,
                "source": each.key.source,
                "jurisdiction": each.jurisdiction,
            }
        return event

    def _since(self, start: int, base: int, instant: "_Instant") -> dict[str, Any]:
        """What happened from evidence ``start`` on; days count from the day ``base``."""
        summary = self._summaries.get((start, instant.happened))
        if summary is None:
            summary = self._summary(start, base, instant.happened)
            self._summaries[start, instant.happened] = summary
        released = summary["_released"]
        summary["daysSinceReleased"] = None if released is None else instant.today - released
        return summary

    def _person(self, instant: "_Instant") -> dict[str, Any]:
        whole = instant.whole
        if not whole:
            whole.update(self._since(0, self._days[0] if self._days else 0, instant))
            for name in ("Negative", "Sampled"):
                day = whole[f"_last{name}"]
                whole[f"daysSince{name}"] = None if day is None else instant.today - day
        return whole

    def _summary(self, start: int, base: int, end: int) -> dict[str, Any]:
        negatives: list[datetime] = []
        negative_days: list[int] = []
        home_days: list[int] = []
        ct35_days: list[int] = []
        sampling_days: list[int] = []
        released_from: list[Fact | None] = []
        single = positives = vaccinated = 0
        latest: str | None = None
        declared: dict[str, Any] | None = None
        last_mode: Fact | None = None
        released = monitored = last_negative = last_sampled = None
        for index in range(start, end):
            each, day = self._known[index], self._days[index]
            kind = each.kind
            if kind is Kind.SAMPLED:
                sampling_days.append(day - base)
                last_sampled = day
            elif kind is Kind.RESULT:
                outcome = each.facts.get("outcome")
                latest = outcome if isinstance(outcome, str) else None
                ct = each.facts.get("ct")
                if latest == "NEGATIVE" or (latest == "POSITIVE" and type(ct) is int and ct >= _CT):
                    ct35_days.append(day - base)
                if latest == "NEGATIVE":
                    single += not each.facts.get("mixed")
                    negatives.append(each.occurred_at)
                    negative_days.append(day - base)
                    last_negative = day
                    if monitored is not None:
                        home_days.append(day - monitored)
                elif latest == "POSITIVE":
                    positives += 1
            elif kind is Kind.ISOLATION_START:
                monitored = day if each.facts.get("mode") in {"HOME", "MONITORING"} else None
                home_days.clear()
            elif kind is Kind.ISOLATION_RELEASED:
                released, last_mode = day, each.facts.get("mode")
                released_from.append(last_mode)
                # Who is released from isolation is monitored from that day on, reported or not.
                monitored = None if last_mode == "MONITORING" else day
                home_days.clear()
            elif kind is Kind.VACCINATED:
                vaccinated += 1
            elif kind is Kind.DECLARED:
                declared = dict(each.facts)
        return {
            "negatives": len(negatives),
            "negativesSpaced": _spaced(negatives),
            "singleNegatives": single,
            "negativeDays": negative_days,
            "homeNegativeDays": home_days,
            "ct35Days": ct35_days,
            "samplings": len(sampling_days),
            "samplingDays": sampling_days,
            "positives": positives,
            "latest": latest,
            "released": released is not None,
            "releasedFrom": released_from,
            "lastReleasedFrom": last_mode,
            "vaccinated": vaccinated,
            "declared": declared,
            "_released": released,
            "_lastNegative": last_negative,
            "_lastSampled": last_sampled,
        }

    def instants(self, at: datetime, last: datetime) -> list[datetime]:
        """When a rule may have another answer after ``at``, in order."""
        rules = self._rules
        today = at.astimezone(rules.zone).toordinal()
        instants = set(rules.bounds)
        days = set(range(today + 1, today + HORIZON.days + 1)) if rules.by_the_clock else set()
        for index, each in enumerate(self._known):
            moment = each.occurred_at
            if moment > at:
                instants.add(moment)
            if each.expires_at is not None:
                instants.add(each.expires_at)
            for rule in self._candidates(index):
                if rule.document.ttl is not None:
                    instants.add(_end(each, rule.document.ttl, rules.zone))
                for question in rule.questions:
                    instants.update(moment + hours * _HOUR for hours in question.hours)
                    if question.hourly:
                        since = max(0, (at - moment) // _HOUR)
                        ahead = range(since, since + HORIZON // _HOUR + 2)
                        instants.update(moment + hours * _HOUR for hours in ahead)
        for day in frozenset(self._days):
            days.update(day + after for after in rules.days if day + after > today)
        instants.update(_midnight(date.fromordinal(day), rules.zone) for day in days)
        return sorted(instant for instant in instants if at < instant <= last)


class _Instant(NamedTuple):
    """An instant, the day it is of, how much had happened, and the person as a whole, once somebody asks."""

    at: datetime
    today: int
    happened: int
    whole: dict[str, Any]


def _spaced(moments: Sequence[datetime]) -> int:
    """The most of ``moments``, in order, of which each is 24 hours after the one before."""
    count = 0
    last: datetime | None = None
    for moment in moments:
        if last is None or moment - last >= _APART:
            count += 1
            last = moment
    return count

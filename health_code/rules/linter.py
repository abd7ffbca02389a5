"""The linter: what is wrong with a rule, said before it is law and not when a city's codes turn grey.

Of an expression: the specification's own findings (its validation test suite, word for word), and two
mistakes made in the field, ``<`` on dates, which compares nothing, and a rule that does not answer yes or no.
Of a rule set: what would make a code unexplainable, such as a rule without words in both languages, a colour
that nothing ever clears or that is cleared before it is given, a path that leads nowhere, a rule that a whole
city would have to wait for.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from health_code.rules.certlogic import EvaluationFailed, InvalidExpression, compile_expression
from health_code.rules.divisions import NATION, divisions, is_division
from health_code.rules.documents import Colour, RuleDocument, RuleSetDocument, Scope
from health_code.rules.evidence import Kind


class Issue(Struct, frozen=True, kw_only=True):
    """Something wrong with an expression, and the part of it that is wrong."""

    expr: Any
    message: str


class RuleIssue(Struct, frozen=True, kw_only=True):
    """Something wrong with a rule of a set, or with the set where ``rule`` is None."""

    rule: str | None
    message: str
    zh: str


_Said = tuple[str, str]
"""What is wrong, in English and in Chinese."""


class _Type(Enum):
    BOOLEAN = auto()
    INTEGER = auto()
    TEXT = auto()
    MOMENT = auto()
    LIST = auto()
    ANY = auto()


_PATH: Final = re.compile(r"([^.]+?(\.[^.]+?)*)?")
_OPERANDS: Final[Mapping[str, tuple[int, int]]] = {
    "if": (3, 3),
    "===": (2, 2),
    "in": (2, 2),
    "+": (2, 2),
    "and": (2, 99),
    "!": (1, 1),
    **dict.fromkeys((">", "<", ">=", "<=", "after", "before", "not-after", "not-before"), (2, 3)),
    "plusTime": (3, 3),
    "dccDateOfBirth": (1, 1),
    "extractFromUVCI": (2, 2),
    "reduce": (3, 3),
}
_RESULTS: Final[Mapping[str, _Type]] = {
    "+": _Type.INTEGER,
    "plusTime": _Type.MOMENT,
    "dccDateOfBirth": _Type.MOMENT,
    "extractFromUVCI": _Type.TEXT,
    **dict.fromkeys(
        ("===", "in", "!", ">", "<", ">=", "<=", "after", "before", "not-after", "not-before"), _Type.BOOLEAN
    ),
}
_COMPARED: Final[Mapping[str, _Type]] = {
    **dict.fromkeys((">", "<", ">=", "<="), _Type.INTEGER),
    **dict.fromkeys(("after", "before", "not-after", "not-before"), _Type.MOMENT),
}
_LIST: Final = 64
_MOST_STEPS: Final = 100_000
"""Milliseconds: a rule is asked of everybody, and again at each instant at which its answer may turn."""
_UNITS: Final = ("year", "month", "day", "hour")

# What `rules.colour` puts before a rule; facts of an event are the kinds' own.
_PERSON: Final = frozenset(
    {
        *("negatives", "negativesSpaced", "singleNegatives", "negativeDays", "homeNegativeDays", "ct35Days"),
        *("samplings", "samplingDays", "positives", "latest"),
        *("released", "releasedFrom", "lastReleasedFrom", "daysSinceReleased"),
    }
)
_KNOWN: Final[Mapping[str, frozenset[str] | None]] = {
    "payload.event": None,
    "payload.after": _PERSON,
    "payload.person": _PERSON | {"daysSinceNegative", "daysSinceSampled", "vaccinated", "declared"},
    "external": frozenset({"now", "today", "jurisdiction"}),
}
_AGES: Final = frozenset({"payload.event.daysSince", "payload.event.hoursSince"})
_LONG_AFTER: Final[Mapping[str, Any]] = {
    "payload": {"event": {"daysSince": 10_000, "hoursSince": 240_000}, "after": {}, "person": {}},
    "external": {},
}
"""What a rule sees of an event after which nothing happened for decades."""


def expression_issues(expression: object) -> list[Issue]:
    """Everything wrong with ``expression``, outermost first; what it is asked about is not looked at."""
    return list(_issues(expression))


def rule_set_issues(document: RuleSetDocument) -> list[RuleIssue]:
    """Everything wrong with a rule set; empty for one that may be published."""
    issues = [RuleIssue(rule=None, message=en, zh=zh) for en, zh in _of_the_set(document)]
    for rule in document.rules:
        found = _of_a_rule(rule, document)
        issues += [RuleIssue(rule=rule.identifier, message=en, zh=zh) for en, zh in found]
    return issues


def _of_the_set(document: RuleSetDocument) -> Iterator[_Said]:
    try:
        ZoneInfo(document.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"unknown time zone {document.zone}", f"没有时区 {document.zone}"
    if document.jurisdiction != NATION and not is_division(document.jurisdiction):
        division = document.jurisdiction
        yield f"{division} is no division code of GB/T 2260", f"{division} 不是 GB/T 2260 的行政区划代码"
    if document.valid_to is not None and document.valid_to <= document.valid_from:
        yield "it ends before it begins", "失效早于生效"
    yield from _unspoken("title", "标题 (Title)", {said.lang for said in document.title})
    names = [rule.identifier for rule in document.rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two rules are called {name}", f"有两条规则同名 {name}"


def _of_a_rule(rule: RuleDocument, document: RuleSetDocument) -> Iterator[_Said]:
    if rule.valid_to <= rule.valid_from:
        yield "it ends before it begins", "失效早于生效"
    if rule.region not in divisions(document.jurisdiction):
        place = document.jurisdiction
        yield (
            f"it is of region {rule.region}, the set is of {place}",
            f"规则属 {rule.region}，规则集属 {place}",
        )
    yield from _unspoken("description", "说明 (Description)", {said.lang for said in rule.description})
    if rule.colour is Colour.GREY:
        yield (
            "no rule gives grey: grey is what is shown when nothing is known",
            "规则不得判灰码：灰码只表示无法判定",
        )
    if rule.colour in {Colour.RED, Colour.YELLOW}:
        if rule.ttl is None and rule.clear_when is None:
            yield (
                "nothing ever clears it: it needs Ttl or ClearWhen",
                "无从转码：须有 Ttl 或 ClearWhen",
            )
        spoken = {said.lang for said in rule.clear_text}
        yield from _unspoken("what clears it (ClearText)", "转码条件 (ClearText)", spoken)
    if rule.colour is Colour.RED and set(rule.kinds) != {Kind.MANUAL}:
        yield from _ends_by_itself(rule)
    if rule.scope is Scope.EVENT and not rule.kinds:
        yield "a rule of scope EVENT names the kinds it is asked about", "EVENT 规则须写明证据种类 (Kinds)"
    if rule.scope is Scope.PERSON and (rule.kinds or rule.ttl):
        yield "a rule of scope PERSON has neither Kinds nor Ttl", "PERSON 规则不得有 Kinds 或 Ttl"
    for name, logic in (("Logic", rule.logic), ("ClearWhen", rule.clear_when)):
        if logic is None:
            continue
        found = expression_issues(logic)
        # Word for word the specification's, which has no others.
        said = [(issue.message, f"CertLogic 表达式有误（{issue.message}）") for issue in found]
        if _type(logic) not in {_Type.BOOLEAN, _Type.ANY}:
            said.append(("it does not answer yes or no", "结果不是“是”或“否”"))
        said += _lost_paths(logic, rule.scope)
        if not found:
            said += _where_nothing_is_known(logic, name, rule)
        yield from ((f"{name}: {en}", f"{name}：{zh}") for en, zh in said)


def _ends_by_itself(rule: RuleDocument) -> Iterator[_Said]:
    """Red never becomes green because nothing more was heard; only what is entered by hand has an end."""
    if rule.ttl is not None:
        yield (
            "red does not end by a Ttl, as if no news were good news: ClearWhen says what clears it",
            "红码不得因 Ttl 到期而解除，没有消息不等于好消息：由 ClearWhen 写明转码条件",
        )
    for name, logic in (("Logic", rule.logic), ("ClearWhen", rule.clear_when)):
        if logic is None or expression_issues(logic):
            continue
        # Of what must all be so, that which asks for the event's age alone ends a Logic; a ClearWhen is
        # asked whole.
        parts = logic.get("and", [logic]) if name == "Logic" else [logic]
        for part in parts:
            paths = {path for path, _ in _paths(part)}
            if name == "Logic" and not (paths and paths <= _AGES):
                continue
            try:
                ended = compile_expression(part)(_LONG_AFTER) is (name == "ClearWhen")
            except (EvaluationFailed, InvalidExpression):
                continue
            if ended:
                yield (
                    f"{name}: red would end by mere time, as if no news were good news",
                    f"{name}：红码会仅因时间经过而解除，没有消息不等于好消息",
                )


def _where_nothing_is_known(logic: dict[str, Any], name: str, rule: RuleDocument) -> Iterator[_Said]:
    """A rule is asked about people of whom almost nothing is known; it must have an answer, and soon."""
    if (steps := _steps(logic)) > _MOST_STEPS:
        yield (
            f"it may take {steps} steps, {_MOST_STEPS} are allowed",
            f"最多可能需 {steps} 步，上限 {_MOST_STEPS} 步",
        )
        return
    try:
        holds = compile_expression(logic)({"payload": {}, "external": {}}) is True
    except (EvaluationFailed, InvalidExpression) as failure:
        yield f"it has no answer where nothing is known ({failure})", f"没有任何证据时无法判定（{failure}）"
        return
    if holds and name == "ClearWhen":
        yield (
            "it is true where nothing is known: the colour is cleared before it is given",
            "没有任何证据时即成立：尚未赋码就已转码",
        )
    if holds and name == "Logic" and rule.scope is Scope.PERSON and rule.colour is Colour.RED:
        yield "everybody of whom nothing is known would be red", "没有任何证据的人都会是红码"


def _unspoken(what: str, what_zh: str, languages: set[str]) -> Iterator[_Said]:
    for language in sorted({"zh", "en"} - languages):
        yield f"{what} is not said in {language}", f"{what_zh}缺少 {language} 文本"


def _steps(expression: object) -> int:
    """How many steps an evaluation may take at most; lists of what happened are taken for short ones."""
    return _steps_with(expression, max(_LIST, _longest(expression)))


def _steps_with(expression: object, each: int) -> int:
    if isinstance(expression, list):
        return 1 + sum(_steps_with(item, each) for item in expression)
    if not isinstance(expression, dict):
        return 1
    ((operator, operands),) = expression.items()
    if operator == "reduce":
        source, step, initial = operands
        outside = _steps_with(source, each) + _steps_with(initial, each)
        return 1 + outside + each * _steps_with(step, each)
    return 1 + _steps_with(operands, each)


def _longest(expression: object) -> int:
    """How many items the longest list in ``expression`` has."""
    if isinstance(expression, dict):
        return max((_longest(value) for value in expression.values()), default=0)
    if isinstance(expression, list):
        return max(len(expression), *map(_longest, expression), 0)
    return 0


def _lost_paths(expression: object, scope: Scope) -> Iterator[_Said]:
    for path, lambdas in _paths(expression):
        outer, within = path, lambdas
        while within and outer.startswith("data."):
            outer, within = outer.removeprefix("data."), within - 1
        if within and outer.partition(".")[0] in {"current", "accumulator"}:
            continue
        head = next((known for known in _KNOWN if outer == known or outer.startswith(f"{known}.")), None)
        if head is None or within:
            yield f'"{path}" leads nowhere', f"没有路径“{path}”"
            continue
        if scope is Scope.PERSON and head in {"payload.event", "payload.after"}:
            yield (
                f'"{path}" is not there for a rule of scope PERSON',
                f"PERSON 规则没有路径“{path}”",
            )
        names, rest = _KNOWN[head], outer[len(head) + 1 :].split(".")[0]
        if names is not None and rest and rest not in names:
            yield f'"{path}" leads nowhere', f"没有路径“{path}”"


def _paths(expression: object, lambdas: int = 0) -> Iterator[tuple[str, int]]:
    """The paths an expression reads, and in how many lambdas each stands."""
    if isinstance(expression, list):
        for item in expression:
            yield from _paths(item, lambdas)
    elif isinstance(expression, dict):
        for operator, operands in expression.items():
            if operator == "var":
                if isinstance(operands, str) and operands:
                    yield operands, lambdas
            elif operator == "reduce" and isinstance(operands, list) and len(operands) == 3:
                yield from _paths([operands[0], operands[2]], lambdas)
                yield from _paths(operands[1], lambdas + 1)
            else:
                yield from _paths(operands, lambdas)


def _issues(expression: object) -> Iterator[Issue]:
    if isinstance(expression, bool | int | str):
        return
    if isinstance(expression, float):
        yield Issue(expr=expression, message=f"{expression} is a non-integer number")
        return
    if isinstance(expression, list):
        for item in expression:
            yield from _issues(item)
        return
    if not isinstance(expression, dict):
        yield Issue(expr=expression, message="invalid CertLogic expression")
        return
    if len(expression) != 1:
        message = f"expression object must have exactly one key, but it has {len(expression)}"
        yield Issue(expr=expression, message=message)
        return
    operator, operands = next(iter(expression.items()))
    messages = _of_var(operands) if operator == "var" else _of_operation(operator, operands)
    broken = False
    for message in messages:
        broken = True
        yield Issue(expr=expression, message=message)
    if operator != "var" and isinstance(operands, list) and (not broken or operator in _OPERANDS):
        for operand in operands:
            yield from _issues(operand)


def _of_var(path: object) -> Iterator[str]:
    if not isinstance(path, str):
        yield 'not of the form { "var": "<path>" }'
    elif not _PATH.fullmatch(path):
        yield f"data access path doesn't have a valid format: {path}"


def _of_operation(operator: str, operands: object) -> Iterator[str]:
    if not isinstance(operands, list):
        yield 'operation not of the form { "<operator>": [ <values...> ] }'
        return
    bounds = _OPERANDS.get(operator)
    if bounds is None:
        yield f'unrecognised operator: "{operator}"'
        return
    least, most = bounds
    if not least <= len(operands) <= most:
        wanted = f"exactly {least}" if least == most else f"{least} or {'more' if most == 99 else most}"
        but = f"must have {wanted} operands, but it has {len(operands)}"
        yield f'an operation with operator "{operator}" {but}'
        return
    if (wanted_type := _COMPARED.get(operator)) is not None:
        for operand in operands:
            found = _type(operand)
            if found not in {wanted_type, _Type.ANY}:
                yield f'"{operator}" compares {_named(wanted_type)}, and not {_named(found)}'
    if operator == "plusTime":
        if not isinstance(operands[1], int) or isinstance(operands[1], bool):
            yield '"amount" argument (#2) of "plusTime" must be an integer'
        if operands[2] not in _UNITS:
            yield f'"unit" argument (#3) of "plusTime" must be one of {", ".join(_UNITS)}'
    if operator == "extractFromUVCI" and (not isinstance(operands[1], int) or isinstance(operands[1], bool)):
        yield '"index" argument (#2) of "extractFromUVCI" must be an integer'


def _named(found: _Type) -> str:
    return {
        _Type.BOOLEAN: "booleans",
        _Type.INTEGER: "integers",
        _Type.TEXT: "strings",
        _Type.MOMENT: "date-times",
        _Type.LIST: "arrays",
        _Type.ANY: "anything",
    }[found]


def _type(expression: object) -> _Type:
    """What an expression answers, as far as can be told without data."""
    if isinstance(expression, bool):
        return _Type.BOOLEAN
    if isinstance(expression, int):
        return _Type.INTEGER
    if isinstance(expression, str):
        return _Type.TEXT
    if isinstance(expression, list):
        return _Type.LIST
    if not isinstance(expression, dict) or len(expression) != 1:
        return _Type.ANY
    operator, operands = next(iter(expression.items()))
    if operator in {"if", "and"} and isinstance(operands, list) and operands:
        branches = {_type(each) for each in (operands[1:] if operator == "if" else operands[-1:])}
        return branches.pop() if len(branches) == 1 else _Type.ANY
    return _RESULTS.get(operator, _Type.ANY)

"""CertLogic 1.3.3, compiled: an expression becomes a function of its data, once, and is then called often.

The specification is ehn-dcc-development/eu-dcc-business-rules, certlogic/specification. Where its words
and its test suite differ the suite is followed: an operation on ``null`` gives ``null`` or ``false``, and no
error. Date arithmetic is that of ECMAScript's ``Date``: 31 January and one month is 3 March.

Two things are of this engine alone, and harmless to every expression of the specification: a lambda of
``reduce`` also sees the outer data as ``data`` (a later version of the specification allows it), and
an expression may nest ``DEEPEST`` deep and no deeper, so that no rule can exhaust the stack.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import Any, Final

Evaluate = Callable[[Any], Any]

_DIGITS: Final = 9
DEEPEST: Final = 100
"""How deeply an expression may nest: the rules of all member states stay below 30."""


class InvalidExpression(ValueError):
    """Not an expression of CertLogic; the message says which part."""


class EvaluationFailed(ValueError):
    """An operand has a type its operation does not take; the rule has no answer for this data."""


def compile_expression(expression: object) -> Evaluate:
    """The function that ``expression`` means; it raises ``EvaluationFailed`` where the data does not fit."""
    return _compile(expression, 0)


def is_truthy(value: object) -> bool:
    """Whether CertLogic takes ``value`` for true; a date-time is neither true nor false."""
    return bool(value) and isinstance(value, bool | str | int | list | dict)


def is_falsy(value: object) -> bool:
    """Whether CertLogic takes ``value`` for false."""
    return not value and (value is None or isinstance(value, bool | str | int | list | dict))


# --- compiling -----------------------------------------------------------------------------------------


def _compile(expression: object, depth: int) -> Evaluate:
    if depth > DEEPEST:
        raise InvalidExpression(f"nested more than {DEEPEST} deep")
    if isinstance(expression, bool | str | int):
        return lambda _data: expression
    if isinstance(expression, list):
        items = [_compile(item, depth + 1) for item in expression]
        return lambda data: [item(data) for item in items]
    if not isinstance(expression, dict):
        raise InvalidExpression(f"invalid CertLogic expression: {expression!r}")
    if len(expression) != 1:
        raise InvalidExpression(f"expression object must have exactly one key, but it has {len(expression)}")
    operator, operands = next(iter(expression.items()))
    if operator == "var":
        return _variable(operands)
    if not isinstance(operands, list):
        raise InvalidExpression(f'operation not of the form {{ "{operator}": [ <values...> ] }}')
    make = _OPERATIONS.get(operator)
    if make is None:
        raise InvalidExpression(f'unrecognised operator: "{operator}"')
    return make(operands, depth + 1)


def _variable(path: object) -> Evaluate:
    if isinstance(path, int) and not isinstance(path, bool):
        path = str(path)
    if not isinstance(path, str):
        raise InvalidExpression('not of the form { "var": "<path>" }')
    if path == "":
        return lambda data: data
    if "." not in path and _index(path) is None:
        name = path

        def look(data: Any) -> Any:  # noqa: ANN401  JSON
            return data.get(name) if isinstance(data, dict) else None

        return look
    steps = [(step, _index(step)) for step in path.split(".")]

    def walk(data: Any) -> Any:  # noqa: ANN401  JSON
        for name, index in steps:
            if isinstance(data, dict):
                data = data.get(name)
            elif index is not None and isinstance(data, list):
                data = data[index] if index < len(data) else None
            else:
                return None
        return data

    return walk


def _index(step: str) -> int | None:
    """Which place of a list ``step`` of a path names, if any; there are digits that are no numbers."""
    return int(step) if step.isascii() and step.isdecimal() and len(step) <= _DIGITS else None


def _exactly(count: int, operator: str, operands: Sequence[object]) -> None:
    if len(operands) != count:
        raise InvalidExpression(f'an operation with operator "{operator}" must have exactly {count} operands')


def _if(operands: list[object], depth: int) -> Evaluate:
    _exactly(3, "if", operands)
    guard, then, other = (_compile(operand, depth) for operand in operands)
    return lambda data: then(data) if is_truthy(guard(data)) else other(data)


def _and(operands: list[object], depth: int) -> Evaluate:
    if len(operands) < 2:
        raise InvalidExpression('an "and" operation must have at least 2 operands')
    parts = [_compile(operand, depth) for operand in operands]

    def conjunction(data: Any) -> Any:  # noqa: ANN401  JSON
        value: Any = None
        for part in parts:
            value = part(data)
            if value is True:
                continue
            if not value and is_falsy(value):
                return value
            if not is_truthy(value):
                raise EvaluationFailed("all operands of an and operation must be either truthy or falsy")
        return value

    return conjunction


def _not(operands: list[object], depth: int) -> Evaluate:
    _exactly(1, "!", operands)
    (part,) = (_compile(operand, depth) for operand in operands)

    def negation(data: Any) -> bool:  # noqa: ANN401  JSON
        value = part(data)
        if is_falsy(value):
            return True
        if is_truthy(value):
            return False
        raise EvaluationFailed("operand of ! must be either truthy or falsy")

    return negation


def _equal(operands: list[object], depth: int) -> Evaluate:
    _exactly(2, "===", operands)
    left, right = (_compile(operand, depth) for operand in operands)
    return lambda data: _same(left(data), right(data))


def _same(left: object, right: object) -> bool:
    # For Python 1 == True.
    return left == right and isinstance(left, bool) is isinstance(right, bool)


def _in(operands: list[object], depth: int) -> Evaluate:
    _exactly(2, "in", operands)
    left, right = (_compile(operand, depth) for operand in operands)

    def member(data: Any) -> bool:  # noqa: ANN401  JSON
        needle, haystack = left(data), right(data)
        if haystack is None:
            return False
        if not isinstance(haystack, list):
            raise EvaluationFailed("right operand of an in operation must be an array")
        if isinstance(needle, str):
            return needle in haystack
        return any(_same(needle, item) for item in haystack)

    return member


def _plus(operands: list[object], depth: int) -> Evaluate:
    _exactly(2, "+", operands)
    left, right = (_compile(operand, depth) for operand in operands)

    def total(data: Any) -> int | None:  # noqa: ANN401  JSON
        one, other = left(data), right(data)
        if one is None or other is None:
            return None
        if not (_is_integer(one) and _is_integer(other)):
            raise EvaluationFailed("operands of a + operation must both be integers")
        return int(one + other)

    return total


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime)


def _comparison(
    operator: str, compare: Callable[[Any, Any], bool], fits: Callable[[object], bool], what: str
) -> Callable[[list[object], int], Evaluate]:
    def make(operands: list[object], depth: int) -> Evaluate:
        if len(operands) not in {2, 3}:
            raise InvalidExpression(f'an operation with operator "{operator}" must have 2 or 3 operands')
        parts = [_compile(operand, depth) for operand in operands]
        if len(parts) == 2:
            left, right = parts

            def two(data: Any) -> bool | None:  # noqa: ANN401  JSON
                one, other = left(data), right(data)
                if fits(one) and fits(other):
                    return compare(one, other)
                unfit(one, other)
                return None

            return two

        def three(data: Any) -> bool | None:  # noqa: ANN401  JSON
            one, other, last = (part(data) for part in parts)
            if fits(one) and fits(other) and fits(last):
                return compare(one, other) and compare(other, last)
            unfit(one, other, last)
            return None

        return three

    def unfit(*values: object) -> None:
        if any(value is None for value in values):
            return
        raise EvaluationFailed(f"all operands of {operator} must be {what}")

    return make


def _plus_time(operands: list[object], depth: int) -> Evaluate:
    _exactly(3, "plusTime", operands)
    moment, amount, unit = operands
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise InvalidExpression('"amount" argument (#2) of "plusTime" must be an integer')
    if not isinstance(unit, str) or unit not in _UNITS:
        raise InvalidExpression(f'"unit" argument (#3) of "plusTime" must be a string with one of {_UNITS}')
    base = _compile(moment, depth)

    def later(data: Any) -> datetime | None:  # noqa: ANN401  JSON
        text = base(data)
        if text is None:
            return None
        if not isinstance(text, str):
            raise EvaluationFailed("date argument of plusTime must be a string")
        return plus_time(text, amount, unit)

    return later


def _date_of_birth(operands: list[object], depth: int) -> Evaluate:
    _exactly(1, "dccDateOfBirth", operands)
    (base,) = (_compile(operand, depth) for operand in operands)

    def born(data: Any) -> datetime | None:  # noqa: ANN401  JSON
        text = base(data)
        if text is None:
            return None
        if not isinstance(text, str) or not _BIRTH.fullmatch(text):
            raise EvaluationFailed("operand of dccDateOfBirth must be a (partial) date")
        return plus_time(text, 0, "day")

    return born


def _extract(operands: list[object], depth: int) -> Evaluate:
    _exactly(2, "extractFromUVCI", operands)
    source, index = operands
    if not isinstance(index, int) or isinstance(index, bool):
        raise InvalidExpression('"index" argument (#2) of "extractFromUVCI" must be an integer')
    base = _compile(source, depth)

    def fragment(data: Any) -> str | None:  # noqa: ANN401  JSON
        text = base(data)
        if text is None:
            return None
        if not isinstance(text, str):
            raise EvaluationFailed("operand of extractFromUVCI must be a string")
        parts = _UVCI_MARKS.split(text.removeprefix("URN:UVCI:"))
        return parts[index] if 0 <= index < len(parts) else None

    return fragment


def _reduce(operands: list[object], depth: int) -> Evaluate:
    _exactly(3, "reduce", operands)
    source, step, initial = (_compile(operand, depth) for operand in operands)

    def fold(data: Any) -> Any:  # noqa: ANN401  JSON
        items = source(data)
        accumulator = initial(data)
        if items is None:
            return accumulator
        if not isinstance(items, list):
            raise EvaluationFailed("operand of reduce must be an array")
        for item in items:
            accumulator = step({"current": item, "accumulator": accumulator, "data": data})
        return accumulator

    return fold


_OPERATIONS: Final[Mapping[str, Callable[[list[object], int], Evaluate]]] = {
    "if": _if,
    "and": _and,
    "!": _not,
    "===": _equal,
    "in": _in,
    "+": _plus,
    ">": _comparison(">", gt, _is_integer, "integers"),
    "<": _comparison("<", lt, _is_integer, "integers"),
    ">=": _comparison(">=", ge, _is_integer, "integers"),
    "<=": _comparison("<=", le, _is_integer, "integers"),
    "after": _comparison("after", gt, _is_moment, "date-times"),
    "before": _comparison("before", lt, _is_moment, "date-times"),
    "not-after": _comparison("not-after", le, _is_moment, "date-times"),
    "not-before": _comparison("not-before", ge, _is_moment, "date-times"),
    "plusTime": _plus_time,
    "dccDateOfBirth": _date_of_birth,
    "extractFromUVCI": _extract,
    "reduce": _reduce,
}

# --- time ----------------------------------------------------------------------------------------------

_UNITS: Final = ("year", "month", "day", "hour")
_BIRTH: Final = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_UVCI_MARKS: Final = re.compile(r"[/#:]")
_MOMENT: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:T(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})(?:\.(?P<fraction>\d+))?"
    r"(?:(?P<zulu>Z)|(?P<sign>[+-])(?P<offset>\d{1,2}|\d{1,2}:?\d{2}))?)?)?)?"
)


@lru_cache(maxsize=16_384)
def plus_time(text: str, amount: int, unit: str) -> datetime:
    """``text`` as a date-time in UTC, moved by ``amount`` units as ECMAScript's ``Date`` moves it."""
    try:
        moment = _parse(text)
        if unit == "day":
            return moment + timedelta(days=amount)
        if unit == "hour":
            return moment + timedelta(hours=amount)
        months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "year" else 1)
        first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
        return first + timedelta(days=moment.day - 1)
    except (ValueError, OverflowError):
        raise EvaluationFailed("not a date or date-time, or beyond all calendars") from None


def _parse(text: str) -> datetime:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError("no date")
    year, month, day = found["year"], found["month"], found["day"]
    if month is None:
        return datetime(int(year), 12, 31, tzinfo=UTC)
    if day is None:
        if not 1 <= int(month) <= 12:
            raise ValueError("no month")
        after = datetime(int(year) + int(month) // 12, int(month) % 12 + 1, 1, tzinfo=UTC)
        return after - timedelta(days=1)
    if found["hour"] is None:
        return datetime(int(year), int(month), int(day), tzinfo=UTC)
    milliseconds = int((found["fraction"] or "0")[:3].ljust(3, "0"))
    moment = datetime(
        int(year),
        int(month),
        int(day),
        int(found["hour"]),
        int(found["minute"]),
        int(found["second"]),
        milliseconds * 1000,
        tzinfo=_zone(found["sign"], found["offset"]),
    )
    return moment.astimezone(UTC)


def _zone(sign: str | None, offset: str | None) -> timezone:
    if sign is None or offset is None:
        return UTC
    digits = offset.replace(":", "")
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    away = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(away if sign == "+" else -away)

"""Criteria (匹配条件): a small language over attributes, as data.

Seven operations, each a struct; nothing is evaluated that was not read as one of them. What is not known of
an enterprise makes a criterion neither true nor false, and by Kleene's rules so becomes what hangs on it:
nobody is told of a policy on a guess. The linter knows the attributes' types, and finds what can never match.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from push.rules.calendar import add_months

Value = bool | int | float | date | str | frozenset[str]
Attributes = Mapping[str, Value]
"""What is known of one enterprise."""
Kind = Literal["word", "words", "number", "date", "yes_no"]


class Attribute(Struct, frozen=True, kw_only=True):
    """An attribute criteria may ask for, and what it is called."""

    type: Kind
    zh: str
    en: str


class All(Struct, frozen=True, kw_only=True, tag="all", tag_field="op", forbid_unknown_fields=True):
    """Every one of them."""

    of: Annotated[tuple["Criterion", ...], Meta(min_length=1)]


class Any(Struct, frozen=True, kw_only=True, tag="any", tag_field="op", forbid_unknown_fields=True):
    """At least one of them."""

    of: Annotated[tuple["Criterion", ...], Meta(min_length=1)]


class Not(Struct, frozen=True, kw_only=True, tag="not", tag_field="op", forbid_unknown_fields=True):
    """The contrary."""

    of: "Criterion"


class In(Struct, frozen=True, kw_only=True, tag="in", tag_field="op", forbid_unknown_fields=True):
    """A word that is one of ``values``, or words of which one is."""

    attribute: str
    values: Annotated[frozenset[str], Meta(min_length=1)]


class Between(Struct, frozen=True, kw_only=True, tag="between", tag_field="op", forbid_unknown_fields=True):
    """A number from ``least`` to ``most``, both included."""

    attribute: str
    least: float | None = None
    most: float | None = None


class Aged(Struct, frozen=True, kw_only=True, tag="aged", tag_field="op", forbid_unknown_fields=True):
    """A day at least ``least_months`` and less than ``most_months`` ago."""

    attribute: str
    least_months: Annotated[int, Meta(ge=0)] | None = None
    most_months: Annotated[int, Meta(ge=0)] | None = None


class Is(Struct, frozen=True, kw_only=True, tag="is", tag_field="op", forbid_unknown_fields=True):
    """Yes, or no."""

    attribute: str
    value: bool


Criterion = All | Any | Not | In | Between | Aged | Is

_ASKS: Mapping[type, frozenset[Kind]] = {
    In: frozenset({"word", "words"}),
    Between: frozenset({"number"}),
    Aged: frozenset({"date"}),
    Is: frozenset({"yes_no"}),
}


def matches(criterion: Criterion, known: Attributes, as_of: date) -> bool | None:
    """Whether ``criterion`` holds for who is ``known`` so; None where too little is."""
    match criterion:
        case All(of=of):
            found = [matches(each, known, as_of) for each in of]
            return False if False in found else None if None in found else True
        case Any(of=of):
            found = [matches(each, known, as_of) for each in of]
            return True if True in found else None if None in found else False
        case Not(of=one):
            answer = matches(one, known, as_of)
            return None if answer is None else not answer
        case In() | Between() | Aged() | Is():
            value = known.get(criterion.attribute)
            return None if value is None else _holds(criterion, value, as_of)


def _holds(criterion: In | Between | Aged | Is, value: Value, as_of: date) -> bool | None:
    """None where the value is of another type than asked for: that is not known, either."""
    match criterion, value:
        case In(values=values), str():
            return value in values
        case In(values=values), frozenset():
            return bool(value & values)
        case Is(value=wanted), bool():
            return value is wanted
        case Between(least=least, most=most), int() | float() if not isinstance(value, bool):
            return (least is None or value >= least) and (most is None or value <= most)
        case Aged(least_months=least, most_months=most), date():
            old_enough = least is None or add_months(value, least) <= as_of
            return old_enough and (most is None or as_of < add_months(value, most))
        case _:
            return None


def lint(criterion: Criterion, attributes: Mapping[str, Attribute], path: str = "") -> Iterator[str]:
    """What is wrong with ``criterion``, and where: an attribute nobody has, a type that does not fit."""
    match criterion:
        case All(of=of) | Any(of=of):
            for number, each in enumerate(of):
                yield from lint(each, attributes, f"{path}/{number}")
        case Not(of=one):
            yield from lint(one, attributes, f"{path}/not")
        case In() | Between() | Aged() | Is():
            yield from (f"{path or '/'}: {wrong}" for wrong in _lint_one(criterion, attributes))


def _lint_one(criterion: In | Between | Aged | Is, attributes: Mapping[str, Attribute]) -> Iterator[str]:
    attribute = attributes.get(criterion.attribute)
    if attribute is None:
        yield f"no attribute is called {criterion.attribute}"
    elif attribute.type not in _ASKS[type(criterion)]:
        yield f"{criterion.attribute} is a {attribute.type}, which this does not ask for"
    match criterion:
        case Between(least=None, most=None) | Aged(least_months=None, most_months=None):
            yield "has neither a least nor a most, so it always holds"
        case Between(least=float(least), most=float(most)) if least > most:
            yield "the least is more than the most, so it never holds"
        case Aged(least_months=int(least), most_months=int(most)) if least >= most:
            yield "the least is not less than the most, so it never holds"
        case _:
            return

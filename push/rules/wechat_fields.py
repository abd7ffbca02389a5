"""What WeChat takes in the fields of a subscribe message (订阅消息), by the type that opens a field's name.

WeChat refuses a whole message for one wrong field (47003), to everybody whose message is made the same way.
So a value is judged here before it is sent, and a template before it is kept; one judge for both.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from msgspec import Struct

Judge = Callable[[str], str | None]
"""Why a value is not taken; None for one that is."""

_FIELD: Final = re.compile(r"([a-z]+(?:_[a-z]+)?)([0-9]{1,3})")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DAY: Final = r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"
_CLOCK: Final = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_DATE: Final = re.compile(rf"{_DAY}(?: {_CLOCK})?")
_TIME: Final = re.compile(rf"{_CLOCK}|{_DAY} {_CLOCK}")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_AMOUNT: Final = re.compile(r"[¥￥$€£]?([0-9]+)(?:\.([0-9]+))?元?")
_PHONE: Final = re.compile(r"[0-9+\-() ]*[0-9][0-9+\-() ]*")
_HAN: Final = r"一-鿿"
_CAR: Final = re.compile(rf"[{_HAN}A-Z0-9][A-Z0-9]*[{_HAN}A-Z0-9]")
_PHRASE: Final = re.compile(rf"[{_HAN}]+")
_NAME: Final = re.compile(rf"[{_HAN}A-Za-z·. ]+")
_LATIN_NAME: Final = re.compile(r"[A-Za-z .'-]+")


class FieldProblem(Struct, frozen=True, kw_only=True):
    """A field that would be refused, and why in one word."""

    field: str
    why: str


def problems(data: Mapping[str, str], choices: Mapping[str, Sequence[str]]) -> list[FieldProblem]:
    """Every field of ``data`` that WeChat would refuse; ``choices`` are the values of its enumerations."""
    found = ((field, problem(field, value, choices.get(field, ()))) for field, value in data.items())
    return [FieldProblem(field=field, why=why) for field, why in found if why is not None]


def problem(field: str, value: str, choices: Sequence[str] = ()) -> str | None:
    """Why WeChat would refuse ``value`` in ``field``; None if it takes it."""
    kind = _kind(field)
    if kind in ("enum", "enum_string"):
        return _whole(value) or (None if value in choices else "not_a_choice")
    judge = _JUDGES.get(kind)
    return "unknown_type" if judge is None else _whole(value) or judge(value)


def is_blank(text: str) -> bool:
    """Whether nobody would see anything of ``text``: spaces, and characters of no width."""
    return all(each.isspace() or unicodedata.category(each) == "Cf" for each in text)


def fitted(field: str, value: str) -> str:
    """``value`` cut to what ``field`` holds, where a cut sentence still says what it is about."""
    if len(value) <= _THING // 2 or _kind(field) != "thing" or _units(value) <= _THING:
        return value
    while _units(value) >= _THING:
        value = value[:-1]
    return f"{value.rstrip()}…"


@lru_cache(maxsize=1024)
def _kind(field: str) -> str:
    """The type that opens a field's name; nothing for a name of another form."""
    named = _FIELD.fullmatch(field)
    return "" if named is None else named[1]


def _whole(value: str) -> str | None:
    """What no field of any type takes."""
    if is_blank(value):
        return "empty"
    if value != value.strip():
        return "space_around"
    if _CONTROL.search(value):
        return "control_character"
    # What is left of a text that was read in the wrong encoding on its way.
    if "\ufffd" in value or "???" in value:
        return "garbled"
    return None


def _units(value: str) -> int:
    """How long WeChat finds ``value``: it counts as JavaScript does, an emoji as two."""
    return len(value.encode("utf-16-le")) // 2


def _at_most(limit: int, value: str) -> str | None:
    return None if _units(value) <= limit else "too_long"


def _matching(pattern: re.Pattern[str], limit: int, why: str) -> Judge:
    def judge(value: str) -> str | None:
        return why if pattern.fullmatch(value) is None else _at_most(limit, value)

    return judge


def _symbol(value: str) -> str | None:
    if not all(unicodedata.category(each)[0] in "PS" for each in value):
        return "not_symbols"
    return _at_most(5, value)


def _amount(value: str) -> str | None:
    found = _AMOUNT.fullmatch(value)
    if found is None:
        return "not_an_amount"
    return None if len(found[1]) + len(found[2] or "") <= 10 else "too_long"


def _name(value: str) -> str | None:
    if _LATIN_NAME.fullmatch(value):
        return _at_most(20, value)
    return "not_a_name" if _NAME.fullmatch(value) is None else _at_most(10, value)


def _instants(pattern: re.Pattern[str], why: str) -> Judge:
    """One instant, or two with ``~`` between them; the days must be in the calendar."""

    def judge(value: str) -> str | None:
        parts = value.split("~")
        if len(parts) > 2:
            return why
        for part in parts:
            found = pattern.fullmatch(part)
            if found is None or not _in_calendar(found):
                return why
        return None

    return judge


def _in_calendar(found: re.Match[str]) -> bool:
    if found[1] is None:
        return True
    try:
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return False
    return True


_THING: Final = 20
_JUDGES: Final[Mapping[str, Judge]] = {
    "thing": lambda value: _at_most(_THING, value),
    "number": _matching(_NUMBER, 32, "not_a_number"),
    "letter": _matching(re.compile(r"[A-Za-z]+"), 32, "not_letters"),
    "symbol": _symbol,
    "character_string": _matching(re.compile(r"[!-~](?:[ -~]*[!-~])?"), 32, "not_ascii"),
    "time": _instants(_TIME, "not_a_time"),
    "date": _instants(_DATE, "not_a_date"),
    "amount": _amount,
    "phone_number": _matching(_PHONE, 17, "not_a_phone_number"),
    "car_number": _matching(_CAR, 8, "not_a_car_number"),
    "name": _name,
    "phrase": _matching(_PHRASE, 5, "not_chinese"),
}

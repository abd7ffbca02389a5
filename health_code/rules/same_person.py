"""Whether two certificates, or a certificate and a resident, can be one person's: by name and birthday.

Names are written differently from one register to the next: with a middle name or without, with a title,
family name first. So one part in common is enough, on either side. Twins with a middle name in common pass
for one.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

_SEPARATORS: Final = re.compile(r"[\s<.·\-]+")
_HAN: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_TITLES: Final = frozenset({"DR"})
# ICAO 9303 part 3 §6, for the letters that registers leave as they are.
_LETTERS: Final = str.maketrans({"Ä": "AE", "Ö": "OE", "Ü": "UE", "ẞ": "SS"})


class Holder(Struct, frozen=True, kw_only=True):
    """Whose certificate it says it is; either name may be missing."""

    given: str = ""
    family: str = ""
    birth_date: str


def same_person(one: Holder, other: Holder) -> bool:
    """Whether ``one`` and ``other`` can be the same person."""
    if one.birth_date.strip() != other.birth_date.strip():
        return False
    given, family = name_parts(one.given), name_parts(one.family)
    their_given, their_family = name_parts(other.given), name_parts(other.family)
    return (_agree(given, their_given) and _agree(family, their_family)) or (
        _agree(given, their_family) and _agree(family, their_given)
    )


class Match(StrEnum):
    """By what a certificate is somebody's."""

    NAME_AND_BIRTH_DATE = "NAME_AND_BIRTH_DATE"
    BIRTH_DATE = "BIRTH_DATE"
    """The names are in two scripts: how 林小满 is spelled in Latin letters is for no rule to guess."""


def matched(resident: Holder, name: str, birth_date: str) -> Match | None:
    """By what a certificate made out to ``name`` is the resident's; None if it is not.

    ``name`` is in one piece, in either order: a Chinese one is compared whole, another by its parts.
    """
    if resident.birth_date != birth_date:
        return None
    known = resident.given
    if _is_han(known) is not _is_han(name):
        return Match.BIRTH_DATE
    parts = name_parts(name)
    orders = ("".join(parts), "".join(reversed(parts))) if _is_han(name) else (name,)
    own = "".join(name_parts(known)) if _is_han(known) else known
    same = any(
        same_person(Holder(given=own, birth_date=birth_date), Holder(given=each, birth_date=birth_date))
        for each in orders
    )
    return Match.NAME_AND_BIRTH_DATE if same else None


def name_parts(name: str) -> list[str]:
    """The parts of ``name`` that count, in capitals."""
    parts = _SEPARATORS.split(name.upper().translate(_LETTERS))
    return [part for part in parts if part and part not in _TITLES]


def _is_han(name: str) -> bool:
    return _HAN.search(name) is not None


def _agree(some: Sequence[str], others: Sequence[str]) -> bool:
    return bool(set(some) & set(others)) or not (some or others)

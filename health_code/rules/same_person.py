"""Whether two certificates can be one person's: by the parts of their standardised names, and the birthday.

Names are written differently from one register to the next: with a middle name or without, with a title,
family name first. So one part in common is enough, on either side. Twins with a middle name in common pass
for one.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

_SEPARATORS: Final = re.compile(r"[\s<.\-]+")
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


def name_parts(name: str) -> list[str]:
    """The parts of ``name`` that count, in capitals."""
    parts = _SEPARATORS.split(name.upper().translate(_LETTERS))
    return [part for part in parts if part and part not in _TITLES]


def _agree(some: Sequence[str], others: Sequence[str]) -> bool:
    return bool(set(some) & set(others)) or not (some or others)

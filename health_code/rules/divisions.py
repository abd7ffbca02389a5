"""Divisions (行政区划, GB/T 2260): which codes can be one, and whose rules count in which.

A province of the standard is asked for, and that a county lies in a prefecture. No list of counties is: they
are founded every year, and a place that a list does not know yet must not be refused its evidence.
"""

import re
from typing import Final

from health_code.refusals import DivisionUnknown

NATION: Final = "000000"
_DIVISION: Final = re.compile(
    r"(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])(0000|(0[1-9]|[1-9][0-9])[0-9]{2})"
)


def is_division(code: str) -> bool:
    """Whether ``code`` can be a province, a prefecture or a county."""
    return _DIVISION.fullmatch(code) is not None


def check_division(code: str) -> None:
    """Return if ``code`` can be a division, else raise ``DivisionUnknown``."""
    if not is_division(code):
        raise DivisionUnknown(division=code)


def divisions(jurisdiction: str) -> tuple[str, ...]:
    """Whose rules count in ``jurisdiction``, the nearest first: its own, its city's, province's, nation's."""
    city, province = f"{jurisdiction[:4]}00", f"{jurisdiction[:2]}0000"
    return tuple(dict.fromkeys((jurisdiction, city, province, NATION)))

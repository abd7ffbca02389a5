"""A vaccination programme (免疫程序) as data: its doses, read from an edition's file.

Dose ids mean the same in every edition, since reminders are kept by them; an edition may have other dates, or
other doses.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct


class Offset(Struct, frozen=True, kw_only=True):
    """An age: hours, days or months after birth."""

    hours: int = 0
    days: int = 0
    months: int = 0


class Interval(Struct, frozen=True, kw_only=True, rename={"after": "from"}):
    """The least time after another dose, and the longest where there is one."""

    after: str
    days: int = 0
    months: int = 0
    max_days: int | None = None
    max_months: int | None = None
    max_months_catch_up: int | None = None


class Dose(Struct, frozen=True, kw_only=True):
    """One dose of the routine table (程序表)."""

    id: str
    vaccine: str
    dose: Annotated[int, Meta(ge=1)]
    min_age_months: int
    recommended_before: Offset | None = None
    min_interval: tuple[Interval, ...] = ()
    live: Literal["injected", "oral"] | None = None
    series: str | None = None


class Spacing(Struct, frozen=True, kw_only=True):
    """How long after an immunoglobulin some vaccines wait, and the clause that says so."""

    vaccines: frozenset[str]
    months: int
    clause: str


class Programme(Struct, frozen=True, kw_only=True):
    """An edition, ready to be asked.

    ``dtp`` says which edition's diphtheria table is followed. ``polio_type_two_doses`` is how many doses must
    have the second type of the virus in them, where the edition has one number for everybody.
    """

    id: str
    doses: Mapping[str, Dose]
    dtp: str
    immunoglobulin: tuple[Spacing, ...] = ()
    polio_type_two_doses: int | None = None

    def dose(self, name: str) -> Dose:
        """The dose called ``name``."""
        return self.doses[name]


class _File(Struct, frozen=True, kw_only=True):
    id: str
    doses: tuple[Dose, ...]
    after_immunoglobulin: tuple[Spacing, ...] = ()
    polio_type_two_doses: int | None = None


_read: Final = msgspec.json.Decoder(_File).decode

IN_FORCE: Final = (
    ("cn-nip-2021", date(2021, 2, 1)),
    ("cn-nip-2026", date(2026, 6, 17)),
)
"""Editions and the day each came into force."""
DTP_2026_FROM: Final = date(2025, 1, 1)
"""From when the 2026 edition's diphtheria part was followed already (the notice of December 2024)."""


def read_programme(content: bytes, *more: bytes) -> Programme:
    """The edition in ``content``, with the doses of local programmes (地方免疫规划) added."""
    files = [_read(each) for each in (content, *more)]
    doses = {dose.id: dose for file in files for dose in file.doses}
    return Programme(
        id=files[0].id,
        doses=doses,
        dtp=files[0].id,
        immunoglobulin=tuple(spacing for file in files for spacing in file.after_immunoglobulin),
        polio_type_two_doses=files[0].polio_type_two_doses,
    )


def edition_in_force(as_of: date) -> str:
    """The edition in force on a day; the first one before there was any."""
    return next((name for name, since in reversed(IN_FORCE) if since <= as_of), IN_FORCE[0][0])

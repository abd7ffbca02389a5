"""What is known of a child: birth, sex, and what was given, as the clauses ask about it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, Literal

from msgspec import Struct

Sex = Literal["M", "F"]


class Given(Struct, frozen=True, kw_only=True, order=True):
    """A vaccination that was given; also an immunoglobulin, or the blood test after hepatitis B."""

    date: date
    vaccine: str


class Child(Struct, frozen=True, kw_only=True):
    """Whom it is about, as far as the programme asks."""

    birth: date
    sex: Sex | None = None
    mother_hbsag: Literal["positive", "negative", "unknown"] = "negative"
    birth_grams: int | None = None
    gestation_weeks: int | None = None

    @property
    def early(self) -> bool:
        """Whether born before 37 weeks or under 2,500 g (早产儿、低出生体重儿)."""
        return (self.birth_grams or 9_999) < 2_500 or (self.gestation_weeks or 40) < 37


class UnknownVaccine(ValueError):
    """A vaccine nobody here knows; what it was is not guessed."""


class GivenBeforeBirth(ValueError):
    """A dose older than the child; the day or the child is wrong, and which one is not guessed."""

    def __init__(self, vaccine: str) -> None:
        super().__init__(f"{vaccine} was given before birth")
        self.vaccine = vaccine


HEPATITIS_B_TEST: Final = "HepB-test"
"""HepB-H2's blood test, as a record says that it was done."""
IMMUNOGLOBULIN: Final = "IG"
LIVE: Final = "live"
"""What every injected live vaccine counts as, beside itself (注射类减毒活疫苗)."""

_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    **{
        name: (name,)
        for name in (
            *("HepB", "IPV", "bOPV", "tOPV", "DTaP", "DT", "JE-I", "MPSV-A", "MPSV-AC", "HepA-I"),
            HEPATITIS_B_TEST,
        )
    },
    **{name: (name, LIVE) for name in ("BCG", "JE-L", "HepA-L", "VarV")},
    "sIPV": ("IPV",),
    "DTP": ("DTaP",),
    "DTwP": ("DTaP",),
    "DTaP-IPV-Hib": ("DTaP", "IPV"),
    "DTaP-IPV": ("DTaP", "IPV"),
    "DTaP-Hib": ("DTaP",),
    "MMR": ("MMR", "measles", "mumps", "rubella", LIVE),
    "MR": ("measles", "rubella", LIVE),
    "MM": ("measles", "mumps", LIVE),
    "MV": ("measles", LIVE),
    "MenA": ("MPSV-A",),
    "MenAC": ("MPSV-AC",),
    "HepA-HepB": ("HepA-I", "HepB"),
    **dict.fromkeys(("2vHPV", "4vHPV", "9vHPV"), ("HPV",)),
    **dict.fromkeys(("MCV-AC", "MCV2", "MPCV-AC", "MPSV-ACYW", "MPSV-ACYW135", "MCV4"), ("MPSV-AC",)),
    **dict.fromkeys(("IG", "HBIG", "RIG", "TIG"), (IMMUNOGLOBULIN,)),
    # Known, and no part of any national programme.
    **dict.fromkeys(("Hib", "PCV13", "PPV23", "Rotavirus", "EV71", "Influenza", "Rabies", "COVID-19"), ()),
}

KNOWN: Final = tuple(_PARTS)
"""What a record may call a vaccine."""


class Record:
    """What was given until a day, in order, by what was in it."""

    def __init__(self, child: Child, given: Iterable[Given], as_of: date) -> None:
        by_part: dict[str, list[date]] = {}
        by_name: dict[str, list[date]] = {}
        # The same vaccine twice on one day is one dose written down twice.
        for each in sorted(set(given)):
            parts = _PARTS.get(each.vaccine)
            if parts is None:
                raise UnknownVaccine(each.vaccine)
            if each.date < child.birth:
                raise GivenBeforeBirth(each.vaccine)
            if each.date > as_of:
                continue
            by_name.setdefault(each.vaccine, []).append(each.date)
            for part in parts:
                days = by_part.setdefault(part, [])
                # So is one that is written down alone and in a combined vaccine.
                if not days or days[-1] != each.date:
                    days.append(each.date)
        self._by_part = by_part
        self._by_name = by_name

    def dates(self, *parts: str) -> Sequence[date]:
        """When something with one of ``parts`` in it was given, in order."""
        if len(parts) == 1:
            return self._by_part.get(parts[0], ())
        return sorted(day for part in parts for day in self._by_part.get(part, ()))

    def named(self, *vaccines: str) -> Sequence[date]:
        """When one of ``vaccines`` was given under that very name, in order."""
        if len(vaccines) == 1:
            return self._by_name.get(vaccines[0], ())
        return sorted(day for vaccine in vaccines for day in self._by_name.get(vaccine, ()))

    def last(self, part: str) -> date | None:
        """When something with ``part`` in it was last given."""
        days = self._by_part.get(part)
        return days[-1] if days else None

"""What is known of somebody: everything departments said that still counts, put together."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from msgspec import Struct

from push.rules.vaccination import Given, Sex


class _Fact(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What a department said; born and sex are in the ID number it said it of."""

    born: date | None = None
    sex: Sex | None = None


class Birth(_Fact, frozen=True, kw_only=True, tag="BIRTH"):
    """A birth record (出生医学证明)."""

    region: str
    hukou: Literal["LOCAL", "OTHER"]
    mother_hbsag: Literal["positive", "negative", "unknown"]
    birth_grams: int | None = None


class Dose(_Fact, frozen=True, kw_only=True, tag="DOSE"):
    """A vaccination that was given (接种记录)."""

    vaccine: str
    given_on: date


class Household(_Fact, frozen=True, kw_only=True, tag="HOUSEHOLD"):
    """Where somebody lives (实有人口登记)."""

    district: str
    since: date


class Insurance(_Fact, frozen=True, kw_only=True, tag="INSURANCE"):
    """A contribution that is to be paid (社会保险费)."""

    scheme: str
    due_on: date


class Pension(_Fact, frozen=True, kw_only=True, tag="PENSION"):
    """That somebody draws a pension, and when they last confirmed it (养老待遇资格认证)."""

    entitled_from: date
    confirmed_on: date | None = None


class Enterprise(_Fact, frozen=True, kw_only=True, tag="ENTERPRISE"):
    """What an enterprise is (企业画像)."""

    division: str
    industry: str
    size: Literal["MICRO", "SMALL", "MEDIUM", "LARGE"]
    founded_on: date
    traits: tuple[str, ...] = ()
    employees: int | None = None
    revenue: float | None = None
    research_share: float | None = None
    listed_for_default: bool | None = None


Fact = Birth | Dose | Household | Insurance | Pension | Enterprise


class Payment(Struct, frozen=True, kw_only=True):
    """Something to be paid until a day; ``id`` is the fact that says so."""

    id: str
    due_on: date
    scheme: str


class Held(Struct, frozen=True, kw_only=True):
    """A certificate somebody holds that ends."""

    id: str
    type: str
    title_zh: str
    title_en: str
    issued: date
    valid_until: date


class Known(Struct, frozen=True, kw_only=True):
    """Somebody, as far as programmes ask.

    ``recorded`` says whether their vaccinations are known here at all: of whom they are not, nothing is
    overdue.
    """

    born: date | None = None
    sex: Sex | None = None
    birth: Birth | None = None
    district: str | None = None
    moves_on: date | None = None
    given: tuple[Given, ...] = ()
    insurance: tuple[Payment, ...] = ()
    pension: Pension | None = None
    enterprise: Enterprise | None = None
    held: tuple[Held, ...] = ()

    @property
    def recorded(self) -> bool:
        """Whether there is a record of vaccinations."""
        return self.birth is not None or bool(self.given)

    @property
    def region(self) -> str | None:
        """The region (GB/T 2260, two digits and zeros) whose additions to programmes hold for them."""
        place = self.district or (None if self.birth is None else self.birth.region)
        return None if place is None else f"{place[:2]}0000"


def known(
    facts: Iterable[tuple[str, Fact]], held: Iterable[Held] = (), *, as_of: date | None = None
) -> Known:
    """Put ``facts``, each with its id, in the order they were recorded, together; the latest word holds.

    Who is going to move after ``as_of`` a day has not moved yet.
    """
    everything = list(facts)
    births = [fact for _, fact in everything if isinstance(fact, Birth)]
    moves = [fact for _, fact in everything if isinstance(fact, Household)]
    homes = [fact for fact in moves if as_of is None or fact.since <= as_of]
    pensions = [fact for _, fact in everything if isinstance(fact, Pension)]
    firms = [fact for _, fact in everything if isinstance(fact, Enterprise)]
    return Known(
        born=next((fact.born for _, fact in everything if fact.born is not None), None),
        sex=next((fact.sex for _, fact in everything if fact.sex is not None), None),
        birth=births[-1] if births else None,
        moves_on=min((fact.since for fact in moves if fact not in homes), default=None),
        district=max(homes, key=lambda home: home.since).district if homes else None,
        given=tuple(
            sorted(
                Given(date=fact.given_on, vaccine=fact.vaccine)
                for _, fact in everything
                if isinstance(fact, Dose)
            )
        ),
        insurance=tuple(
            Payment(id=name, due_on=fact.due_on, scheme=fact.scheme)
            for name, fact in everything
            if isinstance(fact, Insurance)
        ),
        pension=pensions[-1] if pensions else None,
        enterprise=firms[-1] if firms else None,
        held=tuple(held),
    )

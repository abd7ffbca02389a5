"""Pensions and social insurance (养老待遇资格认证、社保缴费): what has to be confirmed or paid, and when.

A pension is confirmed once in a term, counted from the last time. A year's period of paying is what was
announced; of a year without one it is said that it was not.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

import msgspec
from msgspec import Struct

from push.models import Topic
from push.rules.calendar import add_months, earlier
from push.rules.due import DueItem, Status, term_status
from push.rules.programme import Offset


class Pensioner(Struct, frozen=True, kw_only=True):
    """Who draws a pension: since when, and when they last confirmed that they still qualify."""

    entitled_from: date
    confirmed: date | None = None


class PensionRule(Struct, frozen=True, kw_only=True):
    """How often a pension is confirmed, and how long before the end of a term people are reminded."""

    every_months: int
    opens: Offset
    clause: str


class Period(Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """The announced days in which a year is paid for."""

    since: date
    to: date
    source: str


class Scheme(Struct, frozen=True, kw_only=True):
    """An insurance paid for by the year; a year that is None was not announced."""

    zh: str
    en: str
    clause: str
    years: Mapping[str, Period | None]


class Insurance(Struct, frozen=True, kw_only=True):
    """What is known of pensions and insurances."""

    id: str
    pension: PensionRule
    schemes: Mapping[str, Scheme]


_read: Final = msgspec.json.Decoder(Insurance).decode


def read_insurance(content: bytes) -> Insurance:
    """The pensions and insurances in a file."""
    return _read(content)


def pension_item(insurance: Insurance, pensioner: Pensioner, as_of: date) -> DueItem:
    """When a pension has to be confirmed next: a term after the last time, or after it began."""
    rule = insurance.pension
    last = add_months(pensioner.confirmed or pensioner.entitled_from, rule.every_months)
    earliest = earlier(last, months=rule.opens.months, days=rule.opens.days)
    return DueItem(
        id="pension/qualification",
        programme=insurance.id,
        topic=Topic.PENSION,
        title_zh="养老待遇领取资格认证",
        title_en="Confirmation that a pension is still due",
        earliest=earliest,
        recommended_before=None,
        window_to=last,
        status=term_status(earliest, last, as_of),
        clause=(rule.clause,),
        template="pension-due",
    )


def insurance_items(insurance: Insurance, paid: Mapping[str, Collection[int]], as_of: date) -> list[DueItem]:
    """The years to be paid for that are not over; ``paid`` are those that were, by scheme."""
    return [
        _year(insurance, name, int(year), paid=int(year) in paid.get(name, ()), as_of=as_of)
        for name, scheme in insurance.schemes.items()
        for year in scheme.years
        if int(year) >= as_of.year
    ]


def _year(insurance: Insurance, name: str, year: int, *, paid: bool, as_of: date) -> DueItem:
    scheme = insurance.schemes[name]
    period = scheme.years[str(year)]
    return DueItem(
        id=f"insurance/{name}/{year}",
        programme=insurance.id,
        topic=Topic.INSURANCE,
        title_zh=f"{year}年度{scheme.zh}" + ("" if period else "（尚未公布）"),
        title_en=f"{scheme.en}, {year}" + ("" if period else " (not announced)"),
        earliest=None if period is None else period.since,
        recommended_before=None,
        window_to=None if period is None else period.to,
        status=Status.COMPLETE if paid else _status(period, as_of),
        clause=(scheme.clause,),
        template="insurance-due",
    )


def _status(period: Period | None, as_of: date) -> Status:
    if period is None:
        return Status.NOT_ANNOUNCED
    return Status.PASSED if as_of > period.to else term_status(period.since, period.to, as_of)

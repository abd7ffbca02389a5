"""Whom a campaign is for (受众), as data: every condition must hold, and what is not said is no condition."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, Literal

from msgspec import Struct

from push.refusals import AudienceInvalid
from push.rules import facts
from push.rules.calendar import add_months

YOUNGEST: Final = 14
"""Who is known to be younger is addressed by no campaign: a child's guardian is, and by nothing as broad."""
_OLDEST: Final = 120
_DIVISION: Final = re.compile(r"[1-9][0-9](?:[0-9]{2}){0,2}")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MOST: Final = 40

Sex = Literal["M", "F"]


class Known(Struct, frozen=True, kw_only=True):
    """What is known of a resident: from their ID number, if they are real-name, and from departments.

    ``district`` is where the number was given out, not where somebody lives: a department says that.
    An attribute may be several things at once.
    """

    resident: str
    subject: str | None = None
    born: date | None = None
    sex: Sex | None = None
    district: str | None = None
    attributes: Mapping[str, frozenset[str]] = {}


class Audience(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Conditions on residents (受众条件). Ages are in whole years (周岁), both ends included.

    With ``agreed`` only those are meant who agree to be told of the topic; without, whoever does not finds
    the notice in the app and hears nothing.
    """

    districts: tuple[str, ...] = ()
    age_from: int | None = None
    age_to: int | None = None
    sex: Sex | None = None
    attributes: dict[str, tuple[str, ...]] = {}
    agreed: bool = False


def attributes_of(said: facts.Known) -> dict[str, frozenset[str]]:
    """What departments said of somebody, as a campaign asks for it: home, dues and pension.

    ``home`` is a district, ``insurance`` the schemes of contributions to be paid, ``pension`` is ``drawn``.
    """
    found = {
        "home": () if said.district is None else (said.district,),
        "insurance": [each.scheme for each in said.insurance],
        "pension": () if said.pension is None else ("drawn",),
    }
    return {name: frozenset(values) for name, values in found.items() if values}


def check_audience(audience: Audience) -> None:
    """Return if ``audience`` can be asked for, or raise ``AudienceInvalid``."""
    for district in audience.districts:
        if not _DIVISION.fullmatch(district):
            raise AudienceInvalid(why_zh="行政区划代码有误", why_en="a district is 2, 4 or 6 digits")
    youngest = YOUNGEST if audience.age_from is None else audience.age_from
    oldest = _OLDEST if audience.age_to is None else audience.age_to
    if youngest < YOUNGEST:
        raise AudienceInvalid(why_zh="不得直接通知未满十四周岁的人", why_en="nobody under 14 is addressed")
    if not youngest <= oldest <= _OLDEST:
        raise AudienceInvalid(why_zh="年龄范围有误", why_en="the ages are no range")
    if max(len(audience.districts), len(audience.attributes)) > _MOST:
        raise AudienceInvalid(why_zh="条件过多", why_en="there are too many conditions")
    for name, values in audience.attributes.items():
        if not _NAME.fullmatch(name) or not 0 < len(values) <= _MOST:
            raise AudienceInvalid(
                why_zh="属性条件有误", why_en="an attribute is a name in lower case and what it may be"
            )


def holds(audience: Audience, known: Known, today: date) -> bool:
    """Whether ``known`` is one of ``audience``. Of whom too little is known, no condition holds."""
    if known.born is not None and not _is(YOUNGEST, known.born, today):
        return False
    return (
        _from(audience, known)
        and _of_age(audience, known, today)
        and audience.sex in {None, known.sex}
        and all(
            not known.attributes.get(name, frozenset()).isdisjoint(values)
            for name, values in audience.attributes.items()
        )
    )


def _from(audience: Audience, known: Known) -> bool:
    if not audience.districts:
        return True
    return known.district is not None and known.district.startswith(audience.districts)


def _of_age(audience: Audience, known: Known, today: date) -> bool:
    if audience.age_from is None and audience.age_to is None:
        return True
    if known.born is None:
        return False
    if audience.age_from is not None and not _is(audience.age_from, known.born, today):
        return False
    return audience.age_to is None or not _is(audience.age_to + 1, known.born, today)


def _is(years: int, born: date, today: date) -> bool:
    """Whether somebody is so old: from the day after the birthday, as the courts count 周岁."""
    return born < add_months(today, -12 * years)

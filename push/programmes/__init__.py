"""Programmes as dated data: the national vaccination programme, what places add to it, and the rest."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

from push.rules.enrolment import Enrolment, read_enrolment
from push.rules.expiry import Expiry, read_expiry
from push.rules.policy import Policies, read_policies
from push.rules.programme import DTP_2026_FROM, Programme, edition_in_force, read_programme
from push.rules.qualification import Insurance, read_insurance

EDITIONS = ("cn-nip-2021", "cn-nip-2026")
LOCAL = {"310000": "shanghai-local"}
ENROLMENT = {"310000": "shanghai-enrolment"}


class Clause(Struct, frozen=True, kw_only=True):
    """What a clause says, in short, and where that was read."""

    zh: str
    en: str
    source: str


class _Clauses(Struct, frozen=True, kw_only=True):
    general: dict[str, Clause] = {}
    catch_up: dict[str, Clause] = {}
    clauses: dict[str, Clause] = {}


_clauses_in: Final = msgspec.json.Decoder(_Clauses).decode
_ELSEWHERE: Final = {
    "cn-nip-2021": ("（2021年版）", " (edition of 2021)"),
    "cn-nip-2026": ("（2026年版）", " (edition of 2026)"),
}


def content(name: str) -> bytes:
    """A file of programme data, by its name without ``.json``; ``FileNotFoundError`` for one there is not."""
    return (files(__package__) / f"{name}.json").read_bytes()


@cache
def edition(name: str, region: str | None = None) -> Programme:
    """An edition by name, with what ``region`` (GB/T 2260) adds; ``KeyError`` for one there is not."""
    if name not in EDITIONS:
        raise KeyError(name)
    more = [LOCAL[region]] if region in LOCAL else []
    return read_programme(content(name), *map(content, more))


def in_force(as_of: date, region: str | None = None) -> Programme:
    """The edition in force on a day.

    In the year and a half before the 2026 edition its diphtheria part was in force already, by a notice of
    its own; the rest was that of 2021.
    """
    name = edition_in_force(as_of)
    if name == "cn-nip-2021" and as_of >= DTP_2026_FROM:
        return _between_editions(region)
    return edition(name, region)


@cache
def _between_editions(region: str | None) -> Programme:
    older, newer = edition("cn-nip-2021", region), edition("cn-nip-2026", region)
    kept = {key: dose for key, dose in older.doses.items() if not key.startswith(("dtap-", "dt-"))}
    taken = {key: dose for key, dose in newer.doses.items() if key.startswith("dtap-")}
    return msgspec.structs.replace(older, doses={**kept, **taken}, dtp=newer.id)


@cache
def enrolment_in(region: str) -> Enrolment:
    """How children are enrolled in ``region``; ``KeyError`` for a place of which we know nothing."""
    return read_enrolment(content(ENROLMENT[region]))


@cache
def expiry() -> Expiry:
    """What the law says of certificates that expire."""
    return read_expiry(content("credential-expiry"))


@cache
def insurance() -> Insurance:
    """What is known of pensions and insurances."""
    return read_insurance(content("social-insurance"))


@cache
def policies() -> Policies:
    """The attributes of enterprises criteria may ask for, and the policies we ship, which are none."""
    return read_policies(content("enterprise-policies"))


def clause_text(programme: str, clause: str) -> tuple[str, str]:
    """What ``clause`` says, in Chinese and English; ``KeyError`` for one nobody has.

    The full text of the 2026 edition is not known to us, and the diphtheria part of it was in force before
    the rest: a clause taken from the other edition says which one it is from.
    """
    for name in (programme, *LOCAL.values()):
        if (found := _clauses(name).get(clause)) is not None:
            return found.zh, found.en
    for name, (zh, en) in _ELSEWHERE.items():
        if (found := _clauses(name).get(clause)) is not None:
            return found.zh + zh, found.en + en
    raise KeyError(clause)


@cache
def _clauses(programme: str) -> Mapping[str, Clause]:
    try:
        file = _clauses_in(content(programme))
    except FileNotFoundError:
        raise KeyError(programme) from None
    return {**file.general, **file.catch_up, **file.clauses}

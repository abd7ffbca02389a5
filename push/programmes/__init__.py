"""Programmes as dated data: the editions of the national vaccination programme, and local additions."""

from datetime import date
from functools import cache
from importlib.resources import files

import msgspec

from push.rules.programme import DTP_2026_FROM, Programme, edition_in_force, read_programme

EDITIONS = ("cn-nip-2021", "cn-nip-2026")
LOCAL = {"310000": "shanghai-local"}


@cache
def edition(name: str, region: str | None = None) -> Programme:
    """An edition by name, with what ``region`` (GB/T 2260) adds; ``KeyError`` for one there is not."""
    if name not in EDITIONS:
        raise KeyError(name)
    more = [LOCAL[region]] if region in LOCAL else []
    content, *others = [(files(__package__) / f"{each}.json").read_bytes() for each in (name, *more)]
    return read_programme(content, *others)


def in_force(as_of: date, region: str | None = None) -> Programme:
    """The edition in force on a day.

    In the year and a half before the 2026 edition its diphtheria part was in force already, by a notice of
    its own; the rest was that of 2021.
    """
    name = edition_in_force(as_of)
    programme = edition(name, region)
    if name == "cn-nip-2021" and as_of >= DTP_2026_FROM:
        newer = edition("cn-nip-2026", region)
        kept = {key: dose for key, dose in programme.doses.items() if not key.startswith(("dtap-", "dt-"))}
        taken = {key: dose for key, dose in newer.doses.items() if key.startswith("dtap-")}
        return msgspec.structs.replace(programme, doses={**kept, **taken}, dtp=newer.id)
    return programme

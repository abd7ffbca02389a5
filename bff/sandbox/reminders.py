"""What the city's departments know that reminders follow from: a child's vaccinations, homes, payments.

Lin Xiaoman has had everything on time but two doses at four: what is late is what her mother sees first, once
she has shown that she is her mother. Days of payments count from today; brought along again on another day
they are other facts, and on the same day the same.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp

from bff.sandbox.city import DEPARTMENTS, ENTERPRISE, SOURCES, person
from bff.sandbox.seed import IssuerClient, Key, SeedingFailed

_PATIENCE: Final = aiohttp.ClientTimeout(total=30)
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_CITY: Final = "310000"
_GIVEN: Final = (
    ("HepB", ("2021-05-21", "2021-06-21", "2021-11-22")),
    ("BCG", ("2021-05-21",)),
    ("IPV", ("2021-07-21", "2021-08-23")),
    ("bOPV", ("2021-09-23",)),
    ("DTaP", ("2021-08-23", "2021-09-23", "2021-10-25", "2022-11-21")),
    ("MMR", ("2022-01-21", "2022-11-21")),
    ("JE-L", ("2022-01-21", "2023-05-22")),
    ("MPSV-A", ("2021-11-22", "2022-02-22")),
    ("MPSV-AC", ("2024-05-21",)),
    ("HepA-L", ("2022-11-21",)),
    ("VarV", ("2022-05-23",)),
)


async def bring_reminders(base_url: str, keys: Mapping[str, Key], *, now: datetime) -> None:
    """Report what each department knows; all of it may be done again."""
    async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
        known = facts_at(now)
        for department in (*SOURCES, *DEPARTMENTS):
            items = [item for key, item in known if key == department.key]
            if not items:
                continue
            client = IssuerClient(http, department.id, keys[department.key], base_url=base_url)
            receipt = await client.report_facts(items)
            if receipt["refused"]:
                raise SeedingFailed(
                    zh=f"{department.name}的事项数据被拒：{receipt['items']}",
                    en=f"Facts of {department.key} were refused.",
                )


def facts_at(now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Each department's facts as they are reported ``now``, by the department's key."""
    today = now.astimezone(_ZONE).date()
    child = person("child").id_number
    birth = {"kind": "BIRTH", "region": _CITY, "motherHbsag": "negative", "birthGrams": 3_250}
    doses = [
        ("cdc", _about(child, f"seed-{vaccine}-{day}", {"kind": "DOSE", "vaccine": vaccine, "givenOn": day}))
        for vaccine, days in _GIVEN
        for day in days
    ]
    pension = {
        "kind": "PENSION",
        "entitledFrom": "2003-09-09",
        "confirmedOn": (today - timedelta(days=361)).isoformat(),
    }
    home = {"kind": "HOUSEHOLD", "district": "310104", "since": "2021-06-01"}
    return [
        ("cdc", _about(child, "seed-birth", birth)),
        *doses,
        ("police", _about(child, "seed-home", home)),
        ("social", _due("lin", "INSURANCE", today + timedelta(days=20), scheme="RESIDENT_MEDICAL")),
        ("social", _about(person("wang").id_number, f"seed-pension-{today:%Y%m%d}", pension)),
        ("market", _enterprise()),
    ]


def _about(number: str, name: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"sourceId": name, "idNumber": number, "facts": facts}


def _due(key: str, kind: str, day: date, **more: str) -> dict[str, Any]:
    facts = {"kind": kind, "dueOn": day.isoformat(), **more}
    return _about(person(key).id_number, f"seed-{kind.lower()}-{key}-{day:%Y%m%d}", facts)


def _enterprise() -> dict[str, Any]:
    facts = {
        "kind": "ENTERPRISE",
        "division": "310104",
        "industry": "F51",
        "size": "SMALL",
        "foundedOn": "2016-08-18",
        "traits": ["retail", "tea"],
    }
    return {"sourceId": "seed-enterprise", "uscc": ENTERPRISE.id, "facts": facts}

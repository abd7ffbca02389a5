"""The city's health codes: rules by two persons, evidence by two sources, colours by nobody.

Since 2023-01-08 no law gives a colour, so the city has made one up (``haiyu-rules.json``). It becomes law
here as anywhere: one clerk proposes it over HTTP, one of another organisation publishes it. Evidence is of
yesterday, and has the same ids all day: brought along again it is the same evidence.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
from msgspec import Struct

from bff.sandbox.city import CLERKS, HEALTH_RULES, SOURCES, Clerk, person
from bff.sandbox.seed import IssuerClient, Key, SeedingFailed, posted

_PATIENCE: Final = aiohttp.ClientTimeout(total=30)
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_CITY: Final = "310000"


class Reported(Struct, frozen=True, kw_only=True):
    """What a source says happened to a resident, so many hours after yesterday's midnight."""

    source: str
    resident: str
    hours: int
    facts: dict[str, Any]


class Colour(Struct, frozen=True, kw_only=True):
    """Whom to look at, and the colour the rules give them."""

    resident: str
    colour: str
    why_zh: str
    why_en: str


EVIDENCE: Final = (
    Reported(source="laboratory", resident="lin", hours=9, facts={"kind": "RESULT", "outcome": "NEGATIVE"}),
    Reported(source="cdc", resident="zhao", hours=10, facts={"kind": "EXPOSED", "degree": "CLOSE"}),
    Reported(source="laboratory", resident="zhao", hours=18, facts={"kind": "SAMPLED"}),
    Reported(
        source="cdc", resident="qian", hours=8, facts={"kind": "AREA_STAY", "area": _CITY, "risk": "HIGH"}
    ),
    Reported(
        source="laboratory",
        resident="zheng",
        hours=11,
        facts={"kind": "RESULT", "outcome": "POSITIVE", "ct": 24},
    ),
    Reported(
        source="laboratory",
        resident="sun",
        hours=12,
        facts={"kind": "RESULT", "outcome": "POSITIVE", "mixed": True},
    ),
    Reported(
        source="sichuan",
        resident="zhao",
        hours=7,
        facts={"kind": "FOREIGN_CERT", "area": "510100", "issuer": "四川天府健康通", "shown": "RED"},
    ),
)
COLOURS: Final = (
    Colour(resident="lin", colour="GREEN", why_zh="昨日检测阴性", why_en="negative yesterday"),
    Colour(resident="zhao", colour="YELLOW", why_zh="密接，采样不转码", why_en="a close contact, sampled"),
    Colour(resident="qian", colour="YELLOW", why_zh="到过高风险地区", why_en="was in a high-risk area"),
    Colour(resident="zheng", colour="RED", why_zh="检测阳性", why_en="positive"),
    Colour(
        resident="sun", colour="RED", why_zh="混管阳性，待复核", why_en="mixed tube positive, to be re-tested"
    ),
)


async def bring_health(base_url: str, keys: Mapping[str, Key], *, now: datetime) -> None:
    """Publish the rules, then report the evidence; all of it may be done again."""
    async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
        await _publish(http, base_url)
        for source in SOURCES:
            items = [item for key, item in items_at(now) if key == source.key]
            receipt = await IssuerClient(http, source.id, keys[source.key], base_url=base_url).report(items)
            if receipt["refused"]:
                raise SeedingFailed(
                    zh=f"{source.name}的健康证据被拒：{receipt['items']}",
                    en=f"Health evidence of {source.key} was refused.",
                )


def items_at(now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Each source's items as they are reported ``now``, by the source's key."""
    today = now.astimezone(_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = today - timedelta(days=1)
    return [
        (
            each.source,
            {
                "sourceId": f"seed-{yesterday:%Y%m%d}-{number}",
                "idNumber": person(each.resident).id_number,
                "jurisdiction": _CITY,
                "occurredAt": (yesterday + timedelta(hours=each.hours)).isoformat(),
                "facts": each.facts,
            },
        )
        for number, each in enumerate(EVIDENCE, 1)
    ]


async def _publish(http: aiohttp.ClientSession, base_url: str) -> None:
    clerks = [clerk for clerk in CLERKS if "health:rules" in clerk.scopes]
    *_, one, other = [await _signed_in(http, base_url, clerk) for clerk in clerks]
    rules = f"{base_url}/verifier/v1/health-rule-sets"
    document = msgspec.json.decode(HEALTH_RULES.read_bytes())
    proposal = await posted(http, rules, {"document": document}, one)
    await posted(http, f"{rules}/{proposal['id']}/publish", {}, other)


async def _signed_in(http: aiohttp.ClientSession, base_url: str, clerk: Clerk) -> dict[str, str]:
    body = {
        "organisation": clerk.organisation,
        "clerkNumber": clerk.number,
        "passphrase": clerk.passphrase,
    }
    reply = await posted(http, f"{base_url}/verifier/v1/session", body, {})
    return {"Authorization": f"Bearer {reply['accessToken']}"}

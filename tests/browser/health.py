"""What happens to health codes while somebody looks: evidence comes in, or nothing does for too long."""

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import httpx
import msgspec
import redis
from pymongo import MongoClient

from bff.platform.idnumbers import IdNumbers
from bff.sandbox.city import CLERKS, SOURCES, person
from bff.sandbox.seed import IssuerClient
from bff.sandbox.stack import City
from health_code.models import Snapshot


def report(city: City, source: str, resident: str, facts: dict[str, Any]) -> str:
    """Have ``source`` report ``facts`` of ``resident``, as of an hour ago; our id of it."""
    item = {
        "sourceId": secrets.token_hex(8),
        "idNumber": person(resident).id_number,
        "jurisdiction": "310000",
        "occurredAt": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "facts": facts,
    }
    # In a thread of its own: Playwright's loop runs in this one.
    with ThreadPoolExecutor(1) as beside:
        receipt = beside.submit(asyncio.run, _reported(city, source, item)).result()
    assert receipt["recorded"] == 1, receipt
    return str(receipt["items"][0]["evidence"])


def unreadable(city: City, resident: str) -> str:
    """A sample of ``resident``'s of which nobody can open what was reported, as after a lost key."""
    evidence = report(city, "laboratory", resident, {"kind": "SAMPLED"})
    with MongoClient[dict[str, Any]](city.env["SUISHEN_MONGO_URL"]) as client:
        client["suishen"]["health_evidence"].update_one({"_id": evidence}, {"$set": {"sealed": b"?"}})
    return evidence


async def _reported(city: City, source: str, item: dict[str, Any]) -> dict[str, Any]:
    department = next(each for each in SOURCES if each.key == source)
    async with aiohttp.ClientSession() as http:
        client = IssuerClient(http, department.id, city.department_keys()[source], base_url=city.base_url)
        return await client.report([item])


@contextmanager
def judged_long_ago(city: City, resident: str) -> Iterator[None]:
    """Have ``resident``'s colour be one that nothing has confirmed for two days, nor can now."""
    _age(city, resident)
    city.servers.mongo.freeze()
    try:
        yield
    finally:
        city.servers.mongo.thaw()


def _age(city: City, resident: str) -> None:
    name = IdNumbers.mask_name(person(resident).name)
    with redis.Redis.from_url(city.env["SUISHEN_REDIS_URL"]) as store:
        for key in store.scan_iter("health:snapshot:*"):
            snapshot = msgspec.msgpack.decode(store.hget(key, "v"), type=Snapshot)
            if snapshot.name_masked == name:
                old = msgspec.structs.replace(snapshot, judged_at=snapshot.judged_at - timedelta(days=2))
                store.hset(key, "v", msgspec.msgpack.encode(old))
                return
    raise AssertionError(f"{resident} has no health code yet")


def venue_code(city: City) -> str:
    """What the screen at the station's door shows, which lets in whoever is green."""
    clerk = next(each for each in CLERKS if "health:venues" in each.scopes)
    said = {
        "organisation": clerk.organisation,
        "clerkNumber": clerk.number,
        "passphrase": clerk.passphrase,
    }
    station = {
        "nameZh": "海屿站",
        "nameEn": "Haiyu Station",
        "division": "310101",
        "kind": "TRANSPORT",
        "admits": ["GREEN"],
    }
    with httpx.Client(base_url=city.base_url, timeout=20) as http:
        token = http.post("/verifier/v1/session", json=said).json()["accessToken"]
        headers = {"Authorization": f"Bearer {token}"}
        key = {"Idempotency-Key": secrets.token_hex(8)}
        venue = http.post("/verifier/v1/venues", json=station, headers=headers | key).json()["id"]
        shown = http.get(f"/verifier/v1/venues/{venue}/code", headers=headers)
        return str(shown.json()["code"])

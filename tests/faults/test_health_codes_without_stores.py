"""Codes are shown, fetched ahead and checked while MongoDB is away, and outlive a Redis that was killed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest

from bff.platform.redis import open_redis
from bff.sandbox.city import APP, CLERKS
from bff.sandbox.stack import City, private_stack
from health_code.offline import verify_offline
from wallet.codec.keys import KeySet

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

CODE: Final = "/mp/v1/health-code"
GUARD: Final = next(clerk for clerk in CLERKS if "health:check" in clerk.scopes)
BOTH_UP: Final = 20.0


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with private_stack(tmp_path_factory.mktemp("city")) as running:
        yield running


class Gate:
    """A resident in front of a guard."""

    def __init__(self, http: httpx.AsyncClient, resident: str, guard: str) -> None:
        self._http = http
        self._resident = {"Authorization": f"Bearer {resident}"}
        self._guard = {"Authorization": f"Bearer {guard}"}

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        answer = await self._http.request(method, path, json=body, headers=self._resident | headers)
        assert answer.status_code in {200, 201}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def shown(self) -> str:
        return str((await self.ask("POST", f"{CODE}/codes", {}))["code"])

    async def fetched(self) -> str:
        return str((await self.ask("GET", f"{CODE}/offline"))["code"])

    async def paper(self, key: str) -> str:
        return str((await self.ask("POST", f"{CODE}/paper", **{"Idempotency-Key": key}))["code"])

    async def checked(self, code: str) -> dict[str, Any]:
        answer = await self._http.post("/verifier/v1/health-checks", json={"code": code}, headers=self._guard)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def trusted(self) -> KeySet:
        return KeySet.parse((await self._http.get("/verifier/v1/trust/health-jwks.json")).content)


@pytest.fixture
async def gate(city: City) -> AsyncIterator[Gate]:
    async with httpx.AsyncClient(base_url=city.base_url, timeout=30) as http:
        login = {"appid": APP.appid, "resident": "lin"}
        code = (await http.post(f"{city.simulator_url}/_sim/wechat/login", json=login)).json()["code"]
        resident = (await http.post("/mp/v1/session/wechat", json={"code": code})).json()["accessToken"]
        entry = {
            "organisation": GUARD.organisation,
            "clerkNumber": GUARD.number,
            "passphrase": GUARD.passphrase,
        }
        guard = (await http.post("/verifier/v1/session", json=entry)).json()["accessToken"]
        yield Gate(http, resident, guard)


async def test_while_mongo_is_away_codes_are_shown_fetched_and_checked(city: City, gate: Gate) -> None:
    known, keys = await gate.paper("without-mongo-1"), await gate.trusted()
    assert (await gate.checked(await gate.shown()))["verdict"] == "OK"
    await asyncio.to_thread(city.servers.kill_mongo)
    try:
        for _ in range(3):
            shown = await gate.checked(await gate.shown())
            checked = await gate.checked(await gate.fetched())
            paper = await gate.checked(known)
            assert [(each["verdict"], each["colour"]) for each in (shown, checked, paper)] == [
                ("OK", "GREEN")
            ] * 3
        assert verify_offline(await gate.fetched(), keys.keys, datetime.now(UTC)).verdict == "OK"
    finally:
        await asyncio.to_thread(city.servers.start_mongo)


async def test_a_paper_code_that_nobody_can_look_up_is_an_identity_and_no_colour(
    city: City, gate: Gate
) -> None:
    paper = await gate.paper("without-mongo-2")
    await _forget_papers(city)
    await asyncio.to_thread(city.servers.kill_mongo)
    try:
        asked = time.monotonic()
        told = await gate.checked(paper)
        assert time.monotonic() - asked < 6
    finally:
        await asyncio.to_thread(city.servers.start_mongo)
    assert (told["verdict"], told["kind"], told["colour"]) == ("IDENTITY_ONLY", "PAPER", None)
    assert told["name"]


async def test_a_redis_that_was_killed_and_restarted_has_forgotten_no_code_and_no_scan(
    city: City, gate: Gate
) -> None:
    lost, paper = await gate.paper("redis-killed-1"), await gate.paper("redis-killed-2")
    shown, scanned = await gate.shown(), await gate.shown()
    fetched = await gate.fetched()
    assert (await gate.checked(scanned))["verdict"] == "OK"

    await asyncio.to_thread(city.servers.kill_redis)
    await asyncio.to_thread(city.servers.start_redis)

    assert await _once_back(gate, (scanned, lost, paper, fetched)) == [
        "ALREADY_CHECKED",
        "REVOKED",
        "OK",
        "OK",
    ]
    assert (await gate.checked(shown))["verdict"] == "OK"


async def _once_back(gate: Gate, codes: Sequence[str]) -> list[str]:
    """The verdicts, once the city answers again."""
    until = time.monotonic() + BOTH_UP
    while True:
        try:
            return [(await gate.checked(code))["verdict"] for code in codes]
        except AssertionError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)


async def _forget_papers(city: City) -> None:
    redis = open_redis(city.servers.redis_url)
    try:
        for key in [key async for key in redis.scan_iter("health:paper:*")]:
            await redis.delete(key)
    finally:
        await redis.aclose()

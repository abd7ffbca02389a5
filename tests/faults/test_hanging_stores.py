"""A store that hangs is worse than one that died: callers are told in time, and all is well afterwards."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest

from bff.platform.mongo import database, open_mongo
from bff.sandbox.city import APP, CLERKS
from bff.sandbox.servers import Server
from bff.sandbox.stack import City, private_stack

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

# Three times the deadline, for a busy machine: who waited for the store would wait for half a minute.
IN_TIME: Final = 6.0


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    limits = {
        "SUISHEN_WALLET_CLERK_PER_MINUTE": "1000000",
        "SUISHEN_WALLET_ORGANISATION_PER_MINUTE": "10000000",
    }
    with private_stack(tmp_path_factory.mktemp("city"), settings=limits) as running:
        yield running


@pytest.fixture
async def http(city: City) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        city.base_url,
        connector=aiohttp.TCPConnector(limit=200),
        timeout=aiohttp.ClientTimeout(total=30),
    ) as session:
        yield session


class People:
    """A resident with a certificate and a clerk who scans, both signed in."""

    def __init__(self, http: aiohttp.ClientSession, resident: str, clerk: str, credential: str) -> None:
        self._http, self._resident, self._clerk, self._credential = http, resident, clerk, credential

    async def show(self) -> tuple[int, dict[str, Any]]:
        body = {"credentialId": self._credential}
        return await self.ask("POST", "/mp/v1/presentations", self._resident, body)

    async def scan(self, code: str, request: str) -> tuple[int, dict[str, Any]]:
        body = {"code": code, "requestId": request}
        return await self.ask("POST", "/verifier/v1/verifications", self._clerk, body)

    async def cards(self) -> tuple[int, dict[str, Any]]:
        return await self.ask("GET", "/mp/v1/credentials", self._resident)

    async def sessions(self) -> tuple[int, dict[str, Any]]:
        return await self.ask("GET", "/mp/v1/sessions", self._resident)

    async def ask(
        self, method: str, path: str, token: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body; a problem must come in time and say when to try again."""
        asked = time.monotonic()
        headers = {"Authorization": f"Bearer {token}"}
        async with self._http.request(method, path, json=body, headers=headers) as answer:
            told: dict[str, Any] = await answer.json(content_type=None)
            if answer.status == 503:
                assert answer.content_type == "application/problem+json"
                assert int(answer.headers["Retry-After"]) >= 1
                assert time.monotonic() - asked < IN_TIME, path
            return answer.status, told


@pytest.fixture
async def people(city: City, http: aiohttp.ClientSession) -> People:
    login = {"appid": APP.appid, "resident": "lin"}
    async with http.post(f"{city.simulator_url}/_sim/wechat/login", json=login) as answer:
        code = (await answer.json(content_type=None))["code"]
    async with http.post("/mp/v1/session/wechat", json={"code": code}) as answer:
        resident = (await answer.json())["accessToken"]
    clerk = CLERKS[0]
    entry = {"organisation": clerk.organisation, "clerkNumber": clerk.number, "passphrase": clerk.passphrase}
    async with http.post("/verifier/v1/session", json=entry) as answer:
        scanner = (await answer.json())["accessToken"]
    async with http.get("/mp/v1/credentials", headers={"Authorization": f"Bearer {resident}"}) as answer:
        cards = (await answer.json())["items"]
    credential = next(card["id"] for card in cards if card["type"] == "resident-id-card")
    return People(http, resident, scanner, credential)


@asynccontextmanager
async def hanging(server: Server) -> AsyncIterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


async def test_while_mongo_hangs_every_caller_is_told_in_time_and_all_recover_when_it_goes_on(
    city: City, people: People
) -> None:
    _, shown = await people.show()
    async with hanging(city.servers.mongo):
        # More at once than the driver has threads, for longer than any of its own time-outs.
        for wave in range(3):
            told = await asyncio.gather(
                *(people.cards() for _ in range(40)),
                *(people.sessions() for _ in range(40)),
                *(people.show() for _ in range(40)),
                *(people.scan(shown["code"], f"hanging-{wave}-{number}") for number in range(10)),
            )
            assert Counter(status for status, _ in told) == {503: 130}
    await _until_well(people)
    status, answer = await people.scan(shown["code"], "after-mongo-0001")
    assert (status, answer["verdict"]) == (200, "OK_ONLINE")


async def test_while_redis_hangs_every_caller_is_told_in_time_and_all_recover_when_it_goes_on(
    city: City, people: People
) -> None:
    async with hanging(city.servers.redis):
        for wave in range(3):
            told = await asyncio.gather(
                *(people.show() for _ in range(40)),
                *(people.scan("anything", f"hanging-{wave}-{number}") for number in range(10)),
            )
            assert Counter(status for status, _ in told) == {503: 50}
            # What asks nothing of Redis goes on.
            assert (await people.sessions())[0] == 200
    await _until_well(people)


async def test_a_code_scanned_while_a_store_hangs_is_used_at_most_once_and_its_record_is_kept(
    city: City, people: People
) -> None:
    uses: list[str] = []
    for server in (city.servers.redis, city.servers.mongo) * 3:
        _, shown = await people.show()
        requests = [f"{shown['presentationId'][:12]}-{number}" for number in range(6)]
        scans = [asyncio.create_task(people.scan(shown["code"], request)) for request in requests]
        # Somewhere between the first question and the last answer.
        await asyncio.sleep(0.002 * len(uses))
        async with hanging(server):
            await asyncio.wait(scans)
        told = await _told_at_last(people, shown["code"], requests)
        assert Counter(answer["verdict"] for answer in told) == {"OK_ONLINE": 1, "ALREADY_USED": 5}
        # Who was told of the use in spite of all is told of the same one again.
        seen = [answer for status, answer in (scan.result() for scan in scans) if status == 200]
        assert {answer["usageId"] for answer in seen if answer["valid"]} <= {
            answer["usageId"] for answer in told if answer["valid"]
        }
        uses.append(next(answer["usageId"] for answer in told if answer["verdict"] == "OK_ONLINE"))
    client = open_mongo(city.servers.mongo_url)
    kept = database(client, "suishen")["usage_records"]
    try:
        async with asyncio.timeout(20):
            while await kept.count_documents({"_id": {"$in": uses}}) < len(uses):
                await asyncio.sleep(0.1)
    finally:
        client.close()


async def _told_at_last(people: People, code: str, requests: list[str]) -> list[dict[str, Any]]:
    """What each request is told, sent again until it is told something."""
    told = []
    for request in requests:
        async with asyncio.timeout(15):
            while (answer := await people.scan(code, request))[0] == 503:
                await asyncio.sleep(0.1)
        told.append(answer[1])
    return told


async def _until_well(people: People) -> None:
    async with asyncio.timeout(10):
        while {(await people.show())[0], (await people.cards())[0]} != {200, 201}:
            await asyncio.sleep(0.1)

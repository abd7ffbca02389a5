"""One code, one use, and no record lost: two web processes, real servers, and whatever dies in between."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from auth_bridges.models import Audience, Grant
from auth_bridges.tokens import AccessTokens
from bff.platform.keys import KeyRing
from bff.platform.mongo import Database, database, open_mongo
from bff.platform.settings import Environment
from bff.sandbox.city import APP
from bff.sandbox.stack import City, private_stack
from miniapp_schemas.assurance import AssuranceLevel

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

CLERKS: Final = 20
RESIDENT: Final = "lin"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    limits = {
        "SUISHEN_WALLET_CLERK_PER_MINUTE": "1000000",
        "SUISHEN_WALLET_ORGANISATION_PER_MINUTE": "10000000",
    }
    with private_stack(
        tmp_path_factory.mktemp("city"), web_processes=2, workers=2, settings=limits
    ) as running:
        yield running


@pytest.fixture
async def records(city: City) -> AsyncIterator[Database]:
    client = open_mongo(city.servers.mongo_url)
    yield database(client, "suishen")
    client.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100), timeout=aiohttp.ClientTimeout(total=30)
    ) as session:
        yield session


@pytest.fixture
def clerks(city: City) -> list[str]:
    """Access tokens of twenty clerks, as the city's own key signs them."""
    tokens = AccessTokens(
        KeyRing(Path(city.env["SUISHEN_AUTH_TOKEN_KEYS_DIR"])),
        issuer=city.env["SUISHEN_AUTH_TOKEN_ISSUER"],
        environment=Environment(city.env["SUISHEN_ENV"]).in_tokens,
        lifetime=timedelta(minutes=10),
    )
    return [
        tokens.mint(
            Grant(
                audience=Audience.VERIFIER,
                subject=f"clerk-{number}",
                session=f"session-{number}",
                client="test",
                assurance=AssuranceLevel.L1,
                scopes=frozenset({"wallet:verify"}),
                organisation="org",
                organisation_name="某单位",
                clerk_number=str(number),
                scenes=frozenset({"general"}),
            ),
            token_id=secrets.token_hex(8),
            now=datetime.now(UTC),
        ).text
        for number in range(CLERKS)
    ]


class Holder:
    """A resident signed in through the simulated WeChat, who shows an ID card."""

    def __init__(self, http: aiohttp.ClientSession, city: City) -> None:
        self._http, self._city = http, city
        self._headers: dict[str, str] = {}
        self._credential = ""

    async def sign_in(self) -> None:
        async with self._http.post(
            f"{self._city.simulator_url}/_sim/wechat/login", json={"appid": APP.appid, "resident": RESIDENT}
        ) as answer:
            code = (await answer.json(content_type=None))["code"]
        async with self._http.post(
            f"{self._city.base_url}/mp/v1/session/wechat", json={"code": code}
        ) as answer:
            session = await answer.json()
        self._headers = {"Authorization": f"Bearer {session['accessToken']}"}
        async with self._http.get(
            f"{self._city.base_url}/mp/v1/credentials", headers=self._headers
        ) as answer:
            cards = (await answer.json())["items"]
        self._credential = next(
            card["id"] for card in cards if card["type"] == "resident-id-card" and card["status"] == "valid"
        )

    async def show(self) -> str:
        async with self._http.post(
            f"{self._city.base_url}/mp/v1/presentations",
            json={"credentialId": self._credential},
            headers=self._headers,
        ) as answer:
            assert answer.status == 201, await answer.text()
            code: str = (await answer.json())["code"]
            return code


@pytest.fixture
async def holder(http: aiohttp.ClientSession, city: City) -> Holder:
    holder = Holder(http, city)
    await holder.sign_in()
    return holder


async def scan(
    http: aiohttp.ClientSession, city: City, clerks: list[str], code: str, number: int
) -> dict[str, Any]:
    """Scan until there is an answer, as the clerk page does: the same request id, another process."""
    body = {"code": code, "requestId": f"request-{number:06d}"}
    headers = {"Authorization": f"Bearer {clerks[number % CLERKS]}"}
    for attempt in range(200):
        url = city.base_urls[(number + attempt) % len(city.base_urls)]
        try:
            async with http.post(f"{url}/verifier/v1/verifications", json=body, headers=headers) as answer:
                if answer.status == 200:
                    verdict: dict[str, Any] = await answer.json()
                    return verdict
                assert answer.status == 503, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(0.1)
    raise AssertionError("no answer")


async def all_kept(records: Database, answers: list[dict[str, Any]], within: float = 20) -> None:
    """Every acknowledged usage record is in MongoDB, once."""
    wanted = {answer["usageId"] for answer in answers if answer.get("usageId")}
    found = 0
    for _ in range(int(within * 10)):
        found = await records["usage_records"].count_documents({"_id": {"$in": sorted(wanted)}})
        if found == len(wanted):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{len(wanted) - found} of {len(wanted)} records lost")


def trail_holds(city: City) -> bool:
    """Whether ``suishen audit verify`` finds every chain whole."""
    done = subprocess.run(
        [sys.executable, "-m", "bff.cli", "audit", "verify", "--json"],
        env=dict(city.env) | {"PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


async def test_a_thousand_scans_by_twenty_clerks_on_two_processes_make_one_use(
    city: City, http: aiohttp.ClientSession, holder: Holder, clerks: list[str], records: Database
) -> None:
    code = await holder.show()
    answers = await asyncio.gather(*(scan(http, city, clerks, code, number) for number in range(1000)))
    assert Counter(answer["verdict"] for answer in answers) == {"OK_ONLINE": 1, "ALREADY_USED": 999}
    await all_kept(records, answers)


@pytest.mark.parametrize("victim", ["redis", "web"])
async def test_there_are_never_two_uses_whatever_dies(  # noqa: PLR0917 - fixtures
    city: City,
    http: aiohttp.ClientSession,
    holder: Holder,
    clerks: list[str],
    records: Database,
    victim: str,
) -> None:
    kill, revive = _means(city, victim)
    for _ in range(3):
        code = await holder.show()
        scans = [asyncio.create_task(scan(http, city, clerks, code, number)) for number in range(150)]
        await asyncio.sleep(0.03 + secrets.randbelow(100) / 1000)
        await asyncio.to_thread(kill)
        await asyncio.to_thread(revive)
        answers = await asyncio.gather(*scans)
        verdicts = Counter(answer["verdict"] for answer in answers)
        assert verdicts == {"OK_ONLINE": 1, "ALREADY_USED": 149}
        await all_kept(records, answers)


def _means(city: City, victim: str) -> tuple[Callable[[], None], Callable[[], None]]:
    if victim == "redis":
        return city.servers.kill_redis, city.servers.start_redis
    web = city.web[1]

    def revive() -> None:
        web.start()
        web.await_ready()

    return web.kill, revive


async def test_records_arrive_once_though_drains_and_mongo_are_killed_in_between(
    city: City, http: aiohttp.ClientSession, holder: Holder, clerks: list[str], records: Database
) -> None:
    answers: list[dict[str, Any]] = []

    async def keep_scanning() -> None:
        for number in range(1000, 1040):
            code = await holder.show()
            answers.append(await scan(http, city, clerks, code, number))
            answers.append(await scan(http, city, clerks, code, number + 5000))

    scanning = asyncio.create_task(keep_scanning())
    for worker in city.workers:
        await asyncio.sleep(0.4)
        await asyncio.to_thread(worker.kill)
    await scanning
    await asyncio.to_thread(city.servers.kill_mongo)
    await asyncio.to_thread(city.servers.start_mongo)
    for worker in city.workers:
        await asyncio.to_thread(worker.start)
    assert Counter(answer["verdict"] for answer in answers) == {"OK_ONLINE": 40, "ALREADY_USED": 40}
    await all_kept(records, answers, within=30)
    assert await records["usage_records"].count_documents({}) == len(
        await records["usage_records"].distinct("_id")
    )
    assert await asyncio.to_thread(trail_holds, city)

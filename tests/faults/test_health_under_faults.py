"""The health code while its servers stop, hang and die: it is shown, nothing is lost, no colour is wrong."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import pytest
from redis.asyncio import Redis
from stdnum.cn import ric

from auth_bridges.models import Audience, Grant
from auth_bridges.tokens import AccessTokens
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.health_rehearsal import SETTINGS, rehearse
from bff.sandbox.servers import Server
from bff.sandbox.stack import City, private_stack
from health_code.models import HEALTH_TYPES
from miniapp_schemas.assurance import AssuranceLevel

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

CODE: Final = "/mp/v1/health-code"
CHECKS: Final = "/verifier/v1/health-checks"
EVIDENCE: Final = "/issuer/v1/health-evidence"
SOURCES: Final = ("laboratory-a", "laboratory-b")
# The deadline, and what a busy machine takes besides.
IN_TIME: Final = 3.5


def id_number(number: int) -> str:
    body = f"31000019900101{number:03}"
    return body + str(ric.calc_check_digit(f"{body}0"))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    with private_stack(folder, settings=SETTINGS, workers=2, scheduler=True) as running:
        yield running


class Town:
    """People with codes, guards and sources, over HTTP, with tokens of the city's own key."""

    def __init__(self, http: aiohttp.ClientSession, platform: Platform) -> None:
        self.platform = platform
        self._http = http
        settings = platform.settings
        self._tokens = AccessTokens(
            platform.token_keys,
            issuer=settings.auth.token_issuer,
            environment=settings.platform.env.in_tokens,
            lifetime=timedelta(minutes=10),
        )
        self.guard = self._token(Audience.VERIFIER, "health:check", subject="guard")
        self.sources = [
            self._token(Audience.ISSUER, "health:report", subject=source, types=frozenset(HEALTH_TYPES))
            for source in SOURCES
        ]

    def resident(self, number: str) -> str:
        return self._token(
            Audience.RESIDENT,
            "health:show",
            subject=secrets.token_hex(16),
            assurance=AssuranceLevel.L2,
            holder=self.platform.personal.hash(number),
        )

    def _token(self, audience: Audience, scope: str, **more: Any) -> str:  # noqa: ANN401  a grant's fields
        grant = Grant(
            audience=audience,
            session=secrets.token_hex(8),
            client="test",
            scopes=frozenset({scope}),
            **({"assurance": AssuranceLevel.L0} | more),
        )
        return self._tokens.mint(grant, token_id=secrets.token_hex(8), now=datetime.now(UTC)).text

    async def ask(
        self, method: str, path: str, token: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body; 0 where nobody answered. An answer must come in time."""
        asked = asyncio.get_running_loop().time()
        said = {"Authorization": f"Bearer {token}"} | headers
        try:
            async with self._http.request(method, path, json=body, headers=said) as answer:
                told: dict[str, Any] = await answer.json(content_type=None) or {}
        except (aiohttp.ClientError, ConnectionError):
            return 0, {}
        assert asyncio.get_running_loop().time() - asked < IN_TIME, path
        return answer.status, told

    async def read(self, token: str) -> tuple[int, dict[str, Any]]:
        return await self.ask("GET", CODE, token)

    async def show(self, token: str) -> tuple[int, dict[str, Any]]:
        return await self.ask("POST", f"{CODE}/codes", token, {})

    async def check(self, code: str) -> tuple[int, dict[str, Any]]:
        return await self.ask("POST", CHECKS, self.guard, {"code": code})

    async def report(self, source: str, *items: dict[str, Any]) -> list[str]:
        """Our ids of ``items``, sent again until somebody says that they are recorded."""
        while True:
            status, told = await self.ask("POST", EVIDENCE, source, {"items": list(items)})
            if status == 200:
                assert told["refused"] == 0, told
                return [item["evidence"] for item in told["items"]]
            assert status in {0, 503}, told
            await asyncio.sleep(0.05)

    async def coloured(self, token: str, colour: str) -> None:
        async with asyncio.timeout(20):
            while (await self.read(token))[1].get("colour") != colour:
                await asyncio.sleep(0.1)


@pytest.fixture
async def town(city: City) -> AsyncIterator[Town]:
    timeout = aiohttp.ClientTimeout(total=20)
    async with (
        Platform.open(load_settings(city.env)) as platform,
        aiohttp.ClientSession(city.base_url, timeout=timeout) as http,
    ):
        yield Town(http, platform)


def item(number: str, facts: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "sourceId": secrets.token_hex(8),
        "idNumber": number,
        "jurisdiction": "310000",
        "occurredAt": at.isoformat(),
        "facts": facts,
    }


@asynccontextmanager
async def hanging(server: Server) -> AsyncIterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@asynccontextmanager
async def stopped(kill: Callable[[], None], start: Callable[[], None]) -> AsyncIterator[None]:
    await asyncio.to_thread(kill)
    try:
        yield
    finally:
        await asyncio.to_thread(start)


async def in_red(town: Town, number: str) -> str:
    """The token of a resident whose code is red."""
    token = town.resident(number)
    positive = {"kind": "RESULT", "outcome": "POSITIVE"}
    await town.report(town.sources[0], item(number, positive, datetime.now(UTC) - timedelta(hours=1)))
    await town.coloured(token, "RED")
    return token


@pytest.mark.parametrize("how", ["stopped", "hanging"])
async def test_while_mongo_is_away_codes_are_read_shown_and_checked_and_say_how_old_they_are(
    city: City, town: Town, how: str
) -> None:
    ill, well = await in_red(town, id_number(901)), town.resident(id_number(902))
    stranger = id_number(903 + (how == "hanging"))
    assert (await town.read(well))[1]["colour"] == "GREEN"
    servers = city.servers
    outage = hanging(servers.mongo) if how == "hanging" else stopped(servers.kill_mongo, servers.start_mongo)
    async with outage:
        for _ in range(3):
            for token, colour in ((ill, "RED"), (well, "GREEN")):
                (read, code), (shown, ticket) = await asyncio.gather(town.read(token), town.show(token))
                assert (read, code["colour"]) == (200, colour)
                assert (shown, ticket["colour"]) == (201, colour)
                checked, answer = await town.check(ticket["code"])
                assert (checked, answer["verdict"], answer["colour"]) == (200, "OK", colour)
                assert answer["ageSeconds"] >= 0
        # Of whom nothing was ever judged nothing can be shown.
        status, problem = await town.show(town.resident(stranger))
        assert (status, problem["code"]) == (503, "HEALTH_CODE_UNAVAILABLE")
    await town.coloured(town.resident(stranger), "GREEN")


async def test_while_redis_is_away_everybody_is_told_so_and_all_is_well_afterwards(
    city: City, town: Town
) -> None:
    ill = await in_red(town, id_number(911))
    _, ticket = await town.show(ill)
    async with stopped(city.servers.kill_redis, city.servers.start_redis):
        told = await asyncio.gather(town.read(ill), town.show(ill), town.check(ticket["code"]))
        assert [status for status, _ in told] == [503, 503, 503]
    await town.coloured(ill, "RED")
    async with asyncio.timeout(10):
        while (await town.check((await town.show(ill))[1].get("code", "?")))[1].get("colour") != "RED":
            await asyncio.sleep(0.1)


async def test_snapshots_that_are_lost_are_made_again_while_a_whole_city_asks(city: City, town: Town) -> None:
    tokens = [await in_red(town, id_number(920 + number)) for number in range(4)]
    tokens += [town.resident(id_number(930 + number)) for number in range(60)]
    await asyncio.gather(*map(town.read, tokens))
    redis = Redis.from_url(city.servers.redis_url)
    for key in [key async for key in redis.scan_iter("health:snapshot:*")]:
        await redis.delete(key)
    await redis.aclose()

    told = await asyncio.gather(*(town.show(token) for _ in range(8) for token in tokens))

    # Whoever could not be served in time was told so, and the red ones are red.
    assert {status for status, _ in told} <= {201, 503}
    async with asyncio.timeout(20):
        while not all(status == 201 for status, _ in await asyncio.gather(*map(town.show, tokens))):
            await asyncio.sleep(0.2)
    colours = [ticket["colour"] for _, ticket in await asyncio.gather(*map(town.show, tokens))]
    assert colours == ["RED"] * 4 + ["GREEN"] * 60


async def test_ten_times_as_many_with_no_source_and_whoever_is_killed_nothing_is_lost_and_no_colour_wrong(
    city: City,
) -> None:
    told = await rehearse(city, per_second=10, seconds=1.0, told=lambda *_: None)

    assert told.held, told
    assert told.acknowledged > 50
    assert told.longest < IN_TIME * 1000
    assert [each.name for each in told.stretches] == ["calm", "storm", "after"]
    assert len(told.killed) == len({*told.killed}) == len(city.programs) + 2

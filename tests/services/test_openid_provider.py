"""What a provider published is remembered for an hour, and asked for anew when it has to be."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from auth_bridges.bridges.oidc import OpenIdProvider
from auth_bridges.codec.openid import ID_TOKEN, open_token
from auth_bridges.models import SignInFlow
from auth_bridges.refusals import ProviderTokenKey, ProviderUnavailable
from bff.platform.outbound import Outbound
from bff.sandbox.oidc import OpenId, Realm
from bff.sandbox.simulator import Simulator, simulated
from tests.auth_fakes import FakeClock, ring

FLOW = SignInFlow(
    issuer="https://citizens.example.org",
    client_id="sim-suishen",
    nonce="n" * 32,
    verifier="v" * 64,
    device="a-phone-of-its-own",
)


class World:
    """One realm, our client of it, and a clock."""

    def __init__(
        self, books: OpenId, simulator: Simulator, http: aiohttp.ClientSession, folder: Path
    ) -> None:
        self.books = books
        self.http = http
        self.url = simulator.url
        self.clock = FakeClock(datetime.now(UTC))
        self.provider = OpenIdProvider(
            Outbound(http),
            issuer=f"{simulator.url}/citizens",
            client_id="sim-suishen",
            redirect_uri="https://suishen.city.gov.cn/resident/",
            pushed=False,
            keys=ring(folder / "oidc"),
            clock=self.clock,
            chance=os.urandom,
        )

    def key_name(self) -> str:
        """The key the realm signs with now."""
        token = self.books.logout_token(self.url, "citizens", "lin", "sim-suishen", typ="JWT")
        return open_token(token, types=ID_TOKEN).key_name

    async def begin(self) -> str:
        return await self.provider.begin(FLOW, "s" * 32)

    async def asked(self) -> int:
        async with self.http.get(f"{self.url}/_sim/journal?path=/citizens/jwks") as told:
            return len(await told.json())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    books = OpenId([Realm(name="citizens", title="市民云", people={"lin": "林"}, clients=[])])
    async with simulated(books) as simulator, aiohttp.ClientSession() as http:
        yield World(books, simulator, http, tmp_path)


async def test_keys_are_asked_for_once_an_hour(world: World) -> None:
    for minutes in (0, 10, 49):
        world.clock.pass_(timedelta(minutes=minutes))
        await world.provider.key(world.key_name())
    assert await world.asked() == 1
    world.clock.pass_(timedelta(minutes=1))
    await world.provider.key(world.key_name())
    assert await world.asked() == 2


async def test_a_new_key_is_found_at_once(world: World) -> None:
    old = world.key_name()
    await world.provider.key(old)
    world.books.rotate("citizens", "RS256")
    assert not world.provider.knows(world.key_name())
    await world.provider.key(world.key_name())
    assert world.provider.knows(world.key_name())
    assert await world.provider.key(old) is not None
    assert await world.asked() == 2


async def test_names_that_anybody_chooses_are_looked_for_a_few_times_and_then_once_in_a_while(
    world: World,
) -> None:
    await world.provider.key(world.key_name())
    for number in range(4):
        with pytest.raises(ProviderTokenKey):
            await world.provider.key(f"made-up-{number}")
    world.books.rotate("citizens")
    with pytest.raises(ProviderUnavailable) as refused:
        await world.provider.key(world.key_name())
    assert refused.value.retry_after == 15
    assert await world.asked() == 5
    world.clock.pass_(timedelta(seconds=15))
    await world.provider.key(world.key_name())
    assert await world.asked() == 6


async def test_a_key_that_left_the_set_is_forgotten_within_the_hour(world: World) -> None:
    old = world.key_name()
    await world.provider.key(old)
    for _ in range(2):
        world.books.rotate("citizens")
    world.clock.pass_(timedelta(hours=1))
    with pytest.raises(ProviderTokenKey):
        await world.provider.key(old)


async def test_everybody_who_comes_at_once_waits_for_the_one_who_asks(world: World) -> None:
    await asyncio.gather(*(world.begin() for _ in range(20)))
    assert await world.asked() == 1


async def test_a_dead_provider_keeps_nobody_waiting_for_the_one_before(world: World) -> None:
    plan = {"faults": [{"kind": "latency", "milliseconds": 20_000}]}
    async with world.http.post(f"{world.url}/_sim/plan", json=plan) as told:
        assert told.status == 204
    started = time.monotonic()
    refused = await asyncio.gather(*(world.begin() for _ in range(20)), return_exceptions=True)
    assert {type(each) for each in refused} == {ProviderUnavailable}
    assert time.monotonic() - started < 9
    async with world.http.delete(f"{world.url}/_sim/plan"):
        pass
    await world.begin()

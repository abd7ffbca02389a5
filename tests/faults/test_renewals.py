"""Renewing through outages: nobody is signed out by a lost reply, and what ended stays ended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import aiohttp
import pytest
from redis import Redis

from bff.sandbox.city import APP
from bff.sandbox.stack import City, private_stack

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
_PHONES: Final = 16
_OPEN: Final = {
    "SUISHEN_AUTH_SIGN_INS_PER_ADDRESS": "60000000",
    "SUISHEN_AUTH_REFRESHES_PER_ADDRESS": "60000000",
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with private_stack(tmp_path_factory.mktemp("city"), web_processes=2, settings=_OPEN) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        yield session


class Phone:
    """A device that renews its session, and asks again with the same token when it gets no answer."""

    def __init__(self, http: aiohttp.ClientSession, city: City, number: int) -> None:
        self._http = http
        self._city = city
        self._device = {"X-Device-Id": f"a-phone-of-its-own-{number}"}
        self._resident = f"phone-{number}"
        self.token = ""
        self.access = ""
        self.renewals = 0
        self.unanswered = 0

    async def sign_in(self) -> None:
        login = {"appid": APP.appid, "resident": self._resident}
        async with self._http.post(f"{self._city.simulator_url}/_sim/wechat/login", json=login) as answer:
            code = (await answer.json(content_type=None))["code"]
        assert await self._ask("wechat", {"code": code}) == 201

    async def renew(self) -> int:
        return await self._ask("refresh", {"refreshToken": self.token})

    async def sign_out(self) -> int:
        bearer = {"Authorization": f"Bearer {self.access}"}
        async with self._http.delete(f"{self._city.base_url}/mp/v1/session", headers=bearer) as answer:
            return answer.status

    async def renew_until(self, enough: asyncio.Event) -> None:
        while not enough.is_set():
            status = 503
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                status = await self.renew()
            if status == 503:
                self.unanswered += 1
                await asyncio.sleep(0.05)
                continue
            assert status == 200, "signed out by an outage"
            self.renewals += 1

    async def _ask(self, what: str, body: dict[str, str]) -> int:
        url = f"{self._city.base_url}/mp/v1/session/{what}"
        async with self._http.post(url, json=body, headers=self._device) as answer:
            if answer.status in (200, 201):
                session: dict[str, Any] = await answer.json()
                self.token, self.access = session["refreshToken"], session["accessToken"]
            return answer.status


async def phones_of(http: aiohttp.ClientSession, city: City) -> list[Phone]:
    phones = [Phone(http, city, number) for number in range(_PHONES)]
    await asyncio.gather(*(phone.sign_in() for phone in phones))
    return phones


@pytest.mark.parametrize("server", ["mongo", "redis"])
async def test_a_database_killed_under_renewals_signs_nobody_out(
    http: aiohttp.ClientSession, city: City, server: str
) -> None:
    phones = await phones_of(http, city)
    enough = asyncio.Event()
    storm = asyncio.gather(*(phone.renew_until(enough) for phone in phones))
    await asyncio.sleep(0.5)
    victim = city.servers.mongo if server == "mongo" else city.servers.redis
    await asyncio.to_thread(victim.kill)
    # Longer than anybody is kept waiting: a shorter absence is ridden out, and nobody hears of it.
    await asyncio.sleep(4)
    await asyncio.to_thread(victim.start)
    before = [phone.renewals for phone in phones]
    async with asyncio.timeout(30):
        while any(phone.renewals <= was for phone, was in zip(phones, before, strict=True)):
            assert not storm.done(), "a phone gave up"
            await asyncio.sleep(0.05)
    enough.set()
    await storm
    assert sum(phone.unanswered for phone in phones) > 0
    assert [await phone.renew() for phone in phones] == [200] * _PHONES


async def test_losing_all_that_redis_holds_revives_no_session_and_ends_none(
    http: aiohttp.ClientSession, city: City
) -> None:
    gone, kept = (await phones_of(http, city))[:2]
    assert await gone.sign_out() == 204
    with Redis.from_url(city.servers.redis_url) as redis:
        redis.flushall()
    await asyncio.to_thread(city.servers.kill_redis)
    await asyncio.to_thread(city.servers.start_redis)
    assert await gone.renew() == 401
    assert await kept.renew() == 200

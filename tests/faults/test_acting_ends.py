"""A grant that was ended is ended in every web process within a second, whoever remembered its tokens."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bff.sandbox.city import APP, person
from bff.sandbox.stack import City, private_stack

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
CARDS = "/mp/v1/credentials"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with private_stack(tmp_path_factory.mktemp("city"), web_processes=3) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def call(
    http: aiohttp.ClientSession, method: str, url: str, token: str = "", body: object = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{time.monotonic_ns()}"}
    async with http.request(method, url, headers=headers, json=body) as answer:
        return answer.status, await answer.json(content_type=None) if answer.status != 204 else None


async def signed_in(http: aiohttp.ClientSession, city: City, who: str) -> str:
    login = {"appid": APP.appid, "resident": who}
    _, found = await call(http, "POST", f"{city.simulator_url}/_sim/wechat/login", body=login)
    _, session = await call(
        http, "POST", f"{city.base_url}/mp/v1/session/wechat", body={"code": found["code"]}
    )
    return str(session["accessToken"])


async def test_ended_by_the_elder_it_is_refused_by_every_process_within_a_second(
    http: aiohttp.ClientSession, city: City, record_property: Callable[[str, object], None]
) -> None:
    son, elder = await signed_in(http, city, "li"), await signed_in(http, city, "wang")
    first, second, *_ = city.base_urls
    slowest = 0.0
    for _ in range(5):
        asking = {
            "idNumber": person("wang").id_number,
            "scopes": ["wallet:read"],
            "until": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        _, grant = await call(http, "POST", f"{first}/mp/v1/grants/family", son, asking)
        await call(http, "POST", f"{second}/mp/v1/grants/{grant['id']}/confirm", elder, {})
        _, switched = await call(http, "POST", f"{first}/mp/v1/acting", son, {"grantId": grant["id"]})
        acting = switched["accessToken"]
        for base in city.base_urls:  # every process now remembers the token
            status, cards = await call(http, "GET", f"{base}{CARDS}", acting)
            assert (status, len(cards["items"])) == (200, 2)

        assert (await call(http, "DELETE", f"{second}/mp/v1/grants/{grant['id']}", elder))[0] == 204
        ended = time.monotonic()
        believing = set(city.base_urls)
        while believing:
            for base in list(believing):
                status, told = await call(http, "GET", f"{base}{CARDS}", acting)
                if status != 200:
                    assert (status, told["code"]) == (403, "GRANT_NOT_IN_FORCE")
                    believing.discard(base)
            assert time.monotonic() - ended < 1, f"still believed by {believing}"
        slowest = max(slowest, time.monotonic() - ended)
        assert (await call(http, "GET", f"{first}{CARDS}", son))[0] == 200
    record_property("slowest of five, ms", round(slowest * 1000))
    print(f"slowest of five: {slowest * 1000:.0f} ms")  # noqa: T201 - what was measured

"""What the machines ask: alive, ready, how much."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest
from litestar.testing import AsyncTestClient

from bff.platform.settings import Settings, load_settings
from bff.processes.web import create_app
from bff.sandbox.servers import EmbeddedServers, start_servers

OPEN_SESAME = {"Authorization": "Bearer metrics-token-0123456789"}


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[AsyncTestClient[Any]]:
    async with AsyncTestClient(create_app(settings)) as client:
        yield client


async def until_ready(client: AsyncTestClient[Any]) -> dict[str, Any]:
    answer = await client.get("/readyz")
    for _ in range(200):
        if answer.status_code == 200:
            break
        await anyio.sleep(0.02)
        answer = await client.get("/readyz")
    found: dict[str, Any] = answer.json()
    return found


async def test_a_process_that_answers_is_alive(client: AsyncTestClient[Any]) -> None:
    answer = await client.get("/livez")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_ready_means_everything_it_needs_is(client: AsyncTestClient[Any]) -> None:
    found = await until_ready(client)

    assert found["status"] == "ready"
    assert {"mongo", "redis"} <= {each["name"] for each in found["dependencies"]}
    assert {each["status"] for each in found["dependencies"]} == {"ok"}


class TestWithoutRedis:
    """Servers of its own: nobody else should miss them."""

    @pytest.fixture
    def servers(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
        with start_servers(tmp_path_factory.mktemp("frozen")) as running:
            yield running

    async def test_not_ready_says_which_and_gives_no_address(
        self, client: AsyncTestClient[Any], servers: EmbeddedServers
    ) -> None:
        await until_ready(client)

        servers.redis.freeze()
        try:
            answer = await client.get("/readyz")
            alive = await client.get("/livez")
        finally:
            servers.redis.thaw()

        assert answer.status_code == 503
        (failing,) = [each for each in answer.json()["dependencies"] if each["status"] == "failing"]
        assert (failing["name"], failing["required"]) == ("redis", True)
        assert failing["reason"] == "no answer within 1 s"
        assert "127.0.0.1" not in answer.text
        assert alive.status_code == 200


class TestMetrics:
    async def test_they_are_not_for_everybody(self, client: AsyncTestClient[Any]) -> None:
        for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic bTpt"}):
            assert (await client.get("/metrics", headers=headers)).status_code == 401

    async def test_the_token_opens_them(self, client: AsyncTestClient[Any]) -> None:
        await client.get("/livez")

        answer = await client.get("/metrics", headers=OPEN_SESAME)

        assert answer.headers["content-type"].startswith("text/plain")
        assert 'suishen_http_requests_total{method="GET",route="/livez",status="2xx"}' in answer.text

    async def test_the_token_opens_nothing_else(self, client: AsyncTestClient[Any]) -> None:
        assert (await client.get("/mp/v1/home", headers=OPEN_SESAME)).status_code == 401

    async def test_without_a_token_there_are_none(self, environ: dict[str, str]) -> None:
        settings = load_settings({**environ, "SUISHEN_METRICS_TOKEN": ""})

        async with AsyncTestClient(create_app(settings)) as client:
            assert (await client.get("/metrics")).status_code == 404


async def test_every_route_of_the_whole_application_declares_who_may_call_it(settings: Settings) -> None:
    """``create_app`` refuses to make an application with a silent route; it was made."""
    create_app(settings)

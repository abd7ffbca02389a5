"""What every test stands on: the loop, real servers, and a clean database in each."""

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis

from bff.platform.mongo import Database, database, open_mongo
from bff.platform.redis import open_redis
from bff.sandbox.servers import EmbeddedServers, start_servers


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Every ``async def`` test runs on the loop the product runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """A real MongoDB and a real Valkey, one pair for each test worker."""
    with start_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
async def mongo_database(servers: EmbeddedServers) -> AsyncIterator[Database]:
    """An empty database, gone after the test."""
    client = open_mongo(servers.mongo_url)
    name = f"test_{secrets.token_hex(8)}"
    try:
        yield database(client, name)
        await client.drop_database(name)
    finally:
        client.close()


@pytest.fixture
async def redis(servers: EmbeddedServers) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    client = open_redis(servers.redis_url)
    await client.flushdb()
    yield client
    await client.aclose()

"""The contract as a page: everything in it, nothing from elsewhere."""

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from bff.platform.contract import Contract
from bff.platform.settings import Settings
from tests.web import web_client


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[AsyncTestClient[Any]]:
    async with web_client(settings) as client:
        yield client


async def test_the_document_is_the_committed_one(client: AsyncTestClient[Any]) -> None:
    answer = await client.get("/schema/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.content == Contract.committed().openapi


async def test_so_are_the_types(client: AsyncTestClient[Any]) -> None:
    assert (await client.get("/schema/contract.d.ts")).content == Contract.committed().typescript


async def test_the_page_has_every_operation_and_every_type(client: AsyncTestClient[Any]) -> None:
    page = (await client.get("/schema")).text
    document = msgspec.json.decode(Contract.committed().openapi)

    operations = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    anchors = [*operations, *document["components"]["schemas"]]
    assert [anchor for anchor in anchors if f'id="{anchor}"' not in page] == []


async def test_the_page_asks_no_other_host_and_runs_no_script(client: AsyncTestClient[Any]) -> None:
    answer = await client.get("/schema")

    asked = re.findall(r'(?:src|href)="([^"#][^"]*)"', answer.text)
    assert set(asked) == {
        "data:,",
        "/schema/reference.css",
        "/schema/openapi.json",
        "/schema/contract.d.ts",
    }
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_what_it_links_to_is_there(client: AsyncTestClient[Any]) -> None:
    page = (await client.get("/schema")).text

    targets = set(re.findall(r'href="#(\w+)"', page))
    assert targets - set(re.findall(r'id="(\w+)"', page)) == set()
    assert (await client.get("/schema/reference.css")).status_code == 200

"""A department issues and changes what is its own, and nothing of another's, on the whole application."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from bff.sandbox.city import CERTIFICATES, DEPARTMENTS, Certificate, Department
from push.timeline_models import PUSH_TYPES
from tests.auth_fakes import DepartmentSigner
from tests.web import web_client

Client = AsyncTestClient[Any]
SIGNERS = {each.key: DepartmentSigner(each.id) for each in DEPARTMENTS}
KEY = "Idempotency-Key"


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return load_settings(environ)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    await register(settings, *((each, each.types) for each in DEPARTMENTS))
    async with web_client(settings) as client:
        yield client


async def register(settings: Settings, *departments: tuple[Department, tuple[str, ...]]) -> None:
    lines = [
        msgspec.json.encode(
            {
                "kind": "department",
                "id": each.id,
                "name": each.name,
                "keys": [SIGNERS[each.key].jwk()],
                "types": types,
            }
        )
        for each, types in departments
    ]
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        assert [told.problem async for told in platform.registrar.register_lines(lines)] == [None] * len(
            lines
        )


async def sign_in(client: Client, department: Department) -> dict[str, str]:
    assertion = SIGNERS[department.key].assertion(now=datetime.now(UTC))
    answer = await client.post("/issuer/v1/session", json={"clientAssertion": assertion})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['accessToken']}"}


def one_of_each_type() -> list[Certificate]:
    return list({each.content.type: each for each in CERTIFICATES}.values())


async def issue(client: Client, certificate: Certificate, headers: dict[str, str]) -> Any:  # noqa: ANN401
    body = msgspec.json.encode(certificate.content)
    sent = {**headers, KEY: f"key-{certificate.content.serial}", "Content-Type": "application/json"}
    return await client.post("/issuer/v1/credentials", content=body, headers=sent)


@pytest.mark.parametrize("department", DEPARTMENTS, ids=lambda each: each.key)
async def test_a_department_issues_its_own_types_and_no_other(client: Client, department: Department) -> None:
    headers = await sign_in(client, department)
    for certificate in one_of_each_type():
        answer = await issue(client, certificate, headers)
        if certificate.content.type in department.types:
            assert answer.status_code == 201, answer.text
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "ISSUER_NOT_ALLOWED")
    listed = await client.get("/issuer/v1/types", headers=headers)
    assert {each["code"] for each in listed.json()} == set(department.types) - set(PUSH_TYPES)


@pytest.mark.parametrize("department", DEPARTMENTS, ids=lambda each: each.key)
async def test_what_was_taken_from_a_department_it_can_read_and_not_change(
    client: Client, settings: Settings, department: Department
) -> None:
    headers = await sign_in(client, department)
    own = next(each for each in CERTIFICATES if each.department == department.key)
    issued = (await issue(client, own, headers)).json()
    address = f"/issuer/v1/credentials/{issued['id']}"
    before = (await client.get(address, headers=headers)).json()
    await register(settings, (department, ()))
    headers = await sign_in(client, department)
    for change in ("suspend", "resume", "revoke"):
        answer = await client.post(f"{address}/{change}", json={"reason": "按规定办理"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "ISSUER_NOT_ALLOWED")
    assert (await client.get(address, headers=headers)).json() == before
    assert (await client.get("/issuer/v1/types", headers=headers)).json() == []


async def test_of_what_another_issued_nothing_is_said(client: Client) -> None:
    police, market = DEPARTMENTS[:2]
    headers = await sign_in(client, police)
    own = next(each for each in CERTIFICATES if each.department == police.key)
    address = f"/issuer/v1/credentials/{(await issue(client, own, headers)).json()['id']}"
    answer = await client.post(
        f"{address}/revoke", json={"reason": "按规定办理"}, headers=await sign_in(client, market)
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "CREDENTIAL_UNKNOWN")


@pytest.mark.parametrize("query", ["limit=1&limit=5", "cursor=zz", "cursor=zz&limit=1", "limit=0"])
async def test_a_list_asked_for_in_a_way_that_can_be_misread_is_refused(client: Client, query: str) -> None:
    headers = await sign_in(client, DEPARTMENTS[0])
    answer = await client.get(f"/issuer/v1/credentials?{query}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION")
    assert answer.json()["errors"][0]["key"] == query.partition("=")[0]


async def test_a_status_list_is_asked_for_by_its_plain_number(client: Client) -> None:
    for written in ("1%0A", "01", "+1"):
        answer = await client.get(f"/verifier/v1/trust/status-lists/{written}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")

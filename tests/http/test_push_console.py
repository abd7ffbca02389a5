"""The operators' console over HTTP: who may, campaigns by two people, and what is refused."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from bff.platform.edge import Edge
from bff.platform.hot import HotRoutes
from bff.platform.services import Platform
from bff.platform.settings import Settings
from bff.processes.web import Opened, litestar_app
from tests.campaigns import settle_residents
from tests.health import Bearer, clerk

CAMPAIGNS: Final = "/verifier/v1/push/campaigns"


class Office:
    """A city's two operators, and a clerk who is none."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient) -> None:
        bearer = Bearer(platform, settings)
        self.platform = platform
        self.http = http
        self.one = clerk(bearer, "one", "operations", "push:operate")
        self.other = clerk(bearer, "other", "press", "push:operate")
        self.guard = clerk(bearer, "guard", "mall", "wallet:verify")

    async def ask(self, path: str, who: dict[str, str], body: object = None) -> httpx.Response:
        key = {"Idempotency-Key": secrets.token_hex(8)}
        return await self.http.post(path, headers=who | key, json=body)

    async def draft(self, **more: Any) -> httpx.Response:  # noqa: ANN401  JSON
        return await self.ask(CAMPAIGNS, self.one, said(**more))


def said(**more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    return {
        "title": "养老金资格认证",
        "topic": "pension",
        "audience": {},
        "text": "请于年底前完成养老金领取资格认证。",
        "textEn": "Please prove your entitlement to a pension before the end of the year.",
        "usefulUntil": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
        **more,
    }


@pytest.fixture
async def office(settings: Settings) -> AsyncIterator[Office]:
    opened = Opened()
    # Before the platform: a loop that makes an application hears nothing for seconds.
    app = litestar_app(settings, opened)
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        opened.platform = platform
        edge = Edge(HotRoutes(app, authenticator=opened, part=opened.part, patience=5), slow_ms=10_000)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=edge),  # type: ignore[arg-type]  # one protocol, spelled twice
            base_url="http://office",
        ) as http:
            yield Office(platform, settings, http)


async def test_only_who_runs_the_reminders_may_look(office: Office) -> None:
    assert (await office.http.get(CAMPAIGNS)).status_code == 401
    refused = await office.http.get(CAMPAIGNS, headers=office.guard)
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")


async def test_one_drafts_and_another_approves(office: Office) -> None:
    await settle_residents(office.platform, 30)
    drafted = (await office.draft()).json()
    assert (drafted["state"], drafted["estimate"]) == ("DRAFT", 30)
    approve = f"{CAMPAIGNS}/{drafted['id']}/approve"

    refused = await office.ask(approve, office.one)
    assert (refused.status_code, refused.json()["code"]) == (403, "SECOND_OPERATOR_NEEDED")
    approved = (await office.ask(approve, office.other)).json()
    assert (approved["state"], approved["approvedBy"]) == ("CANARY", "press 单位")

    paused = await office.ask(f"{CAMPAIGNS}/{drafted['id']}/pause", office.one, {"reason": "等一等"})
    assert (paused.json()["state"], paused.json()["why"]) == ("PAUSED", "等一等")
    again = await office.ask(f"{CAMPAIGNS}/{drafted['id']}/pause", office.one, {"reason": "等一等"})
    assert (again.status_code, again.json()["code"]) == (409, "CAMPAIGN_NOT_OPEN")
    (listed,) = (await office.http.get(CAMPAIGNS, headers=office.other)).json()["items"]
    assert listed == (await office.http.get(f"{CAMPAIGNS}/{drafted['id']}", headers=office.one)).json()


async def test_the_same_draft_sent_twice_is_one(office: Office) -> None:
    body, key = said(), {"Idempotency-Key": "a-draft-of-mine"}
    first = await office.http.post(CAMPAIGNS, headers=office.one | key, json=body)
    second = await office.http.post(CAMPAIGNS, headers=office.one | key, json=body)

    assert first.json() == second.json()
    assert len((await office.http.get(CAMPAIGNS, headers=office.one)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"audience": {"ageFrom": 70, "ageTo": 60}}, "AUDIENCE_INVALID"),
        ({"audience": {"ageFrom": 12}}, "VALIDATION"),
        ({"audience": {"districts": ["海屿"]}}, "VALIDATION"),
        ({"audience": {"income": "high"}}, "VALIDATION"),
        ({"usefulUntil": "2020-01-01T00:00:00Z"}, "CAMPAIGN_INVALID"),
        ({"text": ""}, "VALIDATION"),
        ({"topic": "advertising"}, "VALIDATION"),
        ({"link": "https://elsewhere.example/"}, "VALIDATION"),
    ],
)
async def test_what_cannot_be_sent_is_refused(office: Office, wrong: dict[str, Any], code: str) -> None:
    refused = await office.draft(**wrong)

    assert (refused.status_code, refused.json()["code"]) == (400, code)


async def test_an_audience_is_looked_at_before_anything_is_drafted(office: Office) -> None:
    await settle_residents(office.platform, 30)
    asked = {"topic": "pension", "audience": {"ageFrom": 60}}

    preview = (await office.http.post(f"{CAMPAIGNS}/preview", headers=office.one, json=asked)).json()

    assert preview == {"count": 0, "exact": True, "lookedAt": 30, "sample": []}

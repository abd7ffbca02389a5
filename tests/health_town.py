"""A town with health codes and residents who are somebody: with names, grants and certificates."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec

from auth_bridges.models import ActingGrant, Audience
from bff.platform.services import Platform
from bff.platform.settings import Settings
from miniapp_schemas.acting import ActingKind
from miniapp_schemas.assurance import AssuranceLevel
from tests.health import CONTACT_IS_YELLOW, POSITIVE_IS_RED, Bearer, Reporter, evidence, publish, rule_set
from tests.web import web_app

CODE: Final = "/mp/v1/health-code"
CHECKS: Final = "/verifier/v1/health-checks"
_KINDS: Final = frozenset({"health:RESULT", "health:EXPOSED"})
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(number: int) -> str:
    """The ID number of the ``number``-th made-up resident, with its check character (GB 11643)."""
    body = f"31010119900101{number:03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


class Somebody:
    """A resident: who they are and what they ask."""

    def __init__(
        self, http: httpx.AsyncClient, number: str, resident: str, key: str, headers: dict[str, str]
    ) -> None:
        self._http = http
        self.number = number
        self.resident = resident
        self.key = key
        self.headers = headers

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self._http.request(method, path, json=body, headers=self.headers | headers)

    async def paper(self) -> dict[str, Any]:
        """A new paper code."""
        again = {"Idempotency-Key": secrets.token_hex(8)}
        answer = await self.ask("POST", f"{CODE}/paper", **again)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


class HealthTown:
    """An application with two rules, residents, guards and a laboratory."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient) -> None:
        self.platform = platform
        self.http = http
        self.bearer = Bearer(platform, settings)
        self.guard = self.new_guard("guard")
        self.other_guard = self.new_guard("other")
        self._laboratory = Reporter(
            http,
            self.bearer(
                Audience.ISSUER, "health:report", subject="lab", assurance=AssuranceLevel.L2, types=_KINDS
            ),
        )

    def new_guard(self, name: str, scopes: str = "health:check") -> dict[str, str]:
        """The header of a guard."""
        return self.bearer(
            Audience.VERIFIER,
            scopes,
            subject=name,
            assurance=AssuranceLevel.L1,
            organisation="mall",
            organisation_name="某商场",
            clerk_number="1",
            scenes=frozenset({"general"}),
        )

    async def resident(self, number: int, name: str = "林小满", scopes: str = "health:show") -> Somebody:
        """A resident of that name, known to the city."""
        line = {"kind": "resident", "idNumber": id_number(number), "name": name, "links": []}
        async for registered in self.platform.registrar.register_lines([msgspec.json.encode(line)]):
            assert registered.problem is None, registered.problem
        key = self.platform.personal.hash(id_number(number))
        found = await self.platform.auth_stores.residents.by_holder(key)
        assert found is not None
        headers = self.bearer(
            Audience.RESIDENT, scopes, subject=found.id, assurance=AssuranceLevel.L2, holder=key
        )
        return Somebody(self.http, id_number(number), found.id, key, headers)

    async def granted(
        self, agent: Somebody, whom: str, *, scopes: tuple[str, ...] = ("health:show",), name: str = "王*"
    ) -> str:
        """Leave for ``agent`` to act for who holds the ID number ``whom``, in force."""
        now = datetime.now(UTC)
        grant = ActingGrant(
            id=secrets.token_hex(16),
            kind=ActingKind.FAMILY,
            whom=self.platform.personal.hash(whom),
            whom_name=name,
            agent=agent.key,
            scopes=scopes,
            offered_at=now,
            lapses_at=now + timedelta(minutes=10),
            confirmed_at=now,
            expires_at=now + timedelta(days=30),
        )
        assert await self.platform.auth_stores.grants.offer(grant) is not None
        return grant.id

    async def reported(self, number: str, facts: dict[str, Any], ago: timedelta = timedelta(hours=1)) -> None:
        """Evidence of what happened to who holds the ID number, judged."""
        await self._laboratory.report(evidence(number, datetime.now(UTC) - ago, facts))
        await self.settle()

    async def settle(self) -> None:
        """Let the worker do what is waiting for it."""
        for drain in self.platform.drains():
            await drain._open()
            while await drain.once():
                pass

    async def check(
        self, code: str, guard: dict[str, str] | None = None, request: str | None = None
    ) -> dict[str, Any]:
        """What a guard is told of ``code``."""
        body = {"code": code} if request is None else {"code": code, "requestId": request}
        answer = await self.http.post(CHECKS, json=body, headers=guard or self.guard)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def health_town(settings: Settings) -> AsyncIterator[HealthTown]:
    """The town, open."""
    async with web_app(settings) as here:
        await publish(here.platform, rule_set(POSITIVE_IS_RED, CONTACT_IS_YELLOW))
        yield HealthTown(here.platform, settings, here.http)

"""Residents whose health codes are known, a guard and two sources, for a rehearsal.

They speak HTTP, with tokens of the city's own key: only the signing in is left out.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
from msgspec import Struct
from stdnum.cn import ric

from auth_bridges.models import Audience, Grant
from auth_bridges.tokens import AccessTokens
from bff.platform.services import Platform
from bff.sandbox.errors import SandboxError
from health_code.models import HEALTH_TYPES
from miniapp_schemas.assurance import AssuranceLevel

Told = Callable[[str, int, int], None]
"""Hears what is being done, and how much of how much is."""

SOURCES: Final = ("rehearsal-laboratory", "rehearsal-cdc")
_PEOPLE: Final = 90
_CHANGING: Final = 30
_LIFETIME: Final = timedelta(minutes=10)
_SETTLED_SECONDS: Final = 60.0
_CODE: Final = "/mp/v1/health-code"
_CHECKS: Final = "/verifier/v1/health-checks"
_EVIDENCE: Final = "/issuer/v1/health-evidence"
_KNOWN: Final[tuple[tuple[str, dict[str, Any] | None], ...]] = (
    ("GREEN", None),
    ("RED", {"kind": "RESULT", "outcome": "POSITIVE"}),
    ("YELLOW", {"kind": "EXPOSED", "degree": "CLOSE"}),
)


class NotReached(SandboxError):
    """The city did not come to where the rehearsal begins."""


class Person(Struct, frozen=True, kw_only=True):
    """A resident, and the colour that follows from what is reported of them."""

    number: str
    token: str
    colour: str


class Crowd:
    """Everybody. ``people`` keep their colours; of the ``changing`` ones anything may be reported."""

    def __init__(self, http: aiohttp.ClientSession, platform: Platform) -> None:
        self._http = http
        self._personal = platform.personal
        self._began = datetime.now(UTC)
        settings = platform.settings
        self._tokens = AccessTokens(
            platform.token_keys,
            issuer=settings.auth.token_issuer,
            environment=settings.platform.env.in_tokens,
            lifetime=_LIFETIME,
        )
        self._guard = self._token(Audience.VERIFIER, "health:check", subject="rehearsal-guard")
        self.sources = [
            self._token(Audience.ISSUER, "health:report", subject=source, types=frozenset(HEALTH_TYPES))
            for source in SOURCES
        ]
        self.people = [self._person(number, _KNOWN[number % len(_KNOWN)][0]) for number in range(_PEOPLE)]
        self.changing = [self._person(_PEOPLE + number, "") for number in range(_CHANGING)]

    async def settle(self, told: Told) -> None:
        """Report what makes each colour, and wait until everybody has theirs."""
        facts = dict(_KNOWN)
        items = [
            item(each.number, known, self._began - timedelta(hours=1), source_id=f"known-{each.number[-7:]}")
            for each in self.people
            if (known := facts[each.colour]) is not None
        ]
        deadline = time.monotonic() + _SETTLED_SECONDS
        while (await self.report_once(self.sources[0], items))[0] != 200:
            _in_time(deadline)
            await asyncio.sleep(0.1)
        waiting = list(self.people)
        while waiting:
            _in_time(deadline)
            told("colours", len(self.people) - len(waiting), len(self.people))
            answers = await asyncio.gather(*(self._ask("GET", _CODE, each.token) for each in waiting))
            waiting = [
                each
                for each, (_, code) in zip(waiting, answers, strict=True)
                if code.get("colour") != each.colour
            ]
            await asyncio.sleep(0.1)

    async def show(self, person: Person) -> tuple[int, dict[str, Any]]:
        """A code of ``person``."""
        return await self._ask("POST", f"{_CODE}/codes", person.token, {})

    async def check(self, code: str) -> tuple[int, dict[str, Any]]:
        """What the guard sees of ``code``."""
        return await self._ask("POST", _CHECKS, self._guard, {"code": code})

    async def report(self, source: str, one: dict[str, Any]) -> str:
        """Our id of ``one``, sent again until somebody says that it is recorded."""
        while True:
            status, answer = await self.report_once(source, [one])
            if status == 200:
                return str(answer["items"][0]["evidence"])
            await asyncio.sleep(0.05)

    async def report_once(self, source: str, items: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        """What became of ``items``."""
        return await self._ask("POST", _EVIDENCE, source, {"items": items})

    def _person(self, number: int, colour: str) -> Person:
        body = f"31000019900101{number + 500:03}"
        id_number = body + str(ric.calc_check_digit(f"{body}0"))
        token = self._token(
            Audience.RESIDENT,
            "health:show",
            subject=secrets.token_hex(16),
            assurance=AssuranceLevel.L2,
            holder=self._personal.hash(id_number),
        )
        return Person(number=id_number, token=token, colour=colour)

    def _token(self, audience: Audience, scope: str, **more: Any) -> str:  # noqa: ANN401  a grant's fields
        grant = Grant(
            audience=audience,
            session=secrets.token_hex(8),
            client="rehearsal",
            scopes=frozenset({scope}),
            **({"assurance": AssuranceLevel.L0} | more),
        )
        return self._tokens.mint(grant, token_id=secrets.token_hex(8), now=datetime.now(UTC)).text

    async def _ask(
        self, method: str, path: str, token: str, body: object = None
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body; 0 where nobody answered."""
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._http.request(method, path, json=body, headers=headers) as answer:
                told: dict[str, Any] = await answer.json(content_type=None) or {}
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return 0, {}
        return answer.status, told


def item(number: str, facts: dict[str, Any], at: datetime, *, source_id: str = "") -> dict[str, Any]:
    """Something a source reports."""
    return {
        "sourceId": source_id or secrets.token_hex(8),
        "idNumber": number,
        "jurisdiction": "310000",
        "occurredAt": at.isoformat(),
        "facts": facts,
    }


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise NotReached(
            zh="一分钟内居民的健康码没有转为应有的颜色",
            en="The residents' codes did not turn to their colours within a minute.",
        )

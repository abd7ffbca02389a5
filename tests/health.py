"""A small rule set, a town with a health code, and the people in it, for the tests of the health code."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
from stdnum.cn import ric

from auth_bridges.models import Audience, Grant
from auth_bridges.tokens import AccessTokens
from bff.platform.edge import Edge
from bff.platform.services import Platform
from bff.platform.settings import Settings
from health_code.models import RuleRelease
from health_code.rules.documents import RuleSetDocument, content_hash
from miniapp_schemas.assurance import AssuranceLevel

LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
FOR_EVER: Final = datetime(2100, 1, 1, tzinfo=UTC)


def rule(number: int, colour: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """One rule document, complete but for what the test is about."""
    return {
        "Identifier": f"CR-CN-{number:04}",
        "Type": "Colour",
        "Country": "CN",
        "Region": "000000",
        "Version": "1.0.0",
        "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC",
        "EngineVersion": "1.3.3",
        "CertificateType": "Evidence",
        "Description": [
            {"lang": "zh", "desc": f"规则第 {number} 条"},
            {"lang": "en", "desc": f"Rule number {number}"},
        ],
        "ValidFrom": LONG_AGO.isoformat(),
        "ValidTo": FOR_EVER.isoformat(),
        "AffectedFields": [],
        "Logic": {"===": [1, 1]},
        "Colour": colour,
        "Priority": 1,
        "Scope": "EVENT",
        "ClearText": [
            {"lang": "zh", "desc": "一次阴性检测结果"},
            {"lang": "en", "desc": "One negative result"},
        ],
        "Source": "tests",
        **more,
    }


def rule_set(*rules: dict[str, Any], **more: Any) -> RuleSetDocument:  # noqa: ANN401  JSON
    """A rule set of ``rules``, in force now."""
    document = {
        "Identifier": "test-rules",
        "Version": "1.0.0",
        "Title": [{"lang": "zh", "desc": "测试规则集"}, {"lang": "en", "desc": "Rules of a test"}],
        "Jurisdiction": "310000",
        "ValidFrom": LONG_AGO.isoformat(),
        "Source": "tests",
        "Rules": rules,
        **more,
    }
    return msgspec.convert(document, RuleSetDocument)


POSITIVE_IS_RED: Final = rule(
    1,
    "RED",
    Kinds=["RESULT"],
    Logic={"===": [{"var": "payload.event.outcome"}, "POSITIVE"]},
    ClearWhen={">=": [{"var": "payload.after.negatives"}, 1]},
)
CONTACT_IS_YELLOW: Final = rule(
    2,
    "YELLOW",
    Kinds=["EXPOSED"],
    Logic={"===": [{"var": "payload.event.degree"}, "CLOSE"]},
    Ttl={"amount": 7, "unit": "day"},
    ClearWhen={">=": [{"var": "payload.after.negativesSpaced"}, 2]},
)
UNTESTED_IS_YELLOW: Final = rule(
    4,
    "YELLOW",
    Scope="PERSON",
    Logic={"!": [{"<=": [{"var": "payload.person.daysSinceNegative"}, 7]}]},
    ClearWhen={"<=": [{"var": "payload.person.daysSinceNegative"}, 7]},
)


async def publish(platform: Platform, document: RuleSetDocument) -> None:
    """Make ``document`` law, as two people would."""
    now = datetime.now(UTC)
    release = RuleRelease(
        id=content_hash(document),
        document=document,
        proposed_by="one",
        proposed_at=now,
        approved_by="another",
        published_at=now,
    )
    proposal = msgspec.structs.replace(release, approved_by=None, published_at=None)
    assert await platform.health.rule_sets.propose(proposal)
    laws = await platform.health.rule_sets.all(published=True)
    assert await platform.health.rule_sets.publish(release, place=len(laws) + 1)
    await platform.health.book.refresh()


class Bearer:
    """Mints tokens of this city for whomever a test needs."""

    def __init__(self, platform: Platform, settings: Settings) -> None:
        self._platform = platform
        self._tokens = AccessTokens(
            platform.token_keys,
            issuer=settings.auth.token_issuer,
            environment=settings.platform.env.in_tokens,
            lifetime=timedelta(minutes=5),
        )

    def __call__(self, audience: Audience, scope: str, **more: Any) -> dict[str, str]:  # noqa: ANN401
        grant = Grant(
            audience=audience,
            session=secrets.token_hex(8),
            client="test",
            scopes=frozenset(scope.split()),
            **more,
        )
        text = self._tokens.mint(grant, token_id=secrets.token_hex(8), now=datetime.now(UTC)).text
        return {"Authorization": f"Bearer {text}"}


class Reporter:
    """A source that reports over HTTP."""

    def __init__(self, http: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._http = http
        self._headers = headers

    async def report(self, *items: dict[str, Any]) -> httpx.Response:
        return await self._http.post(
            "/issuer/v1/health-evidence", json={"items": list(items)}, headers=self._headers
        )


def evidence(number: str, occurred_at: datetime, facts: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """One item of evidence, as a source sends it."""
    return {
        "sourceId": secrets.token_hex(8),
        "idNumber": number,
        "jurisdiction": "310000",
        "occurredAt": occurred_at.isoformat(),
        "facts": facts,
        **more,
    }


BY_HAND_IS_RED: Final = rule(
    3,
    "RED",
    Kinds=["MANUAL"],
    Logic={"===": [{"var": "payload.event.kind"}, "MANUAL"]},
    Ttl={"amount": 14, "unit": "day"},
)


def people(count: int) -> list[str]:
    """ID numbers of so many people nobody is: born in 1850, each with its check digit."""
    bodies = [
        f"310101{date(1850, 1, 1) + timedelta(days=n // 900):%Y%m%d}{n % 900 + 50:03}" for n in range(count)
    ]
    return [body + ric.calc_check_digit(f"{body}X") for body in bodies]


def clerk(bearer: Bearer, name: str, organisation: str, scope: str) -> dict[str, str]:
    """The header of a clerk of some organisation."""
    return bearer(
        Audience.VERIFIER,
        scope,
        subject=name,
        assurance=AssuranceLevel.L2,
        organisation=organisation,
        organisation_name=f"{organisation} 单位",
    )


def by_hand(number: str, reason: str = "CONTACT_TRACED", *, days: float = 5) -> dict[str, Any]:
    """Something to be entered by hand."""
    return {
        "idNumber": number,
        "jurisdiction": "310000",
        "reason": reason,
        "caseId": "CASE-2026-0001",
        "note": "流调报告第 17 号",
        "expiresAt": (datetime.now(UTC) + timedelta(days=days)).isoformat(),
    }


async def events_of(app: Edge, path: str, headers: dict[str, str]) -> AsyncGenerator[bytes]:
    """The parts of a long answer, each as it is sent; a test client would wait for the last."""
    parts: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def receive() -> Any:  # noqa: ANN401  an ASGI message
        await asyncio.Event().wait()

    async def send(message: Any) -> None:  # noqa: ANN401  an ASGI message
        if message["type"] == "http.response.body":
            if message.get("body"):
                await parts.put(message["body"])
            if not message.get("more_body", False):
                await parts.put(None)

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("town", 80),
    }
    served = asyncio.create_task(app(scope, receive, send))
    try:
        while (part := await parts.get()) is not None:
            yield part
    finally:
        served.cancel()
        await asyncio.wait([served])

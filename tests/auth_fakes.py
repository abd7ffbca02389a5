"""A small world in which people sign in: fakes for the ports, real stores for the rest."""

import asyncio
import os
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.api_jws import PyJWS
from redis.asyncio import Redis

from auth_bridges.models import ClientFacts, ProviderSubject
from auth_bridges.passphrases import Passphrases, ScryptCost
from auth_bridges.refusals import CodeRejected
from auth_bridges.registrar import Registrar
from auth_bridges.service import AuthService
from auth_bridges.settings import AuthSettings
from auth_bridges.store import AuthStores
from auth_bridges.tokens import AccessTokens
from bff.platform.idnumbers import IdNumbers
from bff.platform.keys import KeyRing, create
from bff.platform.mongo import Database
from miniapp_schemas.refusals import Refusal

NOW: Final = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ISSUER: Final = "https://suishen.example.org"
PHONE: Final = ClientFacts(address="203.0.113.7", device="a-phone-of-its-own")
COUNTER: Final = ClientFacts(address="203.0.113.8")
CHEAP: Final = ScryptCost(n=16, r=1, p=1)


class FakeClock:
    """A clock that goes when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, time: timedelta) -> None:
        self.now += time


class AuditLog:
    """Remembers what was recorded."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.facts: list[dict[str, str]] = []

    async def __call__(
        self,
        kind: str,
        *,
        at: datetime,
        actor: str,
        outcome: str,
        subject: str | None = None,
        facts: dict[str, str] | None = None,
    ) -> None:
        self.events.append((kind, actor, outcome))
        self.facts.append(facts or {})

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(kind, outcome) for kind, _, outcome in self.events]


class Turnstile:
    """Admits, counts, and refuses what it was told to."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, str]] = []
        self.refuses: dict[str, Refusal] = {}

    async def __call__(self, bucket: str, caller: str, *, per_minute: int, burst: int) -> None:
        if bucket in self.refuses:
            raise self.refuses[bucket]
        self.counted.append((bucket, caller))


class FakeBridge:
    """A provider that knows the codes it was told of, and counts how often it is asked."""

    provider = "wechat"
    appid = "wx0000000000000001"

    def __init__(self) -> None:
        self.knows: dict[str, str | Refusal] = {}
        self.asked: list[str] = []
        self.alternates: dict[str, str] = {}
        self.before: Callable[[], Awaitable[None]] = _at_once

    async def exchange(self, code: str) -> ProviderSubject:
        self.asked.append(code)
        await self.before()
        answer = self.knows.get(code, CodeRejected())
        if isinstance(answer, Refusal):
            raise answer
        return ProviderSubject(
            provider=self.provider, appid=self.appid, subject=answer, alternates=self.alternates
        )


async def _at_once() -> None:
    await asyncio.sleep(0)


def personal() -> IdNumbers:
    return IdNumbers(hash_key=b"h" * 32, seal_keys=[b"s" * 32])


def ring(folder: Path) -> KeyRing:
    if not folder.exists():
        create(folder, "first")
    return KeyRing(folder)


def tokens(keys: KeyRing) -> AccessTokens:
    return AccessTokens(keys, issuer=ISSUER, environment="test", lifetime=timedelta(minutes=10))


def settings(folder: Path) -> AuthSettings:
    return AuthSettings(
        token_issuer=ISSUER,
        token_keys_dir=folder,
        wechat_appid=FakeBridge.appid,
        wechat_secret="not-a-secret",
    )


class World:
    """Everything needed to sign in, on real stores."""

    def __init__(self, database: Database, redis: Redis, folder: Path) -> None:
        self.clock = FakeClock()
        self.audit = AuditLog()
        self.turnstile = Turnstile()
        self.bridge = FakeBridge()
        self.personal = personal()
        self.keys = ring(folder / "keys")
        self.tokens = tokens(self.keys)
        self.stores = AuthStores(database, redis)
        passphrases = Passphrases(os.urandom, cost=CHEAP)
        self.auth = AuthService(
            settings=settings(folder),
            stores=self.stores,
            bridges=[self.bridge],
            tokens=self.tokens,
            personal=self.personal,
            passphrases=passphrases,
            admit=self.turnstile,
            audit=self.audit,
            clock=self.clock,
            chance=os.urandom,
        )
        self.registrar = Registrar(
            stores=self.stores,
            personal=self.personal,
            passphrases=passphrases,
            audit=self.audit,
            clock=self.clock,
            chance=os.urandom,
            types={"resident-id-card"},
        )


class DepartmentSigner:
    """A department with a key of its own."""

    def __init__(self, department: str) -> None:
        self.department = department
        self.private = ec.generate_private_key(ec.SECP256R1())

    def jwk(self) -> dict[str, str]:
        point = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _base64url(point.x), "y": _base64url(point.y)}

    def assertion(self, changes: dict[str, object] | None = None, *, now: datetime = NOW) -> str:
        """An assertion as it should be, but for ``changes`` (None leaves a claim out)."""
        claims: dict[str, object] = {
            "iss": self.department,
            "sub": self.department,
            "aud": "suishen:issuer",
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 300,
            "jti": os.urandom(16).hex(),
        }
        claims |= changes or {}
        payload = msgspec.json.encode({name: value for name, value in claims.items() if value is not None})
        return PyJWS().encode(payload, self.private, "ES256")


def _base64url(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()

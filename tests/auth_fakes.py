"""A small world in which people sign in: fakes for the ports, real stores for the rest."""

import asyncio
import os
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.api_jws import PyJWS
from redis.asyncio import Redis

from auth_bridges.accounts import Accounts, Outside
from auth_bridges.accounts.linking import Linked
from auth_bridges.acting import ActingService
from auth_bridges.models import (
    Actor,
    ClientFacts,
    FaceCheckStarted,
    FaceCheckState,
    Guardianship,
    LegalPerson,
    ProviderSubject,
)
from auth_bridges.passphrases import Passphrases, ScryptCost
from auth_bridges.refusals import (
    CodeRejected,
    PhoneCodeRejected,
    PhonePacketRefused,
    RegistryUnavailable,
    SmsUnavailable,
)
from auth_bridges.registrar import Registrar
from auth_bridges.rules.policy import Method
from auth_bridges.second_factors import SecondFactors
from auth_bridges.service import AuthService
from auth_bridges.settings import AuthSettings
from auth_bridges.store import AuthStores
from auth_bridges.tokens import AccessTokens
from bff.platform.coalesce import together
from bff.platform.idnumbers import IdNumbers
from bff.platform.keys import KeyRing, create
from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner
from miniapp_schemas.refusals import Refusal

NOW: Final = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ISSUER: Final = "https://suishen.example.org"
PHONE: Final = ClientFacts(address="203.0.113.7", device="a-phone-of-its-own")
COUNTER: Final = ClientFacts(address="203.0.113.8")
CHEAP: Final = ScryptCost(n=16, r=1, p=1)


def stores_on(database: Database, redis: Redis) -> AuthStores:
    """The stores as a process has them."""
    return AuthStores(database, redis, run=ScriptRunner(redis), together=together)


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
        self.rid: str | None = None
        self.before: Callable[[], Awaitable[None]] = _at_once

    async def exchange(self, code: str) -> ProviderSubject:
        self.asked.append(code)
        await self.before()
        answer = self.knows.get(code, CodeRejected())
        if isinstance(answer, Refusal):
            raise answer
        return ProviderSubject(
            provider=self.provider,
            appid=self.appid,
            subject=answer,
            alternates=self.alternates,
            rid=self.rid,
        )


class FakeAlipay(FakeBridge):
    """Another provider of the same kind."""

    provider = "alipay"
    appid = "2021000000000001"


class Phones:
    """Phones that codes are sent to, and what a provider tells of them."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.replaced: list[str] = []
        self.told: dict[tuple[str, str], str] = {}
        self.broken = False

    async def __call__(self, phone: str, code: str) -> None:
        if self.broken:
            raise SmsUnavailable
        self.received.append((phone, code))

    async def tell_replaced(self, phone: str) -> None:
        if self.broken:
            raise SmsUnavailable
        self.replaced.append(phone)

    async def phone_number(self, code: str, openid: str) -> str:
        if (code, openid) not in self.told:
            raise PhoneCodeRejected
        return self.told[code, openid]

    def code(self, phone: str) -> str:
        return next(code for number, code in reversed(self.received) if number == phone)


class Packets:
    """A provider whose packets hold the phone as they are, each for the session that brought it first."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}

    async def phone_number(self, packet: str, session: str) -> str:
        if self.taken.setdefault(packet, session) != session:
            raise PhonePacketRefused(errcode="packet-used")
        return packet


class FakeRegistry:
    """Knows who is registered with which number."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.broken = False

    async def __call__(self, name: str, number: str) -> bool:
        if self.broken:
            raise RegistryUnavailable
        return self.names.get(number) == name


class FakeFaces:
    """Compares faces as it was told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.state = FaceCheckState.PENDING
        self.refuses: Refusal | None = None

    async def start(self, name: str, id_number: str, order: str) -> FaceCheckStarted:
        if self.refuses is not None:
            raise self.refuses
        self.asked.append((name, id_number, order))
        return FaceCheckStarted(id=f"certify-{order}", url=f"https://face.example.org/{order}")

    async def result(self, certification: str) -> FaceCheckState:
        return self.state


class FakeFamilyRegister:
    """A register that holds what it was told, counts questions, and is away when told to be."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Guardianship] = {}
        self.refuses: Refusal | None = None
        self.asked = 0

    async def guardianship(self, guardian: str, child: str) -> Guardianship | None:
        self.asked += 1
        if self.refuses is not None:
            raise self.refuses
        return self.entries.get((guardian, child))


class FakeLegalPersonProof:
    """Knows who proved, in which session, to represent whom."""

    def __init__(self) -> None:
        self.proved: dict[tuple[str, str], list[LegalPerson]] = {}

    async def represented_by(self, resident: str, session: str) -> list[LegalPerson]:
        return self.proved.get((resident, session), [])


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

    def __init__(self, database: Database, redis: Redis, folder: Path, *, demanded: bool = False) -> None:
        self.clock = FakeClock()
        self.audit = AuditLog()
        self.turnstile = Turnstile()
        self.forgotten: set[str] = set()
        self.came_in: list[ProviderSubject] = []
        self.bridge = FakeBridge()
        self.alipay = FakeAlipay()
        self.phones = Phones()
        self.registry = FakeRegistry()
        self.faces = FakeFaces()
        self.personal = personal()
        self.keys = ring(folder / "keys")
        self.tokens = tokens(self.keys)
        self.stores = stores_on(database, redis)
        passphrases = Passphrases(os.urandom, cost=CHEAP)
        self.second_factors = SecondFactors(
            self.stores,
            demanded=demanded,
            personal=self.personal,
            audit=self.audit,
            clock=self.clock,
            chance=os.urandom,
        )
        self.auth = AuthService(
            settings=settings(folder),
            stores=self.stores,
            bridges=[self.bridge, self.alipay],
            tokens=self.tokens,
            personal=self.personal,
            passphrases=passphrases,
            second_factors=self.second_factors,
            admit=self.turnstile,
            audit=self.audit,
            notify=self.stores.notices.add,
            came_in=self._came_in,
            clock=self.clock,
            chance=os.urandom,
        )
        self.family = FakeFamilyRegister()
        self.legal = FakeLegalPersonProof()
        self.registrar = Registrar(
            stores=self.stores,
            personal=self.personal,
            passphrases=passphrases,
            second_factors=self.second_factors,
            enrolment=timedelta(days=14),
            lives=settings(folder).proof_lives,
            audit=self.audit,
            clock=self.clock,
            chance=os.urandom,
            types={"resident-id-card"},
        )
        self.accounts = Accounts(
            settings=settings(folder),
            environment="test",
            stores=self.stores,
            keys=self.keys,
            personal=self.personal,
            exchange=self.auth.subject_of,
            outside=Outside(
                send_code=self.phones,
                tell_former_phone=self.phones.tell_replaced,
                registry=self.registry,
                face=self.faces,
                phone_by_code={"wechat": self.phones},
                phone_by_packet={"alipay": Packets()},
            ),
            admit=self.turnstile,
            audit=self.audit,
            notify=self.stores.notices.add,
            forget=self.forget,
            clock=self.clock,
            chance=os.urandom,
        )
        self.acting = ActingService(
            stores=self.stores,
            tokens=self.tokens,
            personal=self.personal,
            family=self.family,
            legal=self.legal,
            gate=self.accounts.step_ups.require,
            notify=self.stores.notices.add,
            admit=self.turnstile,
            audit=self.audit,
            clock=self.clock,
            chance=os.urandom,
        )

    def code(self, subject: str, bridge: FakeBridge | None = None) -> str:
        """A fresh one-time code of ``subject`` at a provider."""
        code = os.urandom(8).hex()
        (bridge or self.bridge).knows[code] = subject
        return code

    async def forget(self, residents: Collection[str]) -> None:
        """What other domains do when accounts are deleted."""
        self.forgotten.update(residents)

    async def _came_in(self, subject: ProviderSubject) -> None:
        self.came_in.append(subject)

    async def signed_in(self, subject: str, bridge: FakeBridge | None = None) -> Actor:
        """``subject``, signed in this moment."""
        provider = (bridge or self.bridge).provider
        signed_in = await self.auth.sign_in(provider, self.code(subject, bridge), PHONE)
        return self.actor(signed_in.access.text)

    async def by_phone(self, subject: str, bridge: FakeBridge | None = None) -> Actor:
        """``subject``, who has just answered a code to their phone."""
        me = await self.signed_in(subject, bridge)
        return msgspec.structs.replace(me, methods=frozenset({Method.SMS.value}))

    def actor(self, access: str, challenge: str | None = None) -> Actor:
        """Who bears ``access``, as the routes would take them."""
        grant = self.tokens.verify(access, now=self.clock()).grant
        assert grant.auth_time is not None
        return Actor(
            resident=grant.subject,
            session=grant.session,
            level=grant.assurance,
            auth_time=grant.auth_time,
            methods=grant.methods,
            challenge=challenge,
        )

    async def link(self, actor: Actor, subject: str, bridge: FakeBridge | None = None) -> Linked:
        """Link ``subject`` at a provider, Alipay if none is named, to the actor."""
        bridge = bridge or self.alipay
        return await self.accounts.linking.link(actor, bridge.provider, self.code(subject, bridge))


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

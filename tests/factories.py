"""What tests are made of: people who do not exist, a wallet on real stores, a clock to turn."""

import secrets
from collections.abc import Awaitable, Sequence
from datetime import UTC, date, datetime, timedelta

from redis.asyncio import Redis

from bff.platform.audit import AuditRecorder, AuditTrail
from bff.platform.idnumbers import IdNumbers
from bff.platform.ids import timed_id
from bff.platform.limits import Limits, Rate
from bff.platform.mongo import Database, ReaderById
from bff.platform.redis import ScriptRunner
from miniapp_schemas.wallet import Holder, IssueCredential
from wallet.codec.keys import SigningKey, VerifyingKey
from wallet.issuers.base import load_registry
from wallet.issuing import Issuing
from wallet.models import Issuer, Requester
from wallet.service import Wallet
from wallet.settings import WalletSettings
from wallet.store import SHOWABLE, CredentialStore, PresentationStore, StatusListStore, UsageStore

# 11010519491231002X is the sample number of GB 11643-1999 itself; nobody's.
ID_NUMBER = "11010519491231002X"
POLICE = Issuer(id="11100000000013338W", name="市公安局", types=frozenset({"resident-id-card"}))
HOSPITAL = Issuer(id="12310000425000659N", name="市妇幼保健院", types=frozenset({"birth-certificate"}))
HOTEL_CLERK = Requester(
    clerk="clerk-1",
    clerk_number="0001",
    organisation="org-hotel",
    organisation_name="随身酒店",
    scenes=frozenset({"general", "hotel.checkin"}),
)


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 4, 0, 0, 500_000, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class OneKey:
    """Keys that never rotate."""

    def __init__(self) -> None:
        self._key = SigningKey.from_seed(secrets.token_bytes(40))

    def signing(self) -> SigningKey:
        return self._key

    def verifying(self) -> dict[bytes, VerifyingKey]:
        return {self._key.kid: self._key.public}


async def _nobody_follows(_: Sequence[str]) -> None: ...


class Bench:
    """A wallet on real stores, with everything a test may want to look at."""

    def __init__(self, database: Database, redis: Redis, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.database = database
        self.run = ScriptRunner(redis)
        self.personal = IdNumbers(hash_key=b"h" * 32, seal_keys=[b"s" * 32])
        self.keys = OneKey()
        self.registry = load_registry()
        self.credentials = CredentialStore(
            database["credentials"], ReaderById(database["credentials"], SHOWABLE)
        )
        self.usages = UsageStore(database["usages"])
        self.presentations = PresentationStore(self.run, shards=2)
        self.audit = AuditTrail(database["audit"])
        self.issuing = Issuing(
            credentials=self.credentials,
            status_lists=StatusListStore(database["status_lists"]),
            registry=self.registry,
            keys=self.keys,
            personal=self.personal,
            audit=AuditRecorder(self.run).record,
            clock=self.clock,
            chance=secrets.token_bytes,
            timed_id=timed_id,
            changed=_nobody_follows,
        )
        self.clerk_rate = Rate(per_minute=60_000, burst=10_000)
        self.wallet = self.another_wallet()

    def another_wallet(self) -> Wallet:
        """One more web process's wallet, on the same stores."""
        limits = Limits(self.run)

        def admit(organisation: str, clerk: str) -> Awaitable[None]:
            return limits.admit(organisation, (clerk, self.clerk_rate))

        return Wallet(
            credentials=self.credentials,
            usages=self.usages,
            presentations=self.presentations,
            registry=self.registry,
            keys=self.keys,
            personal=self.personal,
            admit=admit,
            clock=self.clock,
            chance=secrets.token_bytes,
            timed_id=timed_id,
            settings=WalletSettings(keys_dir="unused"),  # type: ignore[arg-type]
        )

    async def prepare(self) -> None:
        await self.credentials.ensure_indexes()
        await self.usages.ensure_indexes()
        await self.audit.ensure_indexes()

    def keeper(self, number: str = ID_NUMBER) -> str:
        return self.personal.hash(number)

    async def issue_id_card(self, **changes: object) -> str:
        """An ID card in the sample person's wallet; its credential id."""
        issued = await self.issuing.issue(POLICE, id_card(**changes))
        return issued.id


def id_card(**changes: object) -> IssueCredential:
    """A request to issue an ID card."""
    fields: dict[str, object] = {
        "type": "resident-id-card",
        "serial": "0000000001",
        "holder": Holder(name="张小明", id_number=ID_NUMBER),
        "claims": {"sex": "女", "birthDate": "1949-12-31", "ethnicity": "汉", "address": "某市某区某路1号"},
        "valid_from": date(2020, 1, 1),
        "valid_until": date(2040, 1, 1),
    }
    return IssueCredential(**(fields | changes))  # type: ignore[arg-type]


def birth_certificate(**changes: object) -> IssueCredential:
    """A request to issue a birth certificate: a type whose codes carry no data."""
    fields: dict[str, object] = {
        "type": "birth-certificate",
        "serial": "0000000002",
        "holder": Holder(name="张小小", id_number=ID_NUMBER),
        "claims": {
            "sex": "女",
            "birthDate": "1949-12-31",
            "birthPlace": "某市妇幼保健院",
            "motherName": "李小红",
            "certificateNumber": "A123456789",
        },
        "valid_from": date(2020, 1, 1),
    }
    return IssueCredential(**(fields | changes))  # type: ignore[arg-type]

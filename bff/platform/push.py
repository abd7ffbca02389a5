"""The reminders, wired: what people are told, how it reaches them, and what departments know of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from redis.asyncio import Redis

from auth_bridges.acting import ActingService
from auth_bridges.ports import Chance, Clock
from auth_bridges.store import AuthStores
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_delivery import DeliveryParts
from bff.platform.push_outbox import Carrier, CarryingParts
from bff.platform.push_timeline import TimelineParts
from bff.platform.redis import ScriptRunner
from health_code.ports import Admit
from push.channels.base import Address, Language, Message
from push.models import Intent
from push.settings import PushSettings
from push.store.outbox import OutboxStore
from wallet.issuers.base import Registry
from wallet.store import CredentialStore


class Nowhere:
    """A city that has no provider: nobody is reached, nothing is allowed, and the inbox is all there is."""

    async def of(self, residents: Sequence[str]) -> Mapping[str, Sequence[Address]]:
        """Nobody has an address."""
        del residents
        return {}

    async def bury(self, address: Address, *, dead_since: datetime | None) -> None:
        """Nobody was there."""

    async def reserve(self, resident: str, template: str, key: str, *, at: datetime) -> bool:
        """Nothing was allowed."""
        del resident, template, key, at
        return False

    async def settle(
        self, resident: str, template: str, key: str, *, spent: bool, none_left: bool, at: datetime
    ) -> None:
        """Nothing was set aside."""

    def render(self, intent: Intent, values: Mapping[str, str], *, language: Language) -> Message:
        """There are no words for it."""
        del values, language
        raise KeyError(intent.template)


class PushParts:
    """Everything of the reminders that a process needs."""

    def __init__(
        self,
        *,
        mongo: Database,
        redis: Redis,
        run: ScriptRunner,
        personal: IdNumbers,
        auth_stores: AuthStores,
        acting: ActingService,
        recorder: AuditRecorder,
        admit: Admit,
        clock: Clock,
        chance: Chance,
        http: Outbound,
        settings: PushSettings,
        credentials: CredentialStore,
        registry: Registry,
    ) -> None:
        del acting, admit, http
        self.outbox = OutboxStore(mongo["push_outbox"])
        self.carrying = CarryingParts(
            outbox=self.outbox, redis=redis, run=run, recorder=recorder, clock=clock, chance=chance
        )
        nowhere = Nowhere()
        self.delivery = DeliveryParts(
            mongo=mongo,
            redis=redis,
            run=run,
            personal=personal,
            clock=clock,
            chance=chance,
            channels=(),
            addresses=nowhere,
            templates=nowhere,
            credit=nowhere,
            intent=self.outbox.get,
            settings=settings,
        )
        self.timeline = TimelineParts(
            mongo=mongo,
            outbox=self.outbox,
            personal=personal,
            auth_stores=auth_stores,
            credentials=credentials,
            registry=registry,
            recorder=recorder,
            clock=clock,
            chance=chance,
        )

    def carriers(self, *, consumer: str) -> list[Carrier]:
        """What a worker process runs for the reminders."""
        return self.carrying.carriers(self.delivery.deliver, consumer=consumer)

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self.outbox, self.delivery, self.timeline):
            await store.ensure_indexes()

    async def forget(self, residents: Collection[str]) -> None:
        """Keep nothing of deleted accounts."""
        await self.outbox.forget(residents)
        await self.delivery.forget(residents)

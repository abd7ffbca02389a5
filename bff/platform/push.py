"""The reminders, wired: what people are told, how it reaches them, and what departments know of them."""

from redis.asyncio import Redis

from auth_bridges.acting import ActingService
from auth_bridges.ports import Chance, Clock
from auth_bridges.store import AuthStores
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_timeline import TimelineParts
from bff.platform.redis import ScriptRunner
from health_code.ports import Admit
from push.settings import PushSettings
from push.store.outbox import OutboxStore
from wallet.issuers.base import Registry
from wallet.store import CredentialStore


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
        del redis, run, acting, admit, http, settings
        self.outbox = OutboxStore(mongo["push_outbox"])
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

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self.outbox, self.timeline):
            await store.ensure_indexes()

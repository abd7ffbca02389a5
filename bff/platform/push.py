"""The reminders, wired: what people are told, how it reaches them, and what departments know of them."""

from redis.asyncio import Redis

from auth_bridges.acting import ActingService
from auth_bridges.ports import Chance, Clock
from auth_bridges.store import AuthStores
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_phones import PhoneParts
from bff.platform.redis import ScriptRunner
from health_code.ports import Admit
from push.settings import PushSettings
from push.store.outbox import OutboxStore


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
    ) -> None:
        del run, acting, recorder, admit
        self.outbox = OutboxStore(mongo["push_outbox"])
        self.phones = PhoneParts(
            mongo=mongo,
            redis=redis,
            personal=personal,
            auth_stores=auth_stores,
            clock=clock,
            chance=chance,
            http=http,
            settings=settings,
        )

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self.outbox, self.phones):
            await store.ensure_indexes()

    def close(self) -> None:
        """End the connections that are kept."""
        self.phones.close()

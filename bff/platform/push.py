"""The reminders, wired: what people are told, how it reaches them, and what departments know of them."""

from collections.abc import Mapping, Sequence

from redis.asyncio import Redis

from auth_bridges.acting import ActingService
from auth_bridges.ports import Chance, Clock
from auth_bridges.store import AuthStores
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_operations import OperationParts
from bff.platform.redis import ScriptRunner
from health_code.ports import Admit
from push.models import Topic
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
        del redis, run, acting, admit, chance, http
        self.outbox = OutboxStore(mongo["push_outbox"])
        self.operations = OperationParts(
            mongo=mongo,
            stores=auth_stores,
            personal=personal,
            recorder=recorder,
            notify=self.outbox.add,
            consented=_everybody,
            attributes=_nothing_known,
            sendings=_no_sendings,
            clock=clock,
            settings=settings,
        )

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self.outbox, self.operations):
            await store.ensure_indexes()


async def _everybody(residents: Sequence[str], topic: Topic) -> frozenset[str]:
    del topic
    return frozenset(residents)


async def _nothing_known(subjects: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    del subjects
    return {}


async def _no_sendings(campaign: str) -> tuple[int, int, int]:
    del campaign
    return 0, 0, 0

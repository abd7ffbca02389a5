"""The reminders, wired: what people are told, how it reaches them, and what departments know of them."""

from redis.asyncio import Redis

from auth_bridges.acting import ActingService
from auth_bridges.bridges.alipay_client import AlipayClient
from auth_bridges.bridges.wechat_api import WechatApi
from auth_bridges.ports import Chance, Clock
from auth_bridges.store import AuthStores
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_china import ChinaParts
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
        wechat: WechatApi,
        alipay: AlipayClient | None,
        settings: PushSettings,
    ) -> None:
        del redis, run, acting, admit, chance, http
        self.outbox = OutboxStore(mongo["push_outbox"])
        self.china = ChinaParts(
            mongo=mongo,
            personal=personal,
            auth_stores=auth_stores,
            recorder=recorder,
            wechat=wechat,
            alipay=alipay,
            settings=settings,
            clock=clock,
        )

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self.outbox, self.china):
            await store.ensure_indexes()

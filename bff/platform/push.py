"""The reminders, wired: what people are told, how it reaches them, and what departments know of them."""

from collections.abc import Collection, Sequence
from functools import partial

from redis.asyncio import Redis

from auth_bridges.bridges.alipay_client import AlipayClient
from auth_bridges.bridges.wechat_api import WechatApi
from auth_bridges.ports import Chance, Clock
from auth_bridges.store import AuthStores, Residents
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_addressed import StillAddressed
from bff.platform.push_china import ChinaParts
from bff.platform.push_delivery import DeliveryParts
from bff.platform.push_operations import OperationParts
from bff.platform.push_outbox import Carrier, CarryingParts
from bff.platform.push_phones import PhoneParts
from bff.platform.push_timeline import Holds, LinkedPeople, TimelineParts
from bff.platform.redis import ScriptRunner
from push.addresses import JoinedAddresses
from push.settings import PushSettings
from push.store.outbox import OutboxStore
from push.text_receipts import TextReceipts
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
        holds: Holds,
        recorder: AuditRecorder,
        clock: Clock,
        chance: Chance,
        http: Outbound,
        wechat: WechatApi,
        alipay: AlipayClient | None,
        settings: PushSettings,
        credentials: CredentialStore,
        registry: Registry,
    ) -> None:
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
        self.delivery = DeliveryParts(
            mongo=mongo,
            redis=redis,
            run=run,
            personal=personal,
            clock=clock,
            chance=chance,
            channels=(*self.china.channels, *self.phones.channels),
            addresses=JoinedAddresses([self.china.addresses, *self.phones.addresses]),
            accounts=partial(_accounts, auth_stores.residents),
            still_addressed=StillAddressed(auth_stores, holds, clock),
            wards_of=LinkedPeople(auth_stores, personal, holds, clock).wards_of,
            templates=self.china.templates,
            credit=self.china.credits,
            intent=self.outbox.get,
            settings=settings,
        )
        self.china.receipts_go_to(self.delivery.take_receipt)
        self.text_receipts = TextReceipts(
            key=settings.sms_receipts_key, take_receipt=self.delivery.take_receipt, clock=clock
        )
        self.carrying = CarryingParts(
            outbox=self.outbox,
            redis=redis,
            run=run,
            recorder=recorder,
            clock=clock,
            chance=chance,
            settings=settings,
        )
        self.timeline = TimelineParts(
            mongo=mongo,
            outbox=self.outbox,
            personal=personal,
            auth_stores=auth_stores,
            holds=holds,
            credentials=credentials,
            registry=registry,
            settings=settings,
            recorder=recorder,
            clock=clock,
            chance=chance,
        )
        self.operations = OperationParts(
            mongo=mongo,
            stores=auth_stores,
            personal=personal,
            recorder=recorder,
            notify=self.carrying.notify,
            consented=self.delivery.wishes.willing,
            people=self.timeline.people,
            delivery=self.delivery,
            dead_letters=self.carrying.dead_letters,
            clock=clock,
            settings=settings,
        )
        self.deliver = self.china.templates.once_read(self.delivery.held_back(self.operations.campaigns.goes))
        self._undelivered = self.delivery.undelivered(self.outbox, self.operations.campaigns.goes)

    def carriers(self, *, consumer: str) -> list[Carrier]:
        """What a worker process runs for the reminders."""
        return [
            *self.carrying.carriers(self.deliver, consumer=consumer),
            self._undelivered,
            self.delivery.awaited,
            self.operations.campaigning,
        ]

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self.outbox, self.china, self.delivery, self.timeline, self.phones, self.operations):
            await store.ensure_indexes()

    async def forget(self, residents: Collection[str]) -> None:
        """Keep nothing of deleted accounts."""
        await self.china.forget(residents)
        await self.outbox.forget(residents)
        await self.delivery.forget(residents)
        await self.phones.devices.forget_all(residents)

    def close(self) -> None:
        """End the connections that are kept."""
        self.phones.close()


async def _accounts(residents: Residents, resident: str) -> Sequence[str]:
    return list(await residents.below([resident]))

"""WeChat and Alipay, wired for the reminders: their channels, addresses, credits, templates and callbacks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from prometheus_client import Counter

from auth_bridges.bridges.alipay_client import AlipayClient, GatewayRefused
from auth_bridges.bridges.alipay_transport import Call as AlipayCall
from auth_bridges.bridges.wechat_api import WechatApi
from auth_bridges.models import Link, ProviderSubject
from auth_bridges.ports import Clock
from auth_bridges.refusals import ProviderTokenUnavailable, ProviderUnavailable, ProviderUnreached
from auth_bridges.store import AuthStores
from bff.platform.audit import AuditRecorder
from bff.platform.coalesce import together
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from miniapp_schemas.refusals import Refusal
from push.callbacks import WechatCallbacks
from push.channels.alipay import AlipayChannel, AlipayRefused, reactions_of
from push.channels.base import Address, Channel
from push.channels.wechat import WechatChannel
from push.credits import CreditService
from push.ports import Receipt, TakeReceipt
from push.rules.wechat_events import key_of
from push.settings import PushSettings
from push.store.credits import CreditStore
from push.store.graves import GraveStore
from push.store.templates import TemplateStore
from push.templates import TemplateBook, TemplateDesk
from push.texts import shipped

_WECHAT: Final = "wechat"
_ALIPAY: Final = "alipay"
_credits = Counter("suishen_push_credits", "What became of residents' credits", ["channel", "what"])
_NAMES: Final = ("open_id", "user_id")
"""Of Alipay's names of a person the one that stays."""


def _credit_counted(channel: str, what: str) -> None:
    _credits.labels(channel, what).inc()


class SignInAddresses:
    """Where residents are reached through the apps they sign in with."""

    def __init__(
        self,
        stores: AuthStores,
        graves: GraveStore,
        *,
        apps: Mapping[str, str],
        personal: IdNumbers,
        clock: Clock,
    ) -> None:
        """``apps`` are ours, by provider: a link to another app leads nowhere we could send."""
        self._residents = stores.residents
        self._graves = graves
        self._apps = apps
        self._personal = personal
        self._clock = clock

    async def of(self, residents: Sequence[str]) -> Mapping[str, Sequence[Address]]:
        """The addresses of each of ``residents``, with those of accounts that were merged into theirs."""
        below = await self._residents.below(residents)
        links = [link for link in await self._residents.links_of(below) if self._is_ours(link)]
        addresses = [(below[link.resident], _address(link)) for link in links]
        dead = await self._graves.of([self._grave_of(address) for _, address in addresses])
        found: dict[str, list[Address]] = {resident: [] for resident in residents}
        for resident, address in addresses:
            since = dead.get(self._grave_of(address))
            if since is None or address.registered_at > since:
                found[resident].append(address)
        return found

    async def bury(self, address: Address, *, dead_since: datetime | None) -> None:
        """Send nothing there any more, unless somebody signs in with it anew; devices are others' affair."""
        if address.channel in self._apps:
            await self._graves.bury(self._grave_of(address), since=dead_since or self._clock())

    async def came_in(self, subject: ProviderSubject) -> None:
        """Whoever ``subject`` is has just signed in with it: somebody is there, whatever was said before."""
        if self._apps.get(subject.provider) == subject.appid:
            # By whichever of their names they were written to.
            names = (subject.subject, *subject.alternates.values())
            graves = [self._grave(subject.provider, subject.appid, name) for name in names]
            # Nearly nobody's: a write that changes nothing would wait for the disk all the same.
            if await self._graves.of(graves):
                await self._graves.dig_up(graves)

    async def whose(self, openid: str) -> str | None:
        """The resident behind an openid of our WeChat mini-program, if there is one."""
        subject = ProviderSubject(provider=_WECHAT, appid=self._apps[_WECHAT], subject=openid)
        link = await self._residents.link_of(subject)
        root = None if link is None else await self._residents.root_of(link.resident)
        return None if root is None else root.id

    def _is_ours(self, link: Link) -> bool:
        return self._apps.get(link.provider) == link.appid

    def _grave_of(self, address: Address) -> str:
        return self._grave(address.channel, address.app, address.target)

    def _grave(self, channel: str, app: str, target: str) -> str:
        return self._personal.pseudonym("push-address", f"{channel}:{app}:{target}")


class ChinaParts:
    """What reaches residents through WeChat and Alipay."""

    def __init__(
        self,
        *,
        mongo: Database,
        personal: IdNumbers,
        auth_stores: AuthStores,
        recorder: AuditRecorder,
        wechat: WechatApi,
        alipay: AlipayClient | None,
        settings: PushSettings,
        clock: Clock,
    ) -> None:
        apps = {_WECHAT: wechat.appid} | ({} if alipay is None else {_ALIPAY: alipay.app.appid})
        templates = TemplateStore(mongo["push_templates"])
        self._ledgers = ledgers = CreditStore(mongo["push_credits"])
        graves = GraveStore(mongo["push_graves"])
        self._stores = (templates, ledgers, graves)
        self._receive: TakeReceipt | None = None
        self.templates = TemplateBook(shipped(), templates)
        self.desk = TemplateDesk(self.templates, templates, audit=recorder.record, clock=clock)
        self.credits = CreditService(
            ledgers,
            bindings=self.templates,
            apps=apps,
            below=auth_stores.residents.below,
            together=together,
            meter=_credit_counted,
            clock=clock,
        )
        self.addresses = SignInAddresses(auth_stores, graves, apps=apps, personal=personal, clock=clock)
        self.channels: list[Channel] = [
            WechatChannel(
                _WechatCall(wechat),
                bindings=lambda name: self.templates.binding("wechat", name),
                clock=clock,
                state=settings.wechat_state,
            )
        ]
        if alipay is not None:
            self.channels.append(
                AlipayChannel(
                    _AlipayCall(alipay),
                    bindings=lambda name: self.templates.binding("alipay", name),
                    reactions=reactions_of(dict(each.split("=") for each in settings.alipay_failures)),
                )
            )
        key = settings.wechat_callback_key
        self.callbacks = WechatCallbacks(
            appid=wechat.appid,
            token=settings.wechat_callback_token,
            key=None if key is None else key_of(key),
            credits=self.credits,
            take_receipt=self._take_receipt,
            whose=self.addresses.whose,
            clock=clock,
        )

    def receipts_go_to(self, receive: TakeReceipt) -> None:
        """From now on ``receive`` hears what became of messages."""
        self._receive = receive

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in self._stores:
            await store.ensure_indexes()

    async def forget(self, residents: Collection[str]) -> None:
        """Keep nothing of what ``residents`` allowed."""
        await self._ledgers.forget(list(residents))

    async def _take_receipt(self, receipt: Receipt) -> None:
        if self._receive is not None:
            await self._receive(receipt)


class _WechatCall:
    """Posts to WeChat; the three ways for nothing to come back in the words of channels."""

    def __init__(self, api: WechatApi) -> None:
        self._api = api

    async def __call__(self, path: str, body: bytes) -> bytes:
        """What WeChat answered."""
        try:
            return await self._api.post(path, body)
        except (ProviderUnreached, ProviderTokenUnavailable):
            raise ConnectionRefusedError("nothing was asked") from None
        except ProviderUnavailable:
            raise ConnectionAbortedError("no answer") from None


class _Done(Struct, frozen=True, kw_only=True):
    """Alipay did it; it says no more."""


class _AlipayCall:
    """Asks Alipay, in the words of channels."""

    def __init__(self, client: AlipayClient) -> None:
        self._client = client

    async def __call__(self, method: str, content: Mapping[str, str]) -> None:
        """Return once Alipay says that it did it."""
        try:
            await self._client.ask(AlipayCall(method=method, content=content), _Done)
        except GatewayRefused as refused:
            raise AlipayRefused(refused.reason) from None
        except ProviderUnreached:
            raise ConnectionRefusedError("nothing was asked") from None
        except Refusal:
            # No answer, or one that is not Alipay's: whether it was done nobody can tell.
            raise ConnectionAbortedError("no answer") from None


def _address(link: Link) -> Address:
    name = (
        next((each for each in _NAMES if each in link.alternates), None) if link.provider == _ALIPAY else None
    )
    return Address(
        channel=link.provider,
        app=link.appid,
        target=link.subject if name is None else link.alternates[name],
        registered_at=link.linked_at,
        vendor=name or (_NAMES[0] if link.provider == _ALIPAY else ""),
    )

"""The ways to phones, wired: the channels a city has set up, and the devices they lead to."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from redis.asyncio import Redis

from auth_bridges.ports import Chance, Clock
from auth_bridges.provider_tokens import FetchedToken, FetchToken, ProviderTokens
from auth_bridges.refusals import ProviderTokenUnavailable
from auth_bridges.store import AuthStores, ProviderTokenStore
from auth_bridges.vault import Shredded, Vault
from bff.platform.coalesce import together
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from push.channels.apns import TOKEN_LIVES, TOKENS_APART, ApnsChannel, provider_token
from push.channels.base import Address, Channel
from push.channels.fcm import FcmChannel, ask_for_token, read_service_account
from push.channels.jpush import JpushChannel, read_vendors
from push.channels.sms import SmsChannel
from push.channels.webpush import WebPushChannel
from push.devices import Devices, Offered
from push.models import DeviceKind
from push.ports import Addresses, TokenAway
from push.settings import PushSettings
from push.store.cids import CidStore
from push.store.devices import DeviceStore

_MADE: Final = 2
"""Tokens for Apple in twenty minutes: one, and one more where who made it died before it could be kept."""
_FETCHES: Final = 6
"""Access tokens of Google's a minute, for all processes together."""


class PhoneParts:
    """The channels to phones, and everything they need."""

    def __init__(
        self,
        *,
        mongo: Database,
        redis: Redis,
        personal: IdNumbers,
        auth_stores: AuthStores,
        clock: Clock,
        chance: Chance,
        http: Outbound,
        settings: PushSettings,
    ) -> None:
        self._redis = redis
        self._personal = personal
        self._clock = clock
        self._chance = chance
        self._http = http
        self._closing: list[Callable[[], None]] = []
        self._apps: dict[DeviceKind, str] = {}
        self._cids = CidStore(mongo["push_cids"], together)
        store = DeviceStore(mongo["push_devices"])
        self._stores = (store, self._cids)
        sms = _sms(http, settings, clock)
        made = (
            self._apns(settings),
            self._fcm(settings),
            self._jpush(settings),
            self._webpush(settings),
            sms,
        )
        self.channels: Sequence[Channel] = [channel for channel in made if channel is not None]
        self.devices = Devices(
            store,
            personal=personal,
            offered=Offered(
                apps=self._apps,
                apns_environment=settings.apns_environment,
                webpush_origins=settings.webpush_origins,
            ),
            clock=clock,
        )
        vault = Vault(auth_stores.resident_keys, personal, chance)
        self.addresses: Sequence[Addresses] = [
            self.devices,
            *([] if sms is None else [BoundPhones(auth_stores, vault)]),
        ]

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in self._stores:
            await store.ensure_indexes()

    def close(self) -> None:
        """End the connections that are kept."""
        for close in self._closing:
            close()

    def _apns(self, settings: PushSettings) -> Channel | None:
        file, topic = settings.apns_key_file, settings.apns_topic
        key_id, team = settings.apns_key_id, settings.apns_team_id
        if file is None or topic is None or key_id is None or team is None:
            return None
        from bff.platform.http2 import Http2  # noqa: PLC0415 - a start without iPhones spares itself HTTP/2

        key = read_p256(file)

        async def make(*, force: bool) -> FetchedToken:
            # Whatever was refused: this one is of now.
            del force
            text = provider_token(key, key_id=key_id, team_id=team, now=self._clock())
            return FetchedToken(text=text, lifetime=TOKEN_LIVES)

        http2 = Http2(ca_file=settings.apns_ca_file)
        self._closing.append(http2.close)
        self._apps[DeviceKind.APNS] = topic
        tokens = self._shared(f"apns:{team}:{key_id}", make, most=_MADE, period=TOKENS_APART)
        return ApnsChannel(http2, base_url=settings.apns_base_url, tokens=tokens)

    def _fcm(self, settings: PushSettings) -> Channel | None:
        if settings.fcm_service_account_file is None:
            return None
        account = read_service_account(settings.fcm_service_account_file)
        url = settings.fcm_token_url or account.token_uri

        async def fetch(*, force: bool) -> FetchedToken:
            # Google makes another each time it is asked.
            del force
            try:
                granted = await ask_for_token(self._http, account, token_url=url, now=self._clock())
            except TokenAway as away:
                seconds = max(1, round(away.after.total_seconds()))
                raise ProviderTokenUnavailable(retry_after=seconds) from None
            return FetchedToken(text=granted.access_token, lifetime=timedelta(seconds=granted.expires_in))

        self._apps[DeviceKind.FCM] = account.project_id
        name = f"fcm:{account.project_id}"
        return FcmChannel(
            self._http,
            base_url=settings.fcm_base_url,
            project=account.project_id,
            tokens=self._shared(name, fetch, most=_FETCHES, period=timedelta(minutes=1)),
            clock=self._clock,
        )

    def _jpush(self, settings: PushSettings) -> Channel | None:
        if settings.jpush_app_key is None or settings.jpush_master_secret is None:
            return None
        own = settings.jpush_vendors_file
        self._apps[DeviceKind.JPUSH] = settings.jpush_app_key
        return JpushChannel(
            self._http,
            base_url=settings.jpush_base_url,
            app_key=settings.jpush_app_key,
            master_secret=settings.jpush_master_secret,
            cids=self._cids,
            clock=self._clock,
            cids_at_once=settings.jpush_cids_at_once,
            vendors=None if own is None else read_vendors(own),
        )

    def _webpush(self, settings: PushSettings) -> Channel | None:
        if settings.webpush_key_file is None or settings.webpush_contact is None:
            return None
        channel = WebPushChannel(
            self._http,
            key=read_p256(settings.webpush_key_file),
            contact=settings.webpush_contact,
            origins=settings.webpush_origins,
            clock=self._clock,
            chance=self._chance,
        )
        self._apps[DeviceKind.WEBPUSH] = channel.public_key
        return channel

    def _shared(self, name: str, fetch: FetchToken, *, most: int, period: timedelta) -> "SharedToken":
        store = ProviderTokenStore(self._redis, self._personal, name=name, period=period)
        return SharedToken(
            ProviderTokens(store=store, fetch=fetch, clock=self._clock, chance=self._chance, most=most)
        )


class SharedToken:
    """A provider's token as the channels ask for it, kept by the keeper of all providers' tokens."""

    def __init__(self, keeper: ProviderTokens) -> None:
        self._keeper = keeper

    async def token(self) -> str:
        """One that lives, as far as we know; ``TokenAway`` if there is none now."""
        try:
            return await self._keeper.token()
        except ProviderTokenUnavailable as none:
            raise TokenAway(timedelta(seconds=none.retry_after or 1)) from None

    async def refused(self, token: str) -> None:
        """The provider does not take ``token``: forget it everywhere."""
        await self._keeper.refused(token)


class BoundPhones:
    """The numbers residents bound to their accounts, as addresses for text messages."""

    def __init__(self, auth_stores: AuthStores, vault: Vault) -> None:
        self._residents = auth_stores.residents
        self._vault = vault

    async def of(self, residents: Sequence[str]) -> dict[str, list[Address]]:
        """The number of each of ``residents`` who bound one."""
        found = await asyncio.gather(*map(self._number, residents))
        return {name: [address] for name, address in zip(residents, found, strict=True) if address}

    async def _number(self, name: str) -> Address | None:
        resident = await self._residents.get(name)
        if resident is None:
            return None
        try:
            number = await self._vault.phone(resident)
        except Shredded:
            return None  # they left in this moment
        if number is None:
            return None
        return Address(channel="sms", app="", target=number, registered_at=resident.created_at)

    async def bury(self, address: Address, *, dead_since: datetime | None) -> None:
        """A number is its owner's to change: nothing is done."""


def _sms(http: Outbound, settings: PushSettings, clock: Clock) -> Channel | None:
    url, key, template = settings.sms_base_url, settings.sms_key, settings.sms_template
    if url is None or key is None or template is None:
        return None
    return SmsChannel(http, base_url=url, key=key, template=template, clock=clock)


def read_p256(file: Path) -> EllipticCurvePrivateKey:
    """The P-256 private key in ``file``; ``ValueError`` if there is none."""
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("no P-256 private key")  # noqa: TRY004 - of the file, not of an argument
    return key

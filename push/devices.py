"""The phones and browsers a resident told us of: where they are reached, and when nobody is there any more.

A token belongs to whoever registered it last: a phone that changes hands, or accounts, takes its messages
along and leaves none behind.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from push.channels.base import Address
from push.channels.webpush import Subscription, Unusable, is_allowed, read_subscription
from push.models import Device, DeviceKind, device_context
from push.ports import Clock, PersonalData
from push.refusals import DeviceNotUsable, DeviceUnknown, PushKindNotOffered
from push.store.devices import DeviceStore

MOST: Final = 20
"""Devices a resident has; registering another forgets the one that was silent longest."""


class Offered(Struct, frozen=True, kw_only=True):
    """Which kinds of device a city reaches, and what each kind knows its app by."""

    apps: Mapping[DeviceKind, str]
    apns_environment: str = "production"
    webpush_origins: tuple[str, ...] = ()

    @property
    def web_push_key(self) -> str | None:
        """What a page subscribes with."""
        return self.apps.get(DeviceKind.WEBPUSH)


def device_of(
    personal: PersonalData,
    resident: str,
    *,
    kind: DeviceKind,
    app: str,
    target: str,
    at: datetime,
    device: str = "",
    vendor: str = "",
) -> Device:
    """What is kept of a device of ``resident``, registered ``at`` a time.

    Anew each time: a provider's word about the token is older than that, or counts.
    """
    name = personal.pseudonym(f"push-{kind.value}", target)
    return Device(
        id=name,
        resident=resident,
        kind=kind,
        app=app,
        target=personal.seal(target.encode(), device_context(name)),
        device=device,
        vendor=vendor,
        registered_at=at,
    )


class Devices:
    """Registers devices, and gives out their addresses."""

    def __init__(self, store: DeviceStore, *, personal: PersonalData, offered: Offered, clock: Clock) -> None:
        self._store = store
        self._personal = personal
        self._clock = clock
        self.offered = offered

    async def register(
        self,
        resident: str,
        *,
        kind: DeviceKind,
        token: str | None = None,
        subscription: Subscription | None = None,
        device: str = "",
        vendor: str = "",
        environment: str = "production",
    ) -> Device:
        """Note where ``resident`` is reached; a token another had is theirs no more."""
        app = self.offered.apps.get(kind)
        if app is None or (kind is DeviceKind.APNS and environment != self.offered.apns_environment):
            raise PushKindNotOffered
        target = self._target(kind, token, subscription)
        registered = device_of(
            self._personal,
            resident,
            kind=kind,
            app=app,
            target=target,
            at=self._clock(),
            device=device,
            vendor=vendor,
        )
        await self._store.put(registered)
        await self._store.prune(registered, most=MOST)
        return registered

    async def of_resident(self, resident: str) -> Sequence[Device]:
        """The devices of ``resident`` at which somebody is, newest first."""
        return (await self._store.of([resident])).get(resident, ())

    async def forget(self, resident: str, device_id: str) -> None:
        """Reach ``resident`` there no more."""
        if not await self._store.remove(resident, device_id):
            raise DeviceUnknown

    async def forget_all(self, residents: Collection[str]) -> None:
        """Reach none of ``residents`` anywhere any more: they left."""
        await self._store.remove_all(residents)

    # --- the port of who sends --------------------------------------------------------------------------

    async def of(self, residents: Sequence[str]) -> Mapping[str, Sequence[Address]]:
        """The addresses of every device at which somebody is; none of a kind that is not offered now."""
        found: dict[str, list[Address]] = defaultdict(list)
        for resident, devices in (await self._store.of(residents)).items():
            for device in devices:
                if device.kind in self.offered.apps:
                    found[resident].append(self._address(device))
        return found

    async def bury(self, address: Address, *, dead_since: datetime | None) -> None:
        """Nobody is at ``address`` any more; unless they came back after ``dead_since``.

        A provider that does not say since when means what it was sent to, not what was registered since.
        """
        if address.channel not in set(DeviceKind):
            return
        name = self._personal.pseudonym(f"push-{address.channel}", address.target)
        await self._store.bury(
            name, unless_after=dead_since or address.registered_at, at=dead_since or self._clock()
        )

    def _address(self, device: Device) -> Address:
        target = self._personal.open(device.target, device_context(device.id)).decode()
        return Address(
            channel=device.kind.value,
            app=device.app,
            target=target,
            registered_at=device.registered_at,
            device=device.device,
            vendor=device.vendor,
        )

    def _target(self, kind: DeviceKind, token: str | None, subscription: Subscription | None) -> str:
        """What the channel is given; refuses what it could never send to."""
        if kind is not DeviceKind.WEBPUSH:
            if token is None or subscription is not None or not kind.fits(token):
                raise DeviceNotUsable
            # Apple's tokens are bytes: in capitals it is the same phone.
            return token.lower() if kind is DeviceKind.APNS else token
        if subscription is None or token is not None:
            raise DeviceNotUsable
        text = msgspec.json.encode(subscription).decode()
        try:
            endpoint, _, _ = read_subscription(text)
        except Unusable:
            raise DeviceNotUsable from None
        if not is_allowed(endpoint, self.offered.webpush_origins):
            raise DeviceNotUsable
        return text

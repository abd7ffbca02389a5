"""``/mp/v1/push/devices``: the phones and browsers a resident is reached on."""

from typing import Final

from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.identity import Principal
from bff.routes.parameters import DeviceId, PushDeviceIdInPath
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.push_devices import PushDevice, PushDevices, PushKind, RegisterPushDevice
from push.channels.webpush import Subscription
from push.devices import Devices
from push.models import Device, DeviceKind
from push.refusals import DeviceNotUsable, DeviceUnknown, PushKindNotOffered

_MINE: Final = {"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None}


class PushDeviceController(Controller):
    """Devices notices are sent to, whatever else the resident prefers."""

    path = "/mp/v1/push/devices"
    tags = ("push",)
    opt = _MINE

    @get(operation_id="ListPushDevices", summary="My devices")
    async def mine(
        self, principal: NamedDependency[Principal], push_devices: NamedDependency[Devices]
    ) -> PushDevices:
        """Where I am reached, and where I could be."""
        return PushDevices(
            devices=[_device(each) for each in await push_devices.of_resident(principal.subject)],
            offered=[PushKind(kind.value) for kind in DeviceKind if kind in push_devices.offered.apps],
            web_push_key=push_devices.offered.web_push_key,
        )

    @put(
        opt={"refusals": (DeviceNotUsable, PushKindNotOffered)},
        operation_id="RegisterPushDevice",
        summary="Reach me here",
    )
    async def register(
        self,
        data: JSONBody[RegisterPushDevice],
        principal: NamedDependency[Principal],
        push_devices: NamedDependency[Devices],
        device: DeviceId = None,
    ) -> PushDevice:
        """Register this device, or say that it is still there. It is the caller's now, whoever's it was."""
        given = data.subscription
        registered = await push_devices.register(
            principal.subject,
            kind=DeviceKind(data.kind.value),
            token=data.token,
            subscription=None
            if given is None
            else Subscription(endpoint=given.endpoint, p256dh=given.p256dh, auth=given.auth),
            device=device or "",
            vendor="" if data.maker is None else data.maker.value,
            environment=data.build.value,
        )
        return _device(registered)

    @delete(
        "/{device_id:str}",
        opt={"refusals": (DeviceUnknown,)},
        operation_id="ForgetPushDevice",
        summary="Not here any more",
    )
    async def forget(
        self,
        device_id: PushDeviceIdInPath,
        principal: NamedDependency[Principal],
        push_devices: NamedDependency[Devices],
    ) -> None:
        """Send nothing to that device; an app that signs out says so first."""
        await push_devices.forget(principal.subject, device_id)


def _device(device: Device) -> PushDevice:
    return PushDevice(id=device.id, kind=PushKind(device.kind.value), registered_at=device.registered_at)

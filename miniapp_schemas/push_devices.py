"""The phones and browsers a resident is reached on."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from miniapp_schemas.base import Instant, Request, Response

PushDeviceId = Annotated[str, Meta(description="A registered device.", pattern=r"^[A-Za-z0-9_-]{43}\Z")]


class PushKind(StrEnum):
    """By whom the device is reached."""

    APNS = "apns"
    FCM = "fcm"
    JPUSH = "jpush"
    WEBPUSH = "webpush"


class PhoneMaker(StrEnum):
    """Who made the phone, where JPush reaches it through its maker."""

    HUAWEI = "huawei"
    HONOR = "honor"
    XIAOMI = "xiaomi"
    OPPO = "oppo"
    VIVO = "vivo"
    HMOS = "hmos"


class AppBuild(StrEnum):
    """Which of Apple's two worlds the app was built for."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class WebPushSubscription(Request, frozen=True, kw_only=True):
    """What `PushSubscription.toJSON()` gives, without its expiry."""

    endpoint: Annotated[
        str, Meta(description="The push service's address for this browser.", min_length=8, max_length=1024)
    ]
    p256dh: Annotated[str, Meta(description="`keys.p256dh`.", pattern=r"^[A-Za-z0-9_-]{87}=?\Z")]
    auth: Annotated[str, Meta(description="`keys.auth`.", pattern=r"^[A-Za-z0-9_-]{22}(==)?\Z")]


class RegisterPushDevice(Request, frozen=True, kw_only=True):
    """A device, as its maker's library knows it; to be sent at every start of the app."""

    kind: Annotated[PushKind, Meta(description="By whom it is reached.")]
    token: Annotated[
        Annotated[str, Meta(min_length=8, max_length=1024)] | None,
        Meta(description="Device token or registration id; not for a browser."),
    ] = None
    subscription: Annotated[
        WebPushSubscription | None, Meta(description="For a browser, and for nothing else.")
    ] = None
    maker: Annotated[PhoneMaker | None, Meta(description="With `jpush`: who made the phone.")] = None
    build: Annotated[AppBuild, Meta(description="With `apns`: which build of the app this is.")] = (
        AppBuild.PRODUCTION
    )


class PushDevice(Response, frozen=True, kw_only=True):
    """A device notices are sent to (推送设备)."""

    id: Annotated[str, Meta(description="Its name here.")]
    kind: Annotated[PushKind, Meta(description="By whom it is reached.")]
    registered_at: Annotated[Instant, Meta(description="When it was last heard of.")]


class PushDevices(Response, frozen=True, kw_only=True):
    """The caller's devices, and what this city offers."""

    devices: Annotated[list[PushDevice], Meta(description="Newest first.")]
    offered: Annotated[list[PushKind], Meta(description="The kinds a device may be registered as.")]
    web_push_key: Annotated[
        str | None, Meta(description="`applicationServerKey` for a browser; null where not offered.")
    ]

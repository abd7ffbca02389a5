"""Devices: whose they are, and when nobody is there any more. A real MongoDB."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bff.platform.mongo import Database
from bff.sandbox.webpush import Browser
from push.addresses import JoinedAddresses
from push.channels.base import Address
from push.channels.webpush import Subscription, base64
from push.devices import MOST, Devices, Offered
from push.models import Device, DeviceKind
from push.refusals import DeviceNotUsable, DeviceUnknown, PushKindNotOffered
from push.store.devices import DeviceStore
from tests.auth_fakes import NOW, FakeClock, personal
from tests.phones import ANDROID, APP_KEY, BUNDLE, IPHONE, MAINLAND

OFFERED = Offered(
    apps={DeviceKind.APNS: BUNDLE, DeviceKind.JPUSH: APP_KEY, DeviceKind.WEBPUSH: "public-key"},
    webpush_origins=("https://updates.push.services.mozilla.com",),
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def devices(mongo_database: Database, clock: FakeClock) -> Devices:
    store = DeviceStore(mongo_database["push_devices"])
    await store.ensure_indexes()
    return Devices(store, personal=personal(), offered=OFFERED, clock=clock)


async def iphone(devices: Devices, resident: str = "lin", token: str = IPHONE, device: str = "") -> Device:
    return await devices.register(resident, kind=DeviceKind.APNS, token=token, device=device)


async def addresses_of(devices: Devices, resident: str) -> list[Address]:
    return list((await devices.of([resident])).get(resident, ()))


def subscription(endpoint: str = "https://updates.push.services.mozilla.com/wpush/v2/abc") -> Subscription:
    browser = Browser("public-key")
    return Subscription(endpoint=endpoint, p256dh=browser.p256dh, auth=base64(browser.secret))


async def test_a_registered_device_is_an_address(devices: Devices) -> None:
    await iphone(devices)

    (found,) = await addresses_of(devices, "lin")
    assert found == Address(channel="apns", app=BUNDLE, target=IPHONE, registered_at=NOW)


async def test_a_token_is_kept_sealed_and_found_by_pseudonym(
    devices: Devices, mongo_database: Database
) -> None:
    await iphone(devices)

    document = await mongo_database["push_devices"].find_one({})
    assert IPHONE not in str(document)
    assert document is not None
    assert document["_id"] == personal().pseudonym("push-apns", IPHONE)


async def test_a_device_belongs_to_whoever_registered_it_last(devices: Devices, clock: FakeClock) -> None:
    await iphone(devices, "lin")
    clock.pass_(timedelta(days=1))
    await iphone(devices, "wang")

    assert await addresses_of(devices, "lin") == []
    assert [each.registered_at for each in await addresses_of(devices, "wang")] == [NOW + timedelta(days=1)]


async def test_registered_by_two_at_once_it_is_one_s(devices: Devices) -> None:
    residents = [f"resident-{number}" for number in range(8)]

    await asyncio.gather(*(iphone(devices, each) for each in residents))

    found = await devices.of(residents)
    assert sum(len(each) for each in found.values()) == 1


async def test_a_token_in_capitals_is_the_same_phone(devices: Devices) -> None:
    await iphone(devices, "lin", IPHONE.upper())
    await iphone(devices, "lin", IPHONE)

    assert len(await addresses_of(devices, "lin")) == 1


async def test_a_machine_has_one_token_of_a_kind(devices: Devices, clock: FakeClock) -> None:
    await iphone(devices, "lin", "a1" * 32, device="phone-of-lin-0001")
    await iphone(devices, "lin", "c3" * 32, device="tablet-of-lin-001")
    clock.pass_(timedelta(days=1))
    await iphone(devices, "lin", "b2" * 32, device="phone-of-lin-0001")

    assert {each.target for each in await addresses_of(devices, "lin")} == {"b2" * 32, "c3" * 32}


async def test_the_device_silent_longest_makes_room(devices: Devices, clock: FakeClock) -> None:
    for number in range(MOST + 3):
        await iphone(devices, "lin", f"{number:064x}")
        clock.pass_(timedelta(minutes=1))

    found = [each.target for each in await addresses_of(devices, "lin")]
    assert found == [f"{number:064x}" for number in range(MOST + 2, 2, -1)]


async def test_a_dead_device_is_no_address_until_it_comes_back(devices: Devices, clock: FakeClock) -> None:
    await iphone(devices)
    (found,) = await addresses_of(devices, "lin")
    clock.pass_(timedelta(hours=1))

    await devices.bury(found, dead_since=NOW + timedelta(minutes=30))
    assert await addresses_of(devices, "lin") == []
    assert await devices.of_resident("lin") == ()

    await iphone(devices)
    assert len(await addresses_of(devices, "lin")) == 1


async def test_a_word_older_than_the_registration_buries_nobody(devices: Devices, clock: FakeClock) -> None:
    """Uninstalled, installed again, and only then did Apple tell of the first."""
    await iphone(devices)
    (found,) = await addresses_of(devices, "lin")
    clock.pass_(timedelta(hours=2))
    await iphone(devices)

    await devices.bury(found, dead_since=NOW + timedelta(hours=1))

    assert len(await addresses_of(devices, "lin")) == 1


async def test_a_word_without_a_date_is_about_what_was_sent_to(devices: Devices, clock: FakeClock) -> None:
    await iphone(devices)
    (before,) = await addresses_of(devices, "lin")
    clock.pass_(timedelta(seconds=1))
    await iphone(devices)

    await devices.bury(before, dead_since=None)
    assert len(await addresses_of(devices, "lin")) == 1

    (after,) = await addresses_of(devices, "lin")
    await devices.bury(after, dead_since=None)
    assert await addresses_of(devices, "lin") == []


@pytest.mark.parametrize(
    "hostile", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), None]
)
async def test_a_word_about_another_s_address_buries_nobody(
    devices: Devices, hostile: datetime | None
) -> None:
    await iphone(devices)
    openid = Address(channel="wechat", app="wx1", target=IPHONE, registered_at=NOW)
    stranger = Address(channel="apns", app=BUNDLE, target="b2" * 32, registered_at=NOW)

    await devices.bury(openid, dead_since=hostile)
    await devices.bury(stranger, dead_since=hostile)

    assert len(await addresses_of(devices, "lin")) == 1


async def test_only_its_owner_forgets_a_device(devices: Devices) -> None:
    device = await iphone(devices)

    with pytest.raises(DeviceUnknown):
        await devices.forget("wang", device.id)
    await devices.forget("lin", device.id)
    with pytest.raises(DeviceUnknown):
        await devices.forget("lin", device.id)
    assert await addresses_of(devices, "lin") == []


async def test_who_leaves_is_reached_nowhere(devices: Devices) -> None:
    await iphone(devices, "lin", "a1" * 32)
    await iphone(devices, "wang", "b2" * 32)

    await devices.forget_all(["lin"])

    assert list(await devices.of(["lin", "wang"])) == ["wang"]


async def test_what_the_city_does_not_offer_is_not_registered(devices: Devices) -> None:
    with pytest.raises(PushKindNotOffered):
        await devices.register("lin", kind=DeviceKind.FCM, token=ANDROID)
    with pytest.raises(PushKindNotOffered):
        await devices.register("lin", kind=DeviceKind.APNS, token=IPHONE, environment="development")


async def test_what_is_offered_no_more_is_no_address(
    devices: Devices, mongo_database: Database, clock: FakeClock
) -> None:
    await iphone(devices)
    store = DeviceStore(mongo_database["push_devices"])

    later = Devices(store, personal=personal(), offered=Offered(apps={}), clock=clock)

    assert await addresses_of(later, "lin") == []


@pytest.mark.parametrize(
    ("kind", "token", "given"),
    [
        (DeviceKind.APNS, None, None),
        (DeviceKind.APNS, "xyz", None),
        (DeviceKind.APNS, IPHONE + "a", None),
        (DeviceKind.APNS, f"{IPHONE}\n", None),
        (DeviceKind.APNS, IPHONE, subscription()),
        (DeviceKind.JPUSH, "../../v3/device", None),
        (DeviceKind.JPUSH, MAINLAND.upper(), None),
        (DeviceKind.WEBPUSH, "a-token", None),
        (DeviceKind.WEBPUSH, None, None),
        (DeviceKind.WEBPUSH, None, subscription("http://127.0.0.1:6379/")),
        (DeviceKind.WEBPUSH, None, subscription("https://evil.test/")),
        (DeviceKind.WEBPUSH, None, Subscription(endpoint="https://x", p256dh="AAAA", auth="AAAA")),
    ],
)
async def test_what_nothing_could_be_sent_to_is_refused(
    devices: Devices, kind: DeviceKind, token: str | None, given: Subscription | None
) -> None:
    with pytest.raises(DeviceNotUsable):
        await devices.register("lin", kind=kind, token=token, subscription=given)


async def test_a_browser_is_an_address(devices: Devices) -> None:
    given = subscription()

    await devices.register("lin", kind=DeviceKind.WEBPUSH, subscription=given)

    (found,) = await addresses_of(devices, "lin")
    assert (found.channel, found.app) == ("webpush", "public-key")
    assert given.endpoint in found.target


class Elsewhere:
    """Addresses of another kind."""

    def __init__(self) -> None:
        self.buried: list[Address] = []

    async def of(self, residents: Sequence[str]) -> Mapping[str, Sequence[Address]]:
        return {
            each: [Address(channel="wechat", app="wx1", target="openid", registered_at=NOW)]
            for each in residents
        }

    async def bury(self, address: Address, *, dead_since: datetime | None) -> None:
        self.buried.append(address)


async def test_addresses_of_several_are_joined(devices: Devices) -> None:
    await iphone(devices)
    joined = JoinedAddresses([Elsewhere(), devices])

    found = await joined.of(["lin", "wang"])

    assert [each.channel for each in found["lin"]] == ["wechat", "apns"]
    assert [each.channel for each in found["wang"]] == ["wechat"]
    await joined.bury(found["lin"][1], dead_since=None)
    assert [each.channel for each in (await joined.of(["lin"]))["lin"]] == ["wechat"]

"""A crowd: residents who signed in once, each with a phone that Google's push service reaches."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from bff.platform.idnumbers import IdNumbers
from bff.platform.settings import load_settings
from bff.sandbox.push_city import PROJECT
from push.devices import device_of
from push.models import DeviceKind
from push.store.documents import document_of

REACHED_AT_ANY_HOUR: Final = {
    "SUISHEN_PUSH_PER_SECOND": '{"fcm": 1000000}',
    # At night as well: the same twice is never quiet.
    "SUISHEN_PUSH_QUIET_FROM": "00:00",
    "SUISHEN_PUSH_QUIET_TO": "00:00",
}
"""What a city is told whose crowd is told things as fast as can be."""


class Crowd(Struct, frozen=True, kw_only=True):
    """So many people, and the documents signing in and registering a phone would have kept of them."""

    ids: list[str]
    residents: list[dict[str, Any]]
    devices: list[dict[str, Any]]


def crowd(count: int, *, env: Mapping[str, str], now: datetime) -> Crowd:
    """``count`` new people of the city that is told ``env``."""
    platform = load_settings(env).platform
    personal = IdNumbers(
        hash_key=bytes.fromhex(platform.id_hash_key),
        seal_keys=[bytes.fromhex(key) for key in platform.id_seal_keys],
    )
    ids = [secrets.token_hex(16) for _ in range(count)]
    devices = [
        device_of(personal, each, kind=DeviceKind.FCM, app=PROJECT, target=f"{each}:APA91b{each}", at=now)
        for each in ids
    ]
    return Crowd(
        ids=ids,
        residents=[{"_id": each, "created_at": now, "standing": "active"} for each in ids],
        devices=list(map(document_of, devices)),
    )

"""What an intent says, sealed for that intent."""

from collections.abc import Mapping

import msgspec

from push.models import Intent
from push.ports import PersonalData


def seal_values(personal: PersonalData, key: str, values: Mapping[str, str]) -> bytes:
    """``values`` as the intent ``key`` keeps them."""
    return personal.seal(msgspec.msgpack.encode(values), _context(key))


def open_values(personal: PersonalData, intent: Intent) -> dict[str, str]:
    """What the places of the intent's template are filled with."""
    plain = personal.open(intent.values, _context(intent.id))
    return msgspec.msgpack.decode(plain, type=dict[str, str])


def _context(key: str) -> bytes:
    return f"push:{key}".encode()

"""Names, numbers and phones sealed under each resident's own key, so that a person can be forgotten.

    sealed = 0x02 || nonce (12) || AES-256-GCM ciphertext and tag; head and context are authenticated

The key is made at the first sealing and kept wrapped by the platform's. Destroying the wrap
(crypto-shredding) makes every copy unreadable, those in backups too. What was sealed under the
platform's key before (it begins with ``0x01``) still opens, and is sealed anew when its owner next
comes by.
"""

from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auth_bridges.models import Resident, name_context, number_context, phone_context
from auth_bridges.ports import Chance, PersonalData
from auth_bridges.store import ResidentKeys

_OWN: Final = b"\x02"
_NONCE: Final = 12
_KEY: Final = 32
_FIELDS: Final = {
    "name": name_context,
    "number": number_context,
    "phone": phone_context,
    "former_phone": phone_context,
}


class Shredded(Exception):
    """The key is gone, or what was sealed was changed: nobody can open it."""


class Vault:
    """Seals and opens what belongs to one resident."""

    def __init__(self, keys: ResidentKeys, personal: PersonalData, chance: Chance) -> None:
        self._keys = keys
        self._personal = personal
        self._chance = chance

    async def seal(self, resident: str, plain: bytes, context: bytes) -> bytes:
        """``plain`` under the key of ``resident``, made now if there is none."""
        wrapped = await self._keys.get(resident)
        if wrapped is None:
            fresh = self._personal.seal(self._chance(_KEY), _key_context(resident))
            wrapped = await self._keys.keep(resident, fresh)
        nonce = self._chance(_NONCE)
        cipher = AESGCM(self._personal.open(wrapped, _key_context(resident)))
        return _OWN + nonce + cipher.encrypt(nonce, plain, _OWN + context)

    async def open(self, resident: str, sealed: bytes, context: bytes) -> bytes:
        """What was sealed for ``resident``, or ``Shredded``."""
        if sealed[:1] != _OWN:
            return self._personal.open(sealed, context)
        wrapped = await self._keys.get(resident)
        if wrapped is None:
            raise Shredded
        cipher = AESGCM(self._personal.open(wrapped, _key_context(resident)))
        try:
            return cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], _OWN + context)
        except InvalidTag:
            raise Shredded from None

    async def moved(self, resident: Resident) -> Resident:
        """``resident`` with everything sealed under their own key."""
        changed: dict[str, bytes] = {}
        for field, context in _FIELDS.items():
            sealed: bytes | None = getattr(resident, field)
            if sealed is not None and sealed[:1] != _OWN:
                plain = self._personal.open(sealed, context(resident.id))
                changed[field] = await self.seal(resident.id, plain, context(resident.id))
        return msgspec.structs.replace(resident, **changed) if changed else resident

    async def name(self, resident: Resident) -> str | None:
        """The name, if it is known."""
        return await self._text(resident, resident.name, name_context(resident.id))

    async def number(self, resident: Resident) -> str | None:
        """The ID number, if it is known."""
        return await self._text(resident, resident.number, number_context(resident.id))

    async def phone(self, resident: Resident) -> str | None:
        """The phone, if one is bound."""
        return await self._text(resident, resident.phone, phone_context(resident.id))

    async def former_phone(self, resident: Resident) -> str | None:
        """The phone before that, while it is kept."""
        return await self._text(resident, resident.former_phone, phone_context(resident.id))

    async def _text(self, resident: Resident, sealed: bytes | None, context: bytes) -> str | None:
        return None if sealed is None else (await self.open(resident.id, sealed, context)).decode()


def _key_context(resident: str) -> bytes:
    return f"resident:{resident}:key".encode()

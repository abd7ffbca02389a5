"""Consents people gave, each for one purpose (单独同意). MongoDB, majority and journal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from pymongo import ASCENDING

from auth_bridges.models import Consent, ConsentPurpose
from auth_bridges.store.documents import Collection, document_of

_MOST: Final = 1000


class Consents:
    """Who agreed to what, shown which notice, and whether that stands."""

    def __init__(self, consents: Collection) -> None:
        self._consents = consents

    async def ensure_indexes(self) -> None:
        """They are found by whose they are."""
        await self._consents.create_index([("resident", ASCENDING)])

    async def give(self, consent: Consent) -> None:
        """Keep it in the place of a former one for the same purpose; the audit trail has them all."""
        await self._consents.replace_one({"_id": consent.id}, document_of(consent), upsert=True)

    async def of(self, residents: Sequence[str]) -> Sequence[Consent]:
        """Every consent of these residents, withdrawn ones too, oldest first."""
        found = self._consents.find({"resident": {"$in": list(residents)}}).sort("given_at", ASCENDING)
        return [msgspec.convert(each, Consent) for each in await found.to_list(_MOST)]

    async def withdraw(self, residents: Sequence[str], purpose: ConsentPurpose, *, at: datetime) -> None:
        """Let none of these stand any more; when each was withdrawn first stays."""
        await self._consents.update_many(
            {"resident": {"$in": list(residents)}, "purpose": purpose.value, "withdrawn_at": None},
            {"$set": {"withdrawn_at": at}},
        )

    async def forget(self, residents: Sequence[str]) -> None:
        """Delete all of these residents'."""
        await self._consents.delete_many({"resident": {"$in": list(residents)}})

"""Campaigns and the operators' console, wired: the residents a campaign may be for, and who is told."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Final

from prometheus_client import Counter

from auth_bridges.models import Resident
from auth_bridges.ports import Clock
from auth_bridges.store import AuthStores
from auth_bridges.vault import Shredded, Vault
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.ids import timed_id
from bff.platform.mongo import Database
from push.campaigning import Campaigning
from push.campaigns import Campaigns
from push.ports import Consented, Notify, Sendings
from push.rules.audience import Known
from push.settings import PushSettings
from push.store.campaigns import CampaignIntents, CampaignStore

_meant: Final = Counter("suishen_push_campaign_intents", "Notices that campaigns made")
_stopped: Final = Counter("suishen_push_campaigns_stopped", "Campaigns stopped by their own failures")

Attributes = Callable[[Sequence[str]], Awaitable[Mapping[str, Mapping[str, str]]]]
"""What departments told us of several people, by the keyed hashes of their ID numbers."""


class CityCrowd:
    """The residents of the city, as far as a campaign may ask about them."""

    def __init__(self, stores: AuthStores, personal: IdNumbers, attributes: Attributes) -> None:
        self._residents = stores.residents
        self._vault = Vault(stores.resident_keys, personal, secrets.token_bytes)
        self._mask = personal.mask_name
        self._attributes = attributes

    async def page(self, *, after: str, before: str | None, limit: int) -> Sequence[Known]:
        """Those with ids after ``after`` and before ``before``, by id; fewer than ``limit`` are the last."""
        residents = await self._residents.walk(after=after, before=before, limit=limit)
        numbers = await asyncio.gather(*map(self._number, residents))
        attributes = await self._attributes([each.holder for each in residents if each.holder is not None])
        return [
            _known(resident, number, attributes.get(resident.holder or "", {}))
            for resident, number in zip(residents, numbers, strict=True)
        ]

    async def size(self) -> int:
        """How many there are, about."""
        return await self._residents.size()

    async def masked_names(self, residents: Sequence[str]) -> Sequence[str]:
        """Their names, masked; a resident with no name has none."""
        found = await self._residents.by_ids(residents)
        names = [await self._vault.name(resident) for resident in found]
        return [self._mask(name) for name in names if name is not None]

    async def _number(self, resident: Resident) -> str | None:
        try:
            return await self._vault.number(resident)
        except Shredded:
            # Deleted between the page and its keys: nobody is there any more.
            return None


class OperationParts:
    """Campaigns: what operators do with them, and what makes their notices."""

    def __init__(
        self,
        *,
        mongo: Database,
        stores: AuthStores,
        personal: IdNumbers,
        recorder: AuditRecorder,
        notify: Notify,
        consented: Consented,
        attributes: Attributes,
        sendings: Sendings,
        clock: Clock,
        settings: PushSettings,
    ) -> None:
        self._store = CampaignStore(mongo["push_campaigns"], mongo["push_campaign_parts"])
        self._intents = CampaignIntents(mongo["push_outbox"])
        crowd = CityCrowd(stores, personal, attributes)
        self.campaigns = Campaigns(
            campaigns=self._store,
            intents=self._intents,
            crowd=crowd,
            consented=consented,
            sendings=sendings,
            audit=recorder.record,
            clock=clock,
            timed_id=timed_id,
            start=lambda: secrets.token_hex(16),
        )
        self.campaigning = Campaigning(
            campaigns=self._store,
            intents=self._intents,
            crowd=crowd,
            consented=consented,
            sendings=sendings,
            notify=notify,
            audit=recorder.record,
            clock=clock,
            made=_meant.inc,
            stopped=_stopped.inc,
            settings=settings,
        )

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        await self._store.ensure_indexes()
        await self._intents.ensure_indexes()


def _known(resident: Resident, number: str | None, attributes: Mapping[str, str]) -> Known:
    if number is None:
        return Known(resident=resident.id, subject=resident.holder, attributes=attributes)
    return Known(
        resident=resident.id,
        subject=resident.holder,
        born=date.fromisoformat(number[6:14]),
        sex="M" if int(number[16]) % 2 else "F",
        district=number[:6],
        attributes=attributes,
    )

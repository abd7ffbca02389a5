"""Campaigns and the operators' console, wired: the residents a campaign may be for, and who is told."""

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final

import msgspec
from prometheus_client import Counter

from auth_bridges.models import Resident
from auth_bridges.ports import Clock
from auth_bridges.store import AuthStores
from auth_bridges.vault import Shredded, Vault
from bff.platform.audit import AuditRecorder
from bff.platform.coalesce import together
from bff.platform.idnumbers import IdNumbers
from bff.platform.ids import timed_id
from bff.platform.mongo import Database
from bff.platform.push_delivery import DeliveryParts
from push.campaigning import Campaigning
from push.campaigns import Campaigns
from push.console import Console, sendings
from push.dead_letters import DeadLetters
from push.planning import counting, fact_context
from push.ports import Consented, Notify
from push.rules.audience import Known, attributes_of
from push.rules.facts import Fact, known
from push.settings import PushSettings
from push.store.campaigns import CampaignIntents, CampaignStore
from push.store.console import ConsoleStore
from push.store.inbox import InboxStore
from push.store.people import PeopleStore
from push.timeline_models import StoredFact

_log: Final = logging.getLogger(__name__)
_meant: Final = Counter("suishen_push_campaign_intents", "Notices that campaigns made")
_stopped: Final = Counter("suishen_push_campaigns_stopped", "Campaigns stopped by their own failures")

_read_fact: Final = msgspec.msgpack.Decoder(Fact).decode


class CityCrowd:
    """The residents of the city, as far as a campaign may ask about them."""

    def __init__(self, stores: AuthStores, personal: IdNumbers, people: PeopleStore) -> None:
        self._residents = stores.residents
        self._vault = Vault(stores.resident_keys, personal, secrets.token_bytes)
        self._personal = personal
        self._people = people

    async def page(self, *, after: str, before: str | None, limit: int, attributes: bool) -> Sequence[Known]:
        """Those with ids after ``after`` and before ``before``, by id; fewer than ``limit`` are the last."""
        residents = await self._residents.walk(after=after, before=before, limit=limit)
        numbers = await asyncio.gather(*map(self._number, residents))
        holders = [each.holder for each in residents if each.holder is not None]
        said = await self._said(holders) if attributes else {}
        return [
            _known(resident, number, said.get(resident.holder or "", {}))
            for resident, number in zip(residents, numbers, strict=True)
        ]

    async def size(self) -> int:
        """How many there are, about."""
        return await self._residents.size()

    async def masked_names(self, residents: Sequence[str]) -> Sequence[str]:
        """Their names, masked; a resident with no name has none."""
        names = [await self.masked_name(resident) for resident in residents]
        return [name for name in names if name is not None]

    async def masked_name(self, resident: str) -> str | None:
        """The name of ``resident``, masked, if it is known."""
        found = await self._residents.get(resident)
        try:
            name = None if found is None else await self._vault.name(found)
        except Shredded:
            return None
        return None if name is None else self._personal.mask_name(name)

    async def by_number(self, id_number: str) -> str | None:
        """The resident who holds ``id_number``, if there is one."""
        found = await self._residents.by_holder(self._personal.hash(id_number))
        return None if found is None else found.id

    async def _said(self, subjects: Sequence[str]) -> Mapping[str, Mapping[str, frozenset[str]]]:
        """What departments said of ``subjects``, as a campaign asks; nothing where it is unreadable."""
        found: dict[str, Mapping[str, frozenset[str]]] = {}
        for subject, each in (await self._people.facts_of(subjects)).items():
            try:
                found[subject] = attributes_of(known(map(self._opened, counting(each))))
            except Exception as failure:  # noqa: BLE001 - one record that was changed must not stop a campaign
                _log.error("somebody's facts cannot be read: %s", type(failure).__name__)
        return found

    def _opened(self, fact: StoredFact) -> tuple[str, Fact]:
        return fact.id, _read_fact(self._personal.open(fact.sealed, fact_context(fact.id)))

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
        people: PeopleStore,
        delivery: DeliveryParts,
        dead_letters: DeadLetters,
        clock: Clock,
        settings: PushSettings,
    ) -> None:
        looking = ConsoleStore(mongo["push_outbox"], mongo["push_attempts"])
        called = partial(sendings, looking)
        self._store = CampaignStore(
            mongo["push_campaigns"], mongo["push_campaign_parts"], mongo["push_campaign_counts"]
        )
        self._intents = CampaignIntents(mongo["push_outbox"])
        crowd = CityCrowd(stores, personal, people)
        self.campaigns = Campaigns(
            campaigns=self._store,
            intents=self._intents,
            crowd=crowd,
            consented=consented,
            sendings=called,
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
            sendings=called,
            notify=notify,
            personal=personal,
            audit=recorder.record,
            clock=clock,
            made=_meant.inc,
            stopped=_stopped.inc,
            settings=settings,
        )

        self.console = Console(
            store=looking,
            inbox=InboxStore(mongo["push_inbox"], together),
            accounts=delivery.inbox.accounts,
            stories=delivery.stories,
            gates=delivery.gates,
            dead_letters=dead_letters,
            addressees=crowd,
            channels=delivery.wishes.channels,
            awaited=delivery.awaited,
            audit=recorder.record,
            clock=clock,
        )

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        await self._store.ensure_indexes()
        await self._intents.ensure_indexes()


def _known(resident: Resident, number: str | None, attributes: Mapping[str, frozenset[str]]) -> Known:
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

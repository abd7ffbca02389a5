"""A town with children, their guardians and what is known of them, for the tests of the reminders."""

import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
from stdnum.cn import ric

from auth_bridges.models import ActingGrant, Proof, Resident, child_context, name_context
from bff.platform.push_timeline import TimelineParts
from bff.platform.services import Platform
from miniapp_schemas.acting import ActingKind
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.push_facts import FactReceipt, ReportFact
from push.models import Intent
from push.timeline import Viewer
from push.timeline_models import FactKind, Source, StoredMilestone

NOW: Final = datetime(2026, 11, 25, 4, tzinfo=UTC)
CDC: Final = Source(id="cdc", kinds=frozenset(FactKind))


def id_number(born: date, order: int = 1) -> str:
    """A number that passes every check; an odd ``order`` is a boy's."""
    body = f"310000{born:%Y%m%d}{order:03}"
    return body + str(ric.calc_check_digit(f"{body}0"))


class Town:
    """People by their ID numbers, on real stores, with a clock of its own."""

    def __init__(self, platform: Platform, now: datetime = NOW) -> None:
        self.platform = platform
        self.now = now
        self.register: bool | Exception = True
        """What the family register says whenever it is asked."""
        self.parts = self.another()

    def another(self) -> TimelineParts:
        """One more process's parts, on the same stores and by the same clock."""
        platform = self.platform
        return TimelineParts(
            mongo=platform._mongo,
            outbox=platform.push.outbox,
            personal=platform.personal,
            auth_stores=platform.auth_stores,
            holds=self.holds,
            credentials=platform._credentials,
            registry=platform.registry,
            recorder=platform.push.timeline.recorder,
            clock=lambda: self.now,
            chance=secrets.token_bytes,
            settings=platform.settings.push,
        )

    async def holds(self, grant: ActingGrant, agent: Resident) -> bool:
        if isinstance(self.register, Exception):
            raise self.register
        return self.register

    # --- people --------------------------------------------------------------------------------------

    def key(self, number: str) -> str:
        return self.platform.personal.hash(number)

    async def resident(self, number: str, name: str = "林晓月") -> Resident:
        """An account of who holds ``number``."""
        resident = secrets.token_hex(16)
        return await self.platform.auth_stores.residents.ensure(
            Resident(
                id=resident,
                created_at=self.now,
                holder=self.key(number),
                name=self.platform.personal.seal(name.encode(), name_context(resident)),
                proofs=(Proof(level=AssuranceLevel.L2, method="face", source="test", at=self.now),),
            )
        )

    async def link(self, guardian: str, child: str, kind: ActingKind = ActingKind.GUARDIAN) -> ActingGrant:
        """Let the holder of one number act for that of another."""
        name = secrets.token_hex(16)
        sealed = self.platform.personal.seal(child.encode(), child_context(name))
        grant = ActingGrant(
            id=name,
            child=sealed if kind is ActingKind.GUARDIAN else None,
            kind=kind,
            whom=self.key(child),
            agent=self.key(guardian),
            scopes=("health:show", "wallet:read", "wallet:show"),
            offered_at=self.now,
            lapses_at=self.now + timedelta(days=1),
            expires_at=self.now + timedelta(days=3_000),
            whom_name="林*满",
            confirmed_at=self.now,
            # This town has no family register: its word is good for as long as the grant.
            checked_at=self.now + timedelta(days=3_000),
        )
        kept = await self.platform.auth_stores.grants.offer(grant)
        assert kept is not None
        return kept

    async def appoint(self, agent: str, uscc: str) -> None:
        """Let the holder of a number act for an enterprise."""
        grant = await self.link(agent, agent, ActingKind.ENTERPRISE)
        await self.platform._mongo["acting_grants"].update_one(
            {"_id": grant.id}, {"$set": {"whom": self.platform.personal.pseudonym("uscc", uscc)}}
        )

    def viewer(self, resident: Resident) -> Viewer:
        return Viewer(resident=resident.id)

    # --- facts ---------------------------------------------------------------------------------------

    async def report(self, *items: Mapping[str, Any], source: Source = CDC) -> FactReceipt:
        reported = [msgspec.convert(item, ReportFact) for item in items]
        return await self.parts.intake.report(source, reported)

    async def born(self, number: str, **more: object) -> None:
        """A birth record, and the two doses of the first day."""
        day = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        receipt = await self.report(
            birth(number, **more), dose(number, "HepB", day), dose(number, "BCG", day)
        )
        assert receipt.refused == 0, receipt

    async def lease_ends(self, shard: int) -> None:
        """The claim of a shard runs out, as it does after half a minute."""
        await self.platform._mongo["push_shards"].update_one({"_id": shard}, {"$set": {"until": self.now}})

    # --- what came of it -----------------------------------------------------------------------------

    async def titles(self, resident: Resident, *, closed: bool = False) -> list[str]:
        page = await self.parts.timeline.page(self.viewer(resident), closed=closed, cursor=None, limit=100)
        return [each.title.zh for each in page.items]

    async def intents(self) -> list[Intent]:
        found = self.platform._mongo["push_outbox"].find({}).sort("created_at", 1)
        return [msgspec.convert(each, Intent) async for each in found]

    async def milestones(self, number: str) -> list[StoredMilestone]:
        found = self.platform._mongo["push_milestones"].find({"subject": self.key(number)})
        return [msgspec.convert(each, StoredMilestone) async for each in found.sort("due_at", 1)]


def birth(number: str, **more: object) -> dict[str, Any]:
    return {
        "sourceId": f"birth-{number}",
        "idNumber": number,
        "facts": {"kind": "BIRTH", "region": "310000", "motherHbsag": "negative", **more},
    }


def dose(number: str, vaccine: str, given_on: str, **more: object) -> dict[str, Any]:
    return {
        "sourceId": f"dose-{number}-{vaccine}-{given_on}",
        "idNumber": number,
        "facts": {"kind": "DOSE", "vaccine": vaccine, "givenOn": given_on},
        **more,
    }

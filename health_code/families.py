"""Family codes (亲属码): a guardian's list of those they show for.

Whom somebody may act for is settled elsewhere; here is only which of them they keep at hand. A link is worth
what its grant is worth at the moment: each look and each show asks.
"""

import asyncio
from collections.abc import Mapping

from health_code.models import FamilyLink, Ward
from health_code.ports import Audit, Clock, Wards
from health_code.refusals import FamilyFull, FamilyMemberUnknown, GuardiansFull
from health_code.service import HealthCodes
from health_code.store import FamilyStore
from health_code.store.families import PLACES, SEATS
from miniapp_schemas.health_carried import FamilyHealthCode, FamilyHealthCodes
from miniapp_schemas.health_code import HealthCodeTicket


class Families:
    """Lists, changes and shows; ``resident`` holds the phone and their own evidence lies under ``key``."""

    def __init__(
        self, *, families: FamilyStore, wards: Wards, codes: HealthCodes, audit: Audit, clock: Clock
    ) -> None:
        self._families = families
        self._wards = wards
        self._codes = codes
        self._audit = audit
        self._clock = clock

    async def codes(self, resident: str, key: str) -> FamilyHealthCodes:
        """Everybody in the list by a grant that is in force, with their colours."""
        links, wards = await asyncio.gather(self._families.of(key), self._wards.of(resident, key))
        by_grant = {ward.grant: ward for ward in wards}
        shown = [by_grant[link.grant] for link in links if link.grant in by_grant]
        items = await asyncio.gather(*map(self._told, shown))
        return FamilyHealthCodes(items=list(items), most=PLACES)

    async def add(self, resident: str, key: str, grant: str) -> FamilyHealthCode:
        """Take whom ``grant`` is for into the list; who is in it already rests on this grant from now on."""
        ward = await self._wards.by(resident, grant)
        while not await self._added(key, ward):
            pass
        await self._record("family.added", resident, ward)
        return await self._told(ward)

    async def remove(self, resident: str, key: str, grant: str) -> None:
        """Take them out of the list; no-op if they are not in it. The grant stays what it is."""
        links = [link for link in await self._families.of(key) if link.grant == grant]
        await self._families.remove(links)
        for link in links:
            await self._audit(
                "family.removed",
                at=self._clock(),
                actor=resident,
                subject=link.dependant,
                outcome="ok",
                facts={"grant": grant},
            )

    async def show(self, resident: str, key: str, grant: str) -> HealthCodeTicket:
        """A code of somebody in the list, good for a minute; the grant is asked for each."""
        ward, links = await asyncio.gather(self._wards.by(resident, grant), self._families.of(key))
        if all(link.grant != grant for link in links):
            raise FamilyMemberUnknown
        ticket = await self._codes.show(ward.subject)
        await self._record("family.shown", resident, ward)
        return ticket

    async def _added(self, key: str, ward: Ward) -> bool:
        """Whether ``ward`` is in the list now; False if somebody was faster with the place or the seat."""
        own, others = await asyncio.gather(self._families.of(key), self._families.guardians(ward.subject))
        if (known := next((link for link in own if link.dependant == ward.subject), None)) is not None:
            await self._families.renew(known.id, ward.grant)
            return True
        place = await self._free(key, PLACES, {link.place: link for link in own})
        if place is None:
            raise FamilyFull(most=PLACES)
        seat = await self._free(ward.subject, SEATS, {link.seat: link for link in others})
        if seat is None:
            raise GuardiansFull(most=SEATS)
        link = FamilyLink(
            id=f"{key} {ward.subject}",
            guardian=key,
            dependant=ward.subject,
            grant=ward.grant,
            place=place,
            seat=seat,
            added_at=self._clock(),
        )
        return await self._families.add(link)

    async def _free(self, whose: str, most: int, taken: Mapping[str, FamilyLink]) -> str | None:
        """One of the places of ``whose`` that nobody has; a link whose grant has ended gives its own up."""
        places = [f"{whose} {number}" for number in range(most)]
        free = next((place for place in places if place not in taken), None)
        if free is None:
            standing = await self._wards.in_force([link.grant for link in taken.values()])
            dead = {place: link for place, link in taken.items() if link.grant not in standing}
            await self._families.remove(list(dead.values()))
            free = next(iter(dead), None)
        return free

    async def _told(self, ward: Ward) -> FamilyHealthCode:
        snapshot, shown, _ = await self._codes.current(ward.subject)
        return FamilyHealthCode(
            grant_id=ward.grant,
            name=ward.name,
            kind=ward.kind,
            until=ward.until,
            colour=shown.value,
            since=snapshot.since,
            as_of=snapshot.judged_at,
        )

    async def _record(self, kind: str, resident: str, ward: Ward) -> None:
        await self._audit(
            kind,
            at=self._clock(),
            actor=resident,
            subject=ward.subject,
            outcome="ok",
            facts={"grant": ward.grant, "kind": ward.kind},
        )

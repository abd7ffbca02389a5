"""Ways into an account: listed, added with proof from both sides, taken away but for the last.

The one side is proved by the actor's own fresh authentication, the other by a one-time code of the other
provider. A way in that leads to somebody else already is a merge case; a phone number never is.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from auth_bridges.accounts.merging import Merging
from auth_bridges.accounts.people import People
from auth_bridges.accounts.step_up import Exchange, StepUps
from auth_bridges.models import (
    Actor,
    Audience,
    Ending,
    Link,
    MergeCase,
    Notice,
    NoticeKind,
    ProviderSubject,
    Resident,
    Standing,
)
from auth_bridges.ports import Audit, Chance, Clock, Notify
from auth_bridges.refusals import LastWayIn, LinkTaken, LinkUnknown
from auth_bridges.rules.policy import Operation
from auth_bridges.sessions import Sessions
from auth_bridges.store import AuthStores
from auth_bridges.store.residents import NotTheirs, TheLast


class Linked(Struct, frozen=True, kw_only=True):
    """What became of linking: a way in, or a merge case."""

    link: Link | None = None
    case: MergeCase | None = None


class Linking:
    """Adds and removes ways in."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        people: People,
        merging: Merging,
        step_ups: StepUps,
        sessions: Sessions,
        exchange: Exchange,
        audit: Audit,
        notify: Notify,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._residents = stores.residents
        self._people = people
        self._merging = merging
        self._step_ups = step_ups
        self._sessions = sessions
        self._exchange = exchange
        self._audit = audit
        self._notify = notify
        self._clock = clock
        self._chance = chance

    async def links(self, resident: Resident) -> Sequence[Link]:
        """Every way in that leads to ``resident``."""
        return await self._residents.links_of(await self._residents.tree_of(resident))

    async def link(self, actor: Actor, provider: str, code: str) -> Linked:
        """Let the person behind ``code`` at ``provider`` in as ``actor``; done already, it is done."""
        await self._step_ups.require(actor, Operation.LINK, f"{provider}:{code}".encode())
        resident = await self._people.active(actor.resident)
        return await self._lead(resident, await self._exchange(provider, code, actor.resident))

    async def may_link(self, actor: Actor, provider: str) -> None:
        """Return if ``actor`` may begin now to link a way in that is proved elsewhere first."""
        await self._step_ups.require(actor, Operation.LINK, provider.encode())
        await self._people.active(actor.resident)

    async def link_proved(self, actor: Actor, subject: ProviderSubject) -> Linked:
        """Let ``subject`` in as ``actor``: who they are was proved for this account, once it might begin."""
        return await self._lead(await self._people.active(actor.resident), subject)

    async def unlink(self, actor: Actor, link: str) -> None:
        """Let ``link`` lead nowhere, unless it is the last; sessions begun through it end."""
        await self._step_ups.require(actor, Operation.UNLINK, link.encode())
        resident = await self._people.active(actor.resident)
        now = self._clock()
        try:
            left = await self._residents.leave(resident, link, at=now)
        except NotTheirs:
            raise LinkUnknown from None
        except TheLast:
            raise LastWayIn from None
        await self._told("link.removed", left, actor.resident, now)
        await self._tell(left, resident.id, NoticeKind.UNLINKED, now)
        await self.finish(left)

    async def finish(self, link: Link) -> None:
        """End what a way in that was taken away had opened, then forget it; done again it does nothing."""
        root = await self._residents.root_of(link.resident)
        if root is not None:
            await self._sessions.end_all(
                Audience.RESIDENT, root.id, Ending.UNLINKED, now=self._clock(), by=link
            )
        await self._residents.drop(link)

    async def settle(self) -> None:
        """Finish what somebody began and did not end."""
        for link in await self._residents.leaving():
            await self.finish(link)

    # --- how ------------------------------------------------------------------------------------------

    async def _lead(self, resident: Resident, subject: ProviderSubject) -> Linked:
        """Let ``subject`` in as ``resident``; two of whom both are proved are merged."""
        known = await self._residents.link_of(subject)
        if known is not None and known.leaving_at is not None:
            await self.finish(known)
        now = self._clock()
        new = self._link_of(subject, resident.id, now)
        link = await self._residents.lead(subject, new)
        if link.id == new.id:
            await self._told("link.added", link, resident.id, now, **subject.told)
        if link.resident != resident.id:
            other = await self._led_to(link, now)
            if other.id != resident.id:
                return Linked(case=await self._merging.by_link(resident, other))
        await self._tell(link, resident.id, NoticeKind.LINKED, now)
        return Linked(link=link)

    async def _led_to(self, link: Link, now: datetime) -> Resident:
        """Whom ``link`` leads to; made now if the process that linked died before it could."""
        await self._residents.ensure(Resident(id=link.resident, created_at=now))
        found = await self._residents.root_of(link.resident)
        if found is None or found.standing is not Standing.ACTIVE:
            raise LinkTaken
        return found

    def _link_of(self, subject: ProviderSubject, resident: str, now: datetime) -> Link:
        return Link(
            id=self._chance(16).hex(),
            provider=subject.provider,
            appid=subject.appid,
            subject=subject.subject,
            resident=resident,
            linked_at=now,
            alternates=subject.alternates,
        )

    async def _tell(self, link: Link, resident: str, kind: NoticeKind, now: datetime) -> None:
        await self._notify(Notice(id=f"{link.id}:{kind.value}", resident=resident, kind=kind, at=now))

    async def _told(self, kind: str, link: Link, actor: str, now: datetime, **told: str) -> None:
        facts = {"provider": link.provider, **told}
        await self._audit(kind, at=now, actor=actor, subject=link.id, outcome="ok", facts=facts)

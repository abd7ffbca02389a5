"""Signing in, staying signed in, signing out.

Residents come through a provider's bridge, clerks with organisation, number and passphrase, and
departments with an assertion signed by their own key. Each gets tokens for one API only.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from auth_bridges.accounts.children import Children
from auth_bridges.accounts.consents import Resting
from auth_bridges.accounts.grants_left import GrantsLeft
from auth_bridges.assertions import LONGEST, Assertion, public_key, read_assertion
from auth_bridges.bridges.base import Bridge
from auth_bridges.guesses import Guesses
from auth_bridges.models import (
    AccessToken,
    Audience,
    Clerk,
    ClerkSignedIn,
    ClientFacts,
    DepartmentSignedIn,
    Ending,
    Grant,
    Link,
    Organisation,
    ProviderSession,
    ProviderSubject,
    RefreshToken,
    Resident,
    ResidentSignedIn,
    SecondFactorBegun,
    Standing,
    StoredSession,
)
from auth_bridges.passphrases import Passphrases
from auth_bridges.ports import Admit, Audit, CameIn, Chance, Clock, Notify, PersonalData
from auth_bridges.refusals import (
    AccountDisabled,
    AssertionRefused,
    ClerkNotRecognised,
    CodeAlreadyUsed,
    ProviderNotOffered,
    ProviderUnreached,
    SecondFactorClosed,
    SecondFactorNeeded,
    SessionEnded,
    SessionUnknown,
)
from auth_bridges.refusals.providers import told_by_provider
from auth_bridges.replies import Replies, code_name, read_resident
from auth_bridges.rules.assurance import as_themselves, level_of
from auth_bridges.rules.directory import in_service, lost_a_key
from auth_bridges.rules.policy import Method
from auth_bridges.rules.sessions import platform_of, rights_of
from auth_bridges.second_factors import NotProved, SecondFactors
from auth_bridges.sessions import Live, Sessions
from auth_bridges.settings import AuthSettings
from auth_bridges.store import AuthStores
from auth_bridges.tokens import AccessTokens
from auth_bridges.vault import Vault
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.refusals import Refusal

CLERK_CLIENT: Final = "suishen-clerk"
# Half of what residents get: idleness is judged at each renewal, and a quarter of an hour is all it may be.
_CLERK_ACCESS: Final = timedelta(minutes=5)


class AuthService:
    """Who may come in. One object a process; everything it keeps is in its stores."""

    def __init__(
        self,
        *,
        settings: AuthSettings,
        stores: AuthStores,
        bridges: Iterable[Bridge],
        tokens: AccessTokens,
        personal: PersonalData,
        passphrases: Passphrases,
        second_factors: SecondFactors,
        admit: Admit,
        audit: Audit,
        notify: Notify,
        came_in: CameIn,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._settings = settings
        self._stores = stores
        self._bridges: Mapping[str, Bridge] = {bridge.provider: bridge for bridge in bridges}
        self._tokens = tokens
        self._personal = personal
        self._passphrases = passphrases
        self._second_factors = second_factors
        self._admit = admit
        self._audit = audit
        self._came_in = came_in
        self._clock = clock
        self._chance = chance
        self._vault = Vault(stores.resident_keys, personal, chance)
        self._guesses = Guesses(
            stores.known_devices, admit=admit, personal=personal, per_minute=settings.tries_per_clerk
        )
        self._sessions = Sessions(stores.sessions, stores.ended, audit=audit, chance=chance, notify=notify)
        self._children = Children(
            stores=stores,
            vault=self._vault,
            resting=Resting(
                stores=stores,
                sessions=self._sessions,
                grants_left=GrantsLeft(stores, audit=audit, notify=notify),
                clock=clock,
            ),
            audit=audit,
            clock=clock,
        )
        self.replies = Replies(stores.one_time, stores.replies, self._sessions, clock=clock, chance=chance)

    # --- residents ------------------------------------------------------------------------------------

    async def sign_in(self, provider: str, code: str, client: ClientFacts) -> ResidentSignedIn:
        """Sign a resident in by a provider's one-time ``code``; whoever comes first time is at L0.

        The same device with the same code within a minute has lost our reply and gets it again; another
        device with that code is refused.
        """
        await self._admit_client(client)
        bridge = self._bridge(provider)
        name = code_name("code", provider, bridge.appid, code)
        if not await self.replies.claim(name, client.device):
            return await self._answered_before(provider, name, code, client)
        try:
            subject = await self._exchange(bridge, code, name)
        except Refusal as refusal:
            raise await self._refused(f"provider:{provider}", refusal) from None
        signed_in = await self.open_for(subject, client)
        await self.replies.keep(name, code, client.device, signed_in)
        return signed_in

    async def open_for(self, subject: ProviderSubject, client: ClientFacts) -> ResidentSignedIn:
        """Open a session for whom ``subject`` leads to; only for a bridge that has just proved it."""
        try:
            await self._admit_subject(subject)
        except Refusal as refusal:
            raise await self._refused(f"provider:{subject.provider}", refusal) from None
        link, resident = await self._resident_of(subject)
        if resident.standing is not Standing.ACTIVE:
            raise await self._refused(resident.id, AccountDisabled())
        resident = await self._children.looked_at(resident)
        return await self._sign_in(subject, link, resident, client)

    async def _sign_in(
        self, subject: ProviderSubject, link: Link, resident: Resident, client: ClientFacts
    ) -> ResidentSignedIn:
        now = self._clock()
        live = await self._sessions.open(
            audience=Audience.RESIDENT,
            subject=resident.id,
            client=f"{subject.provider}:{subject.appid}",
            device=client.device,
            assurance=level_of(resident.proofs, now),
            methods=(Method.PROVIDER.value,),
            now=now,
            platform=platform_of(client.agent),
            link=link.id,
        )
        led_to, _ = await asyncio.gather(self._leads_to(subject, link), self._came_in(subject))
        if led_to is None or led_to.id != resident.id:
            # Unlinked, merged or deleted since we looked: whoever did that may have ended the sessions there
            # were before this one began, so it is for us to end.
            await self._sessions.end(live.session.id, Ending.LINK_MOVED, now=now)
            raise await self._refused(resident.id, SessionEnded())
        # So it is with a consent that was withdrawn meanwhile: of what is read now somebody is told.
        assurance = level_of(led_to.proofs, now)
        live = await self._sessions.at(live, assurance, now=now)
        told = {"provider": subject.provider, "assurance": assurance.value, **subject.told}
        await self._opened(live, now, **told)
        return await self._resident_signed_in(live, await self._sealed_anew(led_to), now)

    async def _answered_before(
        self, provider: str, name: str, code: str, client: ClientFacts
    ) -> ResidentSignedIn:
        try:
            signed_in = await self.replies.again(name, code, client.device, read_resident)
        except Refusal as refusal:
            raise await self._refused(f"provider:{provider}", refusal) from None
        if signed_in is None:
            raise await self._refused(f"provider:{provider}", CodeAlreadyUsed())
        return signed_in

    async def refresh(self, token: str, client: ClientFacts) -> ResidentSignedIn:
        """Trade a resident's refresh token for a new pair at the resident's present level."""
        await self._admit_address("refresh", client, self._settings.refreshes_per_address)
        now = self._clock()
        live = await self._renew(token, Audience.RESIDENT, client, now)
        resident = await self._stores.residents.get(live.session.subject)
        if resident is None or resident.standing is not Standing.ACTIVE:
            await self._sessions.end(live.session.id, Ending.DISABLED, now=now)
            raise SessionEnded
        if resident.merged_into is not None:
            await self._sessions.end(live.session.id, Ending.MERGED, now=now)
            raise SessionEnded
        resident = await self._children.looked_at(resident)
        live = await self._sessions.at(live, level_of(resident.proofs, now), now=now)
        return await self._resident_signed_in(live, resident, now)

    async def subject_of(self, provider: str, code: str, resident: str) -> ProviderSubject:
        """Whom ``provider`` says the holder of its one-time ``code`` is, which ``resident`` brought."""
        bridge = self._bridges.get(provider)
        if bridge is None:
            raise ProviderNotOffered
        name = code_name("code", provider, bridge.appid, code)
        try:
            await self._admit_tries("exchange", resident, self._settings.sign_ins_per_subject)
            if not await self.replies.claim(name, None):
                raise CodeAlreadyUsed
            subject = await self._exchange(bridge, code, name)
            await self._admit_subject(subject)
            return subject
        except Refusal as refusal:
            raise await self._refused(f"provider:{provider}", refusal) from None

    # --- clerks ---------------------------------------------------------------------------------------

    async def sign_in_clerk(
        self,
        organisation: str,
        number: str,
        passphrase: str,
        client: ClientFacts,
        *,
        one_time_code: str | None = None,
    ) -> ClerkSignedIn:
        """Sign a clerk in for a shift. What is wrong is not told, and takes as long as what is right."""
        actor, found = await self._claimed(organisation, number, passphrase, client)
        try:
            if found is None:
                raise await self._second_factors.in_vain(one_time_code)
            clerk, employer = found
            methods = await self._second_factors.proved(clerk, one_time_code)
            await self._guesses.succeeded(organisation, number, client)
        except NotProved as failed:
            raise await self._refused(actor, ClerkNotRecognised(), wrong=failed.wrong.value) from None
        except SecondFactorNeeded as refusal:
            raise await self._refused(actor, refusal) from None
        return await self.open_shift(clerk, employer, client, methods=methods)

    async def begin_second_factor(
        self, organisation: str, number: str, passphrase: str, client: ClientFacts
    ) -> SecondFactorBegun:
        """Let a clerk set up a second factor; of what is wrong as little is told as at a sign-in."""
        actor, found = await self._claimed(organisation, number, passphrase, client)
        try:
            if found is None:
                raise await self._second_factors.in_vain(None)
            return await self._second_factors.begin(found[0])
        except NotProved as failed:
            raise await self._refused(actor, ClerkNotRecognised(), wrong=failed.wrong.value) from None
        except SecondFactorClosed as refusal:
            raise await self._refused(actor, refusal) from None

    async def open_shift(
        self,
        clerk: Clerk,
        employer: Organisation,
        client: ClientFacts,
        *,
        methods: tuple[str, ...] = (),
        origin: ProviderSession | None = None,
    ) -> ClerkSignedIn:
        """Open a session for a clerk who has just proved who they are, at ``origin`` if not here."""
        now = self._clock()
        live = await self._sessions.open(
            audience=Audience.VERIFIER,
            subject=clerk.id,
            client=CLERK_CLIENT,
            device=client.device,
            assurance=AssuranceLevel.L1,
            methods=methods,
            now=now,
            platform=platform_of(client.agent),
            origin=origin,
            rights=rights_of(clerk),
        )
        if not await self._as_they_were(clerk, employer):
            # As with a department: it is for us to end.
            await self._sessions.end(live.session.id, Ending.CREDENTIALS_CHANGED, now=now)
            raise await self._refused(clerk.id, ClerkNotRecognised())
        vouched = {} if origin is None else {"provider": origin.issuer}
        await self._opened(live, now, organisation=employer.id, **vouched)
        return self._clerk_signed_in(live, clerk, employer, now)

    async def refresh_clerk(self, token: str, client: ClientFacts) -> ClerkSignedIn:
        """Trade a clerk's refresh token for a new pair with the scopes and scenes of now."""
        await self._admit_address("refresh", client, self._settings.refreshes_per_address)
        now = self._clock()
        live = await self._renew(token, Audience.VERIFIER, client, now)
        clerk = await self._stores.directory.clerk_by_id(live.session.subject)
        employer = None if clerk is None else await self._stores.directory.organisation(clerk.organisation)
        if clerk is None or employer is None or not in_service(clerk, employer):
            await self._sessions.end(live.session.id, Ending.DISABLED, now=now)
            raise SessionEnded
        live = await self._sessions.at(live, AssuranceLevel.L1, rights=rights_of(clerk), now=now)
        return self._clerk_signed_in(live, clerk, employer, now)

    # --- departments ----------------------------------------------------------------------------------

    async def sign_in_department(self, assertion: str, client: ClientFacts) -> DepartmentSignedIn:
        """Give a department an access token for an assertion it signed, once for each assertion."""
        await self._admit_address("sign-in", client, self._settings.sign_ins_per_address)
        claimed = read_assertion(assertion)
        await self._admit_tries("department", claimed.department, self._settings.assertions_per_department)
        now = self._clock()
        department = await self._stores.directory.organisation(claimed.department)
        if department is None or not await self._is_by(department, claimed, now):
            actor = "unknown" if department is None else department.id
            raise await self._refused(actor, AssertionRefused())
        live = await self._sessions.open(
            audience=Audience.ISSUER,
            subject=department.id,
            client=department.id,
            device=None,
            assurance=AssuranceLevel.L1,
            now=now,
        )
        left = await self._stores.directory.organisation(department.id)
        if left is None or left.standing is not Standing.ACTIVE or lost_a_key(department, left):
            # Whoever changed it since we looked may have ended the sessions there were before this one.
            await self._sessions.end(live.session.id, Ending.CREDENTIALS_CHANGED, now=now)
            raise await self._refused(department.id, AssertionRefused())
        access = self._mint(
            Grant(
                audience=Audience.ISSUER,
                subject=department.id,
                session=live.session.sid,
                client=department.id,
                assurance=AssuranceLevel.L1,
                scopes=frozenset(department.scopes),
                organisation=department.id,
                organisation_name=department.name,
                types=frozenset(department.types),
            ),
            now,
        )
        await self._opened(live, now)
        return DepartmentSignedIn(access=access, organisation=department.id, scopes=department.scopes)

    # --- everybody ------------------------------------------------------------------------------------

    async def sessions(self, audience: Audience, subject: str) -> list[StoredSession]:
        """Where somebody is signed in, newest first."""
        return await self._sessions.alive(audience, subject, now=self._clock())

    async def end_session(self, audience: Audience, subject: str, session: str) -> None:
        """End one of somebody's own sessions, or ``SessionUnknown``."""
        if all(session not in each.names for each in await self.sessions(audience, subject)):
            raise SessionUnknown
        await self._sessions.end(session, Ending.ENDED_BY_OWNER, now=self._clock())

    async def end_other_sessions(self, audience: Audience, subject: str, kept: str) -> int:
        """End all of somebody's sessions but ``kept``; how many."""
        return await self._sessions.end_others(
            audience, subject, kept, Ending.ENDED_BY_OWNER, now=self._clock()
        )

    async def sign_out(self, session: str) -> None:
        """End ``session``: its refresh token now and for good, its access tokens within a second."""
        await self._sessions.end(session, Ending.SIGNED_OUT, now=self._clock())

    async def end_for_operator(self, audience: Audience, subject: str | None) -> AsyncIterator[str]:
        """End the sessions of ``subject``, or everybody's; each as it is ended. Safe to do again."""
        ids = (
            [each.id for each in await self._stores.sessions.living(audience, subject)]
            if subject is not None
            else [each.id async for each in self._stores.sessions.every(audience)]
        )
        for session in ids:
            await self._sessions.end(session, Ending.ENDED_BY_OPERATOR, now=self._clock())
            yield session

    # --- how ------------------------------------------------------------------------------------------

    async def _renew(self, token: str, audience: Audience, client: ClientFacts, now: datetime) -> Live:
        return await self._sessions.renew(
            token,
            audience=audience,
            device=client.device,
            platform=platform_of(client.agent),
            now=now,
        )

    async def _claimed(
        self, organisation: str, number: str, passphrase: str, client: ClientFacts
    ) -> tuple[str, tuple[Clerk, Organisation] | None]:
        """Who tries, for the audit, and the clerk in service whose passphrase it is."""
        await self._admit_client(client)
        await self._guesses.count(organisation, number, client)
        clerk = await self._stores.directory.clerk(organisation, number)
        employer = await self._stores.directory.organisation(organisation)
        matches = await self._passphrases.matches(passphrase, None if clerk is None else clerk.passphrase)
        actor = "unknown" if clerk is None else clerk.id
        if not (matches and clerk and employer and in_service(clerk, employer)):
            return actor, None
        return actor, (clerk, employer)

    async def _as_they_were(self, clerk: Clerk, employer: Organisation) -> bool:
        """Whether the clerk may still begin a shift by what was looked at."""
        now = await self._stores.directory.clerk_by_id(clerk.id)
        by_now = await self._stores.directory.organisation(employer.id)
        if now is None or by_now is None or not in_service(now, by_now):
            return False
        return (now.passphrase, now.sso_subject, by_now.sso) == (
            clerk.passphrase,
            clerk.sso_subject,
            employer.sso,
        )

    async def _is_by(self, department: Organisation, claimed: Assertion, now: datetime) -> bool:
        """Whether ``department`` made this assertion, for now, and it is presented the first time."""
        keys = [public_key(key) for key in department.keys]
        if department.standing is not Standing.ACTIVE or not claimed.is_by(keys, now=now):
            return False
        # Kept twice as long as it could live, so that no clock skew makes it good again.
        name = code_name("assertion", department.id, claimed.token_id)
        return await self._stores.one_time.claim(name, owner=self._random_id(), keep=2 * LONGEST)

    def _bridge(self, provider: str) -> Bridge:
        try:
            return self._bridges[provider]
        except KeyError:
            raise ProviderNotOffered from None

    async def _exchange(self, bridge: Bridge, code: str, name: str) -> ProviderSubject:
        """Ask the provider; the caller has claimed the code, so nobody else does."""
        try:
            return await bridge.exchange(code)
        except ProviderUnreached:
            # It never got there, so the resident may press the button again.
            await self.replies.release(name)
            raise
        except Refusal:
            await self.replies.none(name)
            raise

    async def _resident_of(self, subject: ProviderSubject) -> tuple[Link, Resident]:
        """The way in, and whom it leads to; at first sight a new resident of whom only that is known."""
        residents = self._stores.residents
        now = self._clock()
        while True:
            link, found = await residents.behind(subject)
            if link is None:
                link = await residents.lead(
                    subject,
                    Link(
                        id=self._random_id(),
                        provider=subject.provider,
                        appid=subject.appid,
                        subject=subject.subject,
                        resident=self._random_id(),
                        linked_at=now,
                        alternates=subject.alternates,
                    ),
                )
                found = await residents.get(link.resident)
            elif subject.alternates.items() - link.alternates.items():
                await residents.rename(link, subject.alternates, now=now)
            resident = await residents.root(found)
            if resident is None:
                resident = await residents.ensure(Resident(id=link.resident, created_at=now))
            if link.leaving_at is None and resident.standing is not Standing.DELETED:
                return link, resident
            # Taken away, or left behind by an account that is gone: whoever comes by it now is a stranger.
            await self._sessions.end_all(Audience.RESIDENT, resident.id, Ending.UNLINKED, now=now, by=link)
            await residents.drop(link)

    async def _leads_to(self, subject: ProviderSubject, way_in: Link) -> Resident | None:
        """Whom this way in leads to now, if it is still the same one and they may come in."""
        link, found = await self._stores.residents.behind(subject)
        if link is None or link.id != way_in.id or link.leaving_at is not None:
            return None
        root = await self._stores.residents.root(found)
        return root if root is not None and root.standing is Standing.ACTIVE else None

    async def _sealed_anew(self, resident: Resident) -> Resident:
        """``resident`` with everything under their own key; as they were if somebody changed them."""
        moved = await self._vault.moved(resident)
        if moved == resident or not await self._stores.residents.replace(resident, moved):
            return resident
        return moved

    async def _resident_signed_in(self, live: Live, resident: Resident, now: datetime) -> ResidentSignedIn:
        assurance = level_of(resident.proofs, now)
        refresh = self._still_open(live, assurance, now)
        access = self._mint(
            as_themselves(resident, live.session, assurance=assurance),
            now,
            ends=refresh.expires_at,
        )
        return ResidentSignedIn(
            access=access,
            refresh=refresh,
            assurance=assurance,
            display_name=await self._display_name(resident),
        )

    def _clerk_signed_in(
        self, live: Live, clerk: Clerk, employer: Organisation, now: datetime
    ) -> ClerkSignedIn:
        refresh = self._still_open(live, AssuranceLevel.L1, now)
        access = self._mint(
            Grant(
                audience=Audience.VERIFIER,
                subject=clerk.id,
                session=live.session.sid,
                client=CLERK_CLIENT,
                assurance=AssuranceLevel.L1,
                scopes=frozenset(clerk.scopes),
                organisation=employer.id,
                organisation_name=employer.name,
                clerk_number=clerk.number,
                scenes=frozenset(clerk.scenes),
                auth_time=live.session.started_at,
                methods=frozenset(live.session.methods),
            ),
            now,
            ends=min(refresh.expires_at, now + _CLERK_ACCESS),
        )
        return ClerkSignedIn(
            session=live.session.sid,
            access=access,
            refresh=refresh,
            organisation=employer.id,
            organisation_name=employer.name,
            clerk_number=clerk.number,
            scopes=clerk.scopes,
            scenes=clerk.scenes,
        )

    def _still_open(self, live: Live, assurance: AssuranceLevel, now: datetime) -> RefreshToken:
        refresh = live.refresh(assurance)
        if now >= refresh.expires_at:
            raise SessionEnded
        return refresh

    def _mint(self, grant: Grant, now: datetime, *, ends: datetime | None = None) -> AccessToken:
        return self._tokens.mint(grant, token_id=self._random_id(), now=now, ends=ends)

    async def _display_name(self, resident: Resident) -> str | None:
        name = await self._vault.name(resident)
        return None if name is None else self._personal.mask_name(name)

    async def _admit_client(self, client: ClientFacts) -> None:
        """One try from this address, and from this device if it has a name."""
        await self._admit_address("sign-in", client, self._settings.sign_ins_per_address)
        if client.device is not None:
            await self._admit_tries("device", client.device, self._settings.sign_ins_per_device)

    async def _admit_subject(self, subject: ProviderSubject) -> None:
        name = f"{subject.provider} {subject.subject}"
        await self._admit_tries("subject", name, self._settings.sign_ins_per_subject)

    async def _admit_address(self, bucket: str, client: ClientFacts, per_minute: int) -> None:
        caller = self._personal.pseudonym("address", client.address)
        await self._admit(bucket, caller, per_minute=per_minute, burst=max(1, per_minute // 4))

    async def _admit_tries(self, bucket: str, name: str, per_minute: int) -> None:
        caller = self._personal.pseudonym(bucket, name)
        await self._admit(bucket, caller, per_minute=per_minute, burst=per_minute)

    async def _opened(self, live: Live, now: datetime, **facts: str) -> None:
        await self._audit(
            "session.opened",
            at=now,
            actor=live.session.subject,
            subject=live.session.sid,
            outcome="ok",
            facts={"audience": live.session.audience.value, **facts},
        )

    async def _refused(self, actor: str, refusal: Refusal, **told: str) -> Refusal:
        facts = {**told_by_provider(refusal), **told}
        await self._audit("session.refused", at=self._clock(), actor=actor, outcome=refusal.code, facts=facts)
        return refusal

    def _random_id(self) -> str:
        return self._chance(16).hex()

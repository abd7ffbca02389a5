"""Acting for others (代办): leave is offered, confirmed, ended; a switch gives a token to act with.

The decisions are in ``rules.acting``. Who dies when, and what then holds:

    offer     nothing is acknowledged that is not in MongoDB; offered again it is the same grant
    confirm   one findAndModify; of two at once one does it and both are told so
    end       first MongoDB, so that no new token comes of it, then the stream that kills the old ones; who
              died in between is asked again by whoever got no answer, and tells the stream then
    switch    the time is read before the grant is, so a token of a grant that ends meanwhile is younger
              than the note of its ending is kept
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, structs

from auth_bridges.models import (
    AccessToken,
    ActingGrant,
    ActingSwitched,
    Actor,
    Grant,
    GrantEnding,
    Guardianship,
    LegalPerson,
    Notice,
    NoticeKind,
    Resident,
    Standing,
    StoredSession,
    child_context,
    code_context,
)
from auth_bridges.ports import (
    Admit,
    Audit,
    Chance,
    Clock,
    FamilyRegister,
    Gate,
    LegalPersonProof,
    Notify,
    PersonalData,
)
from auth_bridges.refusals import (
    ActingNotOffered,
    ConfirmationCodeWrong,
    GrantNotInForce,
    GrantStandsAlready,
    GrantUnknown,
    GuardianshipStands,
    NotAGuardian,
    NotForYourself,
    NotLegalRepresentative,
    NotYoursToConfirm,
    OfferLapsed,
    SessionEnded,
    StepUpRequired,
    TooManyGuardians,
)
from auth_bridges.rules.acting import (
    MOST_GUARDIANS,
    MOST_TRIES,
    REGISTER_TRUSTED,
    TERMS,
    acting_as,
    comes_of_age,
    is_code,
    settle,
    side_of,
    state_of,
    token_ends,
)
from auth_bridges.rules.assurance import RESIDENT_SCOPES, as_themselves, level_of
from auth_bridges.rules.directory import in_service
from auth_bridges.rules.policy import Operation
from auth_bridges.rules.sessions import is_alive, reached
from auth_bridges.store import AuthStores
from auth_bridges.tokens import AccessTokens
from auth_bridges.vault import Vault
from miniapp_schemas.acting import ActingFor, ActingKind, GrantSide, GrantState
from miniapp_schemas.assurance import AssuranceLevel

_OFFERS_A_MINUTE: Final = 6
_CLERKS_OFFERS_A_MINUTE: Final = 30
_MOST_SHOWN: Final = 50
_CODE_DIGITS: Final = 6


class _Party(Struct, frozen=True, kw_only=True):
    """Somebody who has to do with grants: the key they are found by, and the name others may see."""

    id: str
    key: str
    name: str
    assurance: AssuranceLevel
    resident: Resident | None = None


class ActingService:
    """Who may act for whom. One object a process; everything it keeps is in its stores."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        tokens: AccessTokens,
        personal: PersonalData,
        family: FamilyRegister | None,
        legal: LegalPersonProof | None,
        gate: Gate,
        notify: Notify,
        admit: Admit,
        audit: Audit,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._stores = stores
        self._grants = stores.grants
        self._tokens = tokens
        self._personal = personal
        self._vault = Vault(stores.resident_keys, personal, chance)
        self._family = family
        self._legal = legal
        self._gate = gate
        self._notify = notify
        self._admit = admit
        self._audit = audit
        self._clock = clock
        self._chance = chance
        self._endings: set[asyncio.Task[None]] = set()

    # --- offering -------------------------------------------------------------------------------------

    async def claim_child(self, actor: Actor, child: str) -> ActingGrant:
        """Let a guardian act for a child until its 18th birthday; the family register is the proof.

        Asked of it is who holds the phone, so that must have been proved just now (ASVS 7.5.1).
        """
        guardian = await self._resident(actor.resident)
        await self._count_offer(guardian, _OFFERS_A_MINUTE)
        await self._gate(actor, Operation.GUARDIAN, child.encode())
        known = await self._guardianship(guardian, child)
        now = self._clock()
        whom = self._personal.hash(child)
        grant = self._draft(ActingKind.GUARDIAN, whom, guardian, scopes=RESIDENT_SCOPES, now=now)
        grant = structs.replace(
            grant,
            expires_at=comes_of_age(known.born).astimezone(UTC),
            whom_name=self._personal.mask_child(known.child_name),
            child=self._personal.seal(child.encode(), child_context(grant.id)),
            checked_at=now,
            confirmed_at=now,
        )
        kept = await self._offer(grant, by=guardian, places=[f"{whom} {n}" for n in range(MOST_GUARDIANS)])
        # Asked again after a crash they are told again, once.
        await self._tell_guardians(kept, NoticeKind.GUARDIAN_JOINED, now=now)
        return kept

    async def ask_relative(
        self, subject: str, number: str, scopes: Sequence[str], until: datetime
    ) -> ActingGrant:
        """Ask an elder for leave. Whether somebody of that number is known here is not told."""
        relative = await self._resident(subject)
        await self._count_offer(relative, _OFFERS_A_MINUTE)
        now = self._clock()
        grant = self._draft(
            ActingKind.FAMILY, self._personal.hash(number), relative, scopes=scopes, now=now, until=until
        )
        return await self._offer(self._with_code(grant), by=relative)

    async def appoint(
        self, subject: str, session: str, *, uscc: str, agent: str, scopes: Sequence[str], until: datetime
    ) -> ActingGrant:
        """Let somebody act for an organisation, granted by its legal representative (经办人).

        The certificate they showed in this session, to name agents, is the fresh proof the policy asks for.
        """
        if self._legal is None:
            raise ActingNotOffered
        granter = await self._resident(subject)
        await self._count_offer(granter, _OFFERS_A_MINUTE)
        represented = await self._legal.represented_by(subject, session)
        organisation = next((each for each in represented if each.uscc == uscc), None)
        if organisation is None:
            raise NotLegalRepresentative
        now = self._clock()
        whom = self._key_of(organisation)
        named = _Party(id="", key=self._personal.hash(agent), name="", assurance=AssuranceLevel.L0)
        grant = self._draft(ActingKind.ENTERPRISE, whom, named, scopes=scopes, now=now, until=until)
        grant = structs.replace(grant, agent_name=None, whom_name=organisation.name, granted_by=granter.key)
        return await self._offer(grant, by=granter)

    async def assist(self, clerk: str, number: str, case: str, scopes: Sequence[str]) -> ActingGrant:
        """Ask a resident at the counter for leave to act for them in one case (帮办)."""
        helper = await self._clerk(clerk)
        await self._count_offer(helper, _CLERKS_OFFERS_A_MINUTE)
        now = self._clock()
        grant = self._draft(
            ActingKind.CLERK, self._personal.hash(number), helper, scopes=scopes, now=now, case=case
        )
        return await self._offer(self._with_code(grant), by=helper)

    # --- seeing, confirming, ending -------------------------------------------------------------------

    async def grants(
        self, subject: str, session: str, *, before: str | None, limit: int
    ) -> list[tuple[ActingGrant, GrantSide]]:
        """Every grant somebody is a side of, newest first."""
        party, organisations = await self._sides(subject, session)
        found = await self._grants.of(party.key, organisations, before=before, limit=limit)
        return [
            (grant, side) for grant in found if (side := _side(grant, party.key, organisations)) is not None
        ]

    async def may_act(self, subject: str, key: str | None = None) -> list[ActingGrant]:
        """The grants by which somebody may act now, newest first; ``key`` is theirs, where it is at hand."""
        if key is None:
            key = (await self._party(subject)).key
        return await self._grants.in_force(key, now=self._clock(), limit=_MOST_SHOWN)

    def state(self, grant: ActingGrant) -> GrantState:
        """Where a grant stands now."""
        return state_of(grant, self._clock())

    def confirms(self, grant: ActingGrant, side: GrantSide) -> bool:
        """Whether ``side`` may confirm the offer as it is."""
        return side in TERMS[grant.kind].confirms

    def code(self, grant: ActingGrant, side: GrantSide) -> str | None:
        """The code to read out, for the side that is to be acted for, while the offer is open."""
        if (
            side is not GrantSide.PRINCIPAL
            or grant.code is None
            or self.state(grant) is not GrantState.OFFERED
        ):
            return None
        return self._personal.open(grant.code, code_context(grant.id)).decode()

    async def confirm(
        self, subject: str, session: str, grant_id: str, code: str | None
    ) -> tuple[ActingGrant, GrantSide]:
        """Put an offer in force: by whoever has to consent, or by the agent with that side's code."""
        party, organisations = await self._sides(subject, session)
        grant, side = await self._mine(grant_id, party, organisations)
        now = self._clock()
        if state_of(grant, now) is GrantState.ACTIVE:
            # Who died before telling is asked again, and tells it then.
            await self._tell_principal(grant, now=now)
            return grant, side
        if state_of(grant, now) is GrantState.ENDED:
            raise OfferLapsed
        if not self.confirms(grant, side):
            await self._check_code(grant, code, party, now)
        confirmed = await self._grants.confirm(
            grant.id,
            now=now,
            whom_name=await self._whom_name(grant),
            agent_name=grant.agent_name or party.name,
        )
        if confirmed is None:
            # Somebody else was faster: either it is in force now, or it is gone.
            again = await self._grants.get(grant.id)
            if again is None or state_of(again, now) is not GrantState.ACTIVE:
                raise OfferLapsed
            return again, side
        await self._note("grant.confirmed", confirmed, by=party, now=now)
        await self._tell_principal(confirmed, now=now)
        return confirmed, side

    async def end(self, subject: str, session: str, grant_id: str) -> None:
        """End a grant from either side: no token of it from now on, the old ones within a second.

        But for a guardian's, which the child does not end: whoever is in a child's account could.
        """
        party, organisations = await self._sides(subject, session)
        grant, side = await self._mine(grant_id, party, organisations)
        now = self._clock()
        why = GrantEnding.BY_AGENT
        if side is GrantSide.PRINCIPAL:
            why = GrantEnding.BY_PRINCIPAL
            if grant.kind is ActingKind.GUARDIAN and state_of(grant, now) is GrantState.ACTIVE:
                await self._note("grant.refused", grant, by=party, now=now, outcome=GuardianshipStands.code)
                raise GuardianshipStands
        await self._end(grant, why, by=party, now=now)

    async def usable(self, subject: str, grant_id: str) -> ActingGrant:
        """One's own grant as one may use it now, or a refusal; of a guardian the register is asked daily."""
        return await self._usable(await self._party(subject), grant_id, self._clock())

    async def holds(self, grant: ActingGrant, agent: Resident) -> bool:
        """Whether ``grant``, in force, holds of its ``agent``; of a guardian the register is asked daily.

        For what is done unasked, so how well the agent has proved who they are is no matter.
        """
        if grant.kind is not ActingKind.GUARDIAN:
            return True
        party = _Party(id=agent.id, key=grant.agent, name="", assurance=AssuranceLevel.L1, resident=agent)
        try:
            await self._still_guardian(grant, party, self._clock())
        except (ActingNotOffered, GrantNotInForce):
            return False
        return True

    # --- switching ------------------------------------------------------------------------------------

    async def switch(self, subject: str, session: str, grant_id: str) -> ActingSwitched:
        """A token to act with by one's own grant, never longer than the grant and the session."""
        now = self._clock()
        opened = await self._session(subject, session, now)
        party = await self._party(subject)
        grant = await self._usable(party, grant_id, now)
        assurance = reached(opened, party.assurance)
        ends = token_ends(grant, opened, assurance)
        if now >= ends:
            raise GrantNotInForce
        content = acting_as(
            grant,
            subject=party.id,
            name=party.name,
            session=opened,
            assurance=assurance,
            scopes=RESIDENT_SCOPES,
        )
        await self._note("acting.switched", grant, by=party, now=now)
        await self._tell_guardians(grant, NoticeKind.GUARDIAN_ACTED, now=now, once=opened.id)
        return ActingSwitched(access=self._mint(content, now, ends), grant=grant)

    async def back(self, subject: str, session: str) -> ActingSwitched:
        """A token in one's own name again."""
        now = self._clock()
        opened = await self._session(subject, session, now)
        resident = await self._stores.residents.root_of(subject)
        if resident is None or resident.standing is not Standing.ACTIVE:
            raise SessionEnded
        assurance = reached(opened, level_of(resident.proofs, now))
        content = as_themselves(resident, opened, assurance=assurance)
        return ActingSwitched(access=self._mint(content, now, opened.expires_at), grant=None)

    # --- how ------------------------------------------------------------------------------------------

    def _draft(
        self,
        kind: ActingKind,
        whom: str,
        agent: _Party,
        *,
        scopes: Sequence[str] | frozenset[str],
        now: datetime,
        until: datetime | None = None,
        case: str | None = None,
    ) -> ActingGrant:
        if whom == agent.key:
            raise NotForYourself
        terms = TERMS[kind]
        ends = (now + terms.longest if until is None else until).replace(microsecond=0)
        # Before the end is brought to UTC: at either end of the calendar it has no UTC to be brought to.
        granted = settle(kind, scopes, ends, now=now)
        ends = ends.astimezone(UTC)
        return ActingGrant(
            id=f"{int(now.timestamp() * 1000):012x}{self._chance(10).hex()}",
            kind=kind,
            whom=whom,
            agent=agent.key,
            agent_name=agent.name,
            scopes=granted,
            offered_at=now,
            lapses_at=min(now + terms.stands, ends),
            expires_at=ends,
            case=case,
            hold=" ".join(filter(None, (kind.value, whom, agent.key, case))),
        )

    def _with_code(self, grant: ActingGrant) -> ActingGrant:
        drawn = int.from_bytes(self._chance(16)) % 10**_CODE_DIGITS
        sealed = self._personal.seal(f"{drawn:0{_CODE_DIGITS}}".encode(), code_context(grant.id))
        return structs.replace(grant, code=sealed)

    async def _offer(self, grant: ActingGrant, *, by: _Party, places: Sequence[str] = ()) -> ActingGrant:
        now = grant.offered_at
        await self._grants.clear(grant.hold or "", grant.whom, now=now)
        kept = await self._grants.offer(grant, places)
        if kept is None:
            if places:
                raise TooManyGuardians
            raise GrantStandsAlready
        if kept.id != grant.id:
            # Asked twice, or asked again after a crash, is asked once.
            if (kept.scopes, kept.granted_by) != (grant.scopes, grant.granted_by) or (
                grant.case is None and kept.expires_at != grant.expires_at
            ):
                raise GrantStandsAlready
            return kept
        await self._note("grant.offered", kept, by=by, now=now)
        return kept

    async def _check_code(self, grant: ActingGrant, code: str | None, by: _Party, now: datetime) -> None:
        if not TERMS[grant.kind].coded or grant.code is None:
            raise NotYoursToConfirm
        if code is None:
            raise ConfirmationCodeWrong
        counted = await self._grants.count_try(grant.id, most=MOST_TRIES)
        right = self._personal.open(grant.code, code_context(grant.id)).decode()
        if counted and is_code(right, code):
            return
        if not counted or grant.tries + 1 >= MOST_TRIES:
            await self._end(grant, GrantEnding.WRONG_CODES, by=by, now=now)
            raise OfferLapsed
        await self._note("grant.refused", grant, by=by, now=now, outcome=ConfirmationCodeWrong.code)
        raise ConfirmationCodeWrong

    async def _end(self, grant: ActingGrant, why: GrantEnding, *, by: _Party, now: datetime) -> None:
        # Whoever gives up waiting (a deadline, a closed connection) must not leave it ended and unsaid.
        ending = asyncio.create_task(self._end_whole(grant, why, by=by, now=now))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        await asyncio.shield(ending)

    async def _end_whole(self, grant: ActingGrant, why: GrantEnding, *, by: _Party, now: datetime) -> None:
        ended = await self._grants.end(grant.id, why, now=now)
        # Announced even if it had ended before: whoever ended it may have died in between.
        await self._stores.ended.announce([grant.id], now=now)
        if ended is not None:
            await self._note("grant.ended", ended, by=by, now=now, outcome=why.value)
        await self._tell_guardians(grant, NoticeKind.GUARDIAN_ENDED, now=now)

    async def _tell_principal(self, grant: ActingGrant, *, now: datetime) -> None:
        """Tell who is acted for from now on, or who granted it: it may have been confirmed in their name.

        Whoever holds an open session for a minute could; of a guardian the others are told.
        """
        whom = await self._stores.residents.by_holder(grant.granted_by or grant.whom)
        resident = await self._stores.residents.root(whom)
        if grant.kind is ActingKind.GUARDIAN or resident is None:
            return
        kind = NoticeKind.ACTING_BEGUN
        name = f"{grant.id}:{kind.value}:{resident.id}"
        await self._notify(Notice(id=name, resident=resident.id, kind=kind, at=now, by=grant.agent_name))

    async def _tell_guardians(
        self, grant: ActingGrant, kind: NoticeKind, *, now: datetime, once: str = ""
    ) -> None:
        """Tell the child's other guardians of one of them; what is done often is told ``once`` a session."""
        if grant.kind is not ActingKind.GUARDIAN:
            return
        for other in await self._grants.guardians(grant.whom, now=now):
            guardian = await self._stores.residents.by_holder(other.agent)
            if guardian is not None and other.agent != grant.agent:
                name = ":".join(filter(None, (grant.id, kind.value, once, guardian.id)))
                await self._notify(
                    Notice(id=name, resident=guardian.id, kind=kind, at=now, by=grant.agent_name)
                )

    async def _usable(self, party: _Party, grant_id: str, now: datetime) -> ActingGrant:
        grant = await self._grants.get(grant_id)
        if grant is None or grant.agent != party.key:
            raise GrantUnknown
        if state_of(grant, now) is not GrantState.ACTIVE or await self._is_disabled(grant):
            raise GrantNotInForce
        if grant.kind is ActingKind.GUARDIAN:
            await self._still_guardian(grant, party, now)
        return grant

    async def _still_guardian(self, grant: ActingGrant, party: _Party, now: datetime) -> None:
        """Ask the register again once its word is a day old: a court may have ended the guardianship."""
        if grant.checked_at is not None and now - grant.checked_at < REGISTER_TRUSTED:
            return
        child = self._personal.open(grant.child or b"", child_context(grant.id)).decode()
        try:
            known = await self._guardianship(party, child)
        except NotAGuardian:
            await self._end(grant, GrantEnding.RELATION_ENDED, by=party, now=now)
            raise GrantNotInForce from None
        await self._grants.checked(grant.id, now=now, name=self._personal.mask_child(known.child_name))

    async def _guardianship(self, guardian: _Party, child: str) -> Guardianship:
        """What the register says now; one refusal for whatever is not a guardian and a child."""
        if self._family is None:
            raise ActingNotOffered
        own = None if guardian.resident is None else await self._vault.number(guardian.resident)
        if own is None:
            raise NotAGuardian
        known = await self._family.guardianship(own, child)
        if known is None or self._clock() >= comes_of_age(known.born):
            raise NotAGuardian
        return known

    async def _mine(
        self, grant_id: str, party: _Party, organisations: Sequence[str]
    ) -> tuple[ActingGrant, GrantSide]:
        grant = await self._grants.get(grant_id)
        side = None if grant is None else _side(grant, party.key, organisations)
        if grant is None or side is None:
            raise GrantUnknown
        return grant, side

    async def _sides(self, subject: str, session: str) -> tuple[_Party, list[str]]:
        """Somebody, and the organisations they speak for now."""
        party = await self._party(subject)
        if self._legal is None or party.resident is None:
            return party, []
        represented = await self._legal.represented_by(subject, session)
        return party, [self._key_of(each) for each in represented]

    async def _party(self, subject: str) -> _Party:
        """A resident or a clerk; the two have ids that never meet."""
        resident = await self._stores.residents.root_of(subject)
        return await self._clerk(subject) if resident is None else await self._party_of(resident)

    async def _resident(self, subject: str) -> _Party:
        resident = await self._stores.residents.root_of(subject)
        if resident is None:
            raise SessionEnded
        return await self._party_of(resident)

    async def _party_of(self, resident: Resident) -> _Party:
        if resident.standing is not Standing.ACTIVE:
            raise SessionEnded
        assurance = level_of(resident.proofs, self._clock())
        if resident.holder is None or not assurance.satisfies(AssuranceLevel.L2):
            raise StepUpRequired(needed=AssuranceLevel.L2)
        return _Party(
            id=resident.id,
            key=resident.holder,
            name=await self._masked_name(resident) or "",
            assurance=assurance,
            resident=resident,
        )

    async def _clerk(self, clerk_id: str) -> _Party:
        clerk = await self._stores.directory.clerk_by_id(clerk_id)
        employer = None if clerk is None else await self._stores.directory.organisation(clerk.organisation)
        if clerk is None or employer is None or not in_service(clerk, employer):
            raise SessionEnded
        return _Party(
            id=clerk.id, key=clerk.id, name=f"{employer.name} {clerk.number}", assurance=AssuranceLevel.L1
        )

    async def _session(self, subject: str, session: str, now: datetime) -> StoredSession:
        opened = await self._stores.sessions.get(session)
        if opened is None or opened.subject != subject or not is_alive(opened, now):
            raise SessionEnded
        if opened.sid != session:
            # Renewed at another level a moment ago, which this process has not heard of yet.
            raise SessionEnded
        return opened

    async def _is_disabled(self, grant: ActingGrant) -> bool:
        """Whether whom it is for may not act for themselves any more: then nobody may for them."""
        whom = await self._stores.residents.by_holder(grant.whom)
        return whom is not None and whom.standing is not Standing.ACTIVE

    async def _whom_name(self, grant: ActingGrant) -> str | None:
        if grant.whom_name is not None:
            return grant.whom_name
        whom = await self._stores.residents.by_holder(grant.whom)
        return None if whom is None else await self._masked_name(whom)

    async def _masked_name(self, resident: Resident) -> str | None:
        name = await self._vault.name(resident)
        return None if name is None else self._personal.mask_name(name)

    def _key_of(self, organisation: LegalPerson) -> str:
        return self._personal.pseudonym("uscc", organisation.uscc)

    def _mint(self, content: Grant, now: datetime, ends: datetime) -> AccessToken:
        return self._tokens.mint(content, token_id=self._chance(16).hex(), now=now, ends=ends)

    async def _count_offer(self, party: _Party, per_minute: int) -> None:
        await self._admit("grant", party.id, per_minute=per_minute, burst=per_minute)

    async def _note(
        self, what: str, grant: ActingGrant, *, by: _Party, now: datetime, outcome: str = "ok"
    ) -> None:
        facts = {"kind": grant.kind.value, "onBehalfOf": grant.whom, "agent": grant.agent}
        if grant.case is not None:
            facts["case"] = grant.case
        await self._audit(what, at=now, actor=by.id, subject=grant.id, outcome=outcome, facts=facts)


def acting_for(grant: ActingGrant) -> ActingFor:
    """Whom one may act for by ``grant``, as they may see it."""
    return ActingFor(
        grant_id=grant.id,
        kind=grant.kind,
        name=grant.whom_name or "",
        scopes=list(grant.scopes),
        until=grant.expires_at,
    )


def _side(grant: ActingGrant, key: str, organisations: Sequence[str]) -> GrantSide | None:
    return side_of(grant, key) or (GrantSide.PRINCIPAL if grant.whom in organisations else None)

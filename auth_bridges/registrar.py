"""What operators register: organisations, departments, clerks and real-name residents.

One JSON object a line, told apart by ``kind``. Registering the same line again changes nothing, so a
file can be sent again after an import that was cut short.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from auth_bridges.assertions import public_key
from auth_bridges.jws import NOT_JSON
from auth_bridges.models import (
    Audience,
    Clerk,
    DepartmentKey,
    Ending,
    Link,
    Organisation,
    ProviderSubject,
    Resident,
    SingleSignOn,
    Standing,
    name_context,
    number_context,
)
from auth_bridges.passphrases import UNUSABLE, Passphrases
from auth_bridges.ports import Audit, Chance, Clock, PersonalData
from auth_bridges.refusals import LinkTaken, NoSuchOrganisation, NotRegistrable
from auth_bridges.rules.assurance import Lives, proof_of, with_proof
from auth_bridges.rules.directory import lost_a_key, same_sign_on
from auth_bridges.rules.second_factor import read_secret
from auth_bridges.second_factors import SecondFactors
from auth_bridges.sessions import Sessions
from auth_bridges.store import AuthStores
from auth_bridges.vault import Vault
from miniapp_schemas.acting import ActingKind
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.refusals import Refusal

OrganisationId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,128}\Z")]
Scope = Annotated[str, Meta(pattern=r"^[a-z]+:[a-z]+(-[a-z]+)?\Z")]


class _Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="kind"):
    pass


class OwnSignOn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The organisation's own OpenID provider; ``claim`` holds the clerk's number, or is ``sub``.

    ``acr`` and ``amr``: where any are named, a sign-in there has to tell one of them.
    """

    issuer: Annotated[str, Meta(pattern=r"^https?://[^?#\s]+\Z", max_length=200)]
    client_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,128}\Z")]
    claim: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_:/.-]{1,128}\Z")] = "sub"
    acr: Annotated[tuple[Word, ...], Meta(max_length=8)] = ()
    amr: Annotated[tuple[Word, ...], Meta(max_length=8)] = ()


class RegisterOrganisation(_Line, frozen=True, kw_only=True, tag="organisation"):
    """Who employs clerks (用证方), and where these sign in if not with passphrases."""

    id: OrganisationId
    name: Name
    sso: OwnSignOn | None = None
    standing: Standing = Standing.ACTIVE


class RegisterDepartment(_Line, frozen=True, kw_only=True, tag="department"):
    """Who issues (发证机关): signs in by itself with one of ``keys``, issues ``types`` and no other."""

    id: OrganisationId
    name: Name
    keys: Annotated[tuple[DepartmentKey, ...], Meta(min_length=1, max_length=8)]
    scopes: Annotated[tuple[Scope, ...], Meta(max_length=16)] = ("wallet:issue", "wallet:status")
    types: Annotated[tuple[str, ...], Meta(max_length=64)]
    standing: Standing = Standing.ACTIVE


class RegisterClerk(_Line, frozen=True, kw_only=True, tag="clerk"):
    """Who scans (核验员). Without a passphrase a known clerk keeps theirs.

    ``secondFactor`` is the secret in the token (动态令牌) they were given, base32; who has none of ours sets
    one up at their first sign-in.
    """

    organisation: OrganisationId
    number: Annotated[str, Meta(min_length=1, max_length=32)]
    passphrase: Annotated[str, Meta(min_length=8, max_length=128)] | None = None
    scopes: Annotated[tuple[Scope, ...], Meta(max_length=16)] = ("wallet:verify",)
    scenes: Annotated[tuple[str, ...], Meta(max_length=64)]
    sso_subject: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    second_factor: Annotated[str, Meta(min_length=26, max_length=128)] | None = None
    standing: Standing = Standing.ACTIVE


class WayIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider's name for the resident, proved to the operator."""

    provider: str
    appid: str
    subject: str


class RegisterResident(_Line, frozen=True, kw_only=True, tag="resident"):
    """A person whose name and ID number somebody checked (实名)."""

    id_number: str
    name: Name
    assurance: AssuranceLevel = AssuranceLevel.L2
    method: Annotated[str, Meta(max_length=40)] = "registered"
    source: Annotated[str, Meta(max_length=40)] = "operator"
    links: Annotated[tuple[WayIn, ...], Meta(max_length=8)] = ()
    standing: Standing = Standing.ACTIVE


Registration = RegisterOrganisation | RegisterDepartment | RegisterClerk | RegisterResident
read_registration: Final = msgspec.json.Decoder(Registration).decode


class Outcome(StrEnum):
    """What registering did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Registered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line; ``problem`` says why nothing did."""

    line: int
    kind: str | None = None
    outcome: Outcome | None = None
    problem: str | None = None


class Registrar:
    """Registers whom operators vouch for; ``types`` are the certificate types there are to issue."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        personal: PersonalData,
        passphrases: Passphrases,
        second_factors: SecondFactors,
        enrolment: timedelta,
        lives: Lives,
        audit: Audit,
        clock: Clock,
        chance: Chance,
        types: Collection[str],
        may_be_asked: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """``may_be_asked`` says whether an address may be a provider's here.

        ``enrolment`` is how long a new clerk may set up a second factor.
        """
        self._may_be_asked = may_be_asked
        self._stores = stores
        self._personal = personal
        self._passphrases = passphrases
        self._second_factors = second_factors
        self._enrolment = enrolment
        self._lives = lives
        self._audit = audit
        self._clock = clock
        self._chance = chance
        self._vault = Vault(stores.resident_keys, personal, chance)
        self._types = types
        self._sessions = Sessions(stores.sessions, stores.ended, audit=audit, chance=chance)

    async def register_lines(self, lines: Iterable[bytes]) -> AsyncIterator[Registered]:
        """Register line by line; a line that cannot be is told of and the others go on."""
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            try:
                line = read_registration(text)
            except NOT_JSON as error:
                # A validation message names the field and the rule, never the value.
                yield Registered(line=number, problem=str(error))
                continue
            kind = str(line.__struct_config__.tag)
            try:
                yield Registered(line=number, kind=kind, outcome=await self.register(line))
            except Refusal as refusal:
                yield Registered(line=number, kind=kind, problem=f"{refusal.code}: {refusal.detail[1]}")

    async def register(self, line: Registration) -> Outcome:
        """Do what one line of a file says, or refuse it."""
        match line:
            case RegisterOrganisation():
                return await self._put(self._organisation(line))
            case RegisterDepartment():
                return await self._put(self._department(line))
            case RegisterClerk():
                return await self._register_clerk(line)
            case RegisterResident():
                return await self._register_resident(line)

    def _organisation(self, line: RegisterOrganisation) -> Organisation:
        sso = None
        if line.sso is not None:
            if not self._may_be_asked(line.sso.issuer):
                raise NotRegistrable(why="sso.issuer")
            sso = SingleSignOn(
                issuer=line.sso.issuer,
                client_id=line.sso.client_id,
                claim=line.sso.claim,
                acr=line.sso.acr,
                amr=line.sso.amr,
            )
        return Organisation(id=line.id, name=line.name, standing=line.standing, sso=sso)

    def _department(self, line: RegisterDepartment) -> Organisation:
        try:
            for key in line.keys:
                public_key(key)
        except ValueError:
            raise NotRegistrable(why="keys") from None
        if any(code not in self._types for code in line.types):
            raise NotRegistrable(why="types")
        return Organisation(
            id=line.id,
            name=line.name,
            standing=line.standing,
            scopes=line.scopes,
            keys=line.keys,
            types=line.types,
        )

    async def _put(self, organisation: Organisation) -> Outcome:
        known = await self._stores.directory.organisation(organisation.id)
        if organisation == known:
            return Outcome.UNCHANGED
        async with self._ending(partial(self._end_of_organisation, known, organisation)):
            await self._stores.directory.put_organisation(organisation)
        return await self._registered("organisation", organisation.id, known)

    async def _register_clerk(self, line: RegisterClerk) -> Outcome:
        if await self._stores.directory.organisation(line.organisation) is None:
            raise NoSuchOrganisation
        known = await self._stores.directory.clerk(line.organisation, line.number)
        clerk = Clerk(
            id=self._random_id() if known is None else known.id,
            organisation=line.organisation,
            number=line.number,
            passphrase=await self._passphrase_of(line, known),
            scopes=line.scopes,
            scenes=line.scenes,
            standing=line.standing,
            sso_subject=line.sso_subject,
        )
        await self._check_sso_subject(clerk)
        changed = await self._second_factor_of(clerk, line, known)
        if clerk == known:
            return Outcome.UPDATED if changed else Outcome.UNCHANGED
        async with self._ending(partial(self._end_of_clerk, known, clerk)):
            await self._stores.directory.put_clerk(clerk)
        return await self._registered("clerk", clerk.id, known)

    async def _second_factor_of(self, clerk: Clerk, line: RegisterClerk, known: Clerk | None) -> bool:
        """Before the clerk is kept, so that none is without who may have one; whether anything changed."""
        if line.second_factor is None:
            if known is None:
                await self._stores.second_factors.allow(clerk.id, until=self._clock() + self._enrolment)
            return False
        try:
            secret = read_secret(line.second_factor)
        except ValueError:
            raise NotRegistrable(why="secondFactor") from None
        return await self._second_factors.hand_over(clerk.id, secret)

    async def _check_sso_subject(self, clerk: Clerk) -> None:
        if clerk.sso_subject is None:
            return
        other = await self._stores.directory.clerk_by_subject(clerk.organisation, clerk.sso_subject)
        if other is not None and other.id != clerk.id:
            raise NotRegistrable(why="ssoSubject")

    async def _passphrase_of(self, line: RegisterClerk, known: Clerk | None) -> str:
        kept = UNUSABLE if known is None else known.passphrase
        if line.passphrase is None:
            return kept
        if kept != UNUSABLE and await self._passphrases.matches(line.passphrase, kept):
            return kept
        return await self._passphrases.hash(line.passphrase)

    async def _register_resident(self, line: RegisterResident) -> Outcome:
        """Found by ID number, or else by a way in that leads to nobody real-name yet."""
        try:
            holder = self._personal.hash(line.id_number)
        except ValueError:
            raise NotRegistrable(why="idNumber") from None
        ways = [
            ProviderSubject(provider=way.provider, appid=way.appid, subject=way.subject) for way in line.links
        ]
        now = self._clock()
        known = await self._find(holder, ways)
        resident = known or await self._stores.residents.ensure(
            Resident(id=self._random_id(), created_at=now, holder=holder)
        )
        linked = [await self._link(way, resident.id, now) for way in ways]
        changed = await self._made_known(resident, line, holder, now)
        if changed == known and not any(linked):
            return Outcome.UNCHANGED
        if changed.standing is Standing.DISABLED:
            # First: after an import that was cut short here the line still changes something.
            await self._disable_whoever_took_in(changed)
        async with self._ending(partial(self._end_of_resident, changed)):
            if not await self._stores.residents.replace(resident, changed):
                raise LinkTaken
        return await self._registered("resident", changed.id, known)

    async def _disable_whoever_took_in(self, resident: Resident) -> None:
        """Nobody comes in by an account that was merged into another: the person does by that other one."""
        while (root := await self._stores.residents.root(resident)) is not None and root.id != resident.id:
            off = msgspec.structs.replace(root, standing=Standing.DISABLED)
            async with self._ending(partial(self._end_of_resident, off)):
                if off == root or await self._stores.residents.replace(root, off):
                    return

    async def _made_known(
        self, resident: Resident, line: RegisterResident, holder: str, now: datetime
    ) -> Resident:
        proof = proof_of(line.assurance, method=line.method, source=line.source, at=now, lives=self._lives)
        return msgspec.structs.replace(
            resident,
            standing=line.standing,
            holder=holder,
            name=await self._sealed(resident, resident.name, line.name, name_context(resident.id)),
            number=await self._sealed(resident, resident.number, line.id_number, number_context(resident.id)),
            proofs=with_proof(resident.proofs, proof),
        )

    async def _sealed(self, whose: Resident, old: bytes | None, plain: str, context: bytes) -> bytes:
        """``plain`` sealed; as it was sealed before if it is the same, so that nothing seems changed."""
        if old is not None and await self._vault.open(whose.id, old, context) == plain.encode():
            return old
        return await self._vault.seal(whose.id, plain.encode(), context)

    async def _find(self, holder: str, ways: Sequence[ProviderSubject]) -> Resident | None:
        if (known := await self._stores.residents.by_holder(holder)) is not None:
            return known
        for way in ways:
            link = await self._stores.residents.link_of(way)
            led_to = None if link is None else await self._stores.residents.root_of(link.resident)
            if led_to is not None and led_to.standing is not Standing.DELETED:
                if led_to.holder is not None:
                    raise LinkTaken
                return led_to
        return None

    async def _link(self, way: ProviderSubject, resident: str, now: datetime) -> bool:
        """Lead ``way`` to ``resident``; False if it did already.

        A way in that leads to somebody of whom only that way is known is turned: nothing can be theirs
        yet. One that leads to a real-name resident refuses, because people are not merged here.
        """
        new = Link(
            id=self._random_id(),
            provider=way.provider,
            appid=way.appid,
            subject=way.subject,
            resident=resident,
            linked_at=now,
        )
        link = await self._stores.residents.lead(way, new)
        if link.resident == resident:
            return link.id == new.id
        other = await self._stores.residents.root_of(link.resident)
        if other is not None and other.id == resident:
            return False
        if other is not None and (other.holder is not None or other.phone is not None):
            raise LinkTaken
        await self._stores.residents.turn(link, resident)
        await self._sessions.end_all(Audience.RESIDENT, link.resident, Ending.LINK_MOVED, now=now)
        return True

    @asynccontextmanager
    async def _ending(self, end: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Around what is written, once before and once after.

        Before, because after an import that was cut short in between the same line changes nothing and ends
        nobody; after, for who came in meanwhile.
        """
        await end()
        yield
        await end()

    async def _end_of_organisation(self, known: Organisation | None, new: Organisation) -> None:
        """A disabled one's clerks, and itself; whoever came in by a key or a sign-in that is no more."""
        if known is None:
            return
        now, off = self._clock(), new.standing is Standing.DISABLED
        why = Ending.DISABLED if off else Ending.CREDENTIALS_CHANGED
        if off or lost_a_key(known, new):
            await self._sessions.end_all(Audience.ISSUER, new.id, why, now=now)
        if not off and same_sign_on(known, new):
            return
        async for clerks in self._stores.directory.clerks(new.id):
            for each in clerks:
                for session in await self._sessions.alive(Audience.VERIFIER, each.id, now=now):
                    if off or session.origin is not None:
                        await self._sessions.end(session.id, why, now=now)

    async def _end_of_clerk(self, known: Clerk | None, new: Clerk) -> None:
        """A disabled one, and whoever came in by a passphrase or a name that is another's now."""
        if known is None:
            return
        if new.standing is Standing.DISABLED:
            why = Ending.DISABLED
        elif known.passphrase in (UNUSABLE, new.passphrase) and known.sso_subject in (None, new.sso_subject):
            return
        else:
            why = Ending.CREDENTIALS_CHANGED
        await self._sessions.end_all(Audience.VERIFIER, new.id, why, now=self._clock())

    async def _end_of_resident(self, new: Resident) -> None:
        """A disabled one, and who acts for them: their own sessions go on, their tokens to act do not."""
        if new.standing is not Standing.DISABLED:
            return
        now = self._clock()
        await self._sessions.end_all(Audience.RESIDENT, new.id, Ending.DISABLED, now=now)
        grants = await self._stores.grants.standing_for([new.holder or ""], list(ActingKind), now=now)
        await self._stores.ended.announce([each.id for each in grants], now=now)

    async def _registered(self, what: str, subject: str, known: object) -> Outcome:
        outcome = Outcome.CREATED if known is None else Outcome.UPDATED
        await self._audit(
            f"registered.{what}", at=self._clock(), actor="operator", subject=subject, outcome=outcome.value
        )
        return outcome

    def _random_id(self) -> str:
        return self._chance(16).hex()

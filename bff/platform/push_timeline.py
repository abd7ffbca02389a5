"""Timelines, wired: who reads for whom, whose certificates end, and what people are planned by."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from importlib.resources import files
from itertools import compress
from pathlib import Path
from typing import Final

from prometheus_client import Counter

from auth_bridges.models import ActingGrant, Resident, Standing, child_context
from auth_bridges.ports import Clock
from auth_bridges.refusals import FamilyRegisterUnavailable
from auth_bridges.store import AuthStores, Residents
from auth_bridges.vault import Vault
from bff.platform.audit import AuditRecorder
from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from health_code.rules.divisions import is_division
from miniapp_schemas.acting import ActingKind
from miniapp_schemas.base import Text
from push.facts import FactIntake
from push.models import Topic
from push.planning import Edition, InForce, Planner
from push.ports import Reader
from push.programmes import (
    ENROLMENT,
    clause_text,
    edition,
    enrolment_in,
    expiry,
    in_force,
    insurance,
    policies,
)
from push.rules.calendar import MonthEnd, add_months
from push.rules.facts import Held
from push.rules.milestones import SHANGHAI
from push.rules.plan import Programmes
from push.rules.policy import read_policies
from push.rules.programme import Programme
from push.settings import PushSettings
from push.store.documents import Transactions
from push.store.outbox import OutboxStore
from push.store.people import PeopleStore
from push.store.shards import WALK, FenceLost, ShardStore
from push.store.timeline import TimelineStore
from push.ticker import Ticker
from push.timeline import Timeline
from push.timeline_models import Difference
from wallet.issuers.base import HolderKind, Registry
from wallet.models import Credential
from wallet.refusals import InvalidIdNumber
from wallet.rules.identifiers import check_id_number
from wallet.sealing import open_secrets
from wallet.store import CredentialStore

_WALK_FOR: Final = timedelta(seconds=50)
_MOST_WARDS: Final = 50
_REGISTER_SECONDS: Final = 1.0
"""How long a page waits for the family register, which is asked once a day: it has two seconds in all."""
_ADDRESSED_AGE_MONTHS: Final = 14 * 12
"""Under fourteen a child is never addressed itself (儿童个人信息网络保护规定)."""
_OF_AGE_MONTHS: Final = 18 * 12
DECIDING: Final = (ActingKind.GUARDIAN, ActingKind.ENTERPRISE)
"""Those by whose grants one is addressed, and decides: family may look."""
_MONEY: Final = frozenset({Topic.INSURANCE, Topic.PENSION})
_BODY: Final = frozenset({Topic.VACCINATION, Topic.HEALTH})
_ticked: Final = Counter("suishen_push_ticker", "What the ticker did with milestones", ["what"])


Holds = Callable[[ActingGrant, Resident], Awaitable[bool]]
"""Whether a grant in force still holds in somebody's hands, by whoever can tell."""


class LinkedPeople:
    """The residents and their grants, as the reminders know them."""

    def __init__(self, stores: AuthStores, personal: IdNumbers, holds: Holds, clock: Clock) -> None:
        self._holds = holds
        self._residents = stores.residents
        self._grants = stores.grants
        self._personal = personal
        self._vault = Vault(stores.resident_keys, personal, secrets.token_bytes)
        self._clock = clock

    async def readers_of(self, subjects: Mapping[str, date | None]) -> Mapping[str, Sequence[Reader]]:
        """Whose accounts are addressed in what concerns each of ``subjects``, born then."""
        now = self._clock()
        accounts = await accounts_of(self._residents, list(subjects))
        by_whom: dict[str, list[ActingGrant]] = {}
        for grant in await self._grants.standing_for(list(subjects), DECIDING, now=now):
            by_whom.setdefault(grant.whom, []).append(grant)
        agents = await accounts_of(
            self._residents, sorted({each.agent for grants in by_whom.values() for each in grants})
        )
        guardians = {each.agent for grants in by_whom.values() for each in grants if _of_a_child(each)}
        called = self._told_apart(
            [] if not guardians else await self._grants.children_of(sorted(guardians), now=now)
        )
        found: dict[str, Sequence[Reader]] = {}
        for subject, birth in subjects.items():
            own, born = accounts.get(subject), birth
            if own is not None and born is None:
                number = await self._vault.number(own)
                born = None if number is None else date.fromisoformat(number[6:14])
            readers: dict[str, Reader] = {}
            if own is not None and self._has_reached(born, _ADDRESSED_AGE_MONTHS):
                readers[own.id] = await self._own(own)
            for grant in by_whom.get(subject, ()):
                agent = agents.get(grant.agent)
                # Who has come of age has no guardian any more, whatever the grant says.
                if agent is not None and not self._has_reached(born, _OF_AGE_MONTHS):
                    readers.setdefault(agent.id, _reader(agent, grant, called))
            found[subject] = list(readers.values())
        return found

    async def wards_of(self, resident: str) -> Mapping[str, Reader]:
        """Whom ``resident`` acts for now, and they themselves.

        A guardian whom the register does not know any more is none from here on. Where it is away or slow its
        last word holds: what is shown here was theirs to read yesterday, and nothing can be done by it.
        """
        own = await self._residents.root_of(resident)
        if own is None or own.holder is None or own.standing is not Standing.ACTIVE:
            return {}
        wards = {own.holder: await self._own(own)}
        found = await self._grants.in_force(own.holder, now=self._clock(), limit=_MOST_WARDS)
        called = self._told_apart(found)
        holding = await asyncio.gather(*(self._holding(grant, own) for grant in found))
        for grant in compress(found, holding):
            reader = _reader(own, grant, called)
            known = wards.get(grant.whom)
            if reader.topics and (known is None or (reader.decides and not known.decides)):
                wards[grant.whom] = reader
        return wards

    async def _holding(self, grant: ActingGrant, own: Resident) -> bool:
        try:
            async with asyncio.timeout(_REGISTER_SECONDS):
                return await self._holds(grant, own)
        except (TimeoutError, FamilyRegisterUnavailable):
            return True

    def _told_apart(self, grants: Sequence[ActingGrant]) -> Mapping[str, str]:
        """By grant how a child is called whose masked name a sibling has as well: numbered, the eldest first.

        Not by an age or a month of birth: what is told is seen on locked screens.
        """
        alike: dict[tuple[str, str], list[ActingGrant]] = {}
        for grant in filter(_of_a_child, grants):
            alike.setdefault((grant.agent, grant.whom_name or ""), []).append(grant)
        called: dict[str, str] = {}
        for (_, name), siblings in alike.items():
            if len(siblings) > 1:
                numbered = enumerate(sorted(siblings, key=self._birth), 1)
                called |= {grant.id: f"{name}({number})" for number, grant in numbered}
        return called

    def _birth(self, grant: ActingGrant) -> tuple[str, str]:
        """When a child was born; of twins, who was registered first."""
        number = self._personal.open(grant.child or b"", child_context(grant.id)).decode()
        return number[6:14], number[14:17]

    async def _own(self, resident: Resident) -> Reader:
        name = await self._vault.name(resident)
        masked = "" if name is None else self._personal.mask_name(name)
        return Reader(resident=resident.id, name=masked, own=True)

    def _has_reached(self, born: date | None, months: int) -> bool:
        return born is not None and self._clock().astimezone(SHANGHAI).date() >= add_months(born, months)


async def accounts_of(residents: Residents, holders: Sequence[str]) -> Mapping[str, Resident]:
    """The accounts of those who hold these ID numbers and may sign in."""
    found = await residents.by_holders(holders)
    roots = {holder: await residents.root(each) for holder, each in found.items()}
    return {
        holder: root
        for holder, root in roots.items()
        if root is not None and root.standing is Standing.ACTIVE
    }


def _of_a_child(grant: ActingGrant) -> bool:
    return grant.kind is ActingKind.GUARDIAN and grant.child is not None


def _reader(resident: Resident, grant: ActingGrant, called: Mapping[str, str]) -> Reader:
    return Reader(
        resident=resident.id,
        name=called.get(grant.id, grant.whom_name or ""),
        own=False,
        topics=_topics(grant),
        decides=grant.kind in DECIDING,
    )


def _topics(grant: ActingGrant) -> frozenset[Topic]:
    """What of another's timeline a grant lets one see: a guardian all, others what they were granted."""
    certificates = frozenset({Topic.EXPIRY}) if "wallet:read" in grant.scopes else frozenset()
    match grant.kind:
        case ActingKind.GUARDIAN:
            return frozenset(Topic)
        case ActingKind.FAMILY:
            body = _BODY if "health:show" in grant.scopes else frozenset()
            return certificates | body | (_MONEY if certificates else frozenset())
        case ActingKind.ENTERPRISE:
            return certificates | {Topic.POLICY}
        case ActingKind.CLERK:
            return frozenset()


class HeldCredentials:
    """The wallet's certificates, as the reminders know them."""

    def __init__(self, credentials: CredentialStore, registry: Registry, personal: IdNumbers) -> None:
        self._credentials = credentials
        self._registry = registry
        self._personal = personal

    async def held_by(self, subjects: Sequence[str]) -> Mapping[str, Sequence[Held]]:
        """The certificates in force that each of ``subjects`` holds and that end some day.

        A child's lie in its parents' wallets too and are the child's; an organisation's are of whoever
        keeps them.
        """
        found: dict[str, list[Held]] = {subject: [] for subject in subjects}
        for credential in await self._credentials.ending(list(found)):
            until = credential.valid_until
            of = self._registry.types.get(credential.type)
            if until is None or of is None:
                continue
            owners = set(credential.keepers)
            if of.holder is HolderKind.PERSON:
                owners = {self._holder(credential)}
            held = Held(
                id=credential.id,
                type=credential.type,
                title_zh=of.name.zh,
                title_en=of.name.en,
                issued=credential.valid_from,
                valid_until=until,
            )
            for subject in owners & found.keys():
                found[subject].append(held)
        return found

    def _holder(self, credential: Credential) -> str:
        return self._personal.hash(open_secrets(credential, self._personal).holder_number)


class Catalogue:
    """The programmes of a city: those shipped, and its own policies."""

    def __init__(self, policies_file: Path | None, *, month_end: MonthEnd) -> None:
        own = None if policies_file is None else policies_file.read_bytes()
        self._policies = policies() if own is None else read_policies(own)
        digest = blake2b(own or b"", digest_size=6, person=month_end.value.encode())
        self._month_end = month_end
        for file in sorted(files("push.programmes").iterdir(), key=lambda each: each.name):
            if file.name.endswith(".json"):
                digest.update(file.read_bytes())
        self._fingerprint = digest.hexdigest()

    def name(self, as_of: date) -> str:
        """What people are planned by: another name when another edition is in force, or the data changed."""
        programme = in_force(as_of)
        return f"{programme.id}/{programme.dtp}/{self._fingerprint}"

    def in_force(self, as_of: date, region: str | None) -> Programmes:
        """The programmes in force on a day, with what a region adds."""
        return self._with(in_force(as_of, region), region)

    def by_edition(self, name: str) -> InForce:
        """The same with this edition of the national programme, whatever the day."""
        return lambda _, region: self._with(edition(name, region), region)

    def words(self, programme: str, clause: str) -> Text:
        """What a clause says; of a policy, why one is told of it."""
        policy = next((each for each in self._policies.policies if each.id == clause), None)
        if policy is not None and programme == self._policies.id:
            return Text(zh=policy.clause.zh, en=policy.clause.en)
        try:
            zh, en = clause_text(programme, clause)
        except KeyError:
            # An edition that is not shipped any more: its clause is still called so.
            return Text(zh=clause, en=clause)
        return Text(zh=zh, en=en)

    def _with(self, vaccination: Programme, region: str | None) -> Programmes:
        return Programmes(
            vaccination=vaccination,
            enrolment=enrolment_in(region) if region in ENROLMENT else None,
            expiry=expiry(),
            insurance=insurance(),
            policies=self._policies,
            month_end=self._month_end,
        )


class _Meter:
    """Counts what tickers do, for the operators."""

    def fired(self, milestones: int, intents: int) -> None:
        _ticked.labels("fired").inc(milestones)
        _ticked.labels("intents").inc(intents)

    def lapsed(self, milestones: int) -> None:
        _ticked.labels("lapsed").inc(milestones)

    def unread(self, milestones: int) -> None:
        _ticked.labels("unread").inc(milestones)

    def lost_claim(self) -> None:
        _ticked.labels("lost_claim").inc()


class TimelineParts:
    """What is due and when it is told of, wired."""

    def __init__(
        self,
        *,
        mongo: Database,
        outbox: OutboxStore,
        personal: IdNumbers,
        auth_stores: AuthStores,
        holds: Holds,
        credentials: CredentialStore,
        registry: Registry,
        recorder: AuditRecorder,
        clock: Clock,
        chance: Callable[[int], bytes],
        settings: PushSettings,
    ) -> None:
        self.settings = settings
        self.recorder = recorder
        self.catalogue = Catalogue(settings.policies_file, month_end=MonthEnd(settings.month_end))
        self.people = PeopleStore(mongo["push_people"], mongo["push_facts"], mongo["push_replannings"])
        self.store = TimelineStore(mongo["push_timeline"], mongo["push_milestones"])
        self.shards = ShardStore(mongo["push_shards"])
        self.transactions = transactions = Transactions(mongo.client)
        self.linked = linked = LinkedPeople(auth_stores, personal, holds, clock)
        self.planner = Planner(
            people=self.people,
            timeline=self.store,
            outbox=outbox,
            transactions=transactions,
            credentials=HeldCredentials(credentials, registry, personal),
            personal=personal,
            edition=Edition(name=self.catalogue.name, in_force=self.catalogue.in_force),
            clock=clock,
        )
        self.intake = FactIntake(
            planner=self.planner,
            personal=personal,
            valid_number=_is_id_number,
            valid_division=is_division,
            audit=recorder.record,
            clock=clock,
        )
        self.timeline = Timeline(
            timeline=self.store,
            people=self.people,
            outbox=outbox,
            transactions=transactions,
            readers=linked,
            personal=personal,
            words=self.catalogue.words,
            clock=clock,
        )
        self._clock = clock
        self._chance = chance
        self.ticker = Ticker(
            holder=chance(16).hex(),
            shards=self.shards,
            timeline=self.store,
            people=self.people,
            outbox=outbox,
            planner=self.planner,
            readers=linked,
            transactions=transactions,
            personal=personal,
            meter=_Meter(),
            clock=clock,
        )

    async def replan(self, seen: Callable[[int], bool] | None = None) -> Difference | None:
        """Go on with the walk to the programmes in force; what it changed, or None if it is not at its end.

        One process at a time walks, for most of a minute, or for as long as ``seen``, which hears how many
        were planned, says so. The claim is not needed for being right: two that walk at once only make each
        other begin anew.
        """
        claim = await self.shards.claim([WALK], self._chance(16).hex())
        if claim is None:
            return None
        began = self._clock()

        async def told(count: int) -> bool:
            await self.shards.hold(claim)
            return self._clock() - began < _WALK_FOR if seen is None else seen(count)

        try:
            return await self.planner.walk(told=told)
        except FenceLost:
            return None
        finally:
            await self.shards.release(claim)

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (self.people, self.store, self.shards):
            await store.ensure_indexes()


def _is_id_number(number: str) -> bool:
    try:
        check_id_number(number)
    except InvalidIdNumber:
        return False
    return True

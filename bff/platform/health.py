"""The health code's parts, wired: its stores, its rule book, its keys, and the residents it tells."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis

from auth_bridges.acting import ActingService
from auth_bridges.models import ActingGrant, Notice, NoticeKind, Resident
from auth_bridges.ports import Chance, Clock, Notify
from auth_bridges.refusals import ScopeMissing
from auth_bridges.store import AuthStores
from auth_bridges.vault import Vault
from bff.platform.audit import AuditRecorder, AuditTrail
from bff.platform.changes import Changes
from bff.platform.coalesce import together
from bff.platform.code_ring import CodeRing
from bff.platform.health_venues import VenueParts
from bff.platform.idnumbers import IdNumbers
from bff.platform.ids import timed_id
from bff.platform.keys import KeyRing
from bff.platform.mongo import MONGO_OUTAGES, Database
from bff.platform.outbound import Outbound
from bff.platform.redis import REDIS_OUTAGES, ScriptRunner
from health_code.appeals import Appeals
from health_code.carrying import Carrying
from health_code.checking import HealthChecks
from health_code.codec.certificates import Checked
from health_code.codec.dynamic import DynamicCodes
from health_code.codec.foreign import Desk
from health_code.codec.revocation import Revocations
from health_code.codec.signed import KID
from health_code.codec.trust import Trust
from health_code.declaring import Declaring
from health_code.disputes import Disputes
from health_code.families import Families
from health_code.freshening import Freshening
from health_code.manual import ManualEvidence
from health_code.models import ChainHead, Department, Reason, Ward
from health_code.packs import shipped_rule_sets
from health_code.papers import PaperCodes
from health_code.polling import Polling
from health_code.ports import Admit
from health_code.prefetching import OfflineCodes
from health_code.publishing import Publishing
from health_code.reasons import manual_reasons
from health_code.recalling import Recalling
from health_code.recolouring import Recolouring
from health_code.reporting import Reporting
from health_code.retiring import Retiring
from health_code.rulebook import RuleBook
from health_code.rules.documents import Colour
from health_code.rules.evidence import Kind
from health_code.rules.same_person import Holder
from health_code.service import HealthCodes
from health_code.settings import HealthSettings
from health_code.showing import Showing
from health_code.silence import Silence
from health_code.sources.http import HttpSource
from health_code.sources.vouching import Vouchers, Vouching
from health_code.statistics import Statistics
from health_code.store import (
    AppealStore,
    EndingStore,
    EvidenceStore,
    FamilyStore,
    Lease,
    ManualStore,
    PaperStore,
    RetiringStore,
    RuleSetStore,
    ScanStore,
    SnapshotStore,
    SourceStore,
    StateStore,
    StatisticsStore,
)
from health_code.store.scans import STREAM as SCAN_STREAM
from health_code.turning import Turning
from miniapp_schemas.acting import ActingKind
from wallet.refusals import InvalidIdNumber
from wallet.rules.identifiers import check_id_number

STREAM: Final = "{health}:evidence"
SCANS: Final = SCAN_STREAM
_CHANGES: Final = "health:changes"
_WAKE: Final = "for _, subject in ipairs(ARGV) do redis.call('XADD', KEYS[1], '*', 'e', subject) end"
_log: Final = structlog.get_logger(__name__)
_cohorts: Final = Counter(
    "suishen_health_manual_cohort",
    "Entries by hand, proposed or confirmed, whose reason hit a whole cohort of people",
    ["reason"],
)
_overdue: Final = Gauge("suishen_health_appeals_overdue", "Open appeals past their deadline")


_SHOW: Final = "health:show"
_FAMILY: Final = frozenset({ActingKind.GUARDIAN, ActingKind.FAMILY})


class Residents:
    """The residents, as the health code knows them: a masked name, and a way to tell them."""

    def __init__(self, stores: AuthStores, personal: IdNumbers, notify: Notify) -> None:
        self._stores = stores
        self._notify = notify
        self._vault = Vault(stores.resident_keys, personal, secrets.token_bytes)
        self._personal = personal
        # Those judged together are looked up together.
        self._resident: Callable[[str], Awaitable[Resident | None]] = together(self._residents)

    async def _residents(self, subjects: Sequence[str]) -> Sequence[Resident | None]:
        found = await self._stores.residents.by_holders(subjects)
        return [found.get(subject) for subject in subjects]

    async def masked_name(self, subject: str) -> str | None:
        """The name of who holds the ID number behind ``subject``, masked; None for nobody we know."""
        resident = await self._resident(subject)
        name = None if resident is None else await self._vault.name(resident)
        if name is not None:
            return self._personal.mask_name(name)
        # A child has no account of its own: it is known by the name its guardian's grant has.
        return await self._stores.grants.name_of(subject, now=datetime.now(UTC))

    async def identity(self, subject: str) -> Holder | None:
        """The name and birth date of who holds the ID number behind ``subject``; None for nobody we know."""
        resident = await self._stores.residents.by_holder(subject)
        if resident is None:
            return None
        name, number = await self._vault.name(resident), await self._vault.number(resident)
        if name is None or number is None:
            return None
        return Holder(given=name, birth_date=date.fromisoformat(number[6:14]).isoformat())

    async def tell(self, subject: str, colour: Colour, reasons: Sequence[Reason], *, at: datetime) -> None:
        """Send a notice that the colour has changed; the same (subject, at) again is the same notice."""
        del colour, reasons  # a notice says that it changed; which colour is for the unlocked phone
        name = sha256(f"{subject}|{at.isoformat()}".encode()).hexdigest()[:32]
        await self._notice(subject, name, NoticeKind.HEALTH_CODE_CHANGED, at)

    async def hear(self, subject: str, entry: str, *, withdrawn: bool, at: datetime) -> None:
        """Send a notice that evidence was entered by hand, or taken back; one for each ``entry``."""
        kind = NoticeKind.HEALTH_EVIDENCE_WITHDRAWN if withdrawn else NoticeKind.HEALTH_EVIDENCE_BY_HAND
        await self._notice(subject, f"{entry}:{kind}", kind, at)

    async def follow(self, subject: str, appeal: str, state: str, *, at: datetime) -> None:
        """Send a notice that an appeal came into ``state``; the same (appeal, state, at) is the same one."""
        # MongoDB keeps whole milliseconds: told again from what it kept, it is the same notice.
        moment = int(at.timestamp() * 1000)
        await self._notice(subject, f"{appeal}:{state}:{moment}", NoticeKind.HEALTH_APPEAL_MOVED, at)

    async def _notice(self, subject: str, name: str, kind: NoticeKind, at: datetime) -> None:
        resident = await self._resident(subject)
        if resident is not None:
            await self._notify(Notice(id=name, resident=resident.id, kind=kind, at=at))


class FamilyGrants:
    """The grants by which somebody may show for others, as guardian or as family."""

    def __init__(self, acting: ActingService, stores: AuthStores, clock: Clock) -> None:
        self._acting = acting
        self._grants = stores.grants
        self._clock = clock

    async def of(self, resident: str, key: str) -> Sequence[Ward]:
        """Whom ``resident``, whose own evidence lies under ``key``, may show for now."""
        grants = await self._acting.may_act(resident, key)
        return [_ward(grant) for grant in grants if _may_show(grant)]

    async def by(self, resident: str, grant: str) -> Ward:
        """Whom ``resident`` may show for by ``grant`` now, or a refusal: not theirs, not for this, ended."""
        usable = await self._acting.usable(resident, grant)
        if not _may_show(usable):
            raise ScopeMissing(scope=_SHOW)
        return _ward(usable)

    async def in_force(self, grants: Sequence[str]) -> frozenset[str]:
        """Which of ``grants`` let anybody show now."""
        return await self._grants.standing(grants, now=self._clock())


class CodeKeys:
    """The keys of dynamic codes: one a day, derived, so that every process has the same without asking."""

    def __init__(self, personal: IdNumbers, clock: Clock) -> None:
        self._personal = personal
        self._clock = clock
        self._day: int | None = None
        self._codes: DynamicCodes

    def __call__(self) -> DynamicCodes:
        """Today's codes; yesterday's and tomorrow's still open, for clocks and midnights."""
        day = self._clock().toordinal()
        if day != self._day:
            self._codes = DynamicCodes(dict(map(self._key, (day, day - 1, day + 1))))
            self._day = day
        return self._codes

    def _key(self, day: int) -> tuple[bytes, bytes]:
        return bytes([day % 256]), self._personal.secret(f"health-code:{day}")


class HealthParts:
    """Everything of the health code that a process needs."""

    def __init__(
        self,
        *,
        mongo: Database,
        redis: Redis,
        run: ScriptRunner,
        personal: IdNumbers,
        auth_stores: AuthStores,
        acting: ActingService,
        notify: Notify,
        keys: KeyRing,
        recorder: AuditRecorder,
        trail: AuditTrail,
        city: str,
        admit: Admit,
        clock: Clock,
        chance: Chance,
        http: Outbound,
        ring: KeyRing,
        settings: HealthSettings,
    ) -> None:
        self._run = run
        self.changes = Changes(redis, _CHANGES)
        residents = Residents(auth_stores, personal, notify)
        self.evidence = EvidenceStore(mongo["health_evidence"], mongo["health_chains"], together=together)
        self.ended = EndingStore(mongo["health_ended"])
        self.states = StateStore(mongo["health_states"], mongo["health_changes"])
        self.rule_sets = RuleSetStore(mongo["health_rule_sets"])
        self.sources = sources = SourceStore(mongo["health_sources"])
        self.snapshots = snapshots = SnapshotStore(run)
        self.silence = Silence(sources)
        self.manual_entries = ManualStore(
            mongo["health_manual"], mongo["health_manual_cohorts"], mongo["health_manual_alarms"]
        )
        self.filed = AppealStore(mongo["health_appeals"], mongo["health_appeal_files"])
        self.book = RuleBook(self.rule_sets, shipped_rule_sets())
        self.carrying = Carrying(
            verify=_trusted(settings.trust_dir),
            issuers=Vouchers(http, _vouching(settings.vouchers_file), clock=clock),
            evidence=self.evidence,
            identity=residents.identity,
            personal=personal,
            wake=self._wake,
            admit=admit,
            audit=recorder.record,
            clock=clock,
            timed_id=timed_id,
            jurisdiction=settings.jurisdiction,
        )
        self.publishing = Publishing(
            rule_sets=self.rule_sets, book=self.book, audit=recorder.record, clock=clock
        )
        self._scans = ScanStore(mongo["health_scans"], run)
        self._papers = PaperStore(mongo["health_papers"], run)
        self._families = FamilyStore(mongo["health_families"])
        self.recolouring = Recolouring(
            evidence=self.evidence,
            ended=self.ended,
            sources=sources,
            states=self.states,
            snapshots=snapshots,
            book=self.book,
            people=residents,
            personal=personal,
            announce=self.changes.announce,
            audit=recorder.record,
            clock=clock,
            jurisdiction=settings.jurisdiction,
        )
        self.recalling = Recalling(
            evidence=self.evidence,
            ended=self.ended,
            states=self.states,
            book=self.book,
            personal=personal,
            audit=recorder.record,
            clock=clock,
            jurisdiction=settings.jurisdiction,
        )
        self.turning = Turning(self.recolouring, Lease(run, "turning", holder=chance(16).hex()))

        def silent() -> Sequence[str]:
            return self.silence.of(self.recolouring.in_force(), clock())

        showing = Showing(silent=silent, name=self.silence.name, limits=settings.limits)
        self.venues = VenueParts(
            mongo=mongo,
            run=run,
            snapshot=snapshots.get,
            showing=showing,
            personal=personal,
            recorder=recorder,
            admit=admit,
            clock=clock,
            chance=chance,
            ring=ring,
            settings=settings,
        )
        self.reporting = Reporting(
            evidence=self.evidence,
            sources=sources,
            personal=personal,
            valid_number=_is_id_number,
            find_traced=self.venues.tracing.traced,
            wake=self._wake,
            audit=recorder.record,
            clock=clock,
            timed_id=timed_id,
            jurisdiction=settings.jurisdiction,
        )
        self.polling = Polling(
            _polled(settings.polled_file, http),
            reporting=self.reporting,
            store=sources,
            lease=Lease(run, "polling", holder=chance(16).hex(), keep_ms=30_000),
            clock=clock,
        )
        self.manual = ManualEvidence(
            entries=self.manual_entries,
            evidence=self.evidence,
            people=residents,
            personal=personal,
            reasons=manual_reasons(),
            valid_number=_is_id_number,
            wake=self._wake,
            alarmed=_alarmed,
            audit=recorder.record,
            clock=clock,
            timed_id=timed_id,
            settings=settings,
        )
        self.appeals = Appeals(
            appeals=self.filed,
            disputes=Disputes(
                evidence=self.evidence,
                personal=personal,
                timed_id=timed_id,
                jurisdiction=settings.jurisdiction,
            ),
            states=self.states,
            showing=showing,
            people=residents,
            personal=personal,
            wake=self._wake,
            audit=recorder.record,
            clock=clock,
            timed_id=timed_id,
            settings=settings,
        )
        self.statistics = Statistics(
            states=self.states,
            manual=self.manual_entries,
            appeals=self.filed,
            kept=StatisticsStore(mongo["health_statistics"]),
            clock=clock,
        )
        self.retiring = Retiring(
            store=RetiringStore(mongo, redis),
            evidence=self.evidence,
            ended=self.ended,
            audited=_heads_of(trail),
            wake=self._wake,
            audit=recorder.record,
            clock=clock,
            city=city,
        )
        dynamic = CodeKeys(personal, clock)
        self.keys = CodeRing(keys, name_bytes=KID)
        self.codes = HealthCodes(
            fresh=Freshening(
                snapshots=snapshots,
                recolouring=self.recolouring,
                together=together,
                away=(*MONGO_OUTAGES, *REDIS_OUTAGES),
                clock=clock,
            ),
            showing=showing,
            codes=dynamic,
            clock=clock,
            chance=chance,
            settings=settings,
        )
        self.offline = OfflineCodes(codes=self.codes, keys=self.keys, jurisdiction=settings.jurisdiction)
        self.papers = PaperCodes(
            papers=self._papers,
            people=residents,
            keys=self.keys,
            admit=admit,
            audit=recorder.record,
            clock=clock,
            chance=chance,
            jurisdiction=settings.jurisdiction,
        )
        self.families = Families(
            families=self._families,
            wards=FamilyGrants(acting, auth_stores, clock),
            codes=self.codes,
            audit=recorder.record,
            clock=clock,
        )
        self.declaring = Declaring(
            evidence=self.evidence,
            personal=personal,
            wake=self._wake,
            admit=admit,
            audit=recorder.record,
            clock=clock,
            timed_id=timed_id,
            jurisdiction=settings.jurisdiction,
        )
        self.checks = HealthChecks(
            codes=self.codes,
            snapshots=snapshots,
            papers=self._papers,
            scans=self._scans,
            dynamic=dynamic,
            keys=self.keys,
            personal=personal,
            admit=admit,
            away=MONGO_OUTAGES,
            clock=clock,
            timed_id=timed_id,
            settings=settings,
        )

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat."""
        for store in (
            self.evidence,
            self.states,
            self.rule_sets,
            self.manual_entries,
            self.filed,
            self._scans,
            self._papers,
            self._families,
            self.venues,
        ):
            await store.ensure_indexes()

    async def settle(self) -> None:
        """Finish what two people agreed on and a dead process left, and say what is late."""
        await self.manual.settle()
        _overdue.set(await self.appeals.settle())

    async def absorb(self, entries: Sequence[bytes]) -> None:
        """Judge the people named in ``entries`` of the stream."""
        await self.recolouring.judge([entry.decode() for entry in entries])

    async def absorb_scans(self, entries: Sequence[bytes]) -> None:
        """Keep what guards scanned."""
        await self._scans.absorb(entries)

    async def _wake(self, subjects: Sequence[str]) -> None:
        await self._run(_WAKE, [STREAM], subjects)


class _Polled(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the file of polled sources."""

    id: str
    name: str
    kinds: frozenset[Kind]
    url: str
    key: str


def _polled(file: Path | None, http: Outbound) -> list[HttpSource]:
    if file is None:
        return []
    return [
        HttpSource(
            http,
            Department(id=each.id, name=each.name, kinds=each.kinds - {Kind.MANUAL}),
            url=each.url,
            key=each.key,
        )
        for each in msgspec.json.decode(file.read_bytes(), type=list[_Polled])
    ]


def _vouching(file: Path | None) -> list[Vouching]:
    return [] if file is None else msgspec.json.decode(file.read_bytes(), type=list[Vouching])


def _heads_of(trail: AuditTrail) -> Callable[[], Awaitable[Sequence[ChainHead]]]:
    async def heads() -> Sequence[ChainHead]:
        return [
            ChainHead(chain=f"audit:{head.chain}", sequence=head.sequence, hash=head.hash)
            for head in await trail.heads()
        ]

    return heads


def _alarmed(reason: str, people: int) -> None:
    _cohorts.labels(reason).inc()
    _log.error("health.manual_cohort", reason=reason, people=people)


def _may_show(grant: ActingGrant) -> bool:
    return grant.kind in _FAMILY and _SHOW in grant.scopes


def _ward(grant: ActingGrant) -> Ward:
    return Ward(
        grant=grant.id,
        subject=grant.whom,
        name=grant.whom_name or "",
        kind="guardian" if grant.kind is ActingKind.GUARDIAN else "family",
        until=grant.expires_at,
    )


def _trusted(folder: Path | None) -> Callable[[str, datetime], Checked]:
    """Verifies by the keys and lists in ``folder``; without one nothing is believed.

    Keys of cards that do not say whose they are are nobody's: whoever put them there saw no card.
    """
    files = {} if folder is None else _files(folder)
    trust = Trust.of(files, vouched=False) if files else Trust()
    if trust.unsaid:
        _log.warning("health.trust.unsaid", files=trust.unsaid)
    desk = Desk(trust, Revocations.of(files))
    return lambda text, at: desk.verify(text, at=at)


def _files(folder: Path) -> Mapping[str, bytes]:
    """By their paths in the folder: one laid out as issuers' sites are says by them whose keys there are."""
    found = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def _is_id_number(number: str) -> bool:
    try:
        check_id_number(number)
    except InvalidIdNumber:
        return False
    return True

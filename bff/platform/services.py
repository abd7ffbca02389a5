"""Platform: the one place where everything is wired.

Ports of the domains are met here and nowhere else. A process opens one ``Platform`` and closes it; the
order of closing is the order of opening, backwards.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from collections.abc import Collection as Several
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

import structlog
from redis.asyncio import Redis

from auth_bridges.accounts import Accounts, Outside
from auth_bridges.acting import ActingService, acting_for
from auth_bridges.bridges.alipay import AlipayBridge
from auth_bridges.bridges.alipay_client import AlipayClient
from auth_bridges.bridges.alipay_face import AlipayFaceCheck
from auth_bridges.bridges.alipay_phone import AlipayPhone
from auth_bridges.bridges.alipay_transport import alipay_app
from auth_bridges.bridges.family import FamilyBridge
from auth_bridges.bridges.oidc import OpenIdProvider
from auth_bridges.bridges.population import Population
from auth_bridges.bridges.revocation import Revocations
from auth_bridges.bridges.sms import SmsGateway
from auth_bridges.bridges.wechat import WechatBridge
from auth_bridges.bridges.wechat_api import WechatApi
from auth_bridges.bridges.wechat_secure import SecureChannel, read_secure_keys
from auth_bridges.bridges.wechat_token import StableToken
from auth_bridges.bridges.wechat_wire import WechatWire
from auth_bridges.codec.certificates import Certificate, read_bundle
from auth_bridges.federation import Federation
from auth_bridges.legal_persons import LegalPersons
from auth_bridges.passphrases import Passphrases
from auth_bridges.ports import Clock, LearntCertificates
from auth_bridges.provider_tokens import ProviderTokens
from auth_bridges.refusals import ProviderNotOffered
from auth_bridges.registrar import Registrar
from auth_bridges.second_factors import SecondFactors
from auth_bridges.service import AuthService
from auth_bridges.settings import AuthSettings
from auth_bridges.store import AuthStores, ProviderTokenStore, SessionKeys
from auth_bridges.tokens import AccessTokens
from bff.platform.audit import STREAM as AUDIT_STREAM
from bff.platform.audit import AuditEvent, AuditRecorder, AuditTrail, decode_event
from bff.platform.blocks import Blocks, BlockSource
from bff.platform.checkpoints import AuditCheckpoints
from bff.platform.coalesce import together
from bff.platform.code_ring import CodeRing
from bff.platform.combined import CombinedCodes
from bff.platform.drain import Drain
from bff.platform.health import SCANS, HealthParts
from bff.platform.health import STREAM as HEALTH_STREAM
from bff.platform.idempotency import Idempotency
from bff.platform.identity import Authenticator, Principal
from bff.platform.idnumbers import IdNumbers
from bff.platform.ids import timed_id
from bff.platform.keys import KeyRing
from bff.platform.limits import Limits, Rate
from bff.platform.mongo import Database, ReaderById, at_leisure, database, open_mongo
from bff.platform.outbound import Outbound
from bff.platform.probes import Probe
from bff.platform.push import PushParts
from bff.platform.push_outbox import Carrier, NoticeIntents
from bff.platform.redis import ScriptRunner, open_redis
from bff.platform.settings import Settings, is_unfit
from health_code.models import HEALTH_TYPES
from miniapp_schemas.assurance import AssuranceLevel
from push.store.outbox import OutboxStore
from push.timeline import Viewer
from push.timeline_models import PUSH_TYPES
from wallet.codec.keys import KID_BYTES
from wallet.issuers.base import load_registry
from wallet.issuing import Issuing
from wallet.models import Deputy, Shown, WalletEvent
from wallet.service import Wallet
from wallet.store import SHOWABLE, CredentialStore, PresentationStore, StatusListStore, UsageStore

_log: Final = structlog.get_logger("platform")
_HOME_CARDS: Final = 12
_HOME_USES: Final = 3
_HOME_ITEMS: Final = 3
_HOME_NOTICES: Final = 3
_HEARING_SECONDS: Final = 0.3
_HEALTH_REST_SECONDS: Final = 0.02
_PREPARE_SECONDS: Final = 0.05  # and twice as long each time: a city starts its stores beside its processes


def utc_now() -> datetime:
    """What time it is."""
    return datetime.now(UTC)


class Platform:
    """Everything a process needs, open."""

    def __init__(self, settings: Settings, mongo: Database, redis: Redis, http: Outbound) -> None:
        self.settings = settings
        self.clock = utc_now
        self._mongo = mongo
        self._redis = redis
        self._prepared = False
        run = ScriptRunner(redis, replicas=settings.platform.redis_replicas)
        platform, auth, wallet = settings.platform, settings.auth, settings.wallet

        self.limits = Limits(run)
        self.audit = AuditTrail(mongo["audit"])
        recorder = AuditRecorder(run)
        self.idempotency = Idempotency(mongo["idempotency"], self.clock)
        self.token_keys = KeyRing(auth.token_keys_dir)
        self.wallet_keys = KeyRing(wallet.keys_dir)
        self.health_keys = KeyRing(settings.health.keys_dir)
        self.oidc_keys = None if auth.oidc_keys_dir is None else KeyRing(auth.oidc_keys_dir)
        self.checkpoints = AuditCheckpoints(
            self.audit, mongo["audit_checkpoints"], redis, self.token_keys, self.clock
        )
        self.personal = IdNumbers(
            hash_key=bytes.fromhex(platform.id_hash_key),
            seal_keys=[bytes.fromhex(key) for key in platform.id_seal_keys],
        )

        tokens = AccessTokens(
            self.token_keys,
            issuer=auth.token_issuer,
            environment=platform.env.value,
            lifetime=timedelta(seconds=auth.access_token_seconds),
        )
        self.auth_stores = AuthStores(mongo, redis, run=run, together=together)
        notify = NoticeIntents(self.auth_stores.notices, OutboxStore(mongo["push_outbox"]), self.personal)
        self.alipay = _alipay(auth, http, self.auth_stores.alipay_certificates, self.clock)
        wechat, self.wechat = self._wire_wechat(auth, http, run)
        passphrases = Passphrases(secrets.token_bytes)
        self.second_factors = SecondFactors(
            self.auth_stores,
            demanded=auth.clerk_second_factor == "demanded",
            personal=self.personal,
            audit=recorder.record,
            clock=self.clock,
            chance=secrets.token_bytes,
        )
        self.auth = AuthService(
            settings=auth,
            stores=self.auth_stores,
            bridges=[wechat, *([] if self.alipay is None else [AlipayBridge(self.alipay)])],
            tokens=tokens,
            personal=self.personal,
            passphrases=passphrases,
            second_factors=self.second_factors,
            admit=self._admit_try,
            audit=recorder.record,
            clock=self.clock,
            chance=secrets.token_bytes,
        )
        self.legal_persons = LegalPersons(
            settings=auth,
            roots=_roots(auth.legal_person_roots_file),
            revocation=Revocations(http, self.clock, secrets.token_bytes),
            stores=self.auth_stores,
            personal=self.personal,
            admit=self._admit_try,
            audit=recorder.record,
            clock=self.clock,
            chance=secrets.token_bytes,
        )
        self.federation = Federation(
            settings=auth,
            stores=self.auth_stores,
            auth=self.auth,
            provider=self._openid_provider(http),
            personal=self.personal,
            admit=self._admit_try,
            audit=recorder.record,
            clock=self.clock,
            chance=secrets.token_bytes,
        )
        self.registry = registry = load_registry()
        self.registrar = Registrar(
            stores=self.auth_stores,
            personal=self.personal,
            passphrases=passphrases,
            second_factors=self.second_factors,
            enrolment=timedelta(days=auth.clerk_second_factor_days),
            lives=auth.proof_lives,
            audit=recorder.record,
            clock=self.clock,
            chance=secrets.token_bytes,
            may_be_asked=lambda address: not is_unfit(platform.env, address),
            types=[*registry.types, *HEALTH_TYPES, *PUSH_TYPES],
        )
        self.accounts = Accounts(
            settings=auth,
            environment=platform.env.value,
            stores=self.auth_stores,
            keys=self.token_keys,
            personal=self.personal,
            exchange=self.auth.subject_of,
            outside=self._outside(auth, http),
            admit=self._admit_try,
            audit=recorder.record,
            notify=notify,
            forget=self._forget,
            clock=self.clock,
            chance=secrets.token_bytes,
        )
        self.acting = ActingService(
            stores=self.auth_stores,
            tokens=tokens,
            personal=self.personal,
            family=_family(http, auth),
            legal=None if auth.legal_person_roots_file is None else self.legal_persons,
            gate=self.accounts.step_ups.require,
            notify=notify,
            admit=self._admit_try,
            audit=recorder.record,
            clock=self.clock,
            chance=secrets.token_bytes,
        )
        self.authenticator = Authenticator(
            tokens,
            self.token_keys,
            env=platform.env.value,
            clock=time.time,
            ops_token=platform.metrics_token,
        )

        keys = CodeRing(self.wallet_keys, name_bytes=KID_BYTES)
        self._credentials = CredentialStore(mongo["credentials"], ReaderById(mongo["credentials"], SHOWABLE))
        self._usages = UsageStore(mongo["usage_records"])
        self.issuing = Issuing(
            credentials=self._credentials,
            status_lists=StatusListStore(mongo["status_lists"]),
            registry=registry,
            keys=keys,
            personal=self.personal,
            audit=recorder.record,
            clock=self.clock,
            chance=secrets.token_bytes,
            timed_id=timed_id,
            changed=self._follow_wallets,
        )
        self.wallet = Wallet(
            credentials=self._credentials,
            usages=self._usages,
            presentations=PresentationStore(run, shards=wallet.event_shards),
            registry=registry,
            keys=keys,
            personal=self.personal,
            admit=self._admit_verification,
            clock=self.clock,
            chance=secrets.token_bytes,
            timed_id=timed_id,
            settings=wallet,
        )
        self.health = HealthParts(
            mongo=mongo,
            redis=redis,
            run=run,
            personal=self.personal,
            auth_stores=self.auth_stores,
            acting=self.acting,
            notify=notify,
            keys=self.health_keys,
            recorder=recorder,
            trail=self.audit,
            city=auth.token_issuer,
            admit=self._admit_try,
            clock=self.clock,
            chance=secrets.token_bytes,
            http=http,
            ring=self.token_keys,
            settings=settings.health,
        )
        self._offer_health()
        self.push = PushParts(
            mongo=mongo,
            redis=redis,
            run=run,
            personal=self.personal,
            auth_stores=self.auth_stores,
            holds=self.acting.holds,
            recorder=recorder,
            clock=self.clock,
            chance=secrets.token_bytes,
            http=http,
            wechat=self.wechat,
            alipay=self.alipay,
            settings=settings.push,
            credentials=self._credentials,
            registry=registry,
        )
        self._offer_push()
        self._clerk_rate = Rate(wallet.clerk_per_minute, max(1, wallet.clerk_per_minute // 2))
        self._organisation_rate = Rate(
            wallet.organisation_per_minute, max(1, wallet.organisation_per_minute // 10)
        )

        self.blocks = Blocks(self.clock)
        self._register_blocks()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, settings: Settings, *, patience: float | None = None) -> AsyncIterator[Self]:
        """Connect, wire and start what runs in the background; nothing is asked of a store yet.

        With ``patience``, for who has callers waiting, no operation on MongoDB takes longer than that.

        A store that is away does not stop the start: the process says it is not ready until the store is
        back and its indexes are made.
        """
        client = open_mongo(settings.platform.mongo_url, patience=patience)
        redis = open_redis(settings.platform.redis_url)
        try:
            async with Outbound.open() as http, contextlib.AsyncExitStack() as held:
                platform = cls(settings, database(client, settings.platform.mongo_database), redis, http)
                held.callback(platform.push.close)
                async with _background(
                    platform.token_keys.watch(),
                    platform.wallet_keys.watch(),
                    platform.health_keys.watch(),
                    *([] if platform.oidc_keys is None else [platform.oidc_keys.watch()]),
                    platform.authenticator.follow(platform.auth_stores.ended),
                    platform.health.book.follow(),
                    platform.health.changes.follow(),
                    platform.push_changes.follow(),
                    platform.health.silence.follow(),
                    platform.push.china.templates.follow(),
                    platform._prepare(),
                ):
                    # So that the first callers are not told to wait; where Redis is away, they are.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_HEARING_SECONDS):
                            await platform.authenticator.listening.wait()
                    yield platform
        finally:
            await redis.aclose()
            client.close()

    def probes(self) -> list[Probe]:
        """What this process needs to be of use."""
        return [
            Probe(name="mongo", check=self._mongo_answers),
            Probe(name="redis", check=self._redis_answers),
            Probe(name="indexes", check=self._indexes_made),
            Probe(name="endings", check=self._endings_heard),
            Probe(name="token_keys", check=_ring_is_whole(self.token_keys), required=False),
            Probe(name="wallet_keys", check=_ring_is_whole(self.wallet_keys), required=False),
            Probe(name="health_keys", check=_ring_is_whole(self.health_keys), required=False),
            *(
                []
                if self.oidc_keys is None
                else [Probe(name="oidc_keys", check=_ring_is_whole(self.oidc_keys), required=False)]
            ),
        ]

    def client_keys(self) -> KeyRing:
        """The keys by which OpenID providers know us, or a refusal where none is asked."""
        if self.oidc_keys is None:
            raise ProviderNotOffered
        return self.oidc_keys

    def drains(self) -> list[Drain]:
        """What a worker runs: one drain a stream."""
        consumer = _consumer()
        streams: list[tuple[str, Callable[[Sequence[bytes]], Awaitable[None]]]] = [
            (AUDIT_STREAM, self._absorb_audit),
            (SCANS, self.health.absorb_scans),
            *((stream, self.health_checkins.absorb) for stream in self.health_venues.streams),
            *((stream, self._absorb_wallet(stream)) for stream in self.wallet.streams),
        ]
        # Somebody looks at an open page until their evidence is judged: nothing rests there.
        health = Drain(
            self._redis, HEALTH_STREAM, self.health.absorb, consumer=consumer, rest=_HEALTH_REST_SECONDS
        )
        return [
            health,
            *(Drain(self._redis, stream, handle, consumer=consumer) for stream, handle in streams),
        ]

    def carriers(self) -> list[Carrier]:
        """What a worker runs besides: whatever carries reminders."""
        return self.push.carriers(consumer=_consumer())

    async def ensure_indexes(self) -> None:
        """Make every index; safe to repeat, and for several processes at once."""
        stores = (
            self._credentials,
            self._usages,
            self.audit,
            self.idempotency,
            self.auth_stores,
            self.health,
            self.push,
        )
        # Away is said in the client's own time; at leisure the driver would go on trying.
        await self._mongo.command("ping")
        with at_leisure():
            for store in stores:
                await store.ensure_indexes()

    def _offer_health(self) -> None:
        """The parts of the health code under the names that handlers ask for."""
        self.health_codes = self.health.codes
        self.health_carrying = self.health.carrying
        self.health_changes = self.health.changes
        self.health_code_keys = self.health.keys
        self.health_combined = CombinedCodes(
            wallet=self.wallet, codes=self.health.codes, checks=self.health.checks
        )
        self.health_declaring = self.health.declaring
        self.health_families = self.health.families
        self.health_offline = self.health.offline
        self.health_papers = self.health.papers
        self.health_reporting = self.health.reporting
        self.health_publishing = self.health.publishing
        self.health_manual = self.health.manual
        self.health_appeals = self.health.appeals
        self.health_statistics = self.health.statistics
        self.health_venues = self.health.venues.venues
        self.health_checkins = self.health.venues.book
        self.health_tracing = self.health.venues.tracing

    def _offer_push(self) -> None:
        """The parts of the reminders under the names that handlers ask for."""
        self.push_callbacks = self.push.china.callbacks
        self.push_text_receipts = self.push.text_receipts
        self.push_credits = self.push.china.credits
        self.push_templates = self.push.china.desk
        self.push_devices = self.push.phones.devices
        self.push_campaigns = self.push.operations.campaigns
        self.push_facts = self.push.timeline.intake
        self.timeline = self.push.timeline.timeline
        self.push_console = self.push.operations.console
        self.push_changes = self.push.delivery.changes
        self.push_inbox = self.push.delivery.inbox
        self.push_wishes = self.push.delivery.wishes

    def _wire_wechat(
        self, auth: AuthSettings, http: Outbound, run: ScriptRunner
    ) -> tuple[WechatBridge, WechatApi]:
        urls = [url for url in (auth.wechat_base_url, auth.wechat_fallback_url) if url]
        wire = WechatWire(http, base_urls=urls)
        appid, secret = auth.wechat_appid, auth.wechat_secret
        name = f"{self.settings.platform.env.value}:wechat:{appid}"
        session_keys = SessionKeys(self._redis, run, self.personal, appid=appid, clock=self.clock)
        secure = None
        if auth.wechat_secure_dir is not None:
            keys = read_secure_keys(auth.wechat_secure_dir)
            secure = SecureChannel(keys, appid=appid, clock=self.clock, chance=secrets.token_bytes)
        api = WechatApi(
            wire,
            appid=appid,
            tokens=ProviderTokens(
                store=ProviderTokenStore(self._redis, self.personal, name=name),
                fetch=StableToken(wire, appid=appid, secret=secret),
                clock=self.clock,
                chance=secrets.token_bytes,
            ),
            session_keys=session_keys,
            secure=secure,
            clock=self.clock,
        )
        return WechatBridge(wire, appid=appid, secret=secret, keep=session_keys.keep), api

    def _outside(self, auth: AuthSettings, http: Outbound) -> Outside:
        """Those the city has set up; half a setting is none."""
        sms = registry = face = packets = None
        if auth.sms_base_url is not None and auth.sms_key is not None:
            sms = SmsGateway(http, base_url=auth.sms_base_url, key=auth.sms_key)
        if auth.population_base_url is not None and auth.population_key is not None:
            registry = Population(http, base_url=auth.population_base_url, key=auth.population_key)
        if self.alipay is not None and auth.face_return_url is not None:
            face = AlipayFaceCheck(self.alipay, return_url=auth.face_return_url)
        if self.alipay is not None:
            packets = AlipayPhone(self.alipay, self.auth_stores.packets, self.clock)
        return Outside(
            send_code=sms,
            registry=registry,
            face=face,
            phone_by_code={"wechat": self.wechat},
            phone_by_packet={} if packets is None else {"alipay": packets},
        )

    # --- background ------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        pause = _PREPARE_SECONDS
        while not self._prepared:
            try:
                await self.ensure_indexes()
                self._prepared = True
            except Exception as failure:  # noqa: BLE001 - the store is away; readiness says so
                _log.warning("indexes not made yet", error=type(failure).__name__)
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)

    async def _mongo_answers(self) -> str | None:
        await self._mongo.command("ping")
        return None

    async def _redis_answers(self) -> str | None:
        await self._redis.ping()
        return None

    async def _indexes_made(self) -> str | None:
        return None if self._prepared else "not made yet"

    async def _endings_heard(self) -> str | None:
        return None if self.authenticator.listening.is_set() else "not heard of"

    # --- ports of the domains --------------------------------------------------------------------

    def _admit_try(self, bucket: str, caller: str, *, per_minute: int, burst: int) -> Awaitable[None]:
        return self.limits.admit(caller, (bucket, Rate(per_minute, burst)))

    async def _forget(self, residents: Several[str]) -> None:
        await self.push.forget(residents)

    def _openid_provider(self, http: Outbound) -> Callable[..., OpenIdProvider]:
        def make(*, issuer: str, client_id: str, redirect_uri: str, pushed: bool) -> OpenIdProvider:
            return OpenIdProvider(
                http,
                issuer=issuer,
                client_id=client_id,
                redirect_uri=redirect_uri,
                pushed=pushed,
                keys=self.client_keys(),
                clock=self.clock,
                chance=secrets.token_bytes,
            )

        return make

    def _admit_verification(self, organisation: str, clerk: str) -> Awaitable[None]:
        # One hash tag, the organisation: both buckets are judged in one step.
        return self.limits.admit(organisation, ("verify", self._organisation_rate), (clerk, self._clerk_rate))

    async def _absorb_audit(self, entries: Sequence[bytes]) -> None:
        await self.audit.append(AUDIT_STREAM, [decode_event(entry) for entry in entries])

    def _absorb_wallet(self, stream: str) -> Callable[[Sequence[bytes]], Awaitable[None]]:
        async def absorb(entries: Sequence[bytes]) -> None:
            events = await self.wallet.absorb(entries)
            await self.audit.append(stream, [_audited(event) for event in events])

        return absorb

    async def _follow_wallets(self, keepers: Sequence[str]) -> None:
        await self.push.timeline.planner.wake(keepers)

    # --- the first screen ------------------------------------------------------------------------

    def _register_blocks(self) -> None:
        async def certificates(principal: Principal) -> object:
            return await self.wallet.credentials(principal.holder or "", after=None, limit=_HOME_CARDS)

        async def recent_uses(principal: Principal) -> object:
            return await self.wallet.usages(principal.holder or "", before=None, limit=_HOME_USES)

        async def account(principal: Principal) -> object:
            return {"assurance": principal.assurance}

        async def acting(principal: Principal) -> object:
            own = principal.holder if principal.acting is None else None
            return [acting_for(grant) for grant in await self.acting.may_act(principal.subject, own)]

        async def notices(principal: Principal) -> object:
            return await self.push_inbox.page(principal.subject, topic=None, before=None, limit=_HOME_NOTICES)

        self.blocks.register(BlockSource(name="account", load=account, required=True))
        self.blocks.register(
            BlockSource(
                name="certificates",
                load=certificates,
                required=True,
                assurance=AssuranceLevel.L2,
                scope="wallet:read",
            )
        )
        self.blocks.register(
            BlockSource(name="recentUses", load=recent_uses, assurance=AssuranceLevel.L2, scope="wallet:read")
        )

        async def due(principal: Principal) -> object:
            whom = None if principal.acting is None else principal.acting.whom
            return await self.timeline.next(
                Viewer(resident=principal.subject, acting_for=whom), limit=_HOME_ITEMS
            )

        self.blocks.register(BlockSource(name="notices", load=notices))
        self.blocks.register(BlockSource(name="acting", load=acting, assurance=AssuranceLevel.L2))
        self.blocks.register(BlockSource(name="timeline", load=due, assurance=AssuranceLevel.L2))


def _consumer() -> str:
    """What this process is called among those that read a stream."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def _family(http: Outbound, auth: AuthSettings) -> FamilyBridge | None:
    if auth.family_base_url is None or auth.family_key is None:
        return None
    return FamilyBridge(http, base_url=auth.family_base_url, key=auth.family_key)


def _alipay(
    auth: AuthSettings, http: Outbound, learnt: LearntCertificates, clock: Clock
) -> AlipayClient | None:
    """Who asks Alipay; nobody in a city that has no app there."""
    app = alipay_app(auth)
    if app is None:
        return None
    return AlipayClient(
        http,
        app,
        base_url=auth.alipay_base_url,
        transport=auth.alipay_transport,
        learnt=learnt,
        clock=clock,
        chance=secrets.token_bytes,
    )


def _audited(event: WalletEvent) -> AuditEvent:
    """A wallet event as the audit trail tells it: pseudonyms, codes and claim names, no values."""
    if isinstance(event, Shown):
        return AuditEvent(
            id=event.id,
            at=event.at,
            kind="presentation.shown",
            actor=event.presenter if event.deputy is None else event.deputy.person,
            subject=event.credential,
            outcome="ok",
            facts={
                "presentation": event.presentation,
                "scene": event.scene,
                "claims": " ".join(event.claims),
                **_on_behalf(event.presenter, event.deputy),
            },
        )
    usage = event.usage
    facts = {"organisation": event.organisation}
    if usage is not None:
        facts |= _facts(usage.presentation, usage.scene, usage.claims)
        facts |= _on_behalf(None, usage.deputy)
    return AuditEvent(
        id=event.id,
        at=event.at,
        kind="presentation.checked",
        actor=event.clerk,
        subject=None if usage is None else usage.credential,
        outcome=event.verdict,
        facts=facts,
    )


def _on_behalf(keeper: str | None, deputy: Deputy | None) -> dict[str, str]:
    """Who showed it, for whom and by which grant, where it was not the keeper."""
    if deputy is None:
        return {}
    facts = {"shownBy": deputy.person, "onBehalfOf": keeper, "grant": deputy.grant, "case": deputy.case}
    return {name: value for name, value in facts.items() if value is not None}


def _facts(presentation: str, scene: str, claims: Sequence[str]) -> dict[str, str]:
    return {"presentation": presentation, "scene": scene, "claims": " ".join(claims)}


def _roots(file: Path | None) -> Sequence[Certificate]:
    return () if file is None else read_bundle(file.read_bytes())


def _ring_is_whole(ring: KeyRing) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        return None if ring.problem is None else ring.problem.en

    return check


@contextlib.asynccontextmanager
async def _background(*jobs: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        # Asked until they end: redis-py can lose a cancellation that comes in the moment of a reply, and a
        # loop that reads a stream for ever would then keep the process from ending.
        while any(not task.done() for task in tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=0.5)
        await asyncio.gather(*tasks, return_exceptions=True)

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
from datetime import UTC, datetime
from typing import Final, Self

import structlog
from redis.asyncio import Redis

from auth_bridges.models import ProviderSubject
from bff.platform.audit import STREAM as AUDIT_STREAM
from bff.platform.audit import AuditRecorder, AuditTrail, decode_event
from bff.platform.auth import AuthParts
from bff.platform.blocks import Blocks
from bff.platform.checkpoints import AuditCheckpoints
from bff.platform.code_ring import CodeRing
from bff.platform.combined import CombinedCodes
from bff.platform.drain import Drain
from bff.platform.first_screen import register_blocks
from bff.platform.health import SCANS, HealthParts
from bff.platform.health import STREAM as HEALTH_STREAM
from bff.platform.idempotency import Idempotency
from bff.platform.identity import Authenticator
from bff.platform.idnumbers import IdNumbers
from bff.platform.ids import timed_id
from bff.platform.keys import KeyRing
from bff.platform.limits import Limits, Rate
from bff.platform.mongo import Database, ReaderById, at_leisure, database, open_mongo
from bff.platform.outbound import PER_HOST, Outbound
from bff.platform.probes import Probe
from bff.platform.push import PushParts
from bff.platform.push_outbox import Carrier
from bff.platform.redis import ScriptRunner, open_redis
from bff.platform.refused import RefusalRecorder
from bff.platform.settings import Settings
from bff.platform.wallet_audit import audited
from health_code.models import HEALTH_TYPES
from push.timeline_models import PUSH_TYPES
from wallet.codec.keys import KID_BYTES
from wallet.issuers.base import load_registry
from wallet.issuing import Issuing
from wallet.service import Wallet
from wallet.store import SHOWABLE, CredentialStore, PresentationStore, StatusListStore, UsageStore

_log: Final = structlog.get_logger("platform")
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
        self.checkpoints = AuditCheckpoints(
            self.audit, mongo["audit_checkpoints"], redis, self.token_keys, self.clock
        )
        self.personal = IdNumbers(
            hash_key=bytes.fromhex(platform.id_hash_key),
            seal_keys=[bytes.fromhex(key) for key in platform.id_seal_keys],
        )

        self.refusals = RefusalRecorder(run, recorder, self.personal, self.clock)
        self.registry = registry = load_registry()
        self._auth = AuthParts(
            mongo=mongo,
            redis=redis,
            run=run,
            http=http,
            token_keys=self.token_keys,
            personal=self.personal,
            recorder=recorder,
            admit=self._admit_try,
            forget=self._forget,
            came_in=self._came_in,
            types=[*registry.types, *HEALTH_TYPES, *PUSH_TYPES],
            environment=platform.env,
            clock=self.clock,
            chance=secrets.token_bytes,
            settings=auth,
        )
        self._offer_auth()
        self.authenticator = Authenticator(
            self._auth.tokens,
            self.token_keys,
            env=platform.env.in_tokens,
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
            notify=self._auth.notify,
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
        register_blocks(
            self.blocks,
            wallet=self.wallet,
            acting=self.acting,
            inbox=self.push_inbox,
            timeline=self.timeline,
        )

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, settings: Settings, *, patience: float | None = None, per_host: int = PER_HOST
    ) -> AsyncIterator[Self]:
        """Connect, wire and start what runs in the background; nothing is asked of a store yet.

        With ``patience``, for who has callers waiting, no operation on MongoDB takes longer than that. To one
        provider there are at most ``per_host`` connections.

        A store that is away does not stop the start: the process says it is not ready until the store is
        back and its indexes are made.
        """
        client = open_mongo(settings.platform.mongo_url, patience=patience)
        redis = open_redis(settings.platform.redis_url)
        try:
            async with Outbound.open(per_host=per_host) as http, contextlib.AsyncExitStack() as held:
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

    def _offer_auth(self) -> None:
        """The parts of sign-in and accounts under the names that handlers ask for."""
        self.auth = self._auth.auth
        self.auth_stores = self._auth.stores
        self.alipay = self._auth.alipay
        self.wechat = self._auth.wechat
        self.oidc_keys = self._auth.oidc_keys
        self.client_keys = self._auth.client_keys
        self.second_factors = self._auth.second_factors
        self.legal_persons = self._auth.legal_persons
        self.federation = self._auth.federation
        self.registrar = self._auth.registrar
        self.accounts = self._auth.accounts
        self.elsewhere = self._auth.elsewhere
        self.acting = self._auth.acting

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

    async def _came_in(self, subject: ProviderSubject) -> None:
        await self.push.china.addresses.came_in(subject)

    def _admit_verification(self, organisation: str, clerk: str) -> Awaitable[None]:
        # One hash tag, the organisation: both buckets are judged in one step.
        return self.limits.admit(organisation, ("verify", self._organisation_rate), (clerk, self._clerk_rate))

    async def _absorb_audit(self, entries: Sequence[bytes]) -> None:
        await self.audit.append(AUDIT_STREAM, [decode_event(entry) for entry in entries])

    def _absorb_wallet(self, stream: str) -> Callable[[Sequence[bytes]], Awaitable[None]]:
        async def absorb(entries: Sequence[bytes]) -> None:
            events = await self.wallet.absorb(entries)
            await self.audit.append(stream, [audited(event) for event in events])

        return absorb

    async def _follow_wallets(self, keepers: Sequence[str]) -> None:
        await self.push.timeline.planner.wake(keepers)


def _consumer() -> str:
    """What this process is called among those that read a stream."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


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

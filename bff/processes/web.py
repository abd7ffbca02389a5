"""The web process: routes, dependencies, lifespan, and the server under them."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Self

from litestar import Litestar
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler, Scope
from msgspec import Struct
from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from bff.pages.routes import pages_router
from bff.platform.caller import client_of, client_provider, known_principal, provide_principal, still_provider
from bff.platform.deadlines import DeadlineMiddleware
from bff.platform.edge import Edge
from bff.platform.guards import TAGS, AccessMiddleware, check_routes
from bff.platform.hot import HotRoutes
from bff.platform.identity import Principal
from bff.platform.memory import settle_memory
from bff.platform.problems import MAX_BODY, exception_handlers
from bff.platform.refused import RECORDED
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from bff.platform.telemetry import configure_logging
from bff.platform.wire import AddressMiddleware, WireRequest
from bff.processes.http1 import Http1
from bff.routes import (
    account,
    account_deletion,
    account_proofs,
    acting,
    callbacks,
    health_appeals,
    health_carried,
    health_code,
    health_declarations,
    health_family,
    health_manual,
    health_rules,
    health_statistics,
    health_venues,
    home,
    issuer,
    legal_person,
    notices,
    ops,
    push_console,
    push_devices,
    push_facts,
    push_subscriptions,
    push_templates,
    schema,
    session,
    sessions,
    timeline,
    verifier,
    wallet,
)
from miniapp_schemas.refusals import Refusal

__all__ = [
    "Offered",
    "Opened",
    "contract_app",
    "create_app",
    "edge_of",
    "litestar_app",
    "serve",
]

_PARTS: Final = (
    *(
        "accounts",
        "acting",
        "auth",
        "blocks",
        "clock",
        "federation",
        "idempotency",
        "issuing",
        "legal_persons",
    ),
    *(
        "health_carrying",
        "health_changes",
        "health_code_keys",
        "health_checkins",
        "health_codes",
        "health_combined",
        "health_declaring",
        "health_families",
        "health_offline",
        "health_papers",
        "health_publishing",
        "health_reporting",
        "health_tracing",
        "health_venues",
        "registry",
        "token_keys",
        "wallet",
    ),
    *("health_appeals", "health_manual", "health_statistics"),
    *("push_callbacks", "push_credits", "push_templates", "push_text_receipts"),
    "push_devices",
    *("push_facts", "timeline"),
    *("push_campaigns", "push_changes", "push_console", "push_inbox", "push_wishes"),
)
# Longer than a balancer keeps an idle connection (Caddy: two minutes): who closes it first never sends on it.
_IDLE_SECONDS: Final = 150
# For requests under way when the process is told to end; what is not finished then is given up.
_GRACE_SECONDS: Final = 15
# A worker that is not heard of for so long is replaced. Starved of its processor it is alive all the same.
_SILENT_SECONDS: Final = 30


class _Provided(Provide):
    """A dependency that is equal to itself only.

    Litestar compares each with all others, for every handler anew: by their attributes that was a quarter
    of what making an application takes.
    """

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Opened:
    """Where handlers find the platform once the lifespan has opened it."""

    platform: Platform

    def identify(self, authorization: bytes) -> Principal:
        """Who presents ``authorization``."""
        return self.platform.authenticator.identify(authorization)

    @property
    def endings_heard(self) -> bool:
        """Whether we would know by now if a session had ended."""
        return self.platform.authenticator.listening.is_set()

    async def refused(self, error: Exception, scope: Scope) -> None:
        """Leave what a request was refused for to the audit trail."""
        handler = scope.get("route_handler")
        if not isinstance(error, Refusal) or handler is None or scope["type"] != ScopeType.HTTP:
            return
        if not RECORDED.isdisjoint(handler.opt.get(TAGS, ())):
            client = client_of(scope, self.platform.settings.platform.proxies)
            operation = getattr(handler, "operation_id", None) or handler.handler_name
            await self.platform.refusals.note(error, str(operation), known_principal(scope), client.address)

    @asynccontextmanager
    async def opening(self, settings: Settings) -> AsyncIterator[None]:
        """Have the platform of ``settings`` for as long as this lasts."""
        patience = settings.platform.deadline_ms / 1000
        async with Platform.open(settings, patience=patience) as self.platform:
            yield

    def dependencies(self, *, proxies: int) -> dict[str, Provide]:
        """What handlers may ask for by name."""
        return {
            "client": _Provided(client_provider(proxies)),
            "platform": _Provided(lambda: self.platform, sync_to_thread=False),
            "principal": _Provided(provide_principal),
            "still": _Provided(still_provider(self.identify)),
            **{name: self._provided(name) for name in _PARTS},
        }

    def part(self, name: str) -> object:
        """The part of the platform called ``name``."""
        return getattr(self.platform, name)

    def _provided(self, name: str) -> Provide:
        return _Provided(lambda: self.part(name), sync_to_thread=False)


def api_handlers() -> list[ControllerRouterHandler]:
    """What is in the contract. A new API is a line here."""
    return [
        ops.livez,
        ops.readyz,
        session.ResidentSessionController,
        session.ClerkSessionController,
        session.IssuerSessionController,
        sessions.ResidentSessionsController,
        sessions.ClerkSessionsController,
        session.token_keys_document,
        account.AccountController,
        account_proofs.PhoneController,
        account_proofs.IdentityController,
        account_proofs.StepUpController,
        account_deletion.DeletionController,
        legal_person.LegalPersonController,
        acting.GrantController,
        acting.ActingController,
        acting.AssistController,
        home.HomeController,
        wallet.CredentialController,
        wallet.PresentationController,
        wallet.UsageController,
        verifier.VerificationController,
        verifier.TrustController,
        health_code.HealthCodeController,
        health_code.HealthCheckController,
        health_code.HealthEvidenceController,
        health_carried.OfflineCodeController,
        health_carried.PaperCodeController,
        health_carried.CombinedCodeController,
        health_carried.HealthTrustController,
        health_family.FamilyCodeController,
        health_declarations.DeclarationController,
        health_rules.HealthRuleController,
        health_manual.HealthManualController,
        health_manual.HealthManualReleaseController,
        health_manual.HealthManualAboutController,
        health_appeals.HealthAppealController,
        health_appeals.HealthAppealReviewController,
        health_statistics.HealthStatisticsController,
        health_venues.VenueController,
        health_venues.CheckInController,
        health_venues.PurgeController,
        health_venues.ExposureApprovalController,
        health_venues.ExposureQueryController,
        push_subscriptions.SubscriptionController,
        push_templates.TemplateController,
        push_devices.PushDeviceController,
        push_console.CampaignController,
        timeline.TimelineController,
        push_facts.FactController,
        notices.NoticeController,
        notices.PushPreferenceController,
        push_console.PushConsoleController,
        issuer.TypeController,
        issuer.IssuedController,
    ]


class Offered(Struct, frozen=True):
    """What of the settings the routes themselves depend on; the rest is the platform's."""

    patience: float
    """Seconds after which a request is given up."""
    proxies: int
    metrics: bool
    sign_in_url: str | None
    alipay_sign_in_url: str | None
    citizen_cloud: bool
    face_check: bool
    legal_persons: bool

    @classmethod
    def by(cls, settings: Settings) -> Self:
        """What these settings offer."""
        platform, auth = settings.platform, settings.auth
        return cls(
            patience=platform.deadline_ms / 1000,
            proxies=platform.proxies,
            metrics=platform.metrics_token is not None,
            sign_in_url=platform.resident_sign_in_url,
            alipay_sign_in_url=platform.resident_alipay_sign_in_url,
            citizen_cloud=auth.citizen_issuer is not None,
            face_check=auth.face_return_url is not None,
            legal_persons=auth.legal_person_roots_file is not None,
        )


def create_app(settings: Settings, *, started: Callable[[], None] | None = None) -> Edge:
    """The web application; its lifespan opens and closes the platform. ``started`` is called in between."""
    opened = Opened()

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with opened.opening(settings):
            if started is not None:
                started()
            yield

    return edge_of(litestar_app(Offered.by(settings), opened, lifespan), opened, settings)


def edge_of(app: Litestar, opened: Opened, settings: Settings) -> Edge:
    """What stands before the routes of ``app``: its hot ones, and the line each request leaves in the log."""
    platform = settings.platform
    hot = HotRoutes(
        app,
        authenticator=opened,
        part=opened.part,
        refused=opened.refused,
        patience=platform.deadline_ms / 1000,
        proxies=platform.proxies,
    )
    return Edge(hot, slow_ms=platform.slow_request_ms, log_all=platform.log_level == "debug")


def litestar_app(
    offered: Offered,
    opened: Opened,
    *lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]],
) -> Litestar:
    """Every route; refuses to exist if one is silent. They answer once ``opened`` has a platform."""
    app = Litestar(
        [
            *api_handlers(),
            *callbacks.callback_handlers(),
            *([ops.metrics] if offered.metrics else []),
            schema.SchemaController,
            pages_router(
                sign_in_url=offered.sign_in_url,
                alipay_sign_in_url=offered.alipay_sign_in_url,
                citizen_cloud=offered.citizen_cloud,
                face_check=offered.face_check,
                legal_persons=offered.legal_persons,
            ),
        ],
        dependencies=opened.dependencies(proxies=offered.proxies),
        middleware=[AccessMiddleware(opened), AddressMiddleware(), DeadlineMiddleware(offered.patience)],
        exception_handlers=exception_handlers(),
        after_exception=[opened.refused],
        request_class=WireRequest,
        request_max_body_size=MAX_BODY,
        lifespan=lifespan,
        openapi_config=None,
        logging_config=None,
    )
    check_routes(app)
    _inject_one_by_one(app)
    return app


def contract_app() -> Litestar:
    """The routes of the contract, to be read and not to be run."""
    return Litestar(
        api_handlers(),
        dependencies=Opened().dependencies(proxies=0),
        openapi_config=None,
        logging_config=None,
    )


def application() -> Edge:
    """What each worker of ``suishen web`` runs."""
    _end_with_parent()
    gc.disable()  # until what lives as long as the process is there
    settings = load_settings(os.environ)
    configure_logging(settings.platform.log_level)
    return create_app(settings, started=settle_memory)


def serve(settings: Settings, *, target: str = "bff.processes.web:application") -> None:
    """Answer requests with what ``target`` makes until SIGTERM or SIGINT, then finish those under way.

    One worker is this process itself, and whoever started it starts it again if it dies. Several are its
    children, and it replaces those that die.
    """
    platform = settings.platform
    config = Config(
        target,
        factory=True,
        host=platform.web_host,
        port=platform.web_port,
        workers=platform.web_workers,
        backlog=platform.web_backlog,
        loop="uvloop",
        http=Http1,
        ws="none",
        lifespan="on",
        # The server's own lines join ours; its access log stays off, ours knows the route.
        log_config=None,
        access_log=False,
        # Whose word about the caller's address counts is for `bff.platform.caller` to say.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_worker_healthcheck=_SILENT_SECONDS,
    )
    # The server raises the signal that ended it again once it is done; told before it listens, we just go.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    if platform.web_workers == 1:
        Server(config).run()
        return
    supervisor = Multiprocess(config, [config.bind_socket()])
    supervisor.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
        sys.exit(STARTUP_FAILURE)


def _end_with_parent() -> None:
    """Be told to end when the process that started this one is killed.

    The port would stay with a worker that nobody replaces and no SIGTERM reaches, and the next start would
    share it. The pipe a parent holds is closed by the kernel, whatever ends it. A worker forked later holds
    those of its elders too, so that several end one after the other, the youngest first.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="parent", daemon=True).start()


def _inject_one_by_one(app: Litestar) -> None:
    """Spare each request a task group.

    Litestar resolves independent dependencies side by side, which takes longer than a trivial request
    does; ours are looked up and wait for nothing. The order in which they need each other stays.
    """
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for _, parameters in route.route_handler_map.values():
                batches = parameters.dependency_batches
                parameters.dependency_batches = [{each} for batch in batches for each in batch]

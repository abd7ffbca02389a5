"""The web process: routes, dependencies, lifespan, and the server under them."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from litestar import Litestar
from litestar.di import Provide
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler
from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from bff.pages.routes import pages_router
from bff.platform.caller import client_provider, provide_principal, still_provider
from bff.platform.deadlines import DeadlineMiddleware
from bff.platform.edge import Edge
from bff.platform.guards import AccessMiddleware, check_routes
from bff.platform.hot import HotRoutes
from bff.platform.identity import Principal
from bff.platform.memory import settle_memory
from bff.platform.problems import MAX_BODY, exception_handlers
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from bff.platform.telemetry import configure_logging
from bff.platform.wire import AddressMiddleware, WireRequest
from bff.processes.http1 import Http1
from bff.routes import (
    account,
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

__all__ = ["Opened", "contract_app", "create_app", "litestar_app", "serve"]

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
    *("push_callbacks", "push_credits", "push_templates"),
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

    def dependencies(self, *, proxies: int) -> dict[str, Provide]:
        """What handlers may ask for by name; parts of the platform are looked up once."""
        return {
            "client": Provide(client_provider(proxies)),
            "platform": Provide(lambda: self.platform, use_cache=True, sync_to_thread=False),
            "principal": Provide(provide_principal),
            "still": Provide(still_provider(self.identify)),
            **{name: self._provided(name) for name in _PARTS},
        }

    def part(self, name: str) -> object:
        """The part of the platform called ``name``."""
        return getattr(self.platform, name)

    def _provided(self, name: str) -> Provide:
        return Provide(lambda: self.part(name), use_cache=True, sync_to_thread=False)


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
        account.PhoneController,
        account.IdentityController,
        account.StepUpController,
        account.DeletionController,
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


def create_app(settings: Settings, *, started: Callable[[], None] | None = None) -> Edge:
    """The web application; its lifespan opens and closes the platform. ``started`` is called in between."""
    opened = Opened()
    app = litestar_app(settings, opened, started)
    platform = settings.platform
    hot = HotRoutes(
        app,
        authenticator=opened,
        part=opened.part,
        patience=platform.deadline_ms / 1000,
        proxies=platform.proxies,
    )
    return Edge(
        hot, slow_ms=settings.platform.slow_request_ms, log_all=settings.platform.log_level == "debug"
    )


def litestar_app(settings: Settings, opened: Opened, started: Callable[[], None] | None = None) -> Litestar:
    """Every route, and the lifespan that fills ``opened``; refuses to exist if a route is silent."""
    platform = settings.platform
    patience = platform.deadline_ms / 1000

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with Platform.open(settings, patience=patience) as opened.platform:
            if started is not None:
                started()
            yield

    app = Litestar(
        [
            *api_handlers(),
            *callbacks.callback_handlers(),
            *([ops.metrics] if platform.metrics_token is not None else []),
            schema.SchemaController,
            pages_router(
                sign_in_url=platform.resident_sign_in_url,
                alipay_sign_in_url=platform.resident_alipay_sign_in_url,
                citizen_cloud=settings.auth.citizen_issuer is not None,
                face_check=settings.auth.face_return_url is not None,
                legal_persons=settings.auth.legal_person_roots_file is not None,
            ),
        ],
        dependencies=opened.dependencies(proxies=platform.proxies),
        middleware=[AccessMiddleware(opened), AddressMiddleware(), DeadlineMiddleware(patience)],
        exception_handlers=exception_handlers(),
        request_class=WireRequest,
        request_max_body_size=MAX_BODY,
        lifespan=[lifespan],
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

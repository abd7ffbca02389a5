"""What a route asks of its caller; silence means refusal.

Every handler declares, in ``opt``, all three of

    audience    "public", or the one API a token must have been made for
    assurance   the least real-name level, or None
    scope       what the token must allow, or None

and may declare ``acting``: True, that it may be called in another's name (代办); most may not.

``check_routes`` reads the declarations once, when the application starts, and refuses the start if one
is missing. They are enforced by ``AccessMiddleware`` and not by a Litestar guard, because Litestar
copies the whole handler for every guard it calls: 21 µs, as long as a trivial request takes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from litestar import Litestar
from litestar.handlers import BaseRouteHandler
from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from auth_bridges.refusals import EndingsUnheard, NotWhileActing, ScopeMissing, SignInRequired, StepUpRequired
from bff.platform.caller import set_principal
from bff.platform.identity import Principal, bearer_of
from miniapp_schemas.assurance import AssuranceLevel

PUBLIC: Final = "public"
ACCESS: Final = "suishen.access"
"""Where ``check_routes`` leaves a handler's ``Access`` in its ``opt``."""
TAGS: Final = "suishen.tags"
"""Where it leaves the tags a handler stands under, its own and its controller's."""
_AUDIENCES: Final = frozenset({PUBLIC, "resident", "verifier", "issuer", "ops"})


class AccessUndeclared(Exception):
    """Routes that do not say who may call them; the application must not start."""


class Access(Struct, frozen=True, kw_only=True):
    """Who may call a route."""

    audience: str
    assurance: AssuranceLevel | None
    scope: str | None
    enough: frozenset[AssuranceLevel]
    weighty: bool
    """Whether it waits while nobody can tell which sessions ended: it changes something, or asks for L2."""
    acting: bool
    """Whether it may be called while acting for somebody."""

    @classmethod
    def of(cls, declared: Mapping[str, Any], *, writes: bool = False) -> "Access":
        """What ``declared``, a handler's ``opt``, says; ``AccessUndeclared`` if it does not say all."""
        if missing := {"audience", "assurance", "scope"} - declared.keys():
            raise AccessUndeclared(f"does not declare {', '.join(sorted(missing))}")
        audience, assurance, scope = declared["audience"], declared["assurance"], declared["scope"]
        if audience not in _AUDIENCES:
            raise AccessUndeclared(f"declares an unknown audience {audience!r}")
        if not isinstance(assurance, AssuranceLevel | None) or not isinstance(scope, str | None):
            raise AccessUndeclared("declares an assurance or a scope that is none")
        if audience == PUBLIC and (assurance or scope):
            raise AccessUndeclared("is public, so it cannot ask for a level or a scope")
        return cls(
            audience=audience,
            assurance=assurance,
            scope=scope,
            enough=frozenset(
                level for level in AssuranceLevel if assurance is None or level.satisfies(assurance)
            ),
            weighty=writes or (assurance is not None and assurance.satisfies(AssuranceLevel.L2)),
            acting=declared.get("acting") is True,
        )

    def admit(self, principal: Principal, *, endings_heard: bool) -> None:
        """Return if ``principal`` may call this route, else raise a refusal.

        A token for another API is no token here: what else it could open is not told.
        """
        if principal.audience != self.audience:
            raise SignInRequired
        acting = principal.acting is not None
        if acting and not self.acting:
            raise NotWhileActing
        if principal.assurance not in self.enough:
            raise StepUpRequired(needed=self.assurance)
        if self.scope is not None and self.scope not in principal.scopes:
            raise ScopeMissing(scope=self.scope)
        # In another's name nothing is light: a grant that was just ended must not be good for a look.
        if (self.weighty or acting) and not endings_heard:
            raise EndingsUnheard(retry_after=1)


_ANYBODY: Final = Access.of({"audience": PUBLIC, "assurance": None, "scope": None})


class Identifies(Protocol):
    """Knows people by what they present."""

    def identify(self, authorization: bytes) -> Principal:
        """Who presents ``authorization``, or ``SignInRequired``."""

    @property
    def endings_heard(self) -> bool:
        """Whether we would know by now if a session had ended."""


class AccessMiddleware(ASGIMiddleware):
    """Identifies the caller and admits or refuses, before anything of the request is read.

    On public routes a token is not looked at: an expired one must not keep anybody from signing in.
    """

    def __init__(self, authenticator: Identifies) -> None:
        self._authenticator = authenticator

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let the request through, or raise a refusal."""
        access: Access | None = scope["route_handler"].opt.get(ACCESS)
        if access is None:
            raise AccessUndeclared(f"{scope['path']} was never checked")
        if access.audience != PUBLIC:
            authorization = bearer_of(scope)
            if authorization is None:
                raise SignInRequired
            principal = self._authenticator.identify(authorization)
            # Before they are admitted: of a no as well it is asked to whom it was said.
            set_principal(scope, principal)
            access.admit(principal, endings_heard=self._authenticator.endings_heard)
        await next_app(scope, receive, send)


def routes_of(app: Litestar) -> Iterator[tuple[str, BaseRouteHandler]]:
    """Every route of ``app`` as ("GET /path", handler), without the OPTIONS Litestar answers itself."""
    for route in app.routes:
        for handler in _handlers(route):
            if isinstance(handler, HTTPRouteHandler):
                if handler.http_methods == {"OPTIONS"}:
                    continue
                method = "|".join(sorted(handler.http_methods))
            else:
                method = route.scope_type.name
            yield f"{method} {route.path}", handler


def check_routes(app: Litestar) -> None:
    """Read every route's declaration, or raise ``AccessUndeclared`` naming each that lacks one."""
    silent: list[str] = []
    for name, handler in routes_of(app):
        try:
            handler.opt[ACCESS] = Access.of(handler.opt, writes=_writes(name))
        except AccessUndeclared as problem:
            silent.append(f"{name} {problem}")
        layers = handler.ownership_layers
        handler.opt[TAGS] = frozenset(tag for each in layers for tag in getattr(each, "tags", None) or ())
    if silent:
        raise AccessUndeclared("; ".join(silent))
    for route in app.routes:
        for handler in _handlers(route):
            # What is left are Litestar's own OPTIONS answers: they tell methods, nothing else.
            handler.opt.setdefault(ACCESS, _ANYBODY)


def _writes(name: str) -> bool:
    methods = name.partition(" ")[0].split("|")
    return not {"GET", "HEAD"}.issuperset(methods)


def _handlers(route: BaseRoute) -> Iterator[BaseRouteHandler]:
    if isinstance(route, HTTPRoute):
        yield from route.route_handlers
    else:
        yield route.route_handler  # type: ignore[attr-defined]

"""The caller of a request: noted by the guard, handed to handlers as ``principal`` and ``client``.

Apart from ``identity``, so that a worker, which has no callers, starts without the web framework.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from litestar import Request
from litestar.datastructures import State
from litestar.types import HTTPScope, Scope

from auth_bridges.models import ClientFacts
from auth_bridges.refusals import SignInRequired
from bff.platform.identity import Principal, bearer_of
from miniapp_schemas.refusals import Refusal

_STATE: Final = "principal"
_AGENT: Final = 512


def set_principal(scope: Scope, principal: Principal) -> None:
    """Note who is calling."""
    scope["state"][_STATE] = principal


def principal_of(scope: Scope) -> Principal:
    """Who is calling; ``SignInRequired`` on a public route, where nobody asked."""
    principal = known_principal(scope)
    if principal is None:
        raise SignInRequired
    return principal


def known_principal(scope: Scope) -> Principal | None:
    """Who is calling; None where nobody asked, or nobody was found."""
    principal: Principal | None = scope.get("state", {}).get(_STATE)
    return principal


def client_of(scope: HTTPScope, proxies: int) -> ClientFacts:
    """What the request tells of who sent it, behind ``proxies`` reverse proxies of ours.

    Each of ours appends the address it was called from to ``X-Forwarded-For``. What stands further left
    was written by whoever called, and is not believed.
    """
    agent, lines = None, []
    for name, value in scope["headers"]:
        if name == b"x-forwarded-for":
            lines.append(value.decode("latin-1"))
        elif name == b"user-agent" and agent is None:
            agent = value.decode("latin-1")
    # Some proxies append a header of their own instead of a part: all of them, in order.
    forwarded = [part.strip() for part in ",".join(lines).split(",")]
    client = scope.get("client")
    peer = client[0] if client else ""
    address = forwarded[-proxies] if 0 < proxies <= len(forwarded) else peer
    return ClientFacts(address=address or peer, agent=(agent or "")[:_AGENT])


def client_provider(proxies: int) -> "Callable[[Request[object, object, State]], Awaitable[ClientFacts]]":
    """The ``client`` dependency, behind ``proxies`` reverse proxies of ours."""

    async def provide_client(request: Request[object, object, State]) -> ClientFacts:
        return client_of(request.scope, proxies)

    return provide_client


StillSignedIn = Callable[[], bool]


def still_provider(
    identify: Callable[[bytes], Principal],
) -> "Callable[[Request[object, object, State]], Awaitable[StillSignedIn]]":
    """The ``still`` dependency: whether the caller of a long answer would still be let in."""

    async def provide_still(request: Request[object, object, State]) -> StillSignedIn:
        authorization = bearer_of(request.scope)

        def still() -> bool:
            if authorization is None:
                return False
            try:
                identify(authorization)
            except Refusal:
                return False
            return True

        return still

    return provide_still


async def provide_principal(scope: Scope) -> Principal:
    """The ``principal`` dependency of a handler."""
    return principal_of(scope)

"""The web application in a test's own process.

Making the routes takes longer than most tests do, and they are the same for all: a process makes them once
for settings that offer the same, and lends them to one test after the other. The platform they answer from
is each test's own.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from litestar import Litestar
from litestar.testing import AsyncTestClient

from bff.platform.edge import Edge
from bff.platform.services import Platform
from bff.platform.settings import Settings
from bff.processes.web import Offered, Opened, edge_of, litestar_app

_KEPT: Final = 2  # of each; a test that runs two processes side by side has two


class _Routes:
    """An application whose lifespan opens what it is told to, or nothing if the test does so itself."""

    def __init__(self, offered: Offered) -> None:
        self.opened = Opened()
        self.settings: Settings | None = None
        self.app = litestar_app(offered, self.opened, self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Litestar) -> AsyncIterator[None]:
        assert self.settings is not None
        async with self.opened.opening(self.settings):
            yield


_lent: Final[defaultdict[Offered, list[_Routes]]] = defaultdict(list)


@contextmanager
def _borrowed(settings: Settings) -> Iterator[_Routes]:
    offered = Offered.by(settings)
    free = _lent[offered]
    routes = free.pop() if free else _Routes(offered)
    try:
        yield routes
    finally:
        routes.settings = None
        vars(routes.opened).pop("platform", None)  # closed by now: whoever asks it should hear so
        if len(free) < _KEPT:
            free.append(routes)


@asynccontextmanager
async def web_client(settings: Settings) -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of what ``create_app`` makes, running."""
    with _borrowed(settings) as routes:
        routes.settings = settings
        edge = edge_of(routes.app, routes.opened, settings)
        async with AsyncTestClient(edge) as client:
            yield client


@dataclass(frozen=True)
class Web:
    """The application and the platform under it, both on the test's own loop."""

    platform: Platform
    app: Litestar
    edge: Edge
    http: httpx.AsyncClient


@asynccontextmanager
async def web_app(settings: Settings, *, indexes: bool = True) -> AsyncIterator[Web]:
    """What ``create_app`` makes, over a platform the test may reach into and with ``indexes`` made."""
    with _borrowed(settings) as routes:
        async with routes.opened.opening(settings):
            platform = routes.opened.platform
            if indexes:
                await platform.ensure_indexes()
            edge = edge_of(routes.app, routes.opened, settings)
            transport = httpx.ASGITransport(app=edge)  # type: ignore[arg-type]  # one protocol, spelled twice
            async with httpx.AsyncClient(transport=transport, base_url="http://town") as http:
                await platform.authenticator.listening.wait()
                yield Web(platform, routes.app, edge, http)

"""An app at the simulated Alipay, and our client for it, in every way the two can be set up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, Literal

import aiohttp
from msgspec import Struct

from auth_bridges.bridges.alipay import AlipayBridge
from auth_bridges.bridges.alipay_client import AlipayClient
from auth_bridges.bridges.alipay_transport import AlipayApp
from auth_bridges.codec.alipay_keys import (
    aes_key,
    certificate_sn,
    certified_keys,
    private_key,
    public_key,
    root_sn,
)
from auth_bridges.codec.alipay_signatures import AlipayKeys
from auth_bridges.codec.alipay_succession import pinned
from auth_bridges.ports import LearntCertificates
from bff.platform.outbound import Outbound
from bff.sandbox import alipay_keys
from bff.sandbox.alipay_gateway import Alipay
from bff.sandbox.alipay_ids import AlipayApp as SimulatedApp
from bff.sandbox.alipay_ids import Names
from bff.sandbox.alipay_keys import AlipayKeyring
from bff.sandbox.simulator import Simulator, simulated

PLAIN: Final = SimulatedApp(appid="sim2021000000001", names=Names.OPEN_ID)
CERTIFIED: Final = SimulatedApp(appid="sim2021000000002", names=Names.BOTH, certificates=True)
OLD: Final = SimulatedApp(appid="sim2021000000003", names=Names.USER_ID)
APPS: Final = (PLAIN, CERTIFIED, OLD)


@cache
def keyring() -> AlipayKeyring:
    """The keys of our app."""
    return alipay_keys.make()


@cache
def other_keyring() -> AlipayKeyring:
    """The keys of somebody else's."""
    return alipay_keys.make()


class Setup(Struct, frozen=True, kw_only=True):
    """One way to be set up with Alipay."""

    transport: Literal["v2", "v3"] = "v2"
    app: SimulatedApp = PLAIN
    sealed: bool = False


SETUPS: Final = {
    f"{transport}, {'certificates' if app.certificates else 'keys'}{', sealed' if sealed else ''}": Setup(
        transport=transport, app=app, sealed=sealed
    )
    for transport in ("v2", "v3")
    for app in (PLAIN, CERTIFIED)
    for sealed in (False, True)
}


def now() -> datetime:
    return datetime.now(UTC)


def product_app(setup: Setup) -> AlipayApp:
    """What the product is told of the app."""
    ring, app = keyring(), setup.app
    sealing = aes_key(ring.aes) if setup.sealed else None
    if not app.certificates:
        return AlipayApp(
            appid=app.appid,
            key=private_key(ring.app_private),
            alipay=AlipayKeys(key=public_key(ring.alipay_public)),
            aes_key=sealing,
        )
    return AlipayApp(
        appid=app.appid,
        key=private_key(ring.app_pkcs1),
        alipay=AlipayKeys(certificates=certified_keys(ring.alipay_certificate)),
        app_cert_sn=certificate_sn(ring.app_certificate),
        root_cert_sn=root_sn(ring.roots),
        pins=pinned(roots=ring.roots, alipay=ring.alipay_certificate),
        aes_key=sealing,
    )


class Learnt:
    """Certificates that were learnt, for as long as a test lasts."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def all(self) -> dict[str, str]:
        return dict(self.kept)

    async def keep(self, serial: str, pem: str, *, at: datetime) -> None:
        self.kept[serial] = pem


class Counter:
    """The simulated Alipay, our client of it, and the knobs."""

    def __init__(self, simulator: Simulator, alipay: Alipay, http: aiohttp.ClientSession) -> None:
        self.url = simulator.url
        self.alipay = alipay
        self.http = http
        self.chance = _counted()
        self.learnt: LearntCertificates = Learnt()

    def client(self, setup: Setup, *, url: str | None = None) -> AlipayClient:
        return AlipayClient(
            Outbound(self.http),
            product_app(setup),
            base_url=url or self.url,
            transport=setup.transport,
            learnt=self.learnt,
            clock=now,
            chance=self.chance,
        )

    def bridge(self, setup: Setup, *, url: str | None = None) -> AlipayBridge:
        return AlipayBridge(self.client(setup, url=url))

    def code(self, setup: Setup, resident: str = "lin") -> str:
        return self.alipay.books.login(setup.app.appid, resident)

    async def plan(self, *faults: dict[str, Any], **more: object) -> None:
        plan = {"faults": list(faults), **more}
        async with self.http.post(f"{self.url}/_sim/plan", json=plan) as reply:
            assert reply.status == 204

    async def journal(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.url}/_sim/journal") as reply:
            arrived: list[dict[str, Any]] = await reply.json()
            return arrived


@asynccontextmanager
async def alipay_counter() -> AsyncIterator[Counter]:
    alipay = Alipay(APPS, keyring(), other=other_keyring)
    async with simulated(alipay) as simulator, aiohttp.ClientSession() as http:
        yield Counter(simulator, alipay, http)


class _counted:  # noqa: N801 - stands for a function
    """Chance that never repeats itself and can be read in a failure."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(size)

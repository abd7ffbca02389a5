"""Alipay's certificates that no setting names yet (支付宝公钥证书轮换): downloaded once, for every process.

What one process learnt is in MongoDB, and is nobody's word there either: whoever reads it holds it against
the pinned roots and names anew, so that a write to the database makes no key Alipay's.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from auth_bridges.bridges.alipay_transport import AlipayApp, Call, GatewayTransport
from auth_bridges.codec import alipay_v2
from auth_bridges.codec.alipay_signatures import Distrusted
from auth_bridges.codec.alipay_succession import Pinned, may_be_serial, succeeding_key
from auth_bridges.ports import Clock, LearntCertificates

_log: Final = logging.getLogger(__name__)
_DOWNLOAD: Final = "alipay.open.app.alipaycert.download"
_PAUSE: Final = timedelta(seconds=30)


class Succession:
    """Each certificate is downloaded once in the city, and believed for its issuers.

    Whoever can answer in Alipay's place can name serials without end. So one search is under way at a time,
    whatever the answers name, and after a download that taught us nothing none is begun for a while.
    """

    def __init__(
        self, gateway: GatewayTransport, app: AlipayApp, learnt: LearntCertificates, clock: Clock
    ) -> None:
        self._gateway = gateway
        self._app = app
        self._learnt = learnt
        self._clock = clock
        self._seeking: asyncio.Task[None] | None = None
        self._not_before: datetime | None = None

    async def learn(self, serial: str) -> bool:
        """Whether the certificate called ``serial`` is one of Alipay's after all; its key is then held."""
        held = self._app.alipay.certificates
        if self._app.pins is None or not may_be_serial(serial):
            return False
        while serial not in held:
            if self._seeking is not None:
                # Shielded: who waits may give up, and the others wait for the same answer.
                await asyncio.shield(self._seeking)
                continue
            self._seeking = asyncio.create_task(self._seek(serial, self._app.pins))
            await asyncio.shield(self._seeking)
            return serial in held
        return True

    async def recall(self) -> bool:
        """Hold what was learnt by other processes, or before a restart; whether that is news."""
        held, pins = self._app.alipay.certificates, self._app.pins
        if pins is None:
            return False
        before = len(held)
        for serial, pem in (await self._kept()).items():
            key = succeeding_key(pem, serial, pins=pins, at=self._clock())
            if key is None:
                _log.error("a kept certificate cannot be shown to be alipay's: %s", serial)
            else:
                held[serial] = key
        return len(held) > before

    async def _kept(self) -> Mapping[str, str]:
        held = self._app.alipay.certificates
        kept = await self._learnt.all()
        return {serial: pem for serial, pem in kept.items() if serial not in held}

    async def _seek(self, serial: str, pins: Pinned) -> None:
        try:
            await self.recall()
            held, now = self._app.alipay.certificates, self._clock()
            if serial in held or (self._not_before is not None and now < self._not_before):
                return
            pem = await self._downloaded(serial)
            found = None if pem is None else succeeding_key(pem, serial, pins=pins, at=now)
            if pem is None or found is None:
                self._not_before = now + _PAUSE
                _log.error("alipay names a certificate that cannot be shown to be its own: %s", serial)
                return
            await self._learnt.keep(serial, pem, at=now)
            held[serial] = found
            _log.warning("alipay signs with a new certificate; add it to the settings: %s", serial)
        finally:
            self._seeking = None

    async def _downloaded(self, serial: str) -> str | None:
        # v2 for apps of v3 too. Never by way of ``AlipayClient.ask``: what this answer is signed with is
        # not looked at, so that it cannot lead to the next download.
        call = Call(method=_DOWNLOAD, content={"alipay_cert_sn": serial}, open=True)
        try:
            reply, _ = await self._gateway.ask(call)
            return alipay_v2.downloaded(reply.body, method=_DOWNLOAD)
        except (ConnectionError, TimeoutError, Distrusted):
            return None

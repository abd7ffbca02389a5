"""What certificate authorities say they have revoked: CRLs, fetched over HTTP, kept while they are good.

Fails closed: a list that is away, too large, not its issuer's, half the truth or of yesterday says nothing,
and a certificate of which nothing is said is not believed.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from auth_bridges.codec.certificates import Certificate, RevocationList
from auth_bridges.ports import Clock, Http
from auth_bridges.refusals import RevocationUnknown

_log: Final = logging.getLogger(__name__)
_LONGEST: Final = timedelta(hours=1)
"""How long a list is kept though its issuer allows longer: what was revoked meanwhile is to be heard of."""
_LARGEST: Final = 4 * 1024 * 1024
_MOST_LISTS: Final = 64


class _Held:
    """A list, and until when it is not asked for again."""

    __slots__ = ("list", "until")

    def __init__(self, list_: RevocationList, fetched_at: datetime) -> None:
        self.list = list_
        self.until = min(list_.next_update, fetched_at + _LONGEST)


class RevocationLists:
    """The lists of every authority that was asked about. One event loop."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._held: dict[tuple[str, bytes], _Held] = {}
        self._asking: dict[tuple[str, bytes], asyncio.Task[_Held]] = {}

    async def check(self, certificate: Certificate, issuer: Certificate) -> None:
        """Return if ``issuer`` says now that ``certificate`` is good, else refuse.

        Called only for a certificate below a root we trust: the address is its issuer's, not a stranger's.
        """
        for address in certificate.lists():
            try:
                held = await self._list(address, issuer)
            except RevocationUnknown:
                continue
            held.list.check(certificate)
            return
        raise RevocationUnknown

    async def _list(self, address: str, issuer: Certificate) -> _Held:
        # By address and issuer: a list that one authority's certificate leads to speaks for no other's.
        name = (address, issuer.fingerprint)
        held = self._held.get(name)
        if held is not None and self._clock() < held.until:
            return held
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.create_task(self._fetch(address, issuer))
            asking.add_done_callback(lambda asked: self._arrived(name, asked))
        return await asyncio.shield(asking)

    def _arrived(self, name: tuple[str, bytes], asked: asyncio.Task[_Held]) -> None:
        del self._asking[name]
        if asked.cancelled() or asked.exception() is not None:
            return
        if len(self._held) >= _MOST_LISTS:
            self._held.clear()
        self._held[name] = asked.result()

    async def _fetch(self, address: str, issuer: Certificate) -> _Held:
        try:
            reply = await self._http("GET", address, total=10.0, largest=_LARGEST)
        except (ConnectionError, TimeoutError):
            raise RevocationUnknown from None
        if reply.status != 200:
            _log.warning("a revocation list was answered with status %d", reply.status)
            raise RevocationUnknown
        now = self._clock()
        try:
            # A large list takes long to read, and its signature to check.
            read = await asyncio.to_thread(RevocationList, reply.body, issuer, address=address, at=now)
        except RevocationUnknown:
            _log.warning("a revocation list is not whole, not its issuer's or not of now")
            raise
        return _Held(read, now)

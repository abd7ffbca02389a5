"""What certificate authorities say they have revoked: asked (OCSP), or read in their lists (CRL), over HTTP.

Who can be asked is asked each time. Where that gives no answer to be believed, and where nobody can be
asked, the list counts, kept while it is good. Fails closed: an answer or a list that is away, too large, not
its issuer's, half the truth or of yesterday says nothing, and a certificate of which nothing is said is not
believed.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from auth_bridges.codec.certificates import Certificate, RevocationList
from auth_bridges.codec.ocsp import Answer, NotAnswered, Question
from auth_bridges.ports import Chance, Clock, Http
from auth_bridges.refusals import CertificateRefused, RevocationUnknown

_log: Final = logging.getLogger(__name__)
_LONGEST: Final = timedelta(hours=1)
"""How long a list is kept though its issuer allows longer: what was revoked meanwhile is to be heard of."""
_LARGEST: Final = 4 * 1024 * 1024
_MOST_LISTS: Final = 64
_MOST_ASKED: Final = 2
_ASKING: Final = 5.0
_NONCE: Final = 32


class Revocations:
    """What is known of every authority that was asked about. One event loop."""

    def __init__(self, http: Http, clock: Clock, chance: Chance) -> None:
        self._http = http
        self._clock = clock
        self._chance = chance
        self._lists = RevocationLists(http, clock)

    async def check(self, certificate: Certificate, issuer: Certificate) -> None:
        """Return if ``issuer`` says now that ``certificate`` is good, else refuse.

        Called only for a certificate below a root we trust: the addresses are its issuer's, not a stranger's.
        """
        for address in certificate.responders()[:_MOST_ASKED]:
            answer = await self._asked(address, certificate, issuer)
            if answer is not None:
                answer.check()
                return
        await self._lists.check(certificate, issuer)

    async def _asked(self, address: str, certificate: Certificate, issuer: Certificate) -> Answer | None:
        """What is answered at ``address``; None for nothing that could be believed."""
        question = Question(certificate, issuer, nonce=self._chance(_NONCE))
        headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
        try:
            reply = await self._http("POST", address, headers=headers, body=question.der, total=_ASKING)
        except (ConnectionError, TimeoutError):
            _log.warning("a responder of an authority does not answer")
            return None
        if reply.status != 200:
            _log.warning("a responder of an authority answered with status %d", reply.status)
            return None
        try:
            answer = await asyncio.to_thread(question.read, reply.body, at=self._clock())
        except NotAnswered as nothing:
            _log.warning("a responder's answer counts for nothing: %s", nothing.why)
            return None
        if answer.responder is None or answer.responder.is_not_looked_up:
            return answer
        try:
            # A key somebody stole may sign that everything is good.
            await self._lists.check(answer.responder, issuer)
        except (RevocationUnknown, CertificateRefused):
            _log.warning("a responder's own certificate is not known to be good")
            return None
        return answer


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
        """Return if a list of ``issuer`` is there and ``certificate`` is not on it, else refuse."""
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

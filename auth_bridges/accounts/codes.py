"""One-time codes by text message (短信验证码): six digits, ten minutes, once, five tries.

A code counts for the request, the session and the purpose it was sent for. What is told is the same
for every number: nobody is ever looked up by phone, so nothing can be learned from asking.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from auth_bridges.models import Actor, ClientFacts
from auth_bridges.ports import Admit, Audit, Chance, Clock, PersonalData, SendCode
from auth_bridges.refusals import PhoneCodeRejected, ProviderNotOffered, SmsUnavailable
from auth_bridges.store import PhoneCodes

LIVES: Final = timedelta(minutes=10)
TRIES: Final = 5
_DIGITS: Final = 6


class SentCode(Struct, frozen=True, kw_only=True):
    """A request under which a code was sent."""

    request: str
    expires_at: datetime
    phone: str


class Codes:
    """Sends codes and knows them again."""

    def __init__(
        self,
        *,
        store: PhoneCodes,
        send: SendCode | None,
        personal: PersonalData,
        admit: Admit,
        audit: Audit,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._store = store
        self._send = send
        self._personal = personal
        self._admit = admit
        self._audit = audit
        self._clock = clock
        self._chance = chance

    @property
    def offered(self) -> bool:
        """Whether this city can send any."""
        return self._send is not None

    async def send(self, phone: str, actor: Actor, client: ClientFacts, *, purpose: str) -> SentCode:
        """Send a code to ``phone``, which it will prove; limited by phone, person, device and address."""
        if self._send is None:
            raise ProviderNotOffered
        await self._admit_send(phone, actor, client)
        now = self._clock()
        request = self._chance(16).hex()
        code = self._draw()
        sealed = self._personal.seal(phone.encode(), _context(request))
        await self._store.keep(
            request,
            code_hash=self._hash(request, code),
            owner=_owner(actor, purpose),
            sealed=sealed,
            lives=LIVES,
        )
        try:
            await self._send(phone, code)
        except SmsUnavailable as unsent:
            await self._told(actor, unsent.code, now)
            raise
        await self._told(actor, "sent", now)
        return SentCode(request=request, expires_at=now + LIVES, phone=masked(phone))

    async def check(self, request: str, code: str, actor: Actor, *, purpose: str) -> str:
        """The phone that ``code`` proves, or refuse; why is told by nothing."""
        await self._admit(
            "phone-code", self._personal.pseudonym("subject", actor.resident), per_minute=10, burst=10
        )
        sealed = await self._store.take(
            request, code_hash=self._hash(request, code), owner=_owner(actor, purpose), tries=TRIES
        )
        if sealed is None:
            await self._told(actor, PhoneCodeRejected.code, self._clock())
            raise PhoneCodeRejected
        return self._personal.open(sealed, _context(request)).decode()

    async def _admit_send(self, phone: str, actor: Actor, client: ClientFacts) -> None:
        await self._admit("sms", self._personal.pseudonym("subject", actor.resident), per_minute=1, burst=5)
        if client.device is not None:
            await self._admit("sms", self._personal.pseudonym("device", client.device), per_minute=1, burst=5)
        await self._admit("sms", self._personal.pseudonym("address", client.address), per_minute=60, burst=30)
        await self._admit("sms", self._personal.pseudonym("phone", phone), per_minute=1, burst=3)

    def _draw(self) -> str:
        """Six digits, each as likely as any: what would favour some of them is drawn again."""
        space = 10**_DIGITS
        fair = (1 << 32) // space * space
        while True:
            drawn = int.from_bytes(self._chance(4))
            if drawn < fair:
                return f"{drawn % space:0{_DIGITS}}"

    def _hash(self, request: str, code: str) -> str:
        """Keyed, because a million codes are quickly tried against a plain one."""
        return self._personal.pseudonym("phone-code", f"{request}:{code}")

    async def _told(self, actor: Actor, outcome: str, now: datetime) -> None:
        await self._audit("phone.code", at=now, actor=actor.resident, subject=actor.session, outcome=outcome)


def masked(phone: str) -> str:
    """``phone`` as it may be shown: the first of it and the last four digits."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}"


def _owner(actor: Actor, purpose: str) -> str:
    return f"{actor.resident}:{actor.session}:{purpose}"


def _context(request: str) -> bytes:
    return f"phone-code:{request}".encode()

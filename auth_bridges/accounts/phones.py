"""Binding a phone (绑定手机): by a text message, or by what a provider attests.

Limited by person and by phone, whichever way it is bound. Nobody is looked up by phone: two residents may
have the same one, families do and numbers are handed on, so a number that is somebody's already is neither
an error nor a merge, and no answer tells that it is. What a phone that takes another's place may do, and
when, is in ``rules.phones``.
"""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from auth_bridges.accounts.codes import Codes, SentCode, masked
from auth_bridges.accounts.people import People
from auth_bridges.accounts.step_up import StepUps
from auth_bridges.models import Actor, ClientFacts, Link, Notice, NoticeKind, Resident, phone_context
from auth_bridges.ports import (
    Admit,
    Audit,
    Clock,
    Notify,
    PersonalData,
    PhoneByCode,
    PhoneByPacket,
    TellFormerPhone,
)
from auth_bridges.refusals import LinkUnknown, ProviderNotOffered, SmsUnavailable
from auth_bridges.refusals.providers import told_by_provider
from auth_bridges.rules.assurance import Lives, proof_of, renewed
from auth_bridges.rules.phones import FORMER_ANSWERS, former_answers, with_former
from auth_bridges.rules.policy import Method, Operation
from auth_bridges.rules.sessions import began_by
from auth_bridges.store import AuthStores
from auth_bridges.vault import Vault
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.refusals import Refusal

_PURPOSE: Final = "bind"


class Phones:
    """Binds phones. A phone proves L1 and never more."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        people: People,
        step_ups: StepUps,
        codes: Codes,
        vault: Vault,
        personal: PersonalData,
        by_code: Mapping[str, PhoneByCode],
        by_packet: Mapping[str, PhoneByPacket],
        tell_former: TellFormerPhone | None,
        lives: Lives,
        admit: Admit,
        audit: Audit,
        notify: Notify,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._people = people
        self._step_ups = step_ups
        self._codes = codes
        self._vault = vault
        self._personal = personal
        self._by_code = by_code
        self._by_packet = by_packet
        self._tell_former = tell_former
        self._lives = lives
        self._admit = admit
        self._audit = audit
        self._notify = notify
        self._clock = clock

    async def send_code(self, actor: Actor, phone: str, client: ClientFacts) -> SentCode:
        """Send a code to ``phone``, with which this session may bind it."""
        await self._step_ups.require(actor, Operation.BIND_PHONE, phone.encode())
        await self._people.active(actor.resident)
        return await self._codes.send(phone, actor, client, purpose=_PURPOSE)

    async def bind_by_sms(self, actor: Actor, request: str, code: str) -> str:
        """Bind the phone ``code`` was sent to; the phone as it may be shown."""
        phone = await self._codes.check(request, code, actor, purpose=_PURPOSE)
        return await self._bind(actor, phone, Method.SMS.value, "sms")

    async def bind_by_code(self, actor: Actor, provider: str, code: str) -> str:
        """Bind the phone that ``provider`` tells for its one-time ``code`` and this person."""
        port = self._by_code.get(provider)
        if port is None:
            raise ProviderNotOffered
        await self._step_ups.require(actor, Operation.BIND_PHONE, f"{provider}:{code}".encode())
        await self._admit_try("subject", actor.resident, burst=5)
        resident = await self._people.active(actor.resident)
        links = await self._stores.residents.links_of(await self._stores.residents.tree_of(resident))
        link = await self._way_in(actor, [each for each in links if each.provider == provider])
        phone = await self._attested(actor, provider, port.phone_number(code, link.subject))
        return await self._bind(actor, phone, "provider", provider)

    async def bind_by_packet(self, actor: Actor, provider: str, packet: str) -> str:
        """Bind the phone in a sealed ``packet`` of ``provider``."""
        port = self._by_packet.get(provider)
        if port is None:
            raise ProviderNotOffered
        await self._step_ups.require(actor, Operation.BIND_PHONE, f"{provider}:{packet}".encode())
        await self._admit_try("subject", actor.resident, burst=5)
        phone = await self._attested(actor, provider, port.phone_number(packet, actor.session))
        return await self._bind(actor, phone, "provider", provider)

    async def _way_in(self, actor: Actor, links: Sequence[Link]) -> Link:
        """The one this session began by, before another person's of the same provider or in another app."""
        if not links:
            raise LinkUnknown
        session = await self._stores.sessions.get(actor.session)
        if session is None:
            return links[0]
        return next((each for each in links if began_by(session, each)), links[0])

    async def _attested(self, actor: Actor, provider: str, asked: Awaitable[str]) -> str:
        """The phone that was asked for; a provider's no is on record like everybody's."""
        try:
            return await asked
        except Refusal as refusal:
            facts = {"source": provider, **told_by_provider(refusal)}
            await self._audit(
                "phone.refused", at=self._clock(), actor=actor.resident, outcome=refusal.code, facts=facts
            )
            raise

    async def _bind(self, actor: Actor, phone: str, method: str, source: str) -> str:
        await self._admit_try("phone", phone, burst=3)
        now = self._clock()
        proof = proof_of(AssuranceLevel.L1, method=method, source=source, at=now, lives=self._lives)

        async def bound(resident: Resident) -> Resident:
            # Another phone is another proof: what was proved of the former one goes with it.
            others = tuple(old for old in resident.proofs if old.level is not AssuranceLevel.L1)
            back = former_answers(resident, now) and await self._vault.former_phone(resident) == phone
            after = msgspec.structs.replace(
                resident,
                phone=await self._vault.seal(resident.id, phone.encode(), phone_context(resident.id)),
                phone_hash=self._personal.pseudonym("phone", phone),
                proofs=renewed(others, proof),
            )
            return with_former(resident, after, back=back, now=now)

        after = await self._people.change(actor.resident, bound)
        await self._told(actor, source, now)
        if after.former_phone_until == now + FORMER_ANSWERS:
            await self._tell_the_former(after, now)
        return masked(phone)

    async def _tell_the_former(self, resident: Resident, now: datetime) -> None:
        """Tell the phone that was replaced, by text message: the account's other ways may be a thief's."""
        former = await self._vault.former_phone(resident)
        if former is None or self._tell_former is None:
            return
        try:
            await self._tell_former(former)
        except SmsUnavailable as unsent:
            outcome = unsent.code
        else:
            outcome = "ok"
        await self._audit("phone.former_told", at=now, actor=resident.id, outcome=outcome)

    async def settle(self) -> None:
        """Forget the phones that answer no longer."""
        await self._stores.residents.forget_former_phones(self._clock())

    async def _admit_try(self, kind: str, value: str, *, burst: int) -> None:
        await self._admit("bind-phone", self._personal.pseudonym(kind, value), per_minute=1, burst=burst)

    async def _told(self, actor: Actor, source: str, now: datetime) -> None:
        await self._audit("phone.bound", at=now, actor=actor.resident, outcome="ok", facts={"source": source})
        name = f"{actor.resident}:{NoticeKind.PHONE_BOUND.value}:{int(now.timestamp())}"
        await self._notify(Notice(id=name, resident=actor.resident, kind=NoticeKind.PHONE_BOUND, at=now))

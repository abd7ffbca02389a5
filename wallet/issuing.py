"""What departments do: issue certificates, and say what has become of them.

Every change is recorded in the audit trail first and then written in one document: a change without its
record cannot happen. A record of a change that then failed can; the next try records it again. Writers
of one certificate at once meet at its ``revision``: the slower one looks again and decides anew.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct, structs

from miniapp_schemas import wallet as wire
from miniapp_schemas.base import Page
from wallet import views
from wallet.codec.status_list import StatusList, StatusToken, write_token
from wallet.issuers.base import CredentialType, Registry
from wallet.models import Credential, Issuer, Secrets, Version
from wallet.ports import Audit, Keys, PersonalData
from wallet.refusals import (
    CredentialUnknown,
    IssuerNotAllowed,
    SerialConflict,
    StatusListUnknown,
    VersionStale,
)
from wallet.rules.claims import Party, settle_claims
from wallet.rules.disclosure import mask
from wallet.rules.identifiers import check_id_number, ecert_identifier, mask_name
from wallet.rules.validity import LISTED, TRANSITIONS, Change, Mark, change_mark, check_period
from wallet.sealing import seal_secrets
from wallet.store import CredentialStore, StatusListStore, Taken
from wallet.views import page

_SLOTS: Final = 1 << 20
_REMEMBERED: Final = 32
_DAY: Final = 86_400
_TTL: Final = 900
_canonical: Final = msgspec.json.Encoder(order="deterministic").encode


Changed = Callable[[Sequence[str]], Awaitable[None]]
"""Hears in whose wallets something is another by now; durable when it returns."""


class _Draft(Struct, frozen=True, kw_only=True):
    """A certificate asked for, checked but not numbered."""

    issuer: Issuer
    asked: wire.IssueCredential
    of: CredentialType
    party: Party
    claims: dict[str, str]
    keepers: tuple[str, ...]
    content: str


class Issuing:
    """Departments' use cases."""

    def __init__(
        self,
        *,
        credentials: CredentialStore,
        status_lists: StatusListStore,
        registry: Registry,
        keys: Keys,
        personal: PersonalData,
        audit: Audit,
        clock: Callable[[], datetime],
        chance: Callable[[int], bytes],
        timed_id: Callable[[datetime], str],
        changed: Changed,
    ) -> None:
        self._changed = changed
        self._credentials = credentials
        self._status_lists = status_lists
        self._registry = registry
        self._keys = keys
        self._personal = personal
        self._audit = audit
        self._clock = clock
        self._chance = chance
        self._timed_id = timed_id

    def types(self, issuer: Issuer) -> list[wire.CredentialTypeInfo]:
        """The registered types that the department may issue."""
        return [views.type_info(of) for of in self._registry.types.values() if of.code in issuer.types]

    async def issue(self, issuer: Issuer, asked: wire.IssueCredential) -> wire.IssuedCredential:
        """Issue a certificate, or a later version of one.

        The same (issuer, type, serial, version) with the same content is answered and not done again;
        with other content it is refused, and so is a version older than the current one.
        """
        draft = self._draft(issuer, asked)
        while True:
            now = self._clock()
            existing = await self._credentials.find(issuer.id, draft.of.code, asked.serial)
            if existing is not None and _is_repeated(existing, asked.version, draft.content):
                return await self._told(existing, now)
            fresh = self._drawn_up(draft, existing, now)
            await self._audit(
                "credential.issue",
                at=now,
                actor=issuer.id,
                outcome="accepted",
                subject=fresh.id,
                facts={"type": draft.of.code, "version": str(asked.version)},
            )
            if existing is not None:
                if await self._credentials.replace(fresh, revision=existing.revision):
                    await self._changed(existing.keepers)
                    return await self._told(fresh, now)
            elif (kept := await self._insert(fresh)) is not None:
                return await self._told(kept, now)
            # Somebody was faster with this serial: look again at what is there.

    def _draft(self, issuer: Issuer, asked: wire.IssueCredential) -> _Draft:
        """What was asked for, checked against its type, or a refusal."""
        of = self._registry.type(asked.type)
        _check_own(issuer, of.code)
        party = Party(name=asked.holder.name, id_number=asked.holder.id_number, uscc=asked.holder.uscc)
        claims = settle_claims(of, party, asked.claims)
        check_period(asked.valid_from, asked.valid_until, longest_years=of.longest_years)
        own = [] if party.id_number is None else [party.id_number]
        keepers = [check_id_number(number) for number in (*own, *asked.holder.keepers)]
        wallets = {self._personal.hash(keeper) for keeper in keepers}
        if party.uscc is not None:
            # The organisation's own wallet, for whoever acts for it.
            wallets.add(self._personal.pseudonym("uscc", party.uscc))
        return _Draft(
            issuer=issuer,
            asked=asked,
            of=of,
            party=party,
            claims=claims,
            keepers=tuple(sorted(wallets)),
            content=self._personal.pseudonym("credential-content", _canonical(asked).decode()),
        )

    def _drawn_up(self, draft: _Draft, existing: Credential | None, now: datetime) -> Credential:
        """The certificate to keep: a new one, or ``existing`` with its next version's content."""
        asked, of, party, claims = draft.asked, draft.of, draft.party, draft.claims
        credential_id = self._timed_id(now).replace("-", "") if existing is None else existing.id
        number = party.id_number or party.uscc or ""
        secrets = Secrets(holder_name=party.name, holder_number=number, claims=claims)
        version = Version(version=asked.version, content=draft.content, at=now)
        fresh = Credential(
            id=credential_id,
            type=of.code,
            issuer=draft.issuer.id,
            issuer_name=draft.issuer.name,
            serial=asked.serial,
            version=asked.version,
            identifier=ecert_identifier(of.catalogue_code, draft.issuer.id, asked.serial, asked.version),
            keepers=draft.keepers,
            sealed=seal_secrets(secrets, credential_id, self._personal),
            title_masked=mask_name(party.name) if party.uscc is None else party.name,
            number_masked=mask(of.field(of.number).masking, claims.get(of.number, "")),
            valid_from=asked.valid_from,
            valid_until=asked.valid_until,
            mark=Mark.ACTIVE,
            mark_reason=None,
            status_list=1,
            status_index=0,
            revision=1,
            history=(version,),
            issued_at=now,
            updated_at=now,
        )
        if existing is None:
            return fresh
        # A new version changes what the certificate says, not whether it stands.
        return structs.replace(
            fresh,
            mark=existing.mark,
            mark_reason=existing.mark_reason,
            status_list=existing.status_list,
            status_index=existing.status_index,
            revision=existing.revision + 1,
            history=(*existing.history, version)[-_REMEMBERED:],
            issued_at=existing.issued_at,
        )

    async def change(
        self, issuer: Issuer, credential_id: str, change: Change, reason: str
    ) -> wire.IssuedCredential:
        """Suspend, resume or revoke. From the answer on its codes go by it; done twice, it is done once."""
        while True:
            now = self._clock()
            credential = await self._issued(issuer, credential_id)
            _check_own(issuer, credential.type)
            if _is_done(credential.mark, change):
                return await self._told(credential, now)
            changed = structs.replace(
                credential,
                mark=change_mark(credential.mark, change),
                mark_reason=reason,
                revision=credential.revision + 1,
                updated_at=now,
            )
            await self._audit(
                f"credential.{change.value}",
                at=now,
                actor=issuer.id,
                outcome="accepted",
                subject=credential_id,
            )
            if await self._credentials.replace(changed, revision=credential.revision):
                return await self._told(changed, now)

    async def issued(self, issuer: Issuer, *, after: str | None, limit: int) -> Page[wire.IssuedCredential]:
        """What the department issued."""
        found = await self._credentials.issued_by(issuer.id, after=after, limit=limit + 1)
        now = self._clock()
        return page([views.issued(one, now=now) for one in found[:limit]], found, limit)

    async def issued_one(self, issuer: Issuer, credential_id: str) -> wire.IssuedCredential:
        """One certificate the department issued."""
        return views.issued(await self._issued(issuer, credential_id), now=self._clock())

    async def _told(self, credential: Credential, now: datetime) -> wire.IssuedCredential:
        """The answer, once whoever follows the wallets has heard; done again with every repetition."""
        await self._changed(credential.keepers)
        return views.issued(credential, now=now)

    async def _issued(self, issuer: Issuer, credential_id: str) -> Credential:
        credential = await self._credentials.get(credential_id)
        if credential is None or credential.issuer != issuer.id:
            raise CredentialUnknown
        return credential

    async def _insert(self, credential: Credential) -> Credential | None:
        """Keep a new credential in a free slot of a status list; None if its serial is taken.

        Slots are drawn by chance, so that neighbours in a list say nothing of one another (Token Status
        List, "Unlinkability"). Eight draws taken in a row: the list is full enough, open the next one.
        """
        number = max(1, await self._credentials.highest_status_list())
        while True:
            for _ in range(8):
                slot = int.from_bytes(self._chance(4)) % _SLOTS
                placed = structs.replace(credential, status_list=number, status_index=slot)
                taken = await self._credentials.insert(placed)
                if taken is None:
                    return placed
                if taken is Taken.SERIAL:
                    return None
            number += 1

    async def publish_status_lists(self) -> None:
        """Sign every status list anew. Two at once publish the same."""
        for number in range(1, await self._credentials.highest_status_list() + 1):
            marks = await self._credentials.not_active(number)
            now = int(self._clock().timestamp())
            token = StatusToken(
                subject=f"urn:suishen:status-list:{number}",
                issued_at=now,
                expires_at=now + _DAY,
                ttl=_TTL,
                statuses=StatusList.sparse(
                    {index: LISTED[mark] for index, mark in marks}, size=_SLOTS, bits=2
                ),
            )
            await self._status_lists.put(number, write_token(token, key=self._keys.signing()))

    async def status_list(self, number: int) -> bytes:
        """The latest published status list, a CWT."""
        token = await self._status_lists.get(number)
        if token is None:
            raise StatusListUnknown
        return token


def _check_own(issuer: Issuer, type_code: str) -> None:
    """Refuse a type that is not the department's, or is not any more."""
    if type_code not in issuer.types:
        raise IssuerNotAllowed


def _is_repeated(existing: Credential, version: int, content: str) -> bool:
    """Whether this very version is there already; refuses one that is there differently or is older."""
    for known in existing.history:
        if known.version == version:
            if known.content != content:
                raise SerialConflict
            # Also one that a later version has followed meanwhile: a retry that came late.
            return True
    if version < existing.version:
        raise VersionStale(current=existing.version)
    return False


def _is_done(mark: Mark, change: Change) -> bool:
    """Whether ``change`` would lead to where the certificate already stands."""
    return mark in {end for (_, step), end in TRANSITIONS.items() if step is change}

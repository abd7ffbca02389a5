"""Leaving (注销): seven days to think again, then the account goes, step by step, and a tombstone stays.

    begin        no way back; what the tombstone will say is written down while it can still be known
    shells       nobody can sign in or refresh; name, number, phone and proofs are gone from the record
    grants       ended on both sides, and nothing of who left is kept in them (see ``grants_left``)
    links        a later sign-in is a stranger's
    sessions     end in every process within a second
    keys         destroyed: what copies of the record hold cannot be read by anybody
    notices      forgotten, and whatever else was kept for the account elsewhere
    tombstone    the deletion no longer says whose it was

Each step may be done again; a scheduler that dies between two does the rest the next time. For accounts
that went when grants did not go with them yet, it is made up once.
"""

import base64
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import jwt
import msgspec
from msgspec import Struct

from auth_bridges.accounts.grants_left import GrantsLeft
from auth_bridges.accounts.people import People
from auth_bridges.accounts.step_up import StepUps
from auth_bridges.models import (
    Actor,
    Audience,
    Deletion,
    Ending,
    GrantEnding,
    Notice,
    NoticeKind,
    Resident,
    Standing,
)
from auth_bridges.ports import Audit, Chance, Clock, Forget, Notify, PersonalData, TokenKeys
from auth_bridges.refusals import DeletionBegun, DeletionUnknown
from auth_bridges.rules.policy import Operation
from auth_bridges.sessions import Sessions
from auth_bridges.store import AuthStores

COOL_OFF: Final = timedelta(days=7)


class Receipt(Struct, frozen=True, kw_only=True):
    """What a resident keeps of a request to be deleted."""

    deletion: Deletion
    receipt: str


class CertificateClaims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a certificate of deletion says; nothing in it is about the person."""

    iss: str
    jti: str
    iat: int
    state: str
    requested_at: int
    due_at: int
    deleted_at: int | None = None


class Certified(Struct, frozen=True, kw_only=True):
    """A deletion and the signed word on it."""

    deletion: Deletion
    certificate: str


_jws: Final = jwt.PyJWS(algorithms=["ES256"])
_encode: Final = msgspec.json.Encoder().encode


class Leaving:
    """Takes accounts out of the city."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        people: People,
        step_ups: StepUps,
        sessions: Sessions,
        grants_left: GrantsLeft,
        personal: PersonalData,
        keys: TokenKeys,
        issuer: str,
        audit: Audit,
        notify: Notify,
        forget: Forget,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._stores = stores
        self._people = people
        self._step_ups = step_ups
        self._sessions = sessions
        self._personal = personal
        self._keys = keys
        self._issuer = issuer
        self._audit = audit
        self._notify = notify
        self._forget = forget
        self._grants_left = grants_left
        self._clock = clock
        self._chance = chance

    async def under_way(self, resident: str) -> Deletion | None:
        """The deletion of ``resident`` that waits or has begun."""
        return await self._stores.deletions.of(resident)

    async def request(self, actor: Actor) -> Receipt:
        """Ask to be deleted in seven days; asked again, the same one with a new receipt."""
        await self._step_ups.require(actor, Operation.DELETE, b"")
        resident = await self._people.active(actor.resident)
        now = self._clock().replace(microsecond=0)
        receipt = base64.urlsafe_b64encode(self._chance(32)).rstrip(b"=").decode()
        deletion = Deletion(
            id=self._chance(16).hex(),
            receipt=_hash(receipt),
            requested_at=now,
            due_at=now + COOL_OFF,
            resident=resident.id,
        )
        if not await self._stores.deletions.request(deletion):
            known = await self._stores.deletions.renew_receipt(resident.id, _hash(receipt))
            deletion = known or deletion
        await self._told("deletion.requested", resident.id, deletion, now)
        await self._tell(deletion, resident.id, NoticeKind.DELETION_REQUESTED, now)
        return Receipt(deletion=deletion, receipt=receipt)

    async def cancel(self, actor: Actor) -> None:
        """Stay after all."""
        deletion = await self._stores.deletions.of(actor.resident)
        if deletion is None:
            raise DeletionUnknown
        if not await self._stores.deletions.cancel(actor.resident):
            raise DeletionBegun
        now = self._clock()
        await self._told("deletion.cancelled", actor.resident, deletion, now)
        await self._tell(deletion, actor.resident, NoticeKind.DELETION_CANCELLED, now)

    async def certificate(self, receipt: str) -> Certified:
        """What we sign of the deletion with this receipt: requested, or done."""
        deletion = await self._stores.deletions.by_receipt(_hash(receipt))
        if deletion is None:
            raise DeletionUnknown
        claims = CertificateClaims(
            iss=self._issuer,
            jti=deletion.id,
            iat=int(self._clock().timestamp()),
            state="requested" if deletion.deleted_at is None else "deleted",
            requested_at=int(deletion.requested_at.timestamp()),
            due_at=int(deletion.due_at.timestamp()),
            deleted_at=None if deletion.deleted_at is None else int(deletion.deleted_at.timestamp()),
        )
        key = self._keys.signing()
        headers = {"typ": "deletion+jwt", "kid": key.kid}
        return Certified(
            deletion=deletion, certificate=_jws.encode(_encode(claims), key.private, "ES256", headers=headers)
        )

    async def delete_due(self) -> None:
        """Delete every account whose seven days are over."""
        for deletion in await self._stores.deletions.due(self._clock()):
            await self._delete(deletion)

    async def settle_grants(self) -> None:
        """End leave to act of those who left when that was not done yet; once for each, and none twice.

        Nothing says any more who they were. But a tombstone is a keyed hash of what a side of a grant is
        known by: each side there is, is asked for its own.
        """
        left = await self._stores.deletions.leaving_grants()
        if not left:
            return
        latest: dict[str, datetime] = {}
        for each in left:
            if each.tombstone is not None and each.deleted_at is not None:
                latest[each.tombstone] = max(each.deleted_at, latest.get(each.tombstone, each.deleted_at))
        async for side in self._grants_left.sides():
            until = latest.get(self._tombstone(side))
            if until is not None:
                # Whoever came back since, with the same number, keeps what they were given then.
                why = GrantEnding.ACCOUNT_DELETED
                await self._grants_left.end([side], why, actor=side, now=self._clock(), until=until)
        await self._stores.deletions.left_no_grants([each.id for each in left])

    def _tombstone(self, of: str) -> str:
        return self._personal.pseudonym("tombstone", of)

    async def _delete(self, deletion: Deletion) -> None:
        root = None if deletion.resident is None else await self._stores.residents.get(deletion.resident)
        if root is None:
            return
        marked = await self._stores.deletions.begin(
            deletion.id, tombstone=self._tombstone(root.holder or root.id)
        )
        if marked is None:
            return
        now = self._clock()
        if not await self._empty(deletion, root.id, alone=True):
            # Taken in by another account meanwhile, whose owner asked for nothing.
            await self._stores.deletions.drop(deletion.id)
            await self._told("deletion.cancelled", root.id, deletion, now)
            return
        everybody = await self._stores.residents.tree_of(root)
        for resident in everybody:
            await self._empty(deletion, resident)
        holders = await self._stores.deletions.holders_of(deletion.id)
        await self._grants_left.end(holders, GrantEnding.ACCOUNT_DELETED, actor=root.id, now=now)
        for resident in everybody:
            await self._stores.residents.drop_all(resident)
            await self._sessions.end_all(Audience.RESIDENT, resident, Ending.DELETED, now=now)
            await self._stores.resident_keys.destroy(resident)
        await self._stores.notices.forget(everybody)
        await self._stores.consents.forget(everybody)
        await self._stores.legal_persons.forget(everybody)
        await self._stores.face_checks.forget(everybody)
        await self._forget(everybody)
        await self._told("account.deleted", root.id, deletion, now)
        await self._stores.deletions.done(deletion.id, at=now)

    async def _empty(self, deletion: Deletion, resident: str, *, alone: bool = False) -> bool:
        """Leave a shell of ``resident``: it stops every sign-in, and says who else was part of it.

        ``alone`` leaves as they are, and says False of, those who are part of somebody else.
        """
        while (found := await self._stores.residents.get(resident)) is not None:
            shell = Resident(
                id=found.id,
                created_at=found.created_at,
                standing=Standing.DELETED,
                merged_into=found.merged_into,
                absorbed=found.absorbed,
            )
            if alone and found.merged_into is not None:
                return False
            if found.holder is not None:
                await self._stores.deletions.remember(deletion.id, found.holder)
            if found == shell or await self._stores.residents.replace(found, shell):
                break
        return True

    async def _tell(self, deletion: Deletion, resident: str, kind: NoticeKind, now: datetime) -> None:
        await self._notify(Notice(id=f"{deletion.id}:{kind.value}", resident=resident, kind=kind, at=now))

    async def _told(self, kind: str, actor: str, deletion: Deletion, now: datetime) -> None:
        await self._audit(kind, at=now, actor=actor, subject=deletion.id, outcome="ok")


def _hash(receipt: str) -> bytes:
    return sha256(receipt.encode()).digest()

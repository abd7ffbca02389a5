"""An account as its owner sees it, and a copy of everything we hold of them (PIPL Art. 45)."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from auth_bridges.accounts.codes import masked
from auth_bridges.accounts.people import People
from auth_bridges.accounts.step_up import StepUps
from auth_bridges.models import (
    ActingGrant,
    Actor,
    Audience,
    Consent,
    Deletion,
    LegalPersonProof,
    Link,
    MergeCase,
    Notice,
    Proof,
    Resident,
    StoredFaceCheck,
    StoredSession,
)
from auth_bridges.ports import Audit, Clock, PersonalData
from auth_bridges.rules.acting import side_of
from auth_bridges.rules.assurance import holds, level_of
from auth_bridges.rules.policy import Operation
from auth_bridges.store import AuthStores
from auth_bridges.vault import Vault
from miniapp_schemas.acting import GrantSide
from miniapp_schemas.assurance import AssuranceLevel

_NOTICES: Final = 20
_ALL_NOTICES: Final = 1000
_ALL_GRANTS: Final = 1000


class Overview(Struct, frozen=True, kw_only=True):
    """An account, masked."""

    level: AssuranceLevel
    display_name: str | None
    phone: str | None
    proofs: Sequence[Proof]
    links: Sequence[Link]
    merges: Sequence[MergeCase]
    notices: Sequence[Notice]
    consents: Sequence[Consent]
    deletion: Deletion | None


class Copy(Struct, frozen=True, kw_only=True):
    """An account in the clear, for its owner alone."""

    resident: Resident
    level: AssuranceLevel
    name: str | None
    number: str | None
    phone: str | None
    former_phone: str | None
    links: Sequence[Link]
    merges: Sequence[MergeCase]
    notices: Sequence[Notice]
    consents: Sequence[Consent]
    sessions: Sequence[StoredSession]
    grants: Sequence[tuple[ActingGrant, GrantSide]]
    legal_persons: Sequence[LegalPersonProof]
    face_checks: Sequence[StoredFaceCheck]


class Overviews:
    """Reads accounts for their owners."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        people: People,
        step_ups: StepUps,
        vault: Vault,
        personal: PersonalData,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._people = people
        self._step_ups = step_ups
        self._vault = vault
        self._personal = personal
        self._audit = audit
        self._clock = clock

    async def of(self, actor: Actor) -> Overview:
        """The actor's account; what was proved counts only as long as it does."""
        resident = await self._people.active(actor.resident)
        now = self._clock()
        everybody = await self._stores.residents.tree_of(resident)
        name, phone = await self._vault.name(resident), await self._vault.phone(resident)
        return Overview(
            level=level_of(resident.proofs, now),
            display_name=None if name is None else self._personal.mask_name(name),
            phone=None if phone is None else masked(phone),
            proofs=[proof for proof in resident.proofs if holds(proof, now)],
            links=await self._stores.residents.links_of(everybody),
            merges=await self._stores.merges.of(everybody),
            notices=await self._stores.notices.of(everybody, limit=_NOTICES),
            consents=await self._stores.consents.of(everybody),
            deletion=await self._stores.deletions.of(resident.id),
        )

    async def copy(self, actor: Actor) -> Copy:
        """Everything of the actor's own, in the clear, after a fresh authentication."""
        await self._step_ups.require(actor, Operation.EXPORT, b"")
        resident = await self._people.active(actor.resident)
        now = self._clock()
        everybody = await self._stores.residents.tree_of(resident)
        copy = Copy(
            resident=resident,
            level=level_of(resident.proofs, now),
            name=await self._vault.name(resident),
            number=await self._vault.number(resident),
            phone=await self._vault.phone(resident),
            former_phone=await self._vault.former_phone(resident),
            links=await self._stores.residents.links_of(everybody),
            merges=await self._stores.merges.of(everybody),
            notices=await self._stores.notices.of(everybody, limit=_ALL_NOTICES),
            consents=await self._stores.consents.of(everybody),
            sessions=await self._stores.sessions.living(Audience.RESIDENT, resident.id),
            grants=[] if resident.holder is None else await self._grants_of(resident.holder),
            legal_persons=await self._stores.legal_persons.all_of(everybody),
            face_checks=await self._stores.face_checks.of(everybody),
        )
        await self._audit("account.exported", at=now, actor=resident.id, outcome="ok")
        return copy

    async def _grants_of(self, key: str) -> list[tuple[ActingGrant, GrantSide]]:
        found = await self._stores.grants.of(key, (), before=None, limit=_ALL_GRANTS)
        return [(grant, side) for grant in found if (side := side_of(grant, key)) is not None]

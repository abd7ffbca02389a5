"""Climbing levels: name and number against the population registry (L2), a face beside them (L3).

What is separately consented to (PIPL Art. 28–29) is noted with the notice the person was shown, and proves
nothing any more once it is withdrawn. A number
that somebody proved before is a merge case for an operator: a name and a number are known to many.
"""

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from auth_bridges.accounts.consents import ConsentLedger
from auth_bridges.accounts.merging import Merging
from auth_bridges.accounts.people import Decide, People
from auth_bridges.accounts.step_up import StepUps
from auth_bridges.models import (
    Actor,
    ConsentPurpose,
    FaceCheckState,
    MergeCase,
    Notice,
    NoticeKind,
    Resident,
    StoredFaceCheck,
    name_context,
    number_context,
)
from auth_bridges.ports import (
    Admit,
    Audit,
    Chance,
    Clock,
    FaceCheck,
    Notify,
    PersonalData,
    PopulationRegistry,
)
from auth_bridges.refusals import (
    ChildNeedsGuardian,
    ConsentUnknown,
    FaceCheckUnknown,
    IdentityAlreadyProved,
    IdentityNotConfirmed,
    ProviderNotOffered,
    StepUpRequired,
)
from auth_bridges.refusals.providers import told_by_provider
from auth_bridges.rules.acting import needs_guardian
from auth_bridges.rules.assurance import Lives, level_of, proof_of, renewed
from auth_bridges.rules.policy import Operation
from auth_bridges.store import AuthStores
from auth_bridges.vault import Vault
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.refusals import Refusal

T = TypeVar("T")


class Proved(Struct, frozen=True, kw_only=True):
    """The level now, and the merge case if the number was somebody's."""

    level: AssuranceLevel
    case: MergeCase | None = None


class FaceChecked(Struct, frozen=True, kw_only=True):
    """How a face check stands, and the level now."""

    state: FaceCheckState
    level: AssuranceLevel


class _ProvedBefore(Exception):
    """The number is somebody else's already, perhaps since a moment ago."""

    def __init__(self, case: MergeCase) -> None:
        super().__init__(case.id)
        self.case = case


class Proving:
    """Proves who somebody is, by asking those who know."""

    def __init__(
        self,
        *,
        stores: AuthStores,
        people: People,
        merging: Merging,
        step_ups: StepUps,
        consents: ConsentLedger,
        vault: Vault,
        personal: PersonalData,
        registry: PopulationRegistry | None,
        face: FaceCheck | None,
        lives: Lives,
        admit: Admit,
        audit: Audit,
        notify: Notify,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._stores = stores
        self._people = people
        self._merging = merging
        self._step_ups = step_ups
        self._consents = consents
        self._vault = vault
        self._personal = personal
        self._registry = registry
        self._face = face
        self._lives = lives
        self._admit = admit
        self._audit = audit
        self._notify = notify
        self._clock = clock
        self._chance = chance

    async def real_name(self, actor: Actor, name: str, number: str, *, consent: str) -> Proved:
        """Prove name and number against the registry (实名认证); two elements make L2."""
        if self._registry is None:
            raise ProviderNotOffered
        await self._step_ups.require(actor, Operation.REAL_NAME, f"{number}:{name}".encode())
        await self._admit_try("real-name", "subject", actor.resident)
        await self._admit_try("real-name", "real-name", number)
        resident = await self._people.active(actor.resident)
        try:
            holder = self._personal.hash(number)
        except ValueError:
            raise IdentityNotConfirmed from None
        if resident.holder not in (None, holder):
            raise IdentityAlreadyProved
        now = self._clock()
        await self._of_age("identity.proved", actor, number, now)
        await self._consents.give(actor, ConsentPurpose.REAL_NAME, consent, at=now)
        if not await self._answer("identity.proved", actor, self._registry(name, number)):
            await self._told("identity.proved", actor, IdentityNotConfirmed.code, now)
            raise IdentityNotConfirmed
        proof = proof_of(
            AssuranceLevel.L2,
            method="two-elements",
            source="population",
            at=now,
            lives=self._lives,
            of_age=True,
        )

        async def known(before: Resident) -> Resident:
            if (case := await self._keeper_of(holder, before)) is not None:
                raise _ProvedBefore(case)
            return msgspec.structs.replace(
                before,
                holder=holder,
                name=await self._vault.seal(before.id, name.encode(), name_context(before.id)),
                number=await self._vault.seal(before.id, number.encode(), number_context(before.id)),
                proofs=renewed(before.proofs, proof),
            )

        try:
            return await self._raise(actor, known, ConsentPurpose.REAL_NAME, now)
        except _ProvedBefore as before:
            return Proved(level=level_of(resident.proofs, now), case=before.case)

    async def start_face_check(self, actor: Actor, *, consent: str) -> StoredFaceCheck:
        """Begin a face check (人脸核身) of who the account says it is."""
        if self._face is None:
            raise ProviderNotOffered
        await self._step_ups.require(actor, Operation.FACE_CHECK, b"")
        await self._admit_try("face-check", "subject", actor.resident)
        resident = await self._people.active(actor.resident)
        name, number = await self._vault.name(resident), await self._vault.number(resident)
        if name is None or number is None:
            raise StepUpRequired(needed=AssuranceLevel.L2)
        now = self._clock()
        await self._of_age("face_check.begun", actor, number, now)
        await self._consents.give(actor, ConsentPurpose.FACE_CHECK, consent, at=now)
        order = self._chance(16).hex()
        begun = await self._answer("face_check.begun", actor, self._face.start(name, number, order))
        check = StoredFaceCheck(
            id=order,
            resident=resident.id,
            holder=resident.holder,
            certification=begun.id,
            url=begun.url,
            started_at=now,
        )
        await self._stores.face_checks.begin(check)
        await self._told("face_check.begun", actor, "ok", now)
        return check

    async def conclude_face_check(self, actor: Actor, check: str) -> FaceChecked:
        """Ask the provider how ``check`` ended; passed, it makes L3. Asked again it tells the same."""
        if self._face is None:
            raise ProviderNotOffered
        found = await self._stores.face_checks.get(check, resident=actor.resident)
        if found is None:
            raise FaceCheckUnknown
        if not await self._consents.stands(actor.resident, ConsentPurpose.FACE_CHECK):
            raise ConsentUnknown
        state = await self._answer("face_check.concluded", actor, self._face.result(found.certification))
        now = self._clock()
        if state is not FaceCheckState.PASSED:
            resident = await self._people.active(actor.resident)
            await self._told("face_check.concluded", actor, state.value, now)
            return FaceChecked(state=state, level=level_of(resident.proofs, now))
        # When it was begun and not when it was asked: asking again must not make it younger.
        proof = proof_of(
            AssuranceLevel.L3, method="face", source="alipay", at=found.started_at, lives=self._lives
        )

        async def seen(before: Resident) -> Resident:
            # Withdrawn meanwhile, and another name proved: it was not that one's face that was seen.
            if before.holder is None or before.holder != found.holder:
                raise FaceCheckUnknown
            return msgspec.structs.replace(before, proofs=renewed(before.proofs, proof))

        proved = await self._raise(actor, seen, ConsentPurpose.FACE_CHECK, now)
        return FaceChecked(state=state, level=proved.level)

    # --- how ------------------------------------------------------------------------------------------

    async def _of_age(self, kind: str, actor: Actor, number: str, now: datetime) -> None:
        """Ask nobody, and note no consent, about who cannot consent (PIPL Art. 31)."""
        if needs_guardian(number, now):
            await self._told(kind, actor, ChildNeedsGuardian.code, now)
            raise ChildNeedsGuardian

    async def _keeper_of(self, holder: str, resident: Resident) -> MergeCase | None:
        """The merge case with whoever proved this number before; None if nobody else did."""
        before = await self._stores.residents.by_holder(holder)
        keeper = None if before is None else await self._stores.residents.root_of(before.id)
        if keeper is None or keeper.id == resident.id:
            return None
        return await self._merging.by_number(resident, keeper)

    async def _raise(self, actor: Actor, decide: Decide, purpose: ConsentPurpose, now: datetime) -> Proved:
        """Write down what was proved, unless the consent to ``purpose`` was withdrawn meanwhile."""
        resident = await self._people.change(actor.resident, decide)
        if not await self._consents.stands(actor.resident, purpose):
            await self._consents.take_away(actor.resident, purpose)
            raise ConsentUnknown
        level = level_of(resident.proofs, now)
        await self._told("identity.proved", actor, level.value, now)
        name = f"{resident.id}:{NoticeKind.REAL_NAME.value}:{level.value}:{int(now.timestamp())}"
        await self._notify(Notice(id=name, resident=resident.id, kind=NoticeKind.REAL_NAME, at=now))
        return Proved(level=level)

    async def _answer(self, kind: str, actor: Actor, asked: Awaitable[T]) -> T:
        """What was asked for; who cannot answer, and why, is on record as well."""
        try:
            return await asked
        except Refusal as refusal:
            await self._audit(
                kind,
                at=self._clock(),
                actor=actor.resident,
                subject=actor.session,
                outcome=refusal.code,
                facts=told_by_provider(refusal),
            )
            raise

    async def _admit_try(self, bucket: str, kind: str, value: str) -> None:
        await self._admit(bucket, self._personal.pseudonym(kind, value), per_minute=1, burst=5)

    async def _told(self, kind: str, actor: Actor, outcome: str, now: datetime) -> None:
        await self._audit(kind, at=now, actor=actor.resident, subject=actor.session, outcome=outcome)

"""法人一证通: a resident proves with the legal person's certificate to be its legal representative.

    challenge    a text for one session and one purpose, to be signed once within five minutes
    prove        the certificate's key signed it, a root we trust vouches for the certificate, it is valid
                 and not revoked now, and the representative it names is the resident who is signed in

What is cheap to know is asked first, and a challenge is gone whatever is wrong: nobody tries twice.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Final

import msgspec
from stdnum.cn import uscc

from auth_bridges.codec.certificates import (
    Certificate,
    SigningAlgorithm,
    is_signed,
    path_to,
)
from auth_bridges.models import (
    CertificateChallenge,
    CertificatePurpose,
    LegalPerson,
    LegalPersonProof,
    Proof,
    Resident,
)
from auth_bridges.ports import Admit, Audit, Chance, Clock, PersonalData, Revocation
from auth_bridges.refusals import (
    CertificateChallengeEnded,
    CertificateOfNoLegalPerson,
    CertificateSignatureRefused,
    ChildNeedsGuardian,
    ProviderNotOffered,
    RepresentativeDiffers,
    SessionEnded,
)
from auth_bridges.rules.acting import needs_guardian
from auth_bridges.rules.assurance import proof_of, renewed
from auth_bridges.rules.policy import POLICY, Operation
from auth_bridges.settings import AuthSettings
from auth_bridges.store import AuthStores
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.refusals import Refusal

_CHALLENGE: Final = timedelta(minutes=5)
_PROOF: Final = POLICY[Operation.AGENT].max_age
"""How long what was shown counts, to name agents above all: the policy says so."""
_METHOD: Final = "legal-person-certificate"
_TRIES: Final = 12
_WRITES: Final = 5


class LegalPersons:
    """Who represents which legal person. One object a process."""

    def __init__(
        self,
        *,
        settings: AuthSettings,
        roots: Sequence[Certificate],
        revocation: Revocation,
        stores: AuthStores,
        personal: PersonalData,
        admit: Admit,
        audit: Audit,
        clock: Clock,
        chance: Chance,
    ) -> None:
        """``roots`` are the authorities we trust; with none nothing is offered."""
        self._settings = settings
        self._roots = roots
        self._revocation = revocation
        self._stores = stores
        self._personal = personal
        self._admit = admit
        self._audit = audit
        self._clock = clock
        self._chance = chance

    async def challenge(self, session: str, purpose: CertificatePurpose) -> CertificateChallenge:
        """A text for ``session`` to sign; it says what for, so that it counts for nothing else."""
        self._offered()
        await self._admit("certificate", session, per_minute=_TRIES, burst=_TRIES)
        expires_at = (self._clock() + _CHALLENGE).replace(microsecond=0)
        nonce = self._chance(16).hex()
        text = (
            f"法人一证通 · {self._settings.token_issuer}\n"
            f"purpose: {purpose.value}\n"
            f"session: {sha256(session.encode()).hexdigest()[:16]}\n"
            f"nonce: {nonce}\n"
            f"until: {expires_at.isoformat()}\n"
        )
        challenge = CertificateChallenge(
            id=self._chance(16).hex(), session=session, purpose=purpose, text=text, expires_at=expires_at
        )
        await self._stores.challenges.keep(challenge, keep=_CHALLENGE)
        return challenge

    async def prove(
        self,
        resident: str,
        session: str,
        *,
        challenge: str,
        certificate: bytes,
        between: Sequence[bytes],
        algorithm: SigningAlgorithm,
        signature: bytes,
    ) -> LegalPersonProof:
        """What the signed ``challenge`` proves of ``resident``, or a refusal; recorded either way."""
        self._offered()
        taken = await self._stores.challenges.take(challenge)
        try:
            if taken is None or taken.session != session or self._clock() >= taken.expires_at:
                raise CertificateChallengeEnded
            leaf = Certificate(certificate)
            above = [Certificate(each) for each in between]
            if not await asyncio.to_thread(is_signed, taken.text.encode(), signature, leaf, algorithm):
                raise CertificateSignatureRefused
            path = await asyncio.to_thread(path_to, self._roots, leaf, above, at=self._clock())
            for below, issuer in pairwise(path):
                await self._revocation.check(below, issuer)
            proof = await self._proof(resident, taken, leaf, path[1])
            await self._record(proof, min(each.x509.not_valid_after_utc for each in path))
        except Refusal as refusal:
            await self._audit(
                "legal-person.refused", at=self._clock(), actor=resident, outcome=refusal.code, facts={}
            )
            raise
        return proof

    async def represented_by(self, resident: str, session: str) -> Sequence[LegalPerson]:
        """The organisations ``resident`` proved to represent, to name agents, in this session, lately."""
        proofs = await self._stores.legal_persons.of(
            resident, session, CertificatePurpose.AGENTS, now=self._clock()
        )
        return [LegalPerson(uscc=proof.uscc, name=proof.name) for proof in proofs]

    # --- how ------------------------------------------------------------------------------------------

    def _offered(self) -> None:
        if not self._roots:
            raise ProviderNotOffered

    async def _proof(
        self, resident: str, challenge: CertificateChallenge, leaf: Certificate, issuer: Certificate
    ) -> LegalPersonProof:
        told = self._settings
        code = leaf.value_of(told.legal_person_uscc_oid)
        name = leaf.value_of(told.legal_person_name_oid)
        number = leaf.value_of(told.legal_person_representative_oid)
        if code is None or name is None or number is None or not uscc.is_valid(code):
            raise CertificateOfNoLegalPerson
        try:
            representative = self._personal.hash(number)
        except ValueError:
            raise CertificateOfNoLegalPerson from None
        known = await self._stores.residents.get(resident)
        if known is None or known.holder is None or known.holder != representative:
            raise RepresentativeDiffers
        now = self._clock()
        if needs_guardian(number, now):
            raise ChildNeedsGuardian
        return LegalPersonProof(
            id=self._chance(16).hex(),
            resident=resident,
            session=challenge.session,
            purpose=challenge.purpose,
            uscc=code,
            name=name,
            representative=representative,
            serial=f"{leaf.serial:x}",
            issuer=issuer.fingerprint.hex()[:16],
            at=now,
            expires_at=min(now + _PROOF, leaf.x509.not_valid_after_utc),
        )

    async def _record(self, proof: LegalPersonProof, certified_until: datetime) -> None:
        if proof.purpose is CertificatePurpose.LEVEL:
            await self._raise_level(proof, certified_until)
        await self._stores.legal_persons.add(proof)
        await self._audit(
            "legal-person.proved",
            at=proof.at,
            actor=proof.resident,
            subject=proof.id,
            outcome="ok",
            facts={"purpose": proof.purpose.value, "uscc": proof.uscc, "serial": proof.serial},
        )

    async def _raise_level(self, proof: LegalPersonProof, certified_until: datetime) -> None:
        """Write L3C down with the resident, no longer than the certificates are valid.

        Somebody who writes at the same time is written after; who is not the representative any more by then,
        having withdrawn name and number meanwhile, is refused.
        """
        new = proof_of(
            AssuranceLevel.L3C,
            method=_METHOD,
            source=proof.issuer,
            at=proof.at,
            lives=self._settings.proof_lives,
            until=certified_until,
            of_age=True,
        )
        for _ in range(_WRITES):
            known = await self._stores.residents.get(proof.resident)
            if known is None:
                raise SessionEnded
            if known.holder != proof.representative:
                raise RepresentativeDiffers
            if await self._stores.residents.replace(known, _with(known, new)):
                return
        raise TimeoutError("the resident is being written to all the time")


def _with(resident: Resident, proof: Proof) -> Resident:
    return msgspec.structs.replace(resident, proofs=renewed(resident.proofs, proof))

"""Proving to be a legal person's legal representative (法人一证通)."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Final

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from auth_bridges.codec.certificates import SigningAlgorithm
from auth_bridges.legal_persons import LegalPersons
from auth_bridges.models import CertificatePurpose
from auth_bridges.refusals import (
    CertificateChallengeEnded,
    CertificateExpired,
    CertificateOfNoLegalPerson,
    CertificateRevoked,
    CertificateSignatureRefused,
    CertificateUnknownToIssuer,
    CertificateUnreadable,
    CertificateUntrusted,
    ChildNeedsGuardian,
    ProviderNotOffered,
    RepresentativeDiffers,
    RevocationUnknown,
)
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.legal_person import (
    AskLegalPersonChallenge,
    LegalPersonChallenge,
    LegalPersonProved,
    ProveLegalPerson,
)

_REAL_NAME: Final = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": None}
_NOT_PROVED: Final = (
    CertificateChallengeEnded,
    CertificateExpired,
    CertificateOfNoLegalPerson,
    CertificateRevoked,
    CertificateUnknownToIssuer,
    CertificateSignatureRefused,
    CertificateUnreadable,
    CertificateUntrusted,
    ChildNeedsGuardian,
    ProviderNotOffered,
    RepresentativeDiffers,
    RevocationUnknown,
)


class LegalPersonController(Controller):
    """Legal persons and who represents them."""

    path = "/mp/v1/legal-person"
    tags = ("session",)

    @post(
        "/challenges",
        opt={**_REAL_NAME, "refusals": (ProviderNotOffered, TooManyRequests)},
        operation_id="AskLegalPersonChallenge",
        summary="A text to sign with a legal person's certificate",
    )
    async def challenge(
        self,
        data: JSONBody[AskLegalPersonChallenge],
        principal: NamedDependency[Principal],
        legal_persons: NamedDependency[LegalPersons],
    ) -> LegalPersonChallenge:
        """For this session and this purpose only; sign it within five minutes."""
        made = await legal_persons.challenge(principal.session, CertificatePurpose(data.purpose.value))
        return LegalPersonChallenge(challenge_id=made.id, text=made.text, expires_at=made.expires_at)

    @post(
        "/proofs",
        opt={**_REAL_NAME, "refusals": _NOT_PROVED},
        operation_id="ProveLegalPerson",
        summary="Prove to be the legal representative (法人一证通)",
    )
    async def prove(
        self,
        data: JSONBody[ProveLegalPerson],
        principal: NamedDependency[Principal],
        legal_persons: NamedDependency[LegalPersons],
    ) -> LegalPersonProved:
        """For `level` renew the session afterwards: the next access token is at L3C."""
        proof = await legal_persons.prove(
            principal.subject,
            principal.session,
            challenge=data.challenge_id,
            certificate=_decoded(data.certificate),
            between=[_decoded(each) for each in data.chain],
            algorithm=SigningAlgorithm(data.algorithm.value),
            signature=_decoded(data.signature),
        )
        return LegalPersonProved(uscc=proof.uscc, name=proof.name, expires_at=proof.expires_at)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except NotBase64:
        raise CertificateUnreadable from None

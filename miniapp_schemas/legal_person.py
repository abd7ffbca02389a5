"""Proving to be a legal person's legal representative (法人一证通)."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from miniapp_schemas.base import Instant, Request, Response

Base64 = Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{4,8192}={0,2}\Z")]
ChallengeId = Annotated[
    str, Meta(description="The challenge that was signed: once, five minutes.", pattern=r"^[0-9a-f]{32}\Z")
]


class LegalPersonPurpose(StrEnum):
    """What it is proved for: the resident's own level, naming agents (经办人), or answering a challenge."""

    LEVEL = "level"
    AGENTS = "agents"
    STEP_UP = "step-up"


class LegalPersonSigning(StrEnum):
    """How the certificate's key signs; SM2 signatures are DER, for the default signer's name."""

    RSA_PKCS1 = "RSA-PKCS1-SHA256"
    RSA_PSS = "RSA-PSS-SHA256"
    SM2 = "SM2-SM3"


class AskLegalPersonChallenge(Request, frozen=True, kw_only=True):
    """Ask for a text to sign with the legal person's certificate."""

    purpose: Annotated[LegalPersonPurpose, Meta(description="What it is proved for; the text says so.")]


class LegalPersonChallenge(Response, frozen=True, kw_only=True):
    """A text to sign."""

    challenge_id: ChallengeId
    text: Annotated[str, Meta(description="Sign exactly this, in UTF-8.")]
    expires_at: Annotated[Instant, Meta(description="Until when the signature is taken.")]


class ProveLegalPerson(Request, frozen=True, kw_only=True):
    """The signed text, and the certificate it was signed with."""

    challenge_id: ChallengeId
    certificate: Annotated[Base64, Meta(description="The legal person's certificate, DER in base64.")]
    chain: Annotated[
        list[Base64], Meta(description="Certificates between it and its root, in any order.", max_length=3)
    ] = []
    algorithm: Annotated[LegalPersonSigning, Meta(description="How it was signed.")]
    signature: Annotated[Base64, Meta(description="The signature, in base64.")]


class LegalPersonProved(Response, frozen=True, kw_only=True):
    """The legal person the resident represents."""

    uscc: Annotated[str, Meta(description="Its unified social credit code (统一社会信用代码).")]
    name: Annotated[str, Meta(description="Its name.")]
    expires_at: Annotated[Instant, Meta(description="Until when this counts in this session.")]

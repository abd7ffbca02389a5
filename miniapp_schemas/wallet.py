"""What the wallet says to residents, clerks and departments."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from miniapp_schemas.acting import ShownBy
from miniapp_schemas.base import IdNumber, Instant, Request, Response, Text, Uscc

CredentialId = Annotated[str, Meta(description="Opaque.", pattern=r"^[0-9a-f]{32}\Z")]
PresentationId = Annotated[str, Meta(description="Not the code itself.", pattern=r"^[0-9a-f]{32}\Z")]
ClaimName = Annotated[str, Meta(description="Name of a claim.", pattern=r"^[a-z][A-Za-z0-9]{0,39}\Z")]
SceneCode = Annotated[
    str, Meta(description="Scene (场景) code.", pattern=r"^[a-z][a-z0-9-]{0,30}(\.[a-z][a-z0-9-]{0,30})?\Z")
]


class CredentialStatus(StrEnum):
    """Whether a credential may be shown now."""

    VALID = "valid"
    NOT_YET_VALID = "notYetValid"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class PresentationMode(StrEnum):
    """``signed``: claims in the QR, checkable offline. ``opaque``: 128 random bits, online only."""

    SIGNED = "signed"
    OPAQUE = "opaque"


class Verdict(StrEnum):
    """The answer to a scan; stable codes."""

    OK_ONLINE = "OK_ONLINE"
    OK_OFFLINE = "OK_OFFLINE"
    STALE_STATUS = "STALE_STATUS"
    EXPIRED = "EXPIRED"
    CLOCK_SKEW = "CLOCK_SKEW"
    CREDENTIAL_EXPIRED = "CREDENTIAL_EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    REVOKED = "REVOKED"
    SUSPENDED = "SUSPENDED"
    ALREADY_USED = "ALREADY_USED"
    SCENE_DENIED = "SCENE_DENIED"
    TAMPERED = "TAMPERED"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    UNREADABLE = "UNREADABLE"
    ONLINE_ONLY = "ONLINE_ONLY"


class Claim(Response, frozen=True, kw_only=True):
    """One field of a credential (字段), as it is shown."""

    name: ClaimName
    label: Annotated[Text, Meta(description="What to call it.")]
    value: Annotated[str, Meta(description="Masked where the type says so.")]


class Credential(Response, frozen=True, kw_only=True):
    """One certificate (电子证照) in the resident's wallet."""

    id: CredentialId
    type: Annotated[str, Meta(description="Credential type code.")]
    type_name: Annotated[Text, Meta(description="What it is called.")]
    issuer_name: Annotated[str, Meta(description="发证机关.")]
    title: Annotated[str, Meta(description="Holder as printed on the card, masked.")]
    number: Annotated[str, Meta(description="Its number, masked.")]
    status: Annotated[CredentialStatus, Meta(description="How it stands now.")]
    status_reason: Annotated[Text, Meta(description="Why it stands so, and what to do.")]
    valid_from: Annotated[date, Meta(description="First day, Asia/Shanghai.")]
    valid_until: Annotated[date | None, Meta(description="Last day, Asia/Shanghai; null = 长期.")]
    mode: Annotated[PresentationMode, Meta(description="How its codes are made; a scene can ask for opaque.")]
    version: Annotated[int, Meta(description="Rises with every change by the issuer.")]
    updated_at: Instant


class CredentialDetail(Credential, frozen=True, kw_only=True):
    """A certificate with its fields and where it can be shown."""

    claims: Annotated[list[Claim], Meta(description="Its fields, sensitive ones masked.")]
    scenes: Annotated[list["SceneOffer"], Meta(description="Where it can be shown, and what is then seen.")]


class SceneOffer(Response, frozen=True, kw_only=True):
    """A scene in which a certificate can be shown."""

    scene: SceneCode
    name: Annotated[Text, Meta(description="What it is called.")]
    claims: Annotated[list[ClaimName], Meta(description="Everything a verifier may see there.")]
    mode: Annotated[PresentationMode, Meta(description="How the code is made there.")]


class ShowCredential(Request, frozen=True, kw_only=True):
    """Ask for a one-time code (亮证)."""

    credential_id: CredentialId
    scene: Annotated[SceneCode, Meta(description="Where it is shown; `general` if not said.")] = "general"
    claims: Annotated[
        Annotated[list[ClaimName], Meta(min_length=1, max_length=32)] | None,
        Meta(description="Show only these; all the scene allows if not said."),
    ] = None


class PresentationTicket(Response, frozen=True, kw_only=True):
    """A one-time code to draw as a QR, and when it dies."""

    presentation_id: PresentationId
    code: Annotated[str, Meta(description="Draw exactly this, alphanumeric mode, ECC M.")]
    mode: Annotated[PresentationMode, Meta(description="Whether the code holds the fields.")]
    scene: SceneCode
    claims: Annotated[list[ClaimName], Meta(description="What a verifier will see.")]
    issued_at: Annotated[Instant, Meta(description="Server time: count down from here.")]
    expires_at: Instant


class PresentationState(StrEnum):
    """What became of a shown code."""

    OPEN = "open"
    USED = "used"
    ENDED = "ended"


class PresentationProgress(Response, frozen=True, kw_only=True):
    """What became of a shown code."""

    presentation_id: PresentationId
    state: Annotated[PresentationState, Meta(description="Whether it can still be used, or was.")]
    used: Annotated["UsageRecord | None", Meta(description="Who used it, once used.")] = None


class UsageRecord(Response, frozen=True, kw_only=True):
    """One use of a certificate (用证记录), as its holder sees it."""

    id: Annotated[str, Meta(description="UUIDv7.")]
    at: Instant
    credential_id: CredentialId
    type: Annotated[str, Meta(description="Credential type code.")]
    type_name: Annotated[Text, Meta(description="Which kind of certificate.")]
    organisation: Annotated[str, Meta(description="Who looked.")]
    clerk_number: Annotated[str, Meta(description="Which clerk.")]
    scene: SceneCode
    scene_name: Annotated[Text, Meta(description="Where.")]
    claims: Annotated[list[ClaimName], Meta(description="What they saw; empty if refused.")]
    verdict: Annotated[Verdict, Meta(description="The answer the clerk got.")]
    shown_by: Annotated[
        ShownBy | None, Meta(description="Who showed it in the holder's name; null: the holder.")
    ] = None


class Verify(Request, frozen=True, kw_only=True):
    """A scanned code. Repeat with the same `requestId` after a lost reply."""

    code: Annotated[str, Meta(description="Exactly what the scanner read.", min_length=1, max_length=2048)]
    request_id: Annotated[
        str,
        Meta(description="New for each scan, the same for each retry.", pattern=r"^[A-Za-z0-9_-]{8,64}\Z"),
    ]


class Verification(Response, frozen=True, kw_only=True):
    """The answer to a scan: a verdict, what to do next, and only the scene's fields."""

    verdict: Annotated[Verdict, Meta(description="The answer, as a stable code.")]
    valid: Annotated[bool, Meta(description="True only for OK_*.")]
    advice: Annotated[Text, Meta(description="What to do next, in plain words.")]
    checked_at: Instant
    type_name: Annotated[Text | None, Meta(description="Kind of certificate, if known.")] = None
    issuer_name: Annotated[str | None, Meta(description="发证机关, if valid.")] = None
    scene: Annotated[SceneCode | None, Meta(description="Scene the code was shown for, if known.")] = None
    mode: Annotated[PresentationMode | None, Meta(description="How the code was made, if known.")] = None
    claims: Annotated[list[Claim], Meta(description="Empty unless valid.")] = []
    usage_id: Annotated[str | None, Meta(description="The usage record, if one was written.")] = None
    shown_by: Annotated[
        ShownBy | None, Meta(description="Who showed it in the holder's name; null: the holder, or unknown.")
    ] = None


class CheckRecord(Response, frozen=True, kw_only=True):
    """One check a clerk made; of the person checked it says nothing."""

    id: Annotated[str, Meta(description="UUIDv7; the holder's usage record has the same.")]
    at: Instant
    type_name: Annotated[Text | None, Meta(description="Which kind of certificate; null if scene denied.")]
    scene: Annotated[SceneCode | None, Meta(description="Where; null if scene denied.")]
    verdict: Annotated[Verdict, Meta(description="The answer the clerk got.")]
    valid: Annotated[bool, Meta(description="True only for OK_*.")]


class Holder(Request, frozen=True, kw_only=True):
    """Whom the certificate is about, and in whose wallet it lies."""

    name: Annotated[str, Meta(description="Name of the person or organisation.", min_length=1, max_length=64)]
    id_number: Annotated[IdNumber | None, Meta(description="Of a person.")] = None
    uscc: Annotated[Uscc | None, Meta(description="Of an organisation.")] = None
    keepers: Annotated[
        list[IdNumber],
        Meta(
            description="ID numbers of those whose wallets hold it beside the holder's own: the legal "
            "representative, the parents.",
            max_length=8,
        ),
    ] = []


class IssueCredential(Request, frozen=True, kw_only=True):
    """Issue a certificate, or a new version of one: idempotent by (issuer, serial, version)."""

    type: Annotated[str, Meta(description="A registered type's code.", pattern=r"^[a-z][a-z0-9-]{1,40}\Z")]
    serial: Annotated[str, Meta(description="流水号 within the issuer.", pattern=r"^[0-9A-Z]{1,32}\Z")]
    version: Annotated[int, Meta(description="版本号, from 1.", ge=1, le=999)] = 1
    holder: Annotated[Holder, Meta(description="Whom it is about, and who keeps it.")]
    claims: Annotated[
        dict[str, Annotated[str, Meta(max_length=200)]],
        Meta(description="The type's fields.", max_length=40),
    ]
    valid_from: Annotated[date, Meta(description="First day, Asia/Shanghai.")]
    valid_until: Annotated[date | None, Meta(description="Last day, Asia/Shanghai; null = 长期.")] = None


class StatusChange(Request, frozen=True, kw_only=True):
    """Why a certificate is suspended, resumed or revoked."""

    reason: Annotated[
        str,
        Meta(
            description="Shown to the holder: words, no control or direction marks, no blank at either end.",
            min_length=2,
            max_length=200,
            pattern=r"^[^\s\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
            r"[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*"
            r"[^\s\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]\Z",
        ),
    ]


class IssuedCredential(Response, frozen=True, kw_only=True):
    """What the issuer may know of what it issued."""

    id: CredentialId
    identifier: Annotated[str, Meta(description="电子证照标识 (GB/T 36904-2018).")]
    type: Annotated[str, Meta(description="Credential type code.")]
    serial: Annotated[str, Meta(description="流水号.")]
    version: Annotated[int, Meta(description="版本号.")]
    status: Annotated[CredentialStatus, Meta(description="How it stands now.")]
    status_reason: Annotated[str | None, Meta(description="As last given.")] = None
    holder_masked: Annotated[str, Meta(description="Name and number, masked.")]
    issued_at: Instant
    updated_at: Instant


class CredentialTypeInfo(Response, frozen=True, kw_only=True):
    """A registered type: its fields and which of them can be shown."""

    code: Annotated[str, Meta(description="Type code.")]
    name: Annotated[Text, Meta(description="What it is called.")]
    catalogue_code: Annotated[str, Meta(description="证照类型代码, 21 characters.")]
    holder: Annotated[str, Meta(description="`person` or `organisation`.")]
    fields: Annotated[list["FieldInfo"], Meta(description="Its fields.")]
    mode: Annotated[PresentationMode, Meta(description="How its codes are made; a scene can ask for opaque.")]


class FieldInfo(Response, frozen=True, kw_only=True):
    """A field of a type."""

    name: ClaimName
    label: Annotated[Text, Meta(description="What to call it.")]
    required: Annotated[bool, Meta(description="A certificate of this type must have it.")]
    disclosable: Annotated[bool, Meta(description="May ever appear in a presentation.")]
    pattern: Annotated[str | None, Meta(description="What a value must look like.")] = None

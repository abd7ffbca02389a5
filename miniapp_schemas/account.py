"""A resident's own account: ways in, real-name level, phone, step-up, leaving."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from miniapp_schemas.acting import ActingGrant
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Instant, Request, Response, Text
from miniapp_schemas.session import AuthorizationCode, FlowState, ProviderIssuer, SignedInDevice

Provider = Annotated[
    str, Meta(description="The provider's name: `wechat`, …", pattern=r"^[a-z][a-z0-9-]{1,31}\Z")
]
OneTimeCode = Annotated[
    str,
    Meta(description="The provider's one-time code; good once.", pattern=r"^[A-Za-z0-9_-]{1,128}\Z"),
]
SmsCode = Annotated[str, Meta(description="The six digits of the text message.", pattern=r"^[0-9]{6}\Z")]
RequestId = Annotated[str, Meta(description="The request the code was sent for.", pattern=r"^[0-9a-f]{32}\Z")]
LinkId = Annotated[str, Meta(description="A way in.", pattern=r"^[0-9a-f]{32}\Z")]
MergeId = Annotated[str, Meta(description="A merge.", pattern=r"^[0-9a-f]{32}\Z")]
FaceCheckId = Annotated[str, Meta(description="A face check.", pattern=r"^[0-9a-f]{32}\Z")]
ChallengeText = Annotated[
    str, Meta(description="The `challenge` of a refusal's `stepUp`.", min_length=20, max_length=4096)
]
ConsentNotice = Annotated[
    str,
    Meta(
        description="Which notice the person was shown and agreed to, separately from anything else.",
        pattern=r"^[A-Za-z0-9._-]{1,64}\Z",
    ),
]

ConsentName = Annotated[str, Meta(description="What was consented to.", pattern=r"^(real-name|face-check)\Z")]


class ProofInfo(Response, frozen=True, kw_only=True):
    """Why a level is held."""

    level: Annotated[AssuranceLevel, Meta(description="What it proves.")]
    method: Annotated[str, Meta(description="How.")]
    source: Annotated[str, Meta(description="Who said so.")]
    at: Annotated[Instant, Meta(description="When.")]
    expires_at: Annotated[Instant | None, Meta(description="Until when it counts.")]


class LinkInfo(Response, frozen=True, kw_only=True):
    """A way in (登录方式)."""

    id: Annotated[str, Meta(description="Its name here.")]
    provider: Annotated[str, Meta(description="The provider's name.")]
    linked_at: Annotated[Instant, Meta(description="Since when.")]


class MergeStatus(StrEnum):
    """How far a merge is."""

    WAITING = "waiting"
    MERGING = "merging"
    MERGED = "merged"
    UNDOING = "undoing"
    UNDONE = "undone"
    REFUSED = "refused"


class MergeInfo(Response, frozen=True, kw_only=True):
    """Two accounts that belong to one person (账号合并)."""

    id: Annotated[str, Meta(description="Its name here.")]
    status: Annotated[MergeStatus, Meta(description="`waiting` is for an operator to decide.")]
    opened_at: Annotated[Instant, Meta(description="When it was found.")]
    reversible_until: Annotated[
        Instant | None, Meta(description="Until when it can be undone; absent if it cannot.")
    ]
    sign_in_again: Annotated[
        bool, Meta(description="This session's account was merged into the other: sign in again.")
    ]


class NoticeInfo(Response, frozen=True, kw_only=True):
    """Something that happened to the account."""

    kind: Annotated[str, Meta(description="What happened.")]
    at: Annotated[Instant, Meta(description="When.")]
    by: Annotated[str | None, Meta(description="Masked name of the other guardian who did it.")] = None


class DeletionInfo(Response, frozen=True, kw_only=True):
    """A deletion under way (注销)."""

    requested_at: Annotated[Instant, Meta(description="When it was asked for.")]
    due_at: Annotated[Instant, Meta(description="Until then it can be taken back.")]


class ConsentInfo(Response, frozen=True, kw_only=True):
    """A separate consent (单独同意)."""

    purpose: Annotated[ConsentName, Meta(description="What was consented to.")]
    notice: Annotated[str, Meta(description="The notice that was shown.")]
    given_at: Annotated[Instant, Meta(description="When.")]
    withdrawn_at: Annotated[Instant | None, Meta(description="When it was withdrawn.")]


class Account(Response, frozen=True, kw_only=True):
    """The caller's account, in one call."""

    assurance: Annotated[AssuranceLevel, Meta(description="Real-name level held now.")]
    trust_grade: Annotated[int | None, Meta(description="The same as 可信等级, two to five.")]
    display_name: Annotated[str | None, Meta(description="Masked name, once real-name.")]
    phone: Annotated[str | None, Meta(description="Masked phone, once bound.")]
    proofs: Annotated[list[ProofInfo], Meta(description="What the level rests on.")]
    links: Annotated[list[LinkInfo], Meta(description="Ways in, oldest first.")]
    merges: Annotated[list[MergeInfo], Meta(description="Merges, newest first.")]
    notices: Annotated[list[NoticeInfo], Meta(description="What happened lately, newest first.")]
    consents: Annotated[list[ConsentInfo], Meta(description="Separate consents, oldest first.")]
    deletion: Annotated[DeletionInfo | None, Meta(description="A deletion under way.")]


class AddLink(Request, frozen=True, kw_only=True):
    """Link another provider: its one-time code proves the other side."""

    provider: Provider
    code: OneTimeCode


class LinkResult(Response, frozen=True, kw_only=True):
    """A way in, or, if it led to another account, a merge."""

    link: Annotated[LinkInfo | None, Meta(description="The way in.")]
    merge: Annotated[MergeInfo | None, Meta(description="The merge that was opened.")]


class SendPhoneCode(Request, frozen=True, kw_only=True):
    """Ask for a code by text message, to bind a phone."""

    phone: Annotated[str, Meta(description="A mainland mobile number.", pattern=r"^(\+86)?1[3-9][0-9]{9}\Z")]


class PhoneCodeSent(Response, frozen=True, kw_only=True):
    """A code is on its way."""

    request_id: Annotated[str, Meta(description="Send it back with the code.")]
    expires_at: Annotated[Instant, Meta(description="When the code ends.")]
    phone: Annotated[str, Meta(description="Masked.")]


class BindPhoneBySms(Request, frozen=True, kw_only=True):
    """Bind the phone a code was sent to."""

    request_id: RequestId
    code: SmsCode


class BindPhoneByCode(Request, frozen=True, kw_only=True):
    """Bind the phone a provider tells for a code of its own (`getPhoneNumber`)."""

    code: OneTimeCode


class BindPhoneByPacket(Request, frozen=True, kw_only=True):
    """Bind the phone in the sealed packet of `my.getPhoneNumber`."""

    packet: Annotated[str, Meta(description="The packet as it came.", min_length=2, max_length=8192)]


class PhoneBound(Response, frozen=True, kw_only=True):
    """The phone that is bound now; refresh the session for its level."""

    phone: Annotated[str, Meta(description="Masked.")]


class ProveRealName(Request, frozen=True, kw_only=True):
    """Prove name and ID number (实名认证)."""

    name: Annotated[str, Meta(description="As registered.", min_length=1, max_length=64)]
    id_number: Annotated[str, Meta(description="公民身份号码.", pattern=r"^[0-9]{17}[0-9X]\Z")]
    consent_notice: ConsentNotice


class RealNameResult(Response, frozen=True, kw_only=True):
    """The level now; refresh the session to use it."""

    assurance: Annotated[AssuranceLevel, Meta(description="Real-name level held now.")]
    trust_grade: Annotated[int | None, Meta(description="The same as 可信等级.")]
    merge: Annotated[
        MergeInfo | None, Meta(description="The number was proved before: an operator looks at it.")
    ]


class StartFaceCheck(Request, frozen=True, kw_only=True):
    """Begin a face check (人脸核身)."""

    consent_notice: ConsentNotice


class FaceCheckBegun(Response, frozen=True, kw_only=True):
    """A face check that waits for the person."""

    id: Annotated[str, Meta(description="Ask for its result by this.")]
    url: Annotated[str, Meta(description="Where the mini-program goes.")]


class FaceCheckStatus(StrEnum):
    """How a face check stands."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"
    EXPIRED = "expired"


class FaceCheckResult(Response, frozen=True, kw_only=True):
    """How a face check stands, and the level now."""

    status: Annotated[FaceCheckStatus, Meta(description="What the provider told us.")]
    assurance: Annotated[AssuranceLevel, Meta(description="Real-name level held now.")]
    trust_grade: Annotated[int | None, Meta(description="The same as 可信等级.")]


class AnswerByProvider(Request, frozen=True, kw_only=True):
    """Answer a challenge with a provider's fresh one-time code."""

    challenge: ChallengeText
    provider: Provider
    code: OneTimeCode


class SendStepUpCode(Request, frozen=True, kw_only=True):
    """Ask for a code to the bound phone, to answer a challenge."""

    challenge: ChallengeText


class AnswerByPhone(Request, frozen=True, kw_only=True):
    """Answer a challenge with the code that was sent for it."""

    challenge: ChallengeText
    request_id: RequestId
    code: SmsCode


class AnswerByFace(Request, frozen=True, kw_only=True):
    """Answer a challenge with a face check that was begun since and passed."""

    challenge: ChallengeText
    face_check_id: FaceCheckId


class AnswerByCertificate(Request, frozen=True, kw_only=True):
    """Answer a challenge with a legal person's certificate that was shown since, for `step-up`."""

    challenge: ChallengeText


class BeginAnswerElsewhere(Request, frozen=True, kw_only=True):
    """Answer a challenge by signing in again at an OpenID provider that leads to this account."""

    challenge: ChallengeText


class AnswerElsewhere(Request, frozen=True, kw_only=True):
    """Answer it with what the provider sent back in the address."""

    challenge: ChallengeText
    code: AuthorizationCode
    state: FlowState
    iss: ProviderIssuer = None


class StepUpAnswered(Response, frozen=True, kw_only=True):
    """The challenge is answered: repeat the request with it."""

    expires_at: Annotated[Instant, Meta(description="Until when.")]


class DeletionConsequences(Response, frozen=True, kw_only=True):
    """What deleting the account means, and whether it is under way."""

    consequences: Annotated[list[Text], Meta(description="To be shown before it is asked for.")]
    cool_off_days: Annotated[int, Meta(description="Days in which it can be taken back.")]
    deletion: Annotated[DeletionInfo | None, Meta(description="A deletion under way.")]


class DeletionReceipt(Response, frozen=True, kw_only=True):
    """The deletion is under way. Keep the receipt: nobody can sign in to ask for it later."""

    receipt: Annotated[str, Meta(description="Opaque; trade it for the certificate at any time.")]
    requested_at: Annotated[Instant, Meta(description="When it was asked for.")]
    due_at: Annotated[Instant, Meta(description="Until then it can be taken back.")]


class FetchDeletionCertificate(Request, frozen=True, kw_only=True):
    """Fetch the certificate of a deletion."""

    receipt: Annotated[str, Meta(description="As it was given.", pattern=r"^[A-Za-z0-9_-]{43}\Z")]


class DeletionCertificate(Response, frozen=True, kw_only=True):
    """Our signed word on a deletion; nothing in it is about the person."""

    requested_at: Annotated[Instant, Meta(description="When it was asked for.")]
    due_at: Annotated[Instant, Meta(description="When it is, or was, due.")]
    deleted_at: Annotated[Instant | None, Meta(description="When the account was gone.")]
    certificate: Annotated[
        str, Meta(description="ES256 `deletion+jwt`, verified with `/.well-known/jwks.json`.")
    ]


class OtherName(Response, frozen=True, kw_only=True):
    """Another name a provider has for the person."""

    kind: Annotated[str, Meta(description="Which of its names: `unionid`, `user_id`, `open_id`.")]
    value: Annotated[str, Meta(description="The name.")]
    until: Annotated[Instant | None, Meta(description="Until when it counted; null: it does.")]


class ExportedLink(Response, frozen=True, kw_only=True):
    """A way in, with the provider's name for the person."""

    provider: Annotated[str, Meta(description="The provider's name.")]
    appid: Annotated[str, Meta(description="Our name there.")]
    subject: Annotated[str, Meta(description="Its name for the person.")]
    linked_at: Annotated[Instant, Meta(description="Since when.")]
    other_names: Annotated[list[OtherName], Meta(description="What else it calls the person, or did.")] = []


class ExportedLegalPerson(Response, frozen=True, kw_only=True):
    """A legal person that the caller proved to represent, while it is kept."""

    uscc: Annotated[str, Meta(description="Its 统一社会信用代码.")]
    name: Annotated[str, Meta(description="As its certificate names it.")]
    purpose: Annotated[str, Meta(description="For what: `level`, `agents`.")]
    serial: Annotated[str, Meta(description="The certificate's serial number, in hex.")]
    proved_at: Annotated[Instant, Meta(description="When.")]
    expires_at: Annotated[Instant, Meta(description="Until when it counts.")]


class ExportedFaceCheck(Response, frozen=True, kw_only=True):
    """A face check that the caller began lately; the provider has the picture, we never had it."""

    certification: Annotated[str, Meta(description="The provider's number for it.")]
    started_at: Annotated[Instant, Meta(description="When.")]


class AccountExport(Response, frozen=True, kw_only=True):
    """A copy of what is held of the caller (个人信息副本), in the clear."""

    account: Annotated[str, Meta(description="The account's id.")]
    created_at: Annotated[Instant, Meta(description="Since when.")]
    assurance: Annotated[AssuranceLevel, Meta(description="Real-name level held now.")]
    name: Annotated[str | None, Meta(description="As it was proved.")]
    id_number: Annotated[str | None, Meta(description="As it was proved.")]
    phone: Annotated[str | None, Meta(description="As it is bound.")]
    former_phone: Annotated[
        str | None, Meta(description="The one it replaced, which answers for three days more.")
    ] = None
    proofs: Annotated[list[ProofInfo], Meta(description="Every proof, those that ran out too.")]
    links: Annotated[list[ExportedLink], Meta(description="Ways in.")]
    merges: Annotated[list[MergeInfo], Meta(description="Merges.")]
    notices: Annotated[list[NoticeInfo], Meta(description="What the account was told.")]
    consents: Annotated[list[ConsentInfo], Meta(description="Separate consents.")]
    sessions: Annotated[list[SignedInDevice], Meta(description="Where the person is signed in.")] = []
    grants: Annotated[
        list[ActingGrant], Meta(description="Who may act for whom, ended ones too; without codes.")
    ] = []
    legal_persons: Annotated[
        list[ExportedLegalPerson], Meta(description="What was proved with legal persons' certificates.")
    ] = []
    face_checks: Annotated[
        list[ExportedFaceCheck], Meta(description="Those begun in the last day; what one proved is a proof.")
    ] = []

"""``/mp/v1/account``: a resident's own account, and what it takes to change it."""

from typing import Final

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import structs

from auth_bridges.accounts import Accounts
from auth_bridges.accounts.codes import SentCode
from auth_bridges.accounts.leaving import COOL_OFF
from auth_bridges.acting import ActingService
from auth_bridges.models import ClientFacts, Consent, ConsentPurpose, Deletion, Link, MergeCase, Notice, Proof
from auth_bridges.refusals import (
    ChallengeRefused,
    CodeAlreadyUsed,
    CodeRejected,
    ConsentUnknown,
    DeletionBegun,
    DeletionUnknown,
    FaceCheckUnknown,
    IdentityAlreadyProved,
    IdentityNotConfirmed,
    LastWayIn,
    LinkTaken,
    LinkUnknown,
    MergeNotReversible,
    MergeUnknown,
    NoPhoneBound,
    PhoneCodeRejected,
    PhonePacketRefused,
    ProviderAccountBlocked,
    ProviderBusy,
    ProviderNotOffered,
    ProviderTokenUnavailable,
    ProviderUnavailable,
    ReauthenticationRequired,
    RegistryUnavailable,
    SessionEnded,
    SmsUnavailable,
    StepUpNotProved,
    StepUpRequired,
)
from auth_bridges.rules.linking import REVERSIBLE, is_reversible
from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.acting import grant_of
from bff.routes.callers import actor
from bff.routes.parameters import (
    ConsentInPath,
    DeviceId,
    FaceCheckIdInPath,
    IdempotencyKey,
    LinkIdInPath,
    MergeIdInPath,
    ProviderInPath,
    StepUpChallenge,
)
from bff.routes.sessions import device_of
from miniapp_schemas.account import (
    Account,
    AccountExport,
    AddLink,
    AnswerByFace,
    AnswerByPhone,
    AnswerByProvider,
    BindPhoneByCode,
    BindPhoneByPacket,
    BindPhoneBySms,
    ConsentInfo,
    DeletionCertificate,
    DeletionConsequences,
    DeletionInfo,
    DeletionReceipt,
    ExportedFaceCheck,
    ExportedLegalPerson,
    ExportedLink,
    FaceCheckBegun,
    FaceCheckResult,
    FaceCheckStatus,
    FetchDeletionCertificate,
    LinkInfo,
    LinkResult,
    MergeInfo,
    MergeStatus,
    NoticeInfo,
    OtherName,
    PhoneBound,
    PhoneCodeSent,
    ProofInfo,
    ProveRealName,
    RealNameResult,
    SendPhoneCode,
    SendStepUpCode,
    StartFaceCheck,
    StepUpAnswered,
)
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Text

_MINE: Final = {"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None}
_PUBLIC: Final = {"audience": "public", "assurance": None, "scope": None}
_GATE: Final = (ChallengeRefused, ReauthenticationRequired, SessionEnded)
_ONCE: Final = (IdempotencyKeyReused, RequestUnderWay)
_PROVIDER: Final = (
    CodeAlreadyUsed,
    CodeRejected,
    ProviderAccountBlocked,
    ProviderBusy,
    ProviderNotOffered,
    ProviderUnavailable,
    TooManyRequests,
)
_SMS: Final = (ProviderNotOffered, SmsUnavailable, TooManyRequests)
_CONSEQUENCES: Final = (
    Text(
        zh="七日后账号不可恢复；在此之前登录即可撤回。",
        en="After seven days the account cannot be restored; until then you can take it back.",
    ),
    Text(
        zh="所有登录方式解除绑定，所有设备退出登录。",
        en="Every way in is removed and every device is signed out.",
    ),
    Text(
        zh="姓名、证件号码、手机号码及实名记录被清除，其密钥被销毁，任何副本均无法读取。",
        en="Name, ID number, phone and proofs are erased; their key is destroyed, so no copy can be read.",
    ),
    Text(
        zh="证照仍由发证机关保存；用证记录与审计记录依法留存，其中只有假名。",
        en="Certificates stay with their issuers; usage and audit records are kept as the law asks, "
        "under pseudonyms only.",
    ),
)


class AccountController(Controller):
    """The account itself: seen, copied, its ways in."""

    path = "/mp/v1/account"
    tags = ("account",)
    opt = _MINE

    @get(opt={"refusals": (SessionEnded,)}, operation_id="ReadAccount", summary="My account")
    async def read(
        self, principal: NamedDependency[Principal], accounts: NamedDependency[Accounts]
    ) -> Account:
        """Level, ways in, merges and what happened lately, in one call."""
        seen = await accounts.overviews.of(actor(principal))
        return Account(
            assurance=seen.level,
            trust_grade=seen.level.trust_grade,
            display_name=seen.display_name,
            phone=seen.phone,
            proofs=[_proof(each) for each in seen.proofs],
            links=[_link(each) for each in seen.links],
            merges=[_merge(each, principal, accounts) for each in seen.merges],
            notices=[_notice(each) for each in seen.notices],
            consents=[_consent(each) for each in seen.consents],
            deletion=_deletion(seen.deletion),
        )

    @get("/export", opt={"refusals": _GATE}, operation_id="ExportAccount", summary="A copy of my data")
    async def export(
        self,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        acting: NamedDependency[ActingService],
        challenge: StepUpChallenge = None,
    ) -> AccountExport:
        """Everything that is held of the caller, in the clear (PIPL Art. 45); asks for a fresh proof."""
        copy = await accounts.overviews.copy(actor(principal, challenge))
        return AccountExport(
            account=copy.resident.id,
            created_at=copy.resident.created_at,
            assurance=copy.level,
            name=copy.name,
            id_number=copy.number,
            phone=copy.phone,
            proofs=[_proof(each) for each in copy.resident.proofs],
            links=[
                ExportedLink(
                    provider=each.provider,
                    appid=each.appid,
                    subject=each.subject,
                    linked_at=each.linked_at,
                    other_names=_other_names(each),
                )
                for each in copy.links
            ],
            merges=[_merge(each, principal, accounts) for each in copy.merges],
            notices=[_notice(each) for each in copy.notices],
            consents=[_consent(each) for each in copy.consents],
            sessions=[device_of(each, current=each.sid == principal.session) for each in copy.sessions],
            grants=[structs.replace(grant_of(acting, *each), code=None) for each in copy.grants],
            legal_persons=[
                ExportedLegalPerson(
                    uscc=each.uscc,
                    name=each.name,
                    purpose=each.purpose.value,
                    serial=each.serial,
                    proved_at=each.at,
                    expires_at=each.expires_at,
                )
                for each in copy.legal_persons
            ],
            face_checks=[
                ExportedFaceCheck(certification=each.certification, started_at=each.started_at)
                for each in copy.face_checks
            ],
        )

    @delete(
        "/consents/{purpose:str}",
        opt={"refusals": (*_GATE, ConsentUnknown)},
        operation_id="WithdrawConsent",
        summary="Withdraw a consent",
    )
    async def withdraw_consent(
        self,
        purpose: ConsentInPath,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> None:
        """What was proved by it counts no more (PIPL Art. 15); every session ends: sign in again."""
        await accounts.consents.withdraw(actor(principal, challenge), ConsentPurpose(purpose))

    @post(
        "/links",
        opt={"refusals": (*_GATE, *_ONCE, *_PROVIDER, LinkTaken)},
        operation_id="AddLink",
        summary="Link another way in",
    )
    async def add_link(
        self,
        *,
        data: JSONBody[AddLink],
        key: IdempotencyKey,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        idempotency: NamedDependency[Idempotency],
        challenge: StepUpChallenge = None,
    ) -> LinkResult:
        """Proved from both sides: a fresh sign-in here, a one-time code there. It may open a merge."""

        async def linked() -> LinkResult:
            done = await accounts.linking.link(actor(principal, challenge), data.provider, data.code)
            return LinkResult(
                link=None if done.link is None else _link(done.link),
                merge=None if done.case is None else _merge(done.case, principal, accounts),
            )

        return await idempotency.run(principal.subject, key, msgspec.json.encode(data), linked, LinkResult)

    @delete(
        "/links/{link_id:str}",
        opt={"refusals": (*_GATE, LastWayIn, LinkUnknown)},
        operation_id="RemoveLink",
        summary="Remove a way in",
    )
    async def remove_link(
        self,
        link_id: LinkIdInPath,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> None:
        """Sessions begun through it end. The last way in stays."""
        await accounts.linking.unlink(actor(principal, challenge), link_id)

    @post(
        "/merges/{merge_id:str}/undo",
        opt={"refusals": (*_GATE, MergeNotReversible, MergeUnknown)},
        operation_id="UndoMerge",
        summary="Undo a merge",
        status_code=200,
    )
    async def undo_merge(
        self,
        merge_id: MergeIdInPath,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> MergeInfo:
        """Within thirty days both accounts are restored; both sign in again."""
        return _merge(await accounts.undo_merge(actor(principal, challenge), merge_id), principal, accounts)


class PhoneController(Controller):
    """The bound phone (绑定手机)."""

    path = "/mp/v1/account/phone"
    tags = ("account",)
    opt = _MINE

    @post(
        "/codes",
        opt={"refusals": (*_GATE, *_ONCE, *_SMS)},
        operation_id="SendPhoneCode",
        summary="Send a code to a phone",
    )
    async def send(
        self,
        *,
        data: JSONBody[SendPhoneCode],
        key: IdempotencyKey,
        principal: NamedDependency[Principal],
        client: NamedDependency[ClientFacts],
        accounts: NamedDependency[Accounts],
        idempotency: NamedDependency[Idempotency],
        device: DeviceId = None,
        challenge: StepUpChallenge = None,
    ) -> PhoneCodeSent:
        """Six digits, ten minutes, once, five tries. The answer is the same whoever's the phone is."""
        facts = msgspec.structs.replace(client, device=device)
        phone = "+86" + data.phone.removeprefix("+86")

        async def sent() -> PhoneCodeSent:
            return _sent(await accounts.phones.send_code(actor(principal, challenge), phone, facts))

        return await idempotency.run(principal.subject, key, msgspec.json.encode(data), sent, PhoneCodeSent)

    @post(
        "/sms",
        opt={"refusals": (PhoneCodeRejected, SessionEnded, TooManyRequests)},
        operation_id="BindPhoneBySms",
        summary="Bind by text message",
        status_code=200,
    )
    async def by_sms(
        self,
        data: JSONBody[BindPhoneBySms],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
    ) -> PhoneBound:
        """Bind the phone the code was sent to; the session that asked for it, and no other."""
        return PhoneBound(
            phone=await accounts.phones.bind_by_sms(actor(principal), data.request_id, data.code)
        )

    @post(
        "/codes/{provider:str}",
        opt={"refusals": (*_GATE, *_PROVIDER, LinkUnknown, PhoneCodeRejected, ProviderTokenUnavailable)},
        operation_id="BindPhoneByCode",
        summary="Bind by a provider's code",
        status_code=200,
    )
    async def by_code(
        self,
        provider: ProviderInPath,
        data: JSONBody[BindPhoneByCode],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> PhoneBound:
        """Bind the phone the provider holds of this person (`getPhoneNumber`)."""
        phone = await accounts.phones.bind_by_code(actor(principal, challenge), provider, data.code)
        return PhoneBound(phone=phone)

    @post(
        "/packets/{provider:str}",
        opt={"refusals": (*_GATE, *_PROVIDER, PhonePacketRefused)},
        operation_id="BindPhoneByPacket",
        summary="Bind by a provider's sealed packet",
        status_code=200,
    )
    async def by_packet(
        self,
        provider: ProviderInPath,
        data: JSONBody[BindPhoneByPacket],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> PhoneBound:
        """Bind the phone in the packet (`my.getPhoneNumber`)."""
        phone = await accounts.phones.bind_by_packet(actor(principal, challenge), provider, data.packet)
        return PhoneBound(phone=phone)


class IdentityController(Controller):
    """Climbing levels (实名认证)."""

    path = "/mp/v1/account"
    tags = ("account",)
    opt = _MINE

    @post(
        "/real-name",
        opt={
            "refusals": (
                *_GATE,
                ConsentUnknown,
                IdentityAlreadyProved,
                IdentityNotConfirmed,
                ProviderNotOffered,
                RegistryUnavailable,
                StepUpRequired,
                TooManyRequests,
            )
        },
        operation_id="ProveRealName",
        summary="Prove name and ID number",
        status_code=200,
    )
    async def real_name(
        self,
        data: JSONBody[ProveRealName],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> RealNameResult:
        """Two elements against the population registry make L2; needs a bound phone."""
        proved = await accounts.proving.real_name(
            actor(principal, challenge), data.name, data.id_number, consent=data.consent_notice
        )
        return RealNameResult(
            assurance=proved.level,
            trust_grade=proved.level.trust_grade,
            merge=None if proved.case is None else _merge(proved.case, principal, accounts),
        )

    @post(
        "/face-checks",
        opt={
            "refusals": (
                *_GATE,
                *_ONCE,
                ProviderBusy,
                ProviderNotOffered,
                ProviderUnavailable,
                StepUpRequired,
                TooManyRequests,
            )
        },
        operation_id="StartFaceCheck",
        summary="Begin a face check",
    )
    async def start_face_check(
        self,
        *,
        data: JSONBody[StartFaceCheck],
        key: IdempotencyKey,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        idempotency: NamedDependency[Idempotency],
        challenge: StepUpChallenge = None,
    ) -> FaceCheckBegun:
        """The person's face against the name and number of the account; the provider shows where."""

        async def begun() -> FaceCheckBegun:
            check = await accounts.proving.start_face_check(
                actor(principal, challenge), consent=data.consent_notice
            )
            return FaceCheckBegun(id=check.id, url=check.url)

        return await idempotency.run(principal.subject, key, msgspec.json.encode(data), begun, FaceCheckBegun)

    @post(
        "/face-checks/{check_id:str}/result",
        opt={
            "refusals": (
                ConsentUnknown,
                FaceCheckUnknown,
                ProviderBusy,
                ProviderNotOffered,
                ProviderUnavailable,
                SessionEnded,
            )
        },
        operation_id="ConcludeFaceCheck",
        summary="How a face check ended",
        status_code=200,
    )
    async def conclude_face_check(
        self,
        check_id: FaceCheckIdInPath,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
    ) -> FaceCheckResult:
        """Asked of the provider by us; passed, it makes L3."""
        checked = await accounts.proving.conclude_face_check(actor(principal), check_id)
        return FaceCheckResult(
            status=FaceCheckStatus(checked.state.value),
            assurance=checked.level,
            trust_grade=checked.level.trust_grade,
        )


class StepUpController(Controller):
    """Answering a challenge, so that one request is let through once."""

    path = "/mp/v1/account/step-up"
    tags = ("account",)
    opt = _MINE

    @post(
        "/provider",
        opt={"refusals": (ChallengeRefused, StepUpNotProved, *_PROVIDER)},
        operation_id="AnswerByProvider",
        summary="Answer by a provider's code",
        status_code=200,
    )
    async def by_provider(
        self,
        data: JSONBody[AnswerByProvider],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
    ) -> StepUpAnswered:
        """A fresh code of a provider that leads to this account."""
        until = await accounts.step_ups.answer_by_provider(
            actor(principal), data.challenge, data.provider, data.code
        )
        return StepUpAnswered(expires_at=until)

    @post(
        "/phone/codes",
        opt={"refusals": (ChallengeRefused, NoPhoneBound, SessionEnded, StepUpNotProved, *_SMS)},
        operation_id="SendStepUpCode",
        summary="Send a code to my phone",
    )
    async def send(
        self,
        *,
        data: JSONBody[SendStepUpCode],
        principal: NamedDependency[Principal],
        client: NamedDependency[ClientFacts],
        accounts: NamedDependency[Accounts],
        device: DeviceId = None,
    ) -> PhoneCodeSent:
        """To the phone that is bound, for this challenge only; asked again, another code."""
        facts = msgspec.structs.replace(client, device=device)
        return _sent(await accounts.step_ups.send_code(actor(principal), data.challenge, facts))

    @post(
        "/phone",
        opt={"refusals": (ChallengeRefused, PhoneCodeRejected, StepUpNotProved, TooManyRequests)},
        operation_id="AnswerByPhone",
        summary="Answer by text message",
        status_code=200,
    )
    async def by_phone(
        self,
        data: JSONBody[AnswerByPhone],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
    ) -> StepUpAnswered:
        """The code that was sent for this challenge."""
        until = await accounts.step_ups.answer_by_phone(
            actor(principal), data.challenge, data.request_id, data.code
        )
        return StepUpAnswered(expires_at=until)

    @post(
        "/face",
        opt={
            "refusals": (
                ChallengeRefused,
                FaceCheckUnknown,
                ProviderBusy,
                ProviderNotOffered,
                ProviderUnavailable,
                StepUpNotProved,
            )
        },
        operation_id="AnswerByFace",
        summary="Answer by a face check",
        status_code=200,
    )
    async def by_face(
        self,
        data: JSONBody[AnswerByFace],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
    ) -> StepUpAnswered:
        """A check begun after the challenge was given, and passed; each answers once."""
        until = await accounts.step_ups.answer_by_face(actor(principal), data.challenge, data.face_check_id)
        return StepUpAnswered(expires_at=until)


class DeletionController(Controller):
    """Leaving (注销)."""

    path = "/mp/v1/account/deletion"
    tags = ("account",)
    opt = _MINE

    @get(opt={"refusals": (SessionEnded,)}, operation_id="ReadDeletion", summary="What deleting means")
    async def consequences(
        self, principal: NamedDependency[Principal], accounts: NamedDependency[Accounts]
    ) -> DeletionConsequences:
        """To be shown before it is asked for; also whether it is under way."""
        seen = await accounts.overviews.of(actor(principal))
        return DeletionConsequences(
            consequences=list(_CONSEQUENCES),
            cool_off_days=COOL_OFF.days,
            deletion=_deletion(seen.deletion),
        )

    @post(opt={"refusals": (*_GATE, *_ONCE)}, operation_id="RequestDeletion", summary="Delete my account")
    async def request(
        self,
        key: IdempotencyKey,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        idempotency: NamedDependency[Idempotency],
        challenge: StepUpChallenge = None,
    ) -> DeletionReceipt:
        """In seven days, unless it is taken back; asks for a fresh proof."""

        async def requested() -> DeletionReceipt:
            made = await accounts.leaving.request(actor(principal, challenge))
            return DeletionReceipt(
                receipt=made.receipt, requested_at=made.deletion.requested_at, due_at=made.deletion.due_at
            )

        return await idempotency.run(principal.subject, key, b"deletion", requested, DeletionReceipt)

    @delete(
        opt={"refusals": (DeletionBegun, DeletionUnknown)},
        operation_id="CancelDeletion",
        summary="Stay after all",
    )
    async def cancel(
        self, principal: NamedDependency[Principal], accounts: NamedDependency[Accounts]
    ) -> None:
        """Within the seven days; asks for nothing but a session."""
        await accounts.leaving.cancel(actor(principal))

    @post(
        "/certificate",
        opt={**_PUBLIC, "refusals": (DeletionUnknown,)},
        operation_id="FetchDeletionCertificate",
        summary="The certificate of a deletion",
        status_code=200,
    )
    async def certificate(
        self, data: JSONBody[FetchDeletionCertificate], accounts: NamedDependency[Accounts]
    ) -> DeletionCertificate:
        """For whoever holds the receipt, before the account is gone and after."""
        certified = await accounts.leaving.certificate(data.receipt)
        return DeletionCertificate(
            requested_at=certified.deletion.requested_at,
            due_at=certified.deletion.due_at,
            deleted_at=certified.deletion.deleted_at,
            certificate=certified.certificate,
        )


def _proof(proof: Proof) -> ProofInfo:
    return ProofInfo(
        level=proof.level,
        method=proof.method,
        source=proof.source,
        at=proof.at,
        expires_at=proof.expires_at,
    )


def _other_names(link: Link) -> list[OtherName]:
    now = [OtherName(kind=kind, value=value, until=None) for kind, value in link.alternates.items()]
    return now + [OtherName(kind=old.kind, value=old.value, until=old.until) for old in link.former]


def _link(link: Link) -> LinkInfo:
    return LinkInfo(id=link.id, provider=link.provider, linked_at=link.linked_at)


def _merge(case: MergeCase, principal: Principal, accounts: Accounts) -> MergeInfo:
    until = None
    if case.decided_at is not None and is_reversible(case, accounts.clock()):
        until = case.decided_at + REVERSIBLE
    gone = case.absorbed == principal.subject and case.state.value in {"merging", "merged"}
    return MergeInfo(
        id=case.id,
        status=MergeStatus(case.state.value),
        opened_at=case.opened_at,
        reversible_until=until,
        sign_in_again=gone,
    )


def _consent(consent: Consent) -> ConsentInfo:
    return ConsentInfo(
        purpose=consent.purpose.value,
        notice=consent.notice,
        given_at=consent.given_at,
        withdrawn_at=consent.withdrawn_at,
    )


def _notice(notice: Notice) -> NoticeInfo:
    return NoticeInfo(kind=notice.kind.value, at=notice.at, by=notice.by)


def _deletion(deletion: Deletion | None) -> DeletionInfo | None:
    if deletion is None:
        return None
    return DeletionInfo(requested_at=deletion.requested_at, due_at=deletion.due_at)


def _sent(code: SentCode) -> PhoneCodeSent:
    return PhoneCodeSent(request_id=code.request, expires_at=code.expires_at, phone=code.phone)

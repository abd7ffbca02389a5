"""``/mp/v1/account``: what proves who one is: the bound phone, the levels, the answer to a challenge."""

from typing import Final

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from auth_bridges.accounts import Accounts
from auth_bridges.accounts.codes import SentCode
from auth_bridges.models import ClientFacts
from auth_bridges.refusals import (
    ChallengeRefused,
    ChildNeedsGuardian,
    ConsentUnknown,
    FaceCheckUnknown,
    IdentityAlreadyProved,
    IdentityNotConfirmed,
    LinkUnknown,
    NoPhoneBound,
    PhoneCodeRejected,
    PhonePacketRefused,
    ProviderBusy,
    ProviderNotOffered,
    ProviderTokenUnavailable,
    ProviderUnavailable,
    RegistryUnavailable,
    SessionEnded,
    SmsUnavailable,
    StepUpNotProved,
    StepUpRequired,
)
from bff.platform.idempotency import Idempotency
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.account import GATE, MINE, ONCE, PROVIDER, merge_of
from bff.routes.callers import actor
from bff.routes.parameters import (
    DeviceId,
    FaceCheckIdInPath,
    IdempotencyKey,
    ProviderInPath,
    StepUpChallenge,
)
from miniapp_schemas.account import (
    AnswerByCertificate,
    AnswerByFace,
    AnswerByPhone,
    AnswerByProvider,
    BindPhoneByCode,
    BindPhoneByPacket,
    BindPhoneBySms,
    FaceCheckBegun,
    FaceCheckResult,
    FaceCheckStatus,
    PhoneBound,
    PhoneCodeSent,
    ProveRealName,
    RealNameResult,
    SendPhoneCode,
    SendStepUpCode,
    StartFaceCheck,
    StepUpAnswered,
)

_SMS: Final = (ProviderNotOffered, SmsUnavailable, TooManyRequests)


class PhoneController(Controller):
    """The bound phone (绑定手机)."""

    path = "/mp/v1/account/phone"
    tags = ("account",)
    opt = MINE

    @post(
        "/codes",
        opt={"refusals": (*GATE, *ONCE, *_SMS)},
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
        opt={"refusals": (*GATE, *PROVIDER, LinkUnknown, PhoneCodeRejected, ProviderTokenUnavailable)},
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
        opt={"refusals": (*GATE, *PROVIDER, PhonePacketRefused)},
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
    opt = MINE

    @post(
        "/real-name",
        opt={
            "refusals": (
                *GATE,
                ChildNeedsGuardian,
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
        """Two elements against the population registry make L2; needs a bound phone.

        Under fourteen a guardian acts instead, with an account of their own.
        """
        proved = await accounts.proving.real_name(
            actor(principal, challenge), data.name, data.id_number, consent=data.consent_notice
        )
        return RealNameResult(
            assurance=proved.level,
            trust_grade=proved.level.trust_grade,
            merge=None if proved.case is None else merge_of(proved.case, principal, accounts),
        )

    @post(
        "/face-checks",
        opt={
            "refusals": (
                *GATE,
                *ONCE,
                ChildNeedsGuardian,
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
    opt = MINE

    @post(
        "/provider",
        opt={"refusals": (ChallengeRefused, StepUpNotProved, *PROVIDER)},
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
        """To the phone that is bound, for this challenge only; asked again, another code.

        For three days after another phone took its place, to the former one.
        """
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

    @post(
        "/certificate",
        opt={"refusals": (ChallengeRefused, StepUpNotProved)},
        operation_id="AnswerByCertificate",
        summary="Answer by a legal person's certificate",
        status_code=200,
    )
    async def by_certificate(
        self,
        data: JSONBody[AnswerByCertificate],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
    ) -> StepUpAnswered:
        """Proved after the challenge was given, in this session, for `step-up`; each answers once."""
        until = await accounts.step_ups.answer_by_certificate(actor(principal), data.challenge)
        return StepUpAnswered(expires_at=until)


def _sent(code: SentCode) -> PhoneCodeSent:
    return PhoneCodeSent(request_id=code.request, expires_at=code.expires_at, phone=code.phone)

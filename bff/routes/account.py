"""``/mp/v1/account``: a resident's own account: seen, copied, its ways in."""

from typing import Final

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import structs

from auth_bridges.accounts import Accounts
from auth_bridges.accounts.linking import Linked
from auth_bridges.acting import ActingService
from auth_bridges.models import Consent, ConsentPurpose, Deletion, Link, MergeCase, Notice, Proof
from auth_bridges.refusals import (
    ChallengeRefused,
    CodeAlreadyUsed,
    CodeRejected,
    ConsentUnknown,
    LastWayIn,
    LinkTaken,
    LinkUnknown,
    MergeNotReversible,
    MergeUnknown,
    ProviderAccountBlocked,
    ProviderBusy,
    ProviderNotOffered,
    ProviderUnavailable,
    ReauthenticationRequired,
    SessionEnded,
)
from auth_bridges.rules.linking import REVERSIBLE, is_reversible
from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.acting import grant_of
from bff.routes.callers import actor
from bff.routes.parameters import (
    ConsentInPath,
    IdempotencyKey,
    LinkIdInPath,
    MergeIdInPath,
    StepUpChallenge,
)
from bff.routes.sessions import device_of
from miniapp_schemas.account import (
    Account,
    AccountExport,
    AddLink,
    ConsentInfo,
    DeletionInfo,
    ExportedFaceCheck,
    ExportedLegalPerson,
    ExportedLink,
    LinkInfo,
    LinkResult,
    MergeInfo,
    MergeStatus,
    NoticeInfo,
    OtherName,
    ProofInfo,
)
from miniapp_schemas.assurance import AssuranceLevel

# Shared with what else the account has: account_proofs.py and account_deletion.py.
MINE: Final = {"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None}
GATE: Final = (ChallengeRefused, ReauthenticationRequired, SessionEnded)
ONCE: Final = (IdempotencyKeyReused, RequestUnderWay)
PROVIDER: Final = (
    CodeAlreadyUsed,
    CodeRejected,
    ProviderAccountBlocked,
    ProviderBusy,
    ProviderNotOffered,
    ProviderUnavailable,
    TooManyRequests,
)


class AccountController(Controller):
    """The account itself: seen, copied, its ways in."""

    path = "/mp/v1/account"
    tags = ("account",)
    opt = MINE

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
            links=[link_of(each) for each in seen.links],
            merges=[merge_of(each, principal, accounts) for each in seen.merges],
            notices=[_notice(each) for each in seen.notices],
            consents=[_consent(each) for each in seen.consents],
            deletion=deletion_of(seen.deletion),
        )

    @get("/export", opt={"refusals": GATE}, operation_id="ExportAccount", summary="A copy of my data")
    async def export(
        self,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        acting: NamedDependency[ActingService],
        challenge: StepUpChallenge = None,
    ) -> AccountExport:
        """The whole account, in the clear (PIPL Art. 45); asks for a fresh proof.

        What else is held has calls of its own: usage records, health code, timeline, notices, devices.
        """
        copy = await accounts.overviews.copy(actor(principal, challenge))
        return AccountExport(
            account=copy.resident.id,
            created_at=copy.resident.created_at,
            assurance=copy.level,
            name=copy.name,
            id_number=copy.number,
            phone=copy.phone,
            former_phone=copy.former_phone,
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
            merges=[merge_of(each, principal, accounts) for each in copy.merges],
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
        opt={"refusals": (*GATE, ConsentUnknown)},
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
        opt={"refusals": (*GATE, *ONCE, *PROVIDER, LinkTaken)},
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
            return linked_of(done, principal, accounts)

        return await idempotency.run(principal.subject, key, msgspec.json.encode(data), linked, LinkResult)

    @delete(
        "/links/{link_id:str}",
        opt={"refusals": (*GATE, LastWayIn, LinkUnknown)},
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
        opt={"refusals": (*GATE, MergeNotReversible, MergeUnknown)},
        operation_id="UndoMerge",
        summary="Undo a merge",
        status_code=200,
    )
    async def undomerge_of(
        self,
        merge_id: MergeIdInPath,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> MergeInfo:
        """Within thirty days both accounts are restored; both sign in again."""
        return merge_of(await accounts.undo_merge(actor(principal, challenge), merge_id), principal, accounts)


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


def link_of(link: Link) -> LinkInfo:
    """A way in as its owner may see it."""
    return LinkInfo(id=link.id, provider=link.provider, linked_at=link.linked_at)


def linked_of(done: Linked, principal: Principal, accounts: Accounts) -> LinkResult:
    """What became of linking, as whoever asked may see it."""
    return LinkResult(
        link=None if done.link is None else link_of(done.link),
        merge=None if done.case is None else merge_of(done.case, principal, accounts),
    )


def merge_of(case: MergeCase, principal: Principal, accounts: Accounts) -> MergeInfo:
    """A merge as whoever asks may see it."""
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


def deletion_of(deletion: Deletion | None) -> DeletionInfo | None:
    """A deletion under way; nothing if there is none."""
    if deletion is None:
        return None
    return DeletionInfo(requested_at=deletion.requested_at, due_at=deletion.due_at)

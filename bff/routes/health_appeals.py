"""Appeals: residents file them, reviewers decide them, and only evidence ever comes of it."""

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.platform.problems import MAX_FILE_BODY
from bff.routes.callers import keeper, person
from bff.routes.parameters import (
    AppealIdInPath,
    AppealStateInQuery,
    AttachmentIdInPath,
    CursorInQuery,
    IdempotencyKey,
    OverdueInQuery,
    PageSize,
    ProposalInQuery,
)
from health_code.appeals import Appeals, Appellant
from health_code.refusals import (
    AppealNotOpen,
    AppealUnknown,
    AttachmentUnfit,
    CorrectionInvalid,
    NotADecisiveReason,
    ProposalChanged,
    SecondPersonNeeded,
)
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Page
from miniapp_schemas.health_appeals import (
    AppealCase,
    AppealInfo,
    AttachFile,
    AttachmentContent,
    FileAppeal,
    ProposeCorrection,
    RejectAppeal,
)


class HealthAppealController(Controller):
    """A resident's appeals (赋码申诉). None is ever removed."""

    path = "/mp/v1/health-code/appeals"
    tags = ("health-code",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "health:show", "acting": True}

    @post(
        opt={"refusals": (IdempotencyKeyReused, NotADecisiveReason, RequestUnderWay)},
        operation_id="FileAppeal",
        summary="Say that my colour, or evidence it rests on, is wrong (信息纠错)",
    )
    async def file(
        self,
        data: JSONBody[FileAppeal],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
        idempotency: NamedDependency[Idempotency],
    ) -> AppealInfo:
        """Appeal against a reason of one's code (信息纠错), or against a grey one; decided within a day."""
        whose = _appellant(principal)
        return await idempotency.run(
            f"health-appeals:{whose.speaker}:{whose.subject}",
            idempotency_key,
            msgspec.json.encode(data),
            lambda: health_appeals.file(whose, data),
            AppealInfo,
        )

    @get(operation_id="ListAppeals", summary="My appeals")
    async def list_appeals(
        self,
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[AppealInfo]:
        """One's own appeals, newest first."""
        return await health_appeals.mine(_appellant(principal), before=cursor, limit=limit)

    @get(
        "/{appeal_id:str}",
        opt={"refusals": (AppealUnknown,)},
        operation_id="ReadAppeal",
        summary="How far my appeal has come",
    )
    async def read(
        self,
        appeal_id: AppealIdInPath,
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
    ) -> AppealInfo:
        """One of one's own appeals."""
        return await health_appeals.read(_appellant(principal), appeal_id)

    @post(
        "/{appeal_id:str}/attachments",
        opt={"refusals": (AppealNotOpen, AppealUnknown, AttachmentUnfit)},
        operation_id="AttachToAppeal",
        summary="Add a photo or a document to my appeal",
        request_max_body_size=MAX_FILE_BODY,
    )
    async def attach(
        self,
        appeal_id: AppealIdInPath,
        data: JSONBody[AttachFile],
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
    ) -> AppealInfo:
        """Add a file of 1 MiB at most; four an appeal."""
        return await health_appeals.attach(_appellant(principal), appeal_id, data)

    @post(
        "/{appeal_id:str}/withdraw",
        opt={"refusals": (AppealNotOpen, AppealUnknown)},
        operation_id="WithdrawAppeal",
        summary="Take my appeal back",
        status_code=200,
    )
    async def withdraw(
        self,
        appeal_id: AppealIdInPath,
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
    ) -> AppealInfo:
        """Take an appeal back that is not decided; it stays on record."""
        return await health_appeals.withdraw(_appellant(principal), appeal_id)


class HealthAppealReviewController(Controller):
    """Reviewing appeals (申诉复核)."""

    path = "/verifier/v1/health-appeals"
    tags = ("health-appeals",)
    opt = {"audience": "verifier", "assurance": None, "scope": "health:appeals"}

    @get(operation_id="ListAppealsToReview", summary="Appeals")
    async def list_appeals(
        self,
        health_appeals: NamedDependency[Appeals],
        in_state: AppealStateInQuery = None,
        overdue: OverdueInQuery = False,  # noqa: FBT002  a query parameter
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[AppealInfo]:
        """Appeals, newest first: of one state, or those that are overdue, if asked for."""
        return await health_appeals.listed(in_state, overdue=overdue, before=cursor, limit=limit)

    @get(
        "/{appeal_id:str}",
        opt={"refusals": (AppealUnknown,)},
        operation_id="ReadAppealCase",
        summary="One appeal, and what it is about",
    )
    async def read(self, appeal_id: AppealIdInPath, health_appeals: NamedDependency[Appeals]) -> AppealCase:
        """The appeal with the disputed evidence; against an outcome, with all that is known."""
        return await health_appeals.case(appeal_id)

    @get(
        "/{appeal_id:str}/attachments/{attachment_id:str}",
        opt={"refusals": (AppealUnknown,)},
        operation_id="ReadAttachment",
        summary="A file of an appeal",
    )
    async def attachment(
        self,
        appeal_id: AppealIdInPath,
        attachment_id: AttachmentIdInPath,
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
    ) -> AttachmentContent:
        """One file; that it was looked at goes into the audit trail."""
        return await health_appeals.content(person(principal), appeal_id, attachment_id)

    @post(
        "/{appeal_id:str}/take",
        opt={"refusals": (AppealNotOpen, AppealUnknown)},
        operation_id="TakeAppeal",
        summary="Begin to review an appeal",
        status_code=200,
    )
    async def take(
        self,
        appeal_id: AppealIdInPath,
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
    ) -> AppealCase:
        """Begin to review; who filed it is told."""
        return await health_appeals.take(person(principal), appeal_id)

    @post(
        "/{appeal_id:str}/propose",
        opt={"refusals": (AppealNotOpen, AppealUnknown, CorrectionInvalid)},
        operation_id="ProposeCorrection",
        summary="Want the disputed evidence corrected",
        status_code=200,
    )
    async def propose(
        self,
        appeal_id: AppealIdInPath,
        data: JSONBody[ProposeCorrection],
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
    ) -> AppealCase:
        """Propose what shall stand in its place or be added; another organisation has to agree."""
        return await health_appeals.propose(person(principal), appeal_id, data)

    @post(
        "/{appeal_id:str}/uphold",
        opt={"refusals": (AppealNotOpen, AppealUnknown, ProposalChanged, SecondPersonNeeded)},
        operation_id="UpholdAppeal",
        summary="Agree to a proposed correction",
        status_code=200,
    )
    async def uphold(
        self,
        appeal_id: AppealIdInPath,
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
        proposal: ProposalInQuery = None,
    ) -> AppealCase:
        """What was agreed on is recorded as evidence, and the colour follows from all of it as always."""
        return await health_appeals.uphold(person(principal), appeal_id, proposal=proposal)

    @post(
        "/{appeal_id:str}/return",
        opt={"refusals": (AppealNotOpen, AppealUnknown)},
        operation_id="ReturnAppeal",
        summary="Do not agree to a proposed correction",
        status_code=200,
    )
    async def send_back(
        self,
        appeal_id: AppealIdInPath,
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
    ) -> AppealCase:
        """The appeal is under review again."""
        return await health_appeals.send_back(person(principal), appeal_id)

    @post(
        "/{appeal_id:str}/reject",
        opt={"refusals": (AppealNotOpen, AppealUnknown)},
        operation_id="RejectAppeal",
        summary="Say why the evidence is right",
        status_code=200,
    )
    async def reject(
        self,
        appeal_id: AppealIdInPath,
        data: JSONBody[RejectAppeal],
        principal: NamedDependency[Principal],
        health_appeals: NamedDependency[Appeals],
    ) -> AppealCase:
        """Reject an appeal, with the reason."""
        return await health_appeals.reject(person(principal), appeal_id, data)


def _appellant(principal: Principal) -> Appellant:
    return Appellant(subject=keeper(principal), speaker=principal.subject)

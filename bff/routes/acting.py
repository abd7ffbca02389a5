"""Acting for others (代办): grants from either side, and the switch into another's shoes and back."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from auth_bridges import models as stored
from auth_bridges.acting import ActingService, acting_for
from auth_bridges.models import ActingSwitched
from auth_bridges.refusals import (
    ActingNotOffered,
    ChallengeRefused,
    ConfirmationCodeWrong,
    FamilyRegisterUnavailable,
    GrantNotInForce,
    GrantStandsAlready,
    GrantUnknown,
    GuardianshipStands,
    NotAGuardian,
    NotForYourself,
    NotLegalRepresentative,
    NotYoursToConfirm,
    OfferLapsed,
    ReauthenticationRequired,
    ScopeNotGrantable,
    SessionEnded,
    TermNotGrantable,
    TooManyGuardians,
)
from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.callers import actor
from bff.routes.parameters import CursorInQuery, GrantIdInPath, IdempotencyKey, PageSize, StepUpChallenge
from miniapp_schemas.acting import (
    ActingGrant,
    ActingOverview,
    ActingSession,
    AppointAgent,
    AskRelative,
    AssistResident,
    ClaimChild,
    ConfirmGrant,
    GrantSide,
    GrantState,
    SwitchActing,
)
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Page

_RESIDENT: Final = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": None}
_CLERK: Final = {"audience": "verifier", "assurance": None, "scope": "acting:assist"}
_ANY_OFFER: Final = (
    GrantStandsAlready,
    IdempotencyKeyReused,
    NotForYourself,
    RequestUnderWay,
    SessionEnded,
    TooManyRequests,
)
_TERMS: Final = (ScopeNotGrantable, TermNotGrantable)
_NOT_CLAIMED: Final = (
    *_ANY_OFFER,
    ActingNotOffered,
    ChallengeRefused,
    FamilyRegisterUnavailable,
    NotAGuardian,
    ReauthenticationRequired,
    TooManyGuardians,
)
_NOT_CONFIRMED: Final = (ConfirmationCodeWrong, GrantUnknown, NotYoursToConfirm, OfferLapsed, SessionEnded)
_NOT_SWITCHED: Final = (
    ActingNotOffered,
    FamilyRegisterUnavailable,
    GrantNotInForce,
    GrantUnknown,
    SessionEnded,
)


class GrantController(Controller):
    """Leave to act for somebody (代办授权), as a resident gives and gets it."""

    path = "/mp/v1/grants"
    tags = ("acting",)
    opt = _RESIDENT

    @get(opt={"refusals": (SessionEnded,)}, operation_id="ListGrants", summary="Who may act for whom")
    async def list_grants(
        self,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[ActingGrant]:
        """Every grant the caller is a side of, newest first, ended ones too."""
        return await _listed(acting, principal, cursor, limit)

    @post(
        "/guardian",
        opt={"refusals": _NOT_CLAIMED},
        operation_id="ClaimChild",
        summary="Act for my child (监护人代办)",
    )
    async def claim_child(
        self,
        *,
        data: JSONBody[ClaimChild],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
        idempotency: NamedDependency[Idempotency],
        challenge: StepUpChallenge = None,
    ) -> ActingGrant:
        """In force at once if the family register says so; ends on the child's 18th birthday."""

        async def claim() -> ActingGrant:
            by = actor(principal, challenge)
            return grant_of(acting, await acting.claim_child(by, data.id_number), _AGENT)

        return await _once(idempotency, principal, idempotency_key, data, claim)

    @post(
        "/family",
        opt={"refusals": (*_ANY_OFFER, *_TERMS)},
        operation_id="AskRelative",
        summary="Ask a relative for leave (亲友代办)",
    )
    async def ask_relative(
        self,
        data: JSONBody[AskRelative],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
        idempotency: NamedDependency[Idempotency],
    ) -> ActingGrant:
        """They confirm in their own session, or read out the code they see there."""

        async def ask() -> ActingGrant:
            asked = await acting.ask_relative(principal.subject, data.id_number, data.scopes, data.until)
            return grant_of(acting, asked, _AGENT)

        return await _once(idempotency, principal, idempotency_key, data, ask)

    @post(
        "/enterprise",
        opt={"refusals": (*_ANY_OFFER, *_TERMS, ActingNotOffered, NotLegalRepresentative)},
        operation_id="AppointAgent",
        summary="Appoint an agent for my organisation (经办人)",
    )
    async def appoint(
        self,
        data: JSONBody[AppointAgent],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
        idempotency: NamedDependency[Idempotency],
    ) -> ActingGrant:
        """The legal representative offers; the agent confirms in their own session, within a week."""

        async def appoint() -> ActingGrant:
            offered = await acting.appoint(
                principal.subject,
                principal.session,
                uscc=data.uscc,
                agent=data.id_number,
                scopes=data.scopes,
                until=data.until,
            )
            return grant_of(acting, offered, GrantSide.PRINCIPAL)

        return await _once(idempotency, principal, idempotency_key, data, appoint)

    @post(
        "/{grant_id:str}/confirm",
        opt={"refusals": _NOT_CONFIRMED},
        operation_id="ConfirmGrant",
        summary="Confirm an offer",
        status_code=200,
    )
    async def confirm(
        self,
        grant_id: GrantIdInPath,
        data: JSONBody[ConfirmGrant],
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
    ) -> ActingGrant:
        """Put an offer in force; confirmed again it is the same."""
        return await _confirmed(acting, principal, grant_id, data)

    @delete(
        "/{grant_id:str}",
        opt={"refusals": (GrantUnknown, GuardianshipStands, SessionEnded)},
        operation_id="EndGrant",
        summary="End a grant, or decline an offer",
    )
    async def end(
        self,
        grant_id: GrantIdInPath,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
    ) -> None:
        """From either side, but a guardian's; tokens of it are refused in every process within a second."""
        await acting.end(principal.subject, principal.session, grant_id)


class ActingController(Controller):
    """In whose name a resident calls."""

    path = "/mp/v1/acting"
    tags = ("acting",)
    opt = {**_RESIDENT, "acting": True}

    @get(opt={"refusals": (SessionEnded,)}, operation_id="ReadActing", summary="For whom I act, and may")
    async def read(
        self, principal: NamedDependency[Principal], acting: NamedDependency[ActingService]
    ) -> ActingOverview:
        """For whom the presented token acts, and for whom the caller may."""
        may = [acting_for(grant) for grant in await acting.may_act(principal.subject)]
        current = None if principal.acting is None else principal.acting.grant
        return ActingOverview(now=next((each for each in may if each.grant_id == current), None), may=may)

    @post(
        opt={"refusals": _NOT_SWITCHED},
        operation_id="SwitchActing",
        summary="Act for somebody",
        status_code=200,
    )
    async def switch(
        self,
        data: JSONBody[SwitchActing],
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
    ) -> ActingSession:
        """A new access token with an `act` claim; it outlives neither the grant nor the session."""
        return _session(await acting.switch(principal.subject, principal.session, data.grant_id))

    @post(
        "/back",
        opt={"refusals": (SessionEnded,)},
        operation_id="SwitchBack",
        summary="Be myself again",
        status_code=200,
    )
    async def back(
        self, principal: NamedDependency[Principal], acting: NamedDependency[ActingService]
    ) -> ActingSession:
        """A new access token in one's own name."""
        return _session(await acting.back(principal.subject, principal.session))


class AssistController(Controller):
    """A clerk at a counter acting for a resident (帮办), in one case and for half an hour."""

    path = "/verifier/v1/grants"
    tags = ("acting",)
    opt = _CLERK

    @get(opt={"refusals": (SessionEnded,)}, operation_id="ListAssists", summary="Whom I may act for")
    async def list_grants(
        self,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[ActingGrant]:
        """Every grant of the clerk, newest first, ended ones too."""
        return await _listed(acting, principal, cursor, limit)

    @post(
        opt={"refusals": (*_ANY_OFFER, *_TERMS)},
        operation_id="AssistResident",
        summary="Ask a resident for leave to act in a case",
    )
    async def assist(
        self,
        data: JSONBody[AssistResident],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
        idempotency: NamedDependency[Idempotency],
    ) -> ActingGrant:
        """The resident confirms in their own session, or reads out the code they see there."""

        async def assist() -> ActingGrant:
            asked = await acting.assist(principal.subject, data.id_number, data.case_id, data.scopes)
            return grant_of(acting, asked, _AGENT)

        return await _once(idempotency, principal, idempotency_key, data, assist)

    @post(
        "/{grant_id:str}/confirm",
        opt={"refusals": _NOT_CONFIRMED},
        operation_id="ConfirmAssist",
        summary="Confirm with the resident's code",
        status_code=200,
    )
    async def confirm(
        self,
        grant_id: GrantIdInPath,
        data: JSONBody[ConfirmGrant],
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
    ) -> ActingGrant:
        """Put the offer in force with the code the resident reads out."""
        return await _confirmed(acting, principal, grant_id, data)

    @post(
        "/{grant_id:str}/switch",
        opt={"refusals": (GrantNotInForce, GrantUnknown, SessionEnded)},
        operation_id="SwitchAssist",
        summary="Act for the resident",
        status_code=200,
    )
    async def switch(
        self,
        grant_id: GrantIdInPath,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
    ) -> ActingSession:
        """A token for `/mp/v1` with an `act` claim that names the case; the clerk's own stays as it is."""
        return _session(await acting.switch(principal.subject, principal.session, grant_id))

    @delete(
        "/{grant_id:str}",
        opt={"refusals": (GrantUnknown, SessionEnded)},
        operation_id="EndAssist",
        summary="End it",
    )
    async def end(
        self,
        grant_id: GrantIdInPath,
        principal: NamedDependency[Principal],
        acting: NamedDependency[ActingService],
    ) -> None:
        """As soon as the errand is done."""
        await acting.end(principal.subject, principal.session, grant_id)


_AGENT: Final = GrantSide.AGENT


async def _once(
    idempotency: Idempotency,
    principal: Principal,
    key: str,
    data: msgspec.Struct,
    operation: Callable[[], Awaitable[ActingGrant]],
) -> ActingGrant:
    # The struct's name is part of the request: the same body on another route is another one.
    request = f"{type(data).__name__} ".encode() + msgspec.json.encode(data)
    return await idempotency.run(principal.subject, key, request, operation, ActingGrant)


async def _listed(
    acting: ActingService, principal: Principal, cursor: str | None, limit: int
) -> Page[ActingGrant]:
    found = await acting.grants(principal.subject, principal.session, before=cursor, limit=limit + 1)
    return Page(
        items=[grant_of(acting, grant, side) for grant, side in found[:limit]],
        next_cursor=found[limit - 1][0].id if len(found) > limit else None,
    )


async def _confirmed(
    acting: ActingService, principal: Principal, grant_id: str, data: ConfirmGrant
) -> ActingGrant:
    grant, side = await acting.confirm(principal.subject, principal.session, grant_id, data.code)
    return grant_of(acting, grant, side)


def grant_of(acting: ActingService, grant: stored.ActingGrant, side: GrantSide) -> ActingGrant:
    """A grant as ``side`` may see it."""
    state = acting.state(grant)
    offered = state is GrantState.OFFERED
    return ActingGrant(
        id=grant.id,
        kind=grant.kind,
        state=state,
        side=side,
        name=grant.whom_name if side is GrantSide.AGENT else grant.agent_name,
        scopes=list(grant.scopes),
        offered_at=grant.offered_at,
        expires_at=grant.expires_at,
        case_id=grant.case,
        confirm_by=grant.lapses_at if offered else None,
        mine_to_confirm=offered and acting.confirms(grant, side),
        code=acting.code(grant, side),
    )


def _session(switched: ActingSwitched) -> ActingSession:
    return ActingSession(
        access_token=switched.access.text,
        expires_at=switched.access.expires_at,
        acting=None if switched.grant is None else acting_for(switched.grant),
    )

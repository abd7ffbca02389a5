"""Where somebody is signed in, and how to end it: for residents and for clerks."""

from typing import Final

from litestar import Controller, delete, get
from litestar.di import NamedDependency

from auth_bridges.accounts import Accounts
from auth_bridges.models import Audience, StoredSession
from auth_bridges.refusals import ChallengeRefused, ReauthenticationRequired, SessionEnded, SessionUnknown
from auth_bridges.rules.policy import Operation
from auth_bridges.service import AuthService
from bff.platform.identity import Principal
from bff.routes.callers import actor
from bff.routes.parameters import SessionIdInPath, StepUpChallenge
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.session import SessionsEnded, SignedInDevice

_UNKNOWN: Final = {"refusals": (SessionUnknown,)}
_GATE: Final = (ChallengeRefused, ReauthenticationRequired, SessionEnded)


class ResidentSessionsController(Controller):
    """A resident's sessions."""

    path = "/mp/v1/sessions"
    tags = ("session",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L0, "scope": None}

    @get(operation_id="ListSessions", summary="Where I am signed in")
    async def list_sessions(
        self, principal: NamedDependency[Principal], auth: NamedDependency[AuthService]
    ) -> list[SignedInDevice]:
        """Every session of the caller that can still be renewed, newest first."""
        return await _listed(auth, Audience.RESIDENT, principal)

    @delete(
        "/{session_id:str}",
        opt={"refusals": (*_GATE, SessionUnknown)},
        operation_id="EndSession",
        summary="Sign one out",
    )
    async def end(
        self,
        session_id: SessionIdInPath,
        principal: NamedDependency[Principal],
        auth: NamedDependency[AuthService],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> None:
        """End one of the caller's sessions, in every process within a second."""
        await accounts.step_ups.require(
            actor(principal, challenge), Operation.END_SESSION, session_id.encode()
        )
        await auth.end_session(Audience.RESIDENT, principal.subject, session_id)

    @delete(
        opt={"refusals": _GATE},
        operation_id="EndOtherSessions",
        summary="Sign out everywhere else",
        status_code=200,
    )
    async def end_others(
        self,
        principal: NamedDependency[Principal],
        auth: NamedDependency[AuthService],
        accounts: NamedDependency[Accounts],
        challenge: StepUpChallenge = None,
    ) -> SessionsEnded:
        """End all of the caller's sessions but this one."""
        await accounts.step_ups.require(actor(principal, challenge), Operation.END_SESSION, b"others")
        return await _others_ended(auth, Audience.RESIDENT, principal)


class ClerkSessionsController(Controller):
    """A clerk's sessions."""

    path = "/verifier/v1/sessions"
    tags = ("session",)
    opt = {"audience": "verifier", "assurance": None, "scope": None}

    @get(operation_id="ListClerkSessions", summary="Where I am signed in")
    async def list_sessions(
        self, principal: NamedDependency[Principal], auth: NamedDependency[AuthService]
    ) -> list[SignedInDevice]:
        """Every session of the clerk that can still be renewed, newest first."""
        return await _listed(auth, Audience.VERIFIER, principal)

    @delete("/{session_id:str}", opt=_UNKNOWN, operation_id="EndClerkSession", summary="Sign one out")
    async def end(
        self,
        session_id: SessionIdInPath,
        principal: NamedDependency[Principal],
        auth: NamedDependency[AuthService],
    ) -> None:
        """End one of the clerk's sessions, in every process within a second."""
        await auth.end_session(Audience.VERIFIER, principal.subject, session_id)

    @delete(operation_id="EndOtherClerkSessions", summary="Sign out everywhere else", status_code=200)
    async def end_others(
        self, principal: NamedDependency[Principal], auth: NamedDependency[AuthService]
    ) -> SessionsEnded:
        """End all of the clerk's sessions but this one."""
        return await _others_ended(auth, Audience.VERIFIER, principal)


async def _listed(auth: AuthService, audience: Audience, principal: Principal) -> list[SignedInDevice]:
    found = await auth.sessions(audience, principal.subject)
    return [device_of(each, current=each.sid == principal.session) for each in found]


async def _others_ended(auth: AuthService, audience: Audience, principal: Principal) -> SessionsEnded:
    return SessionsEnded(ended=await auth.end_other_sessions(audience, principal.subject, principal.session))


def device_of(session: StoredSession, *, current: bool) -> SignedInDevice:
    """A session as its owner may see it."""
    return SignedInDevice(
        id=session.sid,
        current=current,
        client=session.client,
        platform=session.platform,
        started_at=session.started_at,
        renewed_at=session.rotated_at or session.started_at,
        expires_at=session.expires_at,
    )

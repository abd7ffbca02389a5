"""Acting for others (代办): grants, from offer to end, and the switch into another's shoes."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from miniapp_schemas.base import IdNumber, Instant, Request, Response, Uscc

GrantId = Annotated[str, Meta(description="Opaque; newer ones sort higher.", pattern=r"^[0-9a-f]{32}\Z")]
Scopes = Annotated[
    list[Annotated[str, Meta(pattern=r"^[a-z]{2,20}:[a-z]{2,20}\Z")]],
    Meta(
        description="What may be done; a part of what the kind of grant allows.", min_length=1, max_length=8
    ),
]
CaseId = Annotated[
    str, Meta(description="办件编号 the clerk works on.", pattern=r"^[A-Z0-9][A-Z0-9-]{5,39}\Z")
]


class ActingKind(StrEnum):
    """Why somebody may act for another.

    ``guardian`` a parent for a child (监护人); ``family`` a relative for an elder (亲友代办);
    ``enterprise`` an agent for an organisation (经办人); ``clerk`` at a counter, with a case (帮办).
    """

    GUARDIAN = "guardian"
    FAMILY = "family"
    ENTERPRISE = "enterprise"
    CLERK = "clerk"


class GrantState(StrEnum):
    """Where a grant stands."""

    OFFERED = "offered"
    ACTIVE = "active"
    ENDED = "ended"


class GrantSide(StrEnum):
    """Which side of a grant the caller is on."""

    AGENT = "agent"
    PRINCIPAL = "principal"


class ClaimChild(Request, frozen=True, kw_only=True):
    """Act for a child: the family register must know the caller as a guardian."""

    id_number: IdNumber


class AskRelative(Request, frozen=True, kw_only=True):
    """Ask a relative for leave to act for them; they must confirm within ten minutes."""

    id_number: Annotated[IdNumber, Meta(description="公民身份号码 of the relative.")]
    scopes: Scopes
    until: Annotated[Instant, Meta(description="When the leave ends; a year at most.")]


class AppointAgent(Request, frozen=True, kw_only=True):
    """Let somebody act for an organisation (经办人); the caller must be its legal representative."""

    uscc: Uscc
    id_number: Annotated[IdNumber, Meta(description="公民身份号码 of the agent.")]
    scopes: Scopes
    until: Annotated[Instant, Meta(description="When the leave ends; a year at most.")]


class AssistResident(Request, frozen=True, kw_only=True):
    """Ask a resident at the counter for leave to act for them in one case, for half an hour."""

    id_number: Annotated[IdNumber, Meta(description="公民身份号码 of the resident.")]
    case_id: CaseId
    scopes: Scopes


class ConfirmGrant(Request, frozen=True, kw_only=True):
    """Confirm; whoever is to act sends the code the other side reads out to them."""

    code: Annotated[
        Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")] | None,
        Meta(description="The code on the other side's screen. Not needed by that side itself."),
    ] = None


class ActingGrant(Response, frozen=True, kw_only=True):
    """Leave to act for somebody (代办授权), as one of its two sides sees it."""

    id: GrantId
    kind: Annotated[ActingKind, Meta(description="Why one may act for the other.")]
    state: Annotated[GrantState, Meta(description="Where it stands now.")]
    side: Annotated[GrantSide, Meta(description="The caller's.")]
    name: Annotated[
        str | None, Meta(description="The other side, masked; null until they may be named to the caller.")
    ]
    scopes: Annotated[list[str], Meta(description="What may be done.")]
    offered_at: Instant
    expires_at: Annotated[Instant, Meta(description="When it ends by itself.")]
    case_id: Annotated[str | None, Meta(description="The clerk's case.")] = None
    confirm_by: Annotated[Instant | None, Meta(description="Until when the offer can be confirmed.")] = None
    mine_to_confirm: Annotated[
        bool, Meta(description="The caller may confirm it as it is, without a code.")
    ] = False
    code: Annotated[
        str | None, Meta(description="Read it out to whoever may act for you, and to nobody else.")
    ] = None


class SwitchActing(Request, frozen=True, kw_only=True):
    """Act for the other side of a grant."""

    grant_id: GrantId


class ActingFor(Response, frozen=True, kw_only=True):
    """Somebody the caller may act for."""

    grant_id: GrantId
    kind: Annotated[ActingKind, Meta(description="Why they may.")]
    name: Annotated[str, Meta(description="Masked; an organisation's in full.")]
    scopes: Annotated[list[str], Meta(description="What may be done.")]
    until: Annotated[Instant, Meta(description="When the leave ends.")]


class ActingOverview(Response, frozen=True, kw_only=True):
    """For whom the caller acts now, and for whom they may."""

    now: Annotated[ActingFor | None, Meta(description="Null with one's own token.")]
    may: Annotated[list[ActingFor], Meta(description="Newest leave first.")]


class ActingSession(Response, frozen=True, kw_only=True):
    """A new access token; the session and its refresh token stay the caller's."""

    access_token: Annotated[str, Meta(description="ES256 `at+jwt`; with an `act` claim while acting.")]
    expires_at: Annotated[Instant, Meta(description="When it ends; switch again for another.")]
    acting: Annotated[ActingFor | None, Meta(description="Null: one's own again.")] = None


class ShownBy(Response, frozen=True, kw_only=True):
    """Who acted for the holder (代亮)."""

    kind: Annotated[ActingKind, Meta(description="Why they may.")]
    name: Annotated[str, Meta(description="Masked; of a clerk, organisation and number.")]

"""The caller, as the wallet knows them."""

from datetime import UTC, datetime
from typing import Final

from auth_bridges.models import Actor
from auth_bridges.refusals import ScopeMissing, StepUpRequired
from bff.platform.identity import Principal
from health_code.models import HEALTH_TYPES, Department, Person
from health_code.rules.evidence import Kind
from miniapp_schemas.assurance import AssuranceLevel
from push.campaign_models import Operator
from push.timeline import Viewer
from push.timeline_models import PUSH_TYPES, FactKind, Source
from wallet.models import Deputy, Issuer, Requester

_HEALTH_TYPES: Final = frozenset(HEALTH_TYPES)
_PUSH_TYPES: Final = frozenset(PUSH_TYPES)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def actor(principal: Principal, challenge: str | None = None) -> Actor:
    """The resident about to change their account; a token that tells no time was proved long ago."""
    return Actor(
        resident=principal.subject,
        session=principal.session,
        level=principal.assurance,
        auth_time=principal.auth_time or _LONG_AGO,
        methods=principal.methods,
        challenge=challenge,
    )


def keeper(principal: Principal) -> str:
    """The keyed hash under which the certificates lie: the caller's, or theirs for whom the caller acts.

    Who is not real-name has none.
    """
    if principal.holder is None:
        raise StepUpRequired(needed=AssuranceLevel.L2)
    return principal.holder


def deputy(principal: Principal) -> Deputy | None:
    """Who shows in another's name (代亮), as both records will name them; None for one's own."""
    acting = principal.acting
    if acting is None:
        return None
    return Deputy(
        person=principal.subject, kind=acting.kind, name=acting.name, grant=acting.grant, case=acting.case
    )


def requester(principal: Principal) -> Requester:
    """The clerk, as a resident will see them."""
    return Requester(
        clerk=principal.subject,
        clerk_number=principal.clerk_number or "",
        organisation=principal.organisation or "",
        organisation_name=principal.organisation_name or "",
        scenes=principal.scenes,
    )


def person(principal: Principal) -> Person:
    """The clerk, as one of the two whom something grave needs."""
    return Person(
        id=principal.subject,
        organisation=principal.organisation or "",
        organisation_name=principal.organisation_name or "",
    )


def operator(principal: Principal) -> Operator:
    """The clerk, as one who runs the reminders."""
    return Operator(
        id=principal.subject,
        organisation=principal.organisation or "",
        organisation_name=principal.organisation_name or "",
    )


def department(principal: Principal) -> Department:
    """The source of health evidence; what it may report is among its types as ``health:KIND``."""
    kinds = frozenset(Kind(name.removeprefix("health:")) for name in principal.types & _HEALTH_TYPES)
    return Department(id=principal.subject, name=principal.organisation_name or "", kinds=kinds)


def source(principal: Principal) -> Source:
    """The department that reports facts; which kinds it may is among its types as ``push:KIND``."""
    kinds = frozenset(FactKind(name.removeprefix("push:")) for name in principal.types & _PUSH_TYPES)
    return Source(id=principal.subject, kinds=kinds)


def viewer(principal: Principal) -> Viewer:
    """Who looks at a timeline: at everybody's they act for, or at that of the one they act for now."""
    acting = principal.acting
    return Viewer(resident=principal.subject, acting_for=None if acting is None else acting.whom)


def issuer(principal: Principal) -> Issuer:
    """The department."""
    return Issuer(id=principal.subject, name=principal.organisation_name or "", types=principal.types)


def licence_requester(principal: Principal) -> Requester | None:
    """The guard as a clerk who checks certificates; None for one who may not."""
    return requester(principal) if "wallet:verify" in principal.scopes else None


def licence_keeper(principal: Principal) -> str:
    """The keeper, who must be allowed to show certificates as well as what the route asks for."""
    if "wallet:show" not in principal.scopes:
        raise ScopeMissing(scope="wallet:show")
    return keeper(principal)

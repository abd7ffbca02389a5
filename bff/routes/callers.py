"""The caller, as the wallet knows them."""

from auth_bridges.refusals import StepUpRequired
from bff.platform.identity import Principal
from miniapp_schemas.assurance import AssuranceLevel
from wallet.models import Issuer, Requester


def keeper(principal: Principal) -> str:
    """The keyed hash under which the caller's certificates lie; who is not real-name has none."""
    if principal.holder is None:
        raise StepUpRequired(needed=AssuranceLevel.L2)
    return principal.holder


def requester(principal: Principal) -> Requester:
    """The clerk, as a resident will see them."""
    return Requester(
        clerk=principal.subject,
        clerk_number=principal.clerk_number or "",
        organisation=principal.organisation or "",
        organisation_name=principal.organisation_name or "",
        scenes=principal.scenes,
    )


def issuer(principal: Principal) -> Issuer:
    """The department."""
    return Issuer(id=principal.subject, name=principal.organisation_name or "", types=principal.types)

"""Family codes (亲属码): one's family's health codes at hand."""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from auth_bridges.refusals import (
    ActingNotOffered,
    FamilyRegisterUnavailable,
    GrantNotInForce,
    GrantUnknown,
    SessionEnded,
)
from bff.platform.identity import Principal
from bff.routes.callers import keeper
from bff.routes.parameters import GrantIdInPath
from health_code.families import Families
from health_code.refusals import FamilyFull, FamilyMemberUnknown, GuardiansFull, HealthCodeUnavailable
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.health_carried import AddFamilyMember, FamilyHealthCode, FamilyHealthCodes
from miniapp_schemas.health_code import HealthCodeTicket

_BY_GRANT = (ActingNotOffered, FamilyRegisterUnavailable, GrantNotInForce, GrantUnknown, SessionEnded)


class FamilyCodeController(Controller):
    """The family of whoever holds the phone; nobody else's while acting."""

    path = "/mp/v1/health-code/family"
    tags = ("health-code",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "health:show"}

    @get(
        opt={"refusals": (HealthCodeUnavailable, SessionEnded)},
        operation_id="ListFamilyHealthCodes",
        summary="My family's codes (健康信息查询)",
    )
    async def list_codes(
        self, principal: NamedDependency[Principal], health_families: NamedDependency[Families]
    ) -> FamilyHealthCodes:
        """Everybody in my list whose grant is in force, with their colours, in one call."""
        return await health_families.codes(principal.subject, keeper(principal))

    @post(
        opt={"refusals": (*_BY_GRANT, FamilyFull, GuardiansFull, HealthCodeUnavailable)},
        operation_id="AddFamilyHealthCode",
        summary="Take somebody into my family's codes (健康码调用申请)",
    )
    async def add(
        self,
        data: JSONBody[AddFamilyMember],
        principal: NamedDependency[Principal],
        health_families: NamedDependency[Families],
    ) -> FamilyHealthCode:
        """By a grant to act for them, as a guardian or as family. Added again it is the same."""
        return await health_families.add(principal.subject, keeper(principal), data.grant_id)

    @delete(
        "/{grant_id:str}",
        operation_id="RemoveFamilyHealthCode",
        summary="Take somebody out of my family's codes",
    )
    async def remove(
        self,
        grant_id: GrantIdInPath,
        principal: NamedDependency[Principal],
        health_families: NamedDependency[Families],
    ) -> None:
        """No-op if they are not in it; the grant stays what it is."""
        await health_families.remove(principal.subject, keeper(principal), grant_id)

    @post(
        "/{grant_id:str}/codes",
        opt={"refusals": (*_BY_GRANT, FamilyMemberUnknown, HealthCodeUnavailable)},
        operation_id="ShowFamilyHealthCode",
        summary="Show a code of my family (制码请求)",
    )
    async def show(
        self,
        grant_id: GrantIdInPath,
        principal: NamedDependency[Principal],
        health_families: NamedDependency[Families],
    ) -> HealthCodeTicket:
        """A code for a minute; the grant must be in force now."""
        return await health_families.show(principal.subject, keeper(principal), grant_id)

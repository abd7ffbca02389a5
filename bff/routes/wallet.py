"""``/mp/v1``: a resident's certificates, the codes shown of them, and who used those."""

from typing import Final

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.identity import Principal
from bff.routes.callers import deputy, keeper
from bff.routes.parameters import CredentialIdInPath, CursorInQuery, PageSize, PresentationIdInPath
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Page
from miniapp_schemas.wallet import (
    Credential,
    CredentialDetail,
    PresentationProgress,
    PresentationTicket,
    ShowCredential,
    UsageRecord,
)
from wallet.refusals import (
    ClaimNotDisclosable,
    CredentialNotShowable,
    CredentialUnknown,
    PresentationUnknown,
    SceneNotAllowed,
    SceneUnknown,
)
from wallet.service import Wallet

NOT_SHOWN: Final = (
    ClaimNotDisclosable,
    CredentialNotShowable,
    CredentialUnknown,
    SceneNotAllowed,
    SceneUnknown,
)


class CredentialController(Controller):
    """Certificates (电子证照) in the caller's wallet."""

    path = "/mp/v1/credentials"
    tags = ("wallet",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "wallet:read", "acting": True}

    @get(operation_id="ListCredentials", summary="List my certificates")
    async def list_credentials(
        self,
        principal: NamedDependency[Principal],
        wallet: NamedDependency[Wallet],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[Credential]:
        """Certificates in the caller's wallet, each with its status and why it stands so."""
        return await wallet.credentials(keeper(principal), after=cursor, limit=limit)

    @get(
        "/{credential_id:str}",
        opt={"refusals": (CredentialUnknown,)},
        operation_id="ReadCredential",
        summary="Read one of my certificates",
    )
    async def read_credential(
        self,
        credential_id: CredentialIdInPath,
        principal: NamedDependency[Principal],
        wallet: NamedDependency[Wallet],
    ) -> CredentialDetail:
        """One certificate with its fields, and the scenes it can be shown in."""
        return await wallet.credential(keeper(principal), credential_id)


class PresentationController(Controller):
    """One-time codes (亮证)."""

    path = "/mp/v1/presentations"
    tags = ("wallet",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "wallet:show", "acting": True}

    @post(
        opt={"hot": True, "refusals": NOT_SHOWN}, operation_id="ShowCredential", summary="Show a certificate"
    )
    async def show(
        self,
        data: JSONBody[ShowCredential],
        principal: NamedDependency[Principal],
        wallet: NamedDependency[Wallet],
    ) -> PresentationTicket:
        """Open a one-time code for a certificate the caller holds (亮证)."""
        return await wallet.show(keeper(principal), data, deputy=deputy(principal))

    @get(
        "/{presentation_id:str}",
        opt={"refusals": (PresentationUnknown,)},
        operation_id="FollowPresentation",
        summary="What became of a shown code",
    )
    async def follow(
        self,
        presentation_id: PresentationIdInPath,
        principal: NamedDependency[Principal],
        wallet: NamedDependency[Wallet],
    ) -> PresentationProgress:
        """Whether the code is still open, who used it, or that it ended."""
        return await wallet.progress(keeper(principal), presentation_id)

    @delete(
        "/{presentation_id:str}",
        opt={"refusals": (PresentationUnknown,)},
        operation_id="WithdrawPresentation",
        summary="Take a shown code back",
    )
    async def withdraw(
        self,
        presentation_id: PresentationIdInPath,
        principal: NamedDependency[Principal],
        wallet: NamedDependency[Wallet],
    ) -> None:
        """End the code now; no-op if it ended already."""
        await wallet.withdraw(keeper(principal), presentation_id)


class UsageController(Controller):
    """Usage records (用证记录)."""

    path = "/mp/v1/usage-records"
    tags = ("wallet",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "wallet:read", "acting": True}

    @get(operation_id="ListUsageRecords", summary="Who used my certificates")
    async def list_usages(
        self,
        principal: NamedDependency[Principal],
        wallet: NamedDependency[Wallet],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[UsageRecord]:
        """Every use and refused try, newest first: who, where, which fields, with what verdict."""
        return await wallet.usages(keeper(principal), before=cursor, limit=limit)

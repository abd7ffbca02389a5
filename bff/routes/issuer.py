"""``/issuer/v1``: departments issue certificates and say what has become of them."""

from typing import Final

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.routes.callers import issuer
from bff.routes.parameters import CredentialIdInPath, CursorInQuery, IdempotencyKey, PageSize
from miniapp_schemas.base import Page
from miniapp_schemas.wallet import (
    CredentialTypeInfo,
    IssueCredential,
    IssuedCredential,
    StatusChange,
)
from wallet.issuing import Issuing
from wallet.refusals import (
    ClaimsInvalid,
    CredentialUnknown,
    HolderMismatch,
    InvalidIdentifier,
    InvalidIdNumber,
    InvalidUscc,
    IssuerNotAllowed,
    SerialConflict,
    StatusChangeImpossible,
    TypeUnknown,
    ValidityInvalid,
    VersionStale,
)
from wallet.rules.validity import Change

_NOT_ISSUED: Final = (
    ClaimsInvalid,
    HolderMismatch,
    IdempotencyKeyReused,
    InvalidIdNumber,
    InvalidIdentifier,
    InvalidUscc,
    IssuerNotAllowed,
    RequestUnderWay,
    SerialConflict,
    TypeUnknown,
    ValidityInvalid,
    VersionStale,
)
_CHANGES: Final = {
    "scope": "wallet:status",
    "refusals": (CredentialUnknown, IssuerNotAllowed, StatusChangeImpossible),
}


class TypeController(Controller):
    """Types of certificates this department may issue."""

    path = "/issuer/v1/types"
    tags = ("issuer",)
    opt = {"audience": "issuer", "assurance": None, "scope": "wallet:issue"}

    @get(operation_id="ListCredentialTypes", summary="Types we may issue")
    async def list_types(
        self, principal: NamedDependency[Principal], issuing: NamedDependency[Issuing]
    ) -> list[CredentialTypeInfo]:
        """Every type this department may issue, with its fields: which are required, which can be shown."""
        return issuing.types(issuer(principal))


class IssuedController(Controller):
    """Certificates this department issued."""

    path = "/issuer/v1/credentials"
    tags = ("issuer",)
    opt = {"audience": "issuer", "assurance": None, "scope": "wallet:issue"}

    @post(
        opt={"refusals": _NOT_ISSUED},
        operation_id="IssueCredential",
        summary="Issue a certificate or a new version of one",
    )
    async def issue(
        self,
        data: JSONBody[IssueCredential],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        issuing: NamedDependency[Issuing],
        idempotency: NamedDependency[Idempotency],
    ) -> IssuedCredential:
        """Issue; the same (issuer, serial, version) or the same key again gets the same answer."""
        department = issuer(principal)
        return await idempotency.run(
            department.id,
            idempotency_key,
            msgspec.json.encode(data),
            lambda: issuing.issue(department, data),
            IssuedCredential,
        )

    @get(operation_id="ListIssued", summary="What we issued")
    async def list_issued(
        self,
        principal: NamedDependency[Principal],
        issuing: NamedDependency[Issuing],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[IssuedCredential]:
        """Certificates this department issued."""
        return await issuing.issued(issuer(principal), after=cursor, limit=limit)

    @get(
        "/{credential_id:str}",
        opt={"refusals": (CredentialUnknown,)},
        operation_id="ReadIssued",
        summary="One certificate we issued",
    )
    async def read_issued(
        self,
        credential_id: CredentialIdInPath,
        principal: NamedDependency[Principal],
        issuing: NamedDependency[Issuing],
    ) -> IssuedCredential:
        """One certificate this department issued."""
        return await issuing.issued_one(issuer(principal), credential_id)

    @post(
        "/{credential_id:str}/suspend",
        operation_id="SuspendCredential",
        summary="Suspend (挂失/暂停)",
        status_code=200,
        opt=_CHANGES,
    )
    async def suspend(
        self,
        credential_id: CredentialIdInPath,
        data: JSONBody[StatusChange],
        principal: NamedDependency[Principal],
        issuing: NamedDependency[Issuing],
    ) -> IssuedCredential:
        """Nobody can show or use it from now on, until it is resumed."""
        return await issuing.change(issuer(principal), credential_id, Change.SUSPEND, data.reason)

    @post(
        "/{credential_id:str}/resume",
        operation_id="ResumeCredential",
        summary="Resume (恢复)",
        status_code=200,
        opt=_CHANGES,
    )
    async def resume(
        self,
        credential_id: CredentialIdInPath,
        data: JSONBody[StatusChange],
        principal: NamedDependency[Principal],
        issuing: NamedDependency[Issuing],
    ) -> IssuedCredential:
        """A suspended certificate can be shown again."""
        return await issuing.change(issuer(principal), credential_id, Change.RESUME, data.reason)

    @post(
        "/{credential_id:str}/revoke",
        operation_id="RevokeCredential",
        summary="Revoke (吊销)",
        status_code=200,
        opt=_CHANGES,
    )
    async def revoke(
        self,
        credential_id: CredentialIdInPath,
        data: JSONBody[StatusChange],
        principal: NamedDependency[Principal],
        issuing: NamedDependency[Issuing],
    ) -> IssuedCredential:
        """For good: a revoked certificate never comes back."""
        return await issuing.change(issuer(principal), credential_id, Change.REVOKE, data.reason)

"""``/mp/v1/account/deletion``: leaving, and the certificate of it."""

from typing import Final

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from auth_bridges.accounts import Accounts
from auth_bridges.accounts.leaving import COOL_OFF
from auth_bridges.refusals import DeletionBegun, DeletionUnknown, SessionEnded
from bff.platform.idempotency import Idempotency
from bff.platform.identity import Principal
from bff.routes.account import GATE, MINE, ONCE, deletion_of
from bff.routes.callers import actor
from bff.routes.parameters import IdempotencyKey, StepUpChallenge
from miniapp_schemas.account import (
    DeletionCertificate,
    DeletionConsequences,
    DeletionReceipt,
    FetchDeletionCertificate,
)
from miniapp_schemas.base import Text

_PUBLIC: Final = {"audience": "public", "assurance": None, "scope": None}
_CONSEQUENCES: Final = (
    Text(
        zh="七日后账号不可恢复；在此之前登录即可撤回。",
        en="After seven days the account cannot be restored; until then you can take it back.",
    ),
    Text(
        zh="所有登录方式解除绑定，所有设备退出登录。",
        en="Every way in is removed and every device is signed out.",
    ),
    Text(
        zh="姓名、证件号码、手机号码及实名记录被清除，其密钥被销毁，任何副本均无法读取。",
        en="Name, ID number, phone and proofs are erased; their key is destroyed, so no copy can be read.",
    ),
    Text(
        zh="证照仍由发证机关保存；用证记录与审计记录依法留存，其中只有假名。",
        en="Certificates stay with their issuers; usage and audit records are kept as the law asks, "
        "under pseudonyms only.",
    ),
)


class DeletionController(Controller):
    """Leaving (注销)."""

    path = "/mp/v1/account/deletion"
    tags = ("account",)
    opt = MINE

    @get(opt={"refusals": (SessionEnded,)}, operation_id="ReadDeletion", summary="What deleting means")
    async def consequences(
        self, principal: NamedDependency[Principal], accounts: NamedDependency[Accounts]
    ) -> DeletionConsequences:
        """To be shown before it is asked for; also whether it is under way."""
        seen = await accounts.overviews.of(actor(principal))
        return DeletionConsequences(
            consequences=list(_CONSEQUENCES),
            cool_off_days=COOL_OFF.days,
            deletion=deletion_of(seen.deletion),
        )

    @post(opt={"refusals": (*GATE, *ONCE)}, operation_id="RequestDeletion", summary="Delete my account")
    async def request(
        self,
        key: IdempotencyKey,
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        idempotency: NamedDependency[Idempotency],
        challenge: StepUpChallenge = None,
    ) -> DeletionReceipt:
        """In seven days, unless it is taken back; asks for a fresh proof."""

        async def requested() -> DeletionReceipt:
            made = await accounts.leaving.request(actor(principal, challenge))
            return DeletionReceipt(
                receipt=made.receipt, requested_at=made.deletion.requested_at, due_at=made.deletion.due_at
            )

        return await idempotency.run(principal.subject, key, b"deletion", requested, DeletionReceipt)

    @delete(
        opt={"refusals": (DeletionBegun, DeletionUnknown)},
        operation_id="CancelDeletion",
        summary="Stay after all",
    )
    async def cancel(
        self, principal: NamedDependency[Principal], accounts: NamedDependency[Accounts]
    ) -> None:
        """Within the seven days; asks for nothing but a session."""
        await accounts.leaving.cancel(actor(principal))

    @post(
        "/certificate",
        opt={**_PUBLIC, "refusals": (DeletionUnknown,)},
        operation_id="FetchDeletionCertificate",
        summary="The certificate of a deletion",
        status_code=200,
    )
    async def certificate(
        self, data: JSONBody[FetchDeletionCertificate], accounts: NamedDependency[Accounts]
    ) -> DeletionCertificate:
        """For whoever holds the receipt, before the account is gone and after."""
        certified = await accounts.leaving.certificate(data.receipt)
        return DeletionCertificate(
            requested_at=certified.deletion.requested_at,
            due_at=certified.deletion.due_at,
            deleted_at=certified.deletion.deleted_at,
            certificate=certified.certificate,
        )

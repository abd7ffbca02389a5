"""``/verifier/v1``: clerks who scan, and what their scanners need to check codes without us."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.callers import requester
from bff.routes.parameters import CursorInQuery, PageSize, StatusListNumber
from miniapp_schemas.base import Page
from miniapp_schemas.keys import JsonWebKeySet
from miniapp_schemas.wallet import CheckRecord, Verification, Verify
from wallet.issuing import Issuing
from wallet.refusals import StatusListUnknown
from wallet.service import Wallet

_FIVE_MINUTES = "public, max-age=300"


class VerificationController(Controller):
    """Verification (核验)."""

    path = "/verifier/v1/verifications"
    tags = ("verifier",)
    opt = {"audience": "verifier", "assurance": None, "scope": "wallet:verify"}

    @post(
        opt={"hot": True, "refusals": (TooManyRequests,)},
        operation_id="VerifyCode",
        summary="Verify a scanned code",
        status_code=200,
    )
    async def verify(
        self,
        data: JSONBody[Verify],
        principal: NamedDependency[Principal],
        wallet: NamedDependency[Wallet],
    ) -> Verification:
        """Use the code up and say what may be seen; every outcome is a verdict, not an error."""
        return await wallet.verify(requester(principal), data)

    @get(operation_id="ListVerifications", summary="What I checked this shift")
    async def list_checks(
        self,
        principal: NamedDependency[Principal],
        wallet: NamedDependency[Wallet],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[CheckRecord]:
        """The clerk's own checks of the last twelve hours, newest first; no field of anybody."""
        return await wallet.checks(requester(principal), before=cursor, limit=limit)


class TrustController(Controller):
    """What a scanner fetches ahead, to check codes without a network."""

    path = "/verifier/v1/trust"
    tags = ("trust",)
    opt = {"audience": "public", "assurance": None, "scope": None}

    @get("/jwks.json", operation_id="WalletKeys", summary="Keys of shown codes (JWKS)")
    async def jwks(self, wallet: NamedDependency[Wallet]) -> Response[JsonWebKeySet]:
        """The public keys shown codes may be signed with (RFC 7517); `kid` is base64url of the code's."""
        return Response(wallet.jwks(), headers={"Cache-Control": _FIVE_MINUTES})

    @get(
        "/cose-keys",
        operation_id="WalletCoseKeys",
        summary="Keys of shown codes (COSE)",
        media_type="application/cose-key-set",
    )
    async def cose_keys(self, wallet: NamedDependency[Wallet]) -> Response[bytes]:
        """The same keys as a COSE key set (RFC 9052 §7)."""
        return Response(
            wallet.cose_keys(),
            media_type="application/cose-key-set",
            headers={"Cache-Control": _FIVE_MINUTES},
        )

    @get(
        "/status-lists/{number:int}",
        opt={"refusals": (StatusListUnknown,)},
        operation_id="StatusList",
        summary="A status list",
        media_type="application/statuslist+cwt",
    )
    async def status_list(
        self, number: StatusListNumber, issuing: NamedDependency[Issuing]
    ) -> Response[bytes]:
        """Which certificates are suspended or revoked (Token Status List, CWT, two bits an entry)."""
        return Response(
            await issuing.status_list(number),
            media_type="application/statuslist+cwt",
            headers={"Cache-Control": "public, max-age=60"},
        )

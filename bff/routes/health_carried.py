"""Health codes that are carried: offline, on paper, with a licence; and the keys guards check them with."""

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.code_ring import CodeRing
from bff.platform.combined import CombinedCodes
from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.callers import deputy, keeper, licence_keeper
from bff.routes.parameters import IdempotencyKey, IfNoneMatch
from bff.routes.wallet import NOT_SHOWN
from health_code.papers import PaperCodes
from health_code.prefetching import OfflineCodes
from health_code.refusals import HealthCodeUnavailable, PaperCodeUnknown
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.health_carried import CombinedTicket, OfflineHealthCode, PaperHealthCode
from miniapp_schemas.keys import JsonWebKey, JsonWebKeySet
from miniapp_schemas.wallet import ShowCredential

_PIXELS = 480
_RESIDENT = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "health:show", "acting": True}


class OfflineCodeController(Controller):
    """The code for when there is no network (离线码)."""

    path = "/mp/v1/health-code/offline"
    tags = ("health-code",)
    opt = _RESIDENT

    @get(
        opt={"refusals": (HealthCodeUnavailable,)},
        operation_id="FetchOfflineHealthCode",
        summary="My signed code for a day without a network (健康码调用申请)",
    )
    async def fetch(
        self,
        principal: NamedDependency[Principal],
        health_offline: NamedDependency[OfflineCodes],
        if_none_match: IfNoneMatch = None,
    ) -> Response[OfflineHealthCode]:
        """Fetch it ahead, once an hour at most; 304 while it would say the same as the one held."""
        code, etag = await health_offline.fetch(keeper(principal))
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if if_none_match is not None and etag in if_none_match:
            return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]  # 304 has no body
        return Response(code, headers=headers)


class PaperCodeController(Controller):
    """The code on paper (纸质码)."""

    path = "/mp/v1/health-code/paper"
    tags = ("health-code",)
    opt = _RESIDENT

    @get(
        opt={"refusals": (PaperCodeUnknown,)},
        operation_id="ReadPaperHealthCode",
        summary="My paper code (健康码调用申请)",
    )
    async def read(
        self, principal: NamedDependency[Principal], health_papers: NamedDependency[PaperCodes]
    ) -> PaperHealthCode:
        """The one in force, to be printed again."""
        return await health_papers.read(keeper(principal))

    @post(
        opt={"refusals": (IdempotencyKeyReused, RequestUnderWay, TooManyRequests)},
        operation_id="IssuePaperHealthCode",
        summary="Have a paper code issued (制码请求)",
    )
    async def issue(
        self,
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        health_papers: NamedDependency[PaperCodes],
        idempotency: NamedDependency[Idempotency],
    ) -> PaperHealthCode:
        """For 180 days. The one before is dead at once."""
        subject = keeper(principal)
        return await idempotency.run(
            f"health-papers:{principal.subject}",
            idempotency_key,
            f"paper {subject}".encode(),
            lambda: health_papers.issue(subject, by=principal.subject),
            PaperHealthCode,
        )

    @delete(operation_id="ReportPaperHealthCodeLost", summary="Report my paper code lost (挂失)")
    async def report_lost(
        self, principal: NamedDependency[Principal], health_papers: NamedDependency[PaperCodes]
    ) -> None:
        """Nobody is let in by it any more; no-op if there is none."""
        await health_papers.report_lost(keeper(principal), by=principal.subject)

    @get(
        "/qr.svg",
        opt={"refusals": (PaperCodeUnknown,)},
        operation_id="DrawPaperHealthCodeSvg",
        summary="My paper code as a picture (SVG)",
        media_type="image/svg+xml",
    )
    async def draw_svg(
        self, principal: NamedDependency[Principal], health_papers: NamedDependency[PaperCodes]
    ) -> Response[bytes]:
        """For print."""
        from wallet.qr import svg  # noqa: PLC0415 - loads what draws pictures; few ask for one

        paper = await health_papers.read(keeper(principal))
        return Response(svg(paper.code, pixels=_PIXELS).encode(), media_type="image/svg+xml")

    @get(
        "/qr.png",
        opt={"refusals": (PaperCodeUnknown,)},
        operation_id="DrawPaperHealthCodePng",
        summary="My paper code as a picture (PNG)",
        media_type="image/png",
    )
    async def draw_png(
        self, principal: NamedDependency[Principal], health_papers: NamedDependency[PaperCodes]
    ) -> Response[bytes]:
        """For a phone."""
        from wallet.qr import png  # noqa: PLC0415 - loads what draws pictures; few ask for one

        paper = await health_papers.read(keeper(principal))
        return Response(png(paper.code, pixels=_PIXELS), media_type="image/png")


class CombinedCodeController(Controller):
    """A health code with a licence (组合码)."""

    path = "/mp/v1/health-code/combined"
    tags = ("health-code",)
    opt = _RESIDENT

    @post(
        opt={"refusals": (HealthCodeUnavailable, *NOT_SHOWN)},
        operation_id="ShowCombinedCode",
        summary="Show my health code and a certificate in one QR (健康码调用申请)",
    )
    async def show(
        self,
        data: JSONBody[ShowCredential],
        principal: NamedDependency[Principal],
        health_combined: NamedDependency[CombinedCodes],
    ) -> CombinedTicket:
        """Both, or neither; the certificate can be used once, as if shown alone."""
        return await health_combined.show(licence_keeper(principal), data, deputy(principal))


class HealthTrustController(Controller):
    """What a guard fetches ahead, to check health codes without a network."""

    path = "/verifier/v1/trust"
    tags = ("trust",)
    opt = {"audience": "public", "assurance": None, "scope": None}

    @get("/health-jwks.json", operation_id="HealthKeys", summary="Keys of signed health codes (JWKS)")
    async def jwks(self, health_code_keys: NamedDependency[CodeRing]) -> Response[JsonWebKeySet]:
        """The public keys offline and paper codes may be signed with; `kid` is base64url of the code's."""
        keys = [msgspec.convert(key.to_jwk(), JsonWebKey) for key in health_code_keys.verifying().values()]
        return Response(JsonWebKeySet(keys=keys), headers={"Cache-Control": "public, max-age=300"})

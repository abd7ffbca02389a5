"""The health code: residents show it, guards check it, registered sources report what it follows from."""

from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import blake2b
from typing import Final, cast

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec.structs import replace

from bff.platform.caller import StillSignedIn
from bff.platform.changes import Changes, TooManyListeners, changed
from bff.platform.combined import CombinedCodes
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.callers import department, keeper, licence_requester, person
from bff.routes.parameters import IfNoneMatch
from health_code.carrying import Carrying
from health_code.refusals import (
    CertificateIssuerAway,
    CertificateNotBelieved,
    CertificateOfAnother,
    HealthCodeUnavailable,
)
from health_code.reporting import Reporting
from health_code.service import HealthCodes
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.health_code import (
    BringCertificate,
    CarriedCertificate,
    CheckHealthCode,
    EvidenceReceipt,
    HealthCheck,
    HealthCode,
    HealthCodeTicket,
    ReportEvidences,
    ShowHealthCode,
)
from miniapp_schemas.refusals import Refusal

_QUIET_SECONDS: Final = 20.0
"""After so long without a change a line is sent, or proxies and phones take the connection for dead."""
_encode: Final = msgspec.json.Encoder().encode


class HealthCodeController(Controller):
    """A resident's health code (健康码)."""

    path = "/mp/v1/health-code"
    tags = ("health-code",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "health:show", "acting": True}

    @get(
        opt={"refusals": (HealthCodeUnavailable,)},
        operation_id="ReadHealthCode",
        summary="My health code, and why it is so (健康信息查询)",
    )
    async def read(
        self,
        principal: NamedDependency[Principal],
        health_codes: NamedDependency[HealthCodes],
        if_none_match: IfNoneMatch = None,
    ) -> Response[HealthCode]:
        """The colour with every reason, what clears it and when it changes by itself."""
        code = await health_codes.read(keeper(principal))
        etag = _etag(code)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if if_none_match is not None and etag in if_none_match:
            return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]  # 304 has no body
        return Response(code, headers=headers)

    @get(
        "/events",
        opt={"streams": True, "refusals": (HealthCodeUnavailable, TooManyListeners)},
        operation_id="FollowHealthCode",
        summary="My health code as it changes (健康信息查询)",
        media_type="text/event-stream",
    )
    async def follow(
        self,
        principal: NamedDependency[Principal],
        health_codes: NamedDependency[HealthCodes],
        health_changes: NamedDependency[Changes],
        still: NamedDependency[StillSignedIn],
    ) -> Response[bytes]:
        """Server-sent events: a `code` event now and at each change, until the session or its token ends."""
        # Before the answer begins: what comes later is no refusal, but a stream that ends.
        health_changes.admit()
        subject = keeper(principal)
        first = await health_codes.read(subject)
        events = _events(first, lambda: health_codes.read(subject), health_changes, subject, still)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        # To the contract a stream of bytes is bytes.
        return cast("Response[bytes]", Stream(events, media_type="text/event-stream", headers=headers))

    @post(
        "/certificates",
        opt={
            "refusals": (
                CertificateIssuerAway,
                CertificateNotBelieved,
                CertificateOfAnother,
                TooManyRequests,
            ),
            "acting": False,
        },
        operation_id="BringCertificate",
        summary="Bring a certificate of another place (互认)",
    )
    async def bring(
        self,
        data: JSONBody[BringCertificate],
        principal: NamedDependency[Principal],
        health_carrying: NamedDependency[Carrying],
    ) -> CarriedCertificate:
        """What it proves becomes evidence, with its source and age, and is judged by the rules here."""
        return await health_carrying.bring(keeper(principal), data.text)

    @post(
        "/codes",
        opt={"hot": True, "refusals": (HealthCodeUnavailable,)},
        operation_id="ShowHealthCode",
        summary="Show my health code (制码请求)",
    )
    async def show(
        self,
        data: JSONBody[ShowHealthCode],
        principal: NamedDependency[Principal],
        health_codes: NamedDependency[HealthCodes],
    ) -> HealthCodeTicket:
        """A code for a minute."""
        del data  # nothing to say yet
        return await health_codes.show(keeper(principal))


def _etag(code: HealthCode) -> str:
    """Of what is said, not of when it was asked."""
    said = _encode(replace(code, age_seconds=0, refresh_seconds=1))
    return f'"{blake2b(said, digest_size=12).hexdigest()}"'


async def _events(
    first: HealthCode,
    read: Callable[[], Awaitable[HealthCode]],
    changes: Changes,
    subject: str,
    still: StillSignedIn,
) -> AsyncIterator[bytes]:
    with changes.listen(subject) as event:
        yield _event(first)
        # Between the first reading and the listening something may have changed.
        event.set()
        while still():
            if await changed(event, within=_QUIET_SECONDS):
                # Whose session ended meanwhile is told nothing more.
                if not still():
                    return
                try:
                    yield _event(await read())
                except Refusal:
                    return
            else:
                yield b": still here\n\n"


def _event(code: HealthCode) -> bytes:
    return b"event: code\ndata: " + _encode(code) + b"\n\n"


class HealthCheckController(Controller):
    """Checking a shown health code (验码)."""

    path = "/verifier/v1/health-checks"
    tags = ("verifier",)
    opt = {"audience": "verifier", "assurance": None, "scope": "health:check"}

    @post(
        opt={"hot": True, "refusals": (HealthCodeUnavailable, TooManyRequests)},
        operation_id="CheckHealthCode",
        summary="Check a scanned health code (验码请求)",
        status_code=200,
    )
    async def check(
        self,
        data: JSONBody[CheckHealthCode],
        principal: NamedDependency[Principal],
        health_combined: NamedDependency[CombinedCodes],
    ) -> HealthCheck:
        """Colour, masked name and age of the data, and nothing more; of a licence with it, its verdict."""
        return await health_combined.check(person(principal), data, licence_requester(principal))


class HealthEvidenceController(Controller):
    """Evidence from registered sources."""

    path = "/issuer/v1/health-evidence"
    tags = ("issuer",)
    opt = {"audience": "issuer", "assurance": None, "scope": "health:report"}

    @post(
        operation_id="ReportHealthEvidence",
        summary="Report evidence (健康信息申报)",
        status_code=200,
    )
    async def report(
        self,
        data: JSONBody[ReportEvidences],
        principal: NamedDependency[Principal],
        health_reporting: NamedDependency[Reporting],
    ) -> EvidenceReceipt:
        """Record evidence, item by item; repeating an item is the same item. No route takes a colour."""
        return await health_reporting.report(department(principal), data.items)

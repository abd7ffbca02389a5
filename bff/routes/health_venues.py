"""Venue codes: clerks put them up, residents check in, what was logged is purged, and two let tracing ask."""

from typing import Final

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.idempotency import Idempotency, IdempotencyKeyReused, RequestUnderWay
from bff.platform.identity import Principal
from bff.platform.limits import TooManyRequests
from bff.routes.callers import department, keeper, person
from bff.routes.parameters import (
    CursorInQuery,
    ExposureQueryIdInPath,
    IdempotencyKey,
    PageSize,
    VenueIdInPath,
)
from health_code.checkin_log import CheckInBook
from health_code.refusals import (
    DivisionUnknown,
    ExposureQueryExpired,
    ExposureQueryInvalid,
    ExposureQueryNotApproved,
    ExposureQueryUnknown,
    PrintingNotAllowed,
    SecondPersonNeeded,
    VenueCodeForged,
    VenueCodeStale,
    VenueCodeWithdrawn,
    VenueUnknown,
)
from health_code.tracing import Tracing
from health_code.venues import Venues
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Page
from miniapp_schemas.health_venues import (
    CheckIn,
    CheckInReceipt,
    ExposedCheckIn,
    ExposureQuery,
    ProposeExposureQuery,
    PurgeProof,
    RegisterVenue,
    Venue,
    VenueCode,
)

_ONCE: Final = (IdempotencyKeyReused, RequestUnderWay)


class VenueController(Controller):
    """Venues of the clerk's organisation, and the codes that hang there (场所码)."""

    path = "/verifier/v1/venues"
    tags = ("health-venues",)
    opt = {"audience": "verifier", "assurance": None, "scope": "health:venues"}

    @post(
        opt={"refusals": (DivisionUnknown, *_ONCE)},
        operation_id="RegisterVenue",
        summary="Register a venue",
    )
    async def register(
        self,
        data: JSONBody[RegisterVenue],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        health_venues: NamedDependency[Venues],
        idempotency: NamedDependency[Idempotency],
    ) -> Venue:
        """Register a place; the same key again gets the same answer."""
        clerk = person(principal)
        return await idempotency.run(
            f"health-venues:{clerk.id}",
            idempotency_key,
            msgspec.json.encode(data),
            lambda: health_venues.register(clerk, data),
            Venue,
        )

    @get(operation_id="ListVenues", summary="Our venues")
    async def list_venues(
        self,
        principal: NamedDependency[Principal],
        health_venues: NamedDependency[Venues],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[Venue]:
        """Venues of the clerk's organisation, newest first."""
        return await health_venues.listed(person(principal), before=cursor, limit=limit)

    @get(
        "/{venue_id:str}/code",
        opt={"refusals": (VenueUnknown,)},
        operation_id="DisplayVenueCode",
        summary="This minute's code",
    )
    async def display(
        self,
        venue_id: VenueIdInPath,
        principal: NamedDependency[Principal],
        health_venues: NamedDependency[Venues],
    ) -> VenueCode:
        """The code for the venue's screen; another one every minute."""
        return await health_venues.display(person(principal), venue_id)

    @post(
        "/{venue_id:str}/printed-codes",
        opt={"refusals": (PrintingNotAllowed, VenueUnknown)},
        operation_id="PrintVenueCode",
        summary="A code for paper",
    )
    async def print_code(
        self,
        venue_id: VenueIdInPath,
        principal: NamedDependency[Principal],
        health_venues: NamedDependency[Venues],
    ) -> VenueCode:
        """A code that does not change, with what to know of it; it withdraws the one printed before."""
        return await health_venues.print(person(principal), venue_id)


class CheckInController(Controller):
    """Checking in at a venue (扫场所码)."""

    path = "/mp/v1/venue-checkins"
    tags = ("health-venues",)
    opt = {"audience": "resident", "assurance": AssuranceLevel.L2, "scope": "health:show", "acting": True}

    @post(
        opt={
            "hot": True,
            "refusals": (
                TooManyRequests,
                VenueCodeForged,
                VenueCodeStale,
                VenueCodeWithdrawn,
                VenueUnknown,
            ),
        },
        operation_id="CheckIn",
        summary="Check in at a venue",
    )
    async def check_in(
        self,
        data: JSONBody[CheckIn],
        principal: NamedDependency[Principal],
        health_venues: NamedDependency[Venues],
    ) -> CheckInReceipt:
        """Whether one may enter, and why not. No colour ever changes by it."""
        acting = principal.acting is not None
        return await health_venues.check_in(keeper(principal), data, phone=principal.subject, acting=acting)


class PurgeController(Controller):
    """What was logged and is gone."""

    path = "/verifier/v1/checkin-purges"
    tags = ("health-venues",)
    opt = {"audience": "verifier", "assurance": None, "scope": "health:venues"}

    @get(operation_id="ListCheckInPurges", summary="Proofs of purge")
    async def list_purges(
        self,
        health_checkins: NamedDependency[CheckInBook],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[PurgeProof]:
        """Signed proofs that the log of a day and division was destroyed, the latest day first."""
        return await health_checkins.proofs(before=cursor, limit=limit)


class ExposureApprovalController(Controller):
    """Exposure queries that wait for somebody to agree."""

    path = "/verifier/v1/exposure-queries"
    tags = ("health-venues",)
    opt = {"audience": "verifier", "assurance": None, "scope": "health:approve"}

    @get(operation_id="ListExposureQueries", summary="Exposure queries to agree to")
    async def list_waiting(self, health_tracing: NamedDependency[Tracing]) -> list[ExposureQuery]:
        """Queries that wait for the first or the second of two people, newest first."""
        return await health_tracing.waiting()

    @post(
        "/{query_id:str}/approve",
        opt={"refusals": (ExposureQueryExpired, ExposureQueryUnknown, SecondPersonNeeded)},
        operation_id="ApproveExposureQuery",
        summary="Agree to an exposure query",
        status_code=200,
    )
    async def approve(
        self,
        query_id: ExposureQueryIdInPath,
        principal: NamedDependency[Principal],
        health_tracing: NamedDependency[Tracing],
    ) -> ExposureQuery:
        """Agree; it is answered only once two people of two organisations have."""
        return await health_tracing.approve(person(principal), query_id)


class ExposureQueryController(Controller):
    """A department asks who was at a venue (流调查询)."""

    path = "/issuer/v1/exposure-queries"
    tags = ("health-venues",)
    opt = {"audience": "issuer", "assurance": None, "scope": "health:trace"}

    @post(
        opt={"refusals": (ExposureQueryInvalid, VenueUnknown, *_ONCE)},
        operation_id="ProposeExposureQuery",
        summary="Ask who was at a venue",
    )
    async def propose(
        self,
        data: JSONBody[ProposeExposureQuery],
        idempotency_key: IdempotencyKey,
        principal: NamedDependency[Principal],
        health_tracing: NamedDependency[Tracing],
        idempotency: NamedDependency[Idempotency],
    ) -> ExposureQuery:
        """Propose a query for a case; it ends after a day, whatever it has come to."""
        asking = department(principal)
        return await idempotency.run(
            f"health-exposure:{asking.id}",
            idempotency_key,
            msgspec.json.encode(data),
            lambda: health_tracing.propose(asking, data),
            ExposureQuery,
        )

    @get(
        "/{query_id:str}",
        opt={"refusals": (ExposureQueryUnknown,)},
        operation_id="ReadExposureQuery",
        summary="How far our query has come",
    )
    async def read(
        self,
        query_id: ExposureQueryIdInPath,
        principal: NamedDependency[Principal],
        health_tracing: NamedDependency[Tracing],
    ) -> ExposureQuery:
        """A query of the department's own."""
        return await health_tracing.read(department(principal), query_id)

    @get(
        "/{query_id:str}/checkins",
        opt={"refusals": (ExposureQueryExpired, ExposureQueryNotApproved, ExposureQueryUnknown)},
        operation_id="ReadExposures",
        summary="The answer to our query",
    )
    async def answer(
        self,
        query_id: ExposureQueryIdInPath,
        principal: NamedDependency[Principal],
        health_tracing: NamedDependency[Tracing],
        cursor: CursorInQuery = None,
        limit: PageSize = 20,
    ) -> Page[ExposedCheckIn]:
        """References to who was there, newest first: what was known when it was first asked for."""
        return await health_tracing.answer(department(principal), query_id, before=cursor, limit=limit)

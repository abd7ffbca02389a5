"""Venue codes on the wire: places, checking in, the purge of what was logged, and what tracing may ask."""

from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Instant, Request, Response, Text
from miniapp_schemas.health_code import ColourName, Division, SubjectRef

VenueId = Annotated[str, Meta(description="A venue's id.", pattern=r"^[0-9a-f]{32}\Z")]
ExposureQueryId = Annotated[str, Meta(description="An exposure query's id.", pattern=r"^[0-9a-f]{32}\Z")]
VenueKind = Annotated[
    Literal["TRANSPORT", "SHOP", "CATERING", "SCHOOL", "HOSPITAL", "CARE_HOME", "OFFICE", "HOUSING", "OTHER"],
    Meta(description="What sort of place it is (场所类型)."),
]
VenueCodeKind = Annotated[
    Literal["DISPLAYED", "PRINTED"],
    Meta(
        description="DISPLAYED changes every minute. PRINTED does not: a picture of it, forwarded, checks in "
        "from anywhere, so it proves little and is limited more."
    ),
]
CaseId = Annotated[
    str,
    Meta(
        description="The case (流调) it is asked for.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}\Z",
        examples=["LD-2026-0001"],
    ),
]
_NAME = r"^\S(.*\S)?\Z"


class RegisterVenue(Request, frozen=True, kw_only=True):
    """Register a place of one's own organisation."""

    name_zh: Annotated[str, Meta(description="Its name in Chinese.", max_length=60, pattern=_NAME)]
    name_en: Annotated[str, Meta(description="Its name in English.", max_length=120, pattern=_NAME)]
    division: Annotated[Division, Meta(description="Where it is; its log is kept as that place orders.")]
    kind: VenueKind
    admits: Annotated[
        list[ColourName],
        Meta(
            description="Which colours may enter. With GREY in it, also those whose colour is not known.",
            min_length=1,
            max_length=4,
        ),
    ]
    printed_codes: Annotated[
        bool, Meta(description="Whether codes may be printed, where no screen can be put up.")
    ] = False


class Venue(Response, frozen=True, kw_only=True):
    """A registered place (场所)."""

    id: VenueId
    name: Annotated[Text, Meta(description="What it is called.")]
    division: Division
    kind: VenueKind
    admits: Annotated[list[ColourName], Meta(description="Which colours may enter.")]
    printed_codes: Annotated[bool, Meta(description="Whether codes may be printed.")]
    registered_at: Instant


class VenueCode(Response, frozen=True, kw_only=True):
    """A code to put up at a venue (场所码)."""

    venue_id: VenueId
    kind: VenueCodeKind
    code: Annotated[str, Meta(description="What the QR says.")]
    expires_at: Annotated[
        Instant | None, Meta(description="From when it is refused; a printed one has no such moment.")
    ] = None
    next_at: Annotated[
        Instant | None, Meta(description="When to show the next one, a minute before this one is refused.")
    ] = None
    notice: Annotated[
        Text | None, Meta(description="What to know of a printed one, to be read before printing.")
    ] = None


class CheckIn(Request, frozen=True, kw_only=True):
    """Check in with a scanned venue code."""

    code: Annotated[str, Meta(description="What the QR said.", min_length=1, max_length=200)]
    request_id: Annotated[
        str,
        Meta(
            description="New for each scan, the same for each retry of it: the same check-in again.",
            pattern=r"^[A-Za-z0-9_.:-]{8,64}\Z",
        ),
    ]


class CheckInReceipt(Response, frozen=True, kw_only=True):
    """Whether one may enter, and why not. It says nothing about anybody's health, and changes nothing."""

    verdict: Annotated[Literal["PASS", "DENY"], Meta(description="放行 or 不予放行.")]
    venue_id: VenueId
    venue: Annotated[Text, Meta(description="The venue's name.")]
    code_kind: VenueCodeKind
    colour: ColourName
    at: Annotated[Instant, Meta(description="When it was.")]
    reason: Annotated[
        Literal["COLOUR_NOT_ADMITTED", "COLOUR_UNKNOWN"] | None, Meta(description="Why not, where not.")
    ] = None
    detail: Annotated[Text | None, Meta(description="The same in words.")] = None


class PurgeProof(Response, frozen=True, kw_only=True):
    """The log of one day and place is gone (清除证明)."""

    division: Division
    day: Annotated[
        str, Meta(description="Whose log: a day in China.", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
    ]
    count: Annotated[int, Meta(description="How many check-ins were deleted.", ge=0)]
    purged_at: Instant
    proof: Annotated[
        str,
        Meta(
            description="The statement, a compact JWS (ES256, `typ` `checkin-purge+jwt`) by a key of "
            "`/.well-known/jwks.json`."
        ),
    ]


class ProposeExposureQuery(Request, frozen=True, kw_only=True):
    """Ask who was at a venue. Nobody is told until two people of two organisations agree."""

    case_id: CaseId
    venue_id: VenueId
    since: Annotated[Instant, Meta(description="From when.")]
    until: Annotated[Instant, Meta(description="Until when; three days later at most, and past.")]


class ExposureApproval(Response, frozen=True, kw_only=True):
    """One of the two who agreed."""

    organisation_name: Annotated[str, Meta(description="For whom they agreed.")]
    at: Instant


class ExposureQuery(Response, frozen=True, kw_only=True):
    """An exposure query (流调查询)."""

    id: ExposureQueryId
    case_id: CaseId
    venue_id: VenueId
    since: Instant
    until: Instant
    department: Annotated[str, Meta(description="Who asks.")]
    state: Annotated[
        Literal["PROPOSED", "APPROVED_ONCE", "APPROVED", "ANSWERED", "EXPIRED"],
        Meta(description="How far it has come; answered only once APPROVED."),
    ]
    approvals: Annotated[list[ExposureApproval], Meta(description="Who agreed.")]
    proposed_at: Instant
    expires_at: Annotated[Instant, Meta(description="When it ends, whatever it has come to.")]


class ExposedCheckIn(Response, frozen=True, kw_only=True):
    """Somebody was there. Who, only we know: ``subjectRef`` names them in evidence of kind EXPOSED."""

    subject_ref: SubjectRef
    at: Annotated[Instant, Meta(description="When they checked in.")]
    code_kind: VenueCodeKind
    admitted: Annotated[bool, Meta(description="Whether they were let in.")]

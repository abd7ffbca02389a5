"""Public statistics of the health code: counts of at least ten people, in steps of ten."""

from typing import Annotated

from msgspec import Meta

from miniapp_schemas.base import Instant, Response

People = Annotated[
    int | None,
    Meta(
        description="How many people, in steps of `k`: it moves once it is `k` away from what was told last. "
        "Absent where it could say something of one of them."
    ),
]


class ColourCount(Response, frozen=True, kw_only=True):
    """How many people have a code of one district, colour and reason; a count without one sums over it."""

    district: Annotated[
        str,
        Meta(
            description="行政区划代码 (GB/T 2260) of whose rules gave the colour, not of where somebody "
            "lives: no address is kept, and an ID number begins with where it was first given out."
        ),
    ]
    colour: Annotated[str | None, Meta(description="码色.")] = None
    reason: Annotated[
        str | None,
        Meta(description="The decisive rule, or `MANUAL:` and the reason code of an entry by hand."),
    ] = None
    people: People = None


class ManualCount(Response, frozen=True, kw_only=True):
    """For how many people something was entered by hand, by reason and how far it came."""

    reason: Annotated[str, Meta(description="The reason code.")]
    state: Annotated[str | None, Meta(description="How far the entries came.")] = None
    people: People = None


class AppealCount(Response, frozen=True, kw_only=True):
    """How many people appealed, by how far it came."""

    state: Annotated[str, Meta(description="How far the appeals came.")]
    people: People = None


class HealthStatistics(Response, frozen=True, kw_only=True):
    """Counts of people, in steps of `k` and none below it.

    What could be had by subtraction, of one count from another or of an hour from the next, is left out too.
    """

    k: Annotated[int, Meta(description="The least number of people a count tells of.", ge=2)]
    colours: Annotated[list[ColourCount], Meta(description="Codes, by district, colour and reason.")]
    manual: Annotated[list[ManualCount], Meta(description="Entries by hand.")]
    appeals: Annotated[list[AppealCount], Meta(description="Appeals.")]
    as_of: Annotated[Instant | None, Meta(description="When it was counted; absent if never yet.")] = None
    people: People = None

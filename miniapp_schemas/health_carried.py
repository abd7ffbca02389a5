"""Health codes that are carried: offline and on paper, for oneself, for one's family, beside a licence."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Instant, Request, Response
from miniapp_schemas.health_code import ColourName, Division, HealthCodeTicket
from miniapp_schemas.wallet import PresentationTicket

PaperCodeId = Annotated[
    str, Meta(description="The name by which the paper is reported lost.", pattern=r"^[0-9a-f]{32}\Z")
]
GrantId = Annotated[
    str, Meta(description="The grant by which one acts for them.", pattern=r"^[0-9a-f]{32}\Z")
]


class OfflineHealthCode(Response, frozen=True, kw_only=True):
    """A signed code (离线码) to keep for when there is no network; fetched anew each day."""

    code: Annotated[str, Meta(description="What the QR says; alphanumeric mode.")]
    colour: ColourName
    as_of: Annotated[Instant, Meta(description="When the colour was last judged.")]
    issued_at: Instant
    expires_at: Annotated[
        Instant, Meta(description="A day at most, and never beyond the next change of the colour.")
    ]
    rule_set: Annotated[str, Meta(description="The rule set it was judged by: SHA-256 of its content.")]


class PaperHealthCode(Response, frozen=True, kw_only=True):
    """A code on paper (纸质码): who somebody is, and no colour. A guard with a network sees the colour."""

    id: PaperCodeId
    code: Annotated[str, Meta(description="What the QR says; alphanumeric mode.")]
    name: Annotated[str, Meta(description="The holder's name, masked, as the code says it.")]
    issued_at: Instant
    expires_at: Instant


class AddFamilyMember(Request, frozen=True, kw_only=True):
    """Take somebody one may act for into one's list (亲属码)."""

    grant_id: GrantId


class FamilyHealthCode(Response, frozen=True, kw_only=True):
    """One of one's family, and their colour now."""

    grant_id: GrantId
    name: Annotated[str, Meta(description="Their name, masked.")]
    kind: Annotated[Literal["guardian", "family"], Meta(description="监护人 of a child, or 亲友.")]
    until: Annotated[Instant, Meta(description="When the grant ends by itself.")]
    colour: ColourName
    since: Instant
    as_of: Annotated[Instant, Meta(description="When the colour was last judged.")]


class FamilyHealthCodes(Response, frozen=True, kw_only=True):
    """One's family, the first added first. Whose grant has ended is not in it."""

    items: Annotated[list[FamilyHealthCode], Meta(description="Each with the colour of now.")]
    most: Annotated[int, Meta(description="How many there can be.")]


class CombinedTicket(Response, frozen=True, kw_only=True):
    """A health code and a shown licence in one QR."""

    code: Annotated[str, Meta(description="What the QR says: both codes, with `|` between.")]
    expires_at: Annotated[Instant, Meta(description="When the first of the two dies.")]
    health_code: Annotated[HealthCodeTicket, Meta(description="The first of the two.")]
    presentation: Annotated[PresentationTicket, Meta(description="The second, good for one use.")]


class DeclareHealth(Request, frozen=True, kw_only=True):
    """What somebody says of their own health (健康信息申报)."""

    temperature: Annotated[float, Meta(description="体温, °C.", ge=34, le=43)]
    symptoms: Annotated[
        list[Annotated[str, Meta(pattern=r"^[A-Z_]{2,30}\Z")]],
        Meta(description="当前症状, as codes of WS 363.6.", max_length=10),
    ] = []


class DeclareTravel(Request, frozen=True, kw_only=True):
    """Where somebody says they have been (行程申报)."""

    area: Annotated[Division, Meta(description="Where: 旅居地区划.")]
    left_on: Annotated[date, Meta(description="The last day there, Asia/Shanghai.")]
    risk: Annotated[
        Literal["HIGH", "MEDIUM", "LOW"] | None, Meta(description="高, 中 or 低风险, if known.")
    ] = None


class Declaration(Response, frozen=True, kw_only=True):
    """A declaration as recorded. The rules say what it weighs."""

    evidence: Annotated[str, Meta(description="Our id of it, for a correction.")]
    kind: Annotated[Literal["DECLARED", "AREA_STAY"], Meta(description="As what the rules see it.")]
    occurred_at: Instant
    recorded_at: Instant

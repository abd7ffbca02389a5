"""What departments tell the reminders (事项数据), on the wire."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from miniapp_schemas.base import IdNumber, Request, Response, Text, Uscc
from miniapp_schemas.health_code import Division

FactId = Annotated[
    str,
    Meta(
        description="The department's own id of this fact, used once.",
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9._-]+\Z",
    ),
]


class _Facts(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="kind"):
    """What one kind of fact tells."""


class BirthRecorded(_Facts, frozen=True, kw_only=True, tag="BIRTH"):
    """A birth record (出生医学证明); birth date and sex are in the ID number."""

    region: Annotated[Division, Meta(description="Where the child is registered.")]
    hukou: Annotated[Literal["LOCAL", "OTHER"], Meta(description="本市户籍, or that of another place.")] = (
        "LOCAL"
    )
    mother_hbsag: Annotated[
        Literal["positive", "negative", "unknown"], Meta(description="母亲乙肝表面抗原.")
    ] = "unknown"
    birth_grams: Annotated[
        Annotated[int, Meta(ge=200, le=9_000)] | None, Meta(description="出生体重, in grams.")
    ] = None


class DoseGiven(_Facts, frozen=True, kw_only=True, tag="DOSE"):
    """A vaccination that was given (接种记录)."""

    vaccine: Annotated[
        str,
        Meta(
            description="Its short name, as the national programme has it.",
            pattern=r"^[A-Za-z0-9-]{2,20}\Z",
            examples=["HepB"],
        ),
    ]
    given_on: Annotated[date, Meta(description="When.")]


class HouseholdRegistered(_Facts, frozen=True, kw_only=True, tag="HOUSEHOLD"):
    """Where somebody lives (实有人口登记)."""

    district: Annotated[Division, Meta(description="The district.")]
    since: Annotated[date, Meta(description="Since when.")]


class InsuranceDue(_Facts, frozen=True, kw_only=True, tag="INSURANCE"):
    """A contribution to be paid (社会保险费)."""

    scheme: Annotated[
        Literal["RESIDENT_MEDICAL", "RESIDENT_PENSION", "FLEXIBLE"],
        Meta(description="城乡居民医保, 城乡居民养老保险 or 灵活就业人员."),
    ]
    due_on: Annotated[date, Meta(description="The last day.")]


class PensionDrawn(_Facts, frozen=True, kw_only=True, tag="PENSION"):
    """That somebody draws a pension, and when they last confirmed it (养老待遇资格认证)."""

    entitled_from: Annotated[date, Meta(description="Since when.")]
    confirmed_on: Annotated[date | None, Meta(description="The last confirmation, if there was one.")] = None


class EnterpriseDescribed(_Facts, frozen=True, kw_only=True, tag="ENTERPRISE"):
    """What an enterprise is (企业画像)."""

    division: Annotated[Division, Meta(description="Where it is registered.")]
    industry: Annotated[
        str,
        Meta(description="国民经济行业分类 (GB/T 4754).", pattern=r"^[A-T][0-9]{0,4}\Z", examples=["C15"]),
    ]
    size: Annotated[
        Literal["MICRO", "SMALL", "MEDIUM", "LARGE"], Meta(description="微型, 小型, 中型 or 大型.")
    ]
    founded_on: Annotated[date, Meta(description="成立日期.")]
    traits: Annotated[
        list[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,39}\Z")]],
        Meta(description="What else policies ask about, as codes.", max_length=50),
    ] = []
    employees: Annotated[Annotated[int, Meta(ge=0, le=100_000_000)] | None, Meta(description="从业人数.")] = (
        None
    )
    revenue: Annotated[float | None, Meta(description="年营业收入, in 10,000 yuan.")] = None
    research_share: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None, Meta(description="研发费用占比, per cent of revenue.")
    ] = None
    listed_for_default: Annotated[bool | None, Meta(description="列入失信名单.")] = None


Facts = BirthRecorded | DoseGiven | HouseholdRegistered | InsuranceDue | PensionDrawn | EnterpriseDescribed


class ReportFact(Request, frozen=True, kw_only=True):
    """One fact, or a correction of one."""

    source_id: FactId
    facts: Annotated[Facts, Meta(description="What is so, by kind.")]
    id_number: Annotated[IdNumber | None, Meta(description="Of whom: 公民身份号码.")] = None
    uscc: Annotated[Uscc | None, Meta(description="Of which enterprise, instead.")] = None
    supersedes: Annotated[
        FactId | None, Meta(description="The id of what this corrects, which then counts no more.")
    ] = None
    void: Annotated[
        bool, Meta(description="Only take back what is superseded; `facts` then count for nothing.")
    ] = False


class ReportFacts(Request, frozen=True, kw_only=True):
    """Facts in bulk."""

    items: Annotated[list[ReportFact], Meta(description="Judged one by one.", min_length=1, max_length=500)]


class FactOutcome(Response, frozen=True, kw_only=True):
    """What became of one reported fact."""

    source_id: Annotated[str, Meta(description="The department's id of it.")]
    outcome: Annotated[
        Literal["RECORDED", "REPEATED", "REFUSED"],
        Meta(description="REPEATED is a success: the same fact was recorded before."),
    ]
    code: Annotated[str | None, Meta(description="Why it was refused: the code of the problem.")] = None
    detail: Annotated[Text | None, Meta(description="The same in words.")] = None


class FactReceipt(Response, frozen=True, kw_only=True):
    """What became of each fact, in the order they came."""

    recorded: Annotated[int, Meta(description="How many are new.")]
    repeated: Annotated[int, Meta(description="How many were known.")]
    refused: Annotated[int, Meta(description="How many were refused.")]
    items: Annotated[list[FactOutcome], Meta(description="One a fact.")]

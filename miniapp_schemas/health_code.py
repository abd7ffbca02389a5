"""The health code on the wire.

Which data item of GB/T 38962 a field is stands in its description, by the item's Chinese name;
``docs/health-code-standards.md`` has them all, and what of that could not be checked against the text.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from miniapp_schemas.base import IdNumber, Instant, Request, Response, Text
from miniapp_schemas.wallet import Verification

ColourName = Annotated[
    Literal["GREEN", "YELLOW", "RED", "GREY"],
    Meta(description="码色. GREY is no colour: something could not be known, and `unknown` says what."),
]
Division = Annotated[
    str,
    Meta(description="行政区划代码 (GB/T 2260).", pattern=r"^[0-9]{6}\Z", examples=["310000"]),
]
SourceId = Annotated[
    str,
    Meta(
        description="The source's own id of this evidence, used once.",
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9._:-]+\Z",
    ),
]
SubjectRef = Annotated[
    str,
    Meta(
        description="Names somebody in an answered exposure query, for the department it was answered to.",
        pattern=r"^[A-Za-z0-9_-]{102}\Z",
    ),
]
Outcome = Annotated[Literal["NEGATIVE", "POSITIVE", "INVALID"], Meta(description="检测结果 of the sample.")]


class _Facts(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="kind"):
    """What one kind of evidence tells."""


class Sampled(_Facts, frozen=True, kw_only=True, tag="SAMPLED"):
    """A sample was taken (已采样): not yet a result."""

    method: Annotated[Literal["NAT", "ANTIGEN"], Meta(description="核酸 or 抗原.")] = "NAT"
    mixed: Annotated[bool, Meta(description="混管: the tube holds several people's samples.")] = False


class Result(_Facts, frozen=True, kw_only=True, tag="RESULT"):
    """A test's result (检测结果). `occurredAt` is when the sample was taken."""

    outcome: Outcome
    method: Annotated[Literal["NAT", "ANTIGEN"], Meta(description="核酸 or 抗原.")] = "NAT"
    mixed: Annotated[bool, Meta(description="混管: the tube held several people's samples.")] = False
    screening: Annotated[bool, Meta(description="A first, unconfirmed positive (初筛).")] = False
    ct: Annotated[int, Meta(description="Ct value, where reported.", ge=0, le=60)] | UnsetType = UNSET
    diagnosis: (
        Annotated[
            Literal["CONFIRMED", "ASYMPTOMATIC", "SUSPECTED"],
            Meta(description="确诊, 无症状感染者 or 疑似, where a doctor said so."),
        ]
        | UnsetType
    ) = UNSET


class Vaccinated(_Facts, frozen=True, kw_only=True, tag="VACCINATED"):
    """A vaccination (疫苗接种)."""

    product: Annotated[str, Meta(description="Product code.", min_length=1, max_length=40)]
    dose: Annotated[int, Meta(description="Which dose.", ge=1, le=9)]


class Exposed(_Facts, frozen=True, kw_only=True, tag="EXPOSED"):
    """A contact with a case, as traced (密接, 次密接, 时空伴随)."""

    degree: Annotated[
        Literal["CLOSE", "SECONDARY", "CO_PRESENT", "SPACETIME"],
        Meta(description="密接, 次密接, same place at the same time (同场所), or 时空伴随."),
    ]


class AreaStay(_Facts, frozen=True, kw_only=True, tag="AREA_STAY"):
    """A stay in an area with a risk level (风险地区旅居史). `occurredAt` is when it was left."""

    area: Annotated[Division, Meta(description="Where: 旅居地区划.")]
    risk: Annotated[Literal["HIGH", "MEDIUM", "LOW"], Meta(description="高, 中 or 低风险.")]


class Entered(_Facts, frozen=True, kw_only=True, tag="ENTERED"):
    """An entry from abroad (入境)."""

    country: Annotated[
        str, Meta(description="Where from: ISO 3166-1 alpha-2 (GB/T 2659).", pattern=r"^[A-Z]{2}\Z")
    ]


class IsolationStart(_Facts, frozen=True, kw_only=True, tag="ISOLATION_START"):
    """Isolation or monitoring began (隔离、健康监测)."""

    mode: Annotated[
        Literal["CENTRAL", "HOME", "MONITORING"], Meta(description="集中隔离, 居家隔离 or 居家健康监测.")
    ]


class IsolationReleased(_Facts, frozen=True, kw_only=True, tag="ISOLATION_RELEASED"):
    """Isolation or monitoring ended, by decision (解除隔离)."""

    mode: Annotated[
        Literal["CENTRAL", "HOME", "MONITORING"], Meta(description="集中隔离, 居家隔离 or 居家健康监测.")
    ]


class Declared(_Facts, frozen=True, kw_only=True, tag="DECLARED"):
    """What a person says of their own health (健康信息申报)."""

    fever: Annotated[bool, Meta(description="体温 of 37.3 °C or more.")]
    symptoms: Annotated[
        list[Annotated[str, Meta(pattern=r"^[A-Z_]{2,30}\Z")]],
        Meta(description="当前症状, as codes of WS 363.6.", max_length=10),
    ] = []


class ForeignCertificate(_Facts, frozen=True, kw_only=True, tag="FOREIGN_CERT"):
    """What the health code of another place shows (互认). `occurredAt` is as of when.

    It gives no colour here: it is shown with its source and age, and the rules say what follows from it.
    """

    certificate: Annotated[Literal["HEALTH_CODE"], Meta(description="健康码.")] = "HEALTH_CODE"
    area: Annotated[Division, Meta(description="Whose code: 发码地区划, of another province.")]
    issuer: Annotated[
        str,
        Meta(
            description="发码机构, as its holder reads it.",
            min_length=2,
            max_length=40,
            examples=["四川天府健康通"],
        ),
    ]
    shown: Annotated[Literal["GREEN", "YELLOW", "RED"], Meta(description="码色 there.")]


EvidenceFacts = (
    Sampled
    | Result
    | Vaccinated
    | Exposed
    | AreaStay
    | Entered
    | IsolationStart
    | IsolationReleased
    | Declared
    | ForeignCertificate
)


class ReportEvidence(Request, frozen=True, kw_only=True):
    """One piece of evidence (健康证据), or a correction of one."""

    source_id: SourceId
    jurisdiction: Annotated[Division, Meta(description="Where it happened.")]
    occurred_at: Annotated[Instant, Meta(description="When it happened; for a test, when it was taken.")]
    facts: Annotated[EvidenceFacts, Meta(description="What happened, by kind.")]
    id_number: Annotated[IdNumber | None, Meta(description="Whose it is: 证件号码, a 公民身份号码.")] = None
    subject_ref: Annotated[
        SubjectRef | None,
        Meta(description="Whose it is, instead of a number: only for EXPOSED, after an exposure query."),
    ] = None
    expires_at: Annotated[Instant | None, Meta(description="From when it counts no more.")] = None
    supersedes: Annotated[
        SourceId | None, Meta(description="The id of what this corrects, which then counts no more.")
    ] = None
    void: Annotated[
        bool, Meta(description="Only take back what is superseded; `facts` then count for nothing.")
    ] = False


class ReportEvidences(Request, frozen=True, kw_only=True):
    """Evidence in bulk. An empty list says that the source is alive and has nothing to tell."""

    items: Annotated[list[ReportEvidence], Meta(description="Judged one by one.", max_length=500)]


class EvidenceOutcome(Response, frozen=True, kw_only=True):
    """What became of one reported item."""

    source_id: Annotated[str, Meta(description="The source's id of it.")]
    outcome: Annotated[
        Literal["RECORDED", "REPEATED", "REFUSED"],
        Meta(description="REPEATED is a success: the same evidence was recorded before."),
    ]
    evidence: Annotated[str | None, Meta(description="Our id of it, unless refused.")] = None
    code: Annotated[str | None, Meta(description="Why it was refused: the code of the problem.")] = None
    detail: Annotated[Text | None, Meta(description="The same in words.")] = None


class EvidenceReceipt(Response, frozen=True, kw_only=True):
    """What became of each item, in the order they came."""

    recorded: Annotated[int, Meta(description="How many are new.")]
    repeated: Annotated[int, Meta(description="How many were known.")]
    refused: Annotated[int, Meta(description="How many were refused.")]
    items: Annotated[list[EvidenceOutcome], Meta(description="One an item.")]


class ColourReason(Response, frozen=True, kw_only=True):
    """A rule that holds, and what makes it hold (赋码原因)."""

    rule: Annotated[str, Meta(description="The rule's identifier.")]
    version: Annotated[str, Meta(description="Its version.")]
    colour: ColourName
    text: Annotated[Text, Meta(description="The rule in words.")]
    clears: Annotated[Text, Meta(description="What would clear it (转码条件).")]
    legal_source: Annotated[str, Meta(description="The published order it follows.")]
    evidence_kind: Annotated[str | None, Meta(description="What kind of evidence makes it hold.")] = None
    evidence: Annotated[str | None, Meta(description="Our id of that evidence, for an appeal.")] = None
    occurred_at: Annotated[Instant | None, Meta(description="When that happened.")] = None
    until: Annotated[Instant | None, Meta(description="When it ends by itself, if it does.")] = None


class ForeignEvidence(Response, frozen=True, kw_only=True):
    """What another place says of somebody (互认), with its source and age. It is no reason by itself."""

    evidence: Annotated[str, Meta(description="Our id of it.")]
    certificate: Annotated[str, Meta(description="HEALTH_CODE, TEST, VACCINATION, RECOVERY or PASS.")]
    issuer: Annotated[str, Meta(description="Who says so.")]
    area: Annotated[str | None, Meta(description="Where: 区划 of GB/T 2260, or a country of GB/T 2659.")]
    brought: Annotated[
        Literal["REPORTED", "CARRIED"], Meta(description="By the place itself, or by its holder.")
    ]
    shown: Annotated[
        Literal["GREEN", "YELLOW", "RED"] | None, Meta(description="The colour there, of a health code.")
    ]
    outcome: Annotated[str | None, Meta(description="NEGATIVE, POSITIVE or INVALID, of a test.")]
    as_of: Annotated[
        Instant, Meta(description="As of when it speaks: its issue; of a test, when it was taken.")
    ]
    stale_at: Annotated[Instant, Meta(description="From when it is too old to be taken as it is.")]
    stale: Annotated[bool, Meta(description="Whether it is.")]
    note: Annotated[Text, Meta(description="What to make of it, in words.")]


class HealthCode(Response, frozen=True, kw_only=True):
    """A health code (健康码): its colour, since when, and why."""

    colour: ColourName
    name: Annotated[str, Meta(description="姓名 of the holder, masked.")]
    since: Annotated[Instant, Meta(description="Since when the colour is this one.")]
    as_of: Annotated[Instant, Meta(description="When it was last judged.")]
    age_seconds: Annotated[int, Meta(description="How long ago that is.", ge=0)]
    reasons: Annotated[list[ColourReason], Meta(description="Every rule that holds, the decisive first.")]
    unknown: Annotated[
        list[Text], Meta(description="Why the colour is GREY, or may be graver than shown; mostly empty.")
    ]
    rule_set: Annotated[str, Meta(description="The rule set it was judged by: SHA-256 of its content.")]
    rule_set_version: Annotated[str, Meta(description="Its version.")]
    next_change_at: Annotated[
        Instant | None, Meta(description="When it changes by itself, if nothing new happens.")
    ] = None
    refresh_seconds: Annotated[
        int,
        Meta(
            description="When a page that hears no events asks again. Everybody is told another number, so "
            "that a city that opened its pages in one minute does not ask in one second.",
            ge=1,
        ),
    ] = 300
    elsewhere: Annotated[
        list[ForeignEvidence], Meta(description="What other places say (互认), the latest first.")
    ] = []


class ShowHealthCode(Request, frozen=True, kw_only=True):
    """Ask for a code to show (制码请求)."""


class HealthCodeTicket(Response, frozen=True, kw_only=True):
    """A code to show (亮码), good for a minute."""

    code: Annotated[str, Meta(description="What the QR says.")]
    expires_at: Instant
    colour: ColourName
    since: Instant
    as_of: Annotated[Instant, Meta(description="When the colour was last judged.")]


class CheckHealthCode(Request, frozen=True, kw_only=True):
    """A scanned code, to be checked (验码请求)."""

    code: Annotated[
        str,
        Meta(description="What the QR said, a licence behind `|` with it.", min_length=1, max_length=4_000),
    ]
    request_id: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}\Z")] | None,
        Meta(description="New for each scan, the same for each retry, which is then answered alike."),
    ] = None


class HealthCheck(Response, frozen=True, kw_only=True):
    """What a guard may know of a code, and nothing more."""

    verdict: Annotated[
        Literal["OK", "IDENTITY_ONLY", "EXPIRED", "REVOKED", "ALREADY_CHECKED", "NOT_A_CODE", "UNKNOWN"],
        Meta(
            description="ALREADY_CHECKED: this guard has scanned this very code before, or a copy of it. "
            "REVOKED: a paper code reported lost or issued anew. IDENTITY_ONLY: a genuine paper code, but "
            "its colour cannot be known now."
        ),
    ]
    checked_at: Instant
    kind: Annotated[
        Literal["DYNAMIC", "OFFLINE", "PAPER"] | None, Meta(description="动态码, 离线码 or 纸质码.")
    ] = None
    colour: Annotated[ColourName | None, Meta(description="As of now, whatever a signed code said.")] = None
    name: Annotated[str | None, Meta(description="姓名 of the holder, masked.")] = None
    as_of: Annotated[Instant | None, Meta(description="When the colour was last judged.")] = None
    age_seconds: Annotated[Annotated[int, Meta(ge=0)] | None, Meta(description="How long ago that is.")] = (
        None
    )
    licence: Annotated[
        Verification | None,
        Meta(description="Of a licence shown with it; null where the guard may not check any."),
    ] = None


class BringCertificate(Request, frozen=True, kw_only=True):
    """A certificate of another place, carried by its holder (互认)."""

    text: Annotated[str, Meta(description="What its QR says.", min_length=8, max_length=8_000)]


class CarriedStatement(Response, frozen=True, kw_only=True):
    """One thing a certificate proves."""

    evidence: Annotated[str, Meta(description="Our id of the evidence it became.")]
    certificate: Annotated[str, Meta(description="HEALTH_CODE, TEST, VACCINATION, RECOVERY or PASS.")]
    occurred_at: Annotated[Instant, Meta(description="When that was.")]
    stale: Annotated[bool, Meta(description="Whether it was issued too long ago to be taken as it is.")]


class CarriedCertificate(Response, frozen=True, kw_only=True):
    """A certificate that was believed, with its source and age; rules say what follows from it."""

    format: Annotated[str, Meta(description="hc1, shc, nzcp, or hz1 where the issuer was asked.")]
    issuer: Annotated[str, Meta(description="Who vouches for it.")]
    issued_at: Annotated[Instant | None, Meta(description="As of when it speaks.")]
    expires_at: Annotated[Instant | None, Meta(description="Until when it is good.")]
    statements: Annotated[list[CarriedStatement], Meta(description="What it proves.")]
    matched: Annotated[
        Literal["NAME_AND_BIRTH_DATE", "BIRTH_DATE"],
        Meta(
            description="By what it is the resident's. BIRTH_DATE: its name is in another script than theirs."
        ),
    ] = "NAME_AND_BIRTH_DATE"

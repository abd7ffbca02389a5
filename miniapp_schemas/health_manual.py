"""Evidence entered by hand, on the wire. No field of it is a colour."""

from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.acting import CaseId
from miniapp_schemas.base import IdNumber, Instant, Request, Response, Text
from miniapp_schemas.health_code import Division

ManualId = Annotated[
    str,
    Meta(
        description="Opaque; newer ones sort higher.",
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z",
    ),
]
ReasonCode = Annotated[
    str, Meta(description="A code of the table of reasons.", pattern=r"^[A-Z_]{3,40}\Z", min_length=3)
]
ManualStateName = Literal["PROPOSED", "HELD", "CONFIRMED", "DECLINED", "LAPSED", "WITHDRAWING", "WITHDRAWN"]
ManualStateText = Annotated[
    str,
    Meta(
        description="Only entries in this state.",
        pattern=r"^(PROPOSED|HELD|CONFIRMED|DECLINED|LAPSED|WITHDRAWING|WITHDRAWN)\Z",
    ),
]


class ManualReasonInfo(Response, frozen=True, kw_only=True):
    """One registered reason for entering evidence by hand."""

    code: ReasonCode
    text: Annotated[Text, Meta(description="The reason in words.")]
    max_days: Annotated[int, Meta(description="The longest such evidence may count, in days.", ge=1)]


class ProposeManual(Request, frozen=True, kw_only=True):
    """Propose evidence that no source reports; somebody of another organisation has to confirm it."""

    id_number: Annotated[IdNumber, Meta(description="Whose it is: 公民身份号码.")]
    jurisdiction: Annotated[Division, Meta(description="Where it applies.")]
    reason: ReasonCode
    case_id: CaseId
    note: Annotated[str, Meta(description="For whom has to confirm it.", min_length=1, max_length=500)]
    expires_at: Annotated[Instant, Meta(description="From when it counts no more.")]


class ManualInfo(Response, frozen=True, kw_only=True):
    """An entry (人工录入), as those who enter and confirm see it."""

    id: ManualId
    state: Annotated[
        ManualStateName,
        Meta(description="HELD: the reason was used for a whole cohort, and a third person must agree."),
    ]
    reason: ReasonCode
    text: Annotated[Text, Meta(description="The reason in words.")]
    case_id: Annotated[str, Meta(description="办件编号 it belongs to.")]
    note: Annotated[str, Meta(description="What was noted.")]
    jurisdiction: Annotated[str, Meta(description="Where it applies: 行政区划代码 (GB/T 2260).")]
    expires_at: Annotated[Instant, Meta(description="From when the evidence counts no more.")]
    proposed_by: Annotated[str, Meta(description="The organisation that proposed it.")]
    proposed_at: Annotated[Instant, Meta(description="When that was.")]
    lapses_at: Annotated[Instant, Meta(description="Until when it waits for the next person.")]
    confirmed_by: Annotated[str | None, Meta(description="The organisation that confirmed it.")] = None
    released_by: Annotated[str | None, Meta(description="The organisation that released it.")] = None
    withdrawal_by: Annotated[str | None, Meta(description="The organisation that wants it taken back.")] = (
        None
    )
    withdrawn_by: Annotated[str | None, Meta(description="The organisation that agreed to that.")] = None
    evidence: Annotated[str | None, Meta(description="Our id of the evidence, once there is any.")] = None


class ManualAbout(Response, frozen=True, kw_only=True):
    """What was entered by hand about somebody, as they see it: by whom, why and until when."""

    evidence: Annotated[str, Meta(description="Our id of the evidence, for an appeal.")]
    reason: ReasonCode
    text: Annotated[Text, Meta(description="The reason in words.")]
    proposed_by: Annotated[str, Meta(description="The organisation that entered it.")]
    confirmed_by: Annotated[str, Meta(description="The organisation that confirmed it.")]
    confirmed_at: Annotated[Instant, Meta(description="When it began to count.")]
    expires_at: Annotated[Instant, Meta(description="From when it counts no more.")]
    withdrawn: Annotated[bool, Meta(description="Whether it was taken back.")]
    released_by: Annotated[
        str | None, Meta(description="The organisation that released it, where it was held.")
    ] = None


class CohortAlarmInfo(Response, frozen=True, kw_only=True):
    """One reason that was used for a whole cohort of people (批量赋码预警)."""

    reason: ReasonCode
    text: Annotated[Text, Meta(description="The reason in words.")]
    people: Annotated[int, Meta(description="How many people, at the most.", ge=1)]
    raised_at: Annotated[Instant, Meta(description="When the alarm was raised.")]
    latest_at: Annotated[Instant, Meta(description="When somebody was last counted.")]

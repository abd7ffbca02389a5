"""Appeals against what a colour rests on, on the wire."""

from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Instant, Request, Response, Text
from miniapp_schemas.health_code import ColourName, EvidenceFacts

_UUID7 = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z"
AppealId = Annotated[str, Meta(description="Opaque; newer ones sort higher.", pattern=_UUID7)]
AttachmentId = Annotated[str, Meta(description="Opaque.", pattern=_UUID7)]
EvidenceId = Annotated[str, Meta(description="Our id of a piece of evidence.", pattern=_UUID7)]
RuleName = Annotated[
    str,
    Meta(
        description="`rule` of a reason of one's present colour that names no evidence; or `GREY`, of a grey "
        "code.",
        pattern=r"^(GREY|CR-CN[0-9]{0,6}-[0-9]{4})\Z",
    ),
]
AppealStateName = Literal["FILED", "IN_REVIEW", "PROPOSED", "UPHELD", "REJECTED", "WITHDRAWN"]
AppealStateText = Annotated[
    str,
    Meta(
        description="Only appeals in this state.",
        pattern=r"^(FILED|IN_REVIEW|PROPOSED|UPHELD|REJECTED|WITHDRAWN)\Z",
    ),
]
MediaType = Annotated[
    Literal["image/jpeg", "image/png", "application/pdf"], Meta(description="What sort of file it is.")
]


class FileAppeal(Request, frozen=True, kw_only=True):
    """Say that evidence one's colour rests on is wrong (信息纠错), or the outcome, if it rests on none."""

    statement: Annotated[str, Meta(description="What is wrong with it.", min_length=1, max_length=2_000)]
    evidence: Annotated[
        EvidenceId | None, Meta(description="`evidence` of a reason of one's present colour.")
    ] = None
    rule: Annotated[
        RuleName | None,
        Meta(description="Instead: an outcome without evidence of its own. Say either, and not both."),
    ] = None


class AttachFile(Request, frozen=True, kw_only=True):
    """A file that shows it: a photo or a document of 1 MiB at most."""

    media_type: MediaType
    content: Annotated[bytes, Meta(description="Base64.")]


class Attachment(Response, frozen=True, kw_only=True):
    """A file of an appeal, but for its content."""

    id: AttachmentId
    media_type: MediaType
    size: Annotated[int, Meta(description="Bytes.", ge=0)]
    at: Annotated[Instant, Meta(description="When it was attached.")]


class AttachmentContent(Response, frozen=True, kw_only=True):
    """A file of an appeal."""

    media_type: MediaType
    content: Annotated[bytes, Meta(description="Base64.")]


class AppealInfo(Response, frozen=True, kw_only=True):
    """An appeal (赋码申诉), as who filed it sees it."""

    id: AppealId
    state: Annotated[AppealStateName, Meta(description="PROPOSED: a reviewer wants it corrected.")]
    evidence: Annotated[str, Meta(description="The disputed evidence; empty where it is an outcome.")]
    rule: Annotated[str, Meta(description="The rule that held by it; `GREY` where nothing was known.")]
    colour: Annotated[ColourName, Meta(description="The colour of that rule.")]
    statement: Annotated[str, Meta(description="What was said.")]
    filed_at: Annotated[Instant, Meta(description="When it was filed.")]
    deadline: Annotated[Instant, Meta(description="When it is to be decided.")]
    overdue: Annotated[bool, Meta(description="Whether that has passed, and others were told.")]
    since: Annotated[Instant, Meta(description="Since when it is in this state.")]
    attachments: Annotated[list[Attachment], Meta(description="What was added to it.")]
    answer: Annotated[str | None, Meta(description="Why it was decided so.")] = None
    outcome: Annotated[str | None, Meta(description="The evidence that corrects the disputed.")] = None
    judged_at: Annotated[
        Instant | None, Meta(description="When the colour was judged that is appealed against.")
    ] = None


class Disputed(Response, frozen=True, kw_only=True):
    """The evidence an appeal is about, as its reviewers see it."""

    evidence: Annotated[str, Meta(description="Our id of it.")]
    kind: Annotated[str, Meta(description="What sort of thing it says happened.")]
    source: Annotated[str, Meta(description="Who reported it.")]
    occurred_at: Annotated[Instant, Meta(description="When that happened.")]
    facts: Annotated[dict[str, str | int | bool | list[str]], Meta(description="What it says.")]


class AppealCase(Response, frozen=True, kw_only=True):
    """An appeal, as its reviewers see it."""

    appeal: Annotated[AppealInfo, Meta(description="As who filed it sees it.")]
    disputed: Annotated[
        Disputed | None, Meta(description="None if it was destroyed since, or an outcome is disputed.")
    ]
    known: Annotated[
        list[Disputed],
        Meta(description="Where an outcome is disputed: all that counts now, the latest first."),
    ] = []
    unknown: Annotated[
        list[Text], Meta(description="Where an outcome is disputed: what cannot be known of it now.")
    ] = []
    correcting: Annotated[
        str | None, Meta(description="The evidence that shall be corrected; none where some was missing.")
    ] = None
    missing_kind: Annotated[str | None, Meta(description="What sort of evidence was missing.")] = None
    missing_at: Annotated[Instant | None, Meta(description="When that happened.")] = None
    taken_by: Annotated[str | None, Meta(description="The organisation that reviews it.")] = None
    proposed_by: Annotated[str | None, Meta(description="The organisation that wants it corrected.")] = None
    decided_by: Annotated[str | None, Meta(description="The organisation that decided it.")] = None
    correction: Annotated[
        dict[str, str | int | bool | list[str]] | None,
        Meta(description="What shall stand in its place; none where it is only taken back."),
    ] = None
    proposal: Annotated[
        int | None, Meta(description="Which of the corrections proposed this is; said in agreeing to it.")
    ] = None
    proposed_answer: Annotated[
        str | None, Meta(description="What who filed it will be told if it is agreed to.")
    ] = None


Proposal = Annotated[
    int,
    Meta(
        description="`proposal` of the case as it was read. Needed where one was sent back before: who "
        "agrees, agrees to what they read.",
        ge=0,
        le=1_000_000,
    ),
]


class ProposeCorrection(Request, frozen=True, kw_only=True):
    """Want the disputed evidence corrected; a reviewer of another organisation has to agree.

    Where an outcome is disputed, either `evidence` of what is known is corrected, or `facts` tell what was
    missing, and `occurredAt` when that was: a sample, a negative result, a vaccination, a release.
    """

    answer: Annotated[str, Meta(description="Why, for who filed it.", min_length=1, max_length=2_000)]
    facts: Annotated[
        EvidenceFacts | None,
        Meta(description="What shall stand in its place, of the same kind; none to only take it back."),
    ] = None
    evidence: Annotated[
        EvidenceId | None, Meta(description="Of what is `known`, what is wrong. Only against an outcome.")
    ] = None
    occurred_at: Annotated[
        Instant | None, Meta(description="When that happened which was missing. Only against an outcome.")
    ] = None


class RejectAppeal(Request, frozen=True, kw_only=True):
    """Say that the disputed evidence is right."""

    answer: Annotated[str, Meta(description="Why, for who filed it.", min_length=1, max_length=2_000)]

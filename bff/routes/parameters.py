"""What may stand in a path, a query or a header.

Litestar drops the rules of a wire type (`msgspec.Meta`) where it is used as a parameter: with
``FromPath[CredentialId]`` anything would pass. Here each rule is handed on to the framework's own
parameter, once, and a test refuses handlers that go round it.
"""

from typing import Annotated, Any, Final, TypeVar, get_args

from litestar.params import HeaderParameter, ParameterKwarg, PathParameter, QueryParameter
from msgspec import Meta

from miniapp_schemas.account import ChallengeText, ConsentName, FaceCheckId, LinkId, MergeId, Provider
from miniapp_schemas.acting import GrantId
from miniapp_schemas.base import Cursor
from miniapp_schemas.health_appeals import AppealId, AppealStateText, AttachmentId, Proposal
from miniapp_schemas.health_manual import ManualId, ManualStateText
from miniapp_schemas.health_rules import RuleSetId
from miniapp_schemas.health_venues import ExposureQueryId, VenueId
from miniapp_schemas.notices import ChildId, NoticeId, TopicText
from miniapp_schemas.push_console import CampaignId, DeadCursor
from miniapp_schemas.push_devices import PushDeviceId
from miniapp_schemas.push_templates import TemplateName
from miniapp_schemas.session import SessionId
from miniapp_schemas.wallet import CredentialId, PresentationId

__all__ = [
    "AppealIdInPath",
    "AppealStateInQuery",
    "AttachmentIdInPath",
    "BoundDevice",
    "CampaignIdInPath",
    "ChildInQuery",
    "ConsentInPath",
    "CredentialIdInPath",
    "CursorInQuery",
    "DeadCursorInQuery",
    "DeviceId",
    "ExposureQueryIdInPath",
    "FaceCheckIdInPath",
    "GrantIdInPath",
    "IdempotencyKey",
    "IfNoneMatch",
    "LastEventId",
    "LinkIdInPath",
    "ManualIdInPath",
    "ManualStateInQuery",
    "MergeIdInPath",
    "NoticeIdInPath",
    "OverdueInQuery",
    "PageSize",
    "PresentationIdInPath",
    "ProposalInQuery",
    "ProviderInPath",
    "PushDeviceIdInPath",
    "RuleSetIdInPath",
    "SessionIdInPath",
    "StatusListNumber",
    "StepUpChallenge",
    "TemplateNameInPath",
    "TopicInPath",
    "TopicInQuery",
    "VenueIdInPath",
    "header",
    "path",
    "query",
]

P = TypeVar("P", bound=ParameterKwarg)
_RULES: Final = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern", "description")


def _ruled(parameter: type[P], kind: object, name: str | None) -> P:
    rules: dict[str, Any] = {}
    for meta in get_args(kind)[1:]:
        if isinstance(meta, Meta):
            rules |= {rule: value for rule in _RULES if (value := getattr(meta, rule)) is not None}
    return parameter(name=name, **rules)


def path(kind: object) -> PathParameter:
    """A part of the path that keeps the rules of ``kind``."""
    return _ruled(PathParameter, kind, None)


def query(kind: object, name: str | None = None) -> QueryParameter:
    """A query parameter that keeps the rules of ``kind``."""
    return _ruled(QueryParameter, kind, name)


def header(kind: object, name: str) -> HeaderParameter:
    """A header that keeps the rules of ``kind``."""
    return _ruled(HeaderParameter, kind, name)


CredentialIdInPath = Annotated[str, path(CredentialId)]
AppealIdInPath = Annotated[str, path(AppealId)]
AttachmentIdInPath = Annotated[str, path(AttachmentId)]
ManualIdInPath = Annotated[str, path(ManualId)]
ManualStateInQuery = Annotated[str | None, query(ManualStateText, "state")]
AppealStateInQuery = Annotated[str | None, query(AppealStateText, "state")]
ProposalInQuery = Annotated[int | None, query(Proposal)]
OverdueInQuery = Annotated[
    bool, query(Annotated[bool, Meta(description="Only open appeals past their deadline.")], "overdue")
]
VenueIdInPath = Annotated[str, path(VenueId)]
ExposureQueryIdInPath = Annotated[str, path(ExposureQueryId)]
CampaignIdInPath = Annotated[str, path(CampaignId)]
DeadCursorInQuery = Annotated[str | None, query(DeadCursor, "cursor")]
RuleSetIdInPath = Annotated[str, path(RuleSetId)]
PresentationIdInPath = Annotated[str, path(PresentationId)]
NoticeIdInPath = Annotated[str, path(NoticeId)]
TopicInPath = Annotated[str, path(TopicText)]
ChildInQuery = Annotated[str | None, query(ChildId, "child")]
TopicInQuery = Annotated[str | None, query(TopicText, "topic")]
LinkIdInPath = Annotated[str, path(LinkId)]
MergeIdInPath = Annotated[str, path(MergeId)]
FaceCheckIdInPath = Annotated[str, path(FaceCheckId)]
ProviderInPath = Annotated[str, path(Provider)]
ConsentInPath = Annotated[str, path(ConsentName)]
StepUpChallenge = Annotated[str | None, header(ChallengeText, "X-Step-Up")]
TemplateNameInPath = Annotated[str, path(TemplateName)]
PushDeviceIdInPath = Annotated[str, path(PushDeviceId)]
SessionIdInPath = Annotated[str, path(SessionId)]
GrantIdInPath = Annotated[str, path(GrantId)]
StatusListNumber = Annotated[
    int, path(Annotated[int, Meta(description="Number of a status list.", ge=1, le=65535)])
]
CursorInQuery = Annotated[str | None, query(Cursor)]
PageSize = Annotated[int, query(Annotated[int, Meta(description="Entries a page.", ge=1, le=100)])]
IfNoneMatch = Annotated[
    str | None,
    header(
        Annotated[str, Meta(description="The `ETag` of the copy already held.", max_length=256)],
        "If-None-Match",
    ),
]
LastEventId = Annotated[
    str | None,
    header(
        Annotated[
            str,
            Meta(
                description="The `id` of the last event that was received; what came since is sent again.",
                pattern=r"^[0-9a-f-]{32,36}\Z",
            ),
        ],
        "Last-Event-ID",
    ),
]
IdempotencyKey = Annotated[
    str,
    header(
        Annotated[
            str,
            Meta(
                description="New for each request, the same for each retry of it.",
                pattern=r"^[A-Za-z0-9_.:-]{8,128}\Z",
            ),
        ],
        "Idempotency-Key",
    ),
]
DeviceId = Annotated[
    str | None,
    header(
        Annotated[
            str,
            Meta(
                description="Random, made once by the client and kept. A refresh token presented again "
                "by the same device is a lost reply, by another a copy.",
                pattern=r"^[A-Za-z0-9_-]{16,64}\Z",
            ),
        ],
        "X-Device-Id",
    ),
]
BoundDevice = Annotated[
    str,
    header(
        Annotated[
            str,
            Meta(
                description="Random, made once by the client and kept. What one device begins no other ends.",
                pattern=r"^[A-Za-z0-9_-]{16,64}\Z",
            ),
        ],
        "X-Device-Id",
    ),
]

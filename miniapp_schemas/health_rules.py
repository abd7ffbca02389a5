"""Rule sets of the health code on the wire."""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from miniapp_schemas.base import Instant, Request, Response, Text

RuleSetId = Annotated[
    str, Meta(description="SHA-256 of a rule set's canonical JSON, in hex.", pattern=r"^[0-9a-f]{64}\Z")
]


class RuleSetState(StrEnum):
    """How far a rule set has come."""

    PROPOSED = "PROPOSED"
    PUBLISHED = "PUBLISHED"


class ProposeRuleSet(Request, frozen=True, kw_only=True):
    """Propose a rule set; a second person makes it law."""

    document: Annotated[
        dict[str, Any], Meta(description="The rule set, in the shape of the EU gateway's rules.")
    ]


class RuleSetInfo(Response, frozen=True, kw_only=True):
    """A rule set (规则集) and how it came about."""

    id: RuleSetId
    identifier: Annotated[str, Meta(description="Its name.")]
    version: Annotated[str, Meta(description="Its semantic version.")]
    title: Annotated[Text, Meta(description="What it is called.")]
    jurisdiction: Annotated[str, Meta(description="Where it is law: 行政区划代码 (GB/T 2260).")]
    valid_from: Annotated[Instant, Meta(description="From when it is law.")]
    rules: Annotated[int, Meta(description="How many rules it has.")]
    state: Annotated[RuleSetState, Meta(description="Whether it is law or waits for a second person.")]
    proposed_at: Annotated[Instant, Meta(description="When it was proposed.")]
    valid_to: Annotated[Instant | None, Meta(description="Until when, if an end is set.")] = None
    published_at: Annotated[Instant | None, Meta(description="When it became law.")] = None


class RuleSetText(Response, frozen=True, kw_only=True):
    """A rule set whole: what a judgement can be made again with."""

    id: RuleSetId
    document: Annotated[dict[str, Any], Meta(description="The rule set.")]

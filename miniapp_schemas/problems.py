"""The body of every refusal: ``application/problem+json`` (RFC 9457)."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Instant, Response, Text


class ProblemAction(StrEnum):
    """A button the mini-program can offer beside the text."""

    SIGN_IN = "signIn"
    STEP_UP = "stepUp"
    RETRY = "retry"
    SHOW_AGAIN = "showAgain"
    CONTACT_ISSUER = "contactIssuer"


class FieldError(Response, frozen=True, kw_only=True):
    """One thing wrong with one part of the request."""

    source: Annotated[str, Meta(description="`body`, `query`, `path` or `header`.")]
    key: Annotated[str, Meta(description="The field, as a JSON path or a parameter's name.")]
    message: Annotated[str, Meta(description="What is wrong with it.")]


class StepUp(Response, frozen=True, kw_only=True):
    """What to do so that the same request is let through: prove, then send it again with the challenge."""

    challenge: Annotated[
        str,
        Meta(
            description="Answer it under `/mp/v1/account/step-up`, then repeat the request unchanged with "
            "it as `X-Step-Up`; good once."
        ),
    ]
    operation: Annotated[str, Meta(description="What it is for.")]
    level: Annotated[AssuranceLevel, Meta(description="The least real-name level.")]
    methods: Annotated[list[str], Meta(description="How it may be answered.")]
    expires_at: Annotated[Instant, Meta(description="When the challenge ends.")]


class Problem(Response, frozen=True, kw_only=True, omit_defaults=True):
    """Why the request was refused (RFC 9457), in Chinese and English."""

    type: Annotated[str, Meta(description="`urn:suishen:problem:` and the code.")]
    status: Annotated[int, Meta(description="The HTTP status.", ge=400, le=599)]
    code: Annotated[str, Meta(description="Stable, machine-readable; upper snake case.")]
    title: Annotated[str, Meta(description="Short, Chinese.")]
    title_en: Annotated[str, Meta(description="Short, English.")]
    detail: Annotated[str, Meta(description="What happened and what to do, Chinese.")]
    detail_en: Annotated[str, Meta(description="What happened and what to do, English.")]
    trace_id: Annotated[str, Meta(description="Quote this to support; it is in our logs.")]
    action: Annotated[ProblemAction | None, Meta(description="A button worth offering.")] = None
    errors: Annotated[list[FieldError], Meta(description="What was wrong, field by field.")] = []
    step_up: Annotated[
        StepUp | None, Meta(description="How to be let through; with `STEP_UP_REQUIRED` on some routes.")
    ] = None


__all__ = ["FieldError", "Problem", "ProblemAction", "StepUp", "Text"]

"""What the machines that run us ask."""

from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Response


class Liveness(Response, frozen=True, kw_only=True):
    """The process answers."""

    status: Annotated[Literal["alive"], Meta(description="Always this, if there is an answer.")] = "alive"


class Dependency(Response, frozen=True, kw_only=True):
    """One thing we need, and how it is."""

    name: Annotated[str, Meta(description="`mongo`, `redis`, `keys` …")]
    status: Annotated[Literal["ok", "failing"], Meta(description="As of the last probe.")]
    required: Annotated[bool, Meta(description="Without it we are not ready.")]
    latency_ms: Annotated[float | None, Meta(description="Of the probe.")] = None
    reason: Annotated[str | None, Meta(description="What is wrong; no address, no secret.")] = None


class Readiness(Response, frozen=True, kw_only=True):
    """Whether to send us requests."""

    status: Annotated[Literal["ready", "not_ready"], Meta(description="Ready if all that is required is ok.")]
    dependencies: Annotated[list[Dependency], Meta(description="Each thing we need.")]

"""What the machines that run us ask."""

from typing import Annotated, Literal

from msgspec import Meta

from miniapp_schemas.base import Response


class Liveness(Response, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Dependency(Response, frozen=True, kw_only=True):
    """One thing we need, and how it is."""

    name: Annotated[str, Meta(description="`mongo`, `redis`, `keys` …")]
    status: Literal["ok", "failing"]
    required: bool
    latency_ms: Annotated[float | None, Meta(description="Of the probe.")] = None
    reason: Annotated[str | None, Meta(description="What is wrong; no address, no secret.")] = None


class Readiness(Response, frozen=True, kw_only=True):
    """Whether to send us requests."""

    status: Literal["ready", "not_ready"]
    dependencies: list[Dependency]

"""For the machines that run us: alive, ready, how much."""

from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client import REGISTRY
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bff.platform.probes import ask_all
from bff.platform.services import Platform
from miniapp_schemas.ops import Liveness, Readiness

__all__ = ["livez", "metrics", "readyz"]

_OPEN: Final = {"audience": "public", "assurance": None, "scope": None}
_ALIVE: Final = Liveness()


@get("/livez", opt=_OPEN, operation_id="Alive", tags=["ops"], summary="The process answers")
async def livez() -> Liveness:
    """Answer, whatever else is down: restart the process only if this fails."""
    return _ALIVE


@get(
    "/readyz",
    opt=_OPEN,
    operation_id="Ready",
    tags=["ops"],
    summary="Whether to send requests",
    responses={503: ResponseSpec(Readiness, description="Something required is failing.")},
)
async def readyz(platform: NamedDependency[Platform]) -> Response[Readiness]:
    """Say of each thing we need how it is; 503 while a required one fails."""
    readiness = await ask_all(platform.probes())
    return Response(readiness, status_code=200 if readiness.status == "ready" else 503)


@get(
    "/metrics",
    opt={"audience": "ops", "assurance": None, "scope": None},
    include_in_schema=False,
    media_type=CONTENT_TYPE_LATEST,
    sync_to_thread=False,
)
def metrics() -> bytes:
    """Everything measured in this process, for Prometheus; another worker has its own."""
    return generate_latest(REGISTRY)

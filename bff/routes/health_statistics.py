"""``/statistics/v1``: what everybody may know."""

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from health_code.statistics import Statistics
from miniapp_schemas.health_statistics import HealthStatistics

_FIVE_MINUTES = "public, max-age=300"


class HealthStatisticsController(Controller):
    """Statistics of the health code (统计公开)."""

    path = "/statistics/v1/health-code"
    tags = ("statistics",)
    opt = {"audience": "public", "assurance": None, "scope": None}

    @get(operation_id="HealthStatistics", summary="How many people have which code, and why")
    async def read(self, health_statistics: NamedDependency[Statistics]) -> Response[HealthStatistics]:
        """Counts by district, colour and reason, entries by hand and appeals; none of fewer than ten people.

        Counted once an hour, and told in steps of ten.
        """
        return Response(await health_statistics.latest(), headers={"Cache-Control": _FIVE_MINUTES})

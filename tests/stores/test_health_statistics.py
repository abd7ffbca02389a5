"""Statistics as they are counted one hour after the other."""

from collections.abc import AsyncIterator

import pytest

from bff.platform.services import Platform
from bff.platform.settings import Settings
from miniapp_schemas.health_statistics import HealthStatistics
from tests.health import POSITIVE_IS_RED, publish, rule_set


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with Platform.open(settings) as opened:
        await opened.ensure_indexes()
        await publish(opened, rule_set(POSITIVE_IS_RED))
        yield opened


async def test_a_count_stands_still_from_hour_to_hour_until_it_is_ten_away(platform: Platform) -> None:
    health = platform.health
    told: list[HealthStatistics] = []
    for first, last in ((0, 25), (25, 26), (26, 29), (29, 30)):
        await health.recolouring.judge([f"person-{number}" for number in range(first, last)])
        told.append(await health.statistics.count())

    assert [each.people for each in told] == [20, 20, 20, 30]
    assert [[(count.colour, count.people) for count in each.colours] for each in told] == [
        [(None, people), ("GREEN", people), ("GREEN", people)] for people in (20, 20, 20, 30)
    ]
    assert await health.statistics.latest() == told[-1]

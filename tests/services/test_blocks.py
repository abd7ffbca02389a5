"""A screen of blocks: a dead source never takes it down, and identical loads are shared."""

import asyncio
from datetime import timedelta

import pytest

from bff.platform.blocks import Blocks, BlockSource
from bff.platform.identity import Principal
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.home import BlockStatus
from tests.factories import Clock


class Source:
    """A source that answers, waits or fails, as told, and counts."""

    def __init__(self) -> None:
        self.data: object = {"n": 1}
        self.seconds = 0.0
        self.fails = False
        self.asked = 0

    async def __call__(self, principal: Principal) -> object:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise ConnectionError
        return self.data


def resident(subject: str = "r", assurance: AssuranceLevel = AssuranceLevel.L2) -> Principal:
    return Principal(
        subject=subject, audience="resident", session="s", assurance=assurance, scopes=frozenset(), env="test"
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def blocks(clock: Clock, source: Source) -> Blocks:
    blocks = Blocks(clock)
    blocks.register(
        BlockSource(
            name="cards",
            load=source,
            required=True,
            assurance=AssuranceLevel.L2,
            deadline=timedelta(milliseconds=50),
            bears_staleness=timedelta(minutes=10),
        )
    )
    return blocks


async def test_a_block_says_how_fresh_it_is(blocks: Blocks, clock: Clock) -> None:
    block = (await blocks.compose(resident()))["cards"]
    assert (block.status, block.as_of, block.data) == (BlockStatus.OK, clock.now, {"n": 1})


async def test_the_etag_changes_only_with_the_data(blocks: Blocks, clock: Clock, source: Source) -> None:
    first = (await blocks.compose(resident()))["cards"]
    clock.turn(5)
    assert (await blocks.compose(resident()))["cards"].etag == first.etag
    source.data = {"n": 2}
    assert (await blocks.compose(resident()))["cards"].etag != first.etag


@pytest.mark.parametrize("fails", [True, False], ids=["broken", "too slow"])
async def test_a_dead_source_leaves_the_last_good_answer_for_as_long_as_the_block_bears(
    blocks: Blocks, clock: Clock, source: Source, *, fails: bool
) -> None:
    good = (await blocks.compose(resident()))["cards"]
    source.fails, source.seconds = fails, 0.0 if fails else 0.2
    clock.turn(599)
    stale = (await blocks.compose(resident()))["cards"]
    assert (stale.status, stale.data, stale.as_of) == (BlockStatus.STALE, good.data, good.as_of)
    clock.turn(2)
    gone = (await blocks.compose(resident()))["cards"]
    assert (gone.status, gone.data, gone.etag) == (BlockStatus.UNAVAILABLE, None, None)


async def test_one_dead_source_leaves_the_others_alone(blocks: Blocks, source: Source) -> None:
    source.fails = True
    blocks.register(BlockSource(name="news", load=Source()))
    composed = await blocks.compose(resident())
    assert [block.status for block in composed.values()] == [BlockStatus.UNAVAILABLE, BlockStatus.OK]


async def test_what_one_may_not_see_is_not_even_loaded(blocks: Blocks, source: Source) -> None:
    block = (await blocks.compose(resident(assurance=AssuranceLevel.L1)))["cards"]
    assert (block.status, block.data, source.asked) == (BlockStatus.FORBIDDEN, None, 0)


async def test_identical_loads_in_flight_are_shared_by_one_person_and_no_two(
    blocks: Blocks, source: Source
) -> None:
    source.seconds = 0.01
    await asyncio.gather(*(blocks.compose(resident("a")) for _ in range(10)), blocks.compose(resident("b")))
    assert source.asked == 2


async def test_one_who_goes_away_does_not_end_the_load_of_the_others(blocks: Blocks, source: Source) -> None:
    source.seconds = 0.02
    gone = asyncio.create_task(blocks.compose(resident()))
    stays = asyncio.create_task(blocks.compose(resident()))
    await asyncio.sleep(0.005)
    gone.cancel()
    assert (await stays)["cards"].status is BlockStatus.OK


async def test_a_person_never_sees_another_one_s_stale_block(blocks: Blocks, source: Source) -> None:
    await blocks.compose(resident("a"))
    source.fails = True
    assert (await blocks.compose(resident("b")))["cards"].status is BlockStatus.UNAVAILABLE


def test_two_blocks_of_one_name_are_a_mistake(blocks: Blocks, source: Source) -> None:
    with pytest.raises(ValueError, match="two blocks"):
        blocks.register(BlockSource(name="cards", load=source))

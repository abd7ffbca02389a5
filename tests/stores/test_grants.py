"""Grants as MongoDB keeps them: what is unique, and what of two at once only one does."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import structs

from auth_bridges.models import ActingGrant, GrantEnding
from auth_bridges.store import Grants
from bff.platform.mongo import Database
from miniapp_schemas.acting import ActingKind
from tests.auth_fakes import NOW

PLACES = ["child 0", "child 1", "child 2"]


@pytest.fixture
async def grants(mongo_database: Database) -> Grants:
    made = Grants(mongo_database["grants"])
    await made.ensure_indexes()
    return made


def grant(number: int, **changes: object) -> ActingGrant:
    fields: dict[str, object] = {
        "id": f"{number:032x}",
        "kind": ActingKind.FAMILY,
        "whom": "elder",
        "agent": f"child {number}",
        "scopes": ("wallet:read",),
        "offered_at": NOW,
        "lapses_at": NOW + timedelta(minutes=10),
        "expires_at": NOW + timedelta(days=30),
        "hold": f"family elder {number}",
    }
    return ActingGrant(**(fields | changes))  # type: ignore[arg-type]


async def test_a_grant_is_read_as_it_was_kept(grants: Grants) -> None:
    whole = grant(1, code=b"sealed", case="HY-1", whom_name="王**", checked_at=NOW, child=b"sealed too")
    assert await grants.offer(whole) == whole
    assert await grants.get(whole.id) == whole
    assert await grants.get("another") is None


async def test_indexes_can_be_made_again(grants: Grants) -> None:
    await grants.ensure_indexes()


async def test_of_many_that_offer_for_one_pair_one_is_kept(grants: Grants) -> None:
    kept = await asyncio.gather(*(grants.offer(grant(n, hold="pair")) for n in range(20)))
    assert len({each.id for each in kept if each is not None}) == 1


async def test_of_many_guardians_as_many_as_there_are_places_are_kept(grants: Grants) -> None:
    kept = await asyncio.gather(*(grants.offer(grant(n), PLACES) for n in range(10)))
    places = [each.place for each in kept if each is not None]
    assert sorted(map(str, places)) == PLACES


async def test_one_guardian_takes_one_place_however_often_they_ask(grants: Grants) -> None:
    kept = await asyncio.gather(*(grants.offer(grant(n, hold="pair"), PLACES) for n in range(10)))
    assert len({each.place for each in kept if each is not None}) == 1


async def test_what_ended_or_is_past_its_time_keeps_nothing_from_others(grants: Grants) -> None:
    ended, lapsed, expired = (
        grant(1, hold="a"),
        grant(2, hold="b"),
        grant(3, hold="c", confirmed_at=NOW),
    )
    for each, place in zip((ended, lapsed, expired), PLACES, strict=True):
        await grants.offer(each, [place])
    await grants.end(ended.id, GrantEnding.BY_AGENT, now=NOW)
    await grants.clear("b", "somebody else", now=NOW + timedelta(minutes=10))
    assert await grants.offer(grant(4, hold="b"), [PLACES[1]]) is not None
    assert await grants.offer(grant(5), [PLACES[2]]) is None
    await grants.clear("unheld", "elder", now=NOW + timedelta(days=30))
    assert await grants.offer(grant(6), [PLACES[2]]) is not None
    kept = await grants.get(lapsed.id)
    assert kept is not None
    assert (kept.ended_why, kept.hold, kept.place) == (GrantEnding.LAPSED, None, None)


async def test_of_a_confirmation_and_an_end_at_once_the_end_holds(grants: Grants) -> None:
    for number in range(10):
        one = grant(number)
        await grants.offer(one)
        await asyncio.gather(
            grants.confirm(one.id, now=NOW, whom_name="王**", agent_name="李**"),
            grants.end(one.id, GrantEnding.BY_PRINCIPAL, now=NOW),
        )
        kept = await grants.get(one.id)
        assert kept is not None
        assert kept.ended_at == NOW


async def test_an_offer_is_confirmed_once_and_only_in_time(grants: Grants) -> None:
    await grants.offer(one := grant(1, code=b"sealed"))
    late = NOW + timedelta(minutes=10)
    assert await grants.confirm(one.id, now=late, whom_name=None, agent_name=None) is None
    confirmed = await asyncio.gather(
        *(grants.confirm(one.id, now=NOW, whom_name="王**", agent_name="李**") for _ in range(10))
    )
    (done,) = [each for each in confirmed if each is not None]
    assert done == structs.replace(one, confirmed_at=NOW, code=None, whom_name="王**", agent_name="李**")


async def test_tries_are_counted_before_they_are_judged(grants: Grants) -> None:
    await grants.offer(one := grant(1))
    counted = await asyncio.gather(*(grants.count_try(one.id, most=5) for _ in range(20)))
    assert sum(counted) == 5


async def test_each_side_lists_its_own_newest_first(grants: Grants) -> None:
    for number in range(1, 5):
        await grants.offer(grant(number, granted_by="boss" if number == 2 else None))
    assert [each.id[-1] for each in await grants.of("elder", [], before=None, limit=3)] == ["4", "3", "2"]
    assert [each.id[-1] for each in await grants.of("elder", [], before=f"{2:032x}", limit=3)] == ["1"]
    assert [each.id[-1] for each in await grants.of("boss", [], before=None, limit=3)] == ["2"]
    assert [each.id[-1] for each in await grants.of("child 3", [], before=None, limit=3)] == ["3"]
    assert len(await grants.of("nobody", ["elder"], before=None, limit=9)) == 4


async def test_only_what_was_confirmed_and_lasts_is_in_force(grants: Grants) -> None:
    for number, confirmed in ((1, NOW), (2, None)):
        await grants.offer(grant(number, agent="child", confirmed_at=confirmed))
    assert [each.id[-1] for each in await grants.in_force("child", now=NOW, limit=9)] == ["1"]
    assert await grants.in_force("child", now=NOW + timedelta(days=30), limit=9) == []

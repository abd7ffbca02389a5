"""Paper codes in their stores: what was ended never comes back, whoever dies in between."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner
from health_code.models import FamilyLink, StoredPaper
from health_code.store import FamilyStore, PaperStore

NOW = datetime.now(UTC).replace(microsecond=0)


def paper(subject: str = "somebody") -> StoredPaper:
    return StoredPaper(
        id=secrets.token_hex(16),
        subject=subject,
        issued_by="resident",
        issued_at=NOW,
        expires_at=NOW + timedelta(days=180),
    )


@pytest.fixture
async def papers(mongo_database: Database, redis: Redis) -> PaperStore:
    store = PaperStore(mongo_database["health_papers"], ScriptRunner(redis))
    await store.ensure_indexes()
    return store


async def test_who_looks_a_code_up_while_it_is_ended_does_not_bring_it_back(papers: PaperStore) -> None:
    for _ in range(5):
        issued = paper()
        await papers.issue(issued)
        looks = (papers.whose(issued.id, now=NOW) for _ in range(8))
        await asyncio.gather(papers.end("somebody", now=NOW), *looks)
        assert await papers.remembered(issued.id) == ""
        assert await papers.whose(issued.id, now=NOW) == ""


async def test_one_who_died_after_telling_redis_alone_has_ended_it(
    papers: PaperStore, mongo_database: Database, redis: Redis
) -> None:
    issued = paper()
    await papers.issue(issued)
    await papers.end("somebody", now=NOW)
    # As if the process had died before MongoDB was told.
    await mongo_database["health_papers"].update_one({"_id": issued.id}, {"$set": {"in_force": True}})

    assert await papers.whose(issued.id, now=NOW) == ""
    assert await papers.remembered(issued.id) == ""

    assert await papers.end("somebody", now=NOW)
    await redis.flushdb()
    assert await papers.whose(issued.id, now=NOW) == ""


async def test_of_two_issued_at_once_one_is_in_force(papers: PaperStore) -> None:
    both = [paper() for _ in range(6)]

    await asyncio.gather(*(papers.issue(each) for each in both))

    states = [await papers.whose(each.id, now=NOW) for each in both]
    assert sorted(state or "" for state in states) == [""] * 5 + ["somebody"]
    kept = await papers.of("somebody", now=NOW)
    assert kept is not None
    assert states[[each.id for each in both].index(kept.id)] == "somebody"


async def test_another_persons_code_is_not_touched(papers: PaperStore) -> None:
    mine, other = paper(), paper("another")
    await papers.issue(mine)
    await papers.issue(other)

    await papers.end("somebody", now=NOW)

    assert await papers.whose(other.id, now=NOW) == "another"


async def test_a_place_a_seat_and_a_pair_are_given_once(mongo_database: Database) -> None:
    store = FamilyStore(mongo_database["health_families"])
    await store.ensure_indexes()

    def link(guardian: str, dependant: str, place: int, seat: int) -> FamilyLink:
        return FamilyLink(
            id=f"{guardian} {dependant}",
            guardian=guardian,
            dependant=dependant,
            grant=secrets.token_hex(16),
            place=f"{guardian} {place}",
            seat=f"{dependant} {seat}",
            added_at=NOW,
        )

    assert await store.add(link("a", "x", 0, 0))
    assert not await store.add(link("a", "y", 0, 0))
    assert not await store.add(link("b", "x", 0, 0))
    assert not await store.add(link("a", "x", 1, 1))
    assert await store.add(link("b", "x", 0, 1))
    kept = await store.of("a")
    await store.remove([link("a", "x", 0, 0)])
    assert await store.of("a") == kept, "it rests on another grant"
    await store.remove(kept)
    assert await store.of("a") == []
    assert [each.guardian for each in await store.guardians("x")] == ["b"]

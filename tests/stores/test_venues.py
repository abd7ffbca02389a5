"""Venues, their log and its purge on a real MongoDB and a real Valkey, two at once and dying anywhere."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
import msgspec
import pytest
from redis.asyncio import Redis

from bff.platform.ids import timed_id
from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from health_code.codec.venue_code import CodeKind
from health_code.rules.documents import Colour
from health_code.store.checkins import DayKeyStore, key_id
from health_code.store.venues import CheckInStream, VenueStore
from health_code.venue_models import CheckedIn, DayKey, Purge, Venue
from health_code.venues import STREAM_CONTEXT

NOW: Final = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
SUBJECT: Final = "A" * 43
_pack: Final = msgspec.msgpack.Encoder().encode


def venue(**more: object) -> Venue:
    made = Venue(
        id=secrets.token_hex(16),
        organisation="metro",
        name_zh="人民广场站",
        name_en="People's Square",
        division="310101",
        kind="TRANSPORT",
        admits=(Colour.GREEN,),
        printed_codes=True,
        registered_by="clerk",
        registered_at=NOW,
    )
    return msgspec.structs.replace(made, **more)


@pytest.fixture
def venues(mongo_database: Database, redis: Redis) -> VenueStore:
    return VenueStore(mongo_database["venues"], ScriptRunner(redis))


async def test_a_venue_is_read_without_mongodb_and_found_again_without_redis(
    venues: VenueStore, mongo_database: Database, redis: Redis
) -> None:
    one = venue()
    await venues.add(one)
    await mongo_database["venues"].rename("elsewhere")
    assert await venues.get(one.id) == one
    await mongo_database["elsewhere"].rename("venues")
    await redis.flushdb()
    assert await venues.get(one.id) == one
    assert await redis.exists(f"health:venue:{one.id}")
    assert await venues.get("0" * 32) is None


async def test_printings_made_at_once_are_told_apart(venues: VenueStore) -> None:
    one = venue()
    await venues.add(one)
    printed = await asyncio.gather(*(venues.print_anew(one.id) for _ in range(8)))
    assert sorted(each.prints for each in printed if each is not None) == list(range(1, 9))
    found = await venues.get(one.id)
    assert found is not None
    assert found.prints == 8


async def test_an_older_copy_never_brings_a_withdrawn_code_back(venues: VenueStore) -> None:
    one = venue()
    await venues.add(one)
    await venues.print_anew(one.id)
    await venues._copy(one)
    found = await venues.get(one.id)
    assert found is not None
    assert found.prints == 1


async def test_a_printing_that_died_half_way_has_withdrawn_the_code_before(
    venues: VenueStore, mongo_database: Database
) -> None:
    one = venue()
    await venues.add(one)
    await venues.print_anew(one.id)
    # As if the process had died between the copy and MongoDB.
    await mongo_database["venues"].update_one({"_id": one.id}, {"$set": {"prints": 0}})
    again = await venues.print_anew(one.id)
    found = await venues.get(one.id)
    assert again is not None
    assert found is not None
    assert again.prints == found.prints == 1


async def test_a_request_made_twice_at_once_is_one_check_in(redis: Redis) -> None:
    stream = CheckInStream(ScriptRunner(redis))
    request = secrets.token_hex(32)
    answers = await asyncio.gather(
        *(stream.note(request, answer=b"%d" % at, checkin=b"%d" % at) for at in range(5))
    )
    assert len(set(answers)) == 1
    assert await stream.answered(request) == answers[0]
    assert sum([await redis.xlen(name) for name in stream.streams]) == 1


async def test_an_alarm_is_due_when_so_many_people_were_refused_and_once(redis: Redis) -> None:
    stream = CheckInStream(ScriptRunner(redis))
    for _ in range(5):
        assert not await stream.refused("place", "the same", alarm_at=3)
    assert not await stream.refused("place", "another", alarm_at=3)
    assert await stream.refused("place", "a third", alarm_at=3)
    assert not await stream.refused("place", "a fourth", alarm_at=3)
    # Who was to raise it died: once their time is over, whoever comes next is told.
    assert 0 < await redis.pttl("health:{refused:place}:alarm") <= 5_000
    await redis.delete("health:{refused:place}:alarm")
    assert await stream.refused("place", "a fourth", alarm_at=3)
    await stream.raised("place")
    assert not await stream.refused("place", "a fifth", alarm_at=3)
    assert not await stream.refused("elsewhere", "a fifth", alarm_at=3)
    assert 0 < await redis.pttl("health:{refused:place}:people") <= 600_000


async def test_two_workers_that_make_a_days_key_have_the_same(mongo_database: Database) -> None:
    keys = DayKeyStore(mongo_database["keys"])

    async def made(at: int) -> DayKey:
        name = key_id("310101", "2026-11-25")
        mine = DayKey(id=name, division="310101", day="2026-11-25", wrapped=b"%d" % at, made_at=NOW)
        return await keys.made(mine)

    assert len({each.wrapped for each in await asyncio.gather(*(made(at) for at in range(6)))}) == 1


async def test_a_key_is_destroyed_once_and_with_what_was_counted_first(mongo_database: Database) -> None:
    keys = DayKeyStore(mongo_database["keys"])
    name = key_id("310101", "2026-10-01")
    key = await keys.made(DayKey(id=name, division="310101", day="2026-10-01", wrapped=b"key", made_at=NOW))
    first = await keys.destroy(key, Purge(count=3, hash="a", at=NOW, days_kept=25))
    second = await keys.destroy(key, Purge(count=0, hash="b", at=NOW, days_kept=25))
    assert (first.wrapped, first.purge) == (None, Purge(count=3, hash="a", at=NOW, days_kept=25))
    assert second == first
    assert await keys.made(key) == first


# --- the log and its purge, as a process runs them ----------------------------------------------------


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        yield platform


def entry(platform: Platform, at: datetime, venue_id: str, division: str = "310101") -> bytes:
    """A check-in as it lies on a stream."""
    checked = CheckedIn(
        id=timed_id(at),
        venue=venue_id,
        division=division,
        subject=SUBJECT,
        by=None,
        at=at,
        kind=CodeKind.DISPLAYED,
        admitted=True,
    )
    return platform.personal.seal(_pack(checked), STREAM_CONTEXT)


async def kept(platform: Platform) -> list[dict[str, object]]:
    return [each async for each in platform._mongo["health_checkins"].find()]


async def test_what_is_absorbed_twice_is_kept_once_and_says_neither_who_nor_where(
    platform: Platform,
) -> None:
    one = venue()
    entries = [entry(platform, datetime.now(UTC), one.id) for _ in range(3)]
    await asyncio.gather(*(platform.health_checkins.absorb(entries) for _ in range(3)))
    await platform.health_checkins.absorb(entries[:1])

    documents = await kept(platform)
    assert len(documents) == 3
    assert set(documents[0]) == {"_id", "place", "division", "day", "at", "kept_at", "sealed"}
    assert one.id not in repr(documents)
    assert SUBJECT not in repr(documents)
    key = await platform._mongo["health_checkin_keys"].find_one()
    assert key is not None
    assert len(key["wrapped"]) > 32


async def test_a_day_is_purged_when_it_is_due_and_its_proof_can_be_checked(platform: Platform) -> None:
    old, new = datetime.now(UTC) - timedelta(days=27), datetime.now(UTC) - timedelta(days=24)
    entries = [entry(platform, at, venue().id) for at in (old, old, new)]
    await platform.health_checkins.absorb(entries)
    due = platform._mongo["health_checkins"].find({"at": {"$lt": new - timedelta(hours=1)}})
    gone = sorted([str(each["_id"]) async for each in due])

    assert await platform.health_checkins.purge() == 1
    assert await platform.health_checkins.purge() == 0

    assert len(await kept(platform)) == 1
    (proof,) = (await platform.health_checkins.proofs(before=None, limit=10)).items
    assert proof.count == 2
    header = jwt.get_unverified_header(proof.proof)
    ring = {each.kid: each for each in platform.token_keys.published().keys}
    public = jwt.PyJWK.from_dict(msgspec.to_builtins(ring[header["kid"]])).key
    statement = msgspec.json.decode(jwt.PyJWS().decode(proof.proof, public, algorithms=["ES256"]))
    assert header["typ"] == "checkin-purge+jwt"
    assert (statement["division"], statement["count"], statement["daysKept"]) == ("310101", 2, 25)
    digest = hashlib.sha256("".join(f"{each}\n" for each in gone).encode()).hexdigest()
    assert statement["ids"] == digest
    keys = {each["day"]: each["wrapped"] async for each in platform._mongo["health_checkin_keys"].find()}
    assert keys[proof.day] is None
    assert sum(key is not None for key in keys.values()) == 1


@pytest.mark.parametrize("step", ["delete", "audit", "prove", "finish"])
async def test_a_purge_that_died_anywhere_is_gone_on_with(
    platform: Platform, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = platform.health_checkins
    old = datetime.now(UTC) - timedelta(days=40)
    await book.absorb([entry(platform, old, venue().id) for _ in range(4)])

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError

    where = {"delete": (book._log, "delete"), "audit": (book, "_audit"), "prove": (book._purges, "add")}
    with monkeypatch.context() as dying:
        dying.setattr(*where.get(step, (book._keys, "proved")), dies)
        with pytest.raises(ConnectionError):
            await book.purge()
    assert await book.purge() == 1

    (proof,) = (await book.proofs(before=None, limit=10)).items
    assert proof.count == 4
    assert await kept(platform) == []


async def test_two_tickers_that_purge_at_once_prove_the_same(platform: Platform) -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    await platform.health_checkins.absorb([entry(platform, old, venue().id) for _ in range(4)])
    await asyncio.gather(*(platform.health_checkins.purge() for _ in range(4)))

    (proof,) = (await platform.health_checkins.proofs(before=None, limit=10)).items
    assert proof.count == 4


async def test_what_comes_after_its_day_was_purged_is_not_kept(platform: Platform) -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    await platform.health_checkins.absorb([entry(platform, old, venue().id)])
    await platform.health_checkins.purge()
    await platform.health_checkins.absorb([entry(platform, old, venue().id)])

    assert await kept(platform) == []


async def test_a_division_that_orders_fewer_days_is_obeyed(
    environ: dict[str, str], platform: Platform
) -> None:
    ordered = load_settings({**environ, "SUISHEN_HEALTH_CHECKIN_DAYS_BY_DIVISION": '{"440300": 7}'})
    async with Platform.open(ordered) as shenzhen:
        at = datetime.now(UTC) - timedelta(days=9)
        await shenzhen.health_checkins.absorb(
            [entry(shenzhen, at, venue().id, division) for division in ("440305", "310101")]
        )
        assert await shenzhen.health_checkins.purge() == 1
    assert [each["division"] for each in await kept(platform)] == ["310101"]

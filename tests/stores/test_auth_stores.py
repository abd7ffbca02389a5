"""People, sessions and one-time things on real servers."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from auth_bridges.models import (
    Audience,
    Clerk,
    Ending,
    Link,
    ProviderSubject,
    Resident,
    StoredSession,
)
from auth_bridges.store import AuthStores, EndedSessions, OneTime
from bff.platform.mongo import Database
from tests.auth_fakes import NOW

SUBJECT = ProviderSubject(provider="wechat", appid="wx1", subject="oSIM1", alternates={"unionid": "u1"})


@pytest.fixture
async def stores(mongo_database: Database, redis: Redis) -> AuthStores:
    opened = AuthStores(mongo_database, redis)
    await opened.ensure_indexes()
    return opened


def link(name: str) -> Link:
    return Link(
        id=f"link-{name}",
        provider=SUBJECT.provider,
        appid=SUBJECT.appid,
        subject=SUBJECT.subject,
        resident=f"resident-{name}",
        linked_at=NOW,
        alternates=SUBJECT.alternates,
    )


def resident(name: str, holder: str | None = None) -> Resident:
    return Resident(id=name, created_at=NOW, holder=holder)


def session(**changes: object) -> StoredSession:
    fields: dict[str, object] = {
        "id": "s1",
        "audience": Audience.RESIDENT,
        "subject": "r1",
        "client": "wechat:wx1",
        "device": None,
        "started_at": NOW,
        "expires_at": NOW + timedelta(days=30),
        "current": b"first",
    }
    return StoredSession(**(fields | changes))  # type: ignore[arg-type]


async def test_indexes_can_be_made_again(stores: AuthStores) -> None:
    await stores.ensure_indexes()


async def test_of_many_first_sights_one_decides(stores: AuthStores) -> None:
    led = await asyncio.gather(*(stores.residents.lead(SUBJECT, link(str(n))) for n in range(20)))
    assert len({each.resident for each in led}) == 1
    assert await stores.residents.link_of(SUBJECT) == led[0]


async def test_a_resident_half_made_is_finished(stores: AuthStores) -> None:
    await stores.residents.ensure(resident("r0"))
    made = await asyncio.gather(*(stores.residents.ensure(resident("r1")) for _ in range(20)))
    assert made == [resident("r1")] * 20


async def test_one_id_number_is_one_resident(stores: AuthStores) -> None:
    made = await asyncio.gather(
        *(stores.residents.ensure(resident(f"r{n}", holder="hashed")) for n in range(10))
    )
    assert len({each.id for each in made}) == 1
    assert await stores.residents.by_holder("hashed") == made[0]


async def test_many_residents_may_be_without_an_id_number(stores: AuthStores) -> None:
    await stores.residents.ensure(resident("r1"))
    assert (await stores.residents.ensure(resident("r2"))).id == "r2"


async def test_a_resident_is_replaced_only_as_it_was_read(stores: AuthStores) -> None:
    old = await stores.residents.ensure(resident("r1"))
    assert await stores.residents.replace(old, resident("r1", holder="hashed"))
    assert not await stores.residents.replace(old, resident("r1", holder="other"))
    assert await stores.residents.get("r1") == resident("r1", holder="hashed")


async def test_an_id_number_is_not_taken_from_its_resident(stores: AuthStores) -> None:
    await stores.residents.ensure(resident("r1", holder="hashed"))
    other = await stores.residents.ensure(resident("r2"))
    assert not await stores.residents.replace(other, resident("r2", holder="hashed"))


async def test_two_importers_of_one_clerk_leave_one(stores: AuthStores) -> None:
    clerks = [
        Clerk(id=f"c{n}", organisation="hotel", number="1", passphrase="", scopes=(), scenes=("general",))
        for n in range(10)
    ]
    await asyncio.gather(*(stores.directory.put_clerk(clerk) for clerk in clerks))
    kept = await stores.directory.clerk("hotel", "1")
    assert kept is not None
    assert await stores.directory.clerk_by_id(kept.id) == kept


async def test_a_session_is_read_as_it_was_kept(stores: AuthStores) -> None:
    await stores.sessions.open(session())
    assert await stores.sessions.get("s1") == session()
    assert await stores.sessions.get("s2") is None


async def test_of_many_rotations_of_one_token_one_happens(stores: AuthStores) -> None:
    await stores.sessions.open(session())
    rotated = await asyncio.gather(
        *(
            stores.sessions.rotate(
                "s1",
                audience=Audience.RESIDENT,
                spent=b"first",
                fresh=b"next-%d" % n,
                sealed=b"sealed-%d" % n,
                now=NOW,
            )
            for n in range(30)
        )
    )
    winners = [each for each in rotated if each is not None]
    assert len(winners) == 1
    assert await stores.sessions.get("s1") == winners[0]
    assert (winners[0].previous, winners[0].generation) == (b"first", 1)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ended_at": NOW, "ended_why": Ending.SIGNED_OUT}, id="ended"),
        pytest.param({"expires_at": NOW}, id="past its end"),
        pytest.param({"idle_ends_at": NOW}, id="left idle"),
        pytest.param({"audience": Audience.VERIFIER}, id="of another API"),
        pytest.param({"current": b"second"}, id="whose token is another"),
    ],
)
async def test_a_session_that_is_not_open_does_not_rotate(
    stores: AuthStores, changes: dict[str, object]
) -> None:
    await stores.sessions.open(session(**changes))
    rotated = await stores.sessions.rotate(
        "s1", audience=Audience.RESIDENT, spent=b"first", fresh=b"x", sealed=b"y", now=NOW
    )
    assert rotated is None
    assert await stores.sessions.get("s1") == session(**changes)


async def test_a_session_ends_once(stores: AuthStores) -> None:
    await stores.sessions.open(session(successor=b"sealed"))
    ended = await stores.sessions.end("s1", why=Ending.SIGNED_OUT, now=NOW)
    assert ended is not None
    assert (ended.ended_why, ended.successor) == (Ending.SIGNED_OUT, None)
    assert await stores.sessions.end("s1", why=Ending.TOKEN_REUSED, now=NOW) is None
    assert await stores.sessions.living(Audience.RESIDENT, "r1") == []


async def test_no_token_is_stored(stores: AuthStores, mongo_database: Database) -> None:
    await stores.sessions.open(session())
    document = await mongo_database["sessions"].find_one({"_id": "s1"})
    assert document is not None
    assert set(document) == {
        *("_id", "audience", "subject", "client", "device", "started_at", "expires_at"),
        *("current", "previous", "successor", "rotated_at", "generation", "methods", "ended_at"),
        "ended_why",
        *("idle_seconds", "idle_ends_at", "platform"),
    }


async def test_one_of_many_claims_a_name(redis: Redis) -> None:
    once = OneTime(redis)
    claims = await asyncio.gather(
        *(once.claim("code:1", owner=f"o{n}", keep=timedelta(minutes=1)) for n in range(50))
    )
    assert sum(claims) == 1
    assert 0 < await redis.pttl("auth:once:code:1") <= 60_000


async def test_a_claim_whose_reply_was_lost_is_still_ones_own(redis: Redis) -> None:
    once = OneTime(redis)
    assert await once.claim("code:1", owner="me", keep=timedelta(minutes=1))
    assert await once.claim("code:1", owner="me", keep=timedelta(minutes=1))
    assert not await once.claim("code:1", owner="you", keep=timedelta(minutes=1))


async def test_what_is_given_back_can_be_claimed(redis: Redis) -> None:
    once = OneTime(redis)
    await once.claim("code:1", owner="me", keep=timedelta(minutes=1))
    await once.release("code:1")
    assert await once.claim("code:1", owner="you", keep=timedelta(minutes=1))


async def test_every_reader_hears_of_every_ending_where_it_was(redis: Redis) -> None:
    ended = EndedSessions(redis, wait=timedelta(milliseconds=50))
    assert await ended.since("0-0") == ("0-0", ())
    await ended.announce(["s1", "s2"], now=NOW)
    position, heard = await ended.since("0-0")
    assert list(heard) == ["s1", "s2"]
    await ended.announce(["s3"], now=NOW)
    assert list((await ended.since(position))[1]) == ["s3"]
    assert list((await ended.since("0-0"))[1]) == ["s1", "s2", "s3"]


async def test_a_waiting_reader_hears_at_once(redis: Redis) -> None:
    ended = EndedSessions(redis)
    waiting = asyncio.create_task(ended.since("0-0"))
    await asyncio.sleep(0.05)
    await ended.announce(["s1"], now=NOW)
    _, heard = await asyncio.wait_for(waiting, 0.5)
    assert list(heard) == ["s1"]

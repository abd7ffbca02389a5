"""People, sessions and one-time things on real servers."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from pymongo.errors import AutoReconnect
from redis.asyncio import Redis

from auth_bridges.models import (
    Audience,
    Clerk,
    Ending,
    FormerName,
    Link,
    ProviderSubject,
    Resident,
    StoredSession,
)
from auth_bridges.rules.sessions import Lifetime
from auth_bridges.store import AuthStores, EndedSessions, OneTime
from auth_bridges.store.documents import Collection, Document
from bff.platform.mongo import Database
from bff.platform.redis import ScriptRunner
from miniapp_schemas.assurance import AssuranceLevel
from tests.auth_fakes import NOW, stores_on

SUBJECT = ProviderSubject(provider="wechat", appid="wx1", subject="oSIM1", alternates={"unionid": "u1"})


@pytest.fixture
async def stores(mongo_database: Database, redis: Redis) -> AuthStores:
    opened = stores_on(mongo_database, redis)
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


class TestOtherNames:
    """A unionid changes when an app moves to another Open Platform account; the openid does not."""

    async def test_the_one_replaced_is_kept_with_when(self, stores: AuthStores) -> None:
        led = await stores.residents.lead(SUBJECT, link("a"))
        later = NOW + timedelta(days=1)
        await stores.residents.rename(led, {"unionid": "u2"}, now=later)
        found = await stores.residents.link_of(SUBJECT)
        assert found is not None
        assert found.alternates == {"unionid": "u2"}
        assert found.former == (FormerName(kind="unionid", value="u1", until=later),)
        assert found.resident == led.resident

    async def test_of_two_sign_ins_at_once_one_notes_it(self, stores: AuthStores) -> None:
        led = await stores.residents.lead(SUBJECT, link("a"))
        await asyncio.gather(*(stores.residents.rename(led, {"unionid": "u2"}, now=NOW) for _ in range(5)))
        found = await stores.residents.link_of(SUBJECT)
        assert found is not None
        assert len(found.former) == 1

    async def test_a_first_name_replaces_none_and_another_kind_is_left_alone(
        self, stores: AuthStores
    ) -> None:
        led = await stores.residents.lead(SUBJECT, link("a"))
        await stores.residents.rename(led, {"user_id": "2088"}, now=NOW)
        found = await stores.residents.link_of(SUBJECT)
        assert found is not None
        assert (found.alternates, found.former) == ({"unionid": "u1", "user_id": "2088"}, ())

    async def test_the_history_does_not_grow_without_end(self, stores: AuthStores) -> None:
        led = await stores.residents.lead(SUBJECT, link("a"))
        for number in range(30):
            await stores.residents.rename(led, {"unionid": f"v{number}"}, now=NOW)
            found = await stores.residents.link_of(SUBJECT)
            assert found is not None
            led = found
        assert [name.value for name in led.former][-1] == "v28"
        assert len(led.former) == 20


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


async def test_rotations_that_travel_together_are_each_judged_alone(stores: AuthStores) -> None:
    many = [session(id=f"s{n}", current=b"first-%d" % n) for n in range(20)]
    await asyncio.gather(*(stores.sessions.open(each) for each in many))
    await stores.sessions.end("s7", why=Ending.SIGNED_OUT, now=NOW)
    rotated = await asyncio.gather(
        *(
            stores.sessions.rotate(
                each.id,
                audience=Audience.RESIDENT,
                spent=b"stolen" if each.id == "s3" else each.current,
                fresh=b"next-%s" % each.id.encode(),
                sealed=b"sealed",
                now=NOW + timedelta(seconds=n),
            )
            for n, each in enumerate(many)
        )
    )
    refused = {each.id for each, now in zip(many, rotated, strict=True) if now is None}
    assert refused == {"s3", "s7"}
    for n, now in enumerate(rotated):
        if now is not None:
            assert (now.id, now.current, now.rotated_at) == (
                f"s{n}",
                b"next-s%d" % n,
                NOW + timedelta(seconds=n),
            )
            assert await stores.sessions.get(now.id) == now


class Between:
    """The sessions' collection, with something done once behind the back of whoever reads or writes them."""

    def __init__(
        self,
        collection: Collection,
        *,
        read: Callable[[], Awaitable[None]] | None = None,
        written: Exception | None = None,
    ) -> None:
        self._collection = collection
        self._read, self._written = read, written
        self.database = self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the driver's, whatever it is
        return getattr(self._collection, name)

    def find(self, asked: Document) -> "Between":
        self._asked = asked
        return self

    async def to_list(self, length: int) -> list[Document]:
        found = await self._collection.find(self._asked).to_list(length=length)
        if self._read is not None:
            done, self._read = self._read, None
            await done()
        return found

    async def command(self, command: Document) -> Document:
        reply: Document = await self._collection.database.command(command)
        if self._written is not None:
            lost, self._written = self._written, None
            raise lost
        return reply


async def rotate_s1(stores: AuthStores) -> StoredSession | None:
    return await stores.sessions.rotate(
        "s1", audience=Audience.RESIDENT, spent=b"first", fresh=b"next", sealed=b"sealed", now=NOW
    )


async def test_a_rotation_whose_reply_was_lost_is_asked_again_and_known_as_its_own(
    stores: AuthStores,
) -> None:
    await stores.sessions.open(session())
    lost: Any = Between(stores.sessions._sessions, written=AutoReconnect("gone"))
    stores.sessions._sessions = lost
    rotated = await rotate_s1(stores)
    assert rotated is not None
    assert (rotated.current, rotated.generation) == (b"next", 1)
    assert await stores.sessions.get("s1") == rotated


async def test_a_level_that_changes_under_a_rotation_keeps_its_ends(stores: AuthStores) -> None:
    await stores.sessions.open(
        session(level=AssuranceLevel.L0, idle_seconds=3_000_000, idle_ends_at=NOW + timedelta(days=30))
    )
    short = Lifetime(absolute=timedelta(hours=24), idle=timedelta(hours=1))

    async def rename() -> None:
        kept = await untouched.find_one({"_id": "s1"})
        at = msgspec.convert(kept, StoredSession)
        assert await stores.sessions.rename(at, "s1b", level=AssuranceLevel.L2, lasts=short, now=NOW)

    untouched: Any = stores.sessions._sessions
    between: Any = Between(untouched, read=rename)
    stores.sessions._sessions = between
    rotated = await rotate_s1(stores)
    assert rotated is not None
    assert (rotated.sid, rotated.current, rotated.idle_seconds) == ("s1b", b"next", 3600)
    assert rotated.idle_ends_at == NOW + timedelta(hours=1)
    assert await stores.sessions.get("s1") == rotated


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
        *("idle_seconds", "idle_ends_at", "platform", "origin", "level", "rights"),
        *("renamed", "link"),
    }


async def test_one_of_many_claims_a_name(redis: Redis) -> None:
    once = OneTime(redis, ScriptRunner(redis))
    claims = await asyncio.gather(
        *(once.claim("code:1", owner=f"o{n}", keep=timedelta(minutes=1)) for n in range(50))
    )
    assert sum(claims) == 1
    assert 0 < await redis.pttl("auth:once:code:1") <= 60_000


async def test_a_claim_whose_reply_was_lost_is_still_ones_own(redis: Redis) -> None:
    once = OneTime(redis, ScriptRunner(redis))
    assert await once.claim("code:1", owner="me", keep=timedelta(minutes=1))
    assert await once.claim("code:1", owner="me", keep=timedelta(minutes=1))
    assert not await once.claim("code:1", owner="you", keep=timedelta(minutes=1))


async def test_what_is_given_back_can_be_claimed(redis: Redis) -> None:
    once = OneTime(redis, ScriptRunner(redis))
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


# --- names of one person -----------------------------------------------------------------------------


def named(subject: str, **names: str) -> ProviderSubject:
    return ProviderSubject(
        provider="alipay", appid="2021", subject=subject, alternates=names, synonyms=tuple(names)
    )


def link_to(subject: ProviderSubject, number: int) -> Link:
    return Link(
        id=f"link-{number}",
        provider=subject.provider,
        appid=subject.appid,
        subject=subject.subject,
        resident=f"resident-{number}",
        linked_at=NOW,
        alternates=subject.alternates,
    )


async def test_a_person_is_found_by_any_of_their_names(stores: AuthStores) -> None:
    old, both, new = (
        named("u1", user_id="u1"),
        named("o1", open_id="o1", user_id="u1"),
        named("o1", open_id="o1"),
    )
    link = await stores.residents.lead(old, link_to(old, 1))
    assert await stores.residents.link_of(new) is None
    found = await stores.residents.link_of(both)
    assert found == link
    await stores.residents.rename(link, both.alternates, now=NOW)
    await stores.residents.rename(link, both.alternates, now=NOW)
    for subject in (old, both, new):
        found = await stores.residents.link_of(subject)
        assert found is not None
        assert (found.id, found.alternates) == (link.id, {"user_id": "u1", "open_id": "o1"})
    assert await stores.residents.link_of(named("o1", unionid="o1")) is None
    assert await stores.residents.link_of(msgspec.structs.replace(new, appid="2022")) is None


async def test_a_registered_link_without_names_is_found_by_them(stores: AuthStores) -> None:
    """An operator registers a subject and nothing else."""
    bare = ProviderSubject(provider="alipay", appid="2021", subject="u1")
    link = await stores.residents.lead(bare, link_to(bare, 1))
    assert await stores.residents.link_of(named("o1", open_id="o1", user_id="u1")) == link


async def test_two_first_sights_under_two_names_make_one_link(stores: AuthStores) -> None:
    subjects = [named("u1", user_id="u1"), named("o1", open_id="o1", user_id="u1")] * 4
    links = await asyncio.gather(
        *(stores.residents.lead(each, link_to(each, number)) for number, each in enumerate(subjects))
    )
    assert len({link.id for link in links}) == 1


async def test_a_name_that_leads_elsewhere_stays_there(stores: AuthStores) -> None:
    old, new = named("u1", user_id="u1"), named("o1", open_id="o1")
    for number, each in enumerate((old, new)):
        await stores.residents.lead(each, link_to(each, number))
    both = named("o1", open_id="o1", user_id="u1")
    link = await stores.residents.link_of(both)
    assert link is not None
    await stores.residents.rename(link, both.alternates, now=NOW)
    found = [await stores.residents.link_of(each) for each in (old, new)]
    assert [each and each.resident for each in found] == ["resident-0", "resident-1"]


# --- packets -----------------------------------------------------------------------------------------


async def test_of_two_sessions_at_once_one_takes_a_packet(stores: AuthStores) -> None:
    taken = await asyncio.gather(
        *(stores.packets.take(b"d" * 32, session=f"s{number}", now=NOW) for number in range(8))
    )
    assert sorted(taken) == [False] * 7 + [True]


async def test_a_way_in_is_read_with_who_is_behind_it(stores: AuthStores) -> None:
    assert await stores.residents.behind(SUBJECT) == (None, None)
    led = await stores.residents.lead(SUBJECT, link("a"))
    assert await stores.residents.behind(SUBJECT) == (led, None)
    li = await stores.residents.ensure(resident("resident-a"))
    assert await stores.residents.behind(SUBJECT) == (led, li)
    strangers = [named(f"stranger-{n}") for n in range(5)]
    found = await asyncio.gather(*(stores.residents.behind(each) for each in (*strangers, SUBJECT)))
    assert found == [(None, None)] * 5 + [(led, li)]

"""Who leaves may act for nobody any more, nobody acts for them, and nothing of them is kept in a grant."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from auth_bridges.models import (
    NOBODY,
    ActingGrant,
    ConsentPurpose,
    GrantEnding,
    Guardianship,
    LegalPerson,
    NoticeKind,
)
from auth_bridges.refusals import GrantNotInForce, GrantUnknown
from auth_bridges.registrar import RegisterResident, WayIn
from bff.platform.mongo import Database
from miniapp_schemas.acting import GrantState
from tests.auth_fakes import NOW, PHONE, FakeBridge, World

# The district code of a municipality as a whole: nobody's.
MOTHER, FATHER, CHILD, ELDER, BOSS = (f"3100001990030700{n}7" for n in range(1, 6))
NAMES = {MOTHER: "林晓月", FATHER: "陈志远", ELDER: "王桂芳", BOSS: "李国强", CHILD: "林小满"}
NEW, READ = "310000200310100018", "wallet:read"
SEVEN = timedelta(days=7)
MONTH = NOW + timedelta(days=30)
TEAHOUSE = LegalPerson(uscc="91310000990000116X", name="听潮茶业有限公司")


@pytest.fixture
async def town(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    for number in NAMES:
        await register(made, number)
    child = Guardianship(child_name=NAMES[CHILD], born=date(2010, 5, 21))
    made.family.entries |= {(MOTHER, CHILD): child, (FATHER, CHILD): child}
    return made


async def register(town: World, number: str) -> None:
    way_in = WayIn(provider="wechat", appid=FakeBridge.appid, subject=number)
    await town.registrar.register(RegisterResident(id_number=number, name=NAMES[number], links=(way_in,)))


async def relative(town: World, agent: str, whom: str) -> ActingGrant:
    """Leave for ``agent`` that ``whom`` confirmed."""
    asked = await town.acting.ask_relative((await town.signed_in(agent)).resident, whom, [READ], MONTH)
    elder = await town.signed_in(whom)
    grant, _ = await town.acting.confirm(elder.resident, elder.session, asked.id, None)
    return grant


async def leaves(town: World, number: str) -> None:
    await town.accounts.leaving.request(await town.signed_in(number))
    town.clock.pass_(SEVEN)
    await town.accounts.settle()


async def kept(town: World, grant: ActingGrant) -> ActingGrant:
    found = await town.stores.grants.get(grant.id)
    assert found is not None
    return found


async def notices(town: World, number: str) -> list[NoticeKind]:
    """What somebody was told since leave to act for them began."""
    me = await town.signed_in(number)
    told = [each.kind for each in await town.stores.notices.of([me.resident], limit=20)]
    return [kind for kind in told if kind is not NoticeKind.ACTING_BEGUN]


@pytest.mark.parametrize("leaving", [BOSS, ELDER])
async def test_whichever_side_leaves_the_other_is_told_and_its_tokens_die(town: World, leaving: str) -> None:
    grant = await relative(town, BOSS, ELDER)
    await leaves(town, leaving)
    left = await kept(town, grant)
    assert (left.ended_why, left.agent_name, left.whom_name) == (GrantEnding.ACCOUNT_DELETED, None, None)
    assert town.personal.hash(leaving) not in (left.agent, left.whom)
    assert grant.id in (await town.stores.ended.since("0-0"))[1]
    assert town.audit.kinds.count(("grant.ended", "account_deleted")) == 1
    other = await town.signed_in(ELDER if leaving == BOSS else BOSS)
    ((seen, _),) = await town.acting.grants(other.resident, other.session, before=None, limit=5)
    assert town.acting.state(seen) is GrantState.ENDED
    assert await notices(town, ELDER if leaving == BOSS else BOSS) == [NoticeKind.ACTING_LEFT]
    with pytest.raises(GrantNotInForce if leaving == ELDER else GrantUnknown):
        await town.acting.switch(other.resident, other.session, grant.id)


async def test_a_guardian_who_left_keeps_no_place_and_comes_back_as_nobodys(
    town: World, mongo_database: Database
) -> None:
    mother, father = await town.by_phone(MOTHER), await town.by_phone(FATHER)
    hers = await town.acting.claim_child(mother, CHILD)
    his = await town.acting.claim_child(father, CHILD)
    await town.stores.notices.forget([mother.resident])
    await leaves(town, FATHER)
    left = await kept(town, his)
    assert (left.ended_why, left.place, left.child) == (GrantEnding.ACCOUNT_DELETED, None, None)
    document = await mongo_database["acting_grants"].find_one({"_id": his.id})
    for trace in (town.personal.hash(FATHER), "陈**", "林*满"):
        assert trace not in repr(document)
    assert await notices(town, MOTHER) == [NoticeKind.GUARDIAN_ENDED]
    assert NoticeKind.ACTING_LEFT in await notices(town, CHILD)
    mother = await town.signed_in(MOTHER)
    await town.acting.switch(mother.resident, mother.session, hers.id)
    # The same person, with another account: a claim of their own, or nothing.
    await register(town, FATHER)
    back = await town.by_phone(FATHER)
    assert back.resident != father.resident
    assert await town.acting.grants(back.resident, back.session, before=None, limit=5) == []
    with pytest.raises(GrantUnknown):
        await town.acting.switch(back.resident, back.session, his.id)
    again = await town.acting.claim_child(back, CHILD)
    assert (again.id != his.id, town.acting.state(again)) == (True, GrantState.ACTIVE)


async def test_a_guardians_leave_goes_on_when_the_childs_account_goes(town: World) -> None:
    """It rests on the family register; an account of a child is no way around that."""
    hers = await town.acting.claim_child(await town.by_phone(MOTHER), CHILD)
    await leaves(town, CHILD)
    mother = await town.signed_in(MOTHER)
    await town.acting.switch(mother.resident, mother.session, hers.id)
    assert (await kept(town, hers)).ended_at is None
    assert ("grant.ended", "account_deleted") not in town.audit.kinds


async def test_what_somebody_granted_for_an_organisation_ends_with_their_account(town: World) -> None:
    boss, agent = await town.signed_in(BOSS), await town.signed_in(ELDER)
    town.legal.proved[boss.resident, boss.session] = [TEAHOUSE]
    offered = await town.acting.appoint(
        boss.resident, boss.session, uscc=TEAHOUSE.uscc, agent=ELDER, scopes=[READ], until=MONTH
    )
    await town.acting.confirm(agent.resident, agent.session, offered.id, None)
    await leaves(town, BOSS)
    left = await kept(town, offered)
    assert (left.ended_why, left.granted_by, left.whom) == (
        GrantEnding.ACCOUNT_DELETED,
        None,
        offered.whom,
    )
    assert await notices(town, ELDER) == [NoticeKind.ACTING_LEFT]


async def test_when_the_second_side_leaves_what_ended_long_before_is_erased_and_not_told_again(
    town: World,
) -> None:
    grant = await relative(town, BOSS, ELDER)
    await leaves(town, BOSS)
    before = await kept(town, grant)
    await leaves(town, ELDER)
    left = await kept(town, grant)
    assert (left.agent, left.whom, left.ended_at) == (NOBODY, NOBODY, before.ended_at)
    assert town.audit.kinds.count(("grant.ended", "account_deleted")) == 1


async def test_who_withdraws_their_name_is_no_side_of_anything(town: World) -> None:
    """Without a name they could neither see nor end what others may do for them."""
    me = await town.signed_in("new")
    town.registry.names[NEW] = "周子涵"
    sent = await town.accounts.phones.send_code(me, "+8615400000001", PHONE)
    await town.accounts.phones.bind_by_sms(me, sent.request, town.phones.code("+8615400000001"))
    me = await town.signed_in("new")
    await town.accounts.proving.real_name(me, "周子涵", NEW, consent="real-name-1")
    me = await town.signed_in("new")
    asked = await town.acting.ask_relative((await town.signed_in(BOSS)).resident, NEW, [READ], MONTH)
    grant, _ = await town.acting.confirm(me.resident, me.session, asked.id, None)
    await town.accounts.consents.withdraw(me, ConsentPurpose.REAL_NAME)
    left = await kept(town, grant)
    assert (left.ended_why, left.whom, left.whom_name) == (GrantEnding.IDENTITY_WITHDRAWN, NOBODY, None)
    assert grant.id in (await town.stores.ended.since("0-0"))[1]
    assert town.audit.kinds.count(("grant.ended", "identity_withdrawn")) == 1
    assert await notices(town, BOSS) == [NoticeKind.ACTING_LEFT]


async def test_what_accounts_left_behind_that_went_before_grants_did_is_ended_once(
    town: World, mongo_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object, **__: object) -> None:
        return None

    left = [await relative(town, BOSS, ELDER), await relative(town, MOTHER, BOSS)]
    others = await relative(town, MOTHER, ELDER)
    hers = await town.acting.claim_child(await town.by_phone(MOTHER), CHILD)
    with monkeypatch.context() as patch:
        patch.setattr(town.accounts.leaving._grants_left, "end", nothing)
        await leaves(town, BOSS)
        await leaves(town, CHILD)
    await mongo_database["deletions"].update_many({}, {"$unset": {"grants_ended": ""}})
    assert [(await kept(town, each)).ended_at for each in left] == [None, None]
    # The same person, with another account, has been asked again since.
    town.clock.pass_(timedelta(minutes=1))
    await register(town, BOSS)
    since = await relative(town, FATHER, BOSS)
    for _ in range(2):
        await town.accounts.settle()
        for each in left:
            ended = await kept(town, each)
            assert ended.ended_why is GrantEnding.ACCOUNT_DELETED
            assert town.personal.hash(BOSS) not in (ended.agent, ended.whom)
        for each in (others, hers, since):
            assert (await kept(town, each)).ended_at is None
        assert {each.id for each in left} <= set((await town.stores.ended.since("0-0"))[1])
        assert town.audit.kinds.count(("grant.ended", "account_deleted")) == 2
        assert await notices(town, ELDER) == [NoticeKind.ACTING_LEFT]
        assert NoticeKind.ACTING_LEFT in await notices(town, MOTHER)
        assert await town.stores.deletions.leaving_grants() == []


async def test_who_was_merged_takes_their_grants_along(town: World) -> None:
    grant = await relative(town, BOSS, ELDER)
    await town.signed_in("a", town.alipay)
    await town.link(await town.signed_in(BOSS), "a")
    await town.accounts.leaving.request(await town.signed_in("a", town.alipay))
    town.clock.pass_(SEVEN)
    await town.accounts.settle()
    assert (await kept(town, grant)).ended_why is GrantEnding.ACCOUNT_DELETED


@pytest.mark.parametrize("place", ["remember", "of_leaving", "end", "announce", "audit", "notify", "erase"])
async def test_a_deletion_that_died_over_a_grant_ends_it_whole_the_next_time(
    town: World, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grants = [await relative(town, BOSS, ELDER), await relative(town, MOTHER, BOSS)]
    await town.accounts.leaving.request(await town.signed_in(BOSS))
    town.clock.pass_(SEVEN)
    left, stores = town.accounts.leaving._grants_left, town.stores
    places: dict[str, tuple[object, str]] = {
        "remember": (stores.deletions, "remember"),
        "of_leaving": (stores.grants, "of_leaving"),
        "end": (stores.grants, "end"),
        "announce": (stores.ended, "announce"),
        "audit": (left, "_audit"),
        "notify": (left, "_notify"),
        "erase": (stores.grants, "erase"),
    }

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(*places[place], dies)
        with pytest.raises(ConnectionError):
            await town.accounts.settle()
    await town.accounts.settle()
    _, ended = await stores.ended.since("0-0")
    for grant in grants:
        after = await kept(town, grant)
        assert (after.ended_why, grant.id in ended) == (GrantEnding.ACCOUNT_DELETED, True)
        assert town.personal.hash(BOSS) not in (after.agent, after.whom)
    assert ("grant.ended", "account_deleted") in town.audit.kinds
    assert [NoticeKind.ACTING_LEFT] == await notices(town, ELDER) == await notices(town, MOTHER)
    assert await stores.deletions.due(town.clock()) == []

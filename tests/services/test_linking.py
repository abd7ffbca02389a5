"""Ways into an account: added, taken away, and two accounts that turn out to be one person's."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.models import Actor, Ending, MergeCase, MergeState, NoticeKind, Standing, StoredSession
from auth_bridges.refusals import (
    AccountDisabled,
    CodeAlreadyUsed,
    LastWayIn,
    LinkTaken,
    LinkUnknown,
    MergeNotReversible,
    MergeNotWaiting,
    MergeUnknown,
    ProviderNotOffered,
    SessionEnded,
)
from auth_bridges.registrar import RegisterResident, WayIn
from auth_bridges.rules.linking import REVERSIBLE
from bff.platform.mongo import Database
from tests.auth_fakes import PHONE, FakeAlipay, FakeBridge, World

LIN = RegisterResident(
    id_number="990101199003070019",
    name="林小满",
    links=(WayIn(provider="wechat", appid=FakeBridge.appid, subject="lin-w"),),
)
CHEN = RegisterResident(
    id_number="990101198511020038",
    name="陈志远",
    links=(WayIn(provider="alipay", appid=FakeAlipay.appid, subject="chen-a"),),
)


@pytest.fixture
async def world(mongo_database: Database, redis: Redis, tmp_path: Path) -> World:
    made = World(mongo_database, redis, tmp_path)
    await made.stores.ensure_indexes()
    return made


async def merged(world: World) -> tuple[Actor, Actor, MergeCase]:
    """Somebody older through WeChat, the same through Alipay, found to be one."""
    older = await world.signed_in("w")
    world.clock.pass_(timedelta(seconds=1))
    younger = await world.signed_in("a", world.alipay)
    case = (await world.link(older, "a")).case
    assert case is not None
    return older, younger, case


# --- linking -----------------------------------------------------------------------------------------


async def test_a_second_way_in_leads_to_the_same_resident(world: World) -> None:
    me = await world.signed_in("w")
    linked = await world.link(me, "a")
    assert linked.link is not None
    assert (await world.signed_in("a", world.alipay)).resident == me.resident
    seen = await world.accounts.overviews.of(await world.signed_in("w"))
    assert [each.provider for each in seen.links] == ["wechat", "alipay"]
    assert [each.kind for each in seen.notices] == [NoticeKind.LINKED]
    assert ("link.added", "ok") in world.audit.kinds


async def test_linked_twice_it_is_linked_once(world: World) -> None:
    me = await world.signed_in("w")
    first, second = await world.link(me, "a"), await world.link(me, "a")
    assert first.link == second.link
    assert len((await world.accounts.overviews.of(me)).notices) == 1


async def test_the_other_side_is_proved_by_a_code_of_its_own_once(world: World) -> None:
    me = await world.signed_in("w")
    code = world.code("a", world.alipay)
    await world.accounts.linking.link(me, "alipay", code)
    with pytest.raises(CodeAlreadyUsed):
        await world.accounts.linking.link(me, "alipay", code)


async def test_a_provider_the_city_has_not_set_up_is_not_offered(world: World) -> None:
    with pytest.raises(ProviderNotOffered):
        await world.accounts.linking.link(await world.signed_in("w"), "elsewhere", "code")


async def test_two_that_link_one_way_in_at_once_are_found_to_be_one(world: World) -> None:
    one, other = await world.signed_in("w1"), await world.signed_in("w2")
    done = await asyncio.gather(world.link(one, "a"), world.link(other, "a"))
    assert sum(each.link is not None for each in done) == 1
    assert [each.case.state for each in done if each.case is not None] == [MergeState.MERGED]
    assert (await world.signed_in("w1")).resident == (await world.signed_in("w2")).resident


async def test_who_was_merged_while_linking_must_sign_in_again(world: World) -> None:
    older, younger, _ = await merged(world)
    with pytest.raises(SessionEnded):
        await world.link(younger, "another")
    assert (await world.link(older, "another")).link is not None


# --- unlinking ---------------------------------------------------------------------------------------


async def test_the_last_way_in_stays(world: World) -> None:
    me = await world.signed_in("w")
    (only,) = (await world.accounts.overviews.of(me)).links
    with pytest.raises(LastWayIn):
        await world.accounts.linking.unlink(me, only.id)


async def test_a_way_in_taken_away_leads_to_a_stranger_and_its_sessions_end(world: World) -> None:
    me = await world.signed_in("w")
    await world.link(me, "a")
    by_alipay = await world.signed_in("a", world.alipay)
    link = (await world.accounts.overviews.of(me)).links[1]
    await world.accounts.linking.unlink(me, link.id)
    ended = await world.stores.sessions.get(by_alipay.session)
    kept = await world.stores.sessions.get(me.session)
    assert ended is not None
    assert kept is not None
    assert (ended.ended_why, kept.ended_why) == (Ending.UNLINKED, None)
    assert (await world.signed_in("a", world.alipay)).resident != me.resident


async def test_one_of_two_ways_in_at_a_provider_taken_away_leaves_the_others_sessions(world: World) -> None:
    me = await world.signed_in("first")
    link = (await world.link(me, "second", world.bridge)).link
    assert link is not None
    by_the_other = await world.signed_in("second")
    assert by_the_other.resident == me.resident
    await world.accounts.linking.unlink(me, link.id)
    sessions = [await world.stores.sessions.get(each.session) for each in (me, by_the_other)]
    assert [each and each.ended_why for each in sessions] == [None, Ending.UNLINKED]


async def test_a_way_in_of_somebody_else_is_unknown(world: World) -> None:
    me, other = await world.signed_in("w1"), await world.signed_in("w2")
    (theirs,) = (await world.accounts.overviews.of(other)).links
    with pytest.raises(LinkUnknown):
        await world.accounts.linking.unlink(me, theirs.id)


async def test_two_unlinkings_at_once_leave_one_way_in(world: World) -> None:
    for n in range(5):
        me = await world.signed_in(f"w{n}")
        await world.link(me, f"a{n}")
        links = (await world.accounts.overviews.of(me)).links
        done = await asyncio.gather(
            *(world.accounts.linking.unlink(me, each.id) for each in links), return_exceptions=True
        )
        assert sum(isinstance(each, LastWayIn) for each in done) == 1
        assert len(await world.stores.residents.links_of([me.resident])) == 1


@pytest.mark.parametrize("touch", ["scheduler", "sign-in"])
async def test_an_unlinking_that_died_half_way_is_finished_on_the_next_touch(
    world: World, touch: str
) -> None:
    me = await world.signed_in("w")
    link = (await world.link(me, "a")).link
    assert link is not None
    by_alipay = await world.signed_in("a", world.alipay)
    resident = await world.stores.residents.get(me.resident)
    assert resident is not None
    await world.stores.residents.leave(resident, link.id, at=world.clock())  # and then it died
    if touch == "scheduler":
        await world.accounts.settle()
    else:
        assert (await world.signed_in("a", world.alipay)).resident != me.resident
    ended = await world.stores.sessions.get(by_alipay.session)
    assert ended is not None
    assert ended.ended_why is Ending.UNLINKED
    assert await world.stores.residents.leaving() == []


# --- merging -----------------------------------------------------------------------------------------


async def test_a_way_in_that_led_to_another_merges_into_the_older(world: World) -> None:
    older, younger, case = await merged(world)
    assert (case.survivor, case.absorbed) == (older.resident, younger.resident)
    assert case.state is MergeState.MERGED
    assert (await world.signed_in("a", world.alipay)).resident == older.resident
    ended = await world.stores.sessions.get(younger.session)
    assert ended is not None
    assert ended.ended_why is Ending.MERGED
    for side in (older, younger):
        told = await world.stores.notices.of([side.resident], limit=9)
        assert NoticeKind.MERGED in [each.kind for each in told]


async def test_the_higher_level_goes_on_whoever_asked(world: World) -> None:
    await world.registrar.register(LIN)
    stranger = await world.signed_in("a", world.alipay)
    done = await world.link(stranger, "lin-w", world.bridge)
    assert done.case is not None
    assert done.case.absorbed == stranger.resident
    assert (await world.auth.sign_in("alipay", world.code("a", world.alipay), PHONE)).display_name == "林**"


async def test_a_merge_undone_restores_both(world: World) -> None:
    older, younger, case = await merged(world)
    again = await world.signed_in("w")
    undone = await world.accounts.undo_merge(again, case.id)
    assert undone.state is MergeState.UNDONE
    assert (await world.signed_in("w")).resident == older.resident
    assert (await world.signed_in("a", world.alipay)).resident == younger.resident
    ended = await world.stores.sessions.get(again.session)
    assert ended is not None
    assert ended.ended_why is Ending.MERGED
    # and found again later, they are merged again
    found = (await world.link(await world.signed_in("w"), "a")).case
    assert found is not None
    assert (found.state, found.id != case.id) == (MergeState.MERGED, True)


async def test_a_merge_is_not_undone_after_thirty_days_nor_by_others(world: World) -> None:
    _, _, case = await merged(world)
    with pytest.raises(MergeUnknown):
        await world.accounts.undo_merge(await world.signed_in("nobody"), case.id)
    world.clock.pass_(REVERSIBLE)
    with pytest.raises(MergeNotReversible):
        await world.accounts.undo_merge(await world.signed_in("w"), case.id)


async def test_a_merge_is_not_undone_when_that_leaves_one_without_a_way_in(world: World) -> None:
    _, younger, case = await merged(world)
    me = await world.signed_in("w")
    theirs = next(
        each for each in (await world.accounts.overviews.of(me)).links if each.resident == younger.resident
    )
    await world.accounts.linking.unlink(me, theirs.id)
    with pytest.raises(MergeNotReversible):
        await world.accounts.undo_merge(me, case.id)
    kept = await world.stores.merges.get(case.id)
    assert kept is not None
    assert kept.state is MergeState.MERGED
    assert (await world.signed_in("w")).resident == case.survivor


async def test_unlinking_and_undoing_at_once_leave_nobody_without_a_way_in(world: World) -> None:
    for n in range(5):
        older = await world.signed_in(f"w{n}")
        world.clock.pass_(timedelta(seconds=1))
        await world.signed_in(f"a{n}", world.alipay)
        case = (await world.link(older, f"a{n}")).case
        assert case is not None
        links = (await world.accounts.overviews.of(older)).links
        await asyncio.gather(
            world.accounts.linking.unlink(older, links[n % 2].id),
            world.accounts.undo_merge(older, case.id),
            return_exceptions=True,
        )
        for side in (case.survivor, case.absorbed):
            root = await world.stores.residents.root_of(side)
            assert root is not None
            assert await world.stores.residents.links_of(await world.stores.residents.tree_of(root))


async def test_two_real_name_residents_wait_for_an_operator(world: World) -> None:
    await world.registrar.register(LIN)
    await world.registrar.register(CHEN)
    lin = await world.signed_in("lin-w")
    case = (await world.link(lin, "chen-a")).case
    assert case is not None
    assert case.state is MergeState.WAITING
    assert (await world.signed_in("chen-a", world.alipay)).resident != lin.resident
    again = (await world.link(lin, "chen-a")).case
    assert again == case
    assert await world.accounts.merging.waiting() == [case]


@pytest.mark.parametrize("merge", [True, False])
async def test_an_operator_decides_once(world: World, merge: bool) -> None:  # noqa: FBT001 - a parameter
    await world.registrar.register(LIN)
    await world.registrar.register(CHEN)
    case = (await world.link(await world.signed_in("lin-w"), "chen-a")).case
    assert case is not None
    decided = await world.accounts.merging.decide(case.id, merge=merge, operator="counter-7")
    assert decided.state is (MergeState.MERGED if merge else MergeState.REFUSED)
    one, other = await world.signed_in("lin-w"), await world.signed_in("chen-a", world.alipay)
    assert (one.resident == other.resident) is merge
    with pytest.raises(MergeNotWaiting):
        await world.accounts.merging.decide(case.id, merge=merge, operator="counter-7")
    with pytest.raises(MergeUnknown):
        await world.accounts.merging.decide("0" * 32, merge=merge, operator="counter-7")
    assert ("merge", "counter-7", decided.state.value) in world.audit.events


async def test_a_chain_of_merges_leads_to_the_last_and_comes_apart_in_any_order(world: World) -> None:
    people = []
    for n in range(3):
        people.append(await world.signed_in(f"w{n}"))
        world.clock.pass_(timedelta(seconds=1))
    last = (await world.link(people[1], "w2", world.bridge)).case
    first = (await world.link(people[0], "w1", world.bridge)).case
    assert first is not None
    assert last is not None
    assert (await world.signed_in("w2")).resident == people[0].resident
    await world.accounts.undo_merge(await world.signed_in("w0"), last.id)
    assert (await world.signed_in("w2")).resident == people[2].resident
    assert (await world.signed_in("w1")).resident == people[0].resident
    await world.accounts.undo_merge(await world.signed_in("w0"), first.id)
    assert (await world.signed_in("w1")).resident == people[1].resident


async def test_a_disabled_resident_is_merged_with_nobody(world: World) -> None:
    await world.registrar.register(LIN)
    off = RegisterResident(id_number=LIN.id_number, name=LIN.name, standing=Standing.DISABLED)
    await world.registrar.register(off)
    with pytest.raises(LinkTaken):
        await world.link(await world.signed_in("a", world.alipay), "lin-w", world.bridge)


async def test_who_is_disabled_does_not_come_in_by_the_account_that_took_theirs_in(world: World) -> None:
    for line in (LIN, CHEN):
        await world.registrar.register(line)
    lin = await world.signed_in("lin-w")
    case = (await world.link(lin, "chen-a", world.alipay)).case
    assert case is not None
    await world.accounts.merging.decide(case.id, merge=True, operator="counter-7")
    session = (await world.signed_in("lin-w")).session
    absorbed = await world.stores.residents.get(case.absorbed)
    assert absorbed is not None
    line = LIN if world.personal.hash(LIN.id_number) == absorbed.holder else CHEN
    await world.registrar.register(msgspec.structs.replace(line, standing=Standing.DISABLED))
    assert session in (await world.stores.ended.since("0-0"))[1]
    for subject, bridge in (("lin-w", world.bridge), ("chen-a", world.alipay)):
        with pytest.raises(AccountDisabled):
            await world.signed_in(subject, bridge)


@pytest.mark.parametrize("state", [MergeState.MERGING, MergeState.UNDOING])
async def test_a_merge_that_died_half_way_is_finished_by_the_scheduler(
    world: World, state: MergeState
) -> None:
    older, younger, case = await merged(world)
    sessions = [await world.signed_in("w"), await world.signed_in("a", world.alipay)]
    if state is MergeState.MERGING:
        await world.accounts.undo_merge(sessions[0], case.id)
        sessions = [await world.signed_in("a", world.alipay)]
        await _dies_in_merging(world, older, younger)
    else:
        begun = await world.stores.merges.step(case, MergeState.UNDOING)
        assert begun is not None
        await world.stores.merges.separate(begun)  # and then it died
    await world.accounts.settle()
    for each in sessions:
        ended = await world.stores.sessions.get(each.session)
        assert ended is not None
        assert ended.ended_why is Ending.MERGED
    assert await world.stores.merges.in_state(MergeState.MERGING, MergeState.UNDOING) == []


async def _dies_in_merging(world: World, older: Actor, younger: Actor) -> None:
    case = MergeCase(
        id="f" * 32,
        survivor=older.resident,
        absorbed=younger.resident,
        why=(await world.stores.merges.of([older.resident]))[0].why,
        state=MergeState.MERGING,
        opened_at=world.clock(),
        decided_at=world.clock(),
    )
    await world.stores.merges.open(case)
    await world.stores.merges.absorb(case)  # and then it died


async def test_who_was_slow_to_merge_does_not_merge_again_what_was_undone(world: World) -> None:
    older, younger, case = await merged(world)
    await world.accounts.undo_merge(await world.signed_in("w"), case.id)
    slow = MergeCase(
        id=case.id,
        survivor=case.survivor,
        absorbed=case.absorbed,
        why=case.why,
        state=MergeState.MERGING,
        opened_at=case.opened_at,
        decided_at=case.decided_at,
    )
    assert (await world.accounts.merging.finish(slow)).state is MergeState.UNDONE
    assert (await world.signed_in("a", world.alipay)).resident == younger.resident != older.resident


async def test_a_refresh_token_of_who_was_merged_is_worth_nothing(world: World) -> None:
    older = await world.signed_in("w")
    world.clock.pass_(timedelta(seconds=1))
    before = await world.auth.sign_in("alipay", world.code("a", world.alipay), PHONE)
    await world.link(older, "a")
    with pytest.raises(SessionEnded):
        await world.auth.refresh(before.refresh.text, PHONE)


@pytest.mark.parametrize("change", ["unlinked", "merged", "deleted"])
async def test_a_session_that_began_while_its_way_in_was_taken_away_is_over_at_once(
    world: World, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that ends sessions has run when this one is written: it is found by nobody but itself."""
    older = await world.signed_in("w")
    world.clock.pass_(timedelta(seconds=1))
    if change != "merged":
        await world.link(older, "a")
    else:
        await world.signed_in("a", world.alipay)
    opens = world.stores.sessions.open
    began: list[str] = []

    async def after_the_change(session: StoredSession) -> None:
        monkeypatch.undo()
        if change == "merged":
            await world.link(older, "a")
        elif change == "unlinked":
            links = (await world.accounts.overviews.of(older)).links
            await world.accounts.linking.unlink(older, links[1].id)
        else:
            await world.accounts.leaving.request(older)
            world.clock.pass_(timedelta(days=7))
            await world.accounts.settle()
        began.append(session.id)
        await opens(session)

    monkeypatch.setattr(world.stores.sessions, "open", after_the_change)
    with pytest.raises(SessionEnded):
        await world.signed_in("a", world.alipay)
    session = await world.stores.sessions.get(began[0])
    assert session is not None
    assert session.ended_why is Ending.LINK_MOVED

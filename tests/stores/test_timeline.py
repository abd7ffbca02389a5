"""From a fact to a plan, and from a plan to what is told: in one transaction each, on a real MongoDB."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from auth_bridges.models import GrantEnding
from auth_bridges.refusals import FamilyRegisterUnavailable
from bff.platform.push_timeline import LinkedPeople
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from miniapp_schemas.acting import ActingKind
from push.models import IntentState, Lane, MessageClass, Topic
from push.ports import Reader
from push.programmes import content
from push.refusals import NotYoursToDecide, SnoozeInvalid, TimelineItemUnknown
from push.store.shards import FenceLost
from push.timeline_models import FactKind, MilestoneState, Source
from tests.factories import ID_NUMBER, POLICE, id_card
from tests.push_town import NOW, Town, birth, dose, id_number

CHILD: Final = id_number(date(2026, 10, 1))
MOTHER: Final = id_number(date(1990, 3, 15), 902)
FATHER: Final = id_number(date(1988, 11, 2), 901)


class Waiting:
    """Knows whom to address once it is told to go on."""

    def __init__(self, people: LinkedPeople) -> None:
        self._people = people
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def readers_of(self, subjects: Mapping[str, date | None]) -> Mapping[str, Sequence[Reader]]:
        self.asked.set()
        await self.go_on.wait()
        return await self._people.readers_of(subjects)

    async def wards_of(self, resident: str) -> Mapping[str, Reader]:
        return await self._people.wards_of(resident)


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        yield Town(platform)


async def test_a_birth_record_becomes_a_timeline_its_guardian_sees(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)

    await town.born(CHILD)

    titles = await town.titles(mother)
    assert titles[0] == "乙肝疫苗 第2剂"
    assert len(titles) > 5


async def test_a_fact_said_again_is_one_and_with_other_content_is_refused(town: Town) -> None:
    first = await town.report(birth(CHILD))
    again = await town.report(birth(CHILD))
    other = await town.report(birth(CHILD, hukou="OTHER"))

    assert (first.recorded, again.recorded, again.repeated) == (1, 0, 1)
    assert other.items[0].code == "FACT_CONFLICT"


async def test_a_department_reports_what_it_is_registered_for(town: Town) -> None:
    receipt = await town.report(birth(CHILD), source=Source(id="x", kinds=frozenset({FactKind.DOSE})))

    assert receipt.items[0].code == "FACT_KIND_NOT_ALLOWED"


async def test_a_dose_recorded_settles_its_item_and_what_was_not_told_yet(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    await town.parts.ticker.once()
    before = {each.id: each for each in await town.intents()}
    assert {each.addressee for each in before.values()} == {mother.id}

    await town.report(dose(CHILD, "HepB", "2026-11-24"))

    cancelled = [each for each in await town.intents() if each.state is IntentState.CANCELLED]
    assert [each.milestone for each in cancelled] == ["soon@2026-11-01"]
    assert "乙肝疫苗 第2剂" not in await town.titles(mother)
    assert "乙肝疫苗 第3剂" in await town.titles(mother)


async def test_thirty_doses_of_one_child_said_at_once_do_not_make_each_other_begin_again(town: Town) -> None:
    await town.born(CHILD)
    doses = [dose(CHILD, "HepB", "2026-10-01") | {"sourceId": f"at-once-{order}"} for order in range(30)]
    before = await _begun_again(town)

    told = await asyncio.gather(*(town.report(each) for each in doses))

    assert sum(each.recorded for each in told) == len(doses)
    assert await _begun_again(town) == before


async def _begun_again(town: Town) -> int:
    status = await town.platform._mongo.client.admin.command("serverStatus")
    return int(status["transactions"]["totalAborted"])


async def test_a_dose_taken_back_is_due_again_and_told_again(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    await town.parts.ticker.once()
    recorded = dose(CHILD, "HepB", "2026-11-24")
    await town.report(recorded)

    await town.report({**recorded, "sourceId": "back", "supersedes": recorded["sourceId"], "void": True})
    await town.parts.ticker.once()

    assert "乙肝疫苗 第2剂" in await town.titles(mother)
    assert {each.state for each in await town.intents()} == {IntentState.CREATED}


async def test_nobody_is_told_twice_however_often_it_is_planned(town: Town) -> None:
    await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    await town.parts.ticker.once()
    told = [each.id for each in await town.intents()]

    for _ in range(3):
        await town.parts.planner.replan([town.key(CHILD)])
        await town.parts.ticker.once()

    assert [each.id for each in await town.intents()] == told


async def test_of_two_tickers_at_once_each_notice_is_meant_once(town: Town) -> None:
    children = [id_number(date(2026, 10, 1), order) for order in range(1, 41)]
    mother = await town.resident(MOTHER)
    for child in children:
        await town.link(MOTHER, child)
    await town.report(*map(birth, children))

    done = await asyncio.gather(*(town.another().ticker.once() for _ in range(4)))

    intents = await town.intents()
    assert len(intents) == sum(each.intents for each in done)
    assert len({(each.about, each.item, each.milestone) for each in intents}) == len(intents)
    assert {each.addressee for each in intents} == {mother.id}
    assert {each.about for each in intents} == {town.key(child) for child in children}


async def test_a_ticker_whose_clock_is_an_hour_off_holds_a_claim_no_longer_and_tells_nobody_twice(
    town: Town,
) -> None:
    await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    ahead, behind = (Town(town.platform, NOW + timedelta(hours=hours)) for hours in (1, -1))
    shard = (await town.milestones(CHILD))[0].shard
    # A claim is by the server's clock, and so nobody's who is early.
    assert await behind.parts.shards.claim([shard], "behind") is not None
    assert await ahead.parts.shards.claim([shard], "ahead") is None
    await town.platform._mongo["push_shards"].update_one({"_id": shard}, {"$set": {"until": NOW}})

    for _ in range(24 * 40):
        for each in (ahead, town, behind):
            each.now += timedelta(hours=1)
        if town.now.hour in (0, 1):
            await asyncio.gather(*(each.parts.ticker.once() for each in (ahead, town, behind)))

    told = Counter((each.item, each.milestone, each.addressee) for each in await town.intents())
    assert len(told) > 2
    assert set(told.values()) == {1}


async def test_a_claim_that_ran_out_fires_nothing(town: Town) -> None:
    await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    slow, other = town.parts.ticker, town.another().ticker
    shard = (await town.milestones(CHILD))[0].shard
    claim = await town.parts.shards.claim([shard, 0, 1], "slow")
    assert claim is not None
    assert await town.parts.shards.claim([shard], "other") is None
    slow._readers = waiting = Waiting(town.parts.linked)
    firing = asyncio.create_task(slow._fire(claim))
    await waiting.asked.wait()

    await town.lease_ends(shard)
    await other.once()
    told = await town.intents()
    waiting.go_on.set()
    with pytest.raises(FenceLost):
        await firing

    assert told
    assert await town.intents() == told


async def test_a_nights_outage_is_caught_up_and_what_is_of_no_use_lapses(town: Town) -> None:
    await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    town.now = datetime(2026, 10, 2, 4, tzinfo=UTC)
    await town.born(CHILD)

    town.now = datetime(2026, 12, 30, 4, tzinfo=UTC)
    await town.parts.ticker.once()

    states = {each.name: each.state for each in await town.milestones(CHILD) if each.due_at < town.now}
    assert states["soon@2026-11-01"] is MilestoneState.LAPSED
    assert states["soon@2026-12-01"] is MilestoneState.FIRED
    assert {each.milestone for each in await town.intents()} == {"soon@2026-12-01"}


async def test_a_clock_that_was_moved_tells_nothing_twice(town: Town) -> None:
    await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    await town.parts.ticker.once()

    town.now = NOW + timedelta(days=40)
    await town.parts.ticker.once()
    ahead = await town.intents()
    town.now = NOW
    await town.parts.ticker.once()
    town.now = NOW + timedelta(days=40)
    await town.parts.ticker.once()

    assert [each.id for each in await town.intents()] == [each.id for each in ahead]


async def test_where_nobody_is_linked_it_stays_in_the_list_and_is_told_once_somebody_is(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.born(CHILD)
    done = await town.parts.ticker.once()
    assert (done.fired, await town.intents()) == (0, [])
    assert done.unread > 0

    await town.link(MOTHER, CHILD)
    assert "乙肝疫苗 第2剂" in await town.titles(mother)
    town.now += timedelta(hours=1)
    await town.parts.ticker.once()

    assert {each.addressee for each in await town.intents()} == {mother.id}


async def test_a_child_is_never_addressed_and_only_its_linked_guardians_are(town: Town) -> None:
    mother, father = await town.resident(MOTHER), await town.resident(FATHER)
    await town.resident(CHILD)
    await town.link(MOTHER, CHILD)
    await town.link(FATHER, CHILD, ActingKind.FAMILY)
    await town.born(CHILD)

    await town.parts.ticker.once()

    assert {each.addressee for each in await town.intents()} == {mother.id}
    assert father.id != mother.id


async def test_a_guardian_whose_grant_ended_is_told_and_shown_nothing(town: Town) -> None:
    mother = await town.resident(MOTHER)
    grant = await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    await town.platform.auth_stores.grants.end(grant.id, GrantEnding.BY_PRINCIPAL, now=town.now)

    await town.parts.ticker.once()

    assert await town.intents() == []
    assert await town.titles(mother) == []


async def test_from_fourteen_on_a_child_is_addressed_itself_and_the_guardian_too(town: Town) -> None:
    girl = id_number(date(2013, 1, 10), 2)
    mother, daughter = await town.resident(MOTHER), await town.resident(girl)
    await town.link(MOTHER, girl)
    await town.report(birth(girl), dose(girl, "2vHPV", "2026-06-01"))
    await town.parts.ticker.once()
    assert {each.addressee for each in await town.intents()} == {mother.id}

    town.now = datetime(2027, 1, 20, 4, tzinfo=UTC)
    await town.report(dose(girl, "2vHPV", "2026-12-10"))
    await town.report(
        {
            "sourceId": "x",
            "idNumber": girl,
            "facts": {"kind": "INSURANCE", "scheme": "RESIDENT_MEDICAL", "dueOn": "2027-01-25"},
        }
    )
    await town.parts.ticker.once()

    late = [each for each in await town.intents() if each.created_at > NOW + timedelta(days=1)]
    assert {each.addressee for each in late} == {mother.id, daughter.id}


async def test_twins_have_a_timeline_each(town: Town) -> None:
    twin = id_number(date(2026, 10, 1), 3)
    mother = await town.resident(MOTHER)
    for child in (CHILD, twin):
        await town.link(MOTHER, child)
        await town.born(child)

    await town.report(dose(CHILD, "HepB", "2026-11-24"))

    titles = await town.titles(mother)
    assert titles.count("乙肝疫苗 第2剂") == 1
    assert titles.count("乙肝疫苗 第3剂") == 1


async def test_siblings_whose_masked_names_are_the_same_are_told_apart_by_their_order(town: Town) -> None:
    older, twin = id_number(date(2024, 3, 1)), id_number(date(2026, 10, 1), 3)
    mother, father = await town.resident(MOTHER), await town.resident(FATHER, "林志远")
    for child in (twin, older, CHILD):
        await town.link(MOTHER, child)
        await town.born(child)
    await town.link(FATHER, CHILD)
    named = {town.key(older): "林*满(1)", town.key(CHILD): "林*满(2)", town.key(twin): "林*满(3)"}
    shown = await town.parts.linked.wards_of(mother.id)
    assert {whom: reader.name for whom, reader in shown.items() if not reader.own} == named
    # One at a time as well: who is told of one child alone still has the others.
    for child, name in named.items():
        readers = (await town.parts.linked.readers_of({child: None}))[child]
        told = {reader.resident: reader.name for reader in readers}
        assert told[mother.id] == name
        assert told.get(father.id, "林*满") == "林*满"


async def test_what_a_guardian_says_of_an_item_is_kept_by_every_plan(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    timeline, viewer = town.parts.timeline, town.viewer(mother)
    first, second, *_ = (await timeline.page(viewer, closed=False, cursor=None, limit=10)).items

    done = await timeline.done(viewer, first.id)
    assert await timeline.done(viewer, first.id) == done
    await timeline.not_applicable(viewer, second.id)
    await town.parts.planner.replan([town.key(CHILD)])
    await town.parts.ticker.once()

    assert await town.titles(mother, closed=True) == [first.title.zh, second.title.zh]
    assert {each.item for each in await town.intents()}.isdisjoint({first.id, second.id})

    reopened = await timeline.reopen(viewer, first.id)
    await town.parts.ticker.once()
    assert reopened.state == "open"
    assert first.id in {each.item for each in await town.intents()}


async def test_a_snoozed_item_is_told_again_when_its_time_has_come(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    timeline, viewer = town.parts.timeline, town.viewer(mother)
    first, *_ = (await timeline.page(viewer, closed=False, cursor=None, limit=10)).items
    until = town.now + timedelta(days=3)

    snoozed = await timeline.snooze(viewer, first.id, until)
    assert await timeline.snooze(viewer, first.id, until) == snoozed
    await town.parts.ticker.once()
    assert first.id not in {each.item for each in await town.intents()}

    town.now = until
    await town.parts.planner.replan([town.key(CHILD)])
    await town.parts.ticker.once()
    told = [each.milestone for each in await town.intents() if each.item == first.id]
    assert told == [f"again@{until.isoformat()}"]


async def test_nobody_is_reminded_in_the_past_or_in_another_year(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    timeline, viewer = town.parts.timeline, town.viewer(mother)
    first = (await timeline.next(viewer, 1))[0]

    for until in (town.now, town.now + timedelta(days=400)):
        with pytest.raises(SnoozeInvalid):
            await timeline.snooze(viewer, first.id, until)


async def test_nobody_is_reminded_when_it_is_too_late_and_of_what_is_late_already_they_are(
    town: Town,
) -> None:
    mother = await town.resident(MOTHER)
    timeline, viewer = town.parts.timeline, town.viewer(mother)
    due = {"kind": "INSURANCE", "scheme": "RESIDENT_MEDICAL", "dueOn": "2026-11-28"}
    await town.report({"sourceId": "paid-1", "idNumber": MOTHER, "facts": due})
    (item,) = await timeline.next(viewer, 1)

    with pytest.raises(SnoozeInvalid):
        await timeline.snooze(viewer, item.id, town.now + timedelta(days=4))
    assert (await timeline.snooze(viewer, item.id, town.now + timedelta(days=3))).state == "snoozed"

    town.now += timedelta(days=4)
    assert (await timeline.snooze(viewer, item.id, town.now + timedelta(days=7))).state == "snoozed"


async def test_anothers_item_is_unknown_and_a_child_does_not_decide(town: Town) -> None:
    mother, father, child = [await town.resident(number) for number in (MOTHER, FATHER, CHILD)]
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    timeline = town.parts.timeline
    first = (await timeline.next(town.viewer(mother), 1))[0]

    with pytest.raises(TimelineItemUnknown):
        await timeline.done(town.viewer(father), first.id)
    with pytest.raises(NotYoursToDecide):
        await timeline.done(town.viewer(child), first.id)
    assert not (await timeline.next(town.viewer(child), 1))[0].decides


async def test_pages_follow_each_other_and_nothing_is_in_two(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    timeline, viewer = town.parts.timeline, town.viewer(mother)
    whole = await timeline.page(viewer, closed=False, cursor=None, limit=100)

    seen, cursor = [], None
    while True:
        page = await timeline.page(viewer, closed=False, cursor=cursor, limit=2)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == whole.items
    assert whole.next_cursor is None


async def test_another_edition_says_what_it_changes_and_a_walk_cut_short_goes_on(town: Town) -> None:
    children = [id_number(date(2024, 12, 1), order) for order in range(1, 121)]
    town.now = datetime(2024, 12, 20, 4, tzinfo=UTC)
    await town.report(*map(birth, children))
    planner = town.parts.planner
    keys = [town.key(child) for child in children]
    preview = await planner.preview(keys, town.parts.catalogue.by_edition("cn-nip-2026"))

    town.now = datetime(2025, 1, 2, 4, tzinfo=UTC)
    assert await planner.walk(told=_never) is None
    assert 0 < await planner.left() < len(children)
    done = await town.another().planner.walk(told=_always)

    assert done is not None
    assert (done.people, done.moved) == (120, 120)
    assert (preview.moved, preview.added) == (240, 60)  # and for the girls the vaccine they get at thirteen
    assert {(each.change, each.item) for each in done.examples} == {("moved", "vaccination/dtap-1")}
    assert await planner.left() == 0
    assert await planner.walk(told=_never) == done


async def _never(_: int) -> bool:
    return False


async def _always(_: int) -> bool:
    return True


async def test_a_certificate_that_ends_is_on_its_holders_timeline(town: Town) -> None:
    holder = await town.resident(ID_NUMBER)
    card = id_card(valid_until=date(2027, 1, 10))
    town.now = datetime.now(UTC)

    await town.platform.issuing.issue(POLICE, card)
    town.now += timedelta(minutes=1)
    await town.parts.ticker.once()

    assert await town.titles(holder) == ["居民身份证 到期换领"]


async def test_what_was_done_for_one_term_is_due_in_the_next_and_what_is_not_for_one_stays_so(
    town: Town,
) -> None:
    wang = id_number(date(1948, 9, 9), 906)
    resident = await town.resident(wang)
    viewer = town.viewer(resident)
    drawn = {"kind": "PENSION", "entitledFrom": "2003-09-09", "confirmedOn": "2025-12-01"}
    await town.report({"sourceId": "p1", "idNumber": wang, "facts": drawn})
    first = (await town.parts.timeline.next(viewer, 1))[0]
    await town.parts.timeline.done(viewer, first.id)
    await town.parts.planner.replan([town.key(wang)])
    assert await town.titles(resident) == []

    again = {"sourceId": "p2", "idNumber": wang, "facts": {**drawn, "confirmedOn": "2026-11-25"}}
    await town.report(again)

    (item,) = (await town.parts.timeline.page(viewer, closed=False, cursor=None, limit=9)).items
    assert (item.id, item.window_to, item.status) == (first.id, date(2027, 11, 25), "not_yet_due")
    assert {each.state for each in await town.milestones(wang)} == {MilestoneState.WAITING}


async def test_a_child_that_moved_house_is_asked_to_schools_where_it_lives_now(town: Town) -> None:
    mother = await town.resident(MOTHER)
    child = id_number(date(2020, 8, 31))
    await town.link(MOTHER, child)
    town.now = datetime(2026, 4, 14, 4, tzinfo=UTC)
    home = {"kind": "HOUSEHOLD", "district": "330102", "since": "2020-09-01"}
    await town.report({"sourceId": "h1", "idNumber": child, "facts": home})
    assert await town.titles(mother) == []

    moved = {"kind": "HOUSEHOLD", "district": "310104", "since": "2026-01-01"}
    await town.report({"sourceId": "h2", "idNumber": child, "facts": moved})
    await town.parts.ticker.once()

    assert "2026年小学：小学入学信息登记" in await town.titles(mother)
    assert "enrolment-window" in {each.template for each in await town.intents()}

    town.now = datetime(2026, 5, 22, 4, tzinfo=UTC)
    await town.parts.ticker.once()

    assert "enrolment-told" in {each.template for each in await town.intents()}
    page = await town.parts.timeline.page(town.viewer(mother), closed=False, cursor=None, limit=20)
    assert {each.title.zh: each.to_do for each in page.items} == {
        "2026年小学：结果短信/系统告知": False,
        "2026年小学：学籍对接": False,
    }


async def test_an_enterprises_agent_is_told_of_a_policy_its_enterprise_may_ask_for(
    environ: dict[str, str], tmp_path: Path
) -> None:
    policy = {
        "id": "tea-2026",
        "title": {"zh": "茶叶零售补贴", "en": "Support for tea shops"},
        "clause": {"zh": "小微零售企业可申请", "en": "Small shops may ask for it"},
        "source": "tests",
        "opens": "2026-11-01",
        "closes": "2026-12-31",
        "criteria": {"op": "in", "attribute": "size", "values": ["MICRO", "SMALL"]},
    }
    shipped = msgspec.json.decode(content("enterprise-policies"))
    (tmp_path / "policies.json").write_bytes(msgspec.json.encode(shipped | {"policies": [policy]}))
    settings = load_settings({**environ, "SUISHEN_PUSH_POLICIES_FILE": str(tmp_path / "policies.json")})
    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        town = Town(platform)
        agent = await town.resident(FATHER)
        await town.appoint(FATHER, "91310000990000114N")
        facts = {"kind": "ENTERPRISE", "division": "310104", "industry": "F51", "size": "SMALL"}
        item = {"sourceId": "e", "uscc": "91310000990000114N"}
        await town.report({**item, "facts": {**facts, "foundedOn": "2016-08-18"}})

        await town.parts.ticker.once()

        (entry,) = await town.parts.timeline.next(town.viewer(agent), 3)
        assert entry.reasons[0].text.zh == "小微零售企业可申请"
        (intent,) = await town.intents()
        assert (intent.addressee, intent.lane, intent.message_class) == (
            agent.id,
            Lane.BULK,
            MessageClass.MARKETING,
        )


async def test_what_was_kept_and_cannot_be_read_silences_nobody_else(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    other, third = id_number(date(2026, 10, 1), 2), id_number(date(2026, 10, 1), 3)
    await town.resident(MOTHER)
    for child in (CHILD, other, third):
        await town.link(MOTHER, child)
        await town.report(birth(child))
    mongo = town.platform._mongo
    for name, child in (("push_timeline", CHILD), ("push_facts", other)):
        await mongo[name].update_many({"subject": town.key(child)}, {"$set": {"sealed": b"changed"}})
    await mongo["push_people"].update_many({}, {"$set": {"replan_at": town.now}})
    await mongo["push_people"].update_one({"_id": town.key(CHILD)}, {"$set": {"replan_at": None}})

    await town.parts.ticker.once()

    assert {each.about for each in await town.intents()} == {town.key(other), town.key(third)}
    await mongo["push_people"].update_many({}, {"$set": {"planned_by": "older"}})
    assert await town.parts.planner.walk(told=_always) is not None
    assert "somebody cannot be planned" in caplog.text
    assert "an item cannot be opened" in caplog.text


@pytest.mark.parametrize("broken", ["name", "born", "lane", "topic"])
async def test_one_who_cannot_be_told_silences_nobody_else_and_is_told_once_they_can(
    town: Town, broken: str
) -> None:
    other = id_number(date(2026, 10, 1), 2)
    mother, father = await town.resident(MOTHER), await town.resident(FATHER)
    await town.link(FATHER, CHILD)
    await town.link(MOTHER, other)
    for child in (CHILD, other):
        await town.report(birth(child))
    due = {"kind": "INSURANCE", "scheme": "FLEXIBLE", "dueOn": "2026-12-01"}
    await town.report({"sourceId": "due", "idNumber": FATHER, "facts": due})
    mongo, his = town.platform._mongo, town.key(FATHER if broken == "name" else CHILD)
    collection, which, kept = {
        "name": (mongo["residents"], {"_id": father.id}, "name"),
        "born": (mongo["push_people"], {"_id": his}, "born"),
        "lane": (mongo["push_milestones"], {"subject": his, "state": "waiting"}, "lane"),
        "topic": (mongo["push_timeline"], {"subject": his}, "topic"),
    }[broken]
    before = [each async for each in collection.find(which)]
    await collection.update_many(which, {"$set": {kept: b"x" if broken in {"name", "born"} else "x"}})

    await town.parts.ticker.once()
    told = await town.intents()
    assert mother.id in {each.addressee for each in told}
    assert {each.message_class for each in told} == {MessageClass.SERVICE}
    assert his not in {each.about for each in told}

    for each in before:
        await collection.update_one({"_id": each["_id"]}, {"$set": {kept: each[kept]}})
    town.now += timedelta(hours=1)
    await town.parts.ticker.once()
    everything = await town.intents()
    assert father.id in {each.addressee for each in everything}
    assert len({each.id for each in everything}) == len(everything) > len(told)


async def test_a_store_that_is_away_for_a_moment_costs_nobody_an_hour(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    father = await town.resident(FATHER)
    due = {"kind": "INSURANCE", "scheme": "FLEXIBLE", "dueOn": "2026-12-01"}
    await town.report({"sourceId": "due", "idNumber": FATHER, "facts": due})
    within = town.parts.ticker._within
    cut: list[bool] = []

    async def cut_off_once(steps: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401  what a turn says
        if not cut:
            cut.append(True)
            raise ConnectionError
        return await within(steps)

    monkeypatch.setattr(town.parts.ticker, "_within", cut_off_once)
    await town.parts.ticker.once()

    assert cut
    assert [each.addressee for each in await town.intents()] == [father.id]


async def test_what_is_due_is_found_by_its_index(town: Town) -> None:
    await town.report(birth(CHILD))
    wanted = {"shard": {"$in": list(range(256))}, "due_at": {"$lte": NOW}, "state": "waiting"}
    people = {"shard": {"$in": list(range(256))}, "replan_at": {"$lte": NOW}}

    for name, query in (("push_milestones", wanted), ("push_people", people)):
        plan = await town.platform._mongo[name].find(query).explain()
        assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])


async def test_whom_the_register_does_not_know_as_a_guardian_any_more_reads_nothing_of_the_child(
    town: Town,
) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    await town.born(CHILD)
    assert await town.titles(mother)
    town.register = FamilyRegisterUnavailable()
    assert await town.titles(mother)
    town.register = False
    assert await town.titles(mother) == []


async def test_what_is_due_is_read_in_the_guardians_inbox(town: Town) -> None:
    mother = await town.resident(MOTHER)
    await town.link(MOTHER, CHILD)
    town.now = datetime.now(UTC)
    child = id_number(town.now.date() - timedelta(days=40))
    await town.link(MOTHER, child)
    await town.born(child)
    await town.report(
        {
            "sourceId": "i1",
            "idNumber": MOTHER,
            "facts": {
                "kind": "INSURANCE",
                "scheme": "FLEXIBLE",
                "dueOn": (town.now + timedelta(days=5)).date().isoformat(),
            },
        }
    )

    await town.parts.ticker.once()
    intents = await town.intents()
    outcomes = await town.platform.push.deliver(intents)

    assert {each.topic for each in intents} == {Topic.VACCINATION, Topic.INSURANCE}
    assert all(each.done is not None for each in outcomes)
    inbox = await town.platform.push_inbox.page(mother.id, topic=None, before=None, limit=20)
    assert len(inbox.items) == len(intents)
    assert any("乙肝疫苗 第2剂" in each.title.zh for each in inbox.items)

"""Campaigns on real stores: a canary first, stopped by its failures, paused, cancelled, and nobody twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import msgspec
import pytest

from auth_bridges.registrar import RegisterResident
from bff.platform.services import Platform
from bff.platform.settings import Settings
from miniapp_schemas.push_console import AttributeAmong, AudienceQuery
from miniapp_schemas.push_facts import ReportFact
from push.inbox import notice_context
from push.models import Intent, IntentState, Lane
from push.refusals import CampaignInvalid, CampaignNotOpen, CampaignUnknown, SecondOperatorNeeded
from tests.campaigns import ONE, OTHER, begun, said, see_to, settle_residents, told
from tests.factories import ID_NUMBER
from tests.push_town import CDC, id_number


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SUISHEN_PUSH_CAMPAIGN_CANARY_SECONDS": "0"}


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with Platform.open(settings) as opened:
        await opened.ensure_indexes()
        yield opened


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    from bff.platform.settings import load_settings

    return load_settings(environ)


async def turns(platform: Platform, count: int = 200) -> None:
    """Let a worker go on until nothing moves; it counts anew, however long a busy machine took to count."""
    platform.push.operations.campaigning._counted.clear()
    for _ in range(count):
        if not await platform.push.operations.campaigning.once():
            return


async def state(platform: Platform, campaign: str) -> str:
    return (await platform.push_campaigns.read(campaign)).state


async def test_fifty_are_told_first_and_the_others_when_those_went_well(platform: Platform) -> None:
    everybody = await settle_residents(platform, 3_000)
    campaign = await begun(platform)
    assert (campaign.state, campaign.estimate, campaign.canary) == ("CANARY", 3_000, 50)

    await turns(platform)
    first = await told(platform, campaign.id)
    assert list(first) == everybody[:50]
    assert await state(platform, campaign.id) == "CANARY"

    await see_to(platform, campaign.id)
    await turns(platform)  # widens
    await turns(platform)
    await turns(platform)

    assert list(await told(platform, campaign.id)) == everybody
    found = await platform.push_campaigns.read(campaign.id)
    # What waits for the morning can still be cancelled.
    assert (found.state, found.progress.meant, found.progress.looked_at) == ("RUNNING", 3_000, 3_000)
    assert found.progress.parts_done == found.progress.parts == 64
    assert (found.progress.done, found.progress.waiting) == (50, 2_950)

    await see_to(platform, campaign.id)
    await turns(platform)
    assert await state(platform, campaign.id) == "DONE"


async def test_a_notice_of_a_campaign_says_what_was_approved_and_waits_for_everything_else(
    platform: Platform,
) -> None:
    await settle_residents(platform, 60)
    campaign = await begun(platform, link="#/notices")
    await turns(platform)

    document = await platform._mongo["push_outbox"].find_one({"campaign": campaign.id})
    intent = msgspec.convert(document, Intent)
    plain = platform.personal.open(intent.values, notice_context(intent.id))
    values = msgspec.msgpack.decode(plain, type=dict[str, str])
    assert values == {
        "item": "受台风影响，中小学今日停课",
        "item_en": "Schools are closed today because of the typhoon",
    }
    assert (intent.lane, intent.template, intent.link) == (Lane.BULK, "campaign", "#/notices")
    assert intent.useful_until == campaign.useful_until.replace(
        microsecond=campaign.useful_until.microsecond // 1000 * 1000
    )


async def test_a_canary_of_dead_letters_stops_the_campaign_until_somebody_looks(platform: Platform) -> None:
    everybody = await settle_residents(platform, 500)
    campaign = await begun(platform)
    await turns(platform)
    await see_to(platform, campaign.id, "dead")

    await turns(platform)
    stopped = await platform.push_campaigns.read(campaign.id)
    assert (stopped.state, stopped.why_en) == ("STOPPED", "50 of 50 are dead letters")
    await turns(platform)
    assert len(await told(platform, campaign.id)) == 50

    resumed = await platform.push_campaigns.resume(OTHER, campaign.id, "模板已更正")
    assert (resumed.state, resumed.why) == ("RUNNING", "模板已更正")
    await asyncio.sleep(0.02)
    await turns(platform)
    await turns(platform)
    assert list(await told(platform, campaign.id)) == everybody
    kinds = {msgspec.json.decode(each["event"])["kind"] async for each in _audited(platform)}
    assert {"campaign.drafted", "campaign.approve", "campaign.stop", "campaign.resume"} <= kinds


def _audited(platform: Platform) -> Any:  # noqa: ANN401  a cursor of the driver
    async def read() -> AsyncIterator[dict[str, Any]]:
        for drain in platform.drains():
            await drain._open()
            while await drain.once():
                pass
        async for document in platform._mongo["audit"].find():
            yield document

    return read()


async def test_whoever_drafted_it_does_not_approve_it(platform: Platform) -> None:
    drafted = await platform.push_campaigns.draft(ONE, said())

    with pytest.raises(SecondOperatorNeeded):
        await platform.push_campaigns.approve(ONE, drafted.id)
    approved = await platform.push_campaigns.approve(OTHER, drafted.id)
    assert (approved.state, approved.approved_by) == ("CANARY", "新闻办公室")
    assert (await platform.push_campaigns.approve(OTHER, drafted.id)).state == "CANARY"
    await platform.push_campaigns.cancel(ONE, drafted.id, "not now")
    with pytest.raises(CampaignNotOpen):
        await platform.push_campaigns.approve(OTHER, drafted.id)
    with pytest.raises(CampaignUnknown):
        await platform.push_campaigns.read("01900000-0000-7000-8000-000000000000")


async def test_a_draft_tells_nobody(platform: Platform) -> None:
    await settle_residents(platform, 10)
    drafted = await platform.push_campaigns.draft(ONE, said())
    await turns(platform)

    assert await told(platform, drafted.id) == []
    with pytest.raises(CampaignNotOpen):
        await platform.push_campaigns.pause(ONE, drafted.id, "still a draft")


@pytest.mark.parametrize("days", [-1, 61])
async def test_a_campaign_is_useful_for_some_time_and_not_for_ever(platform: Platform, days: int) -> None:
    with pytest.raises(CampaignInvalid):
        await platform.push_campaigns.draft(ONE, said(useful_until=datetime.now(UTC) + timedelta(days=days)))


async def test_who_watches_a_campaign_that_takes_long_to_count_is_told_what_was_counted_last(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle_residents(platform, 100)
    campaign = await begun(platform)
    await turns(platform)
    before = await platform.push_campaigns.read(campaign.id)
    assert before.progress.waiting == 50

    async def hangs(*_: object) -> int:
        await asyncio.sleep(30)
        raise AssertionError("nobody waits for so long")

    monkeypatch.setattr(platform.push_campaigns._intents, "count", hangs)
    assert (await platform.push_campaigns.read(campaign.id)).progress == before.progress
    monkeypatch.undo()
    await see_to(platform, campaign.id)
    later = datetime.now(UTC) + timedelta(seconds=31)
    monkeypatch.setattr(platform.push_campaigns, "_clock", lambda: later)
    assert (await platform.push_campaigns.read(campaign.id)).progress.done == 50


async def test_what_is_paused_in_its_canary_goes_on_in_its_canary(platform: Platform) -> None:
    await settle_residents(platform, 500)
    campaign = await begun(platform)
    await platform.push_campaigns.pause(ONE, campaign.id, "wait a moment")
    await turns(platform)
    assert await told(platform, campaign.id) == []

    resumed = await platform.push_campaigns.resume(ONE, campaign.id, "go on")
    assert resumed.state == "CANARY"
    await asyncio.sleep(0.02)
    await turns(platform)
    assert len(await told(platform, campaign.id)) == 50


async def carried(platform: Platform) -> int:
    """What a relay and a worker make of what waits; how many notices are in inboxes then."""
    push, now = platform.push, datetime.now(UTC)
    taken = await push.outbox.take(Lane.BULK, now=now, by="relay", limit=1_000)
    intents = await push.outbox.relayed([each.key for each in taken.waiting])
    await push.outbox.settle(intents, await push.deliver(list(intents.values())), at=now)
    return int(await platform._mongo["push_inbox"].count_documents({}))


async def test_what_waits_when_its_campaign_is_paused_is_told_nobody_until_it_goes_on(
    platform: Platform,
) -> None:
    await settle_residents(platform, 500)
    campaign = await begun(platform)
    await turns(platform)
    await platform.push.china.templates.refresh()

    await platform.push_campaigns.pause(ONE, campaign.id, "a wrong word in it")
    assert await carried(platform) == 0
    assert (await platform.push_campaigns.read(campaign.id)).progress.waiting == 50
    assert await carried(platform) == 0

    await platform.push_campaigns.resume(ONE, campaign.id, "it was right")
    assert await carried(platform) == 50


async def test_what_is_cancelled_takes_back_what_was_not_sent(platform: Platform) -> None:
    await settle_residents(platform, 500)
    campaign = await begun(platform)
    await turns(platform)

    cancelled = await platform.push_campaigns.cancel(ONE, campaign.id, "出错了")
    late = Intent(
        id="f" * 64,
        **{
            **{
                name: getattr(await _one(platform), name) for name in Intent.__struct_fields__ if name != "id"
            },
            "state": "created",
        },
    )
    await platform.push.outbox.add([late])
    await turns(platform)

    assert cancelled.state == "CANCELLED"
    found = await platform.push_campaigns.read(campaign.id)
    assert (found.progress.cancelled, found.progress.waiting) == (51, 0)


async def test_a_step_said_again_is_taken_once_and_another_person_s_is_refused(platform: Platform) -> None:
    await settle_residents(platform, 500)
    campaign = await begun(platform)
    service = platform.push_campaigns
    for step, there, others in (
        (service.pause, "PAUSED", service.pause),
        (service.resume, "CANARY", service.resume),
        (service.cancel, "CANCELLED", service.pause),
    ):
        taken = await step(ONE, campaign.id, "for this reason")
        again = await step(ONE, campaign.id, "for this reason")
        assert (taken.state, again.state) == (there, there)
        with pytest.raises(CampaignNotOpen):
            await others(OTHER, campaign.id, "for another")
    entries = [msgspec.json.decode(each["event"])["kind"] async for each in _audited(platform)]
    assert [entries.count(f"campaign.{kind}") for kind in ("pause", "resume_canary", "cancel")] == [1, 1, 1]


async def test_who_pauses_while_the_canary_passes_has_paused(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle_residents(platform, 500)
    campaign = await begun(platform)
    await turns(platform)
    await see_to(platform, campaign.id)
    record = platform.push_campaigns._record

    async def meanwhile(*said: object) -> None:
        monkeypatch.undo()
        await record(*said)  # type: ignore[arg-type]  # whatever it was called with
        await turns(platform, 1)
        assert await state(platform, campaign.id) == "RUNNING"

    monkeypatch.setattr(platform.push_campaigns, "_record", meanwhile)
    paused = await platform.push_campaigns.pause(ONE, campaign.id, "a wrong word in it")
    assert paused.state == await state(platform, campaign.id) == "PAUSED"
    assert paused.widened_at is not None


async def test_of_a_large_campaign_that_is_cancelled_nothing_is_told_before_it_is_swept(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("push.campaigns.COUNTED_WHEN_ASKED", 40)
    await settle_residents(platform, 500)
    campaign = await begun(platform)
    await turns(platform)
    await platform.push.china.templates.refresh()

    cancelled = await platform.push_campaigns.cancel(ONE, campaign.id, "出错了")
    assert cancelled.state == "CANCELLED"
    assert {each.state for each in await told_of(platform, campaign.id)} == {"created"}, (
        "left to those who push"
    )
    assert await carried(platform) == 0
    await turns(platform)
    assert {each.state for each in await told_of(platform, campaign.id)} == {"cancelled"}


async def told_of(platform: Platform, campaign: str) -> list[Intent]:
    found = platform._mongo["push_outbox"].find({"campaign": campaign})
    return [msgspec.convert(each, Intent) async for each in found]


async def _one(platform: Platform) -> Intent:
    return msgspec.convert(await platform._mongo["push_outbox"].find_one(), Intent)


async def test_no_more_is_made_while_too_much_waits_to_be_sent(platform: Platform) -> None:
    await settle_residents(platform, 12_000)
    campaign = await begun(platform)
    await turns(platform)
    await see_to(platform, campaign.id)
    campaigning = platform.push.operations.campaigning
    campaigning._backlog = 2_000
    await turns(platform)
    await turns(platform)

    waiting = (await platform.push_campaigns.read(campaign.id)).progress.waiting
    assert 2_000 <= waiting < 3_000
    await see_to(platform, campaign.id)
    assert await campaigning.once()


async def test_what_takes_long_to_count_is_counted_seldom_and_what_is_meant_since_waits(
    platform: Platform,
) -> None:
    await settle_residents(platform, 12_000)
    campaign = await begun(platform)
    await turns(platform)
    await see_to(platform, campaign.id)
    await turns(platform)
    assert await state(platform, campaign.id) == "RUNNING"
    counted = platform.push.operations._intents.count
    counts: list[object] = []

    async def slowly(which: str, states: Sequence[IntentState]) -> int:
        counts.append(states)
        await asyncio.sleep(0.3)
        return await counted(which, states)

    platform.push.operations._intents.count = slowly  # type: ignore[assignment, method-assign]  # as of a million
    platform.push.operations.campaigning._backlog = 2_000
    await turns(platform)

    assert len(counts) == 4, "what waits, and what is dead, lapsed or cancelled, once"
    assert 2_000 <= len(await told(platform, campaign.id)) - 50 < 3_000
    await see_to(platform, campaign.id)
    counts.clear()
    shown = (await platform.push_campaigns.read(campaign.id)).progress
    assert (await platform.push_campaigns.read(campaign.id)).progress == shown
    assert len(counts) == 4, "and once for who asks"
    assert (shown.done, shown.waiting) == (shown.meant, 0)


async def test_of_a_large_campaign_who_asks_is_told_what_those_counted_who_push_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("push.campaigns", "push.campaigning"):
        monkeypatch.setattr(f"{module}.COUNTED_WHEN_ASKED", 40)
    await settle_residents(platform, 500)
    campaign = await begun(platform)
    await turns(platform)
    await see_to(platform, campaign.id)
    await turns(platform)
    await turns(platform)

    async def never(*_: object) -> int:
        raise AssertionError("nobody counts for who asks")

    with monkeypatch.context() as asked:
        asked.setattr(platform.push.operations._intents, "count", never)
        progress = (await platform.push_campaigns.read(campaign.id)).progress
    assert (progress.meant, progress.done, progress.waiting) == (500, 50, 450)
    await see_to(platform, campaign.id)
    await turns(platform)
    with monkeypatch.context() as asked:
        asked.setattr(platform.push.operations._intents, "count", never)
        found = await platform.push_campaigns.read(campaign.id)
    assert (found.state, found.progress.done, found.progress.waiting) == ("DONE", 500, 0)


async def test_a_part_whose_holder_died_is_taken_over_and_the_dead_one_counts_for_nothing(
    platform: Platform,
) -> None:
    store = platform.push.operations._store
    await settle_residents(platform, 100)
    campaign = await begun(platform)
    now = datetime.now(UTC)
    dead = await store.claim(campaign.id, at=now, keep=timedelta(seconds=20), alone=True)
    assert dead is not None
    assert await store.claim(campaign.id, at=now, keep=timedelta(seconds=20), alone=True) is None

    later = now + timedelta(seconds=21)
    heir = await store.claim(campaign.id, at=later, keep=timedelta(seconds=20), alone=True)

    assert heir is not None
    assert (heir.id, heir.fence) == (dead.id, dead.fence + 1)
    assert not await store.step(dead, after="03", seen=9, meant=9, done=False)
    assert await store.step(heir, after="02", seen=2, meant=2, done=False)
    assert (await store.progress(campaign.id)).meant == 2


async def test_many_workers_at_once_tell_everybody_once(platform: Platform) -> None:
    everybody = await settle_residents(platform, 5_000)
    campaign = await begun(platform)
    await asyncio.gather(*(turns(platform) for _ in range(5)))
    assert len(await told(platform, campaign.id)) == 50
    await see_to(platform, campaign.id)
    for _ in range(4):
        await asyncio.gather(*(turns(platform) for _ in range(5)))

    assert list(await told(platform, campaign.id)) == everybody
    assert (await platform.push_campaigns.read(campaign.id)).progress.meant == 5_000


async def test_an_audience_is_counted_and_a_few_of_it_are_named_behind_a_mask(platform: Platform) -> None:
    await settle_residents(platform, 1_500)
    await platform.registrar.register(RegisterResident(id_number=ID_NUMBER, name="张小明"))
    district = ID_NUMBER[:4]
    sex: Literal["M", "F"] = "M" if int(ID_NUMBER[16]) % 2 else "F"

    everybody = await platform.push_campaigns.preview(AudienceQuery(), "policy")
    one = await platform.push_campaigns.preview(AudienceQuery(districts=[district], sex=sex), "policy")
    nobody = await platform.push_campaigns.preview(AudienceQuery(districts=["99"]), "policy")

    assert (everybody.count, everybody.exact) == (1_501, True)
    assert (one.count, one.sample) == (1, ["张**"])
    assert (nobody.count, nobody.sample) == (0, [])


async def test_whose_facts_cannot_be_read_is_not_meant_and_holds_up_nobody(platform: Platform) -> None:
    numbers = [id_number(date(1960, 3, 15), order) for order in (1, 2, 3)]
    for number in numbers:
        await platform.registrar.register(RegisterResident(id_number=number, name="张小明"))
        for scheme in ("RESIDENT_MEDICAL", "RESIDENT_PENSION"):
            facts = {"kind": "INSURANCE", "scheme": scheme, "dueOn": f"{datetime.now(UTC):%Y}-12-31"}
            item = {"sourceId": f"{scheme}-{number}", "idNumber": number, "facts": facts}
            await platform.push.timeline.intake.report(CDC, [msgspec.convert(item, ReportFact)])
    await platform._mongo["push_facts"].update_many(
        {"subject": platform.personal.hash(numbers[0])}, {"$set": {"sealed": b"changed"}}
    )
    medical = AttributeAmong(name="insurance", values=["RESIDENT_MEDICAL"])

    campaign = await begun(platform, audience=AudienceQuery(attributes=[medical]))
    await turns(platform)

    assert campaign.estimate == 2
    assert len(await told(platform, campaign.id)) == 2


async def test_of_a_large_city_a_sample_is_counted(platform: Platform) -> None:
    await settle_residents(platform, 30_000)

    preview = await platform.push_campaigns.preview(AudienceQuery(), "policy")

    assert (preview.exact, preview.count) == (False, 30_000)
    assert 20_000 <= preview.looked_at < 21_000

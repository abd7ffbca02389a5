"""Delivery: the inbox once, the channels in the resident's order, and never twice where two would be seen."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from push.channels.base import Address, Answer, FailureClass, Message
from push.delivery import ROOM
from push.delivery_models import Attempt, AttemptState, Preferences
from push.models import Intent, Lane, MessageClass, Topic
from push.ports import Outcome, Reader
from push.refusals import NotYoursToDecide
from push.rules.chain import LEASE
from push.rules.consents import TEXTS
from push.rules.quiet import QuietHours
from push.settings import PushSettings
from push.store.gates import BreakerState
from tests.push_world import NOON, PATIENT, Provider, PushWorld, one


@pytest.fixture
async def world(mongo_database: Database, redis: Redis) -> AsyncIterator[PushWorld]:
    async with Outbound.open(per_host=sum(ROOM.values())) as http:
        yield PushWorld(mongo_database, redis, http)


@pytest.fixture
async def wechat() -> AsyncIterator[Provider]:
    async with Provider.open() as provider:
        yield provider


@pytest.fixture
async def sms() -> AsyncIterator[Provider]:
    async with Provider.open() as provider:
        yield provider


@pytest.fixture
def both(world: PushWorld, wechat: Provider, sms: Provider) -> PushWorld:
    """A resident reached by WeChat, which would show two of the same, and by text message."""
    world.channel("wechat", wechat)
    world.channel("sms", sms)
    for channel in ("wechat", "sms"):
        world.book.at("lin", channel)
    return world


def failure(kind: FailureClass, code: str = "no", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"failure": kind.value, "code": code, **more}


class TestOnce:
    async def test_a_notice_is_in_the_inbox_and_with_the_first_channel_only(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        parts = await both.parts()
        assert await one(parts.deliver, both.intent()) == Outcome(key=both.intent().id, done="wechat")
        (notice,) = await both.inbox()
        assert (notice.unread, notice.decisions[0].channel) == (True, "wechat")
        assert (len(wechat.calls), len(sms.calls)) == (1, 0)
        (told,) = (await parts.inbox.page("lin", topic=None, before=None, limit=5)).items
        assert (told.title.zh, told.body.en) == ("提醒 one", "林小满: Reminder one")
        attempt = (await both.attempts())["wechat"]
        assert (attempt.state, attempt.receipt, attempt.calls) == (AttemptState.ACCEPTED, "receipt-1", 1)

    async def test_delivered_again_it_is_seen_to_already(self, both: PushWorld, wechat: Provider) -> None:
        parts = await both.parts()
        for _ in range(3):
            assert (await one(parts.deliver, both.intent())).done == "wechat"
        assert len(wechat.calls) == 1
        assert len(await both.inbox()) == 1

    async def test_what_nobody_could_open_is_not_at_rest(self, both: PushWorld) -> None:
        parts = await both.parts()
        await one(parts.deliver, both.intent())
        for name in await both.database.list_collection_names():
            async for document in both.database[name].find():
                assert "林小满" not in repr(document)
                assert "提醒" not in repr(document)

    async def test_of_many_at_once_every_one_is_told_once(self, both: PushWorld, wechat: Provider) -> None:
        parts = await both.parts()
        intents = [both.intent(str(number)) for number in range(300)]
        outcomes = await parts.deliver(intents)
        assert [outcome.key for outcome in outcomes] == [intent.id for intent in intents]
        assert {outcome.done for outcome in outcomes} == {"wechat"}
        assert Counter(wechat.keys) == Counter(intent.id for intent in intents)
        assert len(await both.inbox()) == 300

    @pytest.mark.parametrize("workers", [2, 3])
    async def test_of_several_workers_at_one_notice_one_calls(
        self, both: PushWorld, wechat: Provider, sms: Provider, workers: int
    ) -> None:
        processes = [await both.parts() for _ in range(workers)]
        for number in range(20):
            intent = both.intent(str(number))
            outcomes = await asyncio.gather(*(one(parts.deliver, intent) for parts in processes))
            # Who was overtaken looks again when whoever was faster must be through.
            done = [outcome for outcome in outcomes if outcome.done]
            assert all(outcome.again == NOON + LEASE for outcome in outcomes if not outcome.done)
            assert {outcome.done for outcome in done} == {"wechat"}
            assert await one(processes[0].deliver, intent) == done[0]
        assert len(wechat.calls) == 20
        assert len(set(wechat.keys)) == 20
        assert sms.calls == []
        assert len(await both.inbox()) == 20

    async def test_what_lapsed_is_told_nobody_and_stays_where_it_is(self, both: PushWorld) -> None:
        parts = await both.parts()
        late = both.intent("late", useful=timedelta(hours=1))
        told = both.intent("told", useful=timedelta(hours=1))
        both.book.known.clear()
        await one(parts.deliver, told)
        both.clock.turn(3600)
        assert await parts.deliver([late, told]) == [
            Outcome(key=late.id),
            Outcome(key=told.id, done="inbox"),
        ]
        assert len(await both.inbox()) == 1

    async def test_one_that_cannot_be_written_holds_up_no_other(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        parts = await both.parts()
        broken = replace(both.intent("broken"), values=b"sealed by nobody")
        outcomes = await parts.deliver([broken, both.intent("whole")])
        assert (outcomes[0].dead, outcomes[1].done) == ("cannot be written: SealBroken", "wechat")
        assert len(await both.inbox()) == 1

    async def test_several_devices_of_a_channel_are_told_and_one_that_takes_it_is_enough(
        self, world: PushWorld, wechat: Provider
    ) -> None:
        world.channel("jpush", wechat, idempotent=True)
        world.book.at("lin", "jpush", device="a")
        world.book.at("lin", "jpush", device="b")
        parts = await world.parts()
        wechat.answers = [failure(FailureClass.NEXT_CHANNEL)]
        assert (await one(parts.deliver, world.intent())).done == "jpush"
        assert sorted(call["to"] for call in wechat.calls) == ["lin@jpusha", "lin@jpushb"]
        assert set(await world.states()) == {"jpush:a", "jpush:b"}


class TestWhatProvidersDo:
    @pytest.mark.parametrize("answer", ["late", "never", "wrong"])
    async def test_an_unknown_is_never_sent_again_there_and_the_next_channel_tells_it(
        self, both: PushWorld, wechat: Provider, sms: Provider, answer: str
    ) -> None:
        wechat.answers = [answer]
        both.channels[0].patience = 0.3 if answer == "late" else PATIENT
        parts = await both.parts()
        assert (await one(parts.deliver, both.intent())).done == "sms"
        for _ in range(3):
            both.clock.turn(3600)
            await one(parts.deliver, both.intent())
        assert (len(wechat.calls), len(sms.calls)) == (1, 1)
        assert wechat.shown.most_common(1)[0][1] == 1
        assert (await both.states())["wechat"] is AttemptState.UNKNOWN

    async def test_where_several_show_one_an_unknown_is_sent_again(
        self, world: PushWorld, wechat: Provider
    ) -> None:
        world.channel("jpush", wechat, idempotent=True)
        world.book.at("lin", "jpush", device="a")
        wechat.answers = ["never"]
        parts = await world.parts()
        again = (await one(parts.deliver, world.intent())).again
        assert again is not None
        world.clock.now = again
        assert (await one(parts.deliver, world.intent())).done == "jpush"
        assert len(wechat.calls) == 2
        attempt = (await world.attempts())["jpush:a"]
        assert (attempt.state, attempt.calls, attempt.fence) == (AttemptState.ACCEPTED, 2, 2)

    async def test_what_a_provider_puts_off_is_tried_again_by_schedule(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        parts = await both.parts()
        wechat.answers = [failure(FailureClass.RETRY, "-1") for _ in range(2)]
        for _ in range(2):
            again = (await one(parts.deliver, both.intent())).again
            assert again is not None
            assert both.clock() <= again <= both.clock() + timedelta(seconds=4)
            both.clock.now = again
        assert (await one(parts.deliver, both.intent())).done == "wechat"
        assert (len(wechat.calls), len(sms.calls)) == (3, 0)

    async def test_what_a_provider_asks_to_wait_is_waited(self, both: PushWorld, wechat: Provider) -> None:
        parts = await both.parts()
        wechat.answers = [failure(FailureClass.RETRY, "429", after=600.0)]
        again = (await one(parts.deliver, both.intent())).again
        assert again is not None
        assert again >= NOON + timedelta(seconds=600)

    async def test_a_channel_that_puts_off_for_ever_gives_way_and_then_nobody_waits_past_the_use(
        self, world: PushWorld, wechat: Provider
    ) -> None:
        world.channel("wechat", wechat)
        world.book.at("lin", "wechat")
        wechat.answers = [failure(FailureClass.RETRY, "-1") for _ in range(1000)]
        parts = await world.parts()
        intent = world.intent(useful=timedelta(hours=2))
        until = intent.useful_until
        outcome = await one(parts.deliver, intent)
        while outcome.again is not None:
            assert world.clock() <= outcome.again < until
            world.clock.now = outcome.again
            await world.redis.flushdb()  # the breaker is not what this is about
            outcome = await one(parts.deliver, intent)
        assert outcome.done == "inbox"
        assert 8 < len(wechat.calls) < 80

    async def test_nobody_at_an_address_is_buried_with_the_time_it_is_known_of(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        wechat.answers = [failure(FailureClass.TOMBSTONE, "410", dead_since=NOON.isoformat())]
        parts = await both.parts()
        assert (await one(parts.deliver, both.intent())).done == "sms"
        assert both.book.buried == [("lin@wechat", NOON)]

    async def test_a_message_that_is_wrong_is_for_an_operator_unless_another_channel_takes_it(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        wechat.answers = [failure(FailureClass.BROKEN, "47003") for _ in range(2)]
        parts = await both.parts()
        assert (await one(parts.deliver, both.intent("one"))).done == "sms"
        sms.answers = [failure(FailureClass.NEXT_CHANNEL)]
        outcome = await one(parts.deliver, both.intent("two"))
        assert outcome.dead == "wechat: 47003"
        assert len(await both.inbox()) == 2

    async def test_so_is_one_whose_template_is_wrong_and_it_says_in_which_field(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        wechat.answers = [failure(FailureClass.STOP_TEMPLATE, "47003:thing1") for _ in range(2)]
        parts = await both.parts()
        assert (await one(parts.deliver, both.intent("one"))).done == "sms"
        sms.answers = [failure(FailureClass.NEXT_CHANNEL)]
        assert (await one(parts.deliver, both.intent("two"))).dead == "wechat: 47003:thing1"
        assert (await one(parts.deliver, replace(both.intent("two"), redriven=1))).done == "wechat"

    async def test_once_mended_and_sent_off_again_it_is_asked_once_more_and_what_came_before_is_kept(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        # Two would be seen on either; of the text message nobody knows what became.
        wechat.answers = [failure(FailureClass.BROKEN, "45168"), failure(FailureClass.BROKEN, "45168")]
        sms.answers = ["never"]
        processes = [await both.parts() for _ in range(2)]
        deliver, intent = processes[0].deliver, both.intent()
        assert (await one(deliver, intent)).dead == "wechat: 45168"
        assert (await one(deliver, intent)).dead == "wechat: 45168"
        assert (len(wechat.calls), len(sms.calls)) == (1, 1)

        assert (await one(deliver, replace(intent, redriven=1))).dead == "wechat: 45168"
        assert len(wechat.calls) == 2
        again = replace(intent, redriven=2)
        outcomes = await asyncio.gather(*(one(parts.deliver, again) for parts in processes))
        assert "wechat" in {outcome.done for outcome in outcomes}
        assert (len(wechat.calls), len(sms.calls)) == (3, 1)
        kept = (await both.attempts())["wechat"]
        assert (kept.state, kept.calls, kept.redriven) == (AttemptState.ACCEPTED, 1, 2)
        assert [(each.code, each.calls) for each in kept.earlier] == [("45168", 1), ("45168", 1)]
        assert (await both.states())["sms"] is AttemptState.UNKNOWN

    async def test_sent_off_again_to_whom_that_channel_does_not_reach_any_more_it_is_not_dead_again(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        wechat.answers = [failure(FailureClass.BROKEN, "45168")]
        sms.answers = [failure(FailureClass.NEXT_CHANNEL)]
        parts = await both.parts()
        assert (await one(parts.deliver, both.intent())).dead == "wechat: 45168"
        both.book.known.clear()
        assert (await one(parts.deliver, replace(both.intent(), redriven=1))).done == "inbox"

    async def test_who_is_not_reached_was_certainly_not_told(self, both: PushWorld, wechat: Provider) -> None:
        both.channels[0]._url = "http://127.0.0.1:1/send"
        parts = await both.parts()
        assert (await one(parts.deliver, both.intent())).again is not None
        attempt = (await both.attempts())["wechat"]
        assert (attempt.state, attempt.failure) == (AttemptState.FAILED, FailureClass.RETRY)

    async def test_a_channel_that_breaks_leaves_an_unknown_and_no_half_finished_call(
        self, both: PushWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def breaks(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(both.channels[0], "send", breaks)
        parts = await both.parts()
        assert (await one(parts.deliver, both.intent())).done == "sms"
        assert (await both.states())["wechat"] is AttemptState.UNKNOWN


class TestCredits:
    @pytest.fixture
    async def paying(self, world: PushWorld, wechat: Provider, sms: Provider) -> PushWorld:
        world.channel("wechat", wechat, takes_credit=True)
        world.channel("sms", sms)
        for channel in ("wechat", "sms"):
            world.book.at("lin", channel)
        await world.purse.give("lin", 2)
        return world

    async def test_a_message_takes_one_and_without_one_the_next_channel_is_used(
        self, paying: PushWorld, wechat: Provider
    ) -> None:
        parts = await paying.parts()
        done = [(await one(parts.deliver, paying.intent(name))).done for name in "abc"]
        assert done == ["wechat", "wechat", "sms"]
        assert await paying.purse.left("lin") == (0, 0, 2)
        (notice,) = [each for each in await paying.inbox() if len(each.decisions) == 2]
        assert notice.decisions[1].passed == {"wechat": "no_credit"}

    @pytest.mark.parametrize(
        ("answer", "left"),
        [
            (failure(FailureClass.NEXT_CHANNEL), (2, 0, 0)),
            (failure(FailureClass.NEXT_CHANNEL, "43101", no_credit=True), (0, 0, 0)),
            ("never", (1, 0, 1)),
        ],
        ids=["refused", "none left", "unknown"],
    )
    async def test_a_refusal_gives_it_back_and_an_unknown_spends_it(
        self,
        paying: PushWorld,
        wechat: Provider,
        answer: str | dict[str, Any],
        left: tuple[int, int, int],
    ) -> None:
        wechat.answers = [answer]
        parts = await paying.parts()
        assert (await one(parts.deliver, paying.intent())).done == "sms"
        assert await paying.purse.left("lin") == left

    async def test_who_was_only_slow_gives_back_what_was_spent_because_they_seemed_dead(
        self, paying: PushWorld, wechat: Provider
    ) -> None:
        wechat.answers = [failure(FailureClass.NEXT_CHANNEL)]
        wechat.takes_seconds = 1.0
        slow, other = await paying.parts(), await paying.parts()
        calling = asyncio.create_task(one(slow.deliver, paying.intent()))
        while not wechat.calls:
            await asyncio.sleep(0.01)
        paying.clock.turn(LEASE.total_seconds())
        assert (await one(other.deliver, paying.intent())).done == "sms"
        assert await paying.purse.left("lin") == (1, 0, 1)
        await calling
        assert await paying.purse.left("lin") == (2, 0, 0)
        assert (await paying.states())["wechat"] is AttemptState.FAILED

    @pytest.mark.parametrize(
        ("answer", "done", "left"),
        [
            pytest.param({"id": "r"}, "wechat", (1, 0, 1), id="taken"),
            pytest.param(failure(FailureClass.NEXT_CHANNEL), "sms", (2, 0, 0), id="refused"),
        ],
    )
    async def test_what_was_settled_since_it_was_read_is_believed_and_not_given_up(  # noqa: PLR0917 - parameters
        self,
        paying: PushWorld,
        wechat: Provider,
        sms: Provider,
        monkeypatch: pytest.MonkeyPatch,
        answer: dict[str, Any],
        done: str,
        left: tuple[int, int, int],
    ) -> None:
        """The other worker read that it was being called, and was slow itself."""
        wechat.answers, wechat.takes_seconds = [answer], 0.5
        slow, other = await paying.parts(), await paying.parts()
        intent = paying.intent()
        attempts = other.deliver._stores.attempts
        calling = asyncio.create_task(one(slow.deliver, intent))
        while not wechat.calls:
            await asyncio.sleep(0.01)
        seen = await attempts.of([intent.id])
        assert [each.state for each in seen[intent.id]] == [AttemptState.CALLING]
        await calling

        async def of(_: object) -> dict[str, list[Attempt]]:
            return seen

        monkeypatch.setattr(attempts, "of", of)
        told = len(sms.calls)
        paying.clock.turn(LEASE.total_seconds())
        outcome = await one(other.deliver, intent)
        assert outcome.done == done or outcome.again is not None
        assert len(sms.calls) == told == (done == "sms")
        assert await paying.purse.left("lin") == left
        assert AttemptState.UNKNOWN not in (await paying.states()).values()


class TestWhatResidentsWant:
    async def test_nothing_is_sent_of_what_nobody_agreed_to_and_it_is_in_the_inbox(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        parts = await both.parts()
        assert (await one(parts.deliver, both.intent("a", topic=Topic.VACCINATION))).done == "inbox"
        await both.agrees(parts, Topic.VACCINATION)
        assert (await one(parts.deliver, both.intent("b", topic=Topic.VACCINATION))).done == "wechat"
        both.clock.turn(1)
        await parts.wishes.refuse("lin", Topic.VACCINATION)
        assert (await one(parts.deliver, both.intent("c", topic=Topic.VACCINATION))).done == "inbox"
        assert (await one(parts.deliver, both.intent("d", topic=Topic.HEALTH))).done == "wechat"
        assert len(wechat.calls) == 2
        reasons = Counter(notice.decisions[0].reason for notice in await both.inbox())
        assert reasons == {"no_consent": 2, "": 2}
        record = await both.database["push_consents"].find({}).sort("_id", 1).to_list(length=None)
        assert [(each["given"], "until" in each) for each in record] == [(True, True), (False, False)]
        used = await both.database["push_attempts"].find_one({"consent": {"$ne": None}})
        assert used is not None
        assert used["consent"] == record[0]["_id"]

    async def test_one_child_is_left_out_or_alone_agreed_to_and_a_withdrawal_is_for_all(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        both.wards = {
            name: Reader(resident="lin", name=name, own=False, decides=decides)
            for name, decides in (("ann", True), ("ben", True), ("cousin", False))
        }
        both.wards["firm"] = Reader(resident="lin", name="firm", own=False, topics=frozenset({Topic.POLICY}))
        parts = await both.parts()
        words = TEXTS[Topic.VACCINATION].version
        agreement = next(
            each for each in await parts.wishes.agreements("lin") if each.topic is Topic.VACCINATION
        )
        ann, ben = (each.child for each in agreement.children)

        async def told(when: str) -> list[str]:
            both.clock.turn(1)
            intents = [
                replace(both.intent(f"{name} {when}", topic=Topic.VACCINATION), about=name)
                for name in ("ann", "ben")
            ]
            return [str(outcome.done) for outcome in await parts.deliver(intents)]

        assert await told("before") == ["inbox", "inbox"]
        await parts.wishes.consent("lin", Topic.VACCINATION, text=words, child=ann)
        assert await told("for one") == ["wechat", "inbox"]
        await parts.wishes.consent("lin", Topic.VACCINATION, text=words)
        await parts.wishes.refuse("lin", Topic.VACCINATION, child=ben)
        assert await told("but one") == ["wechat", "inbox"]
        await parts.wishes.refuse("lin", Topic.VACCINATION)
        assert await told("withdrawn") == ["inbox", "inbox"]
        await parts.wishes.consent("lin", Topic.VACCINATION, text=words)
        assert await told("for all again") == ["wechat", "inbox"]  # ben alone was refused by name
        await parts.wishes.refuse("lin", Topic.VACCINATION)
        used = await both.database["push_attempts"].distinct("consent")
        about = [
            each.get("about")
            for name in ("push_consents", "push_child_consents")
            async for each in both.database[name].find({"_id": {"$in": used}})
        ]
        assert set(about) == {"ann", None}

        for topic, child in ((Topic.VACCINATION, "cousin"), (Topic.EXPIRY, ann)):
            with pytest.raises(NotYoursToDecide):
                await parts.wishes.refuse("lin", topic, child=child)

    async def test_their_order_their_hours_their_language(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        parts = await both.parts()
        wants = Preferences(
            resident="lin",
            channels=("sms",),
            quiet=QuietHours(start="12:00", end="14:00"),
            language="en",
        )
        await parts.wishes.prefer(wants)
        assert (await one(parts.deliver, both.intent())).again == NOON + timedelta(hours=2)
        both.clock.turn(2 * 3600)
        assert (await one(parts.deliver, both.intent())).done == "sms"
        assert (wechat.calls, sms.calls[0]["title"]) == ([], "Reminder one")
        (notice,) = await both.inbox()
        assert [(each.reason, each.channel) for each in notice.decisions] == [("quiet", None), ("", "sms")]

    async def test_a_topic_that_is_off_only_comes_to_the_inbox(self, both: PushWorld) -> None:
        parts = await both.parts()
        await both.agrees(parts, Topic.EXPIRY)
        await parts.wishes.prefer(Preferences(resident="lin", off=(Topic.EXPIRY,)))
        assert (await one(parts.deliver, both.intent(topic=Topic.EXPIRY))).done == "inbox"

    async def test_a_topic_rings_so_often_a_day_and_a_notice_tried_again_counts_once(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        both.settings = PushSettings(topic_per_day=2)
        parts = await both.parts()
        await both.agrees(parts, Topic.EXPIRY)
        wechat.answers = [failure(FailureClass.RETRY)]
        first = both.intent("0", topic=Topic.EXPIRY)
        again = (await one(parts.deliver, first)).again
        assert again is not None
        both.clock.now = again
        intents = [first, *(both.intent(str(number), topic=Topic.EXPIRY) for number in range(1, 4))]
        done = [(await one(parts.deliver, intent)).done for intent in intents]
        assert done == ["wechat", "wechat", "inbox", "inbox"]
        both.clock.turn(24 * 3600)
        assert (await one(parts.deliver, both.intent("next", topic=Topic.EXPIRY))).done == "wechat"

    async def test_what_reached_no_phone_does_not_count(
        self, world: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        world.settings = PushSettings(topic_per_day=2)
        world.channel("wechat", wechat, takes_credit=True)
        world.channel("sms", sms)
        world.book.at("lin", "wechat")
        parts = await world.parts()
        await world.agrees(parts, Topic.EXPIRY)

        async def done(*names: str) -> list[str | None]:
            intents = [world.intent(name, topic=Topic.EXPIRY) for name in names]
            return [(await one(parts.deliver, intent)).done for intent in intents]

        assert await done("no credit", "still none", "and none") == ["inbox"] * 3
        await world.purse.give("lin", 9)
        await parts.gates.force("wechat", BreakerState.OPEN, why="maintenance")
        waits = await one(parts.deliver, world.intent("stopped", topic=Topic.EXPIRY))
        assert waits.again is not None
        await parts.gates.force("wechat", None, why="")
        wechat.answers = [failure(FailureClass.NEXT_CHANNEL) for _ in range(3)]
        assert await done("refused", "refused too", "and refused") == ["inbox"] * 3
        world.book.at("lin", "sms")
        wechat.answers = ["never"]
        assert await done("unknown, then a text", "another", "one too many") == ["sms", "wechat", "inbox"]
        assert await world.purse.left("lin") == (7, 0, 2)

    async def test_of_many_at_once_so_many_ring_as_may_and_the_others_cost_nothing(
        self, world: PushWorld, wechat: Provider
    ) -> None:
        world.settings = PushSettings(topic_per_day=3)
        world.channel("wechat", wechat, takes_credit=True)
        world.book.at("lin", "wechat")
        await world.purse.give("lin", 20)
        processes = [await world.parts() for _ in range(2)]
        await world.agrees(processes[0], Topic.EXPIRY)
        intents = [world.intent(str(number), topic=Topic.EXPIRY) for number in range(12)]
        answers = await asyncio.gather(processes[0].deliver(intents[:6]), processes[1].deliver(intents[6:]))
        done = [outcome.done for outcomes in answers for outcome in outcomes]
        assert Counter(done) == {"wechat": 3, "inbox": 9}
        assert await world.purse.left("lin") == (17, 0, 3)

    async def test_marketing_comes_to_a_phone_twice_a_day(self, world: PushWorld, wechat: Provider) -> None:
        world.channel("jpush", wechat, idempotent=True)
        world.book.at("lin", "jpush", device="a")
        parts = await world.parts()
        await world.agrees(parts, Topic.POLICY)
        done = [
            (
                await one(
                    parts.deliver,
                    world.intent(name, topic=Topic.POLICY, message_class=MessageClass.MARKETING),
                )
            ).done
            for name in "abc"
        ]
        assert done == ["jpush", "jpush", "inbox"]

    async def test_only_what_is_urgent_rings_at_night(self, both: PushWorld) -> None:
        parts = await both.parts()
        both.clock.turn(12 * 3600)
        assert (await one(parts.deliver, both.intent("code", lane=Lane.URGENT))).done == "wechat"
        waits = await one(parts.deliver, both.intent("reminder"))
        assert waits.again == NOON + timedelta(hours=20)


class TestWhoIsStillAddressed:
    async def test_who_acts_for_the_child_no_longer_is_not_told_of_it(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        parts = await both.parts()
        about_child = replace(both.intent("child"), about="child")
        both.addressed = {"child": False}
        outcomes = await parts.deliver([about_child, both.intent("own")])
        assert outcomes == [Outcome(key=about_child.id), Outcome(key=both.intent("own").id, done="wechat")]
        assert [notice.id for notice in await both.inbox()] == [both.intent("own").id]
        assert wechat.keys == [both.intent("own").id]

    async def test_while_the_register_cannot_tell_a_notice_waits_and_then_goes_or_lapses(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        parts = await both.parts()
        intent = replace(both.intent("child", useful=timedelta(minutes=25)), about="child")
        both.addressed = {"child": None}
        assert (await one(parts.deliver, intent)).again == NOON + timedelta(minutes=10)
        assert (await both.inbox(), wechat.calls) == ([], [])
        both.clock.turn(20 * 60)
        assert (await one(parts.deliver, intent)).again == intent.useful_until
        both.addressed = {"child": True}
        assert (await one(parts.deliver, intent)).done == "wechat"

    async def test_what_it_was_told_before_the_guardianship_ended_stays_and_goes_no_further(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        parts = await both.parts()
        intent = replace(both.intent("child"), about="child")
        wechat.answers = [failure(FailureClass.RETRY, "-1")]
        again = (await one(parts.deliver, intent)).again
        assert again is not None
        both.clock.now = again
        both.addressed = {"child": False}
        assert (await one(parts.deliver, intent)).done == "inbox"
        assert (len(wechat.calls), sms.calls) == (1, [])


class TestAClockThatIsOff:
    """A worker that is an hour ahead takes what another is at for dead; one that is behind waits for it."""

    @pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "behind"])
    async def test_no_provider_is_asked_twice_and_everybody_has_theirs(
        self, both: PushWorld, wechat: Provider, sms: Provider, hours: int
    ) -> None:
        wechat.takes_seconds = 0.1
        right = await both.parts()
        off = await both.parts(lambda: both.clock() + timedelta(hours=hours))
        intents = [both.intent(str(number)) for number in range(20)]

        async def late(intent: Intent) -> None:
            await asyncio.sleep(0.05)
            await one(off.deliver, intent)

        await asyncio.gather(*(one(right.deliver, each) for each in intents), *map(late, intents))
        both.clock.turn(3600 + 60)
        for parts in (off, right):
            outcomes = [await one(parts.deliver, each) for each in intents]
            assert all(outcome.done in ("wechat", "sms") for outcome in outcomes)

        assert Counter(wechat.keys) == Counter(each.id for each in intents)
        assert max([0, *Counter(sms.keys).values()]) <= 1
        assert len(await both.inbox()) == 20

    async def test_quiet_hours_are_those_of_the_workers_own_clock(self, both: PushWorld) -> None:
        both.clock.turn(9 * 3600 + 1800)  # half past nine in the evening
        off = await both.parts(lambda: both.clock() + timedelta(hours=1))
        early = await one(off.deliver, both.intent("ahead"))
        assert early.again == NOON + timedelta(hours=20)
        assert (await one((await both.parts()).deliver, both.intent("right"))).done == "wechat"


class TestProvidersInTrouble:
    async def test_a_provider_that_fails_is_left_alone_and_the_others_tell_it(
        self, both: PushWorld, wechat: Provider, sms: Provider
    ) -> None:
        wechat.answers = ["never"] * 1000
        parts = await both.parts()
        await parts.deliver([both.intent(str(number)) for number in range(60)])
        called = len(wechat.calls)
        other = await both.parts()
        assert (await one(other.deliver, both.intent("after"))).done == "sms"
        assert len(wechat.calls) == called
        (breaker, *_) = await other.gates.states(["wechat", "sms"])
        assert (breaker.name, breaker.state, breaker.why) == ("wechat", BreakerState.OPEN, "failing")

    async def test_a_provider_that_is_slow_is_left_alone_too(
        self, both: PushWorld, wechat: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        send = both.channels[0].send

        async def slow(message: Message, address: Address) -> Answer:
            answer = await send(message, address)
            both.clock.turn(4)
            return answer

        monkeypatch.setattr(both.channels[0], "send", slow)
        parts = await both.parts()
        for number in range(12):
            await one(parts.deliver, both.intent(str(number)))
        assert len(wechat.calls) == 10
        (breaker, *_) = await parts.gates.states(["wechat"])
        assert breaker.state is BreakerState.OPEN

    async def test_our_own_ledger_that_is_slow_is_no_fault_of_the_providers(
        self, both: PushWorld, wechat: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parts = await both.parts()
        start = parts._attempts.start

        async def slow(attempt: Attempt) -> bool:
            started = await start(attempt)
            both.clock.turn(4)
            return started

        monkeypatch.setattr(parts._attempts, "start", slow)
        for number in range(12):
            await one(parts.deliver, both.intent(str(number)))
        assert len(wechat.calls) == 12
        (breaker, *_) = await parts.gates.states(["wechat"])
        assert breaker.state is BreakerState.CLOSED

    async def test_who_cannot_be_told_there_uses_up_no_probe_and_no_turn(
        self, world: PushWorld, wechat: Provider
    ) -> None:
        world.settings = PushSettings(per_second={"wechat": 5}, topic_per_day=1)
        world.channel("wechat", wechat, takes_credit=True)
        for resident in ("lin", "wang"):
            world.book.at(resident, "wechat")
        await world.purse.give("wang", 9)
        parts = await world.parts()
        await world.agrees(parts, Topic.EXPIRY, "wang")
        first = world.intent("first", resident="wang", topic=Topic.EXPIRY)
        assert (await one(parts.deliver, first)).done == "wechat"
        await parts.gates.pause("wechat", timedelta(milliseconds=300), why="failing")
        await asyncio.sleep(0.35)
        no_credit = world.intent("none left", resident="lin")
        capped = world.intent("one too many", resident="wang", topic=Topic.EXPIRY)
        assert [outcome.done for outcome in await parts.deliver([no_credit, capped])] == ["inbox"] * 2
        (breaker,) = await parts.gates.states(["wechat"])
        assert breaker.state is BreakerState.HALF_OPEN
        # The probe is for whom it can tell something.
        assert (await one(parts.deliver, world.intent("probe", resident="wang"))).done == "wechat"
        (breaker,) = await parts.gates.states(["wechat"])
        assert breaker.state is BreakerState.CLOSED

    async def test_a_quota_that_is_used_up_pauses_that_provider_for_everybody(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        wechat.answers = [failure(FailureClass.RETRY, "45009", after=3600.0, lane_stop=True)]
        parts = await both.parts()
        # The one that met it waits no more than those after it.
        for name in "ab":
            assert (await one(parts.deliver, both.intent(name))).done == "sms"
        assert len(wechat.calls) == 1
        (breaker, *_) = await parts.gates.states(["wechat"])
        assert (breaker.state, breaker.why) == (BreakerState.OPEN, "45009")

    async def test_with_no_other_channel_a_quota_is_waited_for_also_by_whoever_is_killed_over_it(
        self, world: PushWorld, wechat: Provider
    ) -> None:
        world.channel("wechat", wechat)
        world.book.at("lin", "wechat")
        wechat.answers = [failure(FailureClass.RETRY, "45009", after=3600.0, lane_stop=True)]
        parts = await world.parts()
        await parts.gates.force("wechat", BreakerState.CLOSED, why="we know better")
        first = await one(parts.deliver, world.intent())
        assert first.again is not None
        assert NOON + timedelta(hours=1) <= first.again <= NOON + timedelta(hours=1, seconds=2)
        assert len(wechat.calls) == 1
        await parts.gates.force("wechat", None, why="")
        # Carried again before its time, it finds the gate closed, and a channel that came meanwhile.
        carried = await one(parts.deliver, world.intent())
        assert carried.again is not None
        assert carried.again > NOON + timedelta(minutes=59)
        world.channel("sms", wechat)
        world.book.at("lin", "sms")
        assert (await one((await world.parts()).deliver, world.intent())).done == "sms"

    async def test_a_template_that_is_broken_for_all_is_stopped_and_the_others_go_on(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        wechat.answers = [failure(FailureClass.STOP_TEMPLATE, "40037") for _ in range(3)]
        parts = await both.parts()
        for name in "abcd":
            assert (await one(parts.deliver, both.intent(name))).done == "sms"
        assert len(wechat.calls) == 3
        found = {each.name: each.why for each in await parts.gates.states(["wechat"])}
        assert found == {"wechat": "", "wechat/reminder": "40037"}
        other = replace(both.intent("e"), template="another")
        assert (await one(parts.deliver, other)).done == "wechat"

    async def test_a_channel_that_is_set_up_wrong_is_stopped_at_once(
        self, both: PushWorld, wechat: Provider
    ) -> None:
        wechat.answers = [failure(FailureClass.CONFIGURATION, "40125")]
        parts = await both.parts()
        for name in "ab":
            assert (await one(parts.deliver, both.intent(name))).done == "sms"
        assert len(wechat.calls) == 1

    async def test_what_is_too_fast_waits_its_turn(self, both: PushWorld, wechat: Provider) -> None:
        both.settings = PushSettings(per_second={"wechat": 10})
        parts = await both.parts()
        outcomes = await parts.deliver([both.intent(str(number)) for number in range(12)])
        waiting = [outcome.again for outcome in outcomes if outcome.again is not None]
        assert len(waiting) > 0
        assert all(NOON < again <= NOON + timedelta(seconds=2) for again in waiting)
        assert len(wechat.calls) == 12 - len(waiting)

    async def test_operators_stop_a_provider_and_let_it_go(self, both: PushWorld, wechat: Provider) -> None:
        parts = await both.parts()
        await parts.gates.force("wechat", BreakerState.OPEN, why="they asked for it")
        assert (await one(parts.deliver, both.intent("a"))).done == "sms"
        (breaker, *_) = await parts.gates.states(["wechat"])
        assert (breaker.state, breaker.forced, breaker.why) == (
            BreakerState.OPEN,
            "open",
            "they asked for it",
        )
        await parts.gates.force("wechat", None, why="")
        assert (await one(parts.deliver, both.intent("b"))).done == "wechat"

    async def test_losing_all_of_redis_tells_nobody_twice(self, both: PushWorld, wechat: Provider) -> None:
        parts = await both.parts()
        await one(parts.deliver, both.intent())
        await both.redis.flushdb()
        assert (await one(parts.deliver, both.intent())).done == "wechat"
        assert len(wechat.calls) == 1


class TestLanes:
    async def test_a_campaign_leaves_half_of_a_providers_pace_to_codes_and_reminders(
        self, world: PushWorld, wechat: Provider
    ) -> None:
        world.settings = PushSettings(per_second={"wechat": 10})
        world.channel("wechat", wechat)
        world.book.at("lin", "wechat")
        parts = await world.parts()

        campaign = await parts.deliver([world.intent(str(number), lane=Lane.BULK) for number in range(5)])
        code = await one(parts.deliver, world.intent("code", lane=Lane.URGENT))

        assert code.done == "wechat"
        assert [outcome.done for outcome in campaign].count(None) >= 3

    async def test_a_code_does_not_wait_for_a_campaign_at_a_provider_that_hangs(
        self, world: PushWorld, wechat: Provider
    ) -> None:
        world.channel("wechat", wechat)
        world.book.at("lin", "wechat")
        parts = await world.parts()
        stuck = ROOM[Lane.BULK] + ROOM[Lane.NORMAL]
        wechat.answers = ["late"] * stuck
        intents = [
            world.intent(f"{lane}{number}", lane=lane)
            for lane in (Lane.BULK, Lane.NORMAL)
            for number in range(ROOM[lane] + 10)
        ]
        campaign = asyncio.create_task(parts.deliver(intents))
        while len(wechat.calls) < stuck:
            assert not campaign.done()
            await asyncio.sleep(0.01)

        code = await one(parts.deliver, world.intent("code", lane=Lane.URGENT))

        assert (code.done, campaign.done()) == ("wechat", False)
        wechat.closing.set()
        await campaign


class TestTheStory:
    async def test_it_tells_everything_but_the_words(self, both: PushWorld, wechat: Provider) -> None:
        wechat.answers = [failure(FailureClass.NEXT_CHANNEL, "43101")]
        parts = await both.parts()
        await one(parts.deliver, both.intent())
        story = await parts.stories.of(both.intent().id)
        assert story.inbox is not None
        assert [each.channel for each in story.inbox.decisions] == ["wechat", "sms"]
        assert story.inbox.decisions[1].passed == {"wechat": "43101"}
        assert [(each.channel, each.state.value, each.code) for each in story.attempts] == [
            ("wechat", "failed", "43101"),
            ("sms", "accepted", ""),
        ]

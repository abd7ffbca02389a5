"""Where a notice goes next: for every situation there is one answer, and it never disturbs who said no."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.channels.base import FailureClass
from push.delivery_models import Attempt, AttemptState
from push.models import Intent, Lane, MessageClass, Topic
from push.rules.backoff import CAP, again_at
from push.rules.caps import MARKETING_A_DEVICE, buckets
from push.rules.chain import (
    LEASE,
    MOST_UNKNOWN,
    PATIENCE,
    Closed,
    Go,
    Place,
    Situation,
    Stay,
    Wait,
    lost,
    next_step,
)
from push.rules.consents import BASES, TEXTS, Basis, needs_consent
from push.rules.quiet import CITY, QuietHours, quiet_until

NOON: Final = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # twelve o'clock in the city
MIDNIGHT: Final = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # one in the morning
NIGHT: Final = QuietHours(start="22:00", end="08:00")
NEVER: Final = QuietHours(start="00:00", end="00:00")
ORDER: Final = ("wechat", "jpush", "sms")

instants = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by contract
times = st.times().map(lambda at: f"{at:%H:%M}")
hours = st.builds(QuietHours, start=times, end=times)


def place(
    channel: str,
    attempt: Attempt | None = None,
    *,
    idempotent: bool = False,
    device: str = "",
    vendor: str = "",
) -> Place:
    own_id = f"{channel}:{device}" if device else channel
    return Place(id=own_id, channel=channel, vendor=vendor, idempotent=idempotent, attempt=attempt)


def attempt(
    channel: str,
    state: AttemptState,
    *,
    at: datetime = NOON,
    failure: FailureClass | None = None,
    code: str = "",
    calls: int = 1,
    again: datetime | None = None,
    redriven: int = 0,
) -> Attempt:
    return Attempt(
        id=f"key:{channel}",
        key="key",
        channel=channel,
        state=state,
        at=at,
        expires_at=at + timedelta(days=90),
        failure=failure,
        code=code,
        calls=calls,
        again_at=again,
        redriven=redriven,
    )


def situation(
    *places: Place,
    closed: dict[str, Closed] | None = None,
    refused: str = "",
    lane: Lane = Lane.NORMAL,
    quiet: QuietHours = NIGHT,
    useful: datetime = NOON + timedelta(days=3),
    redriven: int = 0,
) -> Situation:
    by_channel: dict[str, list[Place]] = {}
    for each in places:
        by_channel.setdefault(each.channel, []).append(each)
    return Situation(
        lane=lane,
        useful_until=useful,
        refused=refused,
        order=ORDER,
        quiet=quiet,
        places=by_channel,
        closed=closed or {},
        redriven=redriven,
    )


class TestTheOrder:
    def test_the_first_channel_that_can_be_used_is_used(self) -> None:
        assert next_step(situation(place("sms"), place("jpush")), NOON) == Go(
            channel="jpush", places=[place("jpush")], passed={"wechat": "unreachable"}
        )

    def test_every_device_of_a_channel_is_told(self) -> None:
        step = next_step(situation(place("jpush", device="a"), place("jpush", device="b")), NOON)
        assert isinstance(step, Go)
        assert [each.id for each in step.places] == ["jpush:a", "jpush:b"]

    def test_where_nothing_is_left_it_stays_in_the_inbox_and_says_why(self) -> None:
        gone = attempt("wechat", AttemptState.FAILED, failure=FailureClass.TOMBSTONE, code="40003")
        step = next_step(situation(place("wechat", gone)), NOON)
        assert step == Stay(
            reason="nothing_left",
            passed={"wechat": "40003", "jpush": "unreachable", "sms": "unreachable"},
        )

    @given(
        st.sampled_from(["no_consent", "topic_off", "capped"]),
        instants,
        hours,
        st.sampled_from(Lane),
    )
    def test_who_said_no_is_never_disturbed(
        self, refused: str, now: datetime, quiet: QuietHours, lane: Lane
    ) -> None:
        step = next_step(
            situation(place("wechat"), place("sms"), refused=refused, quiet=quiet, lane=lane), now
        )
        assert step == Stay(reason=refused, passed={})


class TestAtNight:
    def test_it_waits_for_the_morning(self) -> None:
        step = next_step(situation(place("wechat")), MIDNIGHT)
        assert step == Wait(until=datetime(2026, 11, 25, 0, 0, tzinfo=UTC), reason="quiet", passed={})

    def test_what_is_urgent_rings(self) -> None:
        assert isinstance(next_step(situation(place("wechat"), lane=Lane.URGENT), MIDNIGHT), Go)

    def test_what_is_of_no_use_in_the_morning_stays_in_the_inbox(self) -> None:
        step = next_step(situation(place("wechat"), useful=MIDNIGHT + timedelta(hours=2)), MIDNIGHT)
        assert step == Stay(reason="quiet", passed={})

    @pytest.mark.parametrize("vendor", ["huawei", "honor"])
    def test_some_makers_hold_everything_until_six(self, vendor: str) -> None:
        step = next_step(situation(place("jpush", vendor=vendor), quiet=NEVER), MIDNIGHT)
        assert isinstance(step, Wait)
        assert (step.until, step.reason) == (datetime(2026, 11, 24, 22, 0, tzinfo=UTC), "vendor_quiet")

    def test_another_channel_goes_before_such_a_phone(self) -> None:
        step = next_step(situation(place("jpush", vendor="honor"), place("sms"), quiet=NEVER), MIDNIGHT)
        assert isinstance(step, Go)
        assert (step.channel, step.passed["jpush"]) == ("sms", "vendor_quiet")

    @given(hours, instants)
    def test_quiet_ends_at_its_end_within_a_day(self, quiet: QuietHours, now: datetime) -> None:
        until = quiet_until(quiet, now)
        local = now.astimezone(CITY).time()
        start, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
        inside = (start <= local < end) if start <= end else (local >= start or local < end)
        assert (until is not None) == inside
        if until is not None:
            assert now < until <= now + timedelta(days=1)
            assert until.astimezone(CITY).time() == end
            assert quiet_until(quiet, until) is None

    def test_the_same_time_twice_is_never(self) -> None:
        assert quiet_until(NEVER, MIDNIGHT) is None


class TestWhatWasTried:
    def test_an_unknown_is_never_sent_again_where_two_would_be_seen(self) -> None:
        unknown = attempt("wechat", AttemptState.UNKNOWN)
        step = next_step(situation(place("wechat", unknown), place("sms")), NOON)
        assert isinstance(step, Go)
        assert (step.channel, step.passed) == ("sms", {"wechat": "unknown", "jpush": "unreachable"})

    @given(st.sampled_from(AttemptState), st.integers(0, 50), st.timedeltas(timedelta(0), timedelta(days=2)))
    def test_no_age_and_no_count_makes_an_unknown_good_again(
        self, state: AttemptState, calls: int, age: timedelta
    ) -> None:
        tried = attempt("wechat", state, calls=calls, at=NOON - age)
        step = next_step(situation(place("wechat", tried), quiet=NEVER), NOON)
        called = state in (AttemptState.CALLING, AttemptState.UNKNOWN, AttemptState.ACCEPTED)
        if called or state is AttemptState.FAILED:
            assert not isinstance(step, Go)
        else:
            assert isinstance(step, Go) == (age >= LEASE)

    def test_one_who_died_before_the_call_is_replaced(self) -> None:
        reserved = attempt("wechat", AttemptState.RESERVED, at=NOON - LEASE)
        assert isinstance(next_step(situation(place("wechat", reserved)), NOON), Go)

    def test_one_who_may_still_be_calling_is_waited_for(self) -> None:
        calling = attempt("wechat", AttemptState.CALLING, at=NOON - timedelta(seconds=1))
        assert not lost(calling, NOON)
        step = next_step(situation(place("wechat", calling), place("sms")), NOON)
        assert isinstance(step, Wait)
        assert (step.until, step.reason) == (calling.at + LEASE, "busy")

    def test_where_several_show_one_an_unknown_is_sent_again_but_not_for_ever(self) -> None:
        unknown = attempt("jpush", AttemptState.UNKNOWN, again=NOON)
        assert isinstance(next_step(situation(place("jpush", unknown, idempotent=True)), NOON), Go)
        spent = attempt("jpush", AttemptState.UNKNOWN, again=NOON, calls=MOST_UNKNOWN)
        assert isinstance(next_step(situation(place("jpush", spent, idempotent=True)), NOON), Stay)

    def test_a_channel_that_puts_off_is_waited_for_a_few_times_and_then_others_go_first(self) -> None:
        later = NOON + timedelta(seconds=5)
        first = attempt("wechat", AttemptState.FAILED, failure=FailureClass.RETRY, again=later)
        step = next_step(situation(place("wechat", first), place("sms")), NOON)
        assert isinstance(step, Wait)
        assert step.until == later
        often = attempt(
            "wechat", AttemptState.FAILED, failure=FailureClass.RETRY, again=later, calls=PATIENCE
        )
        step = next_step(situation(place("wechat", often), place("sms")), NOON)
        assert isinstance(step, Go)
        assert step.channel == "sms"
        alone = next_step(situation(place("wechat", often)), NOON)
        assert isinstance(alone, Wait)
        assert isinstance(next_step(situation(place("wechat", often)), later), Go)

    def test_nobody_waits_past_the_use_of_a_notice(self) -> None:
        much_later = attempt(
            "wechat", AttemptState.FAILED, failure=FailureClass.RETRY, again=NOON + timedelta(days=4)
        )
        step = next_step(situation(place("wechat", much_later), place("sms")), NOON)
        assert isinstance(step, Go)
        assert step.channel == "sms"

    @pytest.mark.parametrize("failure", [each for each in FailureClass if each is not FailureClass.RETRY])
    def test_any_other_refusal_leads_on(self, failure: FailureClass) -> None:
        refused = attempt("wechat", AttemptState.FAILED, failure=failure, code="no")
        step = next_step(situation(place("wechat", refused), place("sms")), NOON)
        assert isinstance(step, Go)
        assert step.passed["wechat"] == "no"


class TestSentOffAgainByAnOperator:
    @pytest.mark.parametrize("failure", FailureClass)
    def test_what_was_refused_for_what_lay_with_us_is_asked_once_more_each_time(
        self, failure: FailureClass
    ) -> None:
        refused = attempt("wechat", AttemptState.FAILED, failure=failure, code="no", redriven=1)
        steps = [next_step(situation(place("wechat", refused), redriven=each), NOON) for each in (1, 2)]
        ours = failure in {FailureClass.BROKEN, FailureClass.STOP_TEMPLATE, FailureClass.CONFIGURATION}
        retried = failure is FailureClass.RETRY
        assert [isinstance(step, Go) for step in steps] == [retried, ours or retried]

    @given(st.integers(0, 9), st.integers(0, 9), st.sampled_from([None, *FailureClass]))
    def test_an_unknown_is_none_the_better_for_it(
        self, before: int, redriven: int, failure: FailureClass | None
    ) -> None:
        unknown = attempt("wechat", AttemptState.UNKNOWN, failure=failure, redriven=before)
        assert isinstance(next_step(situation(place("wechat", unknown), redriven=redriven), NOON), Stay)


class TestWhatIsClosed:
    def test_a_breaker_leads_on_and_is_waited_for_where_there_is_nothing_else(self) -> None:
        until = NOON + timedelta(minutes=1)
        closed = {"wechat": Closed(reason="breaker", until=until)}
        step = next_step(situation(place("wechat"), place("sms"), closed=closed), NOON)
        assert isinstance(step, Go)
        assert step.channel == "sms"
        assert next_step(situation(place("wechat"), closed=closed), NOON) == Wait(
            until=until,
            reason="breaker",
            passed={"wechat": "breaker", "jpush": "unreachable", "sms": "unreachable"},
        )

    def test_the_pace_is_waited_for(self) -> None:
        closed = {"wechat": Closed(reason="paced", until=NOON + timedelta(seconds=1), hold=True)}
        assert isinstance(next_step(situation(place("wechat"), place("sms"), closed=closed), NOON), Wait)

    def test_one_device_may_be_closed_and_another_not(self) -> None:
        phones = (place("jpush", device="a"), place("jpush", device="b"))
        step = next_step(situation(*phones, closed={"jpush:a": Closed(reason="capped")}), NOON)
        assert isinstance(step, Go)
        assert [each.id for each in step.places] == ["jpush:b"]

    @given(
        st.lists(
            st.builds(
                Closed,
                reason=st.just("breaker"),
                until=st.none() | instants,
                hold=st.just(False),  # noqa: FBT003 - a value to draw
            ),
            min_size=3,
            max_size=3,
        ),
        instants,
        instants,
    )
    def test_who_waits_waits_for_something_before_it_is_too_late(
        self, found: list[Closed], now: datetime, useful: datetime
    ) -> None:
        closed = dict(zip(ORDER, found, strict=True))
        step = next_step(situation(*map(place, ORDER), closed=closed, useful=useful, quiet=NEVER), now)
        in_time = [each.until for each in found if each.until is not None and each.until < useful]
        if in_time:
            assert isinstance(step, Wait)
            assert step.until == min(in_time)
        else:
            assert isinstance(step, Stay)


class TestTryingAgain:
    @given(st.integers(1, 10_000), instants, st.floats(0, 1, exclude_max=True))
    def test_it_is_tried_again_within_the_doubled_time_and_never_after_the_cap(
        self, calls: int, now: datetime, fraction: float
    ) -> None:
        again = again_at(calls, now, fraction=fraction)
        assert now <= again <= now + min(CAP, timedelta(seconds=2) * 2 ** min(calls - 1, 20))

    @given(st.integers(1, 20), instants, st.floats(0, 1, exclude_max=True))
    def test_what_a_provider_asks_for_is_waited_in_full(
        self, calls: int, now: datetime, fraction: float
    ) -> None:
        after = timedelta(minutes=40)
        assert again_at(calls, now, fraction=fraction, after=after) >= now + after


def intent(topic: Topic, *, lane: Lane = Lane.NORMAL, kind: MessageClass = MessageClass.SERVICE) -> Intent:
    return Intent(
        id="key",
        addressee="r",
        topic=topic,
        lane=lane,
        template="t",
        values=b"",
        rule="r",
        item="i",
        milestone="m",
        created_at=NOON,
        not_before=NOON,
        useful_until=NOON + timedelta(days=1),
        message_class=kind,
    )


class TestHowOften:
    def test_a_topic_counts_by_day_and_marketing_by_device_as_well(self) -> None:
        policy = intent(Topic.POLICY, kind=MessageClass.MARKETING)
        counted = buckets(policy, "jpush:a", NOON, per_topic=5)
        assert [(each.name, each.most) for each in counted] == [
            ("topic:policy:2026-11-25", 5),
            ("marketing:jpush:a:2026-11-25", MARKETING_A_DEVICE),
        ]

    def test_the_day_is_the_citys(self) -> None:
        (one,) = buckets(intent(Topic.EXPIRY), "sms", MIDNIGHT, per_topic=5)
        assert one.name.endswith("2026-11-25")

    @pytest.mark.parametrize("topic", Topic)
    def test_what_rests_on_law_and_what_is_urgent_is_not_counted(self, topic: Topic) -> None:
        assert bool(buckets(intent(topic), "sms", NOON, per_topic=5)) == needs_consent(topic)
        assert buckets(intent(topic, lane=Lane.URGENT), "sms", NOON, per_topic=5) == ()


class TestConsent:
    def test_every_topic_rests_on_something_and_what_rests_on_consent_has_words(self) -> None:
        assert set(BASES) == set(Topic)
        assert set(TEXTS) == {topic for topic in Topic if needs_consent(topic)}
        versions = [words.version for words in TEXTS.values()]
        assert len(versions) == len(set(versions))

    def test_what_concerns_children_asks_for_the_guardians_own_consent(self) -> None:
        guardians = {topic for topic, basis in BASES.items() if basis is Basis.GUARDIAN}
        assert guardians == {Topic.VACCINATION, Topic.ENROLMENT}
        for topic in guardians:
            assert "监护人" in TEXTS[topic].zh
            assert "guardian" in TEXTS[topic].en

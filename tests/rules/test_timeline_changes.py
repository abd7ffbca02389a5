"""What a new plan changes: nothing is said twice, and nothing somebody asked for is forgotten."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from push.models import Topic
from push.rules.due import DueItem, Status
from push.rules.milestones import milestones
from push.rules.timeline import Change, asked_for, change_of, is_held, item_id, shard_of
from push.timeline_models import Mark, MarkState, MilestoneState, StoredMilestone

NOW: Final = datetime(2026, 11, 25, 4, tzinfo=UTC)
WHOM: Final = "somebody"


def item(earliest: date = date(2026, 12, 10), **more: object) -> DueItem:
    said = {
        "id": "vaccination/dtap-1",
        "programme": "cn-nip-2026",
        "topic": Topic.VACCINATION,
        "title_zh": "百白破疫苗 第1剂",
        "title_en": "DTaP vaccine, dose 1",
        "earliest": earliest,
        "recommended_before": None,
        "window_to": None,
        "status": Status.NOT_YET_DUE,
        "clause": ("G1",),
        "template": "vaccination-due",
        "schedule": "vaccination",
    }
    return DueItem(**(said | more))  # type: ignore[arg-type]  # by name


def change(
    before: DueItem | None, after: DueItem | None, *kept: StoredMilestone, mark: Mark | None = None
) -> Change:
    name = item_id(WHOM, "vaccination/dtap-1")
    return change_of(
        WHOM,
        before={} if before is None else {name: before},
        marks={} if mark is None else {name: mark},
        kept={name: kept},
        after=[] if after is None else [(after, milestones(after))],
        now=NOW,
    )


def mark(state: MarkState, until: datetime | None = None) -> Mark:
    return Mark(state=state, by="mother", at=NOW, until=until)


def fired(milestone: StoredMilestone) -> StoredMilestone:
    said = {name: getattr(milestone, name) for name in milestone.__struct_fields__}
    return StoredMilestone(**(said | {"state": MilestoneState.FIRED}))


def test_what_is_new_waits_and_what_is_planned_again_changes_nothing() -> None:
    first = change(None, item())
    assert [each.state for each in first.milestones] == [MilestoneState.WAITING]
    assert (first.difference.added, first.difference.removed, first.difference.moved) == (1, 0, 0)

    again = change(item(), item(), *first.milestones)
    assert (again.added, again.changed, again.withdrawn, again.milestones) == ({}, {}, (), ())
    assert again.difference.unchanged == 1


def test_what_was_told_stays_told_and_a_day_that_moved_is_told_anew() -> None:
    told = fired(change(None, item()).milestones[0])

    assert change(item(), item(), told).milestones == ()
    moved = change(item(), item(date(2026, 12, 28)), told)
    assert [each.name for each in moved.milestones] == ["soon@2026-12-28"]
    assert moved.withdrawn == ()


def test_a_day_that_moved_before_it_was_told_is_withdrawn() -> None:
    waiting = change(None, item()).milestones

    assert change(item(), item(date(2026, 12, 28)), *waiting).withdrawn == (waiting[0].id,)
    assert change(item(), None, *waiting).settled == (item_id(WHOM, "vaccination/dtap-1"),)


def test_of_what_is_done_nothing_new_is_said_and_what_was_asked_for_stays() -> None:
    done = change(item(), item(date(2026, 12, 28)), mark=mark(MarkState.DONE))
    assert {each.state for each in done.milestones} == {MilestoneState.HELD}

    term = item(window_to=date(2026, 12, 20))
    again = change(term, item(date(2027, 12, 1)), mark=mark(MarkState.DONE))
    assert {each.state for each in again.milestones} == {MilestoneState.WAITING}
    assert again.unmarked == (item_id(WHOM, "vaccination/dtap-1"),)

    snoozed = mark(MarkState.SNOOZED, NOW + timedelta(days=3))
    asked = asked_for(WHOM, item_id(WHOM, "vaccination/dtap-1"), snoozed, "vaccination-due")
    assert asked is not None
    assert change(item(), item(), asked, mark=snoozed).withdrawn == ()


def test_a_snooze_holds_what_is_due_before_it_ends_and_nothing_after() -> None:
    until = NOW + timedelta(days=3)

    assert is_held(until - timedelta(seconds=1), mark(MarkState.SNOOZED, until))
    assert not is_held(until, mark(MarkState.SNOOZED, until))
    assert is_held(until, mark(MarkState.NOT_APPLICABLE))
    assert not is_held(until, None)


@given(st.text(min_size=1, max_size=43))
def test_everybody_is_told_within_half_an_hour_of_nine_and_has_a_shard(subject: str) -> None:
    planned = change_of(subject, before={}, marks={}, kept={}, after=[(item(), milestones(item()))], now=NOW)

    (told,) = planned.milestones
    assert timedelta(0) <= told.due_at - milestones(item())[0].due_at < timedelta(minutes=30)
    assert told.shard == shard_of(subject)
    assert 0 <= told.shard < 256

"""When people are told: milestones by the shipped table, and what a table may say."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.models import Lane, Topic
from push.programmes import edition, in_force
from push.rules.due import Difference, compare_plans
from push.rules.milestones import (
    SHANGHAI,
    DueItem,
    Milestone,
    Status,
    due_items_of_vaccination,
    milestones,
    read_table,
    shipped,
)
from push.rules.vaccination import Child, Given, due_items

BORN: Final = date(2026, 3, 10)


def item(**more: Any) -> DueItem:  # noqa: ANN401 - an item's own fields
    base = DueItem(
        id="vaccination/mmr-1",
        programme="cn-nip-2026",
        topic=Topic.VACCINATION,
        title_zh="麻腮风疫苗 第1剂",
        title_en="MMR, dose 1",
        earliest=date(2026, 11, 10),
        recommended_before=date(2027, 3, 10),
        window_to=None,
        status=Status.NOT_YET_DUE,
        clause=("G1",),
        template="vaccination-due",
        schedule="vaccination",
    )
    return msgspec.structs.replace(base, **more)


def told(found: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401
    return [(each.name, f"{each.due_at:%Y-%m-%d %H:%M}", each.template) for each in found]


def test_a_vaccination_is_told_a_week_before_and_on_the_day_it_is_late() -> None:
    assert told(milestones(item())) == [
        ("soon@2026-11-10", "2026-11-03 09:00", "vaccination-due"),
        ("overdue@2027-03-10", "2027-03-10 09:00", "vaccination-overdue"),
    ]


def test_nine_in_the_morning_is_nine_in_shanghai() -> None:
    first = milestones(item())[0]

    assert first.due_at.astimezone(UTC) == datetime(2026, 11, 3, 1, tzinfo=UTC)
    assert first.lane is Lane.NORMAL


def test_what_is_soon_is_of_no_use_once_it_is_late() -> None:
    short = item(recommended_before=date(2026, 11, 12))

    assert milestones(short)[0].useful_until == datetime(2026, 11, 12, tzinfo=SHANGHAI)


def test_what_is_late_before_it_may_be_given_is_told_when_it_may() -> None:
    caught_up = item(recommended_before=date(2026, 6, 1), status=Status.OVERDUE)

    assert told(milestones(caught_up)) == [("overdue@2026-06-01", "2026-11-10 09:00", "vaccination-overdue")]


def test_a_day_that_moved_is_told_again_and_one_that_did_not_is_not() -> None:
    before, after = milestones(item()), milestones(item(earliest=date(2026, 12, 1)))

    assert before[0].name != after[0].name
    assert before[1].name == after[1].name


def test_a_short_window_is_told_on_the_day_it_opens() -> None:
    second = item(
        id="vaccination/jei-2",
        earliest=date(2026, 11, 17),
        recommended_before=None,
        window_to=date(2026, 11, 20),
    )

    assert told(milestones(second)) == [
        ("soon@2026-11-17", "2026-11-10 09:00", "vaccination-due"),
        ("closing@2026-11-20", "2026-11-17 09:00", "vaccination-due"),
    ]


def test_an_enrolment_is_told_when_it_opens_three_days_before_it_closes_and_on_its_last_day() -> None:
    window = item(
        earliest=date(2026, 4, 13),
        recommended_before=None,
        window_to=date(2026, 4, 26),
        template="enrolment-window",
        schedule="",
    )

    found = milestones(window)
    assert told(found) == [
        ("opens@2026-04-13", "2026-04-13 09:00", "enrolment-window"),
        ("closing@2026-04-26", "2026-04-23 09:00", "enrolment-closing"),
        ("last-day@2026-04-26", "2026-04-26 09:00", "enrolment-closing"),
    ]
    assert found[-1].useful_until == datetime(2026, 4, 27, tzinfo=SHANGHAI)


def test_a_window_of_three_days_is_not_told_of_before_it_opens() -> None:
    window = item(
        earliest=date(2026, 5, 7),
        recommended_before=None,
        window_to=date(2026, 5, 9),
        template="enrolment-window",
        schedule="",
    )

    assert [each.name for each in milestones(window)] == ["opens@2026-05-07", "last-day@2026-05-09"]


def test_what_expires_is_told_ninety_thirty_and_seven_days_before() -> None:
    card = item(
        earliest=None,
        recommended_before=None,
        window_to=date(2027, 6, 30),
        template="credential-expiry",
        schedule="",
    )

    assert told(milestones(card)) == [
        ("90-days@2027-06-30", "2027-04-01 09:00", "credential-expiry"),
        ("30-days@2027-06-30", "2027-05-31 09:00", "credential-expiry"),
        ("7-days@2027-06-30", "2027-06-23 09:00", "credential-expiry"),
        ("lapsed@2027-06-30", "2027-07-01 09:00", "credential-expiry"),
    ]


def test_what_cannot_be_renewed_yet_is_told_of_when_it_can() -> None:
    permit = item(
        earliest=date(2027, 5, 31),
        recommended_before=None,
        window_to=date(2027, 6, 30),
        template="credential-expiry",
        schedule="",
    )

    assert [each.name for each in milestones(permit)] == [
        "30-days@2027-06-30",
        "7-days@2027-06-30",
        "lapsed@2027-06-30",
    ]


@pytest.mark.parametrize("closes", [None, date(2026, 12, 31)])
def test_who_first_matches_a_policy_that_opened_long_ago_is_told_of_it(closes: date | None) -> None:
    policy = item(
        earliest=date(2025, 1, 1),
        recommended_before=None,
        window_to=closes,
        template="policy-match",
        schedule="",
    )

    first, *_ = milestones(policy)

    assert first.due_at < datetime(2026, 11, 1, tzinfo=SHANGHAI) < first.useful_until
    assert closes is None or first.useful_until == datetime(2027, 1, 1, tzinfo=SHANGHAI)


def test_a_policy_waits_behind_everything_else() -> None:
    policy = item(
        earliest=date(2026, 5, 1), window_to=date(2026, 5, 31), template="policy-match", schedule=""
    )

    assert {each.lane for each in milestones(policy)} == {Lane.BULK}


@pytest.mark.parametrize("status", sorted(set(Status) - {"due", "not_yet_due", "overdue"}))
def test_what_is_settled_over_or_not_announced_is_not_told(status: Status) -> None:
    assert milestones(item(status=status)) == ()


def test_an_item_without_days_has_no_milestones() -> None:
    assert milestones(item(earliest=None, recommended_before=None)) == ()


def test_an_item_follows_the_table_of_the_day_it_begins() -> None:
    table = """{"note": "", "tables": [
        {"from": "2026-01-01", "steps": {"vaccination": [%s]}},
        {"from": "2027-01-01", "steps": {"vaccination": [%s]}}
    ]}"""
    step = '{"name": "%s", "of": "earliest", "days": 0, "template": "vaccination-due", "useful_days": 1}'
    tables = read_table((table % (step % "old", step % "new")).encode())

    assert [each.name for each in milestones(item(), tables=tables)] == ["old@2026-11-10"]
    assert [each.name for each in milestones(item(earliest=date(2027, 1, 1)), tables=tables)] == [
        "new@2027-01-01"
    ]
    assert [each.name for each in milestones(item(earliest=date(2020, 1, 1)), tables=tables)] == [
        "old@2020-01-01"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"note": "", "tables": []}',
        b'{"note": "", "tables": [{"from": "2026-01-01", "steps": {"x": [{"name": "a"}]}}]}',
        b'{"note": "", "tables": [{"from": "2026-01-01", "steps": {}, "more": 1}]}',
    ],
)
def test_a_table_that_says_too_little_or_too_much_is_refused(wrong: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_table(wrong)


days = st.none() | st.dates(date(2020, 1, 1), date(2040, 1, 1))


@given(days, days, days, st.sampled_from(sorted(shipped()[0].steps)))
def test_every_milestone_is_useful_once_said_and_none_is_said_twice(
    earliest: date | None, before: date | None, to: date | None, schedule: str
) -> None:
    found = milestones(item(earliest=earliest, recommended_before=before, window_to=to, schedule=schedule))

    moments = [each.due_at for each in found]
    assert moments == sorted(set(moments))
    assert len({each.name for each in found}) == len(found)
    assert all(each.useful_until > each.due_at for each in found)


def test_a_plan_becomes_items_with_words_for_both_readers() -> None:
    plan = due_items(edition("cn-nip-2026", "310000"), Child(birth=BORN), [], BORN)
    items = {each.id: each for each in due_items_of_vaccination(plan, edition="cn-nip-2026", as_of=BORN)}

    first = items["vaccination/mmr-1"]
    assert (first.title_zh, first.title_en) == (
        "麻腮风疫苗 第1剂",
        "Measles, mumps and rubella vaccine, dose 1",
    )
    assert (first.topic, first.programme, first.earliest) == (
        Topic.VACCINATION,
        "cn-nip-2026",
        date(2026, 11, 10),
    )
    assert items["vaccination/varv-1"].earliest == date(2027, 3, 10)


def test_an_item_is_called_the_same_in_every_edition() -> None:
    as_of = BORN + timedelta(days=40)
    ids = [
        {
            each.id
            for each in due_items_of_vaccination(
                due_items(edition(name), Child(birth=BORN), [], as_of), edition=name, as_of=as_of
            )
        }
        for name in ("cn-nip-2021", "cn-nip-2026")
    ]

    assert ids[0] <= ids[1]


def test_the_last_day_for_catching_up_is_the_day_before_eighteen() -> None:
    girl = Child(birth=date(2011, 11, 10), sex="F")
    as_of = date(2026, 11, 20)
    plan = due_items(edition("cn-nip-2026"), girl, [], as_of)
    items = {each.id: each for each in due_items_of_vaccination(plan, edition="cn-nip-2026", as_of=as_of)}

    assert items["vaccination/hpv-1"].window_to == date(2029, 11, 9)
    assert items["vaccination/hpv-1"].template == "vaccination-overdue"


@given(st.dates(date(2008, 1, 1), date(2026, 1, 1)), st.integers(0, 6_500))
def test_every_plan_has_milestones_or_nothing_to_say(birth: date, age: int) -> None:
    as_of = birth + timedelta(days=age)
    plan = due_items(
        in_force(as_of, "310000"), Child(birth=birth, sex="F"), [Given(date=birth, vaccine="HepB")], as_of
    )
    items = due_items_of_vaccination(plan, edition=in_force(as_of).id, as_of=as_of)

    assert len({each.id for each in items}) == len(items)
    for each in items:
        found = milestones(each)
        assert all(isinstance(one, Milestone) for one in found)


def test_a_new_edition_says_what_it_moves_and_what_it_adds() -> None:
    as_of = date(2026, 6, 17)
    girl = Child(birth=BORN, sex="F")
    before, after = (
        due_items_of_vaccination(due_items(edition(name), girl, [], as_of), edition=name, as_of=as_of)
        for name in ("cn-nip-2021", "cn-nip-2026")
    )
    found = compare_plans(before, after)

    assert {old.id: (old.earliest, new.earliest) for old, new in found.moved} == {
        "vaccination/dtap-1": (date(2026, 6, 10), date(2026, 5, 10)),
        "vaccination/mpsva-1": (date(2026, 9, 10), date(2026, 9, 10)),
    }
    assert [item.id for item in found.new] == ["vaccination/hpv-1"]
    assert found.gone == ()
    assert compare_plans(after, after) == Difference()


def test_a_dose_that_was_given_goes_and_the_next_one_comes() -> None:
    def planned(*given: Given) -> list[DueItem]:
        as_of = date(2026, 11, 10)
        plan = due_items(edition("cn-nip-2026"), Child(birth=BORN), given, as_of)
        return due_items_of_vaccination(plan, edition="cn-nip-2026", as_of=as_of)

    found = compare_plans(planned(), planned(Given(vaccine="MMR", date=date(2026, 11, 10))))

    assert [item.id for item in found.gone] == ["vaccination/mmr-1"]
    assert [item.id for item in found.new] == ["vaccination/mmr-2"]


def test_a_longest_interval_that_was_missed_is_no_last_day_any_more() -> None:
    def second(as_of: date, birth: date, given: str, day: date) -> DueItem:
        child = Child(birth=birth, sex="F")
        plan = due_items(edition("cn-nip-2026"), child, [Given(vaccine=given, date=day)], as_of)
        items = due_items_of_vaccination(plan, edition="cn-nip-2026", as_of=as_of)
        return next(each for each in items if each.id in {"vaccination/jei-2", "vaccination/hpv-2"})

    first = date(2026, 11, 10)
    assert second(date(2026, 11, 20), BORN, "JE-I", first).window_to == date(2026, 11, 20)
    late = second(date(2026, 11, 21), BORN, "JE-I", first)
    assert (late.window_to, late.status) == (None, Status.DUE)
    # HPV is then caught up until eighteen.
    girl = second(date(2028, 1, 1), date(2013, 5, 1), "2vHPV", date(2026, 6, 1))
    assert girl.window_to == date(2031, 4, 30)

"""What a notice says of an item's days: those somebody named, and no other."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import msgspec
import pytest

from bff.sandbox.templates import BOUND
from push.models import Topic
from push.programmes import enrolment_in
from push.rules.due import DueItem, Status
from push.rules.enrolment import Pupil, enrolment_items
from push.rules.milestones import milestones
from push.rules.templates import (
    Binding,
    Language,
    TemplateContent,
    Words,
    aloud,
    content_problems,
    fill,
    places_of,
    wechat_data,
)
from push.rules.wording import WITHOUT_END, sample_of, values_of, wording
from push.texts import shipped

_DAY: Final = re.compile(r"\d+年\d+月\d+日|\d+ [A-Z][a-z]+ \d{4}")
NAME: Final = "林*满"


def dose(**more: Any) -> DueItem:  # noqa: ANN401 - an item's own fields
    base = DueItem(
        id="vaccination/varv-2",
        programme="cn-nip-2026",
        topic=Topic.VACCINATION,
        title_zh="水痘疫苗 第2剂",
        title_en="Varicella vaccine, dose 2",
        earliest=date(2026, 12, 3),
        recommended_before=None,
        window_to=None,
        status=Status.NOT_YET_DUE,
        clause=("SH-VarV",),
        template="vaccination-due",
        schedule="vaccination",
    )
    return msgspec.structs.replace(base, **more)


def said(item: DueItem, template: str) -> dict[str, str]:
    """Everything a person reads or hears of ``item``, and what WeChat's field of a day holds."""
    name = wording(item, template)
    values = values_of(item, name, NAME)
    texts: dict[str, str] = {}
    languages: tuple[tuple[Language, Words], ...] = (("zh", shipped()[name].zh), ("en", shipped()[name].en))
    for language, words in languages:
        for part, text in msgspec.to_builtins(words).items():
            texts[f"{language}.{part}"] = fill(text, values, language)
        texts[f"{language}.aloud"] = aloud(words, values, language)
    if name in BOUND:
        binding = Binding(template_id=BOUND[name][0], fields=BOUND[name][1])
        data, problems = wechat_data(binding, values)
        assert problems == []
        texts["wechat"] = data["date2"]
    return texts


def days(texts: Mapping[str, str]) -> set[str]:
    return {day for text in texts.values() for day in _DAY.findall(text)}


def test_a_dose_without_a_last_day_is_asked_for_from_a_day_on() -> None:
    texts = said(dose(), "vaccination-due")

    assert texts["zh.body"] == f"请自2026年12月3日起带{NAME}到接种门诊接种水痘疫苗 第2剂。"
    assert texts["wechat"] == "2026年12月3日"
    assert days(texts) == {"2026年12月3日", "3 December 2026"}


def test_a_dose_that_is_recommended_before_a_day_is_asked_for_until_the_day_before() -> None:
    texts = said(dose(recommended_before=date(2027, 3, 10)), "vaccination-due")

    assert texts["wechat"] == "2026年12月3日~2027年3月9日"


def test_what_was_late_and_is_planned_anew_without_a_day_is_not_said_to_have_had_one() -> None:
    assert days(said(dose(), "vaccination-overdue")) == {"2026年12月3日", "3 December 2026"}


def of_school(birth: date, as_of: date, key: str, **more: Any) -> DueItem:  # noqa: ANN401
    pupil = Pupil(birth=birth, **more)
    items = enrolment_items(enrolment_in("310000"), pupil, as_of)
    return next(item for item in items if item.id == f"enrolment/{key}")


CHECK_2025: Final = (date(2013, 12, 1), date(2025, 4, 14), "junior/check")
RESULTS_2026: Final = (date(2020, 5, 1), date(2026, 5, 22), "primary/results_from")
LOTTERY_2026: Final = (date(2020, 5, 1), date(2026, 5, 20), "primary/lottery")
CHECK_2026: Final = (date(2015, 5, 1), date(2026, 4, 1), "junior/check")


@pytest.mark.parametrize(
    ("window", "template", "told"),
    [
        (CHECK_2025, "enrolment-from", {"2025年4月14日", "14 April 2025"}),
        (RESULTS_2026, "enrolment-told", {"2026年5月22日", "22 May 2026"}),
        (LOTTERY_2026, "enrolment-told", {"2026年5月20日", "20 May 2026"}),
        (CHECK_2026, "enrolment-undated", set()),
    ],
)
def test_of_a_window_the_days_are_told_that_the_city_announced(
    window: tuple[date, date, str], template: str, told: set[str]
) -> None:
    item = of_school(*window)
    texts = said(item, milestones(item)[0].template)

    assert wording(item, milestones(item)[0].template) == template
    assert days(texts) == told
    if template == "enrolment-told":
        assert "按时登记" not in texts["zh.body"]
        assert "nothing for you to do" in texts["en.body"]


def test_a_month_ends_on_no_day() -> None:
    check = of_school(*CHECK_2026)

    assert check.window_to is None
    assert check.title_en.endswith("in April")
    assert of_school(CHECK_2026[0], date(2026, 5, 1), "junior/check").status is Status.PASSED


def test_who_put_off_a_window_that_is_still_not_announced_is_told_no_day() -> None:
    waiting = of_school(date(2020, 9, 1), date(2026, 11, 26), "primary/register")

    assert waiting.status is Status.NOT_ANNOUNCED
    assert days(said(waiting, waiting.template)) == set()


def test_a_policy_without_a_last_day_does_not_close() -> None:
    policy = dose(topic=Topic.POLICY, template="policy-match", schedule="")

    assert days(said(policy, "policy-match")) == {"2026年12月3日", "3 December 2026"}


@pytest.mark.parametrize("name", [name for name in BOUND if name.startswith("vaccination")])
def test_what_a_locked_phone_may_show_of_a_provider_names_no_vaccine_and_no_child(name: str) -> None:
    fields = " ".join(BOUND[name][1].values())

    assert not {"name", "item", "item_en"} & set(places_of(fields))
    assert "疫苗" not in fields


@pytest.mark.parametrize("name", sorted({*WITHOUT_END.values(), "enrolment-told", "enrolment-undated"}))
def test_an_operator_cannot_write_an_end_where_there_is_none(name: str) -> None:
    content = shipped()[name]
    assert content_problems(content, sample_of(name)) == []
    ends = msgspec.structs.replace(content.zh, body="{item}至{until}")
    written = TemplateContent(
        zh=ends, en=content.en, wechat=Binding(template_id="T", fields={"date2": "{until}"})
    )

    found = {f"{each.field}:{each.why}" for each in content_problems(written, sample_of(name))}
    assert found == {"zh.body:nothing_fills_it", "wechat.until:nothing_fills_it"}

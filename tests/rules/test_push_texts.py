"""What notices say: every one in both languages, and nothing personal on a locked screen."""

import msgspec
import pytest

from auth_bridges.models import NoticeKind
from push.programmes import content as programme_data
from push.rules.templates import (
    SAMPLE,
    Binding,
    TemplateContent,
    aloud,
    content_problems,
    day_of,
    fill,
    places_of,
    provider_data,
    provider_page,
)
from push.rules.vaccination.record import KNOWN
from push.texts import shipped

REMINDERS = (
    *("vaccination-due", "vaccination-overdue", "enrolment-window", "enrolment-closing"),
    *("vaccination-from", "enrolment-from", "enrolment-told", "enrolment-undated", "policy-from"),
    *("credential-expiry", "insurance-due", "pension-due", "policy-match", "campaign"),
)
NAMES = sorted(shipped())
TELLING = ("疫苗", "接种", "孩子", "健康码", "vaccin", "child", "health", "born", "出生")
"""What a passer-by would learn from a locked screen."""


def test_there_is_a_text_for_every_reminder_and_every_notice() -> None:
    assert set(NAMES) == {*REMINDERS, *(kind.value for kind in NoticeKind)}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_text_would_be_kept_if_an_operator_wrote_it(name: str) -> None:
    assert content_problems(shipped()[name]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_locked_screen_tells_nothing(name: str) -> None:
    content = shipped()[name]
    for words in (content.zh, content.en):
        shown = f"{words.lock_title} {words.lock_body}"
        assert list(places_of(shown)) == []
        assert [word for word in TELLING if word in shown.lower()] == []


@pytest.mark.parametrize("name", [kind.value for kind in NoticeKind])
def test_a_notice_of_an_account_needs_no_value_that_may_be_missing(name: str) -> None:
    content = shipped()[name]
    for words in (content.zh, content.en):
        assert [each for text in msgspec.structs.astuple(words) for each in places_of(text)] == []


@pytest.mark.parametrize("name", REMINDERS)
def test_a_reminder_is_spoken_in_the_language_it_is_written_in(name: str) -> None:
    content = shipped()[name]
    english = aloud(content.en, SAMPLE, "en")
    # A name is told as it is.
    assert english.replace(SAMPLE["name"], "").isascii()
    assert "{" not in aloud(content.zh, SAMPLE, "zh")


def test_a_place_nothing_fills_is_named() -> None:
    with pytest.raises(KeyError, match="until"):
        fill("到{until}", {"until": ""}, "zh")


def test_an_item_without_english_words_is_told_in_chinese() -> None:
    assert fill("{item_en}", {"item": "身份证"}, "en") == "身份证"


@pytest.mark.parametrize(
    ("said", "zh", "en"),
    [
        ("2026-03-02", "2026年3月2日", "2 March 2026"),
        ("2026-03-02T09:05:00+08:00", "2026年3月2日 09:05", "2 March 2026, 09:05"),
        ("2026-03-01T20:00:00+00:00", "2026年3月2日 04:00", "2 March 2026, 04:00"),
        ("下周", "下周", "下周"),
    ],
)
def test_a_day_is_said_as_people_say_it(said: str, zh: str, en: str) -> None:
    assert (day_of(said, "zh"), day_of(said, "en")) == (zh, en)


def _with(**changed: str) -> TemplateContent:
    content = shipped()["vaccination-due"]
    return msgspec.structs.replace(content, zh=msgspec.structs.replace(content.zh, **changed))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (_with(lock_body="{name}该打针了"), "zh.lockBody:place_on_a_locked_screen"),
        (_with(lock_body="请带孩子接种水痘疫苗"), "zh.lockBody:vaccine_on_a_locked_screen"),
        (_with(lock_title="A Vaccine is due"), "zh.lockTitle:vaccine_on_a_locked_screen"),
        (_with(plain="\u200b\ufeff"), "zh.plain:empty"),
        (_with(body="{birth}"), "zh.body:unknown_place"),
        (_with(body="{name"), "zh.body:stray_brace"),
        (_with(title=" "), "zh.title:empty"),
    ],
)
def test_words_that_must_not_be_kept_are_found(content: TemplateContent, problem: str) -> None:
    assert problem in [f"{each.field}:{each.why}" for each in content_problems(content)]


def test_no_vaccine_of_any_programme_is_kept_on_a_locked_screen() -> None:
    kept = msgspec.json.decode(programme_data("vaccines"), type=dict[str, dict[str, str]])
    names = {*KNOWN, *kept, *(name for each in kept.values() for name in each.values())} - {"MM", "MR", "MV"}
    names |= {"百白破第3剂", "该打乙肝第二针了", "卡介", "DTaP dose 3 is due", "HPV"}

    through = [
        name
        for name in names
        if not any(
            each.why == "vaccine_on_a_locked_screen" for each in content_problems(_with(lock_title=name))
        )
    ]

    assert through == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"date1": "{item}"}, "wechat.date1:not_a_date"),
        ({"time1": "{date}"}, "wechat.time1:not_a_time"),
        ({"colour1": "{item}"}, "wechat.colour1:unknown_type"),
        ({"thing1": "{who}"}, "wechat.thing1:unknown_place"),
        ({"thing1": "一" * 21}, "wechat.thing1:too_long"),
        ({}, "wechat.fields:empty"),
    ],
)
def test_a_binding_wechat_would_refuse_is_found_before_it_is_kept(
    fields: dict[str, str], problem: str
) -> None:
    content = msgspec.structs.replace(
        shipped()["vaccination-due"], wechat=Binding(template_id="T", fields=fields)
    )
    assert problem in [f"{each.field}:{each.why}" for each in content_problems(content)]


def test_a_binding_is_filled_in_chinese_and_cut_to_what_fits() -> None:
    binding = Binding(
        template_id="T",
        fields={"thing1": "{item}", "date2": "{date}", "thing3": "请带接种证"},
        page="pages/open?to={link}",
    )
    long = {**SAMPLE, "item": "麻疹腮腺炎风疹联合减毒活疫苗第二剂次加强免疫"}

    assert provider_data(binding, long) == {
        "thing1": "麻疹腮腺炎风疹联合减毒活疫苗第二剂次加…",
        "date2": "2026年3月2日",
        "thing3": "请带接种证",
    }
    assert provider_page(binding, "/timeline?item=a b") == "pages/open?to=%2Ftimeline%3Fitem%3Da%20b"

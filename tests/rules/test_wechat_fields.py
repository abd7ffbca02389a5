"""What WeChat takes in a field, by its type."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.rules.wechat_fields import fitted, problem, problems

TAKEN = [
    ("thing1", "百白破疫苗第3剂"),
    ("thing2", "a" * 20),
    ("number1", "12345678901234567890123456789012"),
    ("number1", "3.5"),
    ("letter1", "abcXYZ"),
    ("symbol1", "!?#"),
    ("character_string1", "SN-2026/001 A"),
    ("time1", "15:01"),
    ("time1", "2019年10月1日 15:01"),
    ("time1", "2019年10月1日 15:01~2019年10月2日 9:00"),
    ("time1", "9:00~11:30"),
    ("date1", "2019年10月1日"),
    ("date1", "2019年10月1日 15:01"),
    ("date1", "2019年10月1日~2019年10月7日"),
    ("amount1", "￥100"),
    ("amount1", "100.50元"),
    ("amount1", "1234567890"),
    ("phone_number1", "+86-0766-66888866"),
    ("phone_number1", "12345"),
    ("car_number1", "粤A8Z888挂"),
    ("car_number1", "沪A12345"),
    ("name1", "林小满"),
    ("name1", "买买提·艾力"),
    ("name1", "Mary Jane O'Neill"),
    ("phrase1", "待接种"),
]
REFUSED = [
    ("thing1", "a" * 21, "too_long"),
    ("thing1", "", "empty"),
    ("thing1", "   ", "empty"),
    ("thing1", "\u200b", "empty"),
    ("thing1", " 前面有空格", "space_around"),
    ("thing1", "后面有空格 ", "space_around"),
    ("thing1", "换\n行", "control_character"),
    ("thing1", "???", "garbled"),
    ("thing1", "鐤\ufffd嫍", "garbled"),
    ("thing1", "😀" * 11, "too_long"),
    ("number1", "1" * 33, "too_long"),
    ("number1", "12a", "not_a_number"),
    ("number1", "１２", "not_a_number"),
    ("letter1", "abc1", "not_letters"),
    ("letter1", "a" * 33, "too_long"),
    ("symbol1", "!!!!!!", "too_long"),
    ("symbol1", "a!", "not_symbols"),
    ("character_string1", "编号1", "not_ascii"),
    ("character_string1", "x" * 33, "too_long"),
    ("time1", "2019年10月1日", "not_a_time"),
    ("time1", "25:00", "not_a_time"),
    ("time1", "2019-10-01 15:01", "not_a_time"),
    ("time1", "1:00~2:00~3:00", "not_a_time"),
    ("date1", "2019年2月30日", "not_a_date"),
    ("date1", "2019-10-01", "not_a_date"),
    ("date1", "15:01", "not_a_date"),
    ("amount1", "12345678901", "too_long"),
    ("amount1", "12345678.901", "too_long"),
    ("amount1", "￥￥1", "not_an_amount"),
    ("phone_number1", "1" * 18, "too_long"),
    ("phone_number1", "--", "not_a_phone_number"),
    ("car_number1", "粤A8Z8888挂", "too_long"),
    ("car_number1", "粤A粤888", "not_a_car_number"),
    ("name1", "一二三四五六七八九十一", "too_long"),
    ("name1", "a" * 21, "too_long"),
    ("name1", "张3", "not_a_name"),
    ("phrase1", "已经接种完成", "too_long"),
    ("phrase1", "OK", "not_chinese"),
    ("colour1", "红", "unknown_type"),
    ("thing", "没有编号", "unknown_type"),
    ("enum1", "三级", "not_a_choice"),
]


@pytest.mark.parametrize(("field", "value"), TAKEN)
def test_what_the_documentation_gives_as_an_example_is_taken(field: str, value: str) -> None:
    assert problem(field, value) is None


@pytest.mark.parametrize(("field", "value", "why"), REFUSED)
def test_what_would_come_back_as_47003_is_refused_here(field: str, value: str, why: str) -> None:
    assert problem(field, value) == why


def test_an_enumeration_takes_its_listed_values_and_no_other() -> None:
    assert problem("enum1", "二级", ("一级", "二级")) is None
    assert problem("enum_string2", "二级", ("一级",)) == "not_a_choice"


def test_every_wrong_field_is_named() -> None:
    data = {"thing1": "好的", "date2": "明天", "number3": "x"}

    assert [(each.field, each.why) for each in problems(data, {})] == [
        ("date2", "not_a_date"),
        ("number3", "not_a_number"),
    ]


@given(st.text(max_size=60))
def test_a_thing_that_was_fitted_is_never_too_long(value: str) -> None:
    assert problem("thing1", fitted("thing1", value)) != "too_long"


@given(st.text(max_size=20))
def test_what_fits_is_left_as_it_is(value: str) -> None:
    if len(value.encode("utf-16-le", "surrogatepass")) <= 40:
        assert fitted("thing1", value) == value
    assert fitted("number1", value) == value


KINDS = [
    *("thing", "number", "letter", "symbol", "character_string", "time", "date", "amount", "phone_number"),
    *("car_number", "name", "phrase", "enum"),
]


@given(st.sampled_from(KINDS), st.text(max_size=40))
def test_nothing_that_is_taken_is_empty_or_has_space_around_it(kind: str, value: str) -> None:
    if problem(f"{kind}1", value) is None:
        assert value
        assert value == value.strip()
        assert "\n" not in value


@given(st.dates(min_value=date(1900, 1, 1)))
def test_every_day_there_is_is_a_date(day: date) -> None:
    assert problem("date1", f"{day.year}年{day.month}月{day.day}日") is None


@given(st.from_regex(r"[0-9]{1,32}", fullmatch=True))
def test_up_to_thirty_two_digits_are_a_number(digits: str) -> None:
    assert problem("number9", digits) is None

"""Which enterprise is told of which policy: the language of criteria, its linter, and what it plans."""

import json
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.models import Lane, Topic
from push.programmes import content, policies
from push.rules.criteria import Attributes, Criterion, lint, matches
from push.rules.due import Status
from push.rules.milestones import milestones
from push.rules.policy import Policies, UnsoundPolicy, policy_items, read_policies

NOW: Final = date(2026, 11, 25)
KNOWN: Final[Attributes] = {
    "division": "310115",
    "industry": "I",
    "employees": 42,
    "research_share": 6.5,
    "founded_on": date(2024, 2, 29),
    "traits": frozenset({"high-tech", "sme"}),
    "listed_for_default": False,
}


def criterion(said: Any) -> Criterion:  # noqa: ANN401 - JSON
    found: Criterion = msgspec.convert(said, type=Criterion)
    return found


def op(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"op": name, **more}


def small(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    policy = {
        "id": "small-and-new",
        "title": {"zh": "小微企业研发补助", "en": "Research grant for small enterprises"},
        "clause": {"zh": "从业人数不超过100人", "en": "No more than 100 employees"},
        "source": "a test",
        "opens": "2026-11-01",
        "closes": "2026-12-31",
        "criteria": op("between", attribute="employees", most=100),
    }
    return policy | more


def published(*said: dict[str, Any]) -> Policies:
    file = json.loads(content("enterprise-policies"))
    file["policies"] = list(said)
    return read_policies(json.dumps(file).encode())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (op("in", attribute="division", values=["310115", "310101"]), True),
        (op("in", attribute="division", values=["310101"]), False),
        (op("in", attribute="traits", values=["high-tech", "unicorn"]), True),
        (op("in", attribute="traits", values=["unicorn"]), False),
        (op("in", attribute="size", values=["SMALL"]), None),
        (op("between", attribute="employees", least=42, most=42), True),
        (op("between", attribute="employees", least=43), False),
        (op("between", attribute="employees", most=41), False),
        (op("between", attribute="research_share", least=6.5), True),
        (op("between", attribute="revenue", least=1), None),
        (op("aged", attribute="founded_on", least_months=32), True),
        (op("aged", attribute="founded_on", least_months=33), False),
        (op("aged", attribute="founded_on", most_months=33), True),
        (op("aged", attribute="founded_on", most_months=32), False),
        (op("is", attribute="listed_for_default", value=False), True),
        (op("is", attribute="listed_for_default", value=True), False),
        (op("not", of=op("is", attribute="listed_for_default", value=True)), True),
        (op("not", of=op("between", attribute="revenue", least=1)), None),
        # What is of another type than asked for is not known, either: true is no number.
        (op("between", attribute="listed_for_default", least=0), None),
        (op("is", attribute="employees", value=True), None),
        (op("in", attribute="employees", values=["42"]), None),
    ],
)
def test_a_criterion_holds_or_not_or_cannot_be_said(said: Any, expected: bool | None) -> None:  # noqa: ANN401, FBT001
    assert matches(criterion(said), KNOWN, NOW) is expected


YES: Final = op("between", attribute="employees", least=1)
NO: Final = op("between", attribute="employees", most=1)
UNKNOWN: Final = op("between", attribute="revenue", least=1)


@pytest.mark.parametrize(
    ("of", "every", "some"),
    [
        ([YES, YES], True, True),
        ([YES, NO], False, True),
        ([NO, NO], False, False),
        ([YES, UNKNOWN], None, True),
        ([NO, UNKNOWN], False, None),
        ([UNKNOWN], None, None),
    ],
)
def test_what_hangs_on_the_unknown_is_unknown_where_it_matters(
    of: Any,  # noqa: ANN401 - JSON
    *,
    every: bool | None,
    some: bool | None,
) -> None:
    assert matches(criterion(op("all", of=of)), KNOWN, NOW) is every
    assert matches(criterion(op("any", of=of)), KNOWN, NOW) is some


@pytest.mark.parametrize(
    "said",
    [
        op("eval", code="1"),
        op("all", of=[]),
        op("in", attribute="division", values=[]),
        op("between", attribute="employees", least="1"),
        op("is", attribute="listed_for_default", value=1),
        op("not", of=[YES]),
        op("between", attribute="employees", least=1, note="x"),
        {"attribute": "employees"},
        "employees > 1",
    ],
)
def test_what_is_none_of_the_seven_operations_is_not_read(said: Any) -> None:  # noqa: ANN401 - JSON
    with pytest.raises(msgspec.ValidationError):
        criterion(said)


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        (op("in", attribute="colour", values=["red"]), "/: no attribute is called colour"),
        (op("all", of=[YES, op("not", of=op("is", attribute="profit", value=True))]), "/1/not: no attribute"),
        (op("between", attribute="division", least=1), "division is a word"),
        (op("in", attribute="employees", values=["1"]), "employees is a number"),
        (op("aged", attribute="employees", least_months=1), "employees is a number"),
        (op("is", attribute="founded_on", value=True), "founded_on is a date"),
        (op("between", attribute="employees"), "always holds"),
        (op("aged", attribute="founded_on"), "always holds"),
        (op("between", attribute="employees", least=2, most=1), "never holds"),
        (op("aged", attribute="founded_on", least_months=12, most_months=12), "never holds"),
    ],
)
def test_the_linter_says_where_a_criterion_is_wrong(said: Any, finding: str) -> None:  # noqa: ANN401 - JSON
    (found,) = lint(criterion(said), policies().attributes)

    assert finding in found


def test_a_policy_that_can_match_nobody_is_not_published() -> None:
    with pytest.raises(UnsoundPolicy, match=r"small-and-new/: no attribute is called colour"):
        published(small(criteria=op("in", attribute="colour", values=["red"])))
    with pytest.raises(UnsoundPolicy, match="closes before it opens"):
        published(small(closes="2026-10-31"))
    with pytest.raises(UnsoundPolicy, match="two of that name"):
        published(small(), small())


def test_an_enterprise_is_told_of_what_it_can_ask_for_in_the_lane_of_campaigns() -> None:
    (item,) = policy_items(published(small()), KNOWN, NOW)

    assert (item.id, item.topic, item.status) == ("policy/small-and-new", Topic.POLICY, Status.DUE)
    assert [(each.name, each.lane) for each in milestones(item)] == [
        ("opens@2026-11-01", Lane.BULK),
        ("7-days@2026-12-31", Lane.BULK),
    ]


@pytest.mark.parametrize("known", [{}, {"employees": 101}, {"employees": "many"}])
def test_nobody_is_told_on_a_guess(known: Attributes) -> None:
    assert policy_items(published(small()), known, NOW) == []


@pytest.mark.parametrize(
    ("closes", "as_of", "status"),
    [
        ("2026-12-31", date(2026, 10, 31), Status.NOT_YET_DUE),
        ("2026-12-31", date(2027, 1, 1), Status.PASSED),
        (None, date(2026, 10, 31), Status.NOT_YET_DUE),
        (None, date(2030, 1, 1), Status.DUE),
    ],
)
def test_a_policy_is_open_between_its_days(closes: str | None, as_of: date, status: Status) -> None:
    (item,) = policy_items(published(small(closes=closes)), KNOWN, as_of)

    assert item.status is status


leaves = st.sampled_from([YES, NO, UNKNOWN])
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda of: op("not", of=of), inner),
        st.builds(
            lambda name, of: op(name, of=of), st.sampled_from(["all", "any"]), st.lists(inner, min_size=1)
        ),
    ),
    max_leaves=12,
)


@given(trees, st.integers(0, 1_000_000))
def test_what_was_said_without_knowing_stays_so_once_it_is_known(said: Any, revenue: int) -> None:  # noqa: ANN401
    before = matches(criterion(said), KNOWN, NOW)
    after = matches(criterion(said), {**KNOWN, "revenue": revenue}, NOW + timedelta(days=1))

    assert after is not None
    assert before is None or before is after

"""CertLogic, judged by its own suites and by the rules of six countries."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bff.cli_health import health
from health_code.rules.certlogic import (
    DEEPEST,
    EvaluationFailed,
    InvalidExpression,
    compile_expression,
    plus_time,
)
from health_code.rules.linter import expression_issues

VECTORS: Final = Path(__file__).parents[1] / "vectors"
SUITE: Final = sorted((VECTORS / "certlogic" / "testSuite").glob("*.json"))
VALIDATION: Final = sorted((VECTORS / "certlogic" / "validation-testSuite").glob("*.json"))
RULES: Final = VECTORS / "dgc-rules"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 400)
    | st.text("abc.0", max_size=4)
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["var", "if", "and", "===", "in", "!", "+", "<", "after", "plusTime", "reduce", "x"]
            ),
            inner,
            max_size=2,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("file", SUITE, ids=lambda file: file.stem)
def test_the_test_suite_holds(file: Path) -> None:
    for case in json.loads(file.read_text("utf-8"))["cases"]:
        for assertion in case["assertions"]:
            expression = assertion.get("certLogicExpression", case.get("certLogicExpression"))
            answer = compile_expression(expression)(assertion["data"])
            assert (type(answer), answer) == (type(assertion["expected"]), assertion["expected"]), case[
                "name"
            ]


def test_the_whole_suite_is_there() -> None:
    cases = [case for file in SUITE for case in json.loads(file.read_text("utf-8"))["cases"]]

    assert (len(SUITE), len(cases), sum(len(case["assertions"]) for case in cases)) == (14, 60, 232)


@pytest.mark.parametrize("file", VALIDATION, ids=lambda file: file.stem)
def test_the_linter_finds_what_the_validation_suite_names(file: Path) -> None:
    for case in json.loads(file.read_text("utf-8"))["cases"]:
        found = msgspec.to_builtins(expression_issues(case["certLogicExpression"]))
        assert found == case["issues"]


def test_the_rules_of_six_countries_pass_their_tests_on_the_command_line() -> None:
    result = CliRunner().invoke(health, ["test-rules", str(RULES), "--json"])

    *rules, total = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 0, total
    assert total == {"rules": 80, "tests": 539, "passed": 539, "failed": 0}
    assert all(rule["failed"] == 0 for rule in rules)


def test_a_rule_that_fails_its_test_ends_the_command_with_one(tmp_path: Path) -> None:
    (tmp_path / "a" / "tests").mkdir(parents=True)
    rule = {"Identifier": "GR-AT-0001", "Logic": {"!": [{"var": "payload"}]}}
    # As an editor on Windows writes it.
    (tmp_path / "a" / "rule.json").write_text(json.dumps(rule), "utf-8-sig")
    test = {"payload": {}, "external": {}, "expected": False}
    (tmp_path / "a" / "tests" / "one.json").write_text(json.dumps(test))
    (tmp_path / "a" / "tests" / "two.json").write_text("no test")

    result = CliRunner().invoke(health, ["test-rules", str(tmp_path), "--json"])

    assert result.exit_code == 1
    assert json.loads(result.stdout.splitlines()[-1]) == {"rules": 1, "tests": 2, "passed": 0, "failed": 2}


def test_a_rule_that_is_none_fails_all_its_tests_and_a_folder_is_no_file(tmp_path: Path) -> None:
    for name, rule in (("broken", b"{bad"), ("odd", b'{"Logic": "\xff"}'), ("lone", b"[]")):
        (tmp_path / name / "tests" / "folder.json").mkdir(parents=True)
        (tmp_path / name / "rule.json").write_bytes(rule)
    for name in ("one", "two"):
        (tmp_path / "broken" / "tests" / f"{name}.json").write_text('{"expected": true}')
    (tmp_path / "x" / "rule.json").mkdir(parents=True)

    result = CliRunner().invoke(health, ["test-rules", str(tmp_path), "--json"])

    *rules, total = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert [(rule["rule"], rule["tests"]) for rule in rules] == [("broken", 2), ("lone", 1), ("odd", 1)]
    assert total == {"rules": 3, "tests": 4, "passed": 0, "failed": 4}


@pytest.mark.parametrize(
    ("text", "amount", "unit", "expected"),
    [
        ("2020-02-29", 1, "year", "2021-03-01"),
        ("2021-01-31", 1, "month", "2021-03-03"),
        ("2021-03-31", -1, "month", "2021-03-03"),
        ("2020-12", 0, "day", "2020-12-31"),
        ("2020", 1, "day", "2021-01-01"),
        ("2021-05-04T10:00:00+0800", 22, "hour", "2021-05-05"),
    ],
)
def test_time_moves_as_ecmascript_moves_it(text: str, amount: int, unit: str, expected: str) -> None:
    assert plus_time(text, amount, unit) == plus_time(expected, 0, "day")


@pytest.mark.parametrize("text", ["2021-09-99", "2022-13", "yesterday", "2021-02-30", "", "9999-12-31"])
def test_no_date_is_a_failure_and_never_another_date(text: str) -> None:
    with pytest.raises(EvaluationFailed):
        plus_time(text, 1, "day")


@pytest.mark.parametrize(
    ("logic", "found"),
    [
        ({"<": [{"plusTime": [{"var": "a"}, 0, "day"]}, 3]}, '"<" compares integers, and not date-times'),
        ({"after": [1, {"plusTime": ["2021-01-01", 0, "day"]}]}, '"after" compares date-times'),
        ({"plusTime": ["2021-01-01", 1, "week"]}, "unit"),
        ({"if": [True, False]}, "exactly 3 operands, but it has 2"),
    ],
)
def test_the_linter_finds_what_went_wrong_in_the_field(logic: dict[str, Any], found: str) -> None:
    assert any(found in issue.message for issue in expression_issues(logic))


def test_an_expression_nested_beyond_reason_is_refused() -> None:
    expression: Any = True
    for _ in range(DEEPEST + 2):
        expression = {"!": [expression]}

    with pytest.raises(InvalidExpression):
        compile_expression(expression)


@given(json_values, json_values)
def test_whatever_is_asked_the_answer_is_a_value_or_a_refusal(expression: Any, data: Any) -> None:  # noqa: ANN401
    try:
        compile_expression(expression)(data)
    except (InvalidExpression, EvaluationFailed):
        return


@given(json_values)
def test_what_the_linter_passes_compiles(expression: Any) -> None:  # noqa: ANN401
    if not expression_issues(expression):
        compile_expression(expression)

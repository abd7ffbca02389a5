"""Rules with their tests, in the form the EU gateway's business rules have: what a rule's author runs."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from health_code.rules.certlogic import EvaluationFailed, InvalidExpression, compile_expression
from health_code.rules.linter import expression_issues

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, RecursionError)


class TestFailure(Struct, frozen=True, kw_only=True):
    """A test that does not hold, and why."""

    test: str
    why: str


class RuleOutcome(Struct, frozen=True, kw_only=True):
    """How a rule does against its tests."""

    rule: str
    identifier: str | None
    tests: int
    passed: int
    failed: int
    failures: tuple[TestFailure, ...] = ()


class Summary(Struct, frozen=True, kw_only=True):
    """How all rules do; ``passed`` and ``failed`` are all ``tests``."""

    rules: int
    tests: int
    passed: int
    failed: int

    def plus(self, outcome: RuleOutcome) -> "Summary":
        """The sum with one more rule."""
        return Summary(
            rules=self.rules + 1,
            tests=self.tests + outcome.tests,
            passed=self.passed + outcome.passed,
            failed=self.failed + outcome.failed,
        )


def run_rule(name: str, rule: bytes, tests: Mapping[str, bytes]) -> RuleOutcome:
    """Evaluate the ``Logic`` of ``rule`` on each of ``tests``; an answer must be exactly what is expected.

    A rule that cannot be used at all fails each of its tests, and one test if it has none.
    """
    try:
        document = msgspec.json.decode(rule)
        identifier = document.get("Identifier") if isinstance(document, dict) else None
        logic = document["Logic"]
        if issues := expression_issues(logic):
            return _useless(name, identifier, tests, f"Logic: {issues[0].message}")
        evaluate = compile_expression(logic)
    except (*_UNREADABLE, InvalidExpression) as cause:
        return _useless(name, None, tests, f"not a rule: {cause}")
    failures = []
    for test, content in tests.items():
        try:
            case: dict[str, Any] = msgspec.json.decode(content)
            answer = evaluate({name: case[name] for name in ("payload", "external") if name in case})
            expected = case["expected"]
        except EvaluationFailed as failure:
            failures.append(TestFailure(test=test, why=f"no answer: {failure}"))
        except _UNREADABLE as cause:
            failures.append(TestFailure(test=test, why=f"not a test: {cause}"))
        else:
            if type(answer) is not type(expected) or answer != expected:
                failures.append(TestFailure(test=test, why=f"expected {expected!r}, got {answer!r}"))
    return RuleOutcome(
        rule=name,
        identifier=identifier,
        tests=len(tests),
        passed=len(tests) - len(failures),
        failed=len(failures),
        failures=tuple(failures),
    )


def _useless(name: str, identifier: str | None, tests: Mapping[str, bytes], why: str) -> RuleOutcome:
    failures = tuple(TestFailure(test=test, why=why) for test in tests or ["rule.json"])
    return RuleOutcome(
        rule=name,
        identifier=identifier,
        tests=len(failures),
        passed=0,
        failed=len(failures),
        failures=failures,
    )

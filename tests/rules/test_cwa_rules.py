"""What a verifier's rules see of a certificate, by the Corona-Warn-App's cases, and its rule for boosters."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from health_code.codec import hc1
from health_code.codec.cose import KID, loads
from health_code.rules.certlogic import compile_expression
from health_code.rules.linter import expression_issues
from tests.foreign_certificates import VECTORS

_CASES: Final[dict[str, Any]] = json.loads(
    (VECTORS / "cwa/dcc-validation-rules-common-test-cases.json").read_text("utf-8")
)
# The list of countries is a constant of that app's, and no part of a certificate or of a value set.
CASES: Final = [each for each in _CASES["testCases"] if "country-2-codes" not in each["description"]]
(BOOSTER,) = json.loads((VECTORS / "cwa/dcc_booster_rules.json").read_text("utf-8"))
_ISSUER, _EXPIRES, _ISSUED, _HCERT = 1, 4, 6, -260
_SETS: Final = {
    "sct-vaccines-covid-19": 1,
    "vaccines-covid-19-names": 2,
    "vaccines-covid-19-auth-holders": 3,
    "disease-agent-targeted": 4,
    "covid-19-lab-test-type": 5,
    "covid-19-lab-test-manufacturer-and-name": 6,
    "covid-19-lab-result": 7,
}


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a protocol buffer that have a length, by number."""
    rest = iter(message)

    def number() -> int:
        value = shift = 0
        for byte in rest:
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        return value

    while tag := number():
        size = number()
        yield tag >> 3, bytes(next(rest) for _ in range(size))


def value_sets() -> dict[str, list[str]]:
    """The keys of each value set, as the app is sent them."""
    sent = dict(fields(b64decode(_CASES["general"]["valueSetProtocolBuffer"])))
    return {
        name: [dict(fields(item))[1].decode() for _, item in fields(sent[place])]
        for name, place in _SETS.items()
    }


def seen_of(case: dict[str, Any]) -> dict[str, Any]:
    """What rules see of a case's certificate, by our reading of it."""
    sign1 = hc1.open_text(case["dcc"])
    claims = loads(sign1.payload)

    def instant(seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return {
        "payload": claims[_HCERT][1],
        "external": {
            "kid": b64encode(sign1.headers[KID]).decode(),
            "iat": instant(claims[_ISSUED]),
            "exp": instant(claims[_EXPIRES]),
            "issuerCountryCode": claims[_ISSUER],
            "validationClock": instant(case["validationClock"]),
            "valueSets": value_sets(),
        },
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["description"])
def test_the_rules_of_a_verifier_see_what_they_have_to(case: dict[str, Any]) -> None:
    (rule,) = case["rules"]

    assert expression_issues(rule["Logic"]) == []
    assert compile_expression(rule["Logic"])(seen_of(case)) is True
    assert (case["expPass"], case["expFail"], case["expOpen"]) == (1, 0, 0)


def test_every_value_set_was_sent() -> None:
    assert all(value_sets().values())
    assert len(CASES) == 13


@pytest.mark.parametrize(
    ("identifier", "on", "told"),
    [
        ("URN:UVCI:01DE/A80013335/TCXSI5Q08B0DIJGMIZJDF#T", "2021-11-10", True),
        ("URN:UVCI:01DE/A80013336/TCXSI5Q08B0DIJGMIZJDF#T", "2021-11-10", False),
        ("URN:UVCI:01DE/A80013335/TCXSI5Q08B0DIJGMIZJDF#T", "2021-11-23", False),
    ],
)
def test_the_rule_for_boosters_is_one_of_ours_to_evaluate(identifier: str, on: str, *, told: bool) -> None:
    asked = {"payload": {"v": [{"ci": identifier}]}, "external": {"validationClock": f"{on}T00:00:00Z"}}

    assert expression_issues(BOOSTER["Logic"]) == []
    assert compile_expression(BOOSTER["Logic"])(asked) is told

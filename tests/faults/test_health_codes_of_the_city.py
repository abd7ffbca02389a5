"""The made-up city's health codes: published by two, reported by two, shown to a guard, over real HTTP."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bff.sandbox.city import APP, CLERKS
from bff.sandbox.health import COLOURS, Colour
from bff.sandbox.stack import City, private_stack

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with private_stack(tmp_path_factory.mktemp("city")) as running:
        yield running


@pytest.fixture(scope="module")
def web(city: City) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=city.base_url, timeout=20) as http:
        yield http


def posted(web: httpx.Client, path: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = web.post(path, json=body, headers=headers)
    assert answer.status_code < 300, answer.text
    found: dict[str, Any] = answer.json()
    return found


def resident(city: City, web: httpx.Client, key: str) -> str:
    login = httpx.post(f"{city.simulator_url}/_sim/wechat/login", json={"appid": APP.appid, "resident": key})
    return str(posted(web, "/mp/v1/session/wechat", {"code": login.json()["code"]})["accessToken"])


def guard(web: httpx.Client) -> str:
    clerk = next(each for each in CLERKS if "health:check" in each.scopes)
    said = {
        "organisation": clerk.organisation,
        "clerkNumber": clerk.number,
        "passphrase": clerk.passphrase,
    }
    return str(posted(web, "/verifier/v1/session", said)["accessToken"])


def code_of(web: httpx.Client, token: str, colour: str) -> dict[str, Any]:
    """The resident's code, once the worker has judged what was reported."""
    deadline = time.monotonic() + 20
    while True:
        answer = web.get("/mp/v1/health-code", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        if found["colour"] == colour or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


@pytest.mark.parametrize("expected", COLOURS, ids=lambda each: each.resident)
def test_a_resident_has_the_colour_the_city_says_with_its_reason_and_a_guard_sees_it(
    city: City, web: httpx.Client, expected: Colour
) -> None:
    token = resident(city, web, expected.resident)

    code = code_of(web, token, expected.colour)

    assert code["colour"] == expected.colour
    assert bool(code["reasons"]) is (expected.colour != "GREEN")
    assert all(reason["clears"]["zh"] and reason["legalSource"] for reason in code["reasons"])
    ticket = posted(web, "/mp/v1/health-code/codes", {}, token)
    seen = posted(web, "/verifier/v1/health-checks", {"code": ticket["code"]}, guard(web))
    assert (seen["verdict"], seen["colour"]) == ("OK", expected.colour)

"""Leaving for an OpenID provider and coming back: residents to 市民云, clerks to their organisation."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext

from bff.sandbox.city import CLERKS, SIGNING_ON
from bff.sandbox.stack import City
from tests.browser.conftest import Watch

pytestmark = pytest.mark.browser

CLERK = next(each for each in CLERKS if each.organisation == SIGNING_ON)


def test_a_resident_leaves_for_citizen_cloud_and_comes_back_signed_in(
    phone: Callable[..., BrowserContext], city: City, watch: Watch
) -> None:
    watch.allowed.add(city.openid_url)
    page = phone().new_page()
    page.goto(f"{city.base_url}/resident/")
    page.get_by_role("button", name="市民云登录").click()
    page.get_by_role("heading", name="市民云").wait_for()
    page.get_by_role("link", name="林晓月").click()
    page.wait_for_url(f"{city.base_url}/resident/#/cards")
    assert "code=" not in page.url
    page.reload()
    page.wait_for_selector("nav")


def test_an_answer_carried_to_another_browser_signs_nobody_in(
    phone: Callable[..., BrowserContext], city: City, watch: Watch
) -> None:
    watch.allowed.add(city.openid_url)
    begun = httpx.post(
        f"{city.base_url}/mp/v1/session/oidc/begin", headers={"X-Device-Id": "a-thiefs-own-browser"}
    ).json()
    lure = httpx.get(f"{begun['authorizationUrl']}&person=lin").headers["Location"]
    page = phone().new_page()
    page.goto(lure)
    page.wait_for_selector(".notice[role=alert]")
    assert page.get_by_role("button", name="市民云登录").is_visible()
    assert "code=" not in page.url


def test_a_clerk_signs_in_at_the_organisation_and_out_there_ends_the_shift(
    phone: Callable[..., BrowserContext], city: City, watch: Watch
) -> None:
    watch.allowed.add(city.openid_url)
    page = phone().new_page()
    page.goto(f"{city.base_url}/clerk/")
    page.fill("#organisation", SIGNING_ON)
    page.get_by_role("button", name="单位统一登录").click()
    page.get_by_role("link", name=CLERK.number).click()
    page.wait_for_url(f"{city.base_url}/clerk/#/scan")
    told = httpx.post(
        f"{city.openid_url}/_sim/oidc/logout", json={"realm": SIGNING_ON, "person": CLERK.number}, timeout=30
    )
    assert set(told.json().values()) == {200}
    page.goto(f"{city.base_url}/clerk/#/history")
    page.get_by_text("班次已结束").wait_for()


def test_an_organisation_without_a_sign_in_of_its_own_is_told_so(
    phone: Callable[..., BrowserContext], city: City
) -> None:
    page = phone("en-GB").new_page()
    page.goto(f"{city.base_url}/clerk/")
    page.fill("#organisation", "haiyu-museum")
    page.get_by_role("button", name="Sign in at your organisation").click()
    page.wait_for_selector(".notice[role=alert]")
    assert page.get_by_role("button", name="Sign in", exact=True).is_enabled()

"""The operators' page: a campaign by two people, a dead letter sent again, and every screen."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pymongo import MongoClient

from bff.sandbox.city import CLERKS, Clerk, person
from bff.sandbox.stack import City
from tests.browser.audit import Auditor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOCALES = pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
ONE, OTHER = [clerk for clerk in CLERKS if clerk.scopes == ("push:operate",)]


def sign_in(page: Page, city: City, clerk: Clerk) -> None:
    page.goto(f"{city.base_url}/console/")
    page.fill("#organisation", clerk.organisation)
    page.fill("#clerk-number", clerk.number)
    page.fill("#passphrase", clerk.passphrase)
    page.click("button[type=submit]")
    page.wait_for_selector(".tabs")


def go(page: Page, city: City, route: str, shown: str) -> None:
    page.goto(f"{city.base_url}/console/{route}")
    page.wait_for_selector(shown)


def draft(page: Page, city: City, title: str, *, districts: str = "99") -> None:
    """A campaign to nobody, so that it disturbs nobody else's test."""
    go(page, city, "#/draft", "#title")
    page.fill("#title", title)
    page.fill("#text", "年底前请完成养老金资格认证")
    page.fill("#text-en", "Prove your pension entitlement by the end of the year")
    page.fill("#districts", districts)
    page.click(".panel .button--plain")
    page.wait_for_selector(".notice[data-tone=quiet]")


def save(page: Page) -> None:
    page.click("button[type=submit]")
    page.wait_for_selector(".bar progress")


def dead_letter(city: City, count: int = 1) -> str:
    """A notice nobody could deliver, as a worker leaves it; the last of ``count``."""
    now = datetime.now(UTC)
    keys = [secrets.token_hex(32) for _ in range(count)]
    letter: dict[str, Any] = {
        "addressee": "nobody",
        "topic": "expiry",
        "lane": "normal",
        "template": "credential-expiry",
        "values": b"",
        "rule": "expiry",
        "item": "item",
        "milestone": "30d",
        "created_at": now,
        "not_before": now,
        "useful_until": now + timedelta(days=1),
        "state": "dead",
        "outcome": "broken:47003",
        "finished_at": now,
        "tries": 3,
    }
    with MongoClient[dict[str, Any]](city.env["SUISHEN_MONGO_URL"]) as client:
        client["suishen"]["push_outbox"].insert_many([{"_id": key, **letter} for key in keys])
    return keys[-1]


def test_one_drafts_a_campaign_and_another_lets_it_begin(
    phone: Callable[..., BrowserContext], city: City
) -> None:
    one, other = phone("en-GB").new_page(), phone("en-GB").new_page()
    sign_in(one, city, ONE)
    sign_in(other, city, OTHER)
    draft(one, city, "Pensions")
    save(one)
    one.click(".buttons .button:not(.button--plain)")
    one.wait_for_selector("[role=alert] >> text=Somebody else has to approve")

    go(other, city, "#/campaigns", ".campaign")
    other.locator(".campaign", has_text="Pensions").first.click()
    other.click(".buttons .button:not(.button--plain)")
    other.wait_for_selector(".notice[data-tone=good]")

    # Nobody lives in district 99: the worker has seen to everybody at once.
    one.wait_for_selector(".pill >> text=All seen to")


def test_a_dead_letter_is_looked_at_and_sent_again(phone: Callable[..., BrowserContext], city: City) -> None:
    key = dead_letter(city)
    page = phone("en-GB").new_page()
    sign_in(page, city, ONE)
    go(page, city, "#/dead", ".letter")
    page.locator(".letter", has=page.locator(f"a[href$='{key}']")).locator("input").check()
    page.fill("#reason", "The template was mended")
    page.click("button[type=submit]")
    page.wait_for_selector(".notice >> text=1 are on their way again")

    go(page, city, f"#/notice/{key}", ".events")
    assert "credential-expiry" in page.inner_text(".facts")


def test_more_dead_letters_than_one_call_takes_are_counted_read_on_and_sent_again(
    phone: Callable[..., BrowserContext], city: City
) -> None:
    dead_letter(city, 101)
    page = phone("en-GB").new_page()
    sign_in(page, city, ONE)
    go(page, city, "#/dead", ".letter")
    there = page.locator("p", has_text="dead letters, twenty a page").inner_text()
    count = int(there.split()[2])
    assert count >= 101
    while page.locator(".letter").count() < count:
        shown = page.locator(".letter").count()
        page.locator("button", has_text="more").click()
        page.locator(".letter").nth(shown).wait_for()
    page.get_by_role("button", name="Choose all that are shown").click()
    page.fill("#reason", "The template was mended")
    page.click("button[type=submit]")
    page.wait_for_selector(f".notice >> text={count} are on their way again")


@LOCALES
def test_the_operators_screens(phone: Callable[..., BrowserContext], city: City, locale: str) -> None:
    auditor = Auditor(locale)
    page = phone(locale).new_page()
    page.goto(f"{city.base_url}/console/")
    page.wait_for_selector("#passphrase")
    auditor.look(page, "console-sign-in")
    sign_in(page, city, ONE)
    page.wait_for_selector("main .facts")
    auditor.look(page, "console-overview")
    key = dead_letter(city)
    go(page, city, "#/dead", ".letter")
    auditor.look(page, "console-dead")
    go(page, city, f"#/notice/{key}", ".events")
    auditor.look(page, "console-story")
    go(page, city, "#/find", "#id-number")
    page.fill("#id-number", person("lin").id_number)
    page.click(".button--plain")
    page.wait_for_selector("main .notice, main .rows")
    auditor.look(page, "console-find")
    draft(page, city, "Pensions")
    auditor.look(page, "console-draft")
    save(page)
    auditor.look(page, "console-campaign")
    go(page, city, "#/campaigns", ".campaign")
    auditor.look(page, "console-campaigns")
    assert auditor.wrong == []

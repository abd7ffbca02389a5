"""The clerks' desks: appeals, evidence entered by hand and venues, each by the people it takes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from bff.sandbox.city import CLERKS, person
from bff.sandbox.stack import City
from tests.browser.audit import Auditor
from tests.browser.conftest import Clerk, Resident, Watch
from tests.browser.health import report, unreadable
from tests.browser.pictures import read

pytestmark = pytest.mark.browser
LOCALES: Final = pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
COUNTER: Final = "haiyu-counter"
CDC: Final = "haiyu-cdc-office"
OFFICE: Final = "haiyu-health-office"

Desk = Callable[..., Page]


@pytest.fixture
def desk(phone: Callable[..., BrowserContext], city: City) -> Desk:
    """A clerk of an organisation, signed in at a desk."""

    def make(organisation: str, locale: str = "zh-CN") -> Page:
        clerk = next(each for each in CLERKS if each.organisation == organisation)
        at = Clerk(phone(locale), city, Path())
        at.sign_in(organisation, clerk.number, clerk.passphrase)
        return at.page

    return make


def go(page: Page, city: City, route: str) -> None:
    """Open a screen of the clerks' page."""
    page.goto(f"{city.base_url}/clerk/{route}")
    page.wait_for_selector("main h1")


def said(page: Page) -> None:
    """Wait until what was done is said to be done."""
    page.wait_for_selector(".notice[data-tone=good]")


def test_a_clerk_who_only_checks_is_offered_nothing_else(desk: Desk, city: City) -> None:
    page = desk("haiyu-museum")
    go(page, city, "#/shift")
    assert page.locator(".menu__entry").count() == 0

    page = desk(COUNTER)
    go(page, city, "#/shift")
    expect(page.locator(".menu__entry")).to_have_count(4)


def test_an_appeal_is_upheld_by_two_organisations_and_the_colour_follows(
    desk: Desk, city: City, resident: Resident
) -> None:
    resident.sign_in("qian")
    resident.page.click(".health-entry")
    resident.page.wait_for_selector(".health[data-colour=YELLOW]")
    resident.page.locator(".reason a.button").first.click()
    resident.page.fill("#statement", "我没有去过那里。")
    resident.page.get_by_role("button", name="提交申诉").click()
    resident.page.wait_for_selector(".steps")
    # Others of the same city may have filed one before.
    filed = f".desk__entry[href='#/appeals/{resident.page.url.rsplit('/', 1)[1]}']"

    one = desk(OFFICE)
    go(one, city, "#/shift")
    one.get_by_role("link", name="赋码申诉").click()
    one.locator(filed).click()
    one.get_by_text("我没有去过那里").wait_for()
    one.get_by_role("button", name="受理").click()
    one.wait_for_selector("#answer")
    one.fill("#answer", "经核查，证据有误。")
    one.get_by_role("button", name="拟更正").click()
    one.get_by_role("button", name="同意更正").click()
    one.wait_for_selector(".notice[role=alert]")  # not by who proposed it

    other = desk(CDC)
    go(other, city, "#/appeals")
    other.select_option("#which", "state=PROPOSED")
    other.locator(filed).click()
    other.get_by_text("拟撤回此证据").wait_for()
    other.get_by_role("button", name="同意更正").click()
    said(other)

    resident.go("#/health")
    resident.page.wait_for_selector(".health[data-colour=GREEN]")


def test_against_an_outcome_a_reviewer_sees_what_is_known_and_another_organisation_has_the_last_word(
    desk: Desk, city: City, resident: Resident
) -> None:
    resident.sign_in("abdu")
    evidence = unreadable(city, "abdu")
    report(city, "laboratory", "abdu", {"kind": "SAMPLED"})
    resident.go("#/health")
    resident.page.wait_for_selector(".health[data-colour=GREY]")
    resident.page.click("a[href='#/health/appeal/GREY']")
    resident.page.fill("#statement", "我昨天测过。")
    resident.page.get_by_role("button", name="提交申诉").click()
    resident.page.wait_for_selector(".steps")
    filed = f"#/appeals/{resident.page.url.rsplit('/', 1)[1]}"

    one, other = desk(OFFICE), desk(CDC)
    go(one, city, filed)
    one.get_by_text("的部分证据无法读取").wait_for()
    one.get_by_role("button", name="受理").click()
    one.wait_for_selector("#answer")
    auditor = Auditor("zh-CN")
    auditor.look(one, "desk-appeal-against-outcome")
    assert auditor.wrong == []
    one.fill("#answer", "检测机构漏报")
    one.fill("#occurred", (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT08:00"))
    one.get_by_role("button", name="拟更正").click()
    said(one)
    go(other, city, filed)
    other.get_by_text("outcome: NEGATIVE").wait_for()
    other.get_by_role("button", name="不同意，退回审核").click()
    said(other)

    one.reload()
    one.wait_for_selector("#how")
    one.select_option("#how", evidence)
    one.locator("#occurred").wait_for(state="hidden")
    one.fill("#answer", "该证据无法读取")
    one.get_by_role("button", name="拟更正").click()
    said(one)
    other.reload()
    other.get_by_role("button", name="同意更正").click()
    said(other)

    resident.go("#/health")
    resident.page.wait_for_selector(".health[data-colour=GREEN]")


def test_of_two_lists_asked_for_the_later_is_shown_though_the_earlier_answers_last(
    desk: Desk, city: City
) -> None:
    page = desk(CDC)
    asked = "**/verifier/v1/health-appeals?state=FILED"
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(asked, hold)
    with page.expect_request(asked):
        go(page, city, "#/appeals")
    page.select_option("#which", "")
    page.wait_for_selector(".stack[aria-busy]", state="detached")
    page.wait_for_selector(".desk__entry, .empty")
    page.evaluate("document.querySelector('.desk__entry, .empty').dataset.kept = ''")
    with page.expect_response(asked):
        held[0].continue_()
    page.wait_for_timeout(200)  # for what would be drawn
    assert page.locator("[data-kept]").count() == 1


def test_an_entry_by_hand_takes_two_people_of_two_organisations_and_its_holder_reads_who(
    desk: Desk, city: City, resident: Resident
) -> None:
    resident.sign_in("chen")
    one = desk(OFFICE)
    go(one, city, "#/manual")
    propose(one, "chen")
    said(one)
    entry = one.locator("article[data-state=PROPOSED]").first
    entry.get_by_role("button", name="复核通过").click()
    one.wait_for_selector(".notice[role=alert]")  # not by who proposed it

    other = desk(CDC)
    go(other, city, "#/manual")
    other.locator("article[data-state=PROPOSED]").first.get_by_role("button", name="复核通过").click()
    said(other)
    other.wait_for_selector("article[data-state=CONFIRMED]")

    one.reload()
    one.locator("article[data-state=CONFIRMED]").first.get_by_role("button", name="申请撤回").click()
    said(one)
    other.reload()
    other.locator("article[data-state=WITHDRAWING]").first.get_by_role("button", name="同意撤回").click()
    said(other)


def test_a_venue_is_registered_and_its_codes_shown_and_printed(desk: Desk, city: City) -> None:
    page = desk(COUNTER)
    go(page, city, "#/venues")
    register(page)
    said(page)
    venue = page.locator("article", has_text="听潮书店").first
    venue.get_by_role("link", name="门口屏幕显示").click()
    page.wait_for_selector(".show__qr svg")
    assert read(page.screenshot()).startswith("SVC.")
    page.get_by_role("link", name="场所码").click()

    page.locator("article", has_text="听潮书店").first.get_by_role("link", name="打印场所码").click()
    page.get_by_text("照片可被转发").wait_for()
    page.get_by_role("button", name="生成纸质码").click()
    page.wait_for_selector(".show__qr svg")
    assert read(page.screenshot(full_page=True)).startswith("SVC.")


@LOCALES
@pytest.mark.slow
def test_the_screens_of_a_counter(desk: Desk, city: City, locale: str) -> None:
    auditor = Auditor(locale)
    page = desk(COUNTER, locale)
    go(page, city, "#/shift")
    auditor.look(page, "desk-shift")
    go(page, city, "#/venues")
    register(page)
    said(page)
    page.wait_for_selector("article")
    auditor.look(page, "desk-venues")
    page.locator("article a.button").first.click()
    page.wait_for_selector(".show__qr svg")
    auditor.look(page, "desk-venue-displayed")
    go(page, city, "#/venues")
    page.locator("article a.button--plain").first.click()
    page.wait_for_selector("main .panel .button")
    auditor.look(page, "desk-venue-print")
    page.locator("main .panel .button").click()
    page.wait_for_selector(".show__qr svg")
    auditor.look(page, "desk-venue-printed")
    go(page, city, "#/held")
    page.wait_for_selector(".empty")
    auditor.look(page, "desk-held")

    assert auditor.wrong == []


@LOCALES
@pytest.mark.slow
def test_the_screens_of_reviewers(
    desk: Desk, city: City, phone: Callable[..., BrowserContext], watch: Watch, locale: str
) -> None:
    auditor = Auditor(locale)
    key = "zheng" if locale == "zh-CN" else "sun"
    resident = Resident(phone(locale).new_page(), city, watch)
    resident.sign_in(key)
    resident.page.click(".health-entry")
    resident.page.locator(".reason a.button").first.click()
    resident.page.fill("#statement", "样本不是我的 · not my sample")
    resident.page.locator("form button").click()
    resident.page.wait_for_selector(".steps")

    page = desk(OFFICE, locale)
    go(page, city, "#/manual")
    propose(page, key)
    said(page)
    page.wait_for_selector("article")
    auditor.look(page, "desk-manual")
    go(page, city, "#/appeals")
    page.wait_for_selector(".desk__entry")
    auditor.look(page, "desk-appeals")
    page.locator(".desk__entry").first.click()
    page.wait_for_selector("#appeal-disputed")
    auditor.look(page, "desk-appeal")
    page.locator("main .stack > .button").first.click()
    page.wait_for_selector("#answer")
    auditor.look(page, "desk-appeal-in-review")
    page.fill("#answer", "证据有误 · it is wrong")
    page.locator("section:has(#answer) form button").click()
    page.wait_for_selector(".desk__states")
    said(page)
    auditor.look(page, "desk-appeal-proposed")
    page.locator(".button--plain").first.click()
    page.wait_for_selector("#reject-answer")
    page.fill("#reject-answer", "证据无误 · it is right")
    page.locator("section:has(#reject-answer) form button").click()
    said(page)
    auditor.look(page, "desk-appeal-decided")
    assert auditor.wrong == []


def propose(page: Page, key: str) -> None:
    """Fill in an entry and send it."""
    page.wait_for_selector("#id-number")
    page.fill("#id-number", person(key).id_number)
    page.select_option("#reason", "CONTACT_TRACED")
    page.fill("#jurisdiction", "310000")
    page.fill("#case-id", "LD-2026-0001")
    page.fill("#days", "2")
    page.fill("#note", "流调报告第 17 号")
    page.locator("section:has(#id-number) form button").click()


def register(page: Page) -> None:
    """Fill in a venue and send it."""
    page.wait_for_selector("#name-zh")
    page.fill("#name-zh", "听潮书店")
    page.fill("#name-en", "Tide Bookshop")
    page.fill("#division", "310101")
    page.select_option("#kind", "SHOP")
    page.locator("#printed").check()
    page.locator("section:has(#name-zh) form button").click()

"""Reminders on the phone: what is next and why, notices as they come, and how one wants to be told."""

from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import BrowserContext

from bff.sandbox.stack import City
from tests.browser.audit import Auditor
from tests.browser.conftest import Resident, Watch
from tests.browser.health import report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOK: Final = """(away) => {
  Object.defineProperty(document, "hidden", { value: away === "away", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
LOCALES = pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])


@LOCALES
def test_the_screens_of_reminders(
    phone: Callable[..., BrowserContext], city: City, watch: Watch, locale: str
) -> None:
    auditor = Auditor(locale)
    resident = Resident(phone(locale).new_page(), city, watch)
    page = resident.page
    resident.sign_in("wang")
    page.wait_for_selector(".notices-entry")
    auditor.look(page, "home-with-reminders")
    resident.go("#/timeline")
    page.wait_for_selector(".item")
    page.locator(".item summary").first.click()
    auditor.look(page, "timeline")
    resident.go("#/notices")
    page.wait_for_selector(".item, .empty")
    auditor.look(page, "notices")
    resident.go("#/reminders")
    page.wait_for_selector("[data-topic=vaccination]")
    auditor.look(page, "reminders")
    assert auditor.wrong == [], auditor.wrong


def test_a_reminder_says_why_and_is_put_off_and_taken_up_again(resident: Resident) -> None:
    resident.sign_in("wang")
    resident.go("#/timeline")
    item = resident.page.locator(".item[data-state=open]").first
    item.wait_for()
    name = item.get_attribute("data-item")
    item.locator("summary").click()
    assert len(item.locator("details p").first.inner_text()) > 5
    item.get_by_role("button", name="一周后再提醒").click()
    snoozed = resident.page.locator(f".item[data-item='{name}'][data-state=snoozed]")
    snoozed.wait_for()
    assert "已推迟至" in snoozed.inner_text()
    snoozed.get_by_role("button", name="恢复提醒").click()
    resident.page.locator(f".item[data-item='{name}'][data-state=open]").wait_for()


def test_what_happened_comes_to_the_open_list_and_is_read_once(resident: Resident, city: City) -> None:
    resident.sign_in("abdu")
    resident.go("#/notices")
    resident.page.wait_for_selector(".item, .empty")
    seen = resident.page.locator("[data-notice]").count()
    report(city, "laboratory", "abdu", {"kind": "RESULT", "outcome": "POSITIVE"})
    resident.page.locator("[data-notice]").nth(seen).wait_for()
    newest = resident.page.locator("[data-notice]").first
    assert newest.get_attribute("data-unread") is not None
    newest.get_by_role("button", name="标为已读").click()
    resident.page.wait_for_selector("[data-notice]:first-child:not([data-unread])")
    resident.page.select_option("#topic", "policy")
    resident.page.get_by_text("还没有通知").wait_for()


def test_a_topic_is_agreed_to_in_one_tap_and_taken_back_in_one(resident: Resident) -> None:
    resident.sign_in("sun")
    resident.go("#/reminders")
    topic = resident.page.locator("[data-topic=expiry]")
    topic.get_by_role("button", name="同意提醒").click()
    resident.page.wait_for_selector("[data-topic=expiry][data-given=true]")
    topic.get_by_role("button", name="撤回同意").click()
    resident.page.wait_for_selector("[data-topic=expiry][data-given=false]")
    assert "依法告知" in resident.page.locator("[data-topic=account]").inner_text()


def test_quiet_hours_are_kept(resident: Resident) -> None:
    resident.sign_in("sun")
    resident.go("#/reminders")
    resident.page.fill("#quiet-from", "21:30")
    resident.page.get_by_role("button", name="保存").click()
    resident.page.wait_for_selector(".notice[data-tone=good]")
    resident.go("#/me")
    resident.go("#/reminders")
    resident.page.wait_for_selector("#quiet-from")
    assert resident.page.input_value("#quiet-from") == "21:30"


def test_what_came_while_the_phone_was_put_away_is_there_when_it_is_taken_out(
    resident: Resident, phone: Callable[..., BrowserContext], city: City, watch: Watch
) -> None:
    other = Resident(phone().new_page(), city, watch)
    other.sign_in("sun")
    resident.sign_in("sun")
    resident.go("#/notices")
    resident.page.wait_for_selector(".item, .empty")
    seen = resident.page.locator("[data-notice]").count()
    resident.page.evaluate(LOOK, "away")
    other.bind_phone()
    resident.page.evaluate(LOOK, "in hand")
    resident.page.locator("[data-notice]").nth(seen).wait_for()
    assert "手机" in resident.page.locator("[data-notice]").first.inner_text()

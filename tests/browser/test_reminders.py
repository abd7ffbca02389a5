"""Reminders on the phone: what is next and why, notices as they come, and how one wants to be told."""

import json
import time
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import BrowserContext
from pymongo import MongoClient

from bff.sandbox.stack import City
from tests.browser.audit import Auditor
from tests.browser.conftest import WHOLE, Resident, Watch, browser_called
from tests.browser.health import report

pytestmark = [pytest.mark.browser, pytest.mark.kept, pytest.mark.slow]

LOOK: Final = """(away) => {
  Object.defineProperty(document, "hidden", { value: away === "away", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
VENDOR: Final = """() => {
  // A browser's vendor has a push service, and this one none: in its place stands the simulated one.
  const kept = () => JSON.parse(localStorage.getItem("the vendor"));
  const subscription = () => ({
    toJSON: () => ({ endpoint: kept().endpoint, keys: kept() }),
    unsubscribe: async () => (localStorage.removeItem("the vendor"), true),
  });
  PushManager.prototype.getSubscription = async () => (kept() ? subscription() : null);
  PushManager.prototype.subscribe = async ({ applicationServerKey: key }) => {
    const given = await window.theVendor(btoa(String.fromCharCode(...key)));
    localStorage.setItem("the vendor", JSON.stringify(given));
    return subscription();
  };
}"""
LOCALES = pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])


@pytest.fixture(scope="session")
def chromium() -> str:
    """The whole browser: without its windows nothing shows notifications."""
    return browser_called(WHOLE)


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
    # In a week it is too late to confirm her pension.
    assert item.get_by_role("button", name="一周后再提醒").count() == 0
    item.get_by_role("button", name="明天再提醒").click()
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


class Vendor:
    """The simulated push service behind a page, and what it was subscribed as."""

    def __init__(self, resident: Resident, city: City) -> None:
        self._page = resident.page
        self._service = city.phone_ports.url("webpush")
        self._city = city
        self.name = ""
        resident.page.expose_function("theVendor", self._subscribe)
        resident.page.context.add_init_script(f"({VENDOR})()")
        resident.page.context.grant_permissions(["notifications"], origin=city.base_url)

    def _subscribe(self, key: str) -> Any:  # noqa: ANN401  JSON
        safe = key.replace("+", "-").replace("/", "_").rstrip("=")
        body = {"applicationServerKey": safe}
        given = httpx.post(f"{self._service}/_sim/webpush/browsers", json=body).json()
        self.name = given["endpoint"].rpartition("/")[2]
        return given

    def shown(self) -> list[dict[str, str]]:
        """What the browser was sent, sealed for it alone."""
        screen = httpx.get(f"{self._service}/_sim/webpush/screen", params={"browser": self.name})
        return list(screen.json())

    def is_subscribed(self) -> bool:
        """Whether the browser would show what is sent to it."""
        return bool(self._page.evaluate("localStorage.getItem('the vendor') !== null"))

    def known(self) -> int:
        """How many browsers the city knows."""
        with MongoClient[dict[str, Any]](self._city.env["SUISHEN_MONGO_URL"]) as client:
            return client["suishen"]["push_devices"].count_documents({"kind": "webpush"})


def soon(holds: Callable[[], object]) -> None:
    """Wait until ``holds``."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_browser_is_told_while_the_page_is_closed_until_it_is_turned_off_or_signed_out(
    resident: Resident, city: City
) -> None:
    vendor = Vendor(resident, city)
    resident.sign_in("sun")
    resident.go("#/reminders")
    resident.page.get_by_role("button", name="开启浏览器通知").click()
    resident.page.wait_for_selector("[data-browser=on]")
    assert vendor.known() == 1

    resident.bind_phone()
    soon(vendor.shown)
    told = vendor.shown()[0]
    assert told["title"]
    assert "孙" not in str(told)
    assert shown_by_the_worker(resident, city, told) == [(told["title"], told["body"])]

    resident.go("#/reminders")
    resident.page.get_by_role("button", name="关闭浏览器通知").click()
    resident.page.wait_for_selector("[data-browser=off]")
    assert vendor.known() == 0

    resident.page.get_by_role("button", name="开启浏览器通知").click()
    resident.page.wait_for_selector("[data-browser=on]")
    resident.go("#/me")
    resident.page.get_by_role("button", name="退出登录").click()
    soon(lambda: vendor.known() == 0)
    assert not vendor.is_subscribed()

    # Closed without signing out it goes on, but not for whoever comes next.
    resident.sign_in("sun")
    resident.go("#/reminders")
    resident.page.get_by_role("button", name="开启浏览器通知").click()
    resident.page.wait_for_selector("[data-browser=on]")
    resident.page.reload()
    resident.page.wait_for_selector("[data-browser=on]")
    resident.sign_in("wang")
    soon(lambda: not vendor.is_subscribed())


def shown_by_the_worker(resident: Resident, city: City, told: dict[str, str]) -> list[tuple[str, str]]:
    """What lies on the screen once the browser hands its worker what was sent."""
    page = resident.page
    tools = page.context.new_cdp_session(page)
    found: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: found.extend(each["registrationId"] for each in said["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    soon(lambda: page.evaluate("true") and found)
    data = json.dumps({"title": told["title"], "body": told["body"], "tag": told["tag"], "data": {}})
    pushed = {"origin": city.base_url, "registrationId": found[0], "data": data}
    tools.send("ServiceWorker.deliverPushMessage", pushed)
    script = """async () => {
      const shown = await (await navigator.serviceWorker.ready).getNotifications();
      return shown.map(({ title, body }) => [title, body]);
    }"""
    soon(lambda: page.evaluate(script))
    return [tuple(each) for each in page.evaluate(script)]


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

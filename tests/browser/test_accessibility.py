"""Every screen, in both languages and both editions: no violation of WCAG, no text or target too small.

``SUISHEN_SHOTS=DIR`` keeps a picture of each.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from bff.sandbox.stack import City
from tests.browser.audit import Auditor, audit
from tests.browser.conftest import Clerk, Resident, Watch
from tests.browser.health import judged_long_ago, venue_code
from tests.browser.pictures import long_dead, read, tampered
from tests.browser.test_acting import agree, ask, end
from wallet.codec import lz1

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOCALES = pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])


def test_the_audit_itself_bites(phone: Callable[..., BrowserContext]) -> None:
    page = phone().new_page()
    page.set_content(
        "<html lang='zh-CN'><title>t</title><main><h1>标题</h1><img src='data:,'>"
        "<p style='font-size:9px;line-height:1;color:#999'>太小太淡</p><button>x</button></main>"
    )
    wrong = "\n".join(audit(page, "bad"))
    for fault in ("image-alt", "color-contrast", "text of 9px", "lines 1 apart", "button.null"):
        assert fault in wrong


@LOCALES
def test_the_screens_before_and_without_a_certificate(
    phone: Callable[..., BrowserContext], city: City, watch: Watch, locale: str
) -> None:
    auditor = Auditor(locale)
    resident = Resident(phone(locale).new_page(), city, watch)
    page = resident.page

    page.goto(f"{city.base_url}/")
    auditor.look(page, "door")
    page.goto(f"{city.base_url}/resident/")
    page.wait_for_selector(".button--wechat")
    page.click(".have-code summary")
    auditor.look(page, "sign-in")
    page.fill("#code", "nobody-gave-this-code")
    page.click(".have-code form button")
    page.wait_for_selector(".notice[role=alert]")
    auditor.look(page, "sign-in-refused")
    watch.allowed.add(city.simulator_url)
    page.goto(city.sign_in_link("zhao"))
    page.wait_for_selector(".welcome .notice + .button")
    auditor.look(page, "sign-in-arrived")
    watch.allowed.add(city.alipay_url)
    page.goto(city.sign_in_link("zhao", provider="alipay"))
    page.wait_for_selector(".welcome .notice + .button")
    auditor.look(page, "sign-in-arrived-alipay")

    resident.sign_in("wu")
    page.wait_for_selector(".notice")
    auditor.look(page, "not-real-name")
    resident.sign_in("abdu")
    page.wait_for_selector("a.card")
    auditor.look(page, "long-name")
    resident.sign_in("chen")
    page.wait_for_selector("a.card")
    auditor.look(page, "cards")
    page.locator("a.card[data-status=suspended]").click()
    page.wait_for_selector(".card--whole")
    auditor.look(page, "card-suspended")
    page.goto(f"{city.base_url}/resident/#/records")
    page.wait_for_selector(".empty")
    auditor.look(page, "no-records")
    assert auditor.wrong == []


@LOCALES
def test_the_screens_of_showing_a_certificate(
    phone: Callable[..., BrowserContext], clerk: Clerk, city: City, watch: Watch, locale: str
) -> None:
    auditor = Auditor(locale)
    resident = Resident(phone(locale).new_page(), city, watch)
    page = resident.page

    resident.sign_in("zheng")
    page.locator("a.card").first.click()
    page.wait_for_selector(".button--show")
    auditor.look(page, "card")
    page.locator("input[value='hotel.checkin']").check(force=True)
    page.click(".button--show")
    page.wait_for_selector(".show__qr svg")
    auditor.look(page, "show")
    assert clerk.enter(read(page.screenshot())) == "OK_ONLINE"
    page.wait_for_selector(".show__used")
    auditor.look(page, "used")
    page.goto(f"{city.base_url}/resident/#/records")
    page.wait_for_selector(".record")
    auditor.look(page, "records")
    page.click("a[href='#/me']")
    page.wait_for_selector(".panel.menu")
    auditor.look(page, "me")
    page.context.set_offline(offline=True)
    page.click("a[href='#/cards']")
    page.wait_for_selector(".notice[role=alert]")
    auditor.look(page, "no-network")
    assert auditor.wrong == []


@LOCALES
def test_the_clerks_screens(counter: Callable[..., Clerk], city: City, locale: str) -> None:
    auditor = Auditor(locale)
    clerk = counter(locale)
    page = clerk.page

    page.goto(f"{city.base_url}/clerk/")
    page.fill("#organisation", "haiyu-hotel")
    page.fill("#clerk-number", "1002")
    page.fill("#passphrase", "not the passphrase")
    page.click("button[type=submit]")
    page.wait_for_selector(".notice[role=alert]")
    auditor.look(page, "clerk-refused")
    page.fill("#passphrase", "lantern-harbour-1002")
    page.click("#set-up")
    page.wait_for_selector(".show__qr svg")
    auditor.look(page, "second-factor")
    page.reload()
    clerk.sign_in("haiyu-hotel", "1002", "lantern-harbour-1002")
    auditor.look(page, "scan")
    page.click(".button--start")
    page.wait_for_selector(".viewfinder[data-state=on]")
    auditor.look(page, "aiming")
    page.click("a[href='#/enter']")
    page.wait_for_selector("#code")
    auditor.look(page, "enter")
    page.click("a[href='#/shift']")
    page.wait_for_selector(".chip")
    auditor.look(page, "shift")
    assert auditor.wrong == []


@LOCALES
def test_the_clerks_verdicts(
    counter: Callable[..., Clerk], resident: Resident, city: City, locale: str
) -> None:
    auditor = Auditor(locale)
    resident.sign_in("lin")
    clerk = counter(locale)
    page = clerk.page
    clerk.sign_in("haiyu-hotel", "1002", "lantern-harbour-1002")
    assert clerk.enter(read(resident.show(scene="bank.counter"))) == "SCENE_DENIED"
    auditor.look(page, "verdict-scene_denied")
    clerk.next()
    code = read(resident.show(scene="hotel.checkin"))
    for text, verdict in (
        (code, "OK_ONLINE"),
        (code, "ALREADY_USED"),
        (tampered(code), "TAMPERED"),
        (long_dead(city, code), "EXPIRED"),
    ):
        assert clerk.enter(text) == verdict
        auditor.look(page, f"verdict-{verdict.lower()}")
        clerk.next()
    page.click("a[href='#/history']")
    page.wait_for_selector(".check")
    auditor.look(page, "history")
    assert auditor.wrong == []


@pytest.mark.kept
@LOCALES
def test_the_clerks_screens_without_a_network(
    counter: Callable[..., Clerk], resident: Resident, locale: str
) -> None:
    auditor = Auditor(locale)
    resident.sign_in("lin")
    clerk = counter(locale)
    page = clerk.page
    clerk.sign_in("haiyu-hotel", "1002", "lantern-harbour-1002")
    clerk.ready_for_no_network()
    code = read(resident.show(scene="hotel.checkin"))
    clerk.context.set_offline(offline=True)
    assert clerk.enter(code) == "OK_OFFLINE"
    auditor.look(page, "verdict-ok-offline")
    clerk.next()
    assert clerk.enter(lz1.mint_opaque(bytes(16))) == "ONLINE_ONLY"
    auditor.look(page, "verdict-online-only")
    clerk.next()
    page.click("a[href='#/history']")
    page.wait_for_selector(".notice[role=alert]")
    auditor.look(page, "history-no-network")
    assert auditor.wrong == []


@LOCALES
def test_the_screens_of_the_health_code(
    phone: Callable[..., BrowserContext],
    counter: Callable[..., Clerk],
    city: City,
    watch: Watch,
    locale: str,
) -> None:
    auditor = Auditor(locale)
    resident = Resident(phone(locale).new_page(), city, watch)
    page = resident.page
    guard = counter(locale)
    guard.sign_in("haiyu-museum", "6001", "bronze-turnstile-6001")
    for key, colour in (("lin", "GREEN"), ("zhao", "YELLOW"), ("zheng", "RED")):
        resident.sign_in(key)
        if colour == "GREEN":
            page.wait_for_selector("a.card")
            auditor.look(page, "cards-with-health-code")
        page.click(".health-entry")
        page.wait_for_selector(f".health[data-colour={colour}] .health__line .icon")
        page.wait_for_selector(".health__code svg[role=img]")
        auditor.look(page, f"health-{colour.lower()}")
        assert guard.enter(read(page.screenshot())) == "OK"
        auditor.look(guard.page, f"guard-{colour.lower()}")
        guard.next()
    resident.sign_in("abdu")
    page.click(".health-entry")
    page.wait_for_selector(".health[data-colour=GREEN]")
    page.click(".health__back")
    page.wait_for_selector("a.card")
    with judged_long_ago(city, "abdu"):
        page.click(".health-entry")
        page.wait_for_selector(".health[data-colour=GREY] .health__code svg[role=img]")
        auditor.look(page, "health-grey")
        assert guard.enter(read(page.screenshot())) == "OK"
        auditor.look(guard.page, "guard-grey")
        page.click("a[href='#/health/appeal/GREY']")
        page.wait_for_selector(".reason[data-colour=GREY] ~ * #statement")
        auditor.look(page, "appeal-against-grey")
    guard.next()
    assert guard.enter("SHC.nothing") == "NOT_A_CODE"
    auditor.look(guard.page, "guard-not-a-code")
    guard.next()
    guard.page.click("a[href='#/history']")
    guard.page.wait_for_selector(".check")
    auditor.look(guard.page, "guard-history")
    resident.sign_in("lin")
    page.click(".health-entry")
    page.wait_for_function("() => localStorage.getItem('suishen.health-offline') !== null")
    page.wait_for_selector(".health__time button")
    page.context.set_offline(offline=True)
    page.click(".health__time button")
    page.wait_for_selector(".show__qr--carried svg")
    auditor.look(page, "health-no-network")
    assert auditor.wrong == []


@pytest.mark.kept
@LOCALES
def test_the_screens_of_carried_codes_and_declarations(
    phone: Callable[..., BrowserContext],
    counter: Callable[..., Clerk],
    city: City,
    watch: Watch,
    locale: str,
) -> None:
    auditor = Auditor(locale)
    resident = Resident(phone(locale).new_page(), city, watch)
    page = resident.page
    elder = Resident(phone(locale).new_page(), city, watch)
    one, other = ("sun", "wang") if locale == "zh-CN" else ("zheng", "abdu")
    elder.sign_in(other)
    resident.sign_in(one)
    resident.go("#/health/family")
    page.wait_for_selector(".empty")
    auditor.look(page, "family-nobody")
    ask(resident, other)
    agree(elder)
    resident.go("#/health/family")
    page.locator(".stack > .button:not(a)").click()
    page.wait_for_selector(".member")
    auditor.look(page, "family")
    page.locator(".member a.button").click()
    page.wait_for_selector(".health__code svg[role=img]")
    auditor.look(page, "family-code")
    end(elder)
    resident.go("#/health/declare")
    page.wait_for_selector("#temperature")
    auditor.look(page, "declare")
    resident.go("#/health/paper")
    page.wait_for_selector("main .stack > .button")
    auditor.look(page, "paper-none")
    page.click("main .stack > .button")
    page.wait_for_selector(".paper .show__qr svg")
    auditor.look(page, "paper")
    code = read(page.screenshot(full_page=True))
    page.click(".button--danger")
    page.wait_for_selector("dialog")
    auditor.look(page, "paper-lost-ask")
    page.locator("dialog .button--danger").click()
    page.wait_for_selector(".notice[data-tone=good]")
    guard = counter(locale)
    guard.sign_in("haiyu-museum", "6001", "bronze-turnstile-6001")
    assert guard.enter(code) == "REVOKED"
    auditor.look(guard.page, "guard-revoked")
    guard.next()
    guard.ready_for_no_network()
    guard.context.set_offline(offline=True)
    assert guard.enter(code) == "IDENTITY_ONLY"
    auditor.look(guard.page, "guard-identity-only")
    assert auditor.wrong == []


@LOCALES
def test_the_screens_of_an_appeal_and_of_a_venue(
    phone: Callable[..., BrowserContext], city: City, watch: Watch, locale: str
) -> None:
    auditor = Auditor(locale)
    resident = Resident(phone(locale).new_page(), city, watch)
    page = resident.page
    resident.sign_in("qian" if locale == "zh-CN" else "sun")
    resident.go("#/health/appeals")
    page.wait_for_selector(".empty")
    auditor.look(page, "appeals-none")
    resident.go("#/health")
    page.locator(".reason a.button").first.click()
    page.wait_for_selector("#statement")
    auditor.look(page, "appeal")
    page.fill("#statement", "样本不是我的 · not my sample")
    page.locator("form button").click()
    page.wait_for_selector(".steps")
    auditor.look(page, "appeal-filed")
    resident.go("#/health/appeals")
    page.wait_for_selector(".menu__entry")
    auditor.look(page, "appeals")
    # The city is others' as well: an appeal that stays open would be theirs.
    page.locator(".menu__entry").first.click()
    page.get_by_role("button", name=re.compile("撤回申诉|Take it back")).click()
    page.locator("dialog .button--danger").click()
    page.locator(".pill", has_text=re.compile("已撤回|Withdrawn|Taken back")).wait_for()
    resident.go("#/health/checkin")
    page.wait_for_selector("#venue-code")
    auditor.look(page, "checkin")
    page.click("main .stack > .button")
    page.wait_for_selector(".notice[role=alert]")
    auditor.look(page, "checkin-no-camera")
    page.fill("#venue-code", venue_code(city))
    page.locator("form button").click()
    page.wait_for_selector("[data-verdict=DENY]")
    auditor.look(page, "checkin-deny")
    resident.sign_in("chen")
    resident.go("#/health/checkin")
    page.fill("#venue-code", venue_code(city))
    page.locator("form button").click()
    page.wait_for_selector("[data-verdict=PASS]")
    auditor.look(page, "checkin-pass")
    assert auditor.wrong == []


def test_a_clerk_without_a_camera_is_told_and_led_on(
    phone: Callable[..., BrowserContext], city: City, watch: Watch
) -> None:
    clerk = Clerk(phone(), city, Path())
    clerk.sign_in("haiyu-hotel", "1002", "lantern-harbour-1002")
    clerk.page.click(".button--start")
    clerk.page.wait_for_selector(".notice[role=alert]")
    assert audit(clerk.page, "no-camera") == []
    clerk.page.click(".notice a")
    clerk.page.wait_for_selector("#code")
    assert clerk.page.evaluate("document.activeElement.id") == "code"


def tab_to(page: Page, selector: str) -> None:
    """Go on by keyboard until ``selector`` has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"no way to {selector} by keyboard")


def test_a_keyboard_alone_shows_a_health_code_and_appeals_from_it(resident: Resident) -> None:
    resident.sign_in("zhao")
    page = resident.page
    page.wait_for_selector("a.card")
    tab_to(page, ".health-entry")
    page.keyboard.press("Enter")
    page.wait_for_selector(".health__code svg[role=img]")
    page.wait_for_selector(".reason")
    tab_to(page, ".health__time button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".health__code svg[role=img]")
    tab_to(page, ".reason a.button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#statement")
    tab_to(page, "#statement")
    page.keyboard.type("我没有接触过")
    tab_to(page, "form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".steps [aria-current=step]")


def test_a_keyboard_alone_shows_a_card(resident: Resident) -> None:
    resident.sign_in("wang")
    page = resident.page
    page.wait_for_selector("a.card")
    tab_to(page, "a.card")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tiles")
    tab_to(page, ".tile input")
    page.keyboard.press("ArrowRight")
    tab_to(page, ".button--show")
    page.keyboard.press("Enter")
    page.wait_for_selector(".show__qr svg")


def test_the_large_edition_is_one_tap_away_and_remembered(resident: Resident, city: City) -> None:
    resident.page.goto(f"{city.base_url}/resident/")
    resident.page.get_by_role("button", name="长辈版").click()
    resident.page.reload()
    assert resident.page.evaluate("document.documentElement.dataset.mode") == "elder"
    resident.page.get_by_role("button", name="标准版").wait_for()
    assert resident.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18

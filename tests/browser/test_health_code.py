"""The health code, through a real camera: shown, checked, explained, and turned while one looks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from bff.sandbox.stack import City
from tests.browser.audit import Auditor
from tests.browser.camera import film
from tests.browser.conftest import Clerk, Resident, Watch
from tests.browser.health import judged_long_ago, report, venue_code
from tests.browser.pictures import picture, read
from tests.browser.test_acting import agree, ask, end

pytestmark = [pytest.mark.browser, pytest.mark.kept]


def shown(resident: Resident, key: str, colour: str) -> bytes:
    """Sign in as ``key`` and open the health code from the first screen; what the phone looks like then."""
    resident.sign_in(key)
    resident.page.click(".health-entry")
    resident.page.wait_for_selector(f".health[data-colour={colour}] .health__code svg[role=img]")
    resident.page.wait_for_selector(".health__line .icon")
    return resident.page.screenshot()


@pytest.fixture
def guard(counter: Callable[..., Clerk]) -> Clerk:
    """At the museum's gate."""
    person = counter()
    person.sign_in("haiyu-museum", "6001", "bronze-turnstile-6001")
    return person


@pytest.mark.parametrize(
    ("key", "colour", "word"),
    [("lin", "GREEN", "绿码"), ("zhao", "YELLOW", "黄码"), ("zheng", "RED", "红码")],
)
def test_a_scanned_health_code_tells_a_guard_colour_masked_name_and_age_and_nothing_more(
    resident: Resident, guard: Clerk, key: str, colour: str, word: str
) -> None:
    film(shown(resident, key, colour), guard.lens)
    assert resident.page.inner_text(".health__colour") == word

    assert guard.scan() == "OK"

    verdict = guard.page.locator(".verdict")
    assert verdict.get_attribute("data-colour") == colour
    assert guard.page.inner_text(".verdict h1") == word
    expect(verdict.locator(".colour-mark")).to_have_count(1)
    told = guard.page.locator(".verdict dt").all_inner_texts()
    assert told == ["姓名", "数据", "码种", "判定时间", "核验时间"]
    assert "*" in guard.page.inner_text(".facts--large")

    guard.next()  # the phone still lies there
    assert guard.verdict() == "ALREADY_CHECKED"
    assert guard.page.locator(".facts--large").count() == 0


def test_the_list_of_the_shift_knows_neither_names_nor_colours(resident: Resident, guard: Clerk) -> None:
    code = read(shown(resident, "zheng", "RED"))
    assert guard.enter(code) == "OK"
    name = guard.page.inner_text(".facts--large dd >> nth=0")
    guard.next()
    guard.page.click("a[href='#/history']")
    guard.page.wait_for_selector(".check")
    listed = guard.page.inner_text("main")
    assert "健康码" in listed
    assert name not in listed
    assert "红码" not in listed


def test_a_health_code_that_was_changed_says_so(resident: Resident, guard: Clerk) -> None:
    code = read(shown(resident, "lin", "GREEN"))
    changed = code[:-4] + ("AAAA" if code[-4:] != "AAAA" else "BBBB")
    film(picture(changed), guard.lens)
    assert guard.scan() == "NOT_A_CODE"
    assert guard.page.inner_text(".verdict h1") == "不是有效的健康码"


def test_a_clerk_who_may_not_check_health_codes_is_told_so(resident: Resident, clerk: Clerk) -> None:
    code = read(shown(resident, "lin", "GREEN"))
    clerk.page.click("a[href='#/enter']")
    clerk.page.fill("#code", code)
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_selector(".notice[role=alert]")
    assert "health:check" in clerk.page.inner_text(".notice")


def test_a_colour_turns_on_an_open_page_and_the_page_says_why(city: City, resident: Resident) -> None:
    shown(resident, "wang", "GREEN")
    page = resident.page
    assert "目前没有任何使您变色的规则成立" in page.inner_text(".health__sheet")

    report(city, "laboratory", "wang", {"kind": "RESULT", "outcome": "POSITIVE"})

    page.wait_for_selector(".health[data-colour=RED]")
    page.wait_for_selector("[role=alert] >> text=健康码颜色已变为红码", state="attached")
    why = page.inner_text(".reason >> nth=0")
    for words in ("检测结果", "如何转码", "法规依据", "CR-CN310000-"):
        assert words in why
    # The code on the screen is the same person's still, and says the new colour.
    expect(page.locator(".health__code svg[role=img]")).to_have_count(1)


def test_whoever_is_refused_the_stream_hears_of_a_new_colour_all_the_same(
    city: City, resident: Resident
) -> None:
    resident.page.context.route("**/health-code/events", lambda route: route.abort())
    resident.sign_in("li")
    resident.page.click(".health-entry")
    resident.page.wait_for_selector(".health[data-colour=GREEN]")
    resident.page.get_by_text("正在定时刷新").wait_for()
    report(city, "cdc", "li", {"kind": "EXPOSED", "degree": "CLOSE"})
    resident.page.wait_for_selector(".health[data-colour=YELLOW], .health[data-colour=RED]")


def test_grey_says_what_is_not_known_and_that_it_is_no_risk(city: City, resident: Resident) -> None:
    shown(resident, "abdu", "GREEN")
    page = resident.page
    page.click(".health__back")
    page.wait_for_selector("a.card")
    with judged_long_ago(city, "abdu"):
        page.click(".health-entry")
        page.wait_for_selector(".health[data-colour=GREY] .notice")
        why = page.inner_text(".health__sheet")
        assert "灰码不是风险等级" in why
        assert "数据未能及时更新" in why
        assert "2 天前更新" in page.inner_text(".health__age")


def test_one_who_is_not_real_name_has_no_health_code_to_show(resident: Resident) -> None:
    resident.sign_in("wu")
    resident.page.get_by_text("请先完成实名认证").wait_for()
    assert resident.page.locator(".health-entry").count() == 0
    resident.go("#/health")
    resident.page.wait_for_selector(".notice[role=alert]")


def test_without_a_network_the_phone_shows_the_code_it_fetched_ahead_and_a_guard_reads_it(
    resident: Resident, guard: Clerk
) -> None:
    dynamic = read(shown(resident, "zhao", "YELLOW"))
    resident.page.wait_for_function("() => localStorage.getItem('suishen.health-offline') !== null")
    resident.page.context.set_offline(offline=True)
    resident.page.click(".health__time button")
    resident.page.wait_for_selector(".show__qr--carried svg")
    assert resident.page.inner_text(".health__colour") == "黄码"
    carried = resident.page.screenshot()
    guard.ready_for_no_network()
    guard.context.set_offline(offline=True)

    film(carried, guard.lens)
    assert guard.scan() == "OK"
    assert guard.page.get_attribute(".verdict", "data-colour") == "YELLOW"
    assert "颜色是签发时的" in guard.page.inner_text(".verdict__head")
    assert guard.page.inner_text(".facts--large dd >> nth=0") == "赵**"
    guard.next()
    guard.page.reload()  # the page itself comes from the device
    assert guard.enter(dynamic) == "ONLINE_ONLY"
    assert "离线码" in guard.page.inner_text(".verdict__head")
    guard.next()
    assert guard.enter(read(carried)[:-3] + "000") == "NOT_A_CODE"


def test_a_page_opened_in_the_outage_shows_the_code_fetched_before_it(resident: Resident) -> None:
    shown(resident, "zhao", "YELLOW")
    page = resident.page
    page.wait_for_function("() => localStorage.getItem('suishen.health-offline') !== null")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    kept = page.evaluate("() => JSON.parse(localStorage.getItem('suishen.health-offline')).code.code")
    page.context.set_offline(offline=True)

    page.reload()
    page.wait_for_selector(".health[data-colour=YELLOW] .show__qr--carried svg")
    assert read(page.screenshot()) == kept
    other = page.context.new_page()  # which knows nobody who is signed in
    other.goto(page.url)
    other.wait_for_selector(".health--alone[data-colour=YELLOW] .show__qr--carried svg")
    assert read(other.screenshot()) == kept
    auditor = Auditor("zh-CN")
    auditor.look(other, "health-alone")
    assert auditor.wrong == []
    names = page.evaluate("async () => (await caches.keys()).filter((name) => name.startsWith('resident-'))")
    addresses = page.evaluate(
        "async ([name]) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)",
        names,
    )
    assert all(each == "/resident/" or each.startswith("/static/") for each in addresses)

    other.close()
    resident.go("#/me")
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_function("() => localStorage.getItem('suishen.health-offline') === null")
    page.reload()
    page.wait_for_selector(".welcome .notice[role=alert]")
    assert page.locator(".health").count() == 0


def test_the_code_kept_on_a_phone_goes_with_the_sign_out(resident: Resident) -> None:
    shown(resident, "lin", "GREEN")
    resident.page.wait_for_function("() => localStorage.getItem('suishen.health-offline') !== null")
    resident.go("#/me")
    resident.page.get_by_role("button", name="退出登录").click()
    resident.page.wait_for_selector(".button--wechat")
    resident.page.wait_for_function("() => localStorage.getItem('suishen.health-offline') === null")


def test_a_paper_code_is_issued_checked_and_dead_once_reported_lost(resident: Resident, guard: Clerk) -> None:
    resident.sign_in("qian")
    page = resident.page
    resident.go("#/health/paper")
    page.get_by_role("button", name="申领纸质码").click()
    page.wait_for_selector(".paper .show__qr svg")
    code = read(page.screenshot(full_page=True))
    assert guard.enter(code) == "OK"
    assert guard.page.get_attribute(".verdict", "data-colour") == "YELLOW"
    assert "纸质码" in guard.page.inner_text(".facts--small")
    guard.next()

    page.get_by_role("button", name="挂失").click()
    page.locator("dialog").get_by_role("button", name="挂失").click()
    page.get_by_role("button", name="申领纸质码").wait_for()
    assert guard.enter(code) == "REVOKED"


def test_an_elder_s_code_is_shown_by_whoever_they_gave_leave(
    resident: Resident, guard: Clerk, phone: Callable[..., BrowserContext], city: City, watch: Watch
) -> None:
    elder = Resident(phone().new_page(), city, watch)
    elder.sign_in("wang")
    resident.sign_in("chen")
    ask(resident, "wang")
    agree(elder)
    resident.go("#/health/family")
    resident.page.get_by_role("button", name="添加 王").click()
    resident.page.wait_for_selector(".member .colour-tag")
    resident.page.locator(".member a.button").click()
    resident.page.wait_for_selector(".health__code svg[role=img]")
    assert guard.enter(read(resident.page.screenshot())) == "OK"
    assert guard.page.inner_text(".facts--large dd >> nth=0") == "王**"

    resident.go("#/health/family")
    resident.page.locator(".member button").click()
    resident.page.locator("dialog .button").last.click()
    resident.page.get_by_text("还没有添加亲属").wait_for()
    end(elder)


def test_what_one_declares_is_recorded(resident: Resident) -> None:
    resident.sign_in("sun")
    resident.go("#/health/declare")
    resident.page.fill("#temperature", "36.5")
    resident.page.get_by_text("咳嗽").click()
    resident.page.locator("form button").first.click()
    resident.page.wait_for_selector(".notice[data-tone=good]")
    resident.page.fill("#area", "310000")
    resident.page.fill("#left-on", (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d"))
    resident.page.locator("form button").click()
    resident.page.locator(".notice[data-tone=good]").nth(1).wait_for()


def test_the_reason_is_read_before_an_appeal_is_filed_and_its_progress_is_seen(
    resident: Resident, tmp_path: Path
) -> None:
    shown(resident, "zheng", "RED")
    page = resident.page
    page.locator(".reason a.button").first.click()
    page.wait_for_selector("#statement")
    assert "检测结果" in page.inner_text(".reason")
    photo = tmp_path / "result.png"
    photo.write_bytes(picture("a negative result"))
    page.fill("#statement", "当天我在外地，样本不是我的。")
    page.set_input_files("#files", photo)
    page.get_by_role("button", name="提交申诉").click()
    page.wait_for_selector(".steps [aria-current=step]")
    assert page.inner_text(".steps [aria-current=step]") == "已提交"
    told = page.inner_text("main")
    for words in ("样本不是我的", "PNG", "办理期限"):
        assert words in told

    page.get_by_role("button", name="撤回申诉").click()
    page.locator("dialog .button--danger").click()
    page.wait_for_selector(".pill >> text=已撤回")
    resident.go("#/health/appeals")
    page.wait_for_selector(".menu__entry")
    assert "已撤回" in page.inner_text("main")  # none is ever removed


@pytest.mark.parametrize(("key", "words"), [("chen", "可以进入"), ("zheng", "暂不能进入")])
def test_a_venue_code_lets_in_or_says_why_not_and_changes_no_colour(
    city: City, counter: Callable[..., Clerk], watch: Watch, key: str, words: str
) -> None:
    door = counter()  # a phone with a camera
    resident = Resident(door.page, city, watch)
    resident.sign_in(key)
    film(picture(venue_code(city)), door.lens)
    resident.go("#/health/checkin")
    resident.page.get_by_role("button", name="打开摄像头").click()
    resident.page.wait_for_selector("[data-verdict]")
    assert words in resident.page.inner_text(".show__used")
    assert "海屿站" in resident.page.inner_text(".show__used")


def test_what_is_no_venue_code_is_refused_in_words(resident: Resident) -> None:
    resident.sign_in("lin")
    resident.go("#/health/checkin")
    resident.page.fill("#venue-code", "SVC.somebody-made-this-up")
    resident.page.keyboard.press("Enter")
    resident.page.wait_for_selector(".notice[role=alert]")
    assert "不是有效的场所码" in resident.page.inner_text(".notice")

"""One's own account on the phone: what it rests on, ways in, proving anew, devices, leaving."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from bff.sandbox.city import person
from bff.sandbox.stack import City
from tests.browser.audit import Auditor
from tests.browser.conftest import Resident, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOCALES = pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
DONE = ".notice[data-tone=good]"
REFUSED = ".notice[role=alert]"


@pytest.fixture
def somebody(phone: Callable[..., BrowserContext], city: City, watch: Watch) -> Callable[..., Resident]:
    """A person with a phone of their own."""
    return lambda locale="zh-CN": Resident(phone(locale).new_page(), city, watch)


def answered(page: Page) -> None:
    """Say yes to the question over the page."""
    page.click("dialog .sheet__buttons .button:last-child")


@LOCALES
def test_the_screens_of_an_account(somebody: Callable[..., Resident], locale: str) -> None:
    auditor = Auditor(locale)
    resident = somebody(locale)
    page = resident.page
    resident.sign_in("abdu")
    resident.go("#/account")
    page.wait_for_selector("[data-link]")
    auditor.look(page, "account")
    page.click("[data-link=wechat] button")
    page.wait_for_selector("dialog")
    auditor.look(page, "account-sure")
    page.keyboard.press("Escape")
    for route, sign in (
        ("#/account/phone", "#phone"),
        ("#/account/level", "#consent"),
        ("#/account/copy", "form"),
        ("#/account/deletion", "#understood"),
        ("#/devices", ".device"),
        ("#/me", ".menu"),
    ):
        resident.go(route)
        page.wait_for_selector(sign)
        auditor.look(page, route.removeprefix("#/").replace("/", "-"))
    assert auditor.wrong == []


@LOCALES
def test_the_screens_of_a_newcomers_account(somebody: Callable[..., Resident], locale: str) -> None:
    auditor = Auditor(locale)
    resident = somebody(locale)
    page = resident.page
    resident.sign_in("wu")
    resident.go("#/account")
    page.wait_for_selector("[data-link]")
    auditor.look(page, "account-newcomer")
    resident.go("#/account/level")
    page.wait_for_selector("main a.button")
    auditor.look(page, "level-newcomer")
    resident.sign_in("zhou")
    resident.go("#/account/level")
    page.wait_for_selector("#name")
    auditor.look(page, "level-real-name")
    assert auditor.wrong == []


@LOCALES
def test_the_screens_of_proving_anew(somebody: Callable[..., Resident], locale: str) -> None:
    auditor = Auditor(locale)
    resident = somebody(locale)
    page = resident.page
    resident.sign_in("abdu" if locale == "zh-CN" else "zhao")
    resident.bind_phone()
    auditor.look(page, "phone-done")
    resident.grow_stale()
    resident.go("#/account/copy")
    page.click("form button")
    page.wait_for_selector("dialog .button .icon")
    auditor.look(page, "prove")
    page.locator("dialog .button", has_text="154****").click()
    page.wait_for_selector("#step-up-code")
    page.fill("#step-up-code", "000000" if resident.text_message() != "000000" else "000001")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"dialog {REFUSED}")
    auditor.look(page, "prove-refused")
    page.fill("#step-up-code", resident.text_message())
    page.keyboard.press("Enter")
    page.wait_for_selector("a[download]")
    auditor.look(page, "copy-ready")
    assert auditor.wrong == []


def test_an_account_says_what_its_level_rests_on(resident: Resident) -> None:
    resident.sign_in("abdu")
    resident.go("#/account")
    told = resident.page.inner_text("section[aria-labelledby=level-title]")
    for words in ("L2", "可信等级 3", "窗口登记", "平台登记", "核验时间", "有效期至"):
        assert words in told
    assert "微信" in resident.page.inner_text("section[aria-labelledby=links-title]")


def test_a_way_in_is_removed_and_linked_again(resident: Resident) -> None:
    resident.sign_in("sun")
    page = resident.page
    resident.go("#/account")
    page.click("[data-link=alipay] button")
    answered(page)
    page.wait_for_selector(DONE)
    page.locator("[data-link=alipay]").wait_for(state="detached")
    page.get_by_role("button", name="绑定支付宝").click()
    page.click("a[href$='resident=sun']")
    page.get_by_text("已绑定支付宝").first.wait_for()
    page.get_by_role("link", name="返回我的账户").click()
    page.wait_for_selector("[data-link=alipay]")
    assert "解绑了登录方式" in page.inner_text("section[aria-labelledby=notices-title]")


def test_citizen_cloud_is_linked_to_the_account_one_has_and_proves_anew_for_it(
    resident: Resident, city: City, watch: Watch
) -> None:
    watch.allowed.add(city.openid_url)
    resident.sign_in("sun")
    page = resident.page
    resident.go("#/account")
    page.get_by_role("button", name="绑定市民云").click()
    page.get_by_role("link", name=person("sun").name).click()
    page.get_by_text("已绑定市民云").first.wait_for()
    assert "code=" not in page.url
    page.get_by_role("link", name="返回我的账户").click()
    page.wait_for_selector("[data-link=citizen-cloud]")
    resident.grow_stale()
    resident.go("#/account/copy")
    page.click("form button")
    page.get_by_role("button", name="用市民云验证").click()
    page.get_by_role("link", name=person("sun").name).click()
    page.wait_for_selector("a[download]")


def test_the_last_way_in_is_not_removed_and_the_page_says_why(resident: Resident) -> None:
    resident.sign_in("wu")
    page = resident.page
    resident.go("#/account")
    page.click("[data-link=wechat] button")
    answered(page)
    page.wait_for_selector(REFUSED)
    told = page.inner_text(REFUSED)
    assert "这是唯一的登录方式" in told
    assert "问题编号" in told
    expect(page.locator("[data-link=wechat]")).to_have_count(1)


def test_two_accounts_of_one_person_become_one_and_two_again(
    resident: Resident, somebody: Callable[..., Resident]
) -> None:
    resident.sign_in("wu", provider="alipay")
    other = somebody()
    other.sign_in("wu")
    page = other.page
    other.go("#/account")
    page.get_by_role("button", name="绑定支付宝").click()
    page.click("a[href$='resident=wu']")
    page.get_by_text("两个账号将合并").first.wait_for()
    other.sign_in("wu")
    other.go("#/account")
    page.wait_for_selector("[data-merge=merged]")
    expect(page.locator("[data-link]")).to_have_count(2)
    page.get_by_role("button", name="撤销合并").click()
    answered(page)
    page.get_by_text("请重新登录").or_(page.locator(DONE)).first.wait_for()
    other.sign_in("wu")
    other.go("#/account")
    expect(page.locator("[data-link]")).to_have_count(1)


def test_a_resident_climbs_with_a_registry_and_a_face(resident: Resident) -> None:
    resident.sign_in("zhou")
    page = resident.page
    resident.go("#/account/level")
    page.fill("#name", person("zhou").name)
    page.fill("#id-number", person("zhou").id_number)
    page.check("#consent")
    page.get_by_role("button", name="核对").click()
    # Registered with a phone, it is true, but none that is bound.
    page.get_by_text("实名等级已升至 L2").first.wait_for()
    resident.go("#/me")
    resident.go("#/account/level")
    page.check("#consent")
    page.get_by_role("button", name="开始人脸核身").click()
    page.get_by_role("link", name="前往支付宝刷脸").click()
    page.get_by_text("是本人 ·").first.click()
    page.get_by_text("实名等级已升至 L3").first.wait_for()
    assert "?" not in page.url


def test_an_id_number_does_not_lie_in_the_tab(resident: Resident) -> None:
    resident.sign_in("zhou")
    page = resident.page
    resident.bind_phone()
    resident.grow_stale()
    resident.go("#/acting/ask")
    page.fill("#child-number", person("child").id_number)
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog .button")
    assert person("child").id_number not in page.evaluate("JSON.stringify({ ...sessionStorage })")


def test_a_stale_session_goes_by_a_provider_and_the_same_request_goes_through(
    resident: Resident, tmp_path: Path
) -> None:
    resident.sign_in("zheng")
    page = resident.page
    resident.grow_stale()
    resident.go("#/account/copy")
    page.get_by_role("button", name="生成副本").click()
    page.get_by_role("button", name="用微信验证").click()
    page.click("a[href$='resident=zheng']")
    page.wait_for_selector("a[download]")
    assert page.url.endswith("#/account/copy")
    assert page.evaluate("sessionStorage.getItem('suishen.errand')") is None
    with page.expect_download() as saved:
        page.click("a[download]")
    saved.value.save_as(tmp_path / "copy.json")
    assert json.loads((tmp_path / "copy.json").read_text("utf-8"))["name"] == person("zheng").name


def test_somebody_elses_proof_does_not_let_it_through(resident: Resident) -> None:
    resident.sign_in("zheng")
    page = resident.page
    resident.grow_stale()
    resident.go("#/account/copy")
    page.get_by_role("button", name="生成副本").click()
    page.get_by_role("button", name="用支付宝验证").click()
    page.click("a[href$='resident=sun']")
    page.wait_for_selector(REFUSED)
    assert "未能确认是本人" in page.inner_text(REFUSED)
    assert page.locator("a[download]").count() == 0


def test_who_thinks_better_of_it_has_done_nothing(resident: Resident) -> None:
    resident.sign_in("zheng")
    page = resident.page
    resident.grow_stale()
    resident.go("#/account/deletion")
    page.check("#understood")
    page.get_by_role("button", name="申请注销").click()
    answered(page)
    page.get_by_role("button", name="用微信验证").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    resident.go("#/account")
    page.wait_for_selector("[data-link]")
    assert page.locator("main > .stack .notice").count() == 0


def test_an_account_is_leaving_and_stays_after_all(resident: Resident) -> None:
    resident.sign_in("zheng")
    page = resident.page
    resident.grow_stale()
    resident.go("#/account/deletion")
    page.get_by_text("七日后账号不可恢复").wait_for()
    page.check("#understood")
    page.get_by_role("button", name="申请注销").click()
    answered(page)
    page.get_by_role("button", name="用微信验证").click()
    page.click("a[href$='resident=zheng']")
    page.wait_for_selector(".receipt")
    receipt = page.inner_text(".receipt")
    assert len(receipt) == 43
    resident.go("#/receipt")
    page.fill("#receipt", receipt)
    page.get_by_role("button", name="取得证明").click()
    page.wait_for_selector("a[download]")
    assert page.get_attribute("a[download]", "download") == "suishen-deletion.jwt"
    resident.go("#/account")
    page.get_by_role("link", name="查看或撤回").click()
    page.get_by_role("button", name="撤回注销").click()
    page.wait_for_selector(DONE)
    page.get_by_role("link", name="返回我的账户").click()
    page.get_by_text("撤回了注销申请").wait_for()


@LOCALES
def test_whoever_is_signed_in_nowhere_may_ask(somebody: Callable[..., Resident], locale: str) -> None:
    auditor = Auditor(locale)
    resident = somebody(locale)
    page = resident.page
    resident.go("#/sign-in")
    page.locator("a[href='#/receipt']").click()
    page.wait_for_selector("#receipt")
    auditor.look(page, "receipt")
    page.fill("#receipt", "A" * 43)
    page.locator("button[type=submit]").click()
    page.wait_for_selector(REFUSED)
    auditor.look(page, "receipt-unknown")
    page.locator("a.back").click()
    page.wait_for_selector(".welcome")
    assert auditor.wrong == []


def test_a_reply_that_was_lost_is_asked_for_with_the_same_key(resident: Resident) -> None:
    resident.sign_in("qian")
    page = resident.page
    keys: list[str | None] = []

    def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.context.route("**/account/phone/codes", lose_the_first)
    resident.go("#/account/phone")
    page.fill("#phone", resident.phone)
    page.keyboard.press("Enter")
    page.wait_for_selector(REFUSED)
    page.get_by_role("button", name="发送验证码").click()
    page.fill("#code", resident.text_message())
    page.keyboard.press("Enter")
    page.wait_for_selector(DONE)
    assert len(keys) == 2
    assert keys[0] == keys[1] is not None


def test_one_device_signs_the_others_out(resident: Resident, somebody: Callable[..., Resident]) -> None:
    others = [somebody() for _ in range(3)]
    for other in others:
        other.sign_in("qian")
    resident.sign_in("qian")
    page = resident.page
    resident.go("#/devices")
    page.wait_for_selector(".device")
    expect(page.locator(".device[data-current=true]")).to_have_count(1)
    assert "本机" in page.inner_text(".device >> nth=0")
    before = page.locator(".device").count()
    page.get_by_role("button", name="退出这台设备").first.click()
    answered(page)
    page.wait_for_function("before => document.querySelectorAll('.device').length === before - 1", arg=before)
    page.get_by_role("button", name="退出其他所有设备").click()
    answered(page)
    page.get_by_text("没有其他设备登录").wait_for()
    for other in others:
        other.page.wait_for_timeout(400)
        other.go("#/account")
        other.page.wait_for_selector(".button--wechat")
    page.reload()
    page.wait_for_selector(".device")


def test_an_hour_later_a_device_is_ended_with_a_proof(
    resident: Resident, somebody: Callable[..., Resident]
) -> None:
    somebody().sign_in("li")
    resident.sign_in("li")
    page = resident.page
    resident.grow_stale()
    resident.go("#/devices")
    page.get_by_role("button", name="退出其他所有设备").click()
    answered(page)
    page.get_by_role("button", name="用微信验证").click()
    page.click("a[href$='resident=li']")
    page.wait_for_selector(DONE)
    page.get_by_text("没有其他设备登录").wait_for()

"""Acting for others on the phone (代办): leave from both sides, the banner, the clerk who is told."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from bff.sandbox.city import person
from bff.sandbox.stack import City
from tests.browser.audit import Auditor
from tests.browser.conftest import Clerk, Resident, Watch
from tests.browser.pictures import read

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOCALES = pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])


@pytest.fixture
def somebody(phone: Callable[..., BrowserContext], city: City, watch: Watch) -> Callable[..., Resident]:
    """A person with a phone of their own."""
    return lambda locale="zh-CN": Resident(phone(locale).new_page(), city, watch)


def ask(relative: Resident, elder: str) -> None:
    """Ask for leave, on the relative's phone."""
    relative.go("#/acting/ask")
    relative.page.fill("#relative-number", person(elder).id_number)
    relative.page.keyboard.press("Enter")
    relative.page.wait_for_selector("[data-state=offered]")


def agree(elder: Resident) -> None:
    """Agree to it, on the elder's."""
    elder.go("#/acting")
    elder.page.locator("[data-state=offered] .button").first.click()
    elder.page.click("dialog .sheet__buttons .button:last-child")
    elder.page.wait_for_selector("[data-state=active]")


def switch(agent: Resident) -> None:
    """Act for them from now on."""
    agent.go("#/me")
    agent.go("#/acting")
    agent.page.locator("[data-side=agent][data-state=active] .button").first.click()
    agent.page.wait_for_selector(".acting")
    agent.page.wait_for_selector("a.card")


def end(side: Resident) -> None:
    """End what is in force."""
    side.go("#/me")
    side.go("#/acting")
    side.page.locator("[data-state=active] .button").last.click()
    side.page.click("dialog .sheet__buttons .button:last-child")
    side.page.wait_for_selector(".notice[data-tone=good]")


@LOCALES
def test_the_screens_of_acting(somebody: Callable[..., Resident], clerk: Clerk, locale: str) -> None:
    auditor = Auditor(locale)
    son, elder = somebody(locale), somebody(locale)
    son.sign_in("chen" if locale == "zh-CN" else "zhao")
    elder.sign_in("wang")
    son.go("#/acting")
    son.page.wait_for_selector(".nobody")
    auditor.look(son.page, "acting-nobody")
    son.go("#/acting/ask")
    son.page.wait_for_selector("#relative-number")
    auditor.look(son.page, "acting-ask")
    ask(son, "wang")
    auditor.look(son.page, "acting-offered")
    elder.go("#/acting")
    elder.page.wait_for_selector(".read-out")
    auditor.look(elder.page, "acting-to-confirm")
    agree(elder)
    auditor.look(elder.page, "acting-agreed")
    switch(son)
    auditor.look(son.page, "acting-cards")
    son.page.locator("a.card", has_text=person("wang").id_number[-4:]).click()
    son.page.wait_for_selector(".button--show")
    auditor.look(son.page, "acting-card")
    son.page.locator("input[name=scene][value='hotel.checkin']").check(force=True)
    son.page.click(".button--show")
    son.page.wait_for_selector(".show__qr svg")
    auditor.look(son.page, "acting-show")
    assert clerk.enter(read(son.page.screenshot())) == "OK_ONLINE"
    auditor.look(clerk.page, "verdict-shown-by")
    son.go("#/devices")
    son.page.wait_for_selector(".main .notice")
    auditor.look(son.page, "not-while-acting")
    end(elder)
    elder.page.click(".past summary")
    auditor.look(elder.page, "acting-ended")
    assert auditor.wrong == []


@LOCALES
def test_a_legal_representative_names_an_agent_who_agrees_and_acts(
    resident: Resident, somebody: Callable[..., Resident], city: City, locale: str
) -> None:
    """What is between the two screens is the key in a drawer: the text goes there as it stands."""
    auditor = Auditor(locale)
    boss, agent = somebody(locale), resident
    boss.sign_in("li")
    page = boss.page
    boss.go("#/acting")
    page.click("a[href='#/acting/appoint']")
    page.locator(".panel button").click()
    page.wait_for_selector(".to-sign")
    auditor.look(page, "acting-appoint-sign")
    page.fill("#signed", "{}")
    page.click("button[type=submit]")
    page.wait_for_selector(".notice[data-tone=bad]")
    text = page.text_content(".to-sign")
    signed = httpx.post(f"{city.authority_url}/_sim/authority/sign", json={"text": text, "kind": "sm2"})
    page.set_input_files(
        "#signed-file", {"name": "signed.json", "mimeType": "application/json", "buffer": signed.content}
    )
    page.wait_for_function("() => document.querySelector('#signed').value.includes('SM2')")
    page.click("button[type=submit]")
    page.wait_for_selector("#agent-number")
    auditor.look(page, "acting-appoint-agent")
    page.uncheck("input[value='wallet:show']")
    page.fill("#agent-number", person("qian").id_number)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="代办" if locale == "zh-CN" else "Acting for others").click()
    page.wait_for_selector("[data-side=principal][data-state=offered]")

    agent.sign_in("qian")
    agree(agent)
    switch(agent)
    assert "海屿听潮茶业有限公司" in agent.page.inner_text(".acting")
    boss.go("#/me")
    end(boss)
    assert auditor.wrong == []


def test_below_real_name_nobody_acts_and_the_page_leads_on(resident: Resident) -> None:
    resident.sign_in("wu")
    resident.go("#/acting")
    resident.page.get_by_role("link", name="我的账户").click()
    resident.page.wait_for_selector("[data-link]")


def test_a_guardian_proves_by_phone_and_shows_the_childs_card(resident: Resident, clerk: Clerk) -> None:
    resident.sign_in("lin")
    page = resident.page
    resident.go("#/acting/ask")
    page.fill("#child-number", person("child").id_number)
    page.keyboard.press("Enter")
    # The register is asked for whoever holds the phone, so the phone has to be known.
    page.locator("dialog").get_by_role("link", name="绑定手机").click()
    page.wait_for_selector("#phone")
    resident.bind_phone()
    resident.go("#/acting/ask")
    page.fill("#child-number", person("child").id_number)
    page.keyboard.press("Enter")
    page.locator("dialog").get_by_role("button", name="短信验证").click()
    page.fill("#step-up-code", resident.text_message())
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-state=active]")
    assert "2039/05/21" in page.inner_text("[data-state=active]")

    switch(resident)
    assert "正在替 林*满 代办" in page.inner_text(".acting")
    assert "监护人" in page.inner_text(".acting")
    page.locator("a.card", has_text="居民身份证").click()
    page.locator("input[name=scene][value='hotel.checkin']").check(force=True)
    page.click(".button--show")
    page.wait_for_selector(".show__qr svg")
    assert page.is_visible(".acting")
    assert clerk.enter(read(page.screenshot())) == "OK_ONLINE"
    told = clerk.page.inner_text(".verdict")
    assert "代为出示：林**（监护人）" in told
    assert person("child").name in told
    page.wait_for_selector(".show__used")
    assert "林**（监护人）" in page.inner_text(".show__used ~ .facts")

    page.get_by_role("button", name="换回本人").click()
    page.get_by_role("heading", name="您好").wait_for()
    expect(page.locator(".acting")).to_have_count(0)

    auditor = Auditor("zh-CN")
    resident.go("#/reminders")
    child = page.locator("[data-topic=vaccination] [data-child]")
    assert "林*满" in child.inner_text()
    child.get_by_role("button", name="提醒：预防接种，林*满").click()
    page.wait_for_selector("[data-topic=vaccination][data-given=false] [data-child][data-given=true]")
    auditor.look(page, "reminders-of-a-child")
    child.get_by_role("button", name="不再提醒：预防接种，林*满").click()
    page.wait_for_selector("[data-topic=vaccination] [data-child][data-given=false]")
    assert auditor.wrong == [], auditor.wrong
    end(resident)


def test_an_elder_reads_out_the_code_and_ends_it_while_it_is_used(
    resident: Resident, somebody: Callable[..., Resident]
) -> None:
    elder = somebody()
    elder.sign_in("wang")
    resident.sign_in("li")
    page = resident.page
    ask(resident, "wang")
    elder.go("#/acting")
    code = elder.page.inner_text(".read-out__code").replace(" ", "")
    page.fill("[data-state=offered] input", f"{(int(code) + 1) % 10**6:06}")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice[role=alert]")
    assert "问题编号" in page.inner_text(".notice[role=alert]")
    page.fill("[data-state=offered] input", code)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-side=agent][data-state=active]")

    switch(resident)
    # A reload gives a token of one's own; it must not be used before it is one to act with.
    page.reload()
    page.wait_for_selector(".acting")
    page.get_by_role("heading", name="王** 的证照").wait_for()
    page.wait_for_selector("a.card")
    assert "王*芳" in page.inner_text("main")
    assert "李*强" not in page.inner_text("main")

    end(elder)
    page.wait_for_timeout(1100)  # an ended grant is known everywhere within a second
    resident.go("#/records")
    page.get_by_text("已换回本人").first.wait_for()
    expect(page.locator(".acting")).to_have_count(0)
    page.wait_for_selector("a.card")
    assert "李*强" in page.inner_text("main")


def test_what_is_ones_own_waits_until_one_is_oneself(
    resident: Resident, somebody: Callable[..., Resident]
) -> None:
    elder = somebody()
    elder.sign_in("wang")
    resident.sign_in("chen")
    ask(resident, "wang")
    agree(elder)
    switch(resident)
    asked: list[str] = []
    resident.page.on("request", lambda request: asked.append(request.url))
    for route in ("#/account", "#/account/deletion", "#/devices", "#/acting"):
        resident.go(route)
        resident.page.wait_for_selector(".main .notice")
    assert not [url for url in asked if "/mp/" in url]
    resident.page.locator(".main").get_by_role("button", name="换回本人").click()
    resident.page.get_by_role("heading", name="您好").wait_for()
    end(elder)


def test_leave_to_see_is_no_leave_to_show(resident: Resident, somebody: Callable[..., Resident]) -> None:
    elder = somebody()
    elder.sign_in("zheng")
    resident.sign_in("qian")
    page = resident.page
    resident.go("#/acting/ask")
    page.uncheck("input[value='wallet:show']")
    page.fill("#relative-number", person("zheng").id_number)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-state=offered]")
    agree(elder)
    switch(resident)
    page.locator("a.card").first.click()
    page.get_by_text("授权不包含亮证").wait_for()
    assert page.locator(".button--show").count() == 0
    end(elder)


def test_signing_out_while_acting_leaves_nobody_acting(
    resident: Resident, somebody: Callable[..., Resident]
) -> None:
    elder = somebody()
    elder.sign_in("sun")
    resident.sign_in("chen")
    ask(resident, "sun")
    agree(elder)
    switch(resident)
    resident.go("#/me")
    resident.page.get_by_role("button", name="退出登录").click()
    resident.page.wait_for_selector(".button--wechat")
    assert resident.page.evaluate("sessionStorage.getItem('suishen.acting')") is None
    end(elder)


def test_a_keyboard_alone_switches_and_comes_back(
    resident: Resident, somebody: Callable[..., Resident]
) -> None:
    elder = somebody()
    elder.sign_in("abdu")
    resident.sign_in("sun")
    page = resident.page
    ask(resident, "abdu")
    agree(elder)
    resident.go("#/me")

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return page.keyboard.press("Enter")
        pytest.fail(f"no way to {selector} by keyboard")

    tab_to("a[href='#/acting']")
    page.wait_for_selector("[data-side=agent][data-state=active]")
    tab_to("[data-state=active] button")
    page.wait_for_selector("a.card")
    tab_to(".acting__back")
    page.get_by_role("heading", name="您好").wait_for()
    end(elder)

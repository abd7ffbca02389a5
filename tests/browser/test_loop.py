"""The main job, through a real camera: a resident shows, a clerk scans, and once is once."""

from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Route, expect

from bff.sandbox.stack import City
from tests.browser.camera import film
from tests.browser.conftest import Clerk, Resident, Watch
from tests.browser.pictures import long_dead, picture, read, tampered
from wallet.codec import lz1

pytestmark = [pytest.mark.browser, pytest.mark.kept]

_NEVER_SEEN: Final = lz1.mint_opaque(bytes(range(16)))


def test_a_scanned_code_is_valid_and_then_already_used(resident: Resident, clerk: Clerk) -> None:
    resident.sign_in("lin")
    film(resident.show(scene="hotel.checkin"), clerk.lens)
    assert clerk.scan() == "OK_ONLINE"
    assert clerk.page.inner_text(".verdict h1") == "有效"
    fields = clerk.page.inner_text(".facts--large")
    assert "林晓月" in fields
    assert "海屿市滨海区" not in fields  # the address is not the hotel's business

    # The holder is told at once, on the phone that still lies on the counter.
    resident.page.wait_for_selector(".show__used")
    assert "海屿望海大酒店" in resident.page.inner_text(".show__used")
    expect(resident.page.locator(".show__qr")).to_have_count(0)

    clerk.next()
    assert clerk.verdict() == "ALREADY_USED"
    assert clerk.page.inner_text(".verdict h1") == "此码已使用过"


def test_the_holder_and_the_clerk_find_the_use_in_their_records(resident: Resident, clerk: Clerk) -> None:
    resident.sign_in("wang")
    code = read(resident.show(scene="hotel.checkin"))
    assert clerk.enter(code) == "OK_ONLINE"
    resident.page.goto(resident.page.url.partition("#")[0] + "#/records")
    resident.page.wait_for_selector(".record")
    record = resident.page.inner_text(".record")
    for words in ("居民身份证", "海屿望海大酒店", "工号 1001", "酒店入住", "姓名", "有效"):
        assert words in record
    clerk.next()
    clerk.page.click("a[href='#/history']")
    clerk.page.wait_for_selector(".check")
    history = clerk.page.inner_text(".checks")
    assert "居民身份证" in history
    assert "王桂芳" not in history


def test_an_opaque_code_can_be_typed_by_a_person(resident: Resident, counter: Callable[..., Clerk]) -> None:
    hospital = counter()
    hospital.sign_in("haiyu-hospital", "4001", "camphor-lighthouse-4001")
    resident.sign_in("lin")
    code = read(resident.show(scene="hospital.registration"))
    assert lz1.read_opaque(code)
    in_groups = " ".join(code[at : at + 4].lower() for at in range(0, 28, 4))
    assert hospital.enter(in_groups) == "OK_ONLINE"


def test_a_tampered_code_says_so(resident: Resident, clerk: Clerk) -> None:
    resident.sign_in("lin")
    code = read(resident.show(scene="hotel.checkin"))
    film(picture(tampered(code)), clerk.lens)
    assert clerk.scan() == "TAMPERED"
    assert clerk.page.inner_text(".verdict h1") == "二维码被改动"
    assert clerk.page.locator(".facts--large").count() == 0


def test_an_expired_code_says_so(city: City, resident: Resident, clerk: Clerk) -> None:
    resident.sign_in("lin")
    film(picture(long_dead(city, read(resident.show(scene="hotel.checkin")))), clerk.lens)
    assert clerk.scan() == "EXPIRED"
    assert clerk.page.inner_text(".verdict h1") == "二维码已过期"


def test_a_code_for_another_scene_is_denied_and_still_good_where_it_belongs(
    resident: Resident, clerk: Clerk, counter: Callable[..., Clerk]
) -> None:
    resident.sign_in("lin")
    code = read(resident.show(scene="bank.counter"))
    assert clerk.enter(code) == "SCENE_DENIED"
    teller = counter()
    teller.sign_in("haiyu-bank", "2001", "abacus-willow-2001")
    assert teller.enter(code) == "OK_ONLINE"


def test_a_stranger_s_qr_is_not_sent_anywhere(clerk: Clerk) -> None:
    sent: list[str] = []
    clerk.page.on("request", lambda request: sent.append(request.url))
    film(picture("HTTPS://PAY.EXAMPLE/7F3A"), clerk.lens)
    clerk.page.click(".button--start")
    clerk.page.get_by_text("这不是证照二维码，没有发送").first.wait_for()
    assert not [url for url in sent if "verifications" in url]
    assert clerk.page.locator(".verdict").count() == 0


def test_a_clerk_whose_reply_was_lost_still_gets_it(resident: Resident, clerk: Clerk) -> None:
    resident.sign_in("lin")
    code = read(resident.show(scene="hotel.checkin"))
    asked: list[str | None] = []

    def lose_the_first(route: Route) -> None:
        asked.append(route.request.post_data)
        if len(asked) == 1:
            route.fetch()  # the server acts, and its answer never arrives
            route.abort()
        else:
            route.continue_()

    clerk.context.route("**/verifier/v1/verifications", lose_the_first)
    assert clerk.enter(code) == "OK_ONLINE"
    assert len(asked) == 2
    assert asked[0] == asked[1]


def test_an_unknown_code_is_answered_like_any_other(clerk: Clerk) -> None:
    assert clerk.enter(_NEVER_SEEN) == "UNKNOWN_CODE"


def test_a_suspended_licence_cannot_be_shown_and_says_why(resident: Resident) -> None:
    resident.sign_in("chen")
    resident.open("驾驶证")
    assert resident.page.locator(".button--show").count() == 0
    assert "暂扣" in resident.page.inner_text(".notice")


def test_one_who_is_not_real_name_is_told_what_to_do(resident: Resident) -> None:
    resident.sign_in("wu")
    resident.page.get_by_text("请先完成实名认证").wait_for()


def test_a_refused_sign_in_says_why_and_offers_another_way(resident: Resident, city: City) -> None:
    resident.page.goto(f"{city.base_url}/resident/")
    resident.page.click(".have-code summary")
    resident.page.fill("#code", "nobody-gave-this-code")
    resident.page.click(".have-code button")
    resident.page.wait_for_selector(".notice[role=alert]")
    assert "问题编号" in resident.page.inner_text(".notice")
    assert resident.page.locator(".button--wechat").is_visible()


def test_a_link_with_a_code_signs_nobody_in_before_they_say_so(
    resident: Resident, city: City, watch: Watch
) -> None:
    watch.allowed.add(city.simulator_url)
    resident.page.goto(city.sign_in_link("lin"))
    resident.page.get_by_role("button", name="继续登录").wait_for()
    assert "code=" not in resident.page.url
    resident.page.get_by_role("button", name="继续登录").click()
    resident.page.wait_for_selector("a.card")


def test_the_same_resident_may_come_through_alipay(resident: Resident) -> None:
    resident.tap_in("lin")
    cards = resident.page.locator("a.card")
    cards.first.wait_for()
    through_wechat = cards.all_inner_texts()
    resident.tap_in("lin", provider="alipay")
    cards.first.wait_for()
    assert cards.all_inner_texts() == through_wechat


def test_a_link_of_alipays_asks_first_as_well(resident: Resident, city: City, watch: Watch) -> None:
    watch.allowed.add(city.alipay_url)
    resident.page.goto(city.sign_in_link("lin", provider="alipay"))
    resident.page.get_by_text("支付宝已确认您的身份").wait_for()
    assert "code=" not in resident.page.url
    resident.page.get_by_role("button", name="继续登录").click()
    resident.page.wait_for_selector("a.card")


def test_a_refresh_whose_reply_was_lost_signs_nobody_out(resident: Resident) -> None:
    resident.sign_in("lin")
    lost: list[str | None] = []

    def lose_the_first(route: Route) -> None:
        lost.append(route.request.post_data)
        if len(lost) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    resident.page.context.route("**/session/refresh", lose_the_first)
    resident.page.reload()
    resident.page.get_by_role("button", name="重试").click()
    resident.page.wait_for_selector("a.card")
    assert lost[0] == lost[1]


def test_a_reload_signs_nobody_out_and_signing_out_does(resident: Resident) -> None:
    resident.sign_in("lin")
    resident.page.reload()
    resident.page.wait_for_selector("a.card")
    resident.page.click("a[href='#/me']")
    resident.page.get_by_role("button", name="退出登录").click()
    resident.page.wait_for_selector(".button--wechat")
    resident.page.reload()
    resident.page.wait_for_selector(".button--wechat")

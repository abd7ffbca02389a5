"""A shown code's life on the phone: it counts down by the server's clock, renews itself, and gives up."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from bff.sandbox.engines import free_port
from bff.sandbox.stack import City, Web
from tests.browser.conftest import Resident, Watch
from tests.browser.pictures import read

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def hasty(city: City) -> Iterator[Web]:
    """One more web process of the same city, whose codes live two seconds."""
    settings = {**city.env, "SUISHEN_WALLET_WINDOW_SECONDS": "2"}
    web = Web("web-hasty", free_port(), settings, city.data)
    web.start()
    web.await_ready()
    yield web
    web.stop()


def path_of(page: Page) -> str:
    return page.get_attribute(".show__qr path", "d") or ""


def test_a_code_renews_itself_three_times_and_then_waits_to_be_asked(
    phone: Callable[..., BrowserContext], city: City, hasty: Web, watch: Watch
) -> None:
    watch.allowed.add(hasty.url)
    page = phone().new_page()
    resident = Resident(page, city, watch)
    resident.tap_in("wang", at=hasty.url)
    resident.show(at=hasty.url)
    seen = {path_of(page)}
    for _ in range(3):
        page.wait_for_function(
            "seen => document.querySelector('.show__qr path')?.getAttribute('d') !== seen", arg=path_of(page)
        )
        seen.add(path_of(page))
    page.get_by_text("二维码已失效").first.wait_for()
    assert len(seen) == 4
    assert page.locator(".show__qr").count() == 0
    page.get_by_role("button", name="重新生成").click()
    page.wait_for_selector(".show__qr svg")
    assert path_of(page) not in seen


@pytest.mark.parametrize("how", ["结束亮证", "更新二维码", "back"])
def test_a_code_that_is_no_longer_shown_is_taken_back(resident: Resident, how: str) -> None:
    resident.sign_in("wang")
    resident.show()
    with resident.page.expect_response(lambda answer: answer.request.method == "DELETE") as withdrawn:
        if how == "back":
            resident.page.go_back()
        else:
            resident.page.get_by_text(how).click()
    assert withdrawn.value.status == 204
    resident.page.wait_for_selector(".show__qr svg" if how == "更新二维码" else ".card--whole")


def test_nothing_is_asked_while_nobody_looks(resident: Resident) -> None:
    resident.sign_in("wang")
    asked: list[str] = []
    resident.page.on("request", lambda request: asked.append(request.url))
    resident.show()
    resident.page.wait_for_timeout(1500)
    assert any("/presentations/" in url for url in asked)
    resident.page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    resident.page.wait_for_timeout(1200)  # the question on its way comes home
    asked.clear()
    resident.page.wait_for_timeout(2500)
    assert asked == []


def test_what_is_seen_of_a_firm_is_called_what_its_licence_calls_it(resident: Resident) -> None:
    resident.sign_in("li")
    resident.go("#/cards")
    resident.page.locator("a.card", has_text="营业执照").first.click()
    resident.page.wait_for_selector(".card--whole")
    resident.page.click(".button--show")
    resident.page.wait_for_selector(".show__qr svg")
    seen = resident.page.inner_text(".show__claims")
    assert "名称" in seen
    assert "姓名" not in seen


def test_the_smallest_screen_shows_a_code_a_scanner_can_read(resident: Resident) -> None:
    resident.sign_in("wang")
    resident.page.set_viewport_size({"width": 320, "height": 568})
    assert read(resident.show()).startswith("LZ1:")


@pytest.mark.parametrize(
    ("monotonic", "wall", "left"),
    [
        (0, 0, 90),
        (30_000, 30_000, 60),
        (30_000, 45_000, 45),  # slept: the monotonic clock stood still
        (30_000, -600_000, 60),  # somebody set the clock back
        (95_000, 95_000, 0),
    ],
)
def test_the_countdown_needs_no_right_clock(
    resident: Resident, city: City, monotonic: int, wall: int, left: int
) -> None:
    resident.page.goto(f"{city.base_url}/resident/")
    found = resident.page.evaluate(
        """async ({ monotonic, wall }) => {
          const page = document.querySelector("script[type=module]").src;
          const { secondsLeft } = await import(new URL("countdown.js", page).href);
          const ticket = { issuedAt: "2020-01-01T00:00:00Z", expiresAt: "2020-01-01T00:01:30Z" };
          const now = { monotonic: 5 + monotonic, wall: 1e12 + wall };
          return secondsLeft(ticket, { monotonic: 5, wall: 1e12 }, now);
        }""",
        {"monotonic": monotonic, "wall": wall},
    )
    assert found == left

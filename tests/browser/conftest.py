"""A city, a browser, and the two people in it: a resident who shows and a clerk who scans."""

import contextlib
import itertools
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    ViewportSize,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError
from pymongo import MongoClient

from bff.sandbox.city import person
from bff.sandbox.stack import City, private_stack
from tests.browser.camera import film_nothing
from wallet.rules.identifiers import mask_name

_SCREEN: Final[ViewportSize] = {"width": 390, "height": 844}
_ZONE: Final = "Asia/Shanghai"
_PATIENCE: Final = 60_000  # milliseconds; what is right comes in one, on a machine that has time
# Two Chromiums, two cities and two cores: an answer may take longer than residents should be left waiting.
_BUSY: Final = {
    "SUISHEN_DEADLINE_MS": "9000",
    # One clerk, whom many tests sign in within a minute.
    "SUISHEN_AUTH_TRIES_PER_CLERK": "1000",
    "SUISHEN_AUTH_SIGN_INS_PER_ADDRESS": "10000",
}
_FLAGS: Final = [
    "--no-sandbox",  # containers have no user namespaces; the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Each new browser would fetch every file of a page a second time, to keep it.
_WITHOUT_WORKERS: Final = "delete Navigator.prototype.serviceWorker"
WHOLE: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# The same engine without what draws windows costs little over half as much.
_NAMES: Final = ("chromium-headless-shell", *WHOLE)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser of this machine; nothing is downloaded."""
    return browser_called(_NAMES)


def browser_called(names: Sequence[str]) -> str:
    """The first of ``names`` there is."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium: install the package `chromium`")
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="package")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The whole city, seeded, on real servers; not for longer than this folder, for it never quite rests."""
    with private_stack(tmp_path_factory.mktemp("city"), settings=_BUSY) as running:
        yield running


@pytest.fixture(scope="module")
def playwright(city: City) -> Iterator[Playwright]:
    """Not for the session: its loop runs in this thread, and no ``async def`` test could.

    For the same reason it comes after the city, which seeds itself on a loop of its own.
    """
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    with playwright.chromium.launch(executable_path=chromium, args=_FLAGS) as running:
        yield running


class Cameras:
    """Chromiums with a camera: a fake camera belongs to a whole one, so each counter of a test has its own.

    The next test has the same ones, with nothing in them: to start one costs more than most tests do.
    """

    def __init__(self, playwright: Playwright, chromium: str, folder: Path) -> None:
        self._playwright = playwright
        self._chromium = chromium
        self._folder = folder
        self._started: list[Browser] = []

    def at(self, counter: int) -> tuple[Browser, Path]:
        """The browser of the ``counter``-th counter of a test, and the film that its camera sees."""
        lens = self._folder / f"camera-{counter}.mjpeg"
        film_nothing(lens)
        while len(self._started) <= counter:
            flags = [
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-video-capture={lens}",
            ]
            launch = self._playwright.chromium.launch
            self._started.append(launch(executable_path=self._chromium, args=[*_FLAGS, *flags]))
        return self._started[counter], lens

    def stop(self) -> None:
        for each in self._started:
            each.close()


@pytest.fixture(scope="module")
def cameras(
    playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cameras]:
    started = Cameras(playwright, chromium, tmp_path_factory.mktemp("cameras"))
    yield started
    started.stop()


class Watch:
    """Everything a page must not do: ask another host, break its policy, raise, or complain."""

    def __init__(self, origin: str) -> None:
        self.allowed = {origin}
        self.wrong: list[str] = []
        self.contexts: list[BrowserContext] = []

    def over(self, context: BrowserContext) -> None:
        self.contexts.append(context)
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", self._said)
        context.on("weberror", lambda error: self.wrong.append(f"raised {error.error}"))

    def _asked(self, url: str) -> None:
        if not url.startswith(("data:", "blob:", *(f"{origin}/" for origin in self.allowed))):
            self.wrong.append(f"asked {url}")

    def _said(self, message: ConsoleMessage) -> None:
        # A refusal or a lost network is the browser's own line, and the page's to explain.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.wrong.append(f"said {message.text}")


@pytest.fixture
def watch(city: City) -> Iterator[Watch]:
    """Looks over every page of the test, and fails it for what they did wrong."""
    watching = Watch(city.base_url)
    yield watching
    assert watching.wrong == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a test that failed: what its pages showed."""
    report = yield
    watching = getattr(item, "funcargs", {}).get("watch")
    if report.when == "call" and report.failed and isinstance(watching, Watch):
        for page in (page for context in watching.contexts for page in context.pages):
            with contextlib.suppress(PlaywrightError):
                report.sections.append((f"on {page.url}", page.inner_text("body", timeout=2_000)))
    return report


class Resident:
    """A person with a phone: the residents' page in Chromium."""

    def __init__(self, page: Page, city: City, watch: Watch) -> None:
        self.page = page
        self._city = city
        self._watch = watch
        self._name = ""
        self.phone = ""

    def sign_in(self, key: str, *, provider: str = "wechat") -> None:
        """The short way: come from the provider, and say that one means it."""
        self._leave(self._city.base_url)
        self.page.goto(self._city.sign_in_link(key, provider=provider))
        self.page.click(".welcome .notice + .button")
        self._arrive(key)

    def tap_in(self, key: str, *, at: str = "", provider: str = "wechat") -> None:
        """As a person would: tap the button, be asked by the provider, come back."""
        origin = at or self._city.base_url
        self._leave(origin)
        self.page.goto(f"{origin}/resident/")
        self.page.click(f".button--{provider}")
        self.page.click(f"a[href$='resident={key}']")
        self._arrive(key)

    def _leave(self, origin: str) -> None:
        # A simulated provider is another host, as the real one is: the person goes there, the page does not.
        self._watch.allowed |= {self._city.simulator_url, self._city.alipay_url}
        if self.page.url != "about:blank":
            self.page.goto(f"{origin}/")
            self.page.evaluate("sessionStorage.clear()")  # whoever was here before

    def _arrive(self, key: str) -> None:
        self.page.wait_for_selector(".hello")
        self._name = person(key).name
        self.phone = person(key).phone

    def go(self, route: str) -> None:
        """Open a screen of the page one is on."""
        self.page.goto(f"{self._city.base_url}/resident/{route}")

    def text_message(self) -> str:
        """The newest code on this person's phone, once the page waits for one."""
        self.page.wait_for_selector(".digits")
        outbox = httpx.get(f"{self._city.sms_url}/_sim/sms/outbox", params={"phone": f"+86{self.phone}"})
        return str(outbox.json()[0]["code"])

    def bind_phone(self) -> None:
        """Bind the phone one has in one's hand."""
        self.go("#/account/phone")
        self.page.fill("#phone", self.phone)
        self.page.keyboard.press("Enter")
        self.page.fill("#code", self.text_message())
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".notice[data-tone=good]")

    def grow_stale(self) -> None:
        """Have signed in an hour ago, on this device."""
        device = self.page.evaluate("localStorage.getItem('suishen.device')")
        with MongoClient[dict[str, Any]](self._city.env["SUISHEN_MONGO_URL"]) as client:
            client["suishen"]["sessions"].update_many(
                {"device": device},
                [{"$set": {"started_at": {"$subtract": ["$started_at", 3_600_000]}}}],
            )
        self.page.reload()
        self.page.wait_for_selector("main h1")

    def show(self, kind: str = "居民身份证", scene: str = "general", *, at: str = "") -> bytes:
        """Show one's own certificate; what the phone's screen looks like then."""
        self.open(kind, at=at)
        self.page.locator(f"input[name=scene][value='{scene}']").check(force=True)
        self.page.click(".button--show")
        self.page.wait_for_selector(".show__qr svg")
        return self.page.screenshot()

    def open(self, kind: str, *, at: str = "") -> None:
        self.page.goto(f"{at or self._city.base_url}/resident/#/cards")
        # Parents keep their children's cards beside their own.
        own = self.page.locator("a.card", has_text=mask_name(self._name))
        own.filter(has_text=kind).click()
        self.page.wait_for_selector(".card--whole")


class Clerk:
    """Somebody at a counter: the clerks' page in a Chromium with a camera."""

    def __init__(self, context: BrowserContext, city: City, lens: Path) -> None:
        self.context = context
        self.page = context.pages[0] if context.pages else context.new_page()
        self.lens = lens
        self._city = city

    def sign_in(self, organisation: str, number: str, passphrase: str) -> None:
        self.page.goto(f"{self._city.base_url}/clerk/")
        self.page.fill("#organisation", organisation)
        self.page.fill("#clerk-number", number)
        self.page.fill("#passphrase", passphrase)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".viewfinder")

    def scan(self) -> str:
        """Look through the camera until there is a verdict."""
        self.page.click(".button--start")
        return self.verdict()

    def enter(self, code: str) -> str:
        """Type a code."""
        self.page.goto(f"{self._city.base_url}/clerk/#/enter")
        self.page.fill("#code", code)
        self.page.keyboard.press("Enter")
        return self.verdict()

    def verdict(self) -> str:
        self.page.wait_for_selector(".verdict")
        return self.page.get_attribute(".verdict", "data-verdict") or ""

    def next(self) -> None:
        self.page.click(".button--next")

    def ready_for_no_network(self) -> None:
        self.page.wait_for_selector("body[data-sw=ready][data-offline=ready]")


class Contexts:
    """Empty browsers of a phone's size, closed after the test."""

    def __init__(self, watch: Watch, *, kept: bool) -> None:
        self._watch = watch
        self._kept = kept
        self._opened: list[BrowserContext] = []

    def open(self, browser: Browser, locale: str, permissions: Sequence[str] = ()) -> BrowserContext:
        """One more, in ``browser``."""
        context = browser.new_context(
            viewport=_SCREEN,
            device_scale_factor=2,
            timezone_id=_ZONE,
            locale=locale,
            reduced_motion="reduce",
            permissions=permissions,
        )
        context.set_default_timeout(_PATIENCE)
        if not self._kept:
            context.add_init_script(_WITHOUT_WORKERS)
        self._watch.over(context)
        self._opened.append(context)
        return context

    def close(self) -> None:
        for context in self._opened:
            context.close()


@pytest.fixture
def contexts(request: pytest.FixtureRequest, watch: Watch) -> Iterator[Contexts]:
    """With service workers where the test is marked ``kept``, as in a private window where it is not."""
    opened = Contexts(watch, kept=request.node.get_closest_marker("kept") is not None)
    yield opened
    opened.close()


@pytest.fixture
def phone(browser: Browser, contexts: Contexts) -> Callable[..., BrowserContext]:
    """A new phone: an empty browser of its size."""

    def make(locale: str = "zh-CN") -> BrowserContext:
        return contexts.open(browser, locale)

    return make


@pytest.fixture
def resident(phone: Callable[..., BrowserContext], city: City, watch: Watch) -> Resident:
    return Resident(phone().new_page(), city, watch)


@pytest.fixture
def counter(cameras: Cameras, city: City, contexts: Contexts) -> Callable[..., Clerk]:
    """A counter with a camera."""
    number = itertools.count()

    def make(locale: str = "zh-CN") -> Clerk:
        browser, lens = cameras.at(next(number))
        return Clerk(contexts.open(browser, locale, ["camera"]), city, lens)

    return make


@pytest.fixture
def clerk(counter: Callable[..., Clerk]) -> Clerk:
    """The hotel's first clerk, signed in."""
    person = counter()
    person.sign_in("haiyu-hotel", "1001", "lantern-harbour-1001")
    return person

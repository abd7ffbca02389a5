"""When the network is gone: the page starts, the signature is checked, and the verdict claims no more."""

from collections.abc import Callable, Iterator

import pytest

from bff.sandbox.stack import City
from tests.browser.camera import film
from tests.browser.conftest import Clerk, Resident
from tests.browser.pictures import long_dead, picture, read, tampered

pytestmark = [pytest.mark.browser, pytest.mark.kept]


@pytest.fixture
def blackout(city: City) -> Iterator[Callable[[Clerk], None]]:
    """Pulls the plug: the server's process ends, and the counter's network with it."""
    web = city.web[0]

    def pull(clerk: Clerk) -> None:
        clerk.ready_for_no_network()
        web.stop()
        clerk.context.set_offline(True)

    yield pull
    if not web.running:
        web.start()
        web.await_ready()


def test_without_any_network_a_genuine_code_is_amber_once_and_then_already_seen(
    resident: Resident, clerk: Clerk, blackout: Callable[[Clerk], None]
) -> None:
    resident.sign_in("lin")
    film(resident.show(scene="hotel.checkin"), clerk.lens)
    blackout(clerk)
    clerk.page.reload()
    assert clerk.scan() == "OK_OFFLINE"
    verdict = clerk.page.locator(".verdict")
    assert verdict.get_attribute("data-tone") == "caution"
    assert "核对身份证件" in clerk.page.inner_text(".verdict h1")
    fields = clerk.page.inner_text(".facts--large")
    assert "林晓月" in fields
    assert "汉" in fields

    clerk.next()
    assert clerk.verdict() == "ALREADY_USED"
    clerk.page.reload()  # nor does a reload forget
    assert clerk.scan() == "ALREADY_USED"


def test_without_any_network_what_is_wrong_with_a_code_is_still_said(
    city: City, resident: Resident, clerk: Clerk, blackout: Callable[[Clerk], None]
) -> None:
    resident.sign_in("lin")
    genuine = read(resident.show(scene="hotel.checkin"))
    elsewhere = read(resident.show(scene="bank.counter"))
    opaque = read(resident.show(scene="hospital.registration"))
    expired = long_dead(city, genuine)
    blackout(clerk)
    film(picture(tampered(genuine)), clerk.lens)
    assert clerk.scan() == "TAMPERED"
    for code, verdict in (
        (expired, "EXPIRED"),
        (elsewhere, "SCENE_DENIED"),
        (opaque, "ONLINE_ONLY"),
        (genuine[:-9], "UNREADABLE"),
        (genuine, "OK_OFFLINE"),
    ):
        assert clerk.enter(code) == verdict
        clerk.next()


def test_a_code_used_online_is_not_good_again_when_the_network_goes(
    resident: Resident, clerk: Clerk, blackout: Callable[[Clerk], None]
) -> None:
    resident.sign_in("lin")
    code = read(resident.show(scene="hotel.checkin"))
    assert clerk.enter(code) == "OK_ONLINE"
    blackout(clerk)
    clerk.next()
    assert clerk.enter(code) == "ALREADY_USED"


def test_a_server_that_is_away_is_asked_three_times_and_then_done_without(
    city: City, resident: Resident, clerk: Clerk, blackout: Callable[[Clerk], None]
) -> None:
    resident.sign_in("lin")
    code = read(resident.show(scene="hotel.checkin"))
    clerk.ready_for_no_network()
    city.web[0].stop()  # the network is there, the server is not
    tries: list[str] = []
    clerk.context.on(
        "request", lambda request: tries.append(request.post_data or "") if request.method == "POST" else None
    )
    assert clerk.enter(code) == "OK_OFFLINE"
    assert len(tries) == 3
    assert len(set(tries)) == 1


def test_a_device_that_was_never_ready_says_that_it_cannot_check(
    resident: Resident, clerk: Clerk, blackout: Callable[[Clerk], None]
) -> None:
    resident.sign_in("lin")
    code = read(resident.show(scene="hotel.checkin"))
    blackout(clerk)
    clerk.page.evaluate("caches.delete('clerk-trust')")
    clerk.page.goto(clerk.page.url.partition("#")[0] + "#/enter")
    clerk.page.fill("#code", code)
    clerk.page.keyboard.press("Enter")
    clerk.page.get_by_text("没有网络，无法核验").wait_for()
    assert clerk.page.locator(".verdict").count() == 0

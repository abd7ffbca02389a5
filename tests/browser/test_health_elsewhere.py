"""What other places say, on the residents' page: shown with source and age, brought, and one code for two."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import BrowserContext

from bff.sandbox.city import CLERKS, person
from bff.sandbox.stack import City
from tests.browser.audit import Auditor
from tests.browser.camera import film
from tests.browser.conftest import Clerk, Resident, Watch
from tests.browser.pictures import picture, read

pytestmark = pytest.mark.browser
LOCALES: Final = pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])


def carried(city: City, key: str, **more: Any) -> str:  # noqa: ANN401  JSON
    """What ``key`` downloaded in Macao."""
    somebody = person(key)
    born = date.fromisoformat(somebody.id_number[6:14]).isoformat()
    said = {"name": somebody.name, "birthDate": born, **more}
    answer = httpx.post(f"{city.macao_url}/_sim/macao/code", json=said)
    return str(answer.json()["code"])


def test_a_stale_red_of_another_province_is_shown_beside_the_colour_and_flagged(resident: Resident) -> None:
    resident.sign_in("zhao")
    resident.page.click(".health-entry")
    resident.page.wait_for_selector(".health[data-colour=YELLOW] .elsewhere[data-stale=true]")

    said = resident.page.inner_text(".elsewhere")

    for words in ("四川天府健康通", "红码", "已过时", "已超过 4 小时", "由出具地报送", "510100"):
        assert words in said


def test_a_certificate_is_brought_in_a_picture_and_shown_with_its_source(
    city: City, resident: Resident, tmp_path: Path
) -> None:
    resident.sign_in("chen")
    resident.go("#/health/bring")
    photo = tmp_path / "macao.png"
    photo.write_bytes(picture(carried(city, "chen", shown="GREEN")))
    resident.page.set_input_files("#picture", photo)
    resident.page.wait_for_selector(".notice[data-tone=good]")
    assert "澳门健康码" in resident.page.inner_text(".facts")

    resident.page.get_by_role("link", name="查看健康码").click()

    resident.page.wait_for_selector(".elsewhere[data-stale=false]")
    assert "本人提交" in resident.page.inner_text(".elsewhere")
    assert resident.page.get_attribute(".health", "data-colour") == "GREEN"


def test_a_certificate_is_read_by_the_camera(city: City, counter: Callable[..., Clerk], watch: Watch) -> None:
    door = counter()  # a phone with a camera
    resident = Resident(door.page, city, watch)
    resident.sign_in("lin")
    film(picture(carried(city, "lin")), door.lens)
    resident.go("#/health/bring")
    resident.page.get_by_role("button", name="扫描证明").click()
    resident.page.wait_for_selector(".notice[data-tone=good]")


def test_what_is_anothers_or_none_is_refused_in_words(city: City, resident: Resident, tmp_path: Path) -> None:
    resident.sign_in("lin")
    resident.go("#/health/bring")
    resident.page.fill("#certificate", carried(city, "chen"))
    resident.page.get_by_role("button", name="提交核验").click()
    resident.page.wait_for_selector(".notice[role=alert]")
    assert "不是您的" in resident.page.inner_text(".notice")
    resident.page.get_by_role("button", name="再交一份").click()

    photo = tmp_path / "other.png"
    photo.write_bytes(picture("a shopping list"))
    resident.page.set_input_files("#picture", photo)
    resident.page.wait_for_selector(".notice[role=alert]")
    assert "没有可识读的健康证明" in resident.page.inner_text(".notice")
    # A picture in name only.
    photo.write_bytes(b"not a picture")
    resident.page.set_input_files("#picture", photo)
    resident.page.wait_for_selector(".notice[role=alert]")


def test_one_code_for_the_health_code_and_a_certificate_is_one_scan(
    resident: Resident, counter: Callable[..., Clerk]
) -> None:
    guard = counter()
    hospital = next(each for each in CLERKS if each.organisation == "haiyu-hospital")
    guard.sign_in(hospital.organisation, hospital.number, hospital.passphrase)
    resident.sign_in("lin")
    resident.go("#/health/together")
    resident.page.locator(".menu__entry", has_text="社会保障卡").click()
    resident.page.locator("input[name=scene][value='hospital.registration']").check(force=True)
    resident.page.get_by_role("button", name="和健康码一起亮").click()
    resident.page.wait_for_selector(".health__code svg[role=img]")

    assert guard.enter(read(resident.page.screenshot(full_page=True))) == "OK"

    assert guard.page.get_attribute(".verdict", "data-colour") == "GREEN"
    assert "社会保障卡" in guard.page.inner_text(".verdict__licence")


@LOCALES
@pytest.mark.slow
def test_the_screens_of_what_other_places_say(
    phone: Callable[..., BrowserContext], city: City, watch: Watch, locale: str
) -> None:
    auditor = Auditor(locale)
    resident = Resident(phone(locale).new_page(), city, watch)
    page = resident.page
    resident.sign_in("zhao")
    resident.go("#/health")
    page.wait_for_selector(".elsewhere")
    page.wait_for_selector(".health__code svg[role=img]")
    auditor.look(page, "health-elsewhere")
    page.locator(".elsewhere").first.scroll_into_view_if_needed()
    auditor.look(page, "health-elsewhere-lower")
    resident.go("#/health/bring")
    page.wait_for_selector("#certificate")
    auditor.look(page, "bring")
    page.fill("#certificate", carried(city, "zhao", shown="YELLOW", hoursAgo=6))
    page.locator("form button").click()
    page.wait_for_selector(".notice[data-tone=caution]")
    auditor.look(page, "bring-stale")
    page.locator("main .button--plain").click()
    page.fill("#certificate", "HC1:NOTHING-AT-ALL")
    page.locator("form button").click()
    page.wait_for_selector(".notice[role=alert]")
    auditor.look(page, "bring-refused")
    resident.sign_in("lin")
    resident.go("#/health/together")
    page.wait_for_selector(".menu__entry")
    auditor.look(page, "together")
    page.locator(".menu__entry").first.click()
    page.locator("form .button--plain").click()
    page.wait_for_selector(".health__code svg[role=img]")
    auditor.look(page, "together-shown")
    assert auditor.wrong == []

"""What the whole application says of templates, credits and WeChat's pushes."""

import asyncio
import json
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from aiohttp import web

from auth_bridges.models import Audience, Link
from auth_bridges.store.documents import document_of
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from bff.sandbox.simulator import simulated_in_thread
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from bff.sandbox.wechat_subscribe import Answered, PushAddress, Rules, Subscriptions
from miniapp_schemas.assurance import AssuranceLevel
from push.ports import Receipt
from push.refusals import (
    CallbackForged,
    CallbackUnknown,
    CallbackUnreadable,
    TemplateChanged,
    TemplateInvalid,
    TemplateUnknown,
    TemplateVersionUnknown,
)
from tests.environs import COMPLETE
from tests.health import Bearer, clerk
from tests.phones import phone_was_bound
from tests.web import web_app

APP: Final = WechatApp(
    appid=COMPLETE["SUISHEN_AUTH_WECHAT_APPID"], secret=COMPLETE["SUISHEN_AUTH_WECHAT_SECRET"]
)
TOKEN: Final = "token-of-the-console"
KEY: Final = b64encode(bytes(range(32))).decode().rstrip("=")
TEMPLATES: Final = "/verifier/v1/push-templates"
SUBSCRIPTIONS: Final = "/mp/v1/push/subscriptions"
CALLBACK: Final = f"/callbacks/wechat/{APP.appid}"
DUE: Final = {
    "templateId": "T-due",
    "fields": {"thing1": "{item}", "date2": "{date}"},
    "page": "pages/open/index?to={link}",
}


class Office:
    """An application, an operator, a resident with a way in through WeChat, and what WeChat pushes."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient) -> None:
        self.platform = platform
        self.http = http
        bearer = Bearer(platform, settings)
        self.operator = clerk(bearer, "operator", "office", "push:operate")
        self.stranger = clerk(bearer, "stranger", "office", "health:rules")
        self.resident = bearer(Audience.RESIDENT, "", subject="resident", assurance=AssuranceLevel.L1)
        self.receipts: list[Receipt] = []
        platform.push.china.receipts_go_to(self._receive)

    async def _receive(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    async def shipped(self, name: str = "vaccination-due") -> dict[str, Any]:
        answer = await self.http.get(f"{TEMPLATES}/{name}", headers=self.operator)
        found: dict[str, Any] = answer.json()["shipped"]
        return {language: found[language] for language in ("zh", "en")}

    async def write(self, name: str, body: dict[str, Any]) -> httpx.Response:
        return await self.http.put(f"{TEMPLATES}/{name}/draft", headers=self.operator, json=body)

    async def activate(self, name: str, version: int) -> httpx.Response:
        return await self.http.post(
            f"{TEMPLATES}/{name}/activate", headers=self.operator, json={"version": version}
        )

    async def bind(self, **more: object) -> None:
        draft = {**await self.shipped(), "wechat": {**DUE, **more}}
        saved = (await self.write("vaccination-due", draft)).json()["saved"]["number"]
        assert (await self.activate("vaccination-due", saved)).status_code == 200

    async def report(self, *answers: str, key: str | None = None, template: str = "T-due") -> list[Any]:
        results = [{"templateId": template, "answer": each} for each in answers]
        sent = {"provider": "wechat", "results": results}
        headers = self.resident | {"Idempotency-Key": key or secrets.token_hex(8)}
        # On a machine with much to do it takes a while to hear which sessions ended.
        await asyncio.wait_for(self.platform.authenticator.listening.wait(), 10)
        answer = await self.http.post(SUBSCRIPTIONS, headers=headers, json=sent)
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.json()
        return found

    async def left(self) -> tuple[int, bool, bool]:
        (found,) = (await self.http.get(SUBSCRIPTIONS, headers=self.resident)).json()
        return found["left"], found["agreed"], found["refused"]

    async def arrive(self, name: str = "lin") -> None:
        """The resident gets a way in through WeChat."""
        residents = self.platform.auth_stores.residents
        now = datetime.now(UTC)
        await residents._residents.insert_one({"_id": "resident", "created_at": now})
        link = Link(
            id=secrets.token_hex(16),
            provider="wechat",
            appid=APP.appid,
            subject=openid_of(APP.appid, name),
            resident="resident",
            linked_at=now,
        )
        await residents._links.insert_one(document_of(link))


_urls: Final[dict[Wechat, str]] = {}


@pytest.fixture
def wechat() -> Iterator[Wechat]:
    simulator = Wechat([APP])
    with simulated_in_thread(simulator) as served:
        _urls[simulator] = served.url
        yield simulator
    del _urls[simulator]


@pytest.fixture(params=["clear", "secure"])
def settings(environ: dict[str, str], request: pytest.FixtureRequest, wechat: Wechat) -> Settings:
    told = {
        **environ,
        "SUISHEN_AUTH_WECHAT_BASE_URL": _urls[wechat],
        "SUISHEN_PUSH_WECHAT_CALLBACK_TOKEN": TOKEN,
    }
    if request.param == "secure":
        told["SUISHEN_PUSH_WECHAT_CALLBACK_KEY"] = KEY
    return load_settings(told)


@pytest.fixture
async def office(settings: Settings) -> AsyncIterator[Office]:
    async with web_app(settings) as here:
        yield Office(here.platform, settings, here.http)


in_the_clear = pytest.mark.parametrize("settings", ["clear"], indirect=True)


def refused(answer: httpx.Response, refusal: type[Any], status: int) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, refusal.code), answer.text


# --- templates -----------------------------------------------------------------------------------------


@in_the_clear
async def test_an_operator_sees_every_template_and_nobody_else_does(office: Office) -> None:
    listed = (await office.http.get(TEMPLATES, headers=office.operator)).json()

    assert len(listed) == 34
    assert all(each["current"] is None for each in listed)
    assert (await office.http.get(TEMPLATES, headers=office.stranger)).status_code == 403
    assert (await office.http.get(TEMPLATES, headers=office.resident)).status_code == 401


@in_the_clear
async def test_a_template_is_previewed_saved_put_in_force_and_taken_back(office: Office) -> None:
    first = {**await office.shipped(), "wechat": DUE}
    second = {**first, "wechat": {**DUE, "templateId": "T-new"}}
    body = {"draft": first, "values": {"item": "乙肝疫苗第1剂"}}
    path = f"{TEMPLATES}/vaccination-due"
    seen = (await office.http.post(f"{path}/preview", headers=office.operator, json=body)).json()
    assert seen["problems"] == []
    assert seen["wechat"] == {"thing1": "乙肝疫苗第1剂", "date2": "2026年3月2日"}
    assert "乙肝疫苗第1剂" in seen["zh"]["title"]

    book = office.platform.push.china.templates
    assert (await office.write("vaccination-due", first)).json()["saved"]["number"] == 1
    assert book.binding("wechat", "vaccination-due") is None
    assert (await office.activate("vaccination-due", 1)).json()["current"]["number"] == 1
    await office.write("vaccination-due", second)
    kept = (await office.activate("vaccination-due", 2)).json()
    assert (kept["current"]["number"], kept["previous"]["number"], kept["saved"]) == (2, 1, None)
    bound = book.binding("wechat", "vaccination-due")
    assert bound is not None
    assert bound.template_id == "T-new"

    back = (await office.activate("vaccination-due", 1)).json()
    assert (back["current"]["number"], back["previous"]["number"]) == (1, 2)
    assert (await office.activate("vaccination-due", 1)).json() == back
    shipped = (await office.activate("vaccination-due", 0)).json()
    assert (shipped["current"], shipped["previous"]["number"]) == (None, 1)
    assert book.binding("wechat", "vaccination-due") is None


@in_the_clear
async def test_another_process_hears_of_it(office: Office, settings: Settings) -> None:
    async with Platform.open(settings) as other:
        await asyncio.wait_for(other.push.china.templates.read.wait(), 5)
        await office.bind()
        for _ in range(50):
            if other.push.china.templates.binding("wechat", "vaccination-due") is not None:
                return
            await asyncio.sleep(0.1)
    raise AssertionError("not heard of")


@in_the_clear
async def test_what_must_not_be_kept_is_not_kept(office: Office) -> None:
    shipped = await office.shipped()
    locked = {**shipped, "zh": {**shipped["zh"], "lockBody": "{name}该打针了"}}
    wrong = {**shipped, "wechat": {**DUE, "fields": {"date1": "{item}"}}}

    for draft in (locked, wrong):
        refused(await office.write("vaccination-due", draft), TemplateInvalid, 400)
    refused(await office.write("no-such", shipped), TemplateUnknown, 404)
    refused(await office.activate("vaccination-due", 7), TemplateVersionUnknown, 404)
    refused(await office.activate("no-such", 0), TemplateUnknown, 404)
    assert (await office.http.get(f"{TEMPLATES}/no-such", headers=office.operator)).status_code == 404
    preview = {"draft": wrong}
    path = f"{TEMPLATES}/vaccination-due/preview"
    seen = (await office.http.post(path, headers=office.operator, json=preview)).json()
    assert seen["problems"] == [{"field": "wechat.date1", "why": "not_a_date"}]


@in_the_clear
async def test_of_two_operators_at_once_one_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = await office.shipped()

    answers = await asyncio.gather(*(office.write("linked", draft) for _ in range(4)))

    codes = {answer.status_code for answer in answers}
    assert codes <= {200, 409}
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, TemplateChanged, 409)
    assert 200 in codes


# --- what residents allow ------------------------------------------------------------------------------


@in_the_clear
async def test_a_pop_up_is_counted_once_per_key(office: Office) -> None:
    assert (await office.http.get(SUBSCRIPTIONS, headers=office.resident)).json() == []
    await office.bind()

    await office.report("accept", key="same-key-0001")
    (told,) = await office.report("accept", key="same-key-0001")
    assert told == {
        "provider": "wechat",
        "templateId": "T-due",
        "templates": ["vaccination-due"],
        "standing": False,
        "left": 1,
        "agreed": True,
        "refused": False,
    }
    await office.report("acceptWithAudio")
    await office.report("ban")
    await office.report("accept", template="somebody-elses")
    assert await office.left() == (2, True, False)
    await office.report("reject")
    assert await office.left() == (0, False, True)


# --- what WeChat pushes --------------------------------------------------------------------------------


def address(settings: Settings, **more: Any) -> PushAddress:  # noqa: ANN401
    key = settings.push.wechat_callback_key
    return PushAddress(appid=APP.appid, url="", token=TOKEN, aes_key=key, **more)


def popup(*answers: str, event: str = "subscribe_msg_popup_event", at: int | None = None) -> bytes:
    items = [{"TemplateId": "T-due", "SubscribeStatusString": each} for each in answers]
    return json.dumps(
        {
            "FromUserName": openid_of(APP.appid, "lin"),
            "CreateTime": at or int(datetime.now(UTC).timestamp()),
            "MsgType": "event",
            "Event": event,
            "List": items[0] if len(items) == 1 else items,
        }
    ).encode()


async def push(office: Office, subscriptions: Subscriptions, to: PushAddress, body: bytes) -> httpx.Response:
    query, sent = subscriptions.signed(to, body)
    return await office.http.post(CALLBACK, params=query, content=sent)


async def test_an_event_is_counted_once_however_often_it_is_told(
    office: Office, wechat: Wechat, settings: Settings
) -> None:
    await office.bind()
    await office.arrive()
    body, to = popup("accept"), address(settings)

    for _ in range(3):
        answer = await push(office, wechat.subscriptions, to, body)
        assert (answer.status_code, answer.text) == (200, "success")

    assert await office.left() == (1, True, False)
    # The page tells of the same pop-up; the next one is another.
    await office.report("accept")
    assert (await office.left())[0] == 1
    await office.report("accept")
    assert (await office.left())[0] == 2
    await push(office, wechat.subscriptions, to, popup("reject", event="subscribe_msg_change_event"))
    later = popup("reject", event="subscribe_msg_change_event", at=int(datetime.now(UTC).timestamp()) + 2)
    await push(office, wechat.subscriptions, to, later)
    assert await office.left() == (0, False, True)


async def test_a_pop_up_of_somebody_we_do_not_know_is_nothing(
    office: Office, wechat: Wechat, settings: Settings
) -> None:
    await office.bind()

    answer = await push(office, wechat.subscriptions, address(settings), popup("accept"))

    assert (answer.status_code, await office.left()) == (200, (0, False, False))


async def test_what_is_not_wechats_is_refused(office: Office, wechat: Wechat, settings: Settings) -> None:
    body, to = popup("accept"), address(settings)
    query, sent = wechat.subscriptions.signed(to, body)
    stranger, forged = wechat.subscriptions.signed(PushAddress(appid=APP.appid, url="", token="x"), body)

    for params, content in (({}, sent), ({**query, "timestamp": "1"}, sent), (stranger, forged)):
        refused(await office.http.post(CALLBACK, params=params, content=content), CallbackForged, 403)
    refused(
        await office.http.post("/callbacks/wechat/wxelse", params=query, content=sent), CallbackUnknown, 404
    )
    if to.aes_key is None:
        answer = await office.http.post(CALLBACK, params=query, content=b"not what it says")
        refused(answer, CallbackUnreadable, 400)
    else:
        # In secure mode the signature is over what is said, and what is said is for one app.
        other = {**query, "msg_signature": "0" * 40}
        refused(await office.http.post(CALLBACK, params=other, content=sent), CallbackForged, 403)
        elsewhere = PushAddress(appid="wxelse", url="", token=TOKEN, aes_key=KEY)
        answer = await push(office, wechat.subscriptions, elsewhere, body)
        refused(answer, CallbackForged, 403)
        in_clear = PushAddress(appid=APP.appid, url="", token=TOKEN)
        refused(await push(office, wechat.subscriptions, in_clear, body), CallbackForged, 403)


@in_the_clear
async def test_an_administrator_enters_our_address(
    office: Office, wechat: Wechat, settings: Settings
) -> None:
    query, _ = wechat.subscriptions.signed(address(settings), b"")

    answer = await office.http.get(CALLBACK, params={**query, "echostr": "5927782489442352469"})
    assert (answer.status_code, answer.text) == (200, "5927782489442352469")
    assert answer.headers["content-type"].startswith("text/plain")
    refused(await office.http.get(CALLBACK, params={"echostr": "x"}), CallbackForged, 403)
    refused(await office.http.get("/callbacks/wechat/wxelse", params=query), CallbackUnknown, 404)


DRESSES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"always_array": True},
    {"wrapped": True, "time_as_text": True},
    {"format": "xml"},
)


async def test_wechat_tells_us_by_itself_whatever_the_dress(
    office: Office, wechat: Wechat, settings: Settings
) -> None:
    """The simulated WeChat pushes over a wire of its own; what stands before us passes it on."""
    await office.bind()
    await office.arrive()

    async def pass_on(request: web.Request) -> web.Response:
        answer = await office.http.post(
            request.path_qs, content=await request.read(), headers={"Content-Type": "text/plain"}
        )
        return web.Response(status=answer.status_code, body=answer.content)

    proxy = web.Application()
    proxy.router.add_post("/{path:.*}", pass_on)
    runner = web.AppRunner(proxy)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}{CALLBACK}"
    minute = [datetime.now(UTC)]
    subscriptions = Subscriptions(now=lambda: minute[0], chance=wechat._chance)
    subscriptions.set_rules(Rules(appid=APP.appid, undelivered="43101"))
    sent = []
    try:
        for dress in DRESSES:
            key = settings.push.wechat_callback_key
            subscriptions.set_address(
                PushAddress(appid=APP.appid, url=url, token=TOKEN, aes_key=key, **dress)
            )
            subscriptions.answer(Answered(appid=APP.appid, resident="lin", template="T-due"))
            asked = {"touser": openid_of(APP.appid, "lin"), "template_id": "T-due", "data": {}}
            sent.append(subscriptions.send(APP, asked))
            await asyncio.gather(*subscriptions._pushing)
            minute[0] += timedelta(seconds=1)
    finally:
        await runner.cleanup()

    assert [(each.taken, each.statuses) for each in subscriptions.pushed] == [(True, [200])] * 8
    assert (await office.left())[0] == 4
    assert [receipt.reference for receipt in office.receipts] == [str(each["msgid"]) for each in sent]
    assert {(each.channel, each.delivered, each.code) for each in office.receipts} == {
        ("wechat", False, "43101")
    }


# --- from an intent to WeChat and back -----------------------------------------------------------------


@in_the_clear
async def test_a_notice_goes_out_by_wechat_while_it_is_allowed_and_is_in_the_inbox_in_any_case(
    office: Office, wechat: Wechat, settings: Settings
) -> None:
    await office.arrive()
    draft = await office.shipped("phone_bound")
    fields = {"thing1": "账户绑定了手机号", "date2": "{date}"}
    bound = {**draft, "wechat": {"templateId": "T-account", "fields": fields}}
    await office.write("phone_bound", bound)
    await office.activate("phone_bound", 1)
    await office.report("accept", template="T-account")
    wechat.subscriptions.answer(Answered(appid=APP.appid, resident="lin", template="T-account"))

    one, other = (phone_was_bound(office.platform.personal, name) for name in ("one", "other"))
    first = await office.platform.push.deliver([one])
    again = await office.platform.push.deliver([one])
    second = await office.platform.push.deliver([other])

    assert [outcome.done for outcome in (*first, *again, *second)] == ["wechat", "wechat", "inbox"]
    (sent,) = wechat.subscriptions.sent
    assert sent.data == {"thing1": "账户绑定了手机号", "date2": "2026年3月2日"}
    assert await office.left() == (0, False, False)
    (event,) = [
        json.dumps(
            {
                "FromUserName": sent.openid,
                "CreateTime": 1_772_000_000,
                "Event": "subscribe_msg_sent_event",
                "List": {"TemplateId": "T-account", "MsgID": str(sent.msgid), "ErrorCode": "0"},
            }
        ).encode()
    ]
    inbox = (await office.http.get("/mp/v1/notices", headers=office.resident)).json()["items"]
    assert len(inbox) == 2
    assert inbox[0]["aloud"]["zh"] == f"{inbox[0]['title']['zh']}。{inbox[0]['plain']['zh']}"
    parts = office.platform.push
    parts.china.receipts_go_to(parts.delivery.take_receipt)
    assert (await push(office, wechat.subscriptions, address(settings), event)).status_code == 200
    story = await parts.delivery.stories.of(one.id)
    assert [(each.reference, each.delivered) for each in story.receipts] == [(str(sent.msgid), True)]


@in_the_clear
async def test_a_resident_is_reached_through_every_account_that_became_theirs(office: Office) -> None:
    await office.arrive()
    residents, addresses = office.platform.auth_stores.residents, office.platform.push.china.addresses
    now = datetime.now(UTC)
    await residents._residents.insert_one({"_id": "older", "created_at": now, "absorbed": ["resident"]})
    await residents._residents.update_one({"_id": "resident"}, {"$set": {"merged_into": "older"}})
    elsewhere = Link(
        id="l2", provider="wechat", appid="wx-of-another", subject="o2", resident="older", linked_at=now
    )
    await residents._links.insert_one(document_of(elsewhere))

    found = await addresses.of(["older", "nobody"])

    ((only,), nowhere) = (found["older"], found["nobody"])
    assert (only.channel, only.app, only.target) == ("wechat", APP.appid, openid_of(APP.appid, "lin"))
    assert list(nowhere) == []
    assert await addresses.whose(only.target) == "older"
    assert await addresses.whose("o-nobody") is None
    await addresses.bury(only, dead_since=only.registered_at - timedelta(days=1))
    assert list((await addresses.of(["older"]))["older"]) == [only]
    await addresses.bury(only, dead_since=None)
    assert list((await addresses.of(["older"]))["older"]) == []


@in_the_clear
async def test_an_openid_that_wechat_did_not_know_is_written_to_again_once_somebody_signed_in_with_it(
    office: Office, wechat: Wechat
) -> None:
    async def sign_in(name: str) -> None:
        code = {"code": wechat.login(APP.appid, name)}
        assert (await office.http.post("/mp/v1/session/wechat", json=code)).status_code == 201

    await office.arrive()
    addresses = office.platform.push.china.addresses
    (before,) = (await addresses.of(["resident"]))["resident"]
    await addresses.bury(before, dead_since=None)

    await sign_in("somebody else")
    assert list((await addresses.of(["resident"]))["resident"]) == []
    await sign_in("lin")
    assert list((await addresses.of(["resident"]))["resident"]) == [before]

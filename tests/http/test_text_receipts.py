"""What the text message gateway tells later of messages: into the story once, and from nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from aiohttp import web

from bff.platform.outbound import Outbound
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from bff.sandbox.simulator import simulated
from bff.sandbox.sms import ReceiptAddress, Sms
from push.channels.asking import notice_uuid
from push.channels.base import Accepted
from push.channels.sms import SmsChannel
from push.delivery_models import Attempt, AttemptState
from push.refusals import CallbackForged, CallbackUnknown, CallbackUnreadable
from push.store.documents import document_of
from push.text_receipts import MOST_AT_ONCE, TextReceipts
from tests.health import Bearer, clerk
from tests.phones import address, message, phone_was_bound
from tests.web import web_app

KEY: Final = "the-gateways-key-for-us"
PATH: Final = "/callbacks/sms"
WELL, AWAY = "+8615400000001", "+8615400000002"


class Office:
    """An application, and somebody who looks at notices."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient) -> None:
        self.platform = platform
        self.http = http
        self.operator = clerk(Bearer(platform, settings), "one", "operations", "push:operate")

    async def tell(self, body: Any, key: str = KEY) -> httpx.Response:  # noqa: ANN401  JSON, or what is none
        headers = {b"Authorization": f"Bearer {key}".encode()}
        if isinstance(body, bytes):
            return await self.http.post(PATH, headers=headers, content=body)
        return await self.http.post(PATH, headers=headers, json=body)

    async def meant(self, name: str) -> str:
        """A notice that went out by text message; its key."""
        intent = phone_was_bound(self.platform.personal, name)
        key, now = intent.id, intent.created_at
        await self.platform.push.outbox.add([intent])
        attempt = Attempt(
            id=f"{key}:sms",
            key=key,
            channel="sms",
            state=AttemptState.ACCEPTED,
            at=now,
            expires_at=now + timedelta(days=1),
            receipt=str(notice_uuid(message(key=key))),
        )
        await self.platform._mongo["push_attempts"].insert_one(document_of(attempt))
        return key

    async def heard(self, key: str) -> list[tuple[str, str, str]]:
        """What the story of a notice says was told of it."""
        story = await self.http.get(f"/verifier/v1/push/notices/{key}", headers=self.operator)
        events = story.json()["events"]
        return [
            (each["what"], each["channel"], each["code"])
            for each in events
            if each["what"] in ("delivered", "undelivered")
        ]


@pytest.fixture
async def office(environ: dict[str, str]) -> AsyncIterator[Office]:
    settings = load_settings({**environ, "SUISHEN_PUSH_SMS_RECEIPTS_KEY": KEY})
    async with web_app(settings) as here:
        yield Office(here.platform, settings, here.http)


@asynccontextmanager
async def in_front_of(office: Office) -> AsyncIterator[str]:
    """An address on the wire that leads to the application, at the second try only."""
    tries: dict[bytes, int] = {}

    async def pass_on(request: web.Request) -> web.Response:
        body = await request.read()
        tries[body] = tries.get(body, 0) + 1
        answer = await office.http.post(
            request.path, content=body, headers={"Authorization": request.headers["Authorization"]}
        )
        # Its answer gets lost on the way once: the gateway tells again.
        return web.Response(status=answer.status_code if tries[body] > 1 else 502)

    proxy = web.Application()
    proxy.router.add_post("/{path:.*}", pass_on)
    runner = web.AppRunner(proxy)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    finally:
        await runner.cleanup()


async def test_what_became_of_a_text_is_in_its_story_once_however_often_it_is_told(office: Office) -> None:
    well, away = await office.meant("well"), await office.meant("away")
    async with in_front_of(office) as url, Outbound.open() as http:
        gateway = Sms(key="ours-there", receipts=ReceiptAddress(url=url, key=KEY))
        async with simulated(gateway) as simulator:
            fate = {"phone": AWAY, "code": "MK:0001"}
            assert (await http("POST", f"{simulator.url}/_sim/sms/fates", body=_json(fate))).status == 204
            channel = SmsChannel(
                http,
                base_url=simulator.url,
                key="ours-there",
                template="notice",
                clock=lambda: datetime.now(UTC),
            )
            for key, phone in ((well, WELL), (away, AWAY)):
                taken = await channel.send(message(key=key), address("sms", "", phone))
                assert taken == Accepted(receipt=str(notice_uuid(message(key=key))))
            await gateway.told()

    assert await office.heard(well) == [("delivered", "sms", "DELIVRD")]
    assert await office.heard(away) == [("undelivered", "sms", "MK:0001")]
    receipts = office.platform._mongo["push_receipts"]
    assert await receipts.count_documents({}) == 2

    # Who was told first stays; and of a message nobody sent it is no error to be told.
    name = str(notice_uuid(message(key=away)))
    later = receipt(name, delivered=True, at="2999-01-01T00:00:00Z")
    assert (await office.tell({"receipts": [later, receipt("0" * 8 + name[8:])]})).status_code == 204
    assert await office.heard(away) == [("undelivered", "sms", "MK:0001")]
    stranger = await receipts.find_one({"reference": "0" * 8 + name[8:]})
    assert stranger is not None
    assert stranger["expires_at"] < datetime.now(UTC) + timedelta(days=91)


async def test_a_receipt_of_a_clock_far_behind_is_kept_all_the_same(office: Office) -> None:
    key = await office.meant("well")
    ancient = receipt(str(notice_uuid(message(key=key))), at="0001-01-01T00:00:00+08:00")
    assert (await office.tell({"receipts": [ancient]})).status_code == 204
    assert await office.heard(key) == [("delivered", "sms", "DELIVRD")]
    kept = await office.platform._mongo["push_receipts"].find_one({})
    assert kept is not None
    assert kept["expires_at"] > datetime.now(UTC)


async def test_nobody_but_the_gateway_is_believed_and_only_in_the_agreed_form(office: Office) -> None:
    name = str(notice_uuid(message()))
    for key in ("", "another key of the same len", "密钥"):
        answer = await office.tell({"receipts": [receipt(name)]}, key)
        assert (answer.status_code, answer.json()["code"]) == (403, CallbackForged.code)
    wrong: list[Any] = [
        b"",
        b"\xff",
        b"[" * 5_000,
        {},
        {"receipts": [receipt("../../x")]},
        {"receipts": [receipt(name, delivered="yes")]},
        {"receipts": [receipt(name, at="2026-01-01T00:00:00")]},
        {"receipts": [receipt(name, code={"$gt": ""})]},
        {"receipts": [receipt(name, code="x" * 41)]},
        {"receipts": [receipt(name)] * (MOST_AT_ONCE + 1)},
    ]
    for body in wrong:
        answer = await office.tell(body)
        assert (answer.status_code, answer.json()["code"]) == (400, CallbackUnreadable.code), body
    assert await office.platform._mongo["push_receipts"].count_documents({}) == 0


async def test_without_a_key_nothing_listens(office: Office) -> None:
    parts = office.platform.push
    deaf = TextReceipts(key=None, take_receipt=parts.delivery.take_receipt, clock=office.platform.clock)
    with pytest.raises(CallbackUnknown):
        await deaf.hear("Bearer ", b"")


def receipt(name: str, **more: object) -> dict[str, object]:
    return {"id": name, "delivered": True, "code": "DELIVRD", "at": "2026-11-25T04:00:00Z", **more}


def _json(body: dict[str, str]) -> bytes:
    return httpx.Request("POST", "http://none", json=body).read()

"""Killed between any two steps of a push of WeChat's: WeChat asks again, and each item counts once."""

import asyncio
import json
import os
import random
import sys
from base64 import b64encode
from datetime import UTC, datetime

import msgspec
import pytest

from auth_bridges.models import Link
from auth_bridges.store.documents import document_of
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.wechat_ids import openid_of
from bff.sandbox.wechat_subscribe import PushAddress, Subscriptions
from push.rules.templates import Binding
from tests.environs import COMPLETE

APPID = COMPLETE["SUISHEN_AUTH_WECHAT_APPID"]
TOKEN = "token-of-the-console"
TEMPLATES = {"linked": "T1", "unlinked": "T2", "merged": "T3"}


@pytest.mark.parametrize("counted", [0, 1, 2, 3])
async def test_each_item_counts_once_whenever_its_process_was_killed(
    environ: dict[str, str], counted: int
) -> None:
    told = {**environ, "SUISHEN_PUSH_WECHAT_CALLBACK_TOKEN": TOKEN}
    now = datetime.now(UTC)
    items = [{"TemplateId": each, "SubscribeStatusString": "accept"} for each in TEMPLATES.values()]
    said = {
        "FromUserName": openid_of(APPID, "lin"),
        "CreateTime": int(now.timestamp()),
        "Event": "subscribe_msg_popup_event",
        "List": items,
    }
    body = json.dumps(said).encode()
    address = PushAddress(appid=APPID, url="", token=TOKEN)
    query, sent = Subscriptions(now=lambda: now, chance=random.Random(1)).signed(address, body)

    async with Platform.open(load_settings(told)) as platform:
        await platform.ensure_indexes()
        china = platform.push.china
        for name, template_id in TEMPLATES.items():
            content = china.templates.shipped(name)
            bound = Binding(template_id=template_id, fields={"thing1": "账户有变动"})
            await china.desk.save(name, msgspec.structs.replace(content, wechat=bound), by="operator")
            await china.desk.activate(name, 1, by="operator")
        residents = platform.auth_stores.residents
        await residents._residents.insert_one({"_id": "resident", "created_at": now})
        link = Link(
            id="l1",
            provider="wechat",
            appid=APPID,
            subject=openid_of(APPID, "lin"),
            resident="resident",
            linked_at=now,
        )
        await residents._links.insert_one(document_of(link))

        killed = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.killed_callback"),
            *(APPID, "&".join(f"{name}={value}" for name, value in query.items())),
            *(b64encode(sent).decode(), str(counted)),
            env={**os.environ, **told},
        )
        assert await killed.wait() == -9
        before = [each.left for each in await china.credits.allowances("resident")]

        # WeChat had no answer: it says it again, word for word.
        await china.callbacks.hear(APPID, query, sent)

        after = [each.left for each in await china.credits.allowances("resident")]
    assert sum(before) == counted
    assert after == [1, 1, 1]

"""What WeChat pushes: whose it is, JSON or XML, one item or several, in the clear or sealed."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from push.rules.wechat_events import (
    EventKind,
    NotOurs,
    NotRead,
    check,
    events,
    key_of,
    opened,
    signature,
    unsealed,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "auth"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOKEN, APPID = "token-of-the-console", "wxcity000000000001"
STAMP = str(int(NOW.timestamp()))


def query(**changed: str) -> dict[str, str]:
    asked = {"timestamp": STAMP, "nonce": "n1", **changed}
    return {"signature": signature(TOKEN, asked["timestamp"], asked["nonce"]), **asked}


def read(body: bytes | str) -> list[Any]:
    raw = body.encode() if isinstance(body, str) else body
    said = opened(query(), raw, token=TOKEN, key=None, appid=APPID, now=NOW)
    return events(said, appid=APPID)


def told(event: str, items: object, **changed: object) -> str:
    said = {
        "ToUserName": "gh_123456789abc",
        "FromUserName": "o7esq5OI1Uej6Xixw1lA2H7XDVbc",
        "CreateTime": "1620973045",
        "MsgType": "event",
        "Event": event,
        "List": items,
    }
    return json.dumps({**said, **changed})


YES = {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "0"}
NO = {"TemplateId": "T2", "SubscribeStatusString": "reject", "PopupScene": "0"}
SENT = {"TemplateId": "T1", "MsgID": "1700827132819554304", "ErrorCode": "0", "ErrorStatus": "success"}


def test_an_object_and_an_array_of_one_are_the_same() -> None:
    assert read(told("subscribe_msg_popup_event", YES)) == read(told("subscribe_msg_popup_event", [YES]))


def test_several_items_are_several_events() -> None:
    one, other = read(told("subscribe_msg_popup_event", [YES, NO]))

    assert (one.template_id, one.good, other.template_id, other.good) == ("T1", True, "T2", False)
    assert one.kind is EventKind.ANSWERED
    assert one.at == datetime(2021, 5, 14, 6, 17, 25, tzinfo=UTC)


def test_a_time_may_be_a_number_or_a_text_of_one() -> None:
    assert read(told("subscribe_msg_change_event", NO, CreateTime=1620973045)) == read(
        told("subscribe_msg_change_event", NO)
    )


def test_items_in_an_element_of_their_own_are_found_in_json_too() -> None:
    wrapped = told("subscribe_msg_sent_event", None, SubscribeMsgSentEvent={"List": SENT})

    assert read(wrapped) == read(told("subscribe_msg_sent_event", SENT))


def test_what_was_sent_has_the_name_the_answer_told() -> None:
    (event,) = read(told("subscribe_msg_sent_event", {**SENT, "MsgID": 1700827132819554304}))

    assert (event.kind, event.reference, event.good) == (EventKind.SENT, "1700827132819554304", True)
    (lost,) = read(told("subscribe_msg_sent_event", {**SENT, "ErrorCode": "43101"}))
    assert (lost.good, lost.code) == (False, "43101")


def test_the_same_event_has_the_same_name_each_time_and_another_has_another() -> None:
    first = read(told("subscribe_msg_popup_event", [YES, NO]))
    again = read(told("subscribe_msg_popup_event", [YES, NO]))
    later = read(told("subscribe_msg_popup_event", [YES, NO], CreateTime="1620973046"))

    assert first == again
    assert len({event.id for event in (*first, *later)}) == 4


XML = """<xml>
<ToUserName><![CDATA[gh_123456789abc]]></ToUserName>
<FromUserName><![CDATA[o7esq5OI1Uej6Xixw1lA2H7XDVbc]]></FromUserName>
<CreateTime>1620973045</CreateTime>
<MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[subscribe_msg_popup_event]]></Event>
<SubscribeMsgPopupEvent>
<List><TemplateId><![CDATA[T1]]></TemplateId>
<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString><PopupScene>0</PopupScene></List>
{more}</SubscribeMsgPopupEvent></xml>"""


def test_xml_says_the_same_as_json() -> None:
    assert read(XML.format(more="")) == read(told("subscribe_msg_popup_event", YES))
    second = "<List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List>"
    assert read(XML.format(more=second)) == read(told("subscribe_msg_popup_event", [YES, NO]))


def test_what_is_about_something_else_is_nothing() -> None:
    assert read(told("user_enter_tempsession", [])) == []
    assert read('{"MsgType": "text", "Content": "你好"}') == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"<xml>",
        b"<html></html>",
        b"<xml>text</xml>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><Event>&a;</Event></xml>',
        b"<xml>" + b"<a>" * 50 + b"</a>" * 50 + b"</xml>",
        told("subscribe_msg_popup_event", "accept").encode(),
        told("subscribe_msg_popup_event", [7]).encode(),
        told("subscribe_msg_popup_event", {"TemplateId": "T1"}).encode(),
        told("subscribe_msg_popup_event", YES, FromUserName=7).encode(),
        told("subscribe_msg_popup_event", YES, CreateTime="soon").encode(),
        told("subscribe_msg_sent_event", None, SubscribeMsgSentEvent="x").encode(),
    ],
)
def test_what_is_not_as_documented_is_not_read(body: bytes) -> None:
    with pytest.raises(NotRead):
        read(body)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {**query(), "signature": "0" * 40},
        {**query(), "nonce": "n2"},
        {**query(), "timestamp": str(int(STAMP) + 1)},
        query(timestamp=str(int((NOW - timedelta(minutes=11)).timestamp()))),
        query(timestamp=str(int((NOW + timedelta(minutes=11)).timestamp()))),
        query(timestamp="now"),
    ],
)
def test_what_is_not_signed_just_now_is_not_wechats(asked: dict[str, str]) -> None:
    with pytest.raises(NotOurs):
        check(asked, token=TOKEN, now=NOW)


def test_the_signature_is_the_documented_one() -> None:
    # The SHA-1 of "12abc": sorted as texts, put together.
    assert signature("abc", "2", "1") == "2809f5614d4b6b0c4e1bb4c3f67ef361c7ef7281"


def test_the_example_of_the_documentation_opens() -> None:
    told = json.loads((VECTORS / "wechat_message_push.json").read_bytes())
    key, sealed = key_of(told["encodingAesKey"]), told["encrypt"]

    assert signature(told["token"], told["timestamp"], told["nonce"], sealed) == told["msgSignature"]
    opened_ = unsealed(sealed, key=key, appid=told["appid"])
    assert f"<MsgId>{told['msgId']}</MsgId>".encode() in opened_
    with pytest.raises(NotOurs):
        unsealed(sealed, key=key, appid=APPID)


ENCODING_KEY = b64encode(bytes(range(32))).decode().rstrip("=")


@pytest.mark.parametrize("sealed", ["", "!!!", b64encode(b"short").decode(), b64encode(bytes(64)).decode()])
def test_what_does_not_open_is_not_read_or_not_ours(sealed: str) -> None:
    with pytest.raises((NotRead, NotOurs)):
        unsealed(sealed, key=key_of(ENCODING_KEY), appid=APPID)


def test_in_secure_mode_nothing_in_the_clear_is_believed() -> None:
    body = told("subscribe_msg_popup_event", YES).encode()

    with pytest.raises(NotOurs):
        opened(query(), body, token=TOKEN, key=key_of(ENCODING_KEY), appid=APPID, now=NOW)

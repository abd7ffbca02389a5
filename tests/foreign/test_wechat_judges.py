"""Clients of WeChat by others meet our simulator, and our codec what they seal: it is not our own mirror."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from auth_bridges.codec.wechat_open_data import read_open_data
from bff.sandbox.simulator import Simulator, simulated_in_thread
from bff.sandbox.wechat import Modes, Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from bff.sandbox.wechat_subscribe import Answered, PushAddress, Rules, Template
from push.rules.wechat_events import events, key_of, opened
from tests.foreign import environments

pytestmark = pytest.mark.slow

CITY: Final = WechatApp(appid="wxcity000000000001", secret="city-secret", open_platform="op-1")
OPENID: Final = openid_of(CITY.appid, "lin")
HERE: Final = Path(__file__).parent


class Judge:
    """A library, a simulator it is pointed at, and that simulator's books."""

    def __init__(self, name: str, simulator: Simulator, wechat: Wechat) -> None:
        self.name = name
        self.simulator = simulator
        self.wechat = wechat

    def ask(self, do: str, **more: object) -> Any:  # noqa: ANN401 - whatever a judge says
        known = {"url": self.simulator.url, "appid": CITY.appid, "secret": CITY.secret}
        question: dict[str, object] = {"do": do, **known, **more}
        if self.name == "wechatpy":
            command = [str(environments.python("wechatpy")), str(HERE / "wechatpy" / "judge.py")]
            return environments.ask(command, question)
        command = ["node", str(HERE / "node-easywechat" / "judge.cjs")]
        return environments.ask(command, question, cwd=environments.node("node-easywechat"))


@pytest.fixture(params=["wechatpy", "node-easywechat"])
def judge(request: pytest.FixtureRequest) -> Iterator[Judge]:
    wechat = Wechat([CITY], phones={"lin": "15400000001"})
    with simulated_in_thread(wechat) as simulator:
        yield Judge(request.param, simulator, wechat)


def test_they_log_in(judge: Judge) -> None:
    told = judge.ask("log_in", code=judge.wechat.login(CITY.appid, "lin"))
    assert told["openid"] == OPENID
    assert told["session_key"] == judge.wechat.people.session_key(OPENID)


def test_they_learn_that_a_code_was_used(judge: Judge) -> None:
    code = judge.wechat.login(CITY.appid, "lin")
    judge.ask("log_in", code=code)
    assert "40163" in json.dumps(judge.ask("log_in", code=code))


def test_they_fetch_a_phone_number(judge: Judge) -> None:
    """One with ``/cgi-bin/token``, the other with ``stable_token``."""
    told = judge.ask("phone", code=judge.wechat.people.tap_phone(CITY.appid, "lin"), openid=OPENID)
    assert told["phone_info"]["purePhoneNumber"] == "15400000001"


def test_they_open_what_the_simulated_phone_seals(judge: Judge) -> None:
    sealed = judge.wechat.people.user_info(CITY, "lin")
    key = judge.wechat.people.session_key(OPENID)
    told = judge.ask("decrypt", session_key=key, **sealed)
    ours = read_open_data(sealed["encryptedData"], sealed["iv"], key, appid=CITY.appid, now=datetime.now(UTC))
    assert told == json.loads(ours)
    assert told["openId"] == OPENID


@pytest.mark.parametrize("judge", ["node-easywechat"], indirect=True)
def test_a_stable_token_is_the_same_for_who_asks_again(judge: Judge) -> None:
    assert judge.ask("token") == judge.ask("token")
    assert judge.ask("token", stable=False) != judge.ask("token", stable=False)


@pytest.mark.parametrize("judge", ["wechatpy"], indirect=True)
def test_another_apps_watermark_is_what_they_take_for_it(judge: Judge) -> None:
    judge.wechat.set_modes(Modes(watermark_appid="wxanother000000002"))
    sealed = judge.wechat.people.user_info(CITY, "lin")
    key = judge.wechat.people.session_key(OPENID)
    assert judge.ask("decrypt", session_key=key, **sealed) == {"refused": "another app's"}


@pytest.mark.parametrize("judge", ["wechatpy"], indirect=True)
def test_we_open_what_they_seal(judge: Judge) -> None:
    now = datetime.now(UTC)
    plain = json.dumps({"watermark": {"appid": CITY.appid, "timestamp": int(now.timestamp())}})
    key, iv = b64encode(b"k" * 16).decode(), b64encode(b"i" * 16).decode()
    sealed = judge.ask("encrypt", session_key=key, iv=iv, plain=plain)
    assert read_open_data(sealed, iv, key, appid=CITY.appid, now=now) == plain.encode()


only_wechatpy = pytest.mark.parametrize("judge", ["wechatpy"], indirect=True)
PUSH_KEY: Final = b64encode(bytes(range(32))).decode().rstrip("=")
PUSHES: Final = PushAddress(appid=CITY.appid, url="", token="token", aes_key=PUSH_KEY, format="xml")


@only_wechatpy
def test_they_send_what_was_allowed_and_learn_that_no_more_is(judge: Judge) -> None:
    books = judge.wechat.subscriptions
    books.set_rules(Rules(appid=CITY.appid, templates=[Template(id="T1", fields=["thing1"])]))
    books.answer(Answered(appid=CITY.appid, resident="lin", template="T1"))
    message = {"openid": OPENID, "template": "T1", "page": "pages/index"}

    assert judge.ask("subscribe", data={"thing1": "长" * 21}, **message) == {"errcode": 47003}
    assert judge.ask("subscribe", data={"thing1": "好的"}, **message)["errcode"] == 0
    assert judge.ask("subscribe", data={"thing1": "好的"}, **message) == {"errcode": 43101}
    assert [(each.data, each.page) for each in books.sent] == [({"thing1": "好的"}, "pages/index")]


@only_wechatpy
def test_they_open_what_the_simulator_pushes(judge: Judge) -> None:
    books = judge.wechat.subscriptions
    plain = books._event(PUSHES, "popup", OPENID, [{"TemplateId": "T1", "SubscribeStatusString": "accept"}])
    query, body = books.signed(PUSHES, plain)

    told = judge.ask("hear", token="token", key=PUSH_KEY, query=query, body=body.decode())

    assert told == plain.decode()


@only_wechatpy
def test_we_open_what_they_push(judge: Judge) -> None:
    now = datetime.now(UTC)
    plain = PUSHED.format(openid=OPENID, stamp=int(now.timestamp()))
    stamp = str(int(now.timestamp()))
    sealed = judge.ask("push", token="token", key=PUSH_KEY, plain=plain, timestamp=stamp)
    signed = re.search(r"<MsgSignature><!\[CDATA\[(\w+)", sealed)
    assert signed is not None
    query = {"msg_signature": signed[1], "timestamp": stamp, "nonce": "nonce-1"}

    said = opened(query, sealed.encode(), token="token", key=key_of(PUSH_KEY), appid=CITY.appid, now=now)

    (event,) = events(said, appid=CITY.appid)
    assert (event.openid, event.template_id, event.good) == (OPENID, "T1", True)


PUSHED: Final = (
    "<xml><ToUserName>gh_1</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>{stamp}</CreateTime>"
    "<MsgType>event</MsgType><Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent><List>"
    "<TemplateId>T1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>0</PopupScene>"
    "</List></SubscribeMsgPopupEvent></xml>"
)

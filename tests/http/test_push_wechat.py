"""Our subscribe messages against a WeChat on a wire: each row of the table, and what never comes."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import msgspec
import pytest
from redis.asyncio import Redis

from auth_bridges.bridges.wechat_api import WechatApi
from auth_bridges.bridges.wechat_token import StableToken
from auth_bridges.bridges.wechat_wire import WechatWire
from auth_bridges.provider_tokens import ProviderTokens
from auth_bridges.store import ProviderTokenStore, SessionKeys
from bff.platform.outbound import Outbound
from bff.platform.push_china import _WechatCall
from bff.platform.redis import ScriptRunner
from bff.sandbox.simulator import Simulator, simulated, utc_now
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp, openid_of
from bff.sandbox.wechat_subscribe import Answered, Ordered, Rules, Template
from push.channels.base import Accepted, Address, Failed, FailureClass, Message, Unknown
from push.channels.wechat import REACTIONS, WechatChannel
from push.models import MessageClass, Topic
from push.rules.templates import SAMPLE, Binding
from tests.auth_fakes import personal

CITY: Final = WechatApp(appid="wxcity000000000001", secret="city-secret")
SEND: Final = "/cgi-bin/message/subscribe/send"
TOKENS: Final = "/cgi-bin/stable_token"
BINDING: Final = Binding(
    template_id="T-due",
    fields={"thing1": "{item}", "date2": "{date}", "thing3": "请带接种证"},
    page="pages/open/index?to={link}",
)
ADDRESS: Final = Address(
    channel="wechat",
    app=CITY.appid,
    target=openid_of(CITY.appid, "lin"),
    registered_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def message(**changed: Any) -> Message:  # noqa: ANN401
    told = Message(
        key="0" * 64,
        resident="r",
        topic=Topic.VACCINATION,
        message_class=MessageClass.SERVICE,
        language="zh",
        template="vaccination-due",
        values=dict(SAMPLE),
        title="",
        body="",
        lock_title="",
        lock_body="",
        link="/timeline",
        useful_until=datetime(2027, 1, 1, tzinfo=UTC),
    )
    return msgspec.structs.replace(told, **changed)


class Office:
    """A process of ours that sends, and WeChat."""

    def __init__(
        self, simulator: Simulator, wechat: Wechat, http: aiohttp.ClientSession, redis: Redis
    ) -> None:
        self.simulator = simulator
        self.wechat = wechat
        self.http = http
        self.redis = redis
        self.binding: Binding | None = BINDING
        self.rules()

    def channel(self, url: str | None = None) -> WechatChannel:
        wire = WechatWire(Outbound(self.http), base_urls=[url or self.simulator.url])
        api = WechatApi(
            wire,
            appid=CITY.appid,
            tokens=ProviderTokens(
                store=ProviderTokenStore(self.redis, personal(), name=f"test:wechat:{CITY.appid}"),
                fetch=StableToken(wire, appid=CITY.appid, secret=CITY.secret),
                clock=utc_now,
                chance=os.urandom,
            ),
            session_keys=SessionKeys(
                self.redis, ScriptRunner(self.redis), personal(), appid=CITY.appid, clock=utc_now
            ),
            secure=None,
            clock=utc_now,
        )
        return WechatChannel(_WechatCall(api), bindings=lambda _: self.binding, clock=utc_now)

    def rules(self, *errors: Ordered, **more: Any) -> None:  # noqa: ANN401
        template = Template(id="T-due", fields=["thing1", "date2", "thing3"])
        told: dict[str, Any] = {"templates": [template], "pages": ["pages/open/index"], **more}
        self.wechat.subscriptions.set_rules(Rules(appid=CITY.appid, errors=list(errors), **told))

    def allow(self, times: int = 1) -> None:
        self.wechat.subscriptions.answer(
            Answered(appid=CITY.appid, resident="lin", template="T-due", times=times)
        )

    async def plan(self, *faults: dict[str, Any]) -> None:
        async with self.http.post(f"{self.simulator.url}/_sim/plan", json={"faults": list(faults)}) as reply:
            assert reply.status == 204, await reply.text()

    async def asked(self, path: str) -> int:
        async with self.http.get(f"{self.simulator.url}/_sim/journal?path={path}") as reply:
            return len(await reply.json())


@pytest.fixture
async def office(redis: Redis) -> AsyncIterator[Office]:
    wechat = Wechat([CITY])
    async with simulated(wechat) as simulator, aiohttp.ClientSession() as http:
        yield Office(simulator, wechat, http, redis)


async def test_what_was_allowed_is_sent_as_the_template_says(office: Office) -> None:
    office.allow()

    answer = await office.channel().send(message(language="en"), ADDRESS)

    (sent,) = office.wechat.subscriptions.sent
    assert answer == Accepted(receipt=str(sent.msgid))
    assert (sent.openid, sent.template, sent.lang) == (ADDRESS.target, "T-due", "en_US")
    assert sent.data == {"thing1": "百白破疫苗第3剂", "date2": "2026年3月2日", "thing3": "请带接种证"}
    assert sent.page == "pages/open/index?to=%2Ftimeline"


async def test_a_message_wechat_gives_no_name_has_no_receipt(office: Office) -> None:
    office.rules(names_messages=False)
    office.allow()

    assert await office.channel().send(message(), ADDRESS) == Accepted()


ORDERED: Final = {
    code: reaction for code, reaction in REACTIONS.items() if code not in (40001, 40014, 42001, 41030)
}


@pytest.mark.parametrize("code", ORDERED)
async def test_each_code_of_the_table_is_reacted_to_as_it_says(office: Office, code: int) -> None:
    office.rules(Ordered(errcode=code))
    office.allow()

    answer = await office.channel().send(message(), ADDRESS)

    assert isinstance(answer, Failed)
    wanted = REACTIONS[code]
    assert (answer.failure, answer.code) == (wanted.failure, str(code))
    assert (answer.lane_stop, answer.no_credit) == (wanted.lane_stop, wanted.no_credit)
    assert (answer.after is not None) == (wanted.after is not None or code == 45009)
    assert await office.asked(SEND) == 1


async def test_a_code_nobody_knows_goes_to_the_next_channel(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.rules(Ordered(errcode=99999))

    answer = await office.channel().send(message(), ADDRESS)

    assert answer == Failed(failure=FailureClass.NEXT_CHANNEL, code="99999")
    assert "99999" in caplog.text


async def test_nothing_allowed_is_no_credit(office: Office) -> None:
    answer = await office.channel().send(message(), ADDRESS)

    assert answer == Failed(failure=FailureClass.NEXT_CHANNEL, code="43101", no_credit=True)


async def test_a_field_wechat_does_not_take_is_named(office: Office) -> None:
    office.rules(templates=[Template(id="T-due", fields=["thing1", "phrase9"])])
    office.allow()

    answer = await office.channel().send(message(), ADDRESS)

    assert answer == Failed(failure=FailureClass.STOP_TEMPLATE, code="47003:phrase9")


async def test_a_template_that_is_not_there_stops(office: Office) -> None:
    office.rules(templates=[])

    answer = await office.channel().send(message(), ADDRESS)

    assert answer == Failed(failure=FailureClass.STOP_TEMPLATE, code="40037")


async def test_a_stranger_is_buried(office: Office) -> None:
    answer = await office.channel().send(message(), msgspec.structs.replace(ADDRESS, target="oElse"))

    assert answer == Failed(failure=FailureClass.TOMBSTONE, code="40003")


async def test_a_page_the_release_has_not_is_left_out_once(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.rules(pages=["pages/index/index"])
    office.allow()

    answer = await office.channel().send(message(), ADDRESS)

    assert isinstance(answer, Accepted)
    assert office.wechat.subscriptions.sent[0].page is None
    assert await office.asked(SEND) == 2
    assert "no page" in caplog.text


async def test_a_page_that_is_refused_even_where_there_is_none_ends_it(office: Office) -> None:
    office.rules(Ordered(errcode=41030, times=9))
    office.allow()

    answer = await office.channel().send(message(), ADDRESS)

    assert answer == Failed(failure=FailureClass.NEXT_CHANNEL, code="41030")
    assert await office.asked(SEND) == 2


async def test_a_token_that_is_over_is_renewed_once_and_the_message_sent_once(office: Office) -> None:
    channel = office.channel()
    office.allow(2)
    assert isinstance(await channel.send(message(), ADDRESS), Accepted)
    office.wechat.revoke()

    assert isinstance(await channel.send(message(), ADDRESS), Accepted)

    assert len(office.wechat.subscriptions.sent) == 2
    assert (await office.asked(SEND), await office.asked(TOKENS)) == (3, 2)


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_is_wrong_for_ever_is_tried_again_later(office: Office, code: int) -> None:
    office.rules(Ordered(errcode=code, times=9))

    answer = await office.channel().send(message(), ADDRESS)

    assert answer == Failed(failure=FailureClass.RETRY, code="unreached")
    assert await office.asked(SEND) == 2


async def test_where_no_token_can_be_had_nothing_was_sent(office: Office) -> None:
    office.allow()
    # Whether a token was made nobody can tell; the message certainly never left.
    await office.plan({"kind": "lost", "route": TOKENS})

    answer = await office.channel().send(message(), ADDRESS)

    assert answer == Failed(failure=FailureClass.RETRY, code="unreached")
    assert await office.asked(SEND) == 0


@pytest.mark.parametrize("kind", ["lost", "reset", "truncated", "badGateway", "outage"])
async def test_what_nobody_can_tell_is_unknown_and_never_asked_again(office: Office, kind: str) -> None:
    office.allow()
    await office.plan({"kind": kind, "route": SEND})

    answer = await office.channel().send(message(), ADDRESS)

    assert isinstance(answer, Unknown)
    assert await office.asked(SEND) == 1


async def test_an_answer_that_does_not_come_is_unknown(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth_bridges.bridges.wechat_api._POST_TOTAL", 0.2)
    office.allow()
    await office.plan({"kind": "latency", "route": SEND, "milliseconds": 2000})

    assert await office.channel().send(message(), ADDRESS) == Unknown(why="unanswered")


async def test_where_nobody_listens_nothing_was_sent(office: Office) -> None:
    office.allow()
    await office.channel().send(message(), ADDRESS)

    answer = await office.channel("http://127.0.0.1:1").send(message(), ADDRESS)

    assert answer == Failed(failure=FailureClass.RETRY, code="unreached")


async def test_busy_is_tried_again(office: Office) -> None:
    await office.plan({"kind": "busy", "route": SEND})

    assert await office.channel().send(message(), ADDRESS) == Failed(failure=FailureClass.RETRY, code="-1")


async def test_the_days_quota_stops_the_lane_until_midnight_in_shanghai(office: Office) -> None:
    office.rules(a_day=1)
    office.allow(2)
    channel = office.channel()
    assert isinstance(await channel.send(message(), ADDRESS), Accepted)

    answer = await channel.send(message(), ADDRESS)

    assert isinstance(answer, Failed)
    assert (answer.lane_stop, answer.failure) == (True, FailureClass.RETRY)
    assert answer.after is not None
    back = utc_now() + answer.after + timedelta(hours=8)
    assert timedelta(minutes=0) <= timedelta(hours=back.hour, minutes=back.minute) <= timedelta(minutes=2)


async def test_the_minutes_quota_stops_it_for_a_minute(office: Office) -> None:
    office.rules(Ordered(errcode=45009, said="reach max api minute-quota limit"))

    answer = await office.channel().send(message(), ADDRESS)

    assert isinstance(answer, Failed)
    assert answer.after == timedelta(minutes=1)


async def test_what_would_be_refused_is_not_taken_and_not_sent(office: Office) -> None:
    values = {**SAMPLE, "date": "下周"}
    channel = office.channel()

    assert not channel.takes(message(values=values))
    assert await channel.send(message(values=values), ADDRESS) == Failed(
        failure=FailureClass.BROKEN, code="date2:not_a_date"
    )
    assert await office.asked(SEND) == 0


async def test_a_notice_without_a_template_at_wechat_goes_elsewhere(office: Office) -> None:
    office.binding = None

    assert not office.channel().takes(message())
    assert (await office.channel().send(message(), ADDRESS)) == Failed(
        failure=FailureClass.NEXT_CHANNEL, code="no-template"
    )


async def test_no_log_line_says_to_whom_or_what(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.rules(Ordered(errcode=99999), Ordered(errcode=47003))
    for _ in range(2):
        await office.channel().send(message(), ADDRESS)

    said = caplog.text
    assert ADDRESS.target not in said
    assert SAMPLE["name"] not in said
    assert SAMPLE["item"] not in said

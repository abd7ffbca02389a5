"""Our template messages against an Alipay on a wire, in every way to be set up."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bff.platform.push_china import _AlipayCall
from bff.sandbox.alipay import Trouble
from bff.sandbox.alipay_gateway import Hostile
from bff.sandbox.alipay_ids import Names, open_id_of, user_id_of
from push.channels.alipay import REACTIONS, AlipayChannel, reactions_of
from push.channels.base import Accepted, Address, Failed, FailureClass, Message, Unknown
from push.models import MessageClass, Topic
from push.rules.templates import SAMPLE, Binding
from tests.alipay import OLD, SETUPS, Counter, Setup, alipay_counter

METHOD = "alipay.open.app.mini.templatemessage.send"
BINDING = Binding(template_id="tpl-1", fields={"keyword1": "{item}", "keyword2": "{date}"}, page="pages/open")
every_setup = pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)
PLAIN = Setup()


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    async with alipay_counter() as opened:
        yield opened


def message(values: dict[str, str] | None = None) -> Message:
    return Message(
        key="0" * 64,
        resident="r",
        topic=Topic.VACCINATION,
        message_class=MessageClass.SERVICE,
        language="zh",
        template="vaccination-due",
        values=dict(SAMPLE) if values is None else values,
        title="",
        body="",
        lock_title="",
        lock_body="",
        link="",
        useful_until=datetime(2027, 1, 1, tzinfo=UTC),
    )


def address(setup: Setup) -> Address:
    old = setup.app.names is Names.USER_ID
    return Address(
        channel="alipay",
        app=setup.app.appid,
        target=user_id_of("lin") if old else open_id_of(setup.app.appid, "lin"),
        registered_at=datetime(2026, 1, 1, tzinfo=UTC),
        vendor="user_id" if old else "open_id",
    )


def channel(counter: Counter, setup: Setup = PLAIN, *, url: str | None = None) -> AlipayChannel:
    told = reactions_of({"USER_NOT_SUBSCRIBED": "no_credit", "TEMPLATE_GONE": "stop_template"})
    call = _AlipayCall(counter.client(setup, url=url))
    return AlipayChannel(call, bindings=lambda _: BINDING, reactions=told)


@every_setup
async def test_what_was_allowed_is_sent_and_no_more(counter: Counter, setup: Setup) -> None:
    counter.alipay.books.allow(setup.app.appid, "lin", "tpl-1", 1)
    sending = channel(counter, setup)

    assert await sending.send(message(), address(setup)) == Accepted()
    assert await sending.send(message(), address(setup)) == Failed(
        failure=FailureClass.NEXT_CHANNEL, code="USER_NOT_SUBSCRIBED", no_credit=True
    )

    (sent,) = counter.alipay.books.messages
    assert sent["resident"] == "lin"
    assert msgspec.json.decode(sent["data"]) == {
        "keyword1": {"value": "百白破疫苗第3剂"},
        "keyword2": {"value": "2026年3月2日"},
    }


async def test_an_app_that_knows_people_by_their_old_name_sends_to_that(counter: Counter) -> None:
    setup = Setup(app=OLD)
    counter.alipay.books.allow(OLD.appid, "lin", "tpl-1", None)

    assert await channel(counter, setup).send(message(), address(setup)) == Accepted()


@pytest.mark.parametrize("code", REACTIONS)
async def test_each_code_of_the_table_is_reacted_to_as_it_says(counter: Counter, code: str) -> None:
    trouble = Trouble(code, "") if code.isdigit() else Trouble("40004", f"isv.{code}")
    counter.alipay.books.order(METHOD, trouble, 1)

    answer = await channel(counter).send(message(), address(PLAIN))

    wanted = REACTIONS[code]
    assert isinstance(answer, Failed)
    assert (answer.failure, answer.code, answer.after) == (wanted.failure, code, wanted.after)
    assert (answer.lane_stop, answer.no_credit) == (wanted.lane_stop, wanted.no_credit)


@pytest.mark.parametrize(
    ("code", "failure"),
    [("TEMPLATE_GONE", FailureClass.STOP_TEMPLATE), ("NEVER_SEEN", FailureClass.NEXT_CHANNEL)],
)
async def test_a_citys_own_table_counts_and_what_is_in_none_goes_elsewhere(
    counter: Counter, code: str, failure: FailureClass
) -> None:
    counter.alipay.books.order(METHOD, Trouble("40004", code), 1)

    assert await channel(counter).send(message(), address(PLAIN)) == Failed(failure=failure, code=code)


@pytest.mark.parametrize("kind", ["lost", "reset", "truncated", "badGateway", "outage", "busy"])
async def test_what_nobody_can_tell_is_unknown(counter: Counter, kind: str) -> None:
    counter.alipay.books.allow(PLAIN.app.appid, "lin", "tpl-1", None)
    await counter.plan({"kind": kind, "times": 1})

    answer = await channel(counter).send(message(), address(PLAIN))

    assert isinstance(answer, Unknown), answer
    assert len(await counter.journal()) == 1


@pytest.mark.parametrize("mode", [Hostile.UNSIGNED, Hostile.OTHER_APP, Hostile.REWRITTEN])
async def test_an_answer_that_is_not_alipays_says_nothing_about_the_message(
    counter: Counter, mode: Hostile
) -> None:
    counter.alipay.books.allow(PLAIN.app.appid, "lin", "tpl-1", None)
    counter.alipay.hostile(mode)

    assert isinstance(await channel(counter).send(message(), address(PLAIN)), Unknown)


async def test_where_nobody_listens_nothing_was_sent(counter: Counter) -> None:
    answer = await channel(counter, url="http://127.0.0.1:1").send(message(), address(PLAIN))

    assert answer == Failed(failure=FailureClass.RETRY, code="unreached")


async def test_what_would_be_refused_is_not_taken(counter: Counter) -> None:
    assert not channel(counter).takes(message({"item": "x"}))
    assert not channel(counter).takes(message({"item": "长" * 2100, "date": "2026-03-02"}))
    assert channel(counter).takes(message())
    answer = await channel(counter).send(message({}), address(PLAIN))
    assert answer == Failed(failure=FailureClass.BROKEN, code="item:nothing_fills_it")


def test_a_limit_leaves_the_lane_alone_for_a_minute() -> None:
    assert REACTIONS["app-call-limited"].after == timedelta(minutes=1)

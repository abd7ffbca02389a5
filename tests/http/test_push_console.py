"""The operators' console over HTTP: who may, campaigns by two people, and what is refused."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from auth_bridges.registrar import RegisterResident
from bff.platform.services import Platform
from bff.platform.settings import Settings
from push.channels.base import FailureClass
from push.delivery_models import Attempt, AttemptState, Decision, InboxNotice, Tried
from push.inbox import notice_context
from push.models import Intent, IntentState, Lane, Topic
from push.store.documents import document_of
from tests.campaigns import settle_residents
from tests.factories import ID_NUMBER
from tests.health import Bearer, clerk
from tests.web import web_app

PUSH: Final = "/verifier/v1/push"
CAMPAIGNS: Final = f"{PUSH}/campaigns"


class Office:
    """A city's two operators, and a clerk who is none."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient) -> None:
        bearer = Bearer(platform, settings)
        self.platform = platform
        self.http = http
        self.one = clerk(bearer, "one", "operations", "push:operate")
        self.other = clerk(bearer, "other", "press", "push:operate")
        self.guard = clerk(bearer, "guard", "mall", "wallet:verify")

    async def ask(self, path: str, who: dict[str, str], body: object = None) -> httpx.Response:
        key = {"Idempotency-Key": secrets.token_hex(8)}
        return await self.http.post(path, headers=who | key, json=body)

    async def look(self, path: str, who: dict[str, str] | None = None) -> Any:  # noqa: ANN401  JSON
        answer = await self.http.get(f"{PUSH}/{path}", headers=who or self.one)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def meant(self, resident: str, **more: Any) -> str:  # noqa: ANN401  fields of an intent
        """A notice that is meant for ``resident``; its key."""
        now = datetime.now(UTC)
        key = secrets.token_hex(32)
        said = {
            "topic": Topic.EXPIRY,
            "lane": Lane.NORMAL,
            "template": "credential-expiry",
            "rule": "expiry",
            "item": "item",
            "milestone": "30d",
            "created_at": now,
            "not_before": now,
            "useful_until": now + timedelta(days=1),
            **more,
        }
        values = self.platform.personal.seal(msgspec.msgpack.encode({"item": "驾驶证"}), notice_context(key))
        await self.platform.push.outbox.add([Intent(id=key, addressee=resident, values=values, **said)])
        return key

    async def draft(self, **more: Any) -> httpx.Response:  # noqa: ANN401  JSON
        return await self.ask(CAMPAIGNS, self.one, said(**more))


def said(**more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    return {
        "title": "养老金资格认证",
        "topic": "pension",
        "audience": {},
        "text": "年底前请完成养老金资格认证",
        "textEn": "Prove your pension entitlement by the end of the year",
        "usefulUntil": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
        **more,
    }


@pytest.fixture
async def office(settings: Settings) -> AsyncIterator[Office]:
    async with web_app(settings) as here:
        yield Office(here.platform, settings, here.http)


async def test_only_who_runs_the_reminders_may_look(office: Office) -> None:
    assert (await office.http.get(CAMPAIGNS)).status_code == 401
    refused = await office.http.get(CAMPAIGNS, headers=office.guard)
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")


async def test_one_drafts_and_another_approves(office: Office) -> None:
    await settle_residents(office.platform, 30)
    drafted = (await office.draft()).json()
    assert (drafted["state"], drafted["estimate"]) == ("DRAFT", 30)
    approve = f"{CAMPAIGNS}/{drafted['id']}/approve"

    refused = await office.ask(approve, office.one)
    assert (refused.status_code, refused.json()["code"]) == (403, "SECOND_OPERATOR_NEEDED")
    approved = (await office.ask(approve, office.other)).json()
    assert (approved["state"], approved["approvedBy"]) == ("CANARY", "press 单位")

    paused = await office.ask(f"{CAMPAIGNS}/{drafted['id']}/pause", office.one, {"reason": "等一等"})
    assert (paused.json()["state"], paused.json()["why"]) == ("PAUSED", "等一等")
    again = await office.ask(f"{CAMPAIGNS}/{drafted['id']}/pause", office.one, {"reason": "等一等"})
    assert (again.status_code, again.json()) == (200, paused.json()), "the answer was lost"
    other = await office.ask(f"{CAMPAIGNS}/{drafted['id']}/pause", office.other, {"reason": "我也要停"})
    assert (other.status_code, other.json()["code"]) == (409, "CAMPAIGN_NOT_OPEN")
    (listed,) = (await office.http.get(CAMPAIGNS, headers=office.other)).json()["items"]
    assert listed == (await office.http.get(f"{CAMPAIGNS}/{drafted['id']}", headers=office.one)).json()


async def test_the_same_draft_sent_twice_is_one(office: Office) -> None:
    body, key = said(), {"Idempotency-Key": "a-draft-of-mine"}
    first = await office.http.post(CAMPAIGNS, headers=office.one | key, json=body)
    second = await office.http.post(CAMPAIGNS, headers=office.one | key, json=body)

    assert first.json() == second.json()
    assert len((await office.http.get(CAMPAIGNS, headers=office.one)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"audience": {"ageFrom": 70, "ageTo": 60}}, "AUDIENCE_INVALID"),
        ({"audience": {"ageFrom": 12}}, "VALIDATION"),
        ({"audience": {"districts": ["海屿"]}}, "VALIDATION"),
        ({"audience": {"income": "high"}}, "VALIDATION"),
        ({"usefulUntil": "2020-01-01T00:00:00Z"}, "CAMPAIGN_INVALID"),
        ({"topic": "account"}, "CAMPAIGN_INVALID"),
        ({"topic": "health"}, "CAMPAIGN_INVALID"),
        ({"text": ""}, "VALIDATION"),
        ({"topic": "advertising"}, "VALIDATION"),
        ({"link": "https://elsewhere.example/"}, "VALIDATION"),
    ],
)
async def test_what_cannot_be_sent_is_refused(office: Office, wrong: dict[str, Any], code: str) -> None:
    refused = await office.draft(**wrong)

    assert (refused.status_code, refused.json()["code"]) == (400, code)


async def test_an_audience_is_looked_at_before_anything_is_drafted(office: Office) -> None:
    await settle_residents(office.platform, 30)
    asked = {"topic": "pension", "audience": {"ageFrom": 60}}

    preview = (await office.http.post(f"{CAMPAIGNS}/preview", headers=office.one, json=asked)).json()

    assert preview == {"count": 0, "exact": True, "lookedAt": 30, "sample": []}


async def test_a_lane_says_what_is_due_what_is_later_and_since_when(office: Office) -> None:
    now = datetime.now(UTC)
    for minutes in (-5, -1, 60):
        await office.meant("someone", not_before=now + timedelta(minutes=minutes))
    await office.meant("someone", lane=Lane.BULK, state=IntentState.RELAYED)

    lanes = {lane["lane"]: lane for lane in await office.look("lanes")}

    assert list(lanes) == ["urgent", "normal", "bulk"]
    normal = lanes["normal"]
    assert (normal["due"], normal["later"], normal["sending"]) == (2, 1, 0)
    oldest = datetime.fromisoformat(normal["oldestDueAt"])
    assert abs(oldest - (now - timedelta(minutes=5))) < timedelta(seconds=1)
    assert (lanes["bulk"]["sending"], lanes["urgent"]["oldestDueAt"]) == (1, None)


async def test_a_channel_says_of_how_much_it_never_told_anything(office: Office) -> None:
    console = office.platform.push_console
    console._channels = ("sms", "alipay")
    console._awaited._channels = ["sms"]
    taken_at = datetime.now(UTC) - timedelta(hours=30)
    await console._awaited._counts.taken({"sms": 3}, at=taken_at)
    await console._awaited._counts.heard("sms", taken_at=taken_at)
    told = {each["name"]: (each["awaited"], each["unheard"]) for each in await office.look("providers")}
    assert told == {"sms": (3, 2), "alipay": (0, 0)}


async def test_a_breaker_is_held_by_hand_and_let_go_and_both_are_kept(office: Office) -> None:
    office.platform.push_console._channels = ("wechat",)

    async def hold(how: str, name: str = "wechat") -> httpx.Response:
        body = {"name": name, "hold": how, "reason": "模板被投诉"}
        return await office.ask(f"{PUSH}/providers/hold", office.one, body)

    held = (await hold("open")).json()
    assert (held["breaker"], held["byHand"], held["why"]) == ("open", True, "模板被投诉")
    assert await office.look("providers") == [held]
    await hold("open", "wechat/campaign")
    assert [each["name"] for each in await office.look("providers")] == ["wechat", "wechat/campaign"]
    let_go = (await hold("automatic")).json()
    assert (let_go["breaker"], let_go["byHand"]) == ("closed", False)
    unknown = await hold("open", "pigeon")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "PROVIDER_UNKNOWN")
    assert await audited(office, "push.breaker_held") == ["open", "open", "automatic"]


async def audited(office: Office, kind: str) -> list[str]:
    for drain in office.platform.drains():
        await drain._open()
        while await drain.once():
            pass
    events = [msgspec.json.decode(each["event"]) async for each in office.platform._mongo["audit"].find()]
    return [event["outcome"] for event in events if event["kind"] == kind]


async def test_dead_letters_are_read_page_by_page_and_sent_again(office: Office) -> None:
    now = datetime.now(UTC)
    dead = [
        await office.meant(
            "someone",
            state=IntentState.DEAD,
            outcome="broken:47003",
            finished_at=now - timedelta(minutes=minutes),
            useful_until=now + timedelta(days=-1 if minutes == 3 else 1),
        )
        for minutes in range(4)
    ]

    first = await office.look("dead-letters?limit=3")
    second = await office.look(f"dead-letters?limit=3&cursor={first['nextCursor']}")
    assert [each["key"] for each in (*first["items"], *second["items"])] == dead
    assert (first["items"][0]["why"], second["nextCursor"]) == ("broken:47003", None)
    body = {"keys": [dead[0], dead[3], "0" * 64], "reason": "模板已更正"}
    redriven = await office.ask(f"{PUSH}/dead-letters/redrive", office.one, body)

    # The last is of no use any more, and nobody ever meant the third.
    assert redriven.json() == {"count": 1}
    blank = await office.ask(f"{PUSH}/dead-letters/redrive", office.one, body | {"reason": "   "})
    assert blank.status_code == 400
    assert [each["key"] for each in (await office.look("dead-letters"))["items"]] == dead[1:]
    assert await audited(office, "push.redriven") == ["ok"]


async def test_a_story_tells_everything_that_happened_and_no_word_of_the_notice(office: Office) -> None:
    await office.platform.registrar.register(RegisterResident(id_number=ID_NUMBER, name="张小明"))
    holder = office.platform.personal.hash(ID_NUMBER)
    resident = await office.platform.auth_stores.residents.by_holder(holder)
    assert resident is not None
    now = datetime.now(UTC)
    key = await office.meant(resident.id, created_at=now, relayed_at=now, finished_at=now, outcome="wechat")
    await tell(office, key, resident.id, now)

    found = await office.ask(f"{PUSH}/notices/find", office.one, {"idNumber": ID_NUMBER})
    assert found.json()["addressee"] == "张**"
    assert [each["key"] for each in found.json()["notices"]] == [key]
    story = await office.look(f"notices/{key}")

    assert (story["addressee"], story["template"]) == ("张**", "credential-expiry")
    assert {event["what"] for event in story["events"]} == {
        *("meant", "relayed", "inbox", "decided", "read", "tried", "finished")
    }
    tried = [event for event in story["events"] if event["what"] == "tried"]
    assert [(event["channel"], event["outcome"], event["code"]) for event in tried] == [
        ("wechat", "failed broken", "45168"),
        ("wechat", "failed next_channel", "43101"),
    ]
    (decided,) = [event for event in story["events"] if event["what"] == "decided"]
    assert decided["outcome"] == "first alipay:unreachable"
    assert "驾驶证" not in str(story)
    assert await audited(office, "push.notices_looked_at") == ["ok"]


async def tell(office: Office, key: str, resident: str, at: datetime) -> None:
    """What delivery leaves of a notice."""
    later = at + timedelta(days=30)
    await office.platform.push_console._inbox.add(
        [
            InboxNotice(
                id=key,
                resident=resident,
                seq="1",
                topic=Topic.EXPIRY,
                sealed=b"",
                at=at,
                expires_at=later,
                read_at=at,
                decisions=(
                    Decision(at=at, reason="first", channel="wechat", passed={"alipay": "unreachable"}),
                ),
            )
        ]
    )
    attempt = Attempt(
        id=f"{key}:wechat",
        key=key,
        channel="wechat",
        state=AttemptState.FAILED,
        at=at,
        expires_at=later,
        calls=1,
        failure=FailureClass.NEXT_CHANNEL,
        code="43101",
        redriven=1,
        earlier=(Tried(at=at - timedelta(hours=1), failure=FailureClass.BROKEN, code="45168", calls=1),),
    )
    await office.platform._mongo["push_attempts"].insert_one(document_of(attempt))


async def test_of_nobody_there_is_no_story_and_no_notice(office: Office) -> None:
    unknown = await office.http.get(f"{PUSH}/notices/{'0' * 64}", headers=office.one)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOTICE_UNKNOWN")
    nobody = await office.ask(f"{PUSH}/notices/find", office.one, {"idNumber": ID_NUMBER})
    assert nobody.json() == {"addressee": None, "notices": []}
    refused = await office.http.get(f"{PUSH}/notices/{'0' * 64}", headers=office.guard)
    assert refused.status_code == 403


async def test_the_figures_are_of_the_latest_sendings(office: Office) -> None:
    now = datetime.now(UTC)
    soon, late = await office.meant("a", not_before=now), await office.meant("b", not_before=now)
    attempts = [
        (soon, AttemptState.ACCEPTED, 9),
        (late, AttemptState.ACCEPTED, 11),
        ("x" * 64, AttemptState.FAILED, 1),
        ("y" * 64, AttemptState.UNKNOWN, 1),
    ]
    for key, state, seconds in attempts:
        attempt = Attempt(
            id=key,
            key=key,
            channel="wechat",
            state=state,
            at=now + timedelta(seconds=seconds),
            expires_at=now + timedelta(days=90),
        )
        await office.platform._mongo["push_attempts"].insert_one(document_of(attempt))
    await office.meant("c", state=IntentState.DEAD)

    assert await office.look("figures") == {
        "calls": 4,
        "accepted": 2,
        "withinTenSeconds": 1,
        "refused": 1,
        "unknown": 1,
        "dead": 1,
    }

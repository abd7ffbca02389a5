"""Notices over HTTP, on the whole application: listed, read, followed, and what residents decide of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from auth_bridges.models import Audience, Resident
from bff.platform.edge import Edge
from bff.platform.ids import timed_id
from bff.platform.services import Platform
from bff.platform.settings import Settings
from miniapp_schemas.assurance import AssuranceLevel
from push.delivery_models import InboxNotice, NoticeText
from push.inbox import notice_context, seal_text
from push.models import Topic
from push.rules.consents import TEXTS
from push.rules.keys import intent_key
from tests.health import Bearer, events_of
from tests.web import web_app

NOTICES: Final = "/mp/v1/notices"
STREAM: Final = f"{NOTICES}/stream"


def read(event: bytes) -> tuple[str, str | None, Any]:
    """The name, the id and the data of one event."""
    lines = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return lines["event"], lines.get("id"), msgspec.json.decode(lines["data"])


class Listener:
    """An open page; what comes of one kind waits while another is looked for."""

    def __init__(self, stream: AsyncGenerator[bytes]) -> None:
        self._stream = stream
        self._skipped: list[tuple[str, str | None, Any]] = []

    async def next(self, kind: str) -> tuple[str | None, Any]:
        """The next event of one kind."""
        for each in self._skipped:
            if each[0] == kind:
                self._skipped.remove(each)
                return each[1:]
        async with asyncio.timeout(10):
            async for part in self._stream:
                event = read(part)
                if event[0] == kind:
                    return event[1:]
                self._skipped.append(event)
        raise AssertionError(f"no {kind} came")

    async def close(self) -> None:
        """Leave the page."""
        await self._stream.aclose()


class Town:
    """An application, a resident and a neighbour, and a hand that puts notices into inboxes."""

    def __init__(self, platform: Platform, settings: Settings, http: httpx.AsyncClient, edge: Edge) -> None:
        self.platform = platform
        self.http = http
        self.edge = edge
        self.bearer = bearer = Bearer(platform, settings)
        self.lin = bearer(Audience.RESIDENT, "", subject="lin", assurance=AssuranceLevel.L0)
        self.wang = bearer(Audience.RESIDENT, "", subject="wang", assurance=AssuranceLevel.L0)

    async def told(
        self, name: str, *, resident: str = "lin", topic: Topic = Topic.ACCOUNT, ago: float = 0
    ) -> InboxNotice:
        key = intent_key("rule", resident, name, "due", resident)
        at = datetime.now(UTC) - timedelta(seconds=ago)
        text = NoticeText(
            title_zh=f"通知{name}",
            body_zh="正文",
            title_en=f"Notice {name}",
            body_en="Body",
            plain_zh="易读",
            plain_en="Plain",
            aloud_zh="朗读",
            aloud_en="Aloud",
        )
        notice = InboxNotice(
            id=key,
            resident=resident,
            seq=timed_id(at),
            topic=topic,
            sealed=self.platform.personal.seal(seal_text(text), notice_context(key)),
            at=at,
            expires_at=at + timedelta(days=365),
            unread=True,
        )
        await self.platform.push.delivery._inbox.add([notice])
        await self.platform.push_changes.announce("nobody", resident)
        return notice

    async def merged(self, resident: str, *, into: str) -> None:
        """Keep what merging keeps: who was merged, and whom they are now."""
        people = self.platform.auth_stores.residents
        now = datetime.now(UTC)
        await people.ensure(Resident(id=into, created_at=now, absorbed=(resident,)))
        await people.ensure(Resident(id=resident, created_at=now, merged_into=into))

    async def get(self, path: str, headers: dict[str, str], **query: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.http.get(path, headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def titles(self, **query: Any) -> list[str]:  # noqa: ANN401 - of a query
        page = await self.get(NOTICES, self.lin, **query)
        return [each["title"]["en"] for each in page["items"]]

    def follow(self, **headers: str) -> Listener:
        return Listener(events_of(self.edge, STREAM, self.lin | headers))


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    async with web_app(settings) as here:
        yield Town(here.platform, settings, here.http, here.edge)


class TestTheInbox:
    async def test_it_is_read_page_by_page_newest_first(self, town: Town) -> None:
        for number in range(5):
            await town.told(str(number), ago=10 - number)
        page = await town.get(NOTICES, town.lin, limit=2)
        assert [each["title"]["en"] for each in page["items"]] == ["Notice 4", "Notice 3"]
        assert page["unread"] == 5
        rest = await town.get(NOTICES, town.lin, limit=3, cursor=page["nextCursor"])
        assert [each["title"]["zh"] for each in rest["items"]] == ["通知2", "通知1", "通知0"]
        assert rest["nextCursor"] is None

    async def test_a_topic_can_be_looked_at_alone(self, town: Town) -> None:
        await town.told("health", topic=Topic.HEALTH)
        await town.told("account")
        assert await town.titles(topic="health") == ["Notice health"]
        answer = await town.http.get(NOTICES, headers=town.lin, params={"topic": "gossip"})
        assert answer.status_code == 400

    async def test_what_was_read_is_read_and_counted_no_more(self, town: Town) -> None:
        first, second = await town.told("a"), await town.told("b")
        for _ in range(2):
            answer = await town.http.post(f"{NOTICES}/{first.id}/read", headers=town.lin)
            assert answer.json() == {"unread": 1}
        items = (await town.get(NOTICES, town.lin))["items"]
        assert {each["id"]: each["readAt"] is None for each in items} == {first.id: False, second.id: True}

    async def test_all_that_was_seen_is_read_and_what_came_after_is_not(self, town: Town) -> None:
        await town.told("a", ago=2)
        seen = await town.told("b", ago=1)
        await town.told("c")
        answer = await town.http.post(f"{NOTICES}/read-all", json={"upTo": seen.seq}, headers=town.lin)
        assert answer.json() == {"unread": 1}
        answer = await town.http.post(f"{NOTICES}/read-all", json={}, headers=town.lin)
        assert answer.json() == {"unread": 0}

    async def test_what_an_account_was_told_before_it_was_merged_is_read_by_whom_it_became(
        self, town: Town
    ) -> None:
        await town.merged("wang", into="lin")
        theirs, own = await town.told("before", resident="wang", ago=2), await town.told("own", ago=1)
        page = await town.get(NOTICES, town.lin, limit=1)
        assert [each["id"] for each in page["items"]] == [own.id]
        rest = await town.get(NOTICES, town.lin, cursor=page["nextCursor"])
        assert ([each["id"] for each in rest["items"]], rest["unread"]) == ([theirs.id], 2)
        answer = await town.http.post(f"{NOTICES}/{theirs.id}/read", headers=town.lin)
        assert answer.json() == {"unread": 1}
        answer = await town.http.post(f"{NOTICES}/read-all", json={}, headers=town.lin)
        assert answer.json() == {"unread": 0}

    async def test_another_persons_notice_is_none_and_stays_unread(self, town: Town) -> None:
        theirs = await town.told("secret", resident="wang")
        nothing = await town.http.post(f"{NOTICES}/{'0' * 64}/read", headers=town.lin)
        answer = await town.http.post(f"{NOTICES}/{theirs.id}/read", headers=town.lin)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOTICE_UNKNOWN")
        same = {"title", "detail", "status", "code"}
        assert {k: answer.json()[k] for k in same} == {k: nothing.json()[k] for k in same}
        assert await town.titles() == []
        assert (await town.get(NOTICES, town.wang))["unread"] == 1

    async def test_the_first_screen_shows_the_newest_and_the_count(self, town: Town) -> None:
        for number in range(4):
            await town.told(str(number), ago=10 - number)
        block = (await town.get("/mp/v1/home", town.lin))["blocks"]["notices"]
        assert (block["status"], block["data"]["unread"]) == ("ok", 4)
        assert [each["title"]["en"] for each in block["data"]["items"]] == [
            "Notice 3",
            "Notice 2",
            "Notice 1",
        ]


class TestTheStream:
    async def test_a_notice_comes_while_one_looks(self, town: Town) -> None:
        page = town.follow()
        assert await page.next("unread") == (None, {"unread": 0})
        notice = await town.told("now")
        own_id, data = await page.next("notice")
        assert (own_id, data["id"], data["title"]["zh"]) == (notice.seq, notice.id, "通知now")
        assert await page.next("unread") == (None, {"unread": 1})
        await town.http.post(f"{NOTICES}/{notice.id}/read", headers=town.lin)
        assert await page.next("unread") == (None, {"unread": 0})
        await page.close()

    async def test_it_goes_on_where_it_broke_off(self, town: Town) -> None:
        last = await town.told("last seen", ago=60)
        missed = [await town.told(f"missed {number}", ago=30 - number) for number in range(3)]
        page = town.follow(**{"Last-Event-ID": last.seq})
        came = [(await page.next("notice"))[0] for _ in missed]
        assert came == [each.seq for each in missed]
        await page.close()

    async def test_one_that_comes_late_under_an_earlier_name_is_not_passed_over(self, town: Town) -> None:
        page = town.follow()
        await page.next("unread")
        quick = await town.told("quick")
        assert (await page.next("notice"))[0] == quick.seq
        slow = await town.told("slow", ago=2)
        assert (await page.next("notice"))[0] == slow.seq
        # And each of them came once.
        after = await town.told("after")
        assert (await page.next("notice"))[0] == after.seq
        await page.close()

    async def test_what_others_are_told_is_not_heard(self, town: Town) -> None:
        page = town.follow()
        await page.next("unread")
        await town.told("theirs", resident="wang")
        mine = await town.told("mine")
        assert (await page.next("notice"))[0] == mine.seq
        await page.close()

    async def test_who_was_never_there_starts_with_what_comes(self, town: Town) -> None:
        await town.told("old", ago=3600)
        page = town.follow()
        assert await page.next("unread") == (None, {"unread": 1})
        new = await town.told("new")
        assert (await page.next("notice"))[0] == new.seq
        await page.close()

    @pytest.mark.parametrize("stream", [STREAM, "/mp/v1/health-code/events"])
    async def test_where_nobody_more_can_listen_one_is_told_so(self, town: Town, stream: str) -> None:
        for changes in (town.platform.push_changes, town.platform.health.changes):
            changes._most = 0
        lin = town.bearer(
            Audience.RESIDENT, "health:show", subject="lin", assurance=AssuranceLevel.L2, holder="H" * 43
        )
        answer = await town.http.get(stream, headers=lin)
        assert (answer.status_code, answer.json()["code"]) == (503, "TOO_MANY_LISTENERS")

    async def test_an_id_that_is_none_is_refused(self, town: Town) -> None:
        answer = await town.http.get(STREAM, headers=town.lin | {"Last-Event-ID": "yesterday"})
        assert answer.status_code == 400


class TestPreferences:
    PATH: Final = "/mp/v1/push/preferences"

    async def test_who_says_nothing_has_the_citys(self, town: Town) -> None:
        found = await town.get(self.PATH, town.lin)
        assert found["quiet"] == found["cityQuiet"] == {"start": "22:00", "end": "08:00"}
        assert found["channels"] == found["offered"]
        assert (found["topicsOff"], found["language"]) == ([], "zh")

    async def test_what_they_say_holds_and_can_be_taken_back(self, town: Town) -> None:
        said = {"quiet": {"start": "23:30", "end": "07:00"}, "topicsOff": ["policy"], "language": "en"}
        answer = await town.http.put(self.PATH, json=said, headers=town.lin)
        assert answer.status_code == 200, answer.text
        assert await town.get(self.PATH, town.lin) == answer.json()
        assert (answer.json()["quiet"], answer.json()["topicsOff"]) == (said["quiet"], ["policy"])
        assert (await town.get(self.PATH, town.wang))["language"] == "zh"
        await town.http.put(self.PATH, json={}, headers=town.lin)
        assert (await town.get(self.PATH, town.lin))["quiet"] == {"start": "22:00", "end": "08:00"}

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ({"channels": ["pigeon"]}, "CHANNEL_NOT_OFFERED"),
            ({"topicsOff": ["account"]}, "TOPIC_RESTS_ON_LAW"),
            ({"quiet": {"start": "25:00", "end": "07:00"}}, "VALIDATION"),
        ],
    )
    async def test_what_cannot_be_is_refused(self, town: Town, said: dict[str, Any], code: str) -> None:
        answer = await town.http.put(self.PATH, json=said, headers=town.lin)
        assert answer.json()["code"] == code


class TestConsents:
    PATH: Final = "/mp/v1/push/consents"

    async def vaccination(self, town: Town) -> dict[str, Any]:
        found: list[dict[str, Any]] = await town.get(self.PATH, town.lin)
        return next(each for each in found if each["topic"] == "vaccination")

    async def test_giving_and_withdrawing_take_one_call_each_and_stay_on_record(self, town: Town) -> None:
        before = await self.vaccination(town)
        assert (before["basis"], before["given"], before["record"]) == ("guardian", None, [])
        given = {"topic": "vaccination", "textVersion": before["words"]["version"]}
        for _ in range(2):
            answer = await town.http.post(self.PATH, json=given, headers=town.lin)
            assert answer.status_code == 204, answer.text
        assert (await self.vaccination(town))["given"] is True
        await asyncio.sleep(0.002)
        for _ in range(2):
            answer = await town.http.delete(f"{self.PATH}/vaccination", headers=town.lin)
            assert answer.status_code == 204, answer.text
        after = await self.vaccination(town)
        assert after["given"] is False
        assert [(each["given"], each["until"] is None) for each in after["record"]] == [
            (False, True),
            (True, False),
        ]

    async def test_refusing_before_anything_was_given_is_a_decision_too(self, town: Town) -> None:
        await town.http.delete(f"{self.PATH}/vaccination", headers=town.lin)
        found = await self.vaccination(town)
        assert (found["given"], len(found["record"])) == (False, 1)

    async def test_only_a_child_of_ones_own_is_decided_about(self, town: Town) -> None:
        before = await self.vaccination(town)
        assert before["children"] == []
        words = before["words"]["version"]
        given = {"topic": "vaccination", "textVersion": words, "child": "x" * 43}
        agreed = await town.http.post(self.PATH, json=given, headers=town.lin)
        refused = await town.http.delete(f"{self.PATH}/vaccination?child={'x' * 43}", headers=town.lin)
        for answer in (agreed, refused):
            assert (answer.status_code, answer.json()["code"]) == (403, "NOT_YOURS_TO_DECIDE")
        assert (await self.vaccination(town))["record"] == []

    async def test_words_that_are_not_in_force_are_agreed_to_by_nobody(self, town: Town) -> None:
        given = {"topic": "vaccination", "textVersion": "vaccination-0"}
        answer = await town.http.post(self.PATH, json=given, headers=town.lin)
        assert (answer.status_code, answer.json()["code"]) == (409, "CONSENT_TEXT_OUTDATED")
        assert (await self.vaccination(town))["record"] == []

    async def test_what_rests_on_law_is_neither_agreed_to_nor_refused(self, town: Town) -> None:
        given = {"topic": "account", "textVersion": "account-1"}
        answers = [
            await town.http.post(self.PATH, json=given, headers=town.lin),
            await town.http.delete(f"{self.PATH}/health", headers=town.lin),
        ]
        assert {answer.json()["code"] for answer in answers} == {"TOPIC_RESTS_ON_LAW"}
        for each in await town.get(self.PATH, town.lin):
            assert (each["words"] is None) == (each["basis"] == "law")

    async def test_of_decisions_at_once_one_stands(self, town: Town) -> None:
        version = TEXTS[Topic.POLICY].version
        wishes = town.platform.push_wishes
        await asyncio.gather(
            *(wishes.consent("lin", Topic.POLICY, text=version) for _ in range(10)),
            *(wishes.refuse("lin", Topic.POLICY) for _ in range(10)),
        )
        store = town.platform.push.delivery._consents
        history = await store.history("lin", limit=100)
        assert sum(each.standing for each in history) == 1


async def test_a_deleted_account_leaves_nothing_behind(town: Town) -> None:
    await town.told("mine")
    kept = await town.told("theirs", resident="wang")
    wishes = town.platform.push_wishes
    await wishes.refuse("lin", Topic.POLICY)
    await wishes.prefer(replace(await wishes.preferences("lin"), language="en"))
    await town.platform._forget({"lin"})
    mongo = town.platform._mongo
    for name in await mongo.list_collection_names():
        if name.startswith("push_"):
            async for document in mongo[name].find():
                assert "lin" not in {document["_id"], document.get("resident")}
    assert (await town.get(NOTICES, town.wang))["items"][0]["id"] == kept.id

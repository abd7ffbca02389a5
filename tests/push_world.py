"""Delivery on real stores, with providers that are servers on the loopback and do as they are told."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec
from aiohttp import web
from redis.asyncio import Redis

from bff.platform.idnumbers import IdNumbers
from bff.platform.mongo import Database
from bff.platform.outbound import Outbound
from bff.platform.push_delivery import DeliveryParts
from bff.platform.redis import ScriptRunner
from push.channels.base import Accepted, Address, Answer, Failed, FailureClass, Language, Message, Unknown
from push.delivery import Delivery
from push.delivery_models import Attempt, AttemptState, InboxNotice
from push.inbox import notice_context
from push.models import Intent, Lane, MessageClass, Topic
from push.ports import Outcome, Reader
from push.rules import credits as ledgers
from push.rules.consents import TEXTS
from push.rules.keys import intent_key
from push.settings import PushSettings
from push.store.credits import Change, CreditStore
from push.store.documents import document_of
from push.store.outbox import OutboxStore
from tests.factories import Clock

NOON: Final = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
"""Twelve o'clock in the city: nobody is asleep."""
PATIENT: Final = 30.0
"""How many seconds a channel here waits for its provider, which may be busy with other tests."""

Behaviour = Callable[[dict[str, Any]], Any]


class Provider:
    """A provider on the wire: it takes whatever it is not told to refuse, and remembers every call."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.shown: Counter[str] = Counter()
        self.answers: list[Any] = []
        """What it does with the calls to come, one after the other; then it takes everything."""
        self.closing = asyncio.Event()
        self.takes_seconds = 0.0
        self.url = ""

    @property
    def keys(self) -> list[str]:
        return [call["key"] for call in self.calls]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = msgspec.json.decode(await request.read())
        self.calls.append(call)
        await asyncio.sleep(self.takes_seconds)
        answer = self.answers.pop(0) if self.answers else {"id": f"receipt-{len(self.calls)}"}
        if answer == "late":
            self.shown[call["key"]] += 1
            await self.closing.wait()
            return web.json_response({"id": "too late"})
        if answer == "never":
            self.shown[call["key"]] += 1
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if answer == "wrong":
            self.shown[call["key"]] += 1
            return web.Response(body=b"<html>busy</html>")
        if "failure" not in answer:
            self.shown[call["key"]] += 1
        return web.json_response(answer)

    @classmethod
    @asynccontextmanager
    async def open(cls) -> "AsyncIterator[Provider]":
        provider = cls()
        app = web.Application()
        app.router.add_post("/send", provider.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        provider.url = f"http://{host}:{port}/send"
        try:
            yield provider
        finally:
            provider.closing.set()
            await runner.cleanup()


class WireChannel:
    """A channel to a ``Provider``, in as few words as one can be written."""

    def __init__(
        self, name: str, url: str, http: Outbound, *, idempotent: bool = False, takes_credit: bool = False
    ) -> None:
        self.name = name
        self.idempotent = idempotent
        self.takes_credit = takes_credit
        self.patience = PATIENT
        self._url = url
        self._http = http

    def takes(self, message: Message) -> bool:
        return True

    async def send(self, message: Message, address: Address) -> Answer:
        body = msgspec.json.encode(
            {"key": message.key, "to": address.target, "title": message.title, "language": message.language}
        )
        try:
            reply = await self._http("POST", self._url, body=body, total=self.patience)
        except ConnectionRefusedError:
            return Failed(failure=FailureClass.RETRY, code="unreached")
        except (TimeoutError, ConnectionAbortedError):
            return Unknown(why="unanswered")
        try:
            said = msgspec.json.decode(reply.body)
        except msgspec.DecodeError:
            return Unknown(why="unreadable")
        if "failure" in said:
            return msgspec.convert(said, Failed, strict=False)
        return Accepted(receipt=said["id"])


class Book:
    """Where residents are."""

    def __init__(self) -> None:
        self.known: dict[str, list[Address]] = {}
        self.buried: list[tuple[str, datetime | None]] = []

    def at(self, resident: str, channel: str, *, device: str = "", vendor: str = "") -> None:
        self.known.setdefault(resident, []).append(
            Address(
                channel=channel,
                app="app",
                target=f"{resident}@{channel}{device}",
                registered_at=NOON - timedelta(days=1),
                device=device,
                vendor=vendor,
            )
        )

    async def of(self, residents: Sequence[str]) -> Mapping[str, Sequence[Address]]:
        return {each: self.known[each] for each in residents if each in self.known}

    async def bury(self, address: Address, *, dead_since: datetime | None) -> None:
        self.buried.append((address.target, dead_since))
        for addresses in self.known.values():
            if address in addresses:
                addresses.remove(address)


class Purse:
    """How many messages somebody allowed: a ledger as any, but the same for every template."""

    def __init__(self, database: Database) -> None:
        self._ledgers = database["purses"]
        self._store = CreditStore(self._ledgers)

    async def give(self, resident: str, count: int) -> None:
        ledger = ledgers.Ledger(id=resident, resident=resident, left=count)
        await self._ledgers.replace_one({"_id": resident}, document_of(ledger), upsert=True)

    async def left(self, resident: str) -> tuple[int, int, int]:
        """How many are left, set aside and spent."""
        ledger = (await self._store.of([resident]))[resident]
        spent = sum(hold.spent for hold in ledger.holds)
        return ledger.left, len(ledger.holds) - spent, spent

    async def available(self, resident: str, template: str, key: str, *, at: datetime, channel: str) -> bool:
        kept = await self._store.of([resident])
        return resident in kept and ledgers.available(kept[resident], key, at=at)

    async def reserve(
        self, resident: str, template: str, key: str, *, at: datetime, channel: str, attempt: int = 0
    ) -> bool:
        change = partial(ledgers.reserved, key=key, at=at, attempt=attempt)
        return ledgers.holds(await self._made(resident, change), key)

    async def settle(
        self,
        resident: str,
        template: str,
        key: str,
        *,
        spent: bool,
        none_left: bool,
        at: datetime,
        channel: str,
        attempt: int = 0,
        unsure: bool = False,
    ) -> None:
        change = partial(
            ledgers.settled,
            key=key,
            spent=spent,
            none_left=none_left,
            at=at,
            attempt=attempt,
            unsure=unsure,
        )
        await self._made(resident, change)

    async def _made(self, resident: str, change: Change) -> ledgers.Ledger:
        (ledger,) = await self._store.change([(ledgers.Ledger(id=resident, resident=resident), change)])
        return ledger


class Words:
    """Templates that say what they are about."""

    def render(self, intent: Intent, values: Mapping[str, str], *, language: Language) -> Message:
        item = values["item"] if language == "zh" else values["item_en"]
        return Message(
            key=intent.id,
            resident=intent.addressee,
            topic=intent.topic,
            message_class=intent.message_class,
            language=language,
            template=intent.template,
            values=dict(values),
            title=item,
            body=f"{values['name']}: {item}",
            lock_title="随身",
            lock_body="您有一条新提醒",
            link=intent.link,
            useful_until=intent.useful_until,
        )


class PushWorld:
    """Everything delivery needs, and what a test wants to see of it."""

    def __init__(self, database: Database, redis: Redis, http: Outbound) -> None:
        self.database = database
        self.redis = redis
        self.http = http
        self.clock = Clock(NOON)
        self.book = Book()
        self.purse = Purse(database)
        self.personal = IdNumbers(hash_key=b"h" * 32, seal_keys=[b"s" * 32])
        self.channels: list[WireChannel] = []
        self.settings = PushSettings()
        self.chance: Callable[[int], bytes] = os.urandom
        self.merged: dict[str, list[str]] = {}
        """Accounts that became another's, by that one."""
        self.addressed: dict[str, bool | None] = {}
        """Of whom a notice may be about, whether it is still for its addressee; None: nobody can tell."""
        self.wards: dict[str, Reader] = {}
        """Whom everybody here acts for."""

    def channel(
        self, name: str, provider: Provider, *, idempotent: bool = False, takes_credit: bool = False
    ) -> WireChannel:
        made = WireChannel(name, provider.url, self.http, idempotent=idempotent, takes_credit=takes_credit)
        self.channels.append(made)
        return made

    async def accounts(self, resident: str) -> Sequence[str]:
        return [resident, *self.merged.get(resident, ())]

    async def still_addressed(self, pairs: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], bool]:
        known = {pair: self.addressed.get(pair[1], True) for pair in pairs}
        return {pair: still for pair, still in known.items() if still is not None}

    async def wards_of(self, resident: str) -> Mapping[str, Reader]:
        return self.wards

    async def parts(self, clock: Callable[[], datetime] | None = None) -> DeliveryParts:
        """One process's delivery; several may be made on the same stores."""
        made = DeliveryParts(
            mongo=self.database,
            redis=self.redis,
            run=ScriptRunner(self.redis),
            personal=self.personal,
            clock=clock or self.clock,
            chance=self.chance,
            channels=self.channels,
            addresses=self.book,
            accounts=self.accounts,
            still_addressed=self.still_addressed,
            wards_of=self.wards_of,
            templates=Words(),
            credit=self.purse,
            intent=OutboxStore(self.database["push_outbox"]).get,
            settings=self.settings,
        )
        await made.ensure_indexes()
        return made

    def intent(
        self,
        name: str = "one",
        *,
        resident: str = "lin",
        topic: Topic = Topic.ACCOUNT,
        lane: Lane = Lane.NORMAL,
        useful: timedelta = timedelta(days=1),
        message_class: MessageClass = MessageClass.SERVICE,
    ) -> Intent:
        key = intent_key("rule", resident, name, "due", resident)
        values = {"name": "林小满", "item": f"提醒 {name}", "item_en": f"Reminder {name}"}
        return Intent(
            id=key,
            addressee=resident,
            topic=topic,
            lane=lane,
            template="reminder",
            values=self.personal.seal(msgspec.msgpack.encode(values), notice_context(key)),
            rule="rule",
            item=name,
            milestone="due",
            created_at=self.clock(),
            not_before=self.clock(),
            useful_until=self.clock() + useful,
            link="/pages/reminder",
            message_class=message_class,
        )

    async def agrees(self, parts: DeliveryParts, topic: Topic, resident: str = "lin") -> None:
        await parts.wishes.consent(resident, topic, text=TEXTS[topic].version)

    async def inbox(self, resident: str = "lin") -> list[InboxNotice]:
        found = self.database["push_inbox"].find({"resident": resident})
        return [msgspec.convert(each, InboxNotice) async for each in found]

    async def attempts(self) -> dict[str, Attempt]:
        """By channel and device."""
        found = self.database["push_attempts"].find()
        every = [msgspec.convert(each, Attempt) async for each in found]
        return {each.id.partition(":")[2]: each for each in every}

    async def states(self) -> dict[str, AttemptState]:
        return {name: each.state for name, each in (await self.attempts()).items()}


async def one(deliver: Delivery, intent: Intent) -> Outcome:
    """What became of one intent."""
    (outcome,) = await deliver([intent])
    return outcome

"""Notices from due to taken by a provider: one worker's process, and Google's push service simulated.

``push.deliver``: everybody has a phone and one notice, all due at the same instant; one call a notice. The
floor is a process that sends the same to the same service as fast as its client can, and keeps nothing.

``push.beside``: a campaign to all of them goes out on its own lane, and meanwhile others are told what is
theirs, evenly; how long each of those waits.

Databases, service and worker share the processors: nobody has one of their own.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from bff.platform.mongo import Database, database, open_mongo
from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.bench.figures import BESIDE_ROW, DELIVER_ROW, Round, Sample, Who, percentile
from bff.sandbox.crowd import REACHED_AT_ANY_HOUR, crowd
from bff.sandbox.stack import City, private_stack
from push.channels.base import Accepted, Message
from push.delivery_models import AttemptState
from push.models import DeviceKind, Intent, Lane, MessageClass, Topic
from push.outbox import LARGEST, seal_values
from push.rules.keys import intent_key

_A_SECOND: Final = 5_000
_BESIDE_A_SECOND: Final = 100
_FEWEST: Final = 500
_HEAD_START: Final = timedelta(seconds=2)
"""Enough to have written them all down before they are due."""
_AT_ONCE: Final = 100
_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 300.0
_PERCENTILES: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
_VALUES: Final = {"item": "请于本周内办理", "item_en": "Please see to it this week"}


def measure(seconds: float, names: Sequence[str]) -> Round:
    """One round of ``names``; as many notices as should be taken in ``seconds``."""
    with (
        tempfile.TemporaryDirectory(prefix="suishen-bench-", ignore_cleanup_errors=True) as folder,
        private_stack(Path(folder), settings=REACHED_AT_ANY_HOUR) as city,
    ):
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_measure(city, max(_FEWEST, int(_A_SECOND * seconds)), names))


async def _measure(city: City, count: int, names: Sequence[str]) -> Round:
    found: dict[tuple[Who, str], Sample] = {}
    settings = load_settings(city.env)
    client = open_mongo(settings.platform.mongo_url)
    try:
        async with Platform.open(settings) as platform:
            stage = _Stage(platform, database(client, settings.platform.mongo_database), city.env)
            await stage.settle(count)
            floor = await stage.floor()
            if DELIVER_ROW in names:
                found |= {(Who.FLOOR, DELIVER_ROW): floor, (Who.OURS, DELIVER_ROW): await stage.deliver()}
            if BESIDE_ROW in names:
                found |= {(Who.FLOOR, BESIDE_ROW): floor, (Who.OURS, BESIDE_ROW): await stage.beside()}
    finally:
        client.close()
    return found


class _Stage:
    """A city whose people have phones."""

    def __init__(self, platform: Platform, mongo: Database, env: Mapping[str, str]) -> None:
        self._platform = platform
        self._mongo = mongo
        self._env = env
        self._outbox = platform.push.outbox
        self._attempts = mongo["push_attempts"]
        self._people: list[str] = []

    async def settle(self, count: int) -> None:
        """Let ``count`` people sign in, and register a phone each."""
        people = crowd(count, env=self._env, now=datetime.now(UTC))
        await self._mongo["residents"].insert_many(people.residents, ordered=False)
        await self._mongo["push_devices"].insert_many(people.devices, ordered=False)
        self._people = people.ids

    async def floor(self) -> Sample:
        """The service asked with as many calls at once as a worker makes, and nothing else done."""
        channel = next(each for each in self._platform.push.phones.channels if each.name == DeviceKind.FCM)
        addresses = await self._platform.push_devices.of(self._people)
        messages = iter([(addresses[each][0], _message(each)) for each in self._people])

        async def send() -> int:
            refused = 0
            for address, message in messages:
                refused += not isinstance(await channel.send(message, address), Accepted)
            return refused

        start = time.perf_counter()
        refused = await asyncio.gather(*(send() for _ in range(_AT_ONCE)))
        took = time.perf_counter() - start
        return Sample(rate=len(self._people) / took, answered=len(self._people), errors=sum(refused))

    async def deliver(self) -> Sample:
        """One notice for everybody, all due at once."""
        start = datetime.now(UTC) + _HEAD_START
        notices = [_Notice(DELIVER_ROW, resident, Lane.NORMAL, start) for resident in self._people]
        return await self._told(notices)

    async def beside(self) -> Sample:
        """A campaign to everybody; what is told is the wait of those who are told something of their own."""
        start = datetime.now(UTC) + _HEAD_START
        await self._mean([_Notice(BESIDE_ROW, resident, Lane.BULK, start) for resident in self._people])
        own = self._people[: max(_FEWEST, len(self._people) // 50)]
        apart = timedelta(seconds=1 / _BESIDE_A_SECOND)
        return await self._told(
            [
                _Notice(BESIDE_ROW, resident, Lane.NORMAL, start + apart * number)
                for number, resident in enumerate(own)
            ]
        )

    async def _told(self, notices: "Sequence[_Notice]") -> Sample:
        """Mean ``notices``, wait until a provider has every one, and say how long each waited."""
        await self._mean(notices)
        keys = {notice.key: notice.due for notice in notices}
        taken: dict[str, datetime] = {}
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while len(taken) < len(keys):
                    await asyncio.sleep(_LOOK_SECONDS)
                    taken = await self._taken(keys)
        except TimeoutError:
            pass  # those nobody has taken are the errors
        waits = sorted((at - keys[key]).total_seconds() for key, at in taken.items())
        first, last = min(keys.values()), max(taken.values(), default=max(keys.values()))
        missing = len(keys) - len(taken)
        return Sample(
            rate=len(taken) / max((last - first).total_seconds(), _LOOK_SECONDS),
            milliseconds={name: percentile(waits, share) * 1000 for name, share in _PERCENTILES.items()},
            answered=len(taken),
            errors=missing,
            complaint=f"{missing} of {len(keys)} were taken by nobody" if missing else "",
        )

    async def _mean(self, notices: "Sequence[_Notice]") -> None:
        for at in range(0, len(notices), LARGEST):
            await self._outbox.add([self._intent(notice) for notice in notices[at : at + LARGEST]])

    def _intent(self, notice: "_Notice") -> Intent:
        return Intent(
            id=notice.key,
            addressee=notice.resident,
            topic=Topic.ACCOUNT,
            lane=notice.lane,
            template="campaign",
            values=seal_values(self._platform.personal, notice.key, _VALUES),
            rule="bench",
            item=notice.key,
            milestone="due",
            created_at=notice.due,
            not_before=notice.due,
            useful_until=notice.due + timedelta(days=1),
        )

    async def _taken(self, keys: Mapping[str, datetime]) -> dict[str, datetime]:
        """When each was taken, of those that were."""
        if await self._attempts.count_documents({"state": AttemptState.ACCEPTED}) < len(keys):
            return {}
        found = self._attempts.find({"state": AttemptState.ACCEPTED}, {"key": 1, "at": 1})
        return {each["key"]: each["at"] async for each in found if each["key"] in keys}


class _Notice(NamedTuple):
    """What somebody is told, in which row: what one row told, another must not find told already."""

    row: str
    resident: str
    lane: Lane
    due: datetime

    @property
    def key(self) -> str:
        """What it is called."""
        return intent_key(self.row, self.resident, self.lane, "due", self.resident)


def _message(resident: str) -> Message:
    """The same as a worker makes of a notice."""
    return Message(
        key=_Notice(DELIVER_ROW, resident, Lane.URGENT, datetime.now(UTC)).key,
        resident=resident,
        topic=Topic.ACCOUNT,
        message_class=MessageClass.SERVICE,
        language="zh",
        template="campaign",
        values=_VALUES,
        title="城市通知",
        body=_VALUES["item"],
        lock_title="城市通知",
        lock_body="请打开应用查看",
        link="",
        useful_until=datetime.now(UTC) + timedelta(days=1),
    )

"""``suishen rehearse health``: everybody opens their code at once, no source can report, and servers die.

A private city with real servers and the real processes, and residents whose colours are known. They show
their codes and guards check them:

    calm    so many a second
    storm   ten times as many, while MongoDB hangs: no source can report, and nothing can be judged
    after   as many as before

Then each process and each server is killed (``kill -9``), one after the other, while sources report and
residents show. No answer may have a wrong colour, no evidence that was acknowledged may be missing, and each
colour must be the one that follows from all of it.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import aiohttp
from msgspec import Struct

from bff.platform.services import Platform
from bff.platform.settings import load_settings
from bff.sandbox.bench.figures import percentile
from bff.sandbox.health_crowd import SOURCES, Crowd, Person, Told, item
from bff.sandbox.stack import City, private_stack
from health_code.rules.colour import judge
from health_code.rules.documents import Colour
from health_code.store.evidence import ChainBroken

SETTINGS: Final = {"SUISHEN_HEALTH_GUARD_PER_MINUTE": "1000000"}
TIMES: Final = 10
_REPORTERS: Final = 4
_PATIENCE: Final = aiohttp.ClientTimeout(total=20)
_SETTLED_SECONDS: Final = 60.0
_BETWEEN_SECONDS: Final = 1.0
_DEAD_SECONDS: Final = 0.3
_FACTS: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "RESULT", "outcome": "NEGATIVE"},
    {"kind": "RESULT", "outcome": "POSITIVE"},
    {"kind": "EXPOSED", "degree": "CLOSE"},
    {"kind": "SAMPLED"},
)


class Stretch(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one stretch of showing and checking."""

    name: str
    per_second: float
    """Pairs of a show and its check that were begun a second."""
    asked: int
    refused: int
    """Told to come again (503)."""
    failed: int
    """Not answered, or answered otherwise."""
    error_rate: float
    grey: int
    """Told that it is not known; never of anybody who is red."""
    wrong: int
    """Of another colour than theirs."""
    p50: float
    p99: float
    longest: float
    """Milliseconds from when it was due to the answer."""
    reports_refused: int
    """Of a source that tried meanwhile."""


class Rehearsed(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of it."""

    stretches: tuple[Stretch, ...]
    killed: tuple[str, ...]
    acknowledged: int
    """Pieces of evidence that sources were told are recorded while servers died."""
    lost: int
    unjudged: int
    wrong: int
    """Colours, in the end, that do not follow from the evidence."""
    unexpected: int
    """Answers while servers died that were neither right nor said to come again."""
    chains_broken: int
    longest: float
    """Milliseconds until the latest answer to somebody who showed or checked while servers died."""
    seconds: float

    @property
    def held(self) -> bool:
        """Whether nothing was wrong and nothing is missing."""
        calm, storm, after = self.stretches
        told = calm.error_rate == after.error_rate == 0 and storm.reports_refused > 0 < self.acknowledged
        wrong = [each.wrong + each.failed for each in self.stretches]
        return told and not any(
            (self.lost, self.unjudged, self.wrong, self.unexpected, self.chains_broken, *wrong)
        )


def run(*, per_second: float, seconds: float, data: Path | None, told: Told) -> Rehearsed:
    """Rehearse in a city of its own; ``told`` hears how it goes."""
    with tempfile.TemporaryDirectory(prefix="suishen-rehearsal-", dir=data) as folder:
        told("city", 0, 1)
        with private_stack(Path(folder), workers=2, scheduler=True, settings=SETTINGS) as city:
            return asyncio.run(rehearse(city, per_second=per_second, seconds=seconds, told=told))


async def rehearse(city: City, *, per_second: float, seconds: float, told: Told) -> Rehearsed:
    """Rehearse in ``city``, of which nobody else may need anything meanwhile."""
    start = time.perf_counter()
    settings = load_settings(city.env)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(city.base_url, timeout=_PATIENCE, connector=connector) as http:
        async with Platform.open(settings) as platform:
            crowd = Crowd(http, platform)
        # Not open while servers die: whoever follows what happens there would say so at length.
        await crowd.settle(told)
        load = _Load(crowd, told)
        stretches = [await load.stretch("calm", per_second, seconds)]
        async with _hanging(city):
            stretches.append(await load.stretch("storm", TIMES * per_second, seconds))
        await crowd.settle(told)
        stretches.append(await load.stretch("after", per_second, seconds))
        killing = _Killing(city, crowd)
        await killing.go(told)
        async with Platform.open(settings) as platform:
            found = await _found(platform, killing.acknowledged, told)
        return Rehearsed(
            stretches=tuple(stretches),
            killed=tuple(killing.killed),
            acknowledged=sum(map(len, killing.acknowledged.values())),
            unexpected=killing.unexpected,
            longest=round(killing.longest * 1000, 1),
            seconds=round(time.perf_counter() - start, 1),
            **found,
        )


class _Load:
    """Residents show and guards check, at a rate."""

    def __init__(self, crowd: Crowd, told: Told) -> None:
        self._crowd = crowd
        self._told = told

    async def stretch(self, name: str, per_second: float, seconds: float) -> Stretch:
        """Everybody shows, and is checked, by turns; each begins when it is due, whoever is still waiting."""
        counted, over = _Counted(), asyncio.Event()
        reporting = asyncio.create_task(self._reporting(counted, over))
        loop = asyncio.get_running_loop()
        people = self._crowd.people
        start, count = loop.time(), max(1, round(per_second * seconds))
        asked = []
        for number in range(count):
            due = start + number / per_second
            if (wait := due - loop.time()) > 0:
                self._told(name, number, count)
                await asyncio.sleep(wait)
            asked.append(asyncio.create_task(self._shown(people[number % len(people)], due, counted)))
        await asyncio.gather(*asked)
        over.set()
        await reporting
        return counted.as_stretch(name, per_second)

    async def _shown(self, person: Person, due: float, counted: "_Counted") -> None:
        status, ticket = await self._crowd.show(person)
        counted.add(status, ticket.get("colour"), person.colour, asyncio.get_running_loop().time() - due)
        if status == 201:
            begun = asyncio.get_running_loop().time()
            status, seen = await self._crowd.check(ticket["code"])
            took = asyncio.get_running_loop().time() - begun
            counted.add(status, seen.get("colour"), person.colour, took)

    async def _reporting(self, counted: "_Counted", over: asyncio.Event) -> None:
        """A source that reports as long as the stretch is, and hears the last answer."""
        while not over.is_set():
            sampled = item(self._crowd.changing[0].number, {"kind": "SAMPLED"}, datetime.now(UTC))
            status, _ = await self._crowd.report_once(self._crowd.sources[1], [sampled])
            counted.reports_refused += status != 200
            await asyncio.sleep(0.2)


class _Counted:
    """What came of one stretch so far."""

    def __init__(self) -> None:
        self.reports_refused = 0
        self._took: list[float] = []
        self._refused = self._failed = self._grey = self._wrong = 0

    def add(self, status: int, colour: str | None, expected: str, took: float) -> None:
        """An answer, or none."""
        self._took.append(took * 1000)
        if status == 503:
            self._refused += 1
        elif status not in {200, 201} or colour is None:
            self._failed += 1
        elif colour == "GREY" and expected != "RED":
            self._grey += 1
        elif colour != expected:
            self._wrong += 1

    def as_stretch(self, name: str, per_second: float) -> Stretch:
        """All of it."""
        took, asked = sorted(self._took), len(self._took)
        return Stretch(
            name=name,
            per_second=per_second,
            asked=asked,
            refused=self._refused,
            failed=self._failed,
            error_rate=round((self._refused + self._failed) / asked, 4),
            grey=self._grey,
            wrong=self._wrong,
            p50=round(percentile(took, 0.5), 1),
            p99=round(percentile(took, 0.99), 1),
            longest=round(took[-1], 1),
            reports_refused=self.reports_refused,
        )


class _Killing:
    """Sources report and residents show, while one after the other is killed and comes back."""

    def __init__(self, city: City, crowd: Crowd) -> None:
        self._city = city
        self._crowd = crowd
        self._stopping = asyncio.Event()
        self.killed: list[str] = []
        self.acknowledged: dict[str, list[str]] = {each.number: [] for each in crowd.changing}
        self.unexpected = 0
        self.longest = 0.0

    async def go(self, told: Told) -> None:
        """Kill everything once."""
        crowd: list[Awaitable[None]] = [self._source(which) for which in range(_REPORTERS)]
        crowd += [self._resident(which) for which in range(_REPORTERS)]
        tasks = [asyncio.ensure_future(each) for each in crowd]
        programs = self._programs()
        for number, (name, kill, start) in enumerate(programs):
            told(f"kill -9 {name}", number, len(programs))
            await asyncio.sleep(_BETWEEN_SECONDS)
            await asyncio.to_thread(kill)
            await asyncio.sleep(_DEAD_SECONDS)
            await asyncio.to_thread(start)
            self.killed.append(name)
        await asyncio.sleep(_BETWEEN_SECONDS)
        self._stopping.set()
        await asyncio.gather(*tasks)

    def _programs(self) -> list[tuple[str, Callable[[], None], Callable[[], None]]]:
        city, servers, web = self._city, self._city.servers, self._city.web[0]

        def again() -> None:
            web.start()
            web.await_ready()

        background = [(each.name, each.kill, each.start) for each in city.background]
        return [
            *background[:1],
            (web.name, web.kill, again),
            ("mongodb", servers.kill_mongo, servers.start_mongo),
            *background[1:],
            ("redis", servers.kill_redis, servers.start_redis),
        ]

    async def _source(self, which: int) -> None:
        chance = Random(which)
        while not self._stopping.is_set():
            person, facts = chance.choice(self._crowd.changing), chance.choice(_FACTS)
            at = datetime.now(UTC) - timedelta(minutes=chance.randrange(10_000))
            token = self._crowd.sources[which % len(self._crowd.sources)]
            self.acknowledged[person.number].append(
                await self._crowd.report(token, item(person.number, facts, at))
            )

    async def _resident(self, which: int) -> None:
        chance = Random(which)
        while not self._stopping.is_set():
            ticket = await self._asked(self._crowd.show(chance.choice(self._crowd.changing)), 201)
            if ticket is not None:
                await self._asked(self._crowd.check(ticket["code"]), 200)
            await asyncio.sleep(0.02)

    async def _asked(self, asking: Awaitable[tuple[int, dict[str, Any]]], good: int) -> dict[str, Any] | None:
        """What was answered, if it is what was asked for."""
        begun = time.perf_counter()
        status, answer = await asking
        self.longest = max(self.longest, time.perf_counter() - begun)
        self.unexpected += status not in {0, good, 503}
        return answer if status == good else None


async def _found(platform: Platform, acknowledged: Mapping[str, Sequence[str]], told: Told) -> dict[str, int]:
    """What is missing, and what is wrong, once everything is judged."""
    health, personal = platform.health, platform.personal
    deadline = time.monotonic() + _SETTLED_SECONDS
    while time.monotonic() < deadline:
        told("judging", 0, 1)
        if not await health.evidence.forgotten(before=datetime.now(UTC), limit=1):
            break
        await asyncio.sleep(0.2)
    subjects = {personal.hash(number): ids for number, ids in acknowledged.items()}
    stored, states = await health.evidence.of(list(subjects)), await health.states.of(list(subjects))
    rules, now = health.recolouring.in_force(), datetime.now(UTC)
    lost = unjudged = wrong = broken = 0
    for subject, ids in subjects.items():
        known = {each.id for each in stored[subject]}
        lost += len(set(ids) - known)
        unjudged += sum(each.pending for each in stored[subject])
        opened = [health.recolouring.opened(each) for each in stored[subject]]
        expected = judge(opened, rules, at=now, known_at=now).colour
        state, snapshot = states.get(subject), await health.snapshots.get(subject)
        judged = Colour.GREEN if state is None else state.colour
        wrong += judged is not expected or (snapshot is not None and snapshot.colour is not expected)
    for source in SOURCES:
        try:
            await health.evidence.verify(source)
        except ChainBroken:
            broken += 1
    return {"lost": lost, "unjudged": unjudged, "wrong": wrong, "chains_broken": broken}


@asynccontextmanager
async def _hanging(city: City) -> AsyncIterator[None]:
    city.servers.mongo.freeze()
    try:
        yield
    finally:
        city.servers.mongo.thaw()

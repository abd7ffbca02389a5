"""``suishen rehearse``: a campaign to a whole city, paused once, and a worker killed over it.

A private city with real servers and the real processes. The residents are made up, and each has a phone that
the simulated service of Google's reaches; the campaign is drafted, approved, paused and resumed over HTTP by
the city's two operators. In the end everybody must have one notice in the inbox and one on their phone, and
nobody two.
"""

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from msgspec import Struct
from pymongo import MongoClient
from pymongo.database import Database

from bff.sandbox.city import CLERKS, Clerk
from bff.sandbox.crowd import REACHED_AT_ANY_HOUR, crowd
from bff.sandbox.errors import SandboxError
from bff.sandbox.stack import City, private_stack

Told = Callable[[str, int, int], None]
"""Hears what is being done, and how much of how much is."""

_CAMPAIGNS: Final = "/verifier/v1/push/campaigns"
_SETTINGS: Final = {
    **REACHED_AT_ANY_HOUR,
    "SUISHEN_PUSH_CAMPAIGN_CANARY_SECONDS": "1",
    "SUISHEN_PUSH_CAMPAIGN_BACKLOG": "100000",
}
_AT_ONCE: Final = 10_000
_PAUSED_AT: Final = 0.2
_KILLED_AT: Final = 0.4
_LOOK_SECONDS: Final = 1.0
_STILL_SECONDS: Final = 3.0
_SILENT_SECONDS: Final = 300.0
_TRIES: Final = 100
"""A machine that does nothing but send a million notices answers its operators when it can."""
_LATER: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.SERVICE_UNAVAILABLE)
_DATABASE: Final = "suishen"
_TOPIC: Final = "account"
_LINK: Final = "#/rehearsal"


class RehearsalFailed(SandboxError):
    """The campaign did not come to its end."""


class Rehearsed(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of it."""

    residents: int
    reached: int
    """How many of them were made up, with a phone."""
    intents: int
    inbox: int
    twice: int
    phones: int
    """How many have it on their phone."""
    on_phones: int
    """How many notices lie there."""
    calls: int
    """How many the service took: what a worker was killed over is called again, in its own place."""
    made_while_paused: int
    killed: int
    seconds: float
    per_second: int

    @property
    def held(self) -> bool:
        """Whether everybody has one notice, and nobody two."""
        inbox = (self.intents, self.inbox) == (self.residents, self.residents)
        phones = self.phones == self.on_phones == self.reached
        return inbox and phones and not (self.twice or self.made_while_paused)


def run(residents: int, *, workers: int, data: Path | None, told: Told) -> Rehearsed:
    """Rehearse a campaign to ``residents`` people with so many workers; ``told`` hears how it goes."""
    with tempfile.TemporaryDirectory(prefix="suishen-rehearsal-", dir=data) as folder:
        told("city", 0, 1)
        with (
            private_stack(Path(folder), workers=workers, settings=_SETTINGS) as city,
            MongoClient[dict[str, Any]](city.env["SUISHEN_MONGO_URL"], w="majority") as client,
        ):
            database = client[_DATABASE]
            _settle(city, database, residents, told)
            return _campaign(city, database, residents, told)


def _settle(city: City, database: Database[dict[str, Any]], residents: int, told: Told) -> None:
    """People who signed in once and registered a phone."""
    now = datetime.now(UTC)
    for done in range(0, residents, _AT_ONCE):
        told("residents", done, residents)
        people = crowd(min(_AT_ONCE, residents - done), env=city.env, now=now)
        database["residents"].insert_many(people.residents, ordered=False)
        database["push_devices"].insert_many(people.devices, ordered=False)


def _campaign(city: City, database: Database[dict[str, Any]], made_up: int, told: Told) -> Rehearsed:
    whole = database["residents"].count_documents({"standing": "active", "merged_into": None})
    one, other = (_Operator(city, clerk) for clerk in CLERKS if clerk.scopes == ("push:operate",))
    start = time.perf_counter()
    drafted = one.post("", _said(), {"Idempotency-Key": secrets.token_hex(8)})
    campaign = str(drafted["id"])
    other.post(f"/{campaign}/approve")
    steps = _Steps(city, one, campaign, whole)
    for info in _watched(one, campaign):
        done = info["progress"]["done"]
        told("notices", done, whole)
        steps.take(info["progress"]["meant"] / whole)
        if info["state"] in {"STOPPED", "CANCELLED"}:
            raise RehearsalFailed(zh=f"群发被停止：{info['why']}", en=f"It was stopped: {info['whyEn']}")
        if info["state"] == "DONE" and not info["progress"]["waiting"]:
            break
    seconds = time.perf_counter() - start
    # Everything else the city's residents were ever told is in their inbox too.
    inbox = database["push_inbox"].aggregate(
        [
            {"$match": {"topic": _TOPIC, "link": _LINK}},
            {"$group": {"_id": "$resident", "notices": {"$sum": 1}}},
            {"$group": {"_id": None, "people": {"$sum": 1}, "notices": {"$sum": "$notices"}}},
        ],
        allowDiskUse=True,
    )
    counted = next(iter(inbox), {"people": 0, "notices": 0})
    screens = (
        httpx.get(f"{city.phone_ports.url('fcm')}/_sim/fcm/screens", timeout=120).raise_for_status().json()
    )
    return Rehearsed(
        residents=whole,
        reached=made_up,
        phones=screens["phones"],
        on_phones=screens["notices"],
        calls=screens["accepted"],
        intents=database["push_outbox"].count_documents({"campaign": campaign}),
        inbox=counted["notices"],
        twice=counted["notices"] - counted["people"],
        made_while_paused=steps.made_while_paused,
        killed=steps.killed,
        seconds=round(seconds, 1),
        per_second=round(whole / seconds),
    )


def _said() -> dict[str, Any]:
    return {
        "title": "演练",
        "topic": _TOPIC,
        "audience": {},
        "text": "这是一次演练，请忽略",
        "textEn": "This is a rehearsal; pay no attention",
        "link": _LINK,
        "usefulUntil": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        "perMinute": 6_000_000,
    }


class _Operator:
    """One of those who run the reminders, at their console."""

    def __init__(self, city: City, clerk: Clerk) -> None:
        self._clerk = clerk
        self._http = httpx.Client(base_url=city.base_url, timeout=120)
        self._sign_in()

    def get(self, path: str) -> dict[str, Any]:
        """What is there."""
        return self._ask("GET", path, None, {})

    def post(
        self, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Do it."""
        return self._ask("POST", path, body, headers or {})

    def _ask(self, method: str, path: str, body: object, headers: Mapping[str, str]) -> dict[str, Any]:
        tries = 0
        while True:
            answer = self._http.request(method, f"{_CAMPAIGNS}{path}", json=body, headers=headers)
            if tries == _TRIES or answer.status_code not in _LATER:
                break
            tries += 1
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._sign_in()
            else:
                # A machine that does nothing but tell people things answers late.
                time.sleep(int(answer.headers["Retry-After"]))
        if answer.is_error:
            said = f"{answer.status_code} {answer.json().get('code')}"
            raise RehearsalFailed(
                zh=f"后台未能执行 {method} {path}：{said}", en=f"The console refused {method} {path}: {said}"
            )
        found: dict[str, Any] = answer.json()
        return found

    def _sign_in(self) -> None:
        body = {
            "organisation": self._clerk.organisation,
            "clerkNumber": self._clerk.number,
            "passphrase": self._clerk.passphrase,
        }
        session = self._http.post("/verifier/v1/session", json=body).raise_for_status().json()
        self._http.headers["Authorization"] = f"Bearer {session['accessToken']}"


class _Steps:
    """What is done to the campaign on its way: it is paused, goes on, and a worker is killed and replaced."""

    def __init__(self, city: City, operator: _Operator, campaign: str, whole: int) -> None:
        self._city = city
        self._operator = operator
        self._path = f"/{campaign}"
        self._whole = whole
        self._left = [(_PAUSED_AT, self._pause), (_KILLED_AT, self._kill)]
        self.made_while_paused = 0
        self.killed = 0

    def take(self, share: float) -> None:
        """Do what is to be done by the time so much is made."""
        if self._left and share >= self._left[0][0]:
            self._left.pop(0)[1]()

    def _pause(self) -> None:
        if self._operator.get(self._path)["state"] != "RUNNING":
            return
        self._operator.post(f"{self._path}/pause", {"reason": "演练：暂停"})
        time.sleep(_STILL_SECONDS)  # the batches under way
        before = self._operator.get(self._path)["progress"]["meant"]
        time.sleep(_STILL_SECONDS)
        self.made_while_paused = self._operator.get(self._path)["progress"]["meant"] - before
        self._operator.post(f"{self._path}/resume", {"reason": "演练：继续"})

    def _kill(self) -> None:
        worker = self._city.workers[0]
        worker.kill()
        self.killed += 1
        worker.start()


def _watched(operator: _Operator, campaign: str) -> Iterator[dict[str, Any]]:
    """The campaign, again and again, until nothing has moved for too long."""
    moved, before = time.monotonic(), None
    while True:
        info = operator.get(f"/{campaign}")
        now = (info["state"], info["progress"]["meant"], info["progress"]["done"])
        if now != before:
            moved, before = time.monotonic(), now
        elif time.monotonic() - moved > _SILENT_SECONDS:
            raise RehearsalFailed(zh=f"群发没有进展：{now}", en=f"The campaign does not move: {now}")
        yield info
        time.sleep(_LOOK_SECONDS)

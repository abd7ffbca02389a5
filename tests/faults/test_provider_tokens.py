"""One access token for three real processes, counted where it is given out: in WeChat's own journal."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import pytest

from bff.sandbox.servers import EmbeddedServers, start_servers
from bff.sandbox.simulator import Simulator, simulated_in_thread
from bff.sandbox.wechat import Wechat
from bff.sandbox.wechat_ids import WechatApp

pytestmark = pytest.mark.embedded

CITY: Final = WechatApp(appid="wxcity000000000001", secret="city-secret-0123456789")
PROCESSES: Final = 3
REQUESTS: Final = 200


class Fleet:
    """Three processes that do as they are told, at once."""

    def __init__(self, redis_url: str, wechat_url: str) -> None:
        program = [sys.executable, "-m", "tests.token_user"]
        self.processes = [
            subprocess.Popen(
                [*program, redis_url, wechat_url, CITY.appid, CITY.secret, str(REQUESTS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        for each in self.processes:
            assert self._said(each) == "ready"

    def round(self) -> dict[str, int]:
        """Everybody calls; what it came to, added up."""
        for each in self.processes:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        whole: dict[str, int] = {}
        for each in self.processes:
            for outcome, times in json.loads(self._said(each)).items():
                whole[outcome] = whole.get(outcome, 0) + times
        return whole

    def stop(self) -> None:
        for each in self.processes:
            each.communicate(timeout=20)

    @staticmethod
    def _said(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()


@pytest.fixture
def wechat() -> Iterator[tuple[Simulator, Wechat]]:
    books = Wechat([CITY])
    with simulated_in_thread(books) as simulator:
        yield simulator, books


@pytest.fixture
def fleet(servers: EmbeddedServers, redis: object, wechat: tuple[Simulator, Wechat]) -> Iterator[Fleet]:
    started = Fleet(servers.redis_url, wechat[0].url)
    yield started
    started.stop()


def asked(simulator: Simulator, path: str) -> int:
    with urlopen(f"{simulator.url}/_sim/journal?path={path}") as reply:  # noqa: S310 - our own simulator
        entries: list[Any] = json.loads(reply.read())
    return len(entries)


async def plan(simulator: Simulator, *faults: dict[str, object]) -> None:
    body = json.dumps({"faults": faults}).encode()

    def send() -> None:
        with urlopen(f"{simulator.url}/_sim/plan", data=body):  # noqa: S310 - our own simulator
            pass

    await asyncio.to_thread(send)


TOKENS: Final = "/cgi-bin/stable_token"
ALL: Final = {"PHONE_CODE_REJECTED": PROCESSES * REQUESTS}
"""What WeChat says of a code nobody has, to whoever comes with a good token."""


async def test_a_cold_cache_costs_one_fetch_and_a_killed_token_one_more(
    fleet: Fleet, wechat: tuple[Simulator, Wechat]
) -> None:
    simulator, books = wechat
    assert fleet.round() == ALL
    assert asked(simulator, TOKENS) == 1
    books.revoke()
    assert fleet.round() == ALL
    assert asked(simulator, TOKENS) == 2
    assert fleet.round() == ALL
    assert asked(simulator, TOKENS) == 2


async def test_a_token_killed_while_they_call_costs_one_more(
    fleet: Fleet, wechat: tuple[Simulator, Wechat]
) -> None:
    simulator, _ = wechat
    assert fleet.round() == ALL
    # The hundredth of six hundred finds it over, and everybody after.
    await plan(
        simulator,
        {"kind": "latency", "route": "/wxa/business/getuserphonenumber", "times": 100},
        {"kind": "revoked", "route": "/wxa/business/getuserphonenumber", "times": 1},
    )
    assert fleet.round() == ALL
    assert asked(simulator, TOKENS) == 2


@pytest.mark.slow
def test_a_redis_that_goes_away_and_comes_back_is_not_missed(
    wechat: tuple[Simulator, Wechat], tmp_path: Path
) -> None:
    """The processes have their copies; without one, each fetches for itself the token that there is."""
    simulator, books = wechat
    with start_servers(tmp_path) as own:
        fleet = Fleet(own.redis_url, simulator.url)
        assert fleet.round() == ALL
        own.kill_redis()
        assert fleet.round() == ALL
        assert asked(simulator, TOKENS) == 1
        books.revoke()
        assert fleet.round() == ALL
        assert asked(simulator, TOKENS) <= 1 + PROCESSES
        own.start_redis()
        own.redis.await_ready()
        assert fleet.round() == ALL
        assert asked(simulator, TOKENS) <= 1 + 2 * PROCESSES
        fleet.stop()


async def test_a_token_that_is_never_good_is_fetched_a_few_times_and_then_not(
    fleet: Fleet, wechat: tuple[Simulator, Wechat]
) -> None:
    simulator, _ = wechat
    await plan(simulator, {"kind": "revoked", "route": "/wxa/business/getuserphonenumber"})
    for _ in range(3):
        told = fleet.round()
        assert set(told) <= {"PROVIDER_TOKEN_UNAVAILABLE"}
        assert sum(told.values()) == PROCESSES * REQUESTS
    assert asked(simulator, TOKENS) <= 12
    # Once shut, nobody asks for the number either.
    before = asked(simulator, "/wxa/business/getuserphonenumber")
    assert fleet.round() == {"PROVIDER_TOKEN_UNAVAILABLE": PROCESSES * REQUESTS}
    assert asked(simulator, "/wxa/business/getuserphonenumber") == before

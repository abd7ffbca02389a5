"""The private city a round is played in, and everybody on the stage: ours, floor, peer, generator.

Each round has a stage of its own, empty and warmed up alike: the fifth does not pay for what the first
four left in the databases.
"""

import asyncio
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self

import msgspec
from redis import Redis

from bff.sandbox.bench import load, page, people
from bff.sandbox.bench.figures import Round, Sample
from bff.sandbox.bench.machine import Processors, cpu_seconds, move_to_processor, on_processor
from bff.sandbox.bench.naive import CREDENTIALS
from bff.sandbox.engines import free_port
from bff.sandbox.errors import EngineFailed
from bff.sandbox.kept import Kept
from bff.sandbox.stack import City, private_stack

PEER_PACKAGES: Final = ("fastapi",)
CONNECTIONS: Final = 64
# No limit may be what is measured: a clerk of the bench scans more in a second than a real one in a day.
_SETTINGS: Final = {
    "SUISHEN_WALLET_CLERK_PER_MINUTE": "6000000",
    "SUISHEN_WALLET_ORGANISATION_PER_MINUTE": "60000000",
    "SUISHEN_HEALTH_GUARD_PER_MINUTE": "6000000",
    "SUISHEN_AUTH_SIGN_INS_PER_ADDRESS": "60000000",
    "SUISHEN_AUTH_SIGN_INS_PER_SUBJECT": "60000000",
    "SUISHEN_AUTH_REFRESHES_PER_ADDRESS": "60000000",
}
_READY_SECONDS: Final = 30.0
_DRAIN_SECONDS: Final = 300.0


class Generator:
    """The load generator's process."""

    def __init__(self, processor: int | None) -> None:
        with on_processor(processor):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bff.sandbox.bench.load"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )

    def play(self, phase: load.Phase) -> load.Measured:
        """Put ``phase`` on, and wait until it is over."""
        asks, answers = self._process.stdin, self._process.stdout
        assert asks is not None  # noqa: S101 - it was asked for
        assert answers is not None  # noqa: S101 - it was asked for
        load.send(asks, phase)
        measured = load.receive(answers)
        if measured is None:
            raise EngineFailed(
                zh="压测进程意外退出。", en="The load generator ended unexpectedly; see above."
            )
        return msgspec.msgpack.decode(measured, type=load.Measured)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()


class Stage:
    """Servers under load, one at a time."""

    def __init__(
        self, city: City, crowd: people.Crowd, generator: Generator, floor: "Program", peer: "Program | None"
    ) -> None:
        self.crowd = crowd
        self.floor = floor
        self.peer = peer
        self.ours = Program("web", city.web[0].port, city.web[0].process.pid)
        self._city = city
        self._generator = generator
        self._redis = Redis.from_url(city.servers.redis_url)
        self._databases = {"redis": city.servers.redis.pid, "mongo": city.servers.mongo.pid}
        self._worker = city.workers[0].process.pid

    def play(
        self,
        program: "Program",
        requests: list[bytes],
        *,
        expected: bytes,
        seconds: float,
        warm_up: float = 0.0,
        once: bool = False,
        keep_codes: bool = False,
        connections: int = CONNECTIONS,
    ) -> tuple[Sample, list[str]]:
        """Load on one server until the time is up; what came of it, and the codes in the answers.

        It is over when nothing is left to be drained, so that one phase never pays for another.
        """
        pids = {"web": program.pid, **self._databases}
        if program is self.ours:
            pids["worker"] = self._worker
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        start = time.perf_counter()
        measured = self._generator.play(
            load.Phase(
                port=program.port,
                requests=requests,
                once=once,
                expected=expected,
                keep_codes=keep_codes,
                connections=connections,
                warm_up=warm_up,
                seconds=seconds,
            )
        )
        took = time.perf_counter() - start
        drained_after = self._drained()
        used = {
            name: now - was
            for name, pid in pids.items()
            if (was := before[name]) is not None and (now := cpu_seconds(pid)) is not None
        }
        answered = max(1, measured.answered)
        sample = Sample(
            rate=measured.rate,
            milliseconds=measured.milliseconds,
            answered=measured.answered,
            errors=measured.errors,
            complaint=measured.complaint,
            cpu={name: seconds / answered * 1e6 for name, seconds in used.items()},
            load_cpu=measured.cpu_seconds / answered * 1e6,
            drained_after=drained_after,
            busy=used.get("web", 0.0) / took,
        )
        return sample, measured.codes

    @contextmanager
    def without_mongo(self) -> Iterator[None]:
        """A block in which MongoDB hangs: it takes every question and answers none."""
        mongo = self._city.servers.mongo
        mongo.freeze()
        try:
            yield
        finally:
            mongo.thaw()

    def pages(self, seconds: float) -> Round:
        """Evidence reported, until the open pages of the crowd show what follows."""
        sample = page.measure(self._city.base_url, self.crowd.readers(), self.crowd.source(), seconds)
        self._drained()
        return sample

    def logins(self, count: int) -> list[bytes]:
        """Sign-ins of people never seen before, each with a code fresh from the simulated WeChat."""
        return asyncio.run(people.logins(self._city.simulator_url, count))

    def refreshes(self, count: int) -> list[bytes]:
        """Renewals, each of a session of its own."""
        return asyncio.run(people.refreshes(self._city.env, count))

    def _drained(self) -> float:
        """Wait until the worker has moved everything; how long that took."""
        start = time.perf_counter()
        while any(self._redis.xlen(stream) for stream in self.crowd.streams):
            if time.perf_counter() - start > _DRAIN_SECONDS:
                raise EngineFailed(
                    zh="worker 未能及时排空事件流。", en="The worker did not drain the event streams in time."
                )
            time.sleep(0.05)
        return time.perf_counter() - start


class Program:
    """A server to put load on."""

    def __init__(self, name: str, port: int, pid: int) -> None:
        self.name = name
        self.port = port
        self.pid = pid


@contextmanager
def stage(data: Path, processors: Processors) -> Iterator[Stage]:
    """Set the stage with its data in ``data``, and clear it at the end of the block."""
    with ExitStack() as running:
        city = running.enter_context(private_stack(data, settings=_SETTINGS))
        move_to_processor(city.web[0].process.pid, processors.server)
        crowd = asyncio.run(people.gather(city.env))
        floor = _start_floor(city, running, processors)
        peer = _start_peer(city, crowd, running, processors) if not missing_packages() else None
        generator = running.enter_context(Generator(processors.generator))
        yield Stage(city, crowd, generator, floor, peer)


def missing_packages() -> list[str]:
    """What the peer lacks; it is made of packages the product does not use."""
    return [name for name in PEER_PACKAGES if find_spec(name) is None]


def _start_floor(city: City, running: ExitStack, processors: Processors) -> Program:
    return _start(
        "floor",
        ["-m", "bff.sandbox.bench.floor"],
        city,
        running,
        processors,
        env={},
        path="/",
        port=free_port(),
    )


def _start_peer(city: City, crowd: people.Crowd, running: ExitStack, processors: Processors) -> Program:
    documents = city.data / "peer.json"
    documents.write_bytes(msgspec.json.encode(people.peer_documents(crowd)))
    port = free_port()
    command = ["-m", "uvicorn", "bff.sandbox.bench.peer:app", "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    env = {CREDENTIALS: str(documents)}
    return _start("peer", command, city, running, processors, env=env, path="/openapi.json", port=port)


def _start(
    name: str,
    command: list[str],
    city: City,
    running: ExitStack,
    processors: Processors,
    *,
    env: Mapping[str, str],
    path: str,
    port: int,
) -> Program:
    env = {**city.env, "SUISHEN_WEB_PORT": str(port), **env}
    with on_processor(processors.server):
        kept = Kept([sys.executable, *command], log=city.data / f"{name}.log", grace=10, env=env)
    running.callback(kept.stop)
    deadline = time.monotonic() + _READY_SECONDS
    while not _answers(port, path):
        if not kept.running or time.monotonic() > deadline:
            tail = kept.output().decode(errors="replace")[-2000:]
            raise EngineFailed(zh=f"{name} 未能启动：\n{tail}", en=f"{name} did not start; see above.")
        time.sleep(0.05)
    return Program(name, port, kept.pid)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

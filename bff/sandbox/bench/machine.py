"""The machine it runs on: which processor does what, what a process has used of it, what its disk does."""

import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

_PROC: Final = Path("/proc")
_SYNCS: Final = 50


class Processors(Struct, frozen=True, kw_only=True):
    """Who may run where. The server under test has a processor to itself as far as we can arrange it.

    Databases, worker and everything else run wherever the system puts them; on two processors that is
    beside the generator, and in the gaps of the server.
    """

    server: int | None
    generator: int | None

    @classmethod
    def of_this_machine(cls) -> "Processors":
        """The first two we may use; none where there is but one, or no way to ask for one."""
        if sys.platform != "linux":
            return cls(server=None, generator=None)
        ours = sorted(os.sched_getaffinity(0))
        if len(ours) < 2:
            return cls(server=None, generator=None)
        return cls(server=ours[0], generator=ours[1])


@contextmanager
def on_processor(number: int | None) -> Iterator[None]:
    """What this thread does or starts within the block runs on that processor alone."""
    if number is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move_to_processor(pid: int, number: int | None) -> None:
    """The same for a process that runs already, with its children and all their threads."""
    if number is None or sys.platform != "linux":
        return
    for each in _family(pid):
        for thread in (_PROC / str(each) / "task").iterdir():
            os.sched_setaffinity(int(thread.name), {number})


def cpu_seconds(pid: int) -> float | None:
    """What a process and its children have used, system calls included; None where nobody tells."""
    if sys.platform != "linux":
        return None
    ticks = sum(sum(int(field) for field in _stat(each)[11:13]) for each in _family(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def sync_milliseconds(folder: Path) -> float:
    """How long the disk under ``folder`` takes to keep a small write, as an append-only file asks it to."""
    file = folder / "sync"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        took = []
        for _ in range(_SYNCS):
            os.write(descriptor, b"x" * 512)
            start = time.perf_counter()
            os.fsync(descriptor)
            took.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
        file.unlink()
    return statistics.median(took) * 1000


def description() -> str:
    """The machine in a line, for whoever compares figures."""
    return f"{os.cpu_count()} × {_processor_model()}, {platform.system()}, Python {platform.python_version()}"


def _processor_model() -> str:
    try:
        lines = (_PROC / "cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _family(pid: int) -> list[int]:
    """``pid`` and everybody it started."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    family = [pid]
    for each in family:
        family += children.get(each, [])
    return family


def _stat(pid: int) -> list[str]:
    """``/proc/<pid>/stat`` behind the program's name, which may hold anything; empty once it is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []

"""What is left when a keeper itself is killed: a program that nobody will end, holding its data and its port.

Beside each log lies a note of who was started under whom. A process is an orphan of ours, and is ended, only
if everything agrees: its id, the moment it was born, that this folder is in its words, its variables or is
where it stands, and that its keeper is no longer its parent. An id alone proves nothing; the kernel gives it
to somebody else.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

__all__ = ["end_orphan", "end_orphans", "forget", "note_of", "remember"]

_SUFFIX: Final = ".pid"
_GRACE_SECONDS: Final = 10.0
_LAST_SECONDS: Final = 5.0


class _Note(Struct, frozen=True, kw_only=True):
    """Who was started, and under whom."""

    pid: int
    born: str
    keeper: int


class _Seen(Struct, frozen=True, kw_only=True):
    """A living process, as the system shows it."""

    parent: int
    born: str
    traces: bytes | None
    """Its words, variables and folder; None where the system does not show them."""


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Note).decode


def note_of(log: Path) -> Path:
    """Where the note of the program with this log lies."""
    return log.with_suffix(_SUFFIX)


def remember(note: Path, *, pid: int, keeper: int) -> None:
    """Note who was just started; nothing if it has ended already."""
    if (seen := _look(pid)) is not None:
        aside = note.with_name(f".{note.name}")
        aside.write_bytes(_encode(_Note(pid=pid, born=seen.born, keeper=keeper)))
        aside.replace(note)


def forget(note: Path) -> None:
    """Remove the note of a program that has ended."""
    note.unlink(missing_ok=True)


def end_orphans(folder: Path) -> None:
    """End every orphan whose note lies in ``folder``."""
    for note in sorted(folder.glob(f"*{_SUFFIX}")):
        end_orphan(note)


def end_orphan(note: Path) -> None:
    """End the program that ``note`` speaks of, in good order, if it is an orphan of ours."""
    try:
        noted = _decode(note.read_bytes())
    except (OSError, msgspec.DecodeError):
        return
    if not _is_orphan(noted, note.parent):
        return
    for number, seconds in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _LAST_SECONDS)):
        _signal_group(noted.pid, number)
        deadline = time.monotonic() + seconds
        while (alive := _lives(noted)) and time.monotonic() < deadline:
            time.sleep(0.02)
        if not alive:
            break
    # Whatever it had forked; a process's id is nobody else's for as long as its group has members.
    _signal_group(noted.pid, signal.SIGKILL)


def _is_orphan(noted: _Note, folder: Path) -> bool:
    seen = _look(noted.pid)
    if seen is None or seen.born != noted.born or seen.parent == noted.keeper:
        return False
    places = (os.fsencode(folder), os.fsencode(folder.resolve()))
    return seen.traces is None or any(place in seen.traces for place in places)


def _lives(noted: _Note) -> bool:
    seen = _look(noted.pid)
    return seen is not None and seen.born == noted.born


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _look(pid: int) -> _Seen | None:
    """The process ``pid`` if it lives; one that only waits to be reaped does not."""
    return _look_in_proc(Path("/proc", str(pid))) if sys.platform == "linux" else _ask_ps(pid)


def _look_in_proc(process: Path) -> _Seen | None:
    try:
        # The program's name, in brackets, may itself hold brackets and spaces.
        state, parent, *others = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # proc(5): the 20th field is the number of threads, the 22nd the start, in ticks since the machine's. A
    # first thread that is dead already leaves the port and the data to the others until they are, too.
    if state == "Z" and int(others[15]) <= 1:
        return None
    traces = b""
    with contextlib.suppress(OSError):  # it is dying, or somebody else's
        traces += b"\0".join((process / part).read_bytes() for part in ("cmdline", "environ"))
        traces += b"\0" + os.fsencode((process / "cwd").readlink())
    return _Seen(parent=int(parent), born=others[17], traces=traces)


def _ask_ps(pid: int) -> _Seen | None:
    told = subprocess.run(  # noqa: S603 - the system's own program, and a number
        ["/bin/ps", "-p", str(pid), "-o", "ppid=,stat=,lstart="],
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split(maxsplit=2)
    if len(told) < 3 or told[1].startswith("Z"):
        return None
    return _Seen(parent=int(told[0]), born=told[2].strip(), traces=None)

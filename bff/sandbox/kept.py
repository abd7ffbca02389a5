"""A child process under a keeper, as its parent sees it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from bff.sandbox import keeper
from bff.sandbox.orphans import end_orphan, forget, note_of, remember

_LOG_BYTES: Final = 1_000_000


class Kept:
    """One run of one program. Its output goes to ``log``; it ends with us, whatever ends us."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        grace: float,
        env: Mapping[str, str] | None = None,
        inherit: tuple[int, ...] = (),
    ) -> None:
        """Start it. ``inherit`` are descriptors it keeps open for as long as it lives."""
        self._log = log
        self._note = note_of(log)
        self._grace = grace
        with _opened(log) as output:
            self._log_start = output.tell()
            self._keeper = subprocess.Popen(  # noqa: S603 - our own interpreter, our own file
                [sys.executable, "-I", "-S", keeper.__file__, str(grace), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                bufsize=0,
                env=env,
                pass_fds=inherit,
                start_new_session=True,
            )
        report = self._keeper.stdout
        assert report is not None  # noqa: S101 - it was asked for
        with report:
            self.pid = int(report.readline() or 0)
            """The program's own process id."""
        if self.pid:
            remember(self._note, pid=self.pid, keeper=self._keeper.pid)

    @property
    def running(self) -> bool:
        """Whether the process lives; not whether it answers."""
        return self._keeper.poll() is None

    @property
    def exit_status(self) -> int | None:
        """As a shell would say it; None while it runs."""
        return self._keeper.poll()

    def output(self) -> bytes:
        """What this run has written so far."""
        return self._log.read_bytes()[self._log_start :]

    def let_go(self) -> None:
        """Ask the process to end; do not wait for it."""
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()

    def await_end(self) -> None:
        """Wait until the process is gone; its keeper sees to that, or we do if the keeper was killed."""
        self._keeper.wait(timeout=self._grace + 5)
        end_orphan(self._note)
        forget(self._note)

    def stop(self) -> None:
        """End the process as an operator would."""
        self.let_go()
        self.await_end()

    def kill(self) -> None:
        """End the process, and what it forked, as a power cut would."""
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            with self._keeper.stdin as words, suppress(BrokenPipeError):
                words.write(b"k")
        self.await_end()

    def freeze(self) -> None:
        """Stop the process in its tracks: it keeps its connections and answers nothing."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.killpg(self.pid, signal.SIGCONT)


def _opened(log: Path) -> IO[bytes]:
    """Append to the log, or begin it anew once it has grown."""
    grown = log.exists() and log.stat().st_size > _LOG_BYTES
    opened = log.open("wb" if grown else "ab")
    opened.seek(0, os.SEEK_END)
    return opened

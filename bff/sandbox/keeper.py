"""Keep one process, with what it forks, and end it together with whoever started us.

Run as a script, by its path and with no site-packages: ``python -I -S keeper.py GRACE PROGRAM ARG…``.
Standard input is the read end of a pipe whose only writer is the parent. The kernel closes that end when
the parent dies, by whatever signal, so end-of-file is the one event that cannot be missed, on Linux and on
macOS alike. (PR_SET_PDEATHSIG exists on Linux only, and fires when the *thread* that started us ends.)

On standard input: ``k`` kills the program; end-of-file asks it to end, and kills it GRACE seconds on.
On standard output: the program's process id, once. On standard error: the program's own log.
"""

import contextlib
import os
import resource
import select
import signal
import sys
import time


def main(argv: list[str]) -> int:
    """Run the program, wait for it or for the parent to end; its exit status, as a shell would say it."""
    grace, command = float(argv[1]), argv[2:]
    wake, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    # A terminal's Ctrl-C goes to a whole process group; the order in which a city stops is its own.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Many systems give a login shell 1,024 files; a server's clients are files.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536) if most > 0 else 65536, most))
    program = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, 2, 1),
        ],
        # A group of its own, so that the workers it forks can be ended with it.
        setpgroup=0,
        setsigdef=[signal.SIGINT, signal.SIGHUP, signal.SIGPIPE],
    )
    # Whoever started us may be gone already: the program must be ended then, not left to itself.
    with contextlib.suppress(OSError):
        os.write(1, b"%d\n" % program)
    os.close(1)

    listening = [wake, 0]
    deadline: float | None = None
    while True:
        ended, status = os.waitpid(program, os.WNOHANG)
        if ended:
            kill_group(program)
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select(listening, [], [], timeout)
        ending = wake in ready and signal.SIGTERM in os.read(wake, 64)
        if 0 in ready:
            word = os.read(0, 1)
            if word == b"k":
                kill_group(program)
            elif not word:
                listening.remove(0)
                ending = True
        if ending and deadline is None:
            os.kill(program, signal.SIGTERM)
            deadline = time.monotonic() + grace
        elif deadline is not None and time.monotonic() >= deadline:
            kill_group(program)


def kill_group(leader: int) -> None:
    """Kill the program and whatever it left behind, if there is anything."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv))

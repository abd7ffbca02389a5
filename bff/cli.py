"""The ``suishen`` command: parses, and calls one function.

A command is imported when it is called: an offline check must not wait for a web framework, and an
image without the sandbox has no ``up`` and no ``demo`` to offer.
"""

import gc
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from bff.cli_errors import USAGE, ExplainedGroup, Failure

if TYPE_CHECKING:
    from bff.platform.settings import Settings

__all__ = ["main"]


class _Command(NamedTuple):
    """Where a command is, and what it does in a line."""

    module: str
    attribute: str
    help: str


_COMMANDS: Final[Mapping[str, _Command]] = {
    "up": _Command("bff.sandbox.cli", "up", "The whole city on this machine (一键启动)."),
    "demo": _Command("bff.sandbox.cli", "demo", "The main job, narrated step by step (演示)."),
    "rehearse": _Command("bff.sandbox.cli", "rehearse", "A campaign, or health codes in a storm (演练)."),
    "web": _Command("bff.cli", "web", "Answer requests (Web 进程)."),
    "worker": _Command("bff.cli", "worker", "Move acknowledged events into MongoDB (后台进程)."),
    "scheduler": _Command("bff.cli", "scheduler", "Start what is due (定时进程)."),
    "doctor": _Command("bff.cli_doctor", "doctor", "What is wrong, and how to mend it (自检)."),
    "wallet": _Command("bff.cli_wallet", "wallet", "Certificates (电子证照)."),
    "health": _Command("bff.cli_health", "health", "The health code (健康码)."),
    "keys": _Command("bff.cli_keys", "keys", "Signing keys (签名密钥)."),
    "directory": _Command("bff.cli_directory", "directory", "Who may sign in (人员与机构)."),
    "account": _Command("bff.cli_account", "account", "Residents' accounts (居民账号)."),
    "second-factor": _Command(
        "bff.cli_second_factor", "second_factor", "What clerks sign in with beside a passphrase (动态口令)."
    ),
    "sessions": _Command("bff.cli_sessions", "sessions", "Who is signed in (登录会话)."),
    "push": _Command("bff.cli_push", "push", "Reminders (提醒)."),
    "schemas": _Command("bff.cli_schemas", "schemas", "The contract, for those who build on it (接口契约)."),
    "audit": _Command("bff.cli_audit", "audit", "The audit trail (审计)."),
    "bench": _Command("bff.sandbox.bench.cli", "bench", "Speed, as ratios (性能测试)."),
}


class _Commands(ExplainedGroup):
    """Commands imported one by one, when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for name, command in _COMMANDS.items() if _is_here(command.module)]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        command = _COMMANDS.get(cmd_name)
        if command is None or not _is_here(command.module):
            return None
        found: click.Command = getattr(import_module(command.module), command.attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name].help) for name in self.list_commands(ctx)])


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="suishen")
def main() -> None:
    """Suishen (随身): the backend of a city super-app and of its mini-programs."""


@click.command()
def web() -> None:
    """Answer requests until SIGTERM or Ctrl-C (Web 进程). Configured by SUISHEN_* variables."""
    with _collector_at_rest():
        settings = _started()
        from bff.processes.web import serve

    with _measured(settings):
        serve(settings)


@click.command()
def worker() -> None:
    """Move acknowledged events into MongoDB until SIGTERM or Ctrl-C (后台进程)."""
    with _collector_at_rest():
        from bff.processes.worker import work

    _run(work)


@click.command()
def scheduler() -> None:
    """Start what is due until SIGTERM or Ctrl-C (定时进程)."""
    with _collector_at_rest():
        from bff.processes.scheduler import tick

    _run(tick)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Spare imports the garbage collector: they make objects that stay, and it would look at all of them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _run(process: "Callable[[Settings], Coroutine[None, None, None]]") -> None:
    import asyncio

    import uvloop

    settings = _started()
    with _measured(settings), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(process(settings))


@contextmanager
def _measured(settings: "Settings") -> Iterator[None]:
    """Serve metrics on the port of their own, if there is one; a port that is taken refuses the start."""
    from contextlib import ExitStack

    from bff.platform.telemetry import serve_metrics

    platform = settings.platform
    with ExitStack() as stack:
        if platform.metrics_port is not None:
            where = f"{platform.web_host}:{platform.metrics_port}"
            try:
                stack.enter_context(serve_metrics(platform.web_host, platform.metrics_port))
            except OSError as error:
                raise Failure(
                    f"无法在 {where} 提供指标，端口可能已被占用；请更换 SUISHEN_METRICS_PORT",
                    f"metrics cannot be served at {where}: {error.strerror}; "
                    "choose another SUISHEN_METRICS_PORT",
                ) from None
        yield


def _started() -> "Settings":
    """Settings and logs of a production process; what is wrong with the settings refuses the start."""
    from bff.platform.settings import SettingsError, load_settings
    from bff.platform.telemetry import configure_logging

    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"{problem.name}\n    {problem.zh}\n    {problem.en}", err=True)
        click.echo("\nsuishen doctor", err=True)
        sys.exit(USAGE)
    _read_keys(settings)
    configure_logging(settings.platform.log_level)
    return settings


def _read_keys(settings: "Settings") -> None:
    """Say which folder of keys cannot be read, before a process starts that could sign nothing."""
    from bff.platform.keys import KeyRing, KeyRingProblem

    auth = settings.auth
    rings = (auth.token_keys_dir, auth.oidc_keys_dir, settings.wallet.keys_dir, settings.health.keys_dir)
    for folder in rings:
        try:
            if folder is not None:
                KeyRing(folder)
        except KeyRingProblem as problem:
            raise Failure(
                f"{folder}：{problem.zh}；运行 suishen doctor 查看详情",
                f"{folder}: {problem.en}; `suishen doctor` says more",
            ) from None


if __name__ == "__main__":
    main()

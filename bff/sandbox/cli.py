"""``suishen up``, ``suishen demo`` and ``suishen rehearse``."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bff.sandbox.errors import SandboxError


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".suishen"),
    show_default=True,
    help="Folder of the city's data.",
)
@click.option(
    "--port",
    type=click.IntRange(1024, 65534),
    help="Port of the pages; the next one is the simulator's. [default: 8000, or the next free one]",
)
@click.option("--fresh", is_flag=True, help="Empty the data first, after asking.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def up(data: Path, port: int | None, *, fresh: bool, yes: bool) -> None:
    """The whole city on this machine, until Ctrl-C (一键启动).

    Real MongoDB and Valkey, a simulated WeChat, web, worker and scheduler, made-up residents and clerks.
    SUISHEN_MONGO_URL and SUISHEN_REDIS_URL name servers to use instead of the embedded ones.
    """
    with _explained():
        from bff.sandbox.up import run

        def may_empty(folder: Path) -> bool:
            if yes:
                return True
            if not sys.stdin.isatty():
                raise click.UsageError(
                    "--fresh empties the data: say --yes where nobody can be asked\n"
                    "--fresh 会清空数据：无人可问时请加 --yes"
                )
            return click.confirm(f"清空 {folder} 中的全部数据？· Empty {folder}, everything in it?")

        run(
            data.absolute(),
            port=port,
            fresh=fresh,
            environ=os.environ,
            may_empty=may_empty,
        )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a step.")
def demo(*, as_json: bool) -> None:
    """The main job, narrated step by step over real HTTP against a private city (演示).

    Exit status 0 only if every step held.
    """
    with _explained():
        from bff.sandbox.demo import run

        held = run(as_json=as_json, environ=os.environ)
    sys.exit(0 if held else 1)


@click.command()
@click.argument("what", type=click.Choice(["campaign", "health"]), default="campaign")
@click.option(
    "--residents",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(100, 25_000_000),
    help="campaign: how many are told.",
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(1, 16),
    help="campaign: how many.",
)
@click.option(
    "--rate",
    default=20.0,
    show_default=True,
    type=click.FloatRange(1, 10_000),
    help="health: codes shown and checked a second while it is calm; in the storm ten times that.",
)
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.5, 150),
    help="health: how long each of calm, storm and after it lasts.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where there is room for it: a million residents take some gigabytes.",
)
@click.option("--json", "as_json", is_flag=True, help="What came of it, as one JSON object.")
def rehearse(
    *, what: str, residents: int, workers: int, rate: float, seconds: float, data: Path | None, as_json: bool
) -> None:
    """What a city fears, against a private one (演练): WHAT is campaign or health.

    campaign: a million are told something; it is paused once and a worker killed over it (群发). Exit status
    0 only if everybody has one notice and nobody two.

    health: ten times as many show their health codes while MongoDB hangs and no source can report, then each
    process and each server is killed in turn. Tells latencies and error rates; exit status 0 only if no
    colour was wrong and nothing that was acknowledged is lost.
    """
    import msgspec
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with _explained():
        from bff.sandbox import health_rehearsal, rehearsal

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), refresh_per_second=2) as progress:
            task = progress.add_task("")

            def told(what: str, done: int, whole: int) -> None:
                progress.update(task, description=what, completed=done, total=whole)

            rehearsed: rehearsal.Rehearsed | health_rehearsal.Rehearsed
            if what == "campaign":
                rehearsed = rehearsal.run(residents, workers=workers, data=data, told=told)
            else:
                rehearsed = health_rehearsal.run(per_second=rate, seconds=seconds, data=data, told=told)
    if as_json:
        click.echo(msgspec.json.encode(rehearsed).decode())
    else:
        for name, value in msgspec.to_builtins(rehearsed).items():
            for each in value if isinstance(value, list | tuple) else [value]:
                click.echo(f"{name:<18} {_plain(each)}")
    sys.exit(0 if rehearsed.held else 1)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return str(value)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except SandboxError as error:
        raise click.ClickException(f"{error.zh}\n{error.en}") from None

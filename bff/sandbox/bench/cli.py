"""``suishen bench``: how fast, in ratios."""

import sys
from typing import Final

import click

ROUNDS: Final = 5
SECONDS: Final = 3.0
_WIDTH: Final = 110


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a row.")
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--seconds",
    default=SECONDS,
    show_default=True,
    type=click.FloatRange(0.1, 60),
    help="Of each measurement, after a second to warm up.",
)
def bench(name: str | None, *, as_json: bool, rounds: int, seconds: float) -> None:
    """Measure speed as ratios against a floor and a peer, in one run (性能测试).

    NAME is a row (show.opaque show.signed verify.opaque verify.signed auth.login auth.refresh health.show
    health.check health.storm health.page codec.mint codec.verify auth.known auth.new auth.keeper health.hc1
    health.hc1.seen health.certlogic health.recolour push.outbox push.deliver push.beside push.plan) or a part
    of its name; all rows if not said. Exit status 1 if any answer was not the expected one.
    """
    import msgspec
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from bff.sandbox.bench import report
    from bff.sandbox.bench.figures import ROWS, chosen, row
    from bff.sandbox.bench.rounds import play, steps
    from bff.sandbox.errors import SandboxError

    names = chosen(name)
    if not names:
        raise click.BadParameter(f"{name!r} is none of {', '.join(ROWS)}, nor a part", param_hint="NAME")
    console = Console(stderr=True)
    # Drawn twice a second: the bar runs on the processors that are measured.
    columns = (BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    with Progress(
        *columns, TextColumn("{task.description}"), console=console, refresh_per_second=2
    ) as progress:
        task = progress.add_task("", total=steps(names, rounds) + 1)

        def told(what: str) -> None:
            progress.update(task, advance=1, description=what)

        try:
            facts = play(names, rounds=rounds, seconds=seconds, told=told)
        except SandboxError as problem:
            raise click.ClickException(str(problem)) from problem
        progress.update(task, advance=1, description="")
    rows = [row(each, facts.rounds) for each in names]
    if as_json:
        for each in rows:
            click.echo(msgspec.json.encode(each).decode())
        for line in report.complaints(facts):
            click.echo(line, err=True)
    else:
        report.show(rows, facts, Console(width=max(_WIDTH, console.width)))
    if any(each.errors for each in rows):
        sys.exit(1)

"""``suishen doctor``: settings, stores, keys, clock."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bff.cli_data import data_option, environ_of

if TYPE_CHECKING:
    from rich.console import Console

    from bff.platform.doctor import Finding

_MARKS: Final = {"ok": "[green]✔[/]", "warning": "[yellow]▲[/]", "error": "[red]✘[/]"}


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding.")
def doctor(data: Path | None, *, as_json: bool) -> None:
    """Look at settings, stores, keys and clock; say what is wrong and how to mend it (自检).

    Configured by the same SUISHEN_* variables as the processes, or by --data. Exit status 1 if anything
    is an error, 2 if no city runs in --data.
    """
    from rich.console import Console

    console = Console(highlight=False)
    errors = asyncio.run(_examine(console, environ_of(data), as_json=as_json))
    if errors:
        raise SystemExit(1)


async def _examine(console: "Console", environ: Mapping[str, str], *, as_json: bool) -> int:
    import msgspec

    from bff.platform.doctor import Level, examine

    errors = 0
    async for finding in examine(environ):
        errors += finding.level is Level.ERROR
        if as_json:
            click.echo(msgspec.json.encode(finding))
        else:
            _print(console, finding)
    return errors


def _print(console: "Console", finding: "Finding") -> None:
    from rich.markup import escape

    console.print(f"{_MARKS[finding.level]} [bold]{escape(finding.check)}[/]")
    console.print(f"    {escape(finding.zh)}\n    {escape(finding.en)}")
    if finding.mend_zh:
        console.print(f"    [cyan]→ {escape(finding.mend_zh)}\n    → {escape(finding.mend_en)}[/]")

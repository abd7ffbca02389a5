"""``suishen directory``: register organisations, departments, clerks and real-name residents."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth_bridges.registrar import Registered


@click.group()
def directory() -> None:
    """Who may sign in (人员与机构)."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def import_(file: Path, *, as_json: bool) -> None:
    """Register what FILE says, one JSON object a line (批量登记); the same file again changes nothing.

    Each object has a `kind`: organisation, department, clerk or resident. Configured by the same
    SUISHEN_* variables as the web process. Exit status 1 if any line could not be registered.
    """
    import msgspec
    from rich.progress import Progress

    with click.open_file(str(file), "rb") as opened:
        lines: list[bytes] = opened.read().splitlines()
    failed = 0
    with Progress(disable=as_json, transient=True) as progress:
        task = progress.add_task("Registering", total=len(lines))

        def tell(told: "Registered") -> None:
            nonlocal failed
            failed += told.problem is not None
            progress.update(task, completed=told.line)
            if as_json:
                click.echo(msgspec.json.encode(told).decode())
            elif told.problem is not None:
                progress.console.print(f"{file}:{told.line}: {told.problem}", markup=False, highlight=False)

        asyncio.run(_register(lines, tell))
    if not as_json:
        click.echo(f"{len(lines) - failed} registered, {failed} refused")
    if failed:
        raise SystemExit(1)


async def _register(lines: list[bytes], tell: "Callable[[Registered], None]") -> None:
    from bff.platform.services import Platform
    from bff.platform.settings import load_settings

    async with Platform.open(load_settings(os.environ)) as platform:
        await platform.ensure_indexes()
        async for told in platform.registrar.register_lines(lines):
            tell(told)

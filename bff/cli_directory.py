"""``suishen directory``: register organisations, departments, clerks and real-name residents."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth_bridges.registrar import Registered
    from bff.platform.settings import Settings

_REFUSED: Final = 1


@click.group()
def directory() -> None:
    """Who may sign in (人员与机构)."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def import_(file: Path, *, as_json: bool) -> None:
    """Register what FILE says, one JSON object a line (批量登记); the same file again changes nothing.

    Each object has a `kind`: organisation, department, clerk or resident. A department names the
    certificate `types` it may issue. Who is `disabled`, and who came in by a passphrase, key or token that is
    replaced, is signed out. Configured by the same SUISHEN_* variables as the web process. Exit status 1 if
    any line could not be registered, 2 if there was nowhere to register it.
    """
    import msgspec
    from rich.progress import Progress

    settings = settings_or_exit()
    with click.open_file(str(file), "rb") as opened:
        lines: list[bytes] = opened.read().splitlines()
    told = failed = 0
    with Progress(disable=as_json, transient=True) as progress:
        task = progress.add_task("Registering", total=len(lines))

        def tell(registered: "Registered") -> None:
            nonlocal told, failed
            progress.update(task, completed=registered.line)
            if registered.problem is None:
                told += 1
            else:
                failed += 1
            if as_json:
                click.echo(msgspec.json.encode(registered).decode())
            elif registered.problem is not None:
                click.echo(f"{file}:{registered.line}: {registered.problem}", err=True)

        # What was registered stays so: send the file again.
        run_or_exit(_register(settings, lines, tell), again="可重新导入 · import again")
    if not as_json:
        click.echo(f"{told} 条已登记 · registered, {failed} 条被拒 · refused")
    if failed:
        sys.exit(_REFUSED)


async def _register(settings: "Settings", lines: list[bytes], tell: "Callable[[Registered], None]") -> None:
    from bff.platform.services import Platform

    async with Platform.open(settings) as platform:
        await platform.ensure_indexes()
        async for registered in platform.registrar.register_lines(lines):
            tell(registered)

"""``suishen push replan``: everybody is planned by the programmes in force, and what that changes is said."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from zoneinfo import ZoneInfo

import click
import msgspec

from bff.cli_data import data_option, environ_of
from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from bff.platform.settings import Settings
    from push.timeline_models import Difference

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_CHANGES: Final = {"added": "新增 added", "removed": "取消 removed", "moved": "改期 moved"}


class _Bar(Protocol):
    def __call__(self, done: int, total: int) -> None:
        """So many of so many are planned."""


@click.command()
@click.option(
    "--edition",
    type=click.Choice(["cn-nip-2021", "cn-nip-2026"]),
    help="The edition of the national programme; the one in force if not said.",
)
@click.option("--dry-run", is_flag=True, help="Only say what it would change.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def replan(edition: str | None, data: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Plan everybody anew (全员重排), and say what that changes: how many items, and examples.

    Cut short it goes on where it stopped. An edition that is not in force can only be tried: the next
    vaccination of anybody would be planned by the one that is.

    Exit status: 0, or 2 where what was said cannot be used or the stores do not answer.
    """
    from push.programmes import in_force

    if not dry_run and edition not in {None, in_force(datetime.now(_SHANGHAI).date()).id}:
        raise click.BadParameter("it is not in force: try it with --dry-run", param_hint="--edition")
    settings = settings_or_exit(environ_of(data))
    with _bar(quiet=as_json) as bar:
        walk = _changed(settings, edition if dry_run else None, bar, dry_run=dry_run)
        changed = run_or_exit(walk, again="再运行一次即可继续 · run it again to go on")
    if as_json:
        said = {"edition": edition, "dryRun": dry_run} | msgspec.to_builtins(changed)
        click.echo(msgspec.json.encode(said))
        return
    click.echo(f"{changed.people} 人 people  未变 unchanged {changed.unchanged}")
    for name, label in _CHANGES.items():
        click.echo(f"{label} {getattr(changed, name)}")
    for example in changed.examples:
        click.echo(f"  {example.change} {example.item}  {example.before or ''} → {example.after or ''}")


async def _changed(settings: "Settings", edition: str | None, bar: _Bar, *, dry_run: bool) -> "Difference":
    from bff.platform.services import Platform
    from push.timeline_models import Difference

    async with Platform.open(settings) as platform:
        parts = platform.push.timeline
        await platform.push.ensure_indexes()
        total = await parts.people.count()
        if dry_run:
            would = Difference()
            catalogue = parts.catalogue
            by = catalogue.in_force if edition is None else catalogue.by_edition(edition)
            async for subjects in parts.planner.everybody():
                would += await parts.planner.preview(subjects, by)
                bar(would.people, total)
            return would

        def seen(count: int) -> bool:
            bar(count, total)
            return True

        while (changed := await parts.replan(seen)) is None:
            # Another process walks: it is as good as this one.
            bar(total - await parts.planner.left(), total)
            await asyncio.sleep(1)
        return changed


@contextmanager
def _bar(*, quiet: bool) -> Iterator[_Bar]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("重排 · planning", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=max(total, done))

        yield show

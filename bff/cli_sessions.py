"""``suishen sessions``: end somebody's sessions, or everybody's."""

from typing import TYPE_CHECKING, Final

import click

from bff.cli_errors import Failure
from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth_bridges.models import Audience
    from bff.platform.settings import Settings

_AUDIENCES: Final = ("resident", "verifier", "issuer")


@click.group()
def sessions() -> None:
    """Who is signed in (登录会话)."""


@sessions.command()
@click.argument("audience", type=click.Choice(_AUDIENCES))
@click.option("--subject", help="The id of one resident, clerk or department, as in the audit trail.")
@click.option("--all", "everybody", is_flag=True, help="Everybody's: after a leak, with new keys.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object at the end.")
def end(audience: str, *, subject: str | None, everybody: bool, yes: bool, as_json: bool) -> None:
    """End sessions (强制下线): no process believes their tokens a second later.

    Configured by the same SUISHEN_* variables as the web process. Exit status 2 if the stores do not
    answer; what was ended stays so.
    """
    import msgspec
    from rich.progress import Progress

    from auth_bridges.models import Audience

    if everybody == (subject is not None):
        raise Failure("请指定 --subject ID 或 --all", "give either --subject ID or --all")
    settings = settings_or_exit()
    if everybody and not yes:
        click.confirm(f"结束全部 {audience} 会话？ End every {audience} session?", abort=True)
    with Progress(disable=as_json, transient=True) as progress:
        task = progress.add_task("Ending", total=None)
        work = _end(settings, Audience(audience), subject, lambda: progress.update(task, advance=1))
        ended = run_or_exit(work, again="可再次执行 · run it again")
    if as_json:
        click.echo(msgspec.json.encode({"ended": ended}).decode())
    else:
        click.echo(f"已结束 {ended} 个会话 · sessions ended")


async def _end(
    settings: "Settings", audience: "Audience", subject: str | None, tell: "Callable[[], None]"
) -> int:
    from bff.platform.services import Platform

    async with Platform.open(settings) as platform:
        ended = 0
        async for _ in platform.auth.end_for_operator(audience, subject):
            ended += 1
            tell()
        return ended

"""``suishen account``: merges that wait for an operator, seen and decided."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bff.cli_data import data_option, environ_of
from bff.cli_errors import Refused
from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auth_bridges.models import MergeCase
    from bff.platform.settings import Settings


@click.group()
def account() -> None:
    """Residents' accounts (居民账号)."""


@account.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def merges(data: Path | None, *, as_json: bool) -> None:
    """Merges that wait for an operator (待审核的账号合并), oldest first."""
    import msgspec

    found = run_or_exit(_waiting(settings_or_exit(environ_of(data))), again="可再次执行 · run it again")
    for case in found:
        if as_json:
            told = {
                "id": case.id,
                "openedAt": case.opened_at,
                "why": case.why,
                "absorbed": case.absorbed,
                "survivor": case.survivor,
            }
            click.echo(msgspec.json.encode(told).decode())
        else:
            click.echo(f"{case.id}  {case.opened_at:%Y-%m-%d %H:%M}Z  {case.why.value}")
            click.echo(f"    {case.absorbed} → {case.survivor}")
    if not as_json:
        click.echo(f"{len(found)} 件待审核 · waiting")


@account.command()
@click.argument("case")
@data_option
@click.option("--merge/--refuse", "merge", required=True, help="One person, or two.")
@click.option("--operator", required=True, help="Who decides, as the audit trail shall tell it.")
def decide(case: str, data: Path | None, *, merge: bool, operator: str) -> None:
    """Decide CASE (审核合并): the two are one person, or they are not.

    A merge can be undone by its resident for thirty days. Exit status 1 if there is no such case or it waits
    for nobody, 2 if the stores do not answer.
    """
    from auth_bridges.refusals import MergeUnknown
    from miniapp_schemas.refusals import Refusal

    work = _decide(settings_or_exit(environ_of(data)), case, merge=merge, operator=operator)
    try:
        decided = run_or_exit(work, again="可再次执行 · run it again")
    except MergeUnknown:
        # Its own words are the resident's: that no such merge concerns them.
        raise Refused(f"没有编号为 {case} 的合并案件", f"there is no merge case {case}") from None
    except Refusal as refusal:
        raise Refused(*refusal.detail) from None
    click.echo(f"{decided.id}  {decided.state.value}")


async def _waiting(settings: "Settings") -> "Sequence[MergeCase]":
    from bff.platform.services import Platform

    async with Platform.open(settings) as platform:
        return await platform.accounts.merging.waiting()


async def _decide(settings: "Settings", case: str, *, merge: bool, operator: str) -> "MergeCase":
    from bff.platform.services import Platform

    async with Platform.open(settings) as platform:
        return await platform.accounts.merging.decide(case, merge=merge, operator=operator)

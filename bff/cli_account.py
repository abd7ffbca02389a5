"""``suishen account``: merges that wait for an operator, seen and decided."""

import sys
from typing import TYPE_CHECKING, Final

import click

from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auth_bridges.models import MergeCase
    from bff.platform.settings import Settings

_REFUSED: Final = 1


@click.group()
def account() -> None:
    """Residents' accounts (居民账号)."""


@account.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def merges(*, as_json: bool) -> None:
    """Merges that wait for an operator (待审核的账号合并), oldest first."""
    import msgspec

    found = run_or_exit(_waiting(settings_or_exit()), again="可再次执行 · run it again")
    for case in found:
        if as_json:
            click.echo(msgspec.json.encode(case).decode())
        else:
            click.echo(f"{case.id}  {case.opened_at:%Y-%m-%d %H:%M}Z  {case.why.value}")
            click.echo(f"    {case.absorbed} → {case.survivor}")
    if not as_json:
        click.echo(f"{len(found)} 件待审核 · waiting")


@account.command()
@click.argument("case")
@click.option("--merge/--refuse", "merge", required=True, help="One person, or two.")
@click.option("--operator", required=True, help="Who decides, as the audit trail shall tell it.")
def decide(case: str, *, merge: bool, operator: str) -> None:
    """Decide CASE (审核合并): the two are one person, or they are not.

    A merge can be undone by its resident for thirty days. Exit status 1 if the case waits for nobody, 2 if
    the stores do not answer.
    """
    from miniapp_schemas.refusals import Refusal

    work = _decide(settings_or_exit(), case, merge=merge, operator=operator)
    try:
        decided = run_or_exit(work, again="可再次执行 · run it again")
    except Refusal as refusal:
        click.echo("\n".join(refusal.detail), err=True)
        sys.exit(_REFUSED)
    click.echo(f"{decided.id}  {decided.state.value}")


async def _waiting(settings: "Settings") -> "Sequence[MergeCase]":
    from bff.platform.services import Platform

    async with Platform.open(settings) as platform:
        return await platform.accounts.merging.waiting()


async def _decide(settings: "Settings", case: str, *, merge: bool, operator: str) -> "MergeCase":
    from bff.platform.services import Platform

    async with Platform.open(settings) as platform:
        return await platform.accounts.merging.decide(case, merge=merge, operator=operator)

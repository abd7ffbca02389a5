"""``suishen second-factor``: clerks who lost their phone, and clerks who have no second factor yet."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from bff.cli_errors import Refused
from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from bff.platform.settings import Settings

_SOME: Final = 1
_Days = click.IntRange(1, 365)


@click.group("second-factor")
def second_factor() -> None:
    """With what clerks sign in beside a passphrase (动态口令)."""


@second_factor.command()
@click.argument("organisation")
@click.argument("number")
@click.option("--days", type=_Days, default=3, show_default=True, help="How long another may be set up.")
def reset(organisation: str, number: str, *, days: int) -> None:
    """Take away a lost one (重置) and end the clerk's sessions; at the next sign-in they set up another.

    Make sure who asks: for these days their passphrase alone decides who sets it up. Configured by the same
    SUISHEN_* variables as the web process. Exit status 1 if there is no such clerk.
    """
    found = run_or_exit(
        _reset(settings_or_exit(), organisation, number, timedelta(days=days)),
        again="可再次执行 · run it again",
    )
    if not found:
        raise Refused("没有这名核验员", "no such clerk")
    click.echo(f"已重置，{days} 天内可重新绑定 · reset; another can be set up for {days} days")


@second_factor.command()
@click.option("--organisation", help="Only this organisation's.")
@click.option("--allow", type=_Days, metavar="DAYS", help="Let each of them set one up for so many days.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def missing(*, organisation: str | None, allow: int | None, as_json: bool) -> None:
    """List the clerks who have a passphrase and no second factor (未绑定名单).

    Before one is demanded of everybody: `--allow 14`, then again until nobody is listed. Exit status 1 while
    somebody is.
    """
    found = run_or_exit(
        _missing(settings_or_exit(), organisation, allow, as_json=as_json), again="可再次执行 · run it again"
    )
    if not as_json:
        click.echo(f"{found} 人未绑定 · clerks without")
    if found:
        sys.exit(_SOME)


async def _reset(settings: "Settings", organisation: str, number: str, lasts: timedelta) -> bool:
    from bff.platform.services import Platform

    async with Platform.open(settings) as platform:
        clerk = await platform.auth_stores.directory.clerk(organisation, number)
        if clerk is not None:
            await platform.second_factors.reset(clerk.id, lasts)
        return clerk is not None


async def _missing(
    settings: "Settings", organisation: str | None, allow: int | None, *, as_json: bool
) -> int:
    import msgspec

    from bff.platform.services import Platform

    found = 0
    async with Platform.open(settings) as platform:
        async for clerk in platform.second_factors.without(organisation):
            found += 1
            if allow is not None:
                await platform.second_factors.allow(clerk.id, timedelta(days=allow))
            if as_json:
                told = {"organisation": clerk.organisation, "number": clerk.number}
                click.echo(msgspec.json.encode(told).decode())
            else:
                click.echo(f"{clerk.organisation}\t{clerk.number}")
    return found

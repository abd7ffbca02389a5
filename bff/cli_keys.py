"""``suishen keys``: make, list and change the keys tokens and shown codes are signed with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from bff.cli_errors import Refused

_PUBLISHED_HOURS: Final = 24
_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)


@click.group()
def keys() -> None:
    """Signing keys (签名密钥): a folder of P-256 keys, of which `current` names the one in use."""


@keys.command()
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.option("--name", help="Of the key's file; the date if not given.")
@click.option("--use", "at_once", is_flag=True, help="Sign with it from now on.")
def new(directory: Path, name: str | None, *, at_once: bool) -> None:
    """Put a new key into DIR (新建密钥).

    The first key signs at once. A later one is published but does not sign before `keys use`: give
    everyone who keeps a copy of the public keys the time to fetch it.
    """
    from datetime import UTC, datetime

    from bff.platform.keys import create, rotate

    name = name or datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    with _explained():
        key = (rotate if at_once else create)(directory, name)
    click.echo(f"{key.name}  {key.kid}")


@keys.command("list")
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a key.")
def list_(directory: Path, *, as_json: bool) -> None:
    """Show the keys in DIR (列出密钥): which signs now (current), has yet to (next), or did (previous)."""
    import msgspec

    from bff.platform.keys import KeyRing, KeyRole

    with _explained():
        ring = KeyRing(directory)
    for key in sorted(ring.keys().values(), key=lambda each: each.name):
        with _explained():
            role = ring.role(key)
        current = role is KeyRole.CURRENT
        if as_json:
            told = {"name": key.name, "kid": key.kid, "current": current, "role": role.value}
            click.echo(msgspec.json.encode(told).decode())
        else:
            click.echo(f"{'*' if current else ' '} {role.value:<8}  {key.name}  {key.kid}")


@keys.command()
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.argument("name")
def use(directory: Path, name: str) -> None:
    """Sign with NAME from now on (启用密钥); running processes follow within seconds.

    A key that was put in less than a day ago is used as well, with a warning: who keeps a copy of the
    public keys may not have it yet, and refuses what it signs until then.
    """
    import time

    from bff.platform.keys import age
    from bff.platform.keys import use as use_key

    with _explained():
        use_key(directory, name)
        hours = age(directory, name, now=time.time()) / 3600
    if hours < _PUBLISHED_HOURS:
        click.echo(
            f"▲ {name} 公布不足 {_PUBLISHED_HOURS} 小时，缓存公钥的一方可能尚不认识它 · "
            f"{name} was published {hours:.0f} h ago: copies of the public keys may lack it yet",
            err=True,
        )


@keys.command()
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.argument("name")
def drop(directory: Path, name: str) -> None:
    """Refuse from now on what NAME signed (停用密钥): once nothing of it lives any more, or it leaked.

    The key in use cannot be dropped: `keys new --use` first. Everybody whose token it signed signs in
    again.
    """
    from bff.platform.keys import drop as drop_key

    with _explained():
        drop_key(directory, name)


@contextmanager
def _explained() -> Iterator[None]:
    from bff.platform.keys import KeyRingProblem

    try:
        yield
    except KeyRingProblem as problem:
        raise Refused(problem.zh, problem.en) from None

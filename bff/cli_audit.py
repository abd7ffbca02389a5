"""``suishen audit``: prove that nothing was taken out of the trail, and hand it on."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

import click
import msgspec

from bff.cli_data import data_option, environ_of
from bff.platform.audit import AuditRecord, AuditTrail, BrokenLink, ChainCheck, decode_record, encode_record

_BROKEN: Final = 1
_UNREADABLE: Final = 2


@click.group()
def audit() -> None:
    """The audit trail (审计)."""


@audit.command()
@click.argument("file", type=click.File("rb"), required=False)
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(file: BinaryIO | None, data: Path | None, *, as_json: bool) -> None:
    """Check every link of every chain, in FILE (an export) or in the configured database.

    Exit 0 if all hold, 1 if one is broken (the first is named), 2 if the trail cannot be read.
    """
    if file is not None and data is not None:
        raise click.UsageError("FILE 与 --data 只能给出一个 · give either FILE or --data, not both")
    check = ChainCheck()
    try:
        broken = (
            _verify_file(file, check)
            if file is not None
            else asyncio.run(_verify_store(check, environ_of(data), quiet=as_json))
        )
    except msgspec.DecodeError as cause:
        _fail(f"第 {check.checked + 1} 条记录无法读取", f"record {check.checked + 1} cannot be read: {cause}")
    _tell(check.checked, broken, as_json=as_json)
    sys.exit(_BROKEN if broken else 0)


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def export(file: Path, data: Path | None) -> None:
    """Write the whole trail to FILE, one JSON object a line, whole or not at all."""
    written = asyncio.run(_export(file, environ_of(data)))
    click.echo(f"{written} 条记录 · records → {file}")


def _verify_file(file: BinaryIO, check: ChainCheck) -> BrokenLink | None:
    return next((broken for line in _lines(file) if (broken := check.feed(decode_record(line)))), None)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return (line for line in file if line.strip())


async def _verify_store(check: ChainCheck, environ: Mapping[str, str], *, quiet: bool) -> BrokenLink | None:
    async with _trail(environ) as trail:
        async for record in _shown(trail, quiet=quiet):
            if broken := check.feed(record):
                return broken
    return None


async def _export(file: Path, environ: Mapping[str, str]) -> int:
    written = 0
    aside = file.with_name(f".{file.name}.part")
    async with _trail(environ) as trail:
        with aside.open("wb") as out:
            async for record in _shown(trail, quiet=False):
                out.write(encode_record(record) + b"\n")
                written += 1
    aside.replace(file)
    return written


async def _shown(trail: AuditTrail, *, quiet: bool) -> AsyncIterator[AuditRecord]:
    """Every record, under a progress bar where somebody is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("审计链 · audit trail", total=await trail.count())
        async for record in trail.read():
            progress.advance(task)
            yield record


@asynccontextmanager
async def _trail(environ: Mapping[str, str]) -> AsyncIterator[AuditTrail]:
    from bff.platform.mongo import database, open_mongo
    from bff.platform.settings import SettingsError, load_settings

    try:
        settings = load_settings(environ).platform
    except SettingsError as error:
        names = ", ".join(problem.name for problem in error.problems)
        _fail(f"配置有误：{names}；请运行 suishen doctor", f"settings are wrong: {names}; run suishen doctor")
    client = open_mongo(settings.mongo_url)
    try:
        yield AuditTrail(database(client, settings.mongo_database)["audit"])
    finally:
        client.close()


def _tell(checked: int, broken: BrokenLink | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"valid": broken is None, "checked": checked, "broken": broken}))
    elif broken is None:
        click.echo(f"✔ 审计链完整，共 {checked} 条 · every link holds, {checked} records")
    else:
        click.echo(
            f"✘ 审计链 {broken.chain} 在第 {broken.sequence} 条断开 · "
            f"chain {broken.chain} is broken at record {broken.sequence}: {broken.why}"
        )


def _fail(zh: str, en: str) -> NoReturn:
    click.echo(f"{zh}\n{en}", err=True)
    sys.exit(_UNREADABLE)

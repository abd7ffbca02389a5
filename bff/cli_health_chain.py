"""``suishen health verify-chain``: that no evidence of any source was changed, taken out or put in."""

import asyncio
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Struct

from bff.cli_data import data_option, environ_of
from bff.cli_errors import Failure

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class SourceChain(Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be said of one source's chain; ``broken_at`` is the first record that does not hold."""

    source: str
    valid: bool
    records: int
    broken_at: int | None = None


@click.command("verify-chain")
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a source.")
def verify_chain(data: Path | None, *, as_json: bool) -> None:
    """Check the chain of evidence of every source (证据链核验).

    Exit status: 0 every chain holds, 1 one is broken, 2 the city cannot be asked, 3 there is no evidence.
    """
    chains = asyncio.run(chains_of(environ_of(data), quiet=as_json))
    for chain in chains:
        if as_json:
            click.echo(msgspec.json.encode(chain))
        elif chain.valid:
            click.echo(f"✓ {chain.source}: {chain.records}")
        else:
            at = chain.broken_at
            click.echo(f"✗ {chain.source}: 第 {at} 条证据不符 · record {at} does not hold")
    if not chains:
        sys.exit(3)
    if not all(chain.valid for chain in chains):
        sys.exit(1)


def _count(progress: "Progress", task: "TaskID", count: int) -> None:
    if count % 1_000 == 0:
        progress.update(task, completed=count)


async def chains_of(environ: Mapping[str, str], *, quiet: bool) -> list[SourceChain]:
    """What can be said of every source's chain in the city of ``environ``."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    from bff.platform.mongo import MONGO_OUTAGES, at_leisure, database, open_mongo
    from bff.platform.settings import SettingsError, load_settings
    from health_code.store.evidence import ChainBroken, EvidenceStore

    try:
        platform = load_settings(environ).platform
    except SettingsError as error:
        names = ", ".join(problem.name for problem in error.problems)
        raise Failure(
            f"配置有误：{names}；请运行 suishen doctor", f"settings are wrong: {names}; run suishen doctor"
        ) from None
    client = open_mongo(platform.mongo_url)
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed}"))
    chains: list[SourceChain] = []
    try:
        mongo = database(client, platform.mongo_database)
        evidence = EvidenceStore(mongo["health_evidence"], mongo["health_chains"])
        with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress, at_leisure():
            for source in await evidence.sources():
                task = progress.add_task(source, total=None)
                try:
                    count = await evidence.verify(source, seen=partial(_count, progress, task))
                except ChainBroken as broken:
                    at = broken.sequence
                    chains.append(SourceChain(source=source, valid=False, records=at, broken_at=at))
                else:
                    chains.append(SourceChain(source=source, valid=True, records=count))
    except MONGO_OUTAGES as away:
        raise Failure(
            f"MongoDB 没有应答：{type(away).__name__}", f"MongoDB does not answer: {type(away).__name__}"
        ) from away
    finally:
        client.close()
    return chains

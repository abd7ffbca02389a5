"""``suishen health retire``: one purpose's data is destroyed for good, and a signed proof says so."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from bff.cli_data import data_option, environ_of
from bff.cli_errors import USAGE, Failure, Refused
from bff.cli_stores import run_or_exit, settings_or_exit

if TYPE_CHECKING:
    from bff.platform.services import Platform
    from health_code.models import RetirementStatement

HELD: Final = 0
NOT_HELD: Final = 1


@click.command()
@click.option("--purpose", help="Whose data: venue-log, evidence, appeals, manual or all.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the signed proof goes; retired-PURPOSE-DATE.json if not given.",
)
@click.option(
    "--check",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Destroy nothing: check a proof that was signed before.",
)
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --check: keys to believe it by, such as the city's /.well-known/jwks.json.",
)
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the statement.")
def retire(
    purpose: str | None,
    *,
    yes: bool,
    out: Path | None,
    check: Path | None,
    trust: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Destroy one purpose's data in MongoDB and Redis, and sign a proof of it (数据销毁).

    Killed half-way, run it again: the proof counts from the first time. Rule sets, proofs and the audit
    trail stay; the trail knows people by keyed hashes alone. Backups are yours to destroy. With evidence (or
    all) gone every code is grey and says that health codes have ended, but for one that later evidence makes
    red; green comes back by a rule set that two people publish after that, and no other way. Offline codes
    that were signed before are good for their day.

    Exit status: 0 done, or the proof holds; 1 something is left, or the proof does not hold; 2 it could not
    be done, nobody agreed to it, or the file is no proof. Where the proof goes is tried before anything is
    destroyed; can it not be written all the same, it is told on standard output.
    """
    if (purpose is None) == (check is None):
        raise Failure("请指定 --purpose 或 --check", "give either --purpose or --check")
    if purpose is None:
        statement = _checked(check or Path(), trust, data)
    else:
        statement = _retired(purpose, yes=yes, out=out, data=data, quiet=as_json)
    if as_json:
        click.echo(msgspec.json.encode(statement))
    else:
        click.echo(f"{statement.purpose}  {statement.started_at:%F %T} – {statement.finished_at:%F %T} UTC")
        for each in statement.destroyed:
            click.echo(f"  {each.place}: {each.found} → {each.left}")
    sys.exit(HELD if all(each.left == 0 for each in statement.destroyed) else NOT_HELD)


def _retired(
    purpose: str, *, yes: bool, out: Path | None, data: Path | None, quiet: bool
) -> "RetirementStatement":
    from bff.platform.services import Platform
    from health_code.rules.purposes import PURPOSES

    if purpose not in PURPOSES:
        known = ", ".join(PURPOSES)
        raise Failure(f"没有用途 {purpose}；可用：{known}", f"no purpose {purpose}: there are {known}")
    file = out or Path(f"retired-{purpose}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json")
    if file.exists():
        raise Failure(f"{file} 已存在", f"{file} is there already")
    settings = settings_or_exit(environ_of(data))
    partial = file.with_name(f"{file.name}.partial")
    partial.open("ab").close()
    try:
        if not yes:
            _ask(purpose)

        async def work() -> "RetirementStatement":
            async with Platform.open(settings) as platform:
                return await _destroy(platform, purpose, partial, file, quiet=quiet)

        statement = run_or_exit(work(), again="可再次执行 · run it again")
    finally:
        partial.unlink(missing_ok=True)
    if not quiet:
        click.echo(f"证明 proof → {file}")
    return statement


def _ask(purpose: str) -> None:
    question = f"永久销毁“{purpose}”的全部数据？ Destroy all data of “{purpose}” for ever?"
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        agreed = False
    if not agreed:
        raise Failure("已中止，没有销毁任何数据", "Aborted: nothing was destroyed")


async def _destroy(
    platform: "Platform", purpose: str, partial: Path, file: Path, *, quiet: bool
) -> "RetirementStatement":
    from rich.progress import Progress

    from bff.platform.retirement import prove

    with Progress(disable=quiet, transient=True) as progress:
        task = progress.add_task("Destroying", total=None)
        statement = await platform.health.retiring.destroy(
            purpose, lambda gone, whole: progress.update(task, completed=gone, total=whole)
        )
    proof = msgspec.json.format(
        msgspec.json.encode(prove(statement, platform.token_keys.signing())), indent=2
    )
    _keep(proof, partial, file)
    # Only now: run again after a proof that was not kept, it is proved again.
    await platform.health.retiring.close(purpose)
    return statement


def _keep(proof: bytes, partial: Path, file: Path) -> None:
    """Write it, whole or not at all; where that fails, on standard output."""
    try:
        partial.write_bytes(proof)
        partial.replace(file)
    except OSError as error:
        click.echo(proof)
        click.echo(
            f"数据已销毁，但证明无法写入 {file}，现输出于标准输出；可再次执行\n"
            f"the data is gone, and the proof could not be written to {file} ({error.strerror}): "
            "it is on standard output; or run it again",
            err=True,
        )
        sys.exit(USAGE)


def _checked(file: Path, trust: Path | None, data: Path | None) -> "RetirementStatement":
    from bff.cli_audit import believed
    from bff.platform.keys import KeyRing
    from bff.platform.retirement import NotProved, read_proof

    if trust is not None:
        keys = believed(trust)
    else:
        try:
            settings = settings_or_exit(environ_of(data))
        except Failure as no:
            if data is not None:
                raise
            raise Failure(
                "请用 --trust 指定公钥，或用 --data 指定城市",
                "give --trust, with the keys to believe it by, or --data, with the city",
            ) from no
        keys = KeyRing(settings.auth.token_keys_dir).verifying
    try:
        return read_proof(file.read_bytes(), keys)
    except NotProved as no:
        raise (Failure if no.unreadable else Refused)(no.zh, no.en) from None

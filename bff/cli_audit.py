"""``suishen audit``: prove that nothing was taken out of the trail, nor off its end, and hand it on."""

import asyncio
import sys
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, TypeVar

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from msgspec import Struct, field

from bff.cli_data import data_option, environ_of
from bff.platform.audit import AuditRecord, AuditTrail, BrokenLink, ChainCheck, decode_record, encode_record
from bff.platform.checkpoints import AuditCheckpoints, Believed, CheckpointRefused, read_checkpoint
from bff.platform.keys import KeyRing, KeyRingProblem

_BROKEN: Final = 1
_UNREADABLE: Final = 2
# Thirty times the time in which a running city signs.
_UNSIGNED_AT_MOST: Final = timedelta(hours=1)
_T = TypeVar("_T")


class _CheckpointLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A checkpoint in an export; every other line is a record."""

    checkpoint: str


_CHECKPOINT: Final = b'{"checkpoint":'
_encode_line: Final = msgspec.json.Encoder().encode
_decode_line: Final = msgspec.json.Decoder(_CheckpointLine).decode


@click.group()
def audit() -> None:
    """The audit trail (审计)."""


@audit.command()
@click.argument("file", type=click.File("rb"), required=False)
@data_option
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Keys to believe checkpoints by: the city's /.well-known/jwks.json, a COSE key set or PEM.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(file: BinaryIO | None, data: Path | None, trust: Path | None, *, as_json: bool) -> None:
    """Check every link of every chain, in FILE (an export) or in the configured database.

    Each chain must also reach its checkpoint. Those of the database must be signed by a key of its
    processes, or of --trust; those of FILE by one of --trust, and whose they are goes unasked without it.

    Exit 0 if all hold, 1 if one is broken (the first is named), 2 if the trail cannot be read.
    """
    if file is not None and data is not None:
        raise click.UsageError("FILE 与 --data 只能给出一个 · give either FILE or --data, not both")
    believed = None if trust is None else _believed(trust)
    if file is not None:
        result = _verify_file(file, believed)
    else:
        result = asyncio.run(_verify_store(environ_of(data), believed, quiet=as_json))
    _tell(result, as_json=as_json)
    sys.exit(_BROKEN if result.broken else 0)


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def export(file: Path, data: Path | None) -> None:
    """Write the whole trail to FILE, one JSON object a line, whole or not at all.

    The checkpoints come first. Keep the city's /.well-known/jwks.json beside it: keys are rotated.
    """
    written = asyncio.run(_export(file, environ_of(data)))
    click.echo(f"{written} 条记录 · records → {file}")


class _Result(Struct, frozen=True, kw_only=True):
    """What came out."""

    valid: bool
    checked: int
    broken: BrokenLink | None
    checkpoints: int
    signatures_checked: bool = field(name="signaturesChecked")


class _Verification:
    """One run over a trail: first its checkpoints, then its records, then what is missing."""

    def __init__(self, believed: Believed | None) -> None:
        self._believed = believed
        self.check = ChainCheck()
        self.broken: BrokenLink | None = None

    def expect(self, checkpoints: Iterable[str]) -> bool:
        """Hold the trail to ``checkpoints``; False if one of them cannot be believed."""
        try:
            self.check = ChainCheck([read_checkpoint(each, self._believed) for each in checkpoints])
        except CheckpointRefused as refused:
            self.broken = refused.broken
        return self.broken is None

    def feed(self, record: AuditRecord) -> bool:
        """Check one record; False if it is broken."""
        self.broken = self.check.feed(record)
        return self.broken is None

    def result(self) -> _Result:
        """Everything was fed, or something is broken."""
        broken = self.broken or self.check.end() or self._unvouched()
        return _Result(
            valid=broken is None,
            checked=self.check.checked,
            broken=broken,
            checkpoints=self.check.checkpoints,
            signatures_checked=self._believed is not None,
        )

    def _unvouched(self) -> BrokenLink | None:
        """Who took a chain's end away may have taken its checkpoint too; a young chain has none yet."""
        if self._believed is None:
            return None
        for chain in self.check.unvouched(before=datetime.now(UTC) - _UNSIGNED_AT_MOST):
            return BrokenLink(chain=chain, sequence=1, why="it is older than an hour and has no checkpoint")
        return None


def _believed(trust: Path) -> Believed:
    """The keys in the file ``trust``, by their thumbprints, whatever the file calls them."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    from wallet.codec.errors import CodecError
    from wallet.codec.keys import KeySet, thumbprint

    try:
        pems = [key.to_pem() for key in KeySet.parse(trust.read_bytes()).keys.values()]
    except CodecError as cause:
        raise click.BadParameter(f"{trust}: {cause}", param_hint="--trust") from cause
    keys = [key for key in map(load_pem_public_key, pems) if isinstance(key, EllipticCurvePublicKey)]
    return {urlsafe_b64encode(thumbprint(key)).rstrip(b"=").decode(): key for key in keys}.get


def _verify_file(file: BinaryIO, believed: Believed | None) -> _Result:
    verification = _Verification(believed)
    lines = _lines(file)
    line = next(lines, None)
    checkpoints = []
    while line is not None and line.startswith(_CHECKPOINT):
        checkpoints.append(_read(_decode_line, line, 0).checkpoint)
        line = next(lines, None)
    if verification.expect(checkpoints):
        while line is not None:
            if not verification.feed(_read(decode_record, line, verification.check.checked + 1)):
                break
            line = next(lines, None)
    return verification.result()


def _read(decode: Callable[[bytes], _T], line: bytes, number: int) -> _T:
    try:
        return decode(line)
    except msgspec.DecodeError as cause:
        _fail_at(number, cause)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return (line for line in file if line.strip())


async def _verify_store(environ: Mapping[str, str], believed: Believed | None, *, quiet: bool) -> _Result:
    async with _stored(environ) as (trail, checkpoints, ring):
        verification = _Verification(believed or ring.verifying)
        # Before the records: a chain only grows, so what was signed by now will be there.
        if verification.expect((await checkpoints.kept()).values()):
            try:
                async for record in _shown(trail, quiet=quiet):
                    if not verification.feed(record):
                        break
            except msgspec.DecodeError as cause:
                _fail_at(verification.check.checked + 1, cause)
        return verification.result()


async def _export(file: Path, environ: Mapping[str, str]) -> int:
    written = 0
    aside = file.with_name(f".{file.name}.part")
    async with _stored(environ) as (trail, checkpoints, _):
        with aside.open("wb") as out:
            for text in (await checkpoints.kept()).values():
                out.write(_encode_line(_CheckpointLine(checkpoint=text)) + b"\n")
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
async def _stored(environ: Mapping[str, str]) -> AsyncIterator[tuple[AuditTrail, AuditCheckpoints, KeyRing]]:
    from bff.platform.mongo import MONGO_OUTAGES, database, open_mongo
    from bff.platform.settings import SettingsError, load_settings

    try:
        settings = load_settings(environ)
    except SettingsError as error:
        names = ", ".join(problem.name for problem in error.problems)
        _fail(f"配置有误：{names}；请运行 suishen doctor", f"settings are wrong: {names}; run suishen doctor")
    try:
        ring = KeyRing(settings.auth.token_keys_dir)
    except KeyRingProblem as problem:
        _fail(problem.zh, problem.en)
    client = open_mongo(settings.platform.mongo_url)
    try:
        mongo = database(client, settings.platform.mongo_database)
        trail = AuditTrail(mongo["audit"])
        checkpoints = AuditCheckpoints(trail, mongo["audit_checkpoints"], ring, lambda: datetime.now(UTC))
        yield trail, checkpoints, ring
    except MONGO_OUTAGES as outage:
        kind = type(outage).__name__
        _fail(
            "MongoDB 无法使用；请运行 suishen doctor",
            f"MongoDB does not answer ({kind}): run suishen doctor",
        )
    finally:
        client.close()


def _tell(result: _Result, *, as_json: bool) -> None:
    broken = result.broken
    if as_json:
        click.echo(msgspec.json.encode(result))
    elif broken is not None:
        click.echo(
            f"✘ 审计链 {broken.chain} 在第 {broken.sequence} 条断开 · "
            f"chain {broken.chain} is broken at record {broken.sequence}: {broken.why}"
        )
    else:
        click.echo(f"✔ 审计链完整，共 {result.checked} 条 · every link holds, {result.checked} records")
        click.echo(_told(result))


def _told(result: _Result) -> str:
    """How far the end of the trail is vouched for."""
    count = result.checkpoints
    if result.signatures_checked:
        return f"✔ {count} 个检查点均已到达，签名有效 · {count} checkpoints are met, and genuine"
    return (
        f"▲ {count} 个检查点均已到达，但未验签，请给出 --trust · "
        f"{count} checkpoints are met; whether they are genuine takes --trust"
    )


def _fail_at(number: int, cause: msgspec.DecodeError) -> NoReturn:
    _fail(f"第 {number} 条记录无法读取", f"record {number} cannot be read: {cause}")


def _fail(zh: str, en: str) -> NoReturn:
    click.echo(f"{zh}\n{en}", err=True)
    sys.exit(_UNREADABLE)

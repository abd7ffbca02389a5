"""``suishen audit``: prove that nothing was taken out of the trail, nor off its end, and hand it on."""

import asyncio
import enum
import sys
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from msgspec import Struct, field

from bff.cli_data import data_option, environ_of
from bff.cli_errors import Failure
from bff.platform.audit import (
    AuditRecord,
    AuditTrail,
    BrokenLink,
    ChainCheck,
    Checkpoint,
    RecordUnreadable,
    encode_record,
    name_of,
    read_line,
)
from bff.platform.checkpoints import (
    AuditCheckpoints,
    Believed,
    CheckpointRefused,
    KeyStrange,
    digest_of,
    read_checkpoint,
)
from bff.platform.keys import KeyRing, KeyRingProblem

# A running city signs every two minutes; a scheduler that is replaced may miss a few.
_SIGNED_WITHIN: Final = timedelta(minutes=10)
# An export begins with its checkpoint, and the city goes on while the rest is written.
_EXPORTED_WITHIN: Final = timedelta(hours=1)


class AuditVerdict(enum.StrEnum):
    """What can be said of a trail."""

    VALID = "VALID"
    BROKEN = "BROKEN"
    EMPTY = "EMPTY"
    UNATTESTED = "UNATTESTED"
    STALE = "STALE"


_EXIT: Final = {
    AuditVerdict.VALID: 0,
    AuditVerdict.BROKEN: 1,
    AuditVerdict.EMPTY: 3,
    AuditVerdict.UNATTESTED: 4,
    AuditVerdict.STALE: 4,
}


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
@click.option(
    "--since",
    type=click.File("rb"),
    help="An older export, or its first line alone, kept elsewhere: the trail must go on from it.",
)
@click.option("--unattested", is_flag=True, help="Exit 0 also where nothing vouches for the trail's end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(
    file: BinaryIO | None,
    data: Path | None,
    trust: Path | None,
    since: BinaryIO | None,
    *,
    unattested: bool,
    as_json: bool,
) -> None:
    """Check every link of every chain, in FILE (an export) or in the configured database.

    Each chain must also reach the latest checkpoint. That of the database must be signed by a key of its
    processes, or of --trust; that of FILE by one of --trust, and whose it is goes unasked without it.

    Exit 0 (VALID) if all hold, 1 (BROKEN) if a link does not or the end is missing (the first is named), 2 if
    the trail cannot be read, 3 (EMPTY) if there are no records, so that nothing is proved, 4 (UNATTESTED,
    STALE) if every link holds, but no checkpoint vouches for the end, or only one that is too old.
    """
    if file is not None and data is not None:
        raise Failure("FILE 与 --data 只能给出一个", "give either FILE or --data, not both")
    verification = _Verification(None if trust is None else believed(trust))
    if since is not None:
        verification.hold_to(_Older(since))
    if file is not None:
        result = _verify_file(file, verification)
    else:
        result = asyncio.run(_verify_store(environ_of(data), verification, quiet=as_json))
    if as_json:
        click.echo(msgspec.json.encode(result))
    else:
        _tell(result)
    code = _EXIT[result.verdict]
    sys.exit(0 if unattested and code == _EXIT[AuditVerdict.UNATTESTED] else code)


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def export(file: Path, data: Path | None) -> None:
    """Write the whole trail to FILE, one JSON object a line, whole or not at all.

    The latest checkpoint comes first. Keep the city's /.well-known/jwks.json beside it: keys are rotated.
    """
    try:
        written = asyncio.run(_export(file, environ_of(data)))
    except RecordUnreadable as unreadable:
        _tell_broken(unreadable.broken)
        sys.exit(_EXIT[AuditVerdict.BROKEN])
    click.echo(f"{written} 条记录 · records → {file}")


class _Attested(Struct, frozen=True, kw_only=True):
    """The checkpoint the trail was held to, and how many seconds old it was."""

    number: int
    at: datetime
    age: int


class _Result(Struct, frozen=True, kw_only=True):
    """What came out; ``unvouched`` records came after the checkpoint."""

    verdict: AuditVerdict
    valid: bool
    checked: int
    unvouched: int
    broken: BrokenLink | None
    checkpoint: _Attested | None
    withdrawn: str | None
    """The checkpoint that counts for nothing any more, its key having been dropped."""
    signatures_checked: bool = field(name="signaturesChecked")


class _Verification:
    """One run over a trail: first its checkpoint, then its records, then what is missing."""

    def __init__(self, believed: Believed | None) -> None:
        self.believed = believed
        self.dropped: Believed | None = None
        """The keys that were believed, and are not since an operator dropped them."""
        self.check = ChainCheck()
        self._withdrawn: str | None = None
        self.broken: BrokenLink | None = None
        self._latest: tuple[str, Checkpoint] | None = None
        self._older: _Older | None = None

    @property
    def latest(self) -> tuple[str, Checkpoint] | None:
        """The newest checkpoint the trail is held to, and how it was signed."""
        return self._latest

    def hold_to(self, older: "_Older") -> None:
        """Hold the trail to an export that was kept elsewhere."""
        self._older = older
        self.check.expect(older.check.heads(), "the older export")
        if older.checkpoint is not None:
            _, said = older.checkpoint
            self.check.expect(said.heads, f"the older export's {name_of(said)}")

    def expect(self, checkpoints: Iterable[str]) -> bool:
        """Hold the trail to ``checkpoints``; False if one of them cannot be believed."""
        try:
            read = [(text, *self._read(text)) for text in checkpoints]
        except CheckpointRefused as refused:
            self.broken = refused.broken
            return False
        for _, checkpoint, counts in read:
            self.check.expect(checkpoint.heads, name_of(checkpoint))
            if not counts:
                self._withdrawn = name_of(checkpoint)
        counting = [(text, checkpoint) for text, checkpoint, counts in read if counts]
        self._latest = max(counting, key=lambda each: each[1].number, default=None)
        if self._older is not None and self._latest is not None:
            self.broken = self._older.forks(*self._latest)
        return self.broken is None

    def _read(self, text: str) -> tuple[Checkpoint, bool]:
        """What ``text`` says, and whether it vouches for that: by a key that was dropped it does not."""
        try:
            return read_checkpoint(text, self.believed), True
        except KeyStrange as strange:
            if self.dropped is None or self.dropped(strange.kid) is None:
                raise
            return read_checkpoint(text, self.dropped), False

    def feed(self, record: AuditRecord) -> bool:
        """Check one record; False if it is broken."""
        self.broken = self.check.feed(record)
        return self.broken is None

    def result(self, *, now: datetime | None) -> _Result:
        """Everything was fed, or something is broken; ``now`` if the trail is that of a running city."""
        broken = self.broken or self.check.end()
        until = now or self.check.latest
        attested = None
        if self._latest is not None:
            _, checkpoint = self._latest
            age = 0 if until is None else max(0, int((until - checkpoint.at).total_seconds()))
            attested = _Attested(number=checkpoint.number, at=checkpoint.at, age=age)
        verdict = AuditVerdict.BROKEN if broken is not None else self._verdict(attested, now)
        return _Result(
            verdict=verdict,
            valid=verdict is AuditVerdict.VALID,
            checked=self.check.checked,
            unvouched=self.check.unvouched,
            broken=broken,
            checkpoint=attested,
            withdrawn=self._withdrawn if attested is None else None,
            signatures_checked=self.believed is not None,
        )

    def _verdict(self, attested: _Attested | None, now: datetime | None) -> AuditVerdict:
        if self.check.began is None:
            return AuditVerdict.EMPTY
        if attested is None:
            # Of a city that began a moment ago nothing was signed yet. Who could empty both databases could
            # as well wait for the scheduler to sign what he put there.
            young = now is not None and self.check.began > now - _SIGNED_WITHIN and self._withdrawn is None
            return AuditVerdict.VALID if young else AuditVerdict.UNATTESTED
        within = _EXPORTED_WITHIN if now is None else _SIGNED_WITHIN
        return AuditVerdict.STALE if attested.age > within.total_seconds() else AuditVerdict.VALID


class _Older:
    """An export, or a checkpoint alone, that was kept where nobody who writes the databases can."""

    def __init__(self, file: BinaryIO) -> None:
        # Whose signature it bears is not asked: who kept it vouches for it, and its key may be retired.
        verification = _Verification(None)
        result = _verify_file(file, verification)
        self.check = verification.check
        self.checkpoint = verification.latest
        if result.broken is not None and (self.check.checked or self.checkpoint is None):
            where = f"{result.broken.chain} {result.broken.sequence}"
            raise Failure(
                f"--since 的文件自身不完整（{where}）",
                f"--since does not hold itself, at {where}: {result.broken.why}",
            )
        if self.checkpoint is None and not self.check.checked:
            raise Failure("--since 的文件中没有记录", "--since holds no records")

    def forks(self, text: str, latest: Checkpoint) -> BrokenLink | None:
        """Whether ``latest`` cannot have come after the checkpoint of this export."""
        if self.checkpoint is None:
            return None
        earlier, said = self.checkpoint
        why = None
        if latest.number < said.number:
            why = f"{name_of(latest)} was put back: the older export has {name_of(said)}"
        elif latest.number == said.number and text != earlier:
            why = f"{name_of(latest)} is not the one the older export has"
        elif latest.number == said.number + 1 and latest.previous != digest_of(earlier):
            why = f"{name_of(latest)} does not follow the one the older export has"
        return None if why is None else BrokenLink(chain="*", sequence=0, why=why)


def believed(trust: Path) -> Believed:
    """The keys in the file ``trust``, by their thumbprints, whatever the file calls them."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    from wallet.codec.errors import CodecError
    from wallet.codec.keys import KeySet, thumbprint

    try:
        pems = [key.to_pem() for key in KeySet.parse(trust.read_bytes()).keys.values()]
    except CodecError as cause:
        raise Failure(f"--trust 的文件 {trust} 中没有可用的公钥", f"--trust {trust}: {cause}") from cause
    keys = [key for key in map(load_pem_public_key, pems) if isinstance(key, EllipticCurvePublicKey)]
    return {urlsafe_b64encode(thumbprint(key)).rstrip(b"=").decode(): key for key in keys}.get


def _verify_file(file: BinaryIO, verification: _Verification) -> _Result:
    lines = enumerate((line for line in file if line.strip()), 1)
    checkpoints = []
    number, line = next(lines, (0, None))
    while line is not None and line.startswith(_CHECKPOINT):
        try:
            checkpoints.append(_decode_line(line).checkpoint)
        except (msgspec.DecodeError, UnicodeDecodeError) as cause:
            _fail_at(number, cause)
        number, line = next(lines, (0, None))
    if verification.expect(checkpoints):
        while line is not None:
            try:
                if not verification.feed(read_line(line)):
                    break
            except RecordUnreadable as unreadable:
                verification.broken = unreadable.broken
                break
            except (msgspec.DecodeError, UnicodeDecodeError) as cause:
                if number == 1:
                    _fail_at(number, cause)
                verification.broken = verification.check.lost()
                break
            number, line = next(lines, (0, None))
    return verification.result(now=None)


async def _verify_store(environ: Mapping[str, str], verification: _Verification, *, quiet: bool) -> _Result:
    async with _stored(environ) as (trail, checkpoints, ring):
        verification.believed = verification.believed or ring.verifying
        verification.dropped = ring.dropped
        now = datetime.now(UTC)
        # Before the records: a chain only grows, so what was signed by now will be there.
        if verification.expect(await checkpoints.kept()):
            try:
                async for record in shown(trail, quiet=quiet):
                    if not verification.feed(record):
                        break
            except RecordUnreadable as unreadable:
                verification.broken = unreadable.broken
        return verification.result(now=now)


async def _export(file: Path, environ: Mapping[str, str]) -> int:
    written = 0
    aside = file.with_name(f".{file.name}.part")
    try:
        out = aside.open("wb")
    except OSError as cause:
        raise Failure(f"无法写入 {file}", f"{file} cannot be written: {cause.strerror}") from cause
    with out:
        async with _stored(environ) as (trail, checkpoints, _):
            for text in dict.fromkeys(await checkpoints.kept()):
                out.write(_encode_line(_CheckpointLine(checkpoint=text)) + b"\n")
            async for record in shown(trail, quiet=False):
                out.write(encode_record(record) + b"\n")
                written += 1
    aside.replace(file)
    return written


async def shown(trail: AuditTrail, *, quiet: bool) -> AsyncIterator[AuditRecord]:
    """Every record, under a progress bar where somebody is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    total, done = await trail.count(), 0
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("审计链 · audit trail", total=total)
        async for record in trail.read():
            done += 1
            # The trail grows while it is read, and its size is an estimate after a crash.
            progress.update(task, completed=done, total=max(total, done))
            yield record
        progress.update(task, total=done)


@asynccontextmanager
async def _stored(environ: Mapping[str, str]) -> AsyncIterator[tuple[AuditTrail, AuditCheckpoints, KeyRing]]:
    from bff.platform.mongo import MONGO_OUTAGES, database, open_mongo
    from bff.platform.redis import REDIS_OUTAGES, open_redis
    from bff.platform.settings import SettingsError, load_settings

    try:
        settings = load_settings(environ)
    except SettingsError as error:
        names = ", ".join(problem.name for problem in error.problems)
        raise Failure(
            f"配置有误：{names}；请运行 suishen doctor", f"settings are wrong: {names}; run suishen doctor"
        ) from None
    try:
        ring = KeyRing(settings.auth.token_keys_dir)
    except KeyRingProblem as problem:
        raise Failure(problem.zh, problem.en) from None
    client = open_mongo(settings.platform.mongo_url)
    redis = open_redis(settings.platform.redis_url)
    try:
        mongo = database(client, settings.platform.mongo_database)
        trail = AuditTrail(mongo["audit"])
        checkpoints = AuditCheckpoints(
            trail, mongo["audit_checkpoints"], redis, ring, lambda: datetime.now(UTC)
        )
        yield trail, checkpoints, ring
    except (*MONGO_OUTAGES, *REDIS_OUTAGES) as outage:
        kind = type(outage).__name__
        raise Failure(
            "数据库无法使用；请运行 suishen doctor", f"the stores do not answer ({kind}): run suishen doctor"
        ) from None
    finally:
        client.close()
        await redis.aclose()


def _tell(result: _Result) -> None:
    count = result.checked
    match result.verdict:
        case AuditVerdict.EMPTY:
            click.echo("▲ 没有任何记录，无从证明 · there are no records: nothing is proved")
        case AuditVerdict.BROKEN if result.broken is not None:
            _tell_broken(result.broken)
        case _:
            click.echo(f"✔ 审计链完整，共 {count} 条 · every link holds, {count} records")
            for line in _end_of(result):
                click.echo(line)


def _tell_broken(broken: BrokenLink) -> None:
    if broken.sequence == 0:
        click.echo(f"✘ 检查点不可信 · the checkpoint does not hold: {broken.why}")
        return
    click.echo(
        f"✘ 审计链 {broken.chain} 在第 {broken.sequence} 条断开 · "
        f"chain {broken.chain} is broken at record {broken.sequence}: {broken.why}"
    )


def _end_of(result: _Result) -> Iterator[str]:
    """How far the end of the trail is vouched for."""
    attested, after = result.checkpoint, result.unvouched
    if result.withdrawn is not None:
        yield (
            "▲ 检查点由已停用的密钥签署，不再作数；调度进程两分钟内会另行签署 · "
            f"{result.withdrawn} is by a key that was dropped since and counts no more: "
            "the scheduler signs another within two minutes"
        )
    elif result.verdict is AuditVerdict.UNATTESTED:
        yield (
            "▲ 没有检查点，末尾是否被截去无从得知 · no checkpoint: nobody can say whether its end was cut off"
        )
    if attested is None:
        if result.valid:
            yield "▲ 城市刚刚启动，尚未签署检查点 · the city has just begun, and no checkpoint is signed yet"
        return
    at = f"{attested.at:%Y-%m-%d %H:%M:%S}Z"
    if result.signatures_checked:
        yield f"✔ 已到达检查点 {attested.number}，签名有效 · checkpoint {attested.number} is met, and genuine"
    else:
        yield (
            f"▲ 已到达检查点 {attested.number}，但未验签，请给出 --trust · "
            f"checkpoint {attested.number} is met; whether it is genuine takes --trust"
        )
    mark = "▲" if result.verdict is AuditVerdict.STALE else " "
    ago = timedelta(seconds=attested.age)
    yield f"{mark} 最后签署于 {at}（{ago} 前），其后 {after} 条无人担保 · last attested at {at}, {ago} ago"
    if after or result.verdict is AuditVerdict.STALE:
        yield f"  {after} records after it are not vouched for, nor that there were no more"


def _fail_at(number: int, cause: Exception) -> NoReturn:
    raise Failure(
        f"第 {number} 行无法读取，这不是审计链的导出文件",
        f"line {number} cannot be read, so this is no export: {cause}",
    ) from cause

"""``suishen wallet``: what can be done with a shown code and no network."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from bff.cli_errors import Failure
from bff.cli_input import Instant, text_of

if TYPE_CHECKING:
    from wallet.offline import OfflineResult

VALID: Final = 0
NOT_VALID: Final = 1
UNREADABLE: Final = 2


@click.group()
def wallet() -> None:
    """Certificates (电子证照)."""


@wallet.command()
@click.argument("code", metavar="TEXT|IMAGE")
@click.option(
    "--trust",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Keys to believe: a JWKS (JSON), a COSE key set (CBOR) or PEM.",
)
@click.option(
    "--status",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A status list token (CWT), as the platform publishes it.",
)
@click.option("--at", type=Instant(), help="Judge as of this time; Asia/Shanghai if it has no offset.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def verify(code: str, trust: Path, status: Path | None, at: datetime | None, *, as_json: bool) -> None:
    """Check a shown code offline (离线核验): its text, a file that holds it, or a picture of it.

    TEXT|IMAGE is the code itself, the path of a text file or of a picture, or - for a text on standard
    input. Exit status: 0 valid, 1 not valid, 2 unreadable (or a file that cannot be used).
    """
    from miniapp_schemas.wallet import Verdict
    from wallet.codec.errors import CodecError
    from wallet.codec.keys import KeySet
    from wallet.issuers.base import load_registry
    from wallet.offline import StatusListRefused, verify_offline

    try:
        keys = KeySet.parse(trust.read_bytes())
    except CodecError as cause:
        raise Failure(f"--trust 的文件 {trust} 中没有可用的公钥", f"--trust {trust}: {cause}") from cause
    registry = load_registry()
    try:
        result = verify_offline(
            text_of(code),
            trust=keys,
            status=None if status is None else status.read_bytes(),
            registry=registry,
            now=at or datetime.now(UTC),
        )
    except StatusListRefused as cause:
        raise Failure(
            f"--status 的文件 {status} 不是可用的状态列表", f"--status {status}: {cause}"
        ) from cause
    if as_json:
        click.echo(msgspec.json.encode(result))
    else:
        _print(result)
    if result.verdict is Verdict.UNREADABLE:
        sys.exit(UNREADABLE)
    sys.exit(VALID if result.valid else NOT_VALID)


def _print(result: "OfflineResult") -> None:
    from wallet.issuers.base import load_registry
    from wallet.rules.advice import advice_for
    from wallet.rules.validity import SHANGHAI

    registry = load_registry()
    advice = advice_for(result.verdict)
    click.echo(f"{'✔ 有效 VALID' if result.valid else '✘ 无效 NOT VALID'}  {result.verdict}")
    click.echo(f"  {advice.zh}\n  {advice.en}")
    if result.type is not None:
        of = registry.type(result.type)
        click.echo(f"  {of.name.zh} {of.name.en}")
        for name, value in result.claims.items():
            label = of.field(name).label
            click.echo(f"    {label.zh} {label.en}: {value}")
    if result.scene is not None:
        scene = registry.scene(result.scene).name
        click.echo(f"  场景 scene: {scene.zh} {scene.en}")
    if result.issued_at is not None and result.expires_at is not None:
        begins, ends = (instant.astimezone(SHANGHAI) for instant in (result.issued_at, result.expires_at))
        click.echo(f"  出示 shown: {begins:%Y-%m-%d %H:%M:%S} — {ends:%H:%M:%S} (Asia/Shanghai)")


@wallet.command()
@click.argument("text")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--pixels", type=click.IntRange(64, 4096), default=480, show_default=True, help="Width.")
def draw(text: str, file: Path, *, pixels: int) -> None:
    """Draw a code for paper (打印): FILE ends in .svg or .png."""
    from wallet import qr

    try:
        match file.suffix.lower():
            case ".svg":
                file.write_text(qr.svg(text, pixels=pixels), "utf-8")
            case ".png":
                file.write_bytes(qr.png(text, pixels=pixels))
            case _:
                raise click.BadParameter(
                    "文件名须以 .svg 或 .png 结尾 · it must end in .svg or .png", param_hint="FILE"
                )
    except qr.TextTooLong:
        raise Failure(
            f"TEXT 过长（{len(text)} 字），二维码容纳不下",
            f"TEXT is too long for a QR code ({len(text)} characters)",
        ) from None
    click.echo(f"{file}")

"""What people give to commands: a time, and a code that is a text, a file or a picture."""

from datetime import datetime
from pathlib import Path
from typing import Final

import click

from bff.cli_errors import Unusable

# A code has hundreds of characters, whatever an editor or a pipe puts around them.
_LONGEST_TEXT: Final = 16_384
LONGEST_CARDS: Final = 1 << 18
"""A file of health cards has sixteen, and words in any language; how long one may be its own format says."""
_MARK: Final = b"\xef\xbb\xbf"
"""What editors on Windows put before UTF-8."""


class Instant(click.ParamType[datetime]):
    """An ISO 8601 time; of ``zone`` if it has no offset."""

    name = "time"

    def __init__(self, zone: str = "Asia/Shanghai") -> None:
        self._zone = zone

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time ``value`` writes."""
        from zoneinfo import ZoneInfo

        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            raise Unusable(
                f"{value!r} 不是 ISO 8601 时间，例如 2026-11-22T09:30:00+08:00",
                f"{value!r} is not an ISO 8601 time, such as 2026-11-22T09:30:00+08:00",
                param=param,
                ctx=ctx,
            ) from None
        return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(self._zone))


def text_of(code: str, *, longest: int = _LONGEST_TEXT) -> str:
    """The code itself, wherever it is; empty, and so judged unreadable, if there is none of ours."""
    from wallet.codec.errors import CodecError

    if code != "-" and not _is_file(code):
        return code.strip("\r\n")
    try:
        with click.open_file(code, "rb") as file:
            content = file.read(longest + 1)
        text = _as_text(content) if len(content) <= longest else None
        if text is not None or code == "-":
            return text or ""
        from wallet.picture import read_image

        return read_image(Path(code))
    except (OSError, CodecError):
        return ""


def content_of(path: Path) -> bytes:
    """What is in a file, without the mark an editor puts before it."""
    return path.read_bytes().removeprefix(_MARK)


def _as_text(content: bytes) -> str | None:
    """What a text file says; None if it is none.

    It is UTF-8; no picture that a phone or a scanner writes is.
    """
    if b"\0" in content:
        return None
    try:
        return content.removeprefix(_MARK).decode().strip("\r\n")
    except UnicodeDecodeError:
        return None


def _is_file(code: str) -> bool:
    try:
        return Path(code).is_file()
    except (OSError, ValueError):  # longer than a path may be
        return False

"""Whom the city believes of other places' certificates (互认信任目录), and what of theirs is revoked.

A folder, read again whenever something in it changed: what is learnt to be revoked counts within seconds, and
nothing has to be restarted. It is swapped whole; should the new one be of no use, the old one stays.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from bff.platform.keys import KeyRingProblem
from health_code.codec.certificates import Checked
from health_code.codec.foreign import Desk
from health_code.codec.revocation import Revocations, RevocationUnreadable
from health_code.codec.trust import Trust, TrustUnreadable

_EVERY_SECONDS: Final = 5.0
_log: Final = structlog.get_logger(__name__)

_Mark = tuple[tuple[str, int, int, int], ...]


class _Contents(NamedTuple):
    mark: _Mark
    desk: Desk


class ForeignTrust:
    """Verifies by the keys and lists of one folder; without one nothing is believed."""

    def __init__(self, folder: Path | None) -> None:
        """Read ``folder``, or raise ``KeyRingProblem``."""
        self._folder = folder
        self._contents = _Contents((), Desk(Trust())) if folder is None else _read(folder)
        self.problem: KeyRingProblem | None = None
        """Why the latest change was not taken over, if it was not."""

    def verify(self, text: str, at: datetime) -> Checked:
        """What is to be said of ``text`` at that time. Reads nothing."""
        return self._contents.desk.verify(text, at=at)

    def refresh(self) -> bool:
        """Read the folder again if it changed; True if it was taken over. Blocks for a stat a file."""
        if self._folder is None:
            return False
        try:
            if _mark(self._folder) == self._contents.mark:
                self.problem = None
                return False
            self._contents = _read(self._folder)
        except KeyRingProblem as problem:
            if self.problem is None or self.problem.en != problem.en:
                _log.error("foreign trust not reloaded, the old one stays: %s", problem.en)
            self.problem = problem
            return False
        self.problem = None
        _log.info("foreign trust reloaded: %d files", len(self._contents.mark))
        return True

    async def watch(self, every: float = _EVERY_SECONDS) -> None:
        """Refresh for ever, off the loop's thread; cancel to stop."""
        while self._folder is not None:
            await asyncio.sleep(every)
            await asyncio.to_thread(self.refresh)


def _mark(folder: Path) -> _Mark:
    """What tells one state of the folder from another."""
    if not folder.is_dir():
        raise KeyRingProblem(f"信任目录 {folder} 不存在", f"there is no folder {folder}")
    try:
        found = [(file, file.stat()) for file in sorted(folder.rglob("*")) if file.is_file()]
    except OSError as error:
        raise _unusable(folder, error) from None
    return tuple((str(file), told.st_ino, told.st_size, told.st_mtime_ns) for file, told in found)


def _read(folder: Path) -> _Contents:
    # The mark first: what is written meanwhile is read at the next look.
    mark = _mark(folder)
    try:
        files = _files(mark, folder)
        # Keys of cards that do not say whose they are are nobody's: whoever put them there saw no card.
        trust = Trust.of(files, vouched=False) if files else Trust()
        desk = Desk(trust, Revocations.of(files))
    except (OSError, TrustUnreadable, RevocationUnreadable) as error:
        raise _unusable(folder, error) from None
    if trust.unsaid:
        _log.warning("health.trust.unsaid", files=trust.unsaid)
    return _Contents(mark, desk)


def _files(mark: _Mark, folder: Path) -> Mapping[str, bytes]:
    """By their paths in the folder: one laid out as issuers' sites are says by them whose keys there are."""
    return {Path(name).relative_to(folder).as_posix(): Path(name).read_bytes() for name, *_ in mark}


def _unusable(folder: Path, error: Exception) -> KeyRingProblem:
    return KeyRingProblem(f"信任目录 {folder} 无法使用（{error}）", f"{folder} cannot be used: {error}")

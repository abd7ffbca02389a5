"""The repository as a stranger would clone it."""

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("bff", "wallet", "health_code", "push", "auth_bridges", "miniapp_schemas")


def files() -> list[Path]:
    """Every file that is in git, or would be after ``git add``; nothing that is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def modules(*packages: str) -> list[Path]:
    """The Python files of ``packages``, or of the whole product."""
    roots = tuple(ROOT / package for package in packages or PACKAGES)
    return [path for path in files() if path.suffix == ".py" and any(path.is_relative_to(r) for r in roots)]


def name(path: Path) -> str:
    """``path`` as it is spoken of: relative, with slashes."""
    return path.relative_to(ROOT).as_posix()


def text(path: Path) -> str | None:
    """What a text file says; None if it is not text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None

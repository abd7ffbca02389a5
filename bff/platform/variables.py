"""The variables a running city was started with, in a file beside its data.

Whoever starts a city tells its processes where everything is; an operator's command, typed in another
window, finds it here. The file names addresses and key files of a city on one machine, is for its owner's
eyes only, and lives no longer than the city does.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["forget_variables", "keep_variables", "kept_variables"]

_FILE: Final = "variables.json"
_PREFIX: Final = "SUISHEN_"
_decode: Final = msgspec.json.Decoder(dict[str, str]).decode


def keep_variables(folder: Path, environ: Mapping[str, str]) -> None:
    """Write ours among ``environ`` into ``folder``, whole or not at all."""
    ours = {name: value for name, value in environ.items() if name.startswith(_PREFIX)}
    aside = folder / f".{_FILE}"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(ours))
    aside.replace(folder / _FILE)


def kept_variables(folder: Path) -> dict[str, str] | None:
    """What was written into ``folder``; None if nothing is there that can be read."""
    try:
        return _decode((folder / _FILE).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def forget_variables(folder: Path) -> None:
    """Remove what was written: the city has ended."""
    (folder / _FILE).unlink(missing_ok=True)

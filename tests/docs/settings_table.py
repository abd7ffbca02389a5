"""The tables of settings in the documents, from the structs: ``python -m tests.docs.settings_table``."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bff.platform.settings import Setting, catalogue
from tests.architecture import tree

README: Final = tree.ROOT / "README.md"
COMPLETE: Final = tree.ROOT / "docs" / "settings.md"

_MARKED: Final = re.compile(r"(<!-- settings -->\n).*?(<!-- /settings -->)", re.DOTALL)


def written(document: Path) -> str:
    """``document`` as it should be."""
    rows = _needed() if document == README else _all()
    return _MARKED.sub(
        lambda found: found[1] + "\n".join(rows) + "\n" + found[2], document.read_text("utf-8")
    )


def _needed() -> Iterator[str]:
    yield "| variable | what it is |"
    yield "|---|---|"
    for setting in catalogue():
        if setting.required:
            yield f"| `{setting.name}` | {_cell(setting.en)} |"


def _all() -> Iterator[str]:
    yield "| variable | default | what it is | 说明 |"
    yield "|---|---|---|---|"
    for setting in catalogue():
        yield f"| `{setting.name}` | {_default(setting)} | {_cell(setting.en)} | {_cell(setting.zh)} |"


def _default(setting: Setting) -> str:
    if setting.required:
        return "**must be set**"
    return "—" if setting.default is None else f"`{setting.shown(setting.default)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write both tables."""
    for document in (README, COMPLETE):
        document.write_text(written(document), "utf-8")


if __name__ == "__main__":
    main()

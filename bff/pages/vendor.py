"""Copy what the pages need out of ``node_modules`` into ``bff/pages/vendor``.

``npm ci --ignore-scripts && python -m bff.pages.vendor``

The pages are served as they lie, so a bare import such as ``"lean-qr"`` means nothing to a browser and
an import map would have to be an inline script. Hence copies, with the folders the modules themselves
expect, and beside each entry a one-line ``.d.ts`` that sends the type check back to the package.
"""

import gzip
import hashlib
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

PAGES: Final = Path(__file__).parent
_MODULES: Final = PAGES.parents[1] / "node_modules"


class Entry(Struct, frozen=True):
    """One file: where it is in ``node_modules``, where it goes, and the package its types come from."""

    source: str
    target: str
    types: str | None = None


ENTRIES: Final = (
    Entry("lean-qr/index.mjs", "lean-qr/index.mjs", "lean-qr"),
    Entry("lean-qr/extras/svg.mjs", "lean-qr/extras/svg.mjs", "lean-qr/extras/svg"),
    Entry("lean-qr/LICENSE", "lean-qr/LICENSE.txt"),
    Entry("zxing-wasm/dist/es/reader/index.js", "zxing/reader/index.js", "zxing-wasm/reader"),
    Entry("zxing-wasm/dist/es/share.js", "zxing/share.js"),
    Entry("zxing-wasm/dist/reader/zxing_reader.wasm", "zxing/reader/zxing_reader.wasm"),
    Entry("zxing-wasm/LICENSE", "zxing/LICENSE.txt"),
)
_DECLARATION: Final = {".mjs": ".d.mts", ".js": ".d.ts"}
_GLUE: Final = "zxing/reader/index.js"
_WASM: Final = "zxing/reader/zxing_reader.wasm"


class VendorError(Exception):
    """The copies cannot be made, or would not run."""


def copy(modules: Path, target: Path) -> None:
    """Replace ``target`` by fresh copies from ``modules``.

    Raises:
        VendorError: a file is missing, or the WebAssembly is not the one its glue was built for.
    """
    missing = [entry.source for entry in ENTRIES if not (modules / entry.source).is_file()]
    if missing:
        raise VendorError(f"not in {modules}: {', '.join(missing)} (run `npm ci --ignore-scripts` first)")
    shutil.rmtree(target, ignore_errors=True)
    for entry in ENTRIES:
        place = target / entry.target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / entry.source, place)
        if entry.types is not None:
            declaration = place.with_suffix(_DECLARATION[place.suffix])
            declaration.write_text(f'export * from "{entry.types}";\n', encoding="utf-8")
    check_wasm(target)
    packed = gzip.compress((target / _WASM).read_bytes(), compresslevel=9, mtime=0)
    (target / f"{_WASM}.gz").write_bytes(packed)


def check_wasm(vendor: Path) -> None:
    """Refuse a mixed pair: glue of one version with WebAssembly of another reads out of bounds."""
    promised = re.search(r"\b[0-9a-f]{64}\b", (vendor / _GLUE).read_text("utf-8"))
    found = hashlib.sha256((vendor / _WASM).read_bytes()).hexdigest()
    if promised is None or promised[0] != found:
        raise VendorError(f"{_WASM} has SHA-256 {found}, its glue was built for {promised and promised[0]}")


def main(arguments: Sequence[str] = ()) -> int:
    """Copy from the folder named, or from the repository's ``node_modules``."""
    try:
        copy(Path(arguments[0]) if arguments else _MODULES, PAGES / "vendor")
    except VendorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

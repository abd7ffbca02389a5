"""The files a browser may ask for, read once and kept in memory with their validators.

Two kinds. *Static* files live under ``/static/<version>/``, where the version is a hash of all of them:
a release is a new address, so everything there may be cached for ever, and relative imports between
modules stay inside one release without any build. *Documents* have addresses people know (``/clerk/``)
and are asked for anew each time; they are the only files in which ``@version@`` and ``@shell@`` are filled.
"""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
_FOLDERS: Final = ("clerk", "console", "front", "icons", "resident", "shared", "vendor")
_DOCUMENTS: Final = {
    "/": "front/index.html",
    "/clerk/": "clerk/index.html",
    "/clerk/manifest.webmanifest": "clerk/manifest.webmanifest",
    "/clerk/sw.js": "clerk/sw.js",
    "/console/": "console/index.html",
    "/favicon.ico": "icons/mark.svg",
    "/resident/": "resident/index.html",
    "/resident/sw.js": "resident/sw.js",
}
_TEMPLATES: Final = frozenset(_DOCUMENTS.values()) - {"icons/mark.svg"}
_SHELLS: Final = {
    "clerk": ("clerk/", "icons/", "shared/", "vendor/lean-qr/", "vendor/zxing/"),
    "resident": ("resident/", "icons/mark.svg", "icons/tick.svg", "shared/", "vendor/lean-qr/"),
}
"""What each page that is kept on a device needs to start without a network."""

_COMPRESSES_BADLY: Final = frozenset({".png"})


class Asset(Struct, frozen=True, kw_only=True):
    """One file, ready to send."""

    body: bytes
    packed: bytes | None
    etag: str
    media_type: str


class Assets(Struct, frozen=True, kw_only=True):
    """Every file of one release of the pages."""

    version: str
    static: Mapping[str, Asset]
    documents: Mapping[str, Asset]


def load(root: Path, *, made: Mapping[str, bytes]) -> Assets:
    """Read the pages under ``root``; ``made`` are static files that come from elsewhere than a file.

    A file that has ``.gz`` beside it is not packed again: for the megabyte of the QR reader that would be
    half a second of every start.
    """
    files = dict(sorted([*_read(root), *made.items()]))
    version = _version(files)

    def filled(name: str) -> bytes:
        page = name.partition("/")[0]
        shell = [path for path, document in _DOCUMENTS.items() if _is_shown(document, page)]
        shell += [f"/static/{version}/{each}" for each in files if _in_shell(each, page)]
        return _filled(files[name], {b"@version@": version.encode(), b"@shell@": " ".join(shell).encode()})

    return Assets(
        version=version,
        static={
            name: asset(name, body, packed=_packed(root, name))
            for name, body in files.items()
            if name not in _TEMPLATES
        },
        documents={path: asset(name, filled(name)) for path, name in _DOCUMENTS.items()},
    )


def asset(name: str, body: bytes, *, packed: bytes | None = None) -> Asset:
    """``body`` as a file called ``name``."""
    suffix = Path(name).suffix
    if packed is None and suffix not in _COMPRESSES_BADLY:
        # mtime=0: the same file packs to the same bytes in every process behind the load balancer.
        packed = gzip.compress(body, compresslevel=9, mtime=0)
    return Asset(
        body=body,
        packed=packed if packed is not None and len(packed) < len(body) else None,
        etag=hashlib.sha256(body).hexdigest()[:20],
        media_type=_MEDIA_TYPES[suffix],
    )


def _read(root: Path) -> Iterator[tuple[str, bytes]]:
    for folder in _FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix in _MEDIA_TYPES and path.is_file():
                yield path.relative_to(root).as_posix(), path.read_bytes()


def _packed(root: Path, name: str) -> bytes | None:
    beside = root / f"{name}.gz"
    return beside.read_bytes() if beside.is_file() else None


def _version(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, body in files.items():
        digest.update(f"{name}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()[:12]


def _is_shown(document: str, page: str) -> bool:
    return document.startswith(f"{page}/") and not document.endswith("/sw.js")


def _in_shell(name: str, page: str) -> bool:
    return name.startswith(_SHELLS.get(page, ())) and name not in _TEMPLATES and not name.endswith(".txt")


def _filled(body: bytes, values: Mapping[bytes, bytes]) -> bytes:
    for placeholder, value in values.items():
        body = body.replace(placeholder, value)
    return body

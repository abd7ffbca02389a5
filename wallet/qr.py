"""A code as a picture, for pages and paper.

A screen draws its own codes: the server makes a hundred pictures a second, a city wants twenty thousand.
Level M throughout; a text in QR's alphanumeric set, as ours are, is packed as such.
"""

import io
from typing import Any, Final

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

_QUIET: Final = 4
"""Modules of white on each side (ISO/IEC 18004 §6.3.8)."""


class TextTooLong(Exception):
    """The text does not fit into the largest code there is."""


def matrix(text: str) -> list[list[bool]]:
    """The code's modules, row by row, dark is True, quiet zone included."""
    modules: list[list[bool]] = _made(text).get_matrix()
    return modules


def svg(text: str, *, pixels: int) -> str:
    """The code as an SVG ``pixels`` wide: one path, black on white whatever the page is."""
    rows = matrix(text)
    size = len(rows)
    # Runs of dark modules as horizontal strokes: a quarter of the size of a square for each.
    path = "".join(
        f"M{start} {y}h{end - start}v1h-{end - start}z"
        for y, row in enumerate(rows)
        for start, end in _runs(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" '
        f'viewBox="0 0 {size} {size}" shape-rendering="crispEdges" role="img">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>'
    )


def png(text: str, *, pixels: int) -> bytes:
    """The code as a PNG of at least ``pixels`` a side; every module is a whole number of pixels."""
    size = len(matrix(text))
    out = io.BytesIO()
    _made(text, box_size=-(-pixels // size)).make_image().save(out)
    return out.getvalue()


def _made(text: str, *, box_size: int = 1) -> "qrcode.QRCode[Any]":
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=_QUIET, box_size=box_size)
    code.add_data(text)
    try:
        code.make(fit=True)
    except (ValueError, DataOverflowError) as error:
        raise TextTooLong from error
    return code


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Where dark runs begin and end."""
    edges = [at for at in range(len(row) + 1) if (at < len(row) and row[at]) != (at > 0 and row[at - 1])]
    return list(zip(edges[::2], edges[1::2], strict=True))

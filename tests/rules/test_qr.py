"""Codes drawn by the server are read by others, as SVG and as PNG."""

import io
from pathlib import Path

import pytest
import resvg_py
from click.testing import CliRunner
from PIL import Image

from bff.cli_wallet import wallet
from tests.codes import KEY, envelope
from wallet import qr
from wallet.codec.lz1 import mint, mint_opaque
from wallet.picture import read_image

CODES = [mint(envelope(), key=KEY), mint_opaque(bytes(range(16)))]


@pytest.mark.parametrize("text", CODES, ids=["signed", "opaque"])
def test_an_svg_is_read_back(text: str, tmp_path: Path) -> None:
    path = tmp_path / "code.png"
    path.write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=qr.svg(text, pixels=400))))
    with Image.open(path) as picture:
        assert picture.size == (400, 400)
    assert read_image(path) == text


@pytest.mark.parametrize("text", CODES, ids=["signed", "opaque"])
@pytest.mark.parametrize("pixels", [64, 200, 1000])
def test_a_png_is_read_back_and_no_module_is_blurred(text: str, pixels: int, tmp_path: Path) -> None:
    path = tmp_path / "code.png"
    path.write_bytes(qr.png(text, pixels=pixels))
    picture = Image.open(io.BytesIO(path.read_bytes()))
    assert picture.width >= pixels
    assert picture.width % len(qr.matrix(text)) == 0
    assert read_image(path) == text


@pytest.mark.parametrize("name", ["code.svg", "code.png"])
def test_the_command_draws(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    done = CliRunner().invoke(wallet, ["draw", CODES[1], str(path)])
    assert done.exit_code == 0, done.output
    assert path.stat().st_size > 300


@pytest.mark.parametrize("name", ["code.svg", "code.png"])
def test_a_text_that_no_code_can_hold_is_told(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(wallet, ["draw", "x" * 5000, str(tmp_path / name)])
    assert done.exit_code == 2
    assert "TEXT 过长" in done.stderr
    assert "too long for a QR code (5000 characters)" in done.stderr
    assert not (tmp_path / name).exists()


def test_the_command_says_what_it_can_draw(tmp_path: Path) -> None:
    done = CliRunner().invoke(wallet, ["draw", CODES[1], str(tmp_path / "code.gif")])
    assert done.exit_code == 2
    assert ".svg" in done.output

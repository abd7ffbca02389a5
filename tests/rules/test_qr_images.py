"""Codes drawn, photographed badly and read again."""

import random
from pathlib import Path

import numpy as np
import pytest
import qrcode
from PIL import Image, ImageFilter

from tests.codes import KEY, envelope
from wallet.codec.errors import Unreadable
from wallet.codec.lz1 import mint, mint_opaque
from wallet.picture import read_image

SIGNED = mint(envelope(), key=KEY)
OPAQUE = mint_opaque(bytes(range(16)))
WIDTH = 200
TRIES = 15


def draw(text: str) -> Image.Image:
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=8, border=4)
    code.add_data(text)
    code.make(fit=True)
    return code.make_image().get_image().convert("L")


def photograph(picture: Image.Image, *, seed: int) -> Image.Image:
    """200 pixels wide, turned by up to 8°, out of focus, pale and grainy."""
    chance = random.Random(seed)
    small = picture.resize((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    turned = small.rotate(chance.uniform(-8, 8), Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    blurred = turned.filter(ImageFilter.GaussianBlur(0.7))
    light = 128 + (np.asarray(blurred, dtype=np.float64) - 128) * 0.6
    grain = np.random.default_rng(seed).normal(0, 8, light.shape)
    return Image.fromarray(np.clip(light + grain, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("text", [SIGNED, OPAQUE], ids=["signed", "opaque"])
def test_at_least_14_of_15_bad_photographs_are_read(text: str, tmp_path: Path) -> None:
    picture = draw(text)
    read = 0
    for seed in range(TRIES):
        path = tmp_path / f"{seed}.png"
        photograph(picture, seed=seed).save(path)
        try:
            read += read_image(path) == text
        except Unreadable:
            continue
    assert read >= TRIES - 1


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif"])
def test_common_picture_formats_are_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"code.{suffix}"
    draw(SIGNED).save(path)
    assert read_image(path) == SIGNED


def test_a_dark_screen_is_read(tmp_path: Path) -> None:
    path = tmp_path / "dark.png"
    draw(SIGNED).point(lambda light: 255 - light).save(path)
    assert read_image(path) == SIGNED


def test_two_codes_in_one_picture_are_refused(tmp_path: Path) -> None:
    one, other = draw(SIGNED), draw(OPAQUE)
    both = Image.new("L", (one.width + other.width, one.height), 255)
    both.paste(one, (0, 0))
    both.paste(other, (one.width, 0))
    path = tmp_path / "both.png"
    both.save(path)
    with pytest.raises(Unreadable, match="more than one"):
        read_image(path)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(50)])
def test_what_is_no_picture_is_unreadable(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(Unreadable):
        read_image(path)


def test_a_picture_without_a_code_or_too_large_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "white.png"
    Image.new("L", (300, 300), 255).save(path)
    with pytest.raises(Unreadable, match="no QR code"):
        read_image(path)
    Image.new("1", (9_000, 9_000), 1).save(path)
    with pytest.raises(Unreadable, match="too large"):
        read_image(path)

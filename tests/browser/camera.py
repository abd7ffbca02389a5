"""A camera for Chromium: a picture of a screen, held up by a hand that is not quite still."""

import math
import random
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageFilter

_SIZE: Final = (1280, 720)
_FRAMES: Final = 24
_TABLE: Final = (96, 99, 104)


def film(screenshot: bytes, path: Path, *, seed: int = 0) -> None:
    """Write ``path`` as a camera that looks at ``screenshot``: moving, turning, out of focus.

    Chromium reads JPEGs one after the other, starts over at the end, and opens the file anew each time a
    page asks for the camera: overwrite it, and the next look is at something else.
    """
    chance = random.Random(seed)
    screen = Image.open(BytesIO(screenshot)).convert("RGB")
    frames = [_frame(screen, index / _FRAMES, chance) for index in range(_FRAMES)]
    path.write_bytes(b"".join(frames))


def film_nothing(path: Path) -> None:
    """A camera that looks at the table."""
    frame = BytesIO()
    Image.new("RGB", _SIZE, _TABLE).save(frame, "JPEG", quality=80)
    path.write_bytes(frame.getvalue() * _FRAMES)


def _frame(screen: Image.Image, at: float, chance: random.Random) -> bytes:
    swing = math.sin(2 * math.pi * at)
    # A phone fills the height of the picture, and the hand brings it nearer and farther.
    height = _SIZE[1] * (0.92 + 0.05 * math.cos(2 * math.pi * at))
    scale = height / screen.height
    phone = screen.resize((round(screen.width * scale), round(height)), Image.Resampling.LANCZOS)
    turned = phone.rotate(9 * swing, Image.Resampling.BICUBIC, expand=True, fillcolor=_TABLE)
    picture = Image.new("RGB", _SIZE, _TABLE)
    left = (_SIZE[0] - turned.width) // 2 + round(40 * swing) + chance.randint(-6, 6)
    top = (_SIZE[1] - turned.height) // 2 + round(14 * math.cos(4 * math.pi * at)) + chance.randint(-4, 4)
    picture.paste(turned, (left, top))
    frame = BytesIO()
    picture.filter(ImageFilter.GaussianBlur(0.5 + 0.4 * abs(swing))).save(frame, "JPEG", quality=80)
    return frame.getvalue()

"""A shown code out of a picture. On its own: a code that comes as text is checked without all this."""

from pathlib import Path
from typing import Final

import zxingcpp
from PIL import Image, UnidentifiedImageError

from wallet.codec.errors import Unreadable

__all__ = ["read_image"]

# A phone's photo, not a poster: beyond this a small file may unfold into gigabytes of pixels.
_MOST_PIXELS: Final = 50_000_000
_QR: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def read_image(path: Path) -> str:
    """The text of the one QR in the picture at ``path``, or `Unreadable`."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise Unreadable("the picture is too large")
            found = zxingcpp.read_barcodes(image.convert("L"), formats=_QR, text_mode=zxingcpp.TextMode.Plain)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as cause:
        raise Unreadable("not a picture") from cause
    texts = {code.text for code in found if code.valid}
    if len(texts) != 1:
        raise Unreadable("no QR code in the picture" if not texts else "more than one QR code in the picture")
    return texts.pop()

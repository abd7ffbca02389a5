"""Make the samples beside this file anew, after a change of the code on the QR.

A key is born here, signs one code and is thrown away; what stays is the public half, the code, and a
photo of it as a phone takes one: tilted, dim, not quite in focus.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import qrcode
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image, ImageEnhance, ImageFilter

from wallet.codec import lz1
from wallet.codec.keys import KeySet, SigningKey, VerifyingKey
from wallet.issuers.base import load_registry
from wallet.rules.claims import pack

HERE: Final = Path(__file__).parent
SHOWN: Final = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def main() -> None:
    """Write ``city-keys.json``, ``id-card.txt`` and ``id-card.jpg``."""
    private = ec.generate_private_key(ec.SECP256R1())
    registry = load_registry()
    card, scene = registry.type("resident-id-card"), registry.scene("venue.entry")
    envelope = lz1.Envelope(
        issuer=31,
        issued_at=int(SHOWN.timestamp()),
        expires_at=int((SHOWN + timedelta(seconds=90)).timestamp()),
        token_id=b"\x00sample code",
        status=(1, 4711),
        scene=scene.id,
        type=card.id,
        claims=pack(card, {"maskedName": "李*", "ageOver18": "是"}),
    )
    code = lz1.mint(envelope, key=SigningKey(private))

    (HERE / "city-keys.json").write_text(
        json.dumps(KeySet([VerifyingKey(private.public_key())]).to_jwks(), indent=2) + "\n", "utf-8"
    )
    (HERE / "id-card.txt").write_text(f"{code}\n", "utf-8")
    photo(code).save(HERE / "id-card.jpg", quality=80)


def photo(code: str) -> Image.Image:
    """``code`` on a dark counter, as a phone sees it."""
    drawn = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=6, border=4)
    drawn.add_data(code)
    screen = drawn.make_image().get_image().convert("RGB").rotate(-7, expand=True, fillcolor=(40, 44, 52))
    table = Image.new("RGB", (640, 480), (40, 44, 52))
    table.paste(screen, ((640 - screen.width) // 2, (480 - screen.height) // 2))
    return ImageEnhance.Brightness(table.filter(ImageFilter.GaussianBlur(1.1))).enhance(0.7)


if __name__ == "__main__":
    main()

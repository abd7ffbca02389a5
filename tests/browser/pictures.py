"""Codes on screens: reading them, drawing them, and making the ones no honest phone would show."""

from io import BytesIO
from pathlib import Path

import qrcode
import zxingcpp
from msgspec import structs
from PIL import Image

from bff.platform.keys import KeyRing
from bff.sandbox.stack import City
from miniapp_schemas import base45
from wallet.codec import lz1
from wallet.codec.keys import SigningKey


def read(screenshot: bytes) -> str:
    """The code on a screen."""
    # Text can look like some of the older bar codes.
    only = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(Image.open(BytesIO(screenshot)), formats=only)
    # One code may be found twice, by two ways of looking for it.
    ((text, level),) = {(each.text, each.ec_level) for each in found}
    assert level in {"M", "Q", "H"}  # M, or more where the same size has room for it
    return str(text)


def picture(text: str) -> bytes:
    """A screen that shows ``text`` as a QR."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=12, border=6)
    code.add_data(text)
    screen = BytesIO()
    code.make_image().save(screen, "PNG")
    return screen.getvalue()


def tampered(code: str) -> str:
    """The same code with one bit of its signature turned."""
    data = bytearray(base45.decode(code.removeprefix("LZ1:")))
    data[-3] ^= 0x10
    return f"LZ1:{base45.encode(bytes(data))}"


def wallet_key(city: City) -> SigningKey:
    """The key the city signs shown codes with."""
    return SigningKey(KeyRing(Path(city.env["SUISHEN_WALLET_KEYS_DIR"])).signing().private)


def long_dead(city: City, code: str) -> str:
    """The same code, had it been shown an hour ago: the city's own signature, and out of time."""
    key = wallet_key(city)
    envelope = lz1.read(code, keys={key.kid: key.public})
    return lz1.mint(
        structs.replace(
            envelope,
            token_id=envelope.token_id[::-1],
            issued_at=envelope.issued_at - 3600,
            expires_at=envelope.expires_at - 3600,
        ),
        key=key,
    )

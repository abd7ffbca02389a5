"""Venue codes (场所码): what hangs at a door.

    SVC.  base64url( kind (1) || venue (16) || count (4) || HMAC-SHA256 of those, first 16 bytes )

``count`` of a displayed code is the minute it is of; of a printed one, which printing of the venue's it is.
Only we verify what we made, so a MAC does: nobody who holds a picture can make the next minute's.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from typing import Final

from msgspec import Struct

PREFIX: Final = "SVC."
_VENUE: Final = 16
_MAC: Final = 16
_LENGTH: Final = 1 + _VENUE + 4 + _MAC
_TEXT: Final = -(-_LENGTH * 4 // 3)


class NotAVenueCode(ValueError):
    """Not a code of ours, or one that was changed."""


class CodeKind(StrEnum):
    """How a venue shows its code: on a screen that changes, or on paper that does not."""

    DISPLAYED = "DISPLAYED"
    PRINTED = "PRINTED"


_BYTES: Final = {CodeKind.DISPLAYED: b"\x01", CodeKind.PRINTED: b"\x02"}
_KINDS: Final = {byte: kind for kind, byte in _BYTES.items()}


class VenueCode(Struct, frozen=True):
    """What a code says: of what kind, whose, and of which minute or printing."""

    kind: CodeKind
    venue: str
    count: int


class VenueCodes:
    """Makes and reads codes with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, code: VenueCode) -> str:
        """The text of the QR."""
        body = _BYTES[code.kind] + bytes.fromhex(code.venue) + code.count.to_bytes(4)
        return PREFIX + urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def read(self, text: str) -> VenueCode:
        """What the text says, or ``NotAVenueCode``. Whether it is still good is for the rules to say."""
        encoded = text[len(PREFIX) :]
        if not text.startswith(PREFIX) or len(encoded) != _TEXT or not encoded.isascii():
            raise NotAVenueCode("not of this form")
        try:
            raw = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except ValueError:
            raise NotAVenueCode("not of this form") from None
        # One spelling only: the bits base64 leaves over must be zero.
        if len(raw) != _LENGTH or urlsafe_b64encode(raw).rstrip(b"=").decode() != encoded:
            raise NotAVenueCode("not of this form")
        body, mac = raw[:-_MAC], raw[-_MAC:]
        kind = _KINDS.get(body[:1])
        if kind is None or not hmac.compare_digest(mac, self._mac(body)):
            raise NotAVenueCode("changed, or not ours")
        return VenueCode(kind, body[1 : 1 + _VENUE].hex(), int.from_bytes(body[1 + _VENUE :]))

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC]

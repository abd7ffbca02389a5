"""base64url without padding (RFC 7515 §2), in its one form: a text that differs is another text."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode


def unbase64(text: object) -> bytes:
    """The bytes ``text`` writes; ``ValueError`` unless it is exactly what writes them."""
    if not isinstance(text, str) or not text.isascii():
        raise ValueError("not base64url")
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError("not base64url") from None
    # Python passes over characters of no alphabet, and over bits that are left over.
    if urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("not base64url, or not in its one form")
    return data

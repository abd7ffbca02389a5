"""A compact JWS (RFC 7515 §7.1), put together or taken apart and checked with ES256 and nothing else.

Which header is acceptable and whose key it must be is for the caller to say, before the signature is
looked at.
"""

from base64 import urlsafe_b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct

_LONGEST: Final = 4096
_ES256: Final = ECDSA(SHA256())
# The other alphabet's two, and its padding, are none of this one: no encoder spells what they become.
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_+/=", b"+/!!!")


class NotReadable(Exception):
    """Not three base64url parts of a reasonable length."""


NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding bytes that anybody may have sent can raise."""


class Jws(Struct, frozen=True, kw_only=True):
    """The parts of a token; nothing in them is to be believed yet."""

    header: bytes
    payload: bytes
    signed: bytes
    signature: bytes

    def is_signed_by(self, key: EllipticCurvePublicKey) -> bool:
        """Whether ``key`` signed exactly these bytes (RFC 7518 §3.4: r and s, 32 bytes each)."""
        if len(self.signature) != 64:
            return False
        r, s = int.from_bytes(self.signature[:32]), int.from_bytes(self.signature[32:])
        try:
            key.verify(encode_dss_signature(r, s), self.signed, _ES256)
        except InvalidSignature:
            return False
        return True


def put_together(header: bytes, payload: bytes, key: EllipticCurvePrivateKey) -> str:
    """``header``, which must say ES256, and ``payload`` as ``key`` signs them."""
    signed = encode_part(header) + b"." + encode_part(payload)
    r, s = decode_dss_signature(key.sign(signed, _ES256))
    return (signed + b"." + encode_part(r.to_bytes(32) + s.to_bytes(32))).decode()


def encode_part(part: bytes) -> bytes:
    """Base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(part).rstrip(b"=")


def take_apart(text: str | bytes, *, longest: int = _LONGEST) -> Jws:
    """The parts of ``text``, or ``NotReadable``."""
    if len(text) > longest:
        raise NotReadable("too long")
    try:
        read = text.encode("ascii") if isinstance(text, str) else text
        signed, _, signature = read.rpartition(b".")
        header, payload = signed.split(b".")
        return Jws(
            header=_decoded_header(header),
            payload=_decoded(payload),
            signed=signed,
            signature=decode_part(signature),
        )
    except (NotBase64, ValueError) as error:
        raise NotReadable("not three base64url parts") from error


def decode_part(part: bytes) -> bytes:
    """Base64url without padding (RFC 7515 §2), in its one form.

    Python's decoder passes over strange characters and spare bits: one signature would have as many
    spellings as anybody likes, each a token of its own to whoever remembers tokens by their text. The
    other two parts are signed as they are spelt.
    """
    padded = _padded(part)
    decoded = a2b_base64(padded)
    if b2a_base64(decoded, newline=False) != padded:
        raise NotReadable("not base64url in its one form")
    return decoded


def _decoded(part: bytes) -> bytes:
    # What `urlsafe_b64decode` does, without its three calls a part.
    return a2b_base64(_padded(part))


def _padded(part: bytes) -> bytes:
    return part.translate(_FROM_URL_SAFE) + b"=" * (-len(part) % 4)


# As many as there are keys; of strangers' headers the last few.
_decoded_header: Final = lru_cache(maxsize=16)(_decoded)

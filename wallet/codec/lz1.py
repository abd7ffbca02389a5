"""LZ1, the code on the screen: a signed one (mode S) and an opaque one (mode T).

Signed: ``LZ1:`` + base45 of a COSE_Sign1 (RFC 9052, tag 18) over a CWT (RFC 8392), ES256, at most 150
bytes for the four claims of an ID card, so that it stays within QR version 9 at level M::

    18([ <<{1: -7, 4: kid}>>, {}, <<payload>>, r‖s ])
    payload = {1: iss, 4: exp, 6: iat, 7: jti, ?65535: [list, index], -70001: [scene, type, {claim: value}]}

Opaque: ``LZ`` + base32 of 128 random bits; only the server knows what it stands for.

There is one way to write an envelope and `read` takes no other (RFC 8949 §4.2, deterministic): the
payload is read by its grammar and not by a general decoder, so there is nothing in a hostile code to
recurse into, and not one byte of it is looked at before the signature holds.
"""

from base64 import b32decode, b32encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Protocol

from msgspec import Struct

from wallet.codec import base45
from wallet.codec.cbor import ARRAY, BYTES, MAP, NEGATIVE, TEXT, UNSIGNED, head, read_head
from wallet.codec.errors import KeyUnknown, Tampered, Unreadable

__all__ = [
    "Envelope",
    "Signer",
    "Verifier",
    "looks_signed",
    "mint",
    "mint_opaque",
    "presentation_id",
    "read",
    "read_opaque",
]

PREFIX: Final = "LZ1:"
OPAQUE_PREFIX: Final = "LZ"
LONGEST_TEXT: Final = 2048

_OPAQUE_BYTES: Final = 16
_OPAQUE_TEXT: Final = 28
_SIGNATURE: Final = 64
_SHORTEST: Final = 110
_MOST_CLAIMS: Final = 32
_LARGEST_NUMBER: Final = 2**53

_SIGN1: Final = b"\xd2\x84"  # tag 18, an array of four
_PROTECTED: Final = b"\xa2\x01\x26\x04"  # {1: -7, 4: …
_UNPROTECTED: Final = 0xA0  # {}
_SIGNATURE_HEAD: Final = b"\x58\x40"  # 64 bytes
_TO_BE_SIGNED: Final = b"\x84\x6aSignature1"  # RFC 9052 §4.4; external_aad is empty
_STATUS_KEY: Final = b"\x19\xff\xff\x82"  # 65535: an array of two
_SHOWN_KEY: Final = b"\x3a\x00\x01\x11\x70\x83"  # -70001: an array of three

# (r, s) and (r, n-s) both verify, so anyone could turn one shown code into a second text that is also
# signed. Only the smaller s is ours: one presentation, one text.
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LARGEST_S: Final = (_ORDER // 2).to_bytes(32, "big")


class Signer(Protocol):
    """A P-256 key that signs, wherever it is kept."""

    @property
    def kid(self) -> bytes:
        """Two to eight bytes that name the key."""

    def sign(self, message: bytes) -> bytes:
        """The ES256 signature of ``message`` as r‖s, 64 bytes."""


class Verifier(Protocol):
    """The public half."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (r‖s) is this key's over ``message``."""


class Envelope(Struct, frozen=True, kw_only=True):
    """What a signed code says."""

    issuer: int
    issued_at: int
    expires_at: int
    token_id: bytes
    status: tuple[int, int] | None
    scene: int
    type: int
    claims: dict[int, str | int]


def mint(envelope: Envelope, *, key: Signer) -> str:
    """The code for ``envelope``, signed; `ValueError` if no reader would take it."""
    payload = _write(envelope)
    kid = key.kid
    if not 2 <= len(kid) <= 8:
        raise ValueError("a kid has two to eight bytes")
    protected = head(BYTES, 5 + len(kid)) + _PROTECTED + head(BYTES, len(kid)) + kid
    payload = head(BYTES, len(payload)) + payload
    signature = _smaller_s(key.sign(_TO_BE_SIGNED + protected + b"\x40" + payload))
    code = PREFIX + base45.encode(_SIGN1 + protected + b"\xa0" + payload + _SIGNATURE_HEAD + signature)
    if len(code) > LONGEST_TEXT:
        raise ValueError(f"a code has at most {LONGEST_TEXT} characters")
    return code


def read(text: str, *, keys: Mapping[bytes, Verifier]) -> Envelope:
    """What ``text`` says, if one of ``keys`` signed it.

    `Unreadable` if it is no code of ours, `KeyUnknown` if we do not hold its key, `Tampered` if that
    key did not sign it. Whether it is still in time is not asked here.
    """
    if len(text) > LONGEST_TEXT or not text.startswith(PREFIX):
        raise Unreadable("not an LZ1 code")
    data = base45.decode(text[len(PREFIX) :])
    if len(data) < _SHORTEST:
        raise Unreadable("too short for an LZ1 code")

    named = data[2] - BYTES - 5
    after = 8 + named
    if not (
        2 <= named <= 8
        and data[:2] == _SIGN1
        and data[3:7] == _PROTECTED
        and data[7] == BYTES + named
        and data[after] == _UNPROTECTED
        and data[-66:-64] == _SIGNATURE_HEAD
    ):
        raise Unreadable("not the COSE_Sign1 of an LZ1 code")
    length, start = read_head(data, after + 1, BYTES)
    if start + length + 2 + _SIGNATURE != len(data):
        raise Unreadable("cut short, or bytes after the end")

    kid = data[8:after]
    key = keys.get(kid)
    if key is None:
        raise KeyUnknown(kid)
    signature = data[-_SIGNATURE:]
    # The pieces of Sig_structure lie in the code as they must be signed, heads and all.
    message = _TO_BE_SIGNED + data[2:after] + b"\x40" + data[after + 1 : -66]
    if signature[32:] > _LARGEST_S or not key.verify(message, signature):
        raise Tampered("the signature does not hold")
    return _read(data[start:-66])


def looks_signed(text: str) -> bool:
    """Whether ``text`` claims to be a signed code; no more is known before `read`."""
    return text.startswith(PREFIX)


def mint_opaque(secret: bytes) -> str:
    """The opaque code for 16 random bytes."""
    if len(secret) != _OPAQUE_BYTES:
        raise ValueError("an opaque code carries 16 bytes")
    return OPAQUE_PREFIX + b32encode(secret).decode("ascii").rstrip("=")


def read_opaque(text: str) -> bytes | None:
    """The 16 bytes behind an opaque code; None for any other text."""
    if len(text) != _OPAQUE_TEXT or not text.startswith(OPAQUE_PREFIX):
        return None
    try:
        secret = b32decode(text[len(OPAQUE_PREFIX) :] + "======")
    except ValueError:
        return None
    # 26 characters hold 130 bits: the two spare ones must be zero, or four texts would be one code.
    return secret if mint_opaque(secret) == text else None


def presentation_id(secret: bytes) -> str:
    """The public name of a presentation, from its jti or opaque bytes; there is no way back."""
    return sha256(secret).hexdigest()[:32]


def _smaller_s(signature: bytes) -> bytes:
    if signature[32:] <= _LARGEST_S:
        return signature
    return signature[:32] + (_ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def _write(envelope: Envelope) -> bytes:
    claims = envelope.claims
    status = envelope.status
    if not 8 <= len(envelope.token_id) <= 16:
        raise ValueError("a token id has 8 to 16 bytes")
    if envelope.expires_at < envelope.issued_at or len(claims) > _MOST_CLAIMS:
        raise ValueError("a code ends after it begins and has at most 32 claims")
    parts = [
        b"\xa6\x01" if status else b"\xa5\x01",
        _number(envelope.issuer),
        b"\x04",
        _number(envelope.expires_at),
        b"\x06",
        _number(envelope.issued_at),
        b"\x07",
        head(BYTES, len(envelope.token_id)),
        envelope.token_id,
    ]
    if status:
        parts += (_STATUS_KEY, _number(status[0]), _number(status[1]))
    parts += (_SHOWN_KEY, _number(envelope.scene), _number(envelope.type), head(MAP, len(claims)))
    for claim in sorted(claims):
        value = claims[claim]
        parts.append(_number(claim))
        if isinstance(value, str):
            text = value.encode("utf-8")
            parts += (head(TEXT, len(text)), text)
        elif value < 0:
            parts.append(head(NEGATIVE, _bounded(-1 - value)))
        else:
            parts.append(_number(value))
    return b"".join(parts)


def _number(value: int) -> bytes:
    return head(UNSIGNED, _bounded(value))


def _bounded(value: int) -> int:
    # 2**53: a scanner in a browser reads these numbers too.
    if not 0 <= value < _LARGEST_NUMBER:
        raise ValueError("a number of a code lies between 0 and 2**53")
    return value


def _read(payload: bytes) -> Envelope:
    try:
        envelope, end = _parse(payload)
    except (IndexError, UnicodeDecodeError) as cause:
        raise Unreadable("cut short, or text that is not UTF-8") from cause
    if end != len(payload):
        raise Unreadable("cut short, or bytes after the end")
    return envelope


def _parse(data: bytes) -> tuple[Envelope, int]:
    """The envelope at the start of ``data``, and where it ends; by the grammar, left to right."""
    issuer, at = _take(data, 1, b"\x01")
    expires_at, at = _take(data, at, b"\x04")
    issued_at, at = _take(data, at, b"\x06")
    if data[at] != 0x07:
        raise Unreadable("not the payload of an LZ1 code")
    length, at = read_head(data, at + 1, BYTES)
    token_id, at = data[at : at + length], at + length
    status: tuple[int, int] | None = None
    if data[0] == 0xA6:
        listed, at = _take(data, at, _STATUS_KEY)
        index, at = _take(data, at, b"")
        status = (listed, index)
    scene, at = _take(data, at, _SHOWN_KEY)
    kind, at = _take(data, at, b"")
    pairs, at = read_head(data, at, MAP)
    if data[0] not in (0xA5, 0xA6) or not 8 <= length <= 16 or expires_at < issued_at or pairs > _MOST_CLAIMS:
        raise Unreadable("not the payload of an LZ1 code")

    claims: dict[int, str | int] = {}
    last = -1
    for _ in range(pairs):
        claim, at = _take(data, at, b"")
        if claim <= last:  # ascending, so no claim stands twice
            raise Unreadable("the claims are out of order")
        last = claim
        first = data[at]
        if TEXT <= first < ARRAY:
            length, at = read_head(data, at, TEXT)
            claims[claim], at = data[at : at + length].decode("utf-8"), at + length
        elif first < NEGATIVE:
            claims[claim], at = _take(data, at, b"")
        else:
            argument, at = read_head(data, at, NEGATIVE)
            claims[claim] = -1 - argument
            if argument >= _LARGEST_NUMBER:
                raise Unreadable("a number too large")
    envelope = Envelope(
        issuer=issuer,
        issued_at=issued_at,
        expires_at=expires_at,
        token_id=token_id,
        status=status,
        scene=scene,
        type=kind,
        claims=claims,
    )
    return envelope, at


def _take(data: bytes, at: int, before: bytes) -> tuple[int, int]:
    """The number that follows exactly ``before`` at ``at``, and where it ends."""
    start = at + len(before)
    if data[at:start] != before:
        raise Unreadable("not the payload of an LZ1 code")
    value, at = read_head(data, start, UNSIGNED)
    if value >= _LARGEST_NUMBER:
        raise Unreadable("a number too large")
    return value, at

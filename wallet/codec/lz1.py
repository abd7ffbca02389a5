"""LZ1, the code on the screen: a signed one (mode S) and an opaque one (mode T).

Signed: ``LZ1:`` + base45 of a COSE_Sign1 (RFC 9052, tag 18) over a CWT (RFC 8392), ES256, at most 150
bytes for the four claims of an ID card, so that it stays within QR version 9 at level M::

    18([ <<{1: -7, 4: kid}>>, {}, <<payload>>, r‖s ])
    payload = {1: iss, 4: exp, 6: iat, 7: jti, ?65535: [list, index], -70001: [scene, type, {claim: value}]}

Opaque: ``LZ`` + base32 of 128 random bits; only the server knows what it stands for.

There is one way to write an envelope and `read` takes no other (RFC 8949 §4.2, deterministic): the
payload is read by its grammar and not by a general decoder, so there is nothing in a hostile code to
recurse into, and not one byte of it is believed before the signature holds. Only its jti may be looked at
before: whoever minted the code can ask under that name whether this very text is one of theirs.
"""

import re
import struct
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from miniapp_schemas import base45
from wallet.codec.cbor import BYTES, MAP, NEGATIVE, TEXT, UNSIGNED, head, read_head
from wallet.codec.errors import KeyUnknown, Tampered, TooLong, Unreadable

__all__ = [
    "Envelope",
    "Parts",
    "Signer",
    "Verifier",
    "looks_signed",
    "mint",
    "mint_opaque",
    "presentation_id",
    "read",
    "read_opaque",
    "take_apart",
]

PREFIX: Final = "LZ1:"
OPAQUE_PREFIX: Final = "LZ"
LONGEST_TEXT: Final = 2048

_OPAQUE_BYTES: Final = 16
# RFC 4648 §6. Python's own base32 takes fifteen microseconds for sixteen bytes; integers take two.
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # pragma: allowlist secret
_BASE32_PAIRS: Final = tuple(first + second for first in _BASE32 for second in _BASE32)
_TO_DIGITS: Final = str.maketrans(_BASE32, "0123456789abcdefghijklmnopqrstuv")
_OPAQUE: Final = re.compile(r"LZ[A-Z2-7]{26}")
_SIGNATURE: Final = 64
_SHORTEST: Final = 110
_MOST_CLAIMS: Final = 23
_LARGEST_NUMBER: Final = 2**53

_SIGN1: Final = b"\xd2\x84"  # tag 18, an array of four
_PROTECTED: Final = {
    kid: head(BYTES, 5 + kid) + b"\xa2\x01\x26\x04" + head(BYTES, kid) for kid in range(2, 9)
}
# The first eight bytes, up to the kid's own, and where a kid of that length ends.
_OPENINGS: Final = {_SIGN1 + protected: 8 + kid for kid, protected in _PROTECTED.items()}
_UNPROTECTED: Final = 0xA0  # {}
_SIGNATURE_HEAD: Final = b"\x58\x40"  # 64 bytes
_TO_BE_SIGNED: Final = b"\x84\x6aSignature1"  # RFC 9052 §4.4; external_aad is empty
# 4: exp, 6: iat, each in four bytes (from 1970-01-01T18:12:16Z to 2106), 7: the head of the jti.
_TIMES: Final = struct.Struct(">HIHIH")
_EXP_HEAD, _IAT_HEAD, _JTI_HEAD = 0x041A, 0x061A, 0x0740
_LISTED, _UNLISTED = 0xA6, 0xA5  # maps of six, with a status, and of five
_EARLIEST, _LATEST = 0x10000, 0xFFFFFFFF
_STATUS_KEY: Final = b"\x19\xff\xff\x82"  # 65535: an array of two
_SHOWN_KEY: Final = b"\x3a\x00\x01\x11\x70\x83"  # -70001: an array of three

# (r, s) and (r, n-s) both verify, so anyone could turn one shown code into a second text that is also
# signed. Only the smaller s is ours: one presentation, one text.
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LARGEST_S: Final = (_ORDER // 2).to_bytes(32, "big")

_CUT_SHORT: Final = (IndexError, struct.error, UnicodeDecodeError)
"""What reading beyond the end, or half a character, raises."""


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


class Parts(NamedTuple):
    """A text in the form of a signed code; nothing in it is to be believed yet."""

    data: bytes
    kid_ends: int
    payload_begins: int

    @property
    def kid(self) -> bytes:
        """The key it says it was signed with."""
        return self.data[8 : self.kid_ends]

    @property
    def token_id(self) -> bytes:
        """The jti it says it has, empty where that cannot be found: good to look something up by, no more."""
        try:
            return _parse_times(self.data[self.payload_begins : -66])[3]
        except (Unreadable, *_CUT_SHORT):
            return b""

    def read(self, *, keys: Mapping[bytes, Verifier]) -> Envelope:
        """What it says, if one of ``keys`` signed it; refused as by the function of this name."""
        data, after = self.data, self.kid_ends
        key = keys.get(self.kid)
        if key is None:
            raise KeyUnknown(self.kid)
        signature = data[-_SIGNATURE:]
        # The pieces of Sig_structure lie in the code as they must be signed, heads and all.
        message = _TO_BE_SIGNED + data[2:after] + b"\x40" + data[after + 1 : -66]
        if signature[32:] > _LARGEST_S or not key.verify(message, signature):
            raise Tampered("the signature does not hold")
        return _read(data[self.payload_begins : -66])


def mint(envelope: Envelope, *, key: Signer) -> str:
    """The code for ``envelope``, signed; `TooLong` if no reader would take it."""
    payload = _write(envelope)
    if len(key.kid) not in _PROTECTED:
        raise ValueError("a kid has two to eight bytes")
    protected = _PROTECTED[len(key.kid)] + key.kid  # {1: -7, 4: kid}, in a byte string
    payload = head(BYTES, len(payload)) + payload
    signature = _smaller_s(key.sign(_TO_BE_SIGNED + protected + b"\x40" + payload))
    code = PREFIX + base45.encode(_SIGN1 + protected + b"\xa0" + payload + _SIGNATURE_HEAD + signature)
    if len(code) > LONGEST_TEXT:
        raise TooLong(f"a code has at most {LONGEST_TEXT} characters")
    return code


def read(text: str, *, keys: Mapping[bytes, Verifier]) -> Envelope:
    """What ``text`` says, if one of ``keys`` signed it.

    `Unreadable` if it is no code of ours, `KeyUnknown` if we do not hold its key, `Tampered` if that
    key did not sign it. Whether it is still in time is not asked here.
    """
    return take_apart(text).read(keys=keys)


def take_apart(text: str) -> Parts:
    """The parts of ``text``, or `Unreadable` if it has not the form of a signed code."""
    if len(text) > LONGEST_TEXT or not text.startswith(PREFIX):
        raise Unreadable("not an LZ1 code")
    try:
        data = base45.decode(text[len(PREFIX) :])
    except base45.NotBase45 as cause:
        raise Unreadable(str(cause)) from None
    if len(data) < _SHORTEST:
        raise Unreadable("too short for an LZ1 code")

    after = _OPENINGS.get(data[:8])
    if after is None or data[after] != _UNPROTECTED or data[-66:-64] != _SIGNATURE_HEAD:
        raise Unreadable("not the COSE_Sign1 of an LZ1 code")
    length, start = read_head(data, after + 1, BYTES)
    if start + length + 2 + _SIGNATURE != len(data):
        raise Unreadable("cut short, or bytes after the end")
    return Parts(data, after, start)


def looks_signed(text: str) -> bool:
    """Whether ``text`` claims to be a signed code; no more is known before `read`."""
    return text.startswith(PREFIX)


def mint_opaque(secret: bytes) -> str:
    """The opaque code for 16 random bytes."""
    if len(secret) != _OPAQUE_BYTES:
        raise ValueError("an opaque code carries 16 bytes")
    bits = int.from_bytes(secret, "big") << 2
    return OPAQUE_PREFIX + "".join([_BASE32_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])


def read_opaque(text: str) -> bytes | None:
    """The 16 bytes behind an opaque code; None for any other text."""
    if not _OPAQUE.fullmatch(text):
        return None
    bits = int(text[len(OPAQUE_PREFIX) :].translate(_TO_DIGITS), 32)
    # 26 characters hold 130 bits: the two spare ones must be zero, or four texts would be one code.
    return None if bits & 3 else (bits >> 2).to_bytes(_OPAQUE_BYTES, "big")


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
    if not _EARLIEST <= envelope.issued_at <= envelope.expires_at <= _LATEST:
        raise ValueError("a code ends after it begins, and before 2106")
    if len(claims) > _MOST_CLAIMS:
        raise ValueError(f"a code has at most {_MOST_CLAIMS} claims")
    length = len(envelope.token_id)
    parts = [
        b"\xa6\x01" if status else b"\xa5\x01",
        _number(envelope.issuer),
        _TIMES.pack(_EXP_HEAD, envelope.expires_at, _IAT_HEAD, envelope.issued_at, _JTI_HEAD + length),
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
    if 0 <= value < 24:
        return bytes((value,))
    return head(UNSIGNED, _bounded(value))


def _bounded(value: int) -> int:
    # 2**53: a scanner in a browser reads these numbers too.
    if not 0 <= value < _LARGEST_NUMBER:
        raise ValueError("a number of a code lies between 0 and 2**53")
    return value


def _read(payload: bytes) -> Envelope:
    try:
        envelope, end = _parse(payload)
    except _CUT_SHORT as cause:
        raise Unreadable("cut short, or text that is not UTF-8") from cause
    if end != len(payload):
        raise Unreadable("cut short, or bytes after the end")
    return envelope


def _parse(data: bytes) -> tuple[Envelope, int]:
    """The envelope at the start of ``data``, and where it ends; by the grammar, left to right."""
    issuer, issued_at, expires_at, token_id, at = _parse_times(data)
    status: tuple[int, int] | None = None
    if data[0] == _LISTED:
        number, at = _take(data, _after(data, at, _STATUS_KEY))
        index, at = _take(data, at)
        status = (number, index)
    scene, at = _take(data, _after(data, at, _SHOWN_KEY))
    kind, at = _take(data, at)
    pairs = data[at] - MAP
    at += 1
    if not 0 <= pairs <= _MOST_CLAIMS:
        raise Unreadable("not the payload of an LZ1 code")

    claims: dict[int, str | int] = {}
    last = -1
    for _ in range(pairs):
        claim, at = _take(data, at)
        if claim <= last:  # ascending, so no claim stands twice
            raise Unreadable("the claims are out of order")
        last = claim
        first = data[at]
        if first < NEGATIVE:
            claims[claim], at = _take(data, at)
        elif first < BYTES:
            argument, at = read_head(data, at, NEGATIVE)
            claims[claim] = -1 - argument
            if argument >= _LARGEST_NUMBER:
                raise Unreadable("a number too large")
        else:
            length, start = read_head(data, at, TEXT)
            at = start + length
            claims[claim] = data[start:at].decode()
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


def _parse_times(data: bytes) -> tuple[int, int, int, bytes, int]:
    """Issuer, beginning, end and jti at the start of ``data``, and where they end."""
    issuer, at = _take(data, 2)
    exp, expires_at, iat, issued_at, jti = _TIMES.unpack_from(data, at)
    length = jti - _JTI_HEAD
    at += _TIMES.size + length
    token_id = data[at - length : at]
    if (
        data[1] != 0x01
        or data[0] not in (_LISTED, _UNLISTED)
        or (exp, iat) != (_EXP_HEAD, _IAT_HEAD)
        or not 8 <= length <= 16
        or not _EARLIEST <= issued_at <= expires_at
    ):
        raise Unreadable("not the payload of an LZ1 code")
    return issuer, issued_at, expires_at, token_id, at


def _after(data: bytes, at: int, expected: bytes) -> int:
    """Where ``expected``, which must stand at ``at``, ends."""
    if not data.startswith(expected, at):
        raise Unreadable("not the payload of an LZ1 code")
    return at + len(expected)


def _take(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at``, and where it ends."""
    first = data[at]
    if first < 24:
        return first, at + 1
    value, at = read_head(data, at, UNSIGNED)
    if value >= _LARGEST_NUMBER:
        raise Unreadable("a number too large")
    return value, at

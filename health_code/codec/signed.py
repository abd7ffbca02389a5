"""Signed codes: the offline code (离线码) and the paper code (纸质码), believed without asking anybody.

Made as the EU's HC1 is, under a prefix of their own, so that no reader takes one for the other:

    JK1:  base45( zlib( COSE_Sign1( CWT ) ) ), ES256

    18([ <<{1: -7, 4: kid}>>, {}, <<payload>>, r‖s ])
    payload = {1: iss, 4: exp, 6: iat, -72001: [colour, name, as of, rule set, handle]}     offline code
              {1: iss, 4: exp, 6: iat, -72002: [rid, name]}                                 paper code

``kid`` is the first eight bytes of the key's RFC 7638 thumbprint, ``rule set`` the first eight of its hash.
The envelope is read by its one form and not by a general decoder; the payload only once its signature holds.
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final, Protocol

import cbor2
from msgspec import Struct

from health_code.rules.documents import Colour
from miniapp_schemas import base45

__all__ = [
    "KID",
    "PREFIX",
    "RID",
    "CodeUnreadable",
    "ForeignKey",
    "Forged",
    "OfflineContent",
    "PaperContent",
    "SignedCode",
    "Signer",
    "Verifier",
    "mint",
    "read",
]

PREFIX: Final = "JK1:"
KID: Final = 8
RID: Final = 16
LONGEST_TEXT: Final = 1_000

_OPENING: Final = b"\xd2\x84\x4d\xa2\x01\x26\x04\x48"  # tag 18, four items: <<{1: -7, 4: kid of eight bytes
_PROTECTED: Final = b"\xa2\x01\x26\x04\x48"
_UNPROTECTED: Final = b"\xa0"
_SIGNATURE_HEAD: Final = b"\x58\x40"
_SIGNATURE: Final = 64
_PAYLOAD_AT: Final = len(_OPENING) + KID + len(_UNPROTECTED)
_TO_BE_SIGNED: Final = b"\x84\x6aSignature1\x4d"  # RFC 9052 §4.4; external_aad is empty
_LARGEST: Final = 1_024
_ISS, _EXP, _IAT, _OFFLINE, _PAPER = 1, 4, 6, -72001, -72002
_COLOURS: Final = (Colour.GREEN, Colour.YELLOW, Colour.RED, Colour.GREY)
_LAST_SECOND: Final = 253_402_300_799  # 9999-12-31: what a datetime can hold


class CodeUnreadable(ValueError):
    """Not a code of this form."""


class ForeignKey(ValueError):
    """Of this form, but signed with a key the reader does not hold."""


class Forged(ValueError):
    """The key is known and did not sign this."""


class Signer(Protocol):
    """A P-256 key that signs, wherever it is kept."""

    @property
    def kid(self) -> bytes:
        """Eight bytes that name the key."""

    def sign(self, message: bytes) -> bytes:
        """The ES256 signature of ``message`` as r‖s, 64 bytes."""


class Verifier(Protocol):
    """The public half."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (r‖s) is this key's over ``message``."""


class OfflineContent(Struct, frozen=True, kw_only=True):
    """A colour as it was judged at ``as_of``; ``handle`` lets a guard with a network see today's."""

    colour: Colour
    name: str
    as_of: int
    rule_set: bytes
    handle: bytes


class PaperContent(Struct, frozen=True, kw_only=True):
    """Who somebody is, and by which name the paper is reported lost. It says no colour."""

    rid: bytes
    name: str


class SignedCode(Struct, frozen=True, kw_only=True):
    """What a signed code says. Instants are Unix seconds."""

    issuer: str
    issued_at: int
    expires_at: int
    content: OfflineContent | PaperContent


def mint(code: SignedCode, *, key: Signer) -> str:
    """The text of the QR."""
    payload = cbor2.dumps(_claims(code), canonical=True)
    head = b"\x58" + bytes((len(payload),)) if len(payload) < 0x100 else b"\x59" + len(payload).to_bytes(2)
    signature = key.sign(_TO_BE_SIGNED + _PROTECTED + key.kid + b"\x40" + head + payload)
    envelope = _OPENING + key.kid + _UNPROTECTED + head + payload + _SIGNATURE_HEAD + signature
    return PREFIX + base45.encode(zlib.compress(envelope, 9))


def read(text: str, *, keys: Mapping[bytes, Verifier]) -> SignedCode:
    """What ``text`` says, or ``CodeUnreadable``, ``ForeignKey`` or ``Forged``; the time is not looked at."""
    if not text.startswith(PREFIX) or len(text) > LONGEST_TEXT:
        raise CodeUnreadable("not of this form")
    envelope = _inflated(text[len(PREFIX) :])
    if not envelope.startswith(_OPENING):
        raise CodeUnreadable("not a COSE_Sign1 of ours")
    kid = envelope[len(_OPENING) : len(_OPENING) + KID]
    if envelope[len(_OPENING) + KID : _PAYLOAD_AT] != _UNPROTECTED:
        raise CodeUnreadable("not a COSE_Sign1 of ours")
    starts, ends = _payload(envelope)
    if envelope[ends : ends + 2] != _SIGNATURE_HEAD or len(envelope) != ends + 2 + _SIGNATURE:
        raise CodeUnreadable("cut short, or something behind the end")
    key = keys.get(kid)
    if key is None:
        raise ForeignKey(kid.hex())
    signed = _TO_BE_SIGNED + _PROTECTED + kid + b"\x40" + envelope[_PAYLOAD_AT:ends]
    if not key.verify(signed, envelope[ends + 2 :]):
        raise Forged("the signature does not hold")
    return _said(envelope[starts:ends])


def _inflated(body: str) -> bytes:
    try:
        packed = base45.decode(body)
        inflater = zlib.decompressobj()
        envelope = inflater.decompress(packed, _LARGEST)
    except (base45.NotBase45, zlib.error):
        raise CodeUnreadable("not base45 of zlib") from None
    # Not whole within the bound: a bomb, or cut short. Something behind the end would be a second spelling.
    if not inflater.eof or inflater.unused_data:
        raise CodeUnreadable("too large, cut short, or something behind the end")
    return envelope


def _payload(envelope: bytes) -> tuple[int, int]:
    """Where the payload starts and ends."""
    head = envelope[_PAYLOAD_AT : _PAYLOAD_AT + 3]
    if len(head) == 3 and head[0] == 0x58:
        starts, length = _PAYLOAD_AT + 2, head[1]
    elif len(head) == 3 and head[0] == 0x59:
        starts, length = _PAYLOAD_AT + 3, int.from_bytes(head[1:])
    else:
        raise CodeUnreadable("the payload is not of this form")
    return starts, starts + length


def _claims(code: SignedCode) -> dict[int, object]:
    claims: dict[int, object] = {_ISS: code.issuer, _EXP: code.expires_at, _IAT: code.issued_at}
    content = code.content
    if isinstance(content, PaperContent):
        return {**claims, _PAPER: [content.rid, content.name]}
    colour = _COLOURS.index(content.colour)
    return {**claims, _OFFLINE: [colour, content.name, content.as_of, content.rule_set, content.handle]}


def _said(payload: bytes) -> SignedCode:
    """What a payload says whose signature holds; a key of ours signs nothing else, another's might."""
    try:
        claims = cbor2.loads(payload)
    except (cbor2.CBORDecodeError, ValueError, RecursionError):
        raise CodeUnreadable("the payload is not CBOR") from None
    match claims:
        case {1: str(issuer), 4: int(expires_at), 6: int(issued_at), -72001: list(content)}:
            said: OfflineContent | PaperContent = _offline(content)
        case {1: str(issuer), 4: int(expires_at), 6: int(issued_at), -72002: [bytes(rid), str(name)]}:
            said = PaperContent(rid=rid, name=name)
        case _:
            raise CodeUnreadable("a payload that is not ours")
    if not (0 <= issued_at <= _LAST_SECOND and 0 <= expires_at <= _LAST_SECOND):
        raise CodeUnreadable("of no year we know")
    return SignedCode(issuer=issuer, issued_at=issued_at, expires_at=expires_at, content=said)


def _offline(content: list[Any]) -> OfflineContent:
    match content:
        case [int(colour), str(name), int(as_of), bytes(rule_set), bytes(handle)] if (
            0 <= colour < len(_COLOURS) and 0 <= as_of <= _LAST_SECOND
        ):
            return OfflineContent(
                colour=_COLOURS[colour], name=name, as_of=as_of, rule_set=rule_set, handle=handle
            )
        case _:
            raise CodeUnreadable("a colour that is not ours")

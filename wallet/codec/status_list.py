"""Token Status List (draft-ietf-oauth-status-list): the standing of a million certificates in 16 KB.

Each certificate owns an index; its status is 1, 2, 4 or 8 bits there, counted from the lowest bit of
each byte, and the whole is deflated. A list travels bare (JSON or CBOR) or signed, as a CWT. The token
is other people's format too, so this reader takes what the draft allows and not only what we write:
any order of claims, a ``kid`` outside the signature, either s.
"""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Final

import cbor2
import msgspec
from msgspec import Struct

from wallet.codec import cbor
from wallet.codec.errors import KeyUnknown, Tampered, Unreadable
from wallet.codec.lz1 import Signer, Verifier

__all__ = ["INVALID", "SUSPENDED", "VALID", "StatusList", "StatusToken", "read_token", "write_token"]

VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2

TYPE: Final = "application/statuslist+cwt"

_WIDTHS: Final = (1, 2, 4, 8)
# 2**24 certificates at 8 bits: a stream may say it holds more, and is not believed.
_LARGEST_LIST: Final = 1 << 24
_LARGEST_TOKEN: Final = 1 << 23
_SIGN1_TAG: Final = 18
_CWT_TAG: Final = 61

# COSE headers (RFC 9052, RFC 9596) and claims (RFC 8392, the draft §5.2).
_ALG, _KID, _TYP = 1, 4, 16
_ES256: Final = -7
_SUB, _EXP, _IAT, _TTL, _LIST = 2, 4, 6, 65534, 65533


class StatusList(Struct, frozen=True, kw_only=True):
    """Statuses by index, unpacked: ``bits`` each, lowest bits first."""

    bits: int
    data: bytes

    @classmethod
    def of(cls, statuses: Iterable[int], *, bits: int) -> "StatusList":
        """The list that holds ``statuses`` in order, padded with zeros to a whole byte."""
        if bits not in _WIDTHS:
            raise ValueError("a status has 1, 2, 4 or 8 bits")
        each = 8 // bits
        packed = bytearray()
        for index, status in enumerate(statuses):
            if not 0 <= status < 1 << bits:
                raise ValueError(f"{status} does not fit {bits} bits")
            if index % each == 0:
                packed.append(0)
            packed[-1] |= status << index % each * bits
        return cls(bits=bits, data=bytes(packed))

    @classmethod
    def sparse(cls, statuses: Mapping[int, int], *, size: int, bits: int) -> "StatusList":
        """A list of ``size`` entries that are all 0 but for ``statuses``, by index."""
        if bits not in _WIDTHS or not 0 < size <= _LARGEST_LIST * 8 // bits:
            raise ValueError("a status has 1, 2, 4 or 8 bits, and a list has an end")
        each = 8 // bits
        packed = bytearray(-(-size // each))
        for index, status in statuses.items():
            if not 0 <= status < 1 << bits or not 0 <= index < size:
                raise ValueError(f"{status} at {index} does not fit the list")
            shift = index % each * bits
            packed[index // each] = packed[index // each] & ~(((1 << bits) - 1) << shift) | status << shift
        return cls(bits=bits, data=bytes(packed))

    def __len__(self) -> int:
        return len(self.data) * 8 // self.bits

    def status(self, index: int) -> int:
        """The status at ``index``; `IndexError` beyond the end, which no certificate of this list is."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        each = 8 // self.bits
        return self.data[index // each] >> index % each * self.bits & ((1 << self.bits) - 1)

    def to_json(self) -> dict[str, str | int]:
        """The JSON form (draft §4.2)."""
        packed = urlsafe_b64encode(zlib.compress(self.data, 9)).decode("ascii").rstrip("=")
        return {"bits": self.bits, "lst": packed}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> "StatusList":
        """From the JSON form."""
        packed = document.get("lst")
        if not isinstance(packed, str) or len(packed) > _LARGEST_TOKEN:
            raise Unreadable("not a status list")
        try:
            raw = urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        except ValueError as cause:
            raise Unreadable("not a status list: not base64url") from cause
        return cls._unpack(document.get("bits"), raw)

    def to_cbor(self) -> bytes:
        """The CBOR form (draft §4.3)."""
        return cbor2.dumps(self._map(), canonical=True)

    @classmethod
    def from_cbor(cls, data: bytes) -> "StatusList":
        """From the CBOR form."""
        return cls._from_map(cbor.decode(data, largest=_LARGEST_TOKEN))

    def _map(self) -> dict[str, int | bytes]:
        return {"bits": self.bits, "lst": zlib.compress(self.data, 9)}

    @classmethod
    def _from_map(cls, document: cbor.Value) -> "StatusList":
        if not isinstance(document, dict):
            raise Unreadable("not a status list")
        return cls._unpack(document.get("bits"), document.get("lst"))

    @classmethod
    def _unpack(cls, bits: object, packed: object) -> "StatusList":
        if not isinstance(bits, int) or isinstance(bits, bool) or bits not in _WIDTHS:
            raise Unreadable("not a status list: bits")
        if not isinstance(packed, bytes):
            raise Unreadable("not a status list: lst")
        inflate = zlib.decompressobj()
        try:
            data = inflate.decompress(packed, _LARGEST_LIST)
        except zlib.error as cause:
            raise Unreadable("not a status list: not deflated") from cause
        if not inflate.eof or inflate.unused_data:
            raise Unreadable("not a status list: cut short, too large, or bytes after the end")
        return cls(bits=bits, data=data)


class StatusToken(Struct, frozen=True, kw_only=True):
    """A list, whose it is and how long it may be relied on."""

    subject: str
    issued_at: int
    expires_at: int | None
    ttl: int | None
    statuses: StatusList


def write_token(token: StatusToken, *, key: Signer) -> bytes:
    """``token`` as a signed CWT."""
    claims: dict[int, object] = {_SUB: token.subject, _IAT: token.issued_at, _LIST: token.statuses._map()}  # noqa: SLF001 - this module's own
    if token.expires_at is not None:
        claims[_EXP] = token.expires_at
    if token.ttl is not None:
        claims[_TTL] = token.ttl
    protected = cbor2.dumps({_ALG: _ES256, _KID: key.kid, _TYP: TYPE}, canonical=True)
    payload = cbor2.dumps(claims, canonical=True)
    signature = key.sign(_to_be_signed(protected, payload))
    return cbor2.dumps(cbor2.CBORTag(_SIGN1_TAG, [protected, {}, payload, signature]), canonical=True)


def read_token(data: bytes, *, keys: Mapping[bytes, Verifier]) -> StatusToken:
    """The token in ``data``, if one of ``keys`` signed it. Whether it has expired is not asked here."""
    item = cbor.decode(data, largest=_LARGEST_TOKEN)
    if isinstance(item, cbor.Tagged) and item.tag == _CWT_TAG:
        item = item.value
    if not isinstance(item, cbor.Tagged) or item.tag != _SIGN1_TAG:
        raise Unreadable("not a COSE_Sign1")
    match item.value:
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            pass
        case _:
            raise Unreadable("not a COSE_Sign1")
    headers = cbor.decode(protected, largest=1024)
    if not isinstance(headers, dict) or headers.get(_ALG) != _ES256 or headers.get(_TYP) != TYPE:
        raise Unreadable("not a status list token")
    kid = headers.get(_KID, unprotected.get(_KID))
    if not isinstance(kid, bytes):
        raise Unreadable("a token without a kid")
    key = keys.get(kid)
    if key is None:
        raise KeyUnknown(kid)
    if not key.verify(_to_be_signed(protected, payload), signature):
        raise Tampered("the signature does not hold")
    return _token(cbor.decode(payload, largest=_LARGEST_TOKEN))


def _token(claims: cbor.Value) -> StatusToken:
    if not isinstance(claims, dict):
        raise Unreadable("not the claims of a status list token")
    try:
        return msgspec.convert(
            {
                "subject": claims.get(_SUB),
                "issued_at": claims.get(_IAT),
                "expires_at": claims.get(_EXP),
                "ttl": claims.get(_TTL),
                "statuses": StatusList._from_map(claims.get(_LIST)),  # noqa: SLF001 - this module's own
            },
            type=StatusToken,
            strict=True,
        )
    except msgspec.ValidationError as cause:
        raise Unreadable("not the claims of a status list token") from cause


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])

"""COSE_Sign1 (RFC 9052 §4.2) as certificates use it, and CBOR that makes nothing but plain data.

A general decoder makes dates, regular expressions, huge integers and cyclic lists out of tags. Here a tag
is refused, but for the two that write a time: those are read as what they write.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import cbor2
from msgspec import Struct

from health_code.codec.certificates import Unreadable

KID: Final = 4
ALG: Final = 1

_DEEPEST: Final = 12
# What the decoder would make something of.
_TAGS: Final = (
    *(0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799),
)
_TIMES: Final = (0, 1, 100, 1004)
_CWT: Final = b"\xd8\x3d"
_SIGN1: Final = b"\xd2"


class Sign1(Struct, frozen=True):
    """A COSE_Sign1, taken apart. ``headers`` are the signed ones over the others."""

    headers: dict[int, Any]
    payload: bytes
    signature: bytes
    signed: bytes


def open_sign1(data: bytes) -> Sign1:
    """The COSE_Sign1 in ``data``, tagged as one, as a CWT (61), as both, or not at all."""
    body = data.removeprefix(_CWT).removeprefix(_SIGN1)
    parts = loads(body)
    if not isinstance(parts, list) or len(parts) != 4:
        raise Unreadable("not a COSE_Sign1")
    protected, unprotected, payload, signature = parts
    if not (
        isinstance(protected, bytes)
        and isinstance(unprotected, dict)
        and isinstance(payload, bytes)
        and isinstance(signature, bytes)
        # The signature comes last, so nothing is hidden behind it.
        and body.endswith((signature, signature + b"\xff"))
    ):
        raise Unreadable("not a COSE_Sign1")
    signed = b"\x84\x6aSignature1" + _bytes(protected) + b"\x40" + _bytes(payload)
    return Sign1({**unprotected, **_headers(protected)}, payload, signature, signed)


@lru_cache(maxsize=256)
def _headers(protected: bytes) -> Mapping[int, Any]:
    """The signed headers; those of one signer are always the same."""
    headers = loads(protected) if protected else {}
    if not isinstance(headers, dict):
        raise Unreadable("headers that are no map")
    return headers


def loads(data: bytes) -> Any:  # noqa: ANN401  CBOR
    """The plain data at the beginning of ``data``; `Unreadable` if there is none."""
    try:
        return cbor2.loads(
            data,
            max_depth=_DEEPEST,
            allow_duplicate_keys=False,
            semantic_decoders=_SEMANTICS,
            tag_hook=_refuse,
        )
    except (
        cbor2.CBORDecodeError,
        UnicodeDecodeError,
        ValueError,
        TypeError,
        OverflowError,
        MemoryError,
    ) as no:
        raise Unreadable(f"not CBOR: {no}") from None


def _refuse(*_: object) -> Any:  # noqa: ANN401  never returns
    raise ValueError("a tag not used here")


def _plain(value: object, _immutable: object) -> object:
    return value


_SEMANTICS: Final = {tag: _plain if tag in _TIMES else _refuse for tag in _TAGS}


def _bytes(data: bytes) -> bytes:
    """``data`` as a CBOR byte string."""
    length = len(data)
    if length < 24:
        return bytes((0x40 + length,)) + data
    if length < 0x100:
        return b"\x58" + bytes((length,)) + data
    if length < 0x10000:
        return b"\x59" + length.to_bytes(2) + data
    return b"\x5a" + length.to_bytes(4) + data

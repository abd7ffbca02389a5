"""A signed code as one would write it with the libraries at hand: what the peer mints and reads.

``cbor2`` for the bytes, ``cryptography`` for the signature, base45 as RFC 9285 spells it out. It does the
same work as ``wallet.codec.lz1`` and gives up the strictness: whatever decodes and verifies is taken.
"""

from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

CREDENTIALS: Final = "PEER_CREDENTIALS"
"""Tells the peer the file of what its database holds: a JSON list of documents."""
PREFIX: Final = "LZ1:"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_ES256: Final = ec.ECDSA(hashes.SHA256())
_SIGN1: Final = 18


def mint(payload: dict[int, Any], *, kid: bytes, key: ec.EllipticCurvePrivateKey) -> str:
    """``payload`` as a signed code."""
    protected = cbor2.dumps({1: -7, 4: kid})
    body = cbor2.dumps(payload)
    r, s = decode_dss_signature(key.sign(cbor2.dumps(["Signature1", protected, b"", body]), _ES256))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return PREFIX + _base45(cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, {}, body, signature])))


def read(text: str, *, key: ec.EllipticCurvePublicKey) -> dict[int, Any]:
    """What a signed code says; raises `ValueError`, `KeyError` or `InvalidSignature` if it is none."""
    sign1 = cbor2.loads(_unbase45(text.removeprefix(PREFIX)))
    protected, _, body, signature = sign1.value
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(encode_dss_signature(r, s), cbor2.dumps(["Signature1", protected, b"", body]), _ES256)
    payload: dict[int, Any] = cbor2.loads(body)
    return payload


def _base45(data: bytes) -> str:
    text = []
    for at in range(0, len(data) - 1, 2):
        above, c = divmod(data[at] * 256 + data[at + 1], 45)
        e, d = divmod(above, 45)
        text.append(_ALPHABET[c] + _ALPHABET[d] + _ALPHABET[e])
    if len(data) % 2:
        d, c = divmod(data[-1], 45)
        text.append(_ALPHABET[c] + _ALPHABET[d])
    return "".join(text)


def _unbase45(text: str) -> bytes:
    digits = [_ALPHABET.index(char) for char in text]
    data = bytearray()
    for at in range(0, len(digits), 3):
        three = digits[at : at + 3]
        if len(three) == 3:
            data += (three[0] + 45 * three[1] + 2025 * three[2]).to_bytes(2, "big")
        else:
            data += (three[0] + 45 * three[1]).to_bytes(1, "big")
    return bytes(data)

"""P-256 keys for ES256, in and out of PEM, JWK (RFC 7517) and COSE_Key (RFC 9052 §7).

A key is named by the first four bytes of its RFC 7638 thumbprint: short enough for a QR, and anyone
holding the key can work it out. Readers take names of two to eight bytes, whoever chose them.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, Self

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from wallet.codec import cbor
from wallet.codec.errors import Unreadable

__all__ = ["KID_BYTES", "KeySet", "SigningKey", "VerifyingKey", "thumbprint"]

KID_BYTES: Final = 4

_CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Not deterministic_signing (RFC 6979), which costs half as much again: OpenSSL mixes the key and the
# message into each nonce, so that a bad generator alone cannot give the key away.
_ES256: Final = ec.ECDSA(hashes.SHA256())
_LARGEST_FILE: Final = 1 << 20
_MOST_KEYS: Final = 1024
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)

# COSE_Key labels and values (RFC 9053 §7.1).
_KTY, _KID, _ALG, _CRV, _X, _Y, _D = 1, 2, 3, -1, -2, -3, -4
_EC2, _P256, _ALG_ES256 = 2, 1, -7


class VerifyingKey:
    """The public half of a signing key."""

    __slots__ = ("_key", "_verify", "kid")

    def __init__(self, key: ec.EllipticCurvePublicKey, kid: bytes | None = None) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise Unreadable("not a P-256 key")
        self._key = key
        self._verify = key.verify
        self.kid = thumbprint(key)[:KID_BYTES] if kid is None else kid

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (r‖s, 64 bytes) is this key's over ``message``."""
        if len(signature) != 64:
            return False
        try:
            self._verify(_der(signature), message, _ES256)
        except InvalidSignature:
            return False
        return True

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """From a PEM public key or certificate."""
        try:
            key = (
                x509.load_pem_x509_certificate(pem).public_key()
                if b"BEGIN CERTIFICATE" in pem
                else load_pem_public_key(pem)
            )
        except Exception as cause:  # cryptography raises many kinds for a bad file
            raise Unreadable("not a PEM public key") from cause
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise Unreadable("not an elliptic curve key")
        return cls(key)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> Self:
        """From a JWK; its ``kid`` counts if it is base64url of two to eight bytes."""
        if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or jwk.get("alg", "ES256") != "ES256":
            raise Unreadable("not an ES256 JWK")
        key = _point(_unbase64(jwk.get("x")), _unbase64(jwk.get("y")))
        named = jwk.get("kid")
        try:
            kid = None if named is None else _unbase64(named)
        except Unreadable:
            kid = None
        return cls(key, kid if kid is not None and 2 <= len(kid) <= 8 else None)

    @classmethod
    def from_cose(cls, cose: Mapping[int | str, cbor.Value]) -> Self:
        """From a decoded COSE_Key."""
        x, y, kid = cose.get(_X), cose.get(_Y), cose.get(_KID)
        if cose.get(_KTY) != _EC2 or cose.get(_CRV) != _P256 or cose.get(_ALG, _ALG_ES256) != _ALG_ES256:
            raise Unreadable("not an ES256 COSE_Key")
        if not isinstance(x, bytes) or not isinstance(y, bytes):
            raise Unreadable("a COSE_Key without its point")
        if kid is not None and not (isinstance(kid, bytes) and 2 <= len(kid) <= 8):
            raise Unreadable("a kid has two to eight bytes")
        return cls(_point(x, y), kid)

    def to_pem(self) -> bytes:
        """As a PEM public key."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def to_jwk(self) -> dict[str, str]:
        """As a JWK."""
        x, y = _coordinates(self._key)
        kid = _base64(self.kid)
        return {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": kid,
            "x": _base64(x),
            "y": _base64(y),
        }

    def to_cose(self) -> dict[int | str, cbor.Value]:
        """As a COSE_Key map."""
        x, y = _coordinates(self._key)
        return {_KTY: _EC2, _KID: self.kid, _ALG: _ALG_ES256, _CRV: _P256, _X: x, _Y: y}


class SigningKey:
    """A private P-256 key held in memory."""

    __slots__ = ("_key", "kid", "public")

    def __init__(self, key: ec.EllipticCurvePrivateKey, kid: bytes | None = None) -> None:
        self._key = key
        self.public = VerifyingKey(key.public_key(), kid)
        self.kid = self.public.kid

    def sign(self, message: bytes) -> bytes:
        """The ES256 signature of ``message`` as r‖s, 64 bytes."""
        r, s = decode_dss_signature(self._key.sign(message, _ES256))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The key of 40 or more random bytes (FIPS 186-5 A.2.1: extra bits, so that no key is likelier)."""
        if len(seed) < 40:
            raise ValueError("a seed has at least 40 bytes")
        return cls(ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, _CURVE))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """From an unencrypted PEM private key."""
        try:
            key = load_pem_private_key(pem, None)
        except Exception as cause:  # cryptography raises many kinds for a bad file
            raise Unreadable("not a PEM private key") from cause
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Unreadable("not an elliptic curve key")
        return cls(key)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> Self:
        """From a private JWK."""
        public = VerifyingKey.from_jwk(jwk)
        scalar = int.from_bytes(_unbase64(jwk.get("d")), "big")
        if not 0 < scalar < _ORDER:
            raise Unreadable("not a private key")
        key = cls(ec.derive_private_key(scalar, _CURVE), public.kid)
        if key.public.to_jwk() != public.to_jwk():
            raise Unreadable("the halves of the key do not belong together")
        return key

    def to_pem(self) -> bytes:
        """As an unencrypted PKCS #8 PEM: a secret."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def to_jwk(self) -> dict[str, str]:
        """As a private JWK: a secret."""
        scalar = self._key.private_numbers().private_value.to_bytes(32, "big")
        return {**self.public.to_jwk(), "d": _base64(scalar)}


class KeySet:
    """The keys a reader trusts, found by ``kid``."""

    __slots__ = ("keys",)

    def __init__(self, keys: Iterable[VerifyingKey]) -> None:
        found: dict[bytes, VerifyingKey] = {}
        for key in keys:
            # Two keys under one name would let the file's order decide who is believed.
            if key.kid in found and found[key.kid].to_jwk() != key.to_jwk():
                raise Unreadable("two keys with one kid")
            found[key.kid] = key
        self.keys: Mapping[bytes, VerifyingKey] = found

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """From a JWKS or JWK (JSON), a COSE_KeySet or COSE_Key (CBOR), or PEM keys and certificates."""
        if len(data) > _LARGEST_FILE:
            raise Unreadable("a key set has at most a megabyte")
        text = data.lstrip()
        if text.startswith(b"{"):
            return cls(_from_json(text))
        if b"-----BEGIN " in data:
            blocks = [match.group() for match in _PEM.finditer(data)]
            if not blocks:
                raise Unreadable("a PEM file without a whole block")
            return cls([VerifyingKey.from_pem(block) for block in blocks[:_MOST_KEYS]])
        return cls(_from_cbor(data))

    def to_jwks(self) -> dict[str, list[dict[str, str]]]:
        """As a JWKS document."""
        return {"keys": [key.to_jwk() for key in self.keys.values()]}

    def to_cose(self) -> bytes:
        """As a COSE_KeySet."""
        return cbor2.dumps([key.to_cose() for key in self.keys.values()], canonical=True)


def _der(signature: bytes) -> bytes:
    """r‖s as OpenSSL wants it; by hand, as both are full-length in 127 of 128 signatures."""
    r, s = signature[:32], signature[32:]
    if r[0] == 0 or s[0] == 0:
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    r = b"\x02\x21\0" + r if r[0] & 0x80 else b"\x02\x20" + r
    s = b"\x02\x21\0" + s if s[0] & 0x80 else b"\x02\x20" + s
    return bytes((0x30, len(r) + len(s))) + r + s


def thumbprint(key: ec.EllipticCurvePublicKey) -> bytes:
    """The RFC 7638 thumbprint, 32 bytes."""
    x, y = _coordinates(key)
    members = f'{{"crv":"P-256","kty":"EC","x":"{_base64(x)}","y":"{_base64(y)}"}}'
    return sha256(members.encode("ascii")).digest()


def _from_json(text: bytes) -> list[VerifyingKey]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise Unreadable("not JSON") from cause
    entries = document.get("keys", [document])
    if not isinstance(entries, list) or len(entries) > _MOST_KEYS:
        raise Unreadable("not a JWKS")
    # RFC 7517 §5: keys of a kind one does not know are passed over, so that a set can grow.
    usable = [
        jwk
        for jwk in entries
        if isinstance(jwk, dict) and jwk.get("kty") == "EC" and jwk.get("crv") == "P-256"
    ]
    if not usable:
        raise Unreadable("no P-256 key in the set")
    return [VerifyingKey.from_jwk(jwk) for jwk in usable]


def _from_cbor(data: bytes) -> list[VerifyingKey]:
    document = cbor.decode(data, largest=_LARGEST_FILE)
    entries = document if isinstance(document, list) else [document]
    usable = [cose for cose in entries if isinstance(cose, dict) and cose.get(_KTY) == _EC2]
    if not usable or len(usable) > _MOST_KEYS:
        raise Unreadable("no P-256 key in the set")
    return [VerifyingKey.from_cose(cose) for cose in usable]


def _point(x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    if len(x) != 32 or len(y) != 32:
        raise Unreadable("a P-256 coordinate has 32 bytes")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, b"\x04" + x + y)
    except ValueError as cause:
        raise Unreadable("not a point on the curve") from cause


def _coordinates(key: ec.EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return point[1:33], point[33:]


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _unbase64(text: object) -> bytes:
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,1024}", text):
        raise Unreadable("not base64url")
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as cause:
        raise Unreadable("not base64url") from cause

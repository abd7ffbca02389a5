"""The simulator's own way through the secure API's mathematics, held to WeChat's examples and to the library.

It shares no code with ours, so each is a judge of the other.
"""

import json
import os
from base64 import b64decode, b64encode
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as some

from bff.sandbox.wechat_secure import (
    Certificate,
    SecureSide,
    gcm_open,
    gcm_seal,
    pss_sign,
    pss_verify,
)

VECTORS: Final[dict[str, dict[str, Any]]] = {
    row["name"]: row
    for row in json.loads(Path("tests/vectors/auth/wechat_secure_api_vectors.json").read_bytes())
}
OFFICIAL: Final = VECTORS["wechat_secure_api"]
SM4: Final = VECTORS["wechat_secure_api_sm4_gcm"]


@cache
def key(bits: int = 2048) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=bits)


def side(secret: bytes, cipher: str = "aes256") -> SecureSide:
    return SecureSide(key=secret, cipher=cipher, certificate=Certificate(serial="s", private=key()))


@pytest.mark.parametrize("way", ["request", "response"])
def test_wechats_examples_open_and_seal_again(way: str) -> None:
    row = OFFICIAL[way]
    known = side(b64decode(OFFICIAL["sym_key_b64"]))
    envelope = {name: b64decode(value) for name, value in json.loads(row["body"]).items()}
    associated, plain = row["aad"].encode(), row["plaintext"].encode()
    assert gcm_open(known, envelope["iv"], envelope["data"], envelope["authtag"], associated) == plain
    assert gcm_seal(known, envelope["iv"], plain, associated) == (envelope["data"], envelope["authtag"])


def test_so_does_the_one_with_sm4() -> None:
    known = side(b64decode(SM4["sym_key_b64"]), "sm4")
    iv, data, tag = (b64decode(SM4[name]) for name in ("iv", "data", "authtag"))
    assert gcm_open(known, iv, data, tag, SM4["aad"].encode()) == SM4["plaintext"].encode()


def test_wechats_signatures_are_right_and_of_no_other_text() -> None:
    ours = load_pem_private_key(OFFICIAL["app_private_key_pem"].encode(), None)
    theirs = load_pem_x509_certificate(OFFICIAL["platform_cert_pem"].encode()).public_key()
    assert isinstance(ours, RSAPrivateKey)
    assert isinstance(theirs, RSAPublicKey)
    for row, public in ((OFFICIAL["request"], ours.public_key()), (OFFICIAL["response"], theirs)):
        text = row["signed_string"].encode()
        assert pss_verify(text, row["signature_b64"], public)
        assert not pss_verify(text + b" ", row["signature_b64"], public)


@given(some.binary(max_size=80), some.binary(max_size=40))
def test_gcm_is_the_librarys(plain: bytes, associated: bytes) -> None:
    secret, iv = b"k" * 32, b"i" * 12
    data, tag = gcm_seal(side(secret), iv, plain, associated)
    assert AESGCM(secret).encrypt(iv, plain, associated) == data + tag
    with pytest.raises(ValueError, match="authentic"):
        gcm_open(side(secret), iv, data, tag, associated + b"x")


@pytest.mark.parametrize("bits", [2048, 2049, 2055, 3072])
def test_a_signature_is_one_to_the_library_and_back(bits: int) -> None:
    """With a modulus of any length: the first bits are where hand-made PSS goes wrong."""
    padding = PSS(MGF1(SHA256()), salt_length=32)
    private = key(bits)
    private.public_key().verify(
        b64decode(pss_sign(b"text", private, os.urandom(32))), b"text", padding, SHA256()
    )
    signature = b64encode(private.sign(b"text", padding, SHA256())).decode()
    assert pss_verify(b"text", signature, private.public_key())


def test_another_padding_another_salt_and_another_size_are_no_signature() -> None:
    private, public = key(), key().public_key()
    for raw in (
        private.sign(b"text", PKCS1v15(), SHA256()),
        private.sign(b"text", PSS(MGF1(SHA256()), salt_length=20), SHA256()),
        b"",
        bytes(256),
        b"\xff" * 256,
        bytes(257),
    ):
        assert not pss_verify(b"text", b64encode(raw).decode(), public)


@settings(max_examples=30)
@given(some.integers(0, 255), some.integers(1, 255))
def test_of_a_spoilt_signature_both_say_no(at: int, flip: int) -> None:
    signature = bytearray(b64decode(pss_sign(b"text", key(), b"s" * 32)))
    signature[at] ^= flip
    assert not pss_verify(b"text", b64encode(signature).decode(), key().public_key())
    with pytest.raises(InvalidSignature):
        key().public_key().verify(bytes(signature), b"text", PSS(MGF1(SHA256()), salt_length=32), SHA256())

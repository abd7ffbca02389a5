"""SM2 signatures: the standard's example and OpenSSL's are accepted, and nothing near them."""

from base64 import b64decode
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from auth_bridges.codec.certificates import Certificate
from auth_bridges.codec.sm2 import Sm2Key, is_signed_by, public_key
from bff.sandbox.sm2_signing import ORDER, Q, Sm2Private

VECTORS: Final = Path(__file__).parents[1] / "vectors" / "legal-person"
STANDARD: Final[dict[str, str]] = msgspec.json.decode((VECTORS / "gmt0003_5_sign.json").read_bytes())
OPENSSL: Final[dict[str, Any]] = msgspec.json.decode((VECTORS / "openssl.json").read_bytes())
MESSAGE: Final = STANDARD["message"].encode()
KEY: Final = public_key(b"\4" + bytes.fromhex(STANDARD["x"] + STANDARD["y"]))
R, S = int(STANDARD["r"], 16), int(STANDARD["s"], 16)
OURS: Final = Sm2Private("a key of the tests")


def test_the_standards_example_holds() -> None:
    assert is_signed_by(KEY, MESSAGE, encode_dss_signature(R, S), signer=STANDARD["id"].encode())


def test_what_openssl_signed_holds() -> None:
    leaf = Certificate(b64decode(OPENSSL["sm2"]["leaf"])).key
    assert isinstance(leaf, Sm2Key)
    signature = b64decode(OPENSSL["sm2"]["signature"])
    assert is_signed_by(leaf, OPENSSL["text"].encode(), signature)
    assert not is_signed_by(leaf, OPENSSL["text"].encode() + b" ", signature)


@pytest.mark.parametrize(
    ("r", "s"),
    [
        pytest.param(R, ORDER - S, id="the other s, which ECDSA would take"),
        pytest.param(S, R, id="swapped"),
        pytest.param(R + ORDER, S, id="r a turn further"),
        pytest.param(R, S + ORDER, id="s a turn further"),
        pytest.param(0, S, id="no r"),
        pytest.param(R, 0, id="no s"),
        pytest.param(R, ORDER - R, id="a sum of nothing"),
        pytest.param(R ^ 1, S, id="a bit of r"),
        pytest.param(R, S ^ 1, id="a bit of s"),
    ],
)
def test_other_numbers_are_no_signature(r: int, s: int) -> None:
    assert not is_signed_by(KEY, MESSAGE, encode_dss_signature(r, s))


def test_another_message_name_or_key_is_not_signed() -> None:
    signature = encode_dss_signature(R, S)
    assert not is_signed_by(KEY, MESSAGE + b"!", signature)
    assert not is_signed_by(KEY, MESSAGE, signature, signer=b"somebody else")
    assert not is_signed_by(public_key(OURS.point), MESSAGE, signature)


@pytest.mark.parametrize("signature", [b"", b"\x30", b"\x30\x00", bytes(64), b"\x30\x06\x02\x01\x01\x02\x01"])
def test_what_is_no_der_is_no_signature(signature: bytes) -> None:
    assert not is_signed_by(KEY, MESSAGE, signature)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(OURS.point[:-1], id="short"),
        pytest.param(b"\2" + OURS.point[1:33], id="compressed"),
        pytest.param(OURS.point[:-1] + bytes([OURS.point[-1] ^ 1]), id="beside the curve"),
        pytest.param(b"\4" + bytes(64), id="the origin"),
        pytest.param(b"\4" + Q.to_bytes(32) + OURS.point[33:], id="not a coordinate"),
    ],
)
def test_what_is_no_point_of_the_curve_is_no_key(point: bytes) -> None:
    with pytest.raises(ValueError, match="point"):
        public_key(point)


@settings(max_examples=25)
@given(st.binary(max_size=200), st.integers(0, 10_000))
def test_what_the_signing_half_signed_holds_until_a_bit_changes(message: bytes, where: int) -> None:
    """The two halves were written apart, in other coordinates."""
    key, signature = public_key(OURS.point), OURS.sign(message)
    assert is_signed_by(key, message, signature)
    r, s = decode_dss_signature(signature)
    changed = encode_dss_signature(r ^ 1 << where % 255, s)
    assert not is_signed_by(key, message, changed)
    assert not is_signed_by(key, message + b"\0", signature)

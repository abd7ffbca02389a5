"""Base45 as RFC 9285 has it, and nothing but it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapp_schemas.base45 import NotBase45, decode, encode

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def plain_encode(data: bytes) -> str:
    """RFC 9285 §4, spelled out."""
    text = ""
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            value, digit = divmod(value, 45)
            text += ALPHABET[digit]
    return text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"", ""),
    ],
)
def test_the_examples_of_the_rfc(data: bytes, text: str) -> None:
    assert encode(data) == text
    assert decode(text) == data


def test_every_pair_of_bytes() -> None:
    pairs = struct.pack(">65536H", *range(65536))
    assert encode(pairs) == plain_encode(pairs)
    assert decode(plain_encode(pairs)) == pairs


@given(st.binary(max_size=400))
def test_what_is_written_is_read(data: bytes) -> None:
    text = encode(data)
    assert text == plain_encode(data)
    assert decode(text) == data


@given(st.text(max_size=60) | st.text(alphabet=ALPHABET, max_size=60))
def test_only_what_would_be_written_is_read(text: str) -> None:
    try:
        data = decode(text)
    except NotBase45:
        return
    assert encode(data) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("GGW", "65536, one more than two bytes hold"),
        (":::", "91124, the most three characters say"),
        ("BB8GGW", "too much in a later triplet"),
        ("::", "2024 for a single byte"),
        ("V5", "256 for a single byte"),
        ("BB8B", "a character left over"),
        ("A", "a character alone"),
        ("bb8", "lower case"),
        ("B8B\n", "a line break"),
        ("BB８", "a full-width digit"),
        ("BB\x00", "a zero byte"),
        ("BB\xff", "beyond ASCII"),
    ],
)
def test_it_refuses(text: str, why: str) -> None:
    with pytest.raises(NotBase45):
        decode(text)

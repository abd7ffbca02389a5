"""The strict CBOR reader: plain things in their one form, and no way to hurt it."""

import time
import tracemalloc

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.codec.cbor import Tagged, decode
from wallet.codec.errors import CodecError, Unreadable

LARGEST = 1 << 16

keys = st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8)
values = st.recursive(
    st.integers(-(2**64), 2**64 - 1)
    | st.booleans()
    | st.none()
    | st.binary(max_size=40)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)

HOSTILE = {
    "an array that says it has 2**64 items": "9bffffffffffffffff",
    "a map that says it has 2**32 pairs": "baffffffff",
    "bytes that say they are 2**63 long": "5b7fffffffffffffff00",
    "text that says it is 4 GB": "7affffffff41",
    "ten thousand arrays in each other": "81" * 10_000 + "00",
    "ten thousand tags on each other": "c1" * 10_000 + "00",
    "an indefinite array": "9f0102ff",
    "an indefinite map": "bf0102ff",
    "indefinite bytes": "5f4100ff",
    "a break and nothing else": "ff",
    "a long form of a small number": "1800",
    "a long form of a middling number": "1900ff",
    "a long form of a large number": "1a0000ffff",
    "a long form of a very large number": "1b00000000ffffffff",
    "a reserved length": "1c",
    "a float": "fb3ff0000000000000",
    "a half float that is no number": "f97e00",
    "undefined": "f7",
    "an unassigned simple value": "f8ff",
    "a key twice": "a2010201" + "03",
    "bytes for a key": "a1410100",
    "an array for a key": "a1800000",
    "true for a key": "a1f500",
    "text that is not UTF-8": "62c328",
    "half a surrogate pair": "63eda080",
    "a byte too many": "0000",
    "nothing": "",
    "a number cut short": "1a0000",
    "text cut short": "6541",
    "an array cut short": "8201",
}


@given(values)
def test_it_reads_what_another_library_writes(value: object) -> None:
    assert decode(cbor2.dumps(value), largest=LARGEST) == value


def test_a_tag_stays_a_tag() -> None:
    # Other readers make dates, patterns, e-mails and endless lists of these.
    assert decode(bytes.fromhex("c11a5612aeb0"), largest=LARGEST) == Tagged(1, 0x5612AEB0)
    assert decode(bytes.fromhex("d8236428612b29"), largest=LARGEST) == Tagged(35, "(a+)")
    assert decode(bytes.fromhex("d81c81d81d00"), largest=LARGEST) == Tagged(28, [Tagged(29, 0)])


@pytest.mark.parametrize("name", HOSTILE)
def test_it_refuses_cheaply(name: str) -> None:
    data = bytes.fromhex(HOSTILE[name])
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(Unreadable):
        decode(data, largest=LARGEST)
    took = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 0.25
    assert peak < 1 << 20


def test_it_refuses_what_is_too_large_before_reading() -> None:
    with pytest.raises(Unreadable):
        decode(b"\x00" * (LARGEST + 1), largest=LARGEST)


def test_it_refuses_too_many_items() -> None:
    with pytest.raises(Unreadable):
        decode(cbor2.dumps([0] * 5000), largest=LARGEST)


@given(st.binary(max_size=300))
def test_noise_is_refused_and_nothing_else_happens(noise: bytes) -> None:
    try:
        decode(noise, largest=LARGEST)
    except CodecError:
        return

"""ID numbers and names: sealed for their place, found by keyed hash, shown masked."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.platform.idnumbers import IdNumbers, SealBroken

NUMBER = "990101199003070019"
OURS = IdNumbers(hash_key=b"h" * 32, seal_keys=[b"s" * 32])


@given(plain=st.binary(max_size=200), context=st.binary(max_size=40))
def test_what_was_sealed_opens_in_its_place(plain: bytes, context: bytes) -> None:
    assert OURS.open(OURS.seal(plain, context), context) == plain


@given(at=st.integers(0, 16 + 17 + 4 - 1), bit=st.integers(0, 7))
def test_no_bit_may_change(at: int, bit: int) -> None:
    sealed = bytearray(OURS.seal(b"four", b"r1"))
    sealed[at] ^= 1 << bit
    with pytest.raises(SealBroken):
        OURS.open(bytes(sealed), b"r1")


def test_what_was_sealed_opens_in_no_other_place() -> None:
    with pytest.raises(SealBroken):
        OURS.open(OURS.seal(NUMBER.encode(), b"resident:1"), b"resident:2")


@given(st.binary(max_size=40))
def test_anything_else_does_not_open(junk: bytes) -> None:
    with pytest.raises(SealBroken):
        OURS.open(junk, b"")


def test_the_same_number_is_never_sealed_alike() -> None:
    assert OURS.seal(NUMBER.encode(), b"r1") != OURS.seal(NUMBER.encode(), b"r1")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    rotated = IdNumbers(hash_key=b"h" * 32, seal_keys=[b"n" * 32, b"s" * 32])
    assert rotated.open(OURS.seal(b"x", b"r1"), b"r1") == b"x"
    with pytest.raises(SealBroken):
        OURS.open(rotated.seal(b"x", b"r1"), b"r1")


def test_a_number_is_found_under_one_key_only() -> None:
    other = IdNumbers(hash_key=b"o" * 32, seal_keys=[b"s" * 32])
    assert OURS.hash(NUMBER) == OURS.hash(NUMBER)
    assert OURS.hash(NUMBER) != other.hash(NUMBER)
    assert NUMBER not in OURS.hash(NUMBER)


def test_kinds_do_not_mix() -> None:
    assert OURS.pseudonym("phone", NUMBER) != OURS.hash(NUMBER)


@pytest.mark.parametrize("text", ["", "99010119900307001", NUMBER + "1", NUMBER[:-1] + "x", "９" * 18])
def test_what_is_no_id_number_has_no_hash(text: str) -> None:
    with pytest.raises(ValueError, match="not an ID number"):
        OURS.hash(text)


def test_masks_show_the_ends_of_a_number_and_the_head_of_a_name() -> None:
    assert OURS.mask(NUMBER) == "990*************19"
    assert OURS.mask("12345") == "*****"
    assert [OURS.mask_name(name) for name in ("张三", "王小明", "李", "")] == ["张*", "王**", "李", ""]


def test_a_childs_mask_tells_it_from_who_has_the_same_surname() -> None:
    masks = [OURS.mask_child(name) for name in ("林小满", "林小寒", "林满", "林寒", "欧阳小满", "李", "")]
    assert masks == ["林*满", "林*寒", "*满", "*寒", "欧*满", "*", "*"]


@pytest.mark.parametrize(
    ("hash_key", "seal_keys"), [(b"short", [b"s" * 32]), (b"h" * 32, []), (b"h" * 32, [b"s"])]
)
def test_weak_keys_are_refused(hash_key: bytes, seal_keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        IdNumbers(hash_key=hash_key, seal_keys=seal_keys, chance=os.urandom)

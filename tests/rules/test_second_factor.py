"""One-time codes by RFC 6238, and how long misses hold up the next try."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.rules.second_factor import (
    Misses,
    address,
    code_at,
    locked_until,
    read_secret,
    step_at,
    step_of,
    written,
)
from bff.sandbox.authenticator import code_of

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(time: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1: of its eight digits the last six are ours."""
    step = step_at(datetime.fromtimestamp(time, UTC))
    assert code_at(SECRET, step) == code[-6:]
    assert step_of(SECRET, code[-6:], datetime.fromtimestamp(time, UTC)) == step
    assert code_of(b32encode(SECRET).decode(), time) == code[-6:]


@pytest.mark.parametrize(("off", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_half_a_minute_off(
    off: int,
    counts: bool,  # noqa: FBT001 - a parameter
) -> None:
    step = step_at(NOW) + off
    assert step_of(SECRET, code_at(SECRET, step), NOW) == (step if counts else None)


@given(st.binary(min_size=16, max_size=64))
def test_a_secret_is_read_as_it_is_written(secret: bytes) -> None:
    text = written(secret)
    assert read_secret(text) == read_secret(text.lower()) == secret
    assert f"secret={text}" in address(secret, "hotel/0042").replace("%3D", "")


@pytest.mark.parametrize("text", ["", "MFRGG", "1" * 32, "é" * 32, "A" * 200])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"secret|base32|ASCII"):
        read_secret(text)


@pytest.mark.parametrize(
    ("count", "minutes"),
    [(0, 0), (1, 0), (4, 0), (5, 15), (6, 0), (9, 0), (10, 30), (15, 60), (100, 24 * 60), (10**6, 24 * 60)],
)
def test_every_fifth_miss_in_a_row_holds_up_the_next_try_for_longer(count: int, minutes: int) -> None:
    assert locked_until(Misses(count=count, at=NOW)) - NOW == timedelta(minutes=minutes)

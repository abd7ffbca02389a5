"""A department's assertion: made by its key, for us, for now."""

from base64 import urlsafe_b64encode
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.assertions import public_key, read_assertion
from auth_bridges.models import DepartmentKey
from auth_bridges.refusals import AssertionRefused
from tests.auth_fakes import NOW, DepartmentSigner

POLICE = DepartmentSigner("police")
KEYS = [public_key(msgspec.convert(POLICE.jwk(), DepartmentKey))]
SECOND = int(NOW.timestamp())


def test_a_good_assertion_is_its_departments() -> None:
    read = read_assertion(POLICE.assertion({"jti": "fresh-token-id"}))
    assert (read.department, read.token_id) == ("police", "fresh-token-id")
    assert read.is_by(KEYS, now=NOW)


def test_one_of_several_keys_is_enough() -> None:
    other = public_key(msgspec.convert(DepartmentSigner("police").jwk(), DepartmentKey))
    assert read_assertion(POLICE.assertion()).is_by([other, *KEYS], now=NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"sub": "tax"}, id="about somebody else"),
        pytest.param({"aud": "suishen:resident"}, id="for another API"),
        pytest.param({"aud": ["suishen:issuer", "https://elsewhere.example.org"]}, id="for others too"),
        pytest.param({"jti": None}, id="without an id"),
        pytest.param({"jti": "short"}, id="with an id too short to be unique"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"iat": None}, id="without a beginning"),
        pytest.param({"iss": "", "sub": ""}, id="by nobody"),
        pytest.param({"exp": 10**30}, id="ending after time does"),
    ],
)
def test_another_form_is_refused_unread(wrong: dict[str, object]) -> None:
    with pytest.raises(AssertionRefused):
        read_assertion(POLICE.assertion(wrong))


@pytest.mark.parametrize(
    ("times", "good"),
    [
        pytest.param({"iat": SECOND, "exp": SECOND + 300}, True, id="five minutes"),
        pytest.param({"iat": SECOND, "exp": SECOND + 301}, False, id="longer"),
        pytest.param({"iat": SECOND - 304, "exp": SECOND - 4}, True, id="just ended"),
        pytest.param({"iat": SECOND - 305, "exp": SECOND - 5}, False, id="ended"),
        pytest.param({"iat": SECOND + 5, "exp": SECOND + 300}, True, id="from a clock that is ahead"),
        pytest.param({"iat": SECOND + 6, "exp": SECOND + 300}, False, id="from the future"),
    ],
)
def test_an_assertion_is_for_now(times: dict[str, object], *, good: bool) -> None:
    assert read_assertion(POLICE.assertion(times)).is_by(KEYS, now=NOW) is good


def test_another_key_does_not_make_it() -> None:
    assert not read_assertion(DepartmentSigner("police").assertion()).is_by(KEYS, now=NOW)
    assert not read_assertion(POLICE.assertion()).is_by([], now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256", "typ": "at+jwt"},
        {"alg": "ES256", "jwk": POLICE.jwk()},
        {"alg": "ES256", "jku": "https://attacker.example.org"},
    ],
)
def test_an_assertion_brings_no_key_and_chooses_no_algorithm(header: dict[str, object]) -> None:
    _, payload, signature = POLICE.assertion().split(".")
    head = urlsafe_b64encode(msgspec.json.encode(header)).rstrip(b"=").decode()
    with pytest.raises(AssertionRefused):
        read_assertion(f"{head}.{payload}.{signature}")


@pytest.mark.parametrize("payload", [b'{"x":' + b"[" * 2500, b'{"iss": "\xff"}', b"\xff", b"[]", b""])
def test_a_hostile_payload_is_refused(payload: bytes) -> None:
    head = urlsafe_b64encode(b'{"alg":"ES256"}').decode()
    body = urlsafe_b64encode(payload).rstrip(b"=").decode()
    with pytest.raises(AssertionRefused):
        read_assertion(f"{head}.{body}.{'A' * 86}")


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(AssertionRefused):
        read_assertion(text)


def test_what_is_no_point_of_the_curve_is_no_key() -> None:
    with pytest.raises(ValueError, match="curve"):
        public_key(DepartmentKey(x="AA", y="AA"))


def test_time_passes_over_an_assertion() -> None:
    read = read_assertion(POLICE.assertion())
    assert not read.is_by(KEYS, now=NOW + timedelta(minutes=6))

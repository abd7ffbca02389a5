"""What WeChat seals and signs with a session key: its own examples, and everything that must not pass."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as some

from auth_bridges.codec.wechat_open_data import (
    open_data,
    raw_data_is_signed,
    read_open_data,
    session_signature,
)
from auth_bridges.refusals import OpenDataForeign, OpenDataStale, OpenDataUnreadable

VECTORS: Final[dict[str, dict[str, Any]]] = {
    row["name"]: row
    for row in json.loads(Path("tests/vectors/auth/wechat_open_data_vectors.json").read_bytes())
}
DEMO: Final = VECTORS["wechat_userinfo_demo"]
MADE_AT: Final = datetime.fromtimestamp(1477314187, UTC)
KEY: Final = b64encode(b"k" * 16).decode()
IV: Final = b64encode(b"i" * 16).decode()
NOW: Final = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def sealed(plain: bytes) -> str:
    padder = PKCS7(128).padder()
    encryptor = Cipher(AES128(b"k" * 16), CBC(b"i" * 16)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def marked(**watermark: object) -> str:
    return sealed(
        json.dumps({"watermark": {"appid": "wx1", "timestamp": NOW.timestamp(), **watermark}}).encode()
    )


def test_wechats_own_example_opens_byte_for_byte() -> None:
    plain = open_data(DEMO["encryptedData"], DEMO["iv"], DEMO["session_key"])
    assert plain == DEMO["plaintext"].encode()


def test_wechats_own_example_is_read_by_its_app_at_its_time() -> None:
    asked = (DEMO["encryptedData"], DEMO["iv"], DEMO["session_key"])
    assert read_open_data(*asked, appid=DEMO["appid"], now=MADE_AT) == DEMO["plaintext"].encode()


def test_another_apps_data_is_refused() -> None:
    """Several SDKs give it out as if it were ours."""
    asked = (DEMO["encryptedData"], DEMO["iv"], DEMO["session_key"])
    with pytest.raises(OpenDataForeign):
        read_open_data(*asked, appid="wx0000000000000000", now=MADE_AT)


@pytest.mark.parametrize("late", [timedelta(minutes=11), timedelta(days=400), -timedelta(minutes=2)])
def test_stale_data_and_data_of_the_future_is_refused(late: timedelta) -> None:
    asked = (DEMO["encryptedData"], DEMO["iv"], DEMO["session_key"])
    with pytest.raises(OpenDataStale):
        read_open_data(*asked, appid=DEMO["appid"], now=MADE_AT + late)


@pytest.mark.parametrize("timestamp", [10**30, -(10**30), 10**17])
def test_a_time_that_is_none_is_stale(timestamp: int) -> None:
    encrypted = sealed(json.dumps({"watermark": {"appid": "wx1", "timestamp": timestamp}}).encode())
    with pytest.raises((OpenDataStale, OpenDataUnreadable)):
        read_open_data(encrypted, IV, KEY, appid="wx1", now=NOW)


@pytest.mark.parametrize(
    "plain",
    [b"", b"{}", b"[]", b"\xff", b'{"watermark": 1}', b'{"watermark": {"appid": "wx1"}}', b"[" * 5000],
)
def test_data_without_a_watermark_is_refused(plain: bytes) -> None:
    with pytest.raises(OpenDataUnreadable):
        read_open_data(sealed(plain), IV, KEY, appid="wx1", now=NOW)


@pytest.mark.parametrize(
    ("encrypted", "iv", "key"),
    [
        ("", IV, KEY),
        ("AAAA", IV, KEY),
        (b64encode(bytes(16)).decode(), IV, KEY),
        (b64encode(bytes(16)).decode(), "AAAA", KEY),
        (b64encode(bytes(16)).decode(), IV, "AAAA"),
        ("not base64!", IV, KEY),
        ("，", IV, KEY),
    ],
)
def test_what_is_not_sealed_data_is_refused(encrypted: str, iv: str, key: str) -> None:
    with pytest.raises(OpenDataUnreadable):
        read_open_data(encrypted, iv, key, appid="wx1", now=NOW)


@given(some.integers(0, 15), some.integers(1, 255))
def test_a_changed_first_block_is_never_our_json(at: int, flip: int) -> None:
    """CBC authenticates nothing: a flipped bit goes through, and only the watermark is left to notice."""
    whole = bytearray(b"x" * 16)
    whole[at] ^= flip
    with pytest.raises(OpenDataUnreadable):
        read_open_data(b64encode(bytes(whole)).decode(), IV, KEY, appid="wx1", now=NOW)


def test_raw_data_is_checked_against_wechats_own_example() -> None:
    row = VECTORS["wechat_rawdata_signature"]
    asked = (row["rawData"], row["signature"], row["session_key"])
    assert raw_data_is_signed(*asked)
    assert not raw_data_is_signed(asked[0] + " ", *asked[1:])
    assert not raw_data_is_signed(asked[0], "75e81c", asked[2])
    assert not raw_data_is_signed(asked[0], "签名", asked[2])
    assert not raw_data_is_signed(*asked[:2], KEY)


def test_a_login_state_is_signed_as_in_wechats_own_example() -> None:
    """With the key as text: decoded, it gives another signature."""
    row = VECTORS["wechat_user_login_state_signature"]
    assert session_signature(row["session_key"], row["post_data"].encode()) == row["signature"]
    assert session_signature(row["session_key"]) == row["get_signature_empty_body_computed_here"]

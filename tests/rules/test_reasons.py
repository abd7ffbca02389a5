"""What a department may say to a holder: words."""

import msgspec
import pytest

from miniapp_schemas.wallet import StatusChange


@pytest.mark.parametrize(
    "reason", ["   ", "\x00\x01", "\u202eevil\u202c", " 挂失", "挂失 ", "挂\n失", "挂失\n"]
)
def test_what_is_no_plain_words_is_no_reason(reason: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"reason": reason}, StatusChange)


@pytest.mark.parametrize("reason", ["挂失", "lost, as reported", "姓名含 𬭎 字，重新核发"])
def test_words_are_a_reason(reason: str) -> None:
    assert msgspec.convert({"reason": reason}, StatusChange).reason == reason

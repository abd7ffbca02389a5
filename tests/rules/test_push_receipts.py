"""What a receipt says of whoever brings messages."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from push.rules.receipts import LATE, came_late, of_the_addressee

T0: Final = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("channel", "code", "said"),
    [
        ("sms", "MK:0001", True),
        ("sms", "EXPIRED", True),
        ("sms", "MI:0024", True),
        ("sms", "UNDELIV", False),
        ("sms", "MI:0061", False),
        ("sms", "", False),
        ("sms", "43101", False),
        ("wechat", "43101", True),
        ("wechat", "1", False),
        ("jpush", "EXPIRED", False),
    ],
)
def test_what_is_said_of_the_number_or_by_the_resident_says_nothing_of_the_channel(
    channel: str, code: str, *, said: bool
) -> None:
    assert of_the_addressee(channel, code) is said


def test_what_took_ten_minutes_came_late() -> None:
    assert came_late(T0, T0 + LATE)
    assert not came_late(T0, T0 + LATE - timedelta(seconds=1))
    assert not came_late(T0, T0 - timedelta(hours=1))  # a gateway's clock is behind

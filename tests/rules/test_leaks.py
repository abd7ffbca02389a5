"""The net that is drawn through the logs of the whole suite: that it holds."""

import pytest

from bff.sandbox.city import PEOPLE, synthetic_identifiers
from tests.leaks import leaks

NOBODY = frozenset[str]()
QUIET = (
    '{"ts":"2026-11-22T03:10:44.869Z","level":"info","event":"request","trace_id":"8ff3c721cd1c-00000001"}'
)


@pytest.mark.parametrize(
    "text",
    [
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJlLW9mLW5vYm9keQ",  # pragma: allowlist secret
        "LZABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "LZ1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDEPWK",
        "Zm9yIGEgcmVmcmVzaCB0b2tlbiBvZiAyNTYgYml0cy4",
        "11010519491231002X",
        "phone 13800138000 called",
        '{"event":"x","caller":"[phone]"}',
    ],
)
def test_what_must_not_be_there_is_found(text: str) -> None:
    assert list(leaks(f"{QUIET}\n{text}", NOBODY)) != []


def test_everybody_in_the_city_is_found() -> None:
    log = "\n".join(person.name for person in PEOPLE)

    assert len(list(leaks(log, synthetic_identifiers()))) == len(PEOPLE)


@pytest.mark.parametrize(
    "text",
    [
        QUIET,
        '{"event":"key ring reloaded","kid":"78WdwOO6"}',
        '{"event":"presentation","id":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f","ms":138001.5}',
        '{"event":"unhandled","message":"bad value [phone]"}',
    ],
)
def test_ordinary_lines_pass(text: str) -> None:
    assert list(leaks(text, synthetic_identifiers())) == []

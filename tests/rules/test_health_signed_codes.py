"""Offline and paper health codes: what was signed is read, and nothing else is."""

import secrets
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bff.cli_health import health
from health_code.codec.signed import (
    KID,
    PREFIX,
    CodeUnreadable,
    ForeignKey,
    Forged,
    OfflineContent,
    PaperContent,
    SignedCode,
    mint,
    read,
)
from health_code.offline import verify_offline
from health_code.rules.documents import Colour
from health_code.rules.freshness import Limits, good_until, shown_colour
from miniapp_schemas import base45
from wallet.codec.keys import KeySet, SigningKey

NOW: Final = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
SECONDS: Final = int(NOW.timestamp())


def new_key() -> SigningKey:
    drawn = SigningKey.from_seed(secrets.token_bytes(48))
    return SigningKey.from_jwk({**drawn.to_jwk(), "kid": "AAECAwQFBgc"})


KEY: Final = new_key()
KEYS: Final = {KEY.kid: KEY.public}
OFFLINE: Final = SignedCode(
    issuer="310000",
    issued_at=SECONDS - 600,
    expires_at=SECONDS + 3600,
    content=OfflineContent(
        colour=Colour.YELLOW, name="林**", as_of=SECONDS - 900, rule_set=b"rule set", handle=b"h" * 16
    ),
)
PAPER: Final = SignedCode(
    issuer="310000",
    issued_at=SECONDS - 600,
    expires_at=SECONDS + 180 * 86_400,
    content=PaperContent(rid=b"r" * 16, name="林**"),
)
OFFLINE_TEXT: Final = mint(OFFLINE, key=KEY)
PAPER_TEXT: Final = mint(PAPER, key=KEY)
instants = st.integers(0, 253_402_300_799)
contents = st.builds(
    OfflineContent,
    colour=st.sampled_from(Colour),
    name=st.text(max_size=40).filter(lambda text: text.isprintable()),
    as_of=instants,
    rule_set=st.binary(min_size=8, max_size=8),
    handle=st.binary(min_size=16, max_size=16),
) | st.builds(PaperContent, rid=st.binary(min_size=16, max_size=16), name=st.text(max_size=20))


@given(
    st.builds(SignedCode, issuer=st.just("310000"), issued_at=instants, expires_at=instants, content=contents)
)
def test_what_was_signed_is_read(code: SignedCode) -> None:
    assert read(mint(code, key=KEY), keys=KEYS) == code


@pytest.mark.parametrize("text", [OFFLINE_TEXT, PAPER_TEXT])
@given(st.data())
def test_a_code_with_one_character_changed_is_none(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(
        st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:").filter(lambda c: c != text[at])
    )
    with pytest.raises((CodeUnreadable, Forged, ForeignKey)):
        read(text[:at] + other + text[at + 1 :], keys=KEYS)


@given(st.integers(0, len(OFFLINE_TEXT) - 1))
def test_a_code_cut_short_is_none(length: int) -> None:
    with pytest.raises(CodeUnreadable):
        read(OFFLINE_TEXT[:length], keys=KEYS)


@given(st.integers(0, 199), st.integers(0, 7))
def test_not_one_bit_of_the_envelope_can_be_changed(at: int, bit: int) -> None:
    envelope = bytearray(zlib.decompress(base45.decode(OFFLINE_TEXT.removeprefix(PREFIX))))
    envelope[at % len(envelope)] ^= 1 << bit
    with pytest.raises((CodeUnreadable, Forged, ForeignKey)):
        read(PREFIX + base45.encode(zlib.compress(bytes(envelope))), keys=KEYS)


@given(st.text(max_size=300))
def test_any_other_text_is_unreadable(text: str) -> None:
    for hostile in (text, PREFIX + text):
        with pytest.raises(CodeUnreadable):
            read(hostile, keys=KEYS)


def test_what_would_not_end_when_unpacked_is_unreadable() -> None:
    bomb = PREFIX + base45.encode(zlib.compress(b"\0" * 100_000))
    with pytest.raises(CodeUnreadable):
        read(bomb, keys=KEYS)


def test_a_key_of_the_same_name_that_did_not_sign_is_not_believed() -> None:
    other = new_key()
    assert other.kid == KEY.kid
    assert verify_offline(mint(OFFLINE, key=other), KEYS, NOW).verdict == "FORGED"
    assert verify_offline(OFFLINE_TEXT, {b"x" * KID: KEY.public}, NOW).verdict == "KEY_UNKNOWN"


@pytest.mark.parametrize(
    "foreign",
    [
        "HC1:" + OFFLINE_TEXT.removeprefix(PREFIX),
        "LZ1:" + OFFLINE_TEXT.removeprefix(PREFIX),
        "shc:/" + "5676290952432060346029243740446031222959",
        "SHC." + "A" * 66,
        "",
    ],
)
def test_a_code_of_another_kind_is_unreadable(foreign: str) -> None:
    assert verify_offline(foreign, KEYS, NOW).verdict == "UNREADABLE"


def test_offline_a_colour_is_told_with_its_age_and_its_rules() -> None:
    told = verify_offline(OFFLINE_TEXT, KEYS, NOW)

    assert (told.valid, told.verdict, told.kind, told.colour) == (True, "OK", "OFFLINE", Colour.YELLOW)
    assert (told.name, told.as_of) == ("林**", NOW - timedelta(seconds=900))
    assert told.rule_set == b"rule set".hex()


def test_a_paper_code_says_who_somebody_is_and_no_colour() -> None:
    told = verify_offline(PAPER_TEXT, KEYS, NOW)

    assert (told.valid, told.kind, told.name) == (True, "PAPER", "林**")
    assert told.colour is None
    assert told.as_of is None


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (timedelta(seconds=-661), "NOT_YET_VALID"),
        (timedelta(seconds=-660), "OK"),
        (timedelta(seconds=3659), "OK"),
        (timedelta(seconds=3660), "EXPIRED"),
        (timedelta(days=400), "EXPIRED"),
    ],
)
def test_out_of_its_time_a_code_tells_nothing(after: timedelta, verdict: str) -> None:
    told = verify_offline(OFFLINE_TEXT, KEYS, NOW + after)

    assert told.verdict == verdict
    assert (told.colour is None, told.name is None) == ((verdict != "OK"),) * 2


@given(
    st.sampled_from(Colour),
    st.integers(0, 40 * 24),
    st.none() | st.integers(-48, 40 * 24),
    st.integers(1, 7 * 24),
    st.integers(1, 31 * 24),
)
def test_a_colour_is_shown_as_it_is_exactly_as_long_as_it_is_good(
    colour: Colour, age: int, change: int | None, green: int, yellow: int
) -> None:
    limits = Limits(green=timedelta(hours=green), yellow=timedelta(hours=yellow))
    judged = NOW - timedelta(hours=age, minutes=30)
    change_at = None if change is None else NOW + timedelta(hours=change)
    ends = good_until(colour, judged_at=judged, next_change_at=change_at, limits=limits)

    shown = shown_colour(
        colour,
        age=NOW - judged,
        turned=change_at is not None and change_at <= NOW,
        silent=False,
        limits=limits,
    )

    if ends is None or ends > NOW:
        assert shown is colour
    else:
        assert shown is (Colour.RED if colour is Colour.RED else Colour.GREY)


@pytest.mark.parametrize(
    ("text", "at", "exit_code", "told"),
    [
        (OFFLINE_TEXT, NOW, 0, {"verdict": "VALID", "kind": "OFFLINE", "colour": "YELLOW"}),
        (PAPER_TEXT, NOW, 0, {"verdict": "VALID", "kind": "PAPER", "colour": None}),
        (OFFLINE_TEXT, NOW + timedelta(days=2), 1, {"verdict": "EXPIRED", "subject": None}),
        (PREFIX + "A", NOW, 2, {"verdict": "UNREADABLE", "valid": False}),
    ],
)
def test_on_the_command_line_a_code_is_checked_with_the_published_keys(
    tmp_path: Path, text: str, at: datetime, exit_code: int, told: dict[str, object]
) -> None:
    (tmp_path / "keys.json").write_bytes(msgspec.json.encode(KeySet([KEY.public]).to_jwks()))
    asked = ["verify", text, "--trust", str(tmp_path), "--at", at.isoformat(), "--json"]

    ran = CliRunner().invoke(health, asked)

    assert ran.exit_code == exit_code, ran.output
    said = msgspec.json.decode(ran.stdout)
    assert {name: said[name] for name in told} == told

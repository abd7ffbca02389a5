"""``suishen bench`` runs and tells what it promises. How fast it is, is nobody's test."""

import json
import subprocess
import sys
from typing import Any

import pytest

from bff.sandbox.bench.figures import CODE_ROWS, CODEC_ROWS, HTTP_ROWS, ROWS, Row
from bff.sandbox.bench.naive import mint, read
from bff.sandbox.bench.report import readings
from tests.architecture.tree import ROOT

TOLD = {"name", "value", "unit", "floor", "ratio", "peer", "peerRatio"}


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bff.cli", "bench", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def rows(*words: str) -> dict[str, dict[str, Any]]:
    ran = bench("--json", "--rounds", "1", "--seconds", "0.3", *words)
    assert ran.returncode == 0, ran.stderr
    return {told["name"]: told for told in map(json.loads, ran.stdout.splitlines())}


@pytest.mark.embedded
@pytest.mark.slow
def test_every_row_is_told_beside_its_floor_and_its_peer() -> None:
    told = rows()

    assert tuple(told) == ROWS
    for row in told.values():
        assert row.keys() >= TOLD
        assert row["errors"] == 0
        assert row["value"] > 0
        assert row["ratio"] == pytest.approx(row["value"] / row["floor"])
    for name in (*CODE_ROWS, *CODEC_ROWS):
        # On a machine with much else to do the peer may not come to answer in half a second.
        assert told[name]["peer"] is not None
    for name in HTTP_ROWS:
        assert told[name]["unit"] == "requests/s"
        assert told[name]["p50"] <= told[name]["p99"]
    if sys.platform == "linux":
        assert all(set(told[name]["cpu"]) == {"web", "worker", "redis", "mongo"} for name in HTTP_ROWS)


def test_the_codec_needs_no_server() -> None:
    assert tuple(rows("codec")) == CODEC_ROWS


def test_a_row_that_is_none_is_said_to_be_none() -> None:
    ran = bench("show.quickly")

    assert ran.returncode == 2
    assert "show.opaque" in ran.stderr


def test_the_naive_codec_reads_what_it_mints() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    for length in (11, 12):
        payload = {1: 31, 7: b"\x01" * length, -70001: [1, 1, {1: "试甲子"}]}
        assert read(mint(payload, kid=b"peer", key=key), key=key.public_key()) == payload


def test_what_a_token_costs_is_told_as_its_goal_is_asked() -> None:
    plain: dict[str, Any] = {
        "unit": "tokens/s",
        "floor": 10_000.0,
        "peer": None,
        "peer_ratio": None,
        "ratio_range": (1.0, 1.0),
    }
    known = Row(name="auth.known", value=500_000.0, ratio=50.0, **plain)
    new = Row(name="auth.new", value=8_000.0, ratio=0.8, **plain)
    assert readings([known, new]) == [
        "auth.known: 2.00 µs over an open route (≤ 3.00).",
        "auth.new: 1.25 × a bare ES256 verification (≤ 1.20).",
    ]

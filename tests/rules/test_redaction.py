"""Redaction: the last line of defence between a person and a log line."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from bff.platform.telemetry import new_trace_id, redact

# The sample numbers of GB 11643-1999 and of the telephone directory: nobody's.
PERSONAL = {
    "id_number": "11010519491231002X",
    "phone": "13800138000",
    "email": "nobody@city.gov.cn",
    "openid": "oLVPpjqs9BhvzwPj5A-vTYAX3GLc",
    "bearer": "Bearer abc.def",
    "code": "LZABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "token": "Zm9yIGEgcmVmcmVzaCB0b2tlbiBvZiAyNTYgYml0cy4",
}


@pytest.mark.parametrize(("kind", "text"), PERSONAL.items())
def test_each_kind_is_struck_wherever_it_stands(kind: str, text: str) -> None:
    assert redact(f"看 {text} 了") == f"看 [{kind}] 了"


def test_a_signed_code_is_struck_whole() -> None:
    assert redact("scanned LZ1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV") == "scanned [code]"


@pytest.mark.parametrize(
    "text",
    [
        "8ff3c721cd1c-00000001",
        "2026-11-22T03:10:44.869Z",
        "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "/mp/v1/credentials/{credential_id}",
        "bff/platform/services.py:120 open",
        "亮证完成",
    ],
)
def test_ids_times_digests_and_routes_stay(text: str) -> None:
    assert redact(text) == text


@given(st.text(), st.sampled_from(sorted(PERSONAL.values())), st.text())
def test_nothing_personal_survives_among_other_words(before: str, personal: str, after: str) -> None:
    assert personal not in redact(f"{before} {personal} {after}")


def test_a_counter_tells_that_it_had_to_step_in() -> None:
    def struck() -> float:
        return REGISTRY.get_sample_value("suishen_log_redactions_total", {"kind": "phone"}) or 0.0

    before = struck()
    redact("13800138000")

    assert struck() == before + 1


class TestTraceIds:
    def test_a_fit_one_is_kept(self) -> None:
        assert new_trace_id("caller-0001") == "caller-0001"

    @pytest.mark.parametrize(
        "offered", [None, "", "short", "x" * 65, "with space", "a\nb\nc\nd\ne", "亮证亮证亮证亮证"]
    )
    def test_another_is_replaced(self, offered: str | None) -> None:
        assert new_trace_id(offered) != offered

    @pytest.mark.parametrize("offered", ["13800138000", "11010519491231002X"])
    def test_a_person_is_no_trace_id(self, offered: str) -> None:
        assert new_trace_id(offered) != offered

    def test_a_forked_worker_counts_under_a_number_of_its_own(self) -> None:
        probe = (
            "import os\n"
            "from bff.platform.telemetry import new_trace_id\n"
            "child = os.fork()\n"
            "os.write(1, new_trace_id().encode() + b'\\n')\n"
            "if child: os.waitpid(child, 0)"
        )

        told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

        first, second = told.stdout.split()
        assert first != second

    def test_no_two_are_alike(self) -> None:
        assert len({new_trace_id() for _ in range(1000)}) == 1000

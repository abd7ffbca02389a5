"""``suishen web`` as an operator sees it: what it refuses, what it writes, how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from bff.sandbox.engines import free_port, port_is_free
from tests.environs import SECRETS

Start = Callable[[dict[str, str]], tuple[subprocess.Popen[bytes], Path]]


def suishen(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bff.cli", *arguments]


def ran(command: list[str], environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=bare() | (environ or {}), capture_output=True, text=True, check=False)


def bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SUISHEN_")}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start(environ: dict[str, str]) -> tuple[subprocess.Popen[bytes], Path]:
        log = tmp_path / "web.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                suishen("web"), env=bare() | environ, stdout=out, stderr=subprocess.STDOUT
            )
        started.append(process)
        return process, log

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def await_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("the web process never was ready")


def test_it_answers_until_sigterm_and_writes_nothing_but_json(environ: dict[str, str], start: Start) -> None:
    port = free_port()
    process, log = start({**environ, "SUISHEN_WEB_PORT": str(port), "SUISHEN_LOG_LEVEL": "debug"})
    await_ready(f"http://127.0.0.1:{port}")
    httpx.get(f"http://127.0.0.1:{port}/mp/v1/home", headers={"X-Request-Id": "operator-0001"})

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=30) == 0
    lines = [msgspec.json.decode(line, type=dict[str, object]) for line in log.read_bytes().splitlines()]
    assert all({"ts", "level", "event"} <= line.keys() for line in lines)
    (refused,) = [line for line in lines if line.get("trace_id") == "operator-0001"]
    assert (refused["status"], refused["problem"]) == (401, "SIGN_IN_REQUIRED")


def test_a_request_under_way_is_finished(environ: dict[str, str], start: Start) -> None:
    """Its first half has arrived when the process is told to end."""
    port = free_port()
    process, _ = start({**environ, "SUISHEN_WEB_PORT": str(port)})
    url = f"http://127.0.0.1:{port}"
    await_ready(url)
    body = b'{"clientAssertion":"' + b"x" * 100 + b'"}'

    def slowly() -> Iterator[bytes]:
        yield body[:50]
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        yield body[50:]

    answer = httpx.post(
        f"{url}/issuer/v1/session", content=slowly(), headers={"Content-Type": "application/json"}, timeout=15
    )

    assert answer.status_code == 401
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_it_leaves_no_worker(environ: dict[str, str], start: Start, workers: int) -> None:
    port = free_port()
    process, _ = start({**environ, "SUISHEN_WEB_PORT": str(port), "SUISHEN_WEB_WORKERS": str(workers)})
    await_ready(f"http://127.0.0.1:{port}")

    process.kill()
    process.wait()

    deadline = time.monotonic() + 30
    while not port_is_free(port):
        assert time.monotonic() < deadline, "a worker outlived its master"
        time.sleep(0.1)


def test_a_worker_that_dies_is_replaced(environ: dict[str, str], start: Start) -> None:
    port = free_port()
    process, log = start({**environ, "SUISHEN_WEB_PORT": str(port), "SUISHEN_WEB_WORKERS": "2"})
    url = f"http://127.0.0.1:{port}"
    await_ready(url)
    first = await_workers(log, 2)

    for each in first:
        os.kill(each, signal.SIGKILL)

    assert len(set(await_workers(log, 4))) == 4
    await_ready(url)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


def await_workers(log: Path, count: int) -> list[int]:
    """The process ids of the first ``count`` workers, as they told them when they were ready."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        lines = [msgspec.json.decode(line, type=dict[str, object]) for line in log.read_bytes().splitlines()]
        started = [str(line["event"]) for line in lines if "Started server process" in str(line["event"])]
        if len(started) >= count:
            return [int(event.partition("[")[2].rstrip("]")) for event in started]
        time.sleep(0.1)
    pytest.fail(f"there never were {count} workers")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken_refuses_the_start(environ: dict[str, str], start: Start, workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process, _ = start({**environ, "SUISHEN_WEB_PORT": port, "SUISHEN_WEB_WORKERS": workers})

        assert process.wait(timeout=60) != 0


def test_metrics_may_have_a_port_of_their_own(environ: dict[str, str], start: Start) -> None:
    port, scraped = free_port(), free_port()
    process, _ = start({**environ, "SUISHEN_WEB_PORT": str(port), "SUISHEN_METRICS_PORT": str(scraped)})
    await_ready(f"http://127.0.0.1:{port}")

    answer = httpx.get(f"http://127.0.0.1:{scraped}/metrics")

    assert "suishen_http_requests_in_progress" in answer.text
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("process", ["web", "worker", "scheduler"])
def test_a_taken_port_for_metrics_refuses_the_start(environ: dict[str, str], process: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        mine = {"SUISHEN_WEB_PORT": str(free_port()), "SUISHEN_METRICS_PORT": port}
        done = ran(suishen(process), {**environ, **mine})

    assert done.returncode == 2
    assert f"无法在 127.0.0.1:{port} 提供指标" in done.stderr
    assert f"metrics cannot be served at 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("process", ["web", "worker", "scheduler"])
def test_settings_that_are_wrong_refuse_the_start(environ: dict[str, str], process: str) -> None:
    environ = {**environ, "SUISHEN_WEB_PORT": "many", "SUISHEN_METRICS_TOKN": "x"}

    done = ran(suishen(process), environ)

    assert done.returncode == 2
    assert "SUISHEN_WEB_PORT\n    值不合要求" in done.stderr
    assert "did you mean SUISHEN_METRICS_TOKEN?" in done.stderr
    assert [secret for secret in SECRETS if secret in done.stderr + done.stdout] == []


@pytest.mark.parametrize("process", ["web", "worker", "scheduler"])
def test_a_folder_of_keys_that_is_not_there_refuses_the_start(environ: dict[str, str], process: str) -> None:
    done = ran(suishen(process), {**environ, "SUISHEN_WALLET_KEYS_DIR": "/nowhere/wallet"})

    assert done.returncode == 2
    assert "/nowhere/wallet: " in done.stderr
    assert "`suishen doctor` says more" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_production_refuses_a_simulator(environ: dict[str, str]) -> None:
    simulated = {"SUISHEN_ENV": "production", "SUISHEN_AUTH_WECHAT_BASE_URL": "http://127.0.0.1:9000"}

    done = ran(suishen("web"), environ | simulated)

    assert done.returncode == 2
    assert "SUISHEN_AUTH_WECHAT_BASE_URL" in done.stderr
    assert "simulator" in done.stderr


def test_the_doctor_tells_one_finding_a_line(environ: dict[str, str]) -> None:
    done = ran(suishen("doctor", "--json"), environ)

    findings = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout
    assert {"check", "level", "zh", "en"} <= findings[0].keys()


def test_the_doctor_says_by_its_exit_status_that_something_is_wrong() -> None:
    done = ran(suishen("doctor"))

    assert done.returncode == 1
    assert "SUISHEN_MONGO_URL" in done.stdout
    assert "→ 更正该变量。" in done.stdout


def test_the_contract_is_exported_without_a_city(tmp_path: Path) -> None:
    done = ran(suishen("schemas", "export", "--out", str(tmp_path / "out")))

    assert done.returncode == 0
    assert {each.name for each in (tmp_path / "out").iterdir()} == {
        "contract.d.ts",
        "openapi.json",
        "schema.json",
    }


def test_help_lists_the_commands_and_imports_none_of_them() -> None:
    probe = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from bff.cli import main\n"
        "print(CliRunner().invoke(main, ['--help']).output)\n"
        "print([name for name in ('litestar', 'motor', 'uvicorn', 'redis') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", probe], env=bare(), capture_output=True, text=True, check=True
    )

    for command in ("web", "worker", "scheduler", "doctor", "wallet", "schemas"):
        assert f"\n  {command} " in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_the_sandbox_its_commands_are_not_offered() -> None:
    probe = (
        "import sys\n"
        "sys.modules['bff.sandbox'] = None\n"
        "from click.testing import CliRunner\n"
        "from bff.cli import main\n"
        "print(CliRunner().invoke(main, ['--help']).output)\n"
        "print(CliRunner().invoke(main, ['demo']).exit_code)"
    )

    done = subprocess.run(
        [sys.executable, "-c", probe], env=bare(), capture_output=True, text=True, check=True
    )

    assert "\n  demo " not in done.stdout
    assert "\n  web " in done.stdout
    assert done.stdout.splitlines()[-1] == "2"

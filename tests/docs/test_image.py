"""What the image holds, without the image: the product's wheel, made without ``bff/sandbox``.

Its processes run in production settings against a real MongoDB and Valkey, and find no simulator to
import, because there is none.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import httpx
import pytest

from bff.sandbox.engines import free_port
from bff.sandbox.servers import EmbeddedServers
from tests.architecture import tree
from tests.docs.city import PRODUCT, environment

ENTRYPOINT: Final = "from bff.cli import main; main()"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the image's interpreter would import from."""
    build, site = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("site")
    for path in tree.files():
        name = tree.name(path)
        if name.startswith(tree.PACKAGES) or name in ("pyproject.toml", "README.md", "LICENSE"):
            (build / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, build / name)
    shutil.copytree(tree.ROOT / "bff/pages/vendor", build / "bff/pages/vendor")
    shutil.rmtree(build / "bff/sandbox")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel"],
        cwd=build,
        check=True,
        capture_output=True,
    )
    (wheel,) = (build / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    return site


@pytest.fixture
def settings(secrets: Path, servers: EmbeddedServers) -> dict[str, str]:
    """The compose file's settings, with the addresses of the servers there are here."""
    told = environment("web", secrets)
    del told["SUISHEN_MONGO_URL_FILE"], told["SUISHEN_REDIS_URL_FILE"]
    return told | {
        "SUISHEN_MONGO_URL": servers.mongo_url,
        "SUISHEN_REDIS_URL": servers.redis_url,
        "SUISHEN_MONGO_DATABASE": "image",
        "SUISHEN_WEB_PORT": str(free_port()),
    }


def command(image: Path, *words: str, told: dict[str, str]) -> subprocess.Popen[str]:
    """``suishen …`` as the container runs it: from elsewhere, and without writing bytecode."""
    return subprocess.Popen(
        [sys.executable, "-c", ENTRYPOINT, *words],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(image), "PYTHONDONTWRITEBYTECODE": "1", **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    """Kill the process and what it forked: a web process has workers, and they hold its output open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def inventory(folder: Path) -> dict[str, int]:
    """Every file in ``folder`` and when it was last changed."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def fetch(url: str, *, patience: float = 30) -> int:
    """The status ``url`` answers with, once anybody answers."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return httpx.get(url, timeout=5).status_code
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.fixture
def processes(image: Path, settings: dict[str, str]) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """One of each, until the end of the test."""
    with ExitStack() as stack:
        running = {name: command(image, name, told=settings) for name in PRODUCT}
        for process in running.values():
            stack.callback(end, process)
        yield running


def test_the_image_offers_what_a_city_needs_and_no_simulator(image: Path) -> None:
    offered, _ = command(image, "--help", told={}).communicate()

    assert "  web " in offered
    assert not any(f"  {name} " in offered for name in ("up", "demo", "bench"))
    assert not list(image.rglob("sandbox"))


@pytest.mark.embedded
def test_web_worker_and_scheduler_run_in_production_without_the_sandbox(
    image: Path, settings: dict[str, str], processes: dict[str, subprocess.Popen[str]]
) -> None:
    before = inventory(image)
    base = f"http://127.0.0.1:{settings['SUISHEN_WEB_PORT']}"

    assert fetch(f"{base}/livez") == 200
    assert fetch(f"{base}/readyz") == 200
    assert [fetch(f"{base}{page}") for page in ("/resident/", "/clerk/", "/schema/openapi.json")] == [200] * 3

    time.sleep(1)
    for process in processes.values():
        process.send_signal(signal.SIGTERM)
    said = {name: process.communicate(timeout=30)[0] for name, process in processes.items()}
    assert {name: process.returncode for name, process in processes.items()} == dict.fromkeys(PRODUCT, 0), (
        said
    )
    assert inventory(image) == before


@pytest.mark.embedded
def test_the_doctor_finds_nothing_wrong_with_a_city_from_the_compose_file(
    image: Path, settings: dict[str, str]
) -> None:
    doctor = command(image, "doctor", told=settings)
    said, _ = doctor.communicate(timeout=60)

    assert doctor.returncode == 0, said

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


class Process:
    """``suishen …`` as the container runs it: from elsewhere, leaving no bytecode, in a group of its own."""

    def __init__(self, image: Path, *words: str, log: Path, told: dict[str, str]) -> None:
        self._log = log
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(image), "PYTHONDONTWRITEBYTECODE": "1"}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", ENTRYPOINT, *words],
                cwd="/",
                env=own | told,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Everything it printed so far."""
        return self._log.read_text("utf-8")

    def ask_to_stop(self) -> None:
        """As ``docker stop`` begins."""
        self._process.terminate()

    def ended(self) -> int:
        """Its exit status, when it has ended by itself."""
        return self._process.wait(timeout=90)

    def end(self) -> None:
        """As a container ends: with everybody in it, whatever state they are in."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def inventory(folder: Path) -> dict[str, int]:
    """Every file in ``folder`` and when it was last changed."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def fetch(url: str, *, patience: float = 90) -> int:
    """The status ``url`` answers with, once it is 200 or patience is at an end."""
    deadline = time.monotonic() + patience
    while True:
        try:
            status = httpx.get(url, timeout=10).status_code
        except httpx.TransportError:
            status = 0
        if status == httpx.codes.OK or time.monotonic() > deadline:
            return status
        time.sleep(0.1)


@pytest.fixture
def processes(image: Path, settings: dict[str, str], tmp_path: Path) -> Iterator[dict[str, Process]]:
    """One of each, until the end of the test."""
    with ExitStack() as stack:
        running = {}
        for name in PRODUCT:
            running[name] = Process(image, name, log=tmp_path / name, told=settings)
            stack.callback(running[name].end)
        yield running


def test_the_image_offers_what_a_city_needs_and_no_simulator(image: Path, tmp_path: Path) -> None:
    asked = Process(image, "--help", log=tmp_path / "help", told={})

    assert asked.ended() == 0
    assert "  web " in asked.said
    assert not any(f"  {name} " in asked.said for name in ("up", "demo", "bench"))
    assert not list(image.rglob("sandbox"))


@pytest.mark.embedded
def test_web_worker_and_scheduler_run_in_production_without_the_sandbox(
    image: Path, settings: dict[str, str], processes: dict[str, Process]
) -> None:
    before = inventory(image)
    base = f"http://127.0.0.1:{settings['SUISHEN_WEB_PORT']}"

    pages = ("/livez", "/readyz", "/resident/", "/clerk/", "/schema/openapi.json")
    assert {page: fetch(f"{base}{page}") for page in pages} == dict.fromkeys(pages, 200), processes[
        "web"
    ].said

    deadline = time.monotonic() + 90
    while not all("started" in processes[name].said for name in ("worker", "scheduler")):
        assert time.monotonic() < deadline, {name: process.said for name, process in processes.items()}
        time.sleep(0.1)
    for process in processes.values():
        process.ask_to_stop()
    ended = {name: process.ended() for name, process in processes.items()}
    assert ended == dict.fromkeys(PRODUCT, 0), {name: process.said for name, process in processes.items()}
    assert inventory(image) == before


@pytest.mark.embedded
def test_the_doctor_finds_nothing_wrong_with_a_city_from_the_compose_file(
    image: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    doctor = Process(image, "doctor", log=tmp_path / "doctor", told=settings)

    assert doctor.ended() == 0, doctor.said

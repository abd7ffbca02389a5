"""What the tests of ``docker/`` stand on."""

import subprocess
from pathlib import Path

import pytest

from tests.docs.city import DOCKER


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``secrets.sh`` makes, and the one file it leaves to the city."""
    folder = tmp_path_factory.mktemp("secrets")
    for _ in range(2):
        subprocess.run([str(DOCKER / "secrets.sh"), str(folder)], check=True, capture_output=True)
    (folder / "wechat_secret").write_text("0f" * 16)
    return folder

"""What ``docker/compose.yaml`` does to three new mongods, done to three real ones."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from bff.sandbox.engines import find_mongod, free_port
from tests.architecture import tree

ROOT_PASSWORD: Final = "root's own"
PASSWORD: Final = "p@ss/word:of the platform"


class Node:
    """One member, as the image's entrypoint starts it."""

    def __init__(self, folder: Path, keyfile: Path) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._command = [
            *(
                str(find_mongod()),
                "--dbpath",
                str(folder),
                "--port",
                str(self.port),
                "--bind_ip",
                "127.0.0.1",
            ),
            *("--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "50"),
            *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=16MB)"),
        ]
        self._member = ["--replSet", "suishen", "--keyFile", str(keyfile)]
        folder.mkdir()

    def run(self, *, member: bool) -> subprocess.Popen[bytes]:
        """Start it: alone and open for its first minute, a member with a key from then on."""
        process = subprocess.Popen(
            [*self._command, *(self._member if member else [])], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        with MongoClient[dict[str, Any]](
            f"mongodb://{self.address}/?directConnection=true", serverSelectionTimeoutMS=500
        ) as client:
            while True:
                try:
                    client.admin.command("ping")
                except PyMongoError:
                    assert time.monotonic() < deadline, "mongod did not start"
                else:
                    return process

    def make_root(self) -> None:
        """As the image does when ``MONGO_INITDB_ROOT_USERNAME`` is set."""
        process = self.run(member=False)
        with MongoClient[dict[str, Any]](f"mongodb://{self.address}/?directConnection=true") as client:
            client.admin.command("createUser", "root", pwd=ROOT_PASSWORD, roles=["root"])
        process.terminate()
        process.wait()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Node]]:
    """Three mongods that have never heard of each other; the first has a root user."""
    keyfile = tmp_path / "keyfile"
    keyfile.write_text("c3Vpc2hlbg" * 10)
    keyfile.chmod(0o400)
    nodes = [Node(tmp_path / f"mongo-{number}", keyfile) for number in (1, 2, 3)]
    nodes[0].make_root()
    with ExitStack() as running:
        for node in nodes:
            process = node.run(member=True)
            running.callback(process.wait)
            running.callback(process.kill)
        yield nodes


def run_job(nodes: list[Node], tmp_path: Path) -> str:
    """Run the job as compose does, and give back what it said."""
    (tmp_path / "root").write_text(f"{ROOT_PASSWORD}\n")
    (tmp_path / "platform").write_text(f"{PASSWORD}\n")
    result = subprocess.run(
        [sys.executable, str(tree.ROOT / "docker" / "replica_set.py")],
        env={
            "MONGO_MEMBERS": ",".join(node.address for node in nodes),
            "MONGO_ROOT_PASSWORD_FILE": str(tmp_path / "root"),
            "MONGO_PASSWORD_FILE": str(tmp_path / "platform"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.embedded
@pytest.mark.slow
def test_three_mongods_become_one_set_that_only_the_platform_can_use(
    nodes: list[Node], tmp_path: Path
) -> None:
    first, again = run_job(nodes, tmp_path), run_job(nodes, tmp_path)

    assert first == "formed the set of 3\ncreated the platform's user\n"
    assert again == "the set is formed already\nthe platform's user has its present password\n"

    everyone = ",".join(node.address for node in nodes)
    with MongoClient[dict[str, Any]](
        f"mongodb://{everyone}/?replicaSet=suishen&authSource=suishen&w=majority",
        username="suishen",
        password=PASSWORD,
    ) as platform:
        platform["suishen"]["marks"].create_index("at")
        platform["suishen"]["marks"].insert_one({"at": 1})
        with pytest.raises(OperationFailure, match="not authorized"):
            platform["elsewhere"]["marks"].insert_one({"at": 1})

    with (
        MongoClient[dict[str, Any]](f"mongodb://{everyone}/?replicaSet=suishen") as stranger,
        pytest.raises(OperationFailure, match="requires authentication"),
    ):
        stranger["suishen"]["marks"].find_one()

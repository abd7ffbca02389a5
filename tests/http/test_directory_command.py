"""``suishen directory import``: who may sign in, from a file, against real stores."""

from pathlib import Path

import anyio.to_thread
import msgspec
from click.testing import CliRunner, Result

from bff.cli_directory import directory
from bff.platform.mongo import Database
from tests.auth_fakes import DepartmentSigner

LINES = [
    {"kind": "organisation", "id": "hotel", "name": "江边旅馆"},
    {
        "kind": "department",
        "id": "police",
        "name": "市公安局",
        "keys": [DepartmentSigner("police").jwk()],
        "types": ["resident-id-card"],
    },
    {"kind": "clerk", "organisation": "hotel", "number": "0042", "scenes": ["general"]},
    {"kind": "resident", "idNumber": "310000199003070017", "name": "林小满"},
]


async def run(environ: dict[str, str], file: Path, *options: str) -> Result:
    """In a thread of its own: the command brings its own loop."""
    return await anyio.to_thread.run_sync(
        lambda: CliRunner().invoke(directory, ["import", str(file), *options], env=environ)
    )


def written(folder: Path, *lines: object) -> Path:
    file = folder / "people.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
    return file


async def test_a_file_is_registered_once_however_often_it_is_sent(
    environ: dict[str, str], tmp_path: Path, mongo_database: Database
) -> None:
    file = written(tmp_path, *LINES)
    outcomes = []
    for _ in range(2):
        result = await run(environ, file, "--json")
        assert result.exit_code == 0, result.output
        told = [msgspec.json.decode(line) for line in result.stdout.splitlines()]
        assert [each["kind"] for each in told] == ["organisation", "department", "clerk", "resident"]
        outcomes.append({each["outcome"] for each in told})
    assert outcomes == [{"created"}, {"unchanged"}]
    assert await mongo_database["residents"].count_documents({}) == 1


async def test_a_line_that_cannot_be_is_named_and_the_rest_registered(
    environ: dict[str, str], tmp_path: Path, mongo_database: Database
) -> None:
    file = written(tmp_path, {"kind": "clerk", "organisation": "nobody", "number": "1", "scenes": []}, *LINES)
    result = await run(environ, file)
    assert result.exit_code == 1
    assert f"{file}:1: NO_SUCH_ORGANISATION" in result.stderr
    assert await mongo_database["clerks"].count_documents({}) == 1


async def test_without_stores_it_says_so_and_not_how_it_failed(
    environ: dict[str, str], tmp_path: Path
) -> None:
    away = environ | {
        "SUISHEN_MONGO_URL": "mongodb://127.0.0.1:1/?directConnection=true&serverSelectionTimeoutMS=200"
    }
    result = await run(away, written(tmp_path, *LINES))
    assert result.exit_code == 2
    assert "import again" in result.stderr
    assert "Traceback" not in result.output


async def test_wrong_settings_are_named(environ: dict[str, str], tmp_path: Path) -> None:
    result = await run({**environ, "SUISHEN_AUTH_WECHAT_APPID": ""}, written(tmp_path, *LINES))
    assert result.exit_code == 2
    assert "SUISHEN_AUTH_WECHAT_APPID" in result.stderr

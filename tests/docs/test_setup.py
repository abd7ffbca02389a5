"""How ``make setup`` finds its interpreter, on machines that have a good one, a broken one, or none."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.architecture import tree


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with make and nothing else: what it finds is what a test puts into ``bin``."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("bash", "env", "make", "mkdir", "touch"):
        found = shutil.which(program)
        assert found
        (programs / program).symlink_to(found)
    shutil.copyfile(tree.ROOT / "Makefile", tmp_path / "Makefile")
    return tmp_path


def install(machine: Path, name: str, script: str) -> None:
    """Put a program on the machine."""
    path = machine / "bin" / name
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n", "utf-8")
    path.chmod(0o755)


# A good interpreter, but for the seconds that a real environment takes.
GOOD: Final = f'[ "$1 $2" = "-m venv" ] && exec mkdir "$3"; exec {sys.executable} "$@"'


def make(machine: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run make on it."""
    return subprocess.run(
        ["make", *words],
        cwd=machine,
        env={"PATH": str(machine / "bin"), "HOME": os.environ.get("HOME", "/")},
        executable=machine / "bin" / "make",
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_interpreter_it_says_what_to_install_in_both_languages(machine: Path) -> None:
    result = make(machine, ".venv/.python")

    assert result.returncode == 2
    assert "apt install python3-venv" in result.stderr
    assert "未找到可运行的 Python 3.11+" in result.stderr
    assert not (machine / ".venv").exists()


def test_a_shim_that_points_nowhere_is_passed_over(machine: Path) -> None:
    install(machine, "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    install(machine, "python3.12", "exit 1  # Debian's, without venv")
    install(machine, "python3", GOOD)

    result = make(machine, ".venv/.python")

    assert result.returncode == 0, result.stderr
    assert "(python3) → .venv" in result.stdout
    assert (machine / ".venv/.python").exists()


def test_an_interpreter_can_be_named(machine: Path) -> None:
    install(machine, "python3", GOOD)
    install(machine, "my-python", GOOD)

    result = make(machine, ".venv/.python", "PYTHON=my-python")

    assert result.returncode == 0, result.stderr
    assert "(my-python) → .venv" in result.stdout


def test_every_package_is_compiled() -> None:
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text("utf-8"))
    (line,) = [
        line
        for line in (tree.ROOT / "Makefile").read_text("utf-8").splitlines()
        if line.startswith("PACKAGES :=")
    ]

    assert set(line.split()[2:]) == set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])

